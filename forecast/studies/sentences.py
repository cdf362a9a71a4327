"""The answer in plain sentences; every number in them comes from the answer's tables."""

from __future__ import annotations

import calendar

import numpy as np
import pandas as pd

from forecast.claims import Card
from forecast.nowcasting import Nowcast
from forecast.plots.look import Scale, scale_of
from forecast.studies.answer import Answer
from forecast.studies.hindsight import Hindsight
from forecast.studies.plan import StudyPlan

__all__ = [
    "claimed_level",
    "hindsight_text",
    "lead",
    "others",
    "pace_needed",
    "verdicts",
]

NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def day(date: pd.Timestamp) -> str:
    """Write a date as people do: 30 September 2021."""
    return f"{date.day} {date:%B %Y}"


def count(number: int, noun: str) -> str:
    """Write a small number as a word: "seven months"."""
    word = NUMBERS[number] if 0 <= number < len(NUMBERS) else f"{number:,}"
    return f"{word} {noun}{'' if number == 1 else 's'}"


def claimed_level(plan: StudyPlan) -> float | None:
    """Give the level that is claimed of the study's year, by the first claim that has one."""
    for entry in plan.claims:
        if entry.claim.kind == "level" and entry.claim.year == plan.year:
            return entry.claim.value
    return None


def lead(plan: StudyPlan, answer: Answer) -> str:
    """Say what the year will be, how sure, and what that makes of the claimed level."""
    parts = [
        _outlook(plan, name, year) for name, year in list(answer.nowcasts.items())[:1]
    ]
    claimed, main = claimed_level(plan), answer.main
    if claimed is not None and main.forecast.quantity == "level":
        scale = _scale(main, claimed)
        parts.append(
            f"The chance that the year ends at {scale.text(claimed)} or below is "
            f"{percent(main.probability(below=claimed))}."
        )
    return "\n\n".join(parts)


def others(plan: StudyPlan, answer: Answer) -> str:
    """Say what the other reporters' figures point to; they are not added or chained."""
    rest = list(answer.nowcasts.items())[1:]
    if not rest:
        return ""
    said = " ".join(_outlook(plan, name, year, brief=True) for name, year in rest)
    return f"{said} Figures of different reporters are different series and are never chained."


def pace_needed(plan: StudyPlan, answer: Answer) -> str:
    """Say what the rest of the year would have to bring for the claimed level."""
    claimed, year = claimed_level(plan), answer.main
    row = year.evidence.iloc[0]
    known, months = float(row["known"]), int(row["months"])
    if claimed is None or not known > 0 or months >= 12:
        return ""
    pace, needed = known / months, (claimed - known) / (12 - months)
    shown = _scale(year, known)
    scale = Scale(shown.factor, shown.unit, 2)
    change = 100 * (needed / pace - 1)
    word = "less" if change < 0 else "more"
    if needed <= 0:
        return f"The {count(months, 'month')} known already exceed the claimed {shown.text(claimed)}."
    return (
        f"For {shown.text(claimed)} {scale.unit} to come true, the remaining "
        f"{count(12 - months, 'month')} would have to bring {scale.text(needed)} a month: "
        f"{abs(change):.0f} % {word} than the {scale.text(pace)} a month of January to "
        f"{calendar.month_name[months]}."
    )


def verdicts(answer: Answer) -> str:
    """One line a claim: what was said, and what became of it."""
    measure = answer.main.forecast.measure
    parts = [part for card in answer.cards for part in (card.parts or (card,))]
    return "\n".join(
        f"- {_statement(part, measure)}: **{part.verdict}**. {part.headline}"
        for part in parts
    )


def hindsight_text(plan: StudyPlan, answer: Answer, later: Hindsight) -> str:
    """Say what came true, who was how far off, and whether the intervals held."""
    parts = []
    levels = {name: o for name, o in later.outcomes.items() if np.isfinite(o.level)}
    main = answer.main
    if levels and main.forecast.quantity == "level":
        scale = _scale(main, *(o.level for o in levels.values()))
        said = " and ".join(
            f"{scale.text(o.level)} by {name}'s figures{'' if o.how == 'reported' else ' (derived)'}"
            for name, o in levels.items()
        )
        parts.append(f"In {scale.unit}, {plan.year} closed at {said}.")
        parts.append(" ".join(_held(main, name, o.level) for name, o in levels.items()))
        parts.append(_others_off(later.tables["hindsight_errors"], list(levels), scale))
    track = later.tables["hindsight_track"]
    if len(track):
        held80, held95, n = (
            track["inside_80"].sum(),
            track["inside_95"].sum(),
            len(track),
        )
        ours = track["error_%"].abs().mean()
        theirs = (
            track.loc[track["run_rate_error_%"].notna(), "run_rate_error_%"]
            .abs()
            .mean()
        )
        parts.append(
            f"Over all {n} dated part-year figures with an outcome by the same reporter the "
            f"80 % interval held {held80} times and the 95 % interval {held95} times. The "
            f"median was off by {ours:.1f} on average, the run-rate (or the growth so far) by "
            f"{theirs:.1f} (per cent of a level, points of a growth rate). These are few and "
            "overlapping cases; the calibration rests on other series."
        )
    return "\n\n".join(parts)


