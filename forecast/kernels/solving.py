"""Conjugate gradients on one block of slots, in a single call.

On small panels a call from Python takes longer than the loops of `forecast.kernels.slots`
and `forecast.kernels.blocks` that it would start.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from forecast.kernels.blocks import descend, precondition, turn
from forecast.kernels.jit import jit_apart
from forecast.kernels.slots import schur_product

__all__ = ["solve_block"]

Array = NDArray[Any]


@jit_apart
def solve_block(
    outer: Array,
    inner: Array,
    totals: Array,
    mu: Array,
    diagonal: Array,
    coupling: Array,
    mate: Array,
    V: Array,
    R: Array,
    P: Array,
    Q: Array,
    Z: Array,
    size: Array,
    drop: Array,
    bound: Array,
    active: Array,
    n_outer: int,
    limit: int,
) -> int:
    """Iterate until every column's ``R'M R`` is at most its `bound`; return how often.

    Shapes: V, R, P, Q, Z (R, K, T), the `n_outer` outer blocks first; size, drop, bound
    (K,); M is that of `precondition`. On entry R is the residual of V, P is ``M R`` and
    `size` is ``R'M R``; `active` lists the columns above their bound. Q, Z and drop are
    scratch space.
    """
    iterations = 0
    while active.size > 0 and iterations < limit:
        for r in range(Q.shape[0]):
            for k in range(Q.shape[1]):
                for t in range(Q.shape[2]):
                    Q[r, k, t] = 0.0
        schur_product(
            0,
            totals.size,
            outer,
            inner,
            totals,
            mu,
            P[:n_outer],
            P[n_outer:],
            active,
            Q[:n_outer],
            Q[n_outer:],
        )
        active = active[: descend(V, R, P, Q, size, active)]
        precondition(R, diagonal, coupling, mate, active, Z, drop)
        iterations += 1
        active = active[: turn(P, Z, drop, size, bound, active)]
    return iterations
