"""Sums, growth and differences of forecasts: which parts of a `Forecast` change.

Each function returns the changed attributes; `Forecast` puts them in a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import (
    ColumnError,
    KeyColumnError,
    ModelError,
    PeriodError,
    ReporterError,
)
from forecast.forecasts.checking import refuse_unless_level
from forecast.forecasts.timeline import GROWTH_KINDS, Timeline, grow, sum_periods
from forecast.forecasts.units import group_units, pair_units, sum_units
from forecast.periods import FREQUENCIES, FREQUENCY_NOUNS, frequency_of, parse_periods

if TYPE_CHECKING:
    from forecast.forecasts.distribution import Forecast

__all__ = [
    "difference_of",
    "growth_of",
    "positions_of",
    "total_of",
    "turnover_of",
    "unit_periods",
]

Changes = dict[str, Any]
Floats = NDArray[np.floating[Any]]

SPANS = {"year": "Y", "quarter": "Q"}


def unit_periods(units: pd.DataFrame, periods: pd.PeriodIndex) -> pd.DataFrame:
    """Return one row for each unit and period, units slow, periods fast."""
    rows = units.take(np.repeat(np.arange(len(units)), len(periods)))
    tiled = periods.take(np.tile(np.arange(len(periods)), len(units)))
    return rows.reset_index(drop=True).assign(period=tiled)


def positions_of(periods: pd.PeriodIndex, wanted: Any) -> NDArray[np.integer[Any]]:
    """Return the positions of the periods inside one label or several."""
    if wanted is None:
        return np.arange(len(periods))
    single = isinstance(wanted, (str, int, pd.Period, pd.Timestamp))
    labels = parse_periods([wanted] if single else wanted, column="period")
    inside = np.zeros(len(periods), dtype=bool)
    for label in labels:
        inside |= (periods.start_time >= label.start_time) & (
            periods.end_time <= label.end_time
        )
    if not inside.any():
        raise PeriodError(
            f"the forecast has no period in {wanted!r}",
            code="F-425",
            column="period",
            remedy=f"It goes from {periods[0]} to {periods[-1]}.",
        )
    return np.flatnonzero(inside)


# ----------------------------------------------------------------------------- growth


def growth_of(forecast: Forecast, kind: str) -> Changes:
    """See `Forecast.growth`."""
    refuse_unless_level(forecast, "growth")
    if kind not in GROWTH_KINDS:
        raise ModelError(
            f"there is no growth {kind!r}",
            code="F-508",
            remedy=f"Choose one of {list(GROWTH_KINDS)}.",
        )
    line, per_year = _timeline(forecast), FREQUENCIES[frequency_of(forecast.periods)]
    draws, kept = grow(line, kind, per_year)
    if not kept:
        raise ModelError(
            f"growth {kind} needs the periods before {forecast.periods[0]}",
            code="F-509",
            remedy="They are neither forecast nor in the history of this forecast.",
        )
    past, past_kept = grow(line.only_past(), kind, per_year)
    return {
        "draws": draws,
        "periods": forecast.periods[kept],
        "quantity": f"growth, {kind}, %",
        "measure": "%",
        "history": _history(forecast.history_periods[past_kept], past[..., 0]),
        "notes": (*forecast.notes, *_growth_notes(forecast, draws, kept)),
    }


def _growth_notes(forecast: Forecast, draws: Floats, kept: Sequence[int]) -> list[str]:
    notes = []
    if lost := len(forecast.periods) - len(kept):
        notes.append(f"{lost:,} periods have no growth since their base is not known")
    undefined = np.isnan(draws).mean(axis=2)
    if undefined.any():
        notes.append(
            f"growth from zero is not defined: missing for {(undefined == 1).sum():,} and on "
            f"some paths of {((undefined > 0) & (undefined < 1)).sum():,} of "
            f"{undefined.size:,} unit-periods (at most {undefined[undefined < 1].max():.0%} "
            "of paths); the figures are over the other paths"
            if (undefined < 1).any()
            else "growth from zero is not defined"
        )
    return notes


# ------------------------------------------------------------------------------- sums


def total_of(forecast: Forecast, by: str | Sequence[str] | None) -> Changes:
    """See `Forecast.total`."""
    refuse_unless_level(forecast, "a total")
    wanted = [by] if isinstance(by, str) else list(by or ())
    spans = [name for name in wanted if name in SPANS and name not in forecast.units]
    keys = [name for name in wanted if name not in spans]
    if missing := [name for name in keys if name not in forecast.units]:
        raise ColumnError.missing(missing, [*forecast.units.columns, *SPANS])
    changes: Changes = {}
    if keys or not spans:
        changes |= _unit_totals(forecast, keys)
    if spans:
        changes |= _period_totals(replace(forecast, **changes), SPANS[spans[0]])
    return changes


def _unit_totals(forecast: Forecast, keys: Sequence[str]) -> Changes:
    _refuse_several_reporters(forecast, keys)
    units, members = group_units(forecast.units, keys)
    return _summed(forecast, units, members) | {
        "origin": forecast.origin if forecast.origin in keys else None,
        "destination": forecast.destination if forecast.destination in keys else None,
        "reporter": forecast.reporter if forecast.reporter in keys else None,
    }


def _summed(forecast: Forecast, units: pd.DataFrame, members: Sequence[Any]) -> Changes:
    history = forecast.history
    if history is not None:
        history = _history(
            forecast.history_periods, sum_units(history.to_numpy(), members)
        )
    return {
        "draws": sum_units(forecast.draws, members),
        "units": units,
        "history": history,
    }


def _refuse_several_reporters(forecast: Forecast, kept: Sequence[str]) -> None:
    column = forecast.reporter
    if column is None or column in kept or len(forecast.units[column].unique()) < 2:
        return
    who = sorted(forecast.units[column].unique())
    raise ReporterError(
        f"figures of {len(who)} reporters would be added up",
        column=column,
        count=len(who),
        examples=who,
        remedy=f"Choose one: select({column}={who[0]!r}).",
    )


def _period_totals(forecast: Forecast, freq: str) -> Changes:
    """Add up months or quarters, those already observed included."""
    have = frequency_of(forecast.periods)
    if FREQUENCIES[freq] >= FREQUENCIES[have]:
        return {}
    needed = FREQUENCIES[have] // FREQUENCIES[freq]
    line = _timeline(forecast)
    spans = forecast.periods.asfreq(freq).unique()
    draws, kept = sum_periods(line, _members(spans, needed))
    noun = FREQUENCY_NOUNS[freq]
    if not kept:
        raise ModelError(
            f"no {noun} is complete: the forecast goes from {forecast.periods[0]} to "
            f"{forecast.periods[-1]}",
            code="F-510",
            remedy=f"Forecast to the end of the {noun}, from a fit to data that hold what "
            "was observed of it for every unit.",
        )
    gone = [str(span) for position, span in enumerate(spans) if position not in kept]
    told = f"{len(gone)} incomplete {noun}s were left out ({', '.join(gone[:5])})"
    past = _members_before(
        forecast.history_periods.asfreq(freq).unique(), spans[kept[0]]
    )
    sums, past_kept = sum_periods(line.only_past(), _members(past, needed), gaps=True)
    return {
        "draws": draws,
        "periods": spans[kept],
        "history": _history(past[past_kept], sums[..., 0]),
        "notes": (*forecast.notes, *([told] if gone else [])),
    }


def _members(spans: pd.PeriodIndex, needed: int) -> list[range]:
    """Return the ordinals of the months (or quarters) inside each longer period."""
    return [range(needed * o, needed * (o + 1)) for o in spans.asi8.tolist()]


def _members_before(spans: pd.PeriodIndex, first: pd.Period) -> pd.PeriodIndex:
    return spans[spans < first]


# ------------------------------------------------------------- pairs and differences


def turnover_of(forecast: Forecast, names: tuple[str, str]) -> Changes:
    """See `Forecast.turnover`."""
    refuse_unless_level(forecast, "turnover")
    if forecast.origin is None or forecast.destination is None:
        raise KeyColumnError(
            f"units {list(forecast.units.columns)} have no direction",
            code="F-309",
            remedy="Turnover needs origin and destination.",
        )
    units, members, notes = pair_units(
        forecast.units, forecast.origin, forecast.destination, names
    )
    if not members:
        raise KeyColumnError(
            "no pair has a forecast in both directions",
            code="F-310",
            column=forecast.origin,
            remedy="Turnover is exports plus imports: forecast both directions.",
        )
    return _summed(forecast, units, members) | {
        "origin": None,
        "destination": None,
        "notes": (*forecast.notes, *notes),
    }


def difference_of(forecast: Forecast, other: Forecast) -> Changes:
    """See `Forecast.minus`."""
    same = (
        forecast.periods.equals(other.periods)
        and forecast.n_paths == other.n_paths
        and forecast.quantity == other.quantity
        and forecast.measure == other.measure
        and set(forecast.units.columns) == set(other.units.columns)
    )
    theirs = other.units.reset_index(names="\0row") if same else None
    if theirs is not None:
        theirs = forecast.units.merge(theirs, how="left", validate="one_to_one")
        same = len(theirs) == len(other.units) and bool(theirs["\0row"].notna().all())
    if theirs is None or not same:
        raise ModelError(
            f"{other!r} cannot be taken from {forecast!r}",
            code="F-512",
            remedy="Both need the same units, periods, quantity, measure and number of paths.",
        )
    rows = theirs["\0row"].to_numpy(dtype=np.intp)
    points = forecast.measure == "%"
    return {
        "draws": forecast.draws - other.draws[rows],
        "quantity": f"difference of {forecast.quantity}",
        "measure": "percentage points" if points else forecast.measure,
        "model": f"{forecast.model} minus {other.model}",
        "history": None,
        "notes": tuple(dict.fromkeys((*forecast.notes, *other.notes))),
    }


def _timeline(forecast: Forecast) -> Timeline:
    past = forecast.history_periods
    values = np.empty((len(forecast.units), 0))
    if forecast.history is not None:
        values = forecast.history.to_numpy(dtype=float)
    return Timeline(
        forecast.draws, forecast.periods.asi8.tolist(), values, past.asi8.tolist()
    )


def _history(periods: pd.PeriodIndex, values: Floats) -> pd.DataFrame | None:
    return pd.DataFrame(values, columns=periods) if len(periods) else None
