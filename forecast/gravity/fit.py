"""`GravityFit`: a fitted gravity model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from forecast.gravity import portrait
from forecast.gravity.covariance import Covariance, Recipe
from forecast.gravity.goodness import Goodness, goodness_of
from forecast.gravity.records import Design, Estimate, Floats
from forecast.gravity.row_keys import RowKeys
from forecast.gravity.sample import Sample, Separation
from forecast.gravity.scores import Scores

if TYPE_CHECKING:
    from forecast.gravity.model import Gravity

__all__ = ["GravityFit"]

TIDY = (
    "term",
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
)


@dataclass(frozen=True, repr=False, eq=False)
class GravityFit:
    """A fitted gravity model; `Gravity.fit` makes one.

    Attributes
    ----------
    recipe : Gravity
        What was fitted, with the formula of this equation.
    design : Design
        The formula's variables over the complete rows of the table.
    drawn : Sample
        Which of these rows and regressors were used; `sample` tells of the others.
    estimate : Estimate
        Slopes, fitted means and projected regressors by row.
    covariance : Covariance
        Of the slopes; `explain_se` tells how it was made.
    keys : RowKeys
        Finds columns of the table by name.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 5, seed=1).frame
    >>> fit = fc.Gravity("flow ~ agreement | origin^period + destination^period").fit(flows)
    >>> list(fit.tidy().columns)[:3]
    ['term', 'estimate', 'std_error']
    """

    recipe: Gravity
    design: Design
    drawn: Sample
    estimate: Estimate
    covariance: Covariance
    keys: RowKeys

    # ------------------------------------------------------------------ estimates

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the regressors with a coefficient."""
        return self.drawn.terms

    @property
    def beta(self) -> Floats:
        """Coefficients (k,), corrected for bias where the covariance says so."""
        bias = self.covariance.bias
        return self.estimate.beta if bias is None else self.estimate.beta - bias

    @property
    def params(self) -> pd.Series:
        """Coefficients by term."""
        return pd.Series(self.beta, self.terms, name="estimate")

    @property
    def bse(self) -> pd.Series:
        """Standard errors by term."""
        return pd.Series(self.covariance.std_errors, self.terms, name="std_error")

    @property
    def tvalues(self) -> pd.Series:
        """Coefficients over standard errors."""
        return (self.params / self.bse).rename("statistic")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of coefficients being zero."""
        values = self.covariance.p_values(self.beta)
        return pd.Series(values, self.terms, name="p_value")

    def cov_params(self) -> pd.DataFrame:
        """Covariance of the coefficients, (k, k)."""
        return pd.DataFrame(self.covariance.matrix, self.terms, self.terms)

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Confidence intervals at level ``1 - alpha``: columns ``lower``, ``upper``."""
        low, high = self.covariance.interval(self.beta, 1 - alpha)
        return pd.DataFrame({"lower": low, "upper": high}, index=list(self.terms))

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """One row per coefficient.

        Parameters
        ----------
        level : float
            Of the confidence interval.

        Returns
        -------
        DataFrame
            Columns ``term, estimate, std_error, statistic, p_value, conf_low,
            conf_high``.
        """
        low, high = self.covariance.interval(self.beta, level)
        values = (
            list(self.terms),
            self.beta,
            self.bse.to_numpy(),
            self.tvalues.to_numpy(),
            self.pvalues.to_numpy(),
            low,
            high,
        )
        return pd.DataFrame(dict(zip(TIDY, values, strict=True)))

    # ------------------------------------------------------------ standard errors

    @property
    def scores(self) -> Scores:
        """What standard errors are made of."""
        return Scores(self.estimate, self.design.effects, self.terms)

    def with_vcov(self, vcov: Recipe) -> Self:
        """Return the same fit with other standard errors; nothing is estimated again.

        Parameters
        ----------
        vcov : covariance recipe
            `Clustered("exporter", "importer")`, `Robust("HC1")`, ...
        """
        covariance = vcov.covariance(self.scores, self.keys)
        recipe = replace(self.recipe, vcov=vcov)
        return replace(self, recipe=recipe, covariance=covariance)

    def explain_se(self) -> str:
        """Say in a paragraph and a table how the standard errors were made."""
        return self.covariance.explain()

    # ---------------------------------------------------------------- the sample

    @property
    def nobs(self) -> int:
        """Rows used."""
        return self.estimate.n

    @property
    def sample(self) -> pd.DataFrame:
        """One row per input row not used: ``position``, ``label``, ``reason``, ``by``."""
        return self.drawn.dropped

    @property
    def separation(self) -> Separation:
        """Separated rows, as positions in the input, and the certificate."""
        return self.drawn.separation

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out and why, in sentences."""
        return self.drawn.notes

    # ------------------------------------------------------------------ the fit

    @cached_property
    def goodness(self) -> Goodness:
        """Likelihood, deviance and R-squared."""
        return goodness_of(self.estimate)

    @property
    def llf(self) -> float:
        """Log-likelihood."""
        return self.goodness.llf

    @property
    def deviance(self) -> float:
        """Deviance; in least squares the sum of squared residuals."""
        return self.goodness.deviance

    @cached_property
    def fittedvalues(self) -> pd.Series:
        """Fitted means of the rows used, under their labels in the input's order."""
        return self._by_input(self.estimate.mu, "fitted")

    @cached_property
    def resid(self) -> pd.Series:
        """Outcome minus fitted mean, as `fittedvalues`."""
        return self._by_input(self.estimate.y - self.estimate.mu, "residual")

    def _by_input(self, values: Floats, name: str) -> pd.Series:
        order = np.argsort(self.estimate.rows)
        positions = self.design.positions[self.estimate.rows[order]]
        return pd.Series(values[order], self.design.source.index.take(positions), name=name)

    def glance(self) -> pd.DataFrame:
        """One row about the fit as a whole."""
        return portrait.glance(self)

    def summary(self, level: float = 0.95) -> str:
        """Model, coefficients, standard errors' convention and what was left out."""
        return portrait.summary(self, level)

    def __repr__(self) -> str:
        return portrait.summary(self, 0.95)

    def _repr_html_(self) -> str:
        return portrait.html(self)
