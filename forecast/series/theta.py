"""The Theta method as a model with optimised theta, averaged over its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.series.candidates import Candidates, relative_weights, solve
from forecast.series.model import Recipe, Season, UnitFit
from forecast.series.naive import Naive
from forecast.series.scale import Scaled, check_scale, scaled, usual_scale
from forecast.series.seasonality import fill_gaps, has_seasons, seasonal_factors

__all__ = ["Theta", "ThetaFit"]

Floats = NDArray[np.floating[Any]]

ALPHA = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
DRIFT_SHARES = {"log": (0.0, 0.25, 0.5)}
ANY_DRIFT_SHARE = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares 1 - 1/theta on the grid. In logarithms the line is exponential growth; more than
half of it (theta above 2) did worse on quarters and months of the M1 and Tourism series."""

FEWEST_VALUES = 5


@dataclass(frozen=True, slots=True)
class Theta(Recipe):
    r"""Exponential smoothing that drifts along a share of the straight line.

    The optimised theta model of Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler
    (2016, International Journal of Forecasting 32(4)): with the least squares line
    :math:`A + B t`,

    .. math:: x_t &= \mu_t + e_t, \qquad l_t = \alpha x_t + (1 - \alpha) l_{t-1}, \\
              \mu_t &= l_{t-1} + \left(1 - \tfrac{1}{\theta}\right) \left[
              (1 - \alpha)^{t-1} A + \tfrac{1 - (1 - \alpha)^t}{\alpha} B \right].

    :math:`\theta = 2` is the method that won the M3 competition (Assimakopoulos and
    Nikolopoulos 2000). A grid of :math:`\alpha` and :math:`\theta` is weighed by
    likelihood instead of choosing one; paths carry the doubt about both, about the
    initial level, the slope and the spread. Series with significant seasons are adjusted
    first, by classical decomposition.

    Parameters
    ----------
    theta : float, optional
        From 1 (no drift) up; by default it is weighed from 1 to infinity, in logarithms
        (where the line means exponential growth) from 1 to 2.
    scale : {"auto", "log", "relative", "absolute"}
        See `forecast.series.scale`; a series with zeros is always "absolute", one with
        seasons "log" where it would be "relative".

    Notes
    -----
    Series of less than five values are fitted by `Naive`. Gaps are filled by straight
    lines on the working scale and do not count in the fit.

    Examples
    --------
    >>> outlook = Theta().fit([10.0, 11.2, 11.9, 13.1, 14.0, 14.8, 16.1]).forecast(1)
    >>> 16.1 < outlook.median < 17.5
    True
    """

    theta: float | None = None
    scale: str = "auto"

    def __post_init__(self) -> None:
        check_scale(self.scale)
        if self.theta is not None and not self.theta >= 1:
            raise ModelError(
                f"theta={self.theta!r} is not possible",
                code="F-526",
                remedy="Give a number from 1, or leave it to be weighed.",
            )

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series; see `Recipe.fit_values`."""
        if np.isfinite(y).sum() < FEWEST_VALUES:
            return Naive().fit_values(y, season)
        scale = scaled(y, usual_scale(self.scale, season.length))
        filled = fill_gaps(scale.x)
        seasons = has_seasons(filled, season.length)
        if seasons and scale.kind == "relative":  # seasons are factors
            scale = scaled(y, "log")
            filled = fill_gaps(scale.x)
        factors = (
            seasonal_factors(filled, season.length)
            if seasons
            else np.zeros(season.length)
        )
        times = np.arange(y.size) % season.length
        shares = np.array(DRIFT_SHARES.get(scale.kind, ANY_DRIFT_SHARE))
        if self.theta is not None:
            shares = np.array([1 - 1 / self.theta])
        return _fit(scale, filled - factors[times], factors, shares)


@dataclass(frozen=True, slots=True)
class ThetaFit:
    """Weighed candidates of one series; see `forecast.series.candidates`.

    Parameters of a candidate are alpha and the share of the drift, 1 - 1/theta; its
    states the last level and the slope of the line.

    Attributes
    ----------
    start : float
        A, where the line begins.
    count : int
        n, the length of the series.
    factors : float array of shape (m,)
        Seasonal factors, that of the next period first.
    """

    scale: Scaled
    candidates: Candidates
    start: float
    count: int
    factors: Floats
    means: Floats
    residuals: Floats

    @property
    def fitted(self) -> Floats:
        """One-step medians in the unit of the data."""
        return self.scale.values(self.means)

    @property
    def params(self) -> Mapping[str, float]:
        """Weighed means of alpha, the drift's share of the slope, slope and spread."""
        c = self.candidates
        alpha, share = (c.weights @ c.parameters).tolist()
        slope = float(c.weights @ c.states[:, 1])
        sigma = float(c.weights @ c.sigma)
        return {"alpha": alpha, "drift_share": share, "slope": slope, "sigma": sigma}

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        drawn = self.candidates.draw(shocks.shape[1], rng)
        alpha, share = drawn.parameters
        level, slope = drawn.states
        x, shrunk = np.empty_like(shocks), np.ones(level.size)
        for step, shock in enumerate(shocks):
            drift = (
                shrunk
                * share
                * _bracket(alpha, self.count + step + 1, self.start, slope)
            )
            mean, left = self.scale.advance(level, drift)
            shrunk = np.where(
                drift < 0, shrunk * left / np.where(drift < 0, drift, 1), shrunk
            )
            observed = self.scale.observe(mean, drawn.sigma * shock)
            level = alpha * observed + (1 - alpha) * level
            x[step] = observed + self.factors[step % self.factors.size]
        return self.scale.values(x)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        still = self.paths(np.zeros((steps, 400)), np.random.default_rng(0))
        return np.asarray(np.median(still, axis=1))


