r"""Coefficients to judge all libraries by, from a plain solver that shares no code with them.

    python -m benchmarks.reference S M L H M-K20     adds them to reference.json

All slopes and effects are one vector :math:`\theta` with a sparse design :math:`A`.
Newton steps :math:`A'WA\,d = A'(y - \mu)` are solved by conjugate gradients, nothing
profiled out and nothing stale, until a step moves no slope by 1e-12. The preconditioner is
the diagonal, on the ring (where it would take very long) a sparse factor. Slow and obvious. Standard errors are clustered with the factor
G / (G - 1) alone, the convention that every adapter asks its library for.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.problems import Problem, Ring, fingerprint, parse_problem

__all__ = ["Reference", "load_reference", "solve_reference"]

STORED = Path(__file__).with_name("reference.json")
STEPS = 60
SMALLEST_STEP = 1e-12


@dataclass(frozen=True)
class Reference:
    """The solution of one problem.

    Attributes
    ----------
    data : str
        Fingerprint of the data that were solved.
    coefficients, errors : dict of float
        By term; `errors` are standard errors.
    rows, clusters : int
        Rows and clusters that carry information.
    last_step : float
        Largest move of a slope in the last Newton step.
    made : str
        When and with which versions.
    """

    data: str
    coefficients: dict[str, float]
    errors: dict[str, float]
    rows: int
    clusters: int
    last_step: float
    made: str


def load_reference(problem: Problem, frame: pd.DataFrame) -> Reference | None:
    """The stored reference, unless it was made from other data."""
    found = json.loads(STORED.read_text()) if STORED.exists() else {}
    if problem.name not in found:
        return None
    reference = Reference(**found[problem.name])
    return reference if reference.data == fingerprint(frame) else None


def solve_reference(problem: Problem, frame: pd.DataFrame) -> Reference:
    """Solve `problem` to the last digits; L takes minutes."""
    codes = [combined(frame, effect) for effect in problem.effects]
    y = frame[problem.outcome].to_numpy(float)
    kept = informative_rows(y, codes)
    y = y[kept]
    levels = [pd.factorize(code[kept])[0] for code in codes]
    X = frame.loc[kept, list(problem.terms)].to_numpy(float)
    if not levels:
        X = np.column_stack([X, np.ones(y.size)])
    D = dummies(levels, y.size)
    hard = isinstance(problem.shape, Ring)
    beta, mu, last_step = newton(y, X, D, hard=hard)
    clusters = pd.factorize(frame.loc[kept, problem.cluster])[0]
    errors = clustered_errors(y, mu, X, D, clusters, hard=hard)
    names = problem.terms
    return Reference(
        fingerprint(frame),
        dict(zip(names, beta[: len(names)].tolist(), strict=True)),
        dict(zip(names, errors[: len(names)].tolist(), strict=True)),
        int(kept.sum()),
        int(clusters.max()) + 1,
        last_step,
        f"{dt.date.today()}, numpy {np.__version__}, Python {platform.python_version()}",
    )


def combined(frame: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """One whole number for each combination of `columns`."""
    code = np.zeros(len(frame), dtype=np.int64)
    for column in columns:
        codes, values = pd.factorize(frame[column])
        code = code * len(values) + codes
    return pd.factorize(code)[0]


def informative_rows(y: np.ndarray, codes: list[np.ndarray]) -> np.ndarray:
    """Rows left when levels without trade and levels of one row are gone for good."""
    kept = np.ones(y.size, dtype=bool)
    before = -1
    while before != kept.sum():
        before = kept.sum()
        for code in codes:
            rows = np.bincount(code, kept)
            total = np.bincount(code, kept * y)
            kept &= (rows[code] > 1) & (total[code] > 0)
    return kept


def dummies(levels: list[np.ndarray], rows: int) -> sparse.csr_array:
    """Every effect's dummies side by side, shape (rows, levels)."""
    if not levels:
        return sparse.csr_array((rows, 0))
    counts = [code.max() + 1 for code in levels]
    starts = np.cumsum([0, *counts[:-1]])
    columns = np.stack([code + at for code, at in zip(levels, starts, strict=True)], 1)
    pointers = np.arange(0, columns.size + 1, len(levels))
    ones = np.ones(columns.size)
    shape = (rows, int(sum(counts)))
    return sparse.csr_array((ones, columns.ravel(), pointers), shape=shape)


