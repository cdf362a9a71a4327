"""Structural gravity in slots: the system of `forecast.gravity.engine.newton` on dense cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forecast.gravity.engine.arrays import Arrays, combined_offset, given
from forecast.gravity.engine.block_work import add_over_blocks, cut_blocks, cut_rows
from forecast.gravity.engine.newton import Point
from forecast.gravity.engine.scaling import Scaling
from forecast.gravity.engine.slot_plan import SlotPlan
from forecast.gravity.records import Floats, Ints
from forecast.kernels import blocks, placing, slots
from forecast.kernels.threads import run_blocks

__all__ = ["MateConditioner", "SlottedSystem", "lay_out"]

SWEEPS = 3
ROUNDING = 4.0  # units of the last place


@dataclass(frozen=True)
class MateConditioner:
    """The Schur complement's diagonal, with pairs of blocks that belong together.

    An exporter and the importer that is its heaviest partner, if that is mutual (most
    often itself, where domestic trade is in the data), are inverted together, as
    2 x 2 matrices per period.

    Attributes
    ----------
    diagonal, coupling : float arrays of shape (R, T)
    mate : int array of shape (R,)
        -1 where there is none.
    """

    diagonal: Floats
    coupling: Floats
    mate: Ints

    def apply(self, R: Floats, active: Ints, Z: Floats, out: Floats) -> None:
        """Write ``Z = M R`` and ``R'Z`` per column."""
        blocks.precondition(R, self.diagonal, self.coupling, self.mate, active, Z, out)


