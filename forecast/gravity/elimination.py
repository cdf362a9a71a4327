r"""Effects taken out of regressors by solving for them, one level at a time.

Let D hold the dummies of all effects and P be some rows, the equations. Levels are solved
for in an order in which each follows from one equation (`forecast.kernels.elimination`);
those that follow from none are *late*: they stay beside the regressors as columns of
their own. What is left of the regressors and of the late levels,

.. math:: C = [L \mid X] - D\,[U \mid V],

is zero on the equations that were solved, and a combination of regressors is one of
effects on P just where a combination of the columns of C is zero on P. No system is
solved by iteration, and dummies are handled without rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.level_table import LevelTable, free_levels
from forecast.gravity.records import Floats, Ints

__all__ = [
    "Direction",
    "Elimination",
    "Remainder",
    "eliminate_levels",
    "remainder",
    "tainted_levels",
    "times",
]

Bools = NDArray[np.bool_]

PROGRESS = 0.01  # a sweep that solves fewer of the open levels is the last one
BLOCK = 1 << 16
FEW = 32  # so many late levels are quicker carried along than looked into


@dataclass(frozen=True)
class Elimination:
    """An order in which the levels can be solved.

    Attributes
    ----------
    table : LevelTable
    rows : int array of shape (S,)
        The equation of each step, a row of the table; -1 where a level was left free.
    effects : int array of shape (S,)
        The effect whose level it fixes; -1 likewise.
    late : int array of shape (m,)
        Numbers of the levels left free.
    """

    table: LevelTable
    rows: Ints
    effects: Ints
    late: Ints


def eliminate_levels(
    table: LevelTable, equations: Bools, counts: Ints, alive: Bools
) -> Elimination:
    """Solve for the levels that occur in the equations.

    Parameters
    ----------
    table : LevelTable of n rows
    equations : bool array of shape (n,)
    counts : int array of shape (L,)
        Equations of each level.
    alive : bool array of shape (n,)
        The equations and all other rows that matter.
    """
    free = free_levels(table, counts)
    found = _eliminate(table, equations, counts, free)
    if found.late.size and _are_free(found, alive):
        return replace(found, late=found.late[:0])
    if found.late.size > FEW:
        # Some may be free by a law that the names of factors do not tell, such as a pair
        # that is the same in both directions: all rows together show which.
        of_all = _eliminate(table, alive, _count(table, alive), free)
        if of_all.late.size and _are_free(of_all, alive):
            free = np.concatenate([free, of_all.late])
            return _eliminate(table, equations, counts, free)
    return found


def _are_free(elimination: Elimination, rows: Bools) -> bool:
    """Tell whether late levels add up to zero in the rows marked, whatever their values.

    Random whole numbers stand for all values; sums of whole numbers are exact.
    """
    from forecast.kernels.elimination import solve

    table, late, effects = elimination.table, elimination.late, elimination.effects
    values = np.zeros((table.size, 1))
    values[late, 0] = np.random.default_rng(late.size).integers(1, 1 << 30, late.size)
    levels = table.rows(elimination.rows)
    solve(levels, effects, np.zeros((effects.size, 1)), -1.0, values)
    return not _sums(table, values[:, 0], rows.size)[rows].any()


def _sums(table: LevelTable, values: Floats, n: int) -> Floats:
    """Add up the values (L,) of each row's levels, (n,)."""
    total = np.zeros(n)
    for f, codes in enumerate(table.codes):
        total += table.part(values, f)[codes]
    return total


def _count(table: LevelTable, rows: Bools) -> Ints:
    """Count the marked rows of each level, (L,)."""
    counts = [
        np.bincount(codes[rows], minlength=table.first[f + 1] - table.first[f])
        for f, codes in enumerate(table.codes)
    ]
    return np.concatenate(counts)


def _eliminate(
    table: LevelTable, equations: Bools, counts: Ints, free: Ints
) -> Elimination:
    """Solve by sweeps while these bring much, then one by one."""
    from forecast.kernels import elimination as kernels

    known = np.zeros(table.size, np.bool_)
    known[free] = True
    to_solve = int(np.count_nonzero((counts > 0) & ~known))
    rows = np.empty(to_solve, np.int32)
    effects = np.empty(to_solve, np.int32)
    steps, solved = 0, to_solve
    while steps < to_solve and solved > PROGRESS * (to_solve - steps):
        before = steps
        steps = kernels.sweep(
            table.codes, table.first[:-1], equations, known, rows, effects, steps
        )
        solved = steps - before
    late = np.empty(0, np.int32)
    if steps < to_solve:
        late = _solve_rest(table, equations, known, rows[steps:], effects[steps:])
    return Elimination(table, rows, effects, late)


def _solve_rest(
    table: LevelTable, equations: Bools, known: Bools, rows: Ints, effects: Ints
) -> Ints:
    """Solve for what sweeps leave; write the steps and return the late levels."""
    from forecast.kernels import elimination as kernels

    is_open = np.zeros(equations.size, np.bool_)
    kernels.mark_open(table.codes, table.first[:-1], equations, known, is_open)
    open_rows = np.flatnonzero(is_open)
    late = np.empty(rows.size, np.int32)
    sizes = np.diff(table.first)
    wanted = np.argsort(sizes, kind="stable").astype(np.int32)
    steps, n_late = kernels.eliminate(
        table.rows(open_rows), known, wanted, rows, effects, late
    )
    rows[:] = np.where(rows >= 0, open_rows[rows], -1)
    assert steps == rows.size, "every open level is solved or left free"
    return late[:n_late]


