"""Plain twins of what the library does fast: no thought of speed, no cleverness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog


def dummies(codes: np.ndarray) -> np.ndarray:
    """One column for each level that occurs."""
    return (np.asarray(codes)[:, None] == np.unique(codes)[None, :]).astype(float)


def dummy_design(
    columns: Sequence[np.ndarray], effects: Sequence[np.ndarray], n: int
) -> np.ndarray:
    """All regressors and all dummies, written out."""
    parts = [np.empty((n, 0)), *(np.asarray(x, float)[:, None] for x in columns)]
    return np.hstack(parts + [dummies(codes) for codes in effects])


def separated_rows(
    y: np.ndarray, columns: Sequence[np.ndarray], effects: Sequence[np.ndarray]
) -> np.ndarray:
    """Rows that are separated, by a linear programme over all dummies.

    Maximise sum(u) subject to z = D gamma, z = 0 where y > 0, 0 <= u <= z and u <= 1
    where y = 0. Columns are brought to one size, and where there are effects to one
    mean, which moves no answer.
    """
    y = np.asarray(y, float)
    middle = [x - x.mean() if len(effects) else x for x in map(np.asarray, columns)]
    D = dummy_design(middle, effects, y.size)
    D = D / np.where(np.abs(D).max(axis=0) > 0, np.abs(D).max(axis=0), 1.0)
    zero = np.flatnonzero(y == 0)
    n_zero, n_columns = zero.size, D.shape[1]
    if n_zero == 0:
        return np.empty(0, int)
    solved = linprog(
        np.concatenate([np.zeros(n_columns), -np.ones(n_zero)]),
        A_ub=np.hstack([-D[zero], np.eye(n_zero)]),
        b_ub=np.zeros(n_zero),
        A_eq=np.hstack([D[y > 0], np.zeros((np.count_nonzero(y > 0), n_zero))]),
        b_eq=np.zeros(np.count_nonzero(y > 0)),
        bounds=[(None, None)] * n_columns + [(0, 1)] * n_zero,
        method="highs",
    )
    return zero[solved.x[n_columns:] > 0.5]


def without_singletons(keep: np.ndarray, effects: Sequence[np.ndarray]) -> np.ndarray:
    """Drop rows that are alone in a level until none is."""
    keep = np.asarray(keep, bool).copy()
    while True:
        before = keep.sum()
        for codes in effects:
            for level in np.unique(codes):
                rows = np.flatnonzero(keep & (codes == level))
                if rows.size == 1:
                    keep[rows] = False
        if keep.sum() == before:
            return keep


def numbered(values):
    """Codes of values by their place among the sorted different ones; -1 where None."""
    levels = sorted({value for value in values if value is not None})
    return [-1 if value is None else levels.index(value) for value in values], levels


def numbered_together(*codes):
    """Codes of combinations of codes, in sorted order; -1 where one is missing."""
    rows = [None if min(row) < 0 else row for row in zip(*codes, strict=True)]
    return numbered(rows)