# --- parts -------------------------------------------------------------------------


def _outlook(
    plan: StudyPlan, reporter: str, year: Nowcast, *, brief: bool = False
) -> str:
    row, forecast = year.evidence.iloc[0], year.forecast
    months, growth = int(row["months"]), 100 * float(row["growth_so_far"])
    is_level = forecast.quantity == "level"
    scale = _scale(year, float(row["known"])) if is_level else scale_of("%", [100.0])
    signed = not is_level
    known = (
        f"{scale.text(float(row['known']))} {scale.unit}" if row["known"] > 0 else ""
    )
    grown = f"{growth:+.0f} %".replace("-", "−") if np.isfinite(growth) else ""
    figures = ", ".join(part for part in (known, grown) if part)
    bounds = {p: forecast.quantile(p) for p in (0.025, 0.1, 0.5, 0.9, 0.975)}
    text = {p: scale.text(v, signed=signed) for p, v in bounds.items()}
    what = f"{text[0.5]}{f' {scale.unit}' if is_level else ''}"
    noun = "for the year" if is_level else "growth of the year"
    span = f"80 % interval {text[0.1]} to {text[0.9]}"
    if brief:
        return (
            f"{reporter}'s figures ({count(months, 'month')}: {figures}"
            f"{'' if is_level else ', no level'}) point to {what} {noun} ({span})."
        )
    return (
        f"On {day(plan.as_of)}, {count(months, 'month')} of {plan.year} were known: {figures} "
        f"({reporter}'s figures). They point to {what} {noun}: with a probability of 80 % "
        f"between {text[0.1]} and {text[0.9]}, with 95 % between {text[0.025]} and {text[0.975]}."
    )


def _held(year: Nowcast, name: str, level: float) -> str:
    low, high = year.interval(0.8)
    low95, high95 = year.interval(0.95)
    error = f"{100 * (float(year.median) / level - 1):+.1f} %".replace("-", "−")
    where = (
        "inside the 80 % interval"
        if low <= level <= high
        else "inside the 95 % interval, outside the 80 % one"
        if low95 <= level <= high95
        else "outside the 95 % interval"
    )
    return f"Against {name}'s outcome the median was off by {error}; the outcome lies {where}."


def _others_off(errors: pd.DataFrame, reporters: list[str], scale: Scale) -> str:
    """Say how far off the run-rate and each official forecast were."""
    lines = []
    for row in errors[errors["forecast"] != "this nowcast (median)"].to_dict("records"):
        off = " and ".join(
            f"{row[f'error_%_against_{name}']:+.1f} % ({name})".replace("-", "−")
            for name in reporters
        )
        who = f", {row['by']}" if row["forecast"] == "official forecast" else ""
        is_bound = row["relation"] in ("more than", "at least")
        relation = f"{row['relation']} " if is_bound else ""
        how = "a bound off by" if is_bound else "off by"
        value = f"{relation}{scale.text(row['value'])}"
        lines.append(f"- {row['forecast']}{who}: {value}, {how} {off}")
    return "\n".join(lines)


def _statement(card: Card, measure: str) -> str:
    claim = card.claim
    if "highest" in card.evidence:
        value = f" at {claim.value:,.5g} {measure}" if claim.value is not None else ""
        return f"A record in {claim.year}{value}"
    if claim.kind == "share":
        return f"Growth of {claim.year} thanks to {claim.cause}"
    if claim.kind == "growth":
        return (
            f"Growth of {claim.year} {claim.relation} {100 * (claim.value or 0):+.1f} %"
        )
    return f"{claim.year} at {claim.relation} {claim.value:,.5g} {measure}"


def percent(chance: float) -> str:
    """Write a probability; never 0 or 100 %, which no sample of paths can show."""
    if chance < 0.001:
        return "below 0.1 %"
    return "above 99.9 %" if chance > 0.999 else f"{100 * chance:.1f} %"


def _scale(year: Nowcast, *values: float) -> Scale:
    finite = [v for v in (float(year.median), *values) if np.isfinite(v)]
    return scale_of(year.forecast.measure, finite)
