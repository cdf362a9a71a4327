r"""What a gravity fit says two periods differ by, as log changes of factors.

The fitted mean is :math:`\mu_{ijt} = \exp(a_{it} + g_{jt} + e_{ij} + x_{ijt}'\beta)`.
Between two periods :math:`e_{ij}` cancels. Of :math:`\Delta a_i` and :math:`\Delta g_j` a
constant can be moved from the ones to the others, so growth common to the world is
separated: with weights :math:`w_{ij} = L(\mu_1, \mu_0)`

- world growth is :math:`\sum w \Delta a / \sum w + \sum w \Delta g / \sum w`;
- exporter capacity and importer demand are what remains, relative to the world: over all
  flows their contributions sum to zero.

That does not depend on how the effects were normalised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.decomposition.effect_moves import effect_moves
from forecast.decomposition.given_factors import Carved, carve
from forecast.decomposition.matching import Ends, Matched
from forecast.errors import ModelError
from forecast.gravity.fit import GravityFit
from forecast.gravity.records import Effect

__all__ = [
    "EXPORTER",
    "IMPORTER",
    "PAIR",
    "WORLD",
    "GravityTerms",
    "gravity_terms",
]

Floats = NDArray[np.floating[Any]]

WORLD = "world growth"
EXPORTER = "exporter capacity"
IMPORTER = "importer demand"
PAIR = "pair effects over time"
OFFSET = "offset"


@dataclass(frozen=True, eq=False, slots=True)
class GravityTerms:
    """Log changes of n flows between two periods.

    Attributes
    ----------
    names : tuple of str
        Of K terms.
    changes : float array of shape (n, K)
        At the estimated coefficients.
    slopes : float array of shape (K, n, k)
        How each change moves with the k coefficients.
    means : float array of shape (2, n)
        Fitted means at the start and at the end.
    tilde : float array of shape (n, k)
        How the log of the fitted mean at the start moves with the coefficients.
    named : mapping of int to str
        Which effects vary over time, by position, and the terms they belong to.
    """

    names: tuple[str, ...]
    changes: Floats
    slopes: Floats
    means: Floats
    tilde: Floats
    named: Mapping[int, str]

    def at(
        self, move: Floats, chance: tuple[Floats, Mapping[str, Floats]] | None = None
    ) -> tuple[Floats, Floats]:
        """Return means at the start (n,) and log changes (n, K) for moved coefficients.

        `chance` are errors of effects: of the log mean at the start, and of changes.
        """
        log_start = np.einsum("nk,k->n", self.tilde, move)
        changes = self.changes + np.einsum("Tnk,k->nT", self.slopes, move)
        if chance is not None:
            log_start = log_start + chance[0]
            for name, error in chance[1].items():
                changes[:, self.names.index(name)] += error
        return self.means[0] * np.exp(log_start), changes


def gravity_terms(
    fit: GravityFit,
    matched: Matched,
    ends: Ends,
    groups: Mapping[str, Sequence[str]],
    given: Mapping[str, str],
) -> GravityTerms:
    """Collect the terms of a fit.

    Parameters
    ----------
    fit : GravityFit
    matched : Matched
    ends : Ends
    groups : mapping of str to sequence of str
        Regressors that stand under one name.
    given : mapping of str to str
        Indices that are split off from effects, by name: a column.
    """
    estimate, first, last = fit.estimate, *matched.rows
    kept = fit.drawn.collinearity.kept
    x = [fit.design.columns[k][estimate.rows] for k in kept]
    X = np.stack(x, axis=1) if x else np.empty((estimate.n, 0))
    tilde = estimate.x_tilde
    changes: dict[str, Floats] = {}
    slopes: dict[str, Floats] = {}

    def add(name: str, change: Floats, slope: Floats) -> None:
        changes[name] = changes.get(name, 0.0) + change
        slopes[name] = slopes.get(name, 0.0) + slope

    moves = effect_moves(estimate.effects, X - tilde) if estimate.effects else ()
    none = np.zeros((first.size, len(kept)))
    over_time: dict[int, str] = {}
    for place, (effect, codes, values, move) in enumerate(
        zip(
            fit.design.effects,
            estimate.effects,
            estimate.level_values,
            moves,
            strict=True,
        )
    ):
        before, after = codes.codes[first], codes.codes[last]
        if not np.array_equal(before, after):
            over_time[place] = name = _kind(effect, ends)
            add(name, values[after] - values[before], move[before] - move[after])
    named = {
        term: name
        for name, terms in _checked(groups, fit.terms).items()
        for term in terms
    }
    for at, term in enumerate(fit.terms):
        if term == "Intercept":
            continue
        difference = X[last, at] - X[first, at]
        slope = none.copy()
        slope[:, at] = difference
        add(named.get(term, term), estimate.beta[at] * difference, slope)
    if fit.design.offset is not None:
        offset = fit.design.offset[estimate.rows]
        add(OFFSET, offset[last] - offset[first], none)
    for one in carve(given, fit, matched, ends, changes):
        _carve(one, changes, slopes, none)
    names = _in_order(changes)
    if not names:
        raise ModelError(
            "nothing in the model changes over time",
            code="F-882",
            remedy="Decompose a fit with effects of periods or regressors that vary.",
        )
    nothing = np.zeros(first.size)
    return GravityTerms(
        names=names,
        changes=np.stack([changes.get(name, nothing) for name in names], axis=1),
        slopes=np.stack([slopes.get(name, none) for name in names]),
        means=np.exp(estimate.eta[matched.rows]),
        tilde=tilde[first],
        named=over_time,
    )


def _carve(
    one: Carved, changes: dict[str, Floats], slopes: dict[str, Floats], none: Floats
) -> None:
    changes[one.name] = one.change
    slopes[one.name] = none
    changes[one.out_of] = changes.get(one.out_of, 0.0) - one.change
    slopes.setdefault(one.out_of, none)


def _kind(effect: Effect, ends: Ends) -> str:
    """Name what an effect stands for."""
    there = set(effect.factors)
    if ends.period not in there:
        return effect.name
    if there == {ends.period}:
        return WORLD
    sides = (ends.origin in there, ends.destination in there)
    return {
        (True, False): EXPORTER,
        (False, True): IMPORTER,
        (True, True): PAIR,
        (False, False): effect.name,
    }[sides]


def _in_order(changes: Mapping[str, Any]) -> tuple[str, ...]:
    """World, exporters, importers, regressors as in the formula, the pair."""
    if EXPORTER in changes or IMPORTER in changes:
        changes = {WORLD: None, **changes}
    first = [name for name in (WORLD, EXPORTER, IMPORTER) if name in changes]
    last = [name for name in (PAIR,) if name in changes]
    between = [name for name in changes if name not in (*first, *last)]
    return (*first, *between, *last)


def _checked(
    groups: Mapping[str, Sequence[str]], terms: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    listed = {
        name: [members] if isinstance(members, str) else list(members)
        for name, members in groups.items()
    }
    flat = [term for members in listed.values() for term in members]
    unknown = [term for term in flat if term not in terms]
    twice = sorted({term for term in flat if flat.count(term) > 1})
    if unknown or twice:
        raise ModelError(
            f"groups name {unknown or twice}, which "
            + ("are no terms of the model" if unknown else "stand in two groups"),
            code="F-882",
            count=len(unknown or twice),
            examples=unknown or twice,
            remedy=f"Its terms are {list(terms)[:20]}; each may stand in one group.",
        )
    return listed
