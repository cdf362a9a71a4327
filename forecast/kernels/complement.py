r"""The Schur complement of sorted rows, assembled once its pattern is known.

:math:`S = D'WD - (D'WG)(G'WG)^{-1}(G'WD)` in three parts. Effects with few levels (years)
meet all others, so what they hold is dense: `across` (m, q) against every level and
`inner` (q, q) among themselves. Effects with many levels meet sparsely, and S is
symmetric: of each two occurrences of levels in a group only the earlier one's column is
kept. With H those columns, the part of the many is ``diagonal + H + H'``.

An occurrence is a row in one of the effects with many levels, numbered ``f * n + row``
with f the effect's place among those; it is earlier than another if its row is, or, in
one row, its effect. `roots` (n,) are weights over the square root of their sum in the
group: what two rows share is the product of theirs. Otherwise as in
`forecast.kernels.rows`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit, jit_apart
from forecast.kernels.products import add_products
from forecast.kernels.rows import ROWS_AT_A_TIME, chunk_end, chunk_size

__all__ = [
    "add_few_levels",
    "add_level_sums",
    "assembled_product",
    "later_levels",
    "later_values",
    "share_roots",
]

Array = NDArray[Any]


@jit_apart
def share_roots(
    first: int, last: int, starts: Array, weights: Array, inverse: Array, roots: Array
) -> None:
    """Write ``weights * sqrt(inverse)`` of each row's group to `roots` (n,)."""
    for g in range(first, last):
        root = np.sqrt(inverse[g])
        for row in range(np.uint64(starts[g]), np.uint64(starts[g + 1])):
            roots[row] = root * weights[row]


@jit_apart
def add_level_sums(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    weights: Array,
    inverse: Array,
    mass: Array,
    diagonal: Array,
) -> None:
    """Add weights by level to `mass` (m,), and the complement's diagonal to `diagonal`.

    Where a level repeats in a group the diagonal is more than that of the complement.
    """
    for g in range(first, last):
        for f in range(index.shape[0]):
            for row in range(np.uint64(starts[g]), np.uint64(starts[g + 1])):
                own, level = weights[row], index[f, row]
                mass[level] += own
                diagonal[level] += own * (1.0 - own * inverse[g])


@jit
def later_levels(
    first: int,
    last: int,
    places: Array,
    occurrences: Array,
    ends: Array,
    index: Array,
    many: Array,
    most: int,
) -> tuple[Array, Array]:
    """Levels that occur after each of the levels ``first`` to ``last - 1`` in a group.

    Parameters
    ----------
    places : int array of shape (m + 1,)
        Where the occurrences of each level begin.
    occurrences : int array
        Sorted by level.
    ends : int array, like `occurrences`
        Where the group of each ends.
    index : int array of shape (F, n)
    many : int array
        Which effects have many levels.
    most : int
        Beyond so many levels in all the search is given up.

    Returns
    -------
    sizes : int array of shape (last - first,)
        How many there are by level; -1 for the last one that was looked at, if there
        were too many.
    levels : int array
    """
    n = np.uint64(index.shape[1])
    seen = np.full(places.size - 1, -1, np.int32)
    sizes = np.zeros(last - first, np.int64)
    levels = np.empty(1024, np.int32)
    filled = 0
    for level in range(first, last):
        before = filled
        for at in range(places[level], places[level + 1]):
            effect, row = 0, np.uint64(occurrences[at])
            while row >= n:
                effect, row = effect + 1, row - n
            end = np.uint64(ends[at])
            needed = filled + many.size * np.int64(end - row)
            if needed > levels.size:
                more = np.empty(2 * needed, np.int32)
                more[:filled] = levels[:filled]
                levels = more
            for f in range(many.size):
                own = index[many[f]]
                begin = row if f > effect else row + np.uint64(1)
                for member in range(begin, end):
                    other = own[member]
                    # No branch: whether a level is new is hard to foresee.
                    levels[filled] = other
                    filled += seen[other] != level
                    seen[other] = level
        sizes[level - first] = filled - before
        if filled > most:
            sizes[level - first] = -1
            break
    return sizes, levels[:filled].copy()


