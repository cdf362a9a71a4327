"""Rows sorted by their effects, and the products of their Schur complement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.gravity.engine.block_work import add_over_blocks, cut_blocks
from forecast.gravity.records import Codes, Floats, Ints
from forecast.kernels import rows, sorting
from forecast.kernels.threads import run_blocks, run_columns

__all__ = [
    "SortedRows",
    "project_rows",
    "row_moments",
    "row_product",
    "sort_by_effects",
]

# Rows of a group, at most and as rows meet them on average, that are sorted one past the
# other; in longer groups the passes of a sort by each effect are quicker.
MOST_ROWS = 256
MEAN_ROWS = 24


@dataclass(frozen=True)
class SortedRows:
    """Rows in canonical order: by the finest effect, then by the others.

    Attributes
    ----------
    order : int array of shape (n,)
        Input row at each place.
    starts : int array of shape (P + 1,)
        First place of each group, a level of the finest effect.
    groups : int array of shape (P,)
        Level of the finest effect that each group is.
    index : uint32 array of shape (F, n)
        Levels of the other effects, numbered through.
    offsets : int array of shape (F + 1,)
        Where the levels of each other effect begin in that numbering.
    finest : int
        Position of the finest effect among the effects.
    cuts : int array
        Blocks of work.
    """

    order: Ints
    starts: Ints
    groups: Ints
    index: Ints
    offsets: Ints
    finest: int
    cuts: Ints

    @property
    def others(self) -> list[int]:
        """Positions of the other effects among the effects."""
        return [f for f in range(self.offsets.size) if f != self.finest]

    @property
    def n_levels(self) -> int:
        """Levels of the other effects together."""
        return int(self.offsets[-1])

    def sums(self, values: Floats) -> Floats:
        """Sum values (n,) by group, (P,)."""
        return np.add.reduceat(values, self.starts[:-1])


def sort_by_effects(
    effects: Sequence[Codes], values: Callable[[], Sequence[Floats]]
) -> SortedRows:
    """Sort rows by their levels; rows with equal levels by their values.

    Parameters
    ----------
    effects : sequence of Codes
        One or more.
    values : callable
        Gives float arrays of shape (n,): what tells rows with the same levels apart, so
        that their order is theirs and not the input's. Called where there are such rows.
    """
    finest = max(range(len(effects)), key=lambda f: (effects[f].count, -f))
    others = [effect for f, effect in enumerate(effects) if f != finest]
    starts, order, index, offsets, ties = sorted_levels(effects[finest], others)
    if ties:
        keys = [effect.codes for effect in (*reversed(others), effects[finest])]
        order = np.lexsort((*reversed(values()), *keys))
    groups = np.flatnonzero(np.diff(starts))
    starts = np.append(starts[groups], starts[-1])
    levels_per_row = offsets[-1] / max(order.size, 1)
    cuts = cut_blocks(
        np.arange(groups.size), int(order.size / (1 + 16 * levels_per_row))
    )
    return SortedRows(order, starts, groups, index, offsets, finest, cuts)


def sorted_levels(
    finest: Codes, others: Sequence[Codes]
) -> tuple[Ints, Ints, Ints, Ints, bool]:
    """Where each level of the finest effect begins, the order, `level_index`, any ties."""
    nothing = np.zeros(0, np.int64)
    starts, order = sorting.sort_rows(finest.codes, finest.count, nothing)
    sizes = np.diff(starts)
    if sizes.max(initial=0) > MOST_ROWS or sizes @ sizes > MEAN_ROWS * order.size:
        order = nothing
        for effect in (*reversed(others), finest):
            starts, order = sorting.sort_rows(effect.codes, effect.count, order)
        index, offsets = level_index(others, order)
        return starts, order, index, offsets, sorting.has_ties(starts, index)
    index, offsets = level_index(others, order)
    cuts = cut_blocks(np.arange(sizes.size), order.size)
    ties = run_blocks(
        lambda block: sorting.sort_in_groups(
            cuts[block], cuts[block + 1], starts, index, order
        ),
        cuts.size - 1,
    )
    return starts, order, index, offsets, any(ties)


def level_index(effects: Sequence[Codes], order: Ints) -> tuple[Ints, Ints]:
    """Levels of each effect over ordered rows, numbered through, and where each begins."""
    counts = [effect.count for effect in effects]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    index = np.empty((len(effects), order.size), np.uint32)

    def fill(f: int) -> None:
        index[f] = effects[f].codes[order]
        index[f] += np.uint32(offsets[f])

    run_columns(fill, range(len(effects)), order.size)
    return index, offsets


def row_moments(
    layout: SortedRows, X: Floats, weights: Floats, inverse: Floats
) -> tuple[Floats, Floats]:
    """``D'W X~`` (m, K, 1) and ``X~'W X~`` (K, K); `inverse` as in the kernels."""
    k = X.shape[0]
    _, (C, gram) = add_over_blocks(
        layout.cuts,
        lambda first, last, C, gram: rows.cross_moments(
            first, last, layout.starts, layout.index, inverse, X, weights, C, gram
        ),
        (k, layout.n_levels),
        (k, k),
    )
    return np.ascontiguousarray(C.T)[:, :, None], gram


def row_product(
    layout: SortedRows, weights: Floats, inverse: Floats, V: Floats, active: Ints
) -> Floats:
    """The Schur complement at `weights` times V (m, K, 1), in the columns of `active`."""
    chosen = np.ascontiguousarray(V[:, active, 0].T)
    _, (out,) = add_over_blocks(
        layout.cuts,
        lambda first, last, out: rows.schur_product(
            first, last, layout.starts, layout.index, weights, inverse, chosen, out
        ),
        chosen.shape,
    )
    full = np.zeros_like(V)
    full[:, active, 0] = out.T
    return full


def project_rows(
    layout: SortedRows, weights: Floats, inverse: Floats, X: Floats, theta: Floats
) -> Floats:
    """X (K, n) less effects theta (K, m) and the weighted group mean of the rest."""
    out = np.empty_like(X)
    run_blocks(
        lambda block: rows.project_rows(
            layout.cuts[block],
            layout.cuts[block + 1],
            layout.starts,
            layout.index,
            weights,
            inverse,
            X,
            theta,
            out,
        ),
        layout.cuts.size - 1,
    )
    return out
