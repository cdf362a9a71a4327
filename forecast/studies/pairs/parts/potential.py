"""``[potential]``: which pairs trade less than pairs like them do."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecast.attribution import Potential, potential
from forecast.errors import StudyError
from forecast.plots import plot_potential
from forecast.reporting import Block, Folded, Lead, Note, Table
from forecast.reporting.cells import shown
from forecast.studies.complaints import Complaint
from forecast.studies.drawing import Drawing, drawn
from forecast.studies.pairs.checking import (
    equation_of,
    formula_complaints,
    period_complaints,
)
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.parts.gravity import a_formula
from forecast.studies.progress import Progress
from forecast.studies.values import (
    Key,
    WrongValueError,
    a_count,
    a_number,
    a_period,
)

__all__ = ["KEYS", "PotentialPlan", "check", "find"]

TITLE = "Unused potential"
MOST_BARS = 12


def _share(value: object) -> float:
    share = a_number(value)
    if not 0 < share < 1:
        raise WrongValueError("a number between 0 and 1, such as 0.8")
    return share


def _folds(value: object) -> int:
    if a_count(value) < 2:
        raise WrongValueError("a whole number, 2 or more")
    return a_count(value)


KEYS: dict[str, Key] = {
    "formula": Key(a_formula, required=True),
    "start": Key(a_period),
    "end": Key(a_period),
    "folds": Key(_folds, default=5),
    "level": Key(_share, default=0.8),
    "shown": Key(a_count, default=20),
}


@dataclass(frozen=True, slots=True)
class PotentialPlan:
    """What pairs are alike by.

    Attributes
    ----------
    formula : str
        PPML without effects of pairs, with what pairs are like: distance, border.
    start, end : str or None
        Flows are averaged over these periods; the last three by default.
    folds : int
        Groups of pairs, each predicted by a model of the others.
    level : float
        Share of pairs alike inside the interval.
    shown : int
        Pairs in the report; the table holds all.
    """

    formula: str
    start: str | None = None
    end: str | None = None
    folds: int = 5
    level: float = 0.8
    shown: int = 20


def check(plan: PotentialPlan, known: Known) -> list[Complaint]:
    """Complain of columns and periods that the data do not have, and of too many folds."""
    span = {"start": plan.start, "end": plan.end}
    found = [
        *formula_complaints(known, plan.formula),
        *period_complaints(known, span, in_order=True),
    ]
    ends = known.panel.units[list(known.ends)].astype(str)
    pairs = len(set(map(frozenset, ends.itertuples(index=False))))
    if plan.folds > pairs:
        problem = f"{plan.folds:,} folds are not possible with {pairs:,} pairs"
        remedy = "Use 2 folds or more, no more than pairs."
        found.append(Complaint("F-892", ("folds",), problem, remedy))
    for effect in equation_of(plan.formula).effects:
        if set(known.ends) <= set(effect.factors):
            problem = "a model with effects of pairs has no potential for a pair"
            remedy = "Say what pairs are like instead: distance, border, agreements."
            found.append(Complaint("F-891", ("formula",), problem, remedy))
    return found


def find(plan: PotentialPlan, known: Known, tell: Progress) -> Part:
    """Predict each pair by a model that has not seen it, and compare."""
    tell(f"look for unused potential, {plan.folds} folds")
    found = potential(
        known.panel,
        plan.formula,
        start=plan.start,
        end=plan.end,
        folds=plan.folds,
        level=plan.level,
        seed=known.seed,
    )
    if found.table.empty:
        raise StudyError(
            "no pair could be predicted by a model of the others",
            code="F-727",
            column="potential.formula",
            remedy="Use a formula whose effects other pairs can tell.",
        )
    table = found.table.assign(reasons=found.table["reasons"].map(", ".join))
    chosen = _chosen(table, known, plan.shown)
    drawings = {"potential": _drawing(chosen, found, known)}
    return Part(
        title=TITLE,
        headline=_headline(found, known),
        blocks=tuple(_blocks(found, chosen, drawings, known)),
        tables={"potential": table},
        drawings=drawings,
        result=found,
        method={
            "Potential": f"{plan.formula}; {found.folds} folds, no pair predicted from its "
            f"own flows; interval: where {plan.level:.0%} of pairs alike lie"
        },
    )


def _headline(found: Potential, known: Known) -> str:
    """Name the pair with the most unused potential among those that are surely low."""
    low = found.table[
        found.table["reasons"].map(lambda codes: "low intensity" in codes)
    ]
    many = (
        f"{len(low):,} of {len(found.table):,} directed pairs trade less than "
        f"{(1 + found.level) / 2:.0%} of pairs like them"
    )
    if low.empty:
        return f"Unused potential, {found.periods}: {many}."
    first = low.iloc[0]
    measure = f" {known.panel.measure}" if known.panel.measure else ""
    return (
        f"Unused potential, {found.periods}: {many}; the largest gap is that of "
        f"{_label(first, known)}, {shown(first['unused'])}{measure} "
        f"({shown(first['unused_low'])} to {shown(first['unused_high'])})."
    )


def _label(row: pd.Series, known: Known) -> str:
    """Name a row: origin to destination, and what else tells it from others."""
    origin, destination = known.ends
    sector = known.panel.sector
    more = f", {row[sector]}" if sector and sector in row.index else ""
    return f"{row[origin]} to {row[destination]}{more}"


def _chosen(table: pd.DataFrame, known: Known, most: int) -> pd.DataFrame:
    """Pairs in focus first, and of each kind those with the most unused."""
    return known.focus_first(table).head(most)


def _drawing(chosen: pd.DataFrame, found: Potential, known: Known) -> Drawing:
    bars = chosen.head(MOST_BARS)
    labels = [_label(row, known) for _, row in bars.iterrows()]
    return drawn(
        lambda ax: plot_potential(
            bars.set_index(pd.Index(labels)),
            ax,
            measure=known.panel.measure or "",
        ),
        f"Bars: actual flows, {found.periods}. Diamonds: what pairs alike trade; lines: "
        f"where {found.level:.0%} of them lie. {known.facts}.",
        1.7 + 0.34 * len(bars),
    )


def _blocks(
    found: Potential,
    chosen: pd.DataFrame,
    drawings: dict[str, Drawing],
    known: Known,
) -> list[Block]:
    origin, destination = known.ends
    keys = [origin, destination]
    sector = known.panel.sector
    keys += [sector] if sector and sector in chosen else []
    columns = ["actual", "potential", "low", "high", "unused", "realised"]
    listed = chosen[[*keys, *columns]]
    first = "Pairs in focus first. " if known.focus.is_set else ""
    return [
        Lead(_headline(found, known)),
        drawings["potential"].picture,
        Table(
            listed.assign(reasons=chosen["reasons"]),
            f"{first}Low and high: where {found.level:.0%} of pairs alike lie.",
        ),
        Note(
            "Each pair is predicted by a model that has seen neither its flows nor those "
            "of its mirror. Potential is what pairs alike trade: it says where to look, "
            "and not that a policy would fill the gap."
        ),
        Folded("The formula", found.formula),
    ]
