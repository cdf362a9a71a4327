"""What a backtest of a study of pairs is to do, and whether the data allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forecast.backtesting.origins import read_origins
from forecast.errors import ForecastError, ModelError
from forecast.studies.complaints import Complaint
from forecast.studies.pairs.checking import as_complaint
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.recipes import make_model, some_models, some_paths
from forecast.studies.values import Key, WrongValueError, a_count, a_period

__all__ = ["KEYS", "BacktestPlan", "check", "origins_of"]


def some_origins(value: Any) -> int | tuple[str, ...]:
    """Read a number of origins, or a list of periods."""
    if isinstance(value, list) and value:
        return tuple(a_period(one) for one in value)
    try:
        return a_count(value)
    except WrongValueError as wrong:
        raise WrongValueError(
            "a number of origins, or a list of periods, such as [2015, 2016]"
        ) from wrong


KEYS: dict[str, Key] = {
    "origins": Key(some_origins, required=True),
    "horizon": Key(a_count, default=1),
    "step": Key(a_count, default=1),
    "against": Key(some_models, default=("Naive", "Drift")),
    "paths": Key(some_paths, default=200),
    "processes": Key(a_count),
}


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """The backtest that was asked for; its model is that of ``[forecast]``.

    Attributes
    ----------
    origins : int or tuple of str
        The last so many, or periods after which forecasts are made.
    horizon, step : int
        Periods ahead, and between origins.
    against : tuple of str
        Names of models to compare with; skill is measured against the first.
    paths : int
    processes : int or None
        By default as many as there are cores, and one where there is little to do.
    """

    origins: int | tuple[str, ...]
    horizon: int = 1
    step: int = 1
    against: tuple[str, ...] = ("Naive", "Drift")
    paths: int = 200
    processes: int | None = None

    def __post_init__(self) -> None:
        for name in self.against:
            try:
                make_model(name)
            except ModelError as wrong:
                wrong.column = "against"
                raise


def check(plan: BacktestPlan, known: Known) -> list[Complaint]:
    """Complain of origins that are none, or that nothing could be judged from."""
    panel = known.panel
    frame = panel.to_frame()
    seen = frame.loc[frame[panel.flow].notna(), panel.period]
    ended = panel.periods <= seen.max()
    try:
        first, *_ = read_origins(
            origins_of(plan),
            panel.periods[ended],
            horizon=plan.horizon,
            step=plan.step,
        )
        panel.as_of(first.day, known.lag_days)
    except ForecastError as wrong:
        return [as_complaint(wrong, ("origins",))]
    return []


def origins_of(plan: BacktestPlan) -> int | list[str]:
    """Return origins as `backtest` takes them."""
    return plan.origins if isinstance(plan.origins, int) else list(plan.origins)
