"""Figures of a year that is not over: its distribution, and how such figures held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.plots.look import (
    ACCENT,
    DASHES,
    INK,
    LARGE,
    MUTED,
    NORMAL,
    TINTS,
    Scale,
    axes_of,
    bare,
    interval_row,
    named_rows,
    scale_of,
    source_line,
    titled,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.nowcasting import Nowcast

__all__ = ["Mark", "plot_nowcast", "plot_track"]

Floats = NDArray[np.floating[Any]]

BOUNDS = [0.025, 0.1, 0.5, 0.9, 0.975]
HILL = 3.4  # height of the density, in rows
EDGE = 0.004  # what the density leaves out of each tail
OPEN = ("more than", "at least")
UNSAID = ("equal", "point", "range", "")


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody's number for the year, to be shown beside ours.

    Attributes
    ----------
    label : str
    value : float
        In the unit of the forecast.
    relation : str
        "more than" and "at least" are drawn as an open bound.
    came_true : bool
        It is the outcome, not a forecast.
    note : str
        Stands behind the number.
    """

    label: str
    value: float
    relation: str = "equal"
    came_true: bool = False
    note: str = ""


def plot_nowcast(
    nowcast: Nowcast,
    ax: Axes | None = None,
    *,
    marks: Sequence[Mark] | Mapping[str, float] = (),
    claimed: float | None = None,
    outcome: Mapping[str, float] | None = None,
    title: str | None = None,
    source: str | None = None,
) -> Axes:
    """Draw the distribution of the year, with the simple rules and others' numbers below.

    Parameters
    ----------
    nowcast : Nowcast
        Of one unit, or of several that are added.
    ax : Axes, optional
    marks : sequence of Mark, or mapping of str to float
        Other numbers, for example official forecasts.
    claimed : float, optional
        A claimed value: a line with the chance that the year is at most that.
    outcome : mapping of str to float, optional
        What came true, by who published it.
    title, source : str, optional

    Returns
    -------
    Axes
    """
    draws = nowcast.forecast.draws[:, -1, :].sum(axis=0)
    rows = [*_rules(nowcast), *_marks(marks), *_outcomes(outcome or {})]
    values = [m.value for m in rows] + ([] if claimed is None else [claimed])
    ends = np.quantile(draws, [EDGE, 1 - EDGE])
    scale = scale_of(nowcast.forecast.measure, [*ends, *values])
    ax = axes_of(ax, height=2.4 + 0.29 * len(rows))
    _hill(ax, draws, scale)
    _interval(ax, draws, scale)
    for place, mark in enumerate(rows, start=1):
        _mark(ax, -place, mark, scale)
    if claimed is not None:
        _claim(ax, claimed, draws, scale, bottom=-len(rows) - 0.5)
    bare(ax)
    named_rows(ax, ["this nowcast", *(m.label for m in rows)], above=1 + HILL * 1.2)
    _frame(ax, [*scale(ends), *scale(values)])
    titled(ax, title or _title(nowcast), _axis_name(nowcast, scale))
    source_line(ax, source)
    return ax


def plot_track(
    record: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "Nowcasts against what came true",
    source: str | None = None,
) -> Axes:
    """Draw dated nowcasts as intervals in per cent of the outcome, one row each.

    Parameters
    ----------
    record : DataFrame
        Columns ``label``, ``outcome``, ``median``, ``low_80``, ``high_80``,
        ``low_95``, ``high_95`` and, where there is one, ``run_rate``.
    """
    ax = axes_of(ax, height=1.5 + 0.28 * len(record))
    columns = ["low_95", "low_80", "median", "high_80", "high_95"]
    error = 100 * (record[columns].div(record["outcome"], axis=0) - 1)
    rates = record.get("run_rate", pd.Series(np.nan, index=record.index))
    simple = 100 * (rates.astype(float) / record["outcome"] - 1)
    ax.axvline(0, color=INK, linewidth=1.2)
    for place, bounds in enumerate(error.to_numpy(dtype=float).tolist()):
        interval_row(ax, -place, bounds)
    ax.plot(
        simple, -np.arange(len(record)), "D", color=MUTED, markersize=4, mfc="white"
    )
    bare(ax)
    named_rows(ax, list(record["label"]), above=1.2)
    write(ax, 0, 0.75, "outcome", right=4)
    unit = "% above or below the outcome; dot: median, bars: 80 and 95 % interval, diamond: run-rate"
    titled(ax, title, unit)
    source_line(ax, source)
    return ax


# --- parts of the figure -----------------------------------------------------------


def _rules(nowcast: Nowcast) -> list[Mark]:
    """Give the simple rules that could be computed, summed over units."""
    table = nowcast.benchmarks
    if nowcast.forecast.quantity != "level" or table.empty:
        return []
    sums = table.groupby("rule", sort=False)["value"].sum(
        min_count=len(nowcast.evidence)
    )
    return [Mark(str(rule), float(v)) for rule, v in sums.items() if np.isfinite(v)]


