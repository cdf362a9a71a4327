"""Figures of how a number came about: release by release, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.plots.look import (
    ACCENT,
    FAINT,
    INK,
    MUTED,
    TINTS,
    Scale,
    axes_of,
    bare,
    named_rows,
    scale_of,
    source_line,
    titled,
    upright,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_contributions", "plot_news"]

LONGEST = 44


def plot_news(
    news: pd.DataFrame,
    ax: Axes | None = None,
    *,
    measure: str = "",
    outcome: float | None = None,
    title: str = "What each release did to the estimate",
    source: str | None = None,
) -> Axes:
    """Draw the estimate after each release, and the step that the release made.

    Parameters
    ----------
    news : DataFrame
        As in `Nowcast.news`: ``released``, ``figure``, ``before``, ``after`` and,
        where there is one, ``unit``; an estimate that was first one of growth and
        then one of money is drawn from the first in money on.
    ax : Axes, optional
    measure : str
        Unit of the estimate; default: as `news` says.
    outcome : float, optional
        What came true.
    """
    if "unit" in news and len(news):
        news = news[news["unit"] == news["unit"].iloc[-1]]
        measure = measure or str(news["unit"].iloc[-1])
    known = [] if outcome is None else [outcome]
    scale = scale_of(measure, [*news["after"], *known])
    ax = axes_of(ax, height=1.5 + 0.42 * max(len(news), 1))
    for place, row in enumerate(news.itertuples(index=False)):
        _release(ax, -place, row, scale)
    if outcome is not None:
        upright(ax, float(scale(outcome)), f"outcome {scale.text(outcome)}", y=0.8)
    bare(ax)
    days = [pd.Timestamp(day) for day in news["released"]]
    figures = [_brief(str(text)) for text in news["figure"]]
    labels = [f"{d.day} {d:%b %Y}: {f}" for d, f in zip(days, figures, strict=True)]
    named_rows(ax, labels, above=1.2)
    ax.margins(x=0.24)
    titled(ax, title, f"median of the year, {scale.unit}")
    source_line(ax, source)
    return ax


def plot_contributions(
    parts: pd.Series,
    ax: Axes | None = None,
    *,
    total: str = "total",
    measure: str = "",
    title: str = "What the change is made of",
    source: str | None = None,
) -> Axes:
    """Draw parts that add up to a total, each starting where the one before ended.

    Parameters
    ----------
    parts : Series
        Label to value, in the order in which they are drawn.
    ax : Axes, optional
    total : str, default "total"
        Label of the sum.
    measure : str
        Unit of the values.
    """
    values = parts.to_numpy(dtype=float)
    ends = np.cumsum(values)
    whole = float(ends[-1]) if ends.size else 0.0
    scale = scale_of(measure, [*ends, *values])
    ax = axes_of(ax, height=1.4 + 0.34 * (len(parts) + 1))
    for place, (start, value) in enumerate(zip(ends - values, values, strict=True)):
        color = TINTS[50] if value >= 0 else FAINT
        ax.barh(-place, scale(value), left=scale(start), height=0.62, color=color)
        right = float(scale(max(start, start + value)))
        write(ax, right, -place, scale.text(value, signed=True), right=5)
        if place:
            ax.plot(scale([start] * 2), [1 - place, -place], color=MUTED, linewidth=0.8)
    ax.barh(-len(parts), scale(whole), height=0.62, color=ACCENT)
    write(ax, max(0.0, float(scale(whole))), -len(parts), scale.text(whole), right=5)
    ax.axvline(0, color=INK, linewidth=1.0)
    bare(ax)
    named_rows(ax, [*(str(name) for name in parts.index), total])
    ax.margins(x=0.12)
    titled(ax, title, scale.unit)
    source_line(ax, source)
    return ax


def _release(ax: Axes, y: float, row: Any, scale: Scale) -> None:
    """One row: a bar from the estimate before to the estimate after."""
    after, text, rises = float(scale(row.after)), scale.text(row.after), True
    if np.isfinite(row.before):
        before, step = float(scale(row.before)), row.after - row.before
        rises, text = step >= 0, f"{text}  ({scale.text(step, signed=True)})"
        ax.plot([before] * 2, [y + 1, y], color=MUTED, linewidth=0.8)
        ax.plot([before, after], [y, y], color=TINTS[50], linewidth=7)
    ax.plot([after], [y], "o", color=ACCENT, markersize=7)
    write(ax, after, y, text, right=9 if rises else -9, ha="left" if rises else "right")


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
