"""What a suspicion about a panel is, and what the checks look at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from forecast.panel.number_columns import Floats
from forecast.panel.reshaping import pivot_flows
from forecast.panel.roles import Roles

__all__ = ["Cells", "Finding", "finding"]

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One suspicion.

    Attributes
    ----------
    code : str
        Stable code, ``docs/errors.md`` explains each.
    what : str
    count : int
        Units, rows or codes concerned.
    examples : str
        At most five.
    suggestion : str
    """

    code: str
    what: str
    count: int
    examples: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Cells:
    """What the checks look at.

    Attributes
    ----------
    frame : DataFrame
        Canonical, one row for each unit and period.
    roles : Roles
    periods : PeriodIndex of length t
        From the first to the last, without gaps.
    values : float array of shape (n, t)
        Flows; NaN where there is none.
    names : Index of length n
        Units in words, "RU → KZ".
    """

    frame: pd.DataFrame
    roles: Roles
    periods: pd.PeriodIndex
    values: Floats
    names: pd.Index

    @classmethod
    def of(cls, frame: pd.DataFrame, roles: Roles, periods: pd.PeriodIndex) -> Cells:
        """Pivot a canonical frame and name its units."""
        values, first = pivot_flows(frame, roles, periods)
        joint = " → " if roles.is_directed and len(roles.keys) == 2 else ", "
        parts = [frame[key].iloc[first].astype(str).to_list() for key in roles.keys]
        names = [joint.join(words) for words in zip(*parts, strict=True)]
        return cls(frame, roles, periods, values, pd.Index(names))


def finding(
    code: str, what: str, which: Collection[object], suggestion: str
) -> Finding | None:
    """Return a finding about the items of `which`, or None when there are none.

    Parameters
    ----------
    which : collection
        Units, codes or rows; the first five are shown.
    """
    if len(which) == 0:
        return None
    shown = "; ".join(str(item) for item in islice(which, SHOWN))
    return Finding(code, what, len(which), shown, suggestion)
