"""What a fusion reads from a panel: flows of pairs by period, without gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import KeyColumnError, ModelError, PeriodError
from forecast.panel import TradePanel

__all__ = ["FEWEST_PERIODS", "Flows", "read_flows"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

FEWEST_PERIODS = 4
"""Two changes to estimate from, and an outcome to judge the estimates by."""


@dataclass(frozen=True, eq=False)
class Flows:
    """Flows of pairs over years.

    Attributes
    ----------
    values : float array of shape (n_periods, n_pairs)
        Gaps hold the last value before them, or the first after them.
    known : bool array of shape (n_periods, n_pairs)
        Cells that were observed.
    rows, columns : int64 arrays of shape (n_pairs,)
        Place of each pair's origin and destination.
    origins, destinations : Index
        Codes, sorted.
    units : DataFrame of n_pairs rows
    periods : PeriodIndex of length n_periods
    """

    values: Floats
    known: Bools
    rows: Ints
    columns: Ints
    origins: pd.Index
    destinations: pd.Index
    units: pd.DataFrame
    periods: pd.PeriodIndex

    def row_sums(self, values: Floats) -> Floats:
        """Add pairs, the last axis, up by origin."""
        return sums_by(self.rows, len(self.origins), values)

    def column_sums(self, values: Floats) -> Floats:
        """Add pairs, the last axis, up by destination."""
        return sums_by(self.columns, len(self.destinations), values)


def sums_by(codes: Ints, count: int, values: Floats) -> Floats:
    """Add the last axis up by code, in the order of pairs."""
    if values.ndim == 1:
        return np.asarray(np.bincount(codes, values, count), dtype=float)
    return np.stack([sums_by(codes, count, one) for one in values])


def read_flows(panel: Any) -> Flows:
    """Read a panel of directed pairs by year.

    Parameters
    ----------
    panel : TradePanel

    Raises
    ------
    ModelError
        F-520 something else than a panel, F-521 no flow at all.
    KeyColumnError
        F-852 units that are not just an origin and a destination.
    PeriodError
        F-853 parts of years, F-854 fewer than four periods, F-427 several releases.
    """
    if not isinstance(panel, TradePanel):
        raise ModelError(
            f"a {type(panel).__name__} cannot be fitted",
            code="F-520",
            remedy="Give a TradePanel; TradePanel.from_frame reads a DataFrame.",
        )
    _check_keys(panel)
    values, units, periods = panel.matrix()
    if panel.freq != "Y":
        raise PeriodError(
            "a fusion forecasts years, the panel holds parts of years",
            code="F-853",
            column=panel.period,
            remedy="Add the parts up with panel.aggregate, or forecast them with a model "
            "of seasonal series.",
        )
    if len(periods) < FEWEST_PERIODS:
        raise PeriodError(
            f"{len(periods)} periods are too few to learn how totals and pairs move",
            code="F-854",
            column=panel.period,
            count=len(periods),
            remedy=f"Give at least {FEWEST_PERIODS}.",
        )
    traded = np.flatnonzero(np.isfinite(values).any(axis=1))
    if not (np.nan_to_num(values) > 0).any():
        raise ModelError("a panel without any flow cannot be fitted", code="F-521")
    if traded.size < len(units):
        values, units = values[traded], units.iloc[traded].reset_index(drop=True)
    rows, origins = pd.factorize(units[panel.origin], sort=True)
    columns, destinations = pd.factorize(units[panel.destination], sort=True)
    return Flows(
        values=np.ascontiguousarray(_filled(values).T),
        known=np.ascontiguousarray(np.isfinite(values).T),
        rows=rows.astype(np.int64),
        columns=columns.astype(np.int64),
        origins=pd.Index(origins),
        destinations=pd.Index(destinations),
        units=units,
        periods=periods,
    )


def _check_keys(panel: TradePanel) -> None:
    if panel.origin is None:
        raise KeyColumnError(
            f"units {list(panel.keys)} have no direction",
            code="F-852",
            column=panel.keys[0],
            remedy="Name the columns of origin and destination.",
        )
    if more := [k for k in panel.keys if k not in (panel.origin, panel.destination)]:
        raise KeyColumnError(
            f"flows are told apart by {more}, too",
            code="F-852",
            column=more[0],
            count=len(more),
            remedy="Choose one value, such as panel.select(sector=...), or add them up "
            "with panel.aggregate.",
        )


def _filled(values: Floats) -> Floats:
    """Carry values over gaps, so that no gap looks like growth; shape (pairs, periods)."""
    frame = pd.DataFrame(values)
    return frame.ffill(axis=1).bfill(axis=1).to_numpy()
