r"""Standard errors for pairs that depend on each other wherever they share a country.

A shock to Russia moves Russia's trade with everybody, as exporter and as importer. Two
rows may then depend on each other if they have any country in common; two-way clusters
by exporter and importer leave out exports of a country against imports of the same. With
:math:`S_c` the sum of scores over rows with c at either end and :math:`S_d` the sum over
both directions of a pair of different countries, the meat

.. math:: \sum_c S_c S_c' - \sum_d S_d S_d'

counts every two dependent rows once (Aronow, Samii and Assenova 2015, Political Analysis
23(4); Cameron and Miller 2014). All periods of a pair count as dependent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.gravity.designs.factors import combine
from forecast.gravity.inference.clusters import few, refuse_one_cluster
from forecast.gravity.inference.covariance import Covariance, finish
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores, inner, score_sums
from forecast.gravity.inference.small_samples import (
    SmallSample,
    count_parameters,
    named,
)
from forecast.gravity.records import Codes, Floats

__all__ = ["Dyadic", "dyadic_meat"]


@dataclass(frozen=True, slots=True)
class Dyadic:
    """Dyadic-robust standard errors: rows depend where they share a country.

    Parameters
    ----------
    origin, destination : str
        The columns with the two ends.
    period : str, optional
        Rows of the same period may then depend on each other as well.
    ssc : str or SmallSample
        As for `Clustered`; G is the number of countries.

    Examples
    --------
    >>> Dyadic("exporter", "importer")
    Dyadic(origin='exporter', destination='importer', period=None, ssc='ppmlhdfe')
    """

    origin: str
    destination: str
    period: str | None = None
    ssc: str | SmallSample = "ppmlhdfe"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns with the two ends, and the period."""
        ends = (self.origin, self.destination)
        return ends if self.period is None else (*ends, self.period)

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit.

        Raises
        ------
        ColumnError
            F-111 if an end is no column, F-552 if it misses values.
        ModelError
            F-553 with fewer than two countries, F-555 without degrees of freedom.
        """
        ends = lookup.shared(self.origin, self.destination)
        period = None if self.period is None else lookup.codes(self.period)
        convention = named(self.ssc)
        either = f"{self.origin} or {self.destination}"
        together = np.concatenate([end.codes for end in ends])
        countries = Codes(together, int(np.unique(together).size))
        refuse_one_cluster(either, countries)
        factor = convention.cluster_term(countries.count)
        parameters = None
        if convention.counts != "nothing":
            parameters = count_parameters(scores, convention.counts)
            factor *= convention.parameter_term(scores.n, parameters.total)
        meat = dyadic_meat(scores, ends)
        if period is not None:
            meat += inner(scores.sums(period)) - dyadic_meat(scores, ends, period)
        matrix, repaired = finish(scores.bread, meat, factor)
        sizes = {either: countries.count}
        if period is not None and self.period is not None:
            sizes[self.period] = period.count
        return Covariance(
            matrix=matrix,
            terms=scores.terms,
            title=f"dyadic, rows that share an {either}"
            + (f" or a {self.period}" if self.period else ""),
            convention=convention.name,
            formula=convention.formula(),
            factor=factor,
            reference=convention.reference(scores.estimate.family, countries.count - 1),
            n=scores.n,
            clusters=tuple(sizes.items()),
            parameters=parameters,
            notes=repaired + few(sizes),
        )


def dyadic_meat(
    scores: Scores, ends: tuple[Codes, Codes], period: Codes | None = None
) -> Floats:
    """Sum over rows that share a country (and a period, where it is given); (k, k).

    Parameters
    ----------
    scores : Scores
    ends : pair of Codes
        Numbered by one list of countries.
    period : Codes or None
    """
    if period is not None:
        ends = tuple(  # type: ignore[assignment]
            Codes(
                end.codes * np.int64(period.count) + period.codes,
                end.count * period.count,
            )
            for end in ends
        )
    origin, destination = ends
    domestic = origin.codes == destination.codes
    country = scores.sums(origin) + scores.sums(destination)
    if domestic.any():
        x = scores.estimate.x_tilde[domestic]
        residuals = scores.estimate.residuals[domestic]
        country -= score_sums(x, residuals, Codes(origin.codes[domestic], origin.count))
    pair = combine(
        [
            Codes(np.minimum(origin.codes, destination.codes), origin.count),
            Codes(np.maximum(origin.codes, destination.codes), origin.count),
        ]
    )
    both = scores.sums(pair)
    both[pair.codes[domestic]] = 0.0
    return inner(country) - inner(both)
