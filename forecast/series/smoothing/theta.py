"""Theta models: exponential smoothing along a share of a straight line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.kernels.theta import ABSOLUTE, LOG, ROOT, fit_theta, theta_paths
from forecast.series.contract.model import Recipe, Season, UnitFit, UnitSeries
from forecast.series.scales.seasonality import adjusted_series
from forecast.series.scales.spread import Spread
from forecast.series.smoothing.batches import fit_alike
from forecast.series.smoothing.weighed import (
    ceiling_of,
    drawn_candidates,
    spread_of_shares,
)

__all__ = ["DynamicTheta", "Theta", "ThetaFit"]

Floats = NDArray[np.floating[Any]]

ALPHA = np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0])
SHARES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
"""Shares 1 - 1/theta of the slope on the grid."""

SCALES = {"auto": ROOT, "root": ROOT, "log": LOG, "absolute": ABSOLUTE}

FEWEST_VALUES = 5

LOST = 3
"""Degrees of freedom that level, slope, alpha and theta cost together."""

LIGHTEST = 1e-4
"""Candidates of less weight do not count in point forecasts."""


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
    initial level, the slope and the spread.

    Series of quarters and months are adjusted first by classical decomposition, with
    factors that may change from year to year: how fast is weighed by how well years told
    the next one.

    Parameters
    ----------
    theta : float, optional
        From 1 (no drift) up; by default it is weighed from 1 to infinity.
    scale : {"auto", "root", "log", "absolute"}
        What :math:`x` is: the square root of a series (the default), its logarithm or
        the series itself; a series with zeros is always "absolute". A line in roots
        grows faster than one in levels and slower than exponentially, and what falls on
        it shrinks by a share and stays positive.

    Notes
    -----
    Series of less than five values are fitted by `Naive`. Gaps are filled by straight
    lines, after seasonal adjustment, and do not count in the fit.

    Examples
    --------
    >>> outlook = Theta().fit([10.0, 11.2, 11.9, 13.1, 14.0, 14.8, 16.1]).forecast(1)
    >>> 16.1 < outlook.median < 17.5
    True
    """

    theta: float | None = None
    scale: str = "auto"

    def __post_init__(self) -> None:
        _check(self.theta, self.scale)

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series; see `Recipe.fit_values`."""
        return self.fit_many([UnitSeries(y, season)])[0]

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit many series; see `Recipe.fit_many`."""
        return _fit_many(series, self.theta, self.scale, dynamic=False)


@dataclass(frozen=True, slots=True)
class DynamicTheta(Recipe):
    """The theta model with the line as it was known at each time.

    The dynamic optimised theta model (DOTM) of Fiorucci et al. (2016): :math:`A` and
    :math:`B` of `Theta` are estimated anew with each value, also along the paths of a
    forecast. What is left of the trend so follows the recent past a little faster.

    Parameters
    ----------
    theta, scale
        As of `Theta`.

    Examples
    --------
    >>> fit = DynamicTheta().fit([10.0, 11.2, 11.9, 13.1, 14.0, 14.8, 16.1])
    >>> 16.1 < fit.point(1).to_numpy().item() < 17.5
    True
    """

    theta: float | None = None
    scale: str = "auto"

    def __post_init__(self) -> None:
        _check(self.theta, self.scale)

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series; see `Recipe.fit_values`."""
        return self.fit_many([UnitSeries(y, season)])[0]

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit many series; see `Recipe.fit_many`."""
        return _fit_many(series, self.theta, self.scale, dynamic=True)


def _check(theta: float | None, scale: str) -> None:
    if scale not in SCALES:
        raise ModelError(
            f"there is no scale {scale!r}",
            code="F-526",
            remedy=f"Choose one of {list(SCALES)}.",
        )
    if theta is not None and not theta >= 1:
        raise ModelError(
            f"theta={theta!r} is not possible",
            code="F-526",
            remedy="Give a number from 1, or leave it to be weighed.",
        )


