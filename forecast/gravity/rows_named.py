"""Columns of the table at the rows of an estimate, with codes that are known already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from forecast.gravity.designs.factors import factorise
from forecast.gravity.engine.slot_plan import Shape, readings
from forecast.gravity.inference.row_keys import RowKeys
from forecast.gravity.records import Design, Estimate, Factor, GroupCodes, Ints

__all__ = [
    "EstimatePlaces",
    "flow_shape",
    "pair_columns",
    "period_column",
    "row_columns",
    "row_keys",
]


@dataclass(frozen=True)
class EstimatePlaces:
    """`Places` of the rows of an estimate in the table of its design."""

    design: Design
    estimate: Estimate

    @cached_property
    def positions(self) -> Ints:
        """See `Places`; so for the others."""
        rows, positions = self.estimate.rows, self.design.positions
        complete = positions.size == len(self.design.source)
        return rows if complete else positions[rows]

    def factor(self, name: str) -> Factor | None:
        factor = self.design.factors.get(name)
        if factor is None:
            return None
        return Factor(name, factor.codes[self.estimate.rows], factor.levels)

    def by_group(self, name: str) -> GroupCodes | None:
        view, factor = self.estimate.view, self.design.factors.get(name)
        if factor is not None:
            values = view.by_group(factor.codes)
            return (
                values
                if values is None
                else GroupCodes(values, len(factor.levels), view)
            )
        column = self.design.source.get(name)
        if not is_whole(column):
            return None
        whole = column.to_numpy()
        if self.design.positions.size < whole.size:
            whole = whole[self.design.positions]
        values = view.by_group(whole)
        if values is None:
            return None
        found = factorise(pd.Series(values, name=name))
        return GroupCodes(found.codes, len(found.levels), view)


def is_whole(column: Any) -> TypeGuard[pd.Series]:
    """Whether this is one column of whole numbers without missing values."""
    kind = getattr(column, "dtype", None)
    return isinstance(kind, np.dtype) and kind.kind in "iu"


def row_keys(
    design: Design,
    estimate: Estimate,
    ends: tuple[str, str] | None,
    period: str | None,
) -> RowKeys:
    """Find columns by name; ``pair`` and ``period`` stand for those of a flow."""
    aliases: dict[str, tuple[str, ...]] = {}
    if ends is not None:
        aliases["pair"] = ends
    if period is not None:
        aliases["period"] = (period,)
    return RowKeys(design.source, EstimatePlaces(design, estimate), aliases)


def period_column(flow: Shape | None) -> str | None:
    """The column of periods of a `flow_shape`, if there is one."""
    return None if flow is None or len(flow.period) != 1 else flow.period[0]


def pair_columns(flow: Shape | None) -> tuple[str, str] | None:
    """Origin and destination of a `flow_shape`."""
    return None if flow is None else (flow.origin[0], flow.destination[0])


def row_columns(flow: Shape | None) -> tuple[str, ...]:
    """Columns that name a row to a person; empty where the effects do not tell."""
    if flow is None:
        return ()
    return (*flow.origin, *flow.destination, *flow.sector, *flow.period)


def flow_shape(design: Design) -> Shape | None:
    """Read the effects as those of flows between two columns.

    Of three effects each could be that of pairs. The ends of a flow are the two factors
    that have most levels in common, as exporters and importers do; where none has, the
    pair is the last effect of the formula. A pair given as a column of its own leaves
    two effects to read.
    """
    effects = design.effects
    found = list(readings(effects))
    if not found:
        found = [shape for two in combinations(effects, 2) for shape in readings(two)]
    # Two effects without anything in common, levels included, are no ends of a flow:
    # workers and firms.
    best, most = None, -1.0
    for shape in found:
        if len(shape.origin) == 1 and len(shape.destination) == 1:
            common = overlap(design, shape)
            if common > most and (common > 0 or shape.period):
                best, most = shape, common
            if common == 1:
                break
    return best


def overlap(design: Design, shape: Shape) -> float:
    """Share of all levels of two factors that both have."""
    ends = (*shape.origin, *shape.destination)
    first, second = (design.factors[end].levels for end in ends)
    if first.dtype.kind != second.dtype.kind:
        return 0.0
    if first.equals(second):
        return 1.0
    both = len(first.intersection(second))
    return both / (len(first) + len(second) - both)
