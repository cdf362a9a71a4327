r"""Newton's method for PPML on slopes and effects together, with inexact pieces.

The finest effect is concentrated out, so the unknowns are the slopes :math:`\beta` and
the other effects :math:`\theta`. With scores :math:`s_\beta = X'(y-\mu)`,
:math:`s_\theta = D'(y-\mu)`, the Schur complement S of the effects' information matrix,
:math:`C = D'W\tilde X` and :math:`\Theta = S^{-1}C`, a step is

.. math::

   d_\beta = G^{-1}(s_\beta - \Theta's_\theta), \qquad
   d_\theta = S^{-1}s_\theta - \Theta d_\beta, \qquad
   G = \tilde X'W\tilde X - C'\Theta .

Scores are exact at every step. So :math:`\Theta` and G may be those of an earlier step,
and :math:`S^{-1}` may be a few loose iterations of conjugate gradients: an error there
slows the contraction, it never moves the solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.engine.conjugate import Conditioner
from forecast.gravity.engine.curvature import (
    Curvature,
    curvature_at,
    final_curvature,
)
from forecast.gravity.engine.system import Point, System
from forecast.gravity.records import Floats

__all__ = ["Optimum", "maximise"]

SCORE_TOLERANCE = 1e-9  # of the final check; ten times below what is promised
# Of Theta, refresh by refresh. While columns are few a closer one costs less than the
# pass over the data that it saves.
REFRESH_TOLERANCES = (5e-2, 1e-2, 1e-3)
CLOSER_TOLERANCES = (5e-2, 3e-3, 1e-4)
FEW_COLUMNS = 6
CLOSEST = 1e-5  # what conjugate gradients in single precision can promise
SAFETY = 4.0  # what two steps tell of the error that is left may be so far off
MOST_HALVINGS = 30
# A likelihood is far from quadratic beyond a change of log means by this; where fitted
# shares are near 0 or 1 a full step would be as long as the numbers go.
LONGEST_STEP = 3.0


@dataclass(frozen=True)
class Optimum:
    """Where the iteration ended.

    Attributes
    ----------
    beta : float array of shape (K,)
    theta : float array of shape (R, T)
    point : Point
    curvature : Curvature
        At the optimum, to full precision.
    iterations : int
        Passes over the data.
    contraction : float
    score_norm : float
    """

    beta: Floats
    theta: Floats
    point: Point
    curvature: Curvature
    iterations: int
    contraction: float
    score_norm: float


@dataclass(frozen=True)
class Step:
    """One Newton step, and how far it is from the solution by all that is known."""

    beta: Floats
    theta: Floats
    size: float
    contraction: float
    iterations: int
    settles: bool


def maximise(
    system: System, *, tolerance: float = 1e-9, most_steps: int = 100
) -> Optimum:
    """Maximise the Poisson pseudo-likelihood of a system.

    Parameters
    ----------
    system : System
        Its columns are centred and scaled, so that `tolerance` has a meaning.
    tolerance : float
        Bound on the remaining error of a standardised slope.
    most_steps : int

    Raises
    ------
    ModelError
        F-542 when the scores are not zero to `SCORE_TOLERANCE` after `most_steps`.
    """
    beta: Floats = np.zeros(system.n_columns)
    theta = system.start()
    curvature: Curvature | None = None
    step: Step | None = None
    best = -np.inf
    refreshes = age = 0
    few = system.n_columns <= FEW_COLUMNS
    tolerances = CLOSER_TOLERANCES if few else REFRESH_TOLERANCES
    for count in range(most_steps):
        point, step, beta, theta = climb(system, beta, theta, step, best)
        best = point.loglik
        if step is not None and step.settles:
            norm = score_norm(system, point)
            if norm <= SCORE_TOLERANCE:
                final = final_curvature(system, point.mu, curvature)
                return Optimum(
                    beta, theta, point, final, count + 1, step.contraction, norm
                )
        conditioner = system.conditioner(point.mu)
        if curvature is None or worth_refreshing(
            curvature, step, count, age, tolerance
        ):
            close = tolerances[min(refreshes, len(tolerances) - 1)]
            curvature = curvature_at(system, point.mu, conditioner, curvature, close)
            refreshes, age = refreshes + 1, 0
        step = newton_step(system, point, conditioner, curvature, step, tolerance)
        age += 1
        beta, theta = beta + step.beta, theta + step.theta
    raise ModelError(
        f"PPML did not converge in {most_steps} steps (scores are "
        f"{score_norm(system, point):.1e} of the outcome, the last step moved the slopes "
        f"by {step.size if step else np.nan:.1e} of their scale)",
        code="F-542",
        remedy="Check for separated observations and nearly collinear regressors.",
    )


def climb(
    system: System, beta: Floats, theta: Floats, step: Step | None, best: float
) -> tuple[Point, Step | None, Floats, Floats]:
    """Evaluate at (beta, theta), going back along the last step until it is uphill."""
    exact = step is not None and step.settles
    fraction = 1.0
    for _ in range(MOST_HALVINGS):
        point = system.evaluate(beta, theta, exact=exact)
        # Rounding moves a likelihood at its maximum; that is not downhill.
        slack = 1e-9 * abs(best) if np.isfinite(best) else 0.0
        if step is None or (np.isfinite(point.loglik) and point.loglik >= best - slack):
            return point, step, beta, theta
        fraction /= 2
        beta = beta - fraction * step.beta
        theta = theta - fraction * step.theta
    return point, step, beta, theta


def newton_step(
    system: System,
    point: Point,
    conditioner: Conditioner,
    curvature: Curvature,
    before: Step | None,
    tolerance: float,
) -> Step:
    """The step from `point` with the curvature at hand."""
    d_beta = curvature.inverse @ (
        point.s_beta - np.einsum("rkt,rt->k", curvature.Theta, point.s_theta)
    )
    size = float(np.abs(d_beta).max(initial=0.0))
    contraction = 1.0 if before is None or before.size == 0 else size / before.size
    rhs = point.s_theta[:, None, :].astype(point.mu.dtype)
    gap, Z = np.empty(1), np.empty_like(rhs)
    conditioner.apply(rhs, np.arange(1), Z, gap)
    distance = float(np.sqrt(max(gap[0], 0.0) / system.total))
    # What the slopes have left after this step, and the second order of Newton's method.
    slopes_settle = SAFETY * size * min(1.0, contraction) < tolerance
    curved = max(distance**2, size**2)
    loose = min(max(distance, 1e-3), 0.1)
    if slopes_settle and curved < SCORE_TOLERANCE:
        # The last step: a closer solve is cheaper than one step more.
        loose = (
            min(loose, max(SCORE_TOLERANCE / 2 / distance, CLOSEST))
            if distance
            else loose
        )
    settles = slopes_settle and max(loose * distance, curved) < SCORE_TOLERANCE
    solved = system.solve(
        point.mu,
        conditioner,
        rhs,
        tolerance=loose,
        floor=1e-22 * system.total,
    )
    d_theta = solved.V[:, 0].astype(float) - np.einsum(
        "rkt,k->rt", curvature.Theta, d_beta
    )
    longest = max(
        float((np.abs(d_beta) * system.reach).max(initial=0.0)),
        float(np.abs(d_theta).max(initial=0.0)),
    )
    if longest > LONGEST_STEP:
        settles, fraction = False, LONGEST_STEP / longest
        d_beta, d_theta = fraction * d_beta, fraction * d_theta
    return Step(d_beta, d_theta, size, contraction, solved.iterations, settles)


def worth_refreshing(
    curvature: Curvature,
    step: Step | None,
    count: int,
    age: int,
    tolerance: float,
) -> bool:
    """Whether new curvature costs less than the steps that it saves.

    In units of one pass over one column, as measured: a step costs the score pass and its
    conjugate gradients, a refresh the moments and those of all columns.
    """
    n_columns = curvature.inverse.shape[0]
    if step is None or n_columns == 0:
        return False
    if count < len(REFRESH_TOLERANCES):
        return True
    if age < 2:  # what the curvature at hand is worth shows after its second step
        return False
    rate = min(max(step.contraction, 1e-4), 0.9)
    steps_left = np.log(tolerance / max(step.size, tolerance)) / np.log(rate)
    step_cost = n_columns + 8 + 2 * max(step.iterations, 3)
    refresh_cost = (
        n_columns**2 / 8
        + 3 * n_columns
        + 1.2 * n_columns * max(curvature.iterations, 3)
    )
    return bool(steps_left * step_cost > refresh_cost + 1.5 * step_cost)


def score_norm(system: System, point: Point) -> float:
    """The largest relative violation of a score equation.

    Margins: absolute differences of fitted and observed sums over an effect's levels,
    relative to the sum of the outcome. Slopes: scores of the standardised regressors
    relative to the same.
    """
    margins = np.abs(point.s_theta).sum() / system.total
    slopes = np.abs(point.s_beta).max(initial=0.0) / system.total
    return float(max(margins, slopes))
