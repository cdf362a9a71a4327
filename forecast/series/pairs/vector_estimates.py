r"""Two equations for two directions of trade: lags, cointegration, posterior, paths.

Steps of logarithms are explained by a constant, seasons if there are significant ones,
one lag of both steps or none (the smaller AICc, Hurvich and Tsai 1993, Journal of Time
Series Analysis 14(3)), and the distance from the pair's balance if Johansen's trace test
(1991, Econometrica 59(6)) finds exactly one at 5 per cent. Its statistic is multiplied by
:math:`(T - 2k)/T`, else it finds too many in short series (Reinsel and Ahn 1992, Journal
of Time Series Analysis 13(4)).

The prior is conjugate: a coefficient of a step, or of the balance, is normal around zero
with a standard deviation of `LAG_DOUBT` or `BALANCE_DOUBT` times the ratio of spreads,
:math:`\Sigma` is flat. So the posterior is normal–inverse Wishart, and draws are exact
(Karlsson 2013, Handbook of Economic Forecasting 2B, chapter 15). Draws that explode are
scaled back to the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.scales.scale import CEILING
from forecast.series.scales.seasonality import has_seasons
from forecast.series.scales.spread import SMALLEST_SHARE

__all__ = ["PairEstimate", "estimate_pair", "steps_ahead"]

Floats = NDArray[np.floating[Any]]

LAG_DOUBT = 0.3
BALANCE_DOUBT = 0.3
LARGEST_ROOT = 0.95
FASTEST_RETURN = -1.0
"""Of the distance from the balance, what one period may change at most."""

SMALLEST_VARIANCE = 1e-20
SMALLEST_OWN_SHARE = 1e-10
"""Of the variance of a side, what is not the other's; keeps the covariance invertible."""

STILL = 1e-8
"""Steps of logarithms below which a direction does not move, or only with the other."""

FEWEST_WITH_SEASONS = 40
"""Periods below which a series with seasons is not tested for a balance."""


@dataclass(frozen=True, slots=True)
class PairEstimate:
    """The posterior of a pair.

    Attributes
    ----------
    lags : {0, 1}
    cointegrated : bool
    beta : float array of shape (2,)
        The balance, 1 and minus what one side grows with the other; zeros if none.
    coefficients : float array of shape (k, 2)
        Posterior mean; rows: constant or seasons, lags, balance.
    root : float array of shape (k, k)
        A root of the rows' covariance, in units of `sigma`.
    sigma : float array of shape (2, 2)
        Covariance of innovations.
    df : float
        Degrees of freedom of `sigma`.
    n_seasons : int
        Rows of constants: 1, or one for each season, that of the next period first.
    last, last_step : float arrays of shape (2,)
    growth : float array of shape (2,)
        Mean step.
    means, residuals : float arrays of shape (2, n)
        One-step means of logarithms and errors; NaN where there is none.
    ceiling : float array of shape (2,)
        Logarithms that no path exceeds.
    """

    lags: int
    cointegrated: bool
    beta: Floats
    coefficients: Floats
    root: Floats
    sigma: Floats
    df: float
    n_seasons: int
    last: Floats
    last_step: Floats
    growth: Floats
    means: Floats
    residuals: Floats
    ceiling: Floats

    @property
    def lag_rows(self) -> tuple[int, int]:
        """Rows of the coefficients of both sides' steps before."""
        return self.n_seasons, self.n_seasons + 1

    def paths(self, shocks: Floats, shared: float, rng: np.random.Generator) -> Floats:
        """Return paths of both sides, (2, h, n_paths), in the unit of the data.

        Parameters
        ----------
        shocks : float array of shape (2, h, n_paths)
            Standard normal, of correlation `shared`; they get that of `sigma` instead, as
            little changed as can be.
        """
        count = shocks.shape[2]
        factor = _draw_factors(self.sigma, self.df, count, rng)  # (count, 2, 2)
        noise = rng.standard_normal((count, len(self.root), 2))
        drawn = self.coefficients + self.root @ noise @ factor.swapaxes(1, 2)
        errors = _recoloured(shocks, shared, factor @ factor.swapaxes(1, 2))
        x = steps_ahead(self, drawn, errors)
        return np.exp(np.minimum(x, self.ceiling[:, None])).swapaxes(0, 1)

    def center(self, steps: int) -> Floats:
        """Return logarithms expected with coefficients at their means, (2, steps)."""
        x = steps_ahead(self, self.coefficients[None], np.zeros((steps, 2, 1)))
        return np.minimum(x[..., 0].T, self.ceiling[:, None])


