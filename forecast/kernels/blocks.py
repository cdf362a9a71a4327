"""Loops over blocks of effects: arrays (R, K, T) of R blocks, K columns and T slots.

They serve the conjugate gradients of `forecast.gravity.engine.conjugate`, which work on all
columns at once and drop a column when it has converged: `active` (int64) lists those
still at work, in any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit, jit_apart

__all__ = ["descend", "heaviest_partners", "invert", "precondition", "turn"]

Array = NDArray[Any]


@jit_apart
def descend(V: Array, R: Array, P: Array, Q: Array, size: Array, active: Array) -> int:
    """Go along P as far as it is downhill: ``V += alpha P`` and ``R -= alpha Q``.

    Q is the matrix times P, size (K,) holds ``R'M R``, and alpha is size over ``P'Q``. A
    direction without curvature lies in the null space of the matrix: there is nothing to
    gain. Columns with curvature are moved to the front of `active`; returns how many.
    """
    kept = 0
    for c in range(active.size):
        k = active[c]
        curve = 0.0
        for r in range(P.shape[0]):
            total = P[0, 0, 0] * 0
            for t in range(P.shape[2]):
                total += P[r, k, t] * Q[r, k, t]
            curve += total
        if curve <= 0.0:
            continue
        step = V.dtype.type(size[k] / curve)
        for r in range(P.shape[0]):
            for t in range(P.shape[2]):
                V[r, k, t] += step * P[r, k, t]
            for t in range(P.shape[2]):
                R[r, k, t] -= step * Q[r, k, t]
        active[kept] = k
        kept += 1
    return kept


@jit_apart
def turn(
    P: Array, Z: Array, drop: Array, size: Array, bound: Array, active: Array
) -> int:
    """Turn to the next direction, ``P = Z + beta P``, where it is not the end.

    Z is ``M R``, drop (K,) ``R'Z``, and beta is drop over `size`, which becomes `drop`.
    Columns above their `bound` (K,) are moved to the front of `active`; returns how many.
    """
    kept = 0
    for c in range(active.size):
        k = active[c]
        weight = P.dtype.type(drop[k] / size[k])
        size[k] = drop[k]
        if size[k] <= bound[k]:
            continue
        for r in range(P.shape[0]):
            for t in range(P.shape[2]):
                P[r, k, t] = Z[r, k, t] + weight * P[r, k, t]
        active[kept] = k
        kept += 1
    return kept


@jit
def precondition(
    R: Array,
    diagonal: Array,
    coupling: Array,
    mate: Array,
    active: Array,
    Z: Array,
    out: Array,
) -> None:
    """Write ``Z = M R`` and the inner products ``R'Z`` per active column.

    M holds, for each block r and slot t, the inverse `diagonal` (R, T) and, where r has a
    `mate` (-1: none), minus its `coupling` (R, T) with the same slot of the mate.
    """
    for c in range(active.size):
        out[active[c]] = 0.0
    for r in range(R.shape[0]):
        m = mate[r]
        for c in range(active.size):
            k = active[c]
            total = R[0, 0, 0] * 0
            for t in range(R.shape[2]):
                Z[r, k, t] = diagonal[r, t] * R[r, k, t]
            if m >= 0:
                for t in range(R.shape[2]):
                    Z[r, k, t] -= coupling[r, t] * R[m, k, t]
            for t in range(R.shape[2]):
                total += Z[r, k, t] * R[r, k, t]
            out[k] += total


@jit_apart
def invert(
    d: Array,
    margins: Array,
    rounding: float,
    mate: Array,
    joint: Array,
    totals: Array,
    mu: Array,
    diagonal: Array,
    coupling: Array,
) -> None:
    """Write the inverse that `precondition` applies: 1 x 1, and 2 x 2 where r has a mate.

    ``d`` (R, T) is the diagonal; group ``joint[r]`` of mu (P, T) couples r with its mate.
    Where d is below `rounding` times the margins (R, T) a level has no curvature, and no
    inverse; where a 2 x 2 matrix is nearly singular its diagonal is inverted alone.
    """
    for r in range(d.shape[0]):
        m, group = mate[r], joint[r]
        for t in range(d.shape[1]):
            own = d[r, t]
            diagonal[r, t] = 1.0 / own if own > rounding * margins[r, t] else 0.0
            coupling[r, t] = 0.0
        if m >= 0:
            for t in range(d.shape[1]):
                own, other, shared = d[r, t], d[m, t], np.float64(mu[group, t])
                shared *= 1.0 - shared / totals[group]
                determinant = own * other - shared * shared
                if determinant > 1e-6 * own * other:
                    diagonal[r, t] = other / determinant
                    coupling[r, t] = shared / determinant


@jit
def heaviest_partners(
    outer: Array, inner: Array, totals: Array, best_outer: Array, best_inner: Array
) -> None:
    """Write the heaviest group of each outer and inner block; -1 where there is none."""
    for g in range(totals.size):
        i, j = outer[g], inner[g]
        if best_outer[i] < 0 or totals[g] > totals[best_outer[i]]:
            best_outer[i] = g
        if best_inner[j] < 0 or totals[g] > totals[best_inner[j]]:
            best_inner[j] = g