def newton(
    y: np.ndarray, X: np.ndarray, D: sparse.csr_array, *, hard: bool
) -> tuple[np.ndarray, np.ndarray, float]:
    """Slopes, fitted means and the last move of a slope."""
    # Slopes last: eliminated in this order, the ring's factor stays as sparse as the ring.
    A = sparse.hstack([D, sparse.csr_array(X)], format="csr")
    slopes = slice(D.shape[1], None)
    theta = np.zeros(A.shape[1])
    mu = (y + y.mean()) / 2
    eta = np.log(mu)
    # The first step regresses the working outcome; from then on eta = A theta.
    step = weighted_solve(A, mu, A.T @ (mu * (eta - 1) + y), 1e-4, hard=hard)
    theta, loose = theta + step, 1e-4
    eta, mu, fit = evaluate(A, theta, y)
    for _ in range(STEPS):
        step = weighted_solve(A, mu, A.T @ (y - mu), loose, hard=hard)
        size, best = 1.0, fit
        eta, mu, fit = evaluate(A, theta + step, y)
        while not fit >= best - 1e-12 * abs(best) and size > 1e-6:
            size /= 2
            eta, mu, fit = evaluate(A, theta + size * step, y)
        theta = theta + size * step
        moved = float(np.abs(size * step[slopes]).max())
        if moved < SMALLEST_STEP and loose <= 1e-9:
            return theta[slopes], mu, moved
        loose = min(loose, max(1e-10, 1e-3 * moved))
    raise RuntimeError(f"no convergence in {STEPS} steps; slopes still move {moved:g}")


def evaluate(
    A: sparse.csr_array, theta: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Linear predictor, mean and pseudo-likelihood."""
    eta = A @ theta
    with np.errstate(over="ignore"):
        mu = np.exp(eta)
    return eta, mu, float(y @ eta - mu.sum())


def weighted_solve(
    A: sparse.csr_array, w: np.ndarray, right: np.ndarray, loose: float, *, hard: bool
) -> np.ndarray:
    """``(A'WA)^-1 right`` to a relative residual of `loose`.

    Where A is collinear any solution will do. Below `floor` the residual is rounding.
    """
    scale = 1 / np.sqrt(A.power(2).T @ w)
    root = sparse.diags_array(np.sqrt(w)) @ A @ sparse.diags_array(scale)
    floor = 1e-14 * float(np.linalg.norm(root.T @ np.sqrt(w)))
    near = None
    if hard:
        gram = (root.T @ root + 1e-10 * sparse.eye_array(scale.size)).tocsc()
        order = {"permc_spec": "NATURAL", "options": {"SymmetricMode": True}}
        near = sparse.linalg.LinearOperator(
            gram.shape, matvec=sparse.linalg.splu(gram, **order).solve, dtype=float
        )
    product = sparse.linalg.LinearOperator(
        (scale.size, scale.size), matvec=lambda v: root.T @ (root @ v), dtype=float
    )
    found, failed = sparse.linalg.cg(
        product, scale * right, rtol=loose, atol=floor, maxiter=100_000, M=near
    )
    if failed:
        raise RuntimeError("conjugate gradients did not converge")
    return scale * found


def clustered_errors(
    y: np.ndarray,
    mu: np.ndarray,
    X: np.ndarray,
    D: sparse.csr_array,
    code: np.ndarray,
    *,
    hard: bool,
) -> np.ndarray:
    """Sandwich with the scores summed within clusters, times G / (G - 1)."""
    tilde = X.copy()
    if D.shape[1]:
        for k in range(X.shape[1]):
            tilde[:, k] -= D @ weighted_solve(
                D, mu, D.T @ (mu * X[:, k]), 1e-11, hard=hard
            )
    bread = np.linalg.inv(tilde.T @ (tilde * mu[:, None]))
    scores = tilde * (y - mu)[:, None]
    sums = np.stack([np.bincount(code, column) for column in scores.T], axis=1)
    factor = len(sums) / (len(sums) - 1)
    return np.sqrt(np.diag(factor * bread @ (sums.T @ sums) @ bread))


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Solve problems to the last digits and store the answers."
    )
    parser.add_argument("problems", nargs="+", help="names such as S or M-K20")
    for name in parser.parse_args().problems:
        problem = parse_problem(name)
        reference = solve_reference(problem, problem.frame())
        stored = json.loads(STORED.read_text()) if STORED.exists() else {}
        stored[problem.name] = asdict(reference)
        text = json.dumps(dict(sorted(stored.items())), indent=1)
        STORED.write_text(text + "\n", encoding="utf-8")
        print(
            f"{problem.name}: {reference.rows} rows, last step {reference.last_step:.1e}"
        )


if __name__ == "__main__":
    main()
