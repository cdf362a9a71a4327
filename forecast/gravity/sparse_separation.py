"""Separation where effects hang together so loosely that many levels stay free.

The linear programme of `forecast.gravity.separation` then has one unknown for each level
that does not follow from others, and a sparse matrix. It is slower, and needed only where
levels have hardly any row with y > 0 in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forecast.gravity.elimination import Elimination, tainted_levels
from forecast.gravity.programmes import most_positive
from forecast.gravity.records import Floats, Ints
from forecast.gravity.remainders import Direction, Remainder, remainder
from forecast.gravity.separation import (
    SLIGHT,
    Separated,
    dependence_on,
    null_space,
    terms_of,
)

__all__ = ["separate_sparsely"]


def separate_sparsely(
    eliminated: Elimination,
    columns: Sequence[Floats],
    shift: Floats,
    scale: Floats,
    equations: Ints,
    zeros: Ints,
) -> list[Separated]:
    """Find all rows that are separated; the same answer as `separate`.

    Levels that follow from no late one are solved for as ever; the values of all others
    are unknowns.
    """
    table = eliminated.table
    tainted = tainted_levels(eliminated, table.rows(eliminated.rows))
    rest = _untainted(eliminated, tainted, columns, shift, scale)
    touched = tainted[table.rows(equations)].any(axis=1)
    fixed = equations[~touched]
    N: Floats = np.eye(len(columns))
    if fixed.size:
        N = null_space(dependence_on(rest, fixed, exactly=True))
    open_rows = equations[touched]
    found: list[Separated] = []
    for slopes in (N[:, :0], N):
        if found and slopes.shape[1] == 0:
            continue
        programme = _Programme(rest, tainted, slopes, open_rows, zeros)
        separated = programme.solve()
        if separated is not None:
            found.append(separated)
            zeros = np.setdiff1d(zeros, separated.rows)
        if N.shape[1] == 0 or zeros.size == 0:
            break
    return found


def _untainted(
    eliminated: Elimination,
    tainted: Any,
    columns: Sequence[Floats],
    shift: Floats,
    scale: Floats,
) -> Remainder:
    """Take out of the regressors only the levels that follow from no late one."""
    rows, effects = eliminated.rows, eliminated.effects
    levels = eliminated.table.rows(rows)
    solved = (effects >= 0) & ~tainted[levels[np.arange(rows.size), effects]]
    only = replace(
        eliminated,
        rows=rows[solved],
        effects=effects[solved],
        late=eliminated.late[:0],
    )
    return remainder(only, columns, shift, scale)


class _Programme:
    """Maximise the number of rows with z > 0 over slopes and values of tainted levels."""

    def __init__(
        self,
        rest: Remainder,
        tainted: Any,
        slopes: Floats,
        equations: Ints,
        zeros: Ints,
    ) -> None:
        self.rest, self.slopes = rest, slopes
        self.levels = np.flatnonzero(tainted)
        self.place = np.cumsum(tainted) - 1
        self.tainted = tainted
        self.equal = self._matrix(equations)
        above = self._matrix(zeros)
        size = np.sqrt((above**2).sum(axis=1))
        some = np.flatnonzero(size > SLIGHT)
        self.zeros = zeros[some]
        self.above = _scaled_rows(above[some], size[some])

    def _matrix(self, rows: Ints) -> Any:
        """Write z of some rows as a sparse matrix on slopes and values."""
        from scipy.sparse import coo_array, csr_array, hstack

        levels = self.rest.table.rows(rows)
        row, effect = np.nonzero(self.tainted[levels])
        column = self.place[levels[row, effect]]
        ones = -np.ones(row.size)
        shape = (rows.size, self.levels.size)
        values = coo_array((ones, (row, column)), shape=shape).tocsr()
        if self.slopes.shape[1] == 0:
            return values
        parts = [C @ self.slopes for C, _ in self.rest.blocks(rows)]
        left = np.concatenate(parts) if parts else np.empty((0, self.slopes.shape[1]))
        left[np.abs(left) <= SLIGHT] = 0.0
        return hstack([csr_array(left), values]).tocsr()

    def solve(self) -> Separated | None:
        """Return the separated rows, or None where there are none."""
        if self.above.shape[0] == 0:
            return None
        unknowns = most_positive(self.above, equal=self.equal, is_large=True)
        z = self.above @ unknowns
        positive = z > 0.5
        if not positive.any():
            return None
        direction = self._direction(unknowns / z[positive].min())
        return Separated(self.zeros[positive], direction, terms_of(direction))

    def _direction(self, unknowns: Floats) -> Direction:
        n_slopes = self.slopes.shape[1]
        direction = self.rest.direction(self.slopes @ unknowns[:n_slopes])
        direction.values[self.levels] = unknowns[n_slopes:]
        return direction


def _scaled_rows(matrix: Any, size: Floats) -> Any:
    """Divide each row of a sparse matrix by its size."""
    from scipy.sparse import diags_array

    return (diags_array(1.0 / size) @ matrix).tocsr()
