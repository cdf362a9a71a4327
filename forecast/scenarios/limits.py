"""Which rows of a future a change concerns: pairs, other keys, periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError, ModelError
from forecast.periods import parse_periods

__all__ = ["ANY", "EVERYWHERE", "Limits", "Names", "names_in"]

Bools = NDArray[np.bool_]


ANY = "*"
"""In place of a code of a pair: every partner."""


@dataclass(frozen=True, slots=True)
class Names:
    """Columns of a table of future rows.

    Attributes
    ----------
    period : str
    ends : (str, str) or None
        Columns of both ends of a pair.
    keys : tuple of str
        All key columns, where known.
    """

    period: str
    ends: tuple[str, str] | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows that a change is limited to; nothing given, nothing limited.

    Attributes
    ----------
    pairs : sequence of (code, code)
        In both directions, unless `directed`; ``"*"`` is any partner.
    where : mapping of str to value or list of values
        By column.
    start, end : period-like
        First and last period concerned, ``"2024"`` for all months of a year.
    directed : bool
    """

    pairs: Sequence[tuple[Any, Any]] | None = None
    where: Mapping[str, Any] | None = None
    start: Any = None
    end: Any = None
    directed: bool = False

    def __post_init__(self) -> None:
        if self.pairs is None:
            return
        given: Sequence[Any] = self.pairs
        if len(given) == 2 and all(isinstance(code, str) for code in given):
            given = [given]
        pairs = [tuple(pair) for pair in given]
        if not pairs or any(len(pair) != 2 for pair in pairs):
            raise _matches_nothing(f"pairs={self.pairs!r} are no pairs of codes", [])
        object.__setattr__(self, "pairs", tuple(pairs))

    @property
    def free(self) -> bool:
        """Whether nothing is limited."""
        given = (self.pairs, self.where, self.start, self.end)
        return all(one is None for one in given)

    def rows(self, frame: pd.DataFrame, names: Names) -> Bools:
        """Tell which rows of a table are concerned, shape (n,).

        Raises
        ------
        ColumnError
            F-111 no such column.
        ModelError
            F-872 limits that concern no row.
        """
        chosen = np.ones(len(frame), dtype=bool)
        if self.pairs is not None:
            chosen &= self._of_pairs(frame, names)
        for column, wanted in (self.where or {}).items():
            if column not in frame.columns:
                raise ColumnError.missing([column], frame.columns)
            many = isinstance(wanted, Iterable) and not isinstance(wanted, str)
            values = list(wanted) if many else [wanted]
            there = frame[column].isin(values).to_numpy()
            if not there.any():
                raise _matches_nothing(
                    f"no row has {column!r} in {values}", list(frame[column].unique())
                )
            chosen &= there
        if self.start is not None or self.end is not None:
            chosen &= self._of_periods(frame, names)
        if len(frame) and not chosen.any():
            raise _matches_nothing("no row is in all limits of the change together", [])
        return chosen

    def _of_pairs(self, frame: pd.DataFrame, names: Names) -> Bools:
        if names.ends is None:
            raise _matches_nothing("the rows are no pairs", list(frame.columns))
        left, right = (frame[name] for name in names.ends)
        chosen, absent = np.zeros(len(frame), dtype=bool), []
        for a, b in self.pairs or ():
            there = _is(left, a) & _is(right, b)
            if not self.directed:
                there = there | (_is(left, b) & _is(right, a))
            if not there.any():
                absent.append(f"{a}–{b}")
            chosen |= there
        if absent:
            raise _matches_nothing(f"{len(absent)} pairs are not there", absent)
        return chosen

    def _of_periods(self, frame: pd.DataFrame, names: Names) -> Bools:
        periods = parse_periods(frame[names.period], column=names.period)
        chosen = np.ones(len(frame), dtype=bool)
        if self.start is not None:
            first = parse_periods([self.start], column="start")[0]
            chosen &= np.asarray(periods.start_time >= first.start_time)
        if self.end is not None:
            last = parse_periods([self.end], column="end")[0]
            chosen &= np.asarray(periods.end_time <= last.end_time)
        if len(frame) and not chosen.any():
            raise _matches_nothing(
                f"no period lies between {self.start} and {self.end}",
                [periods.min(), periods.max()],
            )
        return chosen


EVERYWHERE = Limits()


def _is(codes: pd.Series, wanted: Any) -> Bools:
    if isinstance(wanted, str) and wanted == ANY:
        return np.ones(len(codes), dtype=bool)
    return np.asarray((codes == wanted).to_numpy(), dtype=bool)


def names_in(frame: pd.DataFrame, panel: Any = None) -> Names:
    """Return the columns of a table: as the panel says, or as they look.

    Raises
    ------
    ModelError
        F-872 when no column of periods can be told.
    """
    if panel is not None:
        keys = tuple(panel.keys)
        if panel.origin is not None and panel.destination is not None:
            return Names(panel.period, (panel.origin, panel.destination), keys)
        return Names(
            panel.period, ("a", "b") if {"a", "b"} <= set(keys) else None, keys
        )
    periods = [c for c in frame if isinstance(frame[c].dtype, pd.PeriodDtype)]
    periods = periods or [
        c for c in ("period", "year", "month", "quarter") if c in frame
    ]
    if len(periods) != 1:
        raise ModelError(
            f"{len(periods)} columns can be the period",
            code="F-872",
            examples=periods,
            remedy="Give panel=..., whose columns are known.",
        )
    for ends in (("origin", "destination"), ("exporter", "importer"), ("a", "b")):
        if set(ends) <= set(frame.columns):
            return Names(str(periods[0]), ends)
    return Names(str(periods[0]))


def _matches_nothing(problem: str, examples: list[Any]) -> ModelError:
    return ModelError(
        problem,
        code="F-872",
        count=len(examples) or None,
        examples=examples,
        remedy="Limit a change to pairs=[('RU', 'KZ')], where={'origin': 'RU'}, "
        "start='2024' or end='2025' that the future holds; panel=... names its columns.",
    )