@dataclass(frozen=True)
class Remainder:
    """What is left of late levels and regressors.

    Attributes
    ----------
    table : LevelTable of n rows
    columns : sequence of float arrays of shape (n,)
        Regressors.
    shift, scale : float arrays of shape (K,)
        ``(x - shift) / scale`` is what effects are taken out of.
    values : float array of shape (L, K)
        V: for each level what the regressors are there.
    bound : float array of shape (L, 1)
        Sum of the absolute values that went into a row of V (or of U).
    place : int array of shape (L,)
        Row of each level in `late_values`; 0 where late levels do not matter.
    late_values : float array of shape (T, m)
        U.
    """

    table: LevelTable
    columns: Sequence[Floats]
    shift: Floats
    scale: Floats
    values: Floats
    bound: Floats
    place: Ints
    late_values: Floats

    def at(self, rows: Ints) -> tuple[Floats, Floats]:
        """Rows of C, (r, m + K), and what their rounding errors are proportional to, (r,)."""
        from forecast.kernels.elimination import add_levels

        X = _scaled(self.columns, rows, self.shift, self.scale)
        levels = self.table.rows(rows)
        size = _sizes(X)
        late = np.zeros((X.shape[0], self.late_values.shape[1]))
        add_levels(levels, self.values, -1.0, X)
        add_levels(levels, self.bound, 1.0, size)
        if late.shape[1]:
            add_levels(self.place[levels], self.late_values, -1.0, late)
        return np.hstack([late, X]), size[:, 0]

    def blocks(self, rows: Ints) -> Iterator[tuple[Floats, Floats]]:
        """Yield `at` for the rows, some at a time."""
        for start in range(0, rows.size, BLOCK):
            yield self.at(rows[start : start + BLOCK])

    def vanishes(self, weights: Floats, rows: Bools) -> bool:
        """Tell whether a combination (m,) of late levels is zero in the rows marked."""
        values = times(self.late_values, weights)[self.place]
        total = np.abs(_sums(self.table, values, rows.size)[rows])
        return bool(total.max(initial=0.0) <= 1e-9 * np.abs(values).max())

    def direction(self, coefficients: Floats) -> Direction:
        """Write a combination (m + K,) of columns of C as one of regressors and dummies."""
        m = self.late_values.shape[1]
        values = times(self.values, coefficients[m:])
        if m:
            values += times(self.late_values, coefficients[:m])[self.place]
        return Direction(coefficients[m:], self.shift, self.scale, values)


@dataclass(frozen=True)
class Direction:
    """A combination of regressors and dummies.

    Attributes
    ----------
    slopes, shift, scale : float arrays of shape (K,)
        Of ``(x - shift) / scale``.
    values : float array of shape (L,)
        What is taken off for each level.
    """

    slopes: Floats
    shift: Floats
    scale: Floats
    values: Floats

    def at(self, table: LevelTable, columns: Sequence[Floats], n: int) -> Floats:
        """Return the combination in all n rows of a table."""
        z = np.zeros(n) - _sums(table, self.values, n)
        for k, column in enumerate(columns):
            if self.slopes[k]:
                z += (column - self.shift[k]) * (self.slopes[k] / self.scale[k])
        return z


def remainder(
    elimination: Elimination,
    columns: Sequence[Floats],
    shift: Floats,
    scale: Floats,
) -> Remainder:
    """Take the effects out of regressors, here only for each level; rows when asked for."""
    from forecast.kernels.elimination import solve

    table, effects = elimination.table, elimination.effects
    levels = table.rows(elimination.rows)
    right = _scaled(columns, elimination.rows, shift, scale)
    values = np.zeros((table.size, len(columns)))
    solve(levels, effects, right, -1.0, values)
    bound = np.zeros((table.size, 1))
    bound[elimination.late] = 1.0
    solve(levels, effects, _sizes(right), 1.0, bound)
    place, late_values = _late_values(elimination, levels)
    return Remainder(table, columns, shift, scale, values, bound, place, late_values)


def _late_values(elimination: Elimination, levels: Ints) -> tuple[Ints, Floats]:
    """U: what the values of levels are in terms of the late ones."""
    from forecast.kernels.elimination import solve

    late = elimination.late
    tainted = tainted_levels(elimination, levels)
    place = np.where(tainted, np.cumsum(tainted), 0).astype(np.int32)
    U = np.zeros((int(np.count_nonzero(tainted)) + 1, late.size))
    U[place[late], np.arange(late.size)] = -1.0
    if late.size:
        fixed = levels[np.arange(levels.shape[0]), elimination.effects]
        steps = (elimination.effects >= 0) & tainted[fixed]
        right = np.zeros((int(np.count_nonzero(steps)), late.size))
        solve(place[levels[steps]], elimination.effects[steps], right, -1.0, U)
    return place, U


def tainted_levels(elimination: Elimination, levels: Ints) -> Bools:
    """Mark the levels (L,) that are late or follow from late ones.

    `levels` (S, F) are those of the equations of the steps.
    """
    from forecast.kernels.elimination import spread_taint

    tainted = np.zeros(elimination.table.size, np.bool_)
    tainted[elimination.late] = True
    if elimination.late.size:
        spread_taint(levels, elimination.effects, tainted)
    return tainted


def times(A: Floats, B: Floats) -> Floats:
    """``A @ B`` by one thread, with the same bits however many there are."""
    return np.einsum("ij,j...->i...", A, B)


def _scaled(
    columns: Sequence[Floats], rows: Ints, shift: Floats, scale: Floats
) -> Floats:
    """``(x - shift) / scale`` at some rows, shape (r, K)."""
    X = np.empty((rows.size, len(columns)))
    for k, column in enumerate(columns):
        X[:, k] = (column[rows] - shift[k]) / scale[k]
    return X


def _sizes(X: Floats) -> Floats:
    """Return the largest absolute value of each row, at least 1, shape (r, 1)."""
    return np.abs(X).max(axis=1, initial=1.0)[:, None]
