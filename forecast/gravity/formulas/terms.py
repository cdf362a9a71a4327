"""What a formula is made of: parts, terms and equations."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forecast.gravity.records import Effect

__all__ = [
    "Call",
    "Column",
    "Dummies",
    "Equation",
    "Interacted",
    "Level",
    "Log",
    "Part",
    "Term",
    "parts_of",
    "quoted",
]

Level = str | int | float | bool
PLAIN_NAME = re.compile(r"[^\W\d][\w.]*")


def quoted(name: str) -> str:
    """Return a column name as a formula writes it, in backticks where it needs them.

    Examples
    --------
    >>> quoted("gdp"), quoted("GDP per head")
    ('gdp', '`GDP per head`')
    """
    return name if PLAIN_NAME.fullmatch(name) else f"`{name}`"


@dataclass(frozen=True)
class Column:
    """A column as it stands: a number, or dummies if it holds text or categories."""

    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that this part reads."""
        return (self.name,)

    def __str__(self) -> str:
        return quoted(self.name)


@dataclass(frozen=True)
class Log:
    """The natural logarithm of a column."""

    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that this part reads."""
        return (self.name,)

    def __str__(self) -> str:
        return f"log({quoted(self.name)})"


@dataclass(frozen=True)
class Dummies:
    """One dummy per level of a column, ``C(column)``."""

    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that this part reads."""
        return (self.name,)

    def __str__(self) -> str:
        return f"C({quoted(self.name)})"


@dataclass(frozen=True)
class Interacted:
    """Dummies of a column, perhaps times another one: ``i(year, x, ref=2002)``.

    Attributes
    ----------
    name : str
        The column whose levels become dummies.
    by : str or None
        The column that they are multiplied with.
    crossed : bool
        Whether `by` is taken as levels even if it holds numbers, ``i(year, i.sector)``.
    references, by_references : tuple
        Levels without a dummy, of `name` and of `by`.
    """

    name: str
    by: str | None = None
    crossed: bool = False
    references: tuple[Level, ...] = ()
    by_references: tuple[Level, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that this part reads."""
        return (self.name,) if self.by is None else (self.name, self.by)

    def __str__(self) -> str:
        parts = [quoted(self.name)]
        if self.by is not None:
            parts.append(f"i.{quoted(self.by)}" if self.crossed else quoted(self.by))
        if self.references:
            parts.append(f"ref={_listed(self.references)}")
        if self.by_references:
            parts.append(f"ref2={_listed(self.by_references)}")
        return f"i({', '.join(parts)})"


@dataclass(frozen=True)
class Call:
    """A transform that formulaic computes, such as ``poly(x, 2)``.

    Attributes
    ----------
    text : str
        As the formula writes it, with uniform blanks.
    code : str
        The same with ``_c0``, ``_c1``, ... in place of the columns.
    columns : tuple of str
    """

    text: str
    code: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return self.text


Part = Column | Log | Dummies | Interacted | Call


@dataclass(frozen=True)
class Term:
    """A part, or the product of several: ``x``, ``log(dist):border``."""

    parts: tuple[Part, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that this term reads, each once."""
        names = (name for part in self.parts for name in part.columns)
        return tuple(dict.fromkeys(names))

    def __str__(self) -> str:
        return ":".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class Equation:
    """One model to estimate, as a formula states it; printed, it is a formula again.

    Attributes
    ----------
    left : Part
        The outcome.
    terms : tuple of Term
        Regressors in the order of the formula.
    effects : tuple of Effect
    intercept : bool
        Whether a constant is among the regressors; never where there are effects.
    """

    left: Part
    terms: tuple[Term, ...]
    effects: tuple[Effect, ...]
    intercept: bool

    @property
    def outcome(self) -> str:
        """The outcome as the formula writes it."""
        return str(self.left)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns that the equation reads, each once."""
        names = [*self.left.columns]
        names += [name for term in self.terms for name in term.columns]
        names += [name for effect in self.effects for name in effect.factors]
        return tuple(dict.fromkeys(names))

    def __str__(self) -> str:
        right = " + ".join(str(term) for term in self.terms) or "1"
        if not self.effects and not self.intercept:
            right += " - 1"
        effects = " + ".join(_effect_text(effect) for effect in self.effects)
        return f"{self.left} ~ {right}" + (f" | {effects}" if effects else "")


def parts_of(equation: Equation) -> tuple[Part, ...]:
    """Return all parts of the regressors, in order."""
    return tuple(part for term in equation.terms for part in term.parts)


def _effect_text(effect: Effect) -> str:
    return "^".join(quoted(name) for name in effect.factors)


def _listed(levels: tuple[Level, ...]) -> str:
    if len(levels) == 1:
        return repr(levels[0])
    return f"[{', '.join(repr(level) for level in levels)}]"
