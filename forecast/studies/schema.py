"""The keys of a study file, as data: how each value is read and whether it must be there."""

from __future__ import annotations

from forecast.studies.values import (
    Key,
    a_date,
    a_flag,
    a_number,
    a_pair,
    a_text,
    a_whole,
    a_year,
    one_of,
    some_texts,
)

__all__ = [
    "CLAIM_KEYS",
    "INDICATOR_KEYS",
    "KEYS_OF_ALL",
    "KEYS_OF_KIND",
    "OTHER_SECTIONS",
    "REQUIRED_SECTIONS",
    "SECTIONS",
]

SECTIONS: dict[str, dict[str, Key]] = {
    "study": {
        "title": Key(a_text, required=True),
        "as_of": Key(a_date, required=True),
        "seed": Key(a_whole, default=0),
        "output": Key(a_text, default="output"),
    },
    "data": {
        "figures": Key(a_text, required=True),
        "forecasts": Key(a_text),
        "events": Key(a_text),
        "control": Key(a_text),
        "agreements": Key(a_text),
        "measure": Key(a_text, default="million USD"),
    },
    "nowcast": {
        "year": Key(a_year, required=True),
        "reporters": Key(some_texts, default=()),
    },
    "hindsight": {"as_of": Key(a_date, required=True)},
}
INDICATOR_KEYS = {"between": Key(a_pair), "since": Key(a_year), "as_of": Key(a_date)}
CLAIM_KEYS: dict[str, Key] = {
    "kind": Key(one_of("level", "record", "growth", "share"), required=True),
    "year": Key(a_year, required=True),
    "value": Key(a_number),
    "record": Key(a_flag, default=False),
    "relation": Key(one_of("about", "at least", "at most"), default="about"),
    "cause": Key(a_text, default="cooperation"),
    "reporter": Key(a_text),
    "text": Key(a_text, default=""),
    "by": Key(a_text, default=""),
    "source": Key(a_text, default=""),
    "said_on": Key(a_date),
    "as_of": Key(a_date),
}
KEYS_OF_KIND = {
    "level": {"value", "record", "relation"},
    "record": {"value"},
    "growth": {"value", "relation"},
    "share": {"value", "cause"},
}
KEYS_OF_ALL = set(CLAIM_KEYS) - {"value", "record", "relation", "cause"}
REQUIRED_SECTIONS = ("study", "data", "nowcast")
OTHER_SECTIONS = ("indicators", "claims", "gravity", "scenarios")
