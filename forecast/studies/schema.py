"""The keys of a study file, as data: how each value is read and whether it must be there."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from forecast.errors import ForecastError
from forecast.events import Count, InForce, Lags, PhaseIn, Recipe, Stock, Window
from forecast.periods import parse_date

__all__ = [
    "CLAIM_KEYS",
    "INDICATOR_KEYS",
    "KEYS_OF_ALL",
    "KEYS_OF_KIND",
    "OF_RECIPE",
    "OTHER_SECTIONS",
    "RECIPES",
    "REQUIRED_SECTIONS",
    "SECTIONS",
    "Key",
    "WrongValueError",
]

RECIPES: dict[str, type[Recipe]] = {
    recipe.__name__: recipe for recipe in (Count, InForce, Lags, PhaseIn, Stock, Window)
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key: how its value is read, and whether it must be there."""

    read: Callable[[Any], Any]
    required: bool = False
    default: Any = None


class WrongValueError(Exception):
    """What a reader of values expects instead."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WrongValueError("a text between quotation marks")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise WrongValueError('a list of texts, such as ["Russia", "Kazakhstan"]')
    return tuple(value)


def _pair(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    if len(set(names)) != 2 or len(names) != 2:
        raise WrongValueError('a list of two partners, such as ["RU", "KZ"]')
    return names


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WrongValueError("a whole number, 0 or more")
    return value


def _year(value: Any) -> int:
    if not isinstance(value, int) or not 1800 <= value <= 2200:
        raise WrongValueError("a year between 1800 and 2200, without quotation marks")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WrongValueError("a number without quotation marks or separators")
    return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def _date(value: Any) -> pd.Timestamp:
    expected = "a date, such as 2021-09-30"
    if isinstance(value, bool) or not isinstance(value, date | datetime | str):
        raise WrongValueError(expected)
    try:
        return parse_date(value)
    except ForecastError as wrong:
        raise WrongValueError(expected) from wrong


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            close = difflib.get_close_matches(str(value), choices, n=1)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            raise WrongValueError(f"one of {list(choices)}{meant}")
        return str(value)

    return read


SECTIONS: dict[str, dict[str, Key]] = {
    "study": {
        "title": Key(_text, required=True),
        "as_of": Key(_date, required=True),
        "seed": Key(_whole, default=0),
        "output": Key(_text, default="output"),
    },
    "data": {
        "figures": Key(_text, required=True),
        "forecasts": Key(_text),
        "events": Key(_text),
        "control": Key(_text),
        "measure": Key(_text, default="million USD"),
    },
    "nowcast": {
        "year": Key(_year, required=True),
        "reporters": Key(_texts, default=()),
    },
    "hindsight": {"as_of": Key(_date, required=True)},
}
INDICATOR_KEYS = {"between": Key(_pair), "since": Key(_year), "as_of": Key(_date)}
CLAIM_KEYS: dict[str, Key] = {
    "kind": Key(_one_of("level", "record", "growth", "share"), required=True),
    "year": Key(_year, required=True),
    "value": Key(_number),
    "record": Key(_flag, default=False),
    "relation": Key(_one_of("about", "at least", "at most"), default="about"),
    "cause": Key(_text, default="cooperation"),
    "reporter": Key(_text),
    "text": Key(_text, default=""),
    "by": Key(_text, default=""),
    "source": Key(_text, default=""),
    "said_on": Key(_date),
    "as_of": Key(_date),
}
KEYS_OF_KIND = {
    "level": {"value", "record", "relation"},
    "record": {"value"},
    "growth": {"value", "relation"},
    "share": {"value", "cause"},
}
KEYS_OF_ALL = set(CLAIM_KEYS) - {"value", "record", "relation", "cause"}
REQUIRED_SECTIONS = ("study", "data", "nowcast")
OTHER_SECTIONS = ("indicators", "claims")
OF_RECIPE = {name: set(r.__dataclass_fields__) - {"_"} for name, r in RECIPES.items()}
