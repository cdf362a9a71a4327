"""Loops of models without effects: few regressors, rows in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.exponential import exponentials
from forecast.kernels.jit import jit
from forecast.kernels.products import add_products

__all__ = ["fitted_means", "normal_equations"]

Array = NDArray[Any]

ROWS_AT_A_TIME = 1024


@jit
def fitted_means(
    first: int,
    last: int,
    y: Array,
    Z: Array,
    offset: Array,
    gamma: Array,
    eta: Array,
    mu: Array,
) -> float:
    """Write the linear predictor and its exponential; return ``sum y eta - mu``.

    Shapes: y, offset, eta, mu (n,); Z (K, n); gamma (K,).
    """
    bits = np.empty(ROWS_AT_A_TIME, np.int64)
    loglik = 0.0
    for start in range(first, last, ROWS_AT_A_TIME):
        stop = min(start + ROWS_AT_A_TIME, last)
        u, e = eta[start:stop], mu[start:stop]
        u[:] = offset[start:stop]
        for k in range(gamma.size):
            slope = gamma[k]
            for q in range(u.size):
                u[q] += slope * Z[k, start + q]
        some = bits[: u.size]
        exponentials(u, e, some, some.view(np.float64))
        part = 0.0
        for q in range(u.size):
            part += y[start + q] * u[q] - e[q]
        loglik += part
    return loglik


@jit
def normal_equations(
    first: int,
    last: int,
    Z: Array,
    weights: Array,
    target: Array,
    moment: Array,
    gram: Array,
) -> None:
    """Add ``Z W target`` to `moment` (K,) and ``Z W Z'`` to `gram` (K, K)."""
    n_columns = Z.shape[0]
    weighted = np.empty((n_columns, ROWS_AT_A_TIME))
    for start in range(first, last, ROWS_AT_A_TIME):
        size = min(start + ROWS_AT_A_TIME, last) - start
        for k in range(n_columns):
            for q in range(size):
                weighted[k, q] = weights[start + q] * Z[k, start + q]
            total = 0.0
            for q in range(size):
                total += weighted[k, q] * target[start + q]
            moment[k] += total
        add_products(Z[:, start : start + size], weighted, size, gram)
