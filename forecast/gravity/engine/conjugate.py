"""Preconditioned conjugate gradients on blocks of effects, all columns at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecast.gravity.records import Floats, Ints
from forecast.kernels import blocks

__all__ = ["Conditioner", "Solution", "conjugate_gradients"]


class Conditioner(Protocol):
    """An approximate inverse M of the Schur complement."""

    def apply(self, R: Floats, active: Ints, Z: Floats, out: Floats) -> None:
        """Write ``Z = M R`` (R, K, T) and ``R'Z`` per active column (K,) to `out`."""
        ...


@dataclass(frozen=True)
class Solution:
    """Where conjugate gradients ended.

    Attributes
    ----------
    V : float array of shape (R, K, T)
    residual : float array of shape (R, K, T)
        Right side minus the matrix times V.
    iterations : int
    """

    V: Floats
    residual: Floats
    iterations: int


def conjugate_gradients(
    product: Callable[[Floats, Ints], Floats],
    conditioner: Conditioner,
    rhs: Floats,
    start: Floats | None,
    *,
    tolerance: float,
    limit: int,
    floor: Floats | float = 0.0,
) -> Solution:
    r"""Solve ``S V = rhs`` for each column of rhs (R, K, T).

    A column is done when :math:`r'Mr \le \max(\text{tolerance}^2\, b'Mb,
    \text{floor})`, with r its residual and b its right side.

    Parameters
    ----------
    product : callable
        ``product(V, active)`` is ``S V`` in the columns of `active`.
    conditioner : Conditioner
    rhs : float array of shape (R, K, T)
    start : float array of shape (R, K, T) or None
        Where to begin; None is zero.
    tolerance : float
    limit : int
        Most iterations.
    floor : float or float array of shape (K,)
        Absolute bound on ``r'Mr``: below it a residual is rounding, which no number of
        iterations removes.
    """
    every = np.arange(rhs.shape[1])
    R = rhs.copy()
    Z = np.empty_like(R)
    size, drop = np.zeros((2, every.size))
    conditioner.apply(R, every, Z, size)
    bound = np.maximum(tolerance**2 * size, floor)
    if start is None:
        V = np.zeros_like(R)
    else:
        V = start.astype(R.dtype)
        R -= product(V, every)
        conditioner.apply(R, every, Z, size)
    P = Z.copy()
    iterations = 0
    active = np.flatnonzero(size > bound)
    while active.size and iterations < limit:
        active = active[: blocks.descend(V, R, P, product(P, active), size, active)]
        conditioner.apply(R, active, Z, drop)
        iterations += 1
        active = active[: blocks.turn(P, Z, drop, size, bound, active)]
    return Solution(V, R, iterations)
