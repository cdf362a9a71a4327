"""Reads the file of a study of pairs; where it is wrong, names the key and the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast.errors import ForecastError
from forecast.events import Recipe
from forecast.studies.complaints import Reading, study_error
from forecast.studies.documents import parse_toml
from forecast.studies.indicator_recipes import read_recipe
from forecast.studies.pairs.focus import Focus, read_focus
from forecast.studies.pairs.plan import PairPlan, PanelPlan
from forecast.studies.pairs.registry import PARTS, PartKind
from forecast.studies.toml_lines import KeyPath, key_lines, spell
from forecast.studies.values import (
    Key,
    a_date,
    a_period,
    a_text,
    a_whole,
    some_texts,
)

__all__ = ["parse_pair_study"]

STUDY_KEYS = {
    "title": Key(a_text, required=True),
    "as_of": Key(a_date),
    "seed": Key(a_whole, default=0),
    "output": Key(a_text, default="output"),
}
PANEL_KEYS = {
    "data": Key(a_text, required=True),
    **{name: Key(a_text) for name in ("origin", "destination", "period", "flow")},
    **{name: Key(a_text) for name in ("sector", "unit", "reporter")},
    **{name: Key(a_text) for name in ("source", "released")},
    "covariates": Key(some_texts),
    "since": Key(a_period),
    "until": Key(a_period),
    "lag_days": Key(a_whole, default=0),
    "events": Key(a_text),
    "focus": Key(read_focus, default=Focus()),
}


def parse_pair_study(source: str, name: str = "the study") -> PairPlan:
    """Check the text of a study of pairs; `name` is how messages call it.

    Raises
    ------
    StudyError
        F-701 no TOML, F-702 unknown key, F-703 missing key, F-704 wrong type or value,
        F-705 keys that do not fit each other, F-710 a table that another one needs.

    Examples
    --------
    >>> plan = parse_pair_study('''
    ... [study]
    ... title = "Who trades with whom"
    ... [panel]
    ... data = "flows.csv"
    ... [gravity]
    ... formula = "flow ~ agreement | origin^period + destination^period"
    ... ''')
    >>> plan.parts["gravity"].cluster
    ('pair',)
    """
    document = parse_toml(source, name)
    reading, lines = Reading(), key_lines(source)
    reading.unknown(document, ["study", "panel", "indicators", *PARTS], ())
    study = _section(document, "study", STUDY_KEYS, reading)
    panel = _section(document, "panel", PANEL_KEYS, reading)
    recipes = _recipes(document, reading)
    parts = {
        table: _part(document[table], table, kind, reading)
        for table, kind in PARTS.items()
        if table in document
    }
    _complain_of_misfits(document, parts, panel, study, reading)
    if reading.complaints:
        raise study_error(reading.complaints, lines, name)
    return PairPlan(
        **study,
        panel=PanelPlan(**panel),
        recipes=recipes,
        parts=parts,
        name=name,
        lines=lines,
    )


def _section(
    document: Mapping[str, Any], name: str, keys: Mapping[str, Key], reading: Reading
) -> dict[str, Any]:
    if name not in document:
        reading.complain("F-703", (name,), "missing table", f"Add [{name}].")
        return dict.fromkeys(keys)
    return reading.values(reading.table(document[name], (name,)), keys, (name,))


def _recipes(document: Mapping[str, Any], reading: Reading) -> dict[str, Recipe]:
    at: KeyPath = ("indicators",)
    if "indicators" not in document:
        return {}
    found = {
        name: read_recipe(reading.table(entry, (*at, name)), (*at, name), reading)
        for name, entry in reading.table(document["indicators"], at).items()
    }
    return {name: recipe for name, recipe in found.items() if recipe is not None}


def _part(value: Any, table: str, kind: PartKind, reading: Reading) -> Any:
    """Read the plan of one part, or of each table of its array."""
    if not kind.is_array:
        return _plan(reading.table(value, (table,)), (table,), kind, reading)
    if not isinstance(value, list) or not value:
        reading.complain(
            "F-704", (table,), "must be an array of tables", f"Write [[{table}]]."
        )
        return ()
    entries = (
        _plan(reading.table(entry, (table, i)), (table, i), kind, reading)
        for i, entry in enumerate(value)
    )
    return tuple(entries)


def _plan(
    table: Mapping[str, Any], at: KeyPath, kind: PartKind, reading: Reading
) -> Any:
    before = len(reading.complaints)
    values = reading.values(table, kind.keys, at)
    if len(reading.complaints) > before:
        return None
    try:
        return kind.plan(**values)
    except ForecastError as wrong:
        named = wrong.column if wrong.column in kind.keys else None
        where = at if named is None else (*at, named)
        reading.complain("F-705", where, wrong.problem, wrong.remedy)
        return None


def _complain_of_misfits(
    document: Mapping[str, Any],
    parts: Mapping[str, Any],
    panel: Mapping[str, Any],
    study: Mapping[str, Any],
    reading: Reading,
) -> None:
    """Tables and keys that are right alone and wrong together."""
    for table in parts:
        for needed in PARTS[table].needs:
            if needed not in document:
                reading.complain(
                    "F-710",
                    (table,),
                    f"needs [{needed}], and the study has none",
                    f"Add [{needed}].",
                )
    if not parts and not reading.complaints:
        known = ", ".join(spell((name,)) for name in PARTS)
        reading.complain(
            "F-703", ("study",), "asks for nothing", f"Add one of the tables {known}."
        )
    if "indicators" in document and not panel["events"]:
        reading.complain(
            "F-705",
            ("indicators",),
            "needs events, and the study has none",
            "Add events to [panel].",
        )
    if panel["lag_days"] and study["as_of"] is None and "backtest" not in document:
        reading.complain(
            "F-705",
            ("panel", "lag_days"),
            "changes nothing without a day on which figures were known",
            "Add as_of to [study], or a [backtest].",
        )
    if panel["released"] and study["as_of"] is None:
        reading.complain(
            "F-705",
            ("panel", "released"),
            "needs a day on which figures were known",
            "Add as_of to [study].",
        )
