"""What each series can tell about slopes, and the shapes that fit best.

A series counts if it is all positive, has six values or more (three years of months or
quarters) and its regressors are known beside enough of them. Shapes are profiled, term by
term, over a grid and once more between the neighbours of the best point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.contract.model import UnitSeries
from forecast.series.regression.arma_errors import ARMA, Whitening, whitening_of
from forecast.series.regression.common_slopes import Evidence, common_slopes, moments_of
from forecast.series.regression.shared_shocks import SharedShocks
from forecast.series.regression.terms import Term
from forecast.series.regression.units import Drivers, Lines
from forecast.series.scales.scale import scaled

__all__ = ["UnitHistory", "Workshop", "best_shares", "unit_history"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FEWEST_VALUES = 6
YEARS_OF_SEASONS = 3
SWEEPS = 2


@dataclass(frozen=True, eq=False, slots=True)
class UnitHistory:
    """One series with its columns from the first period of the panel.

    Attributes
    ----------
    series : UnitSeries
    past : float array of shape (m, k)
        Up to the last value of the series; zero where a column is never known.
    start : int
        Periods of the panel before the first value.
    """

    series: UnitSeries
    past: Floats
    start: int


def unit_history(one: UnitSeries, *, columns: bool) -> UnitHistory:
    """Put the columns before and beside a series together."""
    if not columns:
        return UnitHistory(one, np.empty((one.y.size, 0)), 0)
    past = np.concatenate([one.x_before, one.x])
    nowhere = np.isnan(past).all(axis=0)
    return UnitHistory(one, np.where(nowhere, 0.0, past), len(one.x_before))


class Workshop:
    """Makes evidence; whitening matrices are made once for each pattern of known times."""

    def __init__(
        self, errors: ARMA, terms: tuple[Term, ...], positions: tuple[int, ...]
    ) -> None:
        self.grid, self.trend = errors.grid(), errors.trend
        self.terms, self.positions = terms, positions
        self._made: dict[tuple[Any, ...], Whitening] = {}

    def lines(self, unit: UnitHistory) -> Lines:
        """Return the unit's own regressors."""
        y, season = unit.series.y, unit.series.season
        return Lines(y.size, self.trend, season.length > 1, season)

    def drivers(self, unit: UnitHistory, shares: Sequence[float]) -> Drivers:
        """Return the unit's indicators, without slopes."""
        none = np.empty((0, 0))
        return Drivers(
            self.terms,
            tuple(shares),
            self.positions,
            unit.past,
            np.empty(0),
            none,
            np.empty((0, 0, 0)),
            none,
        )

    def evidence(self, unit: UnitHistory, shares: Sequence[float]) -> Evidence | None:
        """Return what a series tells; None where it is too short or not positive."""
        y, lines = unit.series.y, self.lines(unit)
        if np.nanmin(y) <= 0:
            return None
        z = self.drivers(unit, shares).regressors(unit.past)[unit.start :]
        times = np.flatnonzero(np.isfinite(y) & np.isfinite(z).all(axis=1))
        length = unit.series.season.length
        fewest = YEARS_OF_SEASONS * length if length > 1 else FEWEST_VALUES
        if times.size < fewest or times[-1] != y.size - 1:
            return None
        whitening = self._whitening(lines, times)
        if whitening is None:
            return None
        scale = scaled(y, "log")
        return Evidence(scale.x[times], z[times], times, unit.start, whitening)

    def _whitening(self, lines: Lines, times: Ints) -> Whitening | None:
        """Return the matrices; None where a season is never seen."""
        key = (lines.count, lines.season.first, times.tobytes())
        if key not in self._made:
            design = lines.rows(0, lines.count)[times]
            if np.linalg.matrix_rank(design) < design.shape[1]:
                return None
            self._made[key] = whitening_of(self.grid, times, design)
        return self._made[key]


def best_shares(
    units: Sequence[UnitHistory],
    workshop: Workshop,
    shares: Sequence[float],
    shocks: SharedShocks,
) -> list[float]:
    """Profile what each term keeps from one period to the next.

    Parameters
    ----------
    units : sequence of UnitHistory
        All of which give evidence.
    workshop : Workshop
    shares : sequence of float
        Where to begin.
    shocks : SharedShocks
    """
    per_year = units[0].series.season.length
    tried = [term.shares(per_year) for term in workshop.terms]
    unknown = [k for k, options in enumerate(tried) if len(options) > 1]
    best, heights = list(shares), {}

    def height(k: int, share: float) -> float:
        point = (*best[:k], share, *best[k + 1 :])
        if point not in heights:
            heights[point] = _log_likelihood(units, workshop, point, shocks)
        return heights[point]

    def climb(k: int, options: Sequence[float]) -> None:
        best[k] = options[int(np.argmax([height(k, share) for share in options]))]

    for _ in range(SWEEPS if len(unknown) > 1 else 1):
        for k in unknown:
            climb(k, tried[k])
    for k in unknown:
        climb(k, _around(tried[k], best[k]))
    return best


def _around(tried: Sequence[float], best: float) -> list[float]:
    """Return the best point and two more on each side of it, before its neighbours."""
    at, around = tried.index(best), [best]
    for neighbour in (tried[i] for i in (at - 1, at + 1) if 0 <= i < len(tried)):
        around += [best + share * (neighbour - best) for share in (1 / 3, 2 / 3)]
    return around


def _log_likelihood(
    units: Sequence[UnitHistory],
    workshop: Workshop,
    shares: Sequence[float],
    shocks: SharedShocks,
) -> float:
    evidence = [workshop.evidence(unit, shares) for unit in units]
    kept = [one for one in evidence if one is not None]
    return common_slopes(moments_of(shocks.taken_out(kept))).log_likelihood
