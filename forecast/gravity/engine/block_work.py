"""Kernels over fixed blocks of groups: the same sums for any number of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from forecast.gravity.records import Floats, Ints
from forecast.kernels.threads import run_blocks

__all__ = ["add_over_blocks", "cut_blocks", "cut_rows"]

# Sizes of data from which threads are worth their while, and blocks for each of them. Many
# blocks serve many threads and cost as many sums; an even number keeps two threads busy.
BLOCKS = ((1 << 23, 16), (1 << 18, 8))
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
    wanted = block_count(n_cells)
    firsts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    targets = n_groups * np.arange(1, wanted) // wanted
    starts = firsts[np.minimum(np.searchsorted(firsts, targets), firsts.size - 1)]
    return np.unique(np.r_[0, starts, n_groups])


def block_count(size: int) -> int:
    """How many blocks data of so many cells or rows are cut into."""
    return next((count for least, count in BLOCKS if size >= least), 1)


def cut_rows(n: int) -> Ints:
    """Cut n rows into blocks of work, (blocks + 1,)."""
    n_blocks = min(FEW_BLOCKS, block_count(n))
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
