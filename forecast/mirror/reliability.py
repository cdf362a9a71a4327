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

    Raises
    ------
    ReporterError
        F-834 when figures do not tell reporters apart.
    """
    from scipy.optimize import nnls

    design = np.zeros((found.first.size, len(reporters)))
    np.add.at(design, (np.arange(found.first.size), found.first), 1.0)
    np.add.at(design, (np.arange(found.first.size), found.second), 1.0)
    _refuse_unidentified(design, reporters)
    squares = np.clip(found.log_ratio, -LARGEST, LARGEST) ** 2
    weights = np.ones(squares.size)
    variances: Floats = np.zeros(len(reporters))
    for _ in range(STEPS):
        before = variances
        variances, _ = nnls(design * weights[:, None], squares * weights)
        variances = _floored(variances)
        weights = 1.0 / (design @ variances) if variances.max() > 0 else weights
        if np.allclose(variances, before, rtol=1e-8, atol=0):
            break
    return variances


def _floored(variances: Floats) -> Floats:
    return np.maximum(variances, LEAST_SHARE * variances.mean())


def _refuse_unidentified(design: Floats, reporters: tuple[str, ...]) -> None:
    information = design.T @ design
    size = np.sqrt(np.maximum(information.diagonal(), 1.0))
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    lost = values < 1e-10 * len(reporters)
    if not lost.any():
        return
    loose = np.flatnonzero(np.abs(vectors[:, lost]).max(axis=1) > 1e-6)
    names = [reporters[i] for i in loose]
    raise ReporterError(
        f"the reliability of {len(names)} reporters cannot be told apart",
        code="F-834",
        count=len(names),
        examples=names,
        remedy="Two sides that only differ from each other look alike: three reporters "
        "who all report on each other are needed. Use rule='mean' or name who goes first.",
    )
