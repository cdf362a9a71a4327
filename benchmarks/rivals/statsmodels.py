"""statsmodels: a Poisson GLM with every fixed effect written out as dummies.

It absorbs nothing and checks for neither separation nor collinear dummies, so levels
without trade and dummies that say nothing new are found for it beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.problems import Problem
from benchmarks.rivals import Answer, RefusedError, Setting
from benchmarks.rivals.ready_keys import combined_codes

DEFAULT = Setting("default", {"tolerance": 1e-8})
LADDERS = (
    tuple(Setting(f"{size:.0e}", {"tolerance": size}) for size in (1e-6, 1e-8, 1e-10)),
)
LARGEST_DESIGN = 4e9  # bytes


def version() -> str:
    import statsmodels

    return str(statsmodels.__version__)


@dataclass(frozen=True)
class Written:
    """What `estimate` needs besides the data.

    Attributes
    ----------
    frame : DataFrame
        Rows that carry information.
    kept : int array
        Which of all dummies, effect after effect, are of full rank together.
    """

    problem: Problem
    frame: pd.DataFrame
    kept: np.ndarray


def prepare(problem: Problem, frame: pd.DataFrame, threads: int) -> Written:
    """OMP_NUM_THREADS and its kin say how many threads it may use."""
    del threads
    codes = [combined_codes(frame, effect) for effect in problem.effects]
    rows = rows_with_trade(frame[problem.outcome].to_numpy(), codes)
    levels = sum(np.unique(code[rows]).size for code in codes)
    size = 8.0 * rows.sum() * (levels + problem.regressors)
    if size > LARGEST_DESIGN:
        raise RefusedError(f"dummies would take {size / 1e9:.0f} GB")
    return Written(problem, frame[rows], independent_dummies(problem, frame[rows]))


def rows_with_trade(y: np.ndarray, codes: list[np.ndarray]) -> np.ndarray:
    """Rows whose levels all have trade and company, to a fixed point."""
    kept = np.ones(y.size, dtype=bool)
    before = -1
    while before != kept.sum():
        before = kept.sum()
        for code in codes:
            rows, total = np.bincount(code, kept), np.bincount(code, kept * y)
            kept &= (rows[code] > 1) & (total[code] > 0)
    return kept


def independent_dummies(problem: Problem, frame: pd.DataFrame) -> np.ndarray:
    """A largest set of dummies of which none is a sum of others."""
    from scipy.linalg import qr

    if not problem.effects:
        return np.zeros(0, dtype=int)
    dummies = write_dummies(problem, frame)
    triangle, order = qr(dummies.T @ dummies, mode="r", pivoting=True)
    size = np.abs(np.diag(triangle))
    return np.sort(order[size > 1e-9 * size[0]])


def write_dummies(problem: Problem, frame: pd.DataFrame) -> np.ndarray:
    blocks = [
        pd.get_dummies(combined_codes(frame, effect), dtype=float).to_numpy()
        for effect in problem.effects
    ]
    return np.hstack(blocks)


def estimate(prepared: Written, setting: Setting) -> Answer:
    import statsmodels.api as sm

    problem, frame = prepared.problem, prepared.frame
    terms = list(problem.terms)
    absorbed = np.ones((len(frame), 1))
    if problem.effects:
        absorbed = write_dummies(problem, frame)[:, prepared.kept]
    design = np.hstack([frame[terms].to_numpy(float), absorbed])
    clusters = combined_codes(frame, (problem.cluster,))
    fit = sm.GLM(frame[problem.outcome].to_numpy(), design, sm.families.Poisson()).fit(
        tol=setting.options["tolerance"],
        maxiter=200,
        wls_method="qr",
        cov_type="cluster",
        cov_kwds={"groups": clusters, "use_correction": False},
    )
    count = clusters.max() + 1
    errors = fit.bse * np.sqrt(count / (count - 1))
    return Answer(
        dict(zip(terms, fit.params.tolist(), strict=False)),
        dict(zip(terms, errors.tolist(), strict=False)),
    )
