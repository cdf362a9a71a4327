"""Transforms of a formula that formulaic computes, such as ``poly(x, 2)``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.designs.columns import Columns, factor_columns
from forecast.gravity.designs.omitted import Omitted
from forecast.gravity.designs.regressors import Complete, Named, occurring
from forecast.gravity.formulas.calls import ROWWISE, STATEFUL
from forecast.gravity.formulas.terms import Call, Log, Part
from forecast.gravity.records import Floats, Ints

__all__ = ["call_columns", "logarithms", "new_call_columns"]


def logarithms(
    omitted: Omitted, columns: Columns, parts: Sequence[Part]
) -> dict[tuple[Part, bool], list[Named]]:
    """Take the logarithms among `parts`; rows where there is none are left out.

    Returns
    -------
    dict of (Part, False) to list of (name, float array of shape (n,))
    """
    computed: dict[tuple[Part, bool], list[Named]] = {}
    for part in dict.fromkeys(parts):
        if not isinstance(part, Log):
            continue
        raw = columns.numbers[part.name]
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(raw)
        computed[part, False] = [(str(part), values)]
        if not np.isfinite(values).all():
            omitted.add(raw == 0, f"{part} is not finite: {part.name} = 0")
            omitted.add(raw < 0, f"{part} is not finite: {part.name} < 0")
    return computed


def call_columns(
    call: Call, columns: Columns, rows: Ints | None, based: bool
) -> list[Named]:
    """Let formulaic compute a call on the complete rows.

    Returns
    -------
    list of (name, float array of shape (n,))
        NaN in rows that are not complete.

    Raises
    ------
    ModelError
        F-586 formulaic cannot compute it.
    """
    data = _call_data(call, Complete(columns, {}, rows))
    matrix, _ = _model_matrix(call, data, based)
    return _spread(call, matrix, columns, rows)


def new_call_columns(
    call: Call, sample: Complete, columns: Columns, rows: Ints | None, based: bool
) -> list[Named]:
    """As `call_columns`, with what the transform learned from the rows of the sample.

    Parameters
    ----------
    call : Call
    sample : Complete
        The rows that the model was estimated on.
    columns : Columns
        The new table of n rows, factors having the levels of the sample.
    rows : int array of shape (m,) or None
        Complete rows of the new table.
    based : bool
    """
    _, learned = _model_matrix(call, _call_data(call, sample), based)
    data = _call_data(call, Complete(columns, {}, rows))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = learned.get_model_matrix(data, context=ROWWISE, na_action="ignore")
    return _spread(call, matrix, columns, rows)


def _spread(
    call: Call, matrix: pd.DataFrame, columns: Columns, rows: Ints | None
) -> list[Named]:
    """Name the columns of a call and spread them over all rows of the table."""
    names = [name for name in matrix.columns if name != "Intercept"]
    named: list[Named] = []
    for name in names:
        values = np.asarray(matrix[name], dtype=np.float64)
        if rows is not None:
            scattered = np.full(_length(columns), np.nan)
            scattered[rows] = values
            values = scattered
        named.append((_call_name(call, str(name)), np.ascontiguousarray(values)))
    return named


def _call_data(call: Call, complete: Complete) -> pd.DataFrame:
    """Return the columns that a call reads under the names that its code has for them."""
    columns = complete.columns
    leveled = factor_columns(call)
    data: dict[str, pd.Categorical | Floats] = {}
    for place, name in enumerate(call.columns):
        if name in leveled or name not in columns.numbers:
            factor = complete.factor(name)
            kept = occurring(factor)
            codes = np.searchsorted(kept, factor.codes)
            data[f"_c{place}"] = pd.Categorical.from_codes(
                codes, categories=factor.levels[kept]
            )
        else:
            data[f"_c{place}"] = complete.number(name)
    return pd.DataFrame(data)


def _model_matrix(
    call: Call, data: pd.DataFrame, based: bool
) -> tuple[pd.DataFrame, Any]:
    """Compute a call, and return what formulaic needs to repeat it on other rows.

    What looks at all rows sees them in an order of their own.
    """
    import formulaic

    order = None
    if any(f"{name}(" in call.code for name in STATEFUL):
        keys = [_sortable(data[name]) for name in data.columns]
        order = np.lexsort(keys)
        data = data.iloc[order].reset_index(drop=True)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            matrix = formulaic.model_matrix(
                f"{int(based)} + {call.code}", data, na_action="ignore", context=ROWWISE
            )
    except Exception as error:
        raise ModelError(
            f"{call.text} cannot be computed: {str(error).splitlines()[0][:200]}",
            code="F-586",
            column=call.text,
            remedy=f"Its columns are {list(call.columns)}; compute it as a column first.",
        ) from error
    if order is None:
        return matrix, matrix.model_spec
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    return matrix.iloc[back], matrix.model_spec


def _sortable(column: pd.Series) -> Ints | Floats:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy()
    return column.to_numpy()


def _call_name(call: Call, name: str) -> str:
    """Put the text of the formula before the index that formulaic gives its columns."""
    if name.startswith(call.code):
        return call.text + name[len(call.code) :]
    index = re.search(r"\[[^\[\]]*\]$", name)
    return call.text + (index[0] if index else "")


def _length(columns: Columns) -> int:
    if columns.numbers:
        return next(iter(columns.numbers.values())).size
    return next(iter(columns.factors.values())).codes.size
