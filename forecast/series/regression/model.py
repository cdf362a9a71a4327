"""Dynamic regression: a series on indicators, with errors that remember."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.series.contract.model import Pool, Recipe, Season, UnitFit, UnitSeries
from forecast.series.contract.samples import Sample
from forecast.series.regression.arma_errors import ARMA
from forecast.series.regression.checks import Cointegration, Reset, cointegration, reset
from forecast.series.regression.conditional import ConditionalFit, known_of
from forecast.series.regression.fitting import Fitting, fit_units
from forecast.series.regression.histories import Workshop
from forecast.series.regression.terms import Term, as_term
from forecast.series.smoothing.exponential import ETS

__all__ = ["Regression", "RegressionFit"]

Floats = NDArray[np.floating[Any]]

TIDY = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


@dataclass(frozen=True, init=False)
class Regression(Recipe):
    r"""Dynamic regression of log turnover on indicators.

    .. math:: \log y_{it} = a_i + b_i t + \sum_k \beta_k z_k(x_{i,t}, x_{i,t-1}, \dots)
              + u_{it},

    is estimated with u ARMA(1, 1), a random walk included, so that the regression is one
    of levels or of changes as the data say (`forecast.series.regression.arma_errors`). Its
    parameters are weighed on a grid; the shapes :math:`z_k` (depreciation, decay) are
    estimated in each fit.

    Parameters
    ----------
    *terms : str or Term
        A column by name, or `Column`, `Almon`, `Koyck`, `DepreciatingStock`.
    errors : Recipe or ARMA
        How the series without the effects of its indicators goes on: any model of series,
        by default ``ETS()``. ``ARMA()`` goes on as estimated, along the exponential of
        the line; on years of the M1 and Tourism competitions that is clearly worse.
    pooled : bool
        One slope for all units of a panel, each with its own line, memory and spread
        (`forecast.series.regression.common_slopes`). Twenty years of one pair tell hardly
        anything about effects of five or ten per cent. False: every unit has its own.

    Notes
    -----
    Units with zeros or fewer than six values, and months or quarters of less than three
    years, do not count in the slopes. They are forecast as the others, under ``ARMA()``
    by `ETS`. Intervals carry the doubt about the slopes, the errors and the future of the
    indicators, but not about depreciation and decay.

    A slope is what goes together with an indicator, the rest being equal; it is an effect
    only if nothing else moves both, such as growth that brings visits.

    Examples
    --------
    >>> import forecast as fc
    >>> years, visits = range(2001, 2021), [0, 1, 0, 0, 2, 0, 1, 1, 0, 3] * 2
    >>> flow = np.exp(0.03 * np.arange(20) + 0.1 * np.array(visits))
    >>> table = pd.DataFrame({"side": "KZ", "year": years, "bn": flow, "visits": visits})
    >>> panel = fc.TradePanel.from_frame(table, unit=["side"], period="year", flow="bn")
    >>> fit = Regression("visits").fit(panel)
    >>> fit.params["visits"].round(3).to_list()
    [0.1]
    """

    terms: tuple[Term, ...]
    errors: ARMA | Recipe
    pooled: bool

    def __init__(
        self,
        *terms: str | Term,
        errors: ARMA | Recipe | None = None,
        pooled: bool = True,
    ) -> None:
        errors = ETS() if errors is None else errors
        if not isinstance(errors, (ARMA, Recipe)):
            raise ModelError(
                f"errors={errors!r} is not possible",
                code="F-526",
                remedy="Give ARMA(...) or a model of series such as Theta().",
            )
        names = [name for term in terms for name in as_term(term).names]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise ModelError(
                f"two terms are called {twice[0]!r}",
                code="F-526",
                remedy="Give each indicator once in the same shape.",
            )
        object.__setattr__(self, "terms", tuple(as_term(term) for term in terms))
        object.__setattr__(self, "errors", errors)
        object.__setattr__(self, "pooled", pooled)

    def __repr__(self) -> str:
        parts = [repr(term) for term in self.terms]
        if self.errors != ETS():
            parts.append(f"errors={self.errors!r}")
        if not self.pooled:
            parts.append("pooled=False")
        return f"Regression({', '.join(parts)})"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the terms."""
        return tuple(dict.fromkeys(term.column for term in self.terms))

    def without_terms(self) -> Recipe:
        """Return the same model without its indicators."""
        if isinstance(self.errors, Recipe):
            return self.errors
        return Regression(errors=self.errors, pooled=self.pooled)

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series, which has no indicators; see `Recipe.fit_values`."""
        if self.terms:
            raise ModelError(
                f"the model needs the indicators {list(self.columns)}, a bare series has "
                "none",
                code="F-680",
                remedy="Fit it to a TradePanel with these columns.",
            )
        return self.fit_many([UnitSeries(y, season)])[0]

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit many series; slopes are common to all of them where they are pooled."""
        return self._fitted(series).units

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> RegressionFit:
        """Fit every unit of a sample; see `Recipe.fit_to`."""
        del pool  # slopes are common, and the rest takes no time
        known = known_of(sample, self.columns)
        fitting = self._fitted(known.series)
        return RegressionFit(
            self, sample, fitting.units, known.spans, known.columns, fitting
        )

    def _fitted(self, series: Sequence[UnitSeries]) -> Fitting:
        columns, errors = self.columns, self.errors
        positions = tuple(columns.index(term.column) for term in self.terms)
        arma, model = (errors, None) if isinstance(errors, ARMA) else (ARMA(), errors)
        workshop = Workshop(arma, self.terms, positions)
        return fit_units(series, workshop, model, ETS(), pooled=self.pooled)


