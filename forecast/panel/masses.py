"""How much regions sell and buy in all, and how far they are from the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, TableError
from forecast.panel.groupings import Ends, dense, group_sums, other_keys, side_groups
from forecast.panel.number_columns import Bools, Floats, Ints
from forecast.panel.roles import Roles

__all__ = [
    "REMOTENESS",
    "refuse_holes",
    "remoteness",
    "totals_by_side",
    "world_shares",
    "worlds_of",
]

REMOTENESS = ("head", "average", "market")


def totals_by_side(
    frame: pd.DataFrame, roles: Roles, ends: Ends
) -> tuple[Floats, Floats]:
    r"""Return output and expenditure of each row's ends, shapes (n,).

    :math:`y_{it} = \sum_j X_{ijt}` and :math:`e_{jt} = \sum_i X_{ijt}` over the rows of
    the panel, within sector and reporter; missing where a flow is missing.
    """
    flow = frame[roles.flow].to_numpy(dtype=float)
    sold = side_groups(frame, roles, ends, "origin")
    bought = side_groups(frame, roles, ends, "destination")
    return group_sums(flow, sold)[sold], group_sums(flow, bought)[bought]


def world_shares(mass: Floats, groups: Ints, worlds: Ints) -> Floats:
    """Return the share of each row's region in the mass of all regions of its world.

    Parameters
    ----------
    mass : float array of shape (n,)
        The same in all rows of a group.
    groups, worlds : int arrays of shape (n,)
        Region and period; period (and sector). Dense.

    Returns
    -------
    float array of shape (n,)

    Examples
    --------
    >>> world_shares(np.array([3.0, 1.0, 3.0]), np.array([0, 1, 0]), np.zeros(3, int))
    array([0.75, 0.25, 0.75])
    """
    _, first = np.unique(groups, return_index=True)
    return mass / group_sums(mass[first], worlds[first])[worlds]


def remoteness(distance: Floats, share: Floats, groups: Ints, form: str) -> Floats:
    r"""Weigh the distances to all partners by their shares :math:`s_j` of the world.

    Parameters
    ----------
    distance : float array of shape (n,)
    share : float array of shape (n,)
        Share of the partner's mass in the mass of all partners of the period.
    groups : int array of shape (n,)
        Region and period whose remoteness is asked for; dense.
    form : {"head", "average", "market"}
        :math:`\sum_j d_{ij} / s_j` (Head 2003; Yotov et al. 2016, eq. 1-6),
        :math:`\sum_j s_j d_{ij}` and :math:`1 / \sum_j (s_j / d_{ij})` (Baldwin and
        Harrigan 2011).

    Returns
    -------
    float array of shape (n,)
        The same in all rows of a group.

    Examples
    --------
    >>> near = np.array([100.0, 400.0])
    >>> remoteness(near, np.array([0.5, 0.5]), np.array([0, 0]), "average")
    array([250., 250.])
    """
    if form not in REMOTENESS:
        raise TableError(
            f"form={form!r} is not possible",
            code="F-106",
            remedy=f"Choose one of {list(REMOTENESS)}.",
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        part = {
            "head": distance / share,
            "average": distance * share,
            "market": share / distance,
        }[form]
        summed = group_sums(part, groups)[groups]
        value = 1.0 / summed if form == "market" else summed
    return np.where(np.isfinite(value), value, np.nan)


def worlds_of(frame: pd.DataFrame, roles: Roles) -> Ints:
    """Number the periods, each sector and reporter apart: shape (n,), dense."""
    return dense(*other_keys(frame, roles), pd.PeriodIndex(frame[roles.period]).asi8)


def refuse_holes(frame: pd.DataFrame, roles: Roles, ends: Ends) -> None:
    """Refuse a panel in which a region lacks partners that others have in a period.

    Raises
    ------
    KeyColumnError
        F-338 naming the first absent pairs.
    """
    worlds = worlds_of(frame, roles)
    order = np.argsort(worlds, kind="stable")
    starts = np.flatnonzero(np.diff(worlds[order])) + 1
    periods = pd.PeriodIndex(frame[roles.period])
    problems: list[str] = []
    absent = 0
    for rows in np.split(order, starts):
        missing = _absent_pairs(ends, rows)
        absent += missing.sum()
        for i, j in np.argwhere(missing)[: 5 - len(problems)]:
            names = ends.regions
            problems.append(f"{names[i]} to {names[j]} in {periods[rows[0]]}")
    if absent:
        raise KeyColumnError(
            f"{absent:,} flows are absent, remoteness needs all pairs of a period",
            code="F-338",
            count=int(absent),
            examples=problems,
            remedy='Add them first: panel.square(pairs="all"), with distances.',
        )


def _absent_pairs(ends: Ends, rows: Ints) -> Bools:
    """Return which pairs of origins and destinations have no row, (regions, regions)."""
    origin, destination = ends.origin[rows], ends.destination[rows]
    present = np.zeros((len(ends.regions), len(ends.regions)), dtype=bool)
    present[origin, destination] = True
    wanted = np.zeros_like(present)
    wanted[np.ix_(np.unique(origin), np.unique(destination))] = True
    if not (origin == destination).any():
        np.fill_diagonal(wanted, False)
    return wanted & ~present
