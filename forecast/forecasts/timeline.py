"""Growth rates and sums over time: what was observed followed by what is simulated.

Arrays in, arrays out. The past has one value for all paths, the future one for each;
both answer to the ordinal of a period (pandas' count of periods from 1970).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROWTH_KINDS", "Timeline", "grow", "sum_periods"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Draws and the history before them.

    Attributes
    ----------
    draws : float array of shape (n_units, n_periods, n_paths)
    ordinals : sequence of int
        One for each of the n_periods.
    past : float array of shape (n_units, n_past)
        Observed values, NaN where missing.
    past_ordinals : sequence of int
    """

    draws: Floats
    ordinals: Sequence[int]
    past: Floats
    past_ordinals: Sequence[int]

    def at(self, ordinal: int) -> Floats | None:
        """Return the period's values, (n_units, n_paths) or (n_units, 1), if there are any."""
        if ordinal in self.ordinals:
            return self.draws[:, self.ordinals.index(ordinal)]
        if ordinal in self.past_ordinals:
            observed = self.past[:, [self.past_ordinals.index(ordinal)]]
            return None if np.isnan(observed).all() else observed
        return None

    def sum(self, ordinals: Sequence[int]) -> Floats | None:
        """Return the sum over periods, None where one of them is not there at all."""
        parts = [self.at(ordinal) for ordinal in ordinals]
        total: Floats | None = parts[0]
        for part in parts[1:]:
            total = None if total is None or part is None else total + part
        return total

    def only_past(self) -> Timeline:
        """Return the history as if it were simulated with one path."""
        empty = self.past[:, :0]
        return Timeline(self.past[..., None], self.past_ordinals, empty, [])


def _year_on_year(ordinal: int, per_year: int) -> tuple[list[int], list[int]]:
    return [ordinal], [ordinal - per_year]


def _period_on_period(ordinal: int, per_year: int) -> tuple[list[int], list[int]]:  # noqa: ARG001
    return [ordinal], [ordinal - 1]


def _year_to_date(ordinal: int, per_year: int) -> tuple[list[int], list[int]]:
    so_far = list(range(ordinal - ordinal % per_year, ordinal + 1))
    return so_far, [earlier - per_year for earlier in so_far]


GROWTH_KINDS: dict[str, Callable[[int, int], tuple[list[int], list[int]]]] = {
    "year on year": _year_on_year,
    "period on period": _period_on_period,
    "year to date": _year_to_date,
}
"""For each kind of growth: which periods are compared with which."""


def grow(line: Timeline, kind: str, per_year: int) -> tuple[Floats, list[int]]:
    """Return growth in per cent and the positions of the periods that have a base.

    Growth from zero is not defined: NaN on that path.

    Returns
    -------
    growth : float array of shape (n_units, n_kept, n_paths)
    kept : list of int
        Positions among the periods of the timeline.
    """
    compare = GROWTH_KINDS[kind]
    columns, kept = [], []
    for position, ordinal in enumerate(line.ordinals):
        now, before = (line.sum(part) for part in compare(ordinal, per_year))
        if now is None or before is None:
            continue
        ratio = np.full(line.draws[:, 0].shape, np.nan)
        np.divide(
            now, before, out=ratio, where=np.broadcast_to(before > 0, ratio.shape)
        )
        columns.append(100 * (ratio - 1))
        kept.append(position)
    shape = (line.draws.shape[0], 0, line.draws.shape[2])
    return (np.stack(columns, axis=1) if columns else np.empty(shape)), kept


def sum_periods(
    line: Timeline, members: Sequence[Sequence[int]], *, gaps: bool = False
) -> tuple[Floats, list[int]]:
    """Return sums over groups of periods, and the positions of the complete groups.

    A group is complete when every one of its periods is forecast or was observed for
    all units; with `gaps`, for at least one unit, and the others' sums are NaN.

    Returns
    -------
    sums : float array of shape (n_units, n_kept, n_paths)
    kept : list of int
        Positions among `members`.
    """
    columns, kept = [], []
    for position, ordinals in enumerate(members):
        total = line.sum(ordinals)
        if total is not None and (gaps or not np.isnan(total).any()):
            columns.append(np.broadcast_to(total, line.draws[:, 0].shape))
            kept.append(position)
    shape = (line.draws.shape[0], 0, line.draws.shape[2])
    return (np.stack(columns, axis=1) if columns else np.empty(shape)), kept
