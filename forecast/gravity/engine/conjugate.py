"""Preconditioned conjugate gradients on blocks of effects, all columns at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from forecast.gravity.records import Floats, Ints
from forecast.kernels import blocks

__all__ = [
    "MOST_ITERATIONS",
    "Conditioner",
    "Solution",
    "Work",
    "conjugate_gradients",
]

MOST_ITERATIONS = 5_000


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


@dataclass(frozen=True)
class Work:
    """Arrays that are changed as conjugate gradients go on.

    Attributes
    ----------
    V, R, P, Z : float arrays of shape (R, K, T)
        Solution, residual, direction, and the residual times M.
    size, bound : float arrays of shape (K,)
        ``R'M R``, and where that is small enough.
    limit : int
        Most iterations.
    """

    V: Floats
    R: Floats
    P: Floats
    Z: Floats
    size: Floats
    bound: Floats
    limit: int


Loop: TypeAlias = Callable[[Work, Ints], int]


def conjugate_gradients(
    product: Callable[[Floats, Ints], Floats],
    conditioner: Conditioner,
    rhs: Floats,
    start: Floats | None,
    *,
    tolerance: float,
    limit: int,
    floor: Floats | float = 0.0,
    loop: Loop | None = None,
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
    loop : callable, optional
        What iterates in place of `iterate`, and gives the same up to rounding.
    """
    every = np.arange(rhs.shape[1])
    R = rhs.copy()
    Z = np.empty_like(R)
    size = np.zeros(every.size)
    conditioner.apply(R, every, Z, size)
    bound = np.maximum(tolerance**2 * size, floor)
    if start is None:
        V = np.zeros_like(R)
    else:
        V = start.astype(R.dtype)
        R -= product(V, every)
        conditioner.apply(R, every, Z, size)
    work = Work(V, R, Z.copy(), Z, size, bound, limit)
    active = np.flatnonzero(size > bound)
    count = loop(work, active) if loop else iterate(product, conditioner, work, active)
    return Solution(V, R, count)


def iterate(
    product: Callable[[Floats, Ints], Floats],
    conditioner: Conditioner,
    work: Work,
    active: Ints,
) -> int:
    """Iterate until no column is active; return how often."""
    V, R, P, Z, size = work.V, work.R, work.P, work.Z, work.size
    drop, count = np.zeros_like(size), 0
    while active.size and count < work.limit:
        active = active[: blocks.descend(V, R, P, product(P, active), size, active)]
        conditioner.apply(R, active, Z, drop)
        count += 1
        active = active[: blocks.turn(P, Z, drop, size, work.bound, active)]
    return count
