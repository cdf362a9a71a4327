"""``[backtest]``: would the forecast have been better than simple ones, and did intervals hold?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.backtesting import Backtest, backtest
from forecast.backtesting.command import pool_of
from forecast.backtesting.entrants import columns_of
from forecast.backtesting.saving import write_table
from forecast.errors import MissingPackageError
from forecast.forecasts.levels import percent_label
from forecast.plots import plot_errors_by_period
from forecast.reporting import Block, Note, Table
from forecast.reporting.cells import shown
from forecast.studies.drawing import Drawing, drawn
from forecast.studies.pairs.backtest_plan import (
    KEYS,
    BacktestPlan,
    check,
    origins_of,
)
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.parts.outlook import (
    ForecastPlan,
    recipe_of,
    without_gravity,
)
from forecast.studies.pairs.recipes import make_model
from forecast.studies.pairs.scoring import (
    by_model,
    by_size,
    compare_errors,
    judged,
    scores,
)
from forecast.studies.progress import Progress

__all__ = ["KEYS", "BacktestPlan", "check", "find"]

FEW_CELLS = 100_000
"""Below so many forecasts other processes cost more time than they save."""


def find(plan: BacktestPlan, known: Known, tell: Progress) -> Part:
    """Forecast from days in the past with what was known then, and score it.

    Raises
    ------
    ForecastError
        What `backtest` refuses; a model that fails at an origin is told in the report.
    """
    models = _models(plan, known)
    ours = next(iter(models))
    with pool_of(_processes(plan, known)) as pool:
        result = backtest(
            known.panel,
            models,
            plan.horizon,
            origins_of(plan),
            step=plan.step,
            lag_days=known.lag_days,
            paths=plan.paths,
            seed=known.seed,
            indicators="ex-ante" if any(map(columns_of, models.values())) else None,
            benchmark=plan.against[0],
            executor=pool,
            progress=lambda text: tell(f"backtest: {text}"),
        )
    tell("score the backtest")
    tables = _tables(result, ours, known)
    drawings = _drawings(result, tables, known)
    return Part(
        title="The backtest: would it have been better?",
        headline=_headline(result, ours, tables),
        blocks=tuple(_blocks(result, tables, drawings, known)),
        tables=tables,
        drawings=drawings,
        result=result,
        method={"Skill over the baseline": _skill(ours, tables)},
        write=partial(_write_forecasts, result),
    )


def _models(plan: BacktestPlan, known: Known) -> dict[str, Any]:
    """The model of ``[forecast]`` first, then those it is compared with."""
    ours = recipe_of(_forecast(known), known)
    rivals = {name: make_model(name) for name in plan.against}
    if ours.name in rivals:
        return rivals
    return {ours.name: ours, **rivals}


def _forecast(known: Known) -> ForecastPlan:
    part = known.found.get("forecast")
    asked = part.plan if part is not None else None
    return asked if isinstance(asked, ForecastPlan) else ForecastPlan()


def _processes(plan: BacktestPlan, known: Known) -> int:
    if plan.processes is not None:
        return plan.processes
    many = plan.origins if isinstance(plan.origins, int) else len(plan.origins)
    if many * plan.horizon * len(known.panel.units) < FEW_CELLS:
        return 1
    count = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        return count() or 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


# --- scores ------------------------------------------------------------------------


def _tables(result: Backtest, ours: str, known: Known) -> dict[str, pd.DataFrame]:
    rows = judged(result)
    tables = {
        "backtest_scores": scores(rows, ["horizon"], result),
        "backtest_by_period": scores(rows, ["horizon", "period"], result),
        "backtest_by_size": scores(
            by_size(rows, result.keys), ["horizon", "size"], result
        ),
        "backtest_tests": compare_errors(rows, ours, result),
        "backtest_failures": result.failures.astype({"origin": str}),
    }
    chosen = known.focus.rows(*(rows[key] for key in result.keys[:2]))
    if chosen.any():
        tables["backtest_focus"] = scores(rows[chosen], ["horizon"], result)
    return {name: table for name, table in tables.items() if len(table)}


# --- saying it ---------------------------------------------------------------------


def _headline(result: Backtest, ours: str, tables: Mapping[str, pd.DataFrame]) -> str:
    found = by_model(tables["backtest_scores"], horizon=1)
    if ours not in found:
        return f"{ours} gave no forecast in the backtest; the report says why."
    said = [
        f"{name} {shown(found[name]['rmae'], 4)}{_p_value(tables, name)}"
        for name in result.models
        if name != ours and name in found
    ]
    origins = result.forecasts["origin"].nunique()
    labels = [percent_label(level) for level in result.levels]
    held = " and ".join(
        f"{shown(100 * found[ours][f'coverage_{label}'], 1)}" for label in labels
    )
    return (
        f"In a backtest from {origins} origins, {ours} was off by "
        f"{shown(found[ours]['rmae'], 4)} of mean trade one period ahead, "
        f"against {'; '.join(said)}. Its intervals of {' and '.join(labels)} per cent held "
        f"{held} per cent of outcomes."
    )


def _p_value(tables: Mapping[str, pd.DataFrame], rival: str) -> str:
    table = tables.get("backtest_tests")
    if table is None:
        return ""
    row = table[(table["against"] == rival) & (table["horizon"] == 1)]
    if row.empty:
        return ""
    return f" (difference: p = {row['p_value'].to_numpy(dtype=float)[0]:.2f})"


def _skill(ours: str, tables: Mapping[str, pd.DataFrame]) -> str:
    table = tables["backtest_scores"]
    mine = table[table["model"] == ours]
    skill = 100 * mine["skill"].to_numpy(dtype=float)
    told = [
        f"{horizon} ahead {one:+.1f} %".replace("-", "−")
        for horizon, one in zip(mine["horizon"].tolist(), skill.tolist(), strict=True)
    ]
    return f"Mean absolute error of {ours} is lower than the baseline's by: {'; '.join(told)}"


def _drawings(
    result: Backtest, tables: Mapping[str, pd.DataFrame], known: Known
) -> dict[str, Drawing]:
    table = tables["backtest_by_period"]
    first = table[table["horizon"] == 1]
    wide = first.pivot_table("rmae", "period", "model")
    wide = wide[[name for name in result.models if name in wide]]
    rows = 1.4 + 0.42 * len(result.models)
    return {
        "backtest_errors": drawn(
            lambda ax: plot_errors_by_period(
                wide,
                ax,
                title="Errors one period ahead, by target period",
                unit="mean absolute error over mean trade",
            ),
            f"Every forecast uses only what was known at its origin. {known.facts}.",
            3.4,
        ),
        "backtest_coverage": drawn(
            result.plot_coverage,
            "Shares of outcomes inside the intervals; lines where they should be.",
            rows,
        ),
    }


def _blocks(
    result: Backtest,
    tables: Mapping[str, pd.DataFrame],
    drawings: Mapping[str, Drawing],
    known: Known,
) -> list[Block]:
    captions = {
        "backtest_focus": f"Pairs in focus ({known.focus}). Errors as below.",
        "backtest_scores": f"All pairs. RMAE is the mean absolute error over mean trade, "
        f"skill how much smaller it is than that of {result.benchmark}; MASE counts errors in "
        "usual changes of each pair.",
        "backtest_tests": "Differences of RMAE and panel Diebold–Mariano tests; pairs share "
        "the shocks of a year, so the years decide.",
        "backtest_by_size": "By size of the pair's last known flow at the origin.",
        "backtest_failures": "Origins at which a model gave no forecast.",
    }
    blocks: list[Block] = [drawing.picture for drawing in drawings.values()]
    blocks += [
        Table(tables[name], caption)
        for name, caption in captions.items()
        if name in tables
    ]
    notes = [*result.notes, without_gravity(_forecast(known), known)]
    told = [note.rstrip(".") + "." for note in notes if note]
    return [*blocks, *([Note(" ".join(told))] if told else [])]


def _write_forecasts(result: Backtest, folder: Path) -> None:
    """Write each forecast beside its outcome; as CSV where pyarrow is not installed."""
    try:
        path = folder / "backtest_forecasts.parquet"
        write_table(result.forecasts, path, "parquet")
    except MissingPackageError:
        write_table(result.forecasts, folder / "backtest_forecasts.csv", "csv")
