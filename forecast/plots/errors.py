"""Errors of models, one point for each period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.plots.look import (
    ACCENT,
    MUTED,
    axes_of,
    bare,
    spread,
    titled,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_errors_by_period"]

GREYS = (MUTED, "#8d98a4", "#b3bbc4")
APART = 0.06


def plot_errors_by_period(
    errors: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "Errors by target period",
    unit: str = "",
) -> Axes:
    """Draw a line for each model; the first is in colour.

    Parameters
    ----------
    errors : DataFrame
        A row for each period, in order; a column for each model.
    ax : Axes, optional
    title, unit : str

    Returns
    -------
    Axes

    Examples
    --------
    >>> table = pd.DataFrame({"ours": [0.1, 0.2], "Naive": [0.2, 0.3]}, index=["2018", "2019"])
    >>> plot_errors_by_period(table).get_lines()[0].get_ydata().tolist()
    [0.1, 0.2]
    """
    ax = axes_of(ax)
    places = np.arange(len(errors))
    ends: dict[str, float] = {}
    for k, name in enumerate(errors.columns):
        values = errors[name].to_numpy(dtype=float)
        color = ACCENT if k == 0 else GREYS[(k - 1) % len(GREYS)]
        width = 2.2 if k == 0 else 1.2
        ax.plot(places, values, "o-", color=color, markersize=3.5, linewidth=width)
        known = values[np.isfinite(values)]
        if known.size:
            ends[str(name)] = float(known[-1])
    bare(ax, grid="y")
    step = -(-len(errors) // 10) or 1
    labels = [str(label) for label in errors.index[::step]]
    ax.set_xticks(places[::step], labels)
    ax.set_ylim(bottom=0)
    high = ax.get_ylim()[1]
    heights = spread([*ends.values()], APART * high)
    for k, (name, y) in enumerate(zip(ends, heights, strict=True)):
        color = ACCENT if k == 0 else MUTED
        write(ax, places[-1], y, name, right=8, color=color)
    titled(ax, title, unit, axis="y")
    return ax
