"""Axes of simulated arrays: how cells of (periods, exporters, importers) become rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.datasets.worlds import Flags, Floats, Ints

__all__ = ["Axes", "axes"]


@dataclass(frozen=True, slots=True)
class Axes:
    """Names of regions and periods.

    Attributes
    ----------
    codes : Index of length n
    calendar : PeriodIndex of length T
    """

    codes: pd.Index
    calendar: pd.PeriodIndex

    def rows(self, shown: Flags, **arrays: Floats) -> pd.DataFrame:
        """Lay arrays of shape (T, n, n), or what broadcasts to it, out in rows.

        Parameters
        ----------
        shown : bool array of shape (n, n)
            The pairs wanted; rows are sorted by pair and period.
        """
        i, j = np.nonzero(shown)
        length = len(self.calendar)
        shape = (length, len(self.codes), len(self.codes))
        keys = {
            "origin": self.codes[np.repeat(i, length)],
            "destination": self.codes[np.repeat(j, length)],
            "period": self.calendar[np.tile(np.arange(length), i.size)],
        }
        values = {
            name: np.broadcast_to(array, shape)[:, i, j].T.ravel()
            for name, array in arrays.items()
        }
        return pd.DataFrame(keys | values)

    def pairs(self, shown: Flags, **arrays: Floats | Flags) -> pd.DataFrame:
        """Lay arrays of shape (n, n) out in rows."""
        i, j = np.nonzero(shown)
        keys = {"origin": self.codes[i], "destination": self.codes[j]}
        return pd.DataFrame(
            keys | {name: array[i, j] for name, array in arrays.items()}
        )

    def by_region(self, values: Floats) -> pd.DataFrame:
        """Table of period x region from an array of shape (T, n)."""
        return pd.DataFrame(values, index=self.calendar, columns=self.codes)

    def dates(self, t: Ints, share: Floats) -> pd.DatetimeIndex:
        """Days in the periods `t`, after the given share of each has gone by."""
        begins = self.calendar.start_time
        lengths = ((self.calendar + 1).start_time - begins).days.to_numpy()
        days = np.floor(share * lengths[t]).astype("timedelta64[D]")
        return pd.DatetimeIndex(begins.to_numpy()[t] + days).as_unit("ns")


def axes(
    sides: Sequence[int],
    start: int,
    freq: str,
    periods: int,
    codes: Sequence[str] | None = None,
) -> Axes:
    """Name regions (R1, R2, ... or A1, ..., B1, ...; or `codes`) and periods.

    The periods begin in January of `start`.

    Examples
    --------
    >>> axes((2, 1), 2021, "Q", 2).codes.tolist()
    ['A1', 'A2', 'B1']
    """
    letters = "R" if len(sides) == 1 else "AB"
    drawn = [
        f"{letter}{number:0{len(str(count))}d}"
        for letter, count in zip(letters, sides, strict=True)
        for number in range(1, count + 1)
    ]
    first = pd.Period(year=start, month=1, freq="M").asfreq(freq)
    calendar = pd.period_range(first, periods=periods, freq=first.freq)
    return Axes(pd.Index(drawn if codes is None else codes), calendar)
