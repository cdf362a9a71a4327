"""Standard errors for rows that depend on each other within clusters."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.designs.factors import combine
from forecast.gravity.inference.covariance import Covariance, finish
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores, inner
from forecast.gravity.inference.small_samples import (
    Parameters,
    SmallSample,
    count_parameters,
    named,
)
from forecast.gravity.records import Codes, Floats

__all__ = ["Clustered", "cluster_factor", "clustered_meat", "few"]

FEW_CLUSTERS = 30


@dataclass(frozen=True, init=False, slots=True)
class Clustered:
    """Standard errors clustered in one or more ways.

    With several ways the meat is the sum over all non-empty subsets of ways of the
    one-way meats of their intersection, with signs + for an odd and - for an even
    number of ways (Cameron, Gelbach and Miller 2011, Journal of Business & Economic
    Statistics 29(2), equation 2.13).

    Parameters
    ----------
    *ways : str
        Columns or combinations: ``Clustered("pair")``,
        ``Clustered("exporter", "importer^year")``.
    ssc : str or SmallSample
        Small-sample convention, a name of `PRESETS`: "ppmlhdfe" (G/(G-1), effects not
        counted, normal), "fixest", "exact", "full", "none".

    Examples
    --------
    >>> Clustered("exporter", "importer", ssc="fixest")
    Clustered(ways=('exporter', 'importer'), ssc='fixest')
    """

    ways: tuple[str, ...]
    ssc: str | SmallSample

    def __init__(self, *ways: str, ssc: str | SmallSample = "ppmlhdfe") -> None:
        if not ways or not all(isinstance(way, str) for way in ways):
            raise ModelError(
                "clusters are named by columns",
                code="F-553",
                examples=ways,
                remedy='Such as Clustered("pair") or Clustered("exporter", "importer").',
            )
        named(ssc)
        object.__setattr__(self, "ways", ways)
        object.__setattr__(self, "ssc", ssc)

    @property
    def names(self) -> tuple[str, ...]:
        """The ways."""
        return self.ways

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit.

        Raises
        ------
        ColumnError
            F-111 if a way is no column, F-552 if it misses values.
        ModelError
            F-553 if a way has fewer than two clusters, F-555 without degrees of freedom.
        """
        ways = {way: lookup.codes(way) for way in self.ways}
        for way, codes in ways.items():
            refuse_one_cluster(way, codes)
        convention = named(self.ssc)
        sizes = {way: codes.count for way, codes in ways.items()}
        factor, parameters = cluster_factor(scores, convention, ways)
        meat = clustered_meat(scores, tuple(ways.values()), convention)
        matrix, repaired = finish(scores.bread, meat, factor)
        smallest = min(sizes.values())
        return Covariance(
            matrix=matrix,
            terms=scores.terms,
            title=f"clustered by {' and '.join(self.ways)}",
            convention=convention.name,
            formula=convention.formula("G" if len(ways) == 1 else "min G"),
            factor=factor,
            reference=convention.reference(scores.estimate.family, smallest - 1),
            n=scores.n,
            clusters=tuple(sizes.items()),
            parameters=parameters,
            notes=repaired + few(sizes),
        )


def clustered_meat(
    scores: Scores, ways: tuple[Codes, ...], convention: SmallSample
) -> Floats:
    """Sum of one-way meats over subsets of ways, with alternating signs; (k, k).

    Parameters
    ----------
    scores : Scores
    ways : tuple of Codes
    convention : SmallSample
        Its factor is part of each term where it is to be `each_way`'s own.
    """
    meat = np.zeros((scores.k, scores.k))
    for size in range(1, len(ways) + 1):
        for subset in itertools.combinations(ways, size):
            clusters = subset[0] if size == 1 else combine(subset)
            own = (
                convention.cluster_term(clusters.count) if convention.each_way else 1.0
            )
            meat += (-1) ** (size + 1) * own * inner(scores.sums(clusters))
    return meat


def cluster_factor(
    scores: Scores, convention: SmallSample, ways: dict[str, Codes]
) -> tuple[float, Parameters | None]:
    """The factor in front of a clustered matrix, and how its K was counted."""
    smallest = min(codes.count for codes in ways.values())
    factor = 1.0 if convention.each_way else convention.cluster_term(smallest)
    if convention.counts == "nothing":
        return factor, None
    parameters = count_parameters(scores, convention.counts, ways)
    return factor * convention.parameter_term(scores.n, parameters.total), parameters


def refuse_one_cluster(way: str, codes: Codes) -> None:
    """Refuse clusters that are none.

    Raises
    ------
    ModelError
        F-553 if there are fewer than two.
    """
    if codes.count < 2:
        raise ModelError(
            f"{way!r} has {codes.count} cluster in the sample",
            code="F-553",
            column=way,
            count=codes.count,
            remedy="A variance between clusters needs two or more, an honest one about "
            "thirty.",
        )


def few(sizes: dict[str, int]) -> tuple[str, ...]:
    """A note where there are few clusters."""
    return tuple(
        f"{count} clusters in {way!r} are few: intervals are usually too short then; "
        "see ScoreBootstrap."
        for way, count in sizes.items()
        if count < FEW_CLUSTERS
    )
