"""Transforms of a formula that formulaic computes, such as ``poly(x, 2)``."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.calls import ROWWISE, STATEFUL
from forecast.gravity.columns import Columns, factor_columns
from forecast.gravity.records import Floats, Ints
from forecast.gravity.regressors import Complete, Named, occurring
from forecast.gravity.terms import Call

__all__ = ["call_columns"]


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
    data = _call_data(call, columns, rows)
    matrix = _model_matrix(call, data, based)
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


def _call_data(call: Call, columns: Columns, rows: Ints | None) -> pd.DataFrame:
    """Return the columns that a call reads under the names that its code has for them."""
    complete = Complete(columns, {}, rows)
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


def _model_matrix(call: Call, data: pd.DataFrame, based: bool) -> pd.DataFrame:
    """Compute a call; what looks at all rows sees them in an order of their own."""
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
        return matrix
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    return matrix.iloc[back]


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