@dataclass(frozen=True, eq=False, repr=False)
class RegressionFit(ConditionalFit):
    """A regression fitted to every unit; frozen.

    Attributes
    ----------
    fitting : Fitting
        Slopes with their covariance, shapes, and what the notes tell.
    """

    fitting: Fitting

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was left out, and what speaks against the slopes."""
        found = [*self.fitting.notes, *self.cointegration.warnings()]
        return (*found, *self.reset.warnings())

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row for each coefficient (and unit, where they are not pooled).

        Returns
        -------
        DataFrame
            Key columns unless pooled, ``term, estimate, std_error, statistic, p_value,
            conf_low, conf_high``. Standard errors are clustered by unit and by period
            where slopes are pooled; they take shapes as known.
        """
        from scipy.stats import t as student

        tables = []
        for row, slopes in self.fitting.slopes:
            estimate, error = slopes.estimates, slopes.std_errors
            with np.errstate(divide="ignore", invalid="ignore"):
                statistic = estimate / error
            half = student.ppf((1 + level) / 2, slopes.df) * error
            p_value = 2 * student.sf(np.abs(statistic), slopes.df)
            values = (
                estimate,
                error,
                statistic,
                p_value,
                estimate - half,
                estimate + half,
            )
            keys = {} if row is None else dict(self.sample.units.iloc[row])
            table = pd.DataFrame(dict(zip(TIDY, values, strict=True)))
            tables.append(table.assign(**keys, term=slopes.names))
        names = [] if self.recipe_is_pooled else list(self.sample.units.columns)
        if not tables:
            return pd.DataFrame(columns=[*names, "term", *TIDY])
        return pd.concat(tables, ignore_index=True)[[*names, "term", *TIDY]]

    @property
    def bse(self) -> pd.Series:
        """Standard errors by term (and unit, where slopes are not pooled)."""
        table = self.tidy()
        return table.set_index(list(table.columns[: -len(TIDY)]))["std_error"]

    @property
    def slopes_p_value(self) -> float:
        """Of all slopes being zero (Wald's F); NaN where they are not pooled."""
        from scipy.stats import f as fisher

        common = self.fitting.common
        if common is None or not common.identified.any():
            return float("nan")
        kept = common.identified
        beta, k = common.beta[kept], int(kept.sum())
        weight = np.linalg.pinv(self.fitting.covariance[np.ix_(kept, kept)])
        _, slopes = self.fitting.slopes[0]
        return float(fisher.sf(beta @ weight @ beta / k, k, slopes.df))

    @property
    def shapes(self) -> pd.Series:
        """Half lives in years and decays, estimated or given; by name."""
        rows = [dict(slopes.shapes) for _, slopes in self.fitting.slopes]
        return pd.DataFrame(rows).median().rename("shape")

    @cached_property
    def cointegration(self) -> Cointegration:
        """Whether indicators and trade that both trend have a common trend."""
        return cointegration(self.fitting)

    @cached_property
    def reset(self) -> Reset:
        """Whether effects are straight lines in the terms."""
        return reset(self.fitting)

    def summary(self, level: float = 0.95) -> str:
        """Return coefficients, shapes and notes as text."""
        table = self.tidy(level)
        lines = [
            repr(self),
            "",
            table.to_string(index=False, float_format="{:.4g}".format),
        ]
        if len(self.shapes):
            lines += [
                "",
                *(f"{name}: {value:.3g}" for name, value in self.shapes.items()),
            ]
        return "\n".join([*lines, "", *self.notes])

    @property
    def recipe_is_pooled(self) -> bool:
        """Whether units share their slopes."""
        return bool(getattr(self.recipe, "pooled", True))
