"""Plain twins of what the library does fast: no thought of speed, no cleverness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import qr
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


def independent(Z: np.ndarray) -> np.ndarray:
    """Columns of which none is a combination of the others, in their order."""
    r, order = qr(Z, mode="r", pivoting=True)
    size = np.abs(np.diag(r))
    return np.sort(order[: np.count_nonzero(size > 1e-10 * size[0])])


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


# ------------------------------------------------------- the gravity engine, all dense


def indicators(codes, count: int) -> np.ndarray:
    """One column for each level, also for those that do not occur."""
    return (np.asarray(codes)[:, None] == np.arange(count)[None, :]).astype(float)


def other_effects(index, count: int) -> np.ndarray:
    """D (n, m): levels of all effects but the finest, numbered through; index (F, n)."""
    D = np.zeros((index.shape[1], count))
    for levels in index:
        D += indicators(levels, count)
    return D


def concentrated_means(y, group, u) -> np.ndarray:
    """Fitted means whose sum over each group is that of y; proportional to exp(u)."""
    G = dummies(group)
    return G @ (G.T @ y / (G.T @ np.exp(u))) * np.exp(u)


def concentrated_loglik(y, group, u) -> float:
    """sum y log mu, without the constant sum y."""
    return float((y * np.log(concentrated_means(y, group, u))).sum())


def off_groups(values, group, weights) -> np.ndarray:
    """Values (n,) or (n, K) less their weighted mean in the group; 0 / 0 is 0."""
    G = dummies(group)
    mass = G.T @ weights
    inverse = np.divide(1.0, mass, out=np.zeros_like(mass), where=mass > 0)
    mean = (G * inverse) @ (G.T @ (weights * values.T).T)
    return values - mean


def schur_complement(D, group, weights) -> np.ndarray:
    """D'W(I - the projection on groups)D, (m, m)."""
    return D.T @ (weights[:, None] * off_groups(D, group, weights))


def on_all_effects(D, group, weights, values) -> np.ndarray:
    """What weighted least squares on all dummies leaves of values (n, K)."""
    Z = np.hstack([D, dummies(group)])
    root = np.sqrt(weights)[:, None]
    return values - Z @ np.linalg.lstsq(root * Z, root * values, rcond=1e-12)[0]


def poisson_on_dummies(y, Z, weights=None, offset=None) -> np.ndarray:
    """Coefficients of PPML on the columns of Z, by reweighted least squares."""
    w = np.ones(y.size) if weights is None else weights
    o = np.zeros(y.size) if offset is None else offset
    mu, eta, step = (y + y.mean()) / 2, np.zeros(y.size), np.inf
    for _ in range(200):
        root = np.sqrt(w * mu)[:, None]
        target = root[:, 0] * (np.log(mu) - o + (y - mu) / mu)
        gamma = np.linalg.lstsq(root * Z, target, rcond=1e-12)[0]
        before, last = eta, step
        eta = Z @ gamma + o
        mu, step = np.exp(eta), np.abs(eta - before).max()
        if step < 1e-12 or (step < 1e-6 and step >= last / 2):  # rounding is reached
            break
    return gamma


def least_squares_on_dummies(y, Z, weights=None, offset=None) -> np.ndarray:
    """Coefficients of weighted least squares on the columns of Z."""
    root = np.ones(y.size) if weights is None else np.sqrt(weights)
    target = y if offset is None else y - offset
    return np.linalg.lstsq(root[:, None] * Z, root * target, rcond=1e-12)[0]


def proportional_sweep(outer, inner, present, totals, factor, a, b, target):
    """One sweep of proportional fitting, slot by slot; returns a and the sums by inner.

    Shapes: outer, inner, totals (P,); present, factor (P, T); a, target (I, T) or (0, T);
    b (J, T).
    """
    n_groups, width = present.shape
    a, sums = a.copy(), np.zeros_like(b)
    for sweep in ("outer", "inner"):
        fitted = np.zeros_like(a)
        for g in range(n_groups):
            own = a[outer[g]] if len(a) else np.ones(width)
            weight = present[g] * factor[g] * own
            mass = (weight * b[inner[g]]).sum()
            level = totals[g] / mass if mass > 0 else 0.0
            if sweep == "inner":
                sums[inner[g]] += level * weight
            elif len(a):
                fitted[outer[g]] += level * weight * b[inner[g]]
        known = fitted > 0
        a[known] *= target[known] / fitted[known]
    return a, sums
