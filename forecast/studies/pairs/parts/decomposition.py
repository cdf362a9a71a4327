"""``[decomposition]``: what growth was made of, in parts that sum to it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.decomposition import Decomposition, decompose
from forecast.forecasts import Forecast
from forecast.gravity import GravityFit
from forecast.reporting import Block, Folded, Lead, Note, Table
from forecast.studies.drawing import Drawing, drawn, slug
from forecast.studies.pairs.decomposition_plan import (
    DRAWS,
    KEYS,
    DecompositionPlan,
    check,
    nothing,
    outlook_of,
    periods_of,
)
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.progress import Progress

__all__ = ["KEYS", "DecompositionPlan", "check", "find"]

TITLE = "What growth was made of"
LEVEL = 95
MOST_FIGURES = 4
MOST_UNITS = 300
"""Units in the table; a large panel keeps those in focus and the largest changes."""


def find(plan: DecompositionPlan, known: Known, tell: Progress) -> Part:
    """Take growth apart, of all flows together and of each unit in focus.

    Raises
    ------
    StudyError
        F-726 nothing to take apart: no model, no forecast, or a panel of one period.
    """
    start, end = periods_of(plan, known)
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


def _decomposed(
    plan: DecompositionPlan, known: Known, start: Any, end: Any
) -> Decomposition:
    source: GravityFit | Forecast
    if plan.of == "forecast":
        source = outlook_of(known)
    elif known.gravity is None:
        raise nothing("there is no fitted model")
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
        draws=plan.draws or DRAWS,
        seed=known.seed,
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
