"""Columns of the table at the rows of an estimate, with codes that are known already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from forecast.gravity.engine.slot_plan import Shape, readings
from forecast.gravity.inference.row_keys import RowKeys
from forecast.gravity.records import Design, Estimate, Factor, Ints

__all__ = [
    "FactorsOfRows",
    "flow_shape",
    "pair_columns",
    "period_column",
    "row_columns",
    "row_keys",
]


@dataclass(frozen=True)
class FactorsOfRows(Mapping[str, Factor]):
    """Factors of a design at some of its rows, taken when asked for."""

    factors: Mapping[str, Factor]
    rows: Ints

    def __getitem__(self, name: str) -> Factor:
        factor = self.factors[name]
        return Factor(name, factor.codes[self.rows], factor.levels)

    def __iter__(self) -> Iterator[str]:
        return iter(self.factors)

    def __len__(self) -> int:
        return len(self.factors)


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
    complete = design.positions.size == len(design.source)
    rows = estimate.rows
    return RowKeys(
        design.source,
        rows if complete else design.positions[rows],
        aliases=aliases,
        known=FactorsOfRows(design.factors, estimate.rows),
    )


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
    plain = [
        (overlap(design, shape), shape)
        for shape in found
        if len(shape.origin) == 1 and len(shape.destination) == 1
    ]
    flows = [(common, shape) for common, shape in plain if common > 0 or shape.period]
    return max(flows, key=lambda pair: pair[0], default=(0.0, None))[1]


def overlap(design: Design, shape: Shape) -> float:
    """Share of all levels of two factors that both have."""
    ends = (*shape.origin, *shape.destination)
    first, second = (design.factors[end].levels for end in ends)
    if first.dtype.kind != second.dtype.kind:
        return 0.0
    both = len(first.intersection(second))
    return both / (len(first) + len(second) - both)
