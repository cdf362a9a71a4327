r"""Loops over slotted panels: groups with T slots each, side by side in memory.

A group is a level of the finest fixed effect (a pair, or an exporter in one year), a
slot is a period (or an importer). All cells of a group stand in one row, absent cells
are slots with ``y < 0``, so no loop needs an index, and all of them vectorise. Each
group g belongs to an outer block of effects ``a[outer[g], :]`` (the exporter over time;
none in two-way models) and to an inner one ``b[inner[g], :]`` (the importer over time).

The finest effect is concentrated out: with :math:`u = x'\beta + a + b + o` and
:math:`Y_g = \sum_t y_{gt}`,

.. math:: \mu_{gt} = Y_g \, e^{u_{gt}} / \textstyle\sum_s e^{u_{gs}} .

Kernels work on groups ``first`` to ``last - 1`` and add to the sums that they are given.
`forecast.kernels.placing` fills the slots, `forecast.kernels.projecting` goes back to rows.
Shapes: y, offset, mu (P, T); X (P, K, T); a (I, T); b (J, T); V (I or J, K, T).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.exponential import exponentials
from forecast.kernels.jit import jit_apart
from forecast.kernels.products import add_products

__all__ = [
    "cross_moments",
    "proportional_sweep",
    "schur_diagonal",
    "schur_product",
    "score_pass",
]

Array = NDArray[Any]


@jit_apart
def proportional_sweep(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    y: Array,
    totals: Array,
    factor: Array,
    a: Array,
    b: Array,
    target: Array,
    s_b: Array,
) -> None:
    """One sweep of iterative proportional fitting on a, b >= 0 without regressors.

    Fitted means are ``level * factor * a * b``; `factor` (P, T) is exp(offset), or empty.
    Updates `a` in place so that fitted sums over an outer block equal `target` (I, T),
    then adds the fitted sums by inner block, without the factor b, to `s_b` (J, T).
    Blocks of groups must not cut an outer block in two. Without outer effects `target`
    has no rows.
    """
    width = y.shape[1]
    three_way = target.shape[0] > 0
    shifted = factor.shape[0] > 0
    fitted = np.empty(width)
    weight = np.empty(width)
    start = first
    while start < last:
        i = outer[start]
        stop = start
        while stop < last and outer[stop] == i:
            stop += 1
        for sweep in range(2 if three_way else 1):
            closing = sweep == 1 or not three_way
            for t in range(width):
                fitted[t] = 0.0
            for g in range(start, stop):
                j = inner[g]
                for t in range(width):
                    weight[t] = 1.0 if y[g, t] >= 0.0 else 0.0
                if shifted:
                    for t in range(width):
                        weight[t] *= factor[g, t]
                if three_way:
                    for t in range(width):
                        weight[t] *= a[i, t]
                total = 0.0
                for t in range(width):
                    total += weight[t] * b[j, t]
                level = totals[g] / total if total > 0.0 else 0.0
                if closing:
                    for t in range(width):
                        s_b[j, t] += level * weight[t]
                else:
                    for t in range(width):
                        fitted[t] += level * weight[t] * b[j, t]
            if not closing:
                for t in range(width):
                    if fitted[t] > 0.0:
                        a[i, t] *= target[i, t] / fitted[t]
        start = stop


@jit_apart
def score_pass(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    y: Array,
    totals: Array,
    X: Array,
    offset: Array,
    beta: Array,
    a: Array,
    b: Array,
    mu: Array,
    s_a: Array,
    s_b: Array,
    s_x: Array,
) -> float:
    """Fitted means, scores and log-likelihood at (beta, a, b), in one pass over the data.

    Writes `mu` (the finest effect concentrated out) and adds ``y - mu`` to the scores of
    the outer effects `s_a` (I, T), the inner ones `s_b` (J, T), and ``X'(y - mu)`` to
    `s_x` (K,). Returns ``sum y (u + log level)``; the sum of mu is constant.
    """
    width = y.shape[1]
    three_way = a.shape[0] > 0
    shifted = offset.shape[0] > 0
    u = np.empty(width)
    residual = np.empty(width)
    bits = np.empty(width, np.int64)
    powers = bits.view(np.float64)
    loglik = 0.0
    for g in range(first, last):
        j = inner[g]
        i = outer[g]
        if three_way:
            for t in range(width):
                u[t] = a[i, t] + b[j, t]
        else:
            for t in range(width):
                u[t] = b[j, t]
        if shifted:
            for t in range(width):
                u[t] += offset[g, t]
        for k in range(beta.size):
            slope = beta[k]
            for t in range(width):
                u[t] += slope * X[g, k, t]
        exponentials(u, residual, bits, powers)
        for t in range(width):
            residual[t] = residual[t] if y[g, t] >= 0.0 else 0.0
        total = 0.0
        inside = 0.0
        for t in range(width):
            total += residual[t]
            inside += max(y[g, t], 0.0) * u[t]
        level = totals[g] / total
        loglik += inside + totals[g] * np.log(level)
        if three_way:
            for t in range(width):
                fitted = level * residual[t]
                rest = max(y[g, t], 0.0) - fitted
                mu[g, t] = fitted
                residual[t] = rest
                s_a[i, t] += rest
                s_b[j, t] += rest
        else:
            for t in range(width):
                fitted = level * residual[t]
                rest = max(y[g, t], 0.0) - fitted
                mu[g, t] = fitted
                residual[t] = rest
                s_b[j, t] += rest
        for k in range(beta.size):
            inner_product = 0.0
            for t in range(width):
                inner_product += X[g, k, t] * residual[t]
            s_x[k] += inner_product
    return loglik


@jit_apart
def cross_moments(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    totals: Array,
    X: Array,
    mu: Array,
    C_a: Array,
    C_b: Array,
    gram: Array,
) -> None:
    """Weighted moments of the regressors with their group means taken off.

    Adds ``D'W X~`` to `C_a` (I, K, T) and `C_b` (J, K, T), and ``X~'W X~`` to `gram`
    (K, K), with W = mu and X~ = X minus its mu-weighted mean within the group.
    """
    n_columns, width = X.shape[1], X.shape[2]
    if n_columns == 0:
        return
    three_way = C_a.shape[0] > 0
    # So many groups at a time that the buffers stay in the first cache.
    chunk = max(1, 512 // width)
    # In the precision of mu: single on the way, double at the end.
    real = mu.dtype.type
    x = np.empty(width, mu.dtype)
    centred = np.empty((n_columns, chunk * width), mu.dtype)
    weighted = np.empty((n_columns, chunk * width), mu.dtype)
    filled = 0
    for g in range(first, last):
        i, j = outer[g], inner[g]
        inverse = real(1.0 / totals[g])
        at = filled * width
        for k in range(n_columns):
            for t in range(width):
                x[t] = X[g, k, t]
            mean = real(0)
            for t in range(width):
                mean += mu[g, t] * x[t]
            mean *= inverse
            own, mass = centred[k, at : at + width], weighted[k, at : at + width]
            for t in range(width):
                own[t] = x[t] - mean
                mass[t] = mu[g, t] * own[t]
            for t in range(width):
                C_b[j, k, t] += mass[t]
            if three_way:
                for t in range(width):
                    C_a[i, k, t] += mass[t]
        filled += 1
        if filled == chunk or g == last - 1:
            add_products(centred, weighted, filled * width, gram)
            filled = 0


@jit_apart
def schur_product(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    totals: Array,
    mu: Array,
    V_a: Array,
    V_b: Array,
    active: Array,
    out_a: Array,
    out_b: Array,
) -> None:
    """Add the Schur complement times V to `out`, for the columns in `active`.

    With v = V_a + V_b in each cell, take off its mu-weighted mean within the group and
    add mu times the rest to both blocks. Reads mu only, never X. Neighbours of one outer
    block go four at a time, which reads and writes that block once for all of them.
    """
    width = mu.shape[1]
    three_way = V_a.shape[0] > 0
    real = mu.dtype.type
    g = first
    while g < last:
        i = outer[g]
        if not three_way:
            j, inverse = inner[g], real(1.0 / totals[g])
            for c in range(active.size):
                k = active[c]
                mean = real(0)
                for t in range(width):
                    mean += mu[g, t] * V_b[j, k, t]
                mean *= inverse
                for t in range(width):
                    out_b[j, k, t] += mu[g, t] * (V_b[j, k, t] - mean)
            g += 1
        elif g + 3 < last and outer[g + 3] == i:
            j0, j1, j2, j3 = inner[g], inner[g + 1], inner[g + 2], inner[g + 3]
            for c in range(active.size):
                k = active[c]
                m0 = m1 = m2 = m3 = real(0)
                for t in range(width):
                    shared = V_a[i, k, t]
                    m0 += mu[g, t] * (shared + V_b[j0, k, t])
                    m1 += mu[g + 1, t] * (shared + V_b[j1, k, t])
                    m2 += mu[g + 2, t] * (shared + V_b[j2, k, t])
                    m3 += mu[g + 3, t] * (shared + V_b[j3, k, t])
                m0 *= real(1.0 / totals[g])
                m1 *= real(1.0 / totals[g + 1])
                m2 *= real(1.0 / totals[g + 2])
                m3 *= real(1.0 / totals[g + 3])
                for t in range(width):
                    shared = V_a[i, k, t]
                    x0 = mu[g, t] * (shared + V_b[j0, k, t] - m0)
                    x1 = mu[g + 1, t] * (shared + V_b[j1, k, t] - m1)
                    x2 = mu[g + 2, t] * (shared + V_b[j2, k, t] - m2)
                    x3 = mu[g + 3, t] * (shared + V_b[j3, k, t] - m3)
                    out_a[i, k, t] += (x0 + x1) + (x2 + x3)
                    out_b[j0, k, t] += x0
                    out_b[j1, k, t] += x1
                    out_b[j2, k, t] += x2
                    out_b[j3, k, t] += x3
            g += 4
        else:
            j, inverse = inner[g], real(1.0 / totals[g])
            for c in range(active.size):
                k = active[c]
                mean = real(0)
                for t in range(width):
                    mean += mu[g, t] * (V_a[i, k, t] + V_b[j, k, t])
                mean *= inverse
                for t in range(width):
                    x = mu[g, t] * (V_a[i, k, t] + V_b[j, k, t] - mean)
                    out_a[i, k, t] += x
                    out_b[j, k, t] += x
            g += 1


@jit_apart
def schur_diagonal(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    totals: Array,
    mu: Array,
    d_a: Array,
    d_b: Array,
) -> None:
    """Add the diagonal of the Schur complement, ``sum mu (1 - mu / Y)``, per block."""
    width = mu.shape[1]
    three_way = d_a.shape[0] > 0
    for g in range(first, last):
        i, j = outer[g], inner[g]
        inverse = 1.0 / totals[g]
        for t in range(width):
            d_b[j, t] += mu[g, t] * (1.0 - mu[g, t] * inverse)
        if three_way:
            for t in range(width):
                d_a[i, t] += mu[g, t] * (1.0 - mu[g, t] * inverse)
