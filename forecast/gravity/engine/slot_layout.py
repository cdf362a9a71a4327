"""From the rows of a sample to slots: where each row lies, and what its cells hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.gravity.engine.arrays import Arrays, combined_offset, given
from forecast.gravity.engine.block_work import add_over_blocks, cut_blocks, cut_rows
from forecast.gravity.engine.scaling import Scaling
from forecast.gravity.engine.slot_plan import SlotPlan
from forecast.gravity.engine.slotted_system import SlottedSystem
from forecast.gravity.records import Floats, Ints
from forecast.kernels import placing
from forecast.kernels.threads import run_blocks

__all__ = ["lay_out"]


def lay_out(plan: SlotPlan, arrays: Arrays) -> SlottedSystem | None:
    """Place the sample's rows in slots, or return None where two rows share a cell."""
    y, weights = arrays.y, arrays.weights
    groups, mass = groups_with_outcome(plan, arrays)
    source, n_rows = place_rows(plan, arrays, groups)
    if n_rows > np.count_nonzero(source >= 0):
        return None
    # A power of two: `mass` depends on the order of rows in its last bits, this does not.
    unit = float(2.0 ** np.round(np.log2(mass / n_rows)))
    outer, inner = plan.outer[groups], plan.inner[groups]
    cuts = cut_blocks(outer if plan.n_outer else inner, source.size)
    cells, totals, margins = fill_outcome(
        source, cuts, plan, (outer, inner), y, weights, 1.0 / unit
    )
    scaling = Scaling.of(arrays.columns)
    return SlottedSystem(
        source=source,
        n_rows=n_rows,
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


def place_rows(plan: SlotPlan, arrays: Arrays, groups: Ints) -> tuple[Ints, int]:
    """Row of each cell (P, T), -1 where absent, and how many rows were placed."""
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
    return places[:-1].reshape(groups.size, plan.width), sum(placed)


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
