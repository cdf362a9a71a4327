"""Kalman filter of level, slope, cycle and seasons, for many variances at once.

States stand in the order level, slope, cycle, its twin, then the seasons of this and of
the m - 2 periods before (none if m = 1). A row of `grid` holds what one candidate is:
variances of irregular, level, slope, cycle and season, then the damping of the slope and
the two numbers of the cycle's rotation, rho cos(lambda) and rho sin(lambda).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact

__all__ = ["FIRST_SEASON", "filter_components"]

Floats = NDArray[np.floating[Any]]

FIRST_SEASON = 4


@jit_exact
def _move(a: Floats, one: Floats) -> None:
    """Move the rows of `a`, shape (s, k), one period on, in place."""
    s, k = a.shape
    phi, c, d = one[5], one[6], one[7]
    for col in range(k):
        a[1, col] *= phi
        a[0, col] += a[1, col]
        cycle, twin = a[2, col], a[3, col]
        a[2, col] = c * cycle + d * twin
        a[3, col] = c * twin - d * cycle
        if s > FIRST_SEASON:
            total = 0.0
            for i in range(FIRST_SEASON, s):
                total += a[i, col]
            for i in range(s - 1, FIRST_SEASON, -1):
                a[i, col] = a[i - 1, col]
            a[FIRST_SEASON, col] = -total


@jit_exact
def _spread_out(p: Floats, one: Floats) -> None:
    """Turn the covariance of states into that of the states one period on, in place."""
    s = p.shape[0]
    _move(p, one)
    for i in range(s):
        for j in range(i):
            p[i, j], p[j, i] = p[j, i], p[i, j]
    _move(p, one)
    _add_noise(p, one)


@jit_exact
def _add_noise(p: Floats, one: Floats) -> None:
    """Add the variances of one period's disturbances, in place.

    The slope's disturbance reaches the level in the next period only.
    """
    p[0, 0] += one[1]
    p[1, 1] += one[2]
    p[2, 2] += one[3]
    p[3, 3] += one[3]
    if p.shape[0] > FIRST_SEASON:
        p[FIRST_SEASON, FIRST_SEASON] += one[4]


@jit_exact
def _gain(p: Floats, one: Floats, gain: Floats) -> float:
    """Write the gain of the states; return the variance of the innovation."""
    s = p.shape[0]
    for i in range(s):
        gain[i] = p[i, 0] + p[i, 2]
        if s > FIRST_SEASON:
            gain[i] += p[i, FIRST_SEASON]
    variance = gain[0] + gain[2] + one[0]
    if s > FIRST_SEASON:
        variance += gain[FIRST_SEASON]
    for i in range(s):
        gain[i] /= variance
    for i in range(s):
        for j in range(s):
            p[i, j] -= gain[i] * gain[j] * variance
    return variance


@jit_exact
def filter_components(
    x: Floats, grid: Floats, length: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Run the filter from initial states of zero, and from each initial state alone.

    Parameters
    ----------
    x : float array of shape (n,)
        NaN where missing.
    grid : float array of shape (J, 8)
    length : int
        m, periods in a year; 1 for no seasons.

    Returns
    -------
    innovations : float array of shape (J, n, 1 + d)
        Of the series; then of nothing, each of the d = m + 1 diffuse initial states
        (level, slope, seasons) being one.
    variances : float array of shape (J, n)
        Of the innovations; 1 where the series is missing.
    ends : float array of shape (J, s, 1 + d)
        States of the period after the last, before it is seen.
    covariances : float array of shape (J, s, s)
        Theirs, given the initial states.
    """
    n, count = x.size, grid.shape[0]
    s, d = FIRST_SEASON + length - 1, length + 1
    innovations = np.zeros((count, n, 1 + d))
    variances = np.ones((count, n))
    ends = np.zeros((count, s, 1 + d))
    covariances = np.zeros((count, s, s))
    gain = np.empty(s)
    for j in range(count):
        one, a, p = grid[j], ends[j], covariances[j]
        a[0, 1] = a[1, 2] = 1.0
        for k in range(length - 1):
            a[FIRST_SEASON + k, 3 + k] = 1.0
        _add_noise(p, one)
        stays = 1 - one[6] ** 2 - one[7] ** 2
        p[2, 2] = p[3, 3] = one[3] / stays
        for t in range(n):
            if not np.isnan(x[t]):
                variances[j, t] = _gain(p, one, gain)
                for col in range(1 + d):
                    seen = a[0, col] + a[2, col]
                    if s > FIRST_SEASON:
                        seen += a[FIRST_SEASON, col]
                    innovations[j, t, col] = (x[t] if col == 0 else 0.0) - seen
                for i in range(s):
                    for col in range(1 + d):
                        a[i, col] += gain[i] * innovations[j, t, col]
            _move(a, one)
            _spread_out(p, one)
    return innovations, variances, ends, covariances
