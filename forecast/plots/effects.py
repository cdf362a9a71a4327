"""Effects with their verdicts, a pair beside its twin, trade beside what it could be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.plots.look import (
    ACCENT,
    FAINT,
    INK,
    MUTED,
    TINTS,
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

__all__ = ["plot_effects", "plot_potential", "plot_twin"]


def plot_effects(
    effects: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "What one event adds to the flow",
    source: str | None = None,
) -> Axes:
    """Draw effects with their intervals, what becomes of them, and what each is worth.

    Parameters
    ----------
    effects : DataFrame
        By label: ``value``, ``lower``, ``upper`` in per cent; where known ``beside``,
        the effect beside the pairs' own growth (a hollow mark), and ``verdict``, written
        at the right.
    ax : Axes, optional
    title : str
    source : str, optional
    """
    ax = axes_of(ax, height=1.5 + 0.42 * len(effects))
    numbers = effects[["value", "lower", "upper"]].to_numpy(dtype=float)
    scale = replace(scale_of("%", numbers), decimals=1)
    for place, (value, lower, upper) in enumerate(numbers):
        row = effects.iloc[place]
        found = row.get("verdict", "supported") == "supported"
        ax.plot([lower, upper], [-place, -place], color=TINTS[50], linewidth=4)
        ax.plot([value], [-place], "o", color=ACCENT if found else MUTED, markersize=7)
        if np.isfinite(row.get("beside", np.nan)):
            ax.plot([row["beside"]], [-place], "o", mfc="white", mec=INK, markersize=6)
        effect = scale.text(round(float(value), 1) + 0.0, signed=True)
        said = f"{effect}, {row.get('verdict', '')}"
        write(ax, max(upper, 0.0), -place, said.rstrip(", "), right=8)
    ax.axvline(0, color=INK, linewidth=1.0)
    bare(ax)
    named_rows(ax, [str(label) for label in effects.index])
    left, right = ax.get_xlim()
    ax.set_xlim(left, right + 0.45 * (right - left))
    titled(ax, title, "per cent of the flow, for one unit of the indicator")
    source_line(ax, source)
    return ax


def plot_twin(
    gap: pd.Series,
    ax: Axes | None = None,
    *,
    title: str = "The pair against its synthetic twin",
    source: str | None = None,
) -> Axes:
    """Draw by how much a pair trades more than its synthetic twin, period by period.

    Parameters
    ----------
    gap : Series
        Log distance by period.
    ax : Axes, optional
    title : str
    source : str, optional
    """
    ax = axes_of(ax, height=1.4 + 0.24 * len(gap))
    percent = 100.0 * np.expm1(gap.to_numpy(dtype=float))
    scale = replace(scale_of("%", percent), decimals=0)
    for place, value in enumerate(percent):
        ax.barh(-place, value, height=0.6, color=TINTS[50] if value >= 0 else FAINT)
        said = scale.text(round(float(value)) + 0.0, signed=True)
        write(ax, max(float(value), 0.0), -place, said, right=5)
    ax.axvline(0, color=INK, linewidth=1.0)
    bare(ax)
    named_rows(ax, [str(period) for period in gap.index])
    ax.margins(x=0.15)
    titled(
        ax, title, "per cent more than pairs that moved alike before the first event"
    )
    source_line(ax, source)
    return ax


def plot_potential(
    pairs: pd.DataFrame,
    ax: Axes | None = None,
    *,
    measure: str = "",
    title: str = "Actual trade and trade of pairs alike",
    source: str | None = None,
) -> Axes:
    """Draw actual flows as bars, over the range in which pairs alike lie.

    Parameters
    ----------
    pairs : DataFrame
        By label: ``actual``, ``potential``, ``low`` and ``high``.
    ax : Axes, optional
    measure : str
        Unit of the flows.
    title : str
    source : str, optional
    """
    columns = ["actual", "potential", "low", "high"]
    numbers = pairs[columns].to_numpy(dtype=float)
    scale = scale_of(measure, numbers)
    ax = axes_of(ax, height=1.4 + 0.34 * len(pairs))
    for place, (actual, potential, low, high) in enumerate(scale(numbers)):
        ax.barh(-place, actual, height=0.56, color=TINTS[50])
        ax.plot([low, high], [-place, -place], color=INK, linewidth=1.2)
        ax.plot([potential], [-place], "D", color=ACCENT, markersize=5)
        far = np.nanmax([actual, high, potential, 0.0])
        share = actual / potential if potential > 0 else np.nan
        write(ax, float(far), -place, f"{share:.0%} realised", right=6)
    bare(ax)
    ax.axvline(0, color=FAINT, linewidth=0.8)
    named_rows(ax, [str(label) for label in pairs.index])
    ax.margins(x=0.2)
    titled(ax, title, scale.unit)
    source_line(ax, source)
    return ax
