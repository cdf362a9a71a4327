"""``[decomposition]``: what growth was made of, in parts that sum to it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecast.decomposition import Decomposition, decompose
from forecast.errors import StudyError
from forecast.forecasts import Forecast
from forecast.gravity import GravityFit
from forecast.reporting import Block, Folded, Lead, Note, Table
from forecast.studies.drawing import Drawing, drawn, slug
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.progress import Progress
from forecast.studies.values import (
    Key,
    WrongValueError,
    a_count,
    a_period,
    a_table,
    a_text,
    one_of,
    texts_or_text,
)

__all__ = ["KEYS", "DecompositionPlan", "find"]

TITLE = "What growth was made of"
KINDS = ("flow", "turnover", "exporter", "importer", "nation", "total")
LEVEL = 95
MOST_FIGURES = 4
MOST_UNITS = 300
"""Units in the table; a large panel keeps those in focus and the largest changes."""


def _groups(value: Any) -> dict[str, tuple[str, ...]]:
    """Read ``{ cooperation = ["documents", "visits"] }``."""
    return {name: texts_or_text(terms) for name, terms in a_table(value).items()}


def _columns(value: Any) -> dict[str, str]:
    """Read ``{ prices = "price_index" }``."""
    try:
        return {name: a_text(column) for name, column in a_table(value).items()}
    except WrongValueError as wrong:
        raise WrongValueError('a table, such as { prices = "price_index" }') from wrong


KEYS: dict[str, Key] = {
    "start": Key(a_period),
    "end": Key(a_period),
    "by": Key(one_of(*KINDS), default="turnover"),
    "groups": Key(_groups, default={}),
    "given": Key(_columns, default={}),
    "of": Key(one_of("gravity", "forecast"), default="gravity"),
    "method": Key(one_of("lmdi", "shapley"), default="lmdi"),
    "draws": Key(a_count, default=500),
}


@dataclass(frozen=True, slots=True)
class DecompositionPlan:
    """Whose growth is to be taken apart.

    Attributes
    ----------
    start, end : str or None
        The first and the last period by default; of a forecast the last period of the
        data and the last one forecast.
    by : str
        As in `decompose`: "turnover" of pairs, "nation", "total" and so on.
    groups : dict of str to tuple of str
        Terms under one name.
    given : dict of str to str
        Columns with indices of prices or exchange rates.
    of : {"gravity", "forecast"}
    method : {"lmdi", "shapley"}
    draws : int
    """

    start: str | None = None
    end: str | None = None
    by: str = "turnover"
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    of: str = "gravity"
    method: str = "lmdi"
    draws: int = 500


def find(plan: DecompositionPlan, known: Known, tell: Progress) -> Part:
    """Take growth apart, of all flows together and of each unit in focus.

    Raises
    ------
    StudyError
        F-726 nothing to take apart: no model, no forecast, or a panel of one period.
    """
    start, end = _periods(plan, known)
    tell(f"take apart the growth from {start} to {end}")
    parts = _decomposed(plan, known, start, end)
    total = None if plan.by == "nation" else _total(parts)
    focused = _focused(parts, known)
    alone = [_row(parts, row) for row in focused[:MOST_FIGURES]]
    ones = ([] if total is None else [total]) + alone
    drawings = {_name(one): _drawing(one, known) for one in ones}
    return Part(
        title=TITLE,
        headline=_headline(ones[0] if ones else parts),
        blocks=tuple(_blocks(parts, ones, drawings)),
        tables=_tables(parts, total, focused),
        drawings=drawings,
        result=parts,
        method={
            "Growth in parts": f"{plan.method}; parts sum to growth within "
            f"{max(parts.largest_gap, 1e-16):.0e} points on each of {parts.n_paths} paths"
        },
    )


# --- what is asked -----------------------------------------------------------------


def _periods(plan: DecompositionPlan, known: Known) -> tuple[Any, Any]:
    """Periods that are compared; those of the data where the file names none."""
    periods = known.panel.periods
    if len(periods) == 0:
        raise _nothing("the panel has no periods")
    if plan.of == "forecast":
        ahead = _outlook(known).periods
        first, last = plan.start or periods[-1], plan.end or ahead[-1]
    else:
        first, last = plan.start or periods[0], plan.end or periods[-1]
    if str(first) == str(last):
        raise _nothing("growth is taken apart between two periods, and there is one")
    return first, last


def _decomposed(
    plan: DecompositionPlan, known: Known, start: Any, end: Any
) -> Decomposition:
    source: GravityFit | Forecast
    if plan.of == "forecast":
        source = _outlook(known)
    elif known.gravity is None:
        raise _nothing("there is no fitted model")
    else:
        source = known.gravity
    if isinstance(source, Forecast):
        parts = decompose(source, start, end, by=plan.by, method=plan.method)
        return parts.grouped(plan.groups) if plan.groups else parts
    return decompose(
        source,
        start,
        end,
        by=plan.by,
        groups=plan.groups,
        given=plan.given,
        method=plan.method,
        measure=known.panel.measure or "",
        draws=plan.draws,
        seed=known.seed,
    )


def _outlook(known: Known) -> Forecast:
    if known.outlook is None:
        raise _nothing("there is no forecast")
    return known.outlook


def _nothing(why: str) -> StudyError:
    return StudyError(
        f"no growth can be taken apart: {why}",
        code="F-726",
        column="decomposition",
        remedy='Add [gravity] (or [forecast] with of = "forecast") and a panel of two '
        "periods or more, or drop [decomposition].",
    )


# --- what is shown -----------------------------------------------------------------


def _total(parts: Decomposition) -> Decomposition:
    return parts if parts.what == "total" else parts.total()


def _focused(parts: Decomposition, known: Known) -> list[int]:
    """Rows of the units in focus; those with the largest change first."""
    if parts.what == "total" or not known.focus.is_set:
        return []
    rows = _in_focus(parts, known)
    change = np.abs(parts.change.to_numpy())
    order = sorted(np.flatnonzero(rows), key=lambda row: (-change[row], row))
    return [int(row) for row in order]


def _in_focus(parts: Decomposition, known: Known) -> np.ndarray:
    ends = [parts.units[name].astype(str) for name in parts.units.columns[:2]]
    if len(ends) == 2:
        return known.focus.rows(*ends)
    codes = {known.focus.code, *(code for pair in known.focus.pairs for code in pair)}
    return ends[0].isin(codes - {""}).to_numpy()


def _row(parts: Decomposition, row: int) -> Decomposition:
    keys = {str(name): parts.units[name].iloc[row] for name in parts.units.columns}
    return parts.select(**keys)


def _name(one: Decomposition) -> str:
    if one.what == "total":
        return "decomposition_total"
    keys = "_".join(map(str, one.units.iloc[0]))
    return f"decomposition_{slug(keys)}"


def _headline(one: Decomposition) -> str:
    text = repr(one)
    return text if text.endswith(".") else f"{text}."


def _drawing(one: Decomposition, known: Known) -> Drawing:
    return drawn(
        lambda ax: one.plot(ax, level=LEVEL),
        f"{_headline(one).split(':')[0]}: percentage points, lines are {LEVEL} per cent "
        f"intervals. {known.facts}.",
        1.8 + 0.34 * (len(one.terms) + 2),
    )


def _tables(
    parts: Decomposition, total: Decomposition | None, focused: Sequence[int]
) -> dict[str, pd.DataFrame]:
    tables = {}
    if total is not None:
        tables["decomposition_total"] = total.to_frame([LEVEL])
    if parts.what == "total":
        return tables
    if len(parts.units) > MOST_UNITS:
        largest = np.argsort(-np.abs(parts.change.to_numpy()), kind="stable")
        rows = dict.fromkeys([*focused, *map(int, largest[:MOST_UNITS])])
        frames = [_row(parts, row).to_frame([LEVEL]) for row in rows]
        return {**tables, "decomposition": pd.concat(frames, ignore_index=True)}
    return {**tables, "decomposition": parts.to_frame([LEVEL])}


def _blocks(
    parts: Decomposition,
    ones: Sequence[Decomposition],
    drawings: dict[str, Drawing],
) -> list[Block]:
    blocks: list[Block] = []
    for number, one in enumerate(ones):
        text = _headline(one)
        blocks.append(Lead(text) if number == 0 else text)
        blocks.append(drawings[_name(one)].picture)
        table = _summary(one)
        caption = "Contributions to growth, in percentage points and in money."
        blocks.append(Table(table, caption) if number == 0 else Folded(caption, table))
    blocks.append(
        Note(
            " ".join(
                [
                    "The parts say what moved with trade, not what caused it: whether the "
                    "part of cooperation is an effect is judged by [attribution].",
                    *parts.notes,
                ]
            )
        )
    )
    return blocks


def _summary(one: Decomposition) -> pd.DataFrame:
    table = one.to_frame([LEVEL])
    ends = zip(
        table[f"points_lower_{LEVEL}"], table[f"points_upper_{LEVEL}"], strict=True
    )
    measure = f", {one.measure}" if one.measure else ""
    return pd.DataFrame(
        {
            "part": table["term"],
            "points": table["points"],
            f"{LEVEL} % interval": [f"{low:+.1f} to {high:+.1f}" for low, high in ends],
            f"change{measure}": table["change"],
        }
    )
