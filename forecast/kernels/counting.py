"""Loops that count the rows of levels and tell which rows a level makes useless."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit

Array = NDArray[Any]

__all__ = ["blame_rows", "count_rows", "list_marked", "uncount_rows"]


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
    codes: Array,
    useless: Array,
    lone: Array,
    positive: Array,
    effect: Any,
    blame: Array,
) -> None:
    """Write `effect` into `blame` (n,), where that is -1, for rows that must go.

    A row that is not positive goes with a level marked in `useless` (levels,), a
    positive one with a level marked in `lone`.
    """
    for row in range(codes.size):
        level = codes[row]
        if (lone[level] if positive[row] else useless[level]) and blame[row] == -1:
            blame[row] = effect


@jit
def list_marked(marked: Array, rows: Array) -> None:
    """Write the numbers of the rows `marked` (n,) to `rows`, which has room for them."""
    place = 0
    for row in range(marked.size):
        if marked[row]:
            rows[place] = row
            place += 1
