"""How the values of a study file are read: each reader returns one kind of value."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from forecast.errors import ForecastError
from forecast.periods import parse_date

__all__ = [
    "Key",
    "WrongValueError",
    "a_count",
    "a_date",
    "a_flag",
    "a_number",
    "a_pair",
    "a_period",
    "a_table",
    "a_text",
    "a_whole",
    "a_year",
    "one_of",
    "some_pairs",
    "some_texts",
    "texts_or_text",
]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: how its value is read, and whether it must be there."""

    read: Callable[[Any], Any]
    required: bool = False
    default: Any = None


class WrongValueError(Exception):
    """What a reader of values expects instead."""


def a_text(value: Any) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise WrongValueError("a text between quotation marks")
    return value


def some_texts(value: Any) -> tuple[str, ...]:
    """Read a list of texts."""
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise WrongValueError('a list of texts, such as ["Russia", "Kazakhstan"]')
    return tuple(value)


def a_pair(value: Any) -> tuple[str, ...]:
    """Read two different texts."""
    names = some_texts(value)
    if len(set(names)) != 2 or len(names) != 2:
        raise WrongValueError('a list of two partners, such as ["RU", "KZ"]')
    return names


def a_whole(value: Any) -> int:
    """Read a whole number from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WrongValueError("a whole number, 0 or more")
    return value


def a_year(value: Any) -> int:
    """Read a year."""
    if not isinstance(value, int) or not 1800 <= value <= 2200:
        raise WrongValueError("a year between 1800 and 2200, without quotation marks")
    return value


def a_number(value: Any) -> float:
    """Read a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WrongValueError("a number without quotation marks or separators")
    return float(value)


def a_flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def a_date(value: Any) -> pd.Timestamp:
    """Read a day."""
    expected = "a date, such as 2021-09-30"
    if isinstance(value, bool) or not isinstance(value, date | datetime | str):
        raise WrongValueError(expected)
    try:
        return parse_date(value)
    except ForecastError as wrong:
        raise WrongValueError(expected) from wrong


def a_count(value: Any) -> int:
    """Read a whole number from 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise WrongValueError("a whole number, 1 or more")
    return value


def texts_or_text(value: Any) -> tuple[str, ...]:
    """Read one text, or a list of texts."""
    if isinstance(value, str) and value.strip():
        return (value,)
    if not isinstance(value, list) or not value:
        raise WrongValueError("a text, or a list of texts")
    return tuple(a_text(one) for one in value)


def some_pairs(value: Any) -> tuple[tuple[str, str], ...]:
    """Read a list of pairs of codes."""
    expected = 'a list of pairs, such as [["KAZ", "CHN"]]'
    if not isinstance(value, list) or not value:
        raise WrongValueError(expected)
    for one in value:
        both = isinstance(one, list) and len(one) == 2
        if not both or not all(isinstance(code, str) and code for code in one):
            raise WrongValueError(expected)
    return tuple((one[0], one[1]) for one in value)


def a_period(value: Any) -> str:
    """Read a year as a number, or a period as a text: 2015, "2015-09"."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise WrongValueError('a period, such as 2015 or "2015-09"')
    return a_text(str(value))


def a_table(value: Any) -> dict[str, Any]:
    """Read a table with keys of the author's own choice."""
    if not isinstance(value, dict):
        raise WrongValueError('a table, such as { agreement = "1" }')
    return value


def one_of(*choices: str) -> Callable[[Any], str]:
    """Give a reader of one of some words; a near miss is guessed."""

    def read(value: Any) -> str:
        if value not in choices:
            close = difflib.get_close_matches(str(value), choices, n=1)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            raise WrongValueError(f"one of {list(choices)}{meant}")
        return str(value)

    return read
