"""From an optimum on slots back to rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecast.gravity.designs.factors import combine
from forecast.gravity.engine.arrays import Arrays
from forecast.gravity.engine.newton import Optimum, maximise
from forecast.gravity.engine.slot_plan import SlotPlan
from forecast.gravity.engine.slotted_system import SlottedSystem
from forecast.gravity.records import (
    Bools,
    Codes,
    Estimate,
    Floats,
    GroupCodes,
    Ints,
)
from forecast.kernels import placing, projecting
from forecast.kernels.threads import run_blocks

__all__ = ["SlotLayout"]

FEW_GROUPS = 64


@dataclass(frozen=True)
class SlotLayout:
    """A sample in slots."""

    arrays: Arrays
    plan: SlotPlan
    system: SlottedSystem

    def estimate(self, tolerance: float) -> Estimate:
        """Maximise the pseudo-likelihood; F-542 where that fails."""
        system, best = self.system, maximise(self.system, tolerance=tolerance)
        scale = system.scaling.scale
        return Estimate(
            family="poisson",
            n=system.n_rows,
            beta=best.beta / scale,
            bread=best.curvature.inverse / (system.unit * np.outer(scale, scale)),
            iterations=best.iterations,
            contraction=best.contraction,
            score_norm=best.score_norm,
            view=SlottedView(self.arrays, self.plan, system, best),
        )


@dataclass(frozen=True)
class SlottedView:
    """The cells present, group by group; a `RowView`."""

    arrays: Arrays
    plan: SlotPlan
    system: SlottedSystem
    best: Optimum

    @property
    def n(self) -> int:
        """How many cells have a row."""
        return self.system.n_rows

    @cached_property
    def present(self) -> Bools:
        """Cells with a row, (P, T)."""
        return self.system.source >= 0

    @cached_property
    def counts(self) -> Ints:
        """Rows of each group, (P,)."""
        return self.present.sum(axis=1)

    @property
    def firsts(self) -> Ints:
        """First row of each group, (P,)."""
        return np.cumsum(self.counts) - self.counts

    def rows(self) -> Ints:
        """See `RowView`; so for the others."""
        source = self.system.source
        rows = np.empty(self.n, source.dtype)
        placing.list_rows(source, rows)
        return rows

    def y(self) -> Floats:
        return self.arrays.y[self.rows()]

    def mu(self) -> Floats:
        fitted = self.best.point.mu[self.present]
        fitted *= self.system.unit
        if self.arrays.weights is not None:
            fitted /= self.arrays.weights[self.rows()]
        return fitted

    def weights(self) -> Floats | None:
        given = self.arrays.weights
        return None if given is None else given[self.rows()]

    def effects(self) -> tuple[Codes, ...]:
        return tuple(combine([self.numbered(role)]) for role in self.plan.roles)

    def numbered(self, role: str) -> Codes:
        """Level of each row in the numbering of the layout, for one role."""
        system = self.system
        width = system.y.shape[1]
        if role == "group":
            groups = np.arange(self.counts.size, dtype=np.int32)
            return Codes(np.repeat(groups, self.counts), groups.size)
        owner, count = {
            "outer": (system.outer, system.n_outer),
            "inner": (system.inner, system.n_inner),
        }[role]
        slot = np.arange(width, dtype=np.int32)
        cells: Ints = np.add.outer(owner * np.int32(width), slot)
        return Codes(cells[self.present], count * width)

    def x_tilde(self) -> Floats:
        system = self.system
        out = np.empty((int(self.counts.sum()), system.n_columns))
        firsts = self.firsts
        Theta_a, Theta_b = system.split(self.best.curvature.Theta)
        run_blocks(
            lambda block: projecting.project_rows(
                system.cuts[block],
                system.cuts[block + 1],
                system.outer,
                system.inner,
                system.totals,
                system.y,
                system.X,
                self.best.point.mu,
                Theta_a,
                Theta_b,
                firsts,
                system.scaling.scale,
                out,
            ),
            system.cuts.size - 1,
        )
        return out

    def score_sums(self, clusters: Codes) -> Floats:
        """Project, multiply and add up group by group; no array by row is made."""
        system = self.system
        ends = (system.outer, system.inner)
        values = (
            system.y,
            system.X,
            self.best.point.mu,
            *system.split(self.best.curvature.Theta),
        )
        sums = np.zeros((clusters.count, system.n_columns))
        if isinstance(clusters, GroupCodes):
            scores = np.empty((system.totals.size, system.n_columns))
            run_blocks(
                lambda block: projecting.group_scores(
                    system.cuts[block], system.cuts[block + 1], *ends, *values, scores
                ),
                system.cuts.size - 1,
            )
            for k in range(system.n_columns):
                sums[:, k] = np.bincount(
                    clusters.of_groups, scores[:, k], clusters.count
                )
        else:
            projecting.add_scores(*ends, system.totals, *values, clusters.codes, sums)
        sums *= system.scaling.scale * system.unit
        return sums

    def by_group(self, values: Ints) -> Ints | None:
        system = self.system
        out = np.empty(system.totals.size, values.dtype)

        def read(first: int, last: int) -> int:
            return placing.group_values(first, last, system.source, values, out)

        if read(0, min(FEW_GROUPS, out.size)):  # most that vary do so at once
            return None
        cuts = system.cuts
        others = run_blocks(lambda b: read(cuts[b], cuts[b + 1]), cuts.size - 1)
        return None if any(others) else out

    def group_sizes(self) -> Ints:
        return self.counts

    def level_values(self) -> tuple[Floats, ...]:
        parts = [part.ravel() for part in self.system.split(self.best.theta)]
        theta = dict(zip(("outer", "inner"), parts, strict=True))
        own = {
            role: theta[role][self.numbered(role).codes]
            for role in self.plan.roles
            if role != "group"
        }
        beta = self.best.beta / self.system.scaling.scale
        rest = np.log(self.mu()) - self.arrays.linear(beta, self.rows())
        own["group"] = rest - sum(own.values())
        return tuple(
            first_values(own[role], codes)
            for role, codes in zip(self.plan.roles, self.effects(), strict=True)
        )


def first_values(values: Floats, codes: Codes) -> Floats:
    """The value that each level has in all its rows, (levels,)."""
    out = np.empty(codes.count)
    out[codes.codes] = values
    return out
