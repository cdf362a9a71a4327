"""How well a fit describes its sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.gravity.records import Estimate, Floats

__all__ = ["Goodness", "goodness_of"]


@dataclass(frozen=True)
class Goodness:
    """Measures of fit.

    Attributes
    ----------
    llf, llf_null : float
        Log-likelihood of the fit, and of a constant alone. In PPML it is that of the
        Poisson distribution, with the factorial (the gamma function where the outcome is
        no whole number), as Stata and R print it.
    deviance : float
        PPML: twice the distance to the perfect fit; least squares: sum of squares.
    r_squared : float
        Squared correlation of outcome and fitted mean.
    pseudo_r_squared : float
        ``1 - llf / llf_null`` (McFadden); in least squares 1 - SSR / SST.
    """

    llf: float
    llf_null: float
    deviance: float
    r_squared: float
    pseudo_r_squared: float


def goodness_of(estimate: Estimate) -> Goodness:
    """Measure the fit of an estimate."""
    y, mu = estimate.y, estimate.mu
    w = np.ones_like(y) if estimate.weights is None else estimate.weights
    r_squared = squared_correlation(y, mu, w)
    if estimate.family == "gaussian":
        return gaussian(y, mu, w, r_squared)
    null = np.full_like(mu, np.average(y, weights=w))
    llf, llf_null = poisson_loglik(y, mu, w), poisson_loglik(y, null, w)
    return Goodness(
        llf, llf_null, poisson_deviance(y, mu, w), r_squared, 1 - llf / llf_null
    )


def gaussian(y: Floats, mu: Floats, w: Floats, r_squared: float) -> Goodness:
    """Least squares: the likelihood at the variance that maximises it."""
    ssr = float((w * (y - mu) ** 2).sum())
    sst = float((w * (y - np.average(y, weights=w)) ** 2).sum())
    half = y.size / 2

    def loglik(total: float) -> float:
        if total <= 0:
            return np.inf
        return -half * (np.log(2 * np.pi * total / y.size) + 1) + np.log(w).sum() / 2

    explained = 1 - ssr / sst if sst > 0 else np.nan
    return Goodness(loglik(ssr), loglik(sst), ssr, r_squared, explained)


def poisson_loglik(y: Floats, mu: Floats, w: Floats) -> float:
    """Log-likelihood of the Poisson distribution."""
    from scipy.special import gammaln, xlogy

    return float((w * (xlogy(y, mu) - mu - gammaln(y + 1))).sum())


def poisson_deviance(y: Floats, mu: Floats, w: Floats) -> float:
    """Twice the sum of ``y log(y / mu) - (y - mu)``."""
    from scipy.special import kl_div

    return float(2 * (w * kl_div(y, mu)).sum())


def squared_correlation(y: Floats, mu: Floats, w: Floats) -> float:
    """Squared weighted correlation; NaN where one of them is constant."""
    a, b = y - np.average(y, weights=w), mu - np.average(mu, weights=w)
    size = float((w * a**2).sum() * (w * b**2).sum())
    return float((w * a * b).sum() ** 2 / size) if size > 0 else np.nan
