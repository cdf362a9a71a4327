r"""Changes of a product split among its factors, exactly and without an order.

For :math:`y = \prod_k f_k` with log changes :math:`d_k`, :math:`d = \sum_k d_k`,

.. math:: y_1 - y_0 = \sum_k L(y_1, y_0)\, d_k, \qquad
    L(y_1, y_0) = \frac{y_1 - y_0}{\log(y_1 / y_0)} = y_0 \frac{e^d - 1}{d}

is the log-mean Divisia decomposition (LMDI-I; Ang and Choi 1997, The Energy Journal
18(3); Ang 2005, Energy Policy 33(7)). The Shapley value (Sun 1998, Energy Economics 20(1))
averages the effect of each factor over all orders in which factors can change.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_FACTORS", "growth_ratio", "lmdi", "log_mean", "shapley"]

Floats = NDArray[np.floating[Any]]

MOST_FACTORS = 14
"""Factors whose Shapley values are computed: all subsets are visited."""


def growth_ratio(d: Floats) -> Floats:
    """Return ``(exp(d) - 1) / d``, 1 at zero.

    Examples
    --------
    >>> growth_ratio(np.array([0.0, 1e-9, np.log(2)])).round(6)
    array([1.      , 1.      , 1.442695])
    """
    small = np.abs(d) < 1e-8
    safe = np.where(small, 1.0, d)
    return np.where(small, 1.0 + d / 2, np.expm1(safe) / safe)


def log_mean(a: Floats, b: Floats) -> Floats:
    """Return the logarithmic mean of numbers from zero; zero where one of them is zero.

    That is the limit: as a flow goes to zero, its weight does (Ang and Liu 2007, Energy
    Policy 35(1)).

    Examples
    --------
    >>> log_mean(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 6.0])).round(4)
    array([0.    , 2.    , 4.3281])
    """
    both = (a > 0) & (b > 0)
    d = np.zeros(np.broadcast(a, b).shape)
    np.subtract(
        np.log(a, where=both, out=np.zeros_like(d)),
        np.log(b, where=both, out=np.zeros_like(d)),
        out=d,
    )
    return np.where(both, b * growth_ratio(d), 0.0)


def lmdi(start: Floats, changes: Floats) -> Floats:
    """Split ``start * (exp(changes.sum(axis=1)) - 1)`` among the factors.

    Parameters
    ----------
    start : float array of shape (n,)
    changes : float array of shape (n, K)
        Log changes of the factors.

    Returns
    -------
    float array of shape (n, K)

    Examples
    --------
    >>> parts = lmdi(np.array([100.0]), np.log([[1.1, 1.2]]))
    >>> parts.round(2), round(float(parts.sum()), 10)
    (array([[10.99, 21.01]]), 32.0)
    """
    weight = start * growth_ratio(changes.sum(axis=1))
    return np.asarray(weight[:, None] * changes)


def shapley(start: Floats, changes: Floats) -> Floats:
    """Split as `lmdi`, by the mean over all orders of the factors.

    Examples
    --------
    >>> parts = shapley(np.array([100.0]), np.log([[1.1, 1.2]]))
    >>> parts.round(2), round(float(parts.sum()), 10)
    (array([[11., 21.]]), 32.0)
    """
    n, K = changes.shape
    worth = np.empty((2**K, n))
    total = np.zeros((2**K, n))
    for subset in range(1, 2**K):
        last = subset.bit_length() - 1
        total[subset] = total[subset ^ (1 << last)] + changes[:, last]
    np.multiply(start, np.expm1(total), out=worth)
    out = np.zeros((n, K))
    for subset in range(2**K):
        size = subset.bit_count()
        for k in range(K):
            if subset >> k & 1:
                continue
            share = math.factorial(size) * math.factorial(K - size - 1)
            gain = worth[subset | 1 << k] - worth[subset]
            out[:, k] += share / math.factorial(K) * gain
    return out
