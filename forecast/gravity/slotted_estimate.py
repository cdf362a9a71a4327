"""From an optimum on slots back to rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecast.gravity.arrays import Arrays
from forecast.gravity.factors import combine
from forecast.gravity.newton import Optimum
from forecast.gravity.records import Bools, Codes, Estimate, Floats, Ints
from forecast.gravity.slot_plan import SlotPlan
from forecast.gravity.slotted_system import SlottedSystem
from forecast.kernels import slots
from forecast.kernels.threads import run_blocks

__all__ = ["SlottedRows"]


@dataclass(frozen=True)
class SlottedRows:
    """The cells present, group by group: the canonical order of a slotted fit."""

    arrays: Arrays
    plan: SlotPlan
    system: SlottedSystem
    best: Optimum

    @cached_property
    def present(self) -> Bools:
        """Cells with a row, bool (P, T)."""
        return self.system.source >= 0

    @cached_property
    def rows(self) -> Ints:
        """Position in the design of each row, (n,)."""
        return self.system.source[self.present]

    @cached_property
    def firsts(self) -> Ints:
        """First row of each group, (P,)."""
        counts = self.present.sum(axis=1)
        return np.cumsum(counts) - counts

    def project(self) -> Floats:
        """Regressors with the effects projected out, in the caller's units, (n, K)."""
        system, best = self.system, self.best
        out = np.empty((self.rows.size, system.n_columns))
        Theta_a, Theta_b = system.split(best.curvature.Theta)
        run_blocks(
            lambda block: slots.project_rows(
                system.cuts[block],
                system.cuts[block + 1],
                system.outer,
                system.inner,
                system.totals,
                system.y,
                system.X,
                best.point.mu,
                Theta_a,
                Theta_b,
                self.firsts,
                system.scaling.scale,
                out,
            ),
            system.cuts.size - 1,
        )
        return out

    def numbered(self, role: str) -> Codes:
        """Level of each row in the numbering of the layout, for one role."""
        system = self.system
        width = system.y.shape[1]
        if role == "group":
            counts = self.present.sum(axis=1)
            return Codes(np.repeat(np.arange(counts.size), counts), counts.size)
        owner, count = {
            "outer": (system.outer, system.n_outer),
            "inner": (system.inner, system.n_inner),
        }[role]
        first = owner[:, None] * width
        cells: Ints = first + np.arange(width, dtype=np.int32)
        return Codes(cells[self.present], count * width)

    def label(self) -> tuple[Codes, ...]:
        """Levels of each effect of the formula, those that occur numbered from 0."""
        return tuple(combine([self.numbered(role)]) for role in self.plan.roles)

    def values(self) -> tuple[Floats, ...]:
        """Coefficients of each effect, in the numbering of `label`."""
        theta = dict(
            zip(
                ("outer", "inner"),
                (part.ravel() for part in self.system.split(self.best.theta)),
                strict=True,
            )
        )
        own = {
            role: theta[role][self.numbered(role).codes]
            for role in self.plan.roles
            if role != "group"
        }
        rest = np.log(self.mu) - self.arrays.linear(self.beta, self.rows)
        own["group"] = rest - sum(own.values())
        return tuple(
            first_values(own[role], codes)
            for role, codes in zip(self.plan.roles, self.label(), strict=True)
        )

    @cached_property
    def mu(self) -> Floats:
        """Fitted means in the caller's units, (n,)."""
        fitted = self.best.point.mu[self.present]
        fitted *= self.system.unit
        if self.arrays.weights is not None:
            fitted /= self.arrays.weights[self.rows]
        return fitted

    @property
    def beta(self) -> Floats:
        """Slopes in the caller's units."""
        return self.best.beta / self.system.scaling.scale

    def estimate(self) -> Estimate:
        """Everything by row."""
        scale, weights = self.system.scaling.scale, self.arrays.weights
        return Estimate(
            rows=self.rows,
            beta=self.beta,
            y=self.arrays.y[self.rows],
            eta=np.log(self.mu),
            mu=self.mu,
            weights=None if weights is None else weights[self.rows],
            bread=self.best.curvature.inverse
            / (self.system.unit * np.outer(scale, scale)),
            iterations=self.best.iterations,
            contraction=self.best.contraction,
            score_norm=self.best.score_norm,
            family="poisson",
            project=self.project,
            label=self.label,
            values=self.values,
        )


def first_values(values: Floats, codes: Codes) -> Floats:
    """The value that each level has in all its rows, (levels,)."""
    out = np.empty(codes.count)
    out[codes.codes] = values
    return out
