"""Linear constraints brought to a form that says which cells follow from which.

Arrays in, small frozen records out. A constraint is a row of numbers whose product with
the cells is zero: whole minus parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Echelon", "Split", "echelon", "split_constraints"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

NOTHING = 1e-11
"""Coefficients below this are what rounding left of a zero; rows have coefficients about 1."""


@dataclass(frozen=True, slots=True)
class Echelon:
    """Constraints solved for one cell each.

    Attributes
    ----------
    rows : float array of shape (rank, n)
        Reduced rows: in the column of its own pivot a row has 1, all others have 0.
    pivots : int array of shape (rank,)
        The column that each row is solved for.
    """

    rows: Floats
    pivots: Ints


def echelon(matrix: Floats, order: Ints) -> Echelon:
    """Solve constraints for the first columns of `order` that they can be solved for.

    Gauss and Jordan's elimination; constraints that follow from others vanish. Only rows
    that hold the pivot are touched, so sparse constraints stay cheap.

    Parameters
    ----------
    matrix : float array of shape (m, n)
    order : int array
        Columns, the most wanted pivots first.

    Examples
    --------
    >>> total = np.array([[1.0, -1.0, -1.0], [2.0, -2.0, -2.0]])
    >>> found = echelon(total, np.array([0, 1, 2]))
    >>> found.rows
    array([[ 1., -1., -1.]])
    """
    rows = np.array(matrix, dtype=float)
    left = np.ones(len(rows), dtype=bool)
    found: list[tuple[int, int]] = []
    for column in order.tolist():
        if len(found) == len(rows):
            break
        candidates = np.flatnonzero(left & (np.abs(rows[:, column]) > NOTHING))
        if not candidates.size:
            continue
        pivot = int(candidates[np.argmax(np.abs(rows[candidates, column]))])
        _eliminate(rows, pivot, column)
        left[pivot] = False
        found.append((pivot, column))
    return Echelon(
        rows[[row for row, _ in found]],
        np.array([column for _, column in found], dtype=np.intp),
    )


def _eliminate(rows: Floats, pivot: int, column: int) -> None:
    """Take the column out of all rows but the pivot's, in place."""
    rows[pivot] /= rows[pivot, column]
    others = np.flatnonzero(rows[:, column])
    others = others[others != pivot]
    if others.size:
        reduced = rows[others] - np.outer(rows[others, column], rows[pivot])
        reduced[np.abs(reduced) < NOTHING] = 0.0
        reduced[:, column] = 0.0
        rows[others] = reduced


@dataclass(frozen=True, slots=True)
class Split:
    """Constraints on cells of which some are forecast, some known, some neither.

    Attributes
    ----------
    soft, known, free : bool arrays of shape (n,)
        Cells that have a base forecast; that have one value for good; that have nothing.
    binding : float array of shape (r, n)
        Independent constraints without free cells.
    pivots : int array of shape (r,)
        The soft cell that each of `binding` is solved for, wholes rather than parts.
    open_rows : float array of shape (f, n)
        Constraints solved for a free cell each; they may hold further free cells.
    given : float array of shape (g, n)
        Those of `open_rows` that hold one free cell only, and so determine it.
    given_pivots : int array of shape (g,)
    among_known : float array of shape (k, n)
        Constraints on known cells alone.
    """

    soft: Bools
    known: Bools
    free: Bools
    binding: Floats
    pivots: Ints
    open_rows: Floats
    given: Floats
    given_pivots: Ints
    among_known: Floats

    @property
    def determined(self) -> Bools:
        """Cells that have a value in the end, shape (n,)."""
        found = self.soft | self.known
        found[self.given_pivots] = True
        return found


def split_constraints(
    matrix: Floats, wholes: Bools, known: Bools, free: Bools
) -> Split:
    """Take free cells out of the constraints, and solve the rest for wholes first.

    Parameters
    ----------
    matrix : float array of shape (m, n)
    wholes, known, free : bool arrays of shape (n,)
        No cell is both known and free.
    """
    soft = ~(known | free)
    classes = [free, soft & wholes, soft & ~wholes, known]
    order = np.concatenate([np.flatnonzero(each) for each in classes])
    solved = echelon(matrix, order)
    by_free = free[solved.pivots]
    by_known = known[solved.pivots]
    alone = by_free.copy()
    alone[by_free] = (solved.rows[by_free][:, free] != 0).sum(axis=1) == 1
    binding = ~(by_free | by_known)
    return Split(
        soft=soft,
        known=known,
        free=free,
        binding=solved.rows[binding],
        pivots=solved.pivots[binding],
        open_rows=solved.rows[by_free],
        given=solved.rows[alone],
        given_pivots=solved.pivots[alone],
        among_known=solved.rows[by_known],
    )
