"""Terms of a formula: sums, products, interactions and powers, as R writes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TypeVar

from forecast.errors import ModelError
from forecast.gravity.formulas.calls import read_call
from forecast.gravity.formulas.terms import Column, Interacted, Level, Part, Term
from forecast.gravity.formulas.tokens import Reader

__all__ = ["MOST", "STEPS", "once", "read_part", "read_product", "read_sum", "too_many"]

STEPS = ("sw", "sw0", "csw", "csw0", "mvsw")
MOST = 2_000  # equations of one formula, or terms of one equation
T = TypeVar("T")


def read_sum(
    reader: Reader, read: Callable[[Reader], T], what: str = "terms"
) -> list[T]:
    """Read pieces joined by ``+``."""
    pieces = [read(reader)]
    while reader.accept("+"):
        pieces.append(read(reader))
    if reader.sees("-"):
        raise reader.error(f"{what} cannot be taken away", "Leave it out.")
    return pieces


def read_product(reader: Reader) -> tuple[Term, ...]:
    """Read ``a*b``: the terms of each side and their interactions."""
    left = _read_interaction(reader)
    while reader.accept("*"):
        right = _read_interaction(reader)
        left = _by_order((*left, *right, *_crossed(left, right)))
        _check_number(reader, left)
    if reader.sees("/", "//", "%"):
        raise reader.error(
            f"{reader.peek().text!r} between terms",
            "For a ratio write I(a / b), for nesting a + a:b.",
        )
    return left


def _read_interaction(reader: Reader) -> tuple[Term, ...]:
    """Read ``a:b``: the products of the terms of each side."""
    left = _read_power(reader)
    while reader.accept(":"):
        left = _crossed(left, _read_power(reader))
        _check_number(reader, left)
    return left


def _read_power(reader: Reader) -> tuple[Term, ...]:
    """Read ``(a + b)^2``: the terms and their interactions up to that order."""
    grouped = reader.sees("(")
    terms = _read_atom(reader)
    if not reader.sees("^", "**"):
        return terms
    at = reader.take()
    if not grouped:
        raise reader.error(
            f"{at.text!r} between regressors",
            "For a power write I(x**2), for an interaction x1:x2; ^ combines effects.",
            at=at,
        )
    order = reader.take()
    if order.text not in {*"123456789"}:
        raise reader.error("expected a whole number", "Such as (a + b)^2.", at=order)
    base = terms
    for _ in range(min(int(order.text), len(base)) - 1):
        terms = _by_order((*terms, *_crossed(terms, base)))
        _check_number(reader, terms)
    return terms


def _read_atom(reader: Reader) -> tuple[Term, ...]:
    if reader.accept("("):
        pieces = read_sum(reader, read_product)
        reader.expect(")")
        return once(itertools.chain.from_iterable(pieces))
    return (Term((read_part(reader),)),)


def read_part(reader: Reader) -> Part:
    """Read a column, a transform or ``i(...)``."""
    token, after = reader.peek(), reader.peek(1)
    if token.kind == "quoted":
        reader.take()
        return Column(token.text.strip("`"))
    if token.kind != "name":
        raise _no_atom(reader)
    if after.text != "(" or after.kind != "sign":
        reader.take()
        if reader.sees("["):
            raise reader.error(
                "brackets after a regressor", "Write i(fe, x) for slopes by fe."
            )
        return Column(token.text)
    if token.text == "i":
        return _read_interacted(reader)
    if token.text in {*STEPS, "c"}:
        raise reader.error(
            f"{token.text}() cannot stand here",
            "Stepwise lists are terms of their own, joined by +, not nested.",
        )
    return read_call(reader)


def _no_atom(reader: Reader) -> ModelError:
    if reader.peek().kind == "number":
        return reader.error(
            f"a number, {reader.found()}, among the regressors",
            "Arithmetic goes into I(2 * x); only 1, 0 and - 1 stand alone.",
        )
    hint = "Write 1 where there are no regressors."
    if reader.sees("."):
        hint = "List the regressors by name."
    if reader.sees("{"):
        hint = "Put arithmetic into I(...)."
    return reader.error(f"expected a column, found {reader.found()}", hint)


def once(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Keep the first of equal terms; ``a:b`` equals ``b:a``."""
    kept: dict[frozenset[Part], Term] = {}
    for term in terms:
        kept.setdefault(frozenset(term.parts), term)
    return tuple(kept.values())


