"""Loops over single columns."""

from __future__ import annotations

import numpy as np

from forecast.kernels.jit import jit

__all__ = ["mean_and_spread"]

BLOCK = 4096


@jit
def mean_and_spread(column, keep):
    """Mean and standard deviation of the values kept, each in a pass of its own.

    Sums are those of blocks of 4096 rows, added in order. `keep` may be empty: all.
    """
    some = keep.size > 0
    count = 0
    total = 0.0
    for start in range(0, column.size, BLOCK):
        part = 0.0
        for row in range(start, min(start + BLOCK, column.size)):
            if not some or keep[row]:
                part += column[row]
                count += 1
        total += part
    mean = total / max(count, 1)
    total = 0.0
    for start in range(0, column.size, BLOCK):
        part = 0.0
        for row in range(start, min(start + BLOCK, column.size)):
            if not some or keep[row]:
                part += (column[row] - mean) ** 2
        total += part
    return mean, np.sqrt(total / max(count, 1))
