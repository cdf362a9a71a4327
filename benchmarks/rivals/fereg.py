"""fereg: an exact sparse solver in compiled code; it reads ``^`` without joining texts."""

from __future__ import annotations

from importlib.metadata import version as installed_version

import pandas as pd

from benchmarks.problems import Problem
from benchmarks.rivals import Answer, Setting

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
DEFAULT = Setting("1e-08 (default)", {"tolerance": 1e-8})
LADDERS = (tuple(Setting(f"{size:.0e}", {"tolerance": size}) for size in TOLERANCES),)


def version() -> str:
    import fereg  # noqa: F401  (installed is not enough: its binary must load)

    return installed_version("fereg")


def prepare(
    problem: Problem, frame: pd.DataFrame, threads: int
) -> tuple[str, pd.DataFrame, str, int]:
    return problem.formula, frame, problem.cluster, threads


def estimate(prepared: tuple[str, pd.DataFrame, str, int], setting: Setting) -> Answer:
    import fereg

    formula, frame, cluster, threads = prepared
    fit = fereg.fepois(
        formula,
        frame,
        vcov={"CRV1": cluster},
        ssc=fereg.ssc(k_adj=False),
        iwls_tol=setting.options["tolerance"],
        iwls_maxiter=100,
        fixef_tol=setting.options["tolerance"],
        nthreads=threads,
    )
    return Answer(fit.coef().to_dict(), fit.se().to_dict())
