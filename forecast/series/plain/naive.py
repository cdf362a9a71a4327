"""Models without a structure: the benchmarks that every other one must beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.contract.model import Recipe, Season
from forecast.series.scales.scale import Scaled, scaled
from forecast.series.scales.spread import FEWEST_ERRORS, Spread, spread_of

__all__ = [
    "Drift",
    "DriftFit",
    "Naive",
    "NaiveFit",
    "SeasonalNaive",
    "SeasonalNaiveFit",
]

Floats = NDArray[np.floating[Any]]

# ------------------------------------------------------------------------------- naive


@dataclass(frozen=True, slots=True)
class Naive(Recipe):
    r"""Everything stays as it was last: :math:`x_t = x_{t-1} + e_t`.

    :math:`x` is the logarithm of a series that is always positive, the series itself if
    it has zeros. Errors are nearly Student t with one degree of freedom a step
    (`forecast.series.scales.spread`). Over a gap the step counts as that of so many periods.

    Examples
    --------
    >>> outlook = Naive().fit([10.0, 12.0, 11.0, 13.0]).forecast(2)
    >>> outlook.median.round(0).to_numpy()
    array([[13., 13.]])
    """

    def fit_values(self, y: Floats, season: Season) -> NaiveFit:  # noqa: ARG002
        """Fit one series; see `Recipe.fit_values`."""
        scale = scaled(y, "log")
        before, gap = _last_known(scale.x)
        errors = (scale.x - before) / np.sqrt(gap)
        return NaiveFit(
            scale, float(scale.x[-1]), _spread(scale, errors), before, errors
        )


@dataclass(frozen=True, slots=True)
class NaiveFit:
    """Last value and spread of steps, on the working scale."""

    scale: Scaled
    last: float
    spread: Spread
    before: Floats
    residuals: Floats

    @property
    def fitted(self) -> Floats:
        """The value before, in the unit of the data."""
        return self.scale.values(self.before)

    @property
    def params(self) -> Mapping[str, float]:
        """Standard deviation of steps."""
        return {"sigma": self.spread.sigma}

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        sigma = self.spread.draw(shocks.shape[1], rng)
        return self.scale.values(self.last + sigma * np.cumsum(shocks, axis=0))

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        return self.scale.values(np.full(steps, self.last))


# ------------------------------------------------------------------------------- drift


@dataclass(frozen=True, slots=True)
class Drift(Recipe):
    r"""Last value plus the average step: :math:`y_t = y_{t-1} + c + e_t`.

    The drift is the line from the first to the last value. Errors are proportional to
    the level if the series is always positive; a drift downwards then shrinks by a share
    and never reaches zero. Paths carry the uncertainty of the drift (its standard error
    is that of an average of steps) and of the spread. With fewer than three values there
    is no drift.

    Examples
    --------
    >>> outlook = Drift().fit([10.0, 11.0, 12.0, 13.0]).forecast(2)
    >>> outlook.median.round(0).to_numpy()
    array([[14., 15.]])
    """

    def fit_values(self, y: Floats, season: Season) -> DriftFit:  # noqa: ARG002
        """Fit one series; see `Recipe.fit_values`."""
        scale = scaled(y, "relative")
        x = scale.x
        drift = float(x[-1] - x[0]) / (x.size - 1) if x.size > 2 else 0.0
        before, gap = _last_known(x)
        means = scale.advance(before, drift * gap)[0]
        errors = scale.error(x, means) / np.sqrt(gap)
        steps = int(np.isfinite(errors).sum())
        spread = _spread(scale, errors, lost=1 if x.size > 2 else 0)
        doubt = float(np.mean(scale.weights)) / np.sqrt(steps) if steps > 1 else 0.0
        return DriftFit(scale, float(x[-1]), drift, doubt, spread, means, errors)


@dataclass(frozen=True, slots=True)
class DriftFit:
    """Last value, drift and its standard error in units of the spread."""

    scale: Scaled
    last: float
    drift: float
    doubt: float
    spread: Spread
    means: Floats
    residuals: Floats

    @property
    def fitted(self) -> Floats:
        """The value before plus the drift, in the unit of the data."""
        return self.scale.values(self.means)

    @property
    def params(self) -> Mapping[str, float]:
        """Drift in the unit of the data; standard deviation of errors."""
        return {"drift": self.drift * self.scale.unit, "sigma": self.spread.sigma}

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        sigma = self.spread.draw(shocks.shape[1], rng)
        slope = self.drift + self.doubt * sigma * rng.standard_normal(shocks.shape[1])
        x = np.empty_like(shocks)
        level = np.full(shocks.shape[1], self.last)
        for step, shock in enumerate(shocks):
            mean, slope = self.scale.advance(level, slope)
            x[step] = level = self.scale.observe(mean, sigma * shock)
        return self.scale.values(x)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        x = np.empty((steps, 1))
        level, slope = np.array([self.last]), np.array([self.drift])
        for step in range(steps):
            level, slope = self.scale.advance(level, slope)
            x[step] = level
        return self.scale.values(x[:, 0])


# ---------------------------------------------------------------------- seasonal naive


@dataclass(frozen=True, slots=True)
class SeasonalNaive(Recipe):
    r"""Each month as a year before: :math:`x_t = x_{t-m} + u_t`, :math:`u_t = \rho u_{t-1} + e_t`.

    :math:`x` as in `Naive`. The months of a year are over or under those of the year
    before together (:math:`\rho` is estimated, from 0 to 0.95), so totals of a year are
    as uncertain as they are. A month that is missing a year before is looked up the year
    before that. Of a series shorter than a year, and of yearly series, the last value is
    taken.

    Examples
    --------
    >>> import pandas as pd
    >>> quarters = pd.period_range("2020Q1", periods=8, freq="Q")
    >>> flow = pd.Series([1.0, 2, 3, 4] * 2, index=quarters)
    >>> SeasonalNaive().fit(flow).forecast(4).median.round(6).to_numpy()
    array([[1., 2., 3., 4.]])
    """

    def fit_values(self, y: Floats, season: Season) -> NaiveFit | SeasonalNaiveFit:
        """Fit one series; see `Recipe.fit_values`."""
        m = season.length
        if m == 1 or y.size <= m:
            return Naive().fit_values(y, season)
        scale = scaled(y, "log")
        before = np.full(y.size, np.nan)
        filled = scale.x.copy()
        for t in range(y.size):
            before[t] = filled[t - m] if t >= m else np.nan
            if np.isnan(filled[t]):
                filled[t] = before[t]
        last = _without_gaps(filled[-m:])
        errors = scale.x - before
        rho = _persistence(errors)
        spread = _spread(scale, errors)
        # Twelve months that are all over the year before tell less than twelve errors.
        fewer = max(FEWEST_ERRORS, spread.df * (1 - rho * (1 - 1 / m)))
        spread = Spread(spread.sigma, fewer)
        return SeasonalNaiveFit(scale, last, rho, spread, before, errors)


@dataclass(frozen=True, slots=True)
class SeasonalNaiveFit:
    """The last year, the spread of differences from it and how long they last."""

    scale: Scaled
    last: Floats
    rho: float
    spread: Spread
    before: Floats
    residuals: Floats

    @property
    def fitted(self) -> Floats:
        """The value a year before, in the unit of the data."""
        return self.scale.values(self.before)

    @property
    def params(self) -> Mapping[str, float]:
        """Persistence and standard deviation of differences from the year before."""
        return {"rho": self.rho, "sigma": self.spread.sigma}

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        steps, count = shocks.shape
        sigma = self.spread.draw(count, rng)
        x = np.concatenate([np.repeat(self.last[:, None], count, axis=1), shocks])
        m, over = self.last.size, np.zeros(count)
        for step in range(steps):
            fresh = 1.0 if step == 0 else np.sqrt(1 - self.rho**2)
            over = self.rho * over + fresh * sigma * shocks[step]
            x[m + step] = x[step] + over
        return self.scale.values(x[m:])

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        return self.scale.values(np.resize(self.last, steps))


# ------------------------------------------------------------------------------ shared


def _last_known(x: Floats) -> tuple[Floats, Floats]:
    """Return the value known before each time and how many periods ago it was."""
    known = np.isfinite(x)
    position = np.where(known, np.arange(x.size), -1)
    latest = np.concatenate([[-1], np.maximum.accumulate(position)[:-1]])
    gap = np.where(latest >= 0, np.arange(x.size) - latest, 1).astype(float)
    return np.where(latest >= 0, x[np.maximum(latest, 0)], np.nan), gap


def _spread(scale: Scaled, errors: Floats, lost: int = 0) -> Spread:
    """Estimate the spread; what stands in for missing errors is relative to the level."""
    level = float(np.nanmean(scale.x)) if scale.kind == "absolute" else 1.0
    return spread_of(errors, lost=lost, level=level)


def _without_gaps(last: Floats) -> Floats:
    """Fill months that were never observed with the mean of the others."""
    return np.where(np.isnan(last), np.nanmean(last), last)


def _persistence(errors: Floats) -> float:
    """Return the correlation of neighbouring errors about zero, from 0 to 0.95."""
    both = np.isfinite(errors[1:]) & np.isfinite(errors[:-1])
    now, before = errors[1:][both], errors[:-1][both]
    size = float(np.sqrt((now @ now) * (before @ before)))
    return float(np.clip(now @ before / size, 0, 0.95)) if size > 0 else 0.0
