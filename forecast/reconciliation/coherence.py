"""`coherence`: by how much forecasts miss what must add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.forecasts import Forecast
from forecast.periods import FREQUENCY_NOUNS
from forecast.reconciliation.blocks import (
    Block,
    Component,
    blocks_of,
    components_of,
    label_of,
)
from forecast.reconciliation.hierarchy import Hierarchy
from forecast.reconciliation.levels import read_levels

__all__ = ["coherence"]


def coherence(
    forecasts: Forecast | Mapping[str, Forecast], hierarchy: Hierarchy
) -> pd.DataFrame:
    """Return by how much forecasts miss each constraint, whether reconciled or not.

    Returns
    -------
    DataFrame
        A row for each constraint and period of which all cells are forecast or known:
        ``constraint``, ``period``, ``mean_gap`` (of the whole less its parts, over the
        paths), ``largest_gap`` (on any path), ``relative`` (the largest, over the mean
        of the whole).

    Raises
    ------
    ModelError
        F-821, F-822 as `reconcile`.

    Examples
    --------
    >>> nodes = pd.DataFrame({"node": ["KZ", "north", "south"]})
    >>> year = pd.PeriodIndex(["2021"], freq="Y")
    >>> outlook = Forecast(np.array([[[10.0, 12.0]], [[4.0, 5.0]], [[5.0, 6.0]]]), nodes, year)
    >>> coherence(outlook, Hierarchy.tree({"KZ": ["north", "south"]}))
               constraint period  mean_gap  largest_gap  relative
    0  KZ = north + south   2021       1.0          1.0  0.090909
    """
    given = {"forecast": forecasts} if isinstance(forecasts, Forecast) else forecasts
    levels = read_levels(given, hierarchy)
    known = {key: v for level in levels for key, v in level.history().items()}
    rows = [
        row
        for component in components_of(hierarchy, levels)
        for block in blocks_of(component, known)
        for row in _gaps(component, block, hierarchy)
    ]
    names = ["constraint", "period", "mean_gap", "largest_gap", "relative"]
    return pd.DataFrame(rows, columns=names)


def _gaps(
    component: Component, block: Block, hierarchy: Hierarchy
) -> list[tuple[Any, ...]]:
    grid, levels = component.grid, component.levels
    n_paths = levels[0].forecast.n_paths
    cells = np.repeat(block.known[:, None], n_paths, axis=1)
    for cell in np.flatnonzero(block.forecast).tolist():
        level, unit, period = block.source[cell].tolist()
        cells[cell] = levels[level].forecast.draws[unit, period]
    there = ~np.any(np.isnan(cells), axis=1)
    rows: list[tuple[Any, ...]] = []
    for row, number in zip(grid.matrix, grid.constraint.tolist(), strict=True):
        inside = np.flatnonzero(row)
        if not (there[inside].all() and bool(np.any(block.forecast[inside]))):
            continue
        gap = row[inside] @ cells[inside]
        whole = int(inside[np.argmax(row[inside])])
        node, span = divmod(whole, len(grid.spans))
        size = abs(float(cells[whole].mean()))
        largest = float(np.abs(gap).max())
        freq = grid.spans[span][0]
        short = grid.freqs[min(grid.freqs.index(freq) + 1, len(grid.freqs) - 1)]
        name = (
            hierarchy.sentence(number)
            if number >= 0
            else f"{grid.nodes[node]}: {FREQUENCY_NOUNS[freq]} = sum of its "
            f"{FREQUENCY_NOUNS[short]}s"
        )
        rows.append(
            (
                name,
                label_of(freq, block.ordinals[span]),
                float(gap.mean()),
                largest,
                largest / size if size > 0 else (0.0 if largest == 0 else np.inf),
            )
        )
    return rows
