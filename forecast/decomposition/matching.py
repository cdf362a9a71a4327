"""The flows of two periods, matched: which have fitted means in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.gravity.fit import GravityFit
from forecast.periods import parse_periods

__all__ = ["Ends", "Matched", "ends_of_fit", "match_periods"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

TURNED = (("importer", "exporter"), ("destination", "origin"))
"""Names that say themselves which end is which."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Columns that name a flow of a fit.

    Attributes
    ----------
    units : tuple of str
        Keys without the period.
    period : str
    origin, destination : str or None
    """

    units: tuple[str, ...]
    period: str
    origin: str | None
    destination: str | None


@dataclass(frozen=True, eq=False, slots=True)
class Matched:
    """Flows that are known in both periods.

    Attributes
    ----------
    units : DataFrame of N rows
        Key columns.
    flows : float array of shape (2, N)
        Observed at the start and at the end.
    fitted : int array of shape (n,)
        Which of the N have fitted means in both periods.
    rows : int array of shape (2, n)
        Where these stand in the estimate.
    flow_of_row : int array of shape (rows of the estimate,)
    of_period : two bool arrays of the same shape
        Rows of the estimate that are of the start, of the end.
    start, end : Period
    notes : tuple of str
    """

    units: pd.DataFrame
    flows: Floats
    fitted: Ints
    rows: Ints
    flow_of_row: Ints
    of_period: tuple[Bools, Bools]
    start: pd.Period
    end: pd.Period
    notes: tuple[str, ...]


def ends_of_fit(fit: GravityFit) -> Ends:
    """Tell which columns of a fit are keys and which is the period.

    Raises
    ------
    ModelError
        F-881 when the fit does not know.
    """
    pair = fit.keys.aliases.get("pair", ())
    period = fit.keys.aliases.get("period", ())
    keys = tuple(name for name in fit.design.keys if name not in period)
    if not period or not keys:
        raise ModelError(
            "the fit does not know which column is the period and which name a flow",
            code="F-881",
            remedy="Fit a TradePanel, or say Gravity(..., origin='exporter', "
            "destination='importer', period='year').",
        )
    origin, destination = pair if len(pair) == 2 else (None, None)
    if (
        origin,
        destination,
    ) in TURNED:  # effects of importers came first in the formula
        origin, destination = destination, origin
    if origin is not None and destination is not None:
        keys = (origin, destination, *(k for k in keys if k not in pair))
    return Ends(keys, period[0], origin, destination)


def match_periods(fit: GravityFit, ends: Ends, start: Any, end: Any) -> Matched:
    """Find the flows of two periods.

    Raises
    ------
    ModelError
        F-880 a period without rows, or twice the same; F-881 several rows of one flow.
    """
    design, source = fit.design, fit.design.source
    periods = parse_periods(source[ends.period], column=ends.period)
    wanted = [_period(p, periods, ends.period) for p in (start, end)]
    if wanted[0] == wanted[1]:
        raise _no_period(start, "start and end are the same", periods)
    estimated = np.full(design.y.size, -1, np.int64)
    estimated[fit.estimate.rows] = np.arange(fit.estimate.n)
    tables = []
    for at, period in enumerate(wanted):
        rows = np.flatnonzero(np.asarray(periods[design.positions] == period))
        table = source[list(ends.units)].iloc[design.positions[rows]].copy()
        if table.duplicated().any():
            raise ModelError(
                f"{int(table.duplicated().sum()):,} flows have several rows in {period}",
                code="F-881",
                count=int(table.duplicated().sum()),
                examples=_names(table[table.duplicated()]),
                remedy="Fit a TradePanel, whose keys tell them apart.",
            )
        table[f"\0y{at}"] = design.y[rows]
        table[f"\0row{at}"] = estimated[rows]
        tables.append(table)
    both = tables[0].merge(tables[1], how="outer", on=list(ends.units))
    known = both["\0y0"].notna() & both["\0y1"].notna()
    notes = _left_out(both[~known], ends, wanted)
    both = both[known].reset_index(drop=True)
    places: Ints = both[["\0row0", "\0row1"]].to_numpy(dtype=np.int64).T
    fitted: Ints = np.flatnonzero((places >= 0).all(axis=0))
    return Matched(
        units=both[list(ends.units)],
        flows=both[["\0y0", "\0y1"]].to_numpy(dtype=float).T,
        fitted=fitted,
        rows=places[:, fitted],
        flow_of_row=_flow_of_row(fit, ends),
        of_period=_of_period(periods[fit.keys.positions], wanted),
        start=wanted[0],
        end=wanted[1],
        notes=notes,
    )


def _flow_of_row(fit: GravityFit, ends: Ends) -> Ints:
    """Number the flows of the estimate's rows, in the order of their keys."""
    table = fit.design.source[list(ends.units)].iloc[fit.keys.positions]
    return np.asarray(table.groupby(list(ends.units), sort=True).ngroup())


def _of_period(periods: pd.PeriodIndex, wanted: list[pd.Period]) -> tuple[Bools, Bools]:
    return np.asarray(periods == wanted[0]), np.asarray(periods == wanted[1])


def _period(label: Any, periods: pd.PeriodIndex, column: str) -> pd.Period:
    found = parse_periods([label], column=column)[0]
    if not bool(np.any(periods == found)):
        raise _no_period(label, f"{column!r} has no period {label}", periods)
    return found


def _no_period(label: Any, problem: str, periods: pd.PeriodIndex) -> ModelError:
    return ModelError(
        problem,
        code="F-880",
        examples=[label],
        remedy=f"The sample has {periods.min()} to {periods.max()}.",
    )


def _left_out(
    lacking: pd.DataFrame, ends: Ends, wanted: list[pd.Period]
) -> tuple[str, ...]:
    """Say which flows are known in one of the periods only."""
    if lacking.empty:
        return ()
    worth = lacking[["\0y0", "\0y1"]].sum(axis=1)
    shown = lacking.loc[worth.sort_values(ascending=False, kind="stable").index]
    return (
        f"{len(lacking):,} flows are known in one of {wanted[0]} and {wanted[1]} only and "
        f"were left out: {'; '.join(_names(shown[list(ends.units)]))}",
    )


def _names(table: pd.DataFrame) -> list[str]:
    head = table.head(5).itertuples(index=False, name=None)
    return ["–".join(map(str, values)) for values in head]
