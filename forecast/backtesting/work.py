"""One unit of work: one model at one origin, from what was known to scored forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ForecastError, ModelError
from forecast.forecasts import Forecast
from forecast.forecasts.levels import percent_label, tails_of
from forecast.forecasts.summaries import mean_over_paths, quantiles
from forecast.forecasts.units import unit_index
from forecast.panel import TradePanel
from forecast.periods import FREQUENCIES
from forecast.scores import crps, seasonal_scale, squared_seasonal_scale

__all__ = ["Result", "Task", "run_task"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, slots=True)
class Task:
    """A model, and all it may know; the outcomes are only for the scores.

    Attributes
    ----------
    recipe : object with ``fit``
    view : TradePanel
        What was known.
    targets : PeriodIndex of length h
    actual : float array of shape (n_units, h)
        Outcomes of the units of `view`; NaN where there is none.
    future : DataFrame or None
        Indicators of the future, if the model is to be told.
    levels : tuple of float
    paths, seed : int
    """

    recipe: Any
    view: TradePanel
    targets: pd.PeriodIndex
    actual: Floats
    future: pd.DataFrame | None
    levels: tuple[float, ...]
    paths: int
    seed: int


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """What came of a task.

    Attributes
    ----------
    columns : dict of str to float array of shape (n_units, h)
        ``mean``, ``median``, ends of intervals, ``crps``, ``point`` (the model's own
        point forecast, without the chance of a simulation; the median where it gives
        none), and what scores refer to: ``scale``, ``squared_scale``, ``base``,
        ``before``. Empty after a failure.
    failure : str
        Why there is no forecast; empty if there is one.
    """

    columns: dict[str, Floats]
    failure: str = ""


def run_task(task: Task) -> Result:
    """Fit, forecast and score; what goes wrong in a model becomes its failure."""
    try:
        draws, points = _outlook(task)
    except MemoryError:
        raise
    except ForecastError as wrong:
        return Result({}, str(wrong))
    except Exception as wrong:  # a model may be anybody's
        return Result({}, f"{type(wrong).__name__}: {wrong}")
    tails = [tail for level in task.levels for tail in tails_of(level)]
    labels = [percent_label(level) for level in task.levels]
    names = [f"{end}_{label}" for label in labels for end in ("lower", "upper")]
    values = quantiles(draws, [0.5, *tails])
    columns = {"mean": mean_over_paths(draws)}
    columns |= dict(zip(["median", *names], values, strict=True))
    columns["crps"] = crps(task.actual, draws)
    columns["point"] = columns["median"] if points is None else points
    return Result(columns | references(task.view, task.targets))


def _outlook(task: Task) -> tuple[Floats, Floats | None]:
    """Return draws of shape (n_units, h, paths), and points if the model gives some.

    The forecast begins after the last period in the view, which may lie some before the
    origin.
    """
    steps = int(task.targets[-1].ordinal - task.view.periods[-1].ordinal)
    told = {} if task.future is None else {"indicators": task.future}
    fit = task.recipe.fit(task.view)
    outlook = fit.forecast(steps, paths=task.paths, seed=task.seed, **told)
    wanted = unit_index(task.view.units)
    rows = unit_index(outlook.units).get_indexer(wanted)
    at = outlook.periods.get_indexer(task.targets)
    if outlook.quantity != "level" or (rows < 0).any() or (at < 0).any():
        raise _not_asked_for(outlook)
    draws = outlook.draws[np.ix_(rows, at)]
    if not hasattr(fit, "point"):
        return draws, None
    points = fit.point(steps, **told).reindex(index=wanted, columns=task.targets)
    return draws, points.to_numpy(dtype=float)


def _not_asked_for(outlook: Forecast) -> ModelError:
    return ModelError(
        f"levels of all units and periods were asked for, the model gave: {outlook!r}",
        code="F-639",
    )


def references(view: TradePanel, targets: pd.PeriodIndex) -> dict[str, Floats]:
    """Return what errors are measured by, from what was known only.

    ``base`` is the last known value that stands some whole years before the target (of
    years: the last known value), ``before`` the value of the year before that.
    """
    values, _, periods = view.matrix()
    season = FREQUENCIES[view.freq]
    shape = (len(values), len(targets))
    base, before = np.full(shape, np.nan), np.full(shape, np.nan)
    scale = np.array([seasonal_scale(row, season) for row in values])
    squared = np.array([squared_seasonal_scale(row, season) for row in values])
    for step, ordinal in enumerate(targets.asi8 - periods.asi8[0]):
        first = ordinal % season
        column = values[:, first : min(ordinal, values.shape[1]) : season]
        for row, known in enumerate(np.isfinite(column)):
            places = np.flatnonzero(known)
            if places.size:
                base[row, step] = column[row, places[-1]]
                if places[-1] > 0:
                    before[row, step] = column[row, places[-1] - 1]
    return {
        "scale": np.broadcast_to(scale[:, None], shape).copy(),
        "squared_scale": np.broadcast_to(squared[:, None], shape).copy(),
        "base": base,
        "before": before,
    }
