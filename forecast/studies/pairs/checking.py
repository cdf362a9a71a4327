"""What a study of pairs asks for and its data do not have, found before the first part runs.

Complaints name keys relative to the table of a part, as the part does not know where in
the file it stands: ``("formula",)``, or ``(0, "changes")`` in an array of tables.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from forecast.errors import ForecastError, StudyError
from forecast.gravity.formulas.formula import parse_formula
from forecast.gravity.formulas.terms import Call, Dummies, Equation, Interacted
from forecast.periods import parse_periods
from forecast.studies.complaints import Complaint
from forecast.studies.pairs.known import Known
from forecast.studies.toml_lines import KeyPath

__all__ = [
    "EntryError",
    "as_complaint",
    "entry",
    "equation_of",
    "formula_complaints",
    "missing_columns",
    "period_complaints",
    "same_names",
    "term_complaints",
    "with_examples",
]

NOT_THERE = "F-715"


class EntryError(StudyError):
    """What one table of an array could not do; `entry` is its position, from 0."""

    def __init__(self, wrong: ForecastError, entry: int) -> None:
        super().__init__(
            wrong.problem,
            code=wrong.code,
            column=wrong.column,
            count=wrong.count,
            examples=wrong.examples,
            remedy=wrong.remedy,
        )
        self.entry = entry


@contextmanager
def entry(number: int) -> Iterator[None]:
    """Tell of errors inside that they are those of one table of an array."""
    try:
        yield
    except ForecastError as wrong:
        raise EntryError(wrong, number) from wrong


def with_examples(wrong: ForecastError) -> str:
    """Write what is wrong and its examples, without code and remedy."""
    shown = f", e.g. {'; '.join(wrong.examples)}" if wrong.examples else ""
    return f"{wrong.problem}{shown}"


def as_complaint(wrong: ForecastError, path: KeyPath) -> Complaint:
    """Make an error a complaint about a key."""
    return Complaint(wrong.code, path, with_examples(wrong), wrong.remedy)


def missing_columns(
    known: Known, path: KeyPath, names: Iterable[str], code: str = NOT_THERE
) -> list[Complaint]:
    """Complain of columns that the flows do not have."""
    there = list(known.panel.columns)
    return [
        Complaint(code, path, f"the flows have no column {name!r}", _meant(name, there))
        for name in dict.fromkeys(names)
        if name not in there
    ]


def equation_of(formula: str) -> Equation:
    """Read the only equation of a formula."""
    (equation,) = parse_formula(formula)
    return equation


def formula_complaints(
    known: Known, formula: str, path: KeyPath = ("formula",)
) -> list[Complaint]:
    """Complain of columns of a formula that the flows do not have."""
    return missing_columns(known, path, equation_of(formula).columns)


def term_complaints(
    formula: str, path: KeyPath, terms: Iterable[str]
) -> list[Complaint]:
    """Complain of terms that the model does not have.

    Dummies and transforms become terms whose names only the fit knows; a formula that
    has any is left to it.
    """
    parts = [(term, part) for term in equation_of(formula).terms for part in term.parts]
    if any(isinstance(part, Interacted | Dummies | Call) for _, part in parts):
        return []
    there = list(dict.fromkeys(str(term).replace("`", "") for term, _ in parts))
    return [
        Complaint(
            NOT_THERE, path, f"the model has no term {name!r}", _meant(name, there)
        )
        for name in dict.fromkeys(terms)
        if name.replace("`", "") not in there
    ]


def period_complaints(
    known: Known, asked: Mapping[str, Any], *, ahead: int = 0, in_order: bool = False
) -> list[Complaint]:
    """Complain of values that are no period, or none of the data.

    Parameters
    ----------
    known : Known
    asked : mapping of key to period
        Nothing is wrong with None.
    ahead : int
        So many periods after the data count as well.
    in_order : bool
        Whether the first of `asked` may not begin after the last.
    """
    periods = known.panel.periods
    first, last = periods[0], periods[-1] + ahead
    found, begins = [], []
    for key, value in asked.items():
        if value is None:
            continue
        try:
            period = parse_periods([value], column=key)[0]
        except ForecastError as wrong:
            found.append(as_complaint(wrong, (key,)))
            continue
        if period.start_time < first.start_time or period.end_time > last.end_time:
            problem = f"{value} is not within {first} to {last}"
            found.append(
                Complaint(NOT_THERE, (key,), problem, "Name a period of the data.")
            )
        begins.append((period.start_time, key, value))
    if in_order and not found and begins != sorted(begins, key=lambda one: one[0]):
        (_, _, later), (_, key, value) = begins
        problem = f"{value} is before {later}"
        found.append(Complaint(NOT_THERE, (key,), problem, "Name a later period."))
    return found


def same_names(names: Sequence[str], code: str, what: str) -> list[Complaint]:
    """Complain of each table of an array with a name that one before it has."""
    return [
        Complaint(
            code,
            (number, "name"),
            f"{name!r} is a name that another one has",
            f"Give each of the {what} a name of its own.",
        )
        for number, name in enumerate(names)
        if name in names[:number]
    ]


def _meant(name: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, there, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are {list(there)[:20]}."
