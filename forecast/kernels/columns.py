"""Loops over single columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit

__all__ = ["mean_and_spread"]

Array = NDArray[Any]

BLOCK = 4096


@jit
def mean_and_spread(column: Array) -> tuple[float, float]:
    """Mean and standard deviation of a column, each in a pass of its own.

    Sums are those of blocks of 4096 rows, added in order.
    """
    total = 0.0
    for start in range(0, column.size, BLOCK):
        part = 0.0
        for row in range(start, min(start + BLOCK, column.size)):
            part += column[row]
        total += part
    mean = total / max(column.size, 1)
    total = 0.0
    for start in range(0, column.size, BLOCK):
        part = 0.0
        for row in range(start, min(start + BLOCK, column.size)):
            part += (column[row] - mean) ** 2
        total += part
    return mean, np.sqrt(total / max(column.size, 1))