def steps_ahead(pair: PairEstimate, coefficients: Floats, errors: Floats) -> Floats:
    """Return logarithms of shape (h, 2, n_paths) given coefficients and errors.

    Parameters
    ----------
    coefficients : float array of shape (n_paths, k, 2)
    errors : float array of shape (h, 2, n_paths)
    """
    constants, gamma, alpha = _stable(pair, coefficients)
    x = np.empty(errors.shape)
    level = np.repeat(pair.last[:, None], errors.shape[2], axis=1)
    step = np.repeat(pair.last_step[:, None], errors.shape[2], axis=1)
    for h, error in enumerate(errors):
        balance = pair.beta @ level
        carried = np.einsum("pij,ip->jp", gamma, step)
        step = constants[:, h % pair.n_seasons].T + carried + alpha.T * balance + error
        x[h] = level = level + step
    return x


def _stable(pair: PairEstimate, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Return constants (p, s, 2), lags (p, 2, 2) and adjustment (p, 2) that do not explode."""
    s, count = pair.n_seasons, len(b)
    gamma: Floats = np.zeros((count, 2, 2))
    alpha: Floats = np.zeros((count, 2))
    if pair.lags:
        gamma = b[:, s : s + 2]
        radius = np.abs(np.linalg.eigvals(gamma)).max(axis=1)
        gamma = (
            gamma
            * np.minimum(1, LARGEST_ROOT / np.maximum(radius, 1e-9))[:, None, None]
        )
    if pair.cointegrated:
        alpha = b[:, -1]
        back = alpha @ pair.beta
        wanted = np.clip(back, FASTEST_RETURN, 0)
        share = np.divide(wanted, back, out=np.zeros(count), where=np.abs(back) > 1e-9)
        alpha = alpha * share[:, None]
    return b[:, :s], gamma, alpha


# ---------------------------------------------------------------------------- estimation


def estimate_pair(
    x: Floats, length: int, *, cointegrated: bool | None = None
) -> PairEstimate:
    """Estimate a pair.

    Parameters
    ----------
    x : float array of shape (2, n)
        Logarithms, n from 10.
    length : int
        Periods in a year.
    cointegrated : bool, optional
        By default as Johansen's test says.
    """
    seasonal = any(has_seasons(one, length) for one in x)
    n_seasons = length if seasonal else 1
    beta = _balance(x, n_seasons, cointegrated)
    designs = [_design(x, beta, n_seasons, lags) for lags in (0, 1)]
    lags = int(_aicc(*designs[1]) < _aicc(*designs[0]))
    steps, regressors = _all_rows(x, beta, n_seasons, lags)
    precision = _prior_precision(steps, regressors, n_seasons, lags)
    gram = regressors.T @ regressors + np.diag(precision)
    root = np.linalg.cholesky(np.linalg.inv(gram))
    coefficients = np.linalg.solve(gram, regressors.T @ steps)
    errors = steps - regressors @ coefficients
    df = max(len(steps) - n_seasons - (precision > 0).sum() / 2, 3.0)
    squares = errors.T @ errors + (coefficients.T * precision) @ coefficients
    sigma = squares / df
    sigma += np.diag(SMALLEST_OWN_SHARE * np.diag(sigma) + SMALLEST_VARIANCE)
    lost = x.shape[1] - len(steps)
    means = np.concatenate([np.full((2, lost), np.nan), x[:, lost:] - errors.T], axis=1)
    ahead = (x.shape[1] - 1) % n_seasons  # the constant of the next step comes first
    coefficients[:n_seasons] = np.roll(coefficients[:n_seasons], -ahead, axis=0)
    root[:n_seasons] = np.roll(root[:n_seasons], -ahead, axis=0)
    return PairEstimate(
        lags=lags,
        cointegrated=bool(np.any(beta)),
        beta=beta,
        coefficients=coefficients,
        root=root,
        sigma=sigma,
        df=float(df),
        n_seasons=n_seasons,
        last=x[:, -1],
        last_step=x[:, -1] - x[:, -2],
        growth=np.diff(x).mean(axis=1),
        means=means,
        residuals=x - means,
        ceiling=x.max(axis=1) + np.log(CEILING),
    )


def _all_rows(
    x: Floats, beta: Floats, n_seasons: int, lags: int
) -> tuple[Floats, Floats]:
    """Return steps (T, 2) and regressors (T, k) of all periods that have them."""
    d = np.diff(x).T
    steps = d[lags:]
    times = np.arange(lags, len(d))
    parts = [(times[:, None] % n_seasons == np.arange(n_seasons)).astype(float)]
    if lags:
        parts.append(d[:-1])
    if np.any(beta):
        parts.append((beta @ x[:, lags:-1])[:, None])
    return steps, np.concatenate(parts, axis=1)


def _design(
    x: Floats, beta: Floats, n_seasons: int, lags: int
) -> tuple[Floats, Floats]:
    """Return the same for the same periods, whatever the lags, so that AICc compares."""
    steps, regressors = _all_rows(x, beta, n_seasons, lags)
    return steps[1 - lags :], regressors[1 - lags :]


def _aicc(steps: Floats, regressors: Floats) -> float:
    """Return the corrected criterion of a regression with two equations."""
    count, k = regressors.shape
    left = count - k - 3
    if left <= 0:
        return np.inf
    b, *_ = np.linalg.lstsq(regressors, steps, rcond=None)
    errors = steps - regressors @ b
    spread = errors.T @ errors / count + SMALLEST_VARIANCE * np.eye(2)
    charge = 2 * count / left * (2 * k + 3)
    return float(count * np.linalg.slogdet(spread)[1] + charge)


def _prior_precision(
    steps: Floats, regressors: Floats, n_seasons: int, lags: int
) -> Floats:
    """Return what the prior adds to the squares of each regressor.

    It is measured by the size of steps, so that its standard deviations are those of
    coefficients of two series with steps of one size.
    """
    precision = np.zeros(regressors.shape[1])
    size = max(float(steps.var(axis=0).mean()), SMALLEST_VARIANCE)
    precision[n_seasons : n_seasons + 2 * lags] = size / LAG_DOUBT**2
    if regressors.shape[1] > n_seasons + 2 * lags:
        precision[-1] = size / BALANCE_DOUBT**2
    return precision


def _balance(x: Floats, n_seasons: int, cointegrated: bool | None) -> Floats:
    """Return beta if there is a balance, or zeros.

    The direction is the eigenvector of Johansen's largest root, the first side 1.
    """
    short = n_seasons > 1 and x.shape[1] < FEWEST_WITH_SEASONS
    if cointegrated is False or (cointegrated is None and short):
        return np.zeros(2)
    steps = np.diff(x)
    steps = steps - steps.mean(axis=1, keepdims=True)
    sizes = np.sqrt((steps**2).mean(axis=1))
    if sizes.min() < STILL or abs(np.mean(steps[0] * steps[1])) > (1 - STILL) * np.prod(
        sizes
    ):
        return np.zeros(2)
    from statsmodels.tsa.vector_ar.vecm import coint_johansen

    test = coint_johansen(x.T, 0, 1)
    count = x.shape[1]
    trace = test.lr1 * (count - 4) / count
    found = trace[0] > test.cvt[0, 1] and trace[1] < test.cvt[1, 1]
    beta = test.evec[:, 0]
    if not (found or cointegrated) or abs(beta[0]) < 1e-6 * abs(beta[1]):
        return np.zeros(2)
    return np.asarray(beta / beta[0])


# ---------------------------------------------------------------------------- simulation


def _draw_factors(
    sigma: Floats, df: float, count: int, rng: np.random.Generator
) -> Floats:
    """Return triangular factors, (count, 2, 2), of draws from inverse Wishart.

    By Bartlett's decomposition of the Wishart of the inverse; its mean is that of sigma.
    Chi-squares have a floor, as those of single series (`forecast.series.scales.spread`).
    """
    freedom = np.array([df, max(df - 1, 2.0)])
    squares = rng.chisquare(freedom, (count, 2))
    a = np.zeros((count, 2, 2))
    a[:, [0, 1], [0, 1]] = np.sqrt(np.maximum(squares, SMALLEST_SHARE * freedom) / df)
    a[:, 1, 0] = rng.standard_normal(count) / np.sqrt(df)
    return np.linalg.cholesky(sigma) @ np.linalg.inv(a).swapaxes(1, 2)


def _recoloured(shocks: Floats, shared: float, sigma: Floats) -> Floats:
    """Return shocks (2, h, p) of correlation `shared` as errors (h, 2, p) of covariance `sigma`.

    By symmetric roots of correlations, so that each direction keeps most of its own shock
    and what it has in common with other pairs. All correlation matrices of two have the
    same eigenvectors: sum and difference are scaled.
    """
    before = float(np.clip(shared, -0.99, 0.99))
    sd = np.sqrt(np.diagonal(sigma, axis1=1, axis2=2)).T
    after = np.clip(sigma[:, 0, 1] / (sd[0] * sd[1]), -1, 1)
    total = 0.5 * np.sqrt((1 + after) / (1 + before)) * (shocks[0] + shocks[1])
    apart = 0.5 * np.sqrt((1 - after) / (1 - before)) * (shocks[0] - shocks[1])
    return np.stack([sd[0] * (total + apart), sd[1] * (total - apart)], axis=1)