def _fit(scale: Scaled, x: Floats, factors: Floats, shares: Floats) -> ThetaFit:
    """Weigh all candidates for a series that is filled and adjusted."""
    alpha, share = (
        a.ravel() for a in np.meshgrid(np.array(ALPHA), shares, indexing="ij")
    )
    start, slope = _line(x)
    errors, levels, reach = _smooth(x, alpha, share, start, slope)
    known = np.isfinite(scale.x)
    errors[:, ~known] = np.nan
    design = reach[:, :-1, None]
    solved = solve(errors, design, scale.weights)
    weights = relative_weights(solved.log_likelihood(), alpha)
    kept = np.flatnonzero(weights)
    end = levels + reach[:, -1] * solved.states[:, 0]
    # The standard error of a slope is about that of an average of steps.
    doubt = float(scale.weights.mean()) / np.sqrt(known.sum())
    root = np.zeros((alpha.size, 2, 2))
    root[:, 0, 0], root[:, 1, 1] = reach[:, -1] * solved.root[:, 0, 0], doubt
    candidates = Candidates(
        weights=weights[kept],
        parameters=np.stack([alpha, share], axis=1)[kept],
        states=np.stack([end, np.full(alpha.size, slope)], axis=1)[kept],
        root=root[kept],
        sigma=solved.sigma[kept],
        df=np.full(kept.size, solved.df),
    )
    residuals = weights @ solved.residuals
    means = scale.x - scale.weights * residuals
    turned = np.roll(factors, -(x.size % factors.size))
    return ThetaFit(scale, candidates, start, x.size, turned, means, residuals)


def _line(x: Floats) -> tuple[float, float]:
    """Return A and B of the least squares line A + B t, t = 1, ..., n."""
    times = np.arange(1, x.size + 1) - (x.size + 1) / 2
    slope = float(times @ x / (times @ times))
    return float(x.mean() - slope * (x.size + 1) / 2), slope


def _smooth(
    x: Floats, alpha: Floats, share: Floats, start: float, slope: float
) -> tuple[Floats, Floats, Floats]:
    """Smooth with the initial level zero.

    Returns
    -------
    errors : float array of shape (J, n)
    levels : float array of shape (J,)
        At the end.
    reach : float array of shape (J, n + 1)
        How the initial level moves the mean at each time, and the level at the end.
    """
    errors, level = np.empty((alpha.size, x.size)), np.zeros(alpha.size)
    for t, value in enumerate(x):
        mean = level + share * _bracket(alpha, t + 1, start, slope)
        errors[:, t] = value - mean
        level = alpha * value + (1 - alpha) * level
    return errors, level, (1 - alpha[:, None]) ** np.arange(x.size + 1)


def _bracket(alpha: Floats, t: int, start: float, slope: Any) -> Floats:
    """Return the square bracket of the model's formula at time t."""
    return (1 - alpha) ** (t - 1) * start + (1 - (1 - alpha) ** t) / alpha * slope
