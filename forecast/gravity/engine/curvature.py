"""The information about the slopes, with the effects projected off the regressors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.gravity.engine.conjugate import Conditioner
from forecast.gravity.engine.system import System
from forecast.gravity.records import Floats

__all__ = ["Curvature", "curvature_at", "final_curvature"]

FINAL_TOLERANCE = 3e-8  # of Theta; the error of the information is its square
# Of what is left of a regressor, the most that is wrong in it, squared.
FINAL_SHARE = 1e-13
MOST_ROUNDS = 3
# Of what a column holds within groups; less on the other effects is rounding.
FINAL_ROUNDING = 1e-11


@dataclass(frozen=True)
class Curvature:
    """The information matrix at one place, as far as slopes need it.

    Attributes
    ----------
    inverse : float array of shape (K, K)
        Inverse of G.
    Theta : float array of shape (R, K, T)
        Coefficients of the regressors on the effects.
    iterations : int
        Of conjugate gradients.
    """

    inverse: Floats
    Theta: Floats
    iterations: int


def curvature_at(
    system: System,
    mu: Floats,
    conditioner: Conditioner,
    before: Curvature | None,
    tolerance: float,
) -> Curvature:
    """Project the regressors off the effects at weights mu."""
    C, gram = system.moments(mu)
    solved = system.solve(
        mu,
        conditioner,
        C.astype(mu.dtype),
        None if before is None else before.Theta,
        tolerance=tolerance,
        floor=(tolerance / 100) ** 2 * np.diag(gram),
    )
    return curvature_of(
        C, gram, solved.V.astype(float), solved.residual, solved.iterations
    )


def final_curvature(system: System, mu: Floats, before: Curvature | None) -> Curvature:
    """The curvature to full precision, at means in double precision.

    What the last curvature leaves is computed in double precision and solved for in
    single precision, which is half the work for the same digits. Where effects hold
    nearly all of a regressor, digits that are right beside the whole are wrong beside the
    rest: then what is left is computed and solved for again.
    """
    C, gram = system.moments(mu)
    every = np.arange(C.shape[1])
    Theta = np.zeros_like(C) if before is None else before.Theta
    fast = system.fast_means(mu)
    conditioner = system.conditioner(fast)
    size, Z = np.empty(every.size), np.empty(C.shape, fast.dtype)
    conditioner.apply(C.astype(fast.dtype), every, Z, size)
    rounding = FINAL_ROUNDING**2 * np.diag(gram)
    wanted = FINAL_TOLERANCE**2 * size
    for _ in range(MOST_ROUNDS):
        rest = C - system.product(mu, Theta, every)
        solved = system.solve(
            fast,
            conditioner,
            rest.astype(fast.dtype),
            tolerance=0.0,
            floor=np.maximum(wanted, rounding),
        )
        Theta = Theta + solved.V
        found = curvature_of(C, gram, Theta, solved.residual, solved.iterations)
        left = 1.0 / np.diag(found.inverse)  # of each regressor, beside all others
        if (wanted <= FINAL_SHARE * left).all():
            break
        wanted = np.minimum(wanted, FINAL_SHARE / 10 * np.abs(left))
    return found


def curvature_of(
    C: Floats, gram: Floats, Theta: Floats, residual: Floats, iterations: int
) -> Curvature:
    """Information about the slopes, G, given the coefficients on effects.

    With the residual added, the error of G is of second order in that of Theta.
    """
    # einsum, not BLAS: its threads would spin beside ours, and may change last bits.
    G = gram - np.einsum("rkt,rmt->km", C + residual, Theta)
    return Curvature(np.linalg.inv((G + G.T) / 2), Theta, iterations)
