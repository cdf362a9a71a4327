r"""ARMA processes with a season, estimated by exact maximum likelihood, many at once.

.. math:: \phi(B)\,\Phi(B^m)\,(z_t - \mu_t) = \theta(B)\,\Theta(B^m)\,e_t

Each of the four polynomials is written by its partial autocorrelations
:math:`\rho_k = x_k / \sqrt{1 + x_k^2}`, so that every :math:`x` is stationary and
invertible (Barndorff-Nielsen and Schou 1973, J. Multivariate Analysis 3; Monahan 1984,
Biometrika 71), and a shorter polynomial is one whose last x are zero. Moving averages have
the signs of statsmodels and R: :math:`\theta(B) = 1 + \theta_1 B + \dots`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.arima import likelihood_slopes

__all__ = [
    "BOUND",
    "Ends",
    "Grid",
    "Jobs",
    "Problems",
    "ends",
    "evaluate",
    "grid_of",
    "lagged",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

STEP = 1e-6
"""What a parameter is moved by to see the slope."""

BOUND = 12.0
"""Largest x: a partial autocorrelation of 0.9965. Beyond, the likelihood is flat."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Orders to estimate, shortest first; with an order come all shorter ones.

    Attributes
    ----------
    orders : int array of shape (O, 4)
        p, q, P, Q.
    season : int
    """

    orders: Ints
    season: int

    @property
    def longest(self) -> Ints:
        """Largest p, q, P, Q: how many places there are for parameters."""
        return np.asarray(self.orders.max(axis=0))

    @property
    def counts(self) -> Ints:
        """Parameters of each order; shape (O,)."""
        return np.asarray(self.orders.sum(axis=1))

    @property
    def lags(self) -> Ints:
        """Lengths of the two multiplied polynomials; shape (O, 2)."""
        return np.asarray(self.orders[:, :2] + self.season * self.orders[:, 2:])

    def places(self, order: int) -> Ints:
        """Return where the parameters of an order stand among all."""
        first = np.cumsum(self.longest) - self.longest
        own = [first[i] + np.arange(self.orders[order, i]) for i in range(4)]
        return np.concatenate(own).astype(np.int64)

    def shorter(self, order: int) -> Ints:
        """Return the orders that have one parameter less."""
        less = self.orders[order] - self.orders
        return np.flatnonzero((less.min(axis=1) == 0) & (less.sum(axis=1) == 1))


def grid_of(longest: Sequence[int], season: int, most: int | None = None) -> Grid:
    """Return all orders up to the longest that have at most so many parameters."""
    orders = np.array(list(np.ndindex(*(int(i) + 1 for i in longest))), dtype=np.int64)
    if most is not None:
        orders = orders[orders.sum(axis=1) <= most]
    return Grid(orders[np.argsort(orders.sum(axis=1), kind="stable")], season)


@dataclass(frozen=True, slots=True)
class Problems:
    """Differenced series with what is missing and what is constant in them.

    Attributes
    ----------
    z, place
        As `forecast.kernels.arima.likelihood_slopes` takes them; G problems.
    """

    z: Floats
    place: Ints

    @property
    def known(self) -> Ints:
        """Values of each problem that were observed; shape (G,)."""
        return np.asarray(self.place[:, 1] - self.place[:, 3])


@dataclass(frozen=True, slots=True)
class Ends:
    """Where J processes stand after the last value.

    Attributes
    ----------
    phi, theta : float arrays of shape (J, R)
        Coefficients of lags 1 to R.
    beta : float array of shape (J, rows)
        Coefficients of missing values and, last, of the constant.
    doubt : float array of shape (J,)
        Standard error of the constant, in units of sigma.
    state, sway : float arrays of shape (J, R)
        Means of the next R values, and what a unit of the constant takes off them.
    ahead : float array of shape (J,)
        Root of the variance of the next error, in units of sigma.
    trace : float array of shape (J, 2, n)
        One-step errors over the root of their variance, and that root.
    """

    phi: Floats
    theta: Floats
    beta: Floats
    doubt: Floats
    state: Floats
    sway: Floats
    ahead: Floats
    trace: Floats


def ends(
    problems: Problems,
    grid: Grid,
    which: Ints,
    order: Ints,
    x: Floats,
    *,
    traced: bool = False,
) -> Ends:
    """Pass over the data at given parameters; `which`, `order`: (J,), `x`: (J, K)."""
    jobs = Jobs(problems, grid, which, order, np.empty((which.size, 0), np.int64))
    seen = evaluate(jobs, x, traced=traced)
    size = seen.beta[:, 0]
    return Ends(
        phi=seen.phi,
        theta=seen.theta,
        beta=seen.beta,
        doubt=np.where(size > 0, 1 / np.where(size > 0, size, 1.0), 0.0),
        state=seen.state[:, 0],
        sway=seen.state[:, 1],
        ahead=np.sqrt(seen.figures[:, 3]),
        trace=seen.trace,
    )


def lagged(x: Floats, longest: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """Return coefficients of the four polynomials, by lag, of parameters (..., K)."""
    ar, ma, sar, sma = np.split(x, np.cumsum(longest)[:3], axis=-1)
    return _levinson(ar), -_levinson(ma), _levinson(sar), -_levinson(sma)


# ------------------------------------------------------------------------------ inside


@dataclass(frozen=True, slots=True)
class Jobs:
    """One estimation each: problem, order and places of its parameters, all (B, ...)."""

    problems: Problems
    grid: Grid
    which: Ints
    order: Ints
    own: Ints

    def some(self, kept: Ints) -> Jobs:
        return Jobs(
            self.problems,
            self.grid,
            self.which[kept],
            self.order[kept],
            self.own[kept],
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kernel wrote."""

    phi: Floats
    theta: Floats
    figures: Floats
    gradient: Floats
    curvature: Floats
    beta: Floats
    state: Floats
    trace: Floats


