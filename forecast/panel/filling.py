"""What is known of rows that were added: distances, incomes, agreements.

A column that is the same in all rows of a group (a pair in both directions, an
exporter in one year) is known in the new rows of that group, too. Whether it is the
same is read off the rows that are there, or said by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, KeyColumnError, TableError
from forecast.panel.groupings import dense, ends_of, other_keys
from forecast.panel.number_columns import Bools, Floats, Ints
from forecast.panel.roles import Roles

__all__ = ["GROUPINGS", "Carried", "carry"]

GROUPINGS = (
    "unit",
    "pair",
    "origin",
    "destination",
    "period",
    "pair-period",
    "origin-period",
    "destination-period",
)
"""Within what a column can be constant; a pair is the same in both directions."""

OF_DUMMIES = frozenset({"unit", "pair", "period", "pair-period"})
"""Where columns of two values are believed to be constant without being told so: those
of a few partners agree by chance in small panels."""

SAME = 1e-6
"""Numbers that differ relatively by less are the same: distances of public tables
differ so between the two directions, since they were stored in single precision."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Columns for a longer table, and what the reader must be told.

    Attributes
    ----------
    columns : dict of str to array of shape (n_new,)
    notes : tuple of str
    """

    columns: dict[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Grouping:
    """Rows that may share a value, shapes (n,): `places` are groups without period."""

    word: str
    groups: Ints
    places: Ints
    ways: Ints


def carry(
    frame: pd.DataFrame,
    keys: pd.DataFrame,
    source: Ints,
    roles: Roles,
    constant: Mapping[str, str] | None = None,
) -> Carried:
    """Take covariates and labels along to a table with further rows.

    Parameters
    ----------
    frame : DataFrame of n rows
        The table as it was.
    keys : DataFrame of n_new rows
        Key columns and period of the longer table.
    source : int array of shape (n_new,)
        Position in `frame` of each row; -1 in rows that are new.
    roles : Roles
    constant : mapping of str to str, optional
        Columns and the word of `GROUPINGS` within which they are constant.

    Raises
    ------
    ColumnError
        F-111 a column that is not there.
    TableError
        F-106 a word that is not in `GROUPINGS`.
    KeyColumnError
        F-331 a column that is not constant where it was said to be.
    """
    said = dict(constant or {})
    names = [*roles.covariates, *roles.labels]
    extra = [c for c in roles.identity if c == roles.reporter and c not in roles.keys]
    _refuse_unknown(said, names, roles)
    fresh = source < 0
    groupings = list(_groupings(keys, roles)) if fresh.any() else []
    columns: dict[str, Any] = {}
    told: dict[str, list[str]] = {}
    unknown: list[str] = []
    for name in (*extra, *names):
        numeric = name in roles.covariates
        codes, distinct = pd.factorize(frame[name], sort=numeric)
        taken = np.where(fresh, -1, codes[source])
        numbers = np.asarray(distinct, dtype=float) if numeric else None
        used = _fill(taken, fresh, groupings, numbers, said.get(name), name)
        for word in used:
            told.setdefault(word, []).append(name)
        if (taken[fresh] < 0).any() and name in names:
            unknown.append(name)
        columns[name] = _values_of(taken, distinct, numeric)
    notes = [f"{what} filled in by {word}" for word, what in told.items()]
    if unknown:
        notes.append(f"{unknown} unknown in some")
    return Carried(columns, (f"in the new rows: {'; '.join(notes)}",) if notes else ())


def _values_of(codes: Ints, distinct: pd.Index, numeric: bool) -> Any:
    """Return values by code, missing where the code is -1; whole numbers stay whole."""
    some_unknown = bool((codes < 0).any())
    if not numeric:  # extension arrays of every kind, each with its own missing value
        return distinct.array.take(codes, allow_fill=some_unknown)
    numbers = np.asarray(distinct)
    return pd.api.extensions.take(numbers, codes, allow_fill=some_unknown)


def _refuse_unknown(said: Mapping[str, str], names: list[str], roles: Roles) -> None:
    if missing := [name for name in said if name not in names]:
        raise ColumnError.missing(missing, names)
    possible = GROUPINGS if roles.is_directed else ("unit", "period")
    for name, word in said.items():
        if word not in possible:
            raise TableError(
                f"column {name!r} cannot be constant within {word!r}",
                code="F-106",
                column=name,
                remedy=f"Choose one of {list(possible)}.",
            )


def _groupings(keys: pd.DataFrame, roles: Roles) -> Iterator[_Grouping]:
    """Yield all groupings of the longer table in the order in which they are tried."""
    periods = pd.PeriodIndex(keys[roles.period]).asi8
    others = other_keys(keys, roles)
    everywhere = np.zeros(len(keys), dtype=np.int64)
    if not roles.is_directed:
        units = dense(*others)
        yield _Grouping("unit", units, units, units)
        yield _Grouping("period", dense(periods), everywhere, units)
        return
    ends = ends_of(keys, roles)
    ways = dense(ends.origin, ends.destination)
    units = dense(ways, *others)
    yield _Grouping("unit", units, units, ways)
    places = {
        "pair": dense(
            np.minimum(ends.origin, ends.destination),
            np.maximum(ends.origin, ends.destination),
        ),
        "origin": ends.origin,
        "destination": ends.destination,
        "period": everywhere,
    }
    for word in GROUPINGS[1:]:
        place = places[word.removesuffix("-period")]
        columns = [place, periods] if word.endswith("period") else [place]
        yield _Grouping(word, dense(*columns), place, ways)
        if others:  # incomes are of a country, its output is of a sector
            yield _Grouping(word, dense(*columns, *others), place, ways)


def _fill(
    taken: Ints,
    fresh: Bools,
    groupings: list[_Grouping],
    numbers: Floats | None,
    said: str | None,
    name: str,
) -> list[str]:
    """Fill codes of one column in place; return the groupings that were of use."""
    known = np.flatnonzero(taken >= 0)
    if not known.size:
        return []
    values = taken[known]
    used: list[str] = []
    for grouping in groupings:
        if said is not None and grouping.word != said:
            continue
        value, constant = _value_of_groups(values, grouping.groups, known, numbers)
        if not constant or (said is None and not _is_evident(values, grouping, known)):
            continue
        wanting = fresh & (taken < 0)
        taken[wanting] = value[grouping.groups[wanting]]
        if (taken[wanting] >= 0).any() and grouping.word not in used:
            used.append(grouping.word)
        if said is not None:
            return used
    if said is not None:
        raise KeyColumnError(
            f"column {name!r} is not constant within {said!r}",
            code="F-331",
            column=name,
            remedy="Say within what it is constant, or leave it to be read off the rows.",
        )
    return used


def _value_of_groups(
    values: Ints, groups: Ints, known: Ints, numbers: Floats | None
) -> tuple[Ints, bool]:
    """Return the code of each group (-1 where none is known), and if there is but one."""
    count = int(groups.max(initial=-1)) + 1
    low = np.full(count, np.iinfo(np.int64).max)
    high = np.full(count, -1, dtype=np.int64)
    np.minimum.at(low, groups[known], values)
    np.maximum.at(high, groups[known], values)
    low = np.where(high < 0, -1, low)
    if numbers is None:
        return low, bool((low == high).all())
    several = low < high  # codes of numbers stand in their order
    least, most = numbers[low[several]], numbers[high[several]]
    size = np.maximum(np.abs(least), np.abs(most))
    return low, bool((most - least <= SAME * size).all())


def _is_evident(values: Ints, grouping: _Grouping, known: Ints) -> bool:
    """Tell whether a column that is constant within groups is so by more than chance.

    Counted are further pairs of a group that share its value, unless that is the most
    frequent value of the column: distances that agree in both directions once are
    enough, zeros that agree say nothing, and agreeing again in the next period is no
    further agreement. Within a unit further periods count, whatever the value.
    """
    groups = grouping.groups[known]
    if grouping.word == "unit":
        return bool(np.bincount(groups).max() > 1)
    sizes = np.bincount(values)
    two_valued = (sizes > 0).sum() <= 2
    if two_valued and grouping.word not in OF_DUMMIES:
        return False
    telling = values != sizes.argmax()
    groups, ways = groups[telling], grouping.ways[known][telling]
    places = grouping.places[known][telling]
    _, one = np.unique(dense(groups, ways), return_index=True)  # sectors count once
    shared = np.bincount(groups[one], minlength=1)[groups] > 1
    further = np.unique(dense(places[shared], ways[shared])).size
    further -= np.unique(places[shared]).size
    return bool(further >= (3 if two_valued else 1))
