"""Exports and imports by year; pairs whose figures begin later make no growth."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.fusion.flows import Flows

__all__ = ["Sums", "Totals", "read_totals"]

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Totals:
    """Totals over periods.

    Attributes
    ----------
    exports : float array of shape (n_periods, n_origins)
    imports : float array of shape (n_periods, n_destinations)
    size : float array of shape (n_periods,), or None
        The world's, where it is not the sum of exports: totals that are chained do not
        add up before the last period.
    sums : Sums or None
        What the totals were chained from, where cells are missing.
    """

    exports: Floats
    imports: Floats
    _: KW_ONLY
    size: Floats | None = None
    sums: Sums | None = None

    @property
    def world(self) -> Floats:
        """Sum of all flows, shape (n_periods,); never zero."""
        total = self.exports.sum(axis=1) if self.size is None else self.size
        return np.maximum(total, total[total > 0].min() if total.any() else 1.0)

    @property
    def sizes(self) -> tuple[Floats, Floats]:
        """Exports and imports as they were recorded, not chained."""
        if self.sums is None:
            return self.exports, self.imports
        count = len(self.exports)
        return self.sums.exports[:count], self.sums.imports[:count]

    def until(self, last: int) -> Totals:
        """Return the periods up to the one at `last`, as they were known then."""
        if self.sums is not None:
            return self.sums.until(last)
        return Totals(self.exports[: last + 1], self.imports[: last + 1])


@dataclass(frozen=True, eq=False, slots=True)
class Sums:
    """Sums of flows where some cells are missing.

    Attributes
    ----------
    exports, imports : float arrays of shape (n_periods, n_origins), (n_periods, n_destinations)
        Of the pairs whose figures had begun.
    old_exports, old_imports : float arrays of the same shapes
        Of those whose figures had begun a period before.
    seen : two bool arrays of the same shapes
        Whether a pair of the code had a figure in the period.
    """

    exports: Floats
    imports: Floats
    old_exports: Floats
    old_imports: Floats
    seen: tuple[Bools, Bools]

    def until(self, last: int) -> Totals:
        """Chain growth of pairs that had begun, back from the period at `last`."""
        world, old = (
            side.sum(axis=1)[:, None] for side in (self.exports, self.old_exports)
        )
        return Totals(
            _chained(self.exports, self.old_exports, last),
            _chained(self.imports, self.old_imports, last),
            size=_chained(world, old, last)[:, 0],
            sums=self,
        )


def read_totals(flows: Flows) -> Totals:
    """Add flows up by origin and destination.

    Growth is that of pairs whose figures had begun: a pair that appears is not trade that
    was not there. Totals of the last period are sums of all pairs; those before are
    chained back from it, so with all cells known they are sums, too.
    """
    x, known = flows.values, flows.known
    exports, imports = flows.row_sums(x), flows.column_sums(x)
    if known.all():
        return Totals(exports, imports)
    old = x.copy()
    old[1:] = np.where(flows.begun[:-1], x[1:], 0.0)
    count = known.astype(float)
    return Sums(
        exports,
        imports,
        flows.row_sums(old),
        flows.column_sums(old),
        (flows.row_sums(count) > 0, flows.column_sums(count) > 0),
    ).until(len(x) - 1)


def _chained(values: Floats, old: Floats, last: int) -> Floats:
    """Return sums of periods up to `last`, grown by what pairs added that begin later."""
    added = np.ones_like(values)
    np.divide(values, old, out=added, where=old > 0)
    later = np.cumprod(added[last:0:-1], axis=0)[::-1]
    return np.concatenate([values[:last] * later, values[last : last + 1]])
