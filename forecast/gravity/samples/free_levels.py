"""Which levels mean nothing alone: what one effect may give to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.records import Floats, Ints

__all__ = ["connected_parts", "free_levels"]

FEW_CELLS = 4  # of a table by level, that are quicker to count in than to sort
FEW_ROUNDS = 3  # along the edges of a graph, quicker than loading SciPy's search


def free_levels(table: LevelTable, rows: Ints) -> Ints:
    r"""Return levels whose values may be set to zero whatever the rows are.

    What two effects share can be moved from one to the other: any function of the
    period may be added to exporter-year effects and taken off importer-year effects.
    These shifts are enough to make the values of the levels returned zero, all at once;
    where they have been, nothing is free any more in a well connected panel.

    One effect, the base, gives none. Each other gives one level for each value of what
    it shares with the base. Of three effects the finest gives more: its levels are edges
    between the values of what it shares with either of the others, and a forest of such
    edges is free (the edge between u and v can be shifted by ``g(u) + h(v)``).

    Parameters
    ----------
    table : LevelTable
    rows : int array of shape (L,)
        Rows of each level that count; levels with many are preferred.

    Returns
    -------
    int array
        Numbers of levels, each of them with rows.
    """
    n_effects = len(table.effects)
    if n_effects < 2:
        return np.empty(0, np.int64)
    occur = [np.count_nonzero(table.part(rows, f)) for f in range(n_effects)]
    by_size = sorted(range(n_effects), key=lambda f: (-occur[f], f))
    if n_effects == 2:
        base, others, finest = by_size[0], [by_size[1]], -1
    else:
        base, others, finest = by_size[1], by_size[2:], by_size[0]
    found = [_one_per_value(table, rows, f, base) for f in others]
    if finest >= 0:
        found.append(_forest(table, rows, finest, others[-1], base))
    return np.concatenate(found)


def _shared(table: LevelTable, effect: int, other: int, levels: Ints) -> Ints:
    """Number, for levels of an effect, what it has in common with another effect."""
    common = [
        name for name in table.effects[effect].factors if name in table.parts[other]
    ]
    code = np.zeros(levels.size, np.int64)
    for name in common:
        part = table.parts[effect][name]
        code = code * (int(part.max(initial=0)) + 1) + part[levels]
    if code.max(initial=0) > FEW_CELLS * levels.size:
        return np.unique(code, return_inverse=True)[1].astype(np.int64)
    occurs = np.zeros(int(code.max(initial=0)) + 1, np.bool_)
    occurs[code] = True
    return (np.cumsum(occurs) - 1)[code]


def _one_per_value(table: LevelTable, rows: Ints, effect: int, base: int) -> Ints:
    """Return for each value shared with the base the level with the most rows."""
    own = table.part(rows, effect)
    levels = np.flatnonzero(own)
    chosen = _best_of_each(_shared(table, effect, base, levels), own[levels])
    return table.first[effect] + levels[chosen]


def _forest(table: LevelTable, rows: Ints, effect: int, left: int, right: int) -> Ints:
    """Return levels that, as edges between shared values, form a forest of depth two.

    Each right value is tied to the hub of its part; each other left value to the right
    value it has most rows with.
    """
    own = table.part(rows, effect)
    levels = np.flatnonzero(own)
    weight = own[levels]
    u, v = (_shared(table, effect, other, levels) for other in (left, right))
    at_hub = _hubs(u, v, weight)[u]
    places = np.flatnonzero(at_hub)
    first = places[_best_of_each(v[places], weight[places])]
    tied = np.zeros(int(v.max(initial=-1)) + 1, np.bool_)
    tied[v[first]] = True
    places = np.flatnonzero(~at_hub & tied[v])
    second = places[_best_of_each(u[places], weight[places])]
    return table.first[effect] + levels[np.concatenate([first, second])]


def _hubs(u: Ints, v: Ints, weight: Ints) -> NDArray[np.bool_]:
    """Mark in each connected part of the graph the left value with the most rows."""
    n_left = int(u.max()) + 1
    total = np.bincount(u, weights=weight, minlength=n_left)
    is_hub = np.zeros(n_left, np.bool_)
    is_hub[_best_of_each(connected_parts(u, v), total)] = True
    return is_hub


def connected_parts(u: Ints, v: Ints) -> Ints:
    """Number the connected part of each left value in the graph of edges u to v."""
    from forecast.kernels.counting import reach

    n_left, n_right = int(u.max()) + 1, int(v.max()) + 1
    left, right = np.zeros(n_left, np.bool_), np.zeros(n_right, np.bool_)
    left[u[0]] = True
    for _ in range(FEW_ROUNDS):
        reach(u, v, left, right)
        if left.all():  # most panels are one part, and soon seen to be
            return np.zeros(n_left, np.int64)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = n_left + n_right
    graph = coo_array((np.ones(u.size, np.int8), (u, v + n_left)), shape=(n, n))
    parts: Ints = connected_components(graph, directed=False)[1][:n_left]
    return parts


def _best_of_each(group: Ints, score: Ints | Floats) -> Ints:
    """Return the place of the highest score in each group; the first of equals."""
    from forecast.kernels.counting import best_of_groups

    best = np.full(int(group.max(initial=-1)) + 1, -1)
    best_of_groups(group, score, best)
    return best[best >= 0]
