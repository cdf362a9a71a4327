"""Expressions of coefficients, ``100*(exp(rta) - 1)``, with their exact gradient.

Coefficients are named as in the table of the fit; names that are no plain words, such
as ``log(dist)``, stand as they are or in backticks. An expression is evaluated with its
derivatives (forward differentiation), so nothing is approximated.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.records import Floats

__all__ = ["Expression", "Value", "read_expression", "read_hypotheses"]

CONSTANT, LINEAR, NONLINEAR = 0, 1, 2
LONGEST = 5_000
"""Characters of an expression; a list of terms is shorter than that."""


@dataclass(frozen=True)
class Value:
    """A number with its derivatives.

    Attributes
    ----------
    number : float
    slopes : float array of shape (k,)
    degree : {0, 1, 2}
        Constant, linear in the coefficients, or neither.
    """

    number: float
    slopes: Floats
    degree: int


@dataclass(frozen=True)
class Expression:
    """An expression of k coefficients.

    Attributes
    ----------
    text : str
        As it was written.
    """

    text: str
    tree: ast.expr = field(repr=False)
    k: int

    def at(self, beta: Floats) -> Value:
        """Evaluate at coefficients of shape (k,).

        Raises
        ------
        ModelError
            F-577 where the result is no finite number.
        """
        try:
            value = evaluate(self.tree, beta)
        except (ArithmeticError, ValueError) as error:
            raise self._not_finite(str(error)) from error
        if not (np.isfinite(value.number) and np.isfinite(value.slopes).all()):
            raise self._not_finite("it is not finite")
        return value

    def _not_finite(self, why: str) -> ModelError:
        return ModelError(
            f"{self.text!r} cannot be computed at these coefficients: {why}",
            code="F-577",
            remedy="Logarithms and roots need positive numbers, quotients a divisor "
            "that is not zero.",
        )


def read_expression(text: str, terms: Sequence[str]) -> Expression:
    """Read one expression of coefficients.

    Parameters
    ----------
    text : str
        Names of coefficients, numbers, ``+ - * / ** ^``, brackets and the functions
        exp, log and sqrt.
    terms : sequence of str
        Names of the k coefficients.

    Raises
    ------
    ModelError
        F-566 where it cannot be read.

    Examples
    --------
    >>> expression = read_expression("100*(exp(rta) - 1)", ["rta", "log(dist)"])
    >>> value = expression.at(np.array([0.5, -1.0]))
    >>> round(value.number, 2), value.slopes.round(2)
    (64.87, array([164.87,   0.  ]))
    """
    return _parse(_named(text, terms), text.strip(), terms)


def read_hypotheses(text: str, terms: Sequence[str]) -> tuple[Expression, ...]:
    """Read equations, split by commas, each as the difference of its sides.

    ``a = b = 0`` is two equations; an expression without a sign is zero.

    Raises
    ------
    ModelError
        F-566 where one cannot be read.

    Examples
    --------
    >>> [equation.text for equation in read_hypotheses("a = b = 1, a", ["a", "b"])]
    ['a = b', 'b = 1', 'a = 0']
    """
    hypotheses = []
    for written in _split(_named(text, terms), ","):
        sides = _split(written.replace("==", "="), "=")
        if len(sides) == 1:
            sides.append("0")
        for left, right in itertools.pairwise(sides):
            shown = f"{_plain(left, terms)} = {_plain(right, terms)}"
            _parse(left, _plain(left, terms), terms)
            _parse(right, _plain(right, terms), terms)
            hypotheses.append(_parse(f"({left}) - ({right})", shown, terms))
    return tuple(hypotheses)


# ------------------------------------------------------------------------- reading


def _named(text: object, terms: Sequence[str]) -> str:
    """Put ``_b0``, ``_b1``, ... for the names of coefficients, the longest first."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ModelError(
            "an expression of coefficients is a text"
            + (
                ""
                if not isinstance(text, str)
                else f" of at most {LONGEST:,} characters"
            ),
            code="F-566",
            remedy='Such as "rta = 0" or "x_lag1 + x_lag2".',
        )
    places = {name: k for k, name in enumerate(terms)}
    longest = sorted(places, key=len, reverse=True)
    pieces = [f"`{re.escape(name)}`|{_bounded(name)}" for name in longest]
    if not pieces:
        return text
    return re.sub(
        "|".join(pieces), lambda match: f" _b{places[match[0].strip('`')]} ", text
    )


def _bounded(name: str) -> str:
    """A pattern for a name that is no part of a longer one."""
    before = r"(?<![\w.`])" if re.match(r"\w", name) else ""
    after = r"(?![\w`]|\.\w)" if re.search(r"\w$", name) else ""
    return before + re.escape(name) + after


def _plain(code: str, terms: Sequence[str]) -> str:
    """The text of a piece with its names back."""
    named = re.sub(r" _b(\d+) ", lambda match: terms[int(match[1])], code)
    return " ".join(named.split())


