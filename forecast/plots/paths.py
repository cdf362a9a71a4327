"""Figures over time: a year so far with the fan of its rest, and fan charts."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.plots.look import (
    ACCENT,
    FAINT,
    INK,
    LARGE,
    MUTED,
    NORMAL,
    TINTS,
    Scale,
    axes_of,
    bare,
    plain,
    scale_of,
    source_line,
    spread,
    titled,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.forecasts import Forecast
    from forecast.nowcasting import Nowcast

__all__ = ["plot_fan", "plot_part_year"]

Floats = NDArray[np.floating[Any]]

MONTHS = 12
FAN = (50, 80, 95)


def plot_part_year(
    nowcast: Nowcast,
    ax: Axes | None = None,
    *,
    claimed: float | None = None,
    title: str | None = None,
    source: str | None = None,
) -> Axes:
    """Draw the sum since January: what is known, and the fan of the rest of the year.

    Where single months are forecast, their paths are drawn; from a lone published sum
    the edges of the fan are straight lines to the quantiles of December.

    Raises
    ------
    ModelError
        Only growth rates were published (F-570), or units know different numbers of
        months (F-571).
    """
    known, months = _known(nowcast)
    x, paths = _cumulated(nowcast, known, months)
    scale = scale_of(nowcast.forecast.measure, [np.quantile(paths[-1], 0.99)])
    ax = axes_of(ax, height=3.7)
    ends = _fan(ax, x, paths, scale, FAN)
    # of the months that make up the sum nothing is known: a thin straight line
    ax.plot([0, months], scale([0, known]), color=MUTED, linewidth=1.0)
    ax.plot([months], scale([known]), "o", color=INK, markersize=6)
    rate = known / months * MONTHS
    ax.plot([months, MONTHS], scale([known, rate]), ":", color=INK, linewidth=1.2)
    ends[f"run-rate {scale.text(rate)}"] = rate
    if claimed is not None:
        ax.plot(
            [months, MONTHS], scale([known, claimed]), "--", color=INK, linewidth=1.2
        )
        ends[f"claimed {scale.text(claimed)}"] = claimed
    name = calendar.month_name[months]
    text = f"{scale.text(known)} in January–{name}" if months > 1 else scale.text(known)
    write(
        ax,
        months,
        float(scale(known)),
        text,
        right=-9,
        up=4,
        ha="right",
        fontsize=NORMAL,
    )
    bare(ax, grid="y")
    ax.set_xticks(range(1, MONTHS + 1), list(calendar.month_abbr)[1:])
    ax.set_xlim(0, MONTHS + 2.6)
    ax.set_ylim(0, None)
    _end_labels(ax, ends, scale, at=MONTHS + 0.15)
    heading = title or f"{nowcast.year} so far, and the rest of it"
    titled(ax, heading, f"sum since January, {scale.unit}", axis="y")
    source_line(ax, source)
    return ax


def plot_fan(
    forecast: Forecast,
    ax: Axes | None = None,
    *,
    unit: Any = None,
    levels: Sequence[float] = FAN,
    title: str | None = None,
    source: str | None = None,
) -> Axes:
    """Draw history, median and central intervals of one unit.

    Parameters
    ----------
    forecast : Forecast
    ax : Axes, optional
    unit : optional
        Key value of the unit, or a tuple of them; by default the only unit, or the
        sum of all.
    levels : sequence of float, default (50, 80, 95)
        In per cent.

    Raises
    ------
    KeyColumnError
        The forecast has no such unit.
    """
    ax = forecast.plot(axes_of(ax), unit=unit, levels=levels)
    heading = plain(title or ax.get_title(loc="left"))  # names of units are data
    ax.set_title(heading, loc="left", color=INK, fontsize=LARGE)
    source_line(ax, source)
    return ax


# --- parts of the figures ----------------------------------------------------------


def _known(nowcast: Nowcast) -> tuple[float, int]:
    known, months = nowcast.evidence["known"], nowcast.evidence["months"].unique()
    if nowcast.forecast.quantity != "level" or not (known > 0).all():
        raise ModelError(
            "only growth rates were published: there is no sum so far to draw",
            code="F-570",
            remedy="Draw the growth with plot_nowcast.",
        )
    if len(months) != 1:
        raise ModelError(
            "the units know different numbers of months",
            code="F-571",
            count=len(months),
            remedy="Draw units with the same months known, one figure each.",
        )
    return float(known.sum()), int(months[0])


def _cumulated(nowcast: Nowcast, known: float, months: int) -> tuple[Floats, Floats]:
    """Sums since January from the last known month on: x (t,), paths (t, paths)."""
    year = nowcast.forecast.draws[:, -1, :].sum(axis=0)
    start = np.full((1, year.size), known)
    if nowcast.months is None:
        return np.array([months, MONTHS], dtype=float), np.vstack([start, year[None]])
    rest = nowcast.months.draws.sum(axis=0)
    step = (MONTHS - months) // len(rest)
    x = months + step * np.arange(len(rest) + 1, dtype=float)
    return x, np.vstack([start, known + np.cumsum(rest, axis=0)])


def _fan(
    ax: Axes, x: Floats, paths: Floats, scale: Scale, levels: Sequence[float]
) -> dict[str, float]:
    """Draw bands and median of paths (t, paths); return labels of the right end."""
    tints = dict(
        zip(sorted(levels), (TINTS[50], TINTS[80], TINTS[95], FAINT), strict=False)
    )
    middle = np.nanmedian(paths, axis=1)
    ends = {f"median {scale.text(float(middle[-1]))}": float(middle[-1])}
    for level in sorted(levels, reverse=True):
        low, high = np.nanquantile(
            paths, [0.5 - level / 200, 0.5 + level / 200], axis=1
        )
        tint = tints.get(level, FAINT)
        ax.fill_between(x, scale(low), scale(high), color=tint, linewidth=0)
        if level > 50 or len(levels) == 1:
            ends[f"{level:g} %: {scale.text(high[-1])}"] = float(high[-1])
            ends[f"{level:g} %: {scale.text(low[-1])}"] = float(low[-1])
    ax.plot(x, scale(middle), color=ACCENT, linewidth=1.8)
    return ends


def _end_labels(ax: Axes, ends: Mapping[str, float], scale: Scale, at: float) -> None:
    """Write labels at the right end, moved apart where they would overlap."""
    low, high = ax.get_ylim()
    places = spread([float(scale(v)) for v in ends.values()], 0.058 * (high - low))
    for text, y in zip(ends, places, strict=True):
        ours = text.startswith("median")
        color = ACCENT if ours else MUTED if "%" in text else INK
        write(ax, at, y, text, color=color, fontweight="bold" if ours else "normal")
