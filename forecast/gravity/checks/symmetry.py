r"""Are pair effects without a direction enough?

A pair effect that is the same for both directions says that trade costs are symmetric,
up to what origins and destinations pay. The model is fitted again with an effect for
each direction; if pairs are symmetric both estimate the same slopes, and the difference
is compared with its robust variance

.. math:: \frac{G}{G-1} \sum_g \psi_g \psi_g', \qquad
   \psi_g = \sum_{r \in g} (V_1 \tilde x_{1r} e_{1r} - V_2 \tilde x_{2r} e_{2r}),

clustered by pair: Hausman's (1978, Econometrica 46(6)) test without the assumption that
one of the two is efficient (Weesie 1999, Stata Technical Bulletin 52, on the variance).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.checks.refitting import refit
from forecast.gravity.checks.specification import SpecificationTest
from forecast.gravity.derived.hypotheses import wald_test
from forecast.gravity.derived.record import FitRecord
from forecast.gravity.derived.restrictions import Restrictions
from forecast.gravity.designs.factors import combine
from forecast.gravity.inference.covariance import Covariance
from forecast.gravity.inference.reference import Normal
from forecast.gravity.inference.scores import inner, score_sums
from forecast.gravity.records import Codes, Effect, Factor, Floats, Ints

__all__ = ["symmetry_test"]

DIRECTION = "direction of the flow"


def symmetry_test(fit: FitRecord) -> SpecificationTest:
    """Compare slopes with those of a model whose pair effects have a direction.

    Parameters
    ----------
    fit : GravityFit
        With an effect that is the same for both directions of a pair.

    Returns
    -------
    SpecificationTest
        Of all slopes that both models have, jointly.

    Raises
    ------
    ModelError
        F-573 without origin and destination or without such an effect; F-568 where the
        slopes do not move.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(9, 6, seed=1).frame
    >>> ends = flows[["origin", "destination"]]
    >>> flows["pair_id"] = ends.min(axis=1) + ends.max(axis=1)
    >>> fit = fc.Gravity(
    ...     "flow ~ visit | origin^period + destination^period + pair_id").fit(flows)
    >>> symmetry_test(fit).wald.hypotheses
    ('visit: one effect for both directions - an effect for each = 0',)
    """
    at, direction, pairs = _symmetric_effect(fit)
    directed = _with_direction(fit, at, direction)
    names = [name for name in fit.terms if name in directed.terms]
    clusters = np.full(len(fit.design.source), -1, np.int32)
    clusters[fit.design.positions[fit.estimate.rows]] = pairs.codes
    moved = [_influence(one, names, clusters, pairs.count) for one in (fit, directed)]
    factor = pairs.count / (pairs.count - 1)
    effect = fit.design.effects[at].name
    variance = Covariance(
        matrix=factor * inner(moved[0] - moved[1]),
        terms=tuple(names),
        title="clustered by pair",
        convention="ppmlhdfe",
        formula="G/(G-1)",
        factor=factor,
        reference=Normal(),
        n=fit.estimate.n,
        clusters=(("pair", pairs.count),),
    )
    same = Restrictions(
        np.eye(len(names)),
        np.zeros(len(names)),
        tuple(
            f"{name}: one effect for both directions - an effect for each = 0"
            for name in names
        ),
    )
    difference = _slopes(fit, names) - _slopes(directed, names)
    wald = wald_test(same, difference, variance)
    return SpecificationTest(
        name="Symmetric pairs",
        null=f"the effects of {effect} need no direction",
        wald=wald,
        statistic=wald.statistic,
        p_value=wald.p_value,
        source="Hausman (1978), with a robust variance",
        auxiliary=directed,
    )


def _symmetric_effect(fit: FitRecord) -> tuple[int, Ints, Codes]:
    """Place of the effect; direction (0 or 1) and pair of each row of the estimate."""
    ends = fit.keys.aliases.get("pair")
    if ends is None:
        raise _not_made(fit, "origin and destination are not known")
    one, other = fit.keys.shared(*ends)
    least, most = np.minimum(one.codes, other.codes), np.maximum(one.codes, other.codes)
    pairs = combine([Codes(least, one.count), Codes(most, other.count)])
    abroad = one.codes != other.codes
    direction = (one.codes > other.codes).astype(np.int32)
    for at, levels in enumerate(fit.estimate.effects):
        level_of = np.empty(pairs.count, levels.codes.dtype)
        level_of[pairs.codes] = levels.codes
        if not np.array_equal(level_of[pairs.codes], levels.codes):
            continue
        ways = np.zeros((levels.count, 2), np.bool_)
        ways[levels.codes[abroad], direction[abroad]] = True
        if ways.all(axis=1).any() and levels.count > 1:
            return at, direction, pairs
    raise _not_made(fit, "no effect is the same for both directions of a pair")


def _with_direction(fit: FitRecord, at: int, direction: Ints) -> FitRecord:
    design = fit.design
    codes = np.zeros(design.y.size, np.int32)
    codes[fit.estimate.rows] = direction
    effects = list(design.effects)
    effects[at] = Effect((*effects[at].factors, DIRECTION))
    factor = Factor(DIRECTION, codes, pd.Index(["there", "back"], name=DIRECTION))
    return refit(
        replace(
            fit,
            design=replace(
                design,
                effects=tuple(effects),
                factors={**design.factors, DIRECTION: factor},
            ),
        ),
        {},
    )


def _slopes(fit: FitRecord, names: list[str]) -> Floats:
    return fit.estimate.beta[[fit.terms.index(name) for name in names]]


def _influence(fit: FitRecord, names: list[str], clusters: Ints, count: int) -> Floats:
    """How each pair moves the slopes; shape (pairs, names).

    `clusters` holds the pair of each row of the input.
    """
    estimate = fit.estimate
    own = Codes(clusters[fit.design.positions[estimate.rows]], count)
    sums = score_sums(estimate.x_tilde, estimate.residuals, own) @ estimate.bread
    return sums[:, [fit.terms.index(name) for name in names]]


def _not_made(fit: FitRecord, why: str) -> ModelError:
    return ModelError(
        f"symmetry of pairs cannot be tested in {fit.recipe.formula}: {why}",
        code="F-573",
        remedy="The test is for models with an effect of pairs without direction, such "
        "as pair_id; name the ends with origin= and destination=.",
    )
