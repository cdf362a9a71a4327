r"""Additive exponential smoothing: the forms, and their candidates weighed.

With level :math:`l`, slope :math:`b` damped by :math:`\phi`, seasons :math:`s` and
innovations :math:`e` (Hyndman, Koehler, Ord and Snyder 2008, *Forecasting with
Exponential Smoothing*),

.. math:: x_t &= l_{t-1} + \phi b_{t-1} + s_{t-m} + e_t, \\
          l_t &= l_{t-1} + \phi b_{t-1} + \alpha e_t, \qquad
          b_t = \phi b_{t-1} + \beta e_t, \qquad s_t = s_{t-m} + \gamma e_t.

Where :math:`x_t` is missing, :math:`e_t = 0`. Innovations are linear in :math:`x` and the
initial states, which are solved for by least squares at every candidate (a choice of
:math:`\alpha, \beta, \phi, \gamma` on a grid), in `forecast.kernels.smoothing`. Least
squares count all errors alike, also where the spread is proportional to the level: so
the recent, mostly larger values of a series that grows say more about its future.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.smoothing import solve_candidates
from forecast.kernels.smoothing_candidates import finish_candidates, weigh_candidates
from forecast.series.scales.candidates import LIGHTEST
from forecast.series.scales.scale import Scaled

__all__ = ["TRENDS", "Forms", "Smoothed", "forms_of", "smooth_series"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

TRENDS = ("none", "additive", "damped")

ALPHA = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
BETA_SHARE = (0.0, 0.02, 0.05, 0.1, 0.2)
PHI = (0.88, 0.94, 0.98)
GAMMA_SHARE = (0.02, 0.1, 0.3)


@dataclass(frozen=True, slots=True)
class Forms:
    """Candidates of some forms (a kind of trend, with seasons or without).

    Attributes
    ----------
    split : int
        How many candidates come first that have no seasons.
    grid : float array of shape (J, 4)
        alpha, beta, phi, gamma.
    prior : float array of shape (J,)
        Of years it grows with the square of alpha, as they are close to a random walk;
        parts of a year are noisier, there it is flat. Sums to 1 in each form. (Chosen on
        training parts of the M1 and Tourism series: MASE of years 3 per cent less than
        with a flat prior, that of months 1 per cent less than with a growing one.)
    free : int array of shape (J,)
        Initial states, seasons sum to zero.
    cost : float array of shape (J,)
        What AICc charges for: states, smoothing parameters, the spread.
    """

    split: int
    grid: Floats
    prior: Floats
    free: Ints
    cost: Floats

    @property
    def fewest(self) -> int:
        """Values that the smallest form needs."""
        return int(self.cost.min()) + 2


@lru_cache(maxsize=32)
def forms_of(trends: tuple[str, ...], seasons: tuple[bool, ...], length: int) -> Forms:
    """Return all candidates of forms with these trends, without or with seasons."""
    parts, free, cost, prior = [], [], [], []
    for seasonal in sorted(seasons):
        for trend in trends:
            grid = _grid(trend, seasonal=seasonal)
            states = 1 + (trend != "none") + (length - 1) * seasonal
            smoothing = 1 + (trend != "none") + (trend == "damped") + seasonal
            count = grid.shape[0]
            parts.append(grid)
            free.append(np.full(count, states))
            cost.append(np.full(count, states + smoothing + 1.0))
            share = grid[:, 0] ** (2 if length == 1 else 0)
            prior.append(share / share.sum())
    plain = sum(len(_grid(trend, seasonal=False)) for trend in trends)
    return Forms(
        split=plain if False in seasons else 0,
        grid=np.concatenate(parts),
        prior=np.concatenate(prior),
        free=np.concatenate(free),
        cost=np.concatenate(cost),
    )


def _grid(trend: str, *, seasonal: bool) -> Floats:
    axes = (
        ALPHA,
        BETA_SHARE if trend != "none" else (0.0,),
        {"none": (0.0,), "additive": (1.0,), "damped": PHI}[trend],
        GAMMA_SHARE if seasonal else (0.0,),
    )
    meshed = np.meshgrid(*map(np.array, axes), indexing="ij")
    alpha, beta_share, phi, gamma_share = (axis.ravel() for axis in meshed)
    return np.stack([alpha, alpha * beta_share, phi, (1 - alpha) * gamma_share], axis=1)


@dataclass(frozen=True, slots=True)
class Smoothed:
    """The candidates of one series that are worth keeping, those without seasons first.

    Attributes
    ----------
    weights : float array of shape (K,)
        Sum to 1.
    grid : float array of shape (K, 4)
        alpha, beta, phi, gamma.
    states : float array of shape (K, 2 + m)
        At the end: level, slope, seasons, that of the next period first.
    sigma : float array of shape (K,)
        Spread of errors over their sizes, with n - d degrees of freedom.
    size : float array of shape (K,)
        Spread of errors themselves, in units of sigma.
    free : int array of shape (K,)
        Initial states d.
    split : int
        How many candidates have no seasons.
    residuals : float array of shape (n,)
        Weighed errors over their sizes, NaN in gaps.
    """

    weights: Floats
    grid: Floats
    states: Floats
    sigma: Floats
    size: Floats
    free: Ints
    split: int
    residuals: Floats


def smooth_series(
    scales: Sequence[Scaled], forms: Forms, length: int
) -> list[Smoothed]:
    """Smooth series of `Forms.fewest` values or more at all candidates, and weigh them.

    Parameters
    ----------
    scales : sequence of Scaled
    forms : Forms
    length : int
        Seasons of the year.
    """
    sizes = np.array([scale.x.size for scale in scales])
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    x = np.concatenate([scale.x for scale in scales])
    known = np.add.reduceat(np.isfinite(x).astype(float), bounds[:-1])
    order = np.argsort(sizes, kind="stable")
    count = forms.prior.size
    squares = np.empty((count, sizes.size))
    states = np.zeros((count, sizes.size, 2 + length))
    for m, part in ((1, slice(forms.split)), (length, slice(forms.split, count))):
        solved = np.empty((*squares[part].shape, 2 + m))
        solve_candidates(
            x, bounds, order, known < sizes, m, forms.grid[part], squares[part], solved
        )
        states[part, :, : 2 + m] = solved
    weights = np.ascontiguousarray(squares.T)
    weigh_candidates(known, forms.prior, forms.cost, LIGHTEST, weights)
    owner, kept = (each.copy() for each in np.nonzero(weights))
    weights, states = weights[owner, kept], states[kept, owner]
    grid, free = forms.grid[kept], forms.free[kept]
    spreads, residuals = np.empty((kept.size, 2)), np.zeros(x.size)
    finish_candidates(
        x,
        np.concatenate([scale.weights for scale in scales]),
        bounds,
        owner,
        weights,
        grid,
        states,
        spreads,
        residuals,
    )
    spreads = np.sqrt(spreads / (known[owner] - free)[:, None])
    sigma = spreads[:, 0].copy()
    size = np.divide(spreads[:, 1], sigma, out=np.ones(kept.size), where=sigma > 0)
    cuts = np.searchsorted(owner, np.arange(sizes.size + 1)).tolist()
    plain = np.bincount(owner[kept < forms.split], minlength=sizes.size).tolist()
    return [
        Smoothed(
            weights[a:b], grid[a:b], states[a:b], sigma[a:b], size[a:b], free[a:b], p, e
        )
        for a, b, p, e in zip(
            cuts[:-1], cuts[1:], plain, np.split(residuals, bounds[1:-1]), strict=True
        )
    ]
