"""Kernels over fixed blocks of groups: the same sums for any number of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from forecast.gravity.records import Floats, Ints
from forecast.kernels.threads import run_blocks

__all__ = ["add_over_blocks", "cut_blocks", "cut_rows"]

CELLS_PER_BLOCK = 1 << 17
MOST_BLOCKS = 16
FEW_BLOCKS = 4  # of rows, each with sums of its own for all groups


def cut_blocks(owner: Ints, n_cells: int) -> Ints:
    """Cut groups into blocks of work, never within one owner's groups.

    Parameters
    ----------
    owner : int array of shape (P,)
        Groups with equal neighbours stay together.
    n_cells : int
        Size of the data, which alone decides how many blocks there are.

    Returns
    -------
    int array of shape (blocks + 1,)
    """
    n_groups = owner.size
    wanted = min(MOST_BLOCKS, max(1, n_cells // CELLS_PER_BLOCK))
    firsts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    targets = n_groups * np.arange(1, wanted) // wanted
    starts = firsts[np.minimum(np.searchsorted(firsts, targets), firsts.size - 1)]
    return np.unique(np.r_[0, starts, n_groups])


def cut_rows(n: int) -> Ints:
    """Cut n rows into blocks of work, (blocks + 1,)."""
    n_blocks = min(FEW_BLOCKS, max(1, n // CELLS_PER_BLOCK))
    return n * np.arange(n_blocks + 1) // n_blocks


def add_over_blocks(
    cuts: Ints,
    work: Callable[..., Any],
    *shapes: tuple[int, ...],
    dtype: Any = float,
) -> tuple[list[Any], list[Floats]]:
    """Run ``work(first, last, *sums)`` on each block of groups and add up its sums.

    Returns what `work` returned by block, and one array of each shape: the sums over
    blocks, added in the order of blocks.
    """
    n_blocks = cuts.size - 1
    sums: list[Floats] = [np.zeros((n_blocks, *shape), dtype) for shape in shapes]

    def run(block: int) -> Any:
        return work(cuts[block], cuts[block + 1], *(part[block] for part in sums))

    values = run_blocks(run, n_blocks)
    if n_blocks == 1:
        return values, [part[0] for part in sums]
    return values, [part.sum(axis=0) for part in sums]
