"""Scores of a backtest of pairs: errors over mean trade, hits of intervals, tests."""

from __future__ import annotations

import pandas as pd

from forecast.backtesting import Backtest
from forecast.forecasts.levels import percent_label
from forecast.scores import panel_diebold_mariano

__all__ = ["SIZES", "by_model", "by_size", "compare_errors", "judged", "scores"]

FEWEST_ORIGINS = 4
"""Fewer allow no test."""


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


def compare_errors(rows: pd.DataFrame, ours: str, result: Backtest) -> pd.DataFrame:
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


def by_model(table: pd.DataFrame, horizon: int) -> dict[str, dict[str, float]]:
    """Give the scores of each model at one horizon."""
    rows = table[table["horizon"] == horizon]
    columns = [str(name) for name in rows if name not in ("model", "horizon")]
    values = rows[columns].to_numpy(dtype=float).tolist()
    return {
        str(model): dict(zip(columns, row, strict=True))
        for model, row in zip(rows["model"], values, strict=True)
    }
