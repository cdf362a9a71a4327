"""turnover-forecast, as its documentation writes it and from the plain columns."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.problems import Problem
from benchmarks.rivals import Answer, Setting

DEFAULT = Setting("default")
LADDERS = ((DEFAULT,),)


def version() -> str:
    import forecast

    if not hasattr(forecast, "Gravity"):
        raise ImportError("this version of forecast has no Gravity")
    return str(forecast.__version__)


def prepare(
    problem: Problem, frame: pd.DataFrame, threads: int
) -> tuple[Any, pd.DataFrame]:
    """The recipe and the frame; FORECAST_THREADS says how many threads it may use."""
    del threads
    import forecast as fc

    return fc.Gravity(problem.formula, vcov=fc.Clustered(problem.cluster)), frame


def estimate(prepared: tuple[Any, pd.DataFrame], setting: Setting) -> Answer:
    del setting
    recipe, frame = prepared
    fit = recipe.fit(frame)
    return Answer(dict(fit.params), dict(fit.bse))
