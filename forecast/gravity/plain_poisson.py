"""PPML without fixed effects: Newton's method by QR, for few regressors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.arrays import Arrays, combined_offset
from forecast.gravity.records import Estimate, Floats, Ints, Rows

__all__ = [
    "Centred",
    "canonical_order",
    "centre",
    "fit_plain_poisson",
    "refuse_nothing",
]

MOST_STEPS = 200
SCORE_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Centred:
    """Regressors in a basis in which they are well conditioned.

    Attributes
    ----------
    Z : float array of shape (n, K)
        Columns with mean 0 (if there is a constant) and standard deviation 1.
    back : float array of shape (K, K)
        Slopes on the regressors as given are ``back @`` slopes on Z.
    """

    Z: Floats
    back: Floats


def centre(X: Floats) -> Centred:
    """Centre and scale the columns of X (n, K) around its constant column, if any."""
    constant = [
        k for k in range(X.shape[1]) if (X[:, k] == X[0, k]).all() and X[0, k] != 0
    ]
    center = X.mean(axis=0) if constant else np.zeros(X.shape[1])
    scale = np.sqrt(((X - center) ** 2).mean(axis=0))
    if constant:
        center[constant[0]], scale[constant[0]] = 0.0, X[0, constant[0]]
    scale[scale == 0] = 1.0
    back = np.diag(1.0 / scale)
    if constant:
        back[constant[0]] -= center / scale / X[0, constant[0]]
    return Centred((X - center) / scale, back)


def refuse_nothing(arrays: Arrays) -> None:
    """Raise where there is no column to fit (F-544)."""
    if not arrays.columns:
        raise ModelError(
            "a model without regressors, effects and constant has nothing to estimate",
            code="F-544",
            remedy="Add a constant (leave out '- 1'), a regressor or an effect.",
        )


def canonical_order(arrays: Arrays) -> Ints:
    """Rows of the sample sorted by their values, so that sums do not depend on input order."""
    rows = arrays.rows
    extra = [v for v in (arrays.weights, arrays.offset) if v is not None]
    keys = [values[rows] for values in (*extra, *reversed(arrays.columns), arrays.y)]
    return rows[np.lexsort(keys)]


def fit_plain_poisson(arrays: Arrays, *, tolerance: float = 1e-9) -> Estimate:
    """Fit PPML on the regressors alone (a constant is one of them).

    Raises
    ------
    ModelError
        F-542 when the score equations cannot be met, F-544 without any regressor.
    """
    refuse_nothing(arrays)
    rows = canonical_order(arrays)
    X = np.column_stack([column[rows] for column in arrays.columns])
    basis = centre(X)
    weights = None if arrays.weights is None else arrays.weights[rows]
    offset = None if arrays.offset is None else arrays.offset[rows]
    shift = combined_offset(weights, offset)
    shift = np.zeros(rows.size) if shift is None else shift
    mass = arrays.y[rows] if weights is None else arrays.y[rows] * weights
    unit = float(mass.mean())
    gamma, fitted, steps, contraction, norm = climb(
        basis.Z, mass / unit, shift - shift.mean(), tolerance
    )
    log_unit = np.log(unit) - shift.mean()
    eta = np.log(fitted) + np.log(unit)
    beta = basis.back @ gamma
    # The unit goes to the constant; without one it was kept in the offset.
    beta += constant_share(X, log_unit)
    R = np.linalg.qr(np.sqrt(fitted * unit)[:, None] * basis.Z, mode="r")
    half = basis.back @ np.linalg.inv(R)
    mu = np.exp(eta) if weights is None else np.exp(eta) / weights
    view = Rows(rows, arrays.y[rows], mu, weights, X)
    return Estimate("poisson", rows.size, beta, half @ half.T, steps, contraction, norm, view)


def constant_share(X: Floats, shift: float) -> Floats:
    """Slopes that add `shift` to every row: all of it on the constant column."""
    out = np.zeros(X.shape[1])
    for k in range(X.shape[1]):
        if X[0, k] != 0 and (X[:, k] == X[0, k]).all():
            out[k] = shift / X[0, k]
            break
    return out


def climb(
    Z: Floats, y: Floats, offset: Floats, tolerance: float
) -> tuple[Floats, Floats, int, float, float]:
    """Newton's method with step halving; returns slopes, means and how it ended."""
    # The first step of iteratively reweighted least squares from means between the data
    # and their average.
    mu = (y + 1.0) / 2.0
    gamma = solve_weighted(Z, np.log(mu) - offset + (y - mu) / mu, mu)
    before, size_before, best = gamma, np.inf, -np.inf
    for step in range(1, MOST_STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            eta = Z @ gamma + offset
            mu = np.exp(eta)
            loglik = float((y * eta - mu).sum())
        if not np.isfinite(loglik) or loglik < best - 1e-9 * abs(best):
            gamma = (gamma + before) / 2
            continue
        best = loglik
        score = np.abs(Z.T @ (y - mu)).max(initial=0.0) / y.size
        direction = solve_weighted(Z, (y - mu) / mu, mu)
        size = float(np.abs(direction).max(initial=0.0))
        contraction = size / size_before if np.isfinite(size_before) else 1.0
        if score < SCORE_TOLERANCE and size < tolerance:
            return gamma, mu, step, contraction, float(score)
        before, gamma, size_before = gamma, gamma + direction, size
    raise ModelError(
        f"PPML did not converge in {MOST_STEPS} steps (scores are {score:.1e} of the "
        f"outcome)",
        code="F-542",
        remedy="Check for separated observations and nearly collinear regressors.",
    )


def solve_weighted(Z: Floats, target: Floats, weights: Floats) -> Floats:
    """Least squares of target on Z with weights, by QR."""
    root = np.sqrt(weights)
    q, r = np.linalg.qr(root[:, None] * Z)
    return np.linalg.solve(r, q.T @ (root * target))
