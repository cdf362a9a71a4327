"""Weights, ends and doubts of the candidates of exponential smoothing.

See `forecast.kernels.smoothing` for what candidates and states are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact
from forecast.kernels.smoothing import factor, move_columns, start_columns

__all__ = ["end_roots", "finish_candidates", "weigh_candidates"]

Array = NDArray[Any]

SMALLEST_SQUARE = 1e-20
"""A mean square error below which a fit counts as exact (values are about 1)."""


@jit_exact
def weigh_candidates(
    known: Array, prior: Array, cost: Array, lightest: float, squares: Array
) -> None:
    r"""Weigh candidates by :math:`\exp(-\mathrm{AICc}/2)` times a prior.

    Parameters
    ----------
    known : float array of shape (S,)
        Values of each series.
    prior : float array of shape (J,)
    cost : float array of shape (J,)
        Parameters that AICc charges for; a candidate is left out where there are not two
        values more.
    lightest : float
        Share of the heaviest weight below which a candidate gets none.
    squares : float array of shape (S, J)
        Sums of squared errors, written over by weights that sum to 1 in a row.
    """
    for i in range(known.size):
        n, row = known[i], squares[i]
        best = -np.inf
        for j in range(row.size):
            left = n - cost[j] - 1
            if left > 0:
                square = max(row[j] / n, SMALLEST_SQUARE)
                charge = cost[j] + cost[j] * (cost[j] + 1) / left
                row[j] = -0.5 * n * np.log(square) - charge
                best = max(best, row[j])
            else:
                row[j] = -np.inf
        heaviest = 0.0
        for j in range(row.size):
            row[j] = prior[j] * np.exp(row[j] - best)
            heaviest = max(heaviest, row[j])
        total = 0.0
        for j in range(row.size):
            if row[j] < lightest * heaviest:
                row[j] = 0.0
            total += row[j]
        for j in range(row.size):
            row[j] /= total


@jit_exact
def finish_candidates(
    x: Array,
    sizes: Array,
    bounds: Array,
    owner: Array,
    weights: Array,
    grid: Array,
    states: Array,
    spreads: Array,
    residuals: Array,
) -> None:
    """Smooth once more with the candidates that are kept.

    Parameters
    ----------
    x, bounds
        As in `forecast.kernels.smoothing.solve_candidates`.
    sizes : float array of shape (N,)
        What errors are divided by.
    owner : int array of shape (K,)
        The series of each candidate that is kept.
    weights : float array of shape (K,)
    grid : float array of shape (K, 4)
    states : float array of shape (K, 2 + m)
        Initial states; they become those of the end, the season of the next period
        first.
    spreads : float array of shape (K, 2)
        Written: sums of squares of errors over sizes, and of errors.
    residuals : float array of shape (N,)
        Weighed errors over sizes are added; NaN in gaps.
    """
    m = states.shape[1] - 2
    turned = np.empty(m)
    for k in range(owner.size):
        place = 0
        first, last = bounds[owner[k]], bounds[owner[k] + 1]
        alpha, beta, phi, gamma = grid[k, 0], grid[k, 1], grid[k, 2], grid[k, 3]
        level, slope, seasons = states[k, 0], states[k, 1], states[k, 2:]
        relative, plain = 0.0, 0.0
        for t in range(first, last):
            slope *= phi
            level += slope
            if np.isnan(x[t]):
                residuals[t] = np.nan
            else:
                error = x[t] - seasons[place] - level
                level += alpha * error
                slope += beta * error
                seasons[place] += gamma * error
                share = error / sizes[t]
                relative += share * share
                plain += error * error
                residuals[t] += weights[k] * share
            place = place + 1 if place + 1 < m else 0
        states[k, 0], states[k, 1] = level, slope
        for place in range(m):
            turned[place] = seasons[(last - first + place) % m]
        for place in range(m):
            seasons[place] = turned[place]
        spreads[k, 0], spreads[k, 1] = relative, plain


@jit_exact
def end_roots(x: Array, split: int, grid: Array, roots: Array) -> None:
    """Write roots of the covariance of end states, in units of the spread.

    Parameters
    ----------
    x : float array of shape (n,)
        One series; only its gaps count.
    split : int
        How many candidates come first that have no seasons.
    grid : float array of shape (K, 4)
    roots : float array of shape (K, 2 + m, m + 1)
        Written; the season of the next period first.
    """
    for j in range(grid.shape[0]):
        m = 1 if j < split else roots.shape[2] - 1
        d, first = m + 1, x.size - x.size  # no literal: numba would compile anew
        columns, products = np.empty((2 + m, d)), np.empty((d, d))
        triangle, inverse = np.zeros((d, d)), np.empty((d, d))
        start_columns(columns, products)
        move_columns(x, first, grid[j], columns, products)
        factor(products, triangle)
        invert(triangle, inverse)
        for s in range(roots.shape[1]):
            state = s if s < 2 else 2 + (x.size + s - 2) % m
            for k in range(roots.shape[2]):
                roots[j, s, k] = 0.0
                if k < d and s < 2 + m:
                    for c in range(k + 1):
                        roots[j, s, k] += columns[state, c] * inverse[c, k]


@jit_exact
def invert(triangle: Array, inverse: Array) -> None:
    """Write the inverse of L' (d, d), L being what `factor` wrote."""
    d = triangle.shape[0]
    for k in range(d):
        for c in range(d - 1, -1, -1):
            value = 1.0 if c == k else 0.0
            for q in range(c + 1, k + 1):
                value -= triangle[q, c] * inverse[q, k]
            inverse[c, k] = value * triangle[c, c] if c <= k else 0.0