@jit_apart
def later_values(
    first: int,
    last: int,
    places: Array,
    occurrences: Array,
    ends: Array,
    index: Array,
    many: Array,
    weights: Array,
    roots: Array,
    begins: Array,
    levels: Array,
    values: Array,
) -> None:
    """Write the entries of columns ``first`` to ``last - 1`` of H to `values`.

    Column c has the `levels` from ``begins[c]`` on, as `later_levels` found them.
    """
    n = np.uint64(index.shape[1])
    column = np.zeros(places.size - 1)
    for level in range(first, last):
        for f in range(many.size):
            own = index[many[f]]
            for at in range(places[level], places[level + 1]):
                effect, row = 0, np.uint64(occurrences[at])
                while row >= n:
                    effect, row = effect + 1, row - n
                share, begin = roots[row], row + np.uint64(1)
                if f > effect:  # in the same row
                    column[own[row]] += weights[row] - share * share
                for member in range(begin, np.uint64(ends[at])):
                    column[own[member]] -= share * roots[member]
        for at in range(begins[level], begins[level + 1]):
            values[at] = column[levels[at]]
        for at in range(begins[level], begins[level + 1]):
            column[levels[at]] = 0.0


@jit_apart
def add_few_levels(
    first: int,
    last: int,
    starts: Array,
    index: Array,
    many: Array,
    few: Array,
    origins: Array,
    weights: Array,
    inverse: Array,
    across: Array,
    inner: Array,
) -> None:
    """Add to the complement's columns of the effects with few levels.

    Parameters
    ----------
    many, few : int arrays
        Which effects have many levels, and which have few.
    origins : int array, like `few`
        What to take off a level of that effect to have it as a column.
    across : float array of shape (m, q)
        Rows of the effects with many levels.
    inner : float array of shape (q, q)
        Rows of the effects with few levels.
    """
    q = inner.shape[0]
    masses = np.empty((ROWS_AT_A_TIME, q))
    turned, shares = np.empty((q, ROWS_AT_A_TIME)), np.empty((q, ROWS_AT_A_TIME))
    codes = np.empty((few.size, chunk_size(starts, first, last)), np.uint32)
    group = first
    while group < last:
        end = chunk_end(starts, group, last)
        r0 = starts[group]
        size, n_groups = starts[end] - r0, end - group
        w, mass = weights[r0 : r0 + size], masses[:n_groups]
        mass[:] = 0.0
        for f in range(few.size):
            code, levels, origin = codes[f], index[few[f], r0 : r0 + size], origins[f]
            for row in range(size):
                code[row] = levels[row] - origin
            for g in range(n_groups):
                begin, stop = starts[group + g] - r0, starts[group + g + 1] - r0
                for row in range(np.uint64(begin), np.uint64(stop)):
                    mass[g, code[row]] += w[row]
        for i in range(q):
            for g in range(n_groups):
                turned[i, g] = mass[g, i]
            for g in range(n_groups):
                shares[i, g] = -inverse[group + g] * turned[i, g]
            total = 0.0
            for g in range(n_groups):
                total += turned[i, g]
            inner[i, i] += total
        add_products(turned, shares, n_groups, inner)
        for h in range(many.size):
            levels = index[many[h], r0 : r0 + size]
            for g in range(n_groups):
                own = mass[g]
                begin, stop = starts[group + g] - r0, starts[group + g + 1] - r0
                for row in range(np.uint64(begin), np.uint64(stop)):
                    line, share = across[levels[row]], inverse[group + g] * w[row]
                    for j in range(q):
                        line[j] -= share * own[j]
            for f in range(few.size):
                code = codes[f]
                for row in range(size):
                    across[levels[row], code[row]] += w[row]
        for h in range(few.size):
            for f in range(few.size):
                if f != h:
                    for row in range(size):
                        inner[codes[h, row], codes[f, row]] += w[row]
        group = end


@jit_apart
def assembled_product(
    diagonal: Array,
    begins: Array,
    levels: Array,
    values: Array,
    across: Array,
    inner: Array,
    columns: Array,
    V: Array,
    out: Array,
) -> None:
    """Write the complement times V (K, m) to `out` (K, m); `columns` (q,) are levels."""
    for k in range(V.shape[0]):
        own, to = V[k], out[k]
        for level in range(diagonal.size):
            to[level] = diagonal[level] * own[level]
        for level in range(diagonal.size):
            factor = own[level]
            total = 0.0
            for at in range(begins[level], begins[level + 1]):
                total += values[at] * own[levels[at]]
            to[level] += total
            for at in range(begins[level], begins[level + 1]):
                to[levels[at]] += values[at] * factor
        few, sums = np.empty(columns.size), np.zeros(columns.size)
        for j in range(columns.size):
            few[j] = own[columns[j]]
        for level in range(diagonal.size):
            total = 0.0
            for j in range(columns.size):
                total += across[level, j] * few[j]
            to[level] += total
        for level in range(diagonal.size):
            factor = own[level]
            for j in range(columns.size):
                sums[j] += across[level, j] * factor
        for j in range(columns.size):
            for i in range(columns.size):
                sums[j] += inner[j, i] * few[i]
        for j in range(columns.size):
            to[columns[j]] += sums[j]
