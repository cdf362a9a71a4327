"""`BiasCorrected`: slopes and intervals of PPML freed of the bias of its many effects."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.inference.bias import corrected_meat, score_bias, unshrunk_scores
from forecast.gravity.inference.covariance import Covariance, finish
from forecast.gravity.inference.leverage import LARGEST_BLOCK
from forecast.gravity.inference.pair_panels import PairPanel, pair_panel
from forecast.gravity.inference.reference import Normal
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores
from forecast.gravity.records import Effect, Floats

__all__ = ["BiasCorrected", "PanelShape", "panel_shape"]

FORMS = ("recommended", "published")


@dataclass(frozen=True, slots=True)
class PanelShape:
    """Which effects are those of origins, destinations and pairs.

    Attributes
    ----------
    origin, destination : str
        Columns.
    period : str or None
        None in a cross-section.
    levels : pair of int
        Places of the origin- and destination-effects among the effects.
    pair : int or None
        Place of the pair effect; None in a two-way model.
    """

    origin: str
    destination: str
    period: str | None
    levels: tuple[int, int]
    pair: int | None


@dataclass(frozen=True, slots=True)
class BiasCorrected:
    r"""Corrected slopes and standard errors of two- and three-way PPML.

    For effects by origin-period and destination-period, with or without pair effects;
    errors are clustered by directed pair. Panels may have gaps. The slopes of two-way
    models have no bias, their standard errors do.

    Parameters
    ----------
    form : {"recommended", "published"}
        "published": bias and standard errors of Weidner and Zylkin (2021), the numbers
        of Stata's ``ppml_fe_bias``, with the factor G/(G-1). "recommended": the same
        bias, and the pull of the effects undone on both sides of the meat, as the
        jackknife does (CR3), with the jackknife's factor (N-1)/N for N regions; in
        simulations with 15 to 50 regions its intervals held what they promise, the
        published ones did not ("Standard errors" in the documentation). Both are
        compared with the normal distribution.
    period : str, optional
        The column of periods. Without it, origin and destination are taken to be the
        two columns with most values in common, as exporters and importers have.
    largest : int
        Most levels in one dense matrix: origin- and destination-periods together in
        three-way models, those of one period in two-way models.

    Examples
    --------
    >>> BiasCorrected("published", period="year").names
    ('year',)
    """

    form: str = "recommended"
    period: str | None = None
    largest: int = LARGEST_BLOCK

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise ModelError(
                f"BiasCorrected({self.form!r})",
                code="F-556",
                examples=FORMS,
                remedy="Give one of these.",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The period, where it is named."""
        return () if self.period is None else (self.period,)

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit; `Covariance.bias` is what is to be taken off the slopes.

        Raises
        ------
        ModelError
            F-550 if the effects have too many levels, F-551 with several rows for one
            pair and period, F-559 for a model that the theory does not cover.
        """
        shape = panel_shape(scores, lookup, self.period)
        panel = as_pairs(scores, lookup, shape)
        pair_effect = shape.pair is not None
        unshrunk = unshrunk_scores(
            panel, scores.bread, pair_effect=pair_effect, largest=self.largest
        )
        bias = scores.bread @ score_bias(panel) if pair_effect else np.zeros(scores.k)
        n_pairs = panel.weight.shape[0]
        ends = {shape.origin: panel.origin, shape.destination: panel.destination}
        sizes = {name: int(np.unique(end.codes).size) for name, end in ends.items()}
        both = self.form == "recommended"
        n_regions = min(sizes.values())
        factor = (n_regions - 1) / n_regions if both else n_pairs / (n_pairs - 1)
        meat = corrected_meat(panel, unshrunk, both_sides=both)
        matrix, repaired = finish(scores.bread, meat, factor)
        return Covariance(
            matrix=matrix,
            terms=scores.terms,
            title=f"clustered by {shape.origin}^{shape.destination}, corrected for the "
            "pull of the effects",
            convention=self.form,
            formula="(N-1)/N" if both else "G/(G-1)",
            factor=factor,
            reference=Normal(),
            n=scores.n,
            clusters=((f"{shape.origin}^{shape.destination}", n_pairs),),
            notes=(
                _note(shape, sizes),
                concentration(panel, unshrunk, scores),
                *repaired,
            ),
            bias=bias,
        )


def _note(shape: PanelShape, sizes: dict[str, int]) -> str:
    over = "" if shape.period is None else f" over {shape.period}"
    ends = " and ".join(f"{count:,} of {name}" for name, count in sizes.items())
    kind, slopes = (
        ("Three", "the slopes are freed of their bias")
        if shape.pair is not None
        else ("Two", "the slopes have no bias")
    )
    return f"{kind}-way PPML with {ends}{over}: {slopes}."


def concentration(panel: PairPanel, unshrunk: Floats, scores: Scores) -> str:
    """Tell on how few pairs the least supported variance rests."""
    effective = effective_pairs(panel, unshrunk, scores.bread)
    least = int(np.argmin(effective))
    return (
        f"The variance of {scores.terms[least]!r} rests on about {effective[least]:.0f} "
        f"of {panel.weight.shape[0]:,} pairs."
    )


def effective_pairs(panel: PairPanel, unshrunk: Floats, bread: Floats) -> Floats:
    r"""How many pairs carry the variance of each slope; shape (k,).

    It is :math:`(\sum_p u_p^2)^2 / \sum_p u_p^4` with u the influence of a pair.
    """
    influence = np.einsum("ptk,pt->pk", panel.x, unshrunk) @ bread
    squares = influence**2
    total = np.einsum("pk->k", squares)
    return total**2 / np.einsum("pk,pk->k", squares, squares)


def as_pairs(scores: Scores, lookup: Lookup, shape: PanelShape) -> PairPanel:
    """Arrange the rows of an estimate by pair and period.

    Raises
    ------
    ModelError
        F-551 with several rows for one cell, F-559 if the pair effect is none of
        directed pairs.
    """
    estimate = scores.estimate
    ends = (lookup.codes(shape.origin), lookup.codes(shape.destination))
    panel = pair_panel(
        estimate.working,
        estimate.residuals,
        estimate.x_tilde,
        ends,
        None if shape.period is None else lookup.codes(shape.period),
        (scores.codes[shape.levels[0]], scores.codes[shape.levels[1]]),
    )
    if shape.pair is not None:
        levels = scores.codes[shape.pair]
        pair = panel.row // panel.weight.shape[1]
        some = np.full(levels.count, -1)
        some[levels.codes] = pair
        if levels.count != panel.weight.shape[0] or (some[levels.codes] != pair).any():
            raise not_covered(
                f"the effect {scores.effects[shape.pair].name!r} is not one level for "
                f"each {shape.origin} and {shape.destination}",
                f"Use {shape.origin}^{shape.destination}; effects of pairs without a "
                "direction are another model.",
            )
    return panel


def panel_shape(scores: Scores, lookup: Lookup, period: str | None) -> PanelShape:
    """Tell origins, destinations, periods and pairs from the effects.

    Parameters
    ----------
    scores : Scores
    lookup : Lookup
    period : str or None
        Column of periods, where it is known.

    Raises
    ------
    ModelError
        F-559 if the effects are not those of two- or three-way gravity.
    """
    if scores.estimate.family != "poisson":
        raise not_covered(
            "least squares has no such bias", 'Use Clustered("pair") or Robust("HC3").'
        )
    effects = scores.effects
    if any(len(effect.factors) > 2 for effect in effects):
        raise not_covered(
            "with sectors there is no theory of the bias yet",
            'Fit the sectors one by one, or use Clustered("pair").',
        )
    shapes = list(_shapes(effects, period))
    if not shapes:
        raise not_covered(
            f"the effects are {[effect.name for effect in effects]}",
            "The correction is for exporter^year + importer^year, with or without "
            "exporter^importer, and for exporter + importer in a cross-section.",
        )
    if len(shapes) == 1:
        return shapes[0]
    return max(
        shapes, key=lambda shape: _in_common(lookup, shape)
    )  # the first of equals


def _in_common(lookup: Lookup, shape: PanelShape) -> int:
    """How many values origins and destinations have in common."""
    one, other = lookup.shared(shape.origin, shape.destination)
    return int(np.intersect1d(one.codes, other.codes).size)


def _shapes(effects: Sequence[Effect], period: str | None) -> Iterator[PanelShape]:
    """All ways to read the effects, in the order of the formula."""
    if len(effects) == 2 and all(len(effect.factors) == 1 for effect in effects):
        if period is None:
            yield PanelShape(
                effects[0].factors[0], effects[1].factors[0], None, (0, 1), None
            )
        return
    if len(effects) not in {2, 3}:
        return
    for a, b in itertools.combinations(range(len(effects)), 2):
        first, second = effects[a].factors, effects[b].factors
        shared = [name for name in first if name in second]
        if len(first) != 2 or len(second) != 2 or len(shared) != 1:
            continue
        if period is not None and shared[0] != period:
            continue
        (origin,) = (name for name in first if name != shared[0])
        (destination,) = (name for name in second if name != shared[0])
        rest = [c for c in range(len(effects)) if c not in {a, b}]
        yield PanelShape(
            origin, destination, shared[0], (a, b), rest[0] if rest else None
        )


def not_covered(problem: str, remedy: str) -> ModelError:
    """F-559: the correction does not apply."""
    return ModelError(
        f"no bias correction for this model: {problem}", code="F-559", remedy=remedy
    )
