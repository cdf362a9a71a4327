r"""Loops over rows sorted by their finest effect, for any set of effects on any graph.

The rows of one level of the finest effect (a group) are neighbours:
``starts[g] ... starts[g + 1] - 1``. The other effects are numbered through, and
``index`` (n, F) holds their F levels per row. The finest effect is concentrated out as in
`forecast.kernels.slots`; coefficients of the others are vectors (m,) or (m, K).

`weights` (n,) are those of the information matrix: in PPML the fitted means mu, in least
squares the prior weights. `inverse` (P,) is one over their sum in the group, or 0 where
that is 0. Kernels work on groups ``first`` to ``last - 1`` and add to the sums that they
are given.
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.exponential import exponentials
from forecast.kernels.jit import jit

__all__ = [
    "cross_moments",
    "project_rows",
    "schur_dense",
    "schur_diagonal",
    "schur_product",
    "score_pass",
    "sort_rows",
    "sort_within_groups",
]


@jit
def sort_rows(codes, count):
    """Sort rows by code, keeping their order within a code.

    Returns the first row of each code, (count + 1,), and the rows in order, (n,).
    """
    starts = np.zeros(count + 1, np.int64)
    for row in range(codes.size):
        starts[codes[row] + 1] += 1
    for g in range(count):
        starts[g + 1] += starts[g]
    place = starts[:-1].copy()
    order = np.empty(codes.size, np.int64)
    for row in range(codes.size):
        g = codes[row]
        order[place[g]] = row
        place[g] += 1
    return starts, order


@jit
def sort_within_groups(starts, order, keys):
    """Sort the rows of each group by key, in place; return the number of equal neighbours.

    Shapes: starts (P + 1,), order (n,) as of `sort_rows`, keys (n,) int64 by row number.
    """
    ties = 0
    for g in range(starts.size - 1):
        first, last = starts[g], starts[g + 1]
        tidy = True
        for place in range(first + 1, last):
            before, here = keys[order[place - 1]], keys[order[place]]
            if before > here:
                tidy = False
                break
        if not tidy:
            rows = order[first:last].copy()
            own = np.empty(rows.size, np.int64)
            for q in range(rows.size):
                own[q] = keys[rows[q]]
            ranks = np.argsort(own, kind="mergesort")
            for q in range(rows.size):
                order[first + q] = rows[ranks[q]]
        for place in range(first + 1, last):
            if keys[order[place - 1]] == keys[order[place]]:
                ties += 1
    return ties


@jit
def score_pass(
    first, last, starts, index, y, totals, X, offset, beta, theta, mu, s_theta, s_x
):
    """Fitted means, scores and log-likelihood at (beta, theta), in one pass.

    Writes `mu` (n,), adds ``D'(y - mu)`` to `s_theta` (m,) and ``X'(y - mu)`` to `s_x`
    (K,); returns ``sum y (u + log level)``.
    """
    longest = 0
    for g in range(first, last):
        longest = max(longest, starts[g + 1] - starts[g])
    u_all, e_all = np.empty(longest), np.empty(longest)
    bits = np.empty(longest, np.int64)
    powers = bits.view(np.float64)
    n_effects = index.shape[1]
    shifted = offset.size > 0
    loglik = 0.0
    for g in range(first, last):
        r0 = starts[g]
        size = starts[g + 1] - r0
        u, e = u_all[:size], e_all[:size]
        for q in range(size):
            total = offset[r0 + q] if shifted else 0.0
            for k in range(beta.size):
                total += beta[k] * X[r0 + q, k]
            for f in range(n_effects):
                total += theta[index[r0 + q, f]]
            u[q] = total
        exponentials(u, e, bits, powers)
        total = 0.0
        inside = 0.0
        for q in range(size):
            total += e[q]
            inside += y[r0 + q] * u[q]
        level = totals[g] / total
        loglik += inside + totals[g] * np.log(level)
        for q in range(size):
            fitted = level * e[q]
            mu[r0 + q] = fitted
            e[q] = y[r0 + q] - fitted
        for q in range(size):
            for f in range(n_effects):
                s_theta[index[r0 + q, f]] += e[q]
            for k in range(beta.size):
                s_x[k] += X[r0 + q, k] * e[q]
    return loglik


@jit
def cross_moments(first, last, starts, index, inverse, X, weights, C, gram):
    """Weighted moments of the columns with their group means taken off.

    Adds ``D'W X~`` to `C` (m, K) and ``X~'W X~`` to the lower half of `gram` (K, K).
    """
    n_columns, n_effects = X.shape[1], index.shape[1]
    mean = np.empty(n_columns)
    centred = np.empty(n_columns)
    for g in range(first, last):
        for k in range(n_columns):
            mean[k] = 0.0
        for r in range(starts[g], starts[g + 1]):
            for k in range(n_columns):
                mean[k] += weights[r] * X[r, k]
        for k in range(n_columns):
            mean[k] *= inverse[g]
        for r in range(starts[g], starts[g + 1]):
            for k in range(n_columns):
                centred[k] = X[r, k] - mean[k]
            for f in range(n_effects):
                level = index[r, f]
                for k in range(n_columns):
                    C[level, k] += weights[r] * centred[k]
            for k in range(n_columns):
                x = weights[r] * centred[k]
                for m in range(k + 1):
                    gram[k, m] += x * centred[m]


@jit
def schur_product(first, last, starts, index, weights, inverse, V, out):
    """Add the Schur complement times V (m, K) to `out` (m, K)."""
    n_columns, n_effects = V.shape[1], index.shape[1]
    longest = 0
    for g in range(first, last):
        longest = max(longest, starts[g + 1] - starts[g])
    v = np.empty((longest, n_columns))
    mean = np.empty(n_columns)
    for g in range(first, last):
        r0 = starts[g]
        for k in range(n_columns):
            mean[k] = 0.0
        for r in range(r0, starts[g + 1]):
            for k in range(n_columns):
                total = 0.0
                for f in range(n_effects):
                    total += V[index[r, f], k]
                v[r - r0, k] = total
                mean[k] += weights[r] * total
        for k in range(n_columns):
            mean[k] *= inverse[g]
        for r in range(r0, starts[g + 1]):
            for k in range(n_columns):
                x = weights[r] * (v[r - r0, k] - mean[k])
                for f in range(n_effects):
                    out[index[r, f], k] += x


@jit
def schur_diagonal(first, last, starts, index, weights, inverse, diagonal):
    """Add an upper bound of the Schur complement's diagonal, exact for single rows."""
    for g in range(first, last):
        for r in range(starts[g], starts[g + 1]):
            share = weights[r] * (1.0 - weights[r] * inverse[g])
            for f in range(index.shape[1]):
                diagonal[index[r, f]] += share


