"""Results of single models at single origins, put together to a `Backtest`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.backtesting.entrants import Entrants
from forecast.backtesting.known import View
from forecast.backtesting.origins import Origin
from forecast.backtesting.result import Backtest
from forecast.backtesting.work import Result
from forecast.errors import ModelError
from forecast.forecasts.units import unit_index
from forecast.panel import TradePanel

__all__ = ["assemble"]

Floats = NDArray[np.floating[Any]]


def assemble(
    finished: Iterable[tuple[Origin, str, View, Result]],
    *,
    panel: TradePanel,
    entrants: Entrants,
    outcomes: Floats,
    horizon: int,
    levels: tuple[float, ...],
    step: int,
) -> Backtest:
    """Put results together, whoever computed them and in which order."""
    finished = list(finished)
    units, notes = _renamed(panel.units, [result for *_, result in finished])
    parts: list[pd.DataFrame] = []
    failed: list[tuple[str, pd.Period, pd.Timestamp, str]] = []
    for origin, name, view, result in finished:
        if result.failure:
            failed.append((name, origin.period, origin.day, result.failure))
            continue
        parts.append(_rows(origin, name, view, result, units, horizon))
    if not parts:
        reasons = [f"{name} from {day.date()}: {why}" for name, _, day, why in failed]
        raise ModelError(
            "no model gave any forecast",
            code="F-648",
            count=len(failed),
            examples=reasons,
            remedy="Choose later origins or other models.",
        )
    forecasts = pd.concat(parts, ignore_index=True)
    forecasts.insert(
        forecasts.columns.get_loc("mean"),  # type: ignore[arg-type]
        "actual",
        _actual_of(forecasts, panel, outcomes),
    )
    order = {name: place for place, name in enumerate(entrants.models)}
    place = forecasts["model"].map(order)
    forecasts = (
        forecasts.assign(_place=place)
        .sort_values(["_place", "as_of", "_unit", "horizon"], kind="stable")
        .drop(columns=["_place", "_unit"])
        .reset_index(drop=True)
    )
    columns = ["model", "origin", "as_of", "reason"]
    return Backtest(
        forecasts=forecasts,
        failures=pd.DataFrame(failed, columns=columns),
        models=tuple(entrants.models),
        benchmark=entrants.benchmark,
        outcomes=pd.DataFrame(
            outcomes, index=unit_index(units), columns=panel.periods.rename("period")
        ),
        levels=levels,
        horizon=horizon,
        step=step,
        measure=panel.measure,
        notes=(*panel.notes, *notes),
    )


def _renamed(
    units: pd.DataFrame, results: list[Result]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rename key columns that are called as columns of the results are, and say so."""
    taken = {*_NAMED, *(name for result in results for name in result.columns)}
    fresh: dict[Any, str] = {}
    for key in units.columns:
        name = str(key)
        while name in taken or (name != key and name in units.columns):
            name = f"unit_{name}"
        if name != key:
            fresh[key] = name
    notes = [
        f"the key column {key!r} is called {name!r} here" for key, name in fresh.items()
    ]
    return units.rename(columns=fresh), tuple(notes)


def _rows(
    origin: Origin,
    name: str,
    view: View,
    result: Result,
    units: pd.DataFrame,
    horizon: int,
) -> pd.DataFrame:
    """Return the rows of one unit of work, with the position of the unit in ``_unit``."""
    many = len(view.rows)
    steps = np.tile(np.arange(1, horizon + 1), many)
    unit = np.repeat(view.rows, horizon)
    ends = pd.period_range(origin.period + 1, periods=horizon, freq=origin.period.freq)
    table = units.iloc[unit].reset_index(drop=True)
    table["model"] = name
    table["origin"] = pd.PeriodIndex([origin.period] * len(table))
    table["horizon"] = steps
    table["period"] = ends[steps - 1]
    for column, values in result.columns.items():
        table[column] = values.ravel()
    table["as_of"] = origin.day
    table["_unit"] = unit
    return table


_NAMED = ("model", "origin", "horizon", "period", "actual", "as_of", "_unit", "_place")


def _actual_of(forecasts: pd.DataFrame, panel: TradePanel, outcomes: Floats) -> Floats:
    at = pd.PeriodIndex(forecasts["period"]).asi8 - panel.periods.asi8[0]
    inside = at < outcomes.shape[1]
    values = outcomes[forecasts["_unit"].to_numpy(), np.where(inside, at, 0)]
    return np.where(inside, values, np.nan)
