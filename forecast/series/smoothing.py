r"""Additive exponential smoothing of many candidates at once.

With level :math:`l`, slope :math:`b` damped by :math:`\phi`, seasons :math:`s` and
innovations :math:`e` (Hyndman, Koehler, Ord and Snyder 2008, *Forecasting with
Exponential Smoothing*),

.. math:: x_t &= l_{t-1} + \phi b_{t-1} + s_{t-m} + e_t, \\
          l_t &= l_{t-1} + \phi b_{t-1} + \alpha e_t, \qquad
          b_t = \phi b_{t-1} + \beta e_t, \qquad s_t = s_{t-m} + \gamma e_t.

Innovations are linear in :math:`x` and the initial states. So one pass over the data with
initial states zero and one over unit initial states give them for all initial states.
Where :math:`x_t` is missing, :math:`e_t = 0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TRENDS", "Grid", "Pass", "grid_of", "pass_over_data", "pass_over_states"]

Floats = NDArray[np.floating[Any]]

TRENDS = ("none", "additive", "damped")

ALPHA = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
BETA_SHARE = (0.0, 0.05, 0.1, 0.2)
PHI = (0.88, 0.94, 0.98)
GAMMA_SHARE = (0.02, 0.1, 0.3)


@dataclass(frozen=True, slots=True)
class Grid:
    """Candidates of one form: a kind of trend, with seasons or without.

    Attributes
    ----------
    alpha, beta, phi, gamma : float arrays of shape (J,)
    """

    trend: str
    seasonal: bool
    alpha: Floats
    beta: Floats
    phi: Floats
    gamma: Floats

    @property
    def prior(self) -> Floats:
        """Prior weights: they grow with alpha, as trade is closer to a random walk."""
        return self.alpha / self.alpha.sum()

    def count_states(self, length: int) -> int:
        """Count initial states: seasons sum to zero."""
        return 1 + (self.trend != "none") + (length - 1 if self.seasonal else 0)

    def count_parameters(self, length: int) -> int:
        """Count what AICc charges for: states, smoothing parameters, the spread."""
        smoothing = (
            1 + (self.trend != "none") + (self.trend == "damped") + self.seasonal
        )
        return self.count_states(length) + smoothing + 1


@dataclass(frozen=True, slots=True)
class Pass:
    """Innovations of shape (n, ...) and the states at the end.

    Attributes
    ----------
    errors : float array of shape (n, ...)
    level, slope : float arrays of shape (...)
    seasons : float array of shape (m, ...)
        Entry k belongs to times t with t mod m = k.
    """

    errors: Floats
    level: Floats
    slope: Floats
    seasons: Floats

    def states(self) -> Floats:
        """Return level, slope and seasons of shape (2 + m, ...)."""
        return np.concatenate([self.level[None], self.slope[None], self.seasons])


@lru_cache(maxsize=16)
def grid_of(trend: str, *, seasonal: bool) -> Grid:
    """Return all candidates of a form."""
    axes = (
        ALPHA,
        BETA_SHARE if trend != "none" else (0.0,),
        {"none": (0.0,), "additive": (1.0,), "damped": PHI}[trend],
        GAMMA_SHARE if seasonal else (0.0,),
    )
    meshed = np.meshgrid(*map(np.array, axes), indexing="ij")
    alpha, beta_share, phi, gamma_share = (axis.ravel() for axis in meshed)
    return Grid(
        trend, seasonal, alpha, alpha * beta_share, phi, (1 - alpha) * gamma_share
    )


def pass_over_data(x: Floats, grid: Grid, length: int) -> Pass:
    """Smooth with all initial states zero; errors of shape (n, J), NaN where missing."""
    zeros = np.zeros(grid.alpha.size)
    return _smooth(x, grid, zeros, zeros, np.zeros((length, grid.alpha.size)))


@lru_cache(maxsize=12)
def pass_over_states(
    missing: tuple[bool, ...], grid_key: tuple[str, bool], length: int
) -> Pass:
    """Smooth nothing from unit initial states; errors of shape (n, d, J).

    Depends on the length of a series and its gaps only, so units of a panel share it.
    """
    grid = grid_of(grid_key[0], seasonal=grid_key[1])
    d, count = grid.count_states(length), grid.alpha.size
    level, slope = np.zeros((d, count)), np.zeros((d, count))
    seasons = np.zeros((length, d, count))
    level[0] = 1.0
    first = 1
    if grid.trend != "none":
        slope[1] = 1.0
        first = 2
    for season in range(d - first):
        seasons[season, first + season] = 1.0
        seasons[length - 1, first + season] = -1.0
    silence = np.where(np.array(missing), np.nan, 0.0)
    return _smooth(silence, grid, level, slope, seasons)


def _smooth(
    x: Floats, grid: Grid, level: Floats, slope: Floats, seasons: Floats
) -> Pass:
    errors = np.full((x.size, *level.shape), np.nan)
    seasonal = list(seasons)
    for t, value in enumerate(x):
        slope = grid.phi * slope
        level = level + slope
        if np.isnan(value):
            continue
        season = seasonal[t % len(seasonal)]
        error = value - level - season
        errors[t] = error
        level = level + grid.alpha * error
        slope = slope + grid.beta * error
        if grid.seasonal:
            seasonal[t % len(seasonal)] = season + grid.gamma * error
    return Pass(errors, level, slope, np.array(seasonal))
