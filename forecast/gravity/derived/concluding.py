"""Hypotheses about coefficients, and functions of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from numpy.typing import ArrayLike

from forecast.gravity.derived.combinations import (
    Combination,
    combine_linearly,
    delta_method,
    percentage_table,
)
from forecast.gravity.derived.hypotheses import WaldTest, wald_test
from forecast.gravity.derived.record import FitRecord
from forecast.gravity.derived.restrictions import restrictions_of

__all__ = ["Inference"]


@dataclass(frozen=True, repr=False, eq=False)
class Inference(FitRecord):
    """Fits that test hypotheses and compute functions of coefficients."""

    def wald_test(
        self, hypotheses: str | Sequence[str] | ArrayLike, q: ArrayLike | None = None
    ) -> WaldTest:
        r"""Test linear hypotheses jointly.

        Parameters
        ----------
        hypotheses : str, sequence of str or array of shape (m, k)
            ``"rta = 0, cntg = lang"``, or the matrix R of :math:`R\beta = q`. Names
            stand as in `tidy`.
        q : float or array of shape (m,), optional
            Only with a matrix; zero by default.

        Returns
        -------
        WaldTest
            F where the standard errors go with Student's t, else chi-squared.

        Raises
        ------
        ModelError
            F-566 hypotheses that cannot be read, F-567 that are not linear, F-568 that
            repeat or contradict each other or are more than the covariance has rank,
            F-569 a bootstrap, which knows single coefficients only.

        References
        ----------
        Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, eq. 4.13.

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ border + agreement | origin^period + destination^period")
        >>> gravity.fit(flows).wald_test("border = 0, agreement = 0").reference
        'chi2(2)'
        """
        restrictions = restrictions_of(hypotheses, q, self.terms)
        return wald_test(restrictions, self.beta, self.covariance)

    def linear_combination(self, expression: str, null: float = 0.0) -> Combination:
        """Value and standard error of a linear combination of coefficients.

        Parameters
        ----------
        expression : str
            ``"x_lag1 + x_lag2"``, the effect in the long run.
        null : float
            What the value is compared with.

        Raises
        ------
        ModelError
            F-566, F-567 and F-569 as `wald_test`.

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ border + agreement | origin^period + destination^period")
        >>> both = gravity.fit(flows).linear_combination("border + agreement")
        >>> both.expression
        'border + agreement'
        """
        return combine_linearly(expression, self.beta, self.covariance, null)

    def delta(self, expression: str, null: float = 0.0) -> Combination:
        """Value and standard error of any function of coefficients (delta method).

        Parameters
        ----------
        expression : str
            With ``+ - * / **``, brackets, exp, log and sqrt, such as
            ``"100*(log_dist_2006 - log_dist_1986)/log_dist_1986"``.
        null : float

        Raises
        ------
        ModelError
            F-566 and F-569 as `wald_test`, F-577 a value that is not finite.

        References
        ----------
        Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, lemma 3.9.

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ log(distance) + border | origin^period + destination^period")
        >>> share = gravity.fit(flows).delta("exp(-border / log(distance))")
        >>> list(share.to_frame().columns)[:3]
        ['term', 'estimate', 'std_error']
        """
        return delta_method(expression, self.beta, self.covariance, null)

    def percentage_effects(
        self, level: float = 0.95, *, interval: str = "transformed"
    ) -> pd.DataFrame:
        r"""Effects in per cent, :math:`100 (e^\beta - 1)`, of a change by one unit.

        Parameters
        ----------
        level : float
            Of the confidence interval.
        interval : {"transformed", "delta"}
            Transform the ends of the interval of the coefficient, or take the standard
            error of the delta method on both sides.

        Returns
        -------
        DataFrame
            Columns as `tidy`; p-values are those of no effect.

        Raises
        ------
        ModelError
            F-574 another `interval`.

        References
        ----------
        Halvorsen and Palmquist (1980), American Economic Review 70(3).

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> fit = fc.Gravity("flow ~ border | origin^period + destination^period").fit(flows)
        >>> fit.percentage_effects()["term"].to_list()
        ['border']
        """
        return percentage_table(self.beta, self.covariance, level, interval)
