"""Loops that count the rows of levels and tell which rows a level makes useless."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit, jit_exact

Array = NDArray[Any]

__all__ = [
    "best_of_groups",
    "blame_rows",
    "count_rows",
    "list_marked",
    "part_rows",
    "reach",
    "uncount_rows",
]


@jit
def count_rows(codes: Array, positive: Array, counts: Array) -> None:
    """Count the rows of each level; in units of 2^32 also the positive ones.

    Shapes: codes (n,), positive (n,) bool, counts (levels,) int64.
    """
    for row in range(codes.size):
        counts[codes[row]] += 1 + (np.int64(positive[row]) << 32)


@jit
def uncount_rows(codes: Array, positive: Array, rows: Array, counts: Array) -> None:
    """Take the `rows` listed out of the counts of `count_rows`."""
    for place in range(rows.size):
        row = rows[place]
        counts[codes[row]] -= 1 + (np.int64(positive[row]) << 32)


@jit
def blame_rows(
    codes: Array, goes: Array, positive: Array, effect: Any, blame: Array
) -> None:
    """Write `effect` into `blame` (n,), where that is -1, for rows that must go.

    Of a level's rows those that are not positive go if ``goes[2 * level]``, the positive
    ones if ``goes[2 * level + 1]``; goes (2 * levels,) bool.
    """
    for row in range(codes.size):
        taken = goes[2 * codes[row] + positive[row]] & (blame[row] == -1)
        blame[row] = effect if taken else blame[row]


@jit_exact
def list_marked(marked: Array, rows: Array) -> None:
    """Write the numbers of the rows `marked` (n,) to `rows`, which has room for one more.

    Every row is written, and the next one over it unless it is marked: no branch, which
    a processor would have to guess.
    """
    place = 0
    for row in range(marked.size):
        rows[place] = row
        place += marked[row]


@jit_exact
def part_rows(
    marked: Array, codes: Array, chosen: Array, inside: Array, outside: Array
) -> int:
    """Write the rows `marked` (n,) whose level is `chosen` to `inside`, others to `outside`.

    Returns how many are inside. Both lists have room for one more than they get; chosen
    (levels,) bool.
    """
    n_inside = n_outside = 0
    for row in range(codes.size):
        taken = chosen[codes[row]]
        inside[n_inside] = row
        outside[n_outside] = row
        n_inside += marked[row] & taken
        n_outside += marked[row] & (not taken)
    return n_inside


@jit
def best_of_groups(group: Array, score: Array, best: Array) -> None:
    """Write the place (n,) of each group's highest score, the first of equals, to `best`.

    Groups without a place keep what `best` (groups,) holds, which is -1.
    """
    for place in range(group.size):
        leader = best[group[place]]
        if leader < 0 or score[place] > score[leader]:
            best[group[place]] = place


@jit
def reach(left_of: Array, right_of: Array, left: Array, right: Array) -> None:
    """Mark what the edges (n,) join to marked nodes: right ones first, then left ones."""
    for edge in range(left_of.size):
        right[right_of[edge]] |= left[left_of[edge]]
    for edge in range(left_of.size):
        left[left_of[edge]] |= right[right_of[edge]]
