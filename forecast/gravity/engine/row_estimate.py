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

__all__ = ["RowLayout", "lay_out_rows"]


@dataclass(frozen=True)
class RowLayout:
    """A sample on rows sorted by its finest effect.

    Attributes
    ----------
    arrays : Arrays
    system : RowSystem
    scaling : Scaling
    unit : float
        Mean of the weighted outcome.
    order : int array of shape (n,)
        Rows of the design.
    prior : float array of shape (n,) or None
        Weights, sorted.
    codes : sequence of Codes of shape (n,)
        Levels of each effect, in the order of the sample.
    """

    arrays: Arrays
    system: RowSystem
    scaling: Scaling
    unit: float
    order: Ints
    prior: Floats | None
    codes: Sequence[Codes]

    def estimate(self, tolerance: float) -> Estimate:
        """Maximise the pseudo-likelihood; F-542 where that fails."""
        best = maximise_rows(self.system, tolerance=tolerance)
        scale = self.scaling.scale
        return Estimate(
            family="poisson",
            n=self.order.size,
            beta=best.beta / scale,
            bread=best.curvature.inverse / (self.unit * np.outer(scale, scale)),
            iterations=best.iterations,
            contraction=best.contraction,
            score_norm=best.score_norm,
            view=SortedView(self, best),
        )


def lay_out_rows(arrays: Arrays) -> RowLayout:
    """Sort the rows of a sample, and prepare what does not depend on estimates."""
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
    system.prepare()
    return RowLayout(arrays, system, scaling, unit, order, weights, effects)


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

    layout: RowLayout
    best: Optimum

    def rows(self) -> Ints:
        """See `RowView`; so for the others."""
        return self.layout.order

    def y(self) -> Floats:
        return self.layout.arrays.y[self.layout.order]

    def mu(self) -> Floats:
        fitted = self.best.point.mu * self.layout.unit
        return fitted if self.layout.prior is None else fitted / self.layout.prior

    def weights(self) -> Floats | None:
        return self.layout.prior

    def effects(self) -> tuple[Codes, ...]:
        order = self.layout.system.sorted.order
        return tuple(
            Codes(effect.codes[order], effect.count) for effect in self.layout.codes
        )

    def x_tilde(self) -> Floats:
        system, mu = self.layout.system, self.best.point.mu
        out = project_rows(system.sorted, mu, system.inverse, system.X, self.projection)
        out *= self.layout.scaling.scale[:, None]
        return out.T

    def level_values(self) -> tuple[Floats, ...]:
        beta = self.best.beta / self.layout.scaling.scale
        rest = np.log(self.mu()) - self.layout.arrays.linear(beta, self.layout.order)
        return level_values(self.layout.system.sorted, self.best.theta[:, 0], rest)

    def score_sums(self, clusters: Codes) -> Floats:
        """Project, multiply and add up chunk by chunk; no array by row is made."""
        system = self.layout.system
        rows, projection = system.sorted, self.projection
        codes = clusters.codes.astype(np.int32, copy=False)
        sums = np.zeros((clusters.count, system.n_columns))
        cuts = rows.cuts
        if not are_apart(codes, rows.starts[cuts[1:-1]]):
            cuts = cuts[[0, -1]]
        run_blocks(
            lambda block: row_loops.add_scores(
                cuts[block],
                cuts[block + 1],
                rows.starts,
                rows.index,
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
        sums *= self.layout.scaling.scale * self.layout.unit
        return sums

    def by_group(self, values: Ints) -> Ints | None:  # noqa: ARG002
        return None

    def group_sizes(self) -> Ints:
        return np.diff(self.layout.system.sorted.starts)

    @property
    def projection(self) -> Floats:
        """Coefficients of the scaled regressors on the other effects, (K, m)."""
        return np.ascontiguousarray(self.best.curvature.Theta[:, :, 0].T)


def are_apart(codes: Ints, firsts: Ints) -> bool:
    """Whether rows come by cluster, and none has rows on both sides of a first row."""
    return bool(
        (codes[1:] >= codes[:-1]).all() and (codes[firsts] > codes[firsts - 1]).all()
    )
