r"""The chance in the effects of a period, which a country's few flows leave.

Given the coefficients and what is constant in time, the effects of one period are a
weighted least-squares problem of its own rows. Their errors are drawn by multiplying the
residuals of each flow by one normal number for both periods (a score bootstrap clustered
by flow; Kline and Santos 2012, Journal of Econometric Methods 1(1)):

.. math:: (D_t' W D_t)\, \alpha^*_t = D_t' (u_t \odot v), \qquad v \sim N(0, 1),

with residuals scaled up by the root of rows over degrees of freedom. What is constant in
time (the pair) has errors of its own, drawn from the residuals of each level given all
else; they cancel in changes, but not in the size of the flow that changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.forecasts import unit_rng
from forecast.gravity.fit import GravityFit
from forecast.gravity.inference.leverage import inverse_of_independent
from forecast.gravity.records import Floats, Ints

__all__ = ["MOST_LEVELS", "EffectChance", "effect_chance"]

MOST_LEVELS = 2_000
"""Levels of one period whose errors are drawn."""


@dataclass(frozen=True, eq=False, slots=True)
class EffectChance:
    """Errors of effects at the rows of two periods.

    Attributes
    ----------
    names : tuple of str
        The term that each effect belongs to.
    levels : tuple of float arrays of shape (levels, n_draws)
        For each effect, of all levels; those of other periods are zero.
    codes : tuple of int arrays of shape (2, n)
        For each effect, the level of each flow at the start and at the end.
    constant : float array of shape (n, n_draws)
        Errors of the log mean from effects that are constant in time.
    """

    names: tuple[str, ...]
    levels: tuple[Floats, ...]
    codes: tuple[Ints, ...]
    constant: Floats

    def at(self, draw: int) -> tuple[Floats, dict[str, Floats]]:
        """Return errors of log means at the start (n,), and of changes by term."""
        start: Any = self.constant[:, draw]
        moves: dict[str, Any] = {}
        for name, levels, codes in zip(
            self.names, self.levels, self.codes, strict=True
        ):
            before, after = levels[codes[0], draw], levels[codes[1], draw]
            start = start + before
            moves[name] = moves.get(name, 0.0) + after - before
        return start, moves


def effect_chance(
    fit: GravityFit,
    named: dict[int, str],
    rows: Ints,
    flow_of_row: Ints,
    of_period: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    draws: int,
    seed: int,
) -> EffectChance | None:
    """Draw the errors of the effects of two periods.

    Parameters
    ----------
    fit : GravityFit
    named : mapping of int to str
        Which effects vary over time (by position), and their terms.
    rows : int array of shape (2, n)
        Rows of the estimate, of flows in both periods.
    flow_of_row : int array of shape (N,)
        Which flow each row of the estimate is of.
    of_period : two bool arrays of shape (N,)
    draws, seed : int

    Returns
    -------
    EffectChance or None
        None without effects over time, or with too many levels.
    """
    estimate = fit.estimate
    places = list(named)
    if not places:
        return None
    lost = sum(effect.count for effect in estimate.effects) + estimate.beta.size
    scale = np.sqrt(estimate.n / max(estimate.n - lost, 1))
    v = unit_rng(seed, "flows").standard_normal((int(flow_of_row.max()) + 1, draws))
    levels = [np.zeros((estimate.effects[at].count, draws)) for at in places]
    for inside in of_period:
        here = np.flatnonzero(inside)
        found = _errors(fit, places, here, v[flow_of_row[here]] * scale)
        if found is None:
            return None
        for own, (which, values) in zip(levels, found, strict=True):
            own[which] = values
    codes = tuple(estimate.effects[at].codes[rows] for at in places)
    names = tuple(named[at] for at in places)
    constant = _constant(fit, places, rows[0], draws, scale, seed)
    return EffectChance(names, tuple(levels), codes, constant)


def _constant(
    fit: GravityFit, places: list[int], rows: Ints, draws: int, scale: float, seed: int
) -> Floats:
    """Draw errors of effects that are constant in time, each given all else."""
    estimate, total = fit.estimate, np.zeros((rows.size, draws))
    for at, effect in enumerate(estimate.effects):
        if at in places:
            continue
        squares = np.bincount(effect.codes, estimate.residuals**2, effect.count)
        weight = np.bincount(effect.codes, estimate.working, effect.count)
        sd = scale * np.sqrt(squares) / np.maximum(weight, 1e-300)
        z = unit_rng(seed, "levels", at).standard_normal((effect.count, draws))
        total += (sd[:, None] * z)[effect.codes[rows]]
    return total


def _errors(
    fit: GravityFit, places: list[int], here: Ints, v: Floats
) -> list[tuple[Ints, Floats]] | None:
    """Solve for the levels that occur in the rows of one period."""
    from scipy.sparse import csr_array, hstack

    estimate, n = fit.estimate, here.size
    parts, occurring = [], []
    for at in places:
        which, codes = np.unique(estimate.effects[at].codes[here], return_inverse=True)
        entries = (np.ones(n), codes, np.arange(n + 1))
        parts.append(csr_array(entries, shape=(n, which.size)))
        occurring.append(which)
    D: Any = hstack(parts).tocsr()
    if D.shape[1] > MOST_LEVELS:
        return None
    gram = (D.T @ (D * estimate.working[here][:, None]).tocsr()).toarray()
    inverse, _ = inverse_of_independent(gram)
    scores = D.T @ (estimate.residuals[here][:, None] * v)
    solved = np.einsum("ij,jd->id", inverse, scores)
    ends = np.cumsum([which.size for which in occurring])[:-1]
    return list(zip(occurring, np.split(solved, ends), strict=True))
