"""The rows of a panel for which indicators are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError
from forecast.events.table import code_text
from forecast.periods import parse_periods

__all__ = ["Panel", "PanelRows", "panel_rows"]

Ints = NDArray[np.integer[Any]]
_PARTIES = ("origin", "destination")


class Panel(Protocol):
    """What is needed of a `TradePanel`."""

    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def origin(self) -> str | None: ...
    @property
    def destination(self) -> str | None: ...
    @property
    def period(self) -> str: ...
    @property
    def freq(self) -> str: ...
    def to_frame(self) -> pd.DataFrame: ...


@dataclass(frozen=True)
class PanelRows:
    """The rows for which indicators are wanted.

    Attributes
    ----------
    frame : DataFrame of n rows
        Key columns and period.
    pairs : DataFrame of m rows
        The distinct pairs as text: `origin` and `destination`, or `origin` only.
    pair_of : int array of shape (n,)
    period_of : int array of shape (n,)
        Periods since 1970.
    freq : {"Y", "Q", "M"}
    """

    frame: pd.DataFrame
    pairs: pd.DataFrame
    pair_of: Ints
    period_of: Ints
    freq: str


def panel_rows(panel: Panel, rows: pd.DataFrame | None) -> PanelRows:
    """Read keys and periods off a panel, or off `rows` with the same columns.

    The parties of a unit are its origin and destination, in any order the two keys of
    a panel of turnovers; series that are no pairs have one, their first key.
    """
    frame = panel.to_frame() if rows is None else rows
    columns = [*panel.keys, panel.period]
    if missing := [name for name in columns if name not in frame.columns]:
        raise ColumnError.missing(missing, frame.columns)
    frame = frame[columns].copy()
    sides = _sides(panel)
    parties = pd.DataFrame(
        {name: _spelt(frame[side]) for name, side in zip(_PARTIES, sides, strict=False)}
    )
    names = list(parties.columns)
    pair_of = parties.groupby(names, sort=False).ngroup().to_numpy()
    pairs = parties.drop_duplicates(ignore_index=True)
    periods = _ordinals(frame[panel.period], panel.freq)
    return PanelRows(frame, pairs, pair_of, periods, panel.freq)


def _sides(panel: Panel) -> list[str]:
    """Return the columns that name the parties: two of a pair, else the first key."""
    if panel.origin is not None and panel.destination is not None:
        return [panel.origin, panel.destination]
    turnover = getattr(panel, "flow", "") == "turnover" or panel.keys[:2] == ("a", "b")
    return list(panel.keys[:2]) if turnover and len(panel.keys) > 1 else [panel.keys[0]]


def _spelt(values: pd.Series) -> list[str]:
    codes, labels = pd.factorize(values)
    texts = np.array([code_text(label) for label in labels], dtype=object)
    return list(texts[codes])


def _ordinals(values: pd.Series, freq: str) -> Ints:
    if values.empty:
        return np.empty(0, dtype=np.int64)
    periods = parse_periods(values, freq=freq, column=str(values.name))
    return np.asarray(periods.astype("int64"), dtype=np.int64)
