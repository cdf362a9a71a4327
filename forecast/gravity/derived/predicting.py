"""Effects and predictions of a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.gravity.derived.record import FitRecord

if TYPE_CHECKING:
    from forecast.panel import TradePanel

__all__ = ["Predicting"]


@dataclass(frozen=True, repr=False, eq=False)
class Predicting(FitRecord):
    """Fits that tell their effects and predict rows."""

    def fixed_effects(self, *, std_errors: bool = False) -> pd.DataFrame:
        """Effects by level, normalised; one row for each level of each effect.

        Only sums of effects have a meaning, so as many levels as possible are set to
        zero: going from the last effect of the formula to the second, the earliest
        levels (in the order of the factors) for which that changes no sum. With
        exporter-year and importer-year effects that is the first importer of each year.
        The slopes that go with the effects are those of the estimation, before any
        correction for bias.

        Parameters
        ----------
        std_errors : bool
            Add a column with standard errors, clustered as those of the slopes; for up
            to some thousand levels.

        Returns
        -------
        DataFrame
            ``effect``; a column for each factor (missing where the effect does not have
            it); ``estimate``; ``std_error`` if asked for; ``component``: levels of one
            effect can be compared where it is equal; ``zero``: whether the level is
            zero by choice; ``rows``. ``attrs["normalisation"]`` says it in words.

        Raises
        ------
        ModelError
            F-573 standard errors unless the covariance is clustered or robust; F-550
            for too many levels.

        References
        ----------
        Abowd, Creecy and Kramarz (2002), Census Bureau TP-2002-06, on components.

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(6, 4, seed=1).frame
        >>> fit = fc.Gravity("flow ~ agreement | origin^period + destination^period").fit(flows)
        >>> effects = fit.fixed_effects()
        >>> effects.columns.to_list()[:5]
        ['effect', 'origin', 'period', 'destination', 'estimate']
        >>> int(effects["zero"].sum())
        4
        """
        from forecast.gravity.derived.fixed_effects import effect_errors, effects_table
        from forecast.gravity.samples.renumbered import in_order

        estimate, errors = in_order(self.design, self.estimate), None
        if std_errors:
            kept = [self.design.columns[k] for k in self.drawn.collinearity.kept]
            x = np.zeros((estimate.n, len(kept)))
            for at, column in enumerate(kept):
                x[:, at] = column[estimate.rows]
            errors = effect_errors(
                estimate,
                x,
                self.design.effects,
                self.covariance,
                self.recipe.vcov,
                self.keys,
            )
        return effects_table(self.design, estimate, errors)

    def predict(
        self,
        data: TradePanel | pd.DataFrame | None = None,
        kind: str = "mean",
        *,
        smearing: str | None = None,
        unknown: str = "raise",
    ) -> pd.Series:
        """Predict rows whose effects have been estimated.

        Slopes and effects are those of the estimation, before any correction for bias.

        Parameters
        ----------
        data : TradePanel or DataFrame, optional
            Regressors, factors of the effects and the offset, if the model has one; the
            outcome is not needed. By default the rows of the sample.
        kind : {"mean", "linear"}
            Mean of the outcome as the formula writes it, or the linear predictor with
            effects and offset. In least squares they are the same: for ``log(trade)``
            the mean of the logarithm.
        smearing : {"duan"}, optional
            Least squares of ``log(y)`` only: predict y itself, by the exponential times
            the mean of the exponentiated residuals (Duan 1983, Journal of the American
            Statistical Association 78(383)). Right where the residuals do not depend on
            the regressors, which in gravity models they usually do (Santos Silva and
            Tenreyro 2006).
        unknown : {"raise", "missing"}
            What to do with rows whose levels have no estimate.

        Returns
        -------
        Series
            Under the labels of `data`, or of the rows used. Rows that lack a value are
            missing.

        Raises
        ------
        ModelError
            F-565 levels of effects that were not estimated, such as those of a new
            period: forecasting effects is the work of Fusion; F-574 an option that is
            not known or does not go with the model; and as `read_new_rows`.

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(6, 4, seed=1).frame
        >>> fit = fc.Gravity("flow ~ agreement | origin^period + destination^period").fit(flows)
        >>> bool(np.allclose(fit.predict(flows), fit.predict(), rtol=1e-12))
        True
        """
        from forecast.gravity.derived import prediction

        recipe, family = self.recipe, self.estimate.family
        prediction.check_kind(kind, smearing, family, recipe.formula)
        log_scale = family == "poisson" and kind == "linear"
        if data is None:
            values = self.estimate.eta if log_scale else self.estimate.mu
            found = self._by_input(values, "prediction")
        else:
            found = prediction.predict(
                self.design,
                self.estimate,
                self.drawn.collinearity.kept,
                recipe.formula,
                data,
                offset=recipe.offset,
                unknown=unknown,
            )
            if family == "poisson" and not log_scale:
                found = np.exp(found)
        if smearing is not None:
            found = np.exp(found) * prediction.smearing_factor(self.estimate)
        return found.rename(self._predicted(kind, smearing))

    def _predicted(self, kind: str, smearing: str | None) -> str:
        """Name of what is predicted."""
        outcome = self.design.outcome
        if smearing is not None:
            return outcome.removeprefix("log(").removesuffix(")")
        return "linear" if kind == "linear" else outcome

    def _by_input(self, values: np.ndarray, name: str) -> pd.Series:
        """Values of the estimate's rows under their labels, in the input's order."""
        order = np.argsort(self.estimate.rows)
        positions = self.design.positions[self.estimate.rows[order]]
        return pd.Series(
            values[order], self.design.source.index.take(positions), name=name
        )
