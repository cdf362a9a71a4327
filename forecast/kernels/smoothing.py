r"""Exponential smoothing of many series at many candidates.

A candidate is a choice of :math:`\alpha, \beta, \phi, \gamma` in the equations of
`forecast.series.smoothing.forms`. States are level, slope and the seasons of a year (state
2 + k belongs to times t with t mod m = k; m = 1 without seasons). Initial states
:math:`s` are free but for seasons, which sum to zero: d = m + 1 numbers.

Errors are linear in them, :math:`e = e_0 - D s`, so the best ones solve
:math:`D'D s = D'e_0`, with :math:`e_0` the errors from a guess (the line from the first
value to the last). :math:`D` depends on a candidate, the length of a series and its gaps,
not on its values: :math:`D'D` is a running sum over time that series without gaps share.
:math:`D'e_0` is a pass backwards through the equations. So a series costs three passes of
a few operations per value and candidate, not d of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact

__all__ = ["factor", "move_columns", "solve_candidates", "start_columns"]

Array = NDArray[Any]

DEPENDENT = 1e-9
"""Share of a column's square below which what others leave of it counts as nothing."""


@jit_exact
def start_columns(columns: Array, products: Array) -> None:
    """Write the free initial states, (2 + m, d), and zeros to `products` (d, d).

    Each is one state, or a season against the last one.
    """
    n_states, d = columns.shape
    for c in range(d):
        for s in range(n_states):
            columns[s, c] = 1.0 if s == c else 0.0
        if c > 1:
            columns[n_states - 1, c] = -1.0
        for k in range(d):
            products[c, k] = 0.0


@jit_exact
def move_columns(
    x: Array, first: int, grid: Array, columns: Array, products: Array
) -> None:
    """Move columns over times ``first`` to n - 1; add to D'D.

    Parameters
    ----------
    x : float array of shape (n,)
        Only its gaps (NaN) count.
    first : int
    grid : float array of shape (4,)
        alpha, beta, phi, gamma.
    columns : float array of shape (2 + m, d)
        How initial states move states.
    products : float array of shape (d, d)
        Its lower triangle is added to.
    """
    n_states, d = columns.shape
    alpha, beta, phi, gamma = grid[0], grid[1], grid[2], grid[3]
    level, slope, means = columns[0], columns[1], np.empty(d)
    for t in range(first, x.size):
        season = columns[2 + t % (n_states - 2)]
        weight = 0.0 if np.isnan(x[t]) else 1.0
        for c in range(d):
            moved = phi * slope[c]
            base = level[c] + moved
            mean = weight * (base + season[c])
            level[c] = base - alpha * mean
            slope[c] = moved - beta * mean
            season[c] -= gamma * mean
            means[c] = mean
        for c in range(d):
            for k in range(c + 1):
                products[c, k] += means[c] * means[k]


@jit_exact
def factor(products: Array, triangle: Array) -> None:
    """Write L (d, d) with L L' = D'D, one over its diagonal on the diagonal.

    It is 0 there for a column that is nothing but a sum of those before (the slope of a
    form without trend, a month that was never seen).
    """
    d = products.shape[0]
    for c in range(d):
        for k in range(c + 1):
            entry = products[c, k]
            for q in range(k):
                entry -= triangle[c, q] * triangle[k, q]
            if k < c:
                triangle[c, k] = entry * triangle[k, k]
            else:
                used = entry > DEPENDENT * products[c, c]
                triangle[c, c] = 1.0 / np.sqrt(entry) if used else 0.0


@jit_exact
def errors_from(x: Array, grid: Array, states: Array, errors: Array) -> float:
    """Smooth `x` (n,) from `states` (2 + m,), which become those of the end.

    Writes errors (n,), 0 in gaps; returns their sum of squares.
    """
    alpha, beta, phi, gamma = grid[0], grid[1], grid[2], grid[3]
    level, slope, place, total = states[0], states[1], 2, 0.0
    for t in range(x.size):
        slope *= phi
        level += slope
        error = 0.0
        if not np.isnan(x[t]):
            error = x[t] - states[place] - level
            level += alpha * error
            slope += beta * error
            states[place] += gamma * error
            total += error * error
        errors[t] = error
        place = place + 1 if place + 1 < states.size else 2
    states[0], states[1] = level, slope
    return total


