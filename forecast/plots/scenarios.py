"""Scenarios side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecast.plots.look import (
    INK,
    axes_of,
    bare,
    interval_row,
    named_rows,
    scale_of,
    titled,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_scenarios"]

BOUNDS = ("lower_95", "lower_80", "median", "upper_80", "upper_95")


def plot_scenarios(
    effects: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "Difference from the baseline",
    measure: str = "%",
) -> Axes:
    """Draw a row for each scenario: median, and intervals of 80 and 95 per cent.

    Parameters
    ----------
    effects : DataFrame
        ``scenario``, ``lower_95``, ``lower_80``, ``median``, ``upper_80``, ``upper_95``.
    ax : Axes, optional
    title : str
    measure : str
        Unit of the effects.

    Returns
    -------
    Axes

    Examples
    --------
    >>> table = pd.DataFrame({"scenario": ["one day less"], "lower_95": [1.0],
    ...     "lower_80": [2.0], "median": [4.0], "upper_80": [6.0], "upper_95": [7.0]})
    >>> [text.get_text() for text in plot_scenarios(table).get_yticklabels()]
    ['one day less']
    """
    ax = axes_of(ax, height=1.5 + 0.5 * len(effects))
    scale = scale_of(measure, effects[list(BOUNDS)].to_numpy())
    ax.axvline(0.0, color=INK, linewidth=1.0)
    for row, bounds in enumerate(effects[list(BOUNDS)].to_numpy(dtype=float)):
        interval_row(ax, -row, scale(bounds))
        text = scale.text(bounds[2], signed=True)
        write(ax, float(scale(bounds[2])), -row, text, up=11, ha="center")
    named_rows(ax, [str(name) for name in effects["scenario"]], above=0.8)
    bare(ax)
    titled(ax, title, scale.unit)
    return ax
