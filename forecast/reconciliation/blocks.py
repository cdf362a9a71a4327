"""Cells that hang together: nodes linked by constraints, periods inside one year.

A block has a cell for every node of a component and every period inside the longest
period: a year, its quarters, its months. Blocks are reconciled one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.periods import FREQUENCIES
from forecast.reconciliation.hierarchy import Hierarchy
from forecast.reconciliation.levels import Level, Published

__all__ = ["Block", "Component", "Grid", "blocks_of", "components_of", "label_of"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Grid:
    """The constraints on a block's cells; cell = node * n_spans + span.

    Attributes
    ----------
    nodes : tuple of str
    freqs : tuple of str
        Frequencies from the longest period to the shortest.
    spans : tuple of (str, int)
        Frequency and position inside the longest period, of each of its periods.
    matrix : float array of shape (m, n_nodes * n_spans)
        Sums over nodes in each period, then sums over time for each node.
    constraint : int array of shape (m,)
        The hierarchy's constraint of each row, -1 for sums over time.
    wholes, signed : bool arrays of shape (n,)
    """

    nodes: tuple[str, ...]
    freqs: tuple[str, ...]
    spans: tuple[tuple[str, int], ...]
    matrix: Floats
    constraint: Ints
    wholes: Bools
    signed: Bools


@dataclass(frozen=True, slots=True)
class Component:
    """Nodes that constraints link, the levels that forecast them, their grid."""

    levels: tuple[Level, ...]
    grid: Grid


@dataclass(frozen=True, slots=True)
class Block:
    """One longest period of a component.

    Attributes
    ----------
    ordinals : tuple of int
        Of each span of the grid.
    source : int array of shape (n, 3)
        Level, unit and period that forecast each cell, -1 where none does.
    known : float array of shape (n,)
        Published and observed values, NaN elsewhere.
    """

    ordinals: tuple[int, ...]
    source: Ints
    known: Floats

    @property
    def forecast(self) -> Bools:
        """Cells that some level forecasts, shape (n,)."""
        return self.source[:, 0] >= 0


def components_of(hierarchy: Hierarchy, levels: Sequence[Level]) -> Iterator[Component]:
    """Yield nodes linked by constraints, and nodes forecast in several frequencies."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    holds: dict[str, dict[str, None]] = {}
    homes: dict[str, list[int]] = {}
    for number, level in enumerate(levels):
        for node in level.nodes:
            holds.setdefault(node, {})[level.freq] = None
            homes.setdefault(node, []).append(number)
    if hierarchy.nodes:
        links = csr_array(hierarchy.matrix != 0).astype(int)
        _, labels = connected_components(links.T @ links, directed=False)
        of_row = labels[np.argmax(hierarchy.matrix != 0, axis=1)]
        for columns, rows in zip(_groups(labels), _groups(of_row), strict=True):
            sums = hierarchy.matrix[np.ix_(rows, columns)]
            nodes = [hierarchy.nodes[column] for column in columns]
            yield _component(hierarchy, levels, nodes, sums, rows, holds, homes)
    alone = sorted(set(holds) - set(hierarchy.nodes))
    for node in alone:
        if len(holds[node]) > 1:
            none = np.empty(0, dtype=np.intp)
            sums = np.empty((0, 1))
            yield _component(hierarchy, levels, [node], sums, none, holds, homes)


def _groups(labels: Ints) -> list[Ints]:
    """Return positions by label, labels in order."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _component(
    hierarchy: Hierarchy,
    levels: Sequence[Level],
    nodes: Sequence[str],
    sums: Floats,
    rows: Ints,
    holds: Mapping[str, Mapping[str, None]],
    homes: Mapping[str, Sequence[int]],
) -> Component:
    present = {freq for node in nodes for freq in holds.get(node, ())}
    freqs = tuple(freq for freq in FREQUENCIES if freq in present)
    mine = sorted({number for node in nodes for number in homes.get(node, ())})
    grid = _grid(tuple(nodes), freqs, sums, rows, hierarchy)
    return Component(tuple(levels[number] for number in mine), grid)


def _grid(
    nodes: tuple[str, ...],
    freqs: tuple[str, ...],
    sums: Floats,
    rows: Ints,
    hierarchy: Hierarchy,
) -> Grid:
    per = {freq: FREQUENCIES[freq] // FREQUENCIES[freqs[0]] for freq in freqs}
    spans = tuple((freq, i) for freq in freqs for i in range(per[freq]))
    time = _time_matrix(freqs, per, spans)
    matrix = np.vstack(
        [np.kron(sums, np.eye(len(spans))), np.kron(np.eye(len(nodes)), time)]
    )
    constraint = np.concatenate(
        [np.repeat(rows, len(spans)), np.full(len(nodes) * len(time), -1)]
    )
    whole = np.array([node in hierarchy.wholes for node in nodes], dtype=bool)
    longer = np.array([freq != freqs[-1] for freq, _ in spans], dtype=bool)
    signed = np.array([node in hierarchy.signed for node in nodes], dtype=bool)
    return Grid(
        nodes,
        freqs,
        spans,
        matrix,
        constraint.astype(np.intp),
        (whole[:, None] | longer[None, :]).ravel(),
        np.repeat(signed, len(spans)),
    )


def _time_matrix(
    freqs: Sequence[str], per: Mapping[str, int], spans: Sequence[tuple[str, int]]
) -> Floats:
    """Return rows that say: a year less its quarters, a quarter less its months."""
    rows = []
    for long, short in pairwise(freqs):
        times = per[short] // per[long]
        for i in range(per[long]):
            row = np.zeros(len(spans))
            row[spans.index((long, i))] = 1.0
            first = spans.index((short, times * i))
            row[first : first + times] = -1.0
            rows.append(row)
    return np.array(rows).reshape(len(rows), len(spans))


def blocks_of(component: Component, known: Published) -> Iterator[Block]:
    """Yield the blocks that hold at least one forecast cell, in the order of time.

    Parameters
    ----------
    component : Component
    known : Published
        Published figures, and what was observed.
    """
    grid = component.grid
    longest = FREQUENCIES[grid.freqs[0]] if grid.freqs else 1
    where: dict[tuple[str, str, int], tuple[int, int, int]] = {}
    starts: set[int] = set()
    inside = set(grid.nodes)
    for number, level in enumerate(component.levels):
        per = FREQUENCIES[level.freq] // longest
        starts |= {ordinal // per for ordinal in level.ordinals}
        for row, node in enumerate(level.nodes):
            if node in inside:
                for column, ordinal in enumerate(level.ordinals):
                    where[node, level.freq, ordinal] = (number, row, column)
    for start in sorted(starts):
        ordinals = tuple(
            start * (FREQUENCIES[freq] // longest) + i for freq, i in grid.spans
        )
        keys = [
            (node, freq, ordinal)
            for node in grid.nodes
            for (freq, _), ordinal in zip(grid.spans, ordinals, strict=True)
        ]
        source = np.array([where.get(key, (-1, -1, -1)) for key in keys])
        values = np.array([known.get(key, np.nan) for key in keys])
        yield Block(ordinals, source, values)


def label_of(freq: str, ordinal: int) -> str:
    """Name a period: ``2021-07``."""
    return str(pd.Period(ordinal=ordinal, freq=freq))