def evaluate(jobs: Jobs, x: Floats, *, traced: bool = False) -> Seen:
    """Call the kernel at parameters x (B, K) and with each own parameter moved."""
    count, k = jobs.own.shape
    versions = np.repeat(x[:, None], k + 1, axis=1)
    moved = np.arange(k)
    versions[np.arange(count)[:, None], moved + 1, jobs.own] += STEP
    phi, theta = _multiplied(versions, jobs.grid)
    place, lags = jobs.problems.place[jobs.which], jobs.grid.lags[jobs.order]
    seen = Seen(
        phi[:, 0],
        theta[:, 0],
        figures=np.zeros((count, 6)),
        gradient=np.zeros((count, k)),
        curvature=np.zeros((count, k, k)),
        beta=np.zeros((count, int(place[:, 2].max()))),
        state=np.zeros((count, 2, phi.shape[2])),
        trace=np.zeros((count, 2, int(place[:, 1].max())) if traced else (0, 2, 0)),
    )
    likelihood_slopes(
        jobs.problems.z,
        place,
        lags,
        phi,
        theta,
        STEP,
        seen.figures,
        seen.gradient,
        seen.curvature,
        seen.beta,
        seen.state,
        seen.trace,
    )
    return seen


def _multiplied(x: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """Return coefficients of lags 1 to R of both multiplied polynomials."""
    m, (p, q, *_) = grid.season, grid.longest.tolist()
    ar, ma, sar, sma = lagged(x, grid.longest)
    size = max(p + m * sar.shape[-1], q + m * sma.shape[-1] + 1)
    phi, theta = np.zeros((*x.shape[:-1], size)), np.zeros((*x.shape[:-1], size))
    phi[..., :p], theta[..., :q] = ar, ma
    for k in range(sar.shape[-1]):
        at = (k + 1) * m
        phi[..., at - 1] += sar[..., k]
        phi[..., at : at + p] -= sar[..., k, None] * ar
    for k in range(sma.shape[-1]):
        at = (k + 1) * m
        theta[..., at - 1] += sma[..., k]
        theta[..., at : at + q] += sma[..., k, None] * ma
    return phi, theta


def _levinson(x: Floats) -> Floats:
    """Return autoregressive coefficients of partial autocorrelations x / sqrt(1 + x^2)."""
    rho = x / np.sqrt(1 + x * x)
    coefficients = np.zeros(rho.shape)
    for k in range(rho.shape[-1]):
        before = coefficients[..., :k].copy()
        coefficients[..., :k] = before - rho[..., k, None] * before[..., ::-1]
        coefficients[..., k] = rho[..., k]
    return coefficients
