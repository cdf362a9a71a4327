r"""The half-panel jackknife: slopes freed of what few periods do to dynamic models.

Where a regressor answers to earlier flows (trade a year before, agreements signed because
trade grew) each pair effect mixes past and future errors, and the slopes are off by the
order of 1/T: the bias of Nickell (1981). The correction of Weidner and Zylkin is for
regressors that answer to nothing, and leaves it. Halves of the panel have twice the bias,
so that

.. math:: \hat\beta_{1/2} = 2 \hat\beta
          - \left( \tfrac{T_1}{T} \hat\beta_1 + \tfrac{T_2}{T} \hat\beta_2 \right)

has none of that order (Dhaene and Jochmans 2015, Review of Economic Studies 82(3),
equation 1.2). With an odd number of periods it is the mean over both ways to cut. Errors
are clustered by directed pair: the influence of a pair on :math:`\hat\beta_{1/2}` is the
same combination of its influences on the three fits, each with the pull of the effects
undone as in `BiasCorrected`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.checks.refitting import on_rows
from forecast.gravity.inference.bias import unshrunk_scores
from forecast.gravity.inference.corrected import PanelShape, as_pairs, panel_shape
from forecast.gravity.inference.covariance import Covariance, finish
from forecast.gravity.inference.reference import Normal
from forecast.gravity.inference.scores import inner
from forecast.gravity.records import Codes, Floats

if TYPE_CHECKING:
    from forecast.gravity.fit import GravityFit

__all__ = ["half_panel_jackknife", "halves_of"]

FEWEST = 4
"""Periods: a half of one leaves nothing to estimate pair effects beside slopes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A fit to some of the periods, or all, and its share in the combination.

    Attributes
    ----------
    fit : GravityFit
    share : float
        Shares of all parts sum to one.
    """

    fit: GravityFit
    share: float


def half_panel_jackknife(fit: GravityFit, period: str | None = None) -> GravityFit:
    """Combine a fit with those to the halves of its periods.

    Parameters
    ----------
    fit : GravityFit
        Three-way PPML.
    period : str, optional
        The column of periods, where the effects do not tell.

    Returns
    -------
    GravityFit
        With other slopes and standard errors.

    Raises
    ------
    ModelError
        F-550 if the effects have too many levels, F-559 a model without effects of pairs
        and periods, F-578 fewer than four periods, or a slope that one half cannot tell.
    """
    shape = panel_shape(fit.scores, fit.keys, period)
    if shape.pair is None or shape.period is None:
        raise ModelError(
            "no half-panel jackknife for a model without effects of pairs: it has no "
            "bias from few periods",
            code="F-559",
            remedy="Use bias_corrected() for its standard errors.",
        )
    time = fit.keys.codes(shape.period)
    pairs = fit.keys.codes(f"{shape.origin}^{shape.destination}")
    parts = [Part(fit, 2.0), *_halves(fit, time)]
    beta = sum(part.share * part.fit.estimate.beta for part in parts)
    influence = _influence(parts, shape, pairs)
    regions = min(
        np.unique(fit.keys.codes(end).codes).size
        for end in (shape.origin, shape.destination)
    )
    factor = (regions - 1) / regions
    matrix, repaired = finish(np.eye(fit.scores.k), inner(influence), factor)
    covariance = Covariance(
        matrix=matrix,
        terms=fit.terms,
        title=f"clustered by {shape.origin}^{shape.destination}, of the half-panel "
        "jackknife",
        convention="half-panel jackknife",
        formula="(N-1)/N",
        factor=factor,
        reference=Normal(),
        n=fit.nobs,
        clusters=((f"{shape.origin}^{shape.destination}", pairs.count),),
        notes=(
            f"Slopes are twice those of all {time.count} of {shape.period} less those of "
            "its halves: freed of the bias of few periods.",
            *repaired,
        ),
        bias=fit.estimate.beta - beta,
    )
    return replace(fit, covariance=covariance)


def halves_of(periods: int) -> list[tuple[int, float]]:
    """Return where to cut so many periods, and the share of each cut.

    Examples
    --------
    >>> halves_of(6), halves_of(7)
    ([(3, 1.0)], [(3, 0.5), (4, 0.5)])
    """
    half = periods // 2
    return [(half, 1.0)] if periods % 2 == 0 else [(half, 0.5), (half + 1, 0.5)]


def _halves(fit: GravityFit, time: Codes) -> list[Part]:
    """Fits to the halves with their shares, which are negative."""
    if time.count < FEWEST:
        raise ModelError(
            f"{time.count} periods cannot be halved",
            code="F-578",
            count=time.count,
            remedy=f"The half-panel jackknife takes at least {FEWEST}.",
        )
    parts = []
    for cut, share in halves_of(time.count):
        for early in (True, False):
            rows = (time.codes < cut) == early
            half = on_rows(fit, rows)
            if missing := [term for term in fit.terms if term not in half.terms]:
                raise ModelError(
                    f"{'the first' if early else 'the second'} half of the periods does "
                    "not tell slopes",
                    code="F-578",
                    count=len(missing),
                    examples=missing,
                    remedy="Leave these regressors out, or use bias_corrected().",
                )
            length = cut if early else time.count - cut
            parts.append(Part(half, -share * length / time.count))
    return parts


def _influence(parts: list[Part], shape: PanelShape, pairs: Codes) -> Floats:
    """Influence of each pair on the combination; shape (n_pairs, k).

    The pull of the effects is undone as in the recommended `BiasCorrected`.
    """
    whole = parts[0].fit
    place = np.full(len(whole.design.source), -1)
    place[whole.design.positions[whole.estimate.rows]] = pairs.codes
    total = np.zeros((pairs.count, whole.scores.k))
    for part in parts:
        scores = part.fit.scores
        panel = as_pairs(scores, part.fit.keys, shape)
        unshrunk = unshrunk_scores(panel, scores.bread, pair_effect=True)
        influence = np.einsum("ptk,pt->pk", panel.x, unshrunk) @ scores.bread
        own = np.empty(len(influence), np.intp)
        rows = part.fit.design.positions[part.fit.estimate.rows]
        own[panel.row // panel.weight.shape[1]] = place[rows]
        total[own] += part.share * influence
    return total
