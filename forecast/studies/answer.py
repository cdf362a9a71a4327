"""What a study finds with what was known: nowcasts, cards and the tables behind them.

Nothing here sees a fact later than the as-of dates: `find_answer` is given facts that
have been cut, and every part cuts them again at its own date.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from forecast.attribution import PanelEstimates, panel_estimates
from forecast.claims import Card, check
from forecast.errors import PeriodError
from forecast.nowcasting import Nowcast, nowcast
from forecast.releases import Releases
from forecast.studies.facts import StudyFacts
from forecast.studies.gravity_half.finding import find_gravity_half
from forecast.studies.gravity_half.record import GravityHalf
from forecast.studies.plan import StudyPlan
from forecast.studies.tables import (
    events_known,
    figures_by_use,
    figures_speaking,
    indicators_by_year,
    news_by_reporter,
    nowcast_table,
    rules_table,
    yearly_levels,
)

__all__ = ["Answer", "find_answer"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """The part of a study that rests on what was known.

    Attributes
    ----------
    nowcasts : dict of str to Nowcast
        By reporter; those with a level first.
    cards : tuple of Card
        In the order of the claims.
    tables : dict of str to DataFrame
    gravity : GravityHalf or None
        What a panel of pairs says; None unless the study asks.
    """

    nowcasts: dict[str, Nowcast]
    cards: tuple[Card, ...]
    tables: dict[str, pd.DataFrame] = field(repr=False)
    gravity: GravityHalf | None = None

    @property
    def main(self) -> Nowcast:
        """The nowcast that the report leads with."""
        return next(iter(self.nowcasts.values()))


def find_answer(plan: StudyPlan, facts: StudyFacts, progress: Progress) -> Answer:
    """Nowcast the year by reporter, check the claims, make the tables."""
    known = facts.known_by(plan.as_of)
    nowcasts = _nowcasts(plan, known.figures, progress)
    cards = []
    for number, entry in enumerate(plan.claims, start=1):
        progress(f"check claim {number} of {len(plan.claims)}")
        cards.append(
            check(
                entry.claim,
                facts.figures,
                as_of=entry.as_of,
                events=facts.events,
                control=facts.control,
                attribution=_evidence(plan, entry.as_of),
                seed=plan.seed,
            )
        )
    progress("make the tables")
    tables = {
        "nowcast": nowcast_table(nowcasts),
        "rules": rules_table(plan, nowcasts, known),
        "news": news_by_reporter(nowcasts),
        "records": yearly_levels(known.figures),
        "figures_known": figures_speaking(plan, known.figures),
        "figures_by_use": figures_by_use(plan, known.figures, tuple(nowcasts)),
    }
    if facts.events is not None and plan.indicators is not None:
        tables["events"] = events_known(plan.indicators, facts)
        tables["indicators"] = indicators_by_year(plan, plan.indicators, facts)
    if cards:
        tables["claims"] = pd.concat([c.to_frame() for c in cards], ignore_index=True)
    for number, card in enumerate(cards, start=1):
        for part in card.parts or (card,):
            what = "record" if "highest" in part.evidence else part.claim.kind
            tables[f"claim_{number}_{what}"] = part.evidence
    gravity = _gravity(plan, nowcasts, facts, tables, progress)
    tables |= {} if gravity is None else gravity.tables
    return Answer(nowcasts, tuple(cards), tables, gravity)


def _evidence(plan: StudyPlan, day: pd.Timestamp) -> PanelEstimates | None:
    """Estimates on a panel that a claim about a cause is confronted with, too."""
    if plan.gravity is None:
        return None
    return panel_estimates(plan.gravity.model, as_of=day)


def _gravity(
    plan: StudyPlan,
    nowcasts: dict[str, Nowcast],
    facts: StudyFacts,
    tables: dict[str, pd.DataFrame],
    progress: Progress,
) -> GravityHalf | None:
    if plan.gravity is None:
        return None
    progress("ask the panel of pairs, look one year ahead")
    return find_gravity_half(
        plan.gravity,
        plan.scenarios,
        next(iter(nowcasts.values())),
        facts,
        tables.get("indicators"),
        plan.seed,
    )


def _nowcasts(
    plan: StudyPlan, figures: Releases, progress: Progress
) -> dict[str, Nowcast]:
    """Nowcast by reporter: those with a level first, then by name."""
    chosen = plan.reporters or tuple(
        name
        for name in figures.reporters
        if len(figures.for_reporter(name).part_years(plan.year))
    )
    if not chosen:
        raise PeriodError(
            f"no reporter had spoken of a part of {plan.year} by {plan.as_of:%Y-%m-%d}",
            code="F-461",
            remedy="Choose a later study.as_of, or another nowcast.year.",
        )
    found = {}
    for reporter in chosen:
        progress(f"nowcast {plan.year} from the figures of {reporter}")
        found[reporter] = nowcast(
            figures, plan.year, plan.as_of, reporter=reporter, seed=plan.seed
        )
    order = sorted(
        found, key=lambda name: (found[name].forecast.quantity != "level", name)
    )
    return {name: found[name] for name in order}
