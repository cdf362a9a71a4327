"""What may be fitted: a panel, one pandas Series, a plain array; read into rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError, ModelError, NumberError, PeriodError
from forecast.forecasts.units import unit_name
from forecast.panel import TradePanel
from forecast.panel.reshaping import pivot_flows
from forecast.periods import parse_periods

__all__ = ["Sample", "read_sample", "sample_until"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Sample:
    """Series of equal periods, one row each.

    Attributes
    ----------
    values : float array of shape (n_units, n_periods)
        Not negative, NaN where missing; each row has at least one value.
    units : DataFrame of n_units rows
    periods : PeriodIndex of length n_periods
        Without gaps.
    covariates : mapping of str to float array of shape (n_units, n_periods)
        The columns that a model asked for, NaN where missing.
    """

    values: Floats
    units: pd.DataFrame
    periods: pd.PeriodIndex
    measure: str = ""
    as_of: pd.Timestamp | None = None
    origin: str | None = None
    destination: str | None = None
    reporter: str | None = None
    covariates: Mapping[str, Floats] = field(default_factory=dict)


def sample_until(sample: Sample, cut: int, rows: Ints) -> Sample:
    """Return some units without the last `cut` periods; these leave no trace."""
    stop = len(sample.periods) - cut
    return replace(
        sample,
        values=sample.values[rows, :stop],
        units=sample.units.iloc[rows].reset_index(drop=True),
        periods=sample.periods[:stop],
        covariates={name: x[rows, :stop] for name, x in sample.covariates.items()},
    )


def read_sample(data: Any, columns: Sequence[str] = ()) -> Sample:
    """Read a panel, a Series with periods, or an array of years 1 to n.

    Parameters
    ----------
    data : TradePanel, Series, 1-d array or Sample
    columns : sequence of str
        Covariates of the panel that a model needs.

    Raises
    ------
    ModelError
        F-520 something else, F-521 a unit without any value, F-522 more than one
        dimension, F-680 columns wanted of something that has none.
    ColumnError
        F-111 no such column.
    NumberError
        F-202, F-204, F-206, F-207, F-208: values that are no numbers or no flows.
    PeriodError
        F-401 to F-411 for periods, F-436 when one comes twice.
    """
    if isinstance(data, Sample):
        if absent := [name for name in columns if name not in data.covariates]:
            raise ColumnError.missing(absent, data.covariates)
        return data
    if columns and not isinstance(data, TradePanel):
        raise ModelError(
            f"the model needs the indicators {list(columns)}, a {type(data).__name__} "
            "has none",
            code="F-680",
            column=columns[0],
            remedy="Give a TradePanel with these columns.",
        )
    if isinstance(data, TradePanel):
        sample = _of_panel(data, columns)
    elif isinstance(data, pd.Series):
        sample = _of_series(data)
    elif isinstance(data, (np.ndarray, list, tuple)):
        sample = _of_array(np.asarray(data), "series")
    else:
        raise ModelError(
            f"a {type(data).__name__} cannot be fitted",
            code="F-520",
            remedy="Give a TradePanel (TradePanel.from_frame reads a DataFrame), a Series "
            "with periods, or an array.",
        )
    _refuse_empty_units(sample)
    return sample


def _of_panel(panel: TradePanel, columns: Sequence[str]) -> Sample:
    values, units, periods = panel.matrix()
    return Sample(
        values=values,
        units=units,
        periods=periods,
        measure=panel.measure,
        as_of=panel.cut,
        origin=panel.origin,
        destination=panel.destination,
        reporter=panel.reporter if panel.reporter in panel.keys else None,
        covariates={name: _covariate(panel, name) for name in dict.fromkeys(columns)},
    )


def _covariate(panel: TradePanel, name: str) -> Floats:
    """Return a covariate in the shape of the matrix of flows."""
    if name in panel.labels:
        raise NumberError(
            f"column {name!r} holds text where a model needs numbers",
            code="F-202",
            column=name,
            remedy=f"The panel has the numbers {list(panel.covariates)[:20]}.",
        )
    if name not in panel.covariates:
        raise ColumnError.missing([name], panel.covariates)
    values, _ = pivot_flows(
        panel.to_frame(), replace(panel.roles, flow=name), panel.periods
    )
    return values


def _of_series(series: pd.Series) -> Sample:
    """Read a Series: by its periods, or as an array if it has the default index."""
    name = str(series.name) if series.name is not None else "series"
    numbers = _numbers(series.to_numpy(dtype=object), name)
    index = series.index
    if isinstance(index, pd.RangeIndex) and (index.start, index.step) == (0, 1):
        return _of_array(numbers, name)
    periods = parse_periods(index, column=f"index of {name}")
    if periods.has_duplicates:
        twice = periods[periods.duplicated()].unique()
        raise PeriodError(
            f"{len(twice):,} periods of {name!r} come twice",
            code="F-436",
            column=name,
            count=len(twice),
            examples=twice[:5],
            remedy="Give one value for each period.",
        )
    whole = pd.period_range(periods.min(), periods.max(), freq=periods.freq)
    values = np.full(len(whole), np.nan)
    values[periods.asi8 - whole.asi8[0]] = numbers
    return Sample(values[None], pd.DataFrame({"unit": [name]}), whole)


def _of_array(array: NDArray[Any], name: str) -> Sample:
    """Read an array as years 1 to n: it does not say which years they are."""
    if array.ndim != 1:
        raise ModelError(
            f"an array of shape {array.shape} cannot be fitted",
            code="F-522",
            remedy="Give one dimension, or build a TradePanel for several series.",
        )
    build: Any = pd.PeriodIndex  # the stubs do not know from_ordinals (pandas 2.2)
    years = build.from_ordinals(np.arange(1, array.size + 1) - 1970, freq="Y")
    numbers = _numbers(array.astype(object), name)
    return Sample(numbers[None], pd.DataFrame({"unit": [name]}), years)


def _numbers(values: NDArray[Any], name: str) -> Floats:
    """Return floats, NaN where missing; refuse what is no flow."""
    kinds: dict[str, tuple[str, list[Any]]] = {
        "F-202": ("text", [v for v in values if isinstance(v, str)]),
        "F-208": (
            "true or false",
            [v for v in values if isinstance(v, (bool, np.bool_))],
        ),
        "F-207": (
            "complex",
            [v for v in values if isinstance(v, (complex, np.complexfloating))],
        ),
    }
    for code, (what, found) in kinds.items():
        if found:
            raise _number_error(code, what, name, found)
    try:
        floats = np.array(
            [np.nan if _is_missing(v) else float(v) for v in values], float
        )
    except (TypeError, ValueError):
        raise _number_error("F-201", "no numbers", name, list(values)) from None
    for code, what, mask in (
        ("F-204", "infinite", np.isinf(floats)),
        ("F-206", "negative", floats < 0),
    ):
        if mask.any():
            raise _number_error(code, what, name, floats[mask].tolist())
    return floats + 0.0  # -0.0 becomes 0.0


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT


def _number_error(code: str, what: str, name: str, found: list[Any]) -> NumberError:
    return NumberError(
        f"{len(found):,} values of {name!r} are {what}",
        code=code,
        column=name,
        count=len(found),
        examples=[repr(value) for value in found[:5]],
        remedy="Series hold finite numbers from 0; missing values are NaN.",
    )


def _refuse_empty_units(sample: Sample) -> None:
    if not sample.values.size:
        raise ModelError("a series without values cannot be fitted", code="F-521")
    empty = np.flatnonzero(np.isnan(sample.values).all(axis=1))
    if empty.size:
        raise ModelError(
            f"{empty.size:,} of {len(sample.units):,} units have no value at all",
            code="F-521",
            count=int(empty.size),
            examples=[unit_name(sample.units, row) for row in empty[:5]],
            remedy="Leave these units out before fitting.",
        )
