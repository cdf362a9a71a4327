"""The parts of a study of pairs: each table of the file, and who answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forecast.studies.complaints import Complaint
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.parts import (
    attribution,
    backtest,
    decomposition,
    gravity,
    models,
    outlook,
    potential,
    scenarios,
)
from forecast.studies.progress import Progress
from forecast.studies.values import Key

__all__ = ["PARTS", "PartKind"]


@dataclass(frozen=True, slots=True)
class PartKind:
    """One kind of part.

    Attributes
    ----------
    keys : mapping of str to Key
        Keys of its table.
    plan : type
        Made with one argument for each key; a `ForecastError` that it raises is told
        with the line of the key that is its `column`.
    find : callable
        ``find(plan, known, tell)``; of an array of tables it gets a tuple of plans.
    needs : tuple of str
        Tables without which it cannot answer.
    is_array : bool
        Whether the file holds an array of tables: ``[[scenarios]]``.
    check : callable, optional
        ``check(plan, known)`` gives complaints of what the data do not have; all parts
        are asked before the first one is answered.
    """

    keys: Mapping[str, Key]
    plan: Callable[..., Any]
    find: Callable[[Any, Known, Progress], Part]
    needs: tuple[str, ...] = ()
    is_array: bool = False
    check: Callable[[Any, Known], Iterable[Complaint]] | None = None

    def keys_of_errors(self, table: str) -> dict[str, str]:
        """Give the key that an error means, by what it calls it."""
        return {name: key for key in self.keys for name in (key, f"{table}.{key}")}


PARTS: dict[str, PartKind] = {
    "gravity": PartKind(
        gravity.KEYS, gravity.GravityPlan, gravity.find, check=gravity.check
    ),
    "forecast": PartKind(outlook.KEYS, outlook.ForecastPlan, outlook.find),
    "backtest": PartKind(
        backtest.KEYS, backtest.BacktestPlan, backtest.find, check=backtest.check
    ),
    "models": PartKind(
        models.KEYS, models.ModelsPlan, models.find, (), True, models.check
    ),
    "attribution": PartKind(
        attribution.KEYS,
        attribution.AttributionPlan,
        attribution.find,
        ("gravity",),
        check=attribution.check,
    ),
    "decomposition": PartKind(
        decomposition.KEYS,
        decomposition.DecompositionPlan,
        decomposition.find,
        check=decomposition.check,
    ),
    "potential": PartKind(
        potential.KEYS, potential.PotentialPlan, potential.find, check=potential.check
    ),
    "scenarios": PartKind(
        scenarios.KEYS,
        scenarios.ScenarioPlan,
        scenarios.find,
        (),
        True,
        scenarios.check,
    ),
}
"""By table, in the order in which they are answered: later ones see earlier ones."""
