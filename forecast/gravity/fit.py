"""`GravityFit`: a fitted gravity model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from forecast.gravity import portrait
from forecast.gravity.checks.checking import Checking
from forecast.gravity.derived.concluding import Inference
from forecast.gravity.derived.event_terms import reference_times
from forecast.gravity.goodness import Goodness, goodness_of
from forecast.gravity.inference.corrected import BiasCorrected
from forecast.gravity.inference.covariance import Recipe
from forecast.gravity.inference.scores import Scores
from forecast.gravity.samples.sample import Separation

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
class GravityFit(Checking, Inference):
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

    # ------------------------------------------------------------------ estimates

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

    def bias_corrected(self, form: str = "recommended", **options: Any) -> Self:
        """Return the fit with slopes freed of bias and standard errors to match.

        Parameters
        ----------
        form : {"recommended", "published"}
            See `BiasCorrected`, which also takes the `options`.

        Raises
        ------
        ModelError
            F-559 for a model that the theory of Weidner and Zylkin does not cover.
        """
        return self.with_vcov(BiasCorrected(form, **options))

    def half_panel_jackknife(self, period: str | None = None) -> GravityFit:
        """Return the fit with slopes freed of the bias of few periods.

        For regressors that answer to earlier flows, such as trade a year before, which
        `bias_corrected` does not help; see `forecast.gravity.half_panels`.

        Parameters
        ----------
        period : str, optional
            The column of periods, where the effects do not tell.

        Raises
        ------
        ModelError
            F-559 a model without effects of pairs and periods; F-578 fewer than four
            periods, or a slope that one half cannot tell.

        References
        ----------
        Dhaene and Jochmans (2015), Review of Economic Studies 82(3).

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 6, seed=1).frame
        >>> gravity = fc.Gravity(
        ...     "flow ~ visit | origin^period + destination^period + origin^destination")
        >>> gravity.fit(flows).half_panel_jackknife().covariance.convention
        'half-panel jackknife'
        """
        from forecast.gravity.half_panels import half_panel_jackknife

        return half_panel_jackknife(self, period)

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

    # --------------------------------------------------------------- to look at it

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the coefficients; options as in `forecast.plots.plot_coefficients`."""
        from forecast.plots import plot_coefficients

        return plot_coefficients(self, ax, **options)

    def plot_event_study(
        self,
        events: str | Sequence[tuple[float, str]],
        ax: Axes | None = None,
        **options: Any,
    ) -> Axes:
        """Draw effects by the time since an event.

        Parameters
        ----------
        events : str or sequence of (float, str)
            ``"years_to_entry"`` for the terms of ``i(years_to_entry, treated, ref=-1)``,
            whose reference is then known; or times with their terms.
        ax : Axes, optional
        **options
            As in `forecast.plots.plot_event_study`.
        """
        from forecast.plots import plot_event_study

        options.setdefault("reference", reference_times(self.recipe.equations, events))
        return plot_event_study(self, events, ax, **options)

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
