"""Reads a study file; where it is wrong, names the key and the line.

All complaints are collected, and one `StudyError` tells the first of them in full and
the others in brief.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from forecast.claims import Claim
from forecast.errors import ForecastError
from forecast.studies.complaints import Reading, study_error
from forecast.studies.documents import parse_toml
from forecast.studies.gravity_half.reading import read_gravity, read_scenarios
from forecast.studies.indicator_recipes import read_recipe
from forecast.studies.plan import ClaimPlan, DataPlan, IndicatorPlan, StudyPlan
from forecast.studies.schema import (
    CLAIM_KEYS,
    INDICATOR_KEYS,
    KEYS_OF_ALL,
    KEYS_OF_KIND,
    OTHER_SECTIONS,
    REQUIRED_SECTIONS,
    SECTIONS,
)
from forecast.studies.toml_lines import KeyPath, key_lines

__all__ = ["parse_study"]


def parse_study(source: str, name: str = "the study") -> StudyPlan:
    """Check the text of a study file; `name` is how messages call it.

    Raises
    ------
    StudyError
        F-701 no TOML, F-702 unknown key, F-703 missing key, F-704 wrong type or value,
        F-705 keys that do not fit each other.

    Examples
    --------
    >>> plan = parse_study('''
    ... [study]
    ... title = "A year"
    ... as_of = 2021-09-30
    ... [data]
    ... figures = "rus_kaz"
    ... [nowcast]
    ... year = 2021
    ... ''')
    >>> plan.year, plan.output, str(plan.last_day.date())
    (2021, 'output', '2021-09-30')
    """
    document = parse_toml(source, name)
    reading = Reading()
    plan = _plan(document, reading)
    if plan is None or reading.complaints:
        raise study_error(reading.complaints, key_lines(source), name)
    return plan


def _plan(document: dict[str, Any], reading: Reading) -> StudyPlan | None:
    reading.unknown(document, [*SECTIONS, *OTHER_SECTIONS], ())
    for section in REQUIRED_SECTIONS:
        if section not in document:
            reading.complain("F-703", (section,), "missing table", f"Add [{section}].")
    read = {
        name: reading.values(reading.table(document[name], (name,)), keys, (name,))
        for name, keys in SECTIONS.items()
        if name in document
    }
    if any(name not in read for name in REQUIRED_SECTIONS):
        return None
    study, year = read["study"], read["nowcast"]["year"]
    claims = _claims(document.get("claims", []), study["as_of"], reading)
    indicators = _indicators(document, study["as_of"], year, reading)
    gravity = read_gravity(document, _last(study["as_of"], claims, indicators), reading)
    scenarios = read_scenarios(document, reading)
    if reading.complaints:
        return None
    plan = StudyPlan(
        title=study["title"],
        as_of=study["as_of"],
        seed=study["seed"],
        output=study["output"],
        data=DataPlan(**read["data"]),
        year=year,
        reporters=read["nowcast"]["reporters"],
        indicators=indicators,
        claims=claims,
        hindsight=read.get("hindsight", {}).get("as_of"),
        gravity=gravity,
        scenarios=scenarios,
    )
    _refuse_misfits(plan, reading)
    return plan


def _last(
    as_of: pd.Timestamp | None,
    claims: tuple[ClaimPlan, ...],
    indicators: IndicatorPlan | None,
) -> pd.Timestamp | None:
    """Latest day that the rest of the study looks at."""
    days = [as_of, *(claim.as_of for claim in claims)]
    days += [indicators.as_of] if indicators else []
    known = [day for day in days if day is not None]
    return max(known) if known else None


def _refuse_misfits(plan: StudyPlan, reading: Reading) -> None:
    """Keys that are right alone and wrong together."""
    if plan.hindsight is not None and plan.hindsight <= plan.last_day:
        reading.complain(
            "F-705",
            ("hindsight", "as_of"),
            f"is not after {plan.last_day:%Y-%m-%d}, the latest as-of date of the answer",
            "Hindsight looks up what came true later; choose a later day or drop it.",
        )
    if plan.indicators is not None and plan.data.events is None:
        reading.complain(
            "F-705",
            ("indicators",),
            "needs events, and the study has none",
            "Add events to [data].",
        )


def _claims(
    entries: Any, as_of: pd.Timestamp | None, reading: Reading
) -> tuple[ClaimPlan, ...]:
    if not isinstance(entries, list):
        reading.complain(
            "F-704", ("claims",), "must be an array of tables", "Write [[claims]]."
        )
        return ()
    found = [
        _claim(reading.table(e, ("claims", i)), ("claims", i), as_of, reading)
        for i, e in enumerate(entries)
    ]
    return tuple(claim for claim in found if claim is not None)


def _claim(
    table: dict[str, Any], at: KeyPath, as_of: pd.Timestamp | None, reading: Reading
) -> ClaimPlan | None:
    before = len(reading.complaints)
    v = reading.values(table, CLAIM_KEYS, at)
    kind = v["kind"]
    if kind is not None:
        fitting = KEYS_OF_KIND[kind] | KEYS_OF_ALL
        for name in sorted((set(table) & set(CLAIM_KEYS)) - fitting):
            reading.complain(
                "F-705",
                (*at, name),
                f"does not belong to a claim of kind {kind!r}",
                "Drop it, or choose another kind.",
            )
        if kind in ("level", "growth") and "value" not in table:
            reading.complain("F-703", (*at, "value"), "missing key", "Add it.")
    if len(reading.complaints) > before:
        return None
    try:
        claim = _as_claim(v)
    except ForecastError as wrong:
        reading.complain("F-705", at, wrong.problem, wrong.remedy)
        return None
    day = v["as_of"] if v["as_of"] is not None else v["said_on"]
    return ClaimPlan(claim, as_of if day is None else day)  # type: ignore[arg-type]


def _as_claim(v: dict[str, Any]) -> Claim:
    said = {k: v[k] for k in ("text", "by", "source", "said_on", "reporter")}
    kind, year, value = v["kind"], v["year"], v["value"]
    if kind == "level":
        return Claim.level(
            year, value, record=v["record"], relation=v["relation"], **said
        )
    if kind == "record":
        return Claim.record(year, value, **said)
    if kind == "growth":
        return Claim.growth(year, value, relation=v["relation"], **said)
    return Claim.share(
        year, v["cause"], at_least=0.5 if value is None else value, **said
    )


def _indicators(
    document: dict[str, Any],
    as_of: pd.Timestamp | None,
    year: int | None,
    reading: Reading,
) -> IndicatorPlan | None:
    if "indicators" not in document:
        return None
    at: KeyPath = ("indicators",)
    table = reading.table(document["indicators"], at)
    own = {name: table[name] for name in INDICATOR_KEYS if name in table}
    v = reading.values(own, INDICATOR_KEYS, at)
    if "between" not in table:
        reading.complain(
            "F-703", (*at, "between"), "missing key", 'Add between = ["RU", "KZ"].'
        )
    recipes = {
        name: read_recipe(reading.table(entry, (*at, name)), (*at, name), reading)
        for name, entry in table.items()
        if name not in INDICATOR_KEYS
    }
    if not recipes:
        reading.complain(
            "F-703",
            at,
            "names no indicator",
            'Add visits = { recipe = "Count", kind = "visit" }.',
        )
    if reading.complaints or as_of is None or year is None:
        return None
    return IndicatorPlan(
        recipes={k: r for k, r in recipes.items() if r is not None},
        between=v["between"],
        since=year - 10 if v["since"] is None else v["since"],
        as_of=as_of if v["as_of"] is None else v["as_of"],
    )
