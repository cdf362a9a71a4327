"""What came true: looked up later, kept apart, never mixed into the answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.nowcasting import nowcast
from forecast.releases import Releases
from forecast.studies.answer import Answer
from forecast.studies.facts import StudyFacts
from forecast.studies.gravity_half.later import next_year_table
from forecast.studies.plan import StudyPlan
from forecast.studies.tables import news_by_reporter

__all__ = ["Hindsight", "Outcome", "look_back", "outcome_of", "track_record"]

BOUNDS = {"low_80": 0.1, "high_80": 0.9, "low_95": 0.025, "high_95": 0.975}
LOWER_BOUNDS = ("more than", "at least")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reporter published of a whole year.

    Attributes
    ----------
    level : float
        In the unit of the figures; NaN where only growth was published.
    growth : float
        A fraction; NaN where neither published nor to be computed.
    how : str
        "reported" or "derived".
    relation : str
        "more than" where the level is a lower bound.
    released : Timestamp
    source : str
    """

    level: float
    growth: float
    how: str
    relation: str
    released: pd.Timestamp
    source: str


@dataclass(frozen=True)
class Hindsight:
    """The outcome of the year, the errors of all who spoke of it, and the track record.

    Attributes
    ----------
    as_of : Timestamp
    outcomes : dict of str to Outcome
        By reporter.
    tables : dict of str to DataFrame
        ``hindsight_outcomes``, ``hindsight_errors``, ``hindsight_track`` and
        ``hindsight_news``, the history of the year's estimate by reporter; where the
        study looks one year ahead, ``hindsight_next_year``.
    """

    as_of: pd.Timestamp
    outcomes: dict[str, Outcome]
    tables: dict[str, pd.DataFrame] = field(repr=False)


def look_back(plan: StudyPlan, facts: StudyFacts, answer: Answer) -> Hindsight | None:
    """Compare the answer with what was published until ``hindsight.as_of``."""
    if plan.hindsight is None:
        return None
    figures = facts.known_by(plan.hindsight).figures
    found = {name: outcome_of(figures, name, plan.year) for name in figures.reporters}
    outcomes = {name: outcome for name, outcome in found.items() if outcome is not None}
    tables = {
        "hindsight_outcomes": _outcome_table(outcomes, figures.measure),
        "hindsight_errors": _errors(answer, outcomes),
        "hindsight_track": track_record(figures, seed=plan.seed),
        "hindsight_news": _later_news(plan, figures, outcomes),
    }
    if answer.gravity is not None and answer.gravity.outlook is not None:
        outlook = answer.gravity.outlook
        after = {
            name: outcome
            for name in figures.reporters
            if (outcome := outcome_of(figures, name, outlook.year)) is not None
        }
        tables["hindsight_next_year"] = next_year_table(outlook, after, figures.measure)
    return Hindsight(plan.hindsight, outcomes, tables)


def outcome_of(figures: Releases, reporter: str, year: int) -> Outcome | None:
    """What `reporter` published of the whole `year`; None where nothing was.

    Reported figures go before derived ones, later before earlier. Growth that was not
    published is computed from this reporter's own totals.
    """
    own = figures.for_reporter(reporter)
    table = own.table
    whole = table[
        (table["period_start"] == pd.Timestamp(year, 1, 1))
        & (table["period_end"] == pd.Timestamp(year, 12, 31))
    ]
    if whole.empty:
        return None
    whole = whole.assign(reported=whole["kind"] == "reported")
    whole = whole.sort_values(["reported", "released"], kind="stable")
    valued, grown = whole[whole["value"].notna()], whole[whole["growth"].notna()]
    last = (valued if len(valued) else whole).iloc[-1]
    totals = own.yearly()
    growth = float(totals.get(year, np.nan) / totals.get(year - 1, np.nan) - 1)
    return Outcome(
        level=float(last["value"]),
        growth=float(grown["growth"].iloc[-1]) if len(grown) else growth,
        how=str(last["kind"]),
        relation=str(last["relation"]),
        released=last["released"],
        source=str(last["source"]),
    )


