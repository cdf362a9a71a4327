"""What models would have said about the last values of a panel, had they not seen them.

From a few origins before the end each model is fitted anew to what was known then. The
evidence of all units is pooled: it chooses between models (`forecast.series.evidence.auto`),
weighs them (`forecast.series.evidence.combination`) and widens intervals
(`forecast.series.evidence.conformal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts.summaries import quantiles
from forecast.periods import FREQUENCIES, frequency_of
from forecast.series.contract.model import Pool, Recipe
from forecast.series.contract.samples import Sample, sample_until

__all__ = ["FEWEST_VALUES", "HeldOut", "held_out", "season_length", "usual_steps"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FEWEST_VALUES = 5
"""Values that a unit must have before an origin, and two years of them."""

MOST_UNITS = 1000
"""Units that are asked; of more, so many evenly from the largest to the smallest."""

USUAL_STEPS = {1: 6, 4: 8, 12: 24}
PATHS = 200
MEDIAN = (0.5,)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Forecasts from earlier origins, and what came.

    Attributes
    ----------
    cuts : int array of shape (n_origins,)
        Periods held out at each origin.
    actual : float array of shape (n_origins, n_units, steps)
        NaN where nothing came, or where a unit had too few values before.
    quantiles : float array of shape (n_models, n_origins, n_units, steps, n_levels)
    levels : tuple of float
        Probabilities of the quantiles.
    """

    cuts: Ints
    actual: Floats
    quantiles: Floats
    levels: tuple[float, ...]

    @property
    def points(self) -> Floats:
        """Point forecasts, of shape (n_models, n_origins, n_units, steps)."""
        return self.quantiles[..., self.levels.index(0.5)]


def held_out(
    models: Sequence[Recipe],
    sample: Sample,
    steps: int,
    *,
    levels: tuple[float, ...] = MEDIAN,
    pool: Pool | None = None,
) -> HeldOut:
    """Fit models to the sample without its last periods, from several origins.

    Parameters
    ----------
    models : sequence of Recipe
    sample : Sample
    steps : int
        Horizons that are wanted; also the most periods that are held out.
    levels : tuple of float
        Probabilities of quantiles. The median alone costs no simulation.
    pool : optional
        As in `Recipe.fit`.
    """
    n_units, n_periods = sample.values.shape
    length = season_length(sample.periods)
    cuts = [cut for cut in _cuts(steps, length) if cut < n_periods]
    actual = np.full((len(cuts), n_units, steps), np.nan)
    said = np.full((len(models), len(cuts), n_units, steps, len(levels)), np.nan)
    asked = _asked(sample.values)
    for origin, cut in enumerate(cuts):
        known = np.isfinite(sample.values[:, :-cut]).sum(axis=1)
        rows = np.flatnonzero(asked & (known >= max(FEWEST_VALUES, 2 * length)))
        if not rows.size:
            continue
        earlier = sample_until(sample, cut, rows)
        ahead = min(steps, cut)
        actual[origin, rows, :ahead] = sample.values[rows, n_periods - cut :][:, :ahead]
        for k, model in enumerate(models):
            said[k, origin, rows, :ahead] = _said(model, earlier, ahead, levels, pool)
    return HeldOut(np.array(cuts, dtype=int), actual, said, levels)


def usual_steps(periods: pd.PeriodIndex) -> int:
    """Return how many horizons are looked at by default: six years, or two."""
    return USUAL_STEPS[season_length(periods)]


def season_length(periods: pd.PeriodIndex) -> int:
    """Return the number of periods in a year."""
    return FREQUENCIES[frequency_of(periods)]


def _asked(values: Floats) -> NDArray[np.bool_]:
    """Tell which units are asked: all, or evenly chosen ones of a large panel."""
    n_units = len(values)
    if n_units <= MOST_UNITS:
        return np.ones(n_units, dtype=bool)
    known = np.isfinite(values)
    mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    by_size = np.argsort(mean, kind="stable")
    chosen = np.zeros(n_units, dtype=bool)
    chosen[by_size[np.linspace(0, n_units - 1, MOST_UNITS).round().astype(int)]] = True
    return chosen


def _cuts(steps: int, length: int) -> list[int]:
    """Return how many periods to hold out: every year, or parts and multiples of one."""
    if length == 1:
        return list(range(1, steps + 1))
    parts = {1, length // 4, length // 2, *range(length, steps, length), steps}
    return sorted(cut for cut in parts if 1 <= cut <= steps)


def _said(
    model: Recipe,
    earlier: Sample,
    ahead: int,
    levels: tuple[float, ...],
    pool: Pool | None,
) -> Floats:
    """Return quantiles of shape (n_units, ahead, n_levels)."""
    fit = model.fit_to(earlier, pool=pool)
    if levels == MEDIAN:
        return np.asarray(fit.point(ahead).to_numpy()[..., None])
    draws = fit.forecast(ahead, paths=PATHS, largest_gb=np.inf).draws
    return np.moveaxis(np.asarray(quantiles(draws, list(levels))), 0, -1)
