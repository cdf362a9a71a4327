"""How much reconciliation moved, by node: told in notes, and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.forecasts.adding import unit_periods

__all__ = ["movements", "told"]

Floats = NDArray[np.floating[Any]]

SHOWN = 10
"""Nodes that a note names."""


def movements(
    before: Forecast | Mapping[str, Forecast], after: Forecast | Mapping[str, Forecast]
) -> pd.DataFrame:
    """Return what reconciliation did to the mean and spread of every unit and period.

    Parameters
    ----------
    before, after : Forecast or mapping of str to Forecast
        What `reconcile` was given and what it returned.

    Returns
    -------
    DataFrame
        Columns: ``level`` (for mappings), the keys, ``period``, ``before``, ``after``
        (means), ``moved``, ``percent`` of the mean before, ``sd_before``, ``sd_after``.

    Raises
    ------
    ModelError
        F-512 when units, periods or numbers of paths differ.

    Examples
    --------
    >>> nodes = pd.DataFrame({"node": ["KZ", "north", "south"]})
    >>> year = pd.PeriodIndex(["2021"], freq="Y")
    >>> base = Forecast(np.array([[[10.0, 12.0]], [[4.0, 5.0]], [[4.0, 5.0]]]), nodes, year)
    >>> from forecast.reconciliation import Hierarchy, reconcile
    >>> after = reconcile(base, Hierarchy.tree({"KZ": ["north", "south"]}), "ols")
    >>> movements(base, after)[["node", "before", "after", "moved"]].round(2)
        node  before  after  moved
    0     KZ    11.0  10.33  -0.67
    1  north     4.5   5.17   0.67
    2  south     4.5   5.17   0.67
    """
    if isinstance(before, Forecast) and isinstance(after, Forecast):
        return _table(before, after)
    if isinstance(before, Forecast) or isinstance(after, Forecast):
        raise _other(repr(before), repr(after))
    return pd.concat(
        [
            _table(forecast, after[name]).assign(level=name)[
                ["level", *forecast.units.columns, *COLUMNS]
            ]
            for name, forecast in before.items()
        ],
        ignore_index=True,
    )


COLUMNS = ["period", "before", "after", "moved", "percent", "sd_before", "sd_after"]


def _table(before: Forecast, after: Forecast) -> pd.DataFrame:
    if (
        not before.units.equals(after.units)
        or not before.periods.equals(after.periods)
        or before.n_paths != after.n_paths
    ):
        raise _other(repr(before), repr(after))
    table = unit_periods(before.units, before.periods)
    old, new = before.draws.mean(axis=2).ravel(), after.draws.mean(axis=2).ravel()
    percent = np.full(old.shape, np.nan)
    np.divide(100 * (new - old), old, out=percent, where=old != 0)
    return table.assign(
        before=old,
        after=new,
        moved=new - old,
        percent=percent,
        sd_before=before.draws.std(axis=2).ravel(),
        sd_after=after.draws.std(axis=2).ravel(),
    )


def _other(before: str, after: str) -> ModelError:
    return ModelError(
        f"{after} is not {before} reconciled",
        code="F-512",
        remedy="Both need the same units, periods and number of paths.",
    )


def told(before: Floats, after: Floats, nodes: tuple[str, ...]) -> list[str]:
    """Return notes of how far the sums over periods of each node's mean were moved.

    Parameters
    ----------
    before, after : float arrays of shape (n_units, n_periods, n_paths)
    nodes : tuple of str
    """
    old = before.mean(axis=2).sum(axis=1)
    moved = after.mean(axis=2).sum(axis=1) - old
    size = float(np.abs(old).max(initial=0.0)) or 1.0
    touched = np.flatnonzero(np.abs(moved) > 1e-9 * size)
    if not touched.size:
        return ["no mean was moved"]
    order = touched[np.argsort(-np.abs(moved[touched]), kind="stable")]
    parts = [
        f"{nodes[i]} {moved[i]:+,.4g}"
        + (f" ({100 * moved[i] / old[i]:+.1f}%)" if old[i] > 0 else "")
        for i in order[:SHOWN].tolist()
    ]
    more = f"; and {order.size - SHOWN:,} more" if order.size > SHOWN else ""
    return [f"means moved, over all periods: {'; '.join(parts)}{more}"]