@jit_exact
def pull_back(x: Array, grid: Array, errors: Array, pulled: Array) -> None:
    """Write D'e over the first d of 2 + m entries of `pulled`.

    It is minus the gradient of half the sum of squares by the free initial states.
    """
    alpha, beta, phi, gamma = grid[0], grid[1], grid[2], grid[3]
    for s in range(pulled.size):
        pulled[s] = 0.0
    level, slope = 0.0, 0.0
    place = 2 + x.size % (pulled.size - 2)
    for t in range(x.size - 1, -1, -1):
        place = place - 1 if place > 2 else pulled.size - 1
        if not np.isnan(x[t]):
            season = pulled[place]
            pull = errors[t] - gamma * season - beta * slope - alpha * level
            level += pull
            pulled[place] = season + pull
        slope = phi * (level + slope)
    pulled[0], pulled[1] = level, slope
    for s in range(2, pulled.size - 1):
        pulled[s] -= pulled[pulled.size - 1]


@jit_exact
def substitute(triangle: Array, goal: Array) -> None:
    """Write the solution of D'D s = goal over the first d entries of `goal`."""
    d = triangle.shape[0]
    for c in range(d):
        for k in range(c):
            goal[c] -= triangle[c, k] * goal[k]
        goal[c] *= triangle[c, c]
    for c in range(d - 1, -1, -1):
        for k in range(c + 1, d):
            goal[c] -= triangle[k, c] * goal[k]
        goal[c] *= triangle[c, c]


@jit_exact
def solve_candidates(
    x: Array,
    bounds: Array,
    order: Array,
    gappy: Array,
    m: int,
    grid: Array,
    squares: Array,
    states: Array,
) -> None:
    """Solve for initial states of all series and candidates.

    Parameters
    ----------
    x : float array of shape (N,)
        All series, one after the other, on their working scale, NaN in gaps.
    bounds : int array of shape (S + 1,)
        Series i is ``x[bounds[i]:bounds[i + 1]]``.
    order : int array of shape (S,)
        Series from the shortest to the longest.
    gappy : bool array of shape (S,)
        Which series have gaps.
    m : int
        Seasons of the year, 1 for candidates without seasons.
    grid : float array of shape (J, 4)
        alpha, beta, phi, gamma of each candidate.
    squares : float array of shape (J, S)
        Written: sums of squared errors.
    states : float array of shape (J, S, 2 + m)
        Written: initial states.
    """
    # Sums of series without gaps go on from one to the next; those with gaps have others.
    columns = np.empty((2, 2 + m, m + 1))
    products = np.empty((2, m + 1, m + 1))
    triangle, current = np.zeros((m + 1, m + 1)), np.empty(2 + m)
    errors = np.empty(x.size)
    for j in range(grid.shape[0]):
        done, factored = bounds[0], -1  # from 0; for a literal numba compiles anew
        for i in order:
            y = x[bounds[i] : bounds[i + 1]]
            own = 1 if gappy[i] else 0
            first = done * (1 - own)
            if own or factored != y.size:
                if first == 0:
                    start_columns(columns[own], products[own])
                move_columns(y, first, grid[j], columns[own], products[own])
                factor(products[own], triangle)
                factored = -1 if own else y.size
                done = done if own else y.size
            best = states[j, i]
            for s in range(2 + m):
                best[s] = 0.0
            best[1] = (y[y.size - 1] - y[0]) / max(y.size - 1, 1)
            best[0] = y[0] - best[1]
            for turn in range(2):
                for s in range(2 + m):
                    current[s] = best[s]
                squares[j, i] = errors_from(y, grid[j], current, errors)
                if turn == 0:
                    pull_back(y, grid[j], errors, current)
                    substitute(triangle, current)
                    for c in range(m + 1):
                        best[c] += current[c]
                        if c > 1:
                            best[1 + m] -= current[c]
