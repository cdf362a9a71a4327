"""PPML on sorted rows, and from its optimum back to the caller's rows and units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.gravity.engine.arrays import Arrays, combined_offset
from forecast.gravity.engine.least_squares import level_values
from forecast.gravity.engine.newton import Optimum
from forecast.gravity.engine.projected import maximise_rows
from forecast.gravity.engine.row_system import RowSystem
from forecast.gravity.engine.scaling import Scaling
from forecast.gravity.engine.sorted_rows import project_rows, sort_by_effects
from forecast.gravity.records import Codes, Estimate, Floats, Ints
from forecast.kernels import rows as row_loops
from forecast.kernels.threads import run_blocks, run_columns

__all__ = ["fit_sorted_rows"]


def fit_sorted_rows(arrays: Arrays, *, tolerance: float) -> Estimate:
    """Fit any set of effects on rows sorted by the finest."""
    rows = arrays.rows
    effects = run_columns(
        lambda effect: arrays.codes(effect, rows), arrays.effects, rows.size
    )
    layout = sort_by_effects(
        effects, lambda: [values[rows] for values in arrays.values]
    )
    whole = rows.size == arrays.y.size
    order = layout.order if whole else rows[layout.order]
    chosen = arrays.columns
    if not whole:
        chosen = run_columns(lambda column: column[rows], arrays.columns, rows.size)
    scaling = Scaling.of(chosen)
    X = standardised(arrays.columns, order, scaling)
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
    scale = scaling.scale
    return Estimate(
        family="poisson",
        n=order.size,
        beta=best.beta / scale,
        bread=best.curvature.inverse / (unit * np.outer(scale, scale)),
        iterations=best.iterations,
        contraction=best.contraction,
        score_norm=best.score_norm,
        view=SortedView(arrays, system, best, scaling, unit, order, weights, effects),
    )


def standardised(columns: Sequence[Floats], order: Ints, scaling: Scaling) -> Floats:
    """Columns in that order, centred and scaled, (K, n)."""
    X = np.empty((len(columns), order.size))

    def fill(k: int) -> None:
        np.take(columns[k], order, out=X[k], mode="clip")  # "raise" copies once more
        X[k] -= scaling.center[k]
        X[k] /= scaling.scale[k]

    run_columns(fill, range(len(columns)), order.size)
    return X


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
    codes: Sequence[Codes]

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
        order = self.system.sorted.order
        return tuple(Codes(effect.codes[order], effect.count) for effect in self.codes)

    def x_tilde(self) -> Floats:
        layout = self.system.sorted
        mu, inverse = self.best.point.mu, self.system.inverse
        out = project_rows(layout, mu, inverse, self.system.X, self.projection)
        out *= self.scaling.scale[:, None]
        return out.T

    def level_values(self) -> tuple[Floats, ...]:
        beta = self.best.beta / self.scaling.scale
        rest = np.log(self.mu()) - self.arrays.linear(beta, self.order)
        return level_values(self.system.sorted, self.best.theta[:, 0], rest)

    def score_sums(self, clusters: Codes) -> Floats:
        """Project, multiply and add up chunk by chunk; no array by row is made."""
        system = self.system
        layout, projection = system.sorted, self.projection
        codes = clusters.codes.astype(np.int32, copy=False)
        sums = np.zeros((clusters.count, system.n_columns))
        cuts = layout.cuts
        if not are_apart(codes, layout.starts[cuts[1:-1]]):
            cuts = cuts[[0, -1]]
        run_blocks(
            lambda block: row_loops.add_scores(
                cuts[block],
                cuts[block + 1],
                layout.starts,
                layout.index,
                system.inverse,
                system.y,
                self.best.point.mu,
                system.X,
                projection,
                codes,
                sums,
            ),
            cuts.size - 1,
        )
        sums *= self.scaling.scale * self.unit
        return sums

    def by_group(self, values: Ints) -> Ints | None:  # noqa: ARG002
        return None

    def group_sizes(self) -> Ints:
        return np.diff(self.system.sorted.starts)

    @property
    def projection(self) -> Floats:
        """Coefficients of the scaled regressors on the other effects, (K, m)."""
        return np.ascontiguousarray(self.best.curvature.Theta[:, :, 0].T)


def are_apart(codes: Ints, firsts: Ints) -> bool:
    """Whether rows come by cluster, and none has rows on both sides of a first row."""
    return bool(
        (codes[1:] >= codes[:-1]).all() and (codes[firsts] > codes[firsts - 1]).all()
    )
