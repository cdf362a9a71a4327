"""Many candidate parameters of one model, weighed by how well they fit, drawn as paths.

A model that is linear in its initial states is fitted at every point of a coarse grid of
smoothing parameters; initial states are solved for by least squares. A path picks a
candidate by its weight, a spread and initial states from their distribution given the
candidate. So paths carry the doubt about parameters that short series leave, and no
optimiser can get stuck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.scales.spread import draw_sigma

__all__ = ["Candidates", "Drawn", "LeastSquares", "relative_weights", "solve"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SMALLEST_ERROR = 1e-10
"""A root mean square error below which a fit counts as exact (values are about 1)."""

DEPENDENT = 1e-7
"""Share of a column's length below which what others leave of it counts as nothing."""

LIGHTEST = 2e-3
"""Candidates below this share of the heaviest weight are left out."""


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """Initial states of J candidates, solved for.

    Attributes
    ----------
    states : float array of shape (J, d)
    root : float array of shape (J, d, d)
        A root of the covariance of the states, in units of the spread.
    residuals : float array of shape (J, n)
        NaN where the series is missing.
    sigma : float array of shape (J,)
        Spread with n - d degrees of freedom.
    """

    states: Floats
    root: Floats
    residuals: Floats
    sigma: Floats

    @property
    def df(self) -> float:
        """Degrees of freedom of the spread."""
        known = int(np.isfinite(self.residuals[0]).sum())
        return float(known - self.states.shape[1])

    def log_likelihood(self) -> Floats:
        """Return the concentrated Gaussian log-likelihood, up to a constant; shape (J,)."""
        known = int(np.isfinite(self.residuals[0]).sum())
        squares = self.sigma**2 * self.df / known
        return -0.5 * known * np.log(np.maximum(squares, SMALLEST_ERROR**2))


def solve(errors: Floats, design: Floats, weights: Floats) -> LeastSquares:
    """Solve ``errors = design @ states`` by weighted least squares for each candidate.

    Parameters
    ----------
    errors : float array of shape (J, n)
        One-step errors with all initial states zero; NaN where missing.
    design : float array of shape (J, n, d)
        How initial states move the one-step means.
    weights : float array of shape (n,)
        Sizes of an error of 1.
    """
    known = np.isfinite(errors[0])
    target = errors[:, known] / weights[known]
    columns = np.moveaxis(design[:, known] / weights[known, None], 2, 0)
    left, projected, triangle, used = _orthogonalise(columns, target)
    root = _inverse(triangle) * used.T[:, None, :]
    residuals = np.full(errors.shape, np.nan)
    residuals[:, known] = left
    df = int(known.sum()) - design.shape[2]
    states = np.einsum("jkl,lj->jk", root, projected)
    return LeastSquares(states, root, residuals, np.sqrt((left**2).sum(axis=1) / df))


def _orthogonalise(
    columns: Floats, target: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Take columns out of a target one after the other, for all candidates at once.

    Modified Gram–Schmidt, which solves least squares as stably as Householder's method if
    the target goes along (Björck 1967, BIT 7). Without BLAS, so the bits do not depend
    on threads, and thousands of tiny problems do not wait for them.

    Parameters
    ----------
    columns : float array of shape (d, J, n)
    target : float array of shape (J, n)

    Returns
    -------
    left : float array of shape (J, n)
        What is left of the target.
    projected : float array of shape (d, J)
    triangle : float array of shape (d, d, J)
        The upper triangle R.
    used : float array of shape (d, J)
        0 where a column is nothing but a sum of others (a month that was never seen).
    """
    columns, d = columns.copy(), len(columns)
    sizes = np.sqrt((columns**2).sum(axis=2))
    projected, used = np.zeros(sizes.shape), np.ones(sizes.shape)
    triangle = np.zeros((d, *sizes.shape))
    for k in range(d):
        norm = np.sqrt((columns[k] ** 2).sum(axis=1))
        used[k] = norm > DEPENDENT * sizes[k]
        triangle[k, k] = np.where(used[k], norm, 1.0)
        q = columns[k] * (used[k] / triangle[k, k])[:, None]
        triangle[k, k + 1 :] = np.einsum("jn,djn->dj", q, columns[k + 1 :])
        columns[k + 1 :] -= triangle[k, k + 1 :, :, None] * q
        projected[k] = np.einsum("jn,jn->j", q, target)
        target = target - projected[k][:, None] * q
    return target, projected, triangle, used


def _inverse(triangle: Floats) -> Floats:
    """Return inverses of upper triangles (d, d, J) as (J, d, d), row by row from below."""
    d = len(triangle)
    inverse = np.zeros((triangle.shape[2], d, d))
    for k in reversed(range(d)):
        below = np.einsum("lj,jlm->jm", triangle[k, k + 1 :], inverse[:, k + 1 :])
        inverse[:, k] = -below
        inverse[:, k, k] += 1
        inverse[:, k] /= triangle[k, k][:, None]
    return inverse


def relative_weights(criterion: Floats, prior: Floats) -> Floats:
    """Return weights that sum to 1: ``prior * exp(criterion)``, the lightest left out."""
    weights = prior * np.exp(criterion - criterion.max())
    weights = np.where(weights < LIGHTEST * weights.max(), 0.0, weights)
    return weights / weights.sum()


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates of one series that are worth keeping.

    Attributes
    ----------
    weights : float array of shape (J,)
        Sum to 1.
    parameters : float array of shape (J, p)
        Smoothing and other parameters; the model knows their order.
    states : float array of shape (J, s)
        Expected states at the end of the series.
    root : float array of shape (J, s, d)
        A root of their covariance, in units of the spread.
    sigma, df : float arrays of shape (J,)
        Spread of errors and its degrees of freedom.
    """

    weights: Floats
    parameters: Floats
    states: Floats
    root: Floats
    sigma: Floats
    df: Floats

    def draw(self, count: int, rng: np.random.Generator) -> Drawn:
        """Draw a candidate, a spread and end states for each of `count` paths."""
        index, sigma, scores = self.pick(count, rng)
        doubt = (self.root[index] @ scores[..., None])[..., 0]
        states = self.states[index] + sigma[:, None] * doubt
        return Drawn(self.parameters[index].T, states.T, sigma)

    def pick(self, count: int, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
        """Draw a candidate, a spread and d standard normal scores for each path.

        A score of one is a standard deviation of states along a column of `root`.
        """
        heights = np.cumsum(self.weights)
        pick = np.searchsorted(heights, heights[-1] * rng.random(count), side="right")
        pick = np.minimum(pick, self.weights.size - 1)
        sigma = draw_sigma(self.sigma[pick], self.df[pick], rng)
        return pick, sigma, rng.standard_normal((count, self.root.shape[2]))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Parameters (p, count), end states (s, count) and spreads (count,) of paths."""

    parameters: Floats
    states: Floats
    sigma: Floats
