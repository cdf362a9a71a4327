r"""Separation: rows for which no finite estimate exists.

Write D for all columns of a model, dummies of effects included. Rows are separated when
some :math:`z = D\gamma` is zero wherever y > 0, is nowhere negative, and is positive in
these rows: along :math:`-\gamma` the likelihood grows for ever, and their fitted means
go to zero (Correia, Guimarães and Zylkin 2021, "Verifying the existence of maximum
likelihood estimates for generalized linear models"). z is the certificate.

The combinations of columns that are zero wherever y > 0 are found by elimination
(`forecast.gravity.samples.elimination`). Where there are none, nothing is separated. Else the
largest set of separated rows is the answer of a small linear programme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.products import times
from forecast.gravity.records import Floats, Ints
from forecast.gravity.samples.collinearity import TOLERANCE, Dependence, find_dependent
from forecast.gravity.samples.cones import largest_support
from forecast.gravity.samples.remainders import Direction, Remainder

__all__ = [
    "Separated",
    "dependence_on",
    "null_space",
    "separate",
    "telling_rows",
    "terms_of",
]

Bools = NDArray[np.bool_]

EXACT = 1e-8  # of a regressor's spread: what is left of it after that is rounding
SLIGHT = 1e-7  # values of z below this, in units of the regressors, are zero
SAMPLE = 1024  # rows that nearly always show that columns are independent
WORST = 16  # rows of a block that show that a combination is not zero


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


def dependence_on(
    rest: Remainder,
    rows: Ints,
    spread: Floats | None = None,
    *,
    touched: Ints | None = None,
    exactly: bool = False,
) -> Dependence:
    """Find late levels and regressors that are combinations of others on some rows.

    Rows are weighted by one over their bound, so that all carry the same rounding error.
    Some rows are tried first, then those that contradict what was found.

    Parameters
    ----------
    rest : Remainder
    rows : int array
    spread : float array of shape (K,), optional
        What the regressors' spread on these rows is in their units; 1 by default.
    touched : int array, optional
        Those of the rows in which late levels matter, where that is known.
    exactly : bool
        Combinations are equal in each row up to rounding, not only on average to the
        digits that data have.
    """
    n_late = rest.late_values.shape[1]
    norms = np.ones(n_late + len(rest.columns))
    if spread is not None:
        norms[n_late:] = spread
    touched = _touched(rest, rows) if touched is None else touched
    tried = telling_rows(rest, rows, touched)
    tolerance = EXACT if exactly else TOLERANCE
    fewest = norms.size + 1
    while True:
        C, bound = rest.at(tried)
        length = 1.0 if exactly else np.sqrt((1.0 / bound**2).sum())
        least = tolerance * length * norms + rest.noise * np.sqrt(tried.size)
        dependence = find_dependent(C / bound[:, None], least)
        n_dependent = len(dependence.combinations)
        if n_dependent in {0, fewest} or tried.size == rows.size:
            return dependence
        N = null_space(dependence)
        searched = rows if N[n_late:].any() else touched
        contrary = _contrary_rows(rest, searched, N, tolerance)
        if contrary.size == 0:
            return dependence
        tried, fewest = np.union1d(tried, contrary), n_dependent


def telling_rows(rest: Remainder, rows: Ints, touched: Ints | None = None) -> Ints:
    """Choose some rows that are likely to show all there is to see.

    `touched` are those in which late levels matter.
    """
    touched = _touched(rest, rows) if touched is None else touched
    size = SAMPLE + 4 * (rest.late_values.shape[1] + len(rest.columns))
    some = _every(rows, size)
    return np.union1d(some, _every(touched, size)) if touched.size else some


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


def _contrary_rows(rest: Remainder, rows: Ints, N: Floats, tolerance: float) -> Ints:
    """Return for each combination the rows in which it is furthest from zero, if it is."""
    found: list[Ints] = [np.empty(0, np.int64)]
    limit = tolerance + rest.noise * np.abs(N).sum(axis=0)
    start = 0
    for C, bound in rest.blocks(rows):
        size = np.abs(times(C, N)) / bound[:, None]
        for q in range(N.shape[1]):
            large = np.flatnonzero(size[:, q] > limit[q])
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
    dependence = dependence_on(rest, equations, exactly=True)
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
        weights, separated = largest_support(B[left][:, attempt])
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
    parts: list[Floats] = [np.empty((0, N.shape[1]))]
    noise = rest.noise * np.abs(N).sum(axis=0)
    for C, bound in rest.blocks(rows):
        values = times(C, N)
        values[np.abs(values) <= SLIGHT + noise * bound[:, None]] = 0.0
        parts.append(values)
    return np.concatenate(parts)
