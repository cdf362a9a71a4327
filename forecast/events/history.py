"""The log as it was known on a day, and as it is known in hindsight."""

from __future__ import annotations

import pandas as pd

from forecast.events.statuses import has_happened, status_rank
from forecast.events.table import in_order
from forecast.events.timing import last_possible_day

__all__ = ["in_hindsight", "known_by", "latest_rows"]


def known_by(events: pd.DataFrame, day: pd.Timestamp, date_rule: str) -> pd.DataFrame:
    """Return what was known on a day; what has ended since was operating then."""
    passed = events["date_end"] if date_rule == "latest" else events["date"]
    kept = events[events["known_on"].fillna(passed) <= day]
    later = kept["ended_on"] > day
    kept = kept.assign(
        status=kept["status"].mask(later & kept["status"].eq("ended"), "operating"),
        ended_on=kept["ended_on"].mask(later),
    )
    return kept.reset_index(drop=True)


def in_hindsight(events: pd.DataFrame) -> pd.DataFrame:
    """Return events as they are known today, entering when they happened.

    A row gives way to a later-known row of the same event that is on the same or a
    lower rung: that is a correction. A higher rung is a later state; both stand, but
    a plan is dropped when it has come true.
    """
    latest_first = _by_knowledge(events).iloc[::-1]
    rung = status_rank(latest_first["status"])
    lowest_since = rung.groupby(latest_first["id"]).cummin()
    lowest_since = lowest_since.groupby(latest_first["id"]).shift(1, fill_value=1000)
    kept = events.loc[sorted(rung.index[rung < lowest_since])]
    happened = has_happened(kept["status"])
    kept = kept[happened | ~happened.groupby(kept["id"]).transform("any")]
    never = pd.Series(pd.NaT, index=kept.index).astype("datetime64[s]")
    return in_order(kept.assign(date_end=last_possible_day(kept), known_on=never))


def latest_rows(events: pd.DataFrame) -> pd.DataFrame:
    """Return the latest-known row of each event, in the order of the log."""
    return _by_knowledge(events).drop_duplicates("id", keep="last").sort_index()


def _by_knowledge(events: pd.DataFrame) -> pd.DataFrame:
    """Order rows by the day they were known; a plan of no known day was known first."""
    passed = events["date_end"].where(has_happened(events["status"]))
    known = events["known_on"].fillna(passed)
    return events.loc[known.sort_values(kind="stable", na_position="first").index]
