"""The levels of several effects side by side, and which of them mean nothing alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.designs.factors import combine
from forecast.gravity.records import Effect, Factor, Floats, Ints
from forecast.kernels.threads import run_columns

__all__ = ["LevelTable", "connected_parts", "free_levels", "level_table"]

FEW = 4096  # numbers of so many levels may have gaps
FEW_ROUNDS = 3  # along the edges of a graph, quicker than loading SciPy's search


@dataclass(frozen=True)
class LevelTable:
    """Rows by their levels; levels are numbered through all effects, 0 to L - 1.

    Attributes
    ----------
    effects : tuple of Effect
    codes : tuple of int32 arrays of shape (n,)
        Level of each row within each effect; not all levels need to occur.
    first : int32 array of shape (F + 1,)
        Number of the first level of each effect; the last entry is L.
    parts : tuple of mapping of str to int array
        For each effect and each of its factors the code of every level.
    """

    effects: tuple[Effect, ...]
    codes: tuple[Ints, ...]
    first: Ints
    parts: tuple[Mapping[str, Ints], ...]

    @property
    def size(self) -> int:
        """How many levels there are in all, L."""
        return int(self.first[-1])

    def part(self, values: Any, effect: int) -> Any:
        """Cut an array (L,) down to the levels of one effect."""
        return values[self.first[effect] : self.first[effect + 1]]

    def sums(self, values: Floats, n: int) -> Floats:
        """Add up the values (L,) of each row's levels, (n,)."""
        total = np.zeros(n)
        for f, codes in enumerate(self.codes):
            total += self.part(values, f)[codes]
        return total

    def sums_at(self, values: Floats, rows: Ints) -> Floats:
        """Add up the values (L,) of the levels of some rows, (r,)."""
        n = self.codes[0].size if self.codes else rows.size
        if 2 * rows.size > n:  # all rows in their order are quicker than most of them
            return self.sums(values, n)[rows]
        return self.take(rows).sums(values, rows.size)

    def rows(self, rows: Ints) -> Ints:
        """Numbers of the levels of some rows, int32 of shape (r, F)."""
        numbers = np.empty((rows.size, len(self.codes)), np.int32)
        for f, code in enumerate(self.codes):
            np.add(code[rows], self.first[f], out=numbers[:, f])
        return numbers

    def take(self, rows: Ints) -> LevelTable:
        """Return the table of some rows, levels numbered as before."""
        codes = tuple(_read_only(code[rows]) for code in self.codes)
        return LevelTable(self.effects, codes, self.first, self.parts)


def level_table(effects: Sequence[Effect], factors: Mapping[str, Factor]) -> LevelTable:
    """Number the levels of each effect by arithmetic, or densely where they are sparse.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast.gravity.designs.factors import factorise
    >>> factors = {"i": factorise(pd.Series([7, 9, 9], name="i")),
    ...     "t": factorise(pd.Series([1, 1, 2], name="t"))}
    >>> table = level_table([Effect(("i", "t")), Effect(("t",))], factors)
    >>> table.codes, table.first
    ((array([0, 2, 3], dtype=int32), array([0, 0, 1], dtype=int32)), array([0, 4, 6], dtype=int32))
    """
    made_of = [[factors[name] for name in effect.factors] for effect in effects]
    n_rows = made_of[0][0].codes.size if made_of else 0
    pairs = run_columns(_numbered, made_of, n_rows)
    sizes = [_size(part) for _, part in pairs]
    return LevelTable(
        effects=tuple(effects),
        codes=tuple(_read_only(codes) for codes, _ in pairs),
        first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        parts=tuple(part for _, part in pairs),
    )


def _read_only(codes: Ints) -> Ints:
    """Return a view of one kind, since kernels take the effects as a uniform tuple."""
    view = np.ascontiguousarray(codes, dtype=np.int32).view()
    view.setflags(write=False)
    return view


def _size(part: Mapping[str, Ints]) -> int:
    return len(next(iter(part.values())))


def _numbered(factors: Sequence[Factor]) -> tuple[Ints, dict[str, Ints]]:
    """Number the levels of one effect and say what each is made of."""
    counts = [len(factor.levels) for factor in factors]
    n = factors[0].codes.size
    if len(factors) == 1:
        return factors[0].codes, {factors[0].name: np.arange(counts[0])}
    cells = 1
    for count in counts:
        cells *= count
    if cells > max(FEW, n // 4):
        combined = combine(factors)
        where = np.zeros(combined.count, np.int64)
        where[combined.codes] = np.arange(n)
        return combined.codes, {f.name: f.codes[where] for f in factors}
    codes = factors[0].codes * np.int32(counts[1])
    codes += factors[1].codes
    for factor, count in zip(factors[2:], counts[2:], strict=True):
        codes *= np.int32(count)
        codes += factor.codes
    made_of = np.unravel_index(np.arange(cells), counts)
    return codes, {f.name: part for f, part in zip(factors, made_of, strict=True)}


# ------------------------------------------------------------------------ free levels


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
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


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
    n_left, n_right = int(u.max()) + 1, int(v.max()) + 1
    left, right = np.zeros(n_left, np.bool_), np.zeros(n_right, np.bool_)
    left[u[0]] = True
    for _ in range(FEW_ROUNDS):
        right[v[left[u]]] = True
        left[u[right[v]]] = True
        if left.all():  # most panels are one part, and soon seen to be
            return np.zeros(n_left, np.int64)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = n_left + n_right
    graph = coo_array((np.ones(u.size, np.int8), (u, v + n_left)), shape=(n, n))
    parts: Ints = connected_components(graph, directed=False)[1][:n_left]
    return parts


def _best_of_each(group: Ints, score: Ints) -> Ints:
    """Return the place of the highest score in each group; the first of equals."""
    order = np.lexsort((-score, group))
    sorted_groups = group[order]
    starts = np.ones(order.size, np.bool_)
    starts[1:] = sorted_groups[1:] != sorted_groups[:-1]
    return order[starts]
