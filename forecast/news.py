"""News: what did each release do to the estimate of a year?

The releases are replayed in order. A revision of the estimate is split into what
revised figures of months already known did, and what the new months did (the split
of Bańbura and Modugno 2010, ECB working paper 1189, for this simpler model).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable

import numpy as np
import pandas as pd

from forecast.evidence import Evidence, evidence_of_panel, evidence_of_releases
from forecast.panel import TradePanel
from forecast.releases import Releases

__all__ = ["NEWS_COLUMNS", "news_of_panel", "news_of_releases"]

MedianOf = Callable[[list[Evidence]], float]

NEWS_COLUMNS = [
    "released",
    "figure",
    "months",
    "before",
    "after",
    "change",
    "of_new_months",
    "of_revisions",
    "unit",
]
MONTH_NAMES = list(calendar.month_abbr)[1:]


def news_of_releases(
    own: Releases, everything: Releases, year: int, median_of: MedianOf
) -> pd.DataFrame:
    """Replay one reporter's figures of `year`.

    Parameters
    ----------
    own : Releases
        One reporter's figures, cut at the as-of date.
    everything : Releases
        All reporters' figures; at each step only those released by then are used.
    year : int
    median_of : callable
        Median of the year for a list of `Evidence`.

    Returns
    -------
    DataFrame
        Columns `NEWS_COLUMNS`, one row a day of release that changed the estimate.
    """
    rows, before, months, unit = [], np.nan, 0, ""
    for released in np.sort(own.table["released"].unique()):
        view = own.as_of(released)
        found = evidence_of_releases(view, year, everything=everything.as_of(released))
        if found is None:
            continue
        after = median_of([found])
        if after == before:
            continue
        if unit != (unit := own.measure if found.in_money else "%"):
            before = np.nan  # a growth rate and a level have no difference
        fresh = found.months > months
        rows.append(
            _row(released, _figure(own, released), found.months, before, after)
            | {"unit": unit}
            | (
                {"of_new_months": after - before}
                if fresh
                else {"of_revisions": after - before}
            )
        )
        before, months = after, found.months
    return _table(rows)


def news_of_panel(
    panel: TradePanel,
    year: int,
    median_of: MedianOf,
    *,
    until: pd.Timestamp | None = None,
    lag_days: int = 0,
) -> pd.DataFrame:
    """Replay the releases of a panel: its vintages, or the ends of its months.

    Parameters
    ----------
    panel : TradePanel
        Of one reporter, with all its vintages.
    year : int
    median_of : callable
    until : Timestamp, optional
        The as-of date; nothing released later is looked at.
    lag_days : int, default 0
        Publication lag of a panel without vintages.
    """
    rows, before, last_period = [], np.nan, None
    for released in _release_days(panel, year, until, lag_days):
        view = panel.as_of(released, lag_days=lag_days)
        found, _ = evidence_of_panel(view, year)
        if not found:
            continue
        after = median_of(found)
        revised = _without_new_months(view, last_period, year, median_of)
        known = max(e.months for e in found)
        if after != before:
            names = f"Jan–{MONTH_NAMES[known - 1]} {year}".replace("Jan–Jan", "Jan")
            rows.append(
                _row(released, names, known, before, after)
                | {"unit": panel.measure}
                | {"of_revisions": revised - before, "of_new_months": after - revised}
            )
        before, last_period = after, view.periods[-1]
    return _table(rows)


def _release_days(
    panel: TradePanel, year: int, until: pd.Timestamp | None, lag_days: int
) -> list[pd.Timestamp]:
    """Days on which figures of `year` became known."""
    frame = panel.to_frame()
    of_year = pd.PeriodIndex(frame[panel.period]).year == year
    if panel.vintages:
        days = pd.DatetimeIndex(frame.loc[of_year, panel.release]).unique()
    else:
        ends = (
            pd.PeriodIndex(frame.loc[of_year, panel.period])
            .unique()
            .end_time.normalize()
        )
        days = ends + pd.Timedelta(days=lag_days)
    days = days.sort_values()
    return [day for day in days if until is None or day <= until]


def _without_new_months(
    view: TradePanel, last_period: pd.Period | None, year: int, median_of: MedianOf
) -> float:
    """Estimate from today's figures of the months that were known before."""
    if last_period is None:
        return np.nan
    found, _ = evidence_of_panel(view.between(view.periods[0], last_period), year)
    return median_of(found) if found else np.nan


def _figure(own: Releases, released: object) -> str:
    """Say what was released on that day."""
    table = own.table[own.table["released"] == released]
    said = []
    for _, row in table.iterrows():
        value = f"{row['value']:,.6g}" if pd.notna(row["value"]) else "no level"
        growth = f" ({row['growth']:+.1%})" if pd.notna(row["growth"]) else ""
        span = f"{row['period_start']:%b}–{row['period_end']:%b %Y}".replace(
            "Jan–Dec ", ""
        )
        said.append(f"{span}: {value}{growth}")
    return "; ".join(said)


def _row(
    released: object, figure: str, months: int, before: float, after: float
) -> dict[str, object]:
    return {
        "released": pd.Timestamp(released),  # type: ignore[arg-type]
        "figure": figure,
        "months": months,
        "before": before,
        "after": after,
        "change": after - before,
        "of_new_months": 0.0 if np.isfinite(before) else np.nan,
        "of_revisions": 0.0 if np.isfinite(before) else np.nan,
    }


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=NEWS_COLUMNS)
