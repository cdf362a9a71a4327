"""Rows that go because of one level alone: counted, dropped, counted again.

A row with y = 0 goes with a level that has no row with y > 0 left: the level's effect
runs off to minus infinity. A row with y > 0 goes with a level that has no other row
left: it is fitted perfectly and says nothing (a singleton). Each drop can make another,
so passes are made until nothing changes; then the result does not depend on the order of
anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.records import Ints
from forecast.gravity.samples.marked_rows import list_rows
from forecast.kernels.threads import run_columns

__all__ = [
    "BY_DIRECTION",
    "KEPT",
    "Pruning",
    "drop_rows",
    "prune",
    "start_pruning",
]

Bools = NDArray[np.bool_]

KEPT = -1
BY_DIRECTION = -2
PART = 1 << 18  # rows that a thread judges at a time
ROWS = (1 << 32) - 1  # of a count, the rows; above them the positive ones


@dataclass(frozen=True)
class Pruning:
    """Which rows have gone, and why.

    Attributes
    ----------
    counts : tuple of int64 arrays
        For each effect and level rows that remain, and 2^32 times the positive ones.
    blame : int8 array of shape (n,) or None
        The effect whose level took the row, `KEPT`, or `BY_DIRECTION`; None: all kept.
    passes : tuple of int arrays
        The rows that went, pass by pass.
    """

    counts: tuple[Ints, ...]
    blame: Ints | None = None
    passes: tuple[Ints, ...] = ()

    def positives(self) -> Ints:
        """Positive rows that remain of each level, numbered through all effects, (L,)."""
        return np.concatenate([np.empty(0, np.int64), *(c >> 32 for c in self.counts)])

    def alive(self, n: int) -> Bools:
        """Mark the rows that remain."""
        return np.ones(n, np.bool_) if self.blame is None else self.blame == KEPT


def start_pruning(table: LevelTable, positive: Bools) -> Pruning:
    """Count the rows of each level."""
    from forecast.kernels.counting import count_rows

    counts = tuple(np.zeros(size, np.int64) for size in np.diff(table.first))
    run_columns(
        lambda f: count_rows(table.codes[f], positive, counts[f]),
        range(len(counts)),
        positive.size,
    )
    return Pruning(counts)


def prune(table: LevelTable, positive: Bools, pruning: Pruning) -> Pruning:
    """Drop rows until no level takes another one.

    All rows that go in one pass are judged by the same counts, so that the effect to
    blame (the first in the formula's order) does not depend on the order of rows.
    """
    counts = tuple(count.copy() for count in pruning.counts)
    blame, passes = pruning.blame, list(pruning.passes)
    while True:
        going = [_going(count) for count in counts]
        if not any(goes.any() for goes in going):
            return Pruning(counts, blame, tuple(passes))
        blame = np.full(positive.size, KEPT, np.int8) if blame is None else blame.copy()
        before = blame == KEPT
        for f, goes in enumerate(going):
            if goes.any():
                _blame(table.codes[f], goes, positive, f, blame)
        gone = list_rows(before & (blame != KEPT))
        _uncount(table, positive, counts, gone)
        passes.append(gone)


def drop_rows(
    table: LevelTable, positive: Bools, pruning: Pruning, rows: Ints
) -> Pruning:
    """Take out rows that go for another reason."""
    counts = tuple(count.copy() for count in pruning.counts)
    blame = pruning.blame
    blame = np.full(positive.size, KEPT, np.int8) if blame is None else blame.copy()
    blame[rows] = BY_DIRECTION
    gone = rows.astype(np.int32)
    _uncount(table, positive, counts, gone)
    return Pruning(counts, blame, pruning.passes)


def _blame(codes: Ints, goes: Bools, positive: Bools, effect: int, blame: Ints) -> None:
    """Blame the effect for the rows that go with its levels, part by part."""
    from forecast.kernels.counting import blame_rows

    parts = [slice(start, start + PART) for start in range(0, codes.size, PART)]
    run_columns(
        lambda part: blame_rows(
            codes[part], goes, positive[part], np.int8(effect), blame[part]
        ),
        parts,
        codes.size,
    )


def _going(count: Ints) -> Bools:
    """Tell for each level whether its rows go: those of zero, then positive ones."""
    rows = count & ROWS
    goes = np.empty((count.size, 2), np.bool_)
    goes[:, 0] = (rows > 0) & (count <= ROWS)  # no positive row
    goes[:, 1] = rows == 1
    return goes.ravel()


def _uncount(
    table: LevelTable, positive: Bools, counts: tuple[Ints, ...], rows: Ints
) -> None:
    from forecast.kernels.counting import uncount_rows

    run_columns(
        lambda f: uncount_rows(table.codes[f], positive, rows, counts[f]),
        range(len(counts)),
        rows.size,
    )
