"""One scenario as a study file asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forecast.errors import ForecastError
from forecast.scenarios import Scenario, TradeCost
from forecast.studies.values import (
    Key,
    WrongValueError,
    a_flag,
    a_number,
    a_period,
    a_table,
    a_text,
    some_pairs,
)

__all__ = ["KEYS", "ScenarioPlan"]


def some_events(value: Any) -> tuple[dict[str, Any], ...]:
    """Read a list of events, each a table."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise WrongValueError(
            'a list of events, such as [{ date = 2024-06-01, kind = "visit", '
            'origin = "RU", destination = "KZ" }]'
        )
    return tuple(value)


COST = ("days", "per_day", "ad_valorem", "elasticity", "elasticity_se", "per_day_se")
KEYS: dict[str, Key] = {
    "name": Key(a_text, required=True),
    "changes": Key(a_table, default={}),
    "events": Key(some_events, default=()),
    "pairs": Key(some_pairs),
    "where": Key(a_table),
    "start": Key(a_period),
    "end": Key(a_period),
    "directed": Key(a_flag, default=False),
    **{name: Key(a_number) for name in COST},
    "source": Key(a_text, default=""),
}


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """One scenario that was asked for; see `Scenario` and `TradeCost`.

    Attributes
    ----------
    name : str
    changes : mapping of str to text or number
        By column: ``"1"`` sets, ``"+5"`` adds, ``"-10%"`` scales.
    events : tuple of mappings
        Added to the log.
    pairs, where, start, end, directed
        What the changes are limited to; ``"*"`` is any partner.
    days, per_day, ad_valorem, elasticity, elasticity_se, per_day_se : float or None
        A changed cost of trade.
    source : str
        Where elasticity and cost of a day come from.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()
    pairs: tuple[tuple[str, str], ...] | None = None
    where: Mapping[str, Any] | None = None
    start: str | None = None
    end: str | None = None
    directed: bool = False
    days: float | None = None
    per_day: float | None = None
    ad_valorem: float | None = None
    elasticity: float | None = None
    elasticity_se: float | None = None
    per_day_se: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        alone: dict[str, dict[str, Any]] = {
            "changes": {"changes": dict(self.changes)},
            "events": {"events": [dict(event) for event in self.events] or None},
        }
        for key, given in alone.items():
            try:
                Scenario(self.name, **given)
            except ForecastError as wrong:
                wrong.column = key
                raise
        _ = self.scenario

    @property
    def scenario(self) -> Scenario:
        """The scenario itself."""
        cost = {name: getattr(self, name) for name in COST}
        given = {name: value for name, value in cost.items() if value is not None}
        return Scenario(
            self.name,
            dict(self.changes),
            [dict(event) for event in self.events] or None,
            costs=TradeCost(**given, source=self.source) if given else (),
            pairs=self.pairs,
            where=self.where,
            start=self.start,
            end=self.end,
            directed=self.directed,
        )
