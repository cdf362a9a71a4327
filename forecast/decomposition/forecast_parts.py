"""Growth in a forecast, decomposed on its own paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.decomposition.logmean import MOST_FACTORS, log_mean, shapley
from forecast.decomposition.record import Decomposition
from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.forecasts.memberships import membership
from forecast.forecasts.units import group_units, sum_units
from forecast.periods import parse_periods

__all__ = ["decompose_forecast"]

Floats = NDArray[np.floating[Any]]

REST = "pair-specific rest"
ENTRY = "entry and exit"
MEANS = "Points are means over paths: means add up, medians do not."
MARGINS = "World growth is that of all units; shares of exporters and importers are relative to it."


def decompose_forecast(
    forecast: Forecast,
    start: Any,
    end: Any,
    *,
    by: str,
    components: Mapping[str, Any] | None,
    method: str,
) -> Decomposition:
    """See `decompose`."""
    periods = [_period(label, forecast) for label in (start, end)]
    before, after = (_levels(forecast, period) for period in periods)
    before, after, units, notes = _known(before, after, forecast)
    if components is None:
        named = _margins(forecast, before, after, units)
        more: tuple[str, ...] = (MARGINS,)
    else:
        named, more = _given(components, forecast, units, periods), ()
    member = membership(by, units, forecast.origin, forecast.destination)
    names = (*named, REST, ENTRY)
    if method == "shapley" and len(named) + 1 > MOST_FACTORS:
        raise _refusal(f"{len(named)} components have too many orders", "F-882")
    paths = forecast.n_paths
    out = np.empty((len(member.units), len(names), paths))
    for path in range(paths):
        parts = _split(before, after, list(named.values()), path, method)
        out[..., path] = member.matrix @ parts
    if not out[:, -1].any():
        out, names = out[:, :-1], names[:-1]
    return Decomposition(
        contributions=out,
        point=out.mean(axis=2),
        terms=names,
        units=member.units,
        starts=np.asarray(member.matrix @ before),
        ends=np.asarray(member.matrix @ after),
        start=periods[0],
        end=periods[1],
        measure=forecast.measure,
        what=by,
        method=method,
        notes=tuple(
            dict.fromkeys((*more, MEANS, *notes, *member.notes, *forecast.notes))
        ),
    )


def _split(
    before: Floats, after: Floats, changes: list[Floats], path: int, method: str
) -> Floats:
    """Contributions of all terms on one path, (n_units, K + 2)."""
    y0, y1 = (y[:, path if y.shape[1] > 1 else 0] for y in (before, after))
    both = (y0 > 0) & (y1 > 0)
    d = np.zeros((y0.size, len(changes) + 1))
    for at, change in enumerate(changes):
        d[:, at] = change[:, path if change.shape[1] > 1 else 0]
    d[~both] = 0.0
    _refuse_infinite(d)
    total = np.log(np.where(both, y1, 1.0)) - np.log(np.where(both, y0, 1.0))
    d[:, -1] = total - d[:, :-1].sum(axis=1)
    if method == "shapley":
        parts = shapley(np.where(both, y0, 0.0), d)
    else:
        parts = log_mean(y1, y0)[:, None] * d
    entry = np.where(both, 0.0, y1 - y0)
    return np.column_stack([parts, entry])


def _refuse_infinite(d: Floats) -> None:
    if not np.isfinite(d).all():
        raise _refusal("a component is zero, negative or missing where the flow is not")


def _period(label: Any, forecast: Forecast) -> pd.Period:
    found = parse_periods([label], column="period")[0]
    if found not in forecast.periods and found not in forecast.history_periods:
        known = [*forecast.history_periods, *forecast.periods]
        raise ModelError(
            f"the forecast has no period {label}",
            code="F-880",
            examples=[label],
            remedy=f"It has {known[0]} to {known[-1]}, its history included.",
        )
    return found


def _levels(forecast: Forecast, period: pd.Period) -> Floats:
    """Return levels of a period, (n_units, n_paths), or (n_units, 1) in the history."""
    if period in forecast.periods:
        return forecast.draws[:, forecast.periods.get_loc(period)]
    history = forecast.history
    assert history is not None
    at = forecast.history_periods.get_loc(period)
    return history.to_numpy(dtype=float)[:, at][:, None]


def _known(
    before: Floats, after: Floats, forecast: Forecast
) -> tuple[Floats, Floats, pd.DataFrame, tuple[str, ...]]:
    known = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
    notes: tuple[str, ...] = ()
    if not known.all():
        notes = (f"{int((~known).sum()):,} units without a start were left out",)
    units = forecast.units.iloc[np.flatnonzero(known)].reset_index(drop=True)
    return before[known], after[known], units, notes


def _margins(
    forecast: Forecast, before: Floats, after: Floats, units: pd.DataFrame
) -> dict[str, Floats]:
    """World growth and the shares of both ends, from the sums of the forecast itself."""
    if forecast.origin is None or forecast.destination is None:
        raise _refusal("units without direction have no exporter and importer")
    world = _log_growth(*(y.sum(axis=0, keepdims=True) for y in (before, after)))
    named = {"world growth": np.broadcast_to(world, (len(units), world.shape[1]))}
    for name, key in (
        ("exporter capacity", forecast.origin),
        ("importer demand", forecast.destination),
    ):
        _, members = group_units(units, (key,))
        growth = _log_growth(*(sum_units(y, members) for y in (before, after)))
        row = np.empty(len(units), np.intp)
        for group, rows in enumerate(members):
            row[rows] = group
        named[name] = growth[row] - world
    return named


def _log_growth(before: Floats, after: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(after) - np.log(before))


def _given(
    components: Mapping[str, Any],
    forecast: Forecast,
    units: pd.DataFrame,
    periods: list[pd.Period],
) -> dict[str, Floats]:
    """Log changes of components by unit, (n_units, n_paths or 1)."""
    named: dict[str, Floats] = {}
    for name, given in components.items():
        if isinstance(given, Forecast):
            named[name] = _of_forecast(name, given, units, periods)
        else:
            values = np.asarray(given, dtype=float)
            values = values[None] if values.ndim < 2 else values
            named[name] = np.broadcast_to(values, (len(units), values.shape[-1]))
        if named[name].shape[1] not in {1, forecast.n_paths}:
            raise _refusal(
                f"component {name!r} has {named[name].shape[1]:,} paths, "
                f"the forecast {forecast.n_paths:,}"
            )
    return named


def _of_forecast(
    name: str, given: Forecast, units: pd.DataFrame, periods: list[pd.Period]
) -> Floats:
    levels = [_levels(given, _period(period, given)) for period in periods]
    growth = _log_growth(levels[0], levels[1])
    keys = [key for key in given.units.columns if key in units.columns]
    if not keys:
        if len(given.units) != 1:
            raise _refusal(f"component {name!r} shares no key with the forecast")
        return np.repeat(growth, len(units), axis=0)
    numbered = given.units[keys].reset_index(drop=True).reset_index(names="\0row")
    row = units[keys].merge(numbered, how="left", on=keys)["\0row"]
    if len(row) != len(units) or row.isna().any():
        raise _refusal(f"component {name!r} does not have one row for each unit")
    return np.asarray(growth[row.to_numpy(dtype=np.intp)])


def _refusal(problem: str, code: str = "F-884") -> ModelError:
    return ModelError(
        problem,
        code=code,
        remedy="Give components={'importer demand': a Forecast with history and as many "
        "paths, or an array of log changes}; directed flows need none.",
    )
