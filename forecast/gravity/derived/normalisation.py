r"""Which level of each effect is zero, and which levels can be compared.

Only the sums of effects over the rows have a meaning: a vector v over the levels with
:math:`Dv = 0`, D the dummies of all effects, can be added to them at will. Two levels of
one effect can be compared where every such v is the same at both; and as many levels can
be set to zero as there are independent v.

With two effects these v are the connected components of the graph in which a row ties
its two levels (Abowd, Creecy and Kramarz 2002, Census Bureau TP-2002-06). With more they
are found from the rank of the dummies, or, with many levels, from the components of any
two effects, and whether these are all is then tried out with a random vector.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from forecast.gravity.inference.leverage import SINGULAR, schur_complement
from forecast.gravity.records import Bools, Codes, Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Normalised", "components", "normalise"]

DENSE = 2_000
"""Levels, those of the largest effect not counted, whose rank is found from a matrix."""

BLOCK = 256
PROBES = 3
"""Random shifts; in one, some of thousands of levels are alike by chance."""
NOTHING = 1e-7
"""Share of the largest entry of a shift that counts as zero."""


@dataclass(frozen=True)
class Normalised:
    """Effects with as many levels at zero as there can be; one array for each effect.

    Attributes
    ----------
    values : tuple of float arrays of shape (levels,)
    zero : tuple of bool arrays of shape (levels,)
        Going from the last effect to the second, the earliest levels that can be zero
        without changing any sum of effects; none of the first effect is.
    component : tuple of int arrays of shape (levels,)
        Levels of one effect can be compared where this is equal; -1 where that is not
        known.
    complete : bool
        Whether all shifts that change no sum were found.
    """

    values: tuple[Floats, ...]
    zero: tuple[Bools, ...]
    component: tuple[Ints, ...]
    complete: bool


@dataclass(frozen=True)
class Shifts:
    """What can be added to the levels without changing any row.

    Attributes
    ----------
    basis : sparse array of shape (levels, shifts)
        The columns need not be independent.
    complete : bool
    """

    basis: csr_array = field(repr=False)
    complete: bool


def normalise(effects: tuple[Codes, ...], values: tuple[Floats, ...]) -> Normalised:
    """Set levels to zero and tell which can be compared.

    Parameters
    ----------
    effects : tuple of Codes of n rows
    values : tuple of float arrays of shape (levels,)

    Examples
    --------
    Two components: rows 0 and 1 share the first level of the first effect.

    >>> first = Codes(np.array([0, 0, 1], np.int32), 2)
    >>> second = Codes(np.array([0, 1, 2], np.int32), 3)
    >>> done = normalise((first, second), (np.array([1.0, 1.0]), np.array([5.0, 6.0, 7.0])))
    >>> done.values
    (array([6., 8.]), array([0., 1., 0.]))
    >>> done.component
    (array([0, 1]), array([0, 0, 1]))
    """
    if len(effects) < 2:
        return Normalised(
            values,
            tuple(np.zeros(e.count, np.bool_) for e in effects),
            tuple(np.zeros(e.count, np.int64) for e in effects),
            complete=True,
        )
    if len(effects) == 2:
        return _two(effects, values)
    return _many(effects, values)


def components(first: Codes, second: Codes) -> tuple[int, Ints, Ints]:
    """Groups of levels that no row connects, in the order of the first effect's levels.

    Returns
    -------
    count : int
    of_first, of_second : int arrays of shape (levels,)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = first.count + second.count
    edges = (first.codes, second.codes + first.count)
    graph = coo_array((np.ones(first.codes.size, np.int8), edges), shape=(size, size))
    count, label = connected_components(graph, directed=False)
    own, where = np.unique(label[: first.count], return_index=True)
    order = np.empty(count, np.int64)
    order[own[np.argsort(where)]] = np.arange(count)
    return count, order[label[: first.count]], order[label[first.count :]]


