"""Future values of indicators that the caller gives, in any of the forms they come in.

- a DataFrame with a column of periods, some or all of the key columns and one or more
  indicators, such as ``panel.future(3)`` filled in: the same value on every path;
- a `TradePanel` (or what was read of one) that holds the periods to come: what came true,
  for forecasts *ex post*;
- a `Forecast` with paths, where the model has one indicator: each path of the outcome
  takes a path of it;
- a mapping from columns to any of these, to a Series by period or to a number.

Columns that are not given are forecast by themselves.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.panel import TradePanel
from forecast.periods import parse_periods
from forecast.series.contract.samples import Sample

__all__ = ["GivenColumn", "given_columns"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False, slots=True)
class GivenColumn:
    """One column: the different series, and which of them each unit has.

    Attributes
    ----------
    values : float array of shape (n_series, h, n_paths or 1)
    rows : int array of shape (n_units,)
    """

    values: Floats
    rows: Ints


def given_columns(
    indicators: Any, sample: Sample, columns: tuple[str, ...], periods: pd.PeriodIndex
) -> dict[str, GivenColumn]:
    """Read what was given of the model's columns.

    Raises
    ------
    ModelError
        F-681 no such indicator or nothing that is one, F-682 units or periods without
        a value.
    """
    if indicators is None:
        return {}
    found: dict[str, GivenColumn] = {}
    for name, source in _sources(indicators, columns).items():
        found[name] = _column_of(source, name, sample, periods)
    return found


def _sources(indicators: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    """Return which column comes from where."""
    if isinstance(indicators, Mapping):
        if unknown := [name for name in indicators if name not in columns]:
            raise _no_indicator(f"{unknown[0]!r} is no indicator of the model", columns)
        return {k: source for k, source in indicators.items() if source is not None}
    if isinstance(indicators, Forecast):
        if len(columns) != 1:
            raise _no_indicator(f"one forecast for {len(columns)} indicators", columns)
        return {columns[0]: indicators}
    if isinstance(indicators, pd.DataFrame):
        present = [name for name in columns if name in indicators.columns]
    elif isinstance(indicators, (TradePanel, Sample)):
        present = [name for name in columns if name in indicators.covariates]
    else:
        raise _no_indicator(
            f"a {type(indicators).__name__} gives no indicators", columns
        )
    if not present:
        raise _no_indicator("it holds none of the model's indicators", columns)
    return dict.fromkeys(present, indicators)


def _no_indicator(problem: str, columns: tuple[str, ...]) -> ModelError:
    return ModelError(
        f"future indicators cannot be used: {problem}",
        code="F-681",
        remedy=f"The model has {list(columns)}: give a DataFrame (panel.future(h), filled "
        "in), a panel that holds the periods, a Forecast, or a mapping from columns to "
        "these.",
    )


def _column_of(
    source: Any, name: str, sample: Sample, periods: pd.PeriodIndex
) -> GivenColumn:
    if isinstance(source, Forecast):
        return _of_forecast(source, name, sample, periods)
    if isinstance(source, TradePanel):
        return _of_frame(
            source.to_frame().rename(columns={source.period: "period"}),
            name,
            sample,
            periods,
        )
    if isinstance(source, Sample):
        return _of_sample(source, name, sample, periods)
    if isinstance(source, pd.DataFrame):
        return _of_frame(source, name, sample, periods)
    if isinstance(source, pd.Series):
        frame = pd.DataFrame({"period": source.index, name: source.to_numpy()})
        return _of_frame(frame, name, sample, periods)
    if isinstance(source, numbers.Real) and np.isfinite(float(source)):
        values = np.full((1, len(periods), 1), float(source))
        return GivenColumn(values, np.zeros(len(sample.units), dtype=int))
    raise _no_indicator(f"{source!r} gives no values of {name!r}", (name,))


def _of_forecast(
    source: Forecast, name: str, sample: Sample, periods: pd.PeriodIndex
) -> GivenColumn:
    at = pd.PeriodIndex(source.periods).get_indexer(periods)
    values = source.draws[:, at]
    values = np.where((at >= 0)[None, :, None], values, np.nan)
    return _for_units(values, source.units, name, sample, periods)


def _of_sample(
    source: Sample, name: str, sample: Sample, periods: pd.PeriodIndex
) -> GivenColumn:
    at = source.periods.get_indexer(periods)
    values = np.where(at >= 0, source.covariates[name][:, at], np.nan)
    return _for_units(values[..., None], source.units, name, sample, periods)


def _of_frame(
    frame: pd.DataFrame, name: str, sample: Sample, periods: pd.PeriodIndex
) -> GivenColumn:
    label = "period" if sample.periods.name is None else str(sample.periods.name)
    column = next((c for c in (label, "period") if c in frame.columns), None)
    if column is None or name not in frame.columns:
        raise _no_indicator(f"the table needs columns 'period' and {name!r}", (name,))
    keys = [key for key in sample.units.columns if key in frame.columns]
    at = periods.get_indexer(parse_periods(frame[column], column=column))
    wanted = frame[at >= 0].assign(**{"\0at": at[at >= 0]})
    if keys:
        units = wanted[keys].drop_duplicates(ignore_index=True)
        numbered = units.reset_index(names="\0unit")
        row = wanted.merge(numbered, how="left", on=keys)["\0unit"].to_numpy(dtype=int)
    else:
        units, row = pd.DataFrame(index=range(1)), np.zeros(len(wanted), dtype=int)
    values = np.full((len(units), len(periods), 1), np.nan)
    values[row, wanted["\0at"].to_numpy(), 0] = wanted[name].to_numpy(dtype=float)
    return _for_units(values, units, name, sample, periods)


def _for_units(
    values: Floats,
    units: pd.DataFrame,
    name: str,
    sample: Sample,
    periods: pd.PeriodIndex,
) -> GivenColumn:
    """Find each unit's series by the keys that both have; all must be known."""
    keys = [key for key in sample.units.columns if key in units.columns]
    if keys:
        numbered = units[keys].reset_index(drop=True).reset_index(names="\0row")
        numbered = numbered.drop_duplicates(subset=keys)
        found = sample.units[keys].merge(numbered, how="left", on=keys)["\0row"]
        rows = found.fillna(-1).to_numpy(dtype=int)
    else:
        rows = np.zeros(len(sample.units), dtype=int)
    lacking: NDArray[np.bool_] = np.asarray(np.isnan(values).any(axis=2))
    holes: NDArray[np.bool_] = lacking[rows] | (rows < 0)[:, None]
    if holes.any():
        raise _hole(holes, name, sample, periods)
    return GivenColumn(values, rows)


def _hole(
    holes: NDArray[np.bool_], name: str, sample: Sample, periods: pd.PeriodIndex
) -> ModelError:
    where = np.argwhere(holes)[:5]
    examples = [
        f"{'–'.join(map(str, sample.units.iloc[row]))} {periods[step]}"
        for row, step in where
    ]
    return ModelError(
        f"{int(holes.sum()):,} future values of {name!r} are not given",
        code="F-682",
        column=name,
        count=int(holes.sum()),
        examples=examples,
        remedy="Give a value for each unit and period, or leave the column away: it is "
        "then forecast by itself.",
    )
