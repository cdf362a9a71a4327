"""Reads ``[gravity]`` and ``[[scenarios]]`` of a study file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from forecast.studies.complaints import Reading
from forecast.studies.gravity_half.plan import GravityPlan, ScenarioPlan
from forecast.studies.toml_lines import KeyPath
from forecast.studies.values import (
    Key,
    WrongValueError,
    a_date,
    a_text,
    a_whole,
    one_of,
)

__all__ = ["read_gravity", "read_scenarios"]

SHARING = ("any", "phase", "any_1992", "phase_1992")
"""Models whose terms the list of agreements gives a value to."""
MODELS = (*SHARING, "depth", "depth_1992", "cis_1992", "union_1992")


def _changes(value: Any) -> Mapping[str, float]:
    expected = "terms and their changes, such as { depth = 1 }"
    if not isinstance(value, dict) or not value:
        raise WrongValueError(expected)
    numbers = [v for v in value.values() if isinstance(v, int | float)]
    if len(numbers) < len(value) or any(isinstance(v, bool) for v in numbers):
        raise WrongValueError(expected)
    return {str(name): float(change) for name, change in value.items()}


GRAVITY_KEYS = {
    "model": Key(one_of(*SHARING), default="phase"),
    "as_of": Key(a_date),
    "history": Key(a_text, default=""),
}
SCENARIO_KEYS = {
    "name": Key(a_text, required=True),
    "event": Key(a_text, default=""),
    "kind": Key(a_text, default=""),
    "start": Key(a_date),
    "end": Key(a_date),
    "documents": Key(a_whole, default=0),
    "terms": Key(_changes),
    "model": Key(one_of(*MODELS), default="phase"),
    "source": Key(a_text, default=""),
}


def read_gravity(
    document: dict[str, Any], as_of: pd.Timestamp | None, reading: Reading
) -> GravityPlan | None:
    """Read the table; its day is the latest of the study by default."""
    if "gravity" not in document:
        return None
    at: KeyPath = ("gravity",)
    v = reading.values(reading.table(document["gravity"], at), GRAVITY_KEYS, at)
    day = as_of if v["as_of"] is None else v["as_of"]
    if day is None:
        return None
    return GravityPlan(v["model"], day, v["history"])


def read_scenarios(
    document: dict[str, Any], reading: Reading
) -> tuple[ScenarioPlan, ...]:
    """Read the array of tables; every scenario has a name of its own."""
    entries = document.get("scenarios", [])
    if not isinstance(entries, list):
        reading.complain(
            "F-704",
            ("scenarios",),
            "must be an array of tables",
            "Write [[scenarios]].",
        )
        return ()
    if entries and "gravity" not in document:
        reading.complain(
            "F-705", ("scenarios",), "needs [gravity]", "Add the table [gravity]."
        )
    plans = [_scenario(entry, i, reading) for i, entry in enumerate(entries)]
    names = [plan.name for plan in plans]
    for i, name in enumerate(names):
        if name in names[:i]:
            reading.complain(
                "F-705",
                ("scenarios", i, "name"),
                f"{name!r} comes twice",
                "Give each scenario a name of its own.",
            )
    return tuple(plans)


def _scenario(entry: Any, i: int, reading: Reading) -> ScenarioPlan:
    at: KeyPath = ("scenarios", i)
    v = reading.values(reading.table(entry, at), SCENARIO_KEYS, at)
    if not v["event"] and v["start"] is None:
        reading.complain(
            "F-703",
            (*at, "start"),
            "missing key",
            "Give event, the id of an event of the log, or start, a date.",
        )
    if v["start"] is not None and v["end"] is not None and v["end"] < v["start"]:
        reading.complain("F-705", (*at, "end"), "is before start", "Swap them.")
    if not (v["event"] or v["kind"] or v["documents"] or v["terms"]):
        reading.complain(
            "F-705",
            at,
            "changes nothing",
            "Give event, kind, documents or terms.",
        )
    return ScenarioPlan(**v)
