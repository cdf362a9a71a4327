r"""Loops that solve for the levels of several effects, one at a time.

Levels are numbered through all effects, from 0 to L - 1; ``levels`` (n, F) holds those of
each row. A row is an equation: the values of its levels
add up to what stands on its right side. Where all but one of them are known, the row
fixes the last. Where no row does, a level is *picked*: its value stays free. (With two
effects this grows a spanning forest, and each pick is the root of a tree.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit, jit_exact

Array = NDArray[Any]

__all__ = [
    "add_levels",
    "eliminate",
    "largest_sum",
    "mark_open",
    "mark_rows",
    "solve",
    "spread_taint",
    "sweep",
]


@jit
def sweep(
    codes: tuple[Array, ...],
    first: Array,
    waiting: Array,
    known: Array,
    rows: Array,
    columns: Array,
    steps: int,
) -> tuple[int, int]:
    """Pass once over the equations that wait, solving those with one unknown level.

    Parameters
    ----------
    codes : tuple of F int32 arrays of shape (n,)
    first : int32 array of shape (F,)
        Number of the first level of each effect.
    waiting : int32 array
        Equations (rows) to look at. Those that still have several unknown levels are
        moved to its beginning, in their order.
    known : bool array of shape (L,)
    rows, columns : int32 arrays of shape (S,)
        Step by step the equation and the effect whose level it fixes; S levels are to be
        solved.
    steps : int
        Steps so far.

    Returns
    -------
    steps, n_waiting : int
        Steps so far, and how many equations wait for the next pass.
    """
    n_waiting = 0
    for place in range(waiting.size):
        row = waiting[place]
        unknown = 0
        last = 0
        for f in range(first.size):
            if not known[first[f] + codes[f][row]]:
                unknown += 1
                last = f
        if unknown == 1:
            known[first[last] + codes[last][row]] = True
            rows[steps] = row
            columns[steps] = last
            steps += 1
            if steps == rows.size:
                return steps, n_waiting
        elif unknown > 1:
            waiting[n_waiting] = row
            n_waiting += 1
    return steps, n_waiting


@jit
def mark_open(
    codes: tuple[Array, ...],
    first: Array,
    waiting: Array,
    known: Array,
    is_open: Array,
) -> None:
    """Mark in `is_open` which of the equations `waiting` have an unknown level."""
    for place in range(waiting.size):
        for f in range(first.size):
            if not known[first[f] + codes[f][waiting[place]]]:
                is_open[place] = True


@jit
def mark_rows(codes: Array, chosen: Array, marked: Array) -> None:
    """Mark in `marked` (n,) the rows whose level is among those `chosen` (levels,)."""
    for row in range(codes.size):
        marked[row] |= chosen[codes[row]]


@jit
def eliminate(
    levels: Array,
    known: Array,
    wanted: Array,
    rows: Array,
    columns: Array,
    picks: Array,
) -> tuple[int, int]:
    """Solve for all levels of the equations (n, F), picking where no equation helps.

    A level is picked only when nothing follows from what is known, from an equation
    with as few unknown levels as there are, and there from the effect that comes first
    in `wanted` (F,). Picks are written to `picks` (L,) and come as steps with the row
    and the column -1; `known`, `rows` and `columns` are those of `sweep`.

    Returns
    -------
    steps, n_picks : int
    """
    n, n_effects = levels.shape
    starts = np.zeros(known.size + 1, np.int64)
    for place in range(n):
        for f in range(n_effects):
            level = levels[place, f]
            starts[level + 1] += not known[level]
    to_solve = 0
    for level in range(known.size):
        to_solve += starts[level + 1] > 0
        starts[level + 1] += starts[level]
    end = starts[:-1].copy()
    members = np.empty(starts[-1], np.int32)  # equations of each unknown level
    unknown = np.zeros(n, np.uint8)
    # Equations with u >= 2 unknown levels wait first in, first out, in lists by u and
    # by the rank in `wanted` of the level that would be picked.
    kinds = (n_effects - 1) * n_effects
    head = np.full(kinds, -1, np.int32)
    tail = np.full(kinds, -1, np.int32)
    follower = np.empty((n_effects + 1, n), np.int32)
    for place in range(n):
        for f in range(n_effects):
            level = levels[place, f]
            if not known[level]:
                unknown[place] += 1
                members[end[level]] = place
                end[level] += 1

    queue = np.empty(to_solve, np.int32)
    asked, solved, n_picks, steps = 0, 0, 0, 0
    for place in range(n):
        if unknown[place] > 1:
            _wait(levels, known, wanted, place, unknown, head, tail, follower)
        elif unknown[place] == 1:
            for f in range(n_effects):
                level = levels[place, f]
                if not known[level]:
                    known[level] = True
                    queue[solved] = level
                    rows[steps] = place
                    columns[steps] = f
                    solved += 1
                    steps += 1
    while solved < to_solve:
        if asked == solved:
            level = _pick(levels, known, wanted, unknown, head, follower)
            known[level] = True
            queue[solved] = level
            picks[n_picks] = level
            rows[steps] = -1
            columns[steps] = -1
            solved += 1
            n_picks += 1
            steps += 1
        level = queue[asked]
        asked += 1
        for slot in range(starts[level], starts[level + 1]):
            place = members[slot]
            unknown[place] -= 1
            if unknown[place] == 1:
                for f in range(n_effects):
                    fixed = levels[place, f]
                    if not known[fixed]:
                        known[fixed] = True
                        queue[solved] = fixed
                        rows[steps] = place
                        columns[steps] = f
                        solved += 1
                        steps += 1
            elif unknown[place] > 1:
                _wait(levels, known, wanted, place, unknown, head, tail, follower)
    return steps, n_picks


@jit
def _wait(
    levels: Array,
    known: Array,
    wanted: Array,
    place: int,
    unknown: Array,
    head: Array,
    tail: Array,
    follower: Array,
) -> None:
    """Append an equation to the list of its kind.

    Its levels may all be known by now, some of them still in the queue.
    """
    rank = 0
    while rank < wanted.size and known[levels[place, wanted[rank]]]:
        rank += 1
    if rank == wanted.size:
        return
    u = unknown[place]
    kind = (u - 2) * wanted.size + rank
    if head[kind] < 0:
        head[kind] = place
    else:
        follower[u, tail[kind]] = place
    tail[kind] = place
    follower[u, place] = -1


@jit
def _pick(
    levels: Array,
    known: Array,
    wanted: Array,
    unknown: Array,
    head: Array,
    follower: Array,
) -> Any:
    """Return the unknown level to be left free, from the lists of waiting equations."""
    for kind in range(head.size):
        u = 2 + kind // wanted.size
        while head[kind] >= 0:
            place = head[kind]
            head[kind] = follower[u, place]
            if unknown[place] == u:
                for rank in range(wanted.size):
                    level = levels[place, wanted[rank]]
                    if not known[level]:
                        return level
    return np.int32(-1)


@jit_exact
def solve(
    levels: Array, columns: Array, right: Array, sign: float, values: Array
) -> None:
    """Fill `values` (L, m) step by step so that each equation holds.

    ``levels`` (steps, F) are those of the equation of each step, ``right`` (steps, m)
    what they add up to; with `sign` +1 instead of -1 the values of the others are added
    to it, for bounds. A step with the column -1 leaves the values as they are.
    """
    for step in range(columns.size):
        if columns[step] >= 0:
            level = levels[step, columns[step]]
            for k in range(right.shape[1]):
                values[level, k] = right[step, k]
            for f in range(levels.shape[1]):
                if f != columns[step]:
                    for k in range(right.shape[1]):
                        values[level, k] += sign * values[levels[step, f], k]


@jit_exact
def add_levels(levels: Array, values: Array, sign: float, columns: Array) -> None:
    """Add to `columns` (n, m) the values (L, m) of each row's levels (n, F)."""
    for row in range(levels.shape[0]):
        for f in range(levels.shape[1]):
            for k in range(values.shape[1]):
                columns[row, k] += sign * values[levels[row, f], k]


@jit
def spread_taint(levels: Array, columns: Array, tainted: Array) -> None:
    """Mark in `tainted` (L,) the levels whose value follows from a tainted one."""
    for step in range(columns.size):
        if columns[step] >= 0:
            taint = False
            for f in range(levels.shape[1]):
                taint |= f != columns[step] and tainted[levels[step, f]]
            tainted[levels[step, columns[step]]] = taint


@jit
def largest_sum(
    codes: tuple[Array, ...], first: Array, values: Array, rows: Array
) -> float:
    """Return the largest absolute sum of the values (L,) of a row's levels, over `rows`."""
    largest = 0.0
    for place in range(rows.size):
        total = 0.0
        for f in range(first.size):
            total += values[first[f] + codes[f][rows[place]]]
        largest = max(largest, abs(total))
    return largest
