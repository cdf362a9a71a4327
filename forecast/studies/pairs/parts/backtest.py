"""``[backtest]``: would the forecast have been better than simple ones, and did intervals hold?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.backtesting import Backtest, backtest
from forecast.backtesting.command import pool_of
from forecast.backtesting.entrants import columns_of
from forecast.backtesting.saving import write_table
from forecast.errors import MissingPackageError, ModelError
from forecast.forecasts.levels import percent_label
from forecast.plots import plot_errors_by_period
from forecast.reporting import Block, Note, Table
from forecast.reporting.cells import shown
from forecast.scores import panel_diebold_mariano
from forecast.studies.drawing import Drawing, drawn
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.parts.outlook import ForecastPlan, recipe_of
from forecast.studies.pairs.recipes import make_model, some_models
from forecast.studies.progress import Progress
from forecast.studies.values import Key, WrongValueError, a_count, a_period

__all__ = ["KEYS", "BacktestPlan", "find"]

FEW_CELLS = 100_000
"""Below so many forecasts other processes cost more time than they save."""
FEWEST_ORIGINS = 4
"""Fewer allow no test."""


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
    "paths": Key(a_count, default=200),
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
            plan.origins if isinstance(plan.origins, int) else list(plan.origins),
            step=plan.step,
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
    part = known.found.get("forecast")
    asked = part.plan if part is not None else None
    ours = recipe_of(
        asked if isinstance(asked, ForecastPlan) else ForecastPlan(), known
    )
    rivals = {name: make_model(name) for name in plan.against}
    if ours.name in rivals:
        return rivals
    return {ours.name: ours, **rivals}


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
        "backtest_tests": tests(rows, ours, result),
        "backtest_failures": result.failures.astype({"origin": str}),
    }
    chosen = known.focus.rows(*(rows[key] for key in result.keys[:2]))
    if chosen.any():
        tables["backtest_focus"] = scores(rows[chosen], ["horizon"], result)
    return {name: table for name, table in tables.items() if len(table)}


def judged(result: Backtest) -> pd.DataFrame:
    """Return the forecasts with an outcome, their absolute errors and hits of intervals."""
    losses = result.losses
    table = result.forecasts.assign(scaled_crps=losses["scaled_crps"].to_numpy())
    table["absolute"] = (table["actual"] - table["point"]).abs()
    scale = table["scale"].where(table["scale"] > 0)
    table["scaled"] = table["absolute"] / scale
    for label in map(percent_label, result.levels):
        inside = table["actual"].between(
            table[f"lower_{label}"], table[f"upper_{label}"]
        )
        table[f"coverage_{label}"] = inside.astype(float)
    return table[table["actual"].notna()]


def scores(rows: pd.DataFrame, by: list[str], result: Backtest) -> pd.DataFrame:
    """Score each model, on all units together.

    Returns
    -------
    DataFrame
        ``model``, `by`, ``n``, ``mae`` in the unit of the data, ``rmae``: MAE over the mean
        outcome, ``mase``: mean error in usual changes of each unit, ``coverage_80``,
        ``coverage_95``: shares of outcomes inside, ``scaled_crps``, ``skill``: share by
        which MAE is below that of the first rival.
    """
    covered = [f"coverage_{percent_label(level)}" for level in result.levels]
    grouped = rows.groupby(["model", *by], sort=True, observed=True)
    table = grouped[["absolute", "actual", "scaled", *covered, "scaled_crps"]].mean()
    table.insert(0, "n", grouped.size())
    table.insert(2, "rmae", table["absolute"] / table.pop("actual"))
    table = table.rename(columns={"absolute": "mae", "scaled": "mase"}).reset_index()
    order = {name: place for place, name in enumerate(result.models)}
    table = table.sort_values(
        [*by, "model"],
        key=lambda column: column.map(order) if column.name == "model" else column,
        kind="stable",
    ).reset_index(drop=True)
    base = table[table["model"] == result.benchmark].set_index(by)["mae"]
    at = table.set_index(by).index
    table["skill"] = 1 - table["mae"].to_numpy() / base.reindex(at).to_numpy()
    if "period" in table:
        table["period"] = table["period"].astype(str)
    return table


SIZES = ("1 large", "2 middle", "3 small", "4 none")


def by_size(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Add ``size``: thirds of the units that traded at the origin, and those that did not.

    The size is that of the last known flow at the origin, so no outcome enters it.
    """
    last = rows["base"].fillna(0.0)
    first = rows.drop_duplicates(["as_of", *keys]).index
    traded = last.loc[first][last.loc[first] > 0]
    rank = traded.groupby(rows.loc[traded.index, "as_of"]).rank(
        method="first", ascending=False, pct=True
    )
    third = pd.cut(rank, [0, 1 / 3, 2 / 3, 1], labels=list(SIZES[:3])).astype(str)
    named = rows.loc[first, ["as_of", *keys]].assign(
        size=third.reindex(first).fillna(SIZES[3])
    )
    return rows.merge(named, how="left", on=["as_of", *keys])


def tests(rows: pd.DataFrame, ours: str, result: Backtest) -> pd.DataFrame:
    """Compare our absolute errors with those of each rival: panel Diebold-Mariano.

    Returns
    -------
    DataFrame
        ``against``, ``horizon``, ``difference`` of RMAE (negative: ours is better),
        ``std_error``, ``statistic``, ``p_value``, ``origins``. Empty with fewer than four
        origins.
    """
    found = []
    for horizon in range(1, result.horizon + 1):
        at = rows[rows["horizon"] == horizon]
        wide = {
            name: one.pivot_table(
                "absolute", result.keys, "as_of", observed=True, dropna=False
            )
            for name, one in at.groupby("model", observed=True)
        }
        if ours not in wide or wide[ours].shape[1] < FEWEST_ORIGINS:
            continue
        mean = at.loc[at["model"] == ours, "actual"].mean()
        for rival in (name for name in result.models if name != ours and name in wide):
            difference = (wide[ours] - wide[rival]).dropna(how="all").to_numpy() / mean
            test = panel_diebold_mariano(difference, horizon=-(-horizon // result.step))
            found.append(
                {
                    "against": rival,
                    "horizon": horizon,
                    "difference": test.mean,
                    "std_error": test.std_error,
                    "statistic": test.statistic,
                    "p_value": test.p_value,
                    "origins": test.origins,
                }
            )
    return pd.DataFrame(found)


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


def by_model(table: pd.DataFrame, horizon: int) -> dict[str, dict[str, float]]:
    """Give the scores of each model at one horizon."""
    rows = table[table["horizon"] == horizon]
    columns = [str(name) for name in rows if name not in ("model", "horizon")]
    values = rows[columns].to_numpy(dtype=float).tolist()
    return {
        str(model): dict(zip(columns, row, strict=True))
        for model, row in zip(rows["model"], values, strict=True)
    }


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
    told = [note.rstrip(".") + "." for note in result.notes]
    return [*blocks, *([Note(" ".join(told))] if told else [])]


def _write_forecasts(result: Backtest, folder: Path) -> None:
    """Write each forecast beside its outcome; as CSV where pyarrow is not installed."""
    try:
        path = folder / "backtest_forecasts.parquet"
        write_table(result.forecasts, path, "parquet")
    except MissingPackageError:
        write_table(result.forecasts, folder / "backtest_forecasts.csv", "csv")
