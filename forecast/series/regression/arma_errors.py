r"""Regression with ARMA(1, 1) errors, exactly, over a grid of its two parameters.

.. math:: y = D b + u, \qquad u_t = \rho u_{t-1} + e_t + \theta e_{t-1}, \qquad
          \mathrm{Var}(e_t) = \sigma^2.

At :math:`\rho = 1` the errors are a random walk (with :math:`\theta < 0` that of simple
exponential smoothing), the constant of D drops out of the likelihood and a line in D is
a drift. The covariance matrix :math:`\sigma^2 V` is written out, so gaps are rows left
out and nothing is approximated. Points of the grid are compared by the restricted
likelihood, which does not take a stationary deviation from a fitted line for short memory
as plain likelihood does (Cheang and Reinsel 2000, Journal of the American Statistical
Association 95(452)),

.. math:: -2 \ell = \log|V| + \log|D'V^{-1}D| + (n - q) \log S, \qquad
          S = \min_b (y - D b)' V^{-1} (y - D b).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError

__all__ = ["ARMA", "Whitening", "covariance_of", "whitening_of"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

RHO = (0.0, 0.3, 0.5, 0.7, 0.85, 0.95, 1.0)
NOISE_SHARES = (0.0, 0.35, 0.6, 0.8)
"""Theta is minus rho times these: an autoregression seen through noise."""
RISING = 0.3
"""Theta of a random walk whose steps resemble the one before."""


@dataclass(frozen=True, slots=True)
class ARMA:
    r"""Errors of a regression that remember the last one.

    Parameters
    ----------
    ar, ma : bool
        Whether :math:`\rho` and :math:`\theta` are looked for or zero.
    differences : {None, 0, 1}
        1: the errors are a random walk, the regression is one of changes; 0: they
        return; None: both are weighed.
    trend : bool
        An own straight line for each unit, a drift where errors are a random walk.

    Examples
    --------
    >>> len(ARMA().grid()), ARMA(ma=False, differences=1).grid()
    (26, [(1.0, 0.0)])
    """

    ar: bool = True
    ma: bool = True
    differences: int | None = None
    trend: bool = True

    def __post_init__(self) -> None:
        if self.differences not in (None, 0, 1):
            raise ModelError(
                f"differences={self.differences!r} is not possible",
                code="F-526",
                remedy="Give 0, 1 or None, which weighs both.",
            )

    def grid(self) -> list[tuple[float, float]]:
        """Return the pairs (rho, theta) that are weighed."""
        rho: tuple[float, ...] = RHO if self.ar else (0.0, 1.0)
        if self.differences is not None:
            rho = tuple(r for r in rho if (r == 1) == bool(self.differences))
        shares = NOISE_SHARES if self.ma else (0.0,)
        grid = [
            (r, 0.0 - r * share) for r in rho for share in (shares if r else (0.0,))
        ]
        if self.ma and 1.0 in rho:
            grid.append((1.0, RISING))
        return grid


@dataclass(frozen=True, slots=True)
class Whitening:
    r"""What makes errors of one pattern of known times white, at each point of the grid.

    Attributes
    ----------
    inverse : float array of shape (J, n, n)
        Of the lower Cholesky factor L of V.
    project : float array of shape (J, n, n)
        Whitens and takes out D.
    solve : float array of shape (J, q, n)
        Turns values into coefficients b.
    root : float array of shape (J, q, q)
        A root of the covariance of b, in units of sigma.
    charge : float array of shape (J,)
        :math:`\log|V| + \log|D'V^{-1}D|`.
    """

    inverse: Floats
    project: Floats
    solve: Floats
    root: Floats
    charge: Floats

    def at(self, points: Ints) -> Whitening:
        """Return some points of the grid."""
        return Whitening(
            self.inverse[points],
            self.project[points],
            self.solve[points],
            self.root[points],
            self.charge[points],
        )


def covariance_of(rho: float, theta: float, count: int) -> Floats:
    """Return V of `count` neighbouring errors; see the module."""
    if rho == 1:
        steps = np.tril(np.full((count, count), 1 + theta), -1) + np.eye(count)
        return np.asarray(steps @ steps.T)
    size = 1 - rho**2
    gamma = np.empty(count)
    gamma[0] = (1 + 2 * rho * theta + theta**2) / size
    if count > 1:
        gamma[1:] = (
            (1 + rho * theta) * (rho + theta) / size * rho ** np.arange(count - 1)
        )
    return np.asarray(
        gamma[np.abs(np.subtract.outer(np.arange(count), np.arange(count)))]
    )


def whitening_of(
    grid: list[tuple[float, float]], times: Ints, design: Floats
) -> Whitening:
    """Prepare one pattern of known times.

    Parameters
    ----------
    grid : list of (rho, theta)
    times : int array of shape (n,)
        Ascending, from 0.
    design : float array of shape (n, q)
        Of full rank.
    """
    at = np.ix_(times, times)
    v = np.stack([covariance_of(*point, int(times[-1]) + 1)[at] for point in grid])
    lower = np.linalg.cholesky(v)
    inverse = np.linalg.inv(lower)
    q, r = np.linalg.qr(inverse @ design)
    back = np.linalg.inv(r)
    turned = np.swapaxes(q, 1, 2) @ inverse
    charge = 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    charge += 2 * np.log(np.abs(np.diagonal(r, axis1=1, axis2=2))).sum(axis=1)
    return Whitening(inverse, inverse - q @ turned, back @ turned, back, charge)
