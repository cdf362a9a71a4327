r"""Separation: rows for which no finite estimate exists.

Write D for all columns of a model, dummies of effects included. Rows are separated when
some :math:`z = D\gamma` is zero wherever y > 0, is nowhere negative, and is positive in
these rows: along :math:`-\gamma` the likelihood grows for ever, and their fitted means
go to zero (Correia, Guimarães and Zylkin 2021, "Verifying the existence of maximum
likelihood estimates for generalized linear models"). z is the certificate.

The combinations of columns that are zero wherever y > 0 are found by elimination
(`forecast.gravity.elimination`). Where there are none, nothing is separated. Else the
largest set of separated rows is the answer of a small linear programme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.collinearity import TOLERANCE, Dependence, find_dependent
from forecast.gravity.elimination import Direction, Remainder, times
from forecast.gravity.records import Floats, Ints

__all__ = [
    "Separated",
    "dependence_on",
    "largest_support",
    "null_space",
    "separate",
    "terms_of",
]

Bools = NDArray[np.bool_]

NOISE = 1e-11  # rounding error of a row of the remainder, relative to its bound
SLIGHT = 1e-7  # values of z below this, in units of the regressors, are zero
SAMPLE = 1024  # rows that nearly always show that columns are independent
WORST = 16  # rows of a block that show that a combination is not zero
STEEP = 1e6  # weights of the linear programme stay below this


@dataclass(frozen=True)
class Separated:
    """Rows that leave for zero together, and along which direction.

    Attributes
    ----------
    rows : int array
    direction : Direction
        Zero where y > 0 and not negative elsewhere, but for rows separated before.
    terms : tuple of int
        Regressors that take part, by place; none where the effects do it alone.
    """

    rows: Ints
    direction: Direction
    terms: tuple[int, ...]


def dependence_on(rest: Remainder, rows: Ints, spread: Floats | None = None) -> Dependence:
    """Find late levels and regressors that are combinations of others on some rows.

    Rows are weighted by one over their bound, so that all carry the same rounding error.
    Some rows are tried first, then those that contradict what was found.

    Parameters
    ----------
    rest : Remainder
    rows : int array
    spread : float array of shape (K,), optional
        What the regressors' spread on these rows is in their units; 1 by default.
    """
    n_late = rest.late_values.shape[1]
    norms = np.ones(n_late + len(rest.columns))
    if spread is not None:
        norms[n_late:] = spread
    touched = _touched(rest, rows)
    size = SAMPLE + 4 * norms.size
    tried = np.union1d(_every(rows, size), _every(touched, size))
    fewest = norms.size + 1
    while True:
        C, bound = rest.at(tried)
        least = norms * np.sqrt((1.0 / bound**2).sum()) + _rounding(tried.size)
        dependence = find_dependent(C / bound[:, None], least)
        n_dependent = len(dependence.combinations)
        if n_dependent in {0, fewest} or tried.size == rows.size:
            return dependence
        N = null_space(dependence)
        contrary = _contrary_rows(rest, rows if N[n_late:].any() else touched, N)
        if contrary.size == 0:
            return dependence
        tried, fewest = np.union1d(tried, contrary), n_dependent


def _touched(rest: Remainder, rows: Ints) -> Ints:
    """Return the rows in which late levels matter."""
    touched = np.zeros(rows.size, np.bool_)
    if rest.late_values.shape[1]:
        for f, codes in enumerate(rest.table.codes):
            touched |= rest.table.part(rest.place, f)[codes[rows]] > 0
    return rows[touched]


def _every(rows: Ints, size: int) -> Ints:
    """Return about `size` of the rows, evenly."""
    return rows[:: max(1, rows.size // size)]


def _rounding(n: int) -> float:
    """Length of n rounding errors, in units of the tolerance of `find_dependent`."""
    return NOISE * float(np.sqrt(n)) / TOLERANCE


def _contrary_rows(rest: Remainder, rows: Ints, N: Floats) -> Ints:
    """Return for each combination the rows in which it is furthest from zero, if it is."""
    found = [np.empty(0, np.int64)]
    start = 0
    for C, bound in rest.blocks(rows):
        size = np.abs(times(C, N)) / bound[:, None]
        for q in range(N.shape[1]):
            large = np.flatnonzero(size[:, q] > TOLERANCE)
            worst = large[np.argsort(-size[large, q], kind="stable")[:WORST]]
            found.append(rows[start + worst])
        start += bound.size
    return np.unique(np.concatenate(found))


def separate(rest: Remainder, equations: Ints, zeros: Ints) -> list[Separated]:
    """Find all rows that are separated, by as few columns at a time as will do.

    Parameters
    ----------
    rest : Remainder
        With the rows `equations` as its equations.
    equations, zeros : int arrays
        Rows with y > 0, and others.
    """
    dependence = dependence_on(rest, equations)
    N = null_space(dependence)
    B = _values(rest, zeros, N)
    n_late = rest.late_values.shape[1]
    by_effects = [q for q, k in enumerate(dependence.combinations) if k < n_late]
    others = [q for q in range(N.shape[1]) if q not in by_effects]
    attempts = [by_effects, *([*by_effects, q] for q in others)]
    if len(others) > 1:
        attempts.append([*by_effects, *others])
    found = []
    left = np.flatnonzero(B.any(axis=1))
    for attempt in attempts:
        weights, separated = largest_support(B[np.ix_(left, attempt)])
        if separated.any():
            direction = rest.direction(times(N[:, attempt], weights))
            rows = zeros[left[separated]]
            found.append(Separated(rows, direction, terms_of(direction)))
            left = left[~separated]
    return found


def terms_of(direction: Direction) -> tuple[int, ...]:
    """Regressors that take part in a direction, by place."""
    size = np.abs(direction.slopes)
    return tuple(np.flatnonzero(size > SLIGHT * size.max(initial=0.0)).tolist())


def null_space(dependence: Dependence) -> Floats:
    """One combination that vanishes for each dependent column, shape (m + K, q)."""
    n_dependent = len(dependence.combinations)
    N = np.zeros((len(dependence.kept) + n_dependent, n_dependent))
    for q, (k, weights) in enumerate(dependence.combinations.items()):
        N[list(dependence.kept), q] = -weights
        N[k, q] = 1.0
    return N


def _values(rest: Remainder, rows: Ints, N: Floats) -> Floats:
    """Return what each combination is in some rows, 0 where it is no more than rounding."""
    parts = [np.empty((0, N.shape[1]))]
    for C, bound in rest.blocks(rows):
        values = times(C, N)
        values[np.abs(values) <= SLIGHT + NOISE * bound[:, None]] = 0.0
        parts.append(values)
    return np.concatenate(parts)


def largest_support(B: Floats) -> tuple[Floats, Bools]:
    r"""Find weights c with :math:`Bc \ge 0` and as many positive entries as possible.

    The set of rows that can be positive is unique: weights for one row and weights for
    another add up to weights for both. It solves

    .. math:: \max_{c,u} \textstyle\sum_i u_i, \qquad u \le B c,\; 0 \le u \le 1 .

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
    norms = np.sqrt((B**2).sum(axis=1))
    rows = np.flatnonzero(norms > 0)
    positive = np.zeros(B.shape[0], np.bool_)
    if rows.size == 0:
        return np.zeros(B.shape[1]), positive
    unit = B[rows] / norms[rows, None]
    weights = _one_sign(unit) if B.shape[1] == 1 else _programme(unit)
    z = times(unit, weights)
    positive[rows] = z > 0.5
    if positive.any():
        weights = weights / times(B[positive], weights).min()
    return weights, positive


def _one_sign(unit: Floats) -> Floats:
    """Solve for a single combination: all rows have the same sign, or none separates."""
    sign = float(np.sign(unit[0, 0]))
    return np.array([sign if (unit * sign > 0).all() else 0.0])


def _programme(unit: Floats) -> Floats:
    """Solve the linear programme of `largest_support` for rows of length one."""
    from scipy.optimize import linprog

    distinct, times = np.unique(unit.round(12), axis=0, return_counts=True)
    r, q = distinct.shape
    solved = linprog(
        np.concatenate([np.zeros(q), -times.astype(float)]),
        A_ub=np.hstack([-distinct, np.eye(r)]),
        b_ub=np.zeros(r),
        bounds=[(-STEEP, STEEP)] * q + [(0.0, 1.0)] * r,
        method="highs",
    )
    return np.asarray(solved.x[:q])
