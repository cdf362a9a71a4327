"""Plain twins of the kernels that count levels and solve for them."""

from __future__ import annotations

import numpy as np


def counts_of_levels(codes, positive, count):
    """Rows of each level, and positive ones."""
    return [
        (np.count_nonzero(codes == level), np.count_nonzero(positive[codes == level]))
        for level in range(count)
    ]


def rank(matrix):
    """Rank of a matrix of small whole numbers."""
    return 0 if matrix.size == 0 else int(np.linalg.matrix_rank(matrix))


def sums(levels, values):
    """Add up the values of each row's levels."""
    return np.array([values[row].sum(axis=0) for row in levels])


def dependent_columns(columns, least):
    """Columns of which nothing is left after a regression on all before them."""
    dependent = []
    for k in range(columns.shape[1]):
        before = columns[:, :k]
        left = (
            columns[:, k]
            - before @ np.linalg.lstsq(before, columns[:, k], rcond=1e-9)[0]
        )
        if np.linalg.norm(left) <= least:
            dependent.append(k)
    return dependent
