r"""Least squares with absorbed fixed effects.

Minimises :math:`\sum_i w_i (y_i - x_i'\beta - \sum_f \alpha_{f(i)} - o_i)^2`: the effects
are projected off y and X (Frisch-Waugh-Lovell), the rest is solved by QR.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecast.gravity.absorption import Absorber
from forecast.gravity.arrays import Arrays
from forecast.gravity.plain_poisson import canonical_order, centre
from forecast.gravity.records import Codes, Estimate, Floats, Ints
from forecast.gravity.row_system import sort_by_effects
from forecast.gravity.scaling import Scaling

__all__ = ["fit_least_squares"]


def fit_least_squares(arrays: Arrays) -> Estimate:
    """Fit by least squares, with effects or without."""
    return fit_absorbed(arrays) if arrays.effects else fit_plain(arrays)


def fit_plain(arrays: Arrays) -> Estimate:
    """Least squares on the regressors alone."""
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
    return Estimate(
        rows=rows,
        beta=beta,
        y=arrays.y[rows],
        eta=eta,
        mu=eta,
        weights=weights,
        bread=half @ half.T,
        iterations=1,
        contraction=0.0,
        score_norm=relative_scores(
            root * basis.Z, root[:, 0] * (target - X @ beta), target
        ),
        family="gaussian",
        project=lambda: X,
        label=tuple,
        values=tuple,
    )


def fit_absorbed(arrays: Arrays) -> Estimate:
    """Least squares with effects: project, then solve."""
    rows = arrays.rows
    effects = tuple(arrays.codes(effect, rows) for effect in arrays.effects)
    columns = [column[rows] for column in arrays.columns]
    layout = sort_by_effects(effects, [arrays.y[rows], *columns])
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
    mu = arrays.y[order] - errors
    fit = Absorbed(
        arrays=arrays,
        order=order,
        codes=tuple(Codes(e.codes[layout.order], e.count) for e in effects),
        beta=gamma * scaling.scale[0] / scale,
        mu=mu,
        levels=(theta[0] - gamma @ theta[1:]) * scaling.scale[0],
        absorber=absorber,
    )
    return Estimate(
        rows=order,
        beta=fit.beta,
        y=arrays.y[order],
        eta=mu,
        mu=mu,
        weights=weights,
        bread=half @ half.T,
        iterations=1,
        contraction=0.0,
        score_norm=margins_off(fit.codes, errors * given, target * given),
        family="gaussian",
        project=lambda: rest[:, 1:] * scale,
        label=lambda: fit.codes,
        values=lambda: fit.values,
    )


@dataclass(frozen=True)
class Absorbed:
    """What the coefficients of effects are computed from."""

    arrays: Arrays
    order: Ints
    codes: tuple[Codes, ...]
    beta: Floats
    mu: Floats
    levels: Floats
    absorber: Absorber

    @cached_property
    def values(self) -> tuple[Floats, ...]:
        """Coefficients by effect."""
        layout = self.absorber.layout
        rest = self.mu - self.arrays.linear(self.beta, self.order)
        for levels in layout.index:
            rest -= self.levels[levels]
        parts = (
            list(np.split(self.levels, layout.offsets[1:-1])) if layout.others else []
        )
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
