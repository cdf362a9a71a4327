r"""Two checks of a regression on indicators: a common trend, and straight lines.

**Common trend.** Two series that both trend go together by chance (Granger and Newbold
1974, Journal of Econometrics 2(2)). Errors that may be a random walk keep the slopes and
their standard errors honest: the regression is then one of changes. But the level of an
indicator says nothing about the level of trade unless both have a common trend. The
test of Engle and Granger (1987, Econometrica 55(2)) looks for it in each unit: a
Dickey–Fuller regression on the residuals of levels, with constant, line and one lagged
step, p-values of MacKinnon (1994; 2010) shifted to the number of periods. The p-values of
units are pooled as correlated probits (Hartung 1999, Biometrical Journal 41(7);
Demetrescu, Hassler and Tarcolea 2006, Oxford Bulletin of Economics and Statistics 68(5)).

**Straight lines.** RESET (Ramsey 1969, Journal of the Royal Statistical Society B 31(2)):
the square of the indicators' effect is a further regressor; it has no slope if effects
are straight lines in the terms. It is tested in changes (errors with a unit root), since
the square of a trend passes for an effect where errors are a random walk that looks
stationary; standard errors are clustered, so it holds for errors that return, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.regression.common_slopes import (
    FEWEST_CLUSTERS,
    Evidence,
    common_slopes,
    moments_of,
    sandwich,
)
from forecast.series.regression.fitting import Fitting

__all__ = ["Cointegration", "Reset", "cointegration", "reset"]

Floats = NDArray[np.floating[Any]]

TRENDING = 0.5
"""Von Neumann ratio of a regressor (2 if it is noise) below which it trends."""

FEWEST_VALUES = 10
REPORTED = 0.05
KAPPA = 0.2
"""Correction for the estimated correlation of probits; see Hartung (1999)."""


@dataclass(frozen=True, slots=True)
class Cointegration:
    """Whether indicators that trend have a common trend with trade.

    Attributes
    ----------
    trending : tuple of str
        Columns that trend.
    p_value : float
        Of there being no common trend; NaN where nothing trends or series are short.
    units : int
        Units tested.
    """

    trending: tuple[str, ...]
    p_value: float
    units: int

    def warnings(self) -> list[str]:
        """Say that the levels are no evidence."""
        if not self.trending or self.p_value < REPORTED:
            return []
        tested = (
            f"(Engle–Granger test, p = {self.p_value:.2f})"
            if self.units
            else "(series too short to test)"
        )
        return [
            f"{', '.join(map(repr, self.trending))} and trade both trend and no common trend "
            f"is found {tested}: slopes rest on changes, that both grow is no evidence"
        ]


@dataclass(frozen=True, slots=True)
class Reset:
    """Whether effects are straight lines in the terms.

    Attributes
    ----------
    statistic, p_value : float
        NaN where slopes are not pooled, there is none or units are less than eight.
    """

    statistic: float
    p_value: float

    def warnings(self) -> list[str]:
        """Say that the effects bend, and how."""
        if not self.p_value < REPORTED:
            return []
        how = "fade" if self.statistic < 0 else "grow"
        return [
            f"effects of the indicators {how} as they get larger (RESET, p = "
            f"{self.p_value:.3f}): try concave=True or another transform"
        ]


def cointegration(fitting: Fitting) -> Cointegration:
    """Test for a common trend, the units together."""
    names = fitting.owners
    trends = [k for k in range(len(names)) if _ratio(fitting.evidence, k) < TRENDING]
    trending = tuple(dict.fromkeys(names[k] for k in trends))
    probits = [
        probit
        for unit in fitting.evidence
        if trends
        and (probit := _engle_granger(unit.x, unit.z[:, trends], unit)) is not None
    ]
    if not probits:
        return Cointegration(trending, float("nan"), 0)
    return Cointegration(trending, _pooled(np.array(probits)), len(probits))


def reset(fitting: Fitting) -> Reset:
    """Test for straight lines by the square of the effect."""
    from scipy.stats import t as student

    common = fitting.common
    walks = np.flatnonzero([rho == 1 for rho, _ in fitting.grid])
    few = len(fitting.evidence) < FEWEST_CLUSTERS or not walks.size
    if few or common is None or not np.any(common.beta):
        return Reset(float("nan"), float("nan"))
    size = max(float(np.abs(unit.z @ common.beta).max()) for unit in fitting.cleared)
    wider = [
        replace(
            unit,
            whitening=unit.whitening.at(walks),
            z=np.concatenate(
                [unit.z, (unit.z @ common.beta)[:, None] ** 2 / size], axis=1
            ),
        )
        for unit in fitting.cleared
    ]
    again = common_slopes(moments_of(wider))
    if not again.identified[-1]:
        return Reset(float("nan"), float("nan"))
    error = float(np.sqrt(sandwich(wider, again)[-1, -1]))
    if not error > 0:
        return Reset(float("nan"), float("nan"))
    statistic = float(again.beta[-1]) / error
    _, slopes = fitting.slopes[0]
    return Reset(statistic, float(2 * student.sf(abs(statistic), slopes.df)))


def _ratio(units: Sequence[Evidence], k: int) -> float:
    """Return the von Neumann ratio of a regressor, the units together."""
    steps = sum(float((np.diff(unit.z[:, k]) ** 2).sum()) for unit in units)
    size = sum(
        float(((unit.z[:, k] - unit.z[:, k].mean()) ** 2).sum()) for unit in units
    )
    return steps / size if size > 0 else np.inf


def _engle_granger(x: Floats, z: Floats, unit: Evidence) -> float | None:
    """Return the probit of the p-value that a unit has no common trend."""
    from scipy.special import ndtri
    from statsmodels.tsa.adfvalues import mackinnoncrit, mackinnonp

    n, moving = x.size, np.ptp(z, axis=0) > 0
    gaps = np.any(np.diff(unit.times) != 1)
    if n < FEWEST_VALUES + z.shape[1] or gaps or not moving.any():
        return None
    lines = np.stack([np.ones(n), np.arange(n) / n], axis=1)
    levels = np.concatenate([lines, z[:, moving]], axis=1)
    rest = x - levels @ np.linalg.lstsq(levels, x, rcond=None)[0]
    steps = np.diff(rest)
    past = np.stack([rest[1:-1], steps[:-1]], axis=1)
    slopes, _, rank, _ = np.linalg.lstsq(past, steps[1:], rcond=None)
    errors = steps[1:] - past @ slopes
    size = float(errors @ errors) / (n - 4)
    if rank < 2 or not size > 0:
        return None
    bread = np.linalg.inv(past.T @ past)
    statistic = float(slopes[0] / np.sqrt(size * bread[0, 0]))
    count = min(int(moving.sum()) + 1, 6)
    here, wide = (mackinnoncrit(count, "ct", nobs)[1] for nobs in (n - 2, np.inf))
    p_value = float(mackinnonp(statistic - float(here - wide), "ct", count))
    return float(ndtri(np.clip(p_value, 1e-6, 1 - 1e-6)))


def _pooled(probits: Floats) -> float:
    """Return the p-value of correlated probits together."""
    from scipy.special import ndtr

    n = probits.size
    if n == 1:
        return float(ndtr(probits[0]))
    alike = max(-1 / (n - 1), 1 - float(probits.var(ddof=1)))
    wide = alike + KAPPA * np.sqrt(2 / (n + 1)) * (1 - alike)
    size = np.sqrt(n + n * (n - 1) * np.clip(wide, 0, 1))
    return float(ndtr(probits.sum() / size))
