"""What a backtest rests on, and the units of work that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.backtesting.entrants import Entrants, columns_of
from forecast.backtesting.fingerprints import (
    panel_fingerprint,
    text_fingerprint,
    text_of,
)
from forecast.backtesting.known import Lags, View, future_of
from forecast.backtesting.origins import Origin
from forecast.backtesting.work import Task
from forecast.forecasts.levels import percent_label
from forecast.panel import TradePanel

__all__ = ["Plan", "keys_of", "task_of"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that a backtest rests on; the results follow from it to the last bit."""

    panel: TradePanel
    entrants: Entrants
    origins: tuple[Origin, ...]
    horizon: int
    outcomes: Floats
    levels: tuple[float, ...]
    paths: int
    seed: int
    lags: Lags
    indicators: str | None
    actual: str

    def settings(self) -> dict[str, Any]:
        """Everything but model and origin on which a result depends."""
        from forecast import __version__

        return {
            "data": panel_fingerprint(self.panel),
            "horizon": self.horizon,
            "levels": [percent_label(level) for level in self.levels],
            "paths": self.paths,
            "seed": self.seed,
            "lag_days": self.lags,
            "indicators": self.indicators,
            "actual": self.actual,
            "version": __version__,
        }

    @property
    def work(self) -> list[tuple[Origin, str]]:
        """Every origin with every model, by origin."""
        return [(o, name) for o in self.origins for name in self.entrants.models]


def keys_of(plan: Plan) -> dict[tuple[pd.Timestamp, str], str]:
    """Return the fingerprint of each unit of work: data, settings, model and origin.

    Raises
    ------
    ModelError
        F-633 a model that nothing tells from others.
    """
    settings = repr(plan.settings())
    texts = {name: text_of(model) for name, model in plan.entrants.models.items()}
    return {
        (o.day, name): text_fingerprint(settings, name, texts[name], str(o.day.date()))
        for o, name in plan.work
    }


def task_of(plan: Plan, origin: Origin, name: str, view: View) -> Task:
    """Put together what a model may know, and beside it what came."""
    recipe = plan.entrants.models[name]
    targets = pd.period_range(
        origin.period + 1, periods=plan.horizon, freq=origin.period.freq
    )
    future = None
    if plan.indicators == "ex-post" and columns_of(recipe):
        steps = targets[-1].ordinal - view.panel.periods[-1].ordinal
        future = future_of(plan.panel, view.panel, int(steps))
    return Task(
        recipe=recipe,
        view=view.panel,
        targets=targets,
        actual=_cells(plan, view.rows, targets),
        future=future,
        levels=plan.levels,
        paths=plan.paths,
        seed=plan.seed,
    )


def _cells(plan: Plan, rows: Ints, targets: pd.PeriodIndex) -> Floats:
    """Return the outcomes of some units in the periods forecast, NaN beyond the panel."""
    at = plan.panel.periods.get_indexer(targets)
    values = plan.outcomes[np.ix_(rows, np.maximum(at, 0))]
    values[:, at < 0] = np.nan
    return values
