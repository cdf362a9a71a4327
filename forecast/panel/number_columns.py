"""Columns of numbers at the door: what is none is named, what is repaired is told."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import NumberError

__all__ = ["Bools", "Floats", "Ints", "examples_of", "flow_column", "number_column"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

NUMERIC_KINDS = {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}


def examples_of(values: pd.Series, mask: Bools) -> list[str]:
    """Name the first rows where `mask` holds, as ``row 4: -1.0``."""
    where = np.flatnonzero(mask)[:5]
    plain = [values.iloc[i] for i in where]
    shown = [v.item() if isinstance(v, np.generic) else v for v in plain]
    return [f"row {values.index[i]}: {v!r}" for i, v in zip(where, shown, strict=True)]


def number_column(values: pd.Series, column: str) -> Floats | Ints:
    """Return the numbers of a column, missing ones as NaN.

    Parameters
    ----------
    values : Series of length n
    column : str
        Name used in messages.

    Returns
    -------
    float64 or, where the column holds whole numbers without gaps, int64 array (n,)

    Raises
    ------
    NumberError
        F-201 no numbers, F-202 text, F-203 lists, F-204 infinite, F-207 complex.

    Examples
    --------
    >>> number_column(pd.Series([True, False]), "border")
    array([1, 0])
    >>> number_column(pd.Series(["1 234,5"]), "trade")
    Traceback (most recent call last):
    ...
    forecast.errors.NumberError: F-202: 1 text values in the number column 'trade', e.g. row 0: '1 234,5'. Read the file with forecast.reading.read_table, or convert the column with forecast.reading.parse_numbers, or leave it out: covariates=[...].
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind not in NUMERIC_KINDS | {"empty"}:
        raise _no_numbers(values, kind, column)
    missing = values.isna().to_numpy()
    if kind in {"integer", "boolean"} and not missing.any():
        numbers: Floats | Ints = _whole(values)
    else:
        numbers = values.where(~missing, np.nan).to_numpy(dtype=float, na_value=np.nan)
    infinite = np.isinf(numbers)
    if infinite.any():
        raise NumberError(
            f"{infinite.sum():,} infinite values in column {column!r}",
            code="F-204",
            column=column,
            count=int(infinite.sum()),
            examples=examples_of(values, infinite),
            remedy="Correct them, or drop the column: log of zero, division by zero, overflow?",
        )
    return numbers


def _whole(values: pd.Series) -> Floats | Ints:
    """Return int64, or float64 where a whole number is too large for it."""
    if values.dtype not in (object, np.uint64):
        return values.to_numpy(dtype=np.int64)
    floats = values.to_numpy(dtype=float)
    return (
        floats if (np.abs(floats) >= 2.0**63).any() else values.to_numpy(dtype=np.int64)
    )


def _no_numbers(values: pd.Series, kind: str, column: str) -> NumberError:
    """Say what stands in the column in place of numbers."""
    text = _instances(values, str)
    nested = _instances(values, list, tuple, dict, set, np.ndarray)
    unreal = _instances(values, complex)
    if nested.any():
        code, mask, what = "F-203", nested, "lists or other nested values"
        remedy = "One row holds one number: use df.explode(...), or leave it out: covariates=[...]."
    elif text.any():
        code, mask, what = "F-202", text, "text values"
        remedy = (
            "Read the file with forecast.reading.read_table, or convert the column with "
            "forecast.reading.parse_numbers, or leave it out: covariates=[...]."
        )
    elif unreal.any():
        code, mask, what = "F-207", unreal, "complex values"
        remedy = "Take the real part, if that is what is meant."
    else:
        mask = ~_instances(values, Real) & values.notna().to_numpy()
        code, what = "F-201", "other values"
        remedy = f"Give numbers; pandas reads the column as {kind!r}."
    return NumberError(
        f"{mask.sum():,} {what} in the number column {column!r}",
        code=code,
        column=column,
        count=int(mask.sum()),
        examples=examples_of(values, mask),
        remedy=remedy,
    )


def _instances(values: pd.Series, *types: type) -> Bools:
    return np.fromiter(
        (isinstance(v, types) for v in values), dtype=bool, count=len(values)
    )


def flow_column(values: pd.Series, column: str) -> tuple[Floats, tuple[str, ...]]:
    """Return flows as float64 of shape (n,) and notes on what was repaired.

    A missing flow stays missing: it is not zero. Minus zero becomes zero, and so
    do values too small for a full-precision number (below 2.2e-308).

    Raises
    ------
    NumberError
        As `number_column`, and F-206 negative, F-208 true/false, F-210 all missing.
    """
    if pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        raise NumberError(
            f"the flow column {column!r} holds true and false",
            code="F-208",
            column=column,
            count=len(values),
            remedy="Name the column with the amounts.",
        )
    flow = number_column(values, column).astype(float) + 0.0  # no minus zero
    negative = flow < 0
    if negative.any():
        raise NumberError(
            f"{negative.sum():,} negative values in column {column!r}",
            code="F-206",
            column=column,
            count=int(negative.sum()),
            examples=examples_of(values, negative),
            remedy="Flows are never negative; correct or drop these rows, or keep "
            "balances (exports minus imports) as a covariate.",
        )
    if np.isnan(flow).all():
        raise NumberError(
            f"no value at all in the flow column {column!r}",
            code="F-210",
            column=column,
            count=flow.size,
            remedy="Check which column holds the flow and how the file was read.",
        )
    tiny = (flow > 0) & (flow < np.finfo(float).tiny)
    if not tiny.any():
        return flow, ()
    note = f"{tiny.sum():,} values of {column!r} below 2.2e-308 were set to zero"
    return np.where(tiny, 0.0, flow), (note,)
