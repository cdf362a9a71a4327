r"""The largest set of rows that a combination of columns can make positive.

Weights c with :math:`Bc \ge 0` form a cone. Weights that make one row positive and weights
that make another one positive add up to weights that do both, so the largest set is
unique; weights inside the cone reach it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.products import times
from forecast.gravity.records import Floats, Ints
from forecast.gravity.samples.programmes import most_positive

__all__ = ["largest_support"]

Bools = NDArray[np.bool_]

SMALL = 2048  # rows that one linear programme takes in
FLAT = 1e-9  # a row of length one whose part in a subspace is shorter lies outside it


def largest_support(B: Floats) -> tuple[Floats, Bools]:
    r"""Find weights c with :math:`Bc \ge 0` and as many positive entries as possible.

    For few rows it solves

    .. math:: \max_{c,u} \textstyle\sum_i u_i, \qquad u \le B c,\; 0 \le u \le 1 .

    Of many rows some are taken, and others only as the answer contradicts them. Rows
    that some rows force to zero reduce the number of weights.

    Parameters
    ----------
    B : float array of shape (r, q)

    Returns
    -------
    weights : float array of shape (q,)
        With ``B @ weights`` at least 1 in the rows that can be positive.
    positive : bool array of shape (r,)

    Examples
    --------
    >>> largest_support(np.array([[1.0, 0.0], [1.0, 1.0], [-1.0, -1.0]]))[1]
    array([ True, False, False])
    """
    positive = np.zeros(B.shape[0], np.bool_)
    unit, rows = _unit_rows(B)
    if rows.size == 0:
        return np.zeros(B.shape[1]), positive
    if B.shape[1] == 1:
        weights, found = _one_sign(unit)
    else:
        weights, found = _inside(unit)
    positive[rows[found]] = True
    if positive.any():
        weights = weights / times(B[positive], weights).min()
    return weights, positive


def _unit_rows(B: Floats) -> tuple[Floats, Ints]:
    """Return rows scaled to length one, without those that are zero, and their places."""
    norms = np.sqrt((B**2).sum(axis=1))
    rows = np.flatnonzero(norms > 0)
    return B[rows] / norms[rows, None], rows


def _one_sign(unit: Floats) -> tuple[Floats, Bools]:
    """Solve for one column: all rows have the same sign, or none can be positive."""
    sign = np.sign(unit[0, 0])
    same = bool((unit[:, 0] * sign > 0).all())
    return np.array([sign if same else 0.0]), np.full(unit.shape[0], same)


def _inside(unit: Floats) -> tuple[Floats, Bools]:
    """Find weights inside the cone, by linear programmes over some of the rows."""
    n, q = unit.shape
    basis: Floats = np.eye(q)
    rows: Ints = np.arange(n)
    positive = np.zeros(n, np.bool_)
    some = _evenly(n)
    while rows.size:
        weights = _programme(unit[some])
        z = times(unit, weights)
        forced = some[z[some] <= 0.5]
        if forced.size and rows.size > some.size:
            N = _null_space(unit[forced])
            left = times(unit, N)
            left[np.abs(left).max(axis=1, initial=0.0) <= FLAT] = 0.0
            unit, places = _unit_rows(left)
            basis, rows, some = times(basis, N), rows[places], _evenly(places.size)
            continue
        contrary = np.setdiff1d(np.flatnonzero(z <= 0.5), some)
        if contrary.size == 0:
            positive[rows[z > 0.5]] = True
            return times(basis, weights), positive
        worst = contrary[np.argsort(z[contrary], kind="stable")[:SMALL]]
        some = np.union1d(some, worst)
    return np.zeros(q), positive


def _evenly(n: int) -> Ints:
    """Return at most about `SMALL` places among n."""
    return np.arange(0, n, max(1, n // SMALL))


def _null_space(rows: Floats) -> Floats:
    """Orthonormal weights that are zero on all rows, shape (q, q')."""
    _, sizes, Vt = np.linalg.svd(np.linalg.qr(rows, mode="r"))
    rank = int(np.count_nonzero(sizes > FLAT * np.sqrt(rows.shape[0])))
    return Vt[rank:].T


def _programme(unit: Floats) -> Floats:
    """Solve the linear programme of `largest_support` for rows of length one."""
    distinct, counts = np.unique(unit.round(12), axis=0, return_counts=True)
    return most_positive(distinct, counts=counts.astype(float))
