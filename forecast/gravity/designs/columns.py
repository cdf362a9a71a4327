"""The columns that an equation reads: numbers without copies, levels as codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import NumberError
from forecast.gravity.designs.factors import factorise
from forecast.gravity.formulas.terms import (
    Call,
    Column,
    Dummies,
    Equation,
    Interacted,
    Part,
    parts_of,
)
from forecast.gravity.records import Factor, Floats
from forecast.kernels.threads import run_columns
from forecast.panel.number_columns import examples_of, number_column

__all__ = ["Bools", "Columns", "factor_columns", "holds_levels", "read_columns"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Columns:
    """What an equation reads of a table of n rows.

    Attributes
    ----------
    numbers : mapping of str to float array of shape (n,)
        Read-only views of float columns; NaN where a value is missing.
    factors : mapping of str to Factor
        Codes of shape (n,), -1 where a value is missing.
    missing : mapping of str to bool array of shape (n,)
        Only columns that have missing values.
    """

    numbers: Mapping[str, Floats]
    factors: Mapping[str, Factor]
    missing: Mapping[str, Bools]


def read_columns(
    frame: pd.DataFrame,
    equation: Equation,
    more: tuple[str, ...] = (),
    *,
    outcome: bool = True,
) -> Columns:
    """Read each column once, as number, as levels, or both.

    Parameters
    ----------
    frame : DataFrame of n rows
    equation : Equation
    more : tuple of str
        Further columns of numbers: weights, an offset.
    outcome : bool
        Whether the outcome is read, too.

    Raises
    ------
    NumberError, KeyColumnError
        As `number_column` and `factorise`.
    """
    leveled, numeric = _uses(frame, equation, outcome)
    numbers = {}
    missing: dict[str, Bools] = {}
    numeric = list(dict.fromkeys([*numeric, *more]))
    read = run_columns(_read_numbers, [frame[name] for name in numeric], len(frame))
    for name, (values, gaps) in zip(numeric, read, strict=True):
        numbers[name] = values
        if gaps is not None:
            missing[name] = gaps
    found = run_columns(factorise, [frame[name] for name in leveled], len(frame))
    factors = dict(zip(leveled, found, strict=True))
    for name, factor in factors.items():
        if name not in missing and factor.codes.size and factor.codes.min() < 0:
            missing[name] = factor.codes < 0
    return Columns(numbers, factors, missing)


def holds_levels(column: pd.Series) -> bool:
    """Tell a column of levels (text, categories, dates) from one of numbers."""
    kind = column.dtype
    if isinstance(kind, np.dtype) and kind.kind in "fiubc":
        return False
    if isinstance(kind, pd.CategoricalDtype | pd.PeriodDtype):
        return True
    if pd.api.types.is_numeric_dtype(kind):  # boolean and Int64 included
        return False
    seen = pd.api.types.infer_dtype(column, skipna=True)
    return seen in {"string", "period", "datetime", "datetime64", "date"}


def factor_columns(call: Call) -> tuple[str, ...]:
    """Name the columns that a call takes as levels: those that stand first in ``C()``."""
    return tuple(
        call.columns[int(place)] for place in re.findall(r"\bC\(_c(\d+)\b", call.code)
    )


def _uses(
    frame: pd.DataFrame, equation: Equation, outcome: bool
) -> tuple[list[str], list[str]]:
    """Return the names of the columns read as levels, and of those read as numbers."""
    leveled = [name for effect in equation.effects for name in effect.factors]
    numeric: list[str] = []
    for part in parts_of(equation):
        levels = set(_leveled_by(frame, part))
        leveled += [name for name in part.columns if name in levels]
        numeric += [name for name in part.columns if name not in levels]
    if outcome:
        left = equation.left
        levels = set(factor_columns(left)) if isinstance(left, Call) else set()
        leveled += [name for name in left.columns if name in levels]
        numeric += [name for name in left.columns if name not in levels]
    return list(dict.fromkeys(leveled)), list(dict.fromkeys(numeric))


def _leveled_by(frame: pd.DataFrame, part: Part) -> tuple[str, ...]:
    """Name the columns that a part reads as levels."""
    if isinstance(part, Dummies):
        return (part.name,)
    if isinstance(part, Interacted):
        if part.by is not None and (part.crossed or holds_levels(frame[part.by])):
            return (part.name, part.by)
        return (part.name,)
    if isinstance(part, Column):
        return (part.name,) if holds_levels(frame[part.name]) else ()
    if isinstance(part, Call):
        texts = [name for name in part.columns if holds_levels(frame[name])]
        return (*factor_columns(part), *texts)
    return ()


def _read_numbers(column: pd.Series) -> tuple[Floats, Bools | None]:
    """Return a column as contiguous float64, and where it is missing, if anywhere."""
    name = str(column.name)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub":
        values = np.ascontiguousarray(column.to_numpy(), dtype=np.float64)
        if column.dtype.kind != "f":  # whole numbers are finite
            return values, None
    else:
        values = number_column(column, name).astype(np.float64)
    finite = np.isfinite(values)
    if finite.all():
        return values, None
    infinite = np.isinf(values)
    if infinite.any():
        raise NumberError(
            f"{infinite.sum():,} infinite values in column {name!r}",
            code="F-204",
            column=name,
            count=int(infinite.sum()),
            examples=examples_of(column, infinite),
            remedy="Correct them: log of zero, division by zero, overflow?",
        )
    return values, ~finite