@dataclass(frozen=True)
class SlottedSystem:
    """Cells in slots, groups in order of their outer block.

    Attributes
    ----------
    source : int32 array of shape (P, T)
        Row of the design in each cell, -1 where absent.
    y : float array of shape (P, T)
        Weighted outcome divided by `unit`; -1 where absent.
    totals : float array of shape (P,)
    margins : float array of shape (R, T)
        Observed sums per outer and inner block and slot.
    X : float array of shape (P, K, T)
        Centred and scaled.
    offset : float array of shape (P, T) or (0, T)
        With log weights added.
    outer, inner : int32 arrays of shape (P,)
    n_outer, n_inner : int
    cuts : int array of shape (blocks + 1,)
        Fixed by the data, never by the number of threads.
    unit : float
        About the mean of the weighted outcome.
    scaling : Scaling
    """

    source: Ints
    y: Floats
    totals: Floats
    margins: Floats
    X: Floats
    offset: Floats
    outer: Ints
    inner: Ints
    n_outer: int
    n_inner: int
    cuts: Ints
    unit: float
    scaling: Scaling
    _buffers: dict[str, Floats] = field(default_factory=dict, repr=False)

    @property
    def n_columns(self) -> int:
        """Number of regressors."""
        return self.X.shape[1]

    @property
    def reach(self) -> Floats:
        """The largest absolute value of each regressor."""
        return self.scaling.reach

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of theta: outer blocks above inner ones, by slots."""
        return self.n_outer + self.n_inner, self.y.shape[1]

    @cached_property
    def total(self) -> float:
        """Sum of the outcome in cells."""
        return float(self.totals.sum())

    def split(self, theta: Floats) -> tuple[Floats, Floats]:
        """Part an array by blocks into outer and inner ones."""
        return theta[: self.n_outer], theta[self.n_outer :]

    # -------------------------------------------------------------- System

    def start(self) -> Floats:
        """Three sweeps of iterative proportional fitting: no exponentials, no X."""
        outer, inner = self.split(self.margins)
        a, b = (outer > 0).astype(float), (inner > 0).astype(float)
        factor = np.exp(self.offset)
        for _ in range(SWEEPS):
            fitted = self.sweep(factor, a, b, outer)
            b = np.divide(inner, fitted, out=np.zeros_like(b), where=fitted > 0)
        theta = np.concatenate([a, b])
        return np.log(theta, out=np.zeros_like(theta), where=theta > 0)

    def sweep(self, factor: Floats, a: Floats, b: Floats, outer: Floats) -> Floats:
        """Fit `a` to the outer margins; return the inner ones that b is to be fitted to."""
        _, (fitted,) = add_over_blocks(
            self.cuts,
            lambda first, last, s_b: slots.proportional_sweep(
                first,
                last,
                self.outer,
                self.inner,
                self.y,
                self.totals,
                factor,
                a,
                b,
                outer,
                s_b,
            ),
            b.shape,
        )
        return fitted

    def evaluate(self, beta: Floats, theta: Floats, *, exact: bool) -> Point:
        """Scores; means in single precision unless `exact`."""
        mu = self._buffer(np.float64 if exact else np.float32)
        a, b = self.split(theta)
        s_a = np.zeros_like(a)
        logliks, (s_b, s_x) = add_over_blocks(
            self.cuts,
            lambda first, last, s_b, s_x: slots.score_pass(
                first,
                last,
                self.outer,
                self.inner,
                self.y,
                self.totals,
                self.X,
                self.offset,
                beta,
                a,
                b,
                mu,
                s_a,
                s_b,
                s_x,
            ),
            b.shape,
            beta.shape,
        )
        return Point(float(sum(logliks)), mu, s_x, np.concatenate([s_a, s_b]))

    def fast_means(self, mu: Floats) -> Floats:
        """The means in single precision, in the buffer of earlier evaluations."""
        fast = self._buffer(np.float32)
        np.copyto(fast, mu)
        return fast

    def _buffer(self, dtype: type) -> Floats:
        """Memory for means, which the next evaluation of this precision uses again."""
        name = np.dtype(dtype).name
        if name not in self._buffers:
            self._buffers[name] = np.empty(self.y.shape, dtype)
        return self._buffers[name]

    def moments(self, mu: Floats) -> tuple[Floats, Floats]:
        """Cross moments of the regressors."""
        k, width = self.n_columns, self.y.shape[1]
        C_a = np.zeros((self.n_outer, k, width))
        _, (C_b, gram) = add_over_blocks(
            self.cuts,
            lambda first, last, C_b, gram: slots.cross_moments(
                first,
                last,
                self.outer,
                self.inner,
                self.totals,
                self.X,
                mu,
                C_a,
                C_b,
                gram,
            ),
            (self.n_inner, k, width),
            (k, k),
        )
        return np.concatenate([C_a, C_b]), gram

    def product(self, mu: Floats, V: Floats, active: Ints) -> Floats:
        """Schur complement times V."""
        V_a, V_b = self.split(V)
        out = np.zeros_like(V)
        out_a, out_b = self.split(out)

        def work(first: int, last: int, sums_b: Floats) -> None:
            slots.schur_product(
                first,
                last,
                self.outer,
                self.inner,
                self.totals,
                mu,
                V_a,
                V_b,
                active,
                out_a,
                sums_b,
            )

        if self.cuts.size == 2:  # one block: there is nothing to add up
            work(0, self.totals.size, out_b)
        else:
            _, (out_b[:],) = add_over_blocks(self.cuts, work, V_b.shape, dtype=V.dtype)
        return out

    @cached_property
    def mates(self) -> tuple[Ints, Ints]:
        """Mate of each block (R,), and the group that joins the two; -1 for none."""
        n_blocks = self.shape[0]
        mate, joint = np.full((2, n_blocks), -1)
        if self.n_outer:
            best_outer = np.full(self.n_outer, -1)
            best_inner = np.full(self.n_inner, -1)
            blocks.heaviest_partners(
                self.outer, self.inner, self.totals, best_outer, best_inner
            )
            i = np.flatnonzero(best_outer >= 0)
            group = best_outer[i]
            j = self.inner[group].astype(np.int64)
            mutual = best_inner[j] == group
            i, j, group = i[mutual], j[mutual] + self.n_outer, group[mutual]
            mate[i], mate[j] = j, i
            joint[i] = joint[j] = group
        return mate, joint

    def conditioner(self, mu: Floats) -> MateConditioner:
        """Diagonal and 2 x 2 blocks at weights mu."""
        width = self.y.shape[1]
        d_a = np.zeros((self.n_outer, width))
        _, (d_b,) = add_over_blocks(
            self.cuts,
            lambda first, last, d_b: slots.schur_diagonal(
                first, last, self.outer, self.inner, self.totals, mu, d_a, d_b
            ),
            (self.n_inner, width),
        )
        d = np.concatenate([d_a, d_b])
        mate, joint = self.mates
        diagonal, coupling = np.empty((2, *d.shape), mu.dtype)
        # A level all of whose groups it fills alone has no curvature, only rounding.
        rounding = float(ROUNDING * np.finfo(mu.dtype).eps)
        blocks.invert(
            d, self.margins, rounding, mate, joint, self.totals, mu, diagonal, coupling
        )
        return MateConditioner(diagonal, coupling, mate)


def lay_out(plan: SlotPlan, arrays: Arrays) -> SlottedSystem | None:
    """Place the sample's rows in slots, or return None where two rows share a cell."""
    y, weights = arrays.y, arrays.weights
    groups, mass = groups_with_outcome(plan, arrays)
    source, collide = place_rows(plan, arrays, groups)
    if collide:
        return None
    # A power of two: `mass` depends on the order of rows in its last bits, this does not.
    unit = float(2.0 ** np.round(np.log2(mass / int(np.count_nonzero(source >= 0)))))
    outer, inner = plan.outer[groups], plan.inner[groups]
    cuts = cut_blocks(outer if plan.n_outer else inner, source.size)
    cells, totals, margins = fill_outcome(
        source, cuts, plan, (outer, inner), y, weights, 1.0 / unit
    )
    scaling = Scaling.of(arrays.columns)
    return SlottedSystem(
        source=source,
        y=cells,
        totals=totals,
        margins=margins,
        X=fill_columns(source, cuts, arrays.columns, scaling),
        offset=fill_offset(source, combined_offset(weights, arrays.offset)),
        outer=outer,
        inner=inner,
        n_outer=plan.n_outer,
        n_inner=plan.n_inner,
        cuts=cuts,
        unit=unit,
        scaling=scaling,
    )


