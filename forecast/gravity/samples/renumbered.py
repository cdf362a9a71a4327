"""Levels of effects numbered in the order of the formula's factors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from forecast.gravity.designs.factors import combine
from forecast.gravity.records import Codes, Design, Estimate, Floats, Ints, RowView

__all__ = ["in_order"]


@dataclass(frozen=True)
class Renumbered:
    """Rows of another view, with other numbers for the levels."""

    base: RowView
    codes: tuple[Codes, ...] = field(repr=False)
    by_level: tuple[Floats, ...] = field(repr=False)

    def rows(self) -> Ints:
        """As in the other view."""
        return self.base.rows()

    def y(self) -> Floats:
        """As in the other view."""
        return self.base.y()

    def mu(self) -> Floats:
        """As in the other view."""
        return self.base.mu()

    def weights(self) -> Floats | None:
        """As in the other view."""
        return self.base.weights()

    def x_tilde(self) -> Floats:
        """As in the other view."""
        return self.base.x_tilde()

    def effects(self) -> tuple[Codes, ...]:
        """Levels in the new numbers."""
        return self.codes

    def level_values(self) -> tuple[Floats, ...]:
        """Coefficients in the new numbers."""
        return self.by_level

    def score_sums(self, clusters: Codes) -> Floats | None:
        """As in the other view."""
        return self.base.score_sums(clusters)

    def by_group(self, values: Ints) -> Ints | None:
        """As in the other view."""
        return self.base.by_group(values)

    def group_sizes(self) -> Ints:
        """As in the other view."""
        return self.base.group_sizes()


def in_order(design: Design, estimate: Estimate) -> Estimate:
    """Number the levels of each effect by the formula's factors, the first one first.

    An engine numbers them as suits its layout.
    """
    rows = estimate.rows
    codes, values = [], []
    for effect, own, value in zip(
        design.effects, estimate.effects, estimate.level_values, strict=True
    ):
        parts = [design.factors[name] for name in effect.factors]
        ordered = combine([Codes(f.codes[rows], len(f.levels)) for f in parts])
        moved = np.empty(ordered.count)
        moved[ordered.codes] = value[own.codes]
        codes.append(ordered)
        values.append(moved)
    return replace(
        estimate, view=Renumbered(estimate.view, tuple(codes), tuple(values))
    )
