"""What became of the next year, looked up later and kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

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
    """Compare the baseline with what was published of that year.

    Returns
    -------
    DataFrame
        ``year, reporter, level, unit, growth_%, how, released, median``, interval ends,
        ``inside_80, inside_95, error_%, source``.
    """
    median = float(np.median(outlook.level))
    bounds = {name: float(np.quantile(outlook.level, p)) for name, p in BOUNDS.items()}
    rows = [
        {
            "year": outlook.year,
            "reporter": name,
            "level": one.level,
            "unit": measure,
            "growth_%": 100 * one.growth,
            "how": one.how,
            "released": one.released,
            "median": median,
            **bounds,
            "inside_80": bounds["low_80"] <= one.level <= bounds["high_80"],
            "inside_95": bounds["low_95"] <= one.level <= bounds["high_95"],
            "error_%": 100 * (median / one.level - 1),
            "source": one.source,
        }
        for name, one in outcomes.items()
        if np.isfinite(one.level)
    ]
    columns = ["year", "reporter", "level", "unit", "growth_%", "how", "released"]
    columns += ["median", *BOUNDS, "inside_80", "inside_95", "error_%", "source"]
    return pd.DataFrame(rows, columns=columns)


def next_year_text(table: pd.DataFrame) -> str:
    """Say what the next year turned out to be."""
    if table.empty:
        return ""
    said = " and ".join(
        f"{row['level']:,.0f} ({row['reporter']}, {row['growth_%']:+.1f} %)".replace(
            "-", "−"
        )
        for row in table.to_dict("records")
    )
    row, held = table.iloc[0], int(table["inside_80"].sum())
    return (
        f"The next year, {row['year']}, closed at {said} {row['unit']}. The baseline's median "
        f"was {row['median']:,.0f}; its 80 % interval held {held} of {len(table)} outcomes."
    )
