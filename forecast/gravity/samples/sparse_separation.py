"""Separation where effects hang together so loosely that many levels stay free.

The linear programme of `forecast.gravity.samples.separation` then has one unknown for each level
that does not follow from others, and a sparse matrix. It is slower, and needed only where
levels have hardly any row with y > 0 in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.products import times
from forecast.gravity.records import Floats, Ints
from forecast.gravity.samples.elimination import Elimination, tainted_levels
from forecast.gravity.samples.programmes import most_positive
from forecast.gravity.samples.remainders import Direction, Remainder, remainder
from forecast.gravity.samples.separation import (
    SLIGHT,
    Separated,
    dependence_on,
    null_space,
    terms_of,
)

__all__ = ["separate_sparsely"]

Bools = NDArray[np.bool_]


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
    found: list[Separated] = []
    for slopes in [N[:, :0], N] if N.shape[1] else [N]:
        unknowns = _Unknowns(rest, tainted, slopes)
        separated = _solve(unknowns, equations[touched], zeros)
        if separated is not None:
            found.append(separated)
            zeros = np.setdiff1d(zeros, separated.rows)
    return found


def _untainted(
    eliminated: Elimination,
    tainted: Bools,
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


@dataclass(frozen=True)
class _Unknowns:
    """What z is made of: some combinations of regressors, and values of levels.

    Attributes
    ----------
    rest : Remainder
        Regressors less all levels that are not tainted.
    tainted : bool array of shape (L,)
        Levels whose values are unknown.
    slopes : float array of shape (K, a)
        Combinations of regressors.
    """

    rest: Remainder
    tainted: Bools
    slopes: Floats

    def matrix(self, rows: Ints) -> Any:
        """Write z of some rows as a sparse matrix on the unknowns."""
        from scipy.sparse import coo_array, csr_array, hstack

        levels = self.rest.table.rows(rows)
        row, effect = np.nonzero(self.tainted[levels])
        column = (np.cumsum(self.tainted) - 1)[levels[row, effect]]
        shape = (rows.size, int(np.count_nonzero(self.tainted)))
        values = coo_array((-np.ones(row.size), (row, column)), shape=shape)
        parts: list[Floats] = [np.empty((0, self.slopes.shape[1]))]
        parts += [times(C, self.slopes) for C, _ in self.rest.blocks(rows)]
        left = np.concatenate(parts)
        left[np.abs(left) <= SLIGHT] = 0.0
        return hstack([csr_array(left), values.tocsr()], format="csr")

    def direction(self, unknowns: Floats) -> Direction:
        """Return z for values of the unknowns."""
        n_slopes = self.slopes.shape[1]
        direction = self.rest.direction(times(self.slopes, unknowns[:n_slopes]))
        direction.values[self.tainted] = unknowns[n_slopes:]
        return direction


def _solve(unknowns: _Unknowns, equations: Ints, zeros: Ints) -> Separated | None:
    """Return the rows that the unknowns separate, or None where there are none."""
    from scipy.sparse import diags_array

    above = unknowns.matrix(zeros)
    size = np.sqrt((above**2).sum(axis=1))
    some = np.flatnonzero(size > SLIGHT)
    if some.size == 0:
        return None
    above = diags_array(1.0 / size[some]) @ above[some]
    solved = most_positive(above, equal=unknowns.matrix(equations), is_large=True)
    z = above @ solved
    positive = z > 0.5
    if not positive.any():
        return None
    direction = unknowns.direction(solved / z[positive].min())
    return Separated(zeros[some[positive]], direction, terms_of(direction))
