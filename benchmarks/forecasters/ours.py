"""turnover-forecast: one panel whose series end together, fitted by one recipe.

A model is written as in Python, with the names of `forecast.series`: ``Theta``,
``ETS(scale="log")`` or ``Conformal(Theta())``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.competitions import Training
from benchmarks.forecasters import LEVELS, Answer

PATHS = 2000
LAST = "2020-12"  # any: the true dates of most series are not known
FREQUENCIES = {1: "Y", 4: "Q", 12: "M"}


@dataclass(frozen=True)
class Prepared:
    panel: Any
    horizon: int


def version() -> str:
    import forecast

    return str(forecast.__version__)


def prepare(training: Training) -> Prepared:
    import forecast as fc

    last = pd.Period(LAST, FREQUENCIES[training.season_length])
    parts = []
    for row, y in enumerate(training.series):
        periods = pd.period_range(end=last, periods=y.size)
        flows = {"series": f"{row:05d}", "of": "all", "period": periods, "value": y}
        parts.append(pd.DataFrame(flows))
    panel = fc.TradePanel.from_frame(
        pd.concat(parts, ignore_index=True),
        origin="series",
        destination="of",
        period="period",
        flow="value",
        unit="USD",
    )
    return Prepared(panel, training.horizon)


def forecast(prepared: Prepared, model: str, intervals: bool) -> Answer:
    fit = recipe_of(model).fit(prepared.panel)
    point = fit.point(prepared.horizon).to_numpy()
    if not intervals:
        return Answer(point)
    draws = fit.forecast(prepared.horizon, paths=PATHS, largest_gb=8).draws
    tails = [(50 - level / 2) / 100 for level in LEVELS]
    bands = np.quantile(draws, [[tail, 1 - tail] for tail in tails], axis=2)
    return Answer(point, bands, draws.astype(np.float32))


def recipe_of(text: str) -> Any:
    """The recipe that Python would make of `text`."""
    from forecast import series

    made = eval(text, {"__builtins__": {}}, dict(vars(series)))
    return made() if isinstance(made, type) else made
