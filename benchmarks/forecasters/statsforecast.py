"""statsforecast: the long table its documentation shows, one job, levels 80 and 95.

A model that raises on one series raises for the table; then series go one by one, and
those it cannot do are NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.competitions import Training
from benchmarks.forecasters import LEVELS, Answer


@dataclass(frozen=True)
class Prepared:
    training: Training
    frame: pd.DataFrame


def version() -> str:
    import statsforecast

    return str(statsforecast.__version__)


def prepare(training: Training) -> Prepared:
    return Prepared(training, frame_of(training, range(len(training.series))))


def frame_of(training: Training, rows: Sequence[int]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": row, "ds": np.arange(y.size), "y": y})
        for row, y in ((row, training.series[row]) for row in rows)
    ]
    return pd.concat(parts, ignore_index=True)


def forecast(prepared: Prepared, model: str, intervals: bool) -> Answer:
    training = prepared.training
    count = len(training.series)
    try:
        return ask(prepared.frame, training, model, intervals)
    except Exception:
        if count == 1:
            empty = np.full((1, training.horizon), np.nan)
            return Answer(empty, np.full((2, 2, *empty.shape), np.nan))
    alone = [
        forecast(prepare(training.take([row])), model, intervals)
        for row in range(count)
    ]
    return Answer(
        np.concatenate([one.point for one in alone]),
        np.concatenate([one.bands for one in alone], axis=2) if intervals else None,
    )


def ask(frame: pd.DataFrame, training: Training, name: str, intervals: bool) -> Answer:
    from statsforecast import StatsForecast

    model = build(name, training.season_length)
    levels = {"level": list(LEVELS)} if intervals else {}
    table = StatsForecast([model], freq=1, n_jobs=1).forecast(
        df=frame, h=training.horizon, **levels
    )
    shape = (-1, training.horizon)
    table = table.sort_values(["unique_id", "ds"])

    def column(suffix: str) -> Any:
        return table[f"{model}{suffix}"].to_numpy(float).reshape(shape)

    if not intervals:
        return Answer(column(""))
    bands = [[column(f"-{side}-{k}") for side in ("lo", "hi")] for k in LEVELS]
    return Answer(column(""), np.array(bands))


def build(name: str, season_length: int) -> Any:
    """The model with its defaults; those that know no season take none."""
    from statsforecast import models

    kind = getattr(models, name)
    try:
        return kind(season_length=season_length)
    except TypeError:
        return kind()
