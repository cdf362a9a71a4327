"""The data-and-method section: eleven fields that every report states (no more, no less)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.studies.answer import Answer
from forecast.studies.facts import StudyFacts
from forecast.studies.gravity_half.method import (
    how_identified,
    lead_tests,
    standard_errors,
)
from forecast.studies.plan import StudyPlan
from forecast.studies.sentences import day

__all__ = ["CALIBRATION", "method_fields"]

CALIBRATION = pd.DataFrame(
    [
        ("months", 80.6, 95.0, 8.0, 9.8, 18),
        ("year", 81.0, 94.9, 8.5, 10.0, 15),
        ("growth", 80.8, 94.5, 9.2, 10.0, 8),
        ("total", 80.3, 94.3, 9.7, 10.0, 3),
    ],
    columns=[
        "information",
        "covered_80",
        "covered_95",
        "error_%",
        "run_rate_error_%",
        "skill_%",
    ],
)
"""Coverage and skill on 110 partners that the calibration has not seen.

From docs/explanation/nowcast.md, where ``benchmarks/part_year_calibration.py`` makes it:
share of outcomes inside the intervals, mean absolute error of the year for partners of
100 million dollars and more, all months, and skill over the run-rate; per cent.
"""


def method_fields(plan: StudyPlan, facts: StudyFacts, answer: Answer) -> dict[str, str]:
    """Give the eleven fields, in the order in which they are asked for."""
    return {
        "Data hash": _hashes(facts),
        "As-of date": _dates(plan),
        "Source per number": "The table of figures below names reporter, speaker, release "
        "day and address of each; the cards name the sources of theirs.",
        "N": _number(plan, facts, answer),
        "Zeros": "None: totals of one pair, all positive; missing is never read as zero.",
        "Dropped rows by reason": _dropped(answer),
        "Intervals and standard errors": "Intervals are central prediction intervals of "
        "sample paths (split conformal errors of the calibration, scaled by what is known of "
        "the series); no standard errors are reported, because no coefficient is estimated "
        "from these data. The excess over the control group has a 95 % interval from the "
        f"spread of its members (Student's t).{standard_errors(answer.gravity)}",
        "Identification": "One pair of partners: cooperation, prices, exchange rates and the "
        "recovery moved together, and nothing here can part them. The accounting ceiling and "
        f"the control group can only rule a share out; they cannot show one."
        f"{how_identified(answer.gravity)}",
        "Lead test (p)": lead_tests(answer.gravity),
        "Skill over the baseline": _skill(answer),
        "What would change the verdicts": _changes(answer),
    }


def _hashes(facts: StudyFacts) -> str:
    told = "; ".join(
        f"{name} {digest[:16]}" for name, digest in facts.digests().items()
    )
    return f"SHA-256 (first 16 digits) of what was known: {told}. The manifest has them in full."


def _dates(plan: StudyPlan) -> str:
    text = f"{day(plan.as_of)} for the nowcast"
    later = sorted({c.as_of for c in plan.claims if c.as_of != plan.as_of})
    if plan.indicators is not None and plan.indicators.as_of != plan.as_of:
        text += f"; {day(plan.indicators.as_of)} for the indicators"
    if later:
        text += f"; {', '.join(day(d) for d in later)} for claims made on that day"
    return f"{text}. Nothing published later was used."


def _number(plan: StudyPlan, facts: StudyFacts, answer: Answer) -> str:
    figures = facts.known_by(plan.as_of).figures
    part = sum(
        len(figures.for_reporter(name).part_years(plan.year))
        for name in answer.nowcasts
    )
    events = f"; {len(facts.events)} events" if facts.events is not None else ""
    return (
        f"1 pair; {len(figures)} figures of {len(figures.reporters)} reporters known by "
        f"{plan.as_of:%Y-%m-%d}, of which {part} speak of a part of {plan.year}{events}. "
        "Calibration: 132 other partners, 1986–2010."
    )


def _dropped(answer: Answer) -> str:
    uses = answer.tables["figures_by_use"]
    told = "; ".join(
        f"{row['use']}: {row['figures']}" for row in uses.to_dict("records")
    )
    return f"None without a reason. Figures by use: {told}."


def _skill(answer: Answer) -> str:
    level = str(answer.main.evidence["information"].iloc[0])
    row = CALIBRATION[CALIBRATION["information"] == level]
    if row.empty:
        return (
            "Not measured for growth rates alone; see the documentation of the nowcast."
        )
    best = row.iloc[0]
    return (
        f"With this information ({level}) the mean error of the year is {best['error_%']:g} % "
        f"against {best['run_rate_error_%']:g} % of the run-rate (skill {best['skill_%']:.0f} %), "
        "measured on 110 partners that the calibration has not seen; there the 80 % interval "
        f"held {best['covered_80']:g} % and the 95 % interval {best['covered_95']:g} % of outcomes."
    )


def _changes(answer: Answer) -> str:
    parts = [p for card in answer.cards for p in (card.parts or (card,))]
    told = list(dict.fromkeys(text for part in parts for text in part.would_change))
    return " ".join(told) if told else "The next release; no claim was checked."


def as_table(fields: dict[str, str]) -> pd.DataFrame:
    """Give the fields as a table of two columns."""
    return pd.DataFrame(
        {"field": list(fields), "entry": list(fields.values())}
    ).replace("", np.nan)
