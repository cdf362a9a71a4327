"""What became of the next year, looked up later and kept apart.

Levels of two reporters are different series: the outlook continues one of them, and only
what this one published can lie inside its intervals or outside.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from forecast.studies.gravity_half.record import Outlook

__all__ = ["next_year_table", "next_year_text"]

BOUNDS = {"low_80": 0.1, "high_80": 0.9, "low_95": 0.025, "high_95": 0.975}


class Outcome(Protocol):
    """What one reporter published of a whole year."""

    @property
    def level(self) -> float: ...
    @property
    def growth(self) -> float: ...
    @property
    def how(self) -> str: ...
    @property
    def released(self) -> pd.Timestamp: ...
    @property
    def source(self) -> str: ...


def next_year_table(
    outlook: Outlook, outcomes: Mapping[str, Outcome], measure: str
) -> pd.DataFrame:
    """Compare the baseline with what its own reporter published of that year.

    Returns
    -------
    DataFrame
        ``year, reporter, level, unit, growth_%, how, released, scored, median``, interval
        ends, ``inside_80, inside_95, error_%, source``. What another reporter published
        stands beside, not scored: from ``median`` to ``error_%`` it has nothing.
    """
    rows: list[dict[str, object]] = [
        {
            "year": outlook.year,
            "reporter": name,
            "level": one.level,
            "unit": measure,
            "growth_%": 100 * one.growth,
            "how": one.how,
            "released": one.released,
            "scored": name == outlook.level_reporter,
            **(_score(outlook, one.level) if name == outlook.level_reporter else {}),
            "source": one.source,
        }
        for name, one in outcomes.items()
        if np.isfinite(one.level)
    ]
    columns = ["year", "reporter", "level", "unit", "growth_%", "how", "released"]
    columns += ["scored", "median", *BOUNDS, "inside_80", "inside_95", "error_%"]
    table = pd.DataFrame(rows, columns=[*columns, "source"])
    inside = ["inside_80", "inside_95"]
    table[inside] = table[inside].astype("boolean")
    return table


def _score(outlook: Outlook, level: float) -> dict[str, object]:
    median = float(np.median(outlook.level))
    bounds = {name: float(np.quantile(outlook.level, p)) for name, p in BOUNDS.items()}
    return {
        "median": median,
        **bounds,
        "inside_80": bounds["low_80"] <= level <= bounds["high_80"],
        "inside_95": bounds["low_95"] <= level <= bounds["high_95"],
        "error_%": 100 * (median / level - 1),
    }


def next_year_text(table: pd.DataFrame) -> str:
    """Say what the next year turned out to be."""
    if table.empty:
        return ""
    scored = table[table["scored"]].to_dict("records")
    others = table[~table["scored"]].to_dict("records")
    if not scored:
        return (
            f"The reporter whose figures the baseline continues published nothing of the "
            f"next year. Other series closed at {_closed(others)}."
        )
    (own,) = scored
    where = (
        "inside the 80 % interval"
        if own["inside_80"]
        else "inside the 95 % interval, outside the 80 % one"
        if own["inside_95"]
        else "outside the 95 % interval"
    )
    head = (
        f"The next year, {own['year']}, closed at {_closed(scored)}. The baseline continues "
        f"this reporter's figures: its median was {own['median']:,.0f}, and the outcome lies "
        f"{where}."
    )
    if not others:
        return head
    return f"{head} Other series, not held against it: {_closed(others)}."


def _closed(rows: list[dict[Hashable, Any]]) -> str:
    said = " and ".join(
        f"{row['level']:,.0f} ({row['reporter']}, {row['growth_%']:+.1f} %)".replace(
            "-", "−"
        )
        for row in rows
    )
    return f"{said} {rows[0]['unit']}"
