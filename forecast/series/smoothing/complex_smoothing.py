"""Complex exponential smoothing, averaged over its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.kernels.complex_smoothing import complex_paths, fit_complex
from forecast.kernels.theta import ABSOLUTE, ROOT
from forecast.series.contract.model import Recipe, Season, UnitFit, UnitSeries
from forecast.series.scales.seasonality import adjusted_series
from forecast.series.scales.spread import Spread
from forecast.series.smoothing.batches import fit_alike
from forecast.series.smoothing.weighed import (
    ceiling_of,
    drawn_candidates,
    spread_of_shares,
)

__all__ = ["CES", "CESFit"]

Floats = NDArray[np.floating[Any]]

ALPHA = np.array([0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95])
GROWTH = np.array([-8, -6, -4, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 6, 8]) / 100
"""Growth on the grid, a year, on the working scale."""

GROWTH_SD = 0.02
"""Of the prior of growth a year: on the root scale, 4 per cent of turnover."""

SCALES = {"auto": ROOT, "root": ROOT, "absolute": ABSOLUTE}

FEWEST_VALUES = 5

LOST = 4
"""Degrees of freedom that two states and two parameters cost."""


@dataclass(frozen=True, slots=True)
class CES(Recipe):
    r"""Complex exponential smoothing: a level and its potential, which make any trend.

    The model of Svetunkov, Kourentzes and Ord (2022, Naval Research Logistics 69(8)):

    .. math:: x_t &= l_{t-1} + e_t, \\
              l_t &= l_{t-1} - (1 - a_1) c_{t-1} + (a_0 - a_1) e_t, \\
              c_t &= l_{t-1} + (1 - a_0) c_{t-1} + (a_0 + a_1) e_t.

    It has no component for a trend: with :math:`a_0 = 1 + \alpha` and :math:`a_1 = 1 +
    g (1 + \alpha) + g^2` it is simple exponential smoothing by :math:`\alpha` if
    :math:`g = 0`, and forecasts grow by a factor of :math:`1 + g` a period. A grid of
    :math:`\alpha` and :math:`g` is weighed by likelihood and a prior about no growth
    instead of choosing one; initial states are solved for by least squares. Paths carry
    the doubt about all of these.

    Series of quarters and months are adjusted first, with factors that may change from
    year to year, as in `Theta`; this forecast quarters and months of the M1 and Tourism
    competitions better than the model's own seasonal states.

    Parameters
    ----------
    scale : {"auto", "root", "absolute"}
        What :math:`x` is: the square root of a series (the default) or the series itself;
        a series with zeros is always "absolute".

    Notes
    -----
    Series of less than five values are fitted by `Naive`. Gaps are periods that went as
    expected.

    Examples
    --------
    >>> fit = CES().fit([10.0, 11.2, 11.9, 13.1, 14.0, 14.8, 16.1])
    >>> 16.1 < fit.point(1).to_numpy().item() < 17.5
    True
    """

    scale: str = "auto"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ModelError(
                f"there is no scale {self.scale!r}",
                code="F-526",
                remedy=f"Choose one of {list(SCALES)}.",
            )

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series; see `Recipe.fit_values`."""
        return self.fit_many([UnitSeries(y, season)])[0]

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit many series; see `Recipe.fit_many`."""
        return fit_alike(series, FEWEST_VALUES, partial(_fit_block, SCALES[self.scale]))


@dataclass(frozen=True, slots=True)
class CESFit:
    """Weighed candidates of one series; `forecast.kernels.complex_smoothing.fit_complex`.

    Attributes
    ----------
    unit : float
        The largest value, by which all are divided.
    kind : int
        Working scale.
    ratio : bool
        Whether seasons are ratios.
    ahead : float array of shape (m,)
        Seasonal factors, that of the next period first.
    size : float
        Mean size of an error of 1.
    weights : float array of shape (J,)
    candidates : float array of shape (J, 10)
    shares_fitted : float array of shape (n,)
        One-step medians over the unit.
    residuals : float array of shape (n,)
    """

    unit: float
    kind: int
    ratio: bool
    ahead: Floats
    size: float
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
        """Weighed means of the real and imaginary smoothing parameter; the spread."""
        a0, a1 = (self.weights @ self.candidates[:, :2]).tolist()
        return {"a0": a0, "a1": a1, "sigma": self.spread.sigma}

    @property
    def spread(self) -> Spread:
        """Spread of errors; states, parameters and seasons cost degrees of freedom."""
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
        doubt = rng.standard_normal((2, count)) * sigma * self.size
        return self._carry(np.ascontiguousarray(shocks), chosen, sigma, doubt)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        likely = np.flatnonzero(self.weights)
        still = np.zeros((steps, likely.size))
        sure = np.zeros((2, likely.size))
        each = self._carry(still, likely, sure[0], sure)
        return np.asarray(np.einsum("hj,j->h", each, self.weights[likely]))

    def _carry(
        self,
        shocks: Floats,
        chosen: NDArray[np.integer[Any]],
        sigma: Floats,
        doubt: Floats,
    ) -> Floats:
        paths = np.empty(shocks.shape)
        complex_paths(
            shocks,
            chosen,
            sigma,
            doubt,
            self.candidates,
            self.kind,
            self.ratio,
            self.ahead,
            ceiling_of(self.unit),
            paths,
        )
        return np.multiply(paths, self.unit, out=paths)


def _fit_block(kind: int, length: int, ys: list[Floats]) -> list[CESFit]:
    """Weigh all candidates of series laid end to end, and cut the answers up again."""
    laid = adjusted_series(ys, length)
    count, candidates = len(ys), ALPHA.size * GROWTH.size
    x, kinds, sizes = laid.adjusted.copy(), np.empty(count, np.int64), np.empty(count)
    weights, table = np.empty((count, candidates)), np.zeros((count, candidates, 10))
    means, residuals = np.empty(x.size), np.empty(x.size)
    fit_complex(
        x,
        laid.known,
        laid.bounds,
        kind,
        ALPHA,
        GROWTH / np.sqrt(length),
        GROWTH_SD / np.sqrt(length),
        laid.ratios,
        kinds,
        sizes,
        weights,
        table,
        means,
        residuals,
    )
    root = np.repeat(kinds, np.diff(laid.bounds)) == ROOT
    fitted = laid.with_seasons(np.where(root, np.maximum(means, 0) ** 2, means))
    return [
        CESFit(*row)
        for row in zip(
            laid.units.tolist(),
            kinds.tolist(),
            laid.ratios.tolist(),
            laid.ahead,
            sizes.tolist(),
            weights,
            table,
            laid.cut(fitted),
            laid.cut(residuals),
            strict=True,
        )
    ]
