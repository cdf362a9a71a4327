"""Since when an agreement has been in force, and how far it is phased in.

A spell begins where a 0/1 column turns from 0 to 1 and ends before it turns back; a new
entry begins a new spell. The period of entry is open where the unit is in force from
its first row on, or where rows are missing between the last 0 and the first 1: then
only bounds of the age are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.errors import PeriodError, TableError
from forecast.panel.number_columns import Bools, Floats, Ints

__all__ = ["ENTRIES", "Ages", "ages_of", "at_age", "group_starts", "periods_over"]

ENTRIES = ("exact", "latest", "earliest")
"""What is taken for the period of entry where the rows leave it open."""


@dataclass(frozen=True, slots=True)
class Ages:
    """Periods since entry: 0 in the period of entry.

    Attributes
    ----------
    lowest, highest : float arrays of shape (n,)
        Bounds, equal where the entry is known; `highest` is infinite where a unit was
        in force from its first row on. -1 where not in force, NaN where that is unknown.
    """

    lowest: Floats
    highest: Floats

    @property
    def in_force(self) -> Bools:
        """Rows in force, shape (n,)."""
        return self.lowest >= 0


def ages_of(state: Floats | Ints, units: Ints, ordinals: Ints) -> Ages:
    """Count the periods since entry.

    Parameters
    ----------
    state : array of shape (n,)
        0, 1 or missing. A missing value, as a missing row, between two rows in force
        does not end a spell.
    units, ordinals : int arrays of shape (n,)
        Unit and period of each row, sorted by both.

    Examples
    --------
    >>> ages_of(np.array([0, 1, 1, 0, 1]), np.zeros(5, int), np.arange(5)).lowest
    array([-1.,  0.,  1., -1.,  0.])
    """
    lowest: Floats = np.full(state.size, np.nan)
    highest: Floats = np.full(state.size, np.nan)
    known = np.flatnonzero(~np.isnan(state.astype(float)))
    if not known.size:
        return Ages(lowest, highest)
    on, unit, period = state[known] == 1, units[known], ordinals[known]
    begins = np.diff(unit, prepend=-1) != 0
    before = np.concatenate([[False], on[:-1]])
    entry = on & (begins | ~before)
    row = np.maximum.accumulate(np.where(entry, np.arange(known.size), 0))
    lowest[known] = np.where(on, period - period[row], -1.0)
    last_out = np.concatenate([[0], period[:-1]])  # of an entry: the row before it
    since_out = period - last_out[row] - 1.0
    highest[known] = np.where(on, np.where(begins[row], np.inf, since_out), -1.0)
    return Ages(lowest, highest)


def at_age(ages: Ages, value: Callable[[Floats], Floats], entry: str) -> Floats:
    """Return a function of the age, missing where the open entry leaves it open.

    Parameters
    ----------
    ages : Ages
    value : function of float arrays of shape (n,)
        Must be defined for infinite ages.
    entry : {"exact", "latest", "earliest"}
        "exact" keeps what is the same for all possible ages.

    Raises
    ------
    TableError
        F-106 for another word.
    """
    if entry not in ENTRIES:
        raise TableError(
            f"entry={entry!r} is not possible",
            code="F-106",
            remedy=f"Choose one of {list(ENTRIES)}.",
        )
    if entry == "earliest":
        return value(ages.highest)
    young = value(ages.lowest)
    if entry == "latest":
        return young
    return np.where(young == value(ages.highest), young, np.nan)


def periods_over(given: Any) -> int:
    """Read over how many periods an agreement is phased in.

    Raises
    ------
    PeriodError
        F-443 when it is no positive whole number.
    """
    whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
    if not whole or given < 1:
        raise PeriodError(
            f"nothing can be phased in over {given!r} periods",
            code="F-443",
            remedy="Give a positive whole number of periods.",
        )
    return int(given)


def group_starts(given: Any) -> tuple[int, ...]:
    """Read the first ages of age groups.

    Raises
    ------
    PeriodError
        F-443 when they are no rising whole numbers, 0 or more.

    Examples
    --------
    >>> group_starts([0, 5, 10])
    (0, 5, 10)
    """
    starts = list(given) if isinstance(given, list | tuple | range) else []
    whole = all(isinstance(s, int | np.integer) for s in starts)
    if not starts or not whole or starts[0] < 0 or (np.diff(starts) <= 0).any():
        raise PeriodError(
            f"age groups cannot begin at {given!r}",
            code="F-443",
            remedy="Give rising whole numbers of periods, such as [0, 5, 10].",
        )
    return tuple(map(int, starts))