def _two(effects: tuple[Codes, ...], values: tuple[Floats, ...]) -> Normalised:
    _, of_first, of_second = components(*effects)
    at = np.unique(of_second, return_index=True)[1]
    shift = values[1][at]
    zero = np.zeros(of_second.size, np.bool_)
    zero[at] = True
    second = values[1] - shift[of_second]
    second[at] = 0.0
    return Normalised(
        (values[0] + shift[of_first], second),
        (np.zeros(of_first.size, np.bool_), zero),
        (of_first, of_second),
        complete=True,
    )


# --------------------------------------------------------------- three effects or more


def _many(effects: tuple[Codes, ...], values: tuple[Floats, ...]) -> Normalised:
    sizes = [effect.count for effect in effects]
    cuts = np.cumsum(sizes)[:-1]
    shifts = find_shifts(effects)
    zero = zero_levels(shifts.basis, sizes)
    stacked = np.concatenate(values)
    amounts = np.linalg.lstsq(shifts.basis[zero].toarray(), -stacked[zero], rcond=None)[
        0
    ]
    moved = stacked + shifts.basis @ amounts
    moved[zero] = 0.0
    at_zero = np.zeros(stacked.size, np.bool_)
    at_zero[zero] = True
    return Normalised(
        tuple(np.split(moved, cuts)),
        tuple(np.split(at_zero, cuts)),
        _comparable(shifts, sizes),
        shifts.complete,
    )


def _comparable(shifts: Shifts, sizes: list[int]) -> tuple[Ints, ...]:
    """Levels of one effect that all shifts move alike, seen in random shifts."""
    if not shifts.complete:
        return tuple(np.full(size, -1) for size in sizes)
    moved = shifts.basis @ _random((shifts.basis.shape[1], PROBES))
    return tuple(_classes(part) for part in np.split(moved, np.cumsum(sizes)[:-1]))


def find_shifts(effects: tuple[Codes, ...]) -> Shifts:
    """Find all shifts, by rank where that is cheap."""
    sizes = [effect.count for effect in effects]
    if sum(sizes) - max(sizes) <= DENSE:
        return Shifts(_null_space(effects), complete=True)
    basis = _pairwise(effects)
    return Shifts(basis, _is_complete(effects, basis))


def zero_levels(basis: csr_array, sizes: list[int]) -> Ints:
    """Pick the levels that are zero: independent rows, last effect first, in order.

    Parameters
    ----------
    basis : sparse array of shape (levels, shifts)
    sizes : list of int
        Levels of each effect.
    """
    levels_of = np.split(np.arange(basis.shape[0]), np.cumsum(sizes)[:-1])
    order = np.concatenate(levels_of[:0:-1])
    # Columns: shifts that leave all picked levels at zero.
    free = np.eye(basis.shape[1])
    picked: list[int] = []
    for start in range(0, order.size, BLOCK):
        if not free.shape[1]:
            break
        levels = order[start : start + BLOCK]
        rows = basis[levels] @ free
        while rows.shape[1]:
            moving = np.flatnonzero(np.abs(rows).max(axis=1) > NOTHING)
            if not moving.size:
                break
            at = moving[0]
            picked.append(int(levels[at]))
            row = rows[at]
            pivot = int(np.argmax(np.abs(row)))
            share = np.delete(row, pivot) / row[pivot]
            free = np.delete(free, pivot, 1) - np.outer(free[:, pivot], share)
            rows = np.delete(rows, pivot, 1) - np.outer(rows[:, pivot], share)
    return np.array(sorted(picked), dtype=np.int64)


