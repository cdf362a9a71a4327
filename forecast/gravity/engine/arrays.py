"""What an engine is given: one sample as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.gravity.designs.factors import combine
from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.records import Bools, Codes, Effect, Factor, Floats, Ints

__all__ = ["Arrays", "combined_offset", "given"]


@dataclass(frozen=True)
class Arrays:
    """Rows of a design, and which of them are in the sample.

    Attributes
    ----------
    y : float array of shape (n,)
    columns : sequence of float arrays of shape (n,)
    table : LevelTable
        Effects and their levels.
    factors : mapping of str to Factor
    keep : bool array of shape (n,) or None
        Rows of the sample; None is all of them.
    weights, offset : float arrays of shape (n,) or None
    """

    y: Floats
    columns: Sequence[Floats]
    table: LevelTable
    factors: Mapping[str, Factor]
    keep: Bools | None = None
    weights: Floats | None = None
    offset: Floats | None = None

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What is absorbed."""
        return self.table.effects

    @property
    def rows(self) -> Ints:
        """Positions of the sample's rows."""
        if self.keep is None:
            return np.arange(self.y.size)
        return np.flatnonzero(self.keep)

    @property
    def values(self) -> list[Floats]:
        """All that tells rows with the same levels apart: y, regressors, weights, offset."""
        extra = (self.weights, self.offset)
        return [self.y, *self.columns, *(v for v in extra if v is not None)]

    def codes(self, effect: Effect, rows: Ints) -> Codes:
        """Levels of an effect over some rows, those that occur numbered from 0."""
        factors = [self.factors[name] for name in effect.factors]
        return combine([Codes(f.codes[rows], len(f.levels)) for f in factors])

    def linear(self, beta: Floats, rows: Ints) -> Floats:
        """``X beta`` plus the offset at some rows, without effects."""
        total = np.zeros(rows.size) if self.offset is None else self.offset[rows]
        for slope, column in zip(beta, self.columns, strict=True):
            total = total + slope * column[rows]
        return total


def combined_offset(weights: Floats | None, offset: Floats | None) -> Floats | None:
    r"""Offset plus log weights.

    :math:`w(y\eta - e^\eta)` is, up to a constant, the likelihood of the outcome
    :math:`wy` with offset :math:`\log w`, so weights need no kernel of their own.
    """
    if weights is None:
        return offset
    logs = np.log(weights)
    return logs if offset is None else logs + offset


def given(values: Any, kind: type = float) -> Any:
    """An array, or an empty one where there is none, as kernels take it."""
    return np.zeros(0, kind) if values is None else values
