"""Inverse of a symmetric positive semidefinite matrix, redundant rows left out.

In a fixed order, so that the bits depend neither on the threads of a linear algebra
library nor on which one is installed. The work is cut into tiles of rows; nearly all of
it is `subtract_products`, in which two rows of one tile meet four of another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit

__all__ = ["factor", "invert_factor", "multiply_transposed"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

TILE = 64


@jit
def subtract_products(
    C: Floats,
    A: Floats,
    B: Floats,
    rows: tuple[int, int],
    columns: tuple[int, int],
    inner: tuple[int, int],
) -> None:
    """``C[i, j] -= A[i, k] B[j, k]`` summed over k, for ranges of i, j and k."""
    start, end = inner
    i = rows[0]
    while i < rows[1]:
        pair = i + 1 < rows[1]
        i2 = i + 1 if pair else i
        j = columns[0]
        while j + 3 < columns[1]:
            s0 = s1 = s2 = s3 = t0 = t1 = t2 = t3 = 0.0
            for k in range(start, end):
                a, b = A[i, k], A[i2, k]
                s0 += a * B[j, k]
                s1 += a * B[j + 1, k]
                s2 += a * B[j + 2, k]
                s3 += a * B[j + 3, k]
                t0 += b * B[j, k]
                t1 += b * B[j + 1, k]
                t2 += b * B[j + 2, k]
                t3 += b * B[j + 3, k]
            C[i, j] -= s0
            C[i, j + 1] -= s1
            C[i, j + 2] -= s2
            C[i, j + 3] -= s3
            if pair:
                C[i2, j] -= t0
                C[i2, j + 1] -= t1
                C[i2, j + 2] -= t2
                C[i2, j + 3] -= t3
            j += 4
        while j < columns[1]:
            s0 = t0 = 0.0
            for k in range(start, end):
                s0 += A[i, k] * B[j, k]
                t0 += A[i2, k] * B[j, k]
            C[i, j] -= s0
            if pair:
                C[i2, j] -= t0
            j += 1
        i += 2


@jit
def swap(A: Floats, i: int, j: int) -> None:
    """Exchange rows and columns i < j of a matrix of which the lower half counts."""
    for k in range(i):
        A[i, k], A[j, k] = A[j, k], A[i, k]
    for k in range(i + 1, j):
        A[k, i], A[j, k] = A[j, k], A[k, i]
    for k in range(j + 1, A.shape[0]):
        A[k, i], A[k, j] = A[k, j], A[k, i]
    A[i, i], A[j, j] = A[j, j], A[i, i]


@jit
def factor(A: Floats, tolerance: float, order: Ints) -> int:
    """Pivoted Cholesky factor in the lower triangle of A (p, p); the rank.

    Step j takes what has the largest variance given the rows before; ``order[j]`` (p,)
    is its place in the matrix as given. It ends where no variance exceeds `tolerance`.
    """
    p = A.shape[0]
    order[:] = np.arange(p)
    squares = np.empty(p)
    for first in range(0, p, TILE):
        last = min(first + TILE, p)
        squares[first:] = 0.0
        for j in range(first, last):
            best, pivot = -1.0, j
            for i in range(j, p):
                if A[i, i] - squares[i] > best:
                    best, pivot = A[i, i] - squares[i], i
            if best <= tolerance:
                return j
            if pivot != j:
                swap(A, j, pivot)
                order[j], order[pivot] = order[pivot], order[j]
                squares[pivot] = squares[j]
            A[j, j] = np.sqrt(best)
            for i in range(j + 1, p):
                total = A[i, j]
                for k in range(first, j):
                    total -= A[i, k] * A[j, k]
                A[i, j] = total / A[j, j]
                squares[i] += A[i, j] * A[i, j]
        for left in range(last, p, TILE):
            right = min(left + TILE, p)
            for top in range(left, p, TILE):
                bottom = min(top + TILE, p)
                subtract_products(A, A, A, (top, bottom), (left, right), (first, last))
    return p


@jit
def invert_factor(L: Floats, inverse: Floats) -> None:
    """Transposed inverse of L: ``inverse[j, i]`` is entry (i, j) of the inverse.

    Shapes (r, r); the lower half of L counts, `inverse` begins as zeros.
    """
    p = L.shape[0]
    for first in range(0, p, TILE):
        last = min(first + TILE, p)
        for j in range(first, last):
            inverse[j, j] = 1.0
        for top in range(first, p, TILE):
            bottom = min(top + TILE, p)
            subtract_products(
                inverse, inverse, L, (first, last), (top, bottom), (first, top)
            )
            for j in range(first, last):
                for i in range(max(top, j), bottom):
                    total = inverse[j, i]
                    for k in range(max(top, j), i):
                        total -= inverse[j, k] * L[i, k]
                    inverse[j, i] = total / L[i, i]


@jit
def multiply_transposed(half: Floats, product: Floats) -> None:
    """``half half'`` of an upper triangular matrix, into `product`; shapes (r, r)."""
    p = half.shape[0]
    product[:, :] = 0.0
    for first in range(0, p, TILE):
        last = min(first + TILE, p)
        for top in range(first, p, TILE):
            bottom = min(top + TILE, p)
            subtract_products(
                product, half, half, (first, last), (top, bottom), (top, p)
            )
    for a in range(p):
        for b in range(a, p):
            product[a, b] = -product[a, b]
            product[b, a] = product[a, b]
