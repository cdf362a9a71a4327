r"""Shocks that all units share, taken out of an estimate of slopes as far as they go.

With a correlation r of errors between units, generalised least squares takes from each
value a share of the mean of the N units that are there in the same period,

.. math:: \tilde x_{it} = x_{it} - \sigma_i \lambda_t \frac{1}{N_t}
          \sum_j \frac{\dot x_{jt}}{\sigma_j}, \qquad
          \lambda_t = 1 - \sqrt{\frac{1 - r}{1 - r + N_t r}},

of values and regressors alike (:math:`\dot x`: without the unit's own line). At
:math:`\lambda = 1` these were period effects; but then an indicator that is the same for
all units, such as an oil price, could not be estimated. A world recession that falls
into the years of many visits does not pass for their effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.regression.common_slopes import (
    FEWEST_CLUSTERS,
    CommonSlopes,
    Evidence,
)

__all__ = ["SharedShocks", "shared_shocks"]

Floats = NDArray[np.floating[Any]]

LARGEST_CORRELATION = 0.95


class SharedShocks:
    """How much of the period's mean is taken out of each unit.

    Parameters
    ----------
    sigma : float array of shape (N,)
        Spread of each unit's errors.
    correlation : float
        Of errors between units.
    """

    def __init__(self, sigma: Floats, correlation: float) -> None:
        self.sigma, self.correlation = sigma, correlation

    def taken_out(self, units: Sequence[Evidence]) -> list[Evidence]:
        """Return the units without their share of what is shared."""
        if not self.correlation > 0 or len(units) < FEWEST_CLUSTERS:
            return list(units)
        width = 1 + units[0].z.shape[1]
        periods = max(int(unit.start + unit.times[-1]) for unit in units) + 1
        total, count = np.zeros((periods, width)), np.zeros(periods)
        for unit, sigma in zip(units, self.sigma.tolist(), strict=True):
            at = unit.start + unit.times
            total[at] += _without_line(_columns(unit), unit) / sigma
            count[at] += 1
        r = self.correlation
        share = 1 - np.sqrt((1 - r) / (1 - r + count * r))
        mean = total * (share / np.maximum(count, 1))[:, None]
        return [
            _less(unit, sigma * mean[unit.start + unit.times])
            for unit, sigma in zip(units, self.sigma.tolist(), strict=True)
        ]


def shared_shocks(units: Sequence[Evidence], fit: CommonSlopes) -> SharedShocks:
    """Estimate spread and correlation from whitened errors."""
    sigma = np.sqrt((fit.weights * fit.squares).sum(axis=1) / fit.df)
    periods = max(int(unit.start + unit.times[-1]) for unit in units) + 1
    total, squares, count = np.zeros(periods), np.zeros(periods), np.zeros(periods)
    both = np.concatenate([[1.0], -fit.beta])
    for row, unit in enumerate(units):
        errors = fit.weights[row] @ (unit.white() @ both) / sigma[row]
        at = unit.start + unit.times
        total[at] += errors
        squares[at] += errors**2
        count[at] += 1
    pairs = float((count * (count - 1)).sum())
    size = float(squares.sum() / max(count.sum(), 1))
    together = float((total**2 - squares).sum())
    correlation = together / (pairs * size) if pairs > 0 and size > 0 else 0.0
    return SharedShocks(sigma, float(np.clip(correlation, 0, LARGEST_CORRELATION)))


def _columns(unit: Evidence) -> Floats:
    return np.concatenate([unit.x[:, None], unit.z], axis=1)


def _without_line(columns: Floats, unit: Evidence) -> Floats:
    """Return columns less their least squares lines."""
    times = unit.times - unit.times.mean()
    centred = columns - columns.mean(axis=0)
    return np.asarray(centred - np.outer(times, times @ centred) / (times @ times))


def _less(unit: Evidence, mean: Floats) -> Evidence:
    return replace(unit, x=unit.x - mean[:, 0], z=unit.z - mean[:, 1:])
