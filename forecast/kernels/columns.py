"""Loops over single columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit

__all__ = ["mean_and_spread"]

Array = NDArray[Any]

BITS = 52  # whole numbers up to 2^52 are added without rounding


@jit
def mean_and_spread(column: Array, low: float, width: float) -> tuple[float, float]:
    """Mean and standard deviation of a column with values from `low` to ``low + width``.

    Both are the same to the last bit for any order of the rows: what is summed is cut to
    a grid so coarse, ``2^52 / n`` steps, that no sum is ever rounded.
    """
    n = column.size
    steps = 2.0 ** np.floor(BITS - np.log2(n))
    total = 0.0
    for row in range(n):
        total += np.floor((column[row] - low) / width * steps)
    mean = (total / n + 0.5) / steps  # as a share of the width; half a step was cut off
    total = 0.0
    for row in range(n):
        distance = (column[row] - low) / width - mean
        total += np.floor(distance * distance * steps)
    return low + width * mean, width * np.sqrt(total / n / steps)
