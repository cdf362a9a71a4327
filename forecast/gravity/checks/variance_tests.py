r"""How the variance of flows grows with their mean, :math:`V = \lambda_0 \mu^{\lambda_1}`.

PPML is efficient where :math:`\lambda_1 = 1`, a gamma model and least squares in logs
where it is 2; least squares in logs is consistent in special cases of the latter only
(Santos Silva and Tenreyro 2006, Review of Economics and Statistics 88(4), section III.C).
"""

from __future__ import annotations

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.checks.refitting import auxiliary
from forecast.gravity.checks.specification import SpecificationTest, conclude
from forecast.gravity.derived.prediction import is_log
from forecast.gravity.derived.record import FitRecord
from forecast.gravity.inference.covariance import Recipe
from forecast.gravity.inference.robust import Iid, Robust

__all__ = ["gnr_test", "park_test"]

SOURCE = "Santos Silva and Tenreyro (2006)"


def gnr_test(
    fit: FitRecord, power: float = 1.0, *, vcov: Recipe | None = None
) -> SpecificationTest:
    r"""Test that the variance is proportional to a power of the mean.

    The Gauss-Newton regression

    .. math::

       \frac{(y - \hat\mu)^2}{\hat\mu^{p/2}} = \lambda_0\, \hat\mu^{p/2}
       + \lambda_0 (\lambda_1 - p)\, \hat\mu^{p/2} \ln \hat\mu + \xi

    with robust standard errors; with p = 1 it is equation 14 of Santos Silva and
    Tenreyro (2006).

    Parameters
    ----------
    fit : GravityFit
        PPML.
    power : float
        1, or 2 for a gamma model.
    vcov : covariance recipe, optional
        Of the auxiliary regression; ``Robust("HC1")``, the published one, by default.

    Raises
    ------
    ModelError
        F-573 for least squares.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
    >>> fit = fc.Gravity("flow ~ log(distance) | origin^period + destination^period").fit(flows)
    >>> gnr_test(fit).null
    'the variance is proportional to the mean'
    """
    _refuse_other(fit, "poisson", "PPML", 'park_test(fit) is for "log(y)".')
    y, mu = fit.estimate.y, fit.estimate.mu
    root = mu ** (power / 2)
    made = auxiliary(
        fit,
        ("squared error / mean^(p/2)", (y - mu) ** 2 / root),
        {"mean^(p/2)": root, "mean^(p/2) log(mean)": root * np.log(mu)},
        vcov=vcov or Robust("HC1"),
        weights=fit.estimate.weights,
    )
    grown = "" if power == 1 else f" to the power {power:g}"
    return conclude(
        made,
        ["mean^(p/2) log(mean)"],
        name="GNR",
        null=f"the variance is proportional to the mean{grown}",
        source=f"{SOURCE}, equation 14",
    )


def park_test(
    fit: FitRecord, null: float | None = None, *, vcov: Recipe | None = None
) -> SpecificationTest:
    r"""Estimate the power of the mean that the variance grows with, and test it.

    Least squares of ``log(y)``: a regression of :math:`\ln (y - \hat y)^2` on
    :math:`\ln \hat y`; the model in logs may be right only if the slope is 2 (equation
    12 of Santos Silva and Tenreyro 2006, with classical standard errors as there). PPML:
    a PPML regression of :math:`(y - \hat\mu)^2` on :math:`\ln \hat\mu`, equation 13, with
    robust ones; PPML is efficient if the slope is 1.

    Parameters
    ----------
    fit : GravityFit
        PPML, or least squares of a logarithm.
    null : float, optional
        Slope to test: 1 for PPML and 2 for least squares by default.
    vcov : covariance recipe, optional
        Of the auxiliary regression.

    Raises
    ------
    ModelError
        F-573 for least squares of something else than ``log(y)``.

    References
    ----------
    Park (1966), Econometrica 34(4); Manning and Mullahy (2001), Journal of Health
    Economics 20(4).

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
    >>> fit = fc.Gravity("flow ~ log(distance) | origin^period + destination^period").fit(flows)
    >>> park_test(fit).name
    'Park'
    """
    poisson = fit.estimate.family == "poisson"
    if poisson:
        y, mu = fit.estimate.y, fit.estimate.mu
        made = auxiliary(
            fit,
            ("squared error", (y - mu) ** 2),
            {"constant": np.ones_like(mu), "log(mean)": np.log(mu)},
            vcov=vcov or Robust("HC1"),
            estimator="ppml",
            weights=fit.estimate.weights,
        )
    else:
        made = _park_of_logs(fit, vcov or Iid())
    value = (1.0 if poisson else 2.0) if null is None else null
    return conclude(
        made,
        ["log(mean)"],
        name="Park",
        null=f"the variance is proportional to the mean to the power {value:g}",
        source=f"{SOURCE}, equation {13 if poisson else 12}",
        value=value,
    )


def _park_of_logs(fit: FitRecord, vcov: Recipe) -> FitRecord:
    if not is_log(fit.recipe.formula):
        raise _not_for(fit, 'PPML or least squares of "log(y)"', "")
    # In units of the typical flow: squares of any size stay finite.
    center = float(np.mean(fit.estimate.mu))
    y, mu = np.exp(fit.estimate.y - center), np.exp(fit.estimate.mu - center)
    squares = (y - mu) ** 2
    known = squares > 0  # a row that is fitted exactly has no logarithm
    return auxiliary(
        fit,
        ("log(squared error)", np.log(np.where(known, squares, 1.0))),
        {"constant": np.ones_like(mu), "log(mean)": fit.estimate.mu - center},
        vcov=vcov,
        weights=fit.estimate.weights,
        keep=known,
    )


def _refuse_other(fit: FitRecord, family: str, what: str, remedy: str) -> None:
    if fit.estimate.family != family:
        raise _not_for(fit, what, remedy)


def _not_for(fit: FitRecord, what: str, remedy: str) -> ModelError:
    return ModelError(
        f"this test is for {what}, not for {fit.recipe.formula}",
        code="F-573",
        remedy=remedy,
    )
