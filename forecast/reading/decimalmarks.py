"""Comma or point: which one parts the decimals of a column of numerals.

A numeral is a text such as "1 234,5" without blanks around it. Thousands may be
parted by spaces, apostrophes, or by that one of comma and point which is not the
decimal mark. Where both readings are possible, as with "1,234", nothing is guessed
that could be wrong by a factor of a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forecast.errors import NumberError

__all__ = ["Marks", "are_whole", "decimal_mark", "no_numbers", "to_floats", "too_large"]

LARGEST_INTEGER = 2**63 - 1

_GROUPS = r"[1-9]\d{{0,2}}(?P<mark>[ '{other}])\d{{3}}(?:(?P=mark)\d{{3}})*"
_NUMBER = r"[+-]?(?:(?:{groups}|\d+)(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?"


def _pattern(decimal: str, other: str) -> re.Pattern[str]:
    groups = _GROUPS.format(other=re.escape(other))
    return re.compile(
        _NUMBER.format(groups=groups, decimal=re.escape(decimal)), re.ASCII
    )


_WITH_DECIMAL = {".": _pattern(".", ","), ",": _pattern(",", ".")}


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of the decimal mark apart from the numbers; strongest first.

    Attributes
    ----------
    decimal : {",", "."}, optional
        The decimal mark, if the caller says so.
    hint : {",", "."}, optional
        The one that other columns prove; used where numbers are ambiguous.
    custom : {"."}, optional
        The one to believe in numbers like "1.234" without proof, as nearly every
        program writes it; None where thousands are as likely.
    """

    decimal: str | None = None
    hint: str | None = None
    custom: str | None = "."


def decimal_mark(
    numerals: Sequence[str], marks: Marks, column: str
) -> tuple[str, str | None]:
    """Return the decimal mark to use, and the one that the numerals prove, if any.

    Raises
    ------
    NumberError
        F-281 some numeral is no number, F-284 the mark is mixed or cannot be told.

    Examples
    --------
    >>> decimal_mark(["1 234,5", "7"], Marks(), "trade")
    (',', ',')
    """
    fits = {
        mark: {t for t in numerals if pattern.fullmatch(t)}
        for mark, pattern in _WITH_DECIMAL.items()
        if marks.decimal in {mark, None}
    }
    _refuse_others(numerals, set().union(*fits.values()), column)
    if marks.decimal is not None:
        return marks.decimal, marks.decimal
    able = [mark for mark in ".," if len(fits[mark]) == len(set(numerals))]
    if not able:
        raise _mixed(fits["."] - fits[","], fits[","] - fits["."], column)
    if len(able) == 1:
        return able[0], able[0]
    unclear = [t for t in numerals if "," in t or "." in t]
    if not unclear or marks.hint is not None:
        return marks.hint or ".", None
    if marks.custom is not None and all(marks.custom in t for t in unclear):
        return marks.custom, None
    raise _ambiguous(unclear, column)


def to_floats(numerals: Sequence[str], mark: str, column: str) -> list[float]:
    """Values of numerals, once their decimal mark is known.

    Raises
    ------
    NumberError
        F-283 an integer of 2^63 or more.

    Examples
    --------
    >>> to_floats(["1.234,5", "7"], ",", "trade")
    [1234.5, 7.0]
    """
    joined = "\n".join(numerals)
    for part in (" ", "'", "," if mark == "." else "."):
        joined = joined.replace(part, "")
    plain = joined.replace(mark, ".").split("\n") if numerals else []
    long = [t for t in plain if len(t) > 18 and _is_too_large(t.lstrip("+-0"))]
    if long:
        raise too_large(long, column)
    return [float(t) for t in plain]


def _is_too_large(digits: str) -> bool:
    # Python refuses to make an int of thousands of digits, so their number comes first.
    return digits.isdigit() and (len(digits) > 19 or int(digits) > LARGEST_INTEGER)


def are_whole(numerals: Sequence[str], mark: str) -> bool:
    """Whether all numerals are written as integers."""
    joined = "\n".join(numerals)
    return mark not in joined and "e" not in joined and "E" not in joined


def _refuse_others(numerals: Sequence[str], good: set[str], column: str) -> None:
    if bad := [repr(t) for t in dict.fromkeys(numerals) if t not in good]:
        raise no_numbers(bad, len(bad), column)


def no_numbers(examples: Sequence[str], count: int, column: str) -> NumberError:
    """Error F-281 for values that no rule makes a number."""
    return NumberError(
        f"column {column!r} has values that are no numbers ({count} different ones)",
        code="F-281",
        column=column,
        count=count,
        examples=examples,
        remedy="Correct them, or leave the cells empty where a value is missing.",
    )


def too_large(examples: Sequence[str], column: str) -> NumberError:
    """Error F-283 for integers that are hardly amounts."""
    return NumberError(
        f"column {column!r} holds integers of 2^63 or more",
        code="F-283",
        column=column,
        examples=examples,
        remedy="They look like identifiers: read the column as text, "
        "or use a larger unit if it is an amount.",
    )


def _mixed(points: set[str], commas: set[str], column: str) -> NumberError:
    return NumberError(
        f"column {column!r} has decimal points and decimal commas",
        code="F-284",
        column=column,
        count=min(len(points), len(commas)),
        examples=[repr(min(points)), repr(min(commas))] if points and commas else [],
        remedy="Write all values of the column in one way.",
    )


def _ambiguous(unclear: Sequence[str], column: str) -> NumberError:
    return NumberError(
        f"nothing tells whether comma or point in column {column!r} parts decimals or thousands",
        code="F-284",
        column=column,
        count=len(unclear),
        examples=[repr(t) for t in unclear],
        remedy="Pass decimal=',' or decimal='.'.",
    )
