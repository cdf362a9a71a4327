r"""Loops over the levels of several effects: counting their rows, solving for them.

`eliminate` and what follows it number levels through all effects, from 0 to L - 1;
``levels`` (n, F) holds those of each row. A row is an equation: the values of its levels
add up to what stands on its right side. Where all but one of them are known, the row
fixes the last. Where no row does, a level is *picked*: its value stays free. (With two
effects this grows a spanning forest, and each pick is the root of a tree.)
"""

from __future__ import annotations

import numpy as np

from forecast.kernels.jit import jit, jit_exact

__all__ = [
    "add_levels",
    "blame_rows",
    "count_rows",
    "eliminate",
    "mark_open",
    "orthogonalise",
    "solve",
    "spread_taint",
    "sweep",
    "uncount_rows",
]


@jit
def count_rows(codes, positive, counts):
    """Count the rows of each level; in units of 2^32 also the positive ones.

    Shapes: codes (n,), positive (n,) bool, counts (levels,) int64.
    """
    for row in range(codes.size):
        counts[codes[row]] += 1 + (np.int64(positive[row]) << 32)


@jit
def uncount_rows(codes, positive, rows, counts):
    """Take the `rows` listed out of the counts of `count_rows`."""
    for place in range(rows.size):
        row = rows[place]
        counts[codes[row]] -= 1 + (np.int64(positive[row]) << 32)


@jit
def blame_rows(codes, useless, lone, positive, effect, blame):
    """Write `effect` into `blame` (n,), where that is -1, for rows that must go.

    A row that is not positive goes with a level marked in `useless` (levels,), a
    positive one with a level marked in `lone`.
    """
    for row in range(codes.size):
        level = codes[row]
        if (lone[level] if positive[row] else useless[level]) and blame[row] == -1:
            blame[row] = effect


@jit
def sweep(codes, first, equations, known, rows, columns, steps):
    """Pass once over the equations, solving those with one unknown level.

    Parameters
    ----------
    codes : tuple of F int32 arrays of shape (n,)
    first : int32 array of shape (F,)
        Number of the first level of each effect.
    equations : bool array of shape (n,)
        Rows that are equations.
    known : bool array of shape (L,)
    rows, columns : int32 arrays of shape (S,)
        Step by step the equation and the effect whose level it fixes; S levels are to be
        solved.
    steps : int
        Steps so far.

    Returns
    -------
    steps : int
        Steps so far.
    """
    for row in range(equations.size):
        if equations[row]:
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
                    return steps
    return steps


@jit
def mark_open(codes, first, equations, known, is_open):
    """Mark in `is_open` (n,) the equations with an unknown level."""
    for row in range(equations.size):
        if equations[row]:
            for f in range(first.size):
                if not known[first[f] + codes[f][row]]:
                    is_open[row] = True


@jit
def eliminate(levels, known, wanted, rows, columns, picks):
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
def _wait(levels, known, wanted, place, unknown, head, tail, follower):
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
def _pick(levels, known, wanted, unknown, head, follower):
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
def solve(levels, columns, right, sign, values):
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
def add_levels(levels, values, sign, columns):
    """Add to `columns` (n, m) the values (L, m) of each row's levels (n, F)."""
    for row in range(levels.shape[0]):
        for f in range(levels.shape[1]):
            for k in range(values.shape[1]):
                columns[row, k] += sign * values[levels[row, f], k]


@jit
def spread_taint(levels, columns, tainted):
    """Mark in `tainted` (L,) the levels whose value follows from a tainted one."""
    for step in range(columns.size):
        if columns[step] >= 0:
            taint = False
            for f in range(levels.shape[1]):
                taint |= f != columns[step] and tainted[levels[step, f]]
            tainted[levels[step, columns[step]]] = taint


@jit
def orthogonalise(columns, least, products, kept):
    """Make columns orthogonal from the first to the last, leaving out what is too short.

    Parameters
    ----------
    columns : float array of shape (m, n)
        One row for each column; on return of length one where kept.
    least : float array of shape (m,)
        A column of which no more than this is left, once those kept before it are taken
        out, is not kept.
    products : float array of shape (m, m)
        Zeros; filled with the triangle ``products[j, k]``, how much of column j is in
        column k.
    kept : bool array of shape (m,)
    """
    m, n = columns.shape
    for k in range(m):
        for _ in range(2):  # twice is enough
            for j in range(k):
                if kept[j]:
                    product = 0.0
                    for i in range(n):
                        product += columns[j, i] * columns[k, i]
                    for i in range(n):
                        columns[k, i] -= product * columns[j, i]
                    products[j, k] += product
        square = 0.0
        for i in range(n):
            square += columns[k, i] * columns[k, i]
        products[k, k] = np.sqrt(square)
        kept[k] = products[k, k] > least[k]
        if kept[k]:
            for i in range(n):
                columns[k, i] /= products[k, k]
