r"""Regressors with the effects taken out by elimination.

Let D hold the dummies of all effects, L those of late levels, and let the values of all
other levels be solved for on some rows, the equations. What is left of late levels and of
regressors,

.. math:: C = [L \mid X] - D\,[U \mid V],

is zero on the equations that were used up, and a combination of regressors is one of
effects on the equations just where a combination of the columns of C is zero there. No
system is solved by iteration, and dummies are handled without rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.products import times
from forecast.gravity.records import Floats, Ints
from forecast.gravity.samples.elimination import Elimination, tainted_levels

__all__ = ["Direction", "Remainder", "remainder"]

Bools = NDArray[np.bool_]

BLOCK = 1 << 16


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

    @property
    def noise(self) -> float:
        """Rounding error of a row of C, relative to its bound.

        Arithmetic loses little; the digits that a regressor has spent on being far from
        zero were lost before.
        """
        far = np.abs(self.shift / self.scale).max(initial=0.0)
        return 1e-11 + 4e-15 * float(far)

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

    def touched(self, n: int) -> Bools:
        """Mark the rows of the table, n in all, in which late levels matter."""
        from forecast.kernels.elimination import mark_rows

        marked = np.zeros(n, np.bool_)
        for f, codes in enumerate(self.table.codes):
            matters = self.table.part(self.place, f) > 0
            if matters.any():
                mark_rows(codes, matters, marked)
        return marked

    def vanishes(self, weights: Floats, touched: Ints) -> bool:
        """Tell whether a combination (m,) of late levels is zero in the rows touched."""
        from forecast.kernels.elimination import largest_sum

        values = times(self.late_values, weights)[self.place]
        table = self.table
        largest = largest_sum(table.codes, table.first[:-1], values, touched)
        return bool(largest <= 1e-9 * np.abs(values).max())

    def late_rows(self, N: Floats, touched: Ints) -> Floats:
        """Combinations N (m, q) of late levels in the rows where one is not zero.

        Entries that are rounding are zero; shape (r, q).
        """
        columns = []
        for weights in N.T:
            values = times(self.late_values, weights)[self.place]
            total = self.table.sums_at(values, touched)
            total[np.abs(total) <= 1e-9 * np.abs(values).max()] = 0.0
            columns.append(total)
        B = np.column_stack(columns)
        return B[B.any(axis=1)]

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
        z = np.zeros(n) - table.sums(self.values, n)
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
    size = np.ones(X.shape[0])
    for column in X.T:
        np.maximum(size, np.abs(column), out=size)
    return size[:, None]
