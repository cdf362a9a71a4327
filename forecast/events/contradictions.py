"""What cannot be true of a log of events as a whole."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from forecast.errors import NumberError, PeriodError, TableError

__all__ = ["refuse_contradictions"]


def refuse_contradictions(table: pd.DataFrame) -> None:
    """Refuse rows that contradict each other or themselves.

    Raises
    ------
    TableError
        F-162 one id twice, F-163 part of an unknown event, F-164 part of itself.
    PeriodError
        F-473 ended before it began, F-474 known before it happened.
    NumberError
        F-262 parts worth more than their total.
    """
    _refuse_repeated(table)
    _refuse_circles(table)
    _refuse_foreknown(table)
    ended_early = table["ended_on"] < table["date"]
    if ended_early.any():
        raise PeriodError(
            f"{int(ended_early.sum())} events ended before they began",
            code="F-473",
            column="ended_on",
            count=int(ended_early.sum()),
            examples=table.loc[ended_early, "id"],
            remedy="`date` is the first day, `ended_on` the day from which it no longer works.",
        )
    _refuse_parts_above_total(table)


def _refuse_repeated(table: pd.DataFrame) -> None:
    repeated = table.duplicated(["id", "status", "known_on"], keep=False)
    if repeated.any():
        raise TableError(
            f"{int(repeated.sum())} rows repeat the id, status and knowledge date of another",
            code="F-162",
            column="id",
            count=int(repeated.sum()),
            examples=table.loc[repeated, "id"].unique(),
            remedy="Give each event an id of its own; rows that share one are later states "
            "or corrections of one event and need a status or a `known_on` of their own.",
        )


def _refuse_foreknown(table: pd.DataFrame) -> None:
    """Refuse what was known to have happened before it can have happened."""
    done = table["status"].isin(["agreed", "signed", "held"])
    early = done & (table["known_on"] < table["date"])
    if early.any():
        shown = table.loc[early, ["id", "status", "date", "known_on"]]
        raise PeriodError(
            f"{int(early.sum())} events were known before they can have happened",
            code="F-474",
            column="known_on",
            count=int(early.sum()),
            examples=[
                f"{i} {status} {date:%Y-%m-%d}, known {known:%Y-%m-%d}"
                for i, status, date, known in shown.itertuples(index=False)
            ],
            remedy="Correct the dates, or write the status as it was known ('planned').",
        )


def _refuse_circles(table: pd.DataFrame) -> None:
    parts = table.loc[table["part_of"].ne(""), ["id", "part_of"]]
    unknown = parts.loc[~parts["part_of"].isin(table["id"])]
    if len(unknown):
        raise TableError(
            f"{len(unknown)} events are part of an event that is not in the log",
            code="F-163",
            column="part_of",
            count=len(unknown),
            examples=[f"{a} in {b}" for a, b in unknown.itertuples(index=False)],
            remedy="Add the total, or empty `part_of` so that the part stands for itself.",
        )
    total_of = dict(zip(parts["id"], parts["part_of"], strict=True))
    several = parts.drop_duplicates().duplicated("id")
    circles = [event for event in total_of if _leads_back(event, total_of)]
    circles += list(parts.drop_duplicates().loc[several, "id"])
    if circles:
        raise TableError(
            f"{len(circles)} events are part of themselves, or of two totals",
            code="F-164",
            column="part_of",
            count=len(circles),
            examples=circles,
            remedy="`part_of` names the one total that an event lies inside.",
        )


def _leads_back(event: str, total_of: Mapping[str, str]) -> bool:
    seen = {event}
    while (event := total_of.get(event, "")) and event not in seen:
        seen.add(event)
    return bool(event)


def _refuse_parts_above_total(table: pd.DataFrame) -> None:
    """Refuse parts whose values add up to more than an exactly known total."""
    latest = table.drop_duplicates("id", keep="last").set_index("id")
    parts = latest.loc[latest["part_of"].ne("")].groupby("part_of")["value"].sum()
    totals = latest.loc[latest["value_relation"].isin(["exactly", "at most"]), "value"]
    both = pd.concat(
        [parts.rename("parts"), totals.rename("total")], axis=1, join="inner"
    )
    above = both[both["parts"] > both["total"] * (1 + 1e-9)]
    if len(above):
        shown = above.itertuples(name=None)
        raise NumberError(
            f"the parts of {len(above)} events are worth more than the whole",
            code="F-262",
            column="value",
            count=len(above),
            examples=[f"{i}: {part:,.6g} in {total:,.6g}" for i, part, total in shown],
            remedy="Correct the values, `part_of`, or the relation of the total ('at least').",
        )
