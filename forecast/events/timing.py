"""From when on an event counts: its entry, its later states, its end.

Everything is causal: what enters in period t needs no row that enters later, and its
bits do not change when such rows do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.events.recipes import Recipe
from forecast.events.statuses import has_happened, status_rank

__all__ = [
    "entry_periods",
    "entry_steps",
    "last_possible_day",
    "ordinals",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

# shares of a spread event are multiples of this, so that their sums are exact
_SHARE = 2.0**-32
_NO_DAY = -1 << 40


def ordinals(days: pd.Series, freq: str) -> Ints:
    """Return the period of each day, counted from 1970 as pandas does."""
    values = days.to_numpy(dtype="datetime64[D]")
    unit = "Y" if freq == "Y" else "M"
    counted = values.astype(f"datetime64[{unit}]").astype(np.int64)
    if freq == "Q":
        counted = counted // 3
    return np.where(np.isnat(values), _NO_DAY, counted)


def last_possible_day(events: pd.DataFrame) -> pd.Series:
    """Return the last day on which each event can have happened.

    What is reported as having happened, in the midst of its span of days, happened
    by the day of the report: visits "this year", reported in October.
    """
    reported = events["known_on"].between(events["date"], events["date_end"])
    told_as_past = reported & has_happened(events["status"])
    return events["date_end"].mask(told_as_past, events["known_on"])


def entry_periods(events: pd.DataFrame, freq: str, date_rule: str) -> pd.DataFrame:
    """Return when each dated event enters: `event`, `period`, `share` (1 in all).

    The rule says where in its span of days an event stands: ``latest`` and
    ``earliest`` put it on the last and first possible day, ``spread`` evenly on all.
    None enters before the period by whose end it was known.
    """
    last = last_possible_day(events)
    dated = np.flatnonzero(events["date"].notna().to_numpy())
    final = ordinals(last, freq)[dated]
    first = final if date_rule == "latest" else ordinals(events["date"], freq)[dated]
    steps = (
        final - first + 1 if date_rule == "spread" else np.ones(dated.size, dtype=int)
    )
    event = np.repeat(dated, steps)
    back = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    period = np.repeat(first, steps) + back
    share: Floats = np.ones(event.size)
    if date_rule == "spread":
        share = _shares(event, period, events["date"], last, freq)
    known = ordinals(events["known_on"], freq)[event]
    return pd.DataFrame(
        {"event": event, "period": np.maximum(period, known), "share": share}
    )


def _shares(
    event: Ints, period: Ints, start: pd.Series, last: pd.Series, freq: str
) -> Floats:
    """Return the share of each event's days that lies in each of its periods."""
    months = {"Y": 12, "Q": 3, "M": 1}[freq]
    ends = ((period + 1) * months).astype("datetime64[M]").astype("datetime64[D]")
    begin = start.to_numpy(dtype="datetime64[D]")[event]
    stop = last.to_numpy(dtype="datetime64[D]")[event] + np.timedelta64(1, "D")
    passed = (np.minimum(ends, stop) - begin) / (stop - begin)
    passed = np.round(passed / _SHARE) * _SHARE
    before = np.concatenate([[0.0], passed[:-1]])
    is_first = np.concatenate([[True], event[1:] != event[:-1]])[: event.size]
    return passed - np.where(is_first, 0.0, before[: event.size])


def entry_steps(
    events: pd.DataFrame, entries: pd.DataFrame, recipe: Recipe, freq: str
) -> pd.DataFrame:
    """Return what each row adds and takes away when: `event`, `period`, `own`.

    A row is replaced when a later state or correction of the same event enters. Of a
    recipe of states (`InForce`) any later row replaces it, and `ended_on` ends it; of
    the others only a row that counts too, so that what was reached stays reached.
    """
    taken = recipe.takes(events)
    counted = taken & recipe.counts(events)
    if recipe.of_state:  # `ended` without its day says when something ended, not began
        closing = events["status"].eq("ended") & events["ended_on"].isna()
        counted &= ~closing.to_numpy()
    weights = np.where(counted, recipe.weights(events), 0.0)
    chain = taken if recipe.of_state else counted
    adding = entries[counted[entries["event"].to_numpy()]]
    if events["id"].duplicated().any():
        removing = _replaced(events, _takeovers(events, entries, freq), chain)
        adding = pd.concat([adding, removing], ignore_index=True)
    own = weights[adding["event"].to_numpy()] * adding["share"].to_numpy()
    steps = adding[["event", "period"]].assign(own=own)
    return _until_ended(steps, events, freq) if recipe.of_state else steps


def _takeovers(events: pd.DataFrame, entries: pd.DataFrame, freq: str) -> pd.DataFrame:
    """Return from when on each row tells the state of its event, as `entries` does.

    A row of what has not happened (planned, possible) tells it from the day it was
    known: its date lies ahead.
    """
    ahead = ~has_happened(events["status"]) & events["status"].ne("cancelled")
    told = np.flatnonzero(ahead & events["known_on"].notna())
    known = ordinals(events["known_on"], freq)[told]
    at_once = pd.DataFrame({"event": told, "period": known, "share": 1.0})
    happened = entries[~ahead.to_numpy()[entries["event"].to_numpy()]]
    return pd.concat([happened, at_once], ignore_index=True)


def _replaced(
    events: pd.DataFrame, takeovers: pd.DataFrame, chain: Bools
) -> pd.DataFrame:
    """Return when rows leave because the next row of the same event takes over."""
    rows = events[["id", "known_on"]].assign(
        rank=status_rank(events["status"]),
        since=takeovers.groupby("event")["period"].min(),
        event=np.arange(len(events)),
    )
    rows = rows[chain & rows["since"].notna().to_numpy()]
    rows = rows[rows["id"].duplicated(keep=False)]
    rows = rows.sort_values(["id", "since", "known_on", "rank", "event"])
    following = rows["event"].shift(-1).where(rows["id"] == rows["id"].shift(-1))
    rows = rows.assign(following=following).dropna(subset="following")
    leaving = rows[["event", "following"]].merge(
        takeovers.rename(columns={"event": "following"}), on="following"
    )
    return leaving.assign(share=-leaving["share"])[["event", "period", "share"]]


def _until_ended(steps: pd.DataFrame, events: pd.DataFrame, freq: str) -> pd.DataFrame:
    """Let an event be in force up to the period before the one in which it ended."""
    if events["ended_on"].isna().all():
        return steps
    end = ordinals(events["ended_on"], freq)
    end_of_step = end[steps["event"].to_numpy()]
    ends = end_of_step > _NO_DAY
    within = steps[~ends | (steps["period"].to_numpy() < end_of_step)]
    left = steps[ends & (steps["period"].to_numpy() < end_of_step)]
    left = left.groupby("event", as_index=False)["own"].sum()
    closing = left.assign(period=end[left["event"].to_numpy()], own=-left["own"])
    return pd.concat([within, closing[within.columns]], ignore_index=True)
