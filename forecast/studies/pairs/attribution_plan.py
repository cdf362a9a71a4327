"""What is to be attributed in a study of pairs, and whether the study has it."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.errors import StudyError
from forecast.studies.complaints import Complaint
from forecast.studies.pairs.checking import (
    as_complaint,
    equation_of,
    period_complaints,
    term_complaints,
)
from forecast.studies.pairs.focus import Focus
from forecast.studies.pairs.known import Known
from forecast.studies.values import (
    Key,
    WrongValueError,
    a_count,
    a_flag,
    a_pair,
    a_period,
    some_texts,
    texts_or_text,
)

__all__ = ["KEYS", "AttributionPlan", "check", "refuse"]

FEWEST_PERMUTATIONS = 19
"""With fewer, none can tell one in twenty."""


def _permutations(value: object) -> int:
    if a_count(value) < FEWEST_PERMUTATIONS:
        raise WrongValueError(f"a whole number, {FEWEST_PERMUTATIONS} or more")
    return a_count(value)


KEYS: dict[str, Key] = {
    "terms": Key(texts_or_text, default=()),
    "placebos": Key(some_texts, default=()),
    "start": Key(a_period),
    "end": Key(a_period),
    "among": Key(a_pair),
    "permutations": Key(_permutations, default=499),
    "shapes": Key(a_flag, default=True),
}


@dataclass(frozen=True, slots=True)
class AttributionPlan:
    """What is to be attributed.

    Attributes
    ----------
    terms : tuple of str
        Indicators as the formula of ``[gravity]`` writes them; all of ``[indicators]``
        that it holds if empty.
    placebos : tuple of str
        Those of them that can have no effect.
    start, end : str or None
        Indicators are held as in `start`, flows looked at in `end`.
    among : tuple of str or None
        One pair; all flows if None.
    permutations : int
    shapes : bool
        Whether other half-lives and lags are tried.
    """

    terms: tuple[str, ...] = ()
    placebos: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    among: tuple[str, str] | None = None
    permutations: int = 499
    shapes: bool = True


def check(plan: AttributionPlan, known: Known) -> list[Complaint]:
    """Complain of terms, placebos, periods and pairs that the study does not have."""
    formula = known.asked["gravity"].formula
    columns = equation_of(formula).columns
    terms = plan.terms or tuple(name for name in known.recipes if name in columns)
    try:
        refuse(terms, known)
    except StudyError as wrong:
        key = ("terms",) if wrong.column == "attribution.terms" else ()
        return [as_complaint(wrong, key)]
    found = [
        *term_complaints(formula, ("terms",), plan.terms),
        *period_complaints(
            known, {"start": plan.start, "end": plan.end}, in_order=True
        ),
    ]
    if len(set(terms)) < len(terms):
        problem, remedy = "a term is given twice", "Give each term once."
        found.append(Complaint("F-890", ("terms",), problem, remedy))
    if strangers := [name for name in plan.placebos if name not in terms]:
        problem = f"{strangers[0]!r} is not among the terms"
        remedy = f"Name some of {list(terms)}."
        found.append(Complaint("F-715", ("placebos",), problem, remedy))
    if plan.among is not None and not _has_pair(known, plan.among):
        problem = f"the data have no flow between {' and '.join(plan.among)}"
        remedy = "Name the pair as the data do."
        found.append(Complaint("F-715", ("among",), problem, remedy))
    return found


def _has_pair(known: Known, pair: tuple[str, str]) -> bool:
    units = known.panel.units
    return bool(Focus(pairs=(pair,)).rows(*(units[end] for end in known.ends)).any())


def refuse(terms: tuple[str, ...], known: Known) -> None:
    """Refuse a study without terms, or of one period (F-725)."""
    if not terms:
        raise StudyError(
            "the model holds no indicator of cooperation",
            code="F-725",
            column="attribution.terms",
            remedy="Name the terms, or add indicators to the formula of [gravity].",
        )
    if len(known.panel.periods) < 2:
        raise StudyError(
            "growth is attributed between two periods, and the panel has one",
            code="F-725",
            column="attribution",
            remedy="Drop [attribution]: without time there is a border effect, no growth.",
        )
