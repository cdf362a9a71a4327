"""`Gravity`: the recipe of a gravity model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from forecast.errors import ModelError
from forecast.gravity.designs.design import build_design
from forecast.gravity.engine.slot_plan import Shape
from forecast.gravity.estimation import sample_and_estimate
from forecast.gravity.fit import GravityFit
from forecast.gravity.fits import GravityFits
from forecast.gravity.formulas.formula import parse_formula
from forecast.gravity.formulas.terms import Equation
from forecast.gravity.inference.clusters import Clustered
from forecast.gravity.inference.covariance import Recipe
from forecast.gravity.inference.robust import Robust
from forecast.gravity.inference.scores import Scores
from forecast.gravity.rows_named import (
    flow_shape,
    pair_columns,
    period_column,
    row_columns,
    row_keys,
)

if TYPE_CHECKING:
    import pandas as pd

    from forecast.panel import TradePanel

__all__ = ["Gravity"]


@dataclass(frozen=True)
class Gravity:
    r"""A gravity model: PPML or least squares with any number of fixed effects.

    PPML (Santos Silva and Tenreyro 2006) maximises over slopes and effects

    .. math:: \sum_i w_i (y_i \eta_i - e^{\eta_i}), \qquad
       \eta_i = x_i'\beta + \textstyle\sum_f \alpha_{f(i)} + o_i .

    Parameters
    ----------
    formula : str
        ``y ~ x1 + x2 | effect1 + effect2^effect3``; see "Write a gravity formula".
    vcov : covariance recipe, optional
        `Clustered`, `Robust`, `Iid` and others. By default errors are clustered by pair
        where origin and destination are known, else robust to heteroskedasticity (HC1).
    estimator : {"ppml", "ols"}
    weights, offset : str, optional
        Columns. An offset enters with slope 1 (in PPML in logs).
    origin, destination, period : str, optional
        Columns of a DataFrame that name a row and make up ``pair``. A `TradePanel` knows
        them; otherwise they are taken from the effects where these tell.
    drop_singletons : bool
        Leave out rows that are alone in a level of an effect; they move no coefficient.
    separation : bool
        Leave out rows for which no finite estimate exists.
    tolerance : float
        Bound on the numerical error of a slope, per standard deviation of its regressor.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(6, 4, seed=1).frame
    >>> fit = fc.Gravity("flow ~ agreement | origin^period + destination^period").fit(flows)
    >>> fit.nobs
    120
    """

    formula: str
    vcov: Recipe | None = None
    estimator: Literal["ppml", "ols"] = "ppml"
    weights: str | None = None
    offset: str | None = None
    origin: str | None = None
    destination: str | None = None
    period: str | None = None
    drop_singletons: bool = True
    separation: bool = True
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        if self.estimator not in {"ppml", "ols"}:
            raise ModelError(
                f"estimator={self.estimator!r} is not known",
                code="F-545",
                remedy='Use estimator="ppml" or estimator="ols".',
            )
        parse_formula(self.formula)

    @property
    def equations(self) -> tuple[Equation, ...]:
        """What the formula states: one equation for each outcome and step."""
        return parse_formula(self.formula)

    def fit(self, data: TradePanel | pd.DataFrame) -> GravityFit:
        """Estimate the model; the data are left as they are.

        Parameters
        ----------
        data : TradePanel or DataFrame

        Returns
        -------
        GravityFit

        Raises
        ------
        ModelError
            F-547 when the formula states several equations (use `fit_all`); what
            `parse_formula`, `build_design`, `draw_sample` and the engine refuse.
        """
        equations = self.equations
        if len(equations) > 1:
            raise ModelError(
                f"the formula states {len(equations)} equations",
                code="F-547",
                count=len(equations),
                examples=[str(equation) for equation in equations],
                remedy="Use fit_all(data), which returns one fit for each.",
            )
        return self._fit_one(equations[0], data)

    def fit_all(self, data: TradePanel | pd.DataFrame) -> GravityFits:
        """Estimate every equation that the formula states, in its order."""
        return GravityFits(tuple(self._fit_one(e, data) for e in self.equations))

    def _fit_one(self, equation: Equation, data: Any) -> GravityFit:
        named = [
            k for k in (self.origin, self.destination, self.period) if k is not None
        ]
        design = build_design(
            data, equation, weights=self.weights, offset=self.offset, keys=tuple(named)
        )
        flow = flow_shape(design)
        design = replace(design, keys=design.keys or row_columns(flow))
        sample, estimate = sample_and_estimate(
            design,
            self.estimator,
            tolerance=self.tolerance,
            drop_singletons=self.drop_singletons,
            separation=self.separation,
        )
        ends = self._ends(flow, data)
        keys = row_keys(design, estimate, ends, self._period(flow, data))
        vcov = self.vcov or default_vcov(ends, spare=estimate.n - estimate.beta.size)
        scores = Scores(estimate, design.effects, sample.terms)
        covariance = vcov.covariance(scores, keys)
        recipe = replace(self, formula=str(equation), vcov=vcov)
        return GravityFit(recipe, design, sample, estimate, covariance, keys)

    def _ends(self, flow: Shape | None, data: Any) -> tuple[str, str] | None:
        """Columns of origin and destination: stated, of the panel, or of the effects."""
        if self.origin is not None and self.destination is not None:
            return self.origin, self.destination
        if hasattr(data, "roles") and data.origin is not None:
            return data.origin, data.destination
        return pair_columns(flow)

    def _period(self, flow: Shape | None, data: Any) -> str | None:
        """Column of periods: stated, of the panel, or of the effects."""
        if self.period is not None:
            return self.period
        return data.period if hasattr(data, "roles") else period_column(flow)


def default_vcov(ends: tuple[str, str] | None, spare: int) -> Recipe:
    """Cluster by pair where pairs are known, else allow for heteroskedasticity.

    A perfect fit leaves no rows to `spare` for a small-sample factor: HC0 has none.
    """
    if ends is not None:
        return Clustered("pair")
    return Robust("HC1") if spare > 0 else Robust("HC0")
