"""Rows that a table did not have: absent cells, and the periods to come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.panel.filling import carry
from forecast.panel.number_columns import Floats, Ints
from forecast.panel.reshaping import (
    Reshaped,
    constant_columns,
    refuse_large,
    run_codes,
)
from forecast.panel.roles import Roles

__all__ = ["fill_square", "future_rows", "joined_rows"]


def fill_square(
    frame: pd.DataFrame,
    roles: Roles,
    *,
    fill: float,
    every_pair: bool,
    constant: Mapping[str, str] | None = None,
) -> Reshaped:
    """Add the absent rows of every unit in every period that occurs at all."""
    units = frame[list(roles.keys)].drop_duplicates(ignore_index=True)
    if every_pair:
        units = _every_pair(units, roles)
    periods = pd.PeriodIndex(frame[roles.period]).unique().sort_values()
    refuse_large(len(units) * len(periods), "the square")
    grid = _cross(units, periods, roles.period)
    identity = [*roles.keys, roles.period]
    present = frame[identity].assign(**{"\0row": np.arange(len(frame))})
    found = grid.merge(present, how="left", on=identity, validate="one_to_one")
    source = found["\0row"].fillna(-1).to_numpy(dtype=np.int64)
    flows = np.full(source.size, fill)
    square = joined_rows(frame, grid, source, flows, roles, constant)
    absent = source < 0
    if not absent.any():
        return square
    note = f"{absent.sum():,} absent cells were filled with {fill:g}"
    if roles.is_directed:
        home = (grid[roles.origin] == grid[roles.destination]).to_numpy()
        if (absent & home).any():
            note += f", {(absent & home).sum():,} of them flows of a region to itself"
    return Reshaped(square.frame, roles, (note, *square.notes))


def joined_rows(
    frame: pd.DataFrame,
    keys: pd.DataFrame,
    source: Ints,
    flows: Floats,
    roles: Roles,
    constant: Mapping[str, str] | None = None,
) -> Reshaped:
    """Put a canonical table together from old rows and new ones.

    Parameters
    ----------
    frame : DataFrame of n rows
        The table as it was.
    keys : DataFrame of n_new rows
        Key columns and period of the longer table, in canonical order.
    source : int array of shape (n_new,)
        Position in `frame` of each row; -1 in rows that are new.
    flows : float array of shape (n_new,)
        Flows of the new rows; those of old rows are not looked at.
    roles, constant
        As in `forecast.panel.filling.carry`.
    """
    fresh = source < 0
    old = frame[roles.flow].to_numpy(dtype=float)[source]
    columns: dict[str, Any] = {name: keys[name] for name in (*roles.keys, roles.period)}
    columns[roles.flow] = np.where(fresh, flows, old)
    if roles.as_of is not None:
        released = frame[roles.as_of].array.take(source, allow_fill=True)
        columns[roles.as_of] = released
    carried = carry(frame, keys, source, roles, constant)
    longer = pd.DataFrame({**columns, **carried.columns}, copy=False)
    return Reshaped(longer[list(roles.columns)], roles, carried.notes)


def _every_pair(units: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Cross all origins with all destinations (no self pairs unless some occur)."""
    blocks = [pd.DataFrame({key: np.sort(units[key].unique())}) for key in roles.keys]
    refuse_large(int(np.prod([len(block) for block in blocks])), "the square")
    crossed = blocks[0]
    for block in blocks[1:]:
        crossed = crossed.merge(block, how="cross")
    if (
        roles.is_directed
        and not (units[roles.origin] == units[roles.destination]).any()
    ):
        crossed = crossed[crossed[roles.origin] != crossed[roles.destination]]
    return crossed.reset_index(drop=True)


def _cross(units: pd.DataFrame, periods: pd.PeriodIndex, name: str) -> pd.DataFrame:
    """Repeat each unit for each period, units slow, periods fast."""
    rows = units.take(np.repeat(np.arange(len(units)), len(periods)))
    tiled = periods.take(np.tile(np.arange(len(periods)), len(units)))
    return rows.reset_index(drop=True).assign(**{name: tiled})


def future_rows(
    frame: pd.DataFrame, roles: Roles, periods: pd.PeriodIndex
) -> pd.DataFrame:
    """Cross the units with future periods; only what never changed is known there."""
    units_of = run_codes(frame, roles.keys)
    first = frame[np.diff(units_of, prepend=-1) > 0].reset_index(drop=True)
    refuse_large(len(first) * len(periods), "the future")
    constant = set(constant_columns(frame, roles, units_of))
    future = _cross(first, periods, roles.period)
    future[roles.flow] = np.nan
    for name in (*roles.covariates, *roles.labels):
        if name not in constant:
            future[name] = np.nan if name in roles.covariates else None
    return future[[c for c in roles.columns if c != roles.as_of]]
