"""Columns of the table at the rows of an estimate, with codes that are known already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forecast.gravity.records import Design, Estimate, Factor, Ints
from forecast.gravity.row_keys import RowKeys
from forecast.gravity.slot_plan import readings

__all__ = ["FactorsOfRows", "pair_columns", "row_keys"]


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
    design: Design, estimate: Estimate, ends: tuple[str, str] | None
) -> RowKeys:
    """Find columns by name, with ``pair`` for both ends of a flow where they are known."""
    return RowKeys(
        design.source,
        design.positions[estimate.rows],
        aliases={} if ends is None else {"pair": ends},
        known=FactorsOfRows(design.factors, estimate.rows),
    )


def pair_columns(design: Design) -> tuple[str, str] | None:
    """Origin and destination as the effects tell them apart, if they do.

    Of three effects each could be that of pairs. The ends of a flow are the two factors
    that have most levels in common, as exporters and importers do; where none has, the
    pair is the last effect of the formula.
    """
    plain = [
        (shape.origin[0], shape.destination[0])
        for shape in readings(design.effects)
        if len(shape.origin) == 1 and len(shape.destination) == 1
    ]
    return max(plain, key=lambda ends: overlap(design, ends), default=None)


def overlap(design: Design, ends: tuple[str, str]) -> float:
    """Share of all levels of two factors that both have."""
    first, second = (design.factors[end].levels for end in ends)
    if first.dtype.kind != second.dtype.kind:
        return 0.0
    both = len(first.intersection(second))
    return both / (len(first) + len(second) - both)