def _marks(marks: Sequence[Mark] | Mapping[str, float]) -> list[Mark]:
    if isinstance(marks, Mapping):
        return [Mark(label, float(value)) for label, value in marks.items()]
    return list(marks)


def _outcomes(outcome: Mapping[str, float]) -> list[Mark]:
    return [Mark(f"outcome: {who}", v, came_true=True) for who, v in outcome.items()]


def _hill(ax: Axes, draws: Floats, scale: Scale) -> None:
    """Draw the smoothed density above the rows, shaded by central intervals."""
    from scipy.stats import gaussian_kde

    middle = float(np.median(draws))
    start, stop = np.quantile(draws, [EDGE, 1 - EDGE])
    grid = np.linspace(start, stop, 400)
    if grid[-1] > grid[0]:
        smooth = gaussian_kde(draws)
        smooth.set_bandwidth(1.5 * smooth.factor)
        height = smooth(grid)
        height = 0.8 + HILL * height / height.max()
    else:
        height = np.full(grid.size, 0.8 + HILL)
    for level in (100, 95, 80, 50):
        low, high = np.quantile(draws, [0.5 - level / 200, 0.5 + level / 200])
        inside = (grid >= low) & (grid <= high)
        tint = TINTS.get(level, "#f1f5f9")
        ax.fill_between(
            scale(grid[inside]), 0.8, height[inside], color=tint, linewidth=0
        )
    ax.plot(scale(grid), height, color=ACCENT, linewidth=1.3)
    top = float(np.interp(middle, grid, height))
    ax.plot(scale([middle] * 2), [0.8, top], color=ACCENT, linewidth=1.3)
    style: dict[str, Any] = {"ha": "center", "color": ACCENT, "fontweight": "bold"}
    text = f"median {scale.text(middle)}"
    write(ax, float(scale(middle)), top, text, up=9, fontsize=LARGE, **style)


def _interval(ax: Axes, draws: Floats, scale: Scale) -> None:
    bounds = np.quantile(draws, BOUNDS)
    interval_row(ax, 0, scale(bounds).tolist())
    low95, low80, _, high80, high95 = map(scale.text, bounds)
    said = (f"80 %: {low80} to {high80}", f"95 %: {low95} to {high95}")
    write(ax, float(scale(bounds[-1])), 0, *said, right=8, color=ACCENT)


def _mark(ax: Axes, y: float, mark: Mark, scale: Scale) -> None:
    color = INK if mark.came_true else MUTED
    shape = "*" if mark.came_true else ">" if mark.relation in OPEN else "D"
    at = float(scale(mark.value))
    ax.plot([at], [y], shape, color=color, markersize=10 if mark.came_true else 5)
    relation = "" if mark.relation in UNSAID else f"{mark.relation} "
    weight = "bold" if mark.came_true else "normal"
    note = f" ({mark.note})" if mark.note else ""
    text = f"{relation}{scale.text(mark.value)}{note}"
    write(ax, at, y, text, right=9, color=color, fontweight=weight)


def _claim(
    ax: Axes, claimed: float, draws: Floats, scale: Scale, *, bottom: float
) -> None:
    at, chance = float(scale(claimed)), float((draws <= claimed).mean())
    left = claimed <= float(np.median(draws))
    shown = "below 0.1 %" if chance < 0.001 else f"{100 * chance:.1f} %"
    ax.plot([at, at], [bottom, 0.8 + HILL], color=INK, linewidth=1.2, linestyle=DASHES)
    lines = (
        f"claimed: {scale.text(claimed)}",
        "chance of at most",
        f"that much: {shown}",
    )
    style: dict[str, Any] = {"right": -6, "ha": "right"} if left else {"right": 6}
    write(ax, at, 0.8 + 0.75 * HILL, *lines, fontsize=NORMAL, **style)


def _frame(ax: Axes, values: Iterable[float]) -> None:
    finite = [v for v in values if np.isfinite(v)]
    wide = max(finite) - min(finite) or 1.0
    ax.set_xlim(min(finite) - 0.2 * wide, max(finite) + 0.22 * wide)
    ax.locator_params(axis="x", nbins=8, steps=[1, 2, 5, 10])


def _title(nowcast: Nowcast) -> str:
    day = nowcast.as_of
    when = "" if day is None else f", as known on {day.day} {day:%B %Y}"
    return f"The year {nowcast.year}{when}"


def _axis_name(nowcast: Nowcast, scale: Scale) -> str:
    if nowcast.forecast.quantity != "level":
        return nowcast.forecast.quantity
    return f"total of {nowcast.year}, {scale.unit}"
