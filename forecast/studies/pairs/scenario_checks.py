"""What scenarios ask for and the study cannot answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from forecast.errors import ForecastError
from forecast.scenarios import held
from forecast.scenarios.limits import EVERYWHERE, names_in
from forecast.studies.complaints import Complaint
from forecast.studies.pairs.checking import (
    as_complaint,
    equation_of,
    missing_columns,
    same_names,
)
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.scenario_plan import ScenarioPlan

__all__ = ["check", "future_rows"]


def check(plans: Sequence[ScenarioPlan], known: Known) -> list[Complaint]:
    """Complain of names, columns, pairs and periods that the study does not have.

    F-714 scenarios of one name, or that nothing in the study can answer; F-715 columns
    that the flows do not have; F-872 limits that concern no row of the baseline; and
    events that cannot be read.
    """
    found = same_names([plan.name for plan in plans], "F-714", "[[scenarios]]")
    asked = known.asked.get("forecast")
    looks = any(plan.events or not plan.scenario.limits.free for plan in plans)
    future = future_rows(known, asked.horizon if asked else 0) if looks else None
    for number, plan in enumerate(plans):
        own = _of_columns(plan, known)
        if future is not None and not own:
            own = _of_limits(plan, known, future) or _of_events(plan, known, future)
        found += [replace(one, path=(number, *one.path)) for one in own]
    return found


def future_rows(known: Known, ahead: int) -> pd.DataFrame:
    """Return the rows of the baseline.

    Parameters
    ----------
    known : Known
    ahead : int
        Periods to come, with columns as each pair had them last; 0 for the last known
        period.
    """
    panel = known.panel
    if not ahead:
        return panel.between(panel.periods[-1], panel.periods[-1]).to_frame()
    return held(panel, ahead, log=known.log, recipes=known.recipes or None)


def _of_columns(plan: ScenarioPlan, known: Known) -> list[Complaint]:
    changes_rows = plan.scenario.changes_rows
    model = known.asked.get("gravity")
    if model is None and (changes_rows or "forecast" not in known.asked):
        problem = f"nothing in the study can answer the scenario {plan.name!r}"
        remedy = (
            "Changed columns and events need [gravity]; costs need that or [forecast]."
        )
        return [Complaint("F-714", (), problem, remedy)]
    found = [
        *missing_columns(known, ("changes",), plan.changes),
        *missing_columns(known, ("where",), plan.where or ()),
    ]
    if found or model is None or not changes_rows:
        return found
    read = equation_of(model.formula).columns
    moved = [*plan.changes, *(known.recipes if plan.events else ())]
    if moved and not set(moved) & set(read):
        key = "changes" if plan.changes else "events"
        problem = f"{moved[0]!r} is no column that the model of [gravity] uses"
        return [Complaint("F-715", (key,), problem, f"It uses {list(read)}.")]
    return []


def _of_limits(
    plan: ScenarioPlan, known: Known, future: pd.DataFrame
) -> list[Complaint]:
    """Limits one by one, so that the key that is wrong is named; then all together."""
    limits = plan.scenario.limits
    names = names_in(future, known.panel)
    found = []
    for key in ("pairs", "where", "start", "end"):
        alone = replace(
            EVERYWHERE, directed=plan.directed, **{key: getattr(limits, key)}
        )
        try:
            alone.rows(future, names)
        except ForecastError as wrong:
            found.append(as_complaint(wrong, (key,)))
    if found:
        return found
    try:
        limits.rows(future, names)
    except ForecastError as wrong:
        return [as_complaint(wrong, ())]
    return []


def _of_events(
    plan: ScenarioPlan, known: Known, future: pd.DataFrame
) -> list[Complaint]:
    """Make the indicators with the added events, which is where they are read."""
    if not plan.events:
        return []
    recipes = known.recipes or None
    try:
        plan.scenario.apply(
            future, panel=known.panel, log=known.log, recipes=recipes, warn=False
        )
    except ForecastError as wrong:
        return [as_complaint(wrong, ("events",))]
    return []
