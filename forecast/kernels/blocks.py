"""Loops over blocks of effects: arrays (R, K, T) of R blocks, K columns and T slots.

They serve the conjugate gradients of `forecast.gravity.engine.conjugate`, which work on all
columns at once and drop a column when it has converged: `active` (int64) lists those
still at work.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from forecast.kernels.jit import jit

__all__ = ["advance", "column_dots", "heaviest_partners", "precondition", "redirect"]

Array = NDArray[Any]


@jit
def column_dots(U: Array, V: Array, active: Array, out: Array) -> None:
    """Write the inner product of U and V for each active column to `out` (K,)."""
    for c in range(active.size):
        out[active[c]] = 0.0
    for r in range(U.shape[0]):
        for c in range(active.size):
            k = active[c]
            total = U[0, 0, 0] * 0
            for t in range(U.shape[2]):
                total += U[r, k, t] * V[r, k, t]
            out[k] += total


@jit
def advance(
    V: Array, R: Array, P: Array, Q: Array, alpha: Array, active: Array
) -> None:
    """``V += alpha P`` and ``R -= alpha Q`` for each active column; alpha (K,)."""
    for r in range(V.shape[0]):
        for c in range(active.size):
            k = active[c]
            step = alpha[k]
            for t in range(V.shape[2]):
                V[r, k, t] += step * P[r, k, t]
            for t in range(V.shape[2]):
                R[r, k, t] -= step * Q[r, k, t]


@jit
def redirect(P: Array, Z: Array, beta: Array, active: Array) -> None:
    """``P = Z + beta P`` for each active column; beta (K,)."""
    for r in range(P.shape[0]):
        for c in range(active.size):
            k = active[c]
            weight = beta[k]
            for t in range(P.shape[2]):
                P[r, k, t] = Z[r, k, t] + weight * P[r, k, t]


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
