"""Why forecasts cannot be reconciled: published figures named, with the amount."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.reconciliation.blocks import Block, Grid, label_of

__all__ = ["cell_name", "contradiction", "nothing_left", "nothing_to_go_by"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]


def cell_name(block: Block, grid: Grid, cell: int) -> str:
    """Name a cell by its node and period."""
    node, span = divmod(cell, len(grid.spans))
    return f"{grid.nodes[node]} {label_of(grid.spans[span][0], block.ordinals[span])}"


def _sentence(block: Block, grid: Grid, row: Floats) -> str:
    """Return a constraint with the figures in it: ``KZ 2021 (10) = KZ-10 2021 (4) + …``."""
    inside = np.flatnonzero(row)
    left = int(inside[np.argmax(row[inside])])
    terms = []
    for cell in (left, *(int(c) for c in inside if c != left)):
        value = block.known[cell]
        told = "" if np.isnan(value) else f" ({value:,.10g})"
        sign = " - " if row[cell] > 0 else " + "
        terms.append((sign, f"{cell_name(block, grid, cell)}{told}"))
    right = "".join(sign + text for sign, text in terms[1:6])
    more = f" + {len(terms) - 6} more" if len(terms) > 6 else ""
    return f"{terms[0][1]} = {right.removeprefix(' + ')}{more}"


def contradiction(block: Block, grid: Grid, rows: Floats, gaps: Floats) -> ModelError:
    """Published figures that cannot all be true."""
    told = [
        f"{_sentence(block, grid, row)}, off by {gap:,.10g}"
        for row, gap in zip(rows[:5], gaps[:5], strict=True)
    ]
    return ModelError(
        f"{len(rows):,} sums of published figures do not add up",
        code="F-826",
        count=len(rows),
        examples=told,
        remedy="Nothing published is changed: correct a figure, or give the whole an "
        "`unallocated` part that takes the difference.",
    )


def nothing_left(block: Block, grid: Grid) -> ModelError:
    """Published figures that leave less than nothing to cells not yet published."""
    from scipy.optimize import nnls

    known = ~np.isnan(block.known)
    values = np.where(known, block.known, 0.0)
    columns = grid.matrix[:, ~known]
    columns = np.hstack([columns, -grid.matrix[:, ~known & grid.signed]])
    target = -(grid.matrix @ values)
    scale = float(np.abs(values).max()) or 1.0
    found, _ = nnls(columns, target / scale)
    gap = (columns @ found) * scale - target
    worst = np.argsort(-np.abs(gap), kind="stable")
    worst = worst[np.abs(gap[worst]) > 1e-9 * scale][:5]
    return ModelError(
        "published figures leave less than nothing to what is not published yet",
        code="F-827",
        count=len(worst),
        examples=[
            f"{_sentence(block, grid, grid.matrix[row])}, short by {abs(gap[row]):,.10g}"
            for row in worst.tolist()
        ],
        remedy="Correct a figure, or give the whole an `unallocated` part.",
    )


def nothing_to_go_by(block: Block, grid: Grid, wanted: Bools) -> ModelError:
    """Wholes of which not all parts are forecast."""
    cells = [cell_name(block, grid, int(cell)) for cell in np.flatnonzero(wanted)]
    return ModelError(
        f"{len(cells):,} wholes of which not every part is forecast or known",
        code="F-828",
        count=len(cells),
        examples=cells,
        remedy="Bottom-up needs every part: forecast these too, or use method='wls'.",
    )
