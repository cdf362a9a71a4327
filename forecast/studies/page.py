"""The report of a study: the answer first, then what it rests on, hindsight apart."""

from __future__ import annotations

import pandas as pd

from forecast.reporting import (
    Block,
    Facts,
    Folded,
    Lead,
    Note,
    Report,
    Section,
    Table,
    report,
)
from forecast.reporting.cells import shown
from forecast.studies.answer import Answer
from forecast.studies.drawing import Drawing
from forecast.studies.facts import StudyFacts
from forecast.studies.gravity_half.later import next_year_text
from forecast.studies.gravity_half.page import gravity_section
from forecast.studies.hindsight import Hindsight
from forecast.studies.method import method_fields
from forecast.studies.plan import StudyPlan
from forecast.studies.sentences import (
    day,
    hindsight_text,
    lead,
    others,
    pace_needed,
    verdicts,
)
from forecast.studies.tables import LEVELS

__all__ = ["lay_out"]

DATE_OF = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}


def lay_out(
    plan: StudyPlan,
    facts: StudyFacts,
    answer: Answer,
    later: Hindsight | None,
    drawings: dict[str, Drawing],
    version: str,
) -> Report:
    """Lay out the page of a study."""
    pictures = _Shown(drawings)
    sections = [
        Section("The answer", tuple(_answer(plan, answer, pictures))),
        Section("The claims, one by one", tuple(_claims(answer, pictures))),
        Section(
            "So far, and beside other forecasts", tuple(_beside(plan, answer, pictures))
        ),
        *_events_section(plan, answer),
        *gravity_section(answer.gravity, plan.year, facts.figures.measure, drawings),
        Section("Data and method", tuple(_method(plan, facts, answer))),
    ]
    if later is not None:
        blocks = tuple(_hindsight(plan, answer, later, pictures))
        title = f"Hindsight: what came true by {day(later.as_of)}"
        sections.append(Section(title, blocks, apart=True))
    kept = [section for section in sections if section.blocks]
    return report(
        plan.title,
        kept,
        subtitle=f"As known on {day(plan.as_of)}. Figures in {facts.figures.measure} unless said.",
        footer=[
            f"Made by turnover-forecast {version}, seed {plan.seed}. The same facts give the "
            "same page. Tables and figures lie beside this file.",
        ],
    )


class _Shown:
    """The drawings by beginning of their names."""

    def __init__(self, drawings: dict[str, Drawing]) -> None:
        self.drawings = drawings

    def named(self, *beginnings: str) -> list[Block]:
        return [d.picture for n, d in self.drawings.items() if n.startswith(beginnings)]


def _answer(plan: StudyPlan, answer: Answer, pictures: _Shown) -> list[Block]:
    blocks: list[Block] = [Lead(lead(plan, answer))]
    texts = (pace_needed(plan, answer), verdicts(answer), others(plan, answer))
    blocks += [text for text in texts if text]
    main = pictures.drawings.get("nowcast")
    return [*blocks, *([main.picture] if main else [])]


def _claims(answer: Answer, pictures: _Shown) -> list[Block]:
    blocks: list[Block] = []
    for number, card in enumerate(answer.cards, start=1):
        blocks.append(card)
        blocks += pictures.named(f"claim_{number}_record", f"claim_{number}_c")
    return blocks


def _beside(plan: StudyPlan, answer: Answer, pictures: _Shown) -> list[Block]:
    blocks: list[Block] = [
        *pictures.named("part_year"),
        Table(_ranges(answer.tables["nowcast"]), f"The year {plan.year} by reporter."),
    ]
    rules = (
        answer.tables["rules"].dropna(axis=1, how="all").fillna({"by": "", "note": ""})
    )
    if len(rules):
        blocks.append(
            Table(
                rules,
                "Our median, the simple rules and the official forecasts known by then.",
            )
        )
    news = answer.tables["news"].dropna(axis=1, how="all")
    blocks.append(Table(news, "News: what each release did to the estimate (median)."))
    return [*blocks, *pictures.named("nowcast_", "news_")]


