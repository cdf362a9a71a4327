"""Loops that take effects off regressors in slots, and go back to rows.

Shapes as in `forecast.kernels.slots`; theta_a (I, K, T) and theta_b (J, K, T) are the
coefficients of the regressors on the outer and inner effects.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_apart

__all__ = ["add_scores", "group_scores", "project_rows"]

Array = NDArray[Any]


@jit_apart
def take_off(
    g: int,
    k: int,
    i: int,
    j: int,
    total: float,
    X: Array,
    mu: Array,
    theta_a: Array,
    theta_b: Array,
    rest: Array,
) -> None:
    """Write column k of group g with all effects taken off to `rest` (T,).

    That is ``x - theta_a - theta_b`` less its mu-weighted mean within the group.
    """
    for t in range(rest.size):
        rest[t] = X[g, k, t] - theta_b[j, k, t]
    if theta_a.shape[0] > 0:
        for t in range(rest.size):
            rest[t] -= theta_a[i, k, t]
    mean = 0.0
    for t in range(rest.size):
        mean += mu[g, t] * rest[t]
    mean /= total
    for t in range(rest.size):
        rest[t] -= mean


@jit_apart
def project_rows(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    totals: Array,
    y: Array,
    X: Array,
    mu: Array,
    theta_a: Array,
    theta_b: Array,
    starts: Array,
    scale: Array,
    out: Array,
) -> None:
    """Write the regressors with all effects projected out, one row per cell present.

    They are those of `take_off` times `scale` (K,); `starts` (P,) is the first row of
    each group in `out` (n, K).
    """
    rest = np.empty(X.shape[2])
    for g in range(first, last):
        for k in range(X.shape[1]):
            take_off(g, k, outer[g], inner[g], totals[g], X, mu, theta_a, theta_b, rest)
            row = starts[g]
            for t in range(rest.size):
                if y[g, t] >= 0.0:
                    out[row, k] = rest[t] * scale[k]
                    row += 1


@jit_apart
def group_scores(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    y: Array,
    X: Array,
    mu: Array,
    theta_a: Array,
    theta_b: Array,
    out: Array,
) -> None:
    """Write each group's sum of ``x~ (y - mu)`` to `out` (P, K).

    Within a group ``y - mu`` adds up to zero, so the mean that is taken off x~ there, see
    `take_off`, does not matter.
    """
    width = X.shape[2]
    three_way = theta_a.shape[0] > 0
    residual = np.empty(width)
    for g in range(first, last):
        i, j = outer[g], inner[g]
        for t in range(width):  # where no row is, y is -1 and mu is 0
            residual[t] = max(y[g, t], 0.0) - mu[g, t]
        for k in range(X.shape[1]):
            score = 0.0
            if three_way:
                for t in range(width):
                    rest = X[g, k, t] - theta_b[j, k, t] - theta_a[i, k, t]
                    score += rest * residual[t]
            else:
                for t in range(width):
                    score += (X[g, k, t] - theta_b[j, k, t]) * residual[t]
            out[g, k] = score


@jit_apart
def add_scores(
    outer: Array,
    inner: Array,
    totals: Array,
    y: Array,
    X: Array,
    mu: Array,
    theta_a: Array,
    theta_b: Array,
    clusters: Array,
    sums: Array,
) -> None:
    """Add each row's score ``x~ (y - mu)`` to its cluster's `sums` (clusters, K).

    `clusters` (n,) has an entry for each cell present, group by group.
    """
    rest = np.empty((X.shape[1], X.shape[2]))
    row = 0
    for g in range(totals.size):
        for k in range(X.shape[1]):
            take_off(
                g, k, outer[g], inner[g], totals[g], X, mu, theta_a, theta_b, rest[k]
            )
        for t in range(X.shape[2]):
            if y[g, t] >= 0.0:
                residual = y[g, t] - mu[g, t]
                cluster = clusters[row]
                row += 1
                for k in range(X.shape[1]):
                    sums[cluster, k] += rest[k, t] * residual
