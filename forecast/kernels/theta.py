r"""The Theta model at a grid of alpha and theta, for many series; and its paths.

With the line :math:`A + B t`, a share :math:`s = 1 - 1/\theta` of its slope and
:math:`r_t = (1 - \alpha)^{t - 1}`,

.. math:: x_t = l_{t-1} + s \left[ r_t A + \frac{1 - r_{t+1}}{\alpha} B \right] + e_t,
          \qquad l_t = \alpha x_t + (1 - \alpha) l_{t-1}.

Errors are linear in :math:`s` and in :math:`l_0`: with :math:`l_0 = 0` they are
:math:`u_t - s D_t - r_t l_0`. So one pass for each alpha serves all theta. On the root
scale residuals are given in proportion to a recent level, the mean of the last level
and value; least squares count all errors alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact

__all__ = ["ABSOLUTE", "LOG", "ROOT", "fit_theta", "theta_paths"]

Array = NDArray[Any]

LOG, ROOT, ABSOLUTE = 0, 1, 2

SMALLEST_SIZE = 1e-3
"""Size of an error of 1 at the least, as a share of the root of the largest value."""

SMALLEST_SQUARE = 1e-20
"""A mean square error below which a fit counts as exact (values are about 1)."""

TINY = 1e-12

LARGEST = 50.0
"""No shock multiplies by more than the exponential of this."""


@jit_exact
def fit_theta(
    x: Array,
    known: Array,
    bounds: Array,
    kind: int,
    dynamic: bool,
    alphas: Array,
    shares: Array,
    ratios: Array,
    kinds: Array,
    line: Array,
    weights: Array,
    candidates: Array,
    means: Array,
    residuals: Array,
) -> None:
    """Weigh all candidates of each series.

    Parameters
    ----------
    x : float array of shape (N,)
        All series, one after the other, each over its largest value, without seasons
        and gaps; comes back on the working scale.
    known : bool array of shape (N,)
        False in gaps, which count for nothing in the fit.
    bounds : int array of shape (S + 1,)
        Series i is ``x[bounds[i]:bounds[i + 1]]``, of five values or more.
    kind : int
        The working scale: `LOG`, `ROOT` or `ABSOLUTE`.
    dynamic : bool
        Whether the line is that of the values so far; then the first two errors do not
        count.
    alphas, shares : float arrays
        The grid.
    ratios : bool array of shape (S,)
        Whether a series is positive; others are `ABSOLUTE`.
    kinds : int array of shape (S,)
        Written: working scales.
    line : float array of shape (S, 4)
        Written: A, B, the mean of the working values, the mean size of an error of 1.
    weights : float array of shape (S, J)
        Written; J candidates, shares within alphas.
    candidates : float array of shape (S, J, 6)
        Written: alpha, s, initial level, last level, its standard error over that of
        errors, what is left of the initial level.
    means, residuals : float arrays of shape (N,)
        Written: weighed one-step means on the working scale, and errors; NaN where
        there is none.
    """
    for i in range(bounds.size - 1):
        begin, n = bounds[i], bounds[i + 1] - bounds[i]
        kinds[i] = kind if ratios[i] else ABSOLUTE
        start, slope, size = np.empty(n + 1), np.empty(n + 1), np.ones(n)
        first, count = 2 if dynamic else 0, 0
        mean, b, best = 0.0, 0.0, -np.inf
        for t in range(n):
            value = x[begin + t]
            if kinds[i] == ROOT:
                value = np.sqrt(value)
            elif kinds[i] == LOG:
                value = np.log(value)
            x[begin + t] = value
            if t == 0:
                start[0], slope[0], mean = value, 0.0, value
            else:
                b = ((t - 1) * b + 6.0 / (t + 1) * (value - mean)) / (t + 2)
                mean += (value - mean) / (t + 1)
            start[t + 1], slope[t + 1] = mean - 0.5 * (t + 2) * b, b
            residuals[begin + t] = 0.0
            if known[begin + t] and t >= first:
                count += 1
            else:
                residuals[begin + t] = np.nan
        if kinds[i] == ROOT:
            one, two, three = x[begin], x[begin + 1], x[begin + 2]
            level = max(min(one, two), min(max(one, two), three))  # their median
            for t in range(n):
                size[t] = max(level, SMALLEST_SIZE)
                if known[begin + t]:
                    level = 0.5 * (level + x[begin + t])
        total = 0.0
        for t in range(n):
            total += size[t]
        line[i, 0], line[i, 1], line[i, 2], line[i, 3] = start[n], b, mean, total / n
        if not dynamic:
            for t in range(n):
                start[t], slope[t] = start[n], b
        for a in range(alphas.size):
            alpha = alphas[a]
            uu, ur, ud, rr, rd, dd, level, r = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0
            for t in range(n):
                after = r * (1.0 - alpha)
                d = r * start[t] + (1.0 - after) / alpha * slope[t]
                u = x[begin + t] - level
                if known[begin + t] and t >= first:
                    uu += u * u
                    ur += u * r
                    ud += u * d
                    rr += r * r
                    rd += r * d
                    dd += d * d
                level += alpha * u
                r = after
            for k in range(shares.size):
                j, s = a * shares.size + k, shares[k]
                square, product = uu - 2.0 * s * ud + s * s * dd, ur - s * rd
                initial, error = x[begin], 0.0
                if rr > TINY * count:
                    initial, error = product / rr, r / np.sqrt(rr)
                    square -= product * initial
                square = max(square, SMALLEST_SQUARE * count)
                weights[i, j] = np.log(alpha) - 0.5 * count * np.log(square)
                best = max(best, weights[i, j])
                candidates[i, j, 0], candidates[i, j, 1] = alpha, s
                candidates[i, j, 2], candidates[i, j, 3] = initial, level + r * initial
                candidates[i, j, 4], candidates[i, j, 5] = error, r
        sum_of_weights = 0.0
        for j in range(weights.shape[1]):
            weights[i, j] = np.exp(weights[i, j] - best)
            sum_of_weights += weights[i, j]
        for a in range(alphas.size):
            total, share, initial = 0.0, 0.0, 0.0  # sums over the errors of this alpha
            for k in range(shares.size):
                j = a * shares.size + k
                weights[i, j] /= sum_of_weights
                total += weights[i, j]
                share += weights[i, j] * shares[k]
                initial += weights[i, j] * candidates[i, j, 2]
            level, r = 0.0, 1.0
            for t in range(n):
                after = r * (1.0 - alphas[a])
                d = r * start[t] + (1.0 - after) / alphas[a] * slope[t]
                u = x[begin + t] - level
                residuals[begin + t] += total * u - share * d - initial * r
                level += alphas[a] * u
                r = after
        for t in range(n):
            means[begin + t] = x[begin + t] - residuals[begin + t]
            residuals[begin + t] /= size[t]


@jit_exact
def _moved(level: float, step: float, kind: int) -> float:
    """Return a level after a step; on the root scale falls shrink it by a share."""
    if kind == ROOT:
        level = max(level, TINY)
        if step < 0.0:
            return level * np.exp(step / level)
    return level + step


@jit_exact
def theta_paths(
    shocks: Array,
    chosen: Array,
    sigma: Array,
    level_doubt: Array,
    slope_doubt: Array,
    candidates: Array,
    line: Array,
    n: int,
    kind: int,
    dynamic: bool,
    ratio: bool,
    ahead: Array,
    ceiling: float,
    paths: Array,
) -> None:
    """Carry levels on by shocks; values over the largest observed one.

    Parameters
    ----------
    shocks : float array of shape (h, P)
    chosen : int array of shape (P,)
        The candidate of each path.
    sigma : float array of shape (P,)
    level_doubt, slope_doubt : float arrays of shape (P,)
        Added to the last level, times its standard error over that of errors, and to B.
    candidates, line, kind, dynamic, ratio, ahead
        As `fit_theta` wrote them for one series of n values.
    ceiling : float
        No value is larger.
    paths : float array of shape (h, P)
        Written.
    """
    top = np.log(ceiling) if kind == LOG else np.sqrt(ceiling)
    for p in range(shocks.shape[1]):
        j = chosen[p]
        alpha, share, r = candidates[j, 0], candidates[j, 1], candidates[j, 5]
        level = candidates[j, 3] + candidates[j, 4] * level_doubt[p]
        start, slope, mean, left = line[0], line[1] + slope_doubt[p], line[2], 1.0
        for step in range(shocks.shape[0]):
            after = r * (1.0 - alpha)
            drift = share * (r * start + (1.0 - after) / alpha * slope)
            r = after
            middle = _moved(level, drift * left if drift < 0.0 else drift, kind)
            if kind == ROOT and drift < 0.0:  # the slope shrinks with the level
                left *= min(middle / max(level, TINY), 1.0)
            shock = sigma[p] * shocks[step, p]
            x = middle * np.exp(min(shock, LARGEST)) if kind == ROOT else middle + shock
            if kind != ABSOLUTE:
                x = min(x, top)
            level += alpha * (x - level)
            if dynamic:
                t = n + step + 1
                slope = ((t - 2) * slope + 6.0 / t * (x - mean)) / (t + 1)
                mean = ((t - 1) * mean + x) / t
                start = mean - 0.5 * (t + 1) * slope
            if kind == ROOT:
                x = x * x
            elif kind == LOG:
                x = np.exp(x)
            f = ahead[step % ahead.size]
            x = x * f if ratio else x + f
            paths[step, p] = min(max(x, 0.0), ceiling)