def groups_with_outcome(plan: SlotPlan, arrays: Arrays) -> tuple[Ints, float]:
    """Groups that have an outcome, in their order, and the sum of the weighted outcome."""
    weights, keep = given(arrays.weights), given(arrays.keep, bool)
    masses, (marked,) = add_over_blocks(
        cut_rows(arrays.y.size),
        lambda first, last, marked: placing.mark_groups(
            first, last, plan.group, arrays.y, weights, keep, marked
        ),
        (plan.n_groups,),
        dtype=np.bool_,
    )
    return plan.order[marked[plan.order] > 0], float(sum(masses))


def place_rows(plan: SlotPlan, arrays: Arrays, groups: Ints) -> tuple[Ints, bool]:
    """Row of each cell (P, T), -1 where absent, and whether rows shared cells."""
    places = np.full(groups.size * plan.width + 1, -1, np.int32)
    rank = np.full(plan.n_groups, -1, np.int32)
    rank[groups] = np.arange(groups.size, dtype=np.int32)
    keep = given(arrays.keep, bool)
    placed, _ = add_over_blocks(
        cut_rows(arrays.y.size),
        lambda first, last: placing.place_rows(
            first, last, plan.slot, plan.group, keep, rank, plan.width, places
        ),
    )
    source = places[:-1].reshape(groups.size, plan.width)
    return source, sum(placed) > np.count_nonzero(source >= 0)


def fill_outcome(
    source: Ints,
    cuts: Ints,
    plan: SlotPlan,
    owners: tuple[Ints, Ints],
    y: Floats,
    weights: Floats | None,
    scale: float,
) -> tuple[Floats, Floats, Floats]:
    """Outcome by cell (P, T), -1 where absent; its sums by group (P,) and block (R, T)."""
    n_groups, width = source.shape
    cells, totals = np.empty(source.shape), np.empty(n_groups)
    by_outer = np.zeros((plan.n_outer, width))
    _, (by_inner,) = add_over_blocks(
        cuts,
        lambda first, last, s_b: placing.fill_outcome(
            first,
            last,
            *owners,
            source,
            y,
            given(weights),
            scale,
            cells,
            totals,
            by_outer,
            s_b,
        ),
        (plan.n_inner, width),
    )
    return cells, totals, np.concatenate([by_outer, by_inner])


def fill_columns(
    source: Ints, cuts: Ints, columns: Sequence[Floats], scaling: Scaling
) -> Floats:
    """Regressors by cell, centred and scaled, (P, K, T)."""
    n_groups, width = source.shape
    X = np.empty((n_groups, len(columns), width))

    def fill(block: int) -> None:
        first, last = cuts[block], cuts[block + 1]
        for k, column in enumerate(columns):
            center, scale = scaling.center[k], 1.0 / scaling.scale[k]
            placing.fill_column(first, last, source, column, center, scale, X, k)

    run_blocks(fill, cuts.size - 1)
    return X


def fill_offset(source: Ints, offset: Floats | None) -> Floats:
    """Offset by cell (P, T) less the largest of its group, or an array without rows.

    The finest effect takes up what is subtracted; exponentials stay in their range.
    """
    if offset is None:
        return np.zeros((0, source.shape[1]))
    cells = np.where(source >= 0, offset[source], -np.inf)
    cells -= cells.max(axis=1, keepdims=True, initial=-np.inf)
    return np.where(source >= 0, cells, 0.0)
