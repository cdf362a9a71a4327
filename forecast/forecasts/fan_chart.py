"""A fan chart: what was observed, the median, and bands that hold 50, 80, 95 per cent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import KeyColumnError, MissingPackageError
from forecast.forecasts.levels import percent_label, tails_of
from forecast.forecasts.prose import number, what_of, who_are
from forecast.forecasts.summaries import quantiles
from forecast.forecasts.units import rows_of
from forecast.periods import FREQUENCIES, frequency_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.forecasts.distribution import Forecast

__all__ = ["draw_fan"]

Floats = NDArray[np.floating[Any]]

INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"
MEDIAN = "#0b4f9c"
SHADES = ("#d3e3f5", "#a9c8eb", "#7fadde", "#5591cd")
"""From the widest band to the narrowest."""

PERIODS_SHOWN = 60
"""Of a long history only the end is drawn, so that the forecast can be read."""


def draw_fan(
    forecast: Forecast, *, ax: Axes | None, unit: object, levels: Sequence[float]
) -> Axes:
    """Draw one unit, or the sum of all; see `Forecast.plot`."""
    shown = _one_unit(forecast, unit)
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingPackageError.of("matplotlib", "plots", "Forecast.plot") from None
    if ax is None:
        ax = plt.subplots(figsize=(8, 4.5), layout="constrained")[1]
    draws, x = shown.draws[0], _years(shown.periods)
    past_x, past_y = _past(shown)
    tails = [tail for level in levels for tail in tails_of(level)]
    median, *ends = quantiles(draws[None], [0.5, *tails])[:, 0]
    bands = [(ends[2 * k], ends[2 * k + 1], levels[k]) for k in range(len(levels))]
    bands.sort(key=lambda band: -float(percent_label(band[2])))
    ax.plot(past_x, past_y, color=INK, linewidth=1.6, solid_capstyle="round")
    if len(x) == 1:
        _draw_spans(ax, x[0], median[0], bands, shown)
    else:
        _draw_bands(ax, x, median, bands, anchor=_anchor(past_x, past_y, shown))
    _name_ends(ax, x, median, bands)
    _dress(ax, shown)
    return ax


def _one_unit(forecast: Forecast, unit: object) -> Forecast:
    """Select the unit that was asked for; by default the only one, or the sum."""
    columns = list(forecast.units.columns)
    if unit is None:
        return forecast if len(forecast.units) == 1 else forecast.total()
    values = unit if isinstance(unit, tuple) else (unit,)
    if len(values) != len(columns):
        raise KeyColumnError(
            f"unit {unit!r} does not name {columns}",
            code="F-311",
            remedy="Give one value for each key column, as a tuple in this order.",
        )
    rows = rows_of(forecast.units, dict(zip(columns, values, strict=True)))
    return forecast.select(**{c: [forecast.units[c].iloc[rows[0]]] for c in columns})


def _years(periods: pd.PeriodIndex) -> Floats:
    """Return the middle of quarters and months in years; a year stands at its number."""
    per_year = FREQUENCIES[frequency_of(periods)]
    years = 1970 + periods.asi8 / per_year
    return np.asarray(years + (0.5 / per_year if per_year > 1 else 0))


def _past(forecast: Forecast) -> tuple[Floats, Floats]:
    if forecast.history is None:
        return np.empty(0), np.empty(0)
    values = forecast.history.to_numpy(dtype=float)[0, -PERIODS_SHOWN:]
    return _years(forecast.history_periods)[-PERIODS_SHOWN:], values


def _anchor(x: Floats, y: Floats, forecast: Forecast) -> tuple[float, float] | None:
    """Return the last observation, where the fan opens, if it is the period before."""
    follows = forecast.history is not None and (
        forecast.history_periods[-1] + 1 == forecast.periods[0]
    )
    return (x[-1], y[-1]) if follows and np.isfinite(y[-1]) else None


def _draw_bands(
    ax: Axes,
    x: Floats,
    median: Floats,
    bands: Sequence[tuple[Floats, Floats, float]],
    *,
    anchor: tuple[float, float] | None,
) -> None:
    def joined(values: Floats) -> Floats:
        return values if anchor is None else np.concatenate([[anchor[1]], values])

    along = x if anchor is None else np.concatenate([[anchor[0]], x])
    for shade, (low, high, _) in zip(_shades(len(bands)), bands, strict=True):
        ax.fill_between(along, joined(low), joined(high), color=shade, linewidth=0)
    ax.plot(along, joined(median), color=MEDIAN, linewidth=2, solid_capstyle="round")


def _draw_spans(
    ax: Axes,
    x: float,
    median: float,
    bands: Sequence[tuple[Floats, Floats, float]],
    forecast: Forecast,
) -> None:
    """Draw a single period as a bar of nested intervals with the median across."""
    width = 0.3 / FREQUENCIES[frequency_of(forecast.periods)]
    for shade, (low, high, _) in zip(_shades(len(bands)), bands, strict=True):
        ax.fill_between(
            [x - width, x + width], low[0], high[0], color=shade, linewidth=0
        )
    ax.plot([x - width, x + width], [median, median], color=MEDIAN, linewidth=2)


def _shades(count: int) -> list[str]:
    return [SHADES[min(position, len(SHADES) - 1)] for position in range(count)]


def _name_ends(
    ax: Axes,
    x: Floats,
    median: Floats,
    bands: Sequence[tuple[Floats, Floats, float]],
) -> None:
    """Write the last median and interval ends beside them, never one over the other."""
    names = [
        (float(median[-1]), f"{number(float(median[-1]))}  median", MEDIAN, "bold")
    ]
    for low, high, level in bands:
        label = f"{percent_label(level)} %"
        ends = (float(low[-1]), float(high[-1]))
        names += [(end, f"{number(end)}  {label}", MUTED, "normal") for end in ends]
    names = [name for name in names if np.isfinite(name[0])]
    heights = _spread_out([name[0] for name in names], _line_height(ax))
    right = x[-1] + 0.012 * (ax.get_xlim()[1] - ax.get_xlim()[0])
    if len(x) == 1:
        right += 0.03 * (ax.get_xlim()[1] - ax.get_xlim()[0])
    for height, (_, text, color, weight) in zip(heights, names, strict=True):
        ax.annotate(
            text,
            (right, height),
            color=color,
            fontsize=8.5,
            fontweight=weight,
            va="center",
            ha="left",
            annotation_clip=False,
        )
    left, end = ax.get_xlim()
    ax.set_xlim(left, max(end, right + 0.16 * (end - left)))


def _line_height(ax: Axes) -> float:
    """Return the height of a line of small text in data units."""
    bottom, top = ax.get_ylim()
    inches = ax.get_window_extent().height / ax.figure.dpi
    return 11 / 72 * (top - bottom) / inches


def _spread_out(heights: Sequence[float], gap: float) -> list[float]:
    """Move labels apart until neighbours are `gap` apart, keeping their order."""
    order = np.argsort(heights, kind="stable")
    placed = np.asarray(heights, dtype=float)[order]
    for _ in range(200):
        overlap = gap - np.diff(placed)
        if (overlap <= 1e-9 * gap).all():
            break
        push = np.where(overlap > 0, overlap / 2, 0)
        placed[:-1] -= push
        placed[1:] += push
    out = np.empty_like(placed)
    out[order] = placed
    return out.tolist()


def _dress(ax: Axes, forecast: Forecast) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.set_title(
        f"{who_are(forecast.units)}, {what_of(forecast)}",
        loc="left",
        color=INK,
        fontsize=11,
    )
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(MUTED)
    ax.tick_params(colors=MUTED, length=3)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    if forecast.quantity == "level" and ax.get_ylim()[0] < 0.3 * ax.get_ylim()[1]:
        ax.set_ylim(bottom=0)


def _tick(value: float) -> str:
    return f"{value:,.6g}".replace("-", "−")
