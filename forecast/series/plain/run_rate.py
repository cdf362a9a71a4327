"""The rule of thumb: the rest of the year runs at the pace so far."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.series.contract.model import Recipe, Season
from forecast.series.plain.naive import Naive, NaiveFit
from forecast.series.scales.scale import CEILING
from forecast.series.scales.spread import Spread, spread_of

__all__ = ["RunRate", "RunRateFit"]

Floats = NDArray[np.floating[Any]]

YEARS_OF_SHARES = 5
"""The median of so many years: one broken year, such as 2020, does not count."""


@dataclass(frozen=True, slots=True)
class RunRate(Recipe):
    r"""The rest of the year runs at the pace so far; later years repeat it.

    With shares :math:`s_j` of the months in a year and the months :math:`K` known, the
    pace is :math:`\hat T = \sum_K y_j / \sum_K s_j` and month :math:`j` is forecast as
    :math:`\hat T s_j`. A year that is complete is its own pace. Months missing among
    those of the year so far are left out of both sums.

    The interval comes from past years: how far the rest of a year was from its run rate
    at the same month (shares taken from the other years), how months scatter about their
    shares, and, for later years, how totals changed from year to year. Where there are
    fewer than three such errors a typical one (20 %) stands in. Of yearly series the
    last value is taken, as in `Naive`.

    Parameters
    ----------
    pattern : {"auto", "even", "seasonal"}
        Shares of the months: all alike (pro rata), or the medians over the last five
        full years; "auto" is seasonal from two full years on.

    Examples
    --------
    Seven months of 2021 made 14 billion; the year is forecast at 14 · 12 / 7 = 24.

    >>> import pandas as pd
    >>> months = pd.period_range("2021-01", periods=7, freq="M")
    >>> fit = RunRate().fit(pd.Series([2.0] * 7, index=months))
    >>> round(fit.forecast("2021-12").total(by="year").median)
    24
    """

    pattern: str = "auto"

    def __post_init__(self) -> None:
        if self.pattern not in ("auto", "even", "seasonal"):
            raise ModelError(
                f"there is no pattern {self.pattern!r}",
                code="F-526",
                remedy='Choose "auto", "even" or "seasonal".',
            )

    def fit_values(self, y: Floats, season: Season) -> RunRateFit | NaiveFit:
        """Fit one series; see `Recipe.fit_values`."""
        if season.length == 1:
            return Naive().fit_values(y, season)
        unit = float(np.nanmax(y)) or 1.0
        years = _by_year(y / unit, season)
        known = int(season.positions(y.size - 1, 1)[0]) + 1
        whole = years[np.isfinite(years).all(axis=1)]
        enough = self.pattern == "seasonal" or (
            self.pattern == "auto" and len(whole) > 1
        )
        history = whole if enough else whole[:0]
        shares = _shares(history, season.length)
        total = float(_pace(years[-1:], shares)[0])
        fitted = unit * _one_step(years, shares).ravel()[season.first :][: y.size]
        rest, pattern = _errors_of_rest(whole, history, np.isfinite(years[-1]), known)
        return RunRateFit(
            unit=unit,
            shares=shares,
            so_far=float(total * shares[:known].sum())
            if known < season.length
            else total,
            total=total,
            known=known,
            rest=spread_of(rest),
            pattern=spread_of(pattern),
            steps=spread_of(_log_ratio(whole[1:].sum(axis=1), whole[:-1].sum(axis=1))),
            fitted=fitted,
            residuals=_log_ratio(y, fitted),
        )


@dataclass(frozen=True, slots=True)
class RunRateFit:
    """Pace and shares of a year of which `known` months are over, and their spreads.

    Attributes
    ----------
    unit : float
        The largest value; other amounts are multiples of it.
    shares : float array of shape (m,)
    so_far : float
        Sum over the months that are over, those missing filled in at the pace.
    total : float
        The year at the pace so far.
    known : int
        Months that are over.
    rest, pattern, steps : Spread
        Of the rest of the year, of single months, of totals from year to year; all in
        logarithms.
    """

    unit: float
    shares: Floats
    so_far: float
    total: float
    known: int
    rest: Spread
    pattern: Spread
    steps: Spread
    fitted: Floats
    residuals: Floats

    @property
    def params(self) -> Mapping[str, float]:
        """The year at the pace so far and the three spreads."""
        return {
            "pace": self.total * self.unit,
            "known": float(self.known),
            "sigma_rest": self.rest.sigma,
            "sigma_month": self.pattern.sigma,
            "sigma_year": self.steps.sigma,
        }

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`; a year's common factor is the shock of its first month."""
        steps, count = shocks.shape
        rest, month, year = (
            s.draw(count, rng) for s in (self.rest, self.pattern, self.steps)
        )
        m, out = self.shares.size, np.empty((steps, count))
        pace = total = np.full(count, self.total)
        for step, shock in enumerate(shocks):
            position = (self.known + step) % m
            if step == 0 and self.known < m:
                pace = self.total * _factor(rest * shock)
                total = self.so_far + pace * self.shares[self.known :].sum()
            elif step == 0 or position == 0:
                total = np.minimum(total * _factor(year * shock), CEILING * self.total)
                pace = total
            # Months scatter about the pace: their noise is 1 on average.
            noise = _factor(month * rng.standard_normal(count) - month**2 / 2)
            out[step] = pace * self.shares[position] * noise
        ceiling = min(CEILING, sys.float_info.max / 2 / self.unit)
        return self.unit * np.minimum(out, ceiling)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        position = (self.known + np.arange(steps)) % self.shares.size
        return self.unit * self.total * self.shares[position]


