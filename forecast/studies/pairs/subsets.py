"""Some of the units of a forecast, and names of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.forecasts import Forecast
from forecast.reporting.cells import shown

__all__ = ["largest", "only", "span_text"]

Bools = NDArray[np.bool_]


def only(forecast: Forecast, rows: NDArray[Any]) -> Forecast:
    """Return the forecast of some units.

    Parameters
    ----------
    forecast : Forecast
    rows : bool array of shape (n_units,), or int array of positions
    """
    at = np.flatnonzero(rows) if rows.dtype == bool else rows
    history = None if forecast.history is None else forecast.history.iloc[at]
    return replace(
        forecast,
        draws=forecast.draws[at],
        units=forecast.units.iloc[at],
        history=history,
    )


def largest(forecast: Forecast, count: int) -> NDArray[np.intp]:
    """Return the positions of the units with the largest medians in the first period."""
    size = np.asarray(forecast.median, dtype=float)[:, 0]
    return np.argsort(-size, kind="stable")[:count]


def span_text(low: float, middle: float, high: float, unit: str = "") -> str:
    """Write a median and its 80 % interval."""
    unit = f" {unit}" if unit else ""
    return f"{shown(middle)}{unit} (80 %: {shown(low)} to {shown(high)})"
