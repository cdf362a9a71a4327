"""What every forecast must be: parts that fit together, levels that can occur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.periods import FREQUENCIES, frequency_of

if TYPE_CHECKING:
    from forecast.forecasts.distribution import Forecast

__all__ = ["checked_parts", "refuse_unless_level"]

RESULT_COLUMNS = {"period", "mean", "median"}


def checked_parts(forecast: Forecast) -> dict[str, Any]:
    """Return the parts as a forecast keeps them: plain indexes, arrays that are closed.

    Raises
    ------
    ModelError
        F-505 or F-506, see `Forecast`.
    """
    draws = np.asarray(forecast.draws, dtype=float)
    units = forecast.units.reset_index(drop=True)
    periods = pd.PeriodIndex(forecast.periods, name="period")
    history = _checked_history(forecast.history, len(units), periods)
    for problem in _mismatches(draws, units, periods):
        raise ModelError(
            problem,
            code="F-505",
            remedy="Draws have the shape (units, periods, paths).",
        )
    _refuse_impossible(draws, forecast.quantity)
    draws = draws.view()
    draws.flags.writeable = False
    return {"draws": draws, "units": units, "periods": periods, "history": history}


def _mismatches(draws: Any, units: pd.DataFrame, periods: pd.PeriodIndex) -> list[str]:
    shape = (len(units), len(periods))
    found = []
    if draws.ndim != 3 or draws.shape[:2] != shape or not draws.size:
        found.append(
            f"draws of shape {draws.shape} do not fit {shape[0]} units and {shape[1]} periods"
        )
    if units.shape[1] == 0 or units.duplicated().any():
        found.append("units are not told apart by their key columns")
    if taken := sorted(RESULT_COLUMNS & {str(name) for name in units.columns}):
        found.append(f"a key column is called {taken[0]!r}, as a column of results")
    if not (periods.is_monotonic_increasing and periods.is_unique):
        found.append("periods do not go forward one by one")
    elif frequency_of(periods) not in FREQUENCIES:
        found.append(f"periods have the frequency {periods.freqstr}")
    return found


def _checked_history(
    history: pd.DataFrame | None, n_units: int, periods: pd.PeriodIndex
) -> pd.DataFrame | None:
    """Return the history with plain rows, cut off where the forecast begins."""
    if history is None:
        return None
    past = pd.PeriodIndex(history.columns)
    if len(history) != n_units or past.freq != periods.freq:
        raise ModelError(
            f"a history of {len(history)} rows and frequency {past.freqstr} does not fit "
            f"{n_units} units of frequency {periods.freqstr}",
            code="F-505",
            remedy="History has a row for each unit and a column for each past period.",
        )
    before = history.loc[:, past < periods[0]]
    return before.set_axis(past[past < periods[0]], axis=1).reset_index(drop=True)


def _refuse_impossible(draws: Any, quantity: str) -> None:
    """Levels are finite and not negative; other quantities at least not infinite."""
    if quantity == "level":
        possible = bool(draws.min() >= 0 and draws.max() < np.inf)
    else:
        possible = not np.isinf(draws).any()
    if not possible:
        raise ModelError(
            "draws of levels that are negative, missing or infinite"
            if quantity == "level"
            else "infinite draws",
            code="F-506",
            remedy='Only levels must not be negative: name another quantity="...".',
        )


def refuse_unless_level(forecast: Forecast, what: str) -> None:
    """Growth rates and differences cannot be added up or grow."""
    if forecast.quantity != "level":
        raise ModelError(
            f"{what} of {forecast.quantity!r} means nothing",
            code="F-507",
            remedy=f"Take {what} of levels first.",
        )
