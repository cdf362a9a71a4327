r"""A change of trade cost: a day less at the border, a tariff, a freight rate.

Days count as an ad-valorem cost of so many per cent a day; flows answer with the trade
elasticity :math:`\varepsilon` (:math:`\sigma - 1`, or the shape of productivity):

.. math:: \Delta \log x = -\varepsilon \, \log(1 + \text{cost}/100).

Both numbers come from somewhere, so a source is asked for. Hummels and Schaur (2013,
American Economic Review 103(7)) put a day in transit at 0.6 to 2.1 per cent; Head and Mayer
(2014, Handbook of International Economics 4, section 4.2) collect elasticities. Where the
model has a coefficient of days or of cost, the change goes through that instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import unit_rng
from forecast.scenarios.changes import Change
from forecast.scenarios.limits import Limits

__all__ = ["TradeCost"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class TradeCost:
    """A changed cost of trade.

    Parameters
    ----------
    days : float, optional
        Change in days, ``-1`` for a day less at the border.
    per_day : float, optional
        What a day costs, per cent of the value of goods.
    ad_valorem : float, optional
        Change of trade cost in per cent, in place of `days`.
    elasticity : float, optional
        Trade elasticity, positive: by how many per cent trade falls where cost rises by
        one.
    source : str
        Where elasticity and cost of a day come from; asked for.
    elasticity_se, per_day_se : float
        Their standard errors, so that paths carry how sure they are.
    column : str, optional
        Instead of an elasticity: the regressor whose estimated coefficient is used. Days
        are added to it; of a change `ad_valorem` its logarithm is, so the column holds
        log(1 + cost).
    pairs, where, start, end, directed
        Limits, as in `Scenario`.

    Raises
    ------
    ModelError
        F-873 a change that is not possible, or without elasticity or source.

    Examples
    --------
    >>> cost = TradeCost(days=-1, per_day=0.8, elasticity=5, source="Hummels and Schaur 2013")
    >>> round(float(100 * np.expm1(cost.log_change)), 2)
    4.1
    """

    days: float | None = None
    per_day: float | None = None
    ad_valorem: float | None = None
    elasticity: float | None = None
    source: str = ""
    elasticity_se: float = 0.0
    per_day_se: float = 0.0
    column: str | None = None
    pairs: Sequence[tuple[Any, Any]] | None = None
    where: Mapping[str, Any] | None = None
    start: Any = None
    end: Any = None
    directed: bool = False

    def __post_init__(self) -> None:
        if (self.days is None) == (self.ad_valorem is None):
            raise _refusal("a trade cost changes by days or by per cent, one of them")
        if self.column is not None:
            if self.elasticity is not None or self.per_day is not None:
                raise _refusal(
                    "column= names an estimated coefficient, so nothing is given"
                )
        elif self.elasticity is None or not self.elasticity > 0:
            raise _refusal(f"elasticity={self.elasticity!r} is no positive number")
        elif not self.source.strip():
            raise _refusal("the elasticity has no source")
        elif (self.days is None) != (self.per_day is None):
            raise _refusal("days and per_day go together")
        if self.column is None and not self._cost > -100:
            raise _refusal(f"a cost cannot fall by {-self._cost:g} per cent")
        if min(self.elasticity_se, self.per_day_se) < 0:
            raise _refusal("a standard error is negative")

    @property
    def limits(self) -> Limits:
        """Rows that the change is limited to by itself."""
        return Limits(self.pairs, self.where, self.start, self.end, self.directed)

    @property
    def log_change(self) -> float:
        """Change of log flows at the given elasticity; 0 where a column is named."""
        if self.elasticity is None:
            return 0.0
        return float(-self.elasticity * np.log1p(self._cost / 100))

    def draws(self, paths: int, seed: int) -> Floats:
        """Return changes of log flows, shape (paths,).

        Elasticity and cost of a day are normal and never below zero; scenarios with one
        seed share their numbers.
        """
        if self.elasticity is None:
            return np.zeros(paths)
        z = unit_rng(seed, "trade cost").standard_normal((2, paths))
        elasticity = np.maximum(self.elasticity + self.elasticity_se * z[0], 0.0)
        cost = np.full(paths, self._cost)
        if self.days is not None and self.per_day is not None:
            day = np.maximum(self.per_day + self.per_day_se * z[1], 0.0)
            cost = np.maximum(self.days * day, -99.0)
        return np.asarray(-elasticity * np.log1p(cost / 100))

    def as_change(self) -> tuple[str, Change] | None:
        """Return the column and its change, where a coefficient was estimated."""
        if self.column is None:
            return None
        if self.days is not None:
            step = float(self.days)
        else:
            step = float(np.log1p(self._cost / 100))
        change = Change(
            ("-" if step < 0 else "+")
            + np.format_float_positional(abs(step), trim="-"),
            pairs=self.pairs,
            where=self.where,
            start=self.start,
            end=self.end,
            directed=self.directed,
        )
        return self.column, change

    @property
    def _cost(self) -> float:
        """Change of cost in per cent."""
        if self.ad_valorem is not None:
            return float(self.ad_valorem)
        return float((self.days or 0.0) * (self.per_day or 0.0))


def _refusal(problem: str) -> ModelError:
    return ModelError(
        problem,
        code="F-873",
        remedy="For example TradeCost(days=-1, per_day=0.8, elasticity=5, source='Hummels "
        "and Schaur 2013'), or TradeCost(days=-1, column='border_days') where the model "
        "has a coefficient of it.",
    )
