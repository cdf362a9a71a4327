"""Rows in the order of the levels of their effects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit, jit_apart

__all__ = ["has_ties", "sort_in_groups", "sort_rows"]

Array = NDArray[Any]


@jit
def sort_rows(codes: Array, count: int, before: Array) -> tuple[Array, Array]:
    """Sort rows by code, keeping an earlier order within a code.

    `before` (n,) is that order; empty stands for 0 ... n - 1. Returns the first place of
    each code, (count + 1,), and the rows in order, (n,).
    """
    starts = np.zeros(count + 1, np.int64)
    descents = 0
    for row in range(codes.size):
        starts[codes[row] + 1] += 1
        descents += codes[row] < codes[max(row - 1, 0)]
    for g in range(count):
        starts[g + 1] += starts[g]
    order = np.empty(codes.size, np.int64)
    if descents == 0 and before.size == 0:
        for row in range(codes.size):
            order[row] = row
        return starts, order
    place = starts[:-1].copy()
    for at in range(codes.size):
        row = before[at] if before.size > 0 else at
        g = codes[row]
        order[place[g]] = row
        place[g] += 1
    return starts, order


@jit_apart
def sort_in_groups(
    first: int, last: int, starts: Array, index: Array, order: Array
) -> bool:
    """Sort the rows of each group by their levels, the first effect's before all others'.

    Moves the columns of `index` (F, n) and `order` (n,); tells whether two rows of a
    group have all levels in common. Made for short groups: each row goes back past those
    that it precedes, one by one.
    """
    ties = False
    for g in range(first, last):
        begin = np.uint64(starts[g])
        for place in range(begin + np.uint64(1), np.uint64(starts[g + 1])):
            at = np.uint64(place)
            while at > begin:
                back = at - np.uint64(1)
                precedes, same = False, True
                for f in range(index.shape[0]):
                    if index[f, at] != index[f, back]:
                        precedes, same = index[f, at] < index[f, back], False
                        break
                ties = ties or same
                if not precedes:
                    break
                for f in range(index.shape[0]):
                    level = index[f, at]
                    index[f, at] = index[f, back]
                    index[f, back] = level
                row = order[at]
                order[at] = order[back]
                order[back] = row
                at = back
    return ties


@jit
def has_ties(starts: Array, index: Array) -> bool:
    """Tell whether two neighbours of a group have all levels in common."""
    for g in range(starts.size - 1):
        for place in range(starts[g] + 1, starts[g + 1]):
            same = True
            for f in range(index.shape[0]):
                if index[f, place] != index[f, place - 1]:
                    same = False
                    break
            if same:
                return True
    return False