@dataclass(frozen=True, slots=True)
class ThetaFit:
    """Weighed candidates of one series; see `forecast.kernels.theta.fit_theta`.

    Attributes
    ----------
    unit : float
        The largest value, by which all are divided.
    count : int
        n, the length of the series.
    known : int
        How many of its values are known.
    kind : int
        Working scale.
    dynamic : bool
    ratio : bool
        Whether seasons are ratios.
    ahead : float array of shape (m,)
        Seasonal factors, that of the next period first.
    line : float array of shape (4,)
        A, B, the mean, the mean size of an error of 1.
    weights : float array of shape (J,)
    candidates : float array of shape (J, 6)
    shares_fitted : float array of shape (n,)
        One-step medians over the unit.
    residuals : float array of shape (n,)
    """

    unit: float
    count: int
    known: int
    kind: int
    dynamic: bool
    ratio: bool
    ahead: Floats
    line: Floats
    weights: Floats
    candidates: Floats
    shares_fitted: Floats
    residuals: Floats

    @property
    def fitted(self) -> Floats:
        """One-step medians in the unit of the data."""
        return self.unit * self.shares_fitted

    @property
    def params(self) -> Mapping[str, float]:
        """Weighed means of alpha, the drift's share of the slope, slope and spread."""
        alpha, share = (self.weights @ self.candidates[:, :2]).tolist()
        return {
            "alpha": alpha,
            "drift_share": share,
            "slope": float(self.line[1]),
            "sigma": self.spread.sigma,
        }

    @property
    def spread(self) -> Spread:
        """Spread of errors: level, slope, theta and seasons cost degrees of freedom."""
        return spread_of_shares(
            self.residuals,
            self.shares_fitted,
            kind=self.kind,
            season=self.ahead.size,
            lost=LOST,
        )

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        count = shocks.shape[1]
        chosen = drawn_candidates(self.weights, count, rng)
        sigma = self.spread.draw(count, rng)
        level_doubt, slope_doubt = (
            rng.standard_normal((2, count)) * sigma * self.line[3]
        )
        # The standard error of a slope is about that of an average of steps.
        slope_doubt /= np.sqrt(self.known)
        return self._carry(shocks, chosen, sigma, level_doubt, slope_doubt)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        likely = np.flatnonzero(self.weights > LIGHTEST)
        none = np.zeros(likely.size)
        still = np.zeros((steps, likely.size))
        weights = self.weights[likely] / self.weights[likely].sum()
        each = self._carry(still, likely, none, none, none)
        return np.asarray(np.einsum("hj,j->h", each, weights))

    def _carry(
        self,
        shocks: Floats,
        chosen: NDArray[np.integer[Any]],
        sigma: Floats,
        level_doubt: Floats,
        slope_doubt: Floats,
    ) -> Floats:
        paths = np.empty(shocks.shape)
        theta_paths(
            np.ascontiguousarray(shocks),
            chosen,
            sigma,
            level_doubt,
            slope_doubt,
            self.candidates,
            self.line,
            self.count,
            self.kind,
            self.dynamic,
            self.ratio,
            self.ahead,
            ceiling_of(self.unit),
            paths,
        )
        return np.multiply(paths, self.unit, out=paths)


# ------------------------------------------------------------------------------ fitting


def _fit_many(
    series: Sequence[UnitSeries], theta: float | None, scale: str, *, dynamic: bool
) -> list[UnitFit]:
    shares = SHARES if theta is None else np.array([1 - 1 / theta])
    block = partial(_fit_block, SCALES[scale], dynamic, shares)
    return fit_alike(series, FEWEST_VALUES, block)


def _fit_block(
    kind: int, dynamic: bool, shares: Floats, length: int, ys: list[Floats]
) -> list[ThetaFit]:
    """Weigh all candidates of series laid end to end, and cut the answers up again."""
    laid = adjusted_series(ys, length)
    count, candidates = len(ys), ALPHA.size * shares.size
    x = laid.adjusted.copy()
    kinds, line = np.empty(count, np.int64), np.empty((count, 4))
    weights, table = np.empty((count, candidates)), np.empty((count, candidates, 6))
    means, residuals = np.empty(x.size), np.empty(x.size)
    fit_theta(
        x,
        laid.known,
        laid.bounds,
        kind,
        dynamic,
        ALPHA,
        shares,
        laid.ratios,
        kinds,
        line,
        weights,
        table,
        means,
        residuals,
    )
    values = _values(means, np.repeat(kinds, np.diff(laid.bounds)))
    fitted = laid.with_seasons(values)
    return [
        ThetaFit(*row)
        for row in zip(
            laid.units.tolist(),
            np.diff(laid.bounds).tolist(),
            laid.count_known().tolist(),
            kinds.tolist(),
            [dynamic] * count,
            laid.ratios.tolist(),
            laid.ahead,
            line,
            weights,
            table,
            laid.cut(fitted),
            laid.cut(residuals),
            strict=True,
        )
    ]


def _values(x: Floats, kinds: NDArray[np.integer[Any]]) -> Floats:
    """Return values over the unit, from those on working scales."""
    x = np.where(kinds == ROOT, np.maximum(x, 0) ** 2, x)
    return np.where(kinds == LOG, np.exp(np.where(kinds == LOG, x, 0)), x)
