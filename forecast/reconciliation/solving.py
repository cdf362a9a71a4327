"""One block from base forecasts to coherent paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.periods import FREQUENCIES
from forecast.reconciliation.alignment import aligned
from forecast.reconciliation.blocks import Block, Component, Grid
from forecast.reconciliation.elimination import Split, echelon, split_constraints
from forecast.reconciliation.nonnegative import InfeasibleError
from forecast.reconciliation.projection import reconciled_cells
from forecast.reconciliation.refusals import (
    cell_name,
    contradiction,
    nothing_left,
    nothing_to_go_by,
)
from forecast.reconciliation.weights import (
    path_covariance,
    structural_variances,
    with_floor,
)

__all__ = ["Plan", "Solved", "Solver"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]

AGREES = 1e-9
"""Published figures add up if they do to this, relative to their size."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to reconcile.

    Attributes
    ----------
    method : str
    align : bool
        Whether paths of wholes are put in the order of the sums of their parts.
    covariance : DataFrame or None
        Of base errors by node, in one period of the shortest frequency.
    """

    method: str
    align: bool
    covariance: pd.DataFrame | None


@dataclass(frozen=True, slots=True)
class Solved:
    """One block, reconciled.

    Attributes
    ----------
    cells : float array of shape (n, n_paths)
        NaN where nothing determines a cell.
    determined : bool array of shape (n,)
    gap : float
        By how much means of base forecasts missed a constraint, relative to the whole;
        the largest.
    reordered : frozenset of int
        Levels of the component with paths that were put in another order.
    untied : tuple of str
        Wholes that are not tied to their parts, since a part is neither forecast nor
        known in this period.
    """

    cells: Floats
    determined: Bools
    gap: float
    reordered: frozenset[int]
    untied: tuple[str, ...]


@dataclass(slots=True)
class Solver:
    """Solves the blocks of one component; keeps what blocks of one shape share."""

    component: Component
    plan: Plan
    _splits: dict[bytes, Split] = field(default_factory=dict)
    _parts: Floats | None = None

    def solve(self, block: Block) -> Solved:
        """Return the block's cells on every path.

        Raises
        ------
        ModelError
            F-826 published figures contradict each other, F-827 they leave less than
            nothing to others, F-828 a whole is asked for of which no parts are forecast.
        """
        grid = self.component.grid
        known = ~np.isnan(block.known)
        base_cells = block.forecast & ~known
        free = ~(base_cells | known)
        if self.plan.method == "bottom-up":
            free = free | (base_cells & grid.wholes)
        split = self._split(known, free)
        _refuse_contradictions(block, grid, split)
        wanted = block.forecast & ~split.determined
        if wanted.any():
            raise nothing_to_go_by(block, grid, wanted)
        drawn = np.flatnonzero(base_cells)
        base = self._draws(block, drawn)
        means = block.known.copy()
        means[drawn] = base.mean(axis=1)
        gap = _largest_gap(grid.matrix, means)
        soft = np.flatnonzero(split.soft)
        if soft.size < drawn.size:  # bottom-up forgets wholes
            base = base[split.soft[drawn]]
        levels = block.source[soft, 0]
        covariance = self._covariance(base, soft, levels)
        reordered: frozenset[int] = frozenset()
        if self.plan.align:
            over = self._split(known, free | (split.soft & grid.wholes))
            base, moved = aligned(base, split.soft, over, levels)
            reordered = frozenset(levels[moved].tolist())
        try:
            cells = reconciled_cells(base, split, covariance, block.known, grid.signed)
        except InfeasibleError:
            raise nothing_left(block, grid) from None
        untied = _untied(block, grid, known)
        return Solved(cells, split.determined, gap, reordered, untied)

    def _split(self, known: Bools, free: Bools) -> Split:
        key = known.tobytes() + free.tobytes()
        if key not in self._splits:
            grid = self.component.grid
            self._splits[key] = split_constraints(grid.matrix, grid.wholes, known, free)
        return self._splits[key]

    def _draws(self, block: Block, cells: NDArray[np.integer[Any]]) -> Floats:
        """Return base draws of cells, shape (len(cells), n_paths)."""
        levels = self.component.levels
        rows = [
            levels[level].forecast.draws[unit, period]
            for level, unit, period in block.source[cells].tolist()
        ]
        return np.array(rows).reshape(len(rows), levels[0].forecast.n_paths)

    def _structural(self) -> Floats:
        if self._parts is None:
            grid = self.component.grid
            order = np.concatenate(
                [np.flatnonzero(grid.wholes), np.flatnonzero(~grid.wholes)]
            )
            solved = echelon(grid.matrix, order)
            self._parts = structural_variances(solved.rows, grid.wholes, solved.pivots)
        return self._parts

    def _covariance(
        self,
        base: Floats,
        soft: NDArray[np.integer[Any]],
        levels: NDArray[np.integer[Any]],
    ) -> Floats:
        """Return the covariance W of base errors of soft cells, positive definite."""
        if not soft.size:
            return np.empty((0, 0))
        if self.plan.method == "ols":
            return np.eye(soft.size)
        parts = self._structural()[soft]
        if self.plan.method == "structural":
            return np.diag(parts)
        if self.plan.covariance is not None:
            full = self._given(self.plan.covariance, soft)
        elif self.plan.method == "mint":
            full = path_covariance(base, levels)
        else:
            full = np.diag(base.var(axis=1))
        if self.plan.method != "mint":
            full = np.diag(full.diagonal())
        return with_floor(full, parts)

    def _given(
        self, covariance: pd.DataFrame, soft: NDArray[np.integer[Any]]
    ) -> Floats:
        """Take the covariance of nodes for each period; longer periods have more of it."""
        grid = self.component.grid
        n_spans = len(grid.spans)
        nodes = [grid.nodes[cell // n_spans] for cell in soft.tolist()]
        if missing := sorted(set(nodes) - set(covariance.index)):
            raise ModelError(
                f"{len(missing):,} nodes are not in the covariance",
                code="F-824",
                count=len(missing),
                examples=missing,
                remedy="It needs a row and a column for each node that is forecast.",
            )
        span = soft % n_spans
        shortest = FREQUENCIES[grid.freqs[-1]]
        length = np.array([shortest / FREQUENCIES[freq] for freq, _ in grid.spans])[
            span
        ]
        values = covariance.loc[nodes, nodes].to_numpy(dtype=float)
        same = span[:, None] == span[None, :]
        return np.where(same, values * np.sqrt(np.outer(length, length)), 0.0)


def _largest_gap(matrix: Floats, means: Floats) -> float:
    """Return how far means are from adding up, relative to the whole; NaN is unknown."""
    there = ~np.isnan(means)
    if not there.all():
        matrix = matrix[~(matrix[:, ~there] != 0).any(axis=1)][:, there]
        means = means[there]
    size = np.maximum(np.abs(matrix) @ np.abs(means) / 2, np.finfo(float).tiny)
    return float((np.abs(matrix @ means) / size).max(initial=0.0))


def _untied(block: Block, grid: Grid, known: Bools) -> tuple[str, ...]:
    """Name the wholes of sums in which a part, and not what is unallocated, is missing."""
    absent = ~(block.forecast | known) & ~grid.signed
    if not absent.any():
        return ()
    open_part = (grid.matrix[:, absent] < 0).any(axis=1)
    several = (grid.matrix[:, block.forecast] != 0).sum(axis=1) > 1
    rows = grid.matrix[open_part & several]
    return tuple(
        dict.fromkeys(cell_name(block, grid, int(row.argmax())) for row in rows)
    )


def _refuse_contradictions(block: Block, grid: Grid, split: Split) -> None:
    """Refuse known cells that break a constraint among themselves."""
    if not split.known.any():
        return
    known = np.where(split.known, block.known, 0.0)
    rows = grid.matrix[~(grid.matrix[:, ~split.known] != 0).any(axis=1)]
    for candidates in (rows, split.among_known):
        gap = candidates @ known
        size = np.abs(candidates) @ np.abs(known)
        broken = np.flatnonzero(np.abs(gap) > AGREES * size)
        if broken.size:
            raise contradiction(block, grid, candidates[broken], gap[broken])
