r"""Shocks that are correlated across units, without a matrix of units by units.

Let :math:`e_{it}` be residuals divided by their root mean square, zero where missing, and
:math:`\hat R = E E' / T`. Between many units and few periods :math:`\hat R` is singular
and its entries are noisy. It is shrunk towards the same correlation for all pairs, their
mean :math:`\bar r` (0 if negative):

.. math:: R = (1 - \lambda) \hat R
          + \lambda \left[ (1 - \bar r) I + \bar r\, 1 1' \right].

So the variance of a total over all units is not shrunk away with the noise of single
pairs; towards no correlation at all it would be. The intensity is that of Schäfer and
Strimmer (2005, Statistical Applications in Genetics and Molecular Biology 4(1), article
32, target F; after Ledoit and Wolf 2004, Journal of Portfolio Management 30(4)),

.. math:: \lambda = \frac{\sum_{i \ne j} \widehat{\mathrm{Var}}(\hat r_{ij})}
                         {\sum_{i \ne j} (\hat r_{ij} - \bar r)^2}, \qquad
          \widehat{\mathrm{Var}}(\hat r_{ij}) = \frac{T}{(T-1)^3}
          \sum_t (w_{ijt} - \bar w_{ij})^2, \quad w_{ijt} = e_{it} e_{jt}.

A shock with this correlation is a sum of T + 1 common factors and an own part,

.. math:: z_i = \sqrt{\frac{1-\lambda}{T}} \sum_t e_{it} f_t
          + \sqrt{\lambda \bar r}\, f_0 + c_i \varepsilon_i,

so memory and time grow with units times periods. The sums over pairs need only the
matrix :math:`E'E` of periods by periods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dependence", "draw_shocks", "estimate_dependence"]

Floats = NDArray[np.floating[Any]]

FEWEST_COMMON = 5
"""Periods with residuals below which units are taken as independent."""

UNITS_AT_ONCE = 256
"""Rows of one matrix product; fixed, so that bits do not depend on threads."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """How the shock of each unit is made of common factors and an own part.

    Attributes
    ----------
    loadings : float array of shape (n_units, n_factors)
    own : float array of shape (n_units,)
        Weight of the own part; the squares of a row and its own weight add up to 1.
    shrinkage : float
        The intensity lambda.
    mean : float
        Mean correlation of two units, what is shrunk towards; 0 if negative.
    """

    loadings: Floats
    own: Floats
    shrinkage: float
    mean: float


def estimate_dependence(residuals: Floats) -> Dependence:
    """Estimate the shrunk correlation of rows of residuals, NaN where missing.

    Parameters
    ----------
    residuals : float array of shape (n_units, n_periods)
    """
    n_units = residuals.shape[0]
    shared = np.isfinite(residuals).sum(axis=0) > 1
    together = residuals[:, shared]
    if together.shape[1] < FEWEST_COMMON:
        return Dependence(np.zeros((n_units, 0)), np.ones(n_units), 1.0, 0.0)
    standard = _standardised(together)
    shrinkage, mean = _shrinkage(standard)
    single = np.sqrt((1 - shrinkage) / together.shape[1]) * standard
    alike = np.full((n_units, 1), np.sqrt(shrinkage * mean))
    loadings = np.concatenate([single, alike], axis=1)
    own = np.sqrt(np.maximum(1 - (loadings**2).sum(axis=1), 0))
    return Dependence(loadings, own, shrinkage, mean)


def _standardised(residuals: Floats) -> Floats:
    """Divide rows by their root mean square; zero where missing or without spread."""
    known = np.isfinite(residuals)
    filled = np.where(known, residuals, 0.0)
    largest = np.abs(filled).max(axis=1, keepdims=True)
    filled = np.divide(filled, largest, out=np.zeros_like(filled), where=largest > 0)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    size = np.sqrt((filled**2).sum(axis=1, keepdims=True) / count)
    return np.divide(filled, size, out=np.zeros_like(filled), where=size > 0)


def _shrinkage(standard: Floats) -> tuple[float, float]:
    """Return intensity and mean correlation of the module's formulas."""
    units, count = standard.shape
    pairs = units * (units - 1)
    gram = standard.T @ standard
    squares, fourths = (standard**2).sum(axis=1), (standard**4).sum(axis=1)
    sum_r = ((standard.sum(axis=0) ** 2).sum() - squares.sum()) / count
    sum_r2 = ((gram**2).sum() - (squares**2).sum()) / count**2  # over i != j
    sum_w2 = ((standard**2).sum(axis=0) ** 2).sum() - fourths.sum()
    mean = float(np.clip(sum_r / pairs, 0, 1))
    variance = count / (count - 1) ** 3 * (sum_w2 - count * sum_r2)
    around = sum_r2 - 2 * mean * sum_r + pairs * mean**2
    if around <= variance:
        return 1.0, mean
    return float(max(variance / around, 0)), mean


def draw_shocks(
    dependence: Dependence,
    common: np.random.Generator,
    own: Sequence[np.random.Generator],
    steps: int,
    paths: int,
) -> Floats:
    """Draw standard normal shocks of shape (n_units, steps, paths).

    The first steps do not depend on how many follow.
    """
    n_units, n_factors = dependence.loadings.shape
    shocks = np.empty((n_units, steps, paths))
    for step in range(steps):
        for row, rng in enumerate(own):
            shocks[row, step] = dependence.own[row] * rng.standard_normal(paths)
        if not n_factors:
            continue
        factors = common.standard_normal((n_factors, paths))
        for start in range(0, n_units, UNITS_AT_ONCE):
            rows = slice(start, start + UNITS_AT_ONCE)
            shocks[rows, step] += dependence.loadings[rows] @ factors
    return shocks
