"""The Schur complement of sorted rows as a sparse matrix, one column at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit

__all__ = ["complement_columns"]

Array = NDArray[Any]


@jit
def complement_columns(
    first: int,
    last: int,
    places: Array,
    occurrences: Array,
    group_of: Array,
    starts: Array,
    index: Array,
    weights: Array,
    inverse: Array,
    count: int,
) -> tuple[Array, Array, Array]:
    """Columns ``first`` to ``last - 1`` of the Schur complement.

    A column collects, over the rows in which its level occurs, the row's own weight on
    the row's levels, less its share in the group on the levels of the whole group.

    Parameters
    ----------
    places : int array of shape (m + 1,)
        Where the occurrences of each level begin.
    occurrences : int array of shape (F * n,)
        ``f * n + row`` for each occurrence, sorted by level.
    group_of : int array of shape (n,)
    starts, index, weights, inverse
        As in `forecast.kernels.rows`.
    count : int
        Number of levels m.

    Returns
    -------
    sizes : int array of shape (last - first,)
        Entries by column.
    levels : int array
        Row of each entry, in the order of columns, unsorted within one.
    values : float array
    """
    n_effects, n = index.shape
    column = np.zeros(count)
    seen = np.zeros(count, np.bool_)
    touched = np.empty(count, np.int64)
    sizes = np.zeros(last - first, np.int64)
    levels = np.empty(1024, np.int32)
    values = np.empty(1024)
    filled = 0
    for level in range(first, last):
        n_touched = 0
        for at in range(places[level], places[level + 1]):
            row = occurrences[at] % n
            g = group_of[row]
            share = weights[row] * inverse[g]
            for f in range(n_effects):
                other = index[f, row]
                if not seen[other]:
                    seen[other] = True
                    touched[n_touched] = other
                    n_touched += 1
                column[other] += weights[row]
            begin, stop = np.uint64(starts[g]), np.uint64(starts[g + 1])
            for f in range(n_effects):
                for member in range(begin, stop):
                    other = index[f, member]
                    if not seen[other]:
                        seen[other] = True
                        touched[n_touched] = other
                        n_touched += 1
                    column[other] -= share * weights[member]
        if filled + n_touched > values.size:
            size = 2 * (filled + n_touched)
            more_levels, more_values = np.empty(size, np.int32), np.empty(size)
            more_levels[:filled] = levels[:filled]
            more_values[:filled] = values[:filled]
            levels, values = more_levels, more_values
        for q in range(n_touched):
            other = touched[q]
            levels[filled] = other
            values[filled] = column[other]
            filled += 1
            column[other] = 0.0
            seen[other] = False
        sizes[level - first] = n_touched
    return sizes, levels[:filled].copy(), values[:filled].copy()
