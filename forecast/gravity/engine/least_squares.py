r"""Least squares with absorbed fixed effects.

Minimises :math:`\sum_i w_i (y_i - x_i'\beta - \sum_f \alpha_{f(i)} - o_i)^2`: the effects
are projected off y and X (Frisch-Waugh-Lovell), the rest is solved by QR.
"""

from __future__ import annotations

import numpy as np

from forecast.gravity.engine.absorption import Absorber
from forecast.gravity.engine.arrays import Arrays
from forecast.gravity.engine.plain_poisson import (
    canonical_order,
    centre,
    refuse_nothing,
)
from forecast.gravity.engine.scaling import Scaling
from forecast.gravity.engine.sorted_rows import SortedRows, sort_by_effects
from forecast.gravity.records import Codes, Estimate, Floats, Rows

__all__ = ["fit_least_squares"]


def fit_least_squares(arrays: Arrays) -> Estimate:
    """Fit by least squares, with effects or without."""
    return fit_absorbed(arrays) if arrays.effects else fit_plain(arrays)


def fit_plain(arrays: Arrays) -> Estimate:
    """Least squares on the regressors alone."""
    refuse_nothing(arrays)
    rows = canonical_order(arrays)
    X = np.column_stack([column[rows] for column in arrays.columns])
    weights = None if arrays.weights is None else arrays.weights[rows]
    root = np.ones((rows.size, 1)) if weights is None else np.sqrt(weights)[:, None]
    offset = 0.0 if arrays.offset is None else arrays.offset[rows]
    target = arrays.y[rows] - offset
    basis = centre(X)
    q, r = np.linalg.qr(root * basis.Z)
    beta = basis.back @ np.linalg.solve(r, q.T @ (root[:, 0] * target))
    half = basis.back @ np.linalg.inv(r)
    eta = X @ beta + offset
    norm = relative_scores(root * basis.Z, root[:, 0] * (target - X @ beta), target)
    view = Rows(rows, arrays.y[rows], eta, weights, X)
    return Estimate("gaussian", rows.size, beta, half @ half.T, 1, 0.0, norm, view)


def fit_absorbed(arrays: Arrays) -> Estimate:
    """Least squares with effects: project, then solve."""
    rows = arrays.rows
    effects = tuple(arrays.codes(effect, rows) for effect in arrays.effects)
    layout = sort_by_effects(
        effects, lambda: [values[rows] for values in arrays.values]
    )
    order = rows[layout.order]
    weights = None if arrays.weights is None else arrays.weights[order]
    given = np.ones(order.size) if weights is None else weights
    target = arrays.y[order]
    if arrays.offset is not None:
        target = target - arrays.offset[order]
    every = [target, *(column[order] for column in arrays.columns)]
    scaling = Scaling.of(every)
    data = np.vstack(every)
    data -= scaling.center[:, None]
    data /= scaling.scale[:, None]
    absorber = Absorber.of(layout, given)
    theta = absorber.coefficients(data)
    rest = absorber.residuals(data, theta)
    # The iteration leaves a trace of the effects; a second round on what is left
    # removes it to the last digits.
    again = absorber.coefficients(rest)
    rest = absorber.residuals(rest, again).T
    theta = theta + again
    root = np.sqrt(given)
    q, r = np.linalg.qr(root[:, None] * rest[:, 1:])
    gamma = np.linalg.solve(r, q.T @ (root * rest[:, 0]))
    errors = (rest[:, 0] - rest[:, 1:] @ gamma) * scaling.scale[0]
    scale = scaling.scale[1:]
    half = np.linalg.inv(r) / scale[:, None]
    codes = tuple(Codes(e.codes[layout.order], e.count) for e in effects)
    levels = (theta[0] - gamma @ theta[1:]) * scaling.scale[0]
    beta = gamma * scaling.scale[0] / scale
    mu = arrays.y[order] - errors
    view = Rows(
        order,
        arrays.y[order],
        mu,
        weights,
        rest[:, 1:] * scale,
        codes,
        level_values(layout, levels, mu - arrays.linear(beta, order)),
    )
    norm = margins_off(codes, errors * given, target * given)
    return Estimate("gaussian", order.size, beta, half @ half.T, 1, 0.0, norm, view)


def level_values(
    layout: SortedRows, levels: Floats, rest: Floats
) -> tuple[Floats, ...]:
    """Coefficients by effect, given those of all but the finest, numbered through.

    `rest` (n,) is the linear predictor without the regressors.
    """
    for index in layout.index:
        rest = rest - levels[index]
    parts = list(np.split(levels, layout.offsets[1:-1])) if layout.others else []
    parts.insert(layout.finest, rest[layout.starts[:-1]])
    return tuple(parts)


def relative_scores(Z: Floats, errors: Floats, target: Floats) -> float:
    """The largest score relative to what it is a difference of."""
    size = np.abs(Z).T @ np.abs(target)
    return float((np.abs(Z.T @ errors) / np.where(size > 0, size, 1)).max(initial=0.0))


def margins_off(effects: tuple[Codes, ...], errors: Floats, target: Floats) -> float:
    """The largest sum of errors over an effect's levels, relative to the outcome."""
    total = np.abs(target).sum()
    if total == 0:
        return 0.0
    return max(
        float(
            np.abs(np.bincount(e.codes, weights=errors, minlength=e.count)).sum()
            / total
        )
        for e in effects
    )
