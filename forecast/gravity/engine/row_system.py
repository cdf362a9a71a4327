"""Any set of effects on any graph: the system of `forecast.gravity.engine.newton` on sorted rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forecast.gravity.engine.block_work import add_over_blocks, cut_blocks
from forecast.gravity.engine.conjugate import Conditioner
from forecast.gravity.engine.direct import choose_conditioner
from forecast.gravity.engine.newton import Point
from forecast.gravity.records import Codes, Floats, Ints
from forecast.kernels import rows

__all__ = ["RowSystem", "SortedRows", "sort_by_effects"]

SWEEPS = 2  # over each effect but the finest


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

    @cached_property
    def by_level(self) -> tuple[Ints, Ints, Ints]:
        """Where each level's occurrences begin, these (as f * n + row), and group by row."""
        places, occurrences = rows.sort_rows(
            self.index.ravel(), self.n_levels, np.zeros(0, np.int64)
        )
        group_of = np.repeat(np.arange(self.groups.size), np.diff(self.starts))
        return places, occurrences, group_of

    def sums(self, values: Floats) -> Floats:
        """Sum values (n,) by group, (P,)."""
        return np.add.reduceat(values, self.starts[:-1])


def sort_by_effects(effects: Sequence[Codes], values: Sequence[Floats]) -> SortedRows:
    """Sort rows by their levels; rows with equal levels by their values.

    Parameters
    ----------
    effects : sequence of Codes
        One or more.
    values : sequence of float arrays of shape (n,)
        What tells rows with the same levels apart, so that their order is theirs and
        not the input's.
    """
    finest = max(range(len(effects)), key=lambda f: (effects[f].count, -f))
    others = [effect for f, effect in enumerate(effects) if f != finest]
    order = np.zeros(0, np.int64)
    for effect in (*reversed(others), effects[finest]):
        starts, order = rows.sort_rows(effect.codes, effect.count, order)
    groups = np.flatnonzero(np.diff(starts))
    starts = np.append(starts[groups], starts[-1])
    index, offsets = level_index(others, order)
    if rows.has_ties(starts, index):
        keys = [effect.codes for effect in (*reversed(others), effects[finest])]
        order = np.lexsort((*reversed(values), *keys))
    levels_per_row = offsets[-1] / max(order.size, 1)
    cuts = cut_blocks(
        np.arange(groups.size), int(order.size / (1 + 16 * levels_per_row))
    )
    return SortedRows(order, starts, groups, index, offsets, finest, cuts)


def level_index(effects: Sequence[Codes], order: Ints) -> tuple[Ints, Ints]:
    """Levels of each effect over ordered rows, numbered through, and where each begins."""
    counts = [effect.count for effect in effects]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    index = np.empty((len(effects), order.size), np.uint32)
    for f, effect in enumerate(effects):
        index[f] = effect.codes[order]
        index[f] += np.uint32(offsets[f])
    return index, offsets


@dataclass(frozen=True)
class RowSystem:
    """Sorted rows with outcome and regressors, centred and scaled.

    Attributes
    ----------
    sorted : SortedRows
    y : float array of shape (n,)
        Weighted outcome in units of its mean, sorted.
    X : float array of shape (K, n)
    offset : float array of shape (n,) or (0,)
        With log weights added, sorted.
    reach : float array of shape (K,)
        The largest absolute value of each regressor.
    """

    sorted: SortedRows
    y: Floats
    X: Floats
    offset: Floats
    reach: Floats
    _kept: dict[str, object] = field(default_factory=dict, repr=False)

    @property
    def n_columns(self) -> int:
        """Number of regressors."""
        return self.X.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of theta: a block of one slot for each level."""
        return self.sorted.n_levels, 1

    @cached_property
    def totals(self) -> Floats:
        """Sum of the outcome by group, (P,)."""
        return self.sorted.sums(self.y)

    @cached_property
    def total(self) -> float:
        """Sum of the outcome."""
        return float(self.totals.sum())

    @cached_property
    def inverse(self) -> Floats:
        """One over `totals`."""
        return 1.0 / self.totals

    def start(self) -> Floats:
        """Two rounds of proportional fitting over the other effects, without X."""
        layout = self.sorted
        theta = np.zeros((layout.n_levels, 1))
        bare = RowSystem(layout, self.y, self.X[:0], self.offset, self.reach[:0])
        observed = np.zeros(layout.n_levels)
        for levels in layout.index:
            observed += np.bincount(levels, weights=self.y, minlength=layout.n_levels)
        for _ in range(SWEEPS):
            for first, last in zip(
                layout.offsets[:-1], layout.offsets[1:], strict=True
            ):
                point = bare.evaluate(np.zeros(0), theta, exact=True)
                own = observed[first:last]
                fitted = own - point.s_theta[first:last, 0]
                known = (own > 0) & (fitted > 0)
                ratio = np.divide(own, fitted, out=np.ones_like(own), where=known)
                theta[first:last, 0] += np.log(ratio)
        return theta

    def evaluate(self, beta: Floats, theta: Floats, *, exact: bool) -> Point:  # noqa: ARG002
        """Scores and means, always in double precision."""
        layout = self.sorted
        mu = np.empty_like(self.y)
        values, (s_theta, s_x) = add_over_blocks(
            layout.cuts,
            lambda first, last, s_theta, s_x: rows.score_pass(
                first,
                last,
                layout.starts,
                layout.index,
                self.y,
                self.totals,
                self.X,
                self.offset,
                beta,
                theta[:, 0],
                mu,
                s_theta,
                s_x,
            ),
            (layout.n_levels,),
            beta.shape,
        )
        return Point(float(sum(values)), mu, s_x, s_theta[:, None])

    def fast_means(self, mu: Floats) -> Floats:
        """The means as they are."""
        return mu

    def moments(self, mu: Floats) -> tuple[Floats, Floats]:
        """Cross moments of the regressors."""
        return row_moments(self.sorted, self.X, mu, self.inverse)

    def conditioner(self, mu: Floats) -> Conditioner:
        """Diagonal on easy graphs, a factor of the Schur complement on hard ones."""
        return choose_conditioner(self.sorted, mu, self.inverse, self._kept)

    def product(self, mu: Floats, V: Floats, active: Ints) -> Floats:
        """Schur complement times V."""
        return row_product(self.sorted, mu, self.inverse, V, active)


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