def _by_order(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Put single parts before products of two, those before products of three."""
    return tuple(sorted(once(terms), key=lambda term: len(term.parts)))


def _crossed(left: tuple[Term, ...], right: tuple[Term, ...]) -> tuple[Term, ...]:
    """Multiply each term with each; a part times itself is the part, as in R."""
    return once(
        Term(tuple(dict.fromkeys((*one.parts, *other.parts))))
        for one, other in itertools.product(left, right)
    )


# ----------------------------------------------------------------------------- i(...)


def _read_interacted(reader: Reader) -> Interacted:
    """Read ``i(factor, by, ref=..., ref2=...)``; the reader stands at ``i``."""
    start = reader.take()
    reader.expect("(")
    name, _ = _read_factor_name(reader)
    by, crossed = None, False
    references: dict[str, tuple[Level, ...]] = {}
    while reader.accept(","):
        keyed = reader.peek(1).text == "=" and reader.peek().kind == "name"
        if keyed or reader.peek().kind not in {"name", "quoted"}:
            key = _reference_key(reader) if keyed else "ref"
            references[key] = _read_levels(reader)
        elif by is None and not references:
            by, crossed = _read_factor_name(reader)
        else:
            raise reader.error(
                "i() has one column and one to multiply with", "Add a term."
            )
    reader.expect(")", "i(factor, x, ref=2002)")
    if by is None and "ref2" in references:
        raise reader.error("ref2= without a second factor", "Write ref=.", at=start)
    found = references.get("ref", ()), references.get("ref2", ())
    return Interacted(name, by, crossed or bool(found[1]), *found)


def _read_factor_name(reader: Reader) -> tuple[str, bool]:
    """Read a column; ``i.column`` asks for its levels."""
    token = reader.take()
    if token.kind == "name" and token.text == "i." and reader.peek().kind == "quoted":
        return reader.take().text.strip("`"), True
    if token.kind == "name" and token.text.startswith("i."):
        return token.text[2:], True
    if token.kind not in {"name", "quoted"} or reader.sees("("):
        raise reader.error(
            "i() takes columns by name",
            "Compute transforms as columns first.",
            at=token,
        )
    return token.text.strip("`"), False


def _reference_key(reader: Reader) -> str:
    key = reader.take()
    reader.expect("=")
    if key.text not in {"ref", "ref2"}:
        raise reader.error(
            f"i() has no option {key.text!r}",
            "It has ref= and ref2=; group or select levels as a column first.",
            at=key,
            code="F-581",
        )
    return key.text


def _read_levels(reader: Reader) -> tuple[Level, ...]:
    """Read one level or a list: ``2002``, ``'A'``, ``[2001, 2002]``, ``c('A', 'B')``."""
    if reader.peek().text == "c" and reader.peek(1).text == "(":
        reader.take()
    for opening, closing in (("(", ")"), ("[", "]")):
        if reader.accept(opening):
            levels = [_read_level(reader)]
            while reader.accept(","):
                levels.append(_read_level(reader))
            reader.expect(closing)
            return tuple(dict.fromkeys(levels))
    return (_read_level(reader),)


def _read_level(reader: Reader) -> Level:
    sign = -1 if reader.accept("-") else 1
    token = reader.take()
    if token.kind == "number" and len(token.text) < 20:
        whole = token.text.isdigit()
        return sign * (int(token.text) if whole else float(token.text))
    if token.kind == "text" and sign == 1:
        return token.text[1:-1]
    if token.text in {"True", "False"}:
        return token.text == "True"
    raise reader.error(
        f"expected a level, found {token.text!r}",
        "Write numbers as they are and text in quotes: ref=2002, ref='ARG'.",
        at=token,
    )


# -------------------------------------------------------------------------- refusals


def _check_number(reader: Reader, terms: tuple[Term, ...]) -> None:
    if len(terms) > MOST:
        raise too_many(reader)


def too_many(reader: Reader) -> ModelError:
    """Return the refusal of a formula that multiplies beyond use."""
    return ModelError(
        f"the formula stands for more than {MOST:,} models or terms",
        code="F-587",
        remedy=f"Write it shorter: {reader.formula[:80]}",
    )
