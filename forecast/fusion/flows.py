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
        Gaps hold the last value before them; 0 before the first one.
    known : bool array of shape (n_periods, n_pairs)
        Cells that were observed.
    rows, columns : int64 arrays of shape (n_pairs,)
        Place of each pair's origin and destination.
    origins, destinations : Index
        Codes, sorted; with sectors a MultiIndex of code and sector, so that each sector
        is a matrix with totals of its own.
    blocks : pair of int64 arrays of shape (n_origins,), (n_destinations,)
        The sector of each.
    sectors : Index
        One, unnamed, where the panel has none.
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
    blocks: tuple[Ints, Ints]
    sectors: pd.Index

    @property
    def begun(self) -> Bools:
        """Pairs with a figure in the period or before, (n_periods, n_pairs)."""
        return np.logical_or.accumulate(self.known, axis=0)

    def later(self, origin: int, at: int) -> tuple[Floats, Bools]:
        """Return flows of a period of the pairs that had begun at `origin`, else 0.

        And which of them were observed.
        """
        begun = self.begun[origin]
        return np.where(begun, self.values[at], 0.0), begun & self.known[at]

    def row_sums(self, values: Floats) -> Floats:
        """Add pairs, the last axis, up by origin."""
        return sums_by(self.rows, len(self.origins), values)

    def column_sums(self, values: Floats) -> Floats:
        """Add pairs, the last axis, up by destination."""
        return sums_by(self.columns, len(self.destinations), values)

    def sector_sums(self, values: Floats, side: int) -> Floats:
        """Add totals of one side, the last axis, up by sector."""
        if len(self.sectors) == 1:
            return np.asarray(values.sum(axis=-1, keepdims=True))
        return sums_by(self.blocks[side], len(self.sectors), values)

    def sector_totals(self, exports: Floats) -> Floats:
        """Return the trade of each pair's sector, shape (..., n_pairs)."""
        return self.sector_sums(exports, 0)[..., self.blocks[0][self.rows]]

    def one_sum(self, exports: Floats, imports: Floats) -> tuple[Floats, Floats]:
        """Give both sides one sum in each sector, between the two; the world's stays.

        Parameters
        ----------
        exports, imports : float arrays of shape (n, n_origins), (n, n_destinations)
        """
        if len(self.sectors) == 1:
            return exports, imports
        sums = self.sector_sums(exports, 0), self.sector_sums(imports, 1)
        middle = np.sqrt(sums[0] * sums[1])
        world = exports.sum(axis=1) / np.maximum(middle.sum(axis=1), 1e-300)
        middle = middle * world[:, None]
        left, right = (
            side * (middle / np.maximum(own, 1e-300))[:, place]
            for side, own, place in zip(
                (exports, imports), sums, self.blocks, strict=True
            )
        )
        return left, right


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
        F-852 units that are not just an origin, a destination and perhaps a sector.
    PeriodError
        F-853 parts of years that are not whole ones, F-854 fewer than four periods, F-427 several releases.
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
            "flows of years are wanted, the panel holds parts of years",
            code="F-853",
            column=panel.period,
            remedy='Add them up with panel.aggregate("Y"); Fusion.fit does so by itself.',
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
    rows, origins = _coded(units, panel.origin, panel.sector)
    columns, destinations = _coded(units, panel.destination, panel.sector)
    sectors, blocks = _sectors(origins, destinations)
    return Flows(
        values=np.ascontiguousarray(_filled(values).T),
        known=np.ascontiguousarray(np.isfinite(values).T),
        rows=rows,
        columns=columns,
        origins=origins,
        destinations=destinations,
        units=units,
        periods=periods,
        blocks=blocks,
        sectors=sectors,
    )


def _coded(
    units: pd.DataFrame, side: str | None, sector: str | None
) -> tuple[Ints, pd.Index]:
    """Return the place of each unit's end among the sorted codes, and these."""
    keys = [side] if sector is None else [side, sector]
    if sector is None:
        places, codes = pd.factorize(units[side], sort=True)
        return places.astype(np.int64), pd.Index(codes)
    ends = pd.MultiIndex.from_frame(units[keys])
    codes = ends.unique().sort_values()
    return codes.get_indexer(ends).astype(np.int64), codes


def _sectors(
    origins: pd.Index, destinations: pd.Index
) -> tuple[pd.Index, tuple[Ints, Ints]]:
    if not isinstance(origins, pd.MultiIndex):
        one = np.zeros(len(origins), np.int64), np.zeros(len(destinations), np.int64)
        return pd.Index([""]), one
    names = origins.get_level_values(1).unique().sort_values()
    left, right = (
        names.get_indexer(side.get_level_values(1)).astype(np.int64)
        for side in (origins, destinations)
    )
    return names, (left, right)


def _check_keys(panel: TradePanel) -> None:
    if panel.origin is None:
        raise KeyColumnError(
            f"units {list(panel.keys)} have no direction",
            code="F-852",
            column=panel.keys[0],
            remedy="Name the columns of origin and destination.",
        )
    known = (panel.origin, panel.destination, panel.sector)
    if more := [k for k in panel.keys if k not in known]:
        raise KeyColumnError(
            f"flows are told apart by {more}, too",
            code="F-852",
            column=more[0],
            count=len(more),
            remedy="Choose one value, such as panel.select(reporter=...), or add them up "
            "with panel.total; a column of sectors is named by sector= in from_frame.",
        )


def _filled(values: Floats) -> Floats:
    """Carry values over gaps, so that no gap looks like growth; shape (pairs, periods).

    Only forward: what a pair had later was not known before its first figure.
    """
    return pd.DataFrame(values).ffill(axis=1).fillna(0.0).to_numpy()
