"""Soft events of a year and the range of what the literature has found for their kinds."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecast.attribution.literature import published_for

__all__ = ["SoftRange", "changes_of_indicators", "range_of"]


@dataclass(frozen=True, slots=True)
class SoftRange:
    """Range of effects on all flows of the pair, per cent; 0 is always inside.

    Attributes
    ----------
    low, top : float
    basis : str
        Treatments and sources behind the two ends.
    """

    low: float
    top: float
    basis: str


def changes_of_indicators(indicators: pd.DataFrame, year: int) -> pd.DataFrame:
    """Indicators of the year and the year before, each with its row of the literature.

    Parameters
    ----------
    indicators : DataFrame
        ``year`` and one column for each indicator.
    year : int

    Returns
    -------
    DataFrame
        ``indicator, before, in_year, change, treatment, low_%, top_%, caveat, source``.
    """
    by_year = indicators.set_index("year")
    rows = []
    for name in by_year.columns:
        row = published_for(name)
        before, now = (float(by_year[name].get(y, 0.0)) for y in (year - 1, year))
        rows.append(
            {
                "indicator": name,
                "before": before,
                "in_year": now,
                "change": now - before,
                "treatment": row.treatment,
                "low_%": row.low,
                "top_%": row.high,
                "caveat": row.caveat,
                "source": row.source,
            }
        )
    return pd.DataFrame(rows)


def range_of(treatments: pd.DataFrame) -> SoftRange:
    """Join the ranges of several kinds of soft events.

    The tops are not added. Each was estimated for one kind alone and stands for what
    went with it: documents are signed on visits, and visits are made to forums.

    Parameters
    ----------
    treatments : DataFrame
        ``treatment``, ``low_%``, ``top_%``, ``source``; without rows the range is 0.

    Examples
    --------
    >>> rows = {"treatment": ["a", "b"], "low_%": [0.0, -5.0], "top_%": [10.0, 5.0]}
    >>> found = range_of(pd.DataFrame(rows).assign(source="s"))
    >>> found.low, found.top
    (-5.0, 10.0)
    """
    if treatments.empty:
        return SoftRange(0.0, 0.0, "no soft events")
    low = min(0.0, float(treatments["low_%"].min()))
    top = max(0.0, float(treatments["top_%"].max()))
    highest = treatments[treatments["top_%"] == treatments["top_%"].max()].iloc[0]
    return SoftRange(low, top, f"{highest['treatment']}: {highest['source']}")
