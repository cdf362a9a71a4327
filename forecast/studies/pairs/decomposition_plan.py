"""Whose growth is to be taken apart in a study of pairs, and whether the study has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from forecast.errors import ModelError, StudyError
from forecast.forecasts import Forecast
from forecast.studies.complaints import Complaint
from forecast.studies.pairs.checking import (
    as_complaint,
    missing_columns,
    period_complaints,
    term_complaints,
)
from forecast.studies.pairs.known import Known
from forecast.studies.values import (
    Key,
    WrongValueError,
    a_count,
    a_period,
    a_table,
    a_text,
    one_of,
    texts_or_text,
)

__all__ = [
    "DRAWS",
    "KEYS",
    "DecompositionPlan",
    "check",
    "nothing",
    "outlook_of",
    "periods_of",
]

KINDS = ("flow", "turnover", "exporter", "importer", "nation", "total")
DRAWS = 500


def _groups(value: Any) -> dict[str, tuple[str, ...]]:
    """Read ``{ cooperation = ["documents", "visits"] }``."""
    return {name: texts_or_text(terms) for name, terms in a_table(value).items()}


def _columns(value: Any) -> dict[str, str]:
    """Read ``{ prices = "price_index" }``."""
    try:
        return {name: a_text(column) for name, column in a_table(value).items()}
    except WrongValueError as wrong:
        raise WrongValueError('a table, such as { prices = "price_index" }') from wrong


KEYS: dict[str, Key] = {
    "start": Key(a_period),
    "end": Key(a_period),
    "by": Key(one_of(*KINDS), default="turnover"),
    "groups": Key(_groups, default={}),
    "given": Key(_columns, default={}),
    "of": Key(one_of("gravity", "forecast"), default="gravity"),
    "method": Key(one_of("lmdi", "shapley"), default="lmdi"),
    "draws": Key(a_count),
}


@dataclass(frozen=True, slots=True)
class DecompositionPlan:
    """Whose growth is to be taken apart.

    Attributes
    ----------
    start, end : str or None
        The first and the last period by default; of a forecast the last period of the
        data and the last one forecast.
    by : str
        As in `decompose`: "turnover" of pairs, "nation", "total" and so on.
    groups : dict of str to tuple of str
        Terms under one name.
    given : dict of str to str
        Columns with indices of prices or exchange rates.
    of : {"gravity", "forecast"}
    method : {"lmdi", "shapley"}
    draws : int or None
        Of the coefficients; 500 by default. A forecast has paths of its own.
    """

    start: str | None = None
    end: str | None = None
    by: str = "turnover"
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    of: str = "gravity"
    method: str = "lmdi"
    draws: int | None = None

    def __post_init__(self) -> None:
        for key in ("given", "draws"):
            if self.of == "forecast" and getattr(self, key):
                raise ModelError(
                    "a forecast is taken apart into its own components, on its own paths",
                    code="F-705",
                    column=key,
                    remedy=f'Leave out {key}, or take the gravity model: of = "gravity".',
                )


def check(plan: DecompositionPlan, known: Known) -> list[Complaint]:
    """Complain of periods, terms and columns that the study does not have."""
    of_forecast = plan.of == "forecast"
    if plan.of not in known.asked:
        why = "there is no forecast" if of_forecast else "there is no fitted model"
        return [as_complaint(nothing(why), ())]
    ahead = known.asked["forecast"].horizon if of_forecast else 0
    span = {"start": plan.start, "end": plan.end}
    found = period_complaints(known, span, ahead=ahead)
    if of_forecast:
        return found
    if not found:
        try:
            periods_of(plan, known)
        except StudyError as wrong:
            return [as_complaint(wrong, ())]
    terms = [term for group in plan.groups.values() for term in group]
    found += term_complaints(known.asked["gravity"].formula, ("groups",), terms)
    found += missing_columns(known, ("given",), plan.given.values())
    return found


def periods_of(plan: DecompositionPlan, known: Known) -> tuple[Any, Any]:
    """Periods that are compared; those of the data where the file names none."""
    periods = known.panel.periods
    if len(periods) == 0:
        raise nothing("the panel has no periods")
    if plan.of == "forecast":
        ahead = outlook_of(known).periods
        first, last = plan.start or periods[-1], plan.end or ahead[-1]
    else:
        first, last = plan.start or periods[0], plan.end or periods[-1]
    if str(first) == str(last):
        raise nothing("growth is taken apart between two periods, and there is one")
    return first, last


def outlook_of(known: Known) -> Forecast:
    """Return the forecast of the study (F-726 where there is none)."""
    if known.outlook is None:
        raise nothing("there is no forecast")
    return known.outlook


def nothing(why: str) -> StudyError:
    """Say why no growth can be taken apart (F-726)."""
    return StudyError(
        f"no growth can be taken apart: {why}",
        code="F-726",
        column="decomposition",
        remedy='Add [gravity] (or [forecast] with of = "forecast") and a panel of two '
        "periods or more, or drop [decomposition].",
    )
