"""PPML on sorted rows, and from its optimum back to the caller's rows and units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.gravity.engine.arrays import Arrays, combined_offset
from forecast.gravity.engine.least_squares import level_values
from forecast.gravity.engine.newton import Optimum
from forecast.gravity.engine.projected import maximise_rows
from forecast.gravity.engine.row_system import RowSystem
from forecast.gravity.engine.scaling import Scaling
from forecast.gravity.engine.sorted_rows import sort_by_effects
from forecast.gravity.records import Codes, Estimate, Floats, Ints
from forecast.kernels import rows as row_loops

__all__ = ["fit_sorted_rows"]


def fit_sorted_rows(arrays: Arrays, *, tolerance: float) -> Estimate:
    """Fit any set of effects on rows sorted by the finest."""
    rows = arrays.rows
    effects = [arrays.codes(effect, rows) for effect in arrays.effects]
    columns = [column[rows] for column in arrays.columns]
    layout = sort_by_effects(effects, [values[rows] for values in arrays.values])
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
    if shift is not None:  # the finest effect takes up what keeps exponentials in range
        largest = np.maximum.reduceat(shift, layout.starts[:-1])
        shift = shift - np.repeat(largest, np.diff(layout.starts))
    unit = float(mass.mean())
    shifted = np.zeros(0) if shift is None else shift
    system = RowSystem(layout, mass / unit, X, shifted, scaling.reach)
    best = maximise_rows(system, tolerance=tolerance)
    codes = tuple(Codes(effect.codes[layout.order], effect.count) for effect in effects)
    scale = scaling.scale
    return Estimate(
        family="poisson",
        n=order.size,
        beta=best.beta / scale,
        bread=best.curvature.inverse / (unit * np.outer(scale, scale)),
        iterations=best.iterations,
        contraction=best.contraction,
        score_norm=best.score_norm,
        view=SortedView(arrays, system, best, scaling, unit, order, weights, codes),
    )


@dataclass(frozen=True)
class SortedView:
    """An optimum on sorted rows in the caller's units; a `RowView`."""

    arrays: Arrays
    system: RowSystem
    best: Optimum
    scaling: Scaling
    unit: float
    order: Ints
    prior: Floats | None
    codes: tuple[Codes, ...]

    def rows(self) -> Ints:
        """See `RowView`; so for the others."""
        return self.order

    def y(self) -> Floats:
        return self.arrays.y[self.order]

    def mu(self) -> Floats:
        fitted = self.best.point.mu * self.unit
        return fitted if self.prior is None else fitted / self.prior

    def weights(self) -> Floats | None:
        return self.prior

    def effects(self) -> tuple[Codes, ...]:
        return self.codes

    def x_tilde(self) -> Floats:
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

    def level_values(self) -> tuple[Floats, ...]:
        beta = self.best.beta / self.scaling.scale
        rest = np.log(self.mu()) - self.arrays.linear(beta, self.order)
        return level_values(self.system.sorted, self.best.theta[:, 0], rest)

    def score_sums(self, clusters: Codes) -> Floats | None:  # noqa: ARG002
        return None

    def by_group(self, values: Ints) -> Ints | None:  # noqa: ARG002
        return None

    def group_sizes(self) -> Ints:
        return np.diff(self.system.sorted.starts)
