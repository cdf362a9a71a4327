"""Coefficients as draws, for what is a function of them on each path."""

from __future__ import annotations

import numbers

import numpy as np

from forecast.errors import ModelError
from forecast.forecasts import unit_rng
from forecast.gravity.inference.covariance import Covariance
from forecast.gravity.inference.reference import Student
from forecast.gravity.records import Floats

__all__ = ["draw_coefficients"]


def draw_coefficients(
    beta: Floats, covariance: Covariance, count: int, seed: int
) -> Floats:
    r"""Draw :math:`\beta + V^{1/2} z`, with Student's t where the standard errors go with it.

    Parameters
    ----------
    beta : float array of shape (k,)
    covariance : Covariance
    count, seed : int
        The same seed gives the same draws, whatever they are used for.

    Returns
    -------
    float array of shape (count, k)

    Raises
    ------
    ModelError
        F-876 a covariance that is not known; F-524 an impossible number of draws.

    Examples
    --------
    >>> from forecast.gravity.inference.reference import Normal
    >>> known = Covariance(np.array([[0.04]]), ("rta",), "", "", "1", 1.0, Normal(), 9)
    >>> draws = draw_coefficients(np.array([0.5]), known, 4000, 0)
    >>> round(float(draws.mean()), 1), round(float(draws.std()), 1)
    (0.5, 0.2)
    """
    whole = isinstance(count, numbers.Integral) and not isinstance(count, bool)
    if not whole or count < 1:
        raise ModelError(
            f"draws={count!r} is not possible",
            code="F-524",
            remedy="Give a whole number from 1; 1,000 is usual.",
        )
    V = covariance.matrix
    if not np.isfinite(V).all():
        unknown = [
            term
            for term, value in zip(covariance.terms, np.diag(V), strict=True)
            if not np.isfinite(value)
        ]
        raise ModelError(
            "the covariance of the coefficients is not known",
            code="F-876",
            count=len(unknown),
            examples=unknown,
            remedy='Take other standard errors: fit.with_vcov(fc.Robust("HC1")).',
        )
    rng = unit_rng(seed, "coefficients")
    z = rng.standard_normal((count, beta.size))
    if isinstance(covariance.reference, Student) and beta.size:
        dof = float(np.min(covariance.reference.dof))
        z *= np.sqrt(dof / rng.chisquare(dof, (count, 1)))
    return beta + np.einsum("dj,ij->di", z, _root(V))


def _root(V: Floats) -> Floats:
    """Return A with A A' = V; directions of negative variance have none."""
    size = np.sqrt(np.maximum(np.diag(V), 0.0))
    scale = np.where(size > 0, size, 1.0)
    correlation = V / np.outer(scale, scale)
    try:
        root = np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(scale[:, None] * root)
