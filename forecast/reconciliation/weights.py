"""Covariances of base errors: which forecast is trusted how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError

__all__ = [
    "METHODS",
    "checked_covariance",
    "path_covariance",
    "shrunk",
    "shrunk_covariance",
    "structural_variances",
    "with_floor",
]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

METHODS = ("wls", "mint", "structural", "ols", "bottom-up")

FLOOR = 1e-9
"""Least variance relative to the largest: a forecast that is sure is moved last."""


def shrunk_covariance(errors: pd.DataFrame) -> pd.DataFrame:
    r"""Return the covariance of errors, correlations shrunk to zero by what they are worth.

    The intensity is :math:`\lambda = \sum_{i \ne j} \widehat{Var}(r_{ij}) / \sum_{i \ne j}
    r_{ij}^2`, kept between 0 and 1 (Schäfer and Strimmer 2005, Statistical Applications in
    Genetics and Molecular Biology 4(1), 32), with errors taken about zero as forecast
    errors are.

    Parameters
    ----------
    errors : DataFrame of shape (n_nodes, n_periods)
        Errors of base forecasts in the unit of the data (outcome minus forecast), rows
        named by node. Periods with a missing error are left out.

    Returns
    -------
    DataFrame of shape (n_nodes, n_nodes)

    Raises
    ------
    ModelError
        F-824 fewer than three complete periods.

    Examples
    --------
    >>> errors = pd.DataFrame(
    ...     [[1.0, -1.0, 2.0, -2.0], [1.0, -2.0, 2.0, -1.0]], index=["KZ", "RU"]
    ... )
    >>> shrunk_covariance(errors).round(2)
          KZ    RU
    KZ  2.50  2.07
    RU  2.07  2.50
    """
    values = errors.to_numpy(dtype=float)
    complete = np.isfinite(values).all(axis=0)
    if complete.sum() < 3:
        raise ModelError(
            f"{complete.sum()} periods with the errors of all nodes",
            code="F-824",
            count=int(complete.sum()),
            remedy="A covariance needs three at the least, and is worth little below ten.",
        )
    covariance = shrunk(values[:, complete])
    return pd.DataFrame(covariance, index=errors.index, columns=errors.index)


def shrunk(errors: Floats) -> Floats:
    """Return the shrunk second moments of errors (n, t); see `shrunk_covariance`."""
    n_periods = errors.shape[1]
    sd = np.sqrt(np.mean(errors**2, axis=1))
    unit = errors / np.where(sd > 0, sd, 1.0)[:, None]
    correlation = unit @ unit.T / n_periods
    squares = (unit**2) @ (unit**2).T / n_periods
    doubt = (squares - correlation**2) / (n_periods - 1)
    off = ~np.eye(len(errors), dtype=bool)
    strength = float(np.sum(correlation[off] ** 2))
    intensity = 1.0
    if strength > 0:
        intensity = min(max(float(np.sum(doubt[off])) / strength, 0.0), 1.0)
    correlation[off] *= 1.0 - intensity
    return correlation * np.outer(sd, sd)


def path_covariance(paths: Floats, groups: Ints) -> Floats:
    """Return the shrunk covariance of paths (n, n_paths).

    Forecasts of different groups were made apart: their paths say nothing of how their
    errors hang together, and count as independent.
    """
    centered = paths - paths.mean(axis=1, keepdims=True)
    together = groups[:, None] == groups[None, :]
    return np.where(together, shrunk(centered), 0.0)


def structural_variances(matrix: Floats, wholes: Bools, pivots: Ints) -> Floats:
    """Return for each cell how many parts it is the sum of, shape (n,).

    Parameters
    ----------
    matrix : float array of shape (r, n)
        Constraints solved for `pivots`.
    """
    counts = np.ones(wholes.size)
    rest = np.abs(matrix).sum(axis=1) - 1.0
    counts[pivots] = np.where(rest > 0, rest, 1.0)
    return counts


def with_floor(covariance: Floats, fallback: Floats) -> Floats:
    """Return a positive definite covariance, nearly the same.

    Variances of nothing get a tiny one, in proportion to `fallback`; if there is none at
    all, `fallback` are the variances.
    """
    largest = float(covariance.diagonal().max(initial=0.0))
    if largest <= 0.0:
        return np.diag(fallback)
    added = FLOOR * largest * fallback / fallback.max()
    return covariance + np.diag(added)


def checked_covariance(covariance: pd.DataFrame) -> pd.DataFrame:
    """Return a covariance of named nodes.

    Raises
    ------
    ModelError
        F-824 when it is not square, symmetric and positive semidefinite.
    """
    names = [str(name) for name in covariance.index]
    values = covariance.to_numpy(dtype=float)
    square = values.shape == (len(names),) * 2 and names == list(
        map(str, covariance.columns)
    )
    good = square and len(set(names)) == len(names) and bool(np.isfinite(values).all())
    if good:
        size = float(np.abs(values).max(initial=0.0))
        good = np.allclose(values, values.T, rtol=0, atol=1e-9 * size) and bool(
            np.linalg.eigvalsh(values).min(initial=0.0) >= -1e-9 * size * len(names)
        )
    if not good:
        raise ModelError(
            f"a covariance of shape {values.shape} that is none",
            code="F-824",
            remedy="Rows and columns are the same nodes; it is symmetric, with no negative "
            "eigenvalue: shrunk_covariance(errors) makes one.",
        )
    return pd.DataFrame((values + values.T) / 2, index=names, columns=names)
