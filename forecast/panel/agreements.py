"""Who is a member of what, and when: lists of members into columns of pairs."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, PeriodError, TableError
from forecast.panel.number_columns import Floats, Ints
from forecast.periods import parse_date

__all__ = ["COUNTED", "Membership", "membership_of", "share_of_members"]

COUNTED = ("end", "whole", "share")
"""When a period counts: in force at its end, throughout, or by the share of its days."""

FOREVER = (pd.Timestamp("1677-09-22"), pd.Timestamp("2262-04-10"))


@dataclass(frozen=True, slots=True)
class Membership:
    """From when until when each member belongs, one entry for each member.

    Attributes
    ----------
    codes : tuple
    joined, left : DatetimeIndex
        First day inside, first day outside again.
    """

    codes: tuple[Any, ...]
    joined: pd.DatetimeIndex
    left: pd.DatetimeIndex


def membership_of(members: Mapping[Any, Any]) -> Membership:
    """Read members with their dates.

    Parameters
    ----------
    members : mapping
        Code to the day (or year) of accession, to a pair of accession and the first day
        (or year) outside, or to None for always; None leaves an end of a pair open.

    Raises
    ------
    PeriodError
        F-412 and others for days that are none, F-444 for leaving before joining.

    Examples
    --------
    >>> membership_of({"KG": "2015-08-12", "UK": (1973, "2020-02-01")}).joined[1]
    Timestamp('1973-01-01 00:00:00')
    """
    spans = [s if isinstance(s, tuple) else (s, None) for s in members.values()]
    wrong = [code for code, s in zip(members, spans, strict=True) if len(s) != 2]
    joined = pd.DatetimeIndex([_day(span[0], FOREVER[0]) for span in spans])
    left = pd.DatetimeIndex([_day(span[-1], FOREVER[1]) for span in spans])
    wrong += [
        code for code, early in zip(members, left <= joined, strict=True) if early
    ]
    if wrong:
        raise PeriodError(
            f"{len(wrong)} members leave before they join",
            code="F-444",
            count=len(wrong),
            examples=[f"{code}: {members[code]!r}" for code in wrong],
            remedy="Give (first day inside, first day outside), or the first day alone.",
        )
    return Membership(tuple(members), joined, left)


def _day(value: Any, otherwise: pd.Timestamp) -> pd.Timestamp:
    if value is None:
        return otherwise
    if isinstance(value, numbers.Integral):
        value = f"{int(value):04d}-01-01"
    elif isinstance(value, str) and len(value.strip()) == 4 and value.strip().isdigit():
        value = f"{value.strip()}-01-01"
    return parse_date(value, column="members")


def share_of_members(
    membership: Membership,
    places: pd.Index,
    ends: tuple[Ints, Ints],
    periods: pd.PeriodIndex,
    counted: str,
) -> Floats:
    """Return for each row how far both of its ends are members in its period.

    Parameters
    ----------
    membership : Membership
    places : Index
        Regions or countries.
    ends : pair of int arrays of shape (n,)
        Positions in `places` of both ends.
    periods : PeriodIndex of length n
    counted : {"end", "whole", "share"}

    Returns
    -------
    float array of shape (n,)
        0 where both ends are the same.

    Raises
    ------
    KeyColumnError
        F-339 when fewer than two members occur.
    TableError
        F-106 for another word in `counted`.
    """
    if counted not in COUNTED:
        raise TableError(
            f"counted={counted!r} is not possible",
            code="F-106",
            remedy=f"Choose one of {list(COUNTED)}.",
        )
    position = places.get_indexer(pd.Index(list(membership.codes)))
    _refuse_strangers(membership, places, position)
    joined, left = _by_place(membership, position, len(places))
    origin, destination = ends
    since = np.maximum(joined[origin], joined[destination])
    until = np.minimum(left[origin], left[destination])
    begin = periods.start_time.to_numpy(dtype="datetime64[D]").astype(np.int64)
    end = periods.end_time.to_numpy(dtype="datetime64[D]").astype(np.int64) + 1
    days = np.clip(np.minimum(until, end) - np.maximum(since, begin), 0, None)
    share = days / (end - begin)
    if counted == "whole":
        share = np.where(days == end - begin, 1.0, 0.0)
    elif counted == "end":
        share = np.where((since < end) & (until >= end), 1.0, 0.0)
    return np.where(origin == destination, 0.0, share)


def _by_place(membership: Membership, position: Any, count: int) -> tuple[Any, Any]:
    """Return the days since 1970 of joining and leaving; never for who is no member."""
    joined = np.full(count, np.iinfo(np.int32).max, dtype=np.int64)
    left = np.full(count, np.iinfo(np.int32).min, dtype=np.int64)
    here = position >= 0
    for days, target in ((membership.joined, joined), (membership.left, left)):
        target[position[here]] = days.to_numpy(dtype="datetime64[D]").astype(np.int64)[
            here
        ]
    return joined, left


def _refuse_strangers(membership: Membership, places: pd.Index, position: Any) -> None:
    if (position >= 0).sum() >= 2:
        return
    known = [str(place) for place in places]
    absent = [c for c, p in zip(membership.codes, position, strict=True) if p < 0]
    close = [m for c in absent for m in difflib.get_close_matches(str(c), known, n=1)]
    raise KeyColumnError(
        f"the panel has {int((position >= 0).sum())} of {len(position)} members",
        code="F-339",
        count=len(absent),
        examples=[repr(code) for code in absent],
        remedy="An agreement needs two members that occur. Regions of members? Pass "
        f"country=. The panel has codes such as {known[:5]}."
        + (f" Did you mean {close}?" if close else ""),
    )
