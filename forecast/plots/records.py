"""Figure of records: yearly totals of every source, and what reaches a claimed value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.errors import TableError
from forecast.plots.look import (
    ACCENT,
    INK,
    MUTED,
    NORMAL,
    Scale,
    axes_of,
    bare,
    scale_of,
    source_line,
    spread,
    titled,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_records"]

SHAPES = ("o", "s", "^", "D", "v", "P", "X")
BELOW = ("almost", "up to")  # such a figure is not as high as it says


def plot_records(
    levels: pd.DataFrame,
    ax: Axes | None = None,
    *,
    claimed: float | None = None,
    year: int | None = None,
    label: str = "claimed",
    measure: str = "",
    title: str = "Yearly totals by source",
    source: str | None = None,
) -> Axes:
    """Draw yearly totals of every source, and what lies above a claimed record.

    Parameters
    ----------
    levels : DataFrame
        Columns ``reporter``, ``year``, ``value`` and, where known, ``relation``
        ("almost" 20 is below 20).
    ax : Axes, optional
    claimed : float, optional
        The claimed record; years at or above it are filled.
    year : int, optional
        The year it was claimed for.
    label : str, default "claimed"
        What to call the value.
    measure : str

    Raises
    ------
    TableError
        No total at all (F-126).
    """
    known = levels.dropna(subset=["value"])
    if known.empty:
        raise TableError(
            "no yearly total to draw",
            code="F-126",
            remedy="Give rows with reporter, year and value.",
        )
    limit = np.inf if claimed is None else claimed
    scale = scale_of(
        measure, [*known["value"], *([] if claimed is None else [claimed])]
    )
    ax = axes_of(ax, height=3.8)
    groups = [
        (str(name), own)
        for name, own in known.sort_values(["reporter", "year"]).groupby("reporter")
    ]
    for i, (_, own) in enumerate(groups):
        _series(ax, own, SHAPES[i % len(SHAPES)], limit, scale)
    first = float(known["year"].min())
    last = float(max(known["year"].max(), year or 0))
    bare(ax, grid="y")
    ax.set_ylim(0, float(scale(known["value"].max())) * 1.15)
    ax.set_xlim(first - 0.5, last + 0.5 * (last - first or 1.0))
    _name_series(ax, groups, limit, scale, x=last + 0.04 * (last - first or 1.0))
    if claimed is not None:
        at = float(scale(claimed))
        ax.plot([first, last], [at, at], "--", color=INK, linewidth=1.2)
        write(ax, first, at, f"{label}: {scale.text(claimed)}", up=8, fontsize=NORMAL)
        ax.plot(
            [year] if year else [], [at] if year else [], "*", color=INK, markersize=10
        )
    years = np.arange(last, first - 1, -max(1, round((last - first) / 8)))[::-1]
    ax.set_xticks(years, [f"{y:.0f}" for y in years])
    titled(ax, title, scale.unit, axis="y")
    source_line(ax, source)
    return ax


# --- parts -------------------------------------------------------------------------


def _series(
    ax: Axes, own: pd.DataFrame, shape: str, limit: float, scale: Scale
) -> None:
    """One source; years that are not known are a gap, not a straight line."""
    x, values = own["year"].to_numpy(dtype=float), own["value"].to_numpy(dtype=float)
    for run in np.split(np.arange(x.size), np.flatnonzero(np.diff(x) > 1) + 1):
        ax.plot(x[run], scale(values[run]), color=MUTED, linewidth=0.9)
    high = _reached(own, limit)
    ax.plot(
        x[~high], scale(values[~high]), shape, color=MUTED, markersize=4.5, mfc="white"
    )
    ax.plot(x[high], scale(values[high]), shape, color=ACCENT, markersize=6)


def _reached(own: pd.DataFrame, limit: float) -> np.ndarray:
    """Tell which years reach a limit."""
    values = own["value"].to_numpy(dtype=float)
    less = (
        own["relation"].isin(BELOW)
        if "relation" in own
        else np.zeros(len(own), dtype=bool)
    )
    return np.where(less, values > limit, values >= limit)


def _name_series(
    ax: Axes,
    groups: list[tuple[str, pd.DataFrame]],
    limit: float,
    scale: Scale,
    x: float,
) -> None:
    """Name each source at the right, with its sign and its highest year."""
    low, high = ax.get_ylim()
    at = [float(scale(own["value"].iloc[-1])) for _, own in groups]
    for i, y in enumerate(spread(at, 0.13 * (high - low))):
        shape = SHAPES[i % len(SHAPES)]
        ax.plot([x], [y], shape, color=MUTED, markersize=4.5, mfc="white")
        name, own = groups[i]
        top = own.iloc[int(own["value"].argmax())]
        beats = bool(_reached(own, limit).any())
        less = "almost " if top.get("relation") == "almost" else ""
        said = f"highest {less}{scale.text(float(top['value']))} in {int(top['year'])}"
        color, weight = (ACCENT, "bold") if beats else (MUTED, "normal")
        write(ax, x, y, name, right=8, up=5, color=MUTED)
        write(ax, x, y, said, right=8, up=-6, color=color, fontweight=weight)
