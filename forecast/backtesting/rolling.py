"""`backtest`: every model refitted at every origin, to what was known there."""

from __future__ import annotations

import numbers
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.backtesting.assembling import assemble
from forecast.backtesting.checkpoint import Checkpoint, open_checkpoint
from forecast.backtesting.entrants import check_indicators, enter
from forecast.backtesting.known import View, outcomes_of, read_lags, view_of
from forecast.backtesting.origins import Origin, read_origins
from forecast.backtesting.plan import Plan, keys_of, task_of
from forecast.backtesting.result import Backtest
from forecast.backtesting.work import Result, run_task
from forecast.errors import ModelError
from forecast.forecasts.levels import percent_label
from forecast.forecasts.seeds import check_seed
from forecast.panel import TradePanel
from forecast.series.contract.model import Pool

__all__ = ["backtest"]

Floats = NDArray[np.floating[Any]]

ACTUALS = ("latest", "first release")


def backtest(
    panel: TradePanel,
    models: Any,
    horizon: int,
    origins: Any,
    *,
    indicators: str | None = None,
    levels: Sequence[float] = (80, 95),
    paths: int = 1000,
    seed: int = 0,
    step: int = 1,
    lag_days: int | Mapping[str, int] = 0,
    actual: str = "latest",
    benchmark: Any = None,
    without: Any = (),
    on_failure: str = "record",
    executor: Pool | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Callable[[str], object] | None = None,
) -> Backtest:
    """Forecast from days in the past with what was known then, and score it.

    At each origin the panel is cut to what had been published by its day, every model is
    refitted to that from nothing, and its forecast is the one that
    ``model.fit(panel.as_of(day)).forecast(...)`` gives. Later rows are not there when a
    model is fitted, so it cannot see them, whatever it does.

    Parameters
    ----------
    panel : TradePanel
        With release dates, each origin sees the releases up to its day.
    models : recipe, sequence of recipes, or mapping of str to recipe
        Anything with ``fit(panel)`` whose result has ``forecast(horizon, paths=, seed=)``.
    horizon : int
        Periods ahead, counted from the last period that had ended at the origin.
    origins : int or sequence
        So many origins, of which the last leaves `horizon` outcomes; or periods ("2015":
        its last day) or days ("2015-09-30").
    indicators : {"ex-ante", "ex-post"}, optional
        What models with indicators know of their future: nothing, so that they forecast
        them, as anybody would have had to; or what came. Must be chosen where a model
        has indicators: the second flatters (it tells what the indicators are worth if
        they were known).
    levels : sequence of float
        Levels of intervals.
    paths, seed : int
        As in ``forecast``.
    step : int
        Periods between origins, where `origins` is a number.
    lag_days : int or mapping of str to int
        Days from the end of a period (or from the release) until it is known; or one
        number for each column, the flow or a covariate.
    actual : {"latest", "first release"}
        Which release forecasts are judged by.
    benchmark : recipe or str, optional
        What skill is measured against; a text is one of `models`. By default the drift
        of years, or the same quarter or month a year before. It is always among the
        models.
    without : period or sequence of periods
        They are not scored: "2009", "2020". See `Backtest.without`.
    on_failure : {"record", "raise"}
        A model that fails at an origin becomes a row of `Backtest.failures`, or raises.
    executor : optional
        An object with ``.map(function, items)``, such as a ``ProcessPoolExecutor``: one
        item is one model at one origin. The results are the same to the last bit.
    checkpoint : path, optional
        A folder that keeps what is finished; the same call then goes on where it broke
        off. Models and origins may be added, all else must be the same.
    progress : callable, optional
        Is told a sentence after each model and origin: ``progress=print``.

    Returns
    -------
    Backtest

    Raises
    ------
    ModelError
        F-633 an option that is not possible, F-634 origins that are not possible, F-635
        nothing says what is known of the future of indicators, F-636 models that are
        none, F-639 a model failed and ``on_failure="raise"``; F-501, F-502, F-524.
    PeriodError
        F-422 nothing was known yet at an origin.
    FileError
        F-637 a checkpoint of something else, F-638 a damaged one, F-640 none can be
        written.

    Examples
    --------
    >>> import forecast as fc
    >>> from forecast.backtesting import backtest
    >>> rng = np.random.default_rng(1)
    >>> years = {"region": "A", "year": range(1990, 2020), "bn": 100 + rng.normal(5, 3, 30).cumsum()}
    >>> panel = fc.TradePanel.from_frame(
    ...     pd.DataFrame(years), unit=["region"], period="year", flow="bn")
    >>> result = backtest(panel, fc.Naive(), horizon=2, origins=8)
    >>> result.summary()[["model", "n", "mase"]].round(2)
       model   n  mase
    0  Naive  16  1.33
    1  Drift  16  0.76
    """
    _check_options(horizon, step, paths, actual, on_failure)
    horizon, step, paths = int(horizon), int(step), int(paths)
    outcomes = outcomes_of(panel, actual)
    entrants = enter(models, benchmark, panel)
    check_indicators(entrants.models, indicators, panel)
    plan = Plan(
        panel=panel,
        entrants=entrants,
        origins=read_origins(
            origins, _with_outcomes(panel, outcomes), horizon=horizon, step=step
        ),
        horizon=horizon,
        outcomes=outcomes,
        levels=tuple(float(percent_label(level)) for level in levels),
        paths=paths,
        seed=check_seed(seed),
        lags=read_lags(lag_days, panel),
        indicators=indicators,
        actual=actual,
    )
    settings = {} if checkpoint is None else plan.settings()
    with open_checkpoint(checkpoint, settings) as kept:
        finished = _run(plan, kept, executor, progress, on_failure)
    result = assemble(
        finished,
        panel=panel,
        entrants=entrants,
        outcomes=outcomes,
        horizon=horizon,
        levels=plan.levels,
        step=step,
    )
    left_out = [without] if isinstance(without, (str, int)) else list(without)
    return result.without(*left_out) if left_out else result


