r"""Complex exponential smoothing at a grid of parameters, for many series; and its paths.

.. math:: x_t = l_{t-1} + e_t, \quad
          l_t = l_{t-1} - (1 - a_1) c_{t-1} + (a_0 - a_1) e_t, \quad
          c_t = l_{t-1} + (1 - a_0) c_{t-1} + (a_0 + a_1) e_t.

Errors are linear in the initial states: three passes, of the data from zero states and
of nothing from each unit state, give them for all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact
from forecast.kernels.theta import ABSOLUTE, LARGEST, ROOT, SMALLEST_SIZE, TINY

__all__ = ["complex_paths", "fit_complex"]

Array = NDArray[Any]

SMALLEST_SQUARE = 1e-20
"""A mean square error below which a fit counts as exact (values are about 1)."""

RIDGE = 1e-6
"""Share of the squares of both columns that holds the initial potential near zero."""

LIGHTEST = 1e-3
"""Candidates below this share of the heaviest do not count in residuals."""


@jit_exact
def fit_complex(
    x: Array,
    known: Array,
    bounds: Array,
    kind: int,
    alphas: Array,
    growths: Array,
    growth_sd: float,
    ratios: Array,
    kinds: Array,
    sizes: Array,
    weights: Array,
    candidates: Array,
    means: Array,
    residuals: Array,
) -> None:
    r"""Weigh all candidates of each series; those without a stable fit weigh nothing.

    Parameters
    ----------
    x : float array of shape (N,)
        All series, one after the other, each over its largest value, without seasons;
        comes back on the working scale.
    known : bool array of shape (N,)
        False in gaps: they go as expected.
    bounds : int array of shape (S + 1,)
        Series i is ``x[bounds[i]:bounds[i + 1]]``, of five values or more.
    kind : int
        The working scale: `ROOT` or `ABSOLUTE`.
    alphas, growths : float arrays
        The grid; :math:`a_0 = 1 + \alpha`, and forecasts grow by 1 + growth a period.
    growth_sd : float
        Of the prior of the growth, normal about zero.
    ratios : bool array of shape (S,)
        Whether a series is positive; others are `ABSOLUTE`.
    kinds : int array of shape (S,)
        Written: working scales.
    sizes : float array of shape (S,)
        Written: mean size of an error of 1.
    weights : float array of shape (S, J)
        Written; J candidates, growths within alphas.
    candidates : float array of shape (S, J, 10)
        Written: a0, a1, initial states, last states, the root of their covariance over
        the variance of errors (two rows of two).
    means, residuals : float arrays of shape (N,)
        Written: weighed one-step means on the working scale, and errors; NaN where
        there is none.
    """
    for i in range(bounds.size - 1):
        begin, end = bounds[i], bounds[i + 1]
        kinds[i] = kind if ratios[i] else ABSOLUTE
        count, total, best = 0, 0.0, -np.inf
        for t in range(begin, end):
            x[t] = np.sqrt(x[t]) if kinds[i] == ROOT else x[t]
            count += known[t]
            means[t] = 0.0
        for j in range(weights.shape[1]):
            alpha, growth = alphas[j // growths.size], growths[j % growths.size]
            a0, a1 = 1.0 + alpha, 1.0 + growth * (1.0 + alpha) + growth * growth
            # Past errors must fade: the roots of l and c less their share of errors.
            trace, det = 2.0 - 2.0 * a0 + a1, (1.0 - a0) * (2.0 - a0) - a1 + a1 * a1
            weights[i, j] = -np.inf
            if abs(det) >= 1.0 or abs(trace) >= 1.0 + det:
                continue
            l0, c0, l1, c1, l2, c2 = 0.0, 0.0, 1.0, 0.0, 0.0, 1.0
            s00, s01, s02, s11, s12, s22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for t in range(begin, end):
                e0, e1, e2 = x[t] - l0, -l1, -l2
                if known[t]:
                    s00 += e0 * e0
                    s01 += e0 * e1
                    s02 += e0 * e2
                    s11 += e1 * e1
                    s12 += e1 * e2
                    s22 += e2 * e2
                else:
                    e0, e1, e2 = 0.0, 0.0, 0.0
                p0, p1, p2 = l0, l1, l2
                l0 = p0 - (1.0 - a1) * c0 + (a0 - a1) * e0
                l1 = p1 - (1.0 - a1) * c1 + (a0 - a1) * e1
                l2 = p2 - (1.0 - a1) * c2 + (a0 - a1) * e2
                c0 = p0 + (1.0 - a0) * c0 + (a0 + a1) * e0
                c1 = p1 + (1.0 - a0) * c1 + (a0 + a1) * e1
                c2 = p2 + (1.0 - a0) * c2 + (a0 + a1) * e2
            s22 += RIDGE * (s11 + s22)
            left = s22 - s12 * s12 / s11
            z2 = -(s02 - s12 / s11 * s01) / left
            z1 = -(s01 + s12 * z2) / s11
            square = s00 + z1 * s01 + z2 * s02
            square = max(square, SMALLEST_SQUARE * count)
            # The root of the inverse of (s11 s12; s12 s22) is upper triangular.
            one, two = 1.0 / np.sqrt(s11), 1.0 / np.sqrt(left)
            cross = -s12 / s11 * two
            weights[i, j] = (
                np.log(alpha)
                - 0.5 * (growth / growth_sd) ** 2
                - 0.5 * count * np.log(square)
            )
            best = max(best, weights[i, j])
            candidates[i, j, 0], candidates[i, j, 1] = a0, a1
            candidates[i, j, 2], candidates[i, j, 3] = z1, z2
            candidates[i, j, 4] = l0 + z1 * l1 + z2 * l2
            candidates[i, j, 5] = c0 + z1 * c1 + z2 * c2
            candidates[i, j, 6], candidates[i, j, 7] = l1 * one, l1 * cross + l2 * two
            candidates[i, j, 8], candidates[i, j, 9] = c1 * one, c1 * cross + c2 * two
        for j in range(weights.shape[1]):
            weights[i, j] = np.exp(weights[i, j] - best)
            weights[i, j] *= weights[i, j] > LIGHTEST
            total += weights[i, j]
        for j in range(weights.shape[1]):
            weights[i, j] /= total
            if weights[i, j] > 0.0:
                a0, a1 = candidates[i, j, 0], candidates[i, j, 1]
                l0, c0 = candidates[i, j, 2], candidates[i, j, 3]
                for t in range(begin, end):
                    means[t] += weights[i, j] * l0
                    e0 = x[t] - l0 if known[t] else 0.0
                    p0 = l0
                    l0 = p0 - (1.0 - a1) * c0 + (a0 - a1) * e0
                    c0 = p0 + (1.0 - a0) * c0 + (a0 + a1) * e0
        one, two, three = x[begin], x[begin + 1], x[begin + 2]
        level = max(min(one, two), min(max(one, two), three))  # their median
        sizes[i] = 0.0
        for t in range(begin, end):
            size = max(level, SMALLEST_SIZE) if kinds[i] == ROOT else 1.0
            sizes[i] += size / (end - begin)
            residuals[t] = np.nan
            if known[t]:
                level = 0.5 * (level + x[t])
                residuals[t] = (x[t] - means[t]) / size
            else:
                means[t] = np.nan


@jit_exact
def complex_paths(
    shocks: Array,
    chosen: Array,
    sigma: Array,
    doubt: Array,
    candidates: Array,
    kind: int,
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
    doubt : float array of shape (2, P)
        Multiplies the root of the covariance of the last states.
    candidates, kind, ratio, ahead
        As `fit_complex` wrote them for one series.
    ceiling : float
        No value is larger.
    paths : float array of shape (h, P)
        Written.
    """
    top = np.sqrt(ceiling) if kind == ROOT else np.inf
    for p in range(shocks.shape[1]):
        j = chosen[p]
        a0, a1 = candidates[j, 0], candidates[j, 1]
        level = candidates[j, 4] + (
            candidates[j, 6] * doubt[0, p] + candidates[j, 7] * doubt[1, p]
        )
        potential = candidates[j, 5] + (
            candidates[j, 8] * doubt[0, p] + candidates[j, 9] * doubt[1, p]
        )
        for step in range(shocks.shape[0]):
            shock = sigma[p] * shocks[step, p]
            mean, x = level, level + shock
            if kind == ROOT:
                mean = min(max(level, TINY), top)
                x = min(mean * np.exp(min(shock, LARGEST)), top)
            error = x - mean
            level = mean - (1.0 - a1) * potential + (a0 - a1) * error
            potential = mean + (1.0 - a0) * potential + (a0 + a1) * error
            if kind == ROOT:
                x = x * x
            f = ahead[step % ahead.size]
            x = x * f if ratio else x + f
            paths[step, p] = min(max(x, 0.0), ceiling)
