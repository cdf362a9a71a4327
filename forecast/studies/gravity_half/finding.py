"""Finds the gravity half: estimates, growth shared out, the next year, scenarios."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.attribution import PanelEstimates, panel_estimates
from forecast.claims.causes import control_group
from forecast.datasets import gravity_covariances, gravity_estimates
from forecast.events import EventLog
from forecast.forecasts import unit_rng
from forecast.nowcasting import Nowcast
from forecast.studies.facts import StudyFacts
from forecast.studies.gravity_half.agreements import changes_of_terms
from forecast.studies.gravity_half.growth import Control, growth_table, share_growth
from forecast.studies.gravity_half.identified import identification_table
from forecast.studies.gravity_half.outlook import look_ahead
from forecast.studies.gravity_half.phase_in import with_sums
from forecast.studies.gravity_half.plan import GravityPlan, ScenarioPlan
from forecast.studies.gravity_half.record import (
    Floats,
    GravityHalf,
    Outlook,
    ScenarioPaths,
    SharedGrowth,
    intervals,
)
from forecast.studies.gravity_half.scenario import play, scenario_table
from forecast.studies.gravity_half.single_pair import single_pair_table
from forecast.studies.gravity_half.soft_events import (
    SoftRange,
    changes_of_indicators,
    range_of,
)

__all__ = ["find_gravity_half"]

EFFECT_COLUMNS = [
    "model",
    "term",
    "estimate",
    "std_error",
    "effect_%",
    "low_%",
    "high_%",
    "verdict",
    "because",
    "about",
    "convention",
    "formula",
    "nobs",
    "left_out",
    "first_year",
    "last_year",
    "pair_at_start",
    "pair_at_end",
    "data",
    "data_sha256",
    "licence",
    "estimated_on",
    "library_version",
    "source",
]


def find_gravity_half(
    plan: GravityPlan,
    scenarios: tuple[ScenarioPlan, ...],
    year: Nowcast,
    facts: StudyFacts,
    indicators: pd.DataFrame | None,
    seed: int,
) -> GravityHalf:
    """Find it for the year of a nowcast.

    Parameters
    ----------
    plan : GravityPlan
    scenarios : tuple of ScenarioPlan
    year : Nowcast
        Of the main reporter.
    facts : StudyFacts
        Cut at `plan.as_of` here once more.
    indicators : DataFrame or None
        Of the event log by year.
    seed : int

    Returns
    -------
    GravityHalf
    """
    known = facts.known_by(plan.as_of)
    estimates = panel_estimates(plan.model, as_of=plan.as_of)
    soft_table = _soft_changes(indicators, year.year)
    soft = range_of(soft_table[soft_table["in_year"] != 0])
    tables = {"gravity_effects": _effects(plan.as_of)}
    terms = _term_changes(known, year.year)
    if terms is not None:
        tables["gravity_agreements"] = terms
    if len(soft_table):
        tables["gravity_soft_events"] = soft_table
    shared = _shared(year, estimates, terms, soft, known, plan.as_of, seed)
    if shared is not None:
        basis = _basis(estimates, soft, shared)
        tables["gravity_growth"] = growth_table(shared, year.forecast.measure, basis)
    single = single_pair_table(plan.history, known, seed)
    tables["gravity_single_pair"] = single
    tables["gravity_identification"] = identification_table(estimates, single)
    outlook = _outlook(plan, year, known, seed)
    played: tuple[ScenarioPaths, ...] = ()
    if outlook is not None:
        played = _played(scenarios, outlook, known.events, plan.as_of, seed)
        tables["outlook"] = _outlook_table(outlook, year.forecast.measure)
        tables["outlook_history"] = outlook.history
        tables["scenarios"] = scenario_table(played, outlook, year.forecast.measure)
    return GravityHalf(estimates, shared, outlook, played, tables)


def _effects(as_of: pd.Timestamp) -> pd.DataFrame:
    """All shipped models known on that day, the effects in per cent beside log points."""
    table = with_sums(gravity_estimates(as_of=as_of), gravity_covariances(as_of=as_of))
    beta = table["estimate"].to_numpy(float)
    half = 1.96 * table["std_error"].to_numpy(float)
    told = {"effect_%": beta, "low_%": beta - half, "high_%": beta + half}
    return table.assign(**{name: 100 * np.expm1(b) for name, b in told.items()})[
        EFFECT_COLUMNS
    ]


def _term_changes(known: StudyFacts, year: int) -> pd.DataFrame | None:
    if known.agreements is None:
        return None
    return changes_of_terms(known.agreements, year)


def _soft_changes(indicators: pd.DataFrame | None, year: int) -> pd.DataFrame:
    empty = pd.DataFrame({"year": [year]}) if indicators is None else indicators
    table = changes_of_indicators(empty, year)
    columns = ["indicator", "before", "in_year", "change", "treatment", "low_%"]
    return table.reindex(columns=[*columns, "top_%", "caveat", "source"])


def _shared(
    year: Nowcast,
    estimates: PanelEstimates | None,
    terms: pd.DataFrame | None,
    soft: SoftRange,
    known: StudyFacts,
    as_of: pd.Timestamp,
    seed: int,
) -> SharedGrowth | None:
    if year.forecast.quantity != "level" or year.growth is None:
        return None
    level, growth = year.forecast.draws[0, 0], year.growth.draws[0, 0] / 100
    return share_growth(
        level,
        growth,
        _moved(estimates, terms, level.size, unit_rng(seed, "gravity", "agreements")),
        soft,
        _control(year, known, as_of),
        unit_rng(seed, "gravity", "control"),
    )


def _moved(
    estimates: PanelEstimates | None,
    terms: pd.DataFrame | None,
    size: int,
    rng: np.random.Generator,
) -> Floats:
    """Log points by which agreements moved the flow, by draws of the coefficients."""
    moved: Floats = np.zeros(size)
    if estimates is None or terms is None:
        return moved
    changes = terms.set_index("term")["change"]
    draws = estimates.draws(size, rng)
    for term in estimates.terms:
        moved = moved + float(changes[term]) * draws[estimates.of(term)]
    return moved


def _control(year: Nowcast, known: StudyFacts, as_of: pd.Timestamp) -> Control | None:
    so_far = float(year.evidence["growth_so_far"].iloc[0])
    chosen = control_group(year.year, known.control, as_of)
    if chosen is None or not np.isfinite(so_far):
        return None
    group, members = chosen
    return Control(
        str(group["member"]),
        float(group["growth"]),
        float(members["growth"].std(ddof=1)),
        len(members),
        so_far,
        str(group.get("source", "")),
    )


def _basis(
    estimates: PanelEstimates | None, soft: SoftRange, shared: SharedGrowth
) -> dict[str, str]:
    told = {
        "soft events": f"literature's range, not estimated: {soft.basis}",
        "rest of the pair": "what is left; prices, exchange rates and all else of the pair",
        "agreements": "not known"
        if estimates is None
        else f"model {estimates.model!r}: {estimates.verdict}",
    }
    if "control group" in shared.parts:
        told["control group"] = (
            "growth of its members, with a 95 % interval of one more of them"
        )
    return told


def _outlook(
    plan: GravityPlan, year: Nowcast, known: StudyFacts, seed: int
) -> Outlook | None:
    if year.forecast.quantity != "level":
        return None
    rng = unit_rng(seed, "gravity", "outlook")
    level = year.forecast.draws[0, 0]
    return look_ahead(
        level,
        year.year + 1,
        known.figures,
        plan.history,
        rng,
        level_reporter=str(year.evidence["reporter"].iloc[0]),
    )


def _played(
    scenarios: tuple[ScenarioPlan, ...],
    outlook: Outlook,
    log: EventLog | None,
    as_of: pd.Timestamp,
    seed: int,
) -> tuple[ScenarioPaths, ...]:
    found: list[ScenarioPaths] = []
    for plan in scenarios:
        rng = unit_rng(seed, "gravity", "scenario", plan.name)
        found += play(plan, outlook, log, as_of, rng)
    return tuple(found)


def _outlook_table(outlook: Outlook, measure: str) -> pd.DataFrame:
    rows = [
        {
            "year": outlook.year,
            "quantity": quantity,
            "unit": unit,
            "median": float(np.median(values)),
            **intervals(values),
        }
        for quantity, unit, values in (
            ("level", measure, outlook.level),
            ("growth", "%", outlook.growth),
        )
    ]
    return pd.DataFrame(rows)