def _split(text: str, sign: str) -> list[str]:
    """Split where a sign stands outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == sign and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _parse(code: str, shown: str, terms: Sequence[str]) -> Expression:
    try:
        tree = ast.parse(code.strip().replace("^", "**"), mode="eval").body
        _check(tree, shown, terms)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"{shown!r} is no expression of coefficients",
            code="F-566",
            remedy="Write arithmetic: + - * / ** and brackets, with exp, log, sqrt.",
        ) from error
    return Expression(shown, tree, len(terms))


def _check(node: ast.expr, shown: str, terms: Sequence[str]) -> None:
    """Refuse whatever is neither arithmetic nor a coefficient."""
    match node:
        case ast.Constant(value=bool() | str() | bytes() | complex() | None):
            _refuse(shown, f"{ast.unparse(node)} is no number")
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name) if re.fullmatch(r"_b\d+", name):
            return
        case ast.Name(id=name):
            near = difflib.get_close_matches(name, list(terms), n=1)
            meant = f"Did you mean {near[0]!r}? " if near else ""
            _refuse(
                shown,
                f"there is no coefficient {name!r}",
                f"{meant}There are {', '.join(map(repr, terms[:12]))}"
                f"{' and more' if len(terms) > 12 else ''}.",
            )
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=inner):
            _check(inner, shown, terms)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            _check(left, shown, terms)
            _check(right, shown, terms)
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]):
            if name not in FUNCTIONS:
                _refuse(shown, f"there is no function {name!r} of coefficients")
            _check(inner, shown, terms)
        case _:
            _refuse(shown, f"{ast.unparse(node)!r} is no arithmetic")


def _refuse(shown: str, problem: str, remedy: str = "") -> NoReturn:
    raise ModelError(
        f"{shown!r} cannot be read: {problem}",
        code="F-566",
        remedy=remedy
        or "Write arithmetic: + - * / ** and brackets, with exp, log, sqrt.",
    )


# ---------------------------------------------------------------------- evaluation


def evaluate(node: ast.expr, beta: Floats) -> Value:
    """Evaluate a checked tree with its derivatives."""
    match node:
        case ast.Constant(value=number):
            return Value(float(number), np.zeros(beta.size), CONSTANT)  # type: ignore[arg-type]
        case ast.Name(id=name):
            place = int(name[2:])
            slopes = np.zeros(beta.size)
            slopes[place] = 1.0
            return Value(float(beta[place]), slopes, LINEAR)
        case ast.UnaryOp(op=op, operand=inner):
            value = evaluate(inner, beta)
            sign = -1.0 if isinstance(op, ast.USub) else 1.0
            return Value(sign * value.number, sign * value.slopes, value.degree)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](evaluate(left, beta), evaluate(right, beta))
        case ast.Call(func=ast.Name(id=name), args=[inner]):
            value = evaluate(inner, beta)
            number, slope = FUNCTIONS[name](value.number)
            degree = CONSTANT if value.degree == CONSTANT else NONLINEAR
            return Value(number, slope * value.slopes, degree)
        case _:
            raise TypeError(ast.dump(node))


def _sum(sign: float) -> Callable[[Value, Value], Value]:
    def add(a: Value, b: Value) -> Value:
        return Value(
            a.number + sign * b.number,
            a.slopes + sign * b.slopes,
            max(a.degree, b.degree),
        )

    return add


def _product(a: Value, b: Value) -> Value:
    return Value(
        a.number * b.number,
        a.number * b.slopes + b.number * a.slopes,
        min(a.degree + b.degree, NONLINEAR),
    )


def _quotient(a: Value, b: Value) -> Value:
    number = a.number / b.number
    slopes = (a.slopes - number * b.slopes) / b.number
    return Value(number, slopes, a.degree if b.degree == CONSTANT else NONLINEAR)


def _power(a: Value, b: Value) -> Value:
    number = math.pow(a.number, b.number)
    slopes = np.zeros_like(a.slopes)
    if a.degree != CONSTANT and b.number != 0:
        slopes = b.number * math.pow(a.number, b.number - 1) * a.slopes
    if b.degree != CONSTANT:
        slopes = slopes + number * math.log(a.number) * b.slopes
    if b.degree != CONSTANT:
        return Value(number, slopes, NONLINEAR)
    degree = {0.0: CONSTANT, 1.0: a.degree}.get(b.number, NONLINEAR)
    return Value(number, slopes, min(degree, a.degree and NONLINEAR))


OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: _sum(1.0),
    ast.Sub: _sum(-1.0),
    ast.Mult: _product,
    ast.Div: _quotient,
    ast.Pow: _power,
}
FUNCTIONS: dict[str, Callable[[float], tuple[float, float]]] = {
    "exp": lambda x: (math.exp(x), math.exp(x)),
    "log": lambda x: (math.log(x), 1 / x),
    "sqrt": lambda x: (math.sqrt(x), 0.5 / math.sqrt(x)),
}
