"""Loops that make columns orthogonal, by one thread and always in the same order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit

Array = NDArray[Any]

__all__ = ["orthogonalise"]


@jit
def orthogonalise(columns: Array, least: Array, products: Array, kept: Array) -> None:
    """Make columns orthogonal from the first to the last, leaving out what is too short.

    Parameters
    ----------
    columns : float array of shape (m, n)
        One row for each column; on return of length one where kept.
    least : float array of shape (m,)
        A column of which no more than this is left, once those kept before it are taken
        out, is not kept.
    products : float array of shape (m, m)
        Zeros; filled with the triangle ``products[j, k]``, how much of column j is in
        column k.
    kept : bool array of shape (m,)
    """
    m, n = columns.shape
    for k in range(m):
        for _ in range(2):  # twice is enough
            for j in range(k):
                if kept[j]:
                    product = 0.0
                    for i in range(n):
                        product += columns[j, i] * columns[k, i]
                    for i in range(n):
                        columns[k, i] -= product * columns[j, i]
                    products[j, k] += product
        square = 0.0
        for i in range(n):
            square += columns[k, i] * columns[k, i]
        products[k, k] = np.sqrt(square)
        kept[k] = products[k, k] > least[k]
        if kept[k]:
            for i in range(n):
                columns[k, i] /= products[k, k]
