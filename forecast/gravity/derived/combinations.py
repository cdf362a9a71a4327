"""Linear combinations of coefficients and other functions of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.derived.ends import Ends, ends_of
from forecast.gravity.derived.expressions import Expression, read_expression
from forecast.gravity.derived.restrictions import linear_form
from forecast.gravity.inference.covariance import Covariance
from forecast.gravity.records import Floats

__all__ = ["Combination", "combine_linearly", "delta_method", "percentage_table"]


@dataclass(frozen=True)
class Combination:
    """A function of coefficients: its value, and how sure it is.

    Attributes
    ----------
    expression : str
    estimate, std_error : float
        The standard error of a function that is not linear is that of the delta method.
    null : float
        What `statistic` and `p_value` compare the estimate with.
    statistic, p_value : float
    gradient : float array of shape (k,)
    """

    expression: str
    estimate: float
    std_error: float
    null: float
    statistic: float
    p_value: float
    gradient: Floats = field(repr=False)
    ends: Ends = field(repr=False)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval.

        Examples
        --------
        >>> from forecast.gravity.inference.reference import Normal
        >>> known = Covariance(np.array([[0.04]]), ("rta",), "", "", "1", 1.0, Normal(), 9)
        >>> sum_ = combine_linearly("2*rta + 1", np.array([0.5]), known)
        >>> [round(end, 3) for end in sum_.interval()]
        [1.216, 2.784]
        """
        return self.ends.interval(self.estimate, self.std_error, level)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row with the columns of a fit's `tidy`."""
        low, high = self.interval(level)
        return pd.DataFrame(
            {
                "term": [self.expression],
                "estimate": [self.estimate],
                "std_error": [self.std_error],
                "statistic": [self.statistic],
                "p_value": [self.p_value],
                "conf_low": [low],
                "conf_high": [high],
            }
        )

    def __str__(self) -> str:
        low, high = self.interval()
        return (
            f"{self.expression} = {self.estimate:.6g} (std. error {self.std_error:.4g}), "
            f"95 % interval {low:.4g} to {high:.4g}, p = {self.p_value:.4f}"
        )


def combine_linearly(
    text: str, beta: Floats, covariance: Covariance, null: float = 0.0
) -> Combination:
    """Value and standard error of a linear combination such as ``x_lag1 + x_lag2``.

    Parameters
    ----------
    text : str
    beta : float array of shape (k,)
    covariance : Covariance
    null : float

    Raises
    ------
    ModelError
        F-566 text that cannot be read, F-567 a combination that is not linear, F-569 as
        `wald_test`.
    """
    expression = read_expression(text, covariance.terms)
    linear_form(expression)
    return delta_method(expression, beta, covariance, null)


def delta_method(
    expression: Expression | str,
    beta: Floats,
    covariance: Covariance,
    null: float = 0.0,
) -> Combination:
    r"""Value and standard error of a function g of the coefficients.

    The variance is :math:`\nabla g' V \nabla g` with the exact gradient (delta method;
    Wooldridge 2010, Econometric Analysis of Cross Section and Panel Data, lemma 3.9).

    Parameters
    ----------
    expression : Expression or str
    beta : float array of shape (k,)
    covariance : Covariance
    null : float

    Raises
    ------
    ModelError
        F-566 text that cannot be read, F-569 as `wald_test`, F-577 a value that is not
        finite.
    """
    if isinstance(expression, str):
        expression = read_expression(expression, covariance.terms)
    value = expression.at(beta)
    variance = float(value.slopes @ covariance.matrix @ value.slopes)
    std_error = np.sqrt(variance) if variance > 0 else np.nan
    statistic = (value.number - null) / std_error
    ends = ends_of(covariance.reference, value.slopes)
    return Combination(
        expression=expression.text,
        estimate=value.number,
        std_error=float(std_error),
        null=float(null),
        statistic=float(statistic),
        p_value=ends.p_value(float(statistic)),
        gradient=value.slopes,
        ends=ends,
    )


def percentage_table(
    beta: Floats, covariance: Covariance, level: float, interval: str
) -> pd.DataFrame:
    r"""Effects in per cent, :math:`100 (e^{\beta} - 1)`; one row per coefficient.

    Standard errors are those of the delta method, :math:`100 e^\beta se(\beta)`; p-values
    are those of :math:`\beta = 0`, which is the same hypothesis (Halvorsen and Palmquist
    1980, American Economic Review 70(3)).

    Parameters
    ----------
    beta : float array of shape (k,)
    covariance : Covariance
    level : float
    interval : {"transformed", "delta"}
        Ends of the interval of beta, transformed: never below -100 and as exact as that
        interval; or estimate and standard error, symmetric.

    Raises
    ------
    ModelError
        F-574 another `interval`.
    """
    if interval not in {"transformed", "delta"}:
        raise ModelError(
            f"interval={interval!r} is not known",
            code="F-574",
            remedy='Use "transformed" or "delta".',
        )
    errors = covariance.std_errors
    effects, slopes = 100 * np.expm1(beta), 100 * np.exp(beta)
    ends = covariance.interval(beta, level)
    if interval == "delta":
        reach = [slopes * (end - beta) for end in ends]
        low, high = effects + reach[0], effects + reach[1]
    else:
        low, high = (100 * np.expm1(end) for end in ends)
    return pd.DataFrame(
        {
            "term": list(covariance.terms),
            "estimate": effects,
            "std_error": slopes * errors,
            "statistic": beta / errors,
            "p_value": covariance.p_values(beta),
            "conf_low": low,
            "conf_high": high,
        }
    )
