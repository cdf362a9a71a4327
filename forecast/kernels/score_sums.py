"""Sums of scores over clusters, in one pass over the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact

__all__ = ["add_scores"]

Floats = NDArray[np.floating[Any]]


@jit_exact
def add_scores(
    x: Floats, residuals: Floats, codes: NDArray[np.int32], sums: Floats
) -> None:
    """Add ``x[r] * residuals[r]`` to ``sums[codes[r]]`` for every row r.

    Shapes (n, k), (n,), (n,), (groups, k); the rows are added in their order.
    """
    for row in range(residuals.size):
        group = codes[row]
        residual = residuals[row]
        for column in range(x.shape[1]):
            sums[group, column] += x[row, column] * residual
