"""pyfixest: alternating projections, or LSMR with a preconditioner.

It combines keys by joining texts, so it gets them ready made.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.problems import Problem
from benchmarks.rivals import Answer, Setting
from benchmarks.rivals.ready_keys import with_ready_keys

TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
DEFAULT = Setting(
    "map 1e-06 (default)", {"solver": "map", "outer": 1e-8, "inner": 1e-6}
)
LADDERS = tuple(
    tuple(
        Setting(
            f"{solver} {size:.0e}", {"solver": solver, "outer": size, "inner": size}
        )
        for size in TOLERANCES
    )
    for solver in ("map", "lsmr")
)


def version() -> str:
    import pyfixest

    return str(pyfixest.__version__)


def prepare(
    problem: Problem, frame: pd.DataFrame, threads: int
) -> tuple[str, pd.DataFrame, str]:
    """RAYON_NUM_THREADS and NUMBA_NUM_THREADS say how many threads it may use."""
    del threads
    return *with_ready_keys(problem, frame), problem.cluster


def estimate(prepared: tuple[str, pd.DataFrame, str], setting: Setting) -> Answer:
    import pyfixest

    formula, frame, cluster = prepared
    fit = pyfixest.fepois(
        formula,
        frame,
        vcov={"CRV1": cluster},
        ssc=pyfixest.ssc(k_adj=False),
        iwls_tol=setting.options["outer"],
        iwls_maxiter=100,
        demeaner=demeaner(setting.options["solver"], setting.options["inner"]),
    )
    return Answer(fit.coef().to_dict(), fit.se().to_dict())


def demeaner(solver: str, tolerance: float) -> Any:
    from pyfixest.demeaners import LsmrDemeaner, MapDemeaner

    if solver == "map":
        return MapDemeaner(fixef_tol=tolerance)
    # Its default of 1,000 iterations is too few for textbook gravity panels.
    return LsmrDemeaner(
        fixef_atol=tolerance, fixef_btol=tolerance, fixef_maxiter=20_000
    )
