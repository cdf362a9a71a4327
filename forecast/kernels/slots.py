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
Shapes: y, offset, mu (P, T); X (P, K, T); a (I, T); b (J, T); V (I or J, K, T).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.exponential import exponentials
from forecast.kernels.jit import jit, jit_apart
from forecast.kernels.products import add_products

__all__ = [
    "add_scores",
    "cross_moments",
    "fill_column",
    "fill_outcome",
    "list_rows",
    "place_rows",
    "project_rows",
    "proportional_sweep",
    "schur_diagonal",
    "schur_product",
    "score_pass",
    "sum_groups",
]

Array = NDArray[Any]

GROUPS_AT_A_TIME = 128


@jit
def sum_groups(
    group: Array, y: Array, weights: Array, keep: Array, sums: Array
) -> None:
    """Add the (weighted) outcome of each row kept to its group's `sums`.

    Shapes: group, y (n,); weights, keep (n,) or empty; sums (groups,).
    """
    weighted, some = weights.size > 0, keep.size > 0
    for row in range(y.size):
        if some and not keep[row]:
            continue
        sums[group[row]] += y[row] * weights[row] if weighted else y[row]


@jit
def place_rows(
    slot: Array, group: Array, keep: Array, rank: Array, width: int, source: Array
) -> int:
    """Write each row's number into its cell; return how many cells were asked for twice.

    Shapes: slot, group (n,); keep (n,), or empty where all rows are kept; rank (groups,)
    with -1 for groups left out; source (P * width,) filled with -1.
    """
    collisions = 0
    some = keep.size > 0
    for row in range(slot.size):
        if some and not keep[row]:
            continue
        place = rank[group[row]]
        if place < 0:
            continue
        cell = place * width + slot[row]
        if source[cell] >= 0:
            collisions += 1
        source[cell] = row
    return collisions


@jit
def list_rows(source: Array, rows: Array) -> None:
    """Write the rows of the cells present in `source` (P, T) to `rows`, group by group."""
    place = 0
    for g in range(source.shape[0]):
        for t in range(source.shape[1]):
            if source[g, t] >= 0:
                rows[place] = source[g, t]
                place += 1


@jit_apart
def fill_outcome(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    source: Array,
    y: Array,
    weights: Array,
    scale: float,
    cells: Array,
    totals: Array,
    s_a: Array,
    s_b: Array,
) -> None:
    """Write ``scale * weights * y`` into the cells, -1 where absent, and its sums.

    `weights` (n,) may be empty: all one. Writes the sums of groups to `totals` (P,) and
    adds those by outer block and slot to `s_a` (I, T), by inner one to `s_b` (J, T).
    """
    width = cells.shape[1]
    weighted = weights.size > 0
    for g in range(first, last):
        total = 0.0
        for t in range(width):
            row = source[g, t]
            value = -1.0
            if row >= 0:
                value = y[row] * scale
                if weighted:
                    value *= weights[row]
            cells[g, t] = value
        for t in range(width):
            total += max(cells[g, t], 0.0)
        totals[g] = total
        i, j = outer[g], inner[g]
        for t in range(width):
            s_b[j, t] += max(cells[g, t], 0.0)
        if s_a.shape[0] > 0:
            for t in range(width):
                s_a[i, t] += max(cells[g, t], 0.0)


@jit_apart
def fill_column(
    first: int,
    last: int,
    source: Array,
    column: Array,
    center: float,
    scale: float,
    X: Array,
    k: int,
) -> None:
    """Write column `k` of X, centred and scaled; zero in absent cells.

    A few groups at a time, slot by slot: a table sorted by period is then read in its
    own order, and the cells written stay in the second cache.
    """
    for start in range(first, last, GROUPS_AT_A_TIME):
        stop = min(start + GROUPS_AT_A_TIME, last)
        for t in range(X.shape[2]):
            for g in range(start, stop):
                row = source[g, t]
                X[g, k, t] = (column[row] - center) * scale if row >= 0 else 0.0


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
    block go two at a time, which reads and writes that block once for both.
    """
    width = mu.shape[1]
    three_way = V_a.shape[0] > 0
    real = mu.dtype.type
    g = first
    while g < last:
        i, j, inverse = outer[g], inner[g], real(1.0 / totals[g])
        following = g + 1
        if not three_way:
            for c in range(active.size):
                k = active[c]
                mean = real(0)
                for t in range(width):
                    mean += mu[g, t] * V_b[j, k, t]
                mean *= inverse
                for t in range(width):
                    out_b[j, k, t] += mu[g, t] * (V_b[j, k, t] - mean)
        elif following < last and outer[following] == i:
            j_next = inner[following]
            inverse_next = real(1.0 / totals[following])
            for c in range(active.size):
                k = active[c]
                mean = mean_next = real(0)
                for t in range(width):
                    mean += mu[g, t] * (V_a[i, k, t] + V_b[j, k, t])
                    mean_next += mu[following, t] * (V_a[i, k, t] + V_b[j_next, k, t])
                mean *= inverse
                mean_next *= inverse_next
                for t in range(width):
                    x = mu[g, t] * (V_a[i, k, t] + V_b[j, k, t] - mean)
                    x_next = V_a[i, k, t] + V_b[j_next, k, t] - mean_next
                    x_next *= mu[following, t]
                    out_a[i, k, t] += x + x_next
                    out_b[j, k, t] += x
                    out_b[j_next, k, t] += x_next
            following += 1
        else:
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
        g = following


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

    ``x~ = x - theta_a - theta_b - (mu-weighted group mean of that)``, times `scale`
    (K,); `starts` (P,) is the first row of each group in `out` (n, K).
    """
    n_columns, width = X.shape[1], X.shape[2]
    three_way = theta_a.shape[0] > 0
    rest = np.empty(width)
    for g in range(first, last):
        i, j = outer[g], inner[g]
        for k in range(n_columns):
            mean = 0.0
            for t in range(width):
                x = X[g, k, t] - theta_b[j, k, t]
                if three_way:
                    x -= theta_a[i, k, t]
                rest[t] = x
            for t in range(width):
                mean += mu[g, t] * rest[t]
            mean /= totals[g]
            row = starts[g]
            for t in range(width):
                if y[g, t] >= 0.0:
                    out[row, k] = (rest[t] - mean) * scale[k]
                    row += 1


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

    `clusters` (n,) has an entry for each cell present, group by group; x~ is as in
    `project_rows`, with scale 1.
    """
    n_columns, width = X.shape[1], X.shape[2]
    three_way = theta_a.shape[0] > 0
    rest = np.empty((n_columns, width))
    row = 0
    for g in range(totals.size):
        i, j = outer[g], inner[g]
        for k in range(n_columns):
            mean = 0.0
            for t in range(width):
                x = X[g, k, t] - theta_b[j, k, t]
                if three_way:
                    x -= theta_a[i, k, t]
                rest[k, t] = x
            for t in range(width):
                mean += mu[g, t] * rest[k, t]
            mean /= totals[g]
            for t in range(width):
                rest[k, t] -= mean
        for t in range(width):
            if y[g, t] >= 0.0:
                residual = y[g, t] - mu[g, t]
                cluster = clusters[row]
                row += 1
                for k in range(n_columns):
                    sums[cluster, k] += rest[k, t] * residual
