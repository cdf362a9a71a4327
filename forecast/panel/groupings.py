"""Rows that belong together: by region, by pair, by exporter and year.

Codes are whole numbers per row that depend on the values alone, never on the order
of rows; equal values have equal codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError
from forecast.panel.number_columns import Bools, Floats, Ints
from forecast.panel.roles import Roles

__all__ = [
    "Ends",
    "dense",
    "ends_of",
    "group_sums",
    "group_value",
    "other_keys",
    "refuse_undirected",
    "side_groups",
]


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of every flow in one system of codes.

    Attributes
    ----------
    origin, destination : int arrays of shape (n,)
        Positions in `regions`.
    regions : Index
        All regions, sorted.
    """

    origin: Ints
    destination: Ints
    regions: pd.Index

    @property
    def domestic(self) -> Bools:
        """Where a flow goes from a region to itself, shape (n,)."""
        return np.asarray(self.origin == self.destination)


def refuse_undirected(roles: Roles, what: str) -> None:
    """Refuse series that are no pairs where origin and destination are needed."""
    if not roles.is_directed:
        raise KeyColumnError(
            f"units {list(roles.keys)} have no direction",
            code="F-309",
            remedy=f"{what} needs origin and destination.",
        )


def ends_of(frame: pd.DataFrame, roles: Roles) -> Ends:
    """Return origins and destinations of a directed panel in common codes."""
    both = pd.concat([frame[roles.origin], frame[roles.destination]])
    codes, regions = pd.factorize(both, sort=True)
    return Ends(codes[: len(frame)], codes[len(frame) :], pd.Index(regions))


def other_keys(frame: pd.DataFrame, roles: Roles) -> list[Ints]:
    """Return codes of the keys beside origin and destination, each of shape (n,)."""
    names = [k for k in roles.keys if k not in (roles.origin, roles.destination)]
    return [pd.factorize(frame[name], sort=True)[0] for name in names]


def side_groups(frame: pd.DataFrame, roles: Roles, ends: Ends, side: str) -> Ints:
    """Group rows by ``"origin"`` or ``"destination"``, further keys and period."""
    region = ends.origin if side == "origin" else ends.destination
    ordinals = pd.PeriodIndex(frame[roles.period]).asi8
    return dense(region, *other_keys(frame, roles), ordinals)


def dense(*columns: Ints) -> Ints:
    """Number the distinct combinations of columns of shape (n,) in sorted order.

    Examples
    --------
    >>> dense(np.array([1, 0, 1]), np.array([7, 7, 5]))
    array([2, 0, 1])
    """
    codes: Ints = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        _, inner = np.unique(column, return_inverse=True)
        joint = codes * (int(inner.max(initial=0)) + 1) + inner
        _, codes = np.unique(joint, return_inverse=True)
    return codes


def group_sums(values: Floats, groups: Ints) -> Floats:
    """Add values of shape (n,) up within dense groups; a missing one makes it missing."""
    return np.bincount(groups, weights=values).astype(float)


def group_value(
    values: Floats | Ints,
    groups: Ints,
    *,
    column: str,
    within: str,
    names: Sequence[str],
) -> Floats:
    """Return the one known value of each group, NaN where none is known.

    Parameters
    ----------
    values, groups : arrays of shape (n,)
        Groups are dense.
    column, within : str
        For the message.
    names : sequence of str
        A name of each of the rows, for the message.

    Returns
    -------
    float array of shape (groups,)

    Raises
    ------
    KeyColumnError
        F-331 when a group has several values.
    """
    count = int(groups.max(initial=-1)) + 1
    known = ~np.isnan(values.astype(float))
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, groups[known], values[known])
    np.maximum.at(high, groups[known], values[known])
    several = low < high
    if several.any():
        first = np.flatnonzero(several[groups] & known)[:5]
        raise KeyColumnError(
            f"column {column!r} has several values within {int(several.sum()):,} "
            f"groups by {within}",
            code="F-331",
            column=column,
            count=int(several.sum()),
            examples=[f"{names[i]}: {values[i]}" for i in first],
            remedy=f"It must be the same in all rows of one {within}.",
        )
    return np.where(np.isfinite(low), low, np.nan)
