"""The figures of a study, drawn once as SVG and PNG."""

from __future__ import annotations

import numpy as np

from forecast.claims import Card
from forecast.plots import (
    Mark,
    plot_ceiling,
    plot_claim,
    plot_control,
    plot_news,
    plot_nowcast,
    plot_part_year,
    plot_records,
    plot_track,
)
from forecast.studies.answer import Answer
from forecast.studies.drawing import Drawing, drawn, slug
from forecast.studies.gravity_half.drawn import draw_gravity
from forecast.studies.hindsight import Hindsight
from forecast.studies.plan import StudyPlan
from forecast.studies.sentences import claimed_level, day

__all__ = ["draw_answer", "draw_hindsight"]


def draw_answer(plan: StudyPlan, answer: Answer) -> dict[str, Drawing]:
    """Draw the figures of the answer; what cannot be drawn of these data is left out."""
    drawings = {
        name: _nowcast(plan, answer, reporter, name)
        for name, reporter in _figure_names(answer).items()
    }
    drawings |= _so_far(plan, answer)
    for number, card in enumerate(answer.cards, start=1):
        for part in card.parts or (card,):
            drawings |= _card(answer, part, number)
    for reporter, news in answer.tables["news"].groupby("reporter"):
        if len(news) > 1:
            drawings[f"news_{slug(str(reporter))}"] = drawn(
                lambda ax, n=news: plot_news(n, ax),
                f"The estimate after each release of {reporter}.",
                1.5 + 0.42 * len(news),
            )
    return drawings | draw_gravity(
        answer.gravity, plan.year, answer.main.forecast.measure
    )


def draw_hindsight(
    plan: StudyPlan, answer: Answer, later: Hindsight
) -> dict[str, Drawing]:
    """Draw what came true; names begin with ``hindsight_``."""
    levels = {
        name: o.level for name, o in later.outcomes.items() if np.isfinite(o.level)
    }
    named = {
        f"{n}{'' if later.outcomes[n].how == 'reported' else ', derived'}": v
        for n, v in levels.items()
    }
    drawings = {}
    if levels and answer.main.forecast.quantity == "level":
        marks = _marks(answer)
        drawings["hindsight_nowcast"] = drawn(
            lambda ax: plot_nowcast(
                answer.main, ax, marks=marks, outcome=named, claimed=claimed_level(plan)
            ),
            "The same nowcast with what came true.",
            2.7 + 0.29 * (len(marks) + len(named) + 1),
        )
    track = later.tables["hindsight_track"]
    levels_only = track[track["quantity"] == "level"] if len(track) else track
    if len(levels_only):
        drawings["hindsight_track"] = drawn(
            lambda ax: plot_track(levels_only, ax),
            "Every dated part-year figure whose year has an outcome by the same reporter, "
            "nowcast with what was known on that day.",
            1.6 + 0.28 * len(levels_only),
        )
    for reporter, news in later.tables["hindsight_news"].groupby("reporter"):
        drawings[f"hindsight_news_{slug(str(reporter))}"] = drawn(
            lambda ax, n=news, r=reporter: plot_news(n, ax, outcome=levels.get(str(r))),
            f"How the estimate of {plan.year} moved with each release of {reporter}.",
            1.5 + 0.42 * len(news),
        )
    return drawings


# --- parts -------------------------------------------------------------------------


def _figure_names(answer: Answer) -> dict[str, str]:
    """``nowcast`` for the main reporter, ``nowcast_<reporter>`` for the others."""
    names = list(answer.nowcasts)
    return {"nowcast": names[0]} | {f"nowcast_{slug(n)}": n for n in names[1:]}


def _nowcast(plan: StudyPlan, answer: Answer, reporter: str, name: str) -> Drawing:
    year = answer.nowcasts[reporter]
    is_level = year.forecast.quantity == "level"
    marks = _marks(answer) if name == "nowcast" and is_level else []
    claimed = claimed_level(plan) if is_level else None
    rules = len(year.benchmarks.dropna(subset=["value"])) if is_level else 0
    return drawn(
        lambda ax: plot_nowcast(year, ax, marks=marks, claimed=claimed),
        f"What {reporter}'s figures known on {day(plan.as_of)} say of {plan.year}: "
        "shaded are the central 50, 80 and 95 per cent. Below, the simple rules and the "
        "official forecasts known by then."
        if marks
        else f"What {reporter}'s figures known on {day(plan.as_of)} say of {plan.year}: "
        "shaded are the central 50, 80 and 95 per cent.",
        2.5 + 0.29 * (len(marks) + rules),
    )


def _marks(answer: Answer) -> list[Mark]:
    table = answer.tables["rules"]
    said = table[table["forecast"] == "official forecast"]
    return [
        Mark(
            _who(row), float(row["value"]), str(row["relation"]), note=str(row["note"])
        )
        for row in said.to_dict("records")
    ]


def _who(row: dict[object, object]) -> str:
    when = row["said_on"]
    name = str(row["by"]).split(",", maxsplit=1)[0]
    said = f"{when.day} {when:%b %Y}"  # type: ignore[attr-defined]
    return f"{name}, {said}"


def _so_far(plan: StudyPlan, answer: Answer) -> dict[str, Drawing]:
    year = answer.main
    if year.forecast.quantity != "level" or not (year.evidence["known"] > 0).all():
        return {}
    return {
        "part_year": drawn(
            lambda ax: plot_part_year(year, ax, claimed=claimed_level(plan)),
            "The sum so far and the rest of the year. Within both parts the paths are drawn "
            "straight, since only sums were published.",
            3.7,
        )
    }


def _card(answer: Answer, card: Card, number: int) -> dict[str, Drawing]:
    """Figures of one card: a record by source, a ceiling and a control group, a level."""
    if card.claim.kind == "share":
        return _share(card, number)
    if "highest" in card.evidence and len(answer.tables["records"]):
        claimed = float(card.evidence["claimed"].iloc[0])
        measure = str(card.evidence["unit"].iloc[0])
        label = "claimed" if card.claim.value is not None else "median of the nowcast"
        return {
            f"claim_{number}_record": drawn(
                lambda ax: plot_records(
                    answer.tables["records"],
                    ax,
                    claimed=claimed,
                    year=card.claim.year,
                    label=label,
                    measure=measure,
                ),
                "Yearly totals by source; filled marks reach the line. Different "
                "sources are different series.",
                3.8,
            )
        }
    measure = answer.main.forecast.measure
    return {
        f"claim_{number}_{card.claim.kind}": drawn(
            lambda ax: plot_claim(card, ax, measure=measure),
            "The claimed value against the 80 and 95 % intervals of each reporter's figures.",
            1.4 + 0.42 * len(card.evidence),
        )
    }


def _share(card: Card, number: int) -> dict[str, Drawing]:
    what = card.evidence["what"].astype(str)
    drawings = {}
    if card.number == card.number:  # not NaN: there is a ceiling
        drawings[f"claim_{number}_ceiling"] = drawn(
            lambda ax: plot_ceiling(card, ax),
            "The value of all deals that were signed, as if delivered within the year, beside "
            "the growth of the year.",
            2.0,
        )
    if what.str.startswith("excess over").any():
        rows = int(what.str.startswith(("excess over", "growth of ")).sum()) - 1
        drawings[f"claim_{number}_control"] = drawn(
            lambda ax: plot_control(card, ax),
            "Growth of the pair beside the growth of the control group and its members. The "
            "bars are 95 % intervals of the pair's growth if it were one more member.",
            1.3 + 0.3 * rows,
        )
    return drawings
