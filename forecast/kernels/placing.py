"""Loops that put rows of a table into slots: see `forecast.kernels.slots` for these.

Shapes: source, cells (P, T); X (P, K, T); columns, codes (n,).
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from forecast.kernels.jit import jit, jit_apart, jit_exact

__all__ = [
    "fill_column",
    "fill_outcome",
    "group_values",
    "list_rows",
    "mark_groups",
    "place_rows",
]

Array = NDArray[Any]

GROUPS_AT_A_TIME = 128


@jit_exact
def mark_groups(
    first: int,
    last: int,
    group: Array,
    y: Array,
    weights: Array,
    keep: Array,
    marked: Array,
) -> float:
    """Mark the groups of rows first to last - 1 with an outcome; return its sum.

    Shapes: group, y (n,); weights, keep (n,) or empty; marked (groups,). Zeros lie
    anywhere, so there is no branch on them, which a processor would have to guess.
    """
    weighted, some = weights.size > 0, keep.size > 0
    total = 0.0
    for row in range(first, last):
        mass = y[row]
        if weighted:
            mass *= weights[row]
        if some:
            mass *= keep[row]
        marked[group[row]] |= mass > 0.0
        total += mass
    return total


@jit_exact
def place_rows(
    first: int,
    last: int,
    slot: Array,
    group: Array,
    keep: Array,
    rank: Array,
    width: int,
    places: Array,
) -> int:
    """Write the numbers of rows first to last - 1 into their cells; return how many.

    Shapes: slot, group (n,); keep (n,), or empty where all rows are kept; rank (groups,)
    with -1 for groups left out; places (P * width + 1,), of which the last one takes the
    rows that have no cell. Where two rows ask for one cell fewer cells are filled than
    rows were placed.
    """
    placed = 0
    some = keep.size > 0
    nowhere = places.size - 1
    for row in range(first, last):
        place = rank[group[row]]
        lies = place >= 0
        if some:
            lies &= keep[row]
        places[place * width + slot[row] if lies else nowhere] = row
        placed += lies
    return placed


@jit
def group_values(
    first: int, last: int, source: Array, values: Array, out: Array
) -> int:
    """Write the value (n,) that a group has in its rows to `out` (P,).

    Returns how many rows have another value than the first row of their group. The order
    of loops is that of `fill_column`.
    """
    others = 0
    for start in range(first, last, GROUPS_AT_A_TIME):
        stop = min(start + GROUPS_AT_A_TIME, last)
        for g in range(start, stop):
            t = 0
            while source[g, t] < 0:
                t += 1
            out[g] = values[source[g, t]]
        for t in range(source.shape[1]):
            for g in range(start, stop):
                row = source[g, t]
                others += row >= 0 and values[row] != out[g]
    return others


@jit
def list_rows(source: Array, rows: Array) -> None:
    """Write the rows of the cells present in `source` (P, T) to `rows`, group by group."""
    place = 0
    for g in range(source.shape[0]):
        for t in range(source.shape[1]):
            if source[g, t] >= 0:
                rows[place] = source[g, t]
                place += 1


@jit_apart
def fill_outcome(
    first: int,
    last: int,
    outer: Array,
    inner: Array,
    source: Array,
    y: Array,
    weights: Array,
    scale: float,
    cells: Array,
    totals: Array,
    s_a: Array,
    s_b: Array,
) -> None:
    """Write ``scale * weights * y`` into the cells, -1 where absent, and its sums.

    `weights` (n,) may be empty: all one. Writes the sums of groups to `totals` (P,) and
    adds those by outer block and slot to `s_a` (I, T), by inner one to `s_b` (J, T).
    """
    width = cells.shape[1]
    weighted = weights.size > 0
    for g in range(first, last):
        total = 0.0
        for t in range(width):
            row = source[g, t]
            value = -1.0
            if row >= 0:
                value = y[row] * scale
                if weighted:
                    value *= weights[row]
            cells[g, t] = value
        for t in range(width):
            total += max(cells[g, t], 0.0)
        totals[g] = total
        i, j = outer[g], inner[g]
        for t in range(width):
            s_b[j, t] += max(cells[g, t], 0.0)
        if s_a.shape[0] > 0:
            for t in range(width):
                s_a[i, t] += max(cells[g, t], 0.0)


@jit_apart
def fill_column(
    first: int,
    last: int,
    source: Array,
    column: Array,
    center: float,
    scale: float,
    X: Array,
    k: int,
) -> None:
    """Write column `k` of X, centred and scaled; zero in absent cells.

    A few groups at a time, slot by slot: a table sorted by period is then read in its
    own order, and the cells written stay in the second cache.
    """
    for start in range(first, last, GROUPS_AT_A_TIME):
        stop = min(start + GROUPS_AT_A_TIME, last)
        for t in range(X.shape[2]):
            for g in range(start, stop):
                row = source[g, t]
                X[g, k, t] = (column[row] - center) * scale if row >= 0 else 0.0
