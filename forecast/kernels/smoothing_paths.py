"""What comes after a series under the candidates of exponential smoothing.

States are those of the end: level, slope and seasons, that of the next period first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact

__all__ = ["shockless_means", "smoothed_paths"]

Array = NDArray[Any]

TINY = 1e-12

LARGEST = 50.0
"""No shock multiplies by more than the exponential of this."""


@jit_exact
def advance(level: float, slope: float, shrinks: bool) -> tuple[float, float]:
    """Return level and slope one period on; see `forecast.series.scales.scale.Scaled`."""
    if not shrinks or slope >= 0.0:
        return level + slope, slope
    base = max(level, TINY)
    shrunk = base * np.exp(slope / base)
    return shrunk, slope * shrunk / base


@jit_exact
def shockless_means(
    weights: Array, grid: Array, states: Array, shrinks: bool, means: Array
) -> None:
    """Write weighed means (h,) of what comes without shocks.

    Shapes: weights (K,), grid (K, 4), states (K, 2 + m).
    """
    m = states.shape[1] - 2
    for t in range(means.size):
        means[t] = 0.0
    for k in range(weights.size):
        level, slope, phi = states[k, 0], states[k, 1], grid[k, 2]
        for t in range(means.size):
            level, slope = advance(level, phi * slope, shrinks)
            mean = level + states[k, 2 + t % m]
            means[t] += weights[k] * (max(mean, 0.0) if shrinks else mean)


@jit_exact
def smoothed_paths(
    pick: Array,
    grid: Array,
    states: Array,
    roots: Array,
    scores: Array,
    sigma: Array,
    shrinks: bool,
    highest: float,
    shocks: Array,
    paths: Array,
) -> None:
    """Write paths (h, P) on the working scale.

    Parameters
    ----------
    pick : int array of shape (P,)
        The candidate of each path.
    grid, states, roots
        Of shapes (K, 4), (K, 2 + m), (K, 2 + m, d).
    scores : float array of shape (P, d)
        Standard normal doubts about states.
    sigma : float array of shape (P,)
    shrinks : bool
        Whether errors are in proportion to the mean and trends downwards shrink by a
        share; else all is additive.
    highest : float
        Ceiling of proportional paths.
    shocks : float array of shape (h, P)
    """
    m = states.shape[1] - 2
    seasons = np.empty(m)
    for p in range(pick.size):
        k = pick[p]
        alpha, beta, phi, gamma = grid[k, 0], grid[k, 1], grid[k, 2], grid[k, 3]
        level, slope = 0.0, 0.0
        for s in range(2 + m):
            state = 0.0
            for q in range(scores.shape[1]):
                state += roots[k, s, q] * scores[p, q]
            state = states[k, s] + sigma[p] * state
            if s == 0:
                level = state
            elif s == 1:
                slope = state
            else:
                seasons[s - 2] = state
        for t in range(paths.shape[0]):
            base, slope = advance(level, phi * slope, shrinks)
            mean, error = base + seasons[t % m], sigma[p] * shocks[t, p]
            if shrinks:
                seen = min(max(mean, 0.0) * np.exp(min(error, LARGEST)), highest)
            else:
                seen = mean + error
            error = seen - mean
            level = base + alpha * error
            slope += beta * error
            seasons[t % m] += gamma * error
            paths[t, p] = seen
