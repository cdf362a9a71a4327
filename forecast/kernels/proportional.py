"""Iterative proportional fitting: flows of many paths made to add up to their totals."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from forecast.kernels.jit import jit

__all__ = ["fit_proportions"]

Array = NDArray[Any]


@jit
def fit_proportions(
    flows: Array,
    rows: Array,
    columns: Array,
    row_totals: Array,
    column_totals: Array,
    sums: Array,
    sweeps: int,
    tolerance: float,
) -> None:
    r"""Scale rows and columns in turn until both add up; `flows` is changed in place.

    .. math:: f_{ij} \leftarrow f_{ij} \, \frac{E_i}{\sum_j f_{ij}}, \qquad
              f_{ij} \leftarrow f_{ij} \, \frac{M_j}{\sum_i f_{ij}}

    Deming and Stephan (1940), Annals of Mathematical Statistics 11(4). A row or column
    without any flow stays empty.

    Parameters
    ----------
    flows : float array of shape (n_paths, n_pairs)
    rows, columns : int64 arrays of shape (n_pairs,)
        Row and column of each pair.
    row_totals : float array of shape (n_paths, n_rows)
    column_totals : float array of shape (n_paths, n_columns)
    sums : float array of shape (n_rows + n_columns,)
        Scratch space.
    sweeps : int
        The most sweeps over rows and columns.
    tolerance : float
        Stop when no row is scaled by more than this, relative to 1.
    """
    n_paths, n_pairs = flows.shape
    n_rows, n_columns = row_totals.shape[1], column_totals.shape[1]
    for path in range(n_paths):
        for _ in range(sweeps):
            for k in range(n_rows + n_columns):
                sums[k] = 0.0
            for pair in range(n_pairs):
                sums[rows[pair]] += flows[path, pair]
            farthest = 0.0
            for k in range(n_rows):
                if sums[k] > 0.0:
                    sums[k] = row_totals[path, k] / sums[k]
                    farthest = max(farthest, abs(sums[k] - 1.0))
            for pair in range(n_pairs):
                flows[path, pair] *= sums[rows[pair]]
                sums[n_rows + columns[pair]] += flows[path, pair]
            for k in range(n_columns):
                at = n_rows + k
                if sums[at] > 0.0:
                    sums[at] = column_totals[path, k] / sums[at]
                    farthest = max(farthest, abs(sums[at] - 1.0))
            for pair in range(n_pairs):
                flows[path, pair] *= sums[n_rows + columns[pair]]
            if farthest < tolerance:
                break
