"""A forecast in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.forecasts.summaries import quantiles
from forecast.forecasts.units import sum_units, unit_name
from forecast.periods import FREQUENCY_NOUNS, frequency_of

if TYPE_CHECKING:
    from forecast.forecasts.distribution import Forecast

__all__ = ["number", "sentence_of", "span_of", "what_of", "who_are"]


def sentence_of(forecast: Forecast) -> str:
    """Say who forecast what, and the median and 80 % interval of the last period."""
    by = f" by {forecast.model}" if forecast.model else ""
    when = "" if forecast.as_of is None else f", as of {forecast.as_of:%Y-%m-%d}"
    return (
        f"Forecast{by}: {what_of(forecast)}, {who_are(forecast.units)}, "
        f"{span_of(forecast.periods)}{when}; {headline_of(forecast)}"
    )


def what_of(forecast: Forecast) -> str:
    """Name the quantity, or only the measure of levels."""
    if forecast.quantity == "level":
        return forecast.measure or "a unit not stated"
    if forecast.measure in ("", "%"):
        return forecast.quantity
    return f"{forecast.quantity} in {forecast.measure}"


def who_are(units: pd.DataFrame) -> str:
    """Name the only unit, or count the units."""
    if len(units) == 1:
        return unit_name(units, 0)
    return f"{len(units):,} units ({' x '.join(map(str, units.columns))})"


def span_of(periods: pd.PeriodIndex) -> str:
    """Count the periods: ``12 months 2022-01–2022-12``."""
    noun = FREQUENCY_NOUNS[frequency_of(periods)]
    if len(periods) == 1:
        return f"1 {noun} {periods[0]}"
    return f"{len(periods):,} {noun}s {periods[0]}–{periods[-1]}"


def headline_of(forecast: Forecast) -> str:
    """Give the last period of the only unit, the sum of all levels, or the first unit."""
    last = forecast.draws[:, -1:]
    if len(forecast.units) == 1:
        who = ""
    elif forecast.quantity == "level" and not _several_reporters(forecast):
        who, last = " all together", sum_units(last, [np.arange(len(last))])
    else:
        who, last = f" {unit_name(forecast.units, 0)}", last[:1]
    low, median, high = quantiles(last, [0.1, 0.5, 0.9])[:, 0, 0].tolist()
    return (
        f"{forecast.periods[-1]}{who}: median {number(median)}, "
        f"80 % interval {number(low)} to {number(high)}"
    )


def number(value: float) -> str:
    """Write a number with four figures, or all digits before the point."""
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.4g}"
    return digits.replace("-", "−") if value < 0 else digits


def _several_reporters(forecast: Forecast) -> bool:
    column = forecast.reporter
    return column is not None and len(forecast.units[column].unique()) > 1