Finished = list[tuple[Origin, str, View, Result]]


def _run(
    plan: Plan,
    kept: Checkpoint,
    executor: Pool | None,
    progress: Callable[[str], object] | None,
    on_failure: str,
) -> Finished:
    """Run what is not kept yet; give all results by origin, then by model."""
    views = {o.day: view_of(plan.panel, o.day, plan.lags) for o in plan.origins}
    every = plan.work
    keys = _names(every) if kept.path is None else keys_of(plan)
    todo = [(o, name) for o, name in every if keys[o.day, name] not in kept.done]
    tasks = (task_of(plan, o, name, views[o.day]) for o, name in todo)
    results: Iterable[Result] = (
        map(run_task, tasks) if executor is None else executor.map(run_task, tasks)
    )
    told = len(every) - len(todo)
    if progress is not None and told:
        progress(f"{told} of {len(every)} were finished before")
    for (origin, name), result in zip(
        todo, _raising(results, todo, on_failure), strict=True
    ):
        kept.keep(keys[origin.day, name], result)
        told += 1
        if progress is not None:
            progress(f"{told} of {len(every)}: {name} from {origin}")
    return [(o, n, views[o.day], kept.done[keys[o.day, n]]) for o, n in every]


def _names(every: Sequence[tuple[Origin, str]]) -> dict[tuple[pd.Timestamp, str], str]:
    """Return keys that hold within one run."""
    return {(o.day, name): f"{o.day.date()} {name}" for o, name in every}


def _raising(
    results: Iterable[Result], todo: Sequence[tuple[Origin, str]], on_failure: str
) -> Iterator[Result]:
    for (origin, name), result in zip(todo, results, strict=True):
        if result.failure and on_failure == "raise":
            raise ModelError(
                f"{name} failed at {origin.day.date()}: {result.failure}",
                code="F-639",
                remedy='With on_failure="record" the others go on.',
            )
        yield result


def _with_outcomes(panel: TradePanel, outcomes: Floats) -> pd.PeriodIndex:
    known = np.flatnonzero(np.isfinite(outcomes).any(axis=0))
    if not known.size:
        raise ModelError("the panel has no flow", code="F-634", column=panel.flow)
    return panel.periods[: known[-1] + 1]


def _check_options(
    horizon: Any, step: Any, paths: Any, actual: str, on_failure: str
) -> None:
    wrong = [
        f"{name}={value!r}"
        for name, value in (("horizon", horizon), ("step", step), ("paths", paths))
        if isinstance(value, bool)
        or not (isinstance(value, numbers.Integral) and int(value) >= 1)
    ]
    if actual not in ACTUALS:
        wrong.append(f"actual={actual!r}")
    if on_failure not in {"record", "raise"}:
        wrong.append(f"on_failure={on_failure!r}")
    if wrong:
        raise ModelError(
            f"{' and '.join(wrong)} not possible",
            code="F-633",
            remedy="horizon, step and paths are whole numbers from 1; actual is 'latest' "
            "or 'first release', on_failure 'record' or 'raise'.",
        )
