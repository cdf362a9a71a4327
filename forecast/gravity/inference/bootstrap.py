r"""The wild cluster bootstrap on scores: intervals for few clusters, without refitting.

For the hypothesis :math:`\beta_j = b` the slopes move along
:math:`c = V_{\cdot j} / V_{jj}` and the scores of cluster g become
:math:`\tilde S_g = S_g + A_g c\,(\hat\beta_j - b)`, with :math:`A_g` the information of
the cluster. Each draw multiplies them by random signs :math:`v_g` and studentises:

.. math::

    t^* = \frac{e_j' V \sum_g v_g \tilde S_g}
               {\sqrt{\sum_g (e_j' V s^*_g)^2}}, \qquad
    s^*_g = v_g \tilde S_g - A_g V \sum_h v_h \tilde S_h .

In least squares this is the wild cluster bootstrap with the null imposed (Cameron,
Gelbach and Miller 2008, Review of Economics and Statistics 90(3)) up to the effects in
the studentisation, which are exact where they are nested in the clusters; in PPML it is
its score form (Kline and Santos 2012, Journal of Econometric Methods 1(1)), to first
order in :math:`\hat\beta_j - b`. Numerators are linear and squared denominators
quadratic in b, so the interval, all b that are not rejected, costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.inference.clusters import Clustered, refuse_one_cluster
from forecast.gravity.inference.covariance import Covariance, sandwich
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores, inner, score_sums
from forecast.gravity.inference.small_samples import SmallSample
from forecast.gravity.records import Codes, Floats

__all__ = ["BootstrapT", "ScoreBootstrap", "bootstrap"]

DRAWS_AT_ONCE = 64
EXPANSIONS, HALVINGS = 60, 60

TIED = 1 - 1e-9
"""All signs alike give the statistic itself; rounding must not decide about it."""

WEIGHTS: dict[str, tuple[float, ...]] = {
    "rademacher": (-1.0, 1.0),
    "webb": tuple(
        sign * root
        for sign in (-1.0, 1.0)
        for root in (np.sqrt(0.5), 1.0, np.sqrt(1.5))
    ),
}


@dataclass(frozen=True, slots=True)
class BootstrapT:
    """Bootstrapped t-statistics of each slope, as functions of the hypothesis.

    With d the estimate less the hypothesis, draw b of slope j has the numerator
    ``n0 + d n1`` and the squared denominator ``q0 + 2 d q1 + d^2 q2``.

    Attributes
    ----------
    std_errors, plain : float arrays of shape (k,)
        With the small-sample factor, and without as in the draws.
    n0, n1, q0, q1, q2 : float arrays of shape (k, draws)
    """

    std_errors: Floats
    plain: Floats
    n0: Floats = field(repr=False)
    n1: Floats = field(repr=False)
    q0: Floats = field(repr=False)
    q1: Floats = field(repr=False)
    q2: Floats = field(repr=False)

    def p_value(self, j: int, distance: float) -> float:
        """p-value of slope j being `distance` below its estimate."""
        t = abs(distance) / self.plain[j]
        top = np.abs(self.n0[j] + distance * self.n1[j])
        under = self.q0[j] + 2 * distance * self.q1[j] + distance**2 * self.q2[j]
        beyond = top >= TIED * t * np.sqrt(np.maximum(under, 0.0))
        return float((1 + np.count_nonzero(beyond)) / (1 + beyond.size))

    def p_values(self, statistics: Floats) -> Floats:
        """Two-sided p-values of t-statistics; shape (k,)."""
        distances = statistics * self.std_errors
        return np.array([self.p_value(j, float(d)) for j, d in enumerate(distances)])

    def interval(
        self, beta: Floats, std_errors: Floats, level: float
    ) -> tuple[Floats, Floats]:
        """All values that are not rejected at ``1 - level``; shapes (k,).

        An end is infinite where no value is rejected, which happens with very few
        clusters.
        """
        ends = [
            [
                self._end(j, sign * float(std_errors[j]), 1 - level)
                for j in range(beta.size)
            ]
            for sign in (1.0, -1.0)
        ]
        return beta - np.array(ends[0]), beta - np.array(ends[1])

    def _end(self, j: int, step: float, size: float) -> float:
        """Distance at which slope j begins to be rejected in the direction of `step`."""
        inside, outside = 0.0, step
        for _ in range(EXPANSIONS):
            if self.p_value(j, outside) <= size:
                break
            inside, outside = outside, 1.5 * outside
        else:
            return float(np.copysign(np.inf, step))
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            if self.p_value(j, middle) <= size:
                outside = middle
            else:
                inside = middle
        return outside

    def describe(self) -> str:
        """``a bootstrap of 999 draws``."""
        return f"a bootstrap of {self.n0.shape[1]:,} draws"


@dataclass(frozen=True, slots=True)
class ScoreBootstrap:
    """Cluster-robust matrix; p-values and intervals from the wild score bootstrap.

    Parameters
    ----------
    cluster : str
        One way of clusters.
    draws : int
    weights : {"rademacher", "webb"}
        Signs, or the six points of Webb for fewer than about ten clusters.
    seed : int
        The same seed gives the same bits.
    ssc : str or SmallSample
        Of the matrix; the p-values do not depend on it.

    Examples
    --------
    >>> ScoreBootstrap("exporter", draws=1999).names
    ('exporter',)
    """

    cluster: str = "pair"
    draws: int = 999
    weights: str = "rademacher"
    seed: int = 0
    ssc: str | SmallSample = "ppmlhdfe"

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise ModelError(
                f"ScoreBootstrap(weights={self.weights!r})",
                code="F-556",
                examples=WEIGHTS,
                remedy="Give one of these.",
            )
        if (
            isinstance(self.draws, bool)
            or int(self.draws) != self.draws
            or self.draws < 19
        ):
            raise ModelError(
                f"a bootstrap of {self.draws!r} draws",
                code="F-556",
                remedy="Give a whole number from 19; 999 is usual.",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The cluster."""
        return (self.cluster,)

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit; errors as for `Clustered`."""
        clusters = lookup.codes(self.cluster)
        refuse_one_cluster(self.cluster, clusters)
        analytic = Clustered(self.cluster, ssc=self.ssc).covariance(scores, lookup)
        points = np.array(WEIGHTS[self.weights])
        return Covariance(
            matrix=analytic.matrix,
            terms=scores.terms,
            title=f"clustered by {self.cluster}, wild score bootstrap",
            convention=analytic.convention,
            formula=analytic.formula,
            factor=analytic.factor,
            reference=bootstrap(
                scores, clusters, analytic.std_errors, points, self.draws, self.seed
            ),
            n=scores.n,
            clusters=analytic.clusters,
            parameters=analytic.parameters,
            notes=(
                f"The weights are {self.weights}, by cluster (seed {self.seed}), the "
                "hypothesis is imposed; intervals need not be symmetric.",
            ),
        )


def bootstrap(
    scores: Scores,
    clusters: Codes,
    std_errors: Floats,
    points: Floats,
    draws: int,
    seed: int,
) -> BootstrapT:
    """Draw the bootstrapped t-statistics of all slopes.

    Parameters
    ----------
    scores : Scores
    clusters : Codes
    std_errors : float array of shape (k,)
        As they will be shown.
    points : float array
        Values of the weights, equally likely.
    draws, seed : int
    """
    bread = scores.bread
    sums = scores.sums(clusters)
    shifts, reaches = _tables(scores, clusters)
    k = scores.k
    influence = sums @ bread
    moved = np.einsum("jgl,lj->jg", shifts, bread)
    pieces = []
    random = np.random.default_rng(seed)
    for start in range(0, draws, DRAWS_AT_ONCE):
        size = min(DRAWS_AT_ONCE, draws - start)
        v = points[random.integers(0, points.size, (size, clusters.count))]
        total = np.einsum("bg,gk->bk", v, sums)
        part = np.empty((5, k, size))
        for j in range(k):
            total_moved = np.einsum("bg,gk->bk", v, shifts[j])
            rest = v * influence[:, j] - np.einsum("bk,gk->bg", total, reaches[j])
            slope = v * moved[j] - np.einsum("bk,gk->bg", total_moved, reaches[j])
            part[:, j] = (
                total @ bread[:, j],
                total_moved @ bread[:, j],
                np.einsum("bg,bg->b", rest, rest),
                np.einsum("bg,bg->b", rest, slope),
                np.einsum("bg,bg->b", slope, slope),
            )
        pieces.append(part)
    plain = np.sqrt(np.diag(sandwich(bread, inner(sums))))
    return BootstrapT(std_errors, plain, *np.concatenate(pieces, axis=2))


def _tables(scores: Scores, clusters: Codes) -> tuple[Floats, Floats]:
    """``A_g c_j`` and ``V_j' A_g V`` for each slope j; shapes (k, G, k)."""
    x, working = scores.estimate.x_tilde, scores.estimate.working
    bread = scores.bread
    toward = bread / np.diag(bread)
    shifts = [score_sums(x, working * (x @ c), clusters) for c in toward.T]
    reaches = [
        shift @ bread * variance
        for shift, variance in zip(shifts, np.diag(bread), strict=True)
    ]
    return np.array(shifts), np.array(reaches)
