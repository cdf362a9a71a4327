"""Where the rows of a fit stand: unit, pair, period, and the histories of its terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError, ModelError, PeriodError
from forecast.gravity import GravityFit
from forecast.gravity.checks.refitting import refit
from forecast.panel.leads_lags import shifted
from forecast.periods import FREQUENCIES, parse_periods

__all__ = ["Cells", "Floats", "Ints", "cells_of", "history", "with_history"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Cells:
    """Keys of the rows of a design; arrays have the shape (n,) of its rows.

    Attributes
    ----------
    unit : int array
        Directed pair (and sector, if there is one).
    block : int array
        Pair without direction: what moves together in a permutation.
    way : int array
        Unit within its block, from 0.
    time : int array
        Period, counted from 0 for the first one.
    used : bool array
        Rows that the model was estimated on.
    first : Period or int
        What period 0 is.
    names : tuple of str
        Columns of origin, destination and period.
    """

    unit: Ints
    block: Ints
    way: Ints
    time: Ints
    used: NDArray[np.bool_]
    first: Any
    names: tuple[str, str, str]

    @property
    def periods(self) -> int:
        """Number of periods from the first to the last."""
        return int(self.time.max(initial=0)) + 1

    @property
    def per_year(self) -> int:
        """Periods in a year; 1 for rounds and waves."""
        if not isinstance(self.first, pd.Period):
            return 1
        return FREQUENCIES.get(self.first.freqstr[0], 1)

    def moved(self, values: Floats, step: int, fill: float | None = None) -> Floats:
        """Values of the same unit `step` periods earlier (negative: later)."""
        order = np.lexsort((self.time, self.unit))
        out = np.empty(values.size)
        out[order] = shifted(
            values[order], self.unit[order], self.time[order], step, fill
        )
        return out

    def table(self, values: Floats, empty: float = np.nan) -> Floats:
        """Units by periods, shape (units, periods)."""
        wide = np.full((int(self.unit.max(initial=-1)) + 1, self.periods), empty)
        wide[self.unit, self.time] = values
        return wide

    def label(self, time: int) -> str:
        """Name of a period."""
        return str(self.first + time)


def cells_of(fit: GravityFit) -> Cells:
    """Find units and periods of the rows behind a fit.

    Raises
    ------
    ModelError
        F-886 where origin, destination or period are not known, or a unit has two rows
        in one period.
    """
    ends, period = fit.keys.aliases.get("pair"), fit.keys.aliases.get("period")
    if ends is None or period is None:
        raise _unknown("origin, destination or period are not known")
    table = fit.design.source.iloc[fit.design.positions]
    more = [k for k in fit.design.keys if k not in {*ends, *period}]
    keys = [table[name].astype(str).to_numpy(dtype=object) for name in (*ends, *more)]
    origin, destination, *rest = keys
    swapped = origin > destination
    low = np.where(swapped, destination, origin)
    high = np.where(swapped, origin, destination)
    block, way, unit = (_codes(k) for k in ((low, high), (swapped, *rest), keys))
    time, first = _ordinals(table[period[0]])
    if pd.DataFrame({"unit": unit, "time": time}).duplicated().any():
        raise _unknown("a pair has several rows in one period")
    used = np.zeros(unit.size, np.bool_)
    used[fit.estimate.rows] = True
    return Cells(unit, block, way, time, used, first, (ends[0], ends[1], period[0]))


def history(fit: GravityFit, term: str) -> Floats:
    """Values of a term of the formula at the rows of the design.

    Raises
    ------
    ColumnError
        F-885 for what is no term with a coefficient.
    """
    if term not in fit.terms:
        raise ColumnError(
            f"{term!r} has no coefficient in this model",
            code="F-885",
            column=term,
            examples=list(fit.terms),
            remedy="Name terms as the formula writes them; a term that the effects "
            "explain already has no coefficient.",
        )
    return fit.design.columns[fit.design.terms.index(term)]


def with_history(
    fit: GravityFit,
    histories: Mapping[str, Floats],
    added: Mapping[str, Floats] | None = None,
) -> GravityFit:
    """Fit the same model with other values of some terms, and with further columns."""
    columns = list(fit.design.columns)
    for term, values in histories.items():
        columns[fit.design.terms.index(term)] = values
    design = replace(fit.design, columns=tuple(columns))
    return refit(replace(fit, design=design), added or {})


def _codes(keys: Sequence[NDArray[Any]]) -> Ints:
    frame = pd.DataFrame(dict(enumerate(keys)))
    codes: Ints = frame.groupby(list(frame), sort=True).ngroup().to_numpy()
    return codes


def _ordinals(column: pd.Series) -> tuple[Ints, Any]:
    """Periods as whole numbers from 0, and what 0 stands for."""
    try:
        periods = pd.PeriodIndex(parse_periods(column, column=str(column.name)))
    except PeriodError:
        if not pd.api.types.is_integer_dtype(column):  # rounds, waves: 1, 2, 3
            raise
        values = column.to_numpy(np.int64)
        return values - values.min(), int(values.min())
    ordinals = periods.asi8
    return ordinals - ordinals.min(), periods.min()


def _unknown(why: str) -> ModelError:
    return ModelError(
        f"nothing can be attributed: {why}",
        code="F-886",
        remedy="Use a TradePanel, or Gravity(..., origin=..., destination=..., "
        "period=...), with one row for each pair and period.",
    )
