"""Plain twins of standard errors: everything dense, every dummy written out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.gravity.designs.factors import combine
from forecast.gravity.inference.scores import Scores
from forecast.gravity.records import Codes, Effect, Estimate

# `Estimate` by weighted least squares on all dummies --------------------------------


def dummies(codes):
    return np.eye(codes.max() + 1)[codes]


def fit_dense(y, x, effects, family="poisson", weights=None, terms=None):
    """An `Estimate` from dummies and pseudo-inverses; effects are {name: codes}."""
    n, k = x.shape
    D = np.hstack([np.empty((n, 0)), *(dummies(codes) for codes in effects.values())])
    Z = np.hstack([x, D])
    w = np.ones(n) if weights is None else weights
    if family == "gaussian":
        theta = _least_squares(Z, y, w)
        mu = Z @ theta
        working = w
    else:
        mu = (y + y.mean()) / 2
        for _ in range(200):
            before = mu
            theta = _least_squares(Z, np.log(mu) + (y - mu) / mu, w * mu)
            mu = np.exp(Z @ theta)
            if np.abs(mu / before - 1).max() < 1e-13:
                break
        working = w * mu
    root = np.sqrt(working)[:, None]
    x_tilde = (
        x - D @ np.linalg.lstsq(root * D, root * x, rcond=1e-12)[0] if D.size else x
    )
    codes = tuple(
        combine([Codes(c.astype(np.int32), c.max() + 1)]) for c in effects.values()
    )
    cuts = np.cumsum([k, *(c.count for c in codes)])
    view = Rows(y, mu, weights, x_tilde, codes, tuple(np.split(theta, cuts)[1:-1]))
    estimate = Estimate(
        family=family,
        n=n,
        beta=theta[:k],
        bread=np.linalg.inv((x_tilde * working[:, None]).T @ x_tilde),
        iterations=1,
        contraction=0.0,
        score_norm=0.0,
        view=view,
    )
    names = tuple(Effect(tuple(name.split("^"))) for name in effects)
    return Scores(estimate, names, terms or tuple(f"x{j}" for j in range(k)))


class Rows:
    """A `RowView` of arrays that are there already."""

    def __init__(self, y, mu, weights, x_tilde, effects, level_values):
        self.rows = lambda: np.arange(y.size)
        self.y = lambda: y
        self.mu = lambda: mu
        self.weights = lambda: weights
        self.x_tilde = lambda: x_tilde
        self.effects = lambda: effects
        self.level_values = lambda: level_values

    def score_sums(self, _clusters):
        return None

    def by_group(self, _values):
        return None


def _least_squares(Z, target, weights):
    root = np.sqrt(weights)
    return np.linalg.lstsq(root[:, None] * Z, root * target, rcond=1e-12)[0]


@dataclass(frozen=True)
class Columns:
    """A `Lookup` over a dictionary of arrays."""

    columns: dict

    def codes(self, name):
        parts = [
            np.unique(self.columns[p], return_inverse=True)[1] for p in name.split("^")
        ]
        return combine([Codes(p.astype(np.int32), p.max() + 1) for p in parts])

    def shared(self, first, second):
        levels = np.union1d(self.columns[first], self.columns[second])
        return tuple(
            Codes(
                np.searchsorted(levels, self.columns[c]).astype(np.int32), levels.size
            )
            for c in (first, second)
        )

    def numbers(self, name):
        return np.asarray(self.columns[name], dtype=float)


# Sandwiches: one weight for every two rows ---------------------------------------------


def sandwich(scores, together):
    """``V X'(e e' * together) X V`` with a matrix of weights for every two rows."""
    s = scores.estimate.x_tilde * scores.estimate.residuals[:, None]
    return scores.bread @ (s.T @ together @ s) @ scores.bread


def same(values):
    return (values[:, None] == values[None, :]).astype(float)


def sharing(origin, destination):
    """1 where two rows have a country in common."""
    ends = [{a, b} for a, b in zip(origin, destination, strict=True)]
    return np.array([[float(bool(p & q)) for q in ends] for p in ends])


def bartlett(period, lags):
    apart = np.abs(period[:, None] - period[None, :])
    return np.maximum(1 - apart / (lags + 1), 0.0)


def kilometres(latitude, longitude):
    """Great-circle distances from the angle between unit vectors."""
    a, b = np.radians(latitude), np.radians(longitude)
    v = np.column_stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])
    across = np.linalg.norm(np.cross(v[:, None, :], v[None, :, :]), axis=2)
    return 6371.0088 * np.arctan2(across, v @ v.T)


def hat_diagonal(scores, x, effects):
    """Diagonal of ``W Z (Z'WZ)^+ Z'`` with all dummies."""
    Z = np.hstack([x, *(dummies(codes) for codes in effects.values())])
    w = scores.estimate.working
    root = np.sqrt(w)[:, None]
    return np.sum((root * Z) * np.linalg.pinv(root * Z).T, axis=1)


# Weidner and Zylkin, pair by pair over the periods that it has --------------------------


def pairs_of(columns):
    """Rows of each directed pair."""
    keys = list(zip(columns["exporter"], columns["importer"], strict=True))
    return {
        key: [r for r, other in enumerate(keys) if other == key]
        for key in sorted(set(keys))
    }


def weidner_zylkin_bias(scores, columns):
    """The bias of the slopes, with loops over ends, pairs and slopes."""
    e, periods = scores.estimate, sorted(set(columns["year"]))
    T = len(periods)
    place = [periods.index(year) for year in columns["year"]]
    pairs = pairs_of(columns)

    def vector(rows, values):
        full = np.zeros(T)
        for r in rows:
            full[place[r]] = values[r]
        return full

    score = np.zeros(scores.k)
    for k in range(scores.k):
        for end in (0, 1):
            regions = sorted({key[end] for key in pairs})
            total = 0.0
            for region in regions:
                H, A, G, S = (np.zeros((T, T)) for _ in range(4))
                for key, rows in pairs.items():
                    if key[end] != region:
                        continue
                    lam, s = vector(rows, e.working), vector(rows, e.residuals)
                    x = vector(rows, e.x_tilde[:, k])
                    theta = lam / lam.sum()
                    own = lam.sum() * (np.diag(theta) - np.outer(theta, theta))
                    H += own
                    A += np.outer(own @ x, s)
                    G -= np.diag(x) @ own + own @ np.diag(x)
                    S += np.outer(s, s)
                P = np.linalg.pinv(H, rcond=1e-12, hermitian=True)
                total += -np.trace(A @ P) + np.trace(P @ G @ P @ S) / 2
            score[k] += len(regions) / (len(regions) - 1) * total
    return scores.bread @ score


def unshrunk(scores, columns, effects, pair_effect):
    """``M s`` of each row, from the dense information of all level dummies."""
    e = scores.estimate
    D = np.hstack([dummies(effects[name]) for name in list(effects)[:2]])
    rows_of = list(pairs_of(columns).values())
    if pair_effect:  # take the pair's mean off the dummies
        D = D.copy()
        for rows in rows_of:
            theta = e.working[rows] / e.working[rows].sum()
            D[rows] -= theta @ D[rows]
    U = np.linalg.pinv((D * e.working[:, None]).T @ D, rcond=1e-11, hermitian=True)
    result = np.zeros(scores.n)
    for rows in rows_of:
        lam = e.working[rows]
        H = np.diag(lam)
        if pair_effect:
            H = H - np.outer(lam, lam) / lam.sum()
        x = e.x_tilde[rows]
        K = x @ scores.bread @ x.T + D[rows] @ U @ D[rows].T
        result[rows] = np.linalg.solve(np.eye(len(rows)) - H @ K, e.residuals[rows])
    return result
