"""The waterfall: from one level to the next, part by part, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_waterfall"]


def plot_waterfall(
    parts: pd.DataFrame,
    ax: Axes | None = None,
    *,
    start: tuple[str, float] | None = None,
    end: tuple[str, float] | None = None,
    measure: str = "",
    title: str = "What growth is made of",
    source: str | None = None,
) -> Axes:
    """Draw parts one under the other, each starting where the one before ended.

    Parameters
    ----------
    parts : DataFrame
        By label: ``value`` and, where known, ``lower`` and ``upper``, drawn as a thin
        line about the end of the bar.
    ax : Axes, optional
    start, end : (str, float), optional
        Label and value of the levels before the first part and after the last.
    measure : str
        Unit of the values.
    title : str
    source : str, optional
    """
    values = parts["value"].to_numpy(dtype=float)
    first = 0.0 if start is None else start[1]
    ends = first + np.cumsum(values)
    scale = scale_of(measure, [first, *ends, *values])
    ax = axes_of(ax, height=1.4 + 0.34 * (len(parts) + 2))
    labels: list[str] = []
    place = 0
    if start is not None:
        place = _level(ax, place, start, scale, labels)
    for row, begin in enumerate(ends - values):
        labels.append(str(parts.index[row]))
        _step(ax, -place, float(begin), parts.iloc[row], scale, joined=place > 0)
        place += 1
    if end is not None:
        ax.plot(
            scale([ends[-1] if ends.size else first] * 2),
            [1 - place, -place],
            color=MUTED,
            linewidth=0.8,
        )
        _level(ax, place, end, scale, labels)
    ax.axvline(0, color=INK, linewidth=1.0)
    bare(ax)
    named_rows(ax, labels)
    ax.margins(x=0.12)
    titled(ax, title, scale.unit)
    source_line(ax, source)
    return ax


def _level(
    ax: Axes, place: int, level: tuple[str, float], scale: Scale, labels: list[str]
) -> int:
    """Draw a whole bar; returns the next place."""
    labels.append(level[0])
    ax.barh(-place, scale(level[1]), height=0.62, color=ACCENT)
    write(ax, max(0.0, float(scale(level[1]))), -place, scale.text(level[1]), right=5)
    return place + 1


def _step(
    ax: Axes, y: float, begin: float, part: pd.Series, scale: Scale, *, joined: bool
) -> None:
    """Draw one part from where the last one ended, and its interval."""
    value = float(part["value"])
    color = TINTS[50] if value >= 0 else FAINT
    ax.barh(y, scale(value), left=scale(begin), height=0.62, color=color)
    reach = [begin, begin + value]
    if "lower" in part.index and np.isfinite(part["lower"]):
        bounds = [begin + float(part["lower"]), begin + float(part["upper"])]
        if bounds[1] > bounds[0]:
            ax.plot(scale(bounds), [y, y], color=INK, linewidth=1.2)
            reach += bounds
    write(ax, float(scale(max(reach))), y, _text(scale, value), right=5)
    if joined:
        ax.plot(scale([begin] * 2), [y + 1, y], color=MUTED, linewidth=0.8)


def _text(scale: Scale, value: float) -> str:
    """Write a signed value; what rounds to zero has no minus."""
    digits = round(scale.factor * value, scale.decimals) + 0.0
    return scale.text(digits / scale.factor, signed=True)
