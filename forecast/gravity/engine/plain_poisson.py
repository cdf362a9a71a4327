"""PPML without fixed effects: Newton's method by QR, for few regressors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.engine.arrays import Arrays, combined_offset
from forecast.gravity.engine.block_work import add_over_blocks, cut_blocks
from forecast.gravity.records import Estimate, Floats, Ints, Rows
from forecast.kernels import plain

__all__ = [
    "Centred",
    "canonical_order",
    "centre",
    "fit_plain_poisson",
    "refuse_nothing",
]

MOST_STEPS = 200
SCORE_TOLERANCE = 1e-10
WELL_CONDITIONED = 1e6
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, with well mixed bits


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
    """Rows of the sample in an order of their own, so that sums do not depend on input.

    Rows are sorted by a hash of all their values; equal rows may change places.
    """
    rows = arrays.rows
    values = [arrays.y, *arrays.columns, arrays.weights, arrays.offset]
    keys = np.zeros(rows.size, np.uint64)
    with np.errstate(over="ignore"):
        for column in values:
            if column is not None:
                # Adding 0 turns -0 into 0, which equals it.
                bits = (column[rows] + 0.0).view(np.uint64)
                keys = (keys ^ bits) * MULTIPLIER
                keys ^= keys >> np.uint64(29)
    return rows[np.argsort(keys)]


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
    end = climb(basis.Z, mass / unit, shift - shift.mean(), tolerance)
    # The unit goes to the constant; without one it was kept in the offset.
    beta = basis.back @ end.gamma + constant_share(X, np.log(unit) - shift.mean())
    R = np.linalg.qr(np.sqrt(end.mu * unit)[:, None] * basis.Z, mode="r")
    half = basis.back @ np.linalg.inv(R)
    mu = end.mu * unit if weights is None else end.mu * unit / weights
    view = Rows(rows, arrays.y[rows], mu, weights, X)
    return Estimate(
        "poisson",
        rows.size,
        beta,
        half @ half.T,
        end.steps,
        end.contraction,
        end.score,
        view,
    )


def constant_share(X: Floats, shift: float) -> Floats:
    """Slopes that add `shift` to every row: all of it on the constant column."""
    out = np.zeros(X.shape[1])
    for k in range(X.shape[1]):
        if X[0, k] != 0 and (X[:, k] == X[0, k]).all():
            out[k] = shift / X[0, k]
            break
    return out


@dataclass(frozen=True)
class Summit:
    """Where Newton's method ended: slopes on Z, means, and how it got there."""

    gamma: Floats
    mu: Floats
    steps: int
    contraction: float
    score: float


def climb(Z: Floats, y: Floats, offset: Floats, tolerance: float) -> Summit:
    """Newton's method with step halving, on columns Z (n, K) and an outcome of mean 1."""
    columns = np.ascontiguousarray(Z.T)
    cuts = cut_blocks(np.arange(y.size), y.size)
    eta, mu = np.empty((2, y.size))
    # The first step is that of iteratively reweighted least squares from means between
    # the data and their average.
    middle = (y + 1.0) / 2.0
    gamma, _ = step_of(
        cuts, Z, columns, middle, np.log(middle) - offset + (y - middle) / middle
    )
    before, size_before, best, score = gamma, np.inf, -np.inf, np.inf
    for step in range(1, MOST_STEPS):
        values, _ = add_over_blocks(
            cuts,
            lambda first, last, gamma=gamma: plain.fitted_means(
                first, last, y, columns, offset, gamma, eta, mu
            ),
        )
        loglik = float(sum(values))
        if not np.isfinite(loglik) or loglik < best - 1e-9 * abs(best):
            gamma = (gamma + before) / 2
            continue
        best = loglik
        direction, moment = step_of(cuts, Z, columns, mu, (y - mu) / mu)
        score = float(np.abs(moment).max(initial=0.0)) / y.size
        size = float(np.abs(direction).max(initial=0.0))
        contraction = size / size_before if np.isfinite(size_before) else 1.0
        if score < SCORE_TOLERANCE and size < tolerance:
            return Summit(gamma, mu, step, contraction, score)
        before, gamma, size_before = gamma, gamma + direction, size
    raise ModelError(
        f"PPML did not converge in {MOST_STEPS} steps (scores are {score:.1e} of the "
        f"outcome)",
        code="F-542",
        remedy="Check for separated observations and nearly collinear regressors.",
    )


def step_of(
    cuts: Ints, Z: Floats, columns: Floats, weights: Floats, target: Floats
) -> tuple[Floats, Floats]:
    """Weighted least squares of target on Z, and ``Z' W target``.

    By the normal equations of the scaled columns, which lose few digits, or by QR where
    they would lose many.
    """
    k = columns.shape[0]
    _, (moment, gram) = add_over_blocks(
        cuts,
        lambda first, last, moment, gram: plain.normal_equations(
            first, last, columns, weights, target, moment, gram
        ),
        (k,),
        (k, k),
    )
    scale = np.sqrt(np.diag(gram))
    scale[scale == 0] = 1.0
    if np.linalg.cond(gram / np.outer(scale, scale)) < WELL_CONDITIONED:
        return np.linalg.solve(gram, moment), moment
    return solve_weighted(Z, target, weights), moment


def solve_weighted(Z: Floats, target: Floats, weights: Floats) -> Floats:
    """Least squares of target on Z with weights, by QR."""
    root = np.sqrt(weights)
    q, r = np.linalg.qr(root[:, None] * Z)
    return np.linalg.solve(r, q.T @ (root * target))
