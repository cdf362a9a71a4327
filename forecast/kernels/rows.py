r"""Loops over rows sorted by their finest effect, for any set of effects on any graph.

The rows of one level of the finest effect (a group) are neighbours:
``starts[g] ... starts[g + 1] - 1``. The other effects are numbered through, and
``index`` (F, n) holds the level of each per row. The finest effect is concentrated out as
in `forecast.kernels.slots`; coefficients of the others are vectors (m,) or (K, m).

`weights` (n,) are those of the information matrix: in PPML the fitted means mu, in least
squares the prior weights. `inverse` (P,) is one over their sum in the group, or 0 where
that is 0. Regressors X are (K, n).

Kernels work on groups ``first`` to ``last - 1``, about a thousand rows at a time, so that
every loop is over a buffer that stays in the first cache, and add to the sums that they
are given. Within such a part rows are counted from its first, unsigned: an index that
may be negative is looked at before it is used, which keeps loops from being vectorised.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.exponential import exponentials
from forecast.kernels.jit import jit, jit_apart
from forecast.kernels.products import add_products

__all__ = [
    "add_by_level",
    "add_scores",
    "cross_moments",
    "fitted_margin",
    "project_rows",
    "schur_product",
    "score_pass",
]

Array = NDArray[Any]

ROWS_AT_A_TIME = 1024


@jit
def chunk_end(starts: Array, group: int, last: int) -> int:
    """The first group that is not worked on together with `group`."""
    end = group + 1
    while end < last and starts[end + 1] - starts[group] <= ROWS_AT_A_TIME:
        end += 1
    return end


@jit
def chunk_size(starts: Array, first: int, last: int) -> int:
    """Rows of the largest chunk."""
    size = 0
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        size = max(size, starts[end] - starts[group])
        group = end
    return size


@jit_apart
def score_pass(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    y: Array,
    totals: Array,
    X: Array,
    offset: Array,
    beta: Array,
    theta: Array,
    mu: Array,
    s_theta: Array,
    s_x: Array,
) -> float:
    """Fitted means, scores and log-likelihood at (beta, theta), in one pass.

    Writes `mu` (n,), adds ``D'(y - mu)`` to `s_theta` (m,) and ``X'(y - mu)`` to `s_x`
    (K,); returns ``sum y (u + log level)``.
    """
    longest = chunk_size(starts, first, last)
    u_all, e_all = np.empty(longest), np.empty(longest)
    bits_all = np.empty(longest, np.int64)
    loglik = 0.0
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        r0 = starts[group]
        size = starts[end] - r0
        u, e, bits = u_all[:size], e_all[:size], bits_all[:size]
        own_y, own_mu = y[r0 : r0 + size], mu[r0 : r0 + size]
        if offset.size > 0:
            u[:] = offset[r0 : r0 + size]
        else:
            u[:] = 0.0
        for k in range(beta.size):
            slope, own_x = beta[k], X[k, r0 : r0 + size]
            for q in range(size):
                u[q] += slope * own_x[q]
        for f in range(index.shape[0]):
            own = index[f, r0 : r0 + size]
            for q in range(size):
                u[q] += theta[own[q]]
        exponentials(u, e, bits, bits.view(np.float64))
        inside = 0.0
        for q in range(size):
            inside += own_y[q] * u[q]
        loglik += inside
        for g in range(group, end):
            begin, stop = np.uint64(starts[g] - r0), np.uint64(starts[g + 1] - r0)
            total = 0.0
            for q in range(begin, stop):
                total += e[q]
            level = totals[g] / total
            loglik += totals[g] * np.log(level)
            for q in range(begin, stop):
                own_mu[q] = level * e[q]
        for q in range(size):
            e[q] = own_y[q] - own_mu[q]
        for f in range(index.shape[0]):
            own = index[f, r0 : r0 + size]
            for q in range(size):
                s_theta[own[q]] += e[q]
        for k in range(beta.size):
            own_x, total = X[k, r0 : r0 + size], 0.0
            for q in range(size):
                total += own_x[q] * e[q]
            s_x[k] += total
        group = end
    return loglik


@jit_apart
def fitted_margin(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    totals: Array,
    base: Array,
    factors: Array,
    effect: int,
    sums: Array,
) -> None:
    """Add to `sums` (m,) what one effect's levels have of means without regressors.

    A mean is `base` (n,), or 1 if that is empty, times the `factors` (m,) of its levels,
    scaled to the group's total: no exponential.
    """
    e_all = np.empty(chunk_size(starts, first, last))
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        r0 = starts[group]
        size = starts[end] - r0
        e = e_all[:size]
        if base.size > 0:
            e[:] = base[r0 : r0 + size]
        else:
            e[:] = 1.0
        for f in range(index.shape[0]):
            own = index[f, r0 : r0 + size]
            for q in range(size):
                e[q] *= factors[own[q]]
        for g in range(group, end):
            begin, stop = np.uint64(starts[g] - r0), np.uint64(starts[g + 1] - r0)
            total = 0.0
            for q in range(begin, stop):
                total += e[q]
            level = totals[g] / total
            for q in range(begin, stop):
                e[q] *= level
        own = index[effect, r0 : r0 + size]
        for q in range(size):
            sums[own[q]] += e[q]
        group = end


@jit_apart
def centre_groups(
    group: int, end: int, starts: Array, weights: Array, inverse: Array, values: Array
) -> None:
    """Take the weighted mean off each group's values, which begin at 0, in place."""
    r0 = starts[group]
    own = weights[r0 : starts[end]]
    for g in range(group, end):
        begin, stop = np.uint64(starts[g] - r0), np.uint64(starts[g + 1] - r0)
        mean = 0.0
        for q in range(begin, stop):
            mean += own[q] * values[q]
        mean *= inverse[g]
        for q in range(begin, stop):
            values[q] -= mean


