"""A formula cut into tokens, and errors that point at one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forecast.errors import ModelError

__all__ = ["Reader", "Token", "point_at", "tokenise"]

SHAPES = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<quoted>`[^`]+`)"
    r"|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<sign>\*\*|//|<=|>=|==|!=|[-+*/^:~|()\[\]{},=<>%&!.])"
)
DEEPEST = 30  # brackets within brackets; deeper ones are no formula of a person
CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Token:
    """A piece of a formula.

    Attributes
    ----------
    kind : {"name", "number", "quoted", "text", "sign", "end"}
    text : str
    start : int
        Where it begins in the formula.
    """

    kind: str
    text: str
    start: int


def tokenise(formula: str) -> tuple[Token, ...]:
    """Cut a formula into tokens; the last one is the end.

    Raises
    ------
    ModelError
        F-580: a character that no formula has, a quote or a bracket without its partner.
    """
    tokens = []
    place = 0
    while place < len(formula):
        match = SHAPES.match(formula, place)
        if match is None:
            raise _unknown_character(formula, place)
        if match.lastgroup != "blank":
            tokens.append(Token(str(match.lastgroup), match[0], place))
        place = match.end()
    _check_brackets(formula, tokens)
    return (*tokens, Token("end", "", len(formula)))


def point_at(
    formula: str, place: int, problem: str, remedy: str, code: str = "F-580"
) -> ModelError:
    """Return an error with the formula and a caret under the place."""
    drawn = formula.translate({9: " ", 10: " ", 13: " "})
    return ModelError(
        problem,
        code=code,
        remedy=f"{remedy}\n    {drawn}\n    {' ' * place}^",
    )


class Reader:
    """The tokens of a formula, taken one after the other."""

    def __init__(self, formula: str) -> None:
        self.formula = formula
        self.tokens = tokenise(formula)
        self.place = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without taking it."""
        return self.tokens[min(self.place + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Take the next token."""
        token = self.peek()
        self.place += 1
        return token

    def sees(self, *signs: str) -> bool:
        """Tell whether the next token is one of these signs."""
        return self.peek().kind == "sign" and self.peek().text in signs

    def accept(self, *signs: str) -> bool:
        """Take the next token if it is one of these signs."""
        found = self.sees(*signs)
        self.place += found
        return found

    def expect(self, sign: str, remedy: str = "") -> None:
        """Take the sign, or refuse what stands in its place."""
        if not self.accept(sign):
            raise self.error(f"expected {sign!r}, found {self.found()}", remedy)

    def found(self) -> str:
        """Name the next token in a message."""
        token = self.peek()
        return "the end of the formula" if token.kind == "end" else repr(token.text)

    def error(
        self, problem: str, remedy: str, *, at: Token | None = None, code: str = "F-580"
    ) -> ModelError:
        """Return an error that points at a token, the next one by default."""
        start = (at or self.peek()).start
        return point_at(self.formula, start, problem, remedy, code)


def _unknown_character(formula: str, place: int) -> ModelError:
    character = formula[place]
    if character in "'\"`":
        problem = f"a {character} without its partner"
        remedy = "Names with blanks stand in backticks, text in quotes."
    else:
        problem = f"{character!r} has no meaning in a formula"
        remedy = "Put a column name that holds it in backticks."
    return point_at(formula, place, problem, remedy)


def _check_brackets(formula: str, tokens: list[Token]) -> None:
    opened: list[Token] = []
    for token in tokens:
        if token.kind != "sign":
            continue
        if token.text in CLOSING:
            opened.append(token)
        elif token.text in CLOSING.values():
            if not opened or CLOSING[opened[-1].text] != token.text:
                raise point_at(
                    formula,
                    token.start,
                    f"{token.text!r} closes nothing",
                    "Count the brackets.",
                )
            opened.pop()
        if len(opened) > DEEPEST:
            raise point_at(formula, token.start, "brackets too deep", "Write it flat.")
    if opened:
        text = opened[-1].text
        raise point_at(
            formula,
            opened[-1].start,
            f"{text!r} is never closed",
            f"Add {CLOSING[text]!r}.",
        )
