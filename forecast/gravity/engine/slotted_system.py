"""Structural gravity in slots: the system of `forecast.gravity.engine.system` on dense cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from forecast.gravity.engine.block_work import add_over_blocks
from forecast.gravity.engine.conjugate import (
    MOST_ITERATIONS,
    Conditioner,
    Solution,
    Work,
    conjugate_gradients,
)
from forecast.gravity.engine.scaling import Scaling
from forecast.gravity.engine.system import Point
from forecast.gravity.records import Floats, Ints
from forecast.kernels import blocks, slots
from forecast.kernels.solving import solve_block
from forecast.kernels.threads import run_blocks

__all__ = ["MateConditioner", "SlottedSystem"]

SWEEPS = 3
ROUNDING = 4.0  # units of the last place


@dataclass(frozen=True)
class MateConditioner:
    """The Schur complement's diagonal, with pairs of blocks that belong together.

    An exporter and the importer that is its heaviest partner, if that is mutual (most
    often itself, where domestic trade is in the data), are inverted together, as
    2 x 2 matrices per period.

    Attributes
    ----------
    diagonal, coupling : float arrays of shape (R, T)
    mate : int array of shape (R,)
        -1 where there is none.
    """

    diagonal: Floats
    coupling: Floats
    mate: Ints

    def apply(self, R: Floats, active: Ints, Z: Floats, out: Floats) -> None:
        """Write ``Z = M R`` and ``R'Z`` per column."""
        blocks.precondition(R, self.diagonal, self.coupling, self.mate, active, Z, out)


