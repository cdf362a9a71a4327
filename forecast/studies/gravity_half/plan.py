"""What the gravity half of a study is asked: ``[gravity]`` and ``[[scenarios]]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

__all__ = ["GravityPlan", "ScenarioPlan"]


@dataclass(frozen=True, slots=True)
class GravityPlan:
    """The table ``[gravity]``.

    Attributes
    ----------
    model : str
        Shipped estimates that the growth of the year is shared out with.
    as_of : Timestamp
        Agreements, events, control group and estimates known by then.
    history : str
        Reporter whose yearly totals tell how much the pair grows from year to year;
        empty: the one with most whole years.
    """

    model: str
    as_of: pd.Timestamp
    history: str = ""


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """One table ``[[scenarios]]``: what happens in the year after the nowcast's.

    Attributes
    ----------
    name : str
    event : str
        Id of an event of the log; its dates and kind are taken from there. Or empty.
    kind : str
        Kind of the event where the log does not have it.
    start, end : Timestamp or None
        First and last possible day from which it works.
    documents : int
        Documents signed with it.
    terms : mapping of str to float
        Changes of terms of `model`.
    model : str
    source : str
    """

    name: str
    event: str = ""
    kind: str = ""
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    documents: int = 0
    terms: Mapping[str, float] | None = None
    model: str = "phase"
    source: str = ""
