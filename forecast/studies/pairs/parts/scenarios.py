"""``[[scenarios]]``: what if there were an agreement, a visit, a day less at the border?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from forecast.forecasts import Forecast
from forecast.forecasts.units import unit_index
from forecast.plots import plot_scenarios
from forecast.reporting import Block, Facts, Note, Table
from forecast.reporting.cells import shown
from forecast.scenarios import (
    Comparison,
    GravityScenario,
    Scenario,
    compare,
    gravity_scenario,
)
from forecast.studies.drawing import drawn
from forecast.studies.pairs.checking import entry
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.scenario_checks import check, future_rows
from forecast.studies.pairs.scenario_plan import KEYS, ScenarioPlan
from forecast.studies.pairs.scenario_tables import outside, summary, summed
from forecast.studies.pairs.subsets import only
from forecast.studies.progress import Progress

__all__ = ["KEYS", "ScenarioPlan", "check", "find"]

ROWS = 60


def find(plans: Sequence[ScenarioPlan], known: Known, tell: Progress) -> Part:
    """Put the scenarios beside the baseline.

    The baseline is the forecast of the study, with columns as each pair had them last; or
    the last known period, where the study forecasts nothing.

    Raises
    ------
    ForecastError
        What `gravity_scenario` refuses; `check` has told what the data do not have.
    """
    future = future_rows(known, _ahead(known))
    effects = {}
    for number, plan in enumerate(plans):
        tell(f"scenario {plan.name}")
        if known.gravity is not None:
            with entry(number):
                effects[plan.name] = _effect(plan.scenario, future, known)
    if known.outlook is None:
        return _on_last_period(plans, effects, known)
    base = _base(known.outlook, effects, known)
    ours = {}
    for number, plan in enumerate(plans):
        with entry(number):
            ours[plan.name] = (
                effects[plan.name].on(base)
                if plan.name in effects
                else plan.scenario.on(base, seed=known.seed)
            )
    return _on_forecast(plans, effects, compare(base, ours), known)


def _ahead(known: Known) -> int:
    return 0 if known.outlook is None else len(known.outlook.periods)


def _effect(scenario: Scenario, future: pd.DataFrame, known: Known) -> GravityScenario:
    assert known.gravity is not None
    paths = 1000 if known.outlook is None else known.outlook.n_paths
    return gravity_scenario(
        known.gravity,
        scenario,
        future,
        panel=known.panel,
        log=known.log,
        recipes=known.recipes or None,
        draws=paths,
        seed=known.seed,
        warn=False,
    )


def _base(
    outlook: Forecast, effects: Mapping[str, GravityScenario], known: Known
) -> Forecast:
    """The forecast of the pairs that any scenario changes, and of those in focus."""
    if not effects:
        return outlook
    keys = list(outlook.units.columns)
    changed = pd.concat(
        [one.rows.iloc[one.concerned][keys] for one in effects.values()]
    )
    at = unit_index(outlook.units).isin(unit_index(changed.drop_duplicates()))
    at = at | known.in_focus(outlook.units)
    return only(outlook, at) if at.any() else outlook


# --- beside a forecast -------------------------------------------------------------


def _on_forecast(
    plans: Sequence[ScenarioPlan],
    effects: Mapping[str, GravityScenario],
    both: Comparison,
    known: Known,
) -> Part:
    pairs = both.to_frame(80)
    pairs = pairs[pairs["percent_mid"].ne(0) & pairs["percent_mid"].notna()]
    tables = {
        "scenarios": summary(both),
        **_by_pair(pairs, known),
        **outside(effects),
    }
    table = tables["scenarios"]
    last = table[table["period"] == table["period"].iloc[-1]]
    measure = both.baseline.measure
    told = [
        f"{row['scenario']!r} {shown(row['difference'])} "
        f"{measure} (80 %: {shown(row['difference_low'])} to "
        f"{shown(row['difference_high'])}), {shown(row['median'])} per cent of the flows "
        "that it changes"
        if row["flows"]
        else f"{row['scenario']!r} changes nothing"
        for row in last.to_dict("records")
    ]
    headline = f"Against the forecast of {last['period'].iloc[0]}: {'; '.join(told)}."
    return _part(plans, tables, last, headline, effects, known, both)


# --- beside the last known period --------------------------------------------------


def _on_last_period(
    plans: Sequence[ScenarioPlan],
    effects: Mapping[str, GravityScenario],
    known: Known,
) -> Part:
    flows = {name: one.to_frame("flow", (80, 95)) for name, one in effects.items()}
    named = [table.assign(scenario=name) for name, table in flows.items() if len(table)]
    pairs = pd.concat(named, ignore_index=True) if named else pd.DataFrame()
    sums = pd.DataFrame([summed(name, one) for name, one in effects.items()])
    tables = {
        "scenarios": sums,
        **_by_pair(pairs, known),
        **outside(effects),
    }
    told = [
        f"{row['scenario']!r} {shown(row['median'])} per cent (80 %: "
        f"{shown(row['lower_80'])} to {shown(row['upper_80'])})"
        if row["flows"]
        else f"{row['scenario']!r} changes nothing"
        for row in sums.to_dict("records")
    ]
    when = known.panel.periods[-1]
    headline = f"Flows of {when} that a scenario changes: {'; '.join(told)}."
    return _part(plans, tables, sums, headline, effects, known, effects)


def _by_pair(pairs: pd.DataFrame, known: Known) -> dict[str, pd.DataFrame]:
    """The table of flows that change, if any does; those in focus first."""
    if pairs.empty:
        return {}
    first = known.focus_first(pairs)
    return {"scenarios_pairs": first.assign(period=first["period"].astype(str))}


# --- saying it ---------------------------------------------------------------------


def _part(
    plans: Sequence[ScenarioPlan],
    tables: dict[str, pd.DataFrame],
    bars: pd.DataFrame,
    headline: str,
    effects: Mapping[str, GravityScenario],
    known: Known,
    result: object,
) -> Part:
    caption = (
        "The flows that each scenario changes, against the baseline, with intervals of 80 "
        f"and 95 %. {known.facts}."
    )
    drawing = drawn(lambda ax: plot_scenarios(bars, ax), caption, 1.4 + 0.5 * len(bars))
    blocks: list[Block] = [
        Facts({plan.name: _spelt(plan.scenario) for plan in plans}),
        drawing.picture,
        Table(tables["scenarios"], "The flows that each scenario changes, together."),
    ]
    if "scenarios_pairs" in tables:
        listed = tables["scenarios_pairs"].head(ROWS)
        blocks.append(Table(listed, "Flow by flow, those in focus first."))
    if "scenarios_outside" in tables:
        blocks.append(
            Table(
                tables["scenarios_outside"],
                "Warning: values that no pair of the data ever had. The effect is an "
                "extrapolation.",
            )
        )
    notes = dict.fromkeys(note for one in effects.values() for note in one.notes)
    sources = dict.fromkeys(plan.source for plan in plans if plan.source)
    blocks.append(
        Note(" ".join([*notes, *(f"Source of costs: {s}." for s in sources)]))
    )
    return Part(
        title="Scenarios",
        headline=headline,
        blocks=tuple(blocks),
        tables=tables,
        drawings={"scenarios": drawing},
        result=result,
        plan=tuple(plans),
        method={
            "Intervals and standard errors": "Scenarios: coefficients and elasticities are "
            "drawn from their distributions; partial effects"
        },
    )


def _spelt(scenario: Scenario) -> str:
    return repr(scenario).split(": ", 1)[-1]
