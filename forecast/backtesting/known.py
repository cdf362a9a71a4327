"""What was known on a day, and what came: two views of one panel."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError, ModelError
from forecast.forecasts.units import unit_index
from forecast.panel import TradePanel

__all__ = ["Lags", "View", "future_of", "outcomes_of", "read_lags", "view_of"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Lags = int | dict[str, int]


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A panel as it was known on a day.

    Attributes
    ----------
    panel : TradePanel
        Without the units of which nothing was known.
    rows : int array of shape (n_units_known,)
        Which units of the whole panel its units are.
    """

    panel: TradePanel
    rows: Ints


def read_lags(lag_days: Any, panel: TradePanel) -> Lags:
    """Return one lag, or a lag for the flow and each covariate.

    Raises
    ------
    ColumnError
        F-111 a lag of a column that is not there.
    ModelError
        F-633 no whole numbers, or lags by column for a panel with release dates.
    """
    given = lag_days.values() if isinstance(lag_days, Mapping) else [lag_days]
    if not all(isinstance(lag, numbers.Integral) for lag in given):
        raise ModelError(
            f"lag_days={lag_days!r} is not possible",
            code="F-633",
            remedy="Give a whole number of days, or one for each column.",
        )
    if not isinstance(lag_days, Mapping):
        return int(lag_days)
    columns = [panel.flow, *panel.covariates]
    if missing := [name for name in lag_days if name not in columns]:
        raise ColumnError.missing(missing, columns)
    if panel.vintages:
        raise ModelError(
            "lags by column do not go with release dates",
            code="F-633",
            column=panel.release,
            remedy="Each row says itself when it was released: give one number of days.",
        )
    return {name: int(lag_days.get(name, 0)) for name in columns}


def view_of(panel: TradePanel, day: pd.Timestamp, lags: Lags) -> View:
    """Cut the panel at a day.

    Raises
    ------
    ModelError
        F-634 no flow was known yet.
    PeriodError
        F-422 nothing was known yet, F-429 a negative lag.
    """
    if isinstance(lags, int):
        known = panel.as_of(day, lags)
        frame = known.to_frame()
    else:
        known = panel.as_of(day, min(lags.values()))
        frame = known.to_frame()
        ended = pd.PeriodIndex(frame[panel.period]).end_time.normalize()
        for name, lag in lags.items():
            late = np.asarray(ended + pd.Timedelta(days=lag) > day)
            frame[name] = frame[name].astype(float).mask(late)
    keys = list(known.keys)
    values = frame.groupby(keys, sort=False, dropna=False)[panel.flow]
    frame = frame[values.transform("count").to_numpy() > 0].reset_index(drop=True)
    if frame.empty:
        raise ModelError(
            f"no flow was known on {day.date()}",
            code="F-634",
            column="origins",
            remedy="Choose a later origin.",
        )
    units = frame.drop_duplicates(keys)[list(panel.keys)]
    rows = unit_index(panel.units).get_indexer(unit_index(units))
    # the rows are a canonical table as before; fewer, or with less in them
    return View(replace(known, _frame=frame), rows)


def outcomes_of(panel: TradePanel, which: str) -> Floats:
    """Return what came, shape (n_units, n_periods): by the last or the first release."""
    frame = panel.to_frame()
    if panel.vintages:
        first = which == "first release"
        frame = frame[frame[panel.flow].notna()] if first else frame
        cells = [*panel.keys, panel.period]
        frame = frame.drop_duplicates(cells, keep="first" if first else "last")
    units = unit_index(panel.units)
    values = np.full((len(units), len(panel.periods)), np.nan)
    rows = units.get_indexer(unit_index(frame[list(panel.keys)]))
    columns = pd.PeriodIndex(frame[panel.period]).asi8 - panel.periods.asi8[0]
    values[rows, columns] = frame[panel.flow].to_numpy(dtype=float)
    return values


def future_of(panel: TradePanel, view: TradePanel, steps: int) -> pd.DataFrame:
    """Return the rows to be forecast with the columns that came; flows are missing."""
    future = view.future(steps)
    cells = [*panel.keys, panel.period]
    came = panel.to_frame().drop_duplicates(cells, keep="last")
    shared = [name for name in cells if name in future]
    columns = [*panel.covariates, *panel.labels]
    came = future[shared].merge(
        came[[*shared, *columns]], on=shared, how="left", validate="1:1"
    )
    for name in columns:
        future[name] = came[name].where(came[name].notna(), future[name])
    return future
