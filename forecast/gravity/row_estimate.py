"""PPML on sorted rows, and from its optimum back to the caller's rows and units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecast.gravity.arrays import Arrays, combined_offset
from forecast.gravity.newton import Optimum, maximise
from forecast.gravity.records import Codes, Estimate, Floats, Ints
from forecast.gravity.row_system import RowSystem, sort_by_effects
from forecast.gravity.scaling import Scaling
from forecast.kernels import rows as row_loops

__all__ = ["fit_sorted_rows"]


def fit_sorted_rows(arrays: Arrays, *, tolerance: float) -> Estimate:
    """Fit any set of effects on rows sorted by the finest."""
    rows = arrays.rows
    effects = [arrays.codes(effect, rows) for effect in arrays.effects]
    columns = [column[rows] for column in arrays.columns]
    layout = sort_by_effects(effects, [arrays.y[rows], *columns])
    order = rows[layout.order]
    scaling = Scaling.of(columns)
    X = np.empty((len(columns), order.size))
    for k, column in enumerate(columns):
        np.take(column, layout.order, out=X[k])
    X -= scaling.center[:, None]
    X /= scaling.scale[:, None]
    weights = None if arrays.weights is None else arrays.weights[order]
    mass = arrays.y[order] if weights is None else arrays.y[order] * weights
    offset = None if arrays.offset is None else arrays.offset[order]
    shift = combined_offset(weights, offset)
    unit = float(mass.mean())
    system = RowSystem(layout, mass / unit, X, np.zeros(0) if shift is None else shift)
    best = maximise(system, tolerance=tolerance)
    codes = tuple(Codes(effect.codes[layout.order], effect.count) for effect in effects)
    return SortedEstimate(
        arrays, system, best, scaling, unit, order, weights, codes
    ).estimate()


@dataclass(frozen=True)
class SortedEstimate:
    """An optimum on sorted rows with what turns it into the caller's units."""

    arrays: Arrays
    system: RowSystem
    best: Optimum
    scaling: Scaling
    unit: float
    order: Ints
    weights: Floats | None
    codes: tuple[Codes, ...]

    @property
    def beta(self) -> Floats:
        """Slopes in the caller's units."""
        return self.best.beta / self.scaling.scale

    @cached_property
    def mu(self) -> Floats:
        """Fitted means in the caller's units."""
        fitted = self.best.point.mu * self.unit
        return fitted if self.weights is None else fitted / self.weights

    def project(self) -> Floats:
        """Regressors with the effects projected out, in the caller's units, (n, K)."""
        layout = self.system.sorted
        out = np.empty_like(self.system.X)
        row_loops.project_rows(
            0,
            layout.groups.size,
            layout.starts,
            layout.index,
            self.best.point.mu,
            self.system.inverse,
            self.system.X,
            np.ascontiguousarray(self.best.curvature.Theta[:, :, 0].T),
            out,
        )
        out *= self.scaling.scale[:, None]
        return out.T

    def values(self) -> tuple[Floats, ...]:
        """Coefficients by effect."""
        layout, theta = self.system.sorted, self.best.theta[:, 0]
        rest = np.log(self.mu) - self.arrays.linear(self.beta, self.order)
        for levels in layout.index:
            rest -= theta[levels]
        parts = list(np.split(theta, layout.offsets[1:-1])) if layout.others else []
        parts.insert(layout.finest, rest[layout.starts[:-1]])
        return tuple(parts)

    def estimate(self) -> Estimate:
        """Everything by row."""
        scale = self.scaling.scale
        return Estimate(
            rows=self.order,
            beta=self.beta,
            y=self.arrays.y[self.order],
            eta=np.log(self.mu),
            mu=self.mu,
            weights=self.weights,
            bread=self.best.curvature.inverse / (self.unit * np.outer(scale, scale)),
            iterations=self.best.iterations,
            contraction=self.best.contraction,
            score_norm=self.best.score_norm,
            family="poisson",
            project=self.project,
            label=lambda: self.codes,
            values=self.values,
        )
