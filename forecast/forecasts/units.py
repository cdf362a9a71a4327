"""Tables of units: their order, their groups, their pairs.

A table of units has one row per unit and one column per key; rows answer to positions
in the arrays beside it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError, KeyColumnError

__all__ = [
    "group_units",
    "pair_units",
    "rows_of",
    "sum_units",
    "unit_index",
    "unit_name",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


def unit_index(units: pd.DataFrame) -> pd.Index:
    """Return the index that names units: one level for each key column."""
    if units.shape[1] == 1:
        return pd.Index(units.iloc[:, 0], name=units.columns[0])
    return pd.MultiIndex.from_frame(units)


def unit_name(units: pd.DataFrame, row: int) -> str:
    """Name one unit for people: ``KZ–RU``."""
    return "–".join(str(value) for value in units.iloc[row])


def canonical_order(units: pd.DataFrame) -> Ints:
    """Return row positions sorted by all keys; codes of mixed types sort as text."""
    try:
        ordered = units.reset_index(drop=True).sort_values(list(units.columns))
    except TypeError:
        as_text = units.astype(str).reset_index(drop=True)
        ordered = as_text.sort_values(list(units.columns))
    return ordered.index.to_numpy()


def group_units(
    units: pd.DataFrame, by: Sequence[str]
) -> tuple[pd.DataFrame, list[Ints]]:
    """Return one row per group and the positions of its members, in canonical order.

    Without `by` all units are one group, called "total".
    """
    order = canonical_order(units)
    if not by:
        return pd.DataFrame({"unit": ["total"]}), [order]
    kept = units[list(by)].iloc[order].reset_index(drop=True)
    codes = kept.groupby(list(by), sort=False, dropna=False).ngroup().to_numpy()
    groups = kept.drop_duplicates(ignore_index=True)
    sorting = canonical_order(groups)
    members = [order[codes == code] for code in sorting]
    return groups.iloc[sorting].reset_index(drop=True), members


def pair_units(
    units: pd.DataFrame, origin: str, destination: str, names: tuple[str, str]
) -> tuple[pd.DataFrame, list[Ints], list[str]]:
    """Return undirected pairs, the two flows of each, and what had to be left out."""
    ends = units[[origin, destination]]
    inward = (ends[origin] > ends[destination]).to_numpy()
    small = ends[origin].mask(inward, ends[destination])
    large = ends[destination].mask(inward, ends[origin])
    others = units.drop(columns=[origin, destination])
    table = pd.concat([small.rename(names[0]), large.rename(names[1]), others], axis=1)
    pairs, members = group_units(table, list(table.columns))
    domestic = (pairs[names[0]] == pairs[names[1]]).to_numpy()
    whole = np.array([rows.size == 2 for rows in members]) & ~domestic
    lone = np.flatnonzero(~whole & ~domestic)
    notes = []
    if lone.size:
        shown = "; ".join(unit_name(pairs, row) for row in lone[:5])
        notes.append(
            f"{lone.size:,} pairs with one direction only were left out: {shown}"
        )
    if domestic.any():
        notes.append(f"{domestic.sum():,} flows of a region to itself were left out")
    kept = np.flatnonzero(whole)
    return (
        pairs.iloc[kept].reset_index(drop=True),
        [members[row] for row in kept],
        notes,
    )


def sum_units(values: Floats, members: Sequence[Ints]) -> Floats:
    """Add the rows of each group one after the other, shape (n_groups, ...)."""
    sums = np.zeros((len(members), *values.shape[1:]))
    for group, rows in enumerate(members):
        for row in rows:
            sums[group] += values[row]
    return sums


def rows_of(units: pd.DataFrame, equals: Mapping[str, Any]) -> Ints:
    """Return the positions of units that have the given value, or one of several."""
    if missing := [name for name in equals if name not in units.columns]:
        raise ColumnError.missing(missing, units.columns)
    chosen = np.ones(len(units), dtype=bool)
    for name, wanted in equals.items():
        many = isinstance(wanted, Iterable) and not isinstance(wanted, str)
        values = list(wanted) if many else [wanted]
        absent = [value for value in values if not (units[name] == value).any()]
        if absent:
            raise _absent(units[name], name, absent)
        chosen &= units[name].isin(values).to_numpy()
    if not chosen.any():
        raise KeyColumnError(
            f"no unit has {dict(equals)} together",
            code="F-311",
            remedy="Each value occurs, but not in one unit: select fewer.",
        )
    return np.flatnonzero(chosen)


def _absent(values: pd.Series, name: str, absent: Sequence[Any]) -> KeyColumnError:
    present = sorted({str(value) for value in values})
    close = [m for v in absent for m in difflib.get_close_matches(str(v), present, n=1)]
    meant = f" Did you mean {close}?" if close else ""
    return KeyColumnError(
        f"no unit with {name} {absent[0]!r}",
        code="F-311",
        column=name,
        count=len(absent),
        examples=[repr(value) for value in absent],
        remedy=f"There are {len(present):,} values such as {present[:5]}.{meant}",
    )
