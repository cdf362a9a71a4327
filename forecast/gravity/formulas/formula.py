"""The one place that reads formulas: ``y ~ x1 + x2 | fe1 + fe2^fe3``.

The grammar is that of fixest and pyfixest, see ``docs/how-to/write-a-gravity-formula.md``.
Whatever stands in a call other than ``log(column)``, ``C(column)`` and ``i(...)`` is kept
as text for formulaic.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import TypeVar

from forecast.errors import ModelError
from forecast.gravity.formulas.algebra import (
    MOST,
    once,
    read_part,
    read_product,
    read_sum,
    too_many,
)
from forecast.gravity.formulas.stepwise import (
    Steps,
    alternatives,
    read_steps,
    sees_steps,
)
from forecast.gravity.formulas.terms import (
    Call,
    Column,
    Dummies,
    Equation,
    Interacted,
    Log,
    Part,
    Term,
)
from forecast.gravity.formulas.tokens import Reader
from forecast.gravity.records import Effect

__all__ = [
    "Call",
    "Column",
    "Dummies",
    "Equation",
    "Interacted",
    "Log",
    "Part",
    "Term",
    "parse_formula",
]

T = TypeVar("T")


def parse_formula(text: str) -> tuple[Equation, ...]:
    """Read a formula into equations: one per outcome, step of regressors and of effects.

    Parameters
    ----------
    text : str
        ``outcome ~ regressors | effects``; the last part may be left out.

    Returns
    -------
    tuple of Equation
        Outcomes vary slowest, effects fastest. ``str(equation)`` is a formula again.

    Raises
    ------
    ModelError
        F-580 what cannot be read, with a caret under the place; F-581 what is read but not
        offered (instruments, varying slopes, lags, unknown functions); F-582 nothing to
        estimate; F-587 a formula that stands for too many models.

    Examples
    --------
    >>> equation, = parse_formula("trade ~ log(dist) + fta | exporter^year + importer^year")
    >>> equation.outcome, [str(term) for term in equation.terms]
    ('trade', ['log(dist)', 'fta'])
    >>> [effect.name for effect in equation.effects]
    ['exporter^year', 'importer^year']
    >>> for equation in parse_formula("trade ~ csw(fta, log(dist)) | sw0(year)"):
    ...     print(equation)
    trade ~ fta
    trade ~ fta | year
    trade ~ fta + log(dist)
    trade ~ fta + log(dist) | year
    """
    if not isinstance(text, str):
        raise ModelError(
            f"a formula is text, not {type(text).__name__}",
            code="F-580",
            remedy='Write for example "trade ~ fta | exporter^year + importer^year".',
        )
    return _equations(text)


@functools.lru_cache(maxsize=64)  # a fit reads its own formula three times
def _equations(text: str) -> tuple[Equation, ...]:
    reader = Reader(text)
    lefts = _read_outcomes(reader)
    pieces, constant = _read_regressors(reader)
    effects: list[tuple[Effect, ...] | Steps[Effect]] = []
    if reader.accept("|"):
        effects = read_sum(reader, _read_effect_piece, "effects")
    _expect_end(reader)
    rights, absorbed = alternatives(reader, pieces), alternatives(reader, effects)
    if len(lefts) * len(rights) * len(absorbed) > MOST:
        raise too_many(reader)
    return tuple(
        _equation(reader, left, terms, some, constant)
        for left, terms, some in itertools.product(lefts, rights, absorbed)
    )


def _equation(
    reader: Reader,
    left: Part,
    terms: Sequence[Term],
    effects: Sequence[Effect],
    constant: bool,
) -> Equation:
    """Drop what is said twice; a constant stands only where no effect absorbs it."""
    regressors = once(terms)
    absorbed: dict[frozenset[str], Effect] = {}
    for effect in effects:
        absorbed.setdefault(frozenset(effect.factors), effect)
    kept = tuple(absorbed.values())
    if not (regressors or kept or constant):
        raise reader.error(
            "no regressor, no effect and no constant: there is nothing to estimate",
            "Name a regressor, or leave out '- 1'.",
            code="F-582",
        )
    return Equation(left, regressors, kept, constant and not kept)


# --------------------------------------------------------------------- the left side


def _read_outcomes(reader: Reader) -> list[Part]:
    if not any(token.text == "~" for token in reader.tokens if token.kind == "sign"):
        raise reader.error(
            "no '~' in the formula",
            "Write outcome ~ regressors | effects, and 1 where there are no regressors.",
            at=reader.tokens[-1],
        )
    listed = reader.peek().text in {"c", "sw"} and reader.peek(1).text == "("
    if listed:
        reader.place += 2
    outcomes = [_read_outcome(reader)]
    while reader.accept("," if listed else "+"):
        outcomes.append(_read_outcome(reader))
    if listed:
        reader.expect(")", "Several outcomes are written c(y1, y2) ~ ... .")
    if not reader.sees("~"):
        raise reader.error(
            f"expected '~' after the outcome, found {reader.found()}",
            "Several outcomes are written c(y1, y2); arithmetic goes into I(y1 - y2).",
        )
    reader.take()
    return list(dict.fromkeys(outcomes))


def _read_outcome(reader: Reader) -> Part:
    if reader.peek().kind not in {"name", "quoted"}:
        raise reader.error(
            f"expected an outcome, found {reader.found()}",
            "The column to be explained stands before '~'.",
        )
    at = reader.peek()
    part = read_part(reader)
    if isinstance(part, Dummies | Interacted):
        raise reader.error(
            "dummies cannot be an outcome", "Name a column of numbers.", at=at
        )
    return part


# ------------------------------------------------------------------- the right side


def _read_regressors(
    reader: Reader,
) -> tuple[list[tuple[Term, ...] | Steps[Term]], bool]:
    """Read signed terms up to ``|`` or the end, and whether a constant is wanted."""
    constant = True
    pieces: list[tuple[Term, ...] | Steps[Term]] = []
    plus = not reader.accept("-")
    reader.accept("+")
    while True:
        if _sees_constant(reader):
            constant = (reader.take().text == "1") is plus
        elif plus:
            pieces.append(_read_terms_piece(reader))
        else:
            raise reader.error(
                "only the constant can be taken away, as '- 1'",
                "Leave the term out.",
            )
        if not reader.sees("+", "-"):
            return pieces, constant
        plus = reader.take().text == "+"


def _sees_constant(reader: Reader) -> bool:
    after = reader.peek(1)
    return reader.peek().text in {"0", "1"} and (
        after.kind == "end" or after.text in {"+", "-", "|", ",", ")", "~"}
    )


def _read_terms_piece(reader: Reader) -> tuple[Term, ...] | Steps[Term]:
    if sees_steps(reader):
        return read_steps(reader, _read_option)
    return read_product(reader)


def _read_option(reader: Reader) -> tuple[Term, ...]:
    """Read the terms of one step; ``1`` stands for none."""
    if _sees_constant(reader) and reader.peek().text == "1":
        reader.take()
        return ()
    return tuple(itertools.chain.from_iterable(read_sum(reader, read_product)))


# ---------------------------------------------------------------------------- effects


def _read_effect_piece(reader: Reader) -> tuple[Effect, ...] | Steps[Effect]:
    if sees_steps(reader):
        return read_steps(reader, _read_effects_option)
    if reader.peek().text == "0":
        reader.take()
        return ()
    return (_read_effect(reader),)


def _read_effects_option(reader: Reader) -> tuple[Effect, ...]:
    return tuple(read_sum(reader, _read_effect, "effects"))


def _read_effect(reader: Reader) -> Effect:
    """Read ``exporter^year`` or ``exporter:year``."""
    factors = [_read_effect_name(reader)]
    while reader.accept("^", ":"):
        at = reader.peek()
        name = _read_effect_name(reader)
        if name in factors:
            raise reader.error(f"{name!r} twice in one effect", "Name it once.", at=at)
        factors.append(name)
    if reader.sees("*"):
        raise reader.error(
            "'*' among the effects",
            "Write a + b + a^b; the last alone absorbs the others.",
        )
    if reader.sees("["):
        raise reader.error(
            "slopes that vary by effect are not offered",
            "Write i(fe, x) among the regressors, or absorb the effect alone.",
            code="F-581",
        )
    if reader.sees("/", "**", "%"):
        raise reader.error(
            f"{reader.found()} among the effects", "Combine columns with ^."
        )
    return Effect(tuple(factors))


def _read_effect_name(reader: Reader) -> str:
    token = reader.peek()
    called = reader.peek(1).text == "(" and reader.peek(1).kind == "sign"
    if called or reader.sees("("):
        raise reader.error(
            "an effect is a column or columns combined with ^",
            "Name the column alone: each of its values is a level. "
            "Combine as a^b, list with +.",
        )
    if token.kind not in {"name", "quoted"}:
        raise reader.error(
            f"expected a column, found {reader.found()}",
            "Effects are columns: | exporter^year + importer^year.",
        )
    return reader.take().text.strip("`")


# ---------------------------------------------------------------------------- refusals


def _expect_end(reader: Reader) -> None:
    token = reader.peek()
    if token.kind == "end":
        return
    if token.text == "|":
        raise reader.error(
            "a third part of the formula: instruments are not offered",
            "Write outcome ~ regressors | effects.",
            code="F-581",
        )
    if token.text == "~":
        raise reader.error("a second '~'", "Write outcome ~ regressors | effects.")
    raise reader.error(
        f"expected + or | or the end, found {reader.found()}",
        "Join terms with +; a column name with blanks stands in backticks.",
    )
