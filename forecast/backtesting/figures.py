"""Figures of backtests: coverage, skill by horizon, fans beside what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, ModelError
from forecast.forecasts.levels import percent_label
from forecast.forecasts.units import unit_index, unit_name
from forecast.periods import FREQUENCIES, frequency_of
from forecast.plots.look import (
    ACCENT,
    FAINT,
    INK,
    MUTED,
    SMALL,
    TINTS,
    axes_of,
    bare,
    named_rows,
    plain,
    scale_of,
    spread,
    titled,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.backtesting.result import Backtest

__all__ = ["draw_coverage", "draw_fans", "draw_skill"]

GREYS = (MUTED, "#8d98a4", "#b3bbc4")
PERIODS_BEFORE = 12


def draw_coverage(result: Backtest, ax: Axes | None) -> Axes:
    """Draw a row for each model: dots where its intervals held, lines where they should."""
    table = result.summary()
    ax = axes_of(ax, height=1.4 + 0.42 * len(table))
    for level in result.levels:
        ax.axvline(level, color=FAINT, linewidth=1.5, zorder=0)
        write(ax, level, 0.75, f"{level:g} %", ha="center", color=MUTED)
    for row, (_, scores) in enumerate(table.iterrows()):
        for level in result.levels:
            label = percent_label(level)
            share = 100 * float(scores[f"coverage_{label}"])
            ax.plot([level, share], [-row, -row], color=TINTS[80], linewidth=3)
            ax.plot([share], [-row], "o", color=ACCENT, markersize=7)
            text = f"{share:.0f}".replace("-", "−")
            write(ax, share, -row, text, up=10, ha="center")
    named_rows(ax, [str(name) for name in table["model"]], above=1.1)
    bare(ax, grid="")
    ax.margins(x=0.1)
    titled(ax, "How often the intervals held", "outcomes inside, %")
    return ax


def draw_skill(result: Backtest, ax: Axes | None, score: str) -> Axes:
    """Draw a line for each model over horizons; the benchmark is the zero line."""
    if score not in {"mase", "crps"}:
        raise ModelError(
            f"no score {score!r} to draw",
            code="F-646",
            column="score",
            remedy="There are 'mase' and 'crps'.",
        )
    table = result.summary("horizon")
    models = [name for name in result.models if name != result.benchmark]
    ax = axes_of(ax)
    ax.plot([1, result.horizon], [0, 0], color=INK, linewidth=1.2)
    ends: dict[str, float] = {}
    for place, name in enumerate(models):
        rows = table[table["model"] == name]
        if rows.empty:
            continue
        values = 100 * rows[f"skill_{score}"].to_numpy()
        color = ACCENT if place == 0 else GREYS[(place - 1) % len(GREYS)]
        ax.plot(rows["horizon"], values, "o-", color=color, markersize=4)
        ends[name] = float(values[-1])
    bare(ax, grid="y")
    ax.set_xticks(range(1, result.horizon + 1))
    low, high = ax.get_ylim()
    names = {**ends, result.benchmark: 0.0}
    finite = {name: y for name, y in names.items() if np.isfinite(y)}
    for name, y in zip(
        finite, spread([*finite.values()], 0.06 * (high - low)), strict=True
    ):
        color = ACCENT if models and name == models[0] else MUTED
        write(ax, result.horizon, y, name, right=8, color=color)
    titled(
        ax,
        f"Skill against {result.benchmark}, by horizon",
        f"{score.upper()} lower by, %",
        axis="y",
    )
    return ax


def draw_fans(
    result: Backtest,
    ax: Axes | None,
    *,
    unit: Any,
    model: str | None,
    origins: int,
) -> Axes:
    """Draw outcomes of a unit, and medians and widest intervals from some origins."""
    name = result.models[0] if model is None else model
    if name not in result.models:
        raise ModelError(
            f"no model {name!r}",
            code="F-646",
            column="model",
            remedy=f"There are {list(result.models)}.",
        )
    row = _row_of(result, unit)
    table = result.forecasts[result.forecasts["model"] == name]
    rows = result.outcomes.index.get_indexer(unit_index(table[result.keys]))
    table = table[rows == row]
    table = _apart(table, origins, result.horizon)
    scale = scale_of(result.measure, result.outcomes.iloc[row])
    ax = axes_of(ax, height=3.7)
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    levels = sorted(result.levels, reverse=True)
    outcomes = result.outcomes.iloc[row]
    for _, fan in table.groupby("as_of"):
        _fan(ax, fan, levels, scale, anchor=outcomes.get(fan["origin"].iloc[0], np.nan))
    periods = pd.PeriodIndex(result.outcomes.columns)
    before = PERIODS_BEFORE * FREQUENCIES[frequency_of(periods)]
    first = pd.PeriodIndex(table["origin"]).asi8.min(initial=periods.asi8[-1])
    shown = periods.asi8 >= first - before
    values = scale(outcomes.to_numpy())[shown]
    ax.plot(_years(periods[shown]), values, "o-", color=INK, markersize=3.5)
    bare(ax, grid="y")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    units = result.outcomes.index.to_frame(index=False)
    widest = f", {levels[0]:g} % intervals" if levels else ""
    titled(
        ax,
        f"{unit_name(units, row)}: {name}{widest}, and what came",
        plain(scale.unit),
        axis="y",
    )
    ax.tick_params(labelsize=SMALL)
    return ax


def _apart(table: pd.DataFrame, count: int, horizon: int) -> pd.DataFrame:
    """Keep the last origins whose fans do not cover each other."""
    days: list[Any] = []
    last = np.inf
    found = table.drop_duplicates("as_of").sort_values("as_of", ascending=False)
    starts = pd.PeriodIndex(found["origin"]).asi8.tolist()
    for day, start in zip(found["as_of"], starts, strict=True):
        if start <= last - horizon and len(days) < count:
            days.append(day)
            last = start
    return table[table["as_of"].isin(days)]


def _fan(
    ax: Axes, rows: pd.DataFrame, levels: list[float], scale: Any, *, anchor: float
) -> None:
    """Draw bands and median; they open at what came in the period of the origin."""
    x = np.append(
        _years(pd.PeriodIndex(rows["origin"].iloc[:1])),
        _years(pd.PeriodIndex(rows["period"])),
    )
    keep = slice(None) if np.isfinite(anchor) else slice(1, None)

    def along(name: str) -> Any:
        return scale(np.append(anchor, rows[name]))[keep]

    tints = (TINTS[95], TINTS[80], TINTS[50])
    for tint, level in zip(tints, levels, strict=False):
        label = percent_label(level)
        low, high = along(f"lower_{label}"), along(f"upper_{label}")
        ax.fill_between(x[keep], low, high, color=tint, linewidth=0)
    ax.plot(x[keep], along("median"), ".-", color=ACCENT, linewidth=1.5)


def _row_of(result: Backtest, unit: Any) -> int:
    if unit is None:
        return 0
    index = result.outcomes.index
    wanted = unit if isinstance(unit, tuple) else (unit,)
    key = wanted if index.nlevels > 1 else wanted[0]
    found = index.get_indexer(pd.Index([key])) if len(wanted) == index.nlevels else [-1]
    if found[0] < 0:
        units = index.to_frame(index=False)
        raise KeyColumnError(
            f"no unit {unit!r}",
            code="F-311",
            examples=[unit_name(units, row) for row in range(min(5, len(units)))],
            remedy=f"Give the values of {result.keys} as a tuple in this order.",
        )
    return int(found[0])


def _years(periods: pd.PeriodIndex) -> Any:
    per_year = FREQUENCIES[frequency_of(periods)]
    return 1970 + periods.asi8 / per_year + (0.5 / per_year if per_year > 1 else 0)