@dataclass(frozen=True)
class SlottedSystem:
    """Cells in slots, groups in order of their outer block.

    Attributes
    ----------
    source : int32 array of shape (P, T)
        Row of the design in each cell, -1 where absent.
    n_rows : int
        How many cells have a row.
    y : float array of shape (P, T)
        Weighted outcome divided by `unit`; -1 where absent.
    totals : float array of shape (P,)
    margins : float array of shape (R, T)
        Observed sums per outer and inner block and slot.
    X : float array of shape (P, K, T)
        Centred and scaled.
    offset : float array of shape (P, T) or (0, T)
        With log weights added.
    outer, inner : int32 arrays of shape (P,)
    n_outer, n_inner : int
    cuts : int array of shape (blocks + 1,)
        Fixed by the data, never by the number of threads.
    unit : float
        About the mean of the weighted outcome.
    scaling : Scaling
    """

    source: Ints
    n_rows: int
    y: Floats
    totals: Floats
    margins: Floats
    X: Floats
    offset: Floats
    outer: Ints
    inner: Ints
    n_outer: int
    n_inner: int
    cuts: Ints
    unit: float
    scaling: Scaling
    _buffers: dict[str, Floats] = field(default_factory=dict, repr=False)

    @property
    def n_columns(self) -> int:
        """Number of regressors."""
        return self.X.shape[1]

    @property
    def reach(self) -> Floats:
        """The largest absolute value of each regressor."""
        return self.scaling.reach

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of theta: outer blocks above inner ones, by slots."""
        return self.n_outer + self.n_inner, self.y.shape[1]

    @cached_property
    def total(self) -> float:
        """Sum of the outcome in cells."""
        return float(self.totals.sum())

    def split(self, theta: Floats) -> tuple[Floats, Floats]:
        """Part an array by blocks into outer and inner ones."""
        return theta[: self.n_outer], theta[self.n_outer :]

    # -------------------------------------------------------------- System

    def start(self) -> Floats:
        """Three sweeps of iterative proportional fitting: no exponentials, no X."""
        outer, inner = self.split(self.margins)
        a, b = (outer > 0).astype(float), (inner > 0).astype(float)
        factor = np.exp(self.offset)
        for _ in range(SWEEPS):
            fitted = self.sweep(factor, a, b, outer)
            b = np.divide(inner, fitted, out=np.zeros_like(b), where=fitted > 0)
        theta = np.concatenate([a, b])
        return np.log(theta, out=np.zeros_like(theta), where=theta > 0)

    def sweep(self, factor: Floats, a: Floats, b: Floats, outer: Floats) -> Floats:
        """Fit `a` to the outer margins; return the inner ones that b is to be fitted to."""
        _, (fitted,) = add_over_blocks(
            self.cuts,
            lambda first, last, s_b: slots.proportional_sweep(
                first,
                last,
                self.outer,
                self.inner,
                self.y,
                self.totals,
                factor,
                a,
                b,
                outer,
                s_b,
            ),
            b.shape,
        )
        return fitted

    def evaluate(self, beta: Floats, theta: Floats, *, exact: bool) -> Point:
        """Scores; means in single precision unless `exact`."""
        mu = self._buffer(np.float64 if exact else np.float32)
        a, b = self.split(theta)
        s_a = np.zeros_like(a)
        logliks, (s_b, s_x) = add_over_blocks(
            self.cuts,
            lambda first, last, s_b, s_x: slots.score_pass(
                first,
                last,
                self.outer,
                self.inner,
                self.y,
                self.totals,
                self.X,
                self.offset,
                beta,
                a,
                b,
                mu,
                s_a,
                s_b,
                s_x,
            ),
            b.shape,
            beta.shape,
        )
        return Point(float(sum(logliks)), mu, s_x, np.concatenate([s_a, s_b]))

    def fast_means(self, mu: Floats) -> Floats:
        """The means in single precision, in the buffer of earlier evaluations."""
        fast = self._buffer(np.float32)
        cuts = self.cuts

        def copy(block: int) -> None:
            groups = slice(cuts[block], cuts[block + 1])
            np.copyto(fast[groups], mu[groups])

        run_blocks(copy, cuts.size - 1)
        return fast

    def _buffer(self, dtype: type) -> Floats:
        """Memory for means, which the next evaluation of this precision uses again."""
        name = np.dtype(dtype).name
        if name not in self._buffers:
            self._buffers[name] = np.empty(self.y.shape, dtype)
        return self._buffers[name]

    def moments(self, mu: Floats) -> tuple[Floats, Floats]:
        """Cross moments of the regressors."""
        k, width = self.n_columns, self.y.shape[1]
        C_a = np.zeros((self.n_outer, k, width))
        _, (C_b, gram) = add_over_blocks(
            self.cuts,
            lambda first, last, C_b, gram: slots.cross_moments(
                first,
                last,
                self.outer,
                self.inner,
                self.totals,
                self.X,
                mu,
                C_a,
                C_b,
                gram,
            ),
            (self.n_inner, k, width),
            (k, k),
        )
        return np.concatenate([C_a, C_b]), gram

    def product(self, mu: Floats, V: Floats, active: Ints) -> Floats:
        """Schur complement times V."""
        V_a, V_b = self.split(V)
        out = np.zeros_like(V)
        out_a, out_b = self.split(out)

        def work(first: int, last: int, sums_b: Floats) -> None:
            slots.schur_product(
                first,
                last,
                self.outer,
                self.inner,
                self.totals,
                mu,
                V_a,
                V_b,
                active,
                out_a,
                sums_b,
            )

        if self.cuts.size == 2:  # one block: there is nothing to add up
            work(0, self.totals.size, out_b)
        else:
            _, (out_b[:],) = add_over_blocks(self.cuts, work, V_b.shape, dtype=V.dtype)
        return out

    def solve(
        self,
        mu: Floats,
        conditioner: Conditioner,
        rhs: Floats,
        start: Floats | None = None,
        *,
        tolerance: float,
        floor: Floats | float,
    ) -> Solution:
        """Solve with the Schur complement at weights mu; one block in a single call."""
        loop = None
        if self.cuts.size == 2 and isinstance(conditioner, MateConditioner):
            loop = partial(self.solve_in_block, mu, conditioner)
        return conjugate_gradients(
            lambda V, active: self.product(mu, V, active),
            conditioner,
            rhs,
            start,
            tolerance=tolerance,
            limit=MOST_ITERATIONS,
            floor=floor,
            loop=loop,
        )

    def solve_in_block(
        self, mu: Floats, conditioner: MateConditioner, work: Work, active: Ints
    ) -> int:
        """Iterate as `conjugate_gradients` does."""
        iterations: int = solve_block(
            self.outer,
            self.inner,
            self.totals,
            mu,
            conditioner.diagonal,
            conditioner.coupling,
            conditioner.mate,
            work.V,
            work.R,
            work.P,
            np.empty_like(work.P),
            work.Z,
            work.size,
            np.empty_like(work.size),
            work.bound,
            active,
            self.n_outer,
            work.limit,
        )
        return iterations

    @cached_property
    def mates(self) -> tuple[Ints, Ints]:
        """Mate of each block (R,), and the group that joins the two; -1 for none."""
        n_blocks = self.shape[0]
        mate, joint = np.full((2, n_blocks), -1)
        if self.n_outer:
            best_outer = np.full(self.n_outer, -1)
            best_inner = np.full(self.n_inner, -1)
            blocks.heaviest_partners(
                self.outer, self.inner, self.totals, best_outer, best_inner
            )
            i = np.flatnonzero(best_outer >= 0)
            group = best_outer[i]
            j = self.inner[group].astype(np.int64)
            mutual = best_inner[j] == group
            i, j, group = i[mutual], j[mutual] + self.n_outer, group[mutual]
            mate[i], mate[j] = j, i
            joint[i] = joint[j] = group
        return mate, joint

    def conditioner(self, mu: Floats) -> MateConditioner:
        """Diagonal and 2 x 2 blocks at weights mu."""
        width = self.y.shape[1]
        d_a = np.zeros((self.n_outer, width))
        _, (d_b,) = add_over_blocks(
            self.cuts,
            lambda first, last, d_b: slots.schur_diagonal(
                first, last, self.outer, self.inner, self.totals, mu, d_a, d_b
            ),
            (self.n_inner, width),
        )
        d = np.concatenate([d_a, d_b])
        mate, joint = self.mates
        diagonal, coupling = np.empty((2, *d.shape), mu.dtype)
        # A level all of whose groups it fills alone has no curvature, only rounding.
        rounding = float(ROUNDING * np.finfo(mu.dtype).eps)
        blocks.invert(
            d, self.margins, rounding, mate, joint, self.totals, mu, diagonal, coupling
        )
        return MateConditioner(diagonal, coupling, mate)