def _factor(log: Floats) -> Floats:
    return np.exp(np.minimum(log, np.log(CEILING)))


def _by_year(y: Floats, season: Season) -> Floats:
    """Return values as (years, months), NaN before the first and after the last."""
    after = -(season.first + y.size) % season.length
    padded = np.concatenate([np.full(season.first, np.nan), y, np.full(after, np.nan)])
    return padded.reshape(-1, season.length)


def _shares(whole: Floats, length: int) -> Floats:
    """Return the median shares of the months over the last whole years, summing to 1."""
    recent = whole[whole.sum(axis=1) > 0][-YEARS_OF_SHARES:]
    if not len(recent):
        return np.full(length, 1 / length)
    middle = np.median(recent / recent.sum(axis=1, keepdims=True), axis=0)
    return middle / middle.sum() if middle.sum() > 0 else np.full(length, 1 / length)


def _pace(years: Floats, shares: Floats) -> Floats:
    """Return each year's total at the pace of its known months."""
    known = np.isfinite(years)
    made = np.where(known, years, 0.0).sum(axis=1)
    share = (known * shares).sum(axis=1)
    return np.divide(made, share, out=np.zeros_like(made), where=share > 0)


def _one_step(years: Floats, shares: Floats) -> Floats:
    """Return each month at the pace of the months before it in its year.

    The first month of a year is the share of the total before.
    """
    m = shares.size
    fitted = np.full(years.shape, np.nan)
    fitted[1:, 0] = _pace(years[:-1], shares) * shares[0]
    for position in range(1, m):
        so_far = np.where(np.arange(m) < position, years, np.nan)
        started = np.isfinite(so_far).any(axis=1)
        at_pace = _pace(so_far, shares) * shares[position]
        fitted[:, position] = np.where(started, at_pace, np.nan)
    return fitted


def _errors_of_rest(
    whole: Floats, history: Floats, months: NDArray[np.bool_], known: int
) -> tuple[Floats, Floats]:
    """Replay whole years from the same months: log errors of the rest and of months.

    Shares come from the other years, so that no year is forecast by itself.
    """
    rest, single = [], []
    for row, year in enumerate(whole):
        others = np.delete(history, row, axis=0) if len(history) else history
        shares = _shares(others, year.size)
        single.append(_log_ratio(year, year.sum() * shares))
        if known < year.size:
            pace = _pace(np.where(months, year, np.nan)[None], shares)[0]
            rest.append(_log_ratio(year[known:].sum(), pace * shares[known:].sum()))
    return np.array(rest), np.array(single).ravel()


def _log_ratio(actual: Any, expected: Any) -> Floats:
    """Return the logarithm of a ratio, NaN where one of the two is zero or missing."""
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    possible = (actual > 0) & (expected > 0)
    logs = np.log(np.where(possible, actual, 1)) - np.log(
        np.where(possible, expected, 1)
    )
    return np.where(possible, logs, np.nan)
