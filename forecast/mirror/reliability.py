r"""How reliable reporters are, from how far they disagree with their partners.

The figures of one flow by two reporters differ by

.. math:: d = \log m - \log x, \qquad E d = \delta, \qquad Var\, d = \sigma_i^2 + \sigma_j^2,

where :math:`\delta` is the log of the CIF/FOB ratio (for importers' over exporters'
figures) and :math:`\sigma_r^2` the variance of reporter r's errors. The variances are the
non-negative least squares solution of the squared deviations on who reports, with weights
:math:`1 / (\sigma_i^2 + \sigma_j^2)^2` in the second and later steps (the variance of a
squared normal deviation). With two reporters only their sum is known; the variances are
told apart where pairs of reporters close a circle of odd length, as three countries do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ReporterError

__all__ = ["Disagreements", "error_variances"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

STEPS = 20

LARGEST = np.log(100.0)
"""A hundredfold difference is a slip of units, and counts as no more than that."""

LEAST_SHARE = 0.01
"""No reporter is taken to be surer than a hundredth of the average variance."""


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Log ratios of two reporters' figures of one cell.

    Attributes
    ----------
    first, second : int arrays of shape (n,)
        The reporters.
    log_ratio : float array of shape (n,)
        Of the second's figure to the first's, less its centre.
    """

    first: Ints
    second: Ints
    log_ratio: Floats


def error_variances(found: Disagreements, reporters: tuple[str, ...]) -> Floats:
    """Return the variance of each reporter's errors in logs, shape (n_reporters,).

    Reporters whose figures nobody else has are taken to be like the average.

    Raises
    ------
    ReporterError
        F-834 when figures do not tell reporters apart.
    """
    design, squares, counts = _by_pair(found, len(reporters))
    compared = design.any(axis=0)
    if not compared.any():
        raise _alike(reporters)
    design = design[:, compared]
    _refuse_unidentified(
        design, [reporters[i] for i in np.flatnonzero(compared).tolist()]
    )
    weights = counts
    variances: Floats = np.zeros(design.shape[1])
    for _ in range(STEPS):
        before = variances
        variances = _floored(_weighted(design, squares, weights))
        if variances.max() > 0:
            weights = counts / (design @ variances) ** 2
        if np.allclose(variances, before, rtol=1e-8, atol=0):
            break
    every = np.full(len(reporters), variances.mean())
    every[compared] = variances
    return every


def _by_pair(found: Disagreements, n_reporters: int) -> tuple[Floats, Floats, Floats]:
    """Return for each pair of reporters who they are, the mean square, and how many."""
    low = np.minimum(found.first, found.second)
    pair = low * n_reporters + np.maximum(found.first, found.second)
    codes, which = np.unique(pair, return_inverse=True)
    counts = np.bincount(which, minlength=codes.size).astype(float)
    capped = np.clip(found.log_ratio, -LARGEST, LARGEST) ** 2
    squares = np.bincount(which, weights=capped, minlength=codes.size) / counts
    design = np.zeros((codes.size, n_reporters))
    design[np.arange(codes.size), codes // n_reporters] = 1.0
    design[np.arange(codes.size), codes % n_reporters] = 1.0
    return design, squares, counts


def _weighted(design: Floats, squares: Floats, weights: Floats) -> Floats:
    """Return weighted non-negative least squares, by way of the normal equations."""
    from scipy.optimize import nnls

    weighted = design * (weights / weights.max())[:, None]
    root = np.linalg.cholesky(design.T @ weighted)
    return nnls(root.T, np.linalg.solve(root, weighted.T @ squares))[0]


def _floored(variances: Floats) -> Floats:
    return np.maximum(variances, LEAST_SHARE * variances.mean())


def _refuse_unidentified(design: Floats, reporters: Sequence[str]) -> None:
    information = design.T @ design
    size = np.sqrt(information.diagonal())
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    lost = values < 1e-10 * len(reporters)
    if lost.any():
        loose = np.flatnonzero(np.abs(vectors[:, lost]).max(axis=1) > 1e-6).tolist()
        raise _alike([reporters[i] for i in loose])


def _alike(names: Sequence[str]) -> ReporterError:
    return ReporterError(
        f"the reliability of {len(names)} reporters cannot be told apart",
        code="F-834",
        count=len(names),
        examples=names,
        remedy="Two sides that only differ from each other look alike: three reporters "
        "who all report on each other are needed. Use rule='mean' or name who goes first.",
    )