def _ranges(table: pd.DataFrame) -> pd.DataFrame:
    """Write intervals as one cell each; level and growth have their own decimals."""
    rows = []
    for row in table.to_dict("records"):
        decimals = 0 if row["quantity"] == "level" else 1
        number = {k: shown(v, decimals) for k, v in row.items() if isinstance(v, float)}
        rows.append(
            {
                "reporter": row["reporter"],
                "quantity": f"level, {row['unit']}"
                if row["quantity"] == "level"
                else "growth, %",
                "months known": row["months_known"],
                "sum so far": row["known_sum"],
                "growth so far, %": row["known_growth_%"],
                "median": number["median"],
                **{
                    f"{p} %": f"{number[f'low_{p}']} to {number[f'high_{p}']}"
                    for p in LEVELS
                },
            }
        )
    return pd.DataFrame(rows)


def _events_section(plan: StudyPlan, answer: Answer) -> list[Section]:
    if "indicators" not in answer.tables or plan.indicators is None:
        return []
    indicators = plan.indicators
    recipes = {name: repr(recipe) for name, recipe in indicators.recipes.items()}
    used = answer.tables["indicators"]
    events = answer.tables["events"]
    busy = used[(used.drop(columns="year") != 0).any(axis=1)]
    blocks: tuple[Block, ...] = (
        f"The log of events as known on {day(indicators.as_of)}, turned into yearly indicators "
        f"of {' and '.join(indicators.between)}. An event counts in the first year by whose end "
        "it had surely happened and was known. In a panel of many pairs such indicators "
        "enter a model; with one pair they describe, and estimate nothing.",
        Table(busy, "Indicators by year; years in which all are zero are left out."),
        Facts(recipes),
        Folded(f"The {len(events)} events behind them", _readable(events)),
    )
    return [Section("Cooperation events and indicators", blocks)]


def _readable(events: pd.DataFrame) -> pd.DataFrame:
    """Dates as exact as they are known, and the columns that a reader looks for."""
    dates = [
        f"{day:{DATE_OF[precision]}}"
        if precision in DATE_OF
        else f"{day:%Y} ({precision})"
        if not pd.isna(day)
        else "unknown"
        for day, precision in zip(events["date"], events["precision"], strict=True)
    ]
    columns = [
        "id",
        "date",
        "kind",
        "subkind",
        "origin",
        "destination",
        "status",
        "count",
        "value",
    ]
    return events.assign(date=dates)[columns]


def _method(plan: StudyPlan, facts: StudyFacts, answer: Answer) -> list[Block]:
    known = answer.tables["figures_known"]
    return [
        Facts(method_fields(plan, facts, answer)),
        Table(
            known.replace("", None).dropna(axis=1, how="all"),
            f"Every known figure that speaks of {plan.year - 1} or {plan.year}.",
        ),
        Note(" ".join(dict.fromkeys(_notes(answer)))),
    ]


def _notes(answer: Answer) -> list[str]:
    return [
        f"{name}: {note}."
        for name, year in answer.nowcasts.items()
        for note in year.notes
    ]


def _hindsight(
    plan: StudyPlan, answer: Answer, later: Hindsight, pictures: _Shown
) -> list[Block]:
    errors = later.tables["hindsight_errors"].dropna(axis=1, how="all")
    blocks: list[Block] = [
        Note("Nothing above this line has used anything in this frame."),
        hindsight_text(plan, answer, later),
        *pictures.named("hindsight_nowcast"),
        Table(
            later.tables["hindsight_outcomes"], "What was published of the whole year."
        ),
        Table(errors.fillna({"by": ""}), "Who was how far off."),
        *pictures.named("hindsight_news", "hindsight_track"),
    ]
    if "hindsight_next_year" in later.tables:
        following = later.tables["hindsight_next_year"]
        blocks += [
            next_year_text(following),
            Table(following, f"The year {plan.year + 1}, as it turned out."),
        ]
    track = later.tables["hindsight_track"]
    if len(track):
        blocks.append(Folded("The track record in numbers", _track(track)))
    return [block for block in blocks if not isinstance(block, str) or block]


def _track(track: pd.DataFrame) -> pd.DataFrame:
    columns = ["reporter", "year", "known_on", "months_known", "quantity", "median"]
    return track[
        [*columns, "outcome", "inside_80", "inside_95", "error_%", "run_rate_error_%"]
    ]
