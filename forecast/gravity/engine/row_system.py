"""Any set of effects on any graph: the system of `forecast.gravity.engine.system` on sorted rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forecast.gravity.engine.block_work import add_over_blocks
from forecast.gravity.engine.conjugate import Conditioner
from forecast.gravity.engine.direct import choose_conditioner
from forecast.gravity.engine.sorted_rows import SortedRows, row_moments, row_product
from forecast.gravity.engine.system import Point
from forecast.gravity.records import Floats, Ints
from forecast.kernels import rows

__all__ = ["RowSystem"]

SWEEPS = 2  # over each effect but the finest


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
        rows.add_by_level(layout.index, self.y, observed)
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
