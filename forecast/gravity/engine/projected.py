"""PPML with regressors that the effects hold nearly all of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.engine.absorption import Absorber
from forecast.gravity.engine.curvature import Curvature
from forecast.gravity.engine.newton import Optimum, maximise
from forecast.gravity.engine.row_system import RowSystem

__all__ = ["maximise_rows"]


def maximise_rows(system: RowSystem, *, tolerance: float) -> Optimum:
    """Maximise; where that fails, once more with the effects projected off the regressors.

    What is left of a regressor beside its effects tells its slope. If that is a
    thousandth of the whole, the information matrix is a small difference of large
    numbers; taken off first, what is left has the size of a regressor.

    Raises
    ------
    ModelError
        F-542 when both fail.
    """
    try:
        return maximise(system, tolerance=tolerance)
    except ModelError:
        if not system.n_columns:
            raise
        return maximise_off_effects(system, tolerance)


def maximise_off_effects(system: RowSystem, tolerance: float) -> Optimum:
    """Maximise with projected regressors, and put the optimum in terms of the given ones.

    With ``X = X' + D Theta`` (and finest effects, which are computed from what is left in
    the end), slopes are the same and effects are ``theta' - Theta beta``.
    """
    absorber = Absorber.of(system.sorted, np.ones(system.y.size))
    Theta = absorber.coefficients(system.X)
    rest = absorber.residuals(system.X, Theta)
    again = absorber.coefficients(rest)  # what the first round left by its rounding
    Theta = Theta + again
    rest = absorber.residuals(rest, again)
    scale = np.sqrt((rest**2).mean(axis=1))
    rest /= scale[:, None]
    reach = np.abs(rest).max(axis=1)
    best = maximise(replace(system, X=rest, reach=reach), tolerance=tolerance)
    beta = best.beta / scale
    curvature = Curvature(
        best.curvature.inverse / np.outer(scale, scale),
        Theta.T[:, :, None] + best.curvature.Theta * scale[None, :, None],
        best.curvature.iterations,
    )
    theta = best.theta - (beta @ Theta)[:, None]
    return replace(best, beta=beta, theta=theta, curvature=curvature)