def _null_space(effects: tuple[Codes, ...]) -> csr_array:
    """All shifts: the null space of the other effects once the finest is swept out."""
    from scipy.linalg import solve_triangular
    from scipy.linalg.lapack import dpstrf
    from scipy.sparse import csr_array

    sizes = [effect.count for effect in effects]
    finest = int(np.argmax(sizes))
    others = effects[:finest] + effects[finest + 1 :]
    ones = np.ones(effects[0].codes.size)
    dense = schur_complement(ones, effects[finest], others).toarray()
    scale = np.diag(dense).copy()
    scale[scale <= 0] = 1.0
    scale = 1 / np.sqrt(scale)
    factor, pivots, rank, _ = dpstrf(
        dense * scale[:, None] * scale, tol=SINGULAR, lower=1
    )
    order, free = pivots - 1, pivots.size - rank
    null = np.zeros((order.size, free))
    null[order[rank:]] = np.eye(free)
    if rank:
        null[order[:rank]] = -solve_triangular(
            np.tril(factor[:rank, :rank]), factor[rank:, :rank].T, lower=True, trans="T"
        )
    null *= scale[:, None]
    null /= np.abs(null).max(axis=0)
    null[np.abs(null) < NOTHING**2] = 0.0
    parts = np.split(null, np.cumsum([e.count for e in others])[:-1])
    first = np.unique(effects[finest].codes, return_index=True)[1]
    seen = [part[e.codes[first]] for part, e in zip(parts, others, strict=True)]
    parts.insert(finest, -np.sum(seen, axis=0))
    return csr_array(np.vstack(parts))


def _pairwise(effects: tuple[Codes, ...]) -> csr_array:
    """Shifts between any two effects: one for each of their components."""
    from scipy.sparse import csr_array

    first = np.cumsum([0, *(effect.count for effect in effects)])
    rows, columns, entries, width = [], [], [], 0
    for f, g in itertools.combinations(range(len(effects)), 2):
        count, of_f, of_g = components(effects[f], effects[g])
        rows += [first[f] + np.arange(of_f.size), first[g] + np.arange(of_g.size)]
        columns += [width + of_f, width + of_g]
        entries += [np.ones(of_f.size), -np.ones(of_g.size)]
        width += count
    where = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.concatenate(entries), where), shape=(int(first[-1]), width))


def _is_complete(effects: tuple[Codes, ...], basis: csr_array) -> bool:
    """Take a random vector apart: what no row sees must be made of the shifts known.

    A further shift would be part of a random vector with probability one.
    """
    from scipy.sparse import csr_array, hstack
    from scipy.sparse.linalg import lsqr

    n = effects[0].codes.size
    starts = np.arange(n + 1)
    dummies = hstack(
        [
            csr_array(
                (
                    1 / np.sqrt(np.bincount(e.codes, minlength=e.count))[e.codes],
                    e.codes,
                    starts,
                ),
                shape=(n, e.count),
            )
            for e in effects
        ],
        format="csr",
    )
    scale = np.sqrt(
        np.concatenate([np.bincount(e.codes, minlength=e.count) for e in effects])
    )
    given = _random(scale.size)
    seen, stop, *_ = lsqr(
        dummies, dummies @ given, atol=1e-13, btol=1e-13, iter_lim=2_000
    )
    unseen = given - seen
    scaled = basis.multiply(scale[:, None]).tocsr()
    gram = (scaled.T @ scaled).toarray()
    amounts = np.linalg.lstsq(gram, scaled.T @ unseen, rcond=1e-12)[0]
    rest = unseen - scaled @ amounts
    return stop in {1, 2, 4, 5} and bool(
        np.linalg.norm(rest) < 1e-5 * np.linalg.norm(given)
    )


def _random(size: int | tuple[int, int]) -> Floats:
    return np.random.default_rng(20_060_801).uniform(0.5, 1.5, size)


def _classes(values: Floats) -> Ints:
    """Number groups of equal rows in the order of their first member."""
    apart = NOTHING * max(np.abs(values).max(initial=0.0), 1e-300)
    groups = np.empty(values.shape, np.int64)
    for column, group in zip(values.T, groups.T, strict=True):
        order = np.argsort(column, kind="stable")
        gaps = np.diff(column[order]) > apart
        group[order] = np.concatenate([[0], np.cumsum(gaps)])
    _, where, inverse = np.unique(
        groups, axis=0, return_index=True, return_inverse=True
    )
    rank = np.empty(where.size, np.int64)
    rank[np.argsort(where)] = np.arange(where.size)
    return rank[inverse.ravel()]
