"""Values of frames and nested objects as plain Python: what every format can hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["Plain", "plain_columns", "plain_value"]

Plain = None | bool | int | float | str | datetime


def plain_value(value: object) -> Plain:
    """Return `value` as None, truth value, number, text or a naive date and time.

    Missing values of every kind become None; what has no plain form becomes its text.

    Examples
    --------
    >>> plain_value(np.float64(24.5)), plain_value(pd.NaT), plain_value(pd.Period("2021"))
    (24.5, None, '2021')
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, date | np.datetime64):
        return _moment(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating | Decimal):
        return None if math.isnan(value) else float(value)
    return str(value)


def _moment(value: date | np.datetime64) -> datetime | str | None:
    """A naive date and time; one with a time zone becomes ISO 8601 text."""
    if isinstance(value, np.datetime64) and np.isnat(value):
        return None
    moment = pd.Timestamp(value).to_pydatetime(warn=False)
    return moment if moment.tzinfo is None else moment.isoformat()


def plain_columns(
    frame: pd.DataFrame, *, index: bool
) -> Iterator[tuple[str, list[Plain]]]:
    """Name and values of each column; before them the levels of the index, if asked."""
    if index:
        for place, level in enumerate(frame.index.names):
            values = frame.index.get_level_values(place)
            title = f"level_{place}" if level is None else _title(level)
            yield title, [plain_value(value) for value in values]
    for place, name in enumerate(frame.columns):
        column: pd.Series[Any] = frame.iloc[:, place]
        yield _title(name), [plain_value(value) for value in column.tolist()]


def _title(name: object) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    return ", ".join(str(part) for part in parts if str(part))
