"""Which rows of a canonical table: known on a date, between periods, with values."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, KeyColumnError, PeriodError
from forecast.panel.number_columns import Bools
from forecast.panel.reshaping import latest_releases
from forecast.panel.roles import Roles
from forecast.periods import parse_periods

__all__ = ["rows_between", "rows_known", "rows_with"]


def rows_known(
    frame: pd.DataFrame, roles: Roles, date: pd.Timestamp, lag_days: int
) -> pd.DataFrame:
    """Keep what could be known on `date`: the last release of each cell up to then.

    Without release dates a row is known `lag_days` after its period has ended.

    Raises
    ------
    PeriodError
        F-422 when nothing was known yet.
    """
    if roles.as_of is not None:
        out = pd.DatetimeIndex(frame[roles.as_of])
    else:
        out = pd.PeriodIndex(frame[roles.period]).end_time.normalize()
    known = np.asarray(out + pd.Timedelta(days=lag_days) <= date)
    if not known.any():
        raise PeriodError(
            f"nothing was known on {date.date()}",
            code="F-422",
            column=roles.as_of or roles.period,
            remedy=f"The first row became known on {(out.min()).date()}"
            + (f", {lag_days} days of lag not counted." if lag_days else "."),
        )
    kept = frame[known].reset_index(drop=True)
    return kept if roles.as_of is None else latest_releases(kept, roles)


def rows_between(
    frame: pd.DataFrame, roles: Roles, start: Any, end: Any
) -> pd.DataFrame:
    """Keep the periods from `start` to `end`, both included; None leaves an end open.

    Raises
    ------
    PeriodError
        F-425 when no row lies there.
    """
    periods = pd.PeriodIndex(frame[roles.period])
    inside = np.ones(len(frame), dtype=bool)
    if start is not None:
        inside &= periods.start_time >= _bound(start)[0].start_time
    if end is not None:
        inside &= periods.end_time <= _bound(end)[0].end_time
    if not inside.any():
        raise PeriodError(
            f"no row lies between {start} and {end}",
            code="F-425",
            column=roles.period,
            remedy=f"The panel goes from {periods.min()} to {periods.max()}.",
        )
    return frame[inside].reset_index(drop=True)


def _bound(value: Any) -> pd.PeriodIndex:
    return parse_periods([value], column="between")


def rows_with(frame: pd.DataFrame, equals: Mapping[str, Any]) -> pd.DataFrame:
    """Keep the rows that have the given value, or one of the given values, by column.

    Raises
    ------
    ColumnError
        F-111 no such column.
    KeyColumnError
        F-311 a value that does not occur, or never together with the others.
    """
    missing = [name for name in equals if name not in frame.columns]
    if missing:
        raise ColumnError.missing(missing, frame.columns)
    chosen: Bools = np.ones(len(frame), dtype=bool)
    for name, wanted in equals.items():
        values = _listed(wanted)
        if isinstance(frame[name].dtype, pd.PeriodDtype):
            values = list(parse_periods(values, column=name))
        absent = [value for value in values if not (frame[name] == value).any()]
        if absent:
            raise _absent_error(frame[name], name, absent)
        chosen &= frame[name].isin(values).to_numpy()
    if not chosen.any():
        raise KeyColumnError(
            f"no row has {dict(equals)} together",
            code="F-311",
            remedy="Each value occurs, but not in one row: select fewer.",
        )
    return frame[chosen].reset_index(drop=True)


def _listed(wanted: Any) -> list[Any]:
    many = isinstance(wanted, Iterable) and not isinstance(wanted, str)
    return list(wanted) if many else [wanted]


def _absent_error(values: pd.Series, name: str, absent: list[Any]) -> KeyColumnError:
    present = [str(value) for value in pd.unique(values)]
    close = [m for v in absent for m in difflib.get_close_matches(str(v), present, n=1)]
    meant = f" Did you mean {close}?" if close else ""
    return KeyColumnError(
        f"column {name!r} has no {absent[0]!r}",
        code="F-311",
        column=name,
        count=len(absent),
        examples=[repr(value) for value in absent],
        remedy=f"It has {len(present):,} values such as {sorted(present)[:5]}.{meant}",
    )
