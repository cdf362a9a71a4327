"""Terms of a formula as columns of numbers, with the names that users recognise."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError, NumberError
from forecast.gravity.designs.columns import Columns
from forecast.gravity.designs.factors import label_of
from forecast.gravity.formulas.terms import (
    Call,
    Column,
    Dummies,
    Equation,
    Interacted,
    Level,
    Log,
    Part,
    Term,
)
from forecast.gravity.records import Factor, Floats, Ints

__all__ = [
    "Complete",
    "Named",
    "based_parts",
    "name_of",
    "occurring",
    "term_columns",
]

LARGEST = 8e9  # bytes of dummies of one term; more belong among the effects
Named = tuple[str, Floats]


@dataclass(frozen=True)
class Complete:
    """What terms are made of, on the complete rows.

    Attributes
    ----------
    columns : Columns
        As read, with all n rows of the table.
    computed : mapping of (Part, bool) to list of (name, float array of shape (n,))
        Logarithms and calls; the bool tells whether a call leaves out a base level.
    rows : int array of shape (m,) or None
        Positions of the complete rows; None if all are.
    bases : mapping of str to int or None
        Code of the level without a dummy; None where it is the first that occurs.
    """

    columns: Columns
    computed: Mapping[tuple[Part, bool], Sequence[Named]]
    rows: Ints | None
    bases: Mapping[str, int] | None = None

    def kept(self, factor: Factor, based: bool) -> Ints:
        """Return the codes that get a dummy: those that occur, but for a base."""
        found = occurring(factor)
        if based and self.bases is not None:
            return found[found != self.bases[factor.name]]
        return found[int(based) :]

    def number(self, name: str) -> Floats:
        """Return a column of numbers on the complete rows, shape (m,)."""
        return self.take(self.columns.numbers[name])

    def factor(self, name: str) -> Factor:
        """Return a column of levels on the complete rows."""
        factor = self.columns.factors[name]
        if self.rows is None:
            return factor
        return Factor(factor.name, factor.codes[self.rows], factor.levels)

    def take(self, values: Floats) -> Floats:
        """Return the complete rows of an array of shape (n,); no copy if all are."""
        return values if self.rows is None else values[self.rows]


def name_of(part: Part) -> str:
    """Return the name of a part in tables of results: a column without backticks."""
    return part.name if isinstance(part, Column) else str(part)


def based_parts(equation: Equation) -> set[tuple[Term, Part]]:
    """Tell in which terms which parts leave out the dummy of their first level.

    A part leaves it out where the rest of the term stands in the model by itself, the
    rest of a single part being the constant or the effects (Chambers and Hastie 1992,
    Statistical Models in S, section 2.4).
    """
    present = {frozenset(term.parts) for term in equation.terms}
    if equation.intercept or equation.effects:
        present.add(frozenset())
    return {
        (term, part)
        for term in equation.terms
        for part in term.parts
        if frozenset(term.parts) - {part} in present
    }


def term_columns(
    term: Term, complete: Complete, based: set[tuple[Term, Part]]
) -> list[Named]:
    """Return the columns of a term: products of the columns of its parts.

    Raises
    ------
    ModelError
        F-585 a reference that is no level, F-588 too many dummies.
    NumberError
        F-204 a product that overflows.
    """
    first, *others = term.parts
    product = _part_columns(first, complete, (term, first) in based)
    for part in others:
        more = _part_columns(part, complete, (term, part) in based)
        if product and more:
            _check_size(len(product) * len(more), more[0][1].size, str(term))
        product = [
            _times(one, other)  # the last part varies fastest
            for one in product
            for other in more
        ]
    return product


def _times(one: Named, other: Named) -> Named:
    name = f"{one[0]}:{other[0]}"
    with np.errstate(over="ignore"):
        values = one[1] * other[1]
    if not np.isfinite(values).all():
        raise NumberError(
            f"the product {name!r} is too large for a number",
            code="F-204",
            column=name,
            remedy="Measure its columns in larger units.",
        )
    return name, values


def _part_columns(part: Part, complete: Complete, based: bool) -> list[Named]:
    if isinstance(part, Call):
        columns = complete.computed[part, based]
        return [(name, complete.take(values)) for name, values in columns]
    if isinstance(part, Log):
        ((name, values),) = complete.computed[part, False]
        return [(name, complete.take(values))]
    if isinstance(part, Interacted):
        return _interacted_columns(part, complete, based)
    if isinstance(part, Dummies) or part.name not in complete.columns.numbers:
        factor = complete.factor(part.name)
        kept = complete.kept(factor, based)
        return _dummies(factor, kept, f"{name_of(part)}[{'T.' if based else ''}")
    return [(name_of(part), complete.number(part.name))]


# ---------------------------------------------------------------------------- dummies


def _dummies(factor: Factor, kept: Ints, opening: str) -> list[Named]:
    """Return a dummy for each of the codes, named ``opening`` and the level, ``]``."""
    _check_size(kept.size, factor.codes.size, f"{opening}...]")
    return [
        (f"{opening}{_label(factor, code)}]", (factor.codes == code).astype(float))
        for code in kept
    ]


def _interacted_columns(
    part: Interacted, complete: Complete, based: bool
) -> list[Named]:
    factor = complete.factor(part.name)
    kept = _without(part.references, factor)
    if part.by is None:
        kept = kept if part.references else complete.kept(factor, based)
        return _dummies(factor, kept, f"{part.name}[")
    if part.crossed or part.by not in complete.columns.numbers:
        return _crossed_dummies(part, factor, kept, complete.factor(part.by))
    slope = complete.number(part.by)
    _check_size(kept.size, slope.size, str(part))
    return [
        (
            f"{part.by}:{part.name}[{_label(factor, code)}]",
            np.where(factor.codes == code, slope, 0.0),
        )
        for code in kept
    ]


def _crossed_dummies(
    part: Interacted, factor: Factor, kept: Ints, other: Factor
) -> list[Named]:
    """Return a dummy per pair of levels that occurs together, without the references."""
    kept_other = _without(part.by_references, other)
    cells = factor.codes.astype(np.int64) * len(other.levels) + other.codes
    wanted = kept[:, None] * len(other.levels) + kept_other[None, :]
    cells_found = np.intersect1d(wanted.ravel(), cells)
    _check_size(cells_found.size, cells.size, str(part))
    named = []
    for cell in cells_found:
        code, other_code = divmod(int(cell), len(other.levels))
        name = f"{part.name}[{_label(factor, code)}]:{part.by}[{_label(other, other_code)}]"
        named.append((name, (cells == cell).astype(float)))
    return named


def occurring(factor: Factor) -> Ints:
    """Return the codes that occur, in order."""
    return np.flatnonzero(np.bincount(factor.codes, minlength=len(factor.levels)))


def _without(references: tuple[Level, ...], factor: Factor) -> Ints:
    """Return the codes that occur and are no reference."""
    labels = [label_of(level) for level in factor.levels]
    wanted = [label_of(reference) for reference in references]
    if unknown := [label for label in wanted if label not in labels]:
        near = difflib.get_close_matches(unknown[0], labels, n=1)
        raise ModelError(
            f"the reference {unknown[0]!r} is no level of column {factor.name!r}",
            code="F-585",
            column=factor.name,
            count=len(unknown),
            examples=labels[:5],
            remedy=f"Did you mean {near[0]!r}?" if near else "Choose one that occurs.",
        )
    out = [labels.index(label) for label in wanted]
    return np.setdiff1d(occurring(factor), out)


def _label(factor: Factor, code: int) -> str:
    return label_of(factor.levels[code])


def _check_size(columns: int, rows: int, name: str) -> None:
    if columns * rows * 8 > LARGEST:
        raise ModelError(
            f"{name} stands for {columns:,} columns of {rows:,} rows",
            code="F-588",
            column=name,
            count=columns,
            remedy="Put it among the effects, after '|': they take no columns.",
        )
