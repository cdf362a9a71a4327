"""Growth between two periods of a gravity fit, decomposed path by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.decomposition.effect_chance import EffectChance, effect_chance
from forecast.decomposition.gravity_terms import (
    EXPORTER,
    IMPORTER,
    WORLD,
    GravityTerms,
    gravity_terms,
)
from forecast.decomposition.logmean import MOST_FACTORS, growth_ratio, lmdi, shapley
from forecast.decomposition.matching import Ends, Matched, ends_of_fit, match_periods
from forecast.decomposition.record import Decomposition
from forecast.errors import ModelError
from forecast.forecasts.memberships import Membership, membership
from forecast.gravity.derived.coefficient_draws import draw_coefficients
from forecast.gravity.derived.prediction import is_log
from forecast.gravity.fit import GravityFit

__all__ = ["ENTRY", "REST", "decompose_fit"]

Floats = NDArray[np.floating[Any]]

REST = "pair-specific rest"
ENTRY = "entry and exit"

NORMALISED = (
    "World growth is the weighted mean change of all exporters' and importers' effects; "
    "exporter capacity and importer demand are relative to it and sum to zero over all flows."
)
INTERVALS = (
    "Intervals carry the uncertainty of the coefficients, effects moving with them, and the "
    "chance in the effects of both periods."
)

COEFFICIENTS = "Intervals carry the uncertainty of the coefficients only."


@dataclass(frozen=True, eq=False, slots=True)
class Sums:
    """How contributions of flows are added up.

    Attributes
    ----------
    inside : sparse array of shape (n_groups, n)
        Of the flows with fitted means.
    rest : float array of shape (n_groups,)
        Their changes.
    entry : float array of shape (n_groups,)
        Changes of flows without fitted means in one of the periods.
    """

    inside: Any
    change: Floats
    entry: Floats


def decompose_fit(
    fit: GravityFit,
    start: Any,
    end: Any,
    *,
    by: str,
    groups: Mapping[str, Sequence[str]],
    given: Mapping[str, str],
    method: str,
    measure: str,
    draws: int,
    seed: int,
) -> Decomposition:
    """See `decompose`."""
    _refuse_other_scales(fit)
    ends = ends_of_fit(fit)
    matched = match_periods(fit, ends, start, end)
    terms = gravity_terms(fit, matched, ends, groups, given)
    if method == "shapley" and len(terms.names) > MOST_FACTORS:
        raise ModelError(
            f"{len(terms.names)} terms have too many orders",
            code="F-882",
            count=len(terms.names),
            remedy=f"Group them to {MOST_FACTORS} at most, or use method='lmdi', which "
            "needs no orders.",
        )
    flows = (
        np.exp(matched.flows) if fit.estimate.family == "gaussian" else matched.flows
    )
    member = membership(by, matched.units, ends.origin, ends.destination)
    sums = _sums(member, matched, flows)
    at_point = fit.beta - fit.estimate.beta
    moves = draw_coefficients(at_point, fit.covariance, draws, seed)
    split = shapley if method == "shapley" else lmdi
    point = _contributions(terms, at_point, split, sums)
    paths = np.empty((*point.shape, draws))
    chance = effect_chance(
        fit,
        dict(terms.named),
        matched.rows,
        matched.flow_of_row,
        matched.of_period,
        draws,
        seed,
    )
    for path, move in enumerate(moves):
        error = None if chance is None else chance.at(path)
        paths[..., path] = _contributions(terms, move, split, sums, error)
    names = (*terms.names, REST, ENTRY)
    if not sums.entry.any():
        point, paths, names = point[:, :-1], paths[:, :-1], names[:-1]
    totals = [np.asarray(member.matrix @ flow)[:, None] for flow in flows]
    return Decomposition(
        contributions=paths,
        point=point,
        terms=names,
        units=member.units,
        starts=totals[0],
        ends=totals[1],
        start=matched.start,
        end=matched.end,
        measure=measure,
        what=by,
        method=method,
        notes=(
            *_sides(terms, ends),
            *_notes(matched, sums, flows, chance),
            *member.notes,
        ),
    )


def _sums(member: Membership, matched: Matched, flows: Floats) -> Sums:
    fitted = np.zeros(len(matched.units), np.bool_)
    fitted[matched.fitted] = True
    change = flows[1] - flows[0]
    return Sums(
        inside=member.matrix[:, matched.fitted],
        change=change[fitted],
        entry=np.asarray(member.matrix @ np.where(fitted, 0.0, change)),
    )


def _contributions(
    terms: GravityTerms,
    move: Floats,
    split: Any,
    sums: Sums,
    chance: tuple[Floats, Mapping[str, Floats]] | None = None,
) -> Floats:
    """Return contributions by group (n_groups, K + 2): terms, rest, entry and exit."""
    start, changes = terms.at(move, chance)
    total = changes.sum(axis=1)
    weight = start * growth_ratio(total)
    parts = split(start, _relative_to_world(terms.names, changes, weight))
    rest = sums.change - start * np.expm1(total)
    inside = np.asarray(sums.inside @ np.column_stack([parts, rest]))
    return np.column_stack([inside, sums.entry])


def _relative_to_world(
    names: tuple[str, ...], changes: Floats, weight: Floats
) -> Floats:
    """Move the means of exporters' and importers' effects to world growth."""
    if WORLD not in names:
        return changes
    changes, world = changes.copy(), names.index(WORLD)
    for name in (EXPORTER, IMPORTER):
        if name in names:
            at = names.index(name)
            mean = float((weight * changes[:, at]).sum() / weight.sum())
            changes[:, at] -= mean
            changes[:, world] += mean
    return changes


def _sides(terms: GravityTerms, ends: Ends) -> tuple[str, ...]:
    if EXPORTER not in terms.names and IMPORTER not in terms.names:
        return ()
    return (
        NORMALISED,
        f"Exporters are column {ends.origin!r}, importers column {ends.destination!r}.",
    )


def _notes(
    matched: Matched,
    sums: Sums,
    flows: Floats,
    chance: EffectChance | None,
) -> tuple[str, ...]:
    notes = [INTERVALS if chance is not None else COEFFICIENTS, *matched.notes]
    if sums.entry.any():
        count = len(matched.units) - matched.fitted.size
        notes.append(
            f"{count:,} flows have no fitted mean in one of the periods (they never traded "
            f"there); their change is {ENTRY!r}."
        )
    zero = int(((flows[0] == 0) != (flows[1] == 0)).sum())
    if zero:
        notes.append(
            f"{zero:,} flows are zero in one period; what their fitted means do not say is "
            "in the rest."
        )
    return tuple(notes)


def _refuse_other_scales(fit: GravityFit) -> None:
    if fit.estimate.family == "gaussian" and not is_log(fit.recipe.formula):
        raise ModelError(
            "least squares of levels is a sum, not a product of factors",
            code="F-882",
            remedy="Decompose a PPML fit, or least squares of log(flow).",
        )
