"""Inner products of rows of two buffers."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from forecast.kernels.jit import jit_apart

__all__ = ["add_products"]

Array = NDArray[Any]


@jit_apart
def add_products(left: Array, right: Array, size: int, gram: Array) -> None:
    """Add ``left[:, :size] @ right[:, :size].T``, which is symmetric, to `gram` (K, K).

    Two rows by two at a time: each value loaded serves two products.
    """
    n = left.shape[0]
    if n == 0:
        return
    zero = left.dtype.type(0)
    for k in range(0, n - n % 2, 2):
        for m in range(0, k + 1, 2):
            s00 = s01 = s10 = s11 = zero
            for t in range(size):
                s00 += left[k, t] * right[m, t]
                s01 += left[k, t] * right[m + 1, t]
                s10 += left[k + 1, t] * right[m, t]
                s11 += left[k + 1, t] * right[m + 1, t]
            gram[k, m] += s00
            gram[k + 1, m] += s10
            gram[k + 1, m + 1] += s11
            if m < k:
                gram[k, m + 1] += s01
                gram[m, k] += s00
                gram[m, k + 1] += s10
                gram[m + 1, k] += s01
                gram[m + 1, k + 1] += s11
            else:
                gram[k, k + 1] += s10
    if n % 2:
        k = n - 1
        for m in range(n):
            total = zero
            for t in range(size):
                total += left[k, t] * right[m, t]
            gram[k, m] += total
            if m < k:
                gram[m, k] += total
