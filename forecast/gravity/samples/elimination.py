r"""An order in which the values of levels can be solved for, one at a time.

Some rows are equations: the values of their levels add up to what stands on the right
side. A level whose value follows from an equation and from levels before it is solved;
one that follows from none is *late*, and stays free. Levels that mean nothing alone
(`forecast.gravity.designs.level_table.free_levels`) are zero from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.records import Ints
from forecast.gravity.samples.free_levels import free_levels
from forecast.gravity.samples.marked_rows import list_rows

__all__ = ["Elimination", "eliminate_levels", "tainted_levels"]

Bools = NDArray[np.bool_]

PROGRESS = 0.01  # a sweep that solves fewer of the open levels is the last one
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
    if found.late.size > FEW:
        if _are_free(found, alive):
            return replace(found, late=found.late[:0])
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
    return not table.sums(values[:, 0], rows.size)[rows].any()


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
    waiting = _hubs_and_others(table, equations, known)
    late: Ints = np.empty(0, np.int32)
    steps = 0
    for own in range(len(waiting)):
        solved = to_solve
        while steps < to_solve and solved > PROGRESS * (to_solve - steps):
            before = steps
            steps, n_waiting = kernels.sweep(
                table.codes, table.first[:-1], waiting[own], known, rows, effects, steps
            )
            solved, waiting[own] = steps - before, waiting[own][:n_waiting]
    if steps < to_solve:
        rest = np.concatenate(waiting)
        late = _solve_rest(table, rest, known, rows[steps:], effects[steps:])
    return Elimination(table, rows, effects, late)


def _hubs_and_others(table: LevelTable, equations: Bools, known: Bools) -> list[Ints]:
    """List the equations in two parts: those with a level that is free, and the others.

    The first part is small. It is what everything else follows from: solved to its end
    before the second one is looked at, it leaves that little to do.
    """
    from forecast.kernels.counting import part_rows

    if not known.any():
        return [list_rows(equations)]
    free = [np.count_nonzero(table.part(known, f)) for f in range(len(table.codes))]
    lead = int(np.argmax(free))
    inside, outside = np.empty((2, np.count_nonzero(equations) + 1), np.int32)
    n_inside = part_rows(
        equations, table.codes[lead], table.part(known, lead), inside, outside
    )
    return [inside[:n_inside], outside[: outside.size - 1 - n_inside]]


def _solve_rest(
    table: LevelTable, waiting: Ints, known: Bools, rows: Ints, effects: Ints
) -> Ints:
    """Solve for what sweeps leave; write the steps and return the late levels."""
    from forecast.kernels import elimination as kernels

    is_open = np.zeros(waiting.size, np.bool_)
    kernels.mark_open(table.codes, table.first[:-1], waiting, known, is_open)
    open_rows = waiting[is_open]
    late = np.empty(rows.size, np.int32)
    sizes = np.diff(table.first)
    wanted = np.argsort(sizes, kind="stable").astype(np.int32)
    steps, n_late = kernels.eliminate(
        table.rows(open_rows), known, wanted, rows, effects, late
    )
    rows[:] = np.where(rows >= 0, open_rows[rows], -1)
    assert steps == rows.size, "every open level is solved or left free"
    return late[:n_late]


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
