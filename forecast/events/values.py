"""What a group of events is worth, with nothing counted twice and bounds kept as bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.events.statuses import status_rank

__all__ = ["TotalValue", "numbered", "summary", "total_value"]


@dataclass(frozen=True, slots=True)
class TotalValue:
    """A sum of values of events.

    Attributes
    ----------
    value : float
        In `unit`; 0.0 when no event has a value.
    relation : {"exactly", "at least", "at most", "about"}
        ``at least`` when a summand is a lower bound or an event has no value.
    unit : str
        Unit of the values, empty when the log does not say.
    events : tuple of str
        Ids of the events whose values were added.
    parts_left_out : tuple of str
        Ids of events inside these, not added again.
    without_value : tuple of str
        Ids of events that count but have no value, nor a total that has one.
    """

    value: float
    relation: str
    unit: str
    events: tuple[str, ...]
    parts_left_out: tuple[str, ...]
    without_value: tuple[str, ...]

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        text = f"{self.relation} {self.value:,.10g}{unit}"
        text += f" from {numbered(len(self.events), 'event')}"
        if self.parts_left_out:
            text += f"; inside: {', '.join(self.parts_left_out)}"
        if self.without_value:
            text += f"; without a value: {', '.join(self.without_value)}"
        return text


@dataclass(frozen=True)
class _Worth:
    """The value of an event or of several: whose figures, who has none, how exact."""

    value: float = 0.0
    events: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    relations: frozenset[str] = frozenset()


def total_value(events: pd.DataFrame, unit: str) -> TotalValue:
    """Add the values of events; a total is worth its own figure or the sum of its parts.

    Parameters
    ----------
    events : DataFrame
        One row an event: columns `id`, `value`, `value_relation`, `part_of`.
    unit : str
    """
    own = {
        event: _own_worth(event, value, relation)
        for event, value, relation in zip(
            events["id"], events["value"], events["value_relation"], strict=True
        )
    }
    parts: dict[str, list[str]] = {}
    for event, total in zip(events["id"], events["part_of"], strict=True):
        parts.setdefault(total if total in own else "", []).append(event)

    def worth(event: str) -> _Worth:
        inside = [worth(part) for part in parts.get(event, [])]
        return _greater(own[event], _sum(inside)) if inside else own[event]

    total = _sum([worth(event) for event in parts.get("", [])])
    told = {*total.events, *total.lacking}
    left_out = tuple(sorted(event for event in own if event not in told))
    relation = _relation(total.relations)
    return TotalValue(
        total.value, relation, unit, total.events, left_out, total.lacking
    )


def _own_worth(event: str, value: float, relation: str) -> _Worth:
    if np.isnan(value):
        return _Worth(lacking=(event,), relations=frozenset({"at least"}))
    return _Worth(float(value), (event,), (), frozenset({relation}))


def _sum(worths: list[_Worth]) -> _Worth:
    return _Worth(
        sum(worth.value for worth in worths),
        tuple(event for worth in worths for event in worth.events),
        tuple(event for worth in worths for event in worth.lacking),
        frozenset(word for worth in worths for word in worth.relations),
    )


def _greater(own: _Worth, inside: _Worth) -> _Worth:
    """Return the own figure of a total unless its parts are worth more, or it has none."""
    if own.events and own.value >= inside.value:
        return own
    lacking = (*own.lacking, *inside.lacking)
    return _Worth(
        inside.value, inside.events, lacking, own.relations | inside.relations
    )


def _relation(relations: frozenset[str]) -> str:
    """Return what can be said of a sum of figures with these relations."""
    words = relations - {"exactly"}
    if not words:
        return "exactly"
    return next(iter(words)) if len(words) == 1 else "about"


def summary(events: pd.DataFrame) -> pd.DataFrame:
    """Summarise events, one row each, by kind and status; `EventLog.describe`."""
    groups = events.assign(rank=status_rank(events["status"])).groupby(
        ["kind", "rank", "status"]
    )
    rows = [
        {
            "kind": kind,
            "status": status,
            "events": len(group),
            "count": group["count"].sum(),
            **_worth_columns(total_value(group, "")),
            "first": group["date"].min(),
            "last": group["date_end"].max(),
            "undated": int(group["date"].isna().sum()),
            "parts": int(group["part_of"].ne("").sum()),
            "placebos": int(group["placebo"].sum()),
        }
        for (kind, _, status), group in groups
    ]
    return pd.DataFrame(rows, columns=_SUMMARY)


_SUMMARY = ["kind", "status", "events", "count", "value", "value_relation"]
_SUMMARY += ["first", "last", "undated", "parts", "placebos"]


def _worth_columns(worth: TotalValue) -> dict[str, float | str]:
    if not worth.events:
        return {"value": np.nan, "value_relation": ""}
    return {"value": worth.value, "value_relation": worth.relation}


def numbered(n: int, noun: str) -> str:
    """Return "1 event", "2 events"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