@jit
def schur_dense(starts, index, weights, inverse, S):
    """Add the Schur complement to S (m, m)."""
    n_effects = index.shape[1]
    for g in range(starts.size - 1):
        for r in range(starts[g], starts[g + 1]):
            for f in range(n_effects):
                level = index[r, f]
                for h in range(n_effects):
                    S[level, index[r, h]] += weights[r]
                share = weights[r] * inverse[g]
                for s in range(starts[g], starts[g + 1]):
                    for h in range(n_effects):
                        S[level, index[s, h]] -= share * weights[s]


@jit
def project_rows(first, last, starts, index, weights, inverse, X, theta, out):
    """Write ``X - D theta - its weighted group mean`` to `out` (n, K)."""
    n_columns, n_effects = X.shape[1], index.shape[1]
    mean = np.empty(n_columns)
    for g in range(first, last):
        for k in range(n_columns):
            mean[k] = 0.0
        for r in range(starts[g], starts[g + 1]):
            for k in range(n_columns):
                x = X[r, k]
                for f in range(n_effects):
                    x -= theta[index[r, f], k]
                out[r, k] = x
                mean[k] += weights[r] * x
        for k in range(n_columns):
            mean[k] *= inverse[g]
        for r in range(starts[g], starts[g + 1]):
            for k in range(n_columns):
                out[r, k] -= mean[k]