@jit_apart
def cross_moments(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    inverse: Array,
    X: Array,
    weights: Array,
    C: Array,
    gram: Array,
) -> None:
    """Weighted moments of the columns with their group means taken off.

    Adds ``X~'W D`` to `C` (K, m) and ``X~'W X~`` to `gram` (K, K).
    """
    n_columns = X.shape[0]
    longest = chunk_size(starts, first, last)
    centred = np.empty((n_columns, longest))
    weighted = np.empty((n_columns, longest))
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        r0 = starts[group]
        size = starts[end] - r0
        w = weights[r0 : r0 + size]
        for k in range(n_columns):
            x, own, mass = X[k, r0 : r0 + size], centred[k, :size], weighted[k, :size]
            for g in range(group, end):
                begin, stop = np.uint64(starts[g] - r0), np.uint64(starts[g + 1] - r0)
                mean = 0.0
                for q in range(begin, stop):
                    mean += w[q] * x[q]
                mean *= inverse[g]
                for q in range(begin, stop):
                    own[q] = x[q] - mean
                    mass[q] = w[q] * own[q]
            sums = C[k]
            for f in range(index.shape[0]):
                levels = index[f, r0 : r0 + size]
                for q in range(size):
                    sums[levels[q]] += mass[q]
        if n_columns:
            add_products(centred, weighted, size, gram)
        group = end


@jit_apart
def schur_product(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    weights: Array,
    inverse: Array,
    V: Array,
    out: Array,
) -> None:
    """Add the Schur complement times V (K, m) to `out` (K, m)."""
    longest = chunk_size(starts, first, last)
    v_all = np.empty(longest)
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        r0 = starts[group]
        size = starts[end] - r0
        v, w = v_all[:size], weights[r0 : r0 + size]
        for k in range(V.shape[0]):
            of, to = V[k], out[k]
            for q in range(size):
                v[q] = 0.0
            for f in range(index.shape[0]):
                own = index[f, r0 : r0 + size]
                for q in range(size):
                    v[q] += of[own[q]]
            for g in range(group, end):
                mean = 0.0
                begin, stop = np.uint64(starts[g] - r0), np.uint64(starts[g + 1] - r0)
                for q in range(begin, stop):
                    mean += w[q] * v[q]
                mean *= inverse[g]
                for q in range(begin, stop):
                    v[q] = w[q] * (v[q] - mean)
            for f in range(index.shape[0]):
                own = index[f, r0 : r0 + size]
                for q in range(size):
                    to[own[q]] += v[q]
        group = end


@jit_apart
def add_by_level(index: Array, values: Array, sums: Array) -> None:
    """Add the values (n,) of rows to the `sums` (m,) of all their levels."""
    for f in range(index.shape[0]):
        for row in range(values.size):
            sums[index[f, row]] += values[row]


@jit_apart
def project_rows(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    weights: Array,
    inverse: Array,
    X: Array,
    theta: Array,
    out: Array,
) -> None:
    """Write ``X - theta D' - its weighted group mean`` to `out` (K, n); theta (K, m)."""
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        r0 = starts[group]
        size = starts[end] - r0
        for k in range(X.shape[0]):
            own = out[k, r0 : r0 + size]
            own[:] = X[k, r0 : r0 + size]
            of = theta[k]
            for f in range(index.shape[0]):
                levels = index[f, r0 : r0 + size]
                for q in range(size):
                    own[q] -= of[levels[q]]
            centre_groups(group, end, starts, weights, inverse, own)
        group = end


@jit_apart
def add_scores(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    inverse: Array,
    y: Array,
    mu: Array,
    X: Array,
    theta: Array,
    clusters: Array,
    sums: Array,
) -> None:
    """Add each row's score, ``(y - mu)`` times `project_rows` of X, to its cluster's sum.

    `clusters` (n,) are rows of `sums` (clusters, K), theta is (K, m); rows are added in
    their order.
    """
    own_all = np.empty(chunk_size(starts, first, last))
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        r0 = starts[group]
        size = starts[end] - r0
        own, to = own_all[:size], clusters[r0 : r0 + size]
        own_y, own_mu = y[r0 : r0 + size], mu[r0 : r0 + size]
        for k in range(X.shape[0]):
            of = theta[k]
            own[:] = X[k, r0 : r0 + size]
            for f in range(index.shape[0]):
                levels = index[f, r0 : r0 + size]
                for q in range(size):
                    own[q] -= of[levels[q]]
            centre_groups(group, end, starts, mu, inverse, own)
            for q in range(size):
                own[q] *= own_y[q] - own_mu[q]
            for q in range(size):
                sums[to[q], k] += own[q]
        group = end
