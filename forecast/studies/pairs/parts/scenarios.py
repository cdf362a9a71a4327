"""``[[scenarios]]``: what if there were an agreement, a visit, a day less at the border?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from forecast.errors import StudyError
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
    held,
)
from forecast.studies.drawing import drawn
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.scenario_plan import KEYS, ScenarioPlan
from forecast.studies.pairs.subsets import only
from forecast.studies.progress import Progress

__all__ = ["KEYS", "ScenarioPlan", "find"]

BOUNDS = ("lower_95", "lower_80", "median", "upper_80", "upper_95")
ROWS = 60


def find(plans: Sequence[ScenarioPlan], known: Known, tell: Progress) -> Part:
    """Put the scenarios beside the baseline.

    The baseline is the forecast of the study, with columns as each pair had them last; or
    the last known period, where the study forecasts nothing.

    Raises
    ------
    StudyError
        F-714 scenarios of one name, or that nothing in the study can answer.
    ForecastError
        What `gravity_scenario` refuses.
    """
    _refuse(plans, known)
    future = _future(known)
    effects = {}
    for plan in plans:
        tell(f"scenario {plan.name}")
        if known.gravity is not None:
            effects[plan.name] = _effect(plan.scenario, future, known)
    if known.outlook is None:
        return _on_last_period(plans, effects, known)
    base = _base(known.outlook, effects, known)
    ours = {
        plan.name: effects[plan.name].on(base)
        if plan.name in effects
        else plan.scenario.on(base, seed=known.seed)
        for plan in plans
    }
    return _on_forecast(plans, effects, compare(base, ours), known)


def _refuse(plans: Sequence[ScenarioPlan], known: Known) -> None:
    names = [plan.name for plan in plans]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise StudyError(
            f"two scenarios are called {twice[0]!r}",
            code="F-714",
            remedy="Give each [[scenarios]] a name of its own.",
        )
    lost = [
        plan.name
        for plan in plans
        if known.gravity is None
        and (plan.scenario.changes_rows or known.outlook is None)
    ]
    if lost:
        raise StudyError(
            f"nothing in the study can answer the scenario {lost[0]!r}",
            code="F-714",
            count=len(lost),
            examples=lost,
            remedy="Changed columns and events need [gravity]; costs need that or [forecast].",
        )


def _future(known: Known) -> pd.DataFrame:
    """Rows of the baseline: of the forecast, or of the last known period."""
    panel = known.panel
    if known.outlook is None:
        return panel.between(panel.periods[-1], panel.periods[-1]).to_frame()
    return held(
        panel, len(known.outlook.periods), log=known.log, recipes=known.recipes or None
    )


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
    return only(outlook, at | known.in_focus(outlook.units))


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
        "scenarios_pairs": known.focus_first(pairs).assign(
            period=lambda t: t["period"].astype(str)
        ),
        **_outside(effects),
    }
    table = tables["scenarios"]
    last = table[table["period"] == table["period"].iloc[-1]]
    measure = both.baseline.measure
    told = [
        f"{row['scenario']!r} {shown(row['difference'])} "
        f"{measure} (80 %: {shown(row['difference_low'])} to "
        f"{shown(row['difference_high'])}), {shown(row['median'])} per cent of the flows "
        "that it changes"
        for row in last.to_dict("records")
    ]
    headline = f"Against the forecast of {last['period'].iloc[0]}: {'; '.join(told)}."
    return _part(plans, tables, last, headline, effects, known, both)


def summary(both: Comparison) -> pd.DataFrame:
    """Give one row per scenario and period: the sum of the flows that it changes.

    Returns
    -------
    DataFrame
        ``scenario``, ``period``, ``flows`` changed, ``baseline`` (median),
        ``difference`` with its 80 % interval ``difference_low``, ``difference_high``, in
        the unit of the data; ``median``, ``lower_80`` and so on: the difference in per
        cent of the baseline.
    """
    tables = []
    for name, ours in both.scenarios.items():
        moved = (ours.draws != both.baseline.draws).any(axis=(1, 2))
        one = compare(only(both.baseline, moved), {name: only(ours, moved)}).total()
        table = one.to_frame(80)
        percent = one.percent(name).to_frame((80, 95))
        tables.append(
            pd.DataFrame(
                {
                    "scenario": name,
                    "period": table["period"].astype(str),
                    "flows": int(moved.sum()),
                    "baseline": table["baseline"],
                    "difference": table["mid"],
                    "difference_low": table["low"],
                    "difference_high": table["high"],
                    **{bound: percent[bound] for bound in BOUNDS},
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


# --- beside the last known period --------------------------------------------------


def _on_last_period(
    plans: Sequence[ScenarioPlan],
    effects: Mapping[str, GravityScenario],
    known: Known,
) -> Part:
    flows = {name: one.to_frame("flow", (80, 95)) for name, one in effects.items()}
    pairs = pd.concat(
        [table.assign(scenario=name) for name, table in flows.items()],
        ignore_index=True,
    )
    sums = pd.DataFrame([_summed(name, one) for name, one in effects.items()])
    tables = {
        "scenarios": sums,
        "scenarios_pairs": known.focus_first(pairs).assign(
            period=lambda t: t["period"].astype(str)
        ),
        **_outside(effects),
    }
    told = [
        f"{row['scenario']!r} {shown(row['median'])} per cent (80 %: "
        f"{shown(row['lower_80'])} to {shown(row['upper_80'])})"
        for row in sums.to_dict("records")
    ]
    when = known.panel.periods[-1]
    headline = f"Flows of {when} that a scenario changes: {'; '.join(told)}."
    return _part(plans, tables, sums, headline, effects, known, effects)


def _summed(name: str, effect: GravityScenario) -> dict[str, object]:
    """The sum of the flows that a scenario changes, in per cent of their fitted sum."""
    at = effect.concerned
    base = effect.base[at]
    drawn_change = base @ np.expm1(effect.draws)
    tails = (0.025, 0.1, 0.5, 0.9, 0.975)
    ends = 100 * np.quantile(drawn_change, tails) / base.sum()
    return {
        "scenario": name,
        "period": str(effect.rows["period"].iloc[0]),
        "flows": len(at),
        "baseline": float(base.sum()),
        **dict(zip(BOUNDS, ends.tolist(), strict=True)),
    }


# --- saying it ---------------------------------------------------------------------


def _outside(effects: Mapping[str, GravityScenario]) -> dict[str, pd.DataFrame]:
    """Where scenarios leave what was observed."""
    tables = [
        one.outside.assign(scenario=name, examples=one.outside["examples"].astype(str))
        for name, one in effects.items()
        if len(one.outside)
    ]
    return {"scenarios_outside": pd.concat(tables)} if tables else {}


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
        Table(
            tables["scenarios_pairs"].head(ROWS), "Flow by flow, those in focus first."
        ),
    ]
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
