r"""Standard errors for shocks that last: Newey-West and Driscoll-Kraay.

Both weigh products of scores l periods apart by Bartlett's :math:`1 - l/(L+1)`.
Newey-West within each unit (Newey and West 1987, Econometrica 55(3)); Driscoll-Kraay
between all units at once, through the sums of scores of each period (Driscoll and Kraay
1998, Review of Economics and Statistics 80(4)), which lets units depend on each other in
any way but needs many periods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.inference.clusters import few, refuse_one_cluster
from forecast.gravity.inference.covariance import Covariance, finish
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores, inner
from forecast.gravity.inference.small_samples import (
    SmallSample,
    count_parameters,
    named,
)
from forecast.gravity.records import Codes, Floats, Ints

__all__ = ["DriscollKraay", "NeweyWest", "bartlett_meat"]


@dataclass(frozen=True, slots=True)
class DriscollKraay:
    """Robust to dependence between all units and over `lags` periods.

    Parameters
    ----------
    lags : int, optional
        By default ``floor(4 (T/100)^(2/9))``.
    period : str
        Column whose sorted values are the periods. A period that occurs in no row of
        the sample is not counted: with data for every fourth year one lag is four years.
    ssc : str or SmallSample
        As for `Clustered`; G is the number of periods.

    Examples
    --------
    >>> DriscollKraay(lags=2)
    DriscollKraay(lags=2, period='period', ssc='ppmlhdfe')
    """

    lags: int | None = None
    period: str = "period"
    ssc: str | SmallSample = "ppmlhdfe"

    @property
    def names(self) -> tuple[str, ...]:
        """The period."""
        return (self.period,)

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit.

        Raises
        ------
        ColumnError
            F-111 if the period is no column, F-552 if it misses values.
        ModelError
            F-553 with fewer than two periods, F-556 if `lags` is impossible.
        """
        period = lookup.codes(self.period)
        lags = number_of_lags(self.lags, self.period, period)
        unit = Codes(np.zeros(scores.n, dtype=np.int32), 1)
        return _finished(
            scores,
            bartlett_meat(scores, unit, period, lags),
            f"Driscoll-Kraay over {self.period}, {lags} lags",
            named(self.ssc),
            {self.period: period},
        )


@dataclass(frozen=True, slots=True)
class NeweyWest:
    """Robust to dependence within a unit over `lags` periods; units are independent.

    Parameters
    ----------
    lags : int, optional
        By default ``floor(4 (T/100)^(2/9))``.
    unit, period : str
        Columns or combinations; `period` as in `DriscollKraay`.
    ssc : str or SmallSample
        As for `Clustered`; G is the number of periods, as in fixest.

    Examples
    --------
    >>> NeweyWest(lags=1, period="year").names
    ('pair', 'year')
    """

    lags: int | None = None
    unit: str = "pair"
    period: str = "period"
    ssc: str | SmallSample = "ppmlhdfe"

    @property
    def names(self) -> tuple[str, ...]:
        """The unit and the period."""
        return (self.unit, self.period)

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit; errors as in `DriscollKraay`."""
        unit, period = lookup.codes(self.unit), lookup.codes(self.period)
        lags = number_of_lags(self.lags, self.period, period)
        return _finished(
            scores,
            bartlett_meat(scores, unit, period, lags),
            f"Newey-West within {self.unit} over {self.period}, {lags} lags",
            named(self.ssc),
            {self.period: period},
        )


def number_of_lags(lags: int | None, name: str, period: Codes) -> int:
    """The lags asked for, or the usual number.

    Raises
    ------
    ModelError
        F-553 with fewer than two periods, F-556 if `lags` is negative or not below the
        number of periods.
    """
    refuse_one_cluster(name, period)
    if lags is None:
        return min(int(4 * (period.count / 100) ** (2 / 9)), period.count - 1)
    if isinstance(lags, bool) or int(lags) != lags or not 0 <= lags < period.count:
        raise ModelError(
            f"{lags!r} lags with {period.count} periods in {name!r}",
            code="F-556",
            column=name,
            remedy=f"Give a whole number from 0 to {period.count - 1}.",
        )
    return int(lags)


def bartlett_meat(scores: Scores, unit: Codes, period: Codes, lags: int) -> Floats:
    """Weighted sum of products of scores of one unit up to `lags` periods apart; (k, k).

    Parameters
    ----------
    scores : Scores
    unit, period : Codes
        Periods are in order of time.
    lags : int
    """
    key = unit.codes.astype(np.int64) * period.count + period.codes
    keys, place = np.unique(key, return_inverse=True)
    cells = scores.sums(Codes(place.astype(np.int32), keys.size))
    meat = inner(cells)
    for lag in range(1, lags + 1):
        now, before = _apart(keys, period.count, lag)
        product = inner(cells[now], cells[before])
        meat += (1 - lag / (lags + 1)) * (product + product.T)
    return meat


def _apart(keys: Ints, n_periods: int, lag: int) -> tuple[Ints, Ints]:
    """Cells of the same unit that are `lag` periods apart; `keys` are sorted."""
    now = np.flatnonzero(keys % n_periods >= lag)
    found = np.searchsorted(keys, keys[now] - lag)
    there = keys[found] == keys[now] - lag
    return now[there], found[there]


def _finished(
    scores: Scores,
    meat: Floats,
    title: str,
    convention: SmallSample,
    ways: dict[str, Codes],
) -> Covariance:
    ((name, period),) = ways.items()
    factor = convention.cluster_term(period.count)
    parameters = None
    if convention.counts != "nothing":
        parameters = count_parameters(scores, convention.counts)
        factor *= convention.parameter_term(scores.n, parameters.total)
    matrix, repaired = finish(scores.bread, meat, factor)
    return Covariance(
        matrix=matrix,
        terms=scores.terms,
        title=title,
        convention=convention.name,
        formula=convention.formula("T"),
        factor=factor,
        reference=convention.reference(scores.estimate.family, period.count - 1),
        n=scores.n,
        clusters=((name, period.count),),
        parameters=parameters,
        notes=repaired + few({name: period.count}),
    )
