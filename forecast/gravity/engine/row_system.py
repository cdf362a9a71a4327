"""Any set of effects on any graph: the system of `forecast.gravity.engine.system` on sorted rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forecast.gravity.engine.block_work import add_over_blocks
from forecast.gravity.engine.conjugate import (
    MOST_ITERATIONS,
    Conditioner,
    Solution,
    conjugate_gradients,
)
from forecast.gravity.engine.direct import (
    choose_conditioner,
    feasible_pattern,
    schur_product,
)
from forecast.gravity.engine.sorted_rows import SortedRows, row_moments
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

    def prepare(self) -> None:
        """Find now what the first steps would find: it depends on no estimate."""
        self._kept["pattern"] = feasible_pattern(self.sorted)
        _ = self.first_effects

    def start(self) -> Floats:
        """See `first_effects`."""
        return self.first_effects

    @cached_property
    def first_effects(self) -> Floats:
        """Two rounds of proportional fitting over the other effects, without X; (m, 1)."""
        layout = self.sorted
        factors, observed = np.ones(layout.n_levels), np.zeros(layout.n_levels)
        rows.add_by_level(layout.index, self.y, observed)
        base = np.exp(self.offset)
        for effect in list(range(layout.index.shape[0])) * SWEEPS:
            own = slice(layout.offsets[effect], layout.offsets[effect + 1])
            wanted, fitted = observed[own], self.fitted(effect, base, factors)[own]
            known = (wanted > 0) & (fitted > 0)
            factors[own] *= np.divide(
                wanted, fitted, out=np.ones_like(wanted), where=known
            )
        return np.log(factors)[:, None]

    def fitted(self, effect: int, base: Floats, factors: Floats) -> Floats:
        """Sums of the means by level of one effect, (m,); see `rows.fitted_margin`."""
        layout = self.sorted
        _, (sums,) = add_over_blocks(
            layout.cuts,
            lambda first, last, sums: rows.fitted_margin(
                first,
                last,
                layout.starts,
                layout.index,
                self.totals,
                base,
                factors,
                effect,
                sums,
            ),
            (layout.n_levels,),
        )
        return sums

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
        return schur_product(self.sorted, mu, self.inverse, V, active, self._kept)

    def solve(
        self,
        mu: Floats,
        conditioner: Conditioner,
        rhs: Floats,
        start: Floats | None = None,
        *,
        tolerance: float,
        floor: Floats | float,
    ) -> Solution:
        """Solve with the Schur complement at weights mu."""
        return conjugate_gradients(
            lambda V, active: self.product(mu, V, active),
            conditioner,
            rhs,
            start,
            tolerance=tolerance,
            limit=MOST_ITERATIONS,
            floor=floor,
        )
