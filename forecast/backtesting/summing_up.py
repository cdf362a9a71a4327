"""Scores of single forecasts, and their means by model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import scores
from forecast.errors import ColumnError
from forecast.forecasts.levels import percent_label, tails_of
from forecast.forecasts.units import unit_index

if TYPE_CHECKING:
    from forecast.backtesting.result import Backtest

__all__ = ["cell_names", "losses_of", "summary_of"]

Floats = NDArray[np.floating[Any]]

SIZES = ("small", "medium", "large")


def cell_names(keys: Sequence[str]) -> list[str]:
    """Name the columns that tell one forecast of a model from another."""
    return [*keys, "as_of", "horizon"]


def losses_of(
    forecasts: pd.DataFrame, keys: Sequence[str], levels: Sequence[float]
) -> pd.DataFrame:
    """Return the scores of each row; see `Backtest.losses`."""
    named = [*keys, "model", "origin", "horizon", "period", "as_of"]
    column = {str(n): forecasts[n].to_numpy() for n in forecasts if n not in named}
    actual, mean, median = column["actual"], column["mean"], column["median"]
    scale, squared_scale, base = (
        np.where(column[n] > 0, column[n], np.nan)  # without change there is no unit
        for n in ("scale", "squared_scale", "base")
    )
    table = forecasts[named].copy()
    table["absolute"] = scores.absolute_error(actual, median)
    table["squared"] = scores.squared_error(actual, mean)
    table["scaled"] = scores.absolute_scaled_error(actual, median, scale)
    table["squared_scaled"] = scores.squared_scaled_error(actual, mean, squared_scale)
    table["smape"] = scores.symmetric_percentage_error(actual, median)
    table["pinball"] = _pinball(column, levels)
    table["crps"] = column["crps"]
    table["scaled_crps"] = column["crps"] / scale
    for level in levels:
        label = percent_label(level)
        low, high = column[f"lower_{label}"], column[f"upper_{label}"]
        table[f"covered_{label}"] = scores.covered(actual, low, high)
        table[f"winkler_{label}"] = scores.winkler(actual, low, high, level)
    table["growth_error"] = scores.growth_error(actual, median, base)
    table["sign"] = scores.same_sign(actual, median, column["base"])
    return table


def _pinball(column: dict[str, Floats], levels: Sequence[float]) -> Floats:
    """Return the mean loss of the median and of the ends of all intervals."""
    quantiles = {0.5: column["median"]}
    for level in levels:
        label, (low, high) = percent_label(level), tails_of(level)
        quantiles |= {low: column[f"lower_{label}"], high: column[f"upper_{label}"]}
    total = sum(
        scores.pinball(column["actual"], values, probability)
        for probability, values in quantiles.items()
    )
    return np.asarray(total) / len(quantiles)


def summary_of(result: Backtest, by: Sequence[str]) -> pd.DataFrame:
    """Return the table of `Backtest.summary`."""
    table = result.losses.copy()
    if "size" in by and "size" not in table:
        table["size"] = _sizes(result, table)
    if missing := [name for name in by if name not in table.columns]:
        raise ColumnError.missing(missing, [*table.columns, "size"])
    judged = table[table["absolute"].notna()]
    groups = [*by, "model"] if "model" not in by else list(by)
    grouped = judged.groupby(groups, observed=True, sort=True, dropna=False)
    means = grouped.mean(numeric_only=True)
    out = pd.DataFrame({"n": grouped.size()})
    out["failed"] = 0
    for name, loss in (("mae", "absolute"), ("mase", "scaled"), ("smape", "smape")):
        out[name] = means[loss]
    out["rmse"] = np.sqrt(means["squared"])
    out["rmsse"] = np.sqrt(means["squared_scaled"])
    for name in ("pinball", "crps", "scaled_crps"):
        out[name] = means[name]
    for level in result.levels:
        label = percent_label(level)
        out[f"coverage_{label}"] = means[f"covered_{label}"]
        out[f"winkler_{label}"] = means[f"winkler_{label}"]
    squares = judged["growth_error"].pow(2)
    by_group = [judged[name] for name in groups]
    out["growth_rmse"] = np.sqrt(squares.groupby(by_group, observed=True).mean())
    out["sign_hits"] = means["sign"]
    out["turning_points"] = _turns(result.forecasts.loc[judged.index], by_group)
    for name, loss in (("mase", "scaled"), ("crps", "scaled_crps")):
        out[f"skill_{name}"] = _skill(judged, result, groups, loss)
    out = out.reset_index()
    out["failed"] = out["model"].map(result.failures["model"].value_counts())
    out["failed"] = out["failed"].fillna(0).astype(int)
    return _in_order(out, result, by)


def _turns(forecasts: pd.DataFrame, by_group: list[pd.Series]) -> pd.Series:
    """Return the share of turns that were foreseen, by group."""
    names = ["actual", "median", "base", "before"]

    def hit_rate(rows: pd.DataFrame) -> float:
        return scores.turning_points(
            *(rows[name].to_numpy() for name in names)
        ).hit_rate

    return forecasts[names].groupby(by_group, observed=True).apply(hit_rate)


def _skill(
    judged: pd.DataFrame, result: Backtest, groups: list[str], loss: str
) -> pd.Series:
    """Return 1 - loss / loss of the benchmark, over the forecasts that both made."""
    cells = cell_names(result.keys)
    theirs = judged.loc[judged["model"] == result.benchmark, [*cells, loss]]
    both = judged[[*dict.fromkeys([*cells, *groups, loss])]].merge(
        theirs, on=cells, suffixes=("", " of the benchmark"), validate="m:1"
    )
    both = both.dropna(subset=[loss, f"{loss} of the benchmark"])
    sums = both.groupby(groups, observed=True)[[loss, f"{loss} of the benchmark"]].sum()
    against = sums[f"{loss} of the benchmark"].replace(0.0, np.nan)
    return 1 - sums[loss] / against


def _sizes(result: Backtest, table: pd.DataFrame) -> pd.Categorical:
    """Return the third in which each row's unit stands by its mean before all origins."""
    first = table["as_of"].min()
    early = pd.PeriodIndex(result.outcomes.columns).end_time.normalize() <= first
    means = result.outcomes.loc[:, early].mean(axis=1)
    ranks = means.rank(method="first", na_option="top").to_numpy() - 1
    thirds = np.floor(3 * ranks / len(means)).astype(int)
    if len(means) < len(SIZES):
        thirds[:] = len(SIZES) - 1
    rows = result.outcomes.index.get_indexer(unit_index(table[result.keys]))
    kinds = pd.CategoricalDtype(list(SIZES), ordered=True)
    return pd.Categorical.from_codes(thirds[rows], dtype=kinds)


def _in_order(out: pd.DataFrame, result: Backtest, by: Sequence[str]) -> pd.DataFrame:
    """Sort by what it is by, then by model in the order given."""
    place = out["model"].map({name: i for i, name in enumerate(result.models)})
    out = out.assign(_place=place)
    out = out.sort_values([*(n for n in by if n != "model"), "_place"], kind="stable")
    return out.drop(columns="_place").reset_index(drop=True)
