"""What `Theta` and `CES` have in common: weighed candidates, and the spread of errors."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.theta import LOG, ROOT
from forecast.series.scales.scale import CEILING
from forecast.series.scales.seasonality import FEWEST_YEARS
from forecast.series.scales.spread import Spread, spread_of

__all__ = ["ceiling_of", "drawn_candidates", "spread_of_shares"]

Floats = NDArray[np.floating[Any]]


def drawn_candidates(
    weights: Floats, count: int, rng: np.random.Generator
) -> NDArray[np.integer[Any]]:
    """Draw one candidate for each path, with their weights as probabilities.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> drawn_candidates(np.array([0.0, 1.0, 0.0]), 4, rng)
    array([1, 1, 1, 1])
    """
    heights = np.cumsum(weights)
    chosen = np.searchsorted(heights, heights[-1] * rng.random(count), side="right")
    return np.minimum(chosen, weights.size - 1)


def spread_of_shares(
    residuals: Floats, fitted: Floats, *, kind: int, season: int, lost: int
) -> Spread:
    """Measure the spread of one-step errors on a working scale.

    Parameters
    ----------
    residuals, fitted : float arrays of shape (n,)
        `fitted` relative to the largest value.
    kind : int
        Working scale.
    season : int
        Length m; its factors cost m - 1 degrees of freedom where they were estimated.
    lost : int
        Degrees of freedom of states and parameters.
    """
    if fitted.size >= FEWEST_YEARS * season + 2:
        lost += season - 1
    level = {LOG: 1.0, ROOT: 0.5}.get(kind)
    return spread_of(
        residuals,
        lost=lost,
        level=float(np.nanmean(fitted)) if level is None else level,
    )


def ceiling_of(unit: float) -> float:
    """Return the highest value a path may take, relative to the unit."""
    return float(min(CEILING, sys.float_info.max / 2 / unit))
