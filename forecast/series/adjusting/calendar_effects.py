"""Months and quarters put on days of equal number: length and working days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError, PeriodError
from forecast.forecasts import unit_rng
from forecast.periods import FREQUENCIES, frequency_of, parse_date
from forecast.series.adjusting.adjusted import AdjustedFit
from forecast.series.contract.model import Pool, Recipe, Season, UnitFit
from forecast.series.contract.samples import Sample, read_sample

__all__ = ["CalendarAdjusted", "CalendarFit", "Effects", "pooled_effects", "regressors"]

Floats = NDArray[np.floating[Any]]

MEAN_DAYS = 365.2425
MEAN_SHARE = 5 / 7

USUAL = np.array([1.0, 0.0])
"""Effects before data speak: a flow is so much a day, on every day of the week."""

DOUBT = np.array([0.1, 0.5])
"""Standard deviations of the panel's effects around that.

A month's flow is the sum of its days; only which days count is really open, and leap
years, two in eight, tell little of the first.
"""

SPREAD = np.array([0.05, 0.2])
SPREAD_COUNTS = 3.0
"""Standard deviations of units around the panel, a guess that counts as three units."""

ROUNDS = 30
MAD_TO_SD = 1.4826
FEWEST_STEPS_LEFT = 6
OUTLYING = 3.0


@dataclass(frozen=True, slots=True)
class CalendarAdjusted(Recipe):
    r"""A model fitted to flows of equally long months with equally many working days.

    With :math:`D` days in a period, :math:`W` of them Monday to Friday and no holiday,

    .. math:: \log y_t = \log a_t + \theta_1 \log \frac{D_t}{\bar D}
              + \theta_2 \log \frac{W_t / D_t}{5/7},

    and :math:`a` goes to the model. :math:`\theta_1 = 1` is a rate per day,
    :math:`\theta_1 = \theta_2 = 1` a rate per working day. Only what changes from year to
    year tells the effects from seasons (leap years, Sundays), so they are estimated from
    steps less the mean step of the same month, shrunk towards the panel's effects, and
    these towards 1 and 0 by a hierarchical normal model. Paths carry their uncertainty.
    Years are left as they are.

    Parameters
    ----------
    model : Recipe
    holidays : iterable of dates, optional
        Days off from Monday to Friday, also those in periods to be forecast.

    Raises
    ------
    ModelError
        F-666 a holiday that is no date.

    Examples
    --------
    >>> from forecast.series import Naive
    >>> months = pd.period_range("2019-01", "2023-01", freq="M")
    >>> flow = pd.Series(2.0 * months.days_in_month, index=months)
    >>> fit = CalendarAdjusted(Naive()).fit(flow)
    >>> fit.point("2023-03").round(1).to_numpy()
    array([[56., 62.]])
    """

    model: Recipe
    holidays: Iterable[Any] | None = None

    def __post_init__(self) -> None:
        if self.holidays is None:
            return
        try:
            days = {parse_date(day).date() for day in self.holidays}
        except (PeriodError, TypeError) as error:
            raise ModelError(
                f"holidays hold something that is no date: {error}",
                code="F-666",
                remedy='Give dates, such as ["2024-01-01", "2024-05-01"].',
            ) from error
        object.__setattr__(self, "holidays", tuple(sorted(days)))

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        return f"{self.model.name}, calendar adjusted"

    @property
    def columns(self) -> tuple[str, ...]:
        """Covariates that the model uses."""
        return self.model.columns

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series that knows no dates, as it is."""
        return self.model.fit_values(y, season)

    def fit(self, data: Any, *, pool: Pool | None = None) -> CalendarFit:  # type: ignore[override]
        """Estimate effects, take them out, fit the model; see `Recipe.fit`."""
        return self.fit_to(read_sample(data, self.columns), pool=pool)

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> CalendarFit:  # type: ignore[override]
        """Estimate effects, take them out, fit the model; see `fit`."""
        z = regressors(sample.periods, tuple(self.holidays or ()))
        length = FREQUENCIES[frequency_of(sample.periods)]
        if length == 1:
            n_units = len(sample.values)
            effects = Effects(np.zeros((n_units, 2)), np.zeros((n_units, 2, 2)))
        else:
            effects = pooled_effects(sample.values, z, length)
        factors = np.exp(effects.mean @ z.T)
        adjusted = replace(sample, values=sample.values / factors)
        whole = self.model.fit_to(adjusted, pool=pool)
        return CalendarFit(self, sample, whole, factors, effects)


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of each unit: of days, of the share of working days.

    Attributes
    ----------
    mean : float array of shape (n_units, 2)
    root : float array of shape (n_units, 2, 2)
        A root of their covariance.
    """

    mean: Floats
    root: Floats


@dataclass(frozen=True, eq=False, repr=False)
class CalendarFit(AdjustedFit):
    """A model fitted to a panel without its calendar effects.

    Attributes
    ----------
    effects : Effects
    """

    effects: Effects

    @property
    def params(self) -> pd.DataFrame:
        """Parameters of the model, then the effects."""
        days, working = self.effects.mean.T
        return self.whole.params.assign(days=days, working_days=working)

    def _ahead(self, periods: pd.PeriodIndex) -> Floats:
        return np.exp(self.effects.mean @ self._regressors(periods).T)

    def _ahead_on_paths(self, periods: pd.PeriodIndex, paths: int, seed: int) -> Floats:
        z, center = self._regressors(periods), self._ahead(periods)
        moves = z - self._usual(periods)
        ahead = np.empty((*center.shape, paths))
        keys = self.sample.units.itertuples(index=False, name=None)
        for row, key in enumerate(keys):
            scores = unit_rng(seed, "calendar", *key).standard_normal((2, paths))
            doubt = moves @ (self.effects.root[row] @ scores)
            ahead[row] = center[row][:, None] * np.exp(doubt)
        return ahead

    def _usual(self, periods: pd.PeriodIndex) -> Floats:
        """Return mean regressors of the same season before.

        What doubt about effects there is in them, the seasons of the adjusted series undo.
        """
        length = FREQUENCIES[frequency_of(periods)]
        before = self._regressors(self.sample.periods)
        season = self.sample.periods.asi8 % length
        wanted = periods.asi8 % length
        counts = np.bincount(season, minlength=length)[wanted]
        sums = [
            np.bincount(season, weights=column, minlength=length)[wanted]
            for column in before.T
        ]
        return np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]

    def _regressors(self, periods: pd.PeriodIndex) -> Floats:
        recipe = self.recipe
        holidays = recipe.holidays if isinstance(recipe, CalendarAdjusted) else None
        return regressors(periods, tuple(holidays or ()))


def regressors(periods: pd.PeriodIndex, holidays: tuple[dt.date, ...] = ()) -> Floats:
    """Return logarithms of days, and of the share of working days, about their means.

    Parameters
    ----------
    periods : PeriodIndex of length n
    holidays : tuple of dates

    Returns
    -------
    float array of shape (n, 2)
    """
    length = FREQUENCIES[frequency_of(periods)]
    first = periods.start_time.to_numpy().astype("datetime64[D]")
    after = (periods + 1).start_time.to_numpy().astype("datetime64[D]")
    days = (after - first).astype(float)
    off = np.array(holidays, dtype="datetime64[D]")
    working = np.busday_count(first, after, holidays=off).astype(float)
    share = np.maximum(working, 1) / days / MEAN_SHARE
    return np.stack([np.log(days * length / MEAN_DAYS), np.log(share)], axis=1)


# ---------------------------------------------------------------------------- estimation


def pooled_effects(values: Floats, z: Floats, length: int) -> Effects:
    r"""Estimate effects of all units, each shrunk towards those of all.

    The hierarchical model :math:`\hat\theta_i \sim N(\theta_i, V_i)`,
    :math:`\theta_i \sim N(\mu, T)` with diagonal T, by the EM algorithm (Dempster, Laird
    and Rubin 1977, JRSS B 39(1)).

    Parameters
    ----------
    values : float array of shape (n_units, n)
    z : float array of shape (n, 2)
    length : int
        Periods in a year.
    """
    parts = [_information(row, z, length) for row in values]
    precision = np.stack([part[0] for part in parts])
    weighed = np.stack([part[1] for part in parts])
    mu, spread = USUAL, SPREAD**2
    for _ in range(ROUNDS):
        covariance = np.linalg.inv(precision + np.diag(1 / spread))
        mean = np.einsum("uij,uj->ui", covariance, weighed + mu / spread)
        prior = 1 / DOUBT**2
        mu = (mean.sum(axis=0) / spread + prior * USUAL) / (len(mean) / spread + prior)
        own = np.diagonal(covariance, axis1=1, axis2=2)
        squares = (own + (mean - mu) ** 2).sum(axis=0)
        spread = (squares + SPREAD_COUNTS * SPREAD**2) / (len(mean) + SPREAD_COUNTS)
    return Effects(mean, np.linalg.cholesky(covariance))


def _information(y: Floats, z: Floats, length: int) -> tuple[Floats, Floats]:
    """Return what one unit tells: inverse variance of its effects, and times effects.

    Steps of logarithms and of regressors, each less its mean over the same season; steps
    far out of line are drawn in to three robust spreads. Nothing if there are zeros or
    too few steps.
    """
    nothing = np.zeros((2, 2)), np.zeros(2)
    if np.nanmin(y) <= 0:
        return nothing
    x = np.diff(np.log(y))
    places = np.flatnonzero(np.isfinite(x))
    seasons = (places + 1) % length
    left = places.size - np.unique(seasons).size - 2
    if left < FEWEST_STEPS_LEFT:
        return nothing
    steps = _less_season_means(x[places][:, None], seasons)[:, 0]
    moves = _less_season_means(np.diff(z, axis=0)[places], seasons)
    spread = MAD_TO_SD * float(np.median(np.abs(steps)))
    if spread <= 0:
        return nothing
    steps = np.clip(steps, -OUTLYING * spread, OUTLYING * spread)
    theta, *_ = np.linalg.lstsq(moves, steps, rcond=None)
    errors = steps - moves @ theta
    variance = max(float(errors @ errors) / left, 1e-12)
    return moves.T @ moves / variance, moves.T @ steps / variance


def _less_season_means(values: Floats, seasons: NDArray[Any]) -> Floats:
    """Take the mean over the same season out of each column."""
    left = values.copy()
    for season in np.unique(seasons):
        left[seasons == season] -= left[seasons == season].mean(axis=0)
    return left