def track_record(figures: Releases, *, seed: int = 0) -> pd.DataFrame:
    """Nowcast from every dated part-year figure whose year has an outcome by its reporter.

    Each row uses only what was known on the day of its figure.

    Returns
    -------
    DataFrame
        ``label``, ``reporter``, ``year``, ``known_on``, ``months_known``, ``quantity``,
        ``median``, interval ends, ``run_rate``, ``outcome``, ``outcome_is``,
        ``inside_80``, ``inside_95``, ``error_%``, ``run_rate_error_%``. Growth is in
        per cent and its errors are in points.
    """
    rows = [
        _track_row(figures, reporter, year, day, outcome, seed)
        for reporter in figures.reporters
        for year in _years_of(figures.for_reporter(reporter))
        for outcome in [outcome_of(figures, reporter, year)]
        if outcome is not None
        for day in figures.for_reporter(reporter).part_years(year)["released"].unique()
    ]
    kept = [row for row in rows if row is not None]
    table = pd.DataFrame(kept)
    if table.empty:
        return table
    return table.sort_values(["known_on", "reporter"], kind="stable", ignore_index=True)


def _years_of(own: Releases) -> list[int]:
    return sorted(set(own.table["period_end"].dt.year))


def _track_row(
    figures: Releases,
    reporter: str,
    year: int,
    day: pd.Timestamp,
    outcome: Outcome,
    seed: int,
) -> dict[str, object] | None:
    made = nowcast(figures, year, day, reporter=reporter, seed=seed)
    level = made.forecast.quantity == "level"
    truth = outcome.level if level else 100 * outcome.growth
    if not np.isfinite(truth):
        return None
    draws = made.forecast.draws[0, 0]
    bounds = {name: float(np.quantile(draws, p)) for name, p in BOUNDS.items()}
    median, months = float(np.median(draws)), int(made.evidence["months"].iloc[0])
    known = float(made.evidence["known"].iloc[0])
    rate = known / months * 12 if level else np.nan
    so_far = 100 * float(made.evidence["growth_so_far"].iloc[0])
    simple = rate if level else so_far
    bound = " or more" if level and outcome.relation in LOWER_BOUNDS else ""
    return {
        "label": f"{reporter} {year}, {months} months",
        "reporter": reporter,
        "year": year,
        "known_on": day,
        "months_known": months,
        "quantity": "level" if level else "growth, %",
        "median": median,
        **bounds,
        "run_rate": simple,
        "outcome": truth,
        "outcome_is": f"{outcome.how if level else 'growth'}{bound}",
        "inside_80": bounds["low_80"] <= truth <= bounds["high_80"],
        "inside_95": bounds["low_95"] <= truth <= bounds["high_95"],
        "error_%": 100 * (median / truth - 1) if level else median - truth,
        "run_rate_error_%": 100 * (simple / truth - 1) if level else simple - truth,
    }


def _outcome_table(outcomes: dict[str, Outcome], measure: str) -> pd.DataFrame:
    rows = [
        {
            "reporter": name,
            "level": outcome.level,
            "unit": measure,
            "growth_%": 100 * outcome.growth,
            "how": outcome.how,
            "relation": outcome.relation,
            "released": outcome.released,
            "source": outcome.source,
        }
        for name, outcome in outcomes.items()
    ]
    columns = [
        "reporter",
        "level",
        "unit",
        "growth_%",
        "how",
        "relation",
        "released",
        "source",
    ]
    return pd.DataFrame(rows, columns=columns)


def _errors(answer: Answer, outcomes: dict[str, Outcome]) -> pd.DataFrame:
    """Error of every forecast of the level against every reporter's outcome."""
    levels = {name: o.level for name, o in outcomes.items() if np.isfinite(o.level)}
    said = answer.tables["rules"]
    said = said[["forecast", "by", "figures_of", "value", "relation", "said_on"]]
    for name, level in levels.items():
        said = said.assign(
            **{f"error_%_against_{name}": 100 * (said["value"] / level - 1)}
        )
    return said


def _later_news(
    plan: StudyPlan, figures: Releases, outcomes: dict[str, Outcome]
) -> pd.DataFrame:
    """How the estimate of the year moved until the last part-year figure of each reporter."""
    found = {}
    for name in outcomes:
        parts = figures.for_reporter(name).part_years(plan.year)
        if parts["value"].notna().sum() > 1:
            last = parts["released"].max()
            found[name] = nowcast(
                figures, plan.year, last, reporter=name, seed=plan.seed
            )
    return news_by_reporter(found) if found else pd.DataFrame({"reporter": []})
