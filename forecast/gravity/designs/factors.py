"""Key columns as whole numbers: levels of fixed effects, clusters and dummies."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, NumberError
from forecast.gravity.records import Codes, Factor, Ints

__all__ = ["combine", "factorise", "label_of"]

DENSE = 1 << 20  # a table of so many cells is always worth counting in


def factorise(column: pd.Series) -> Factor:
    """Number the levels of a column in sorted order.

    Equal values get equal codes however they are stored: 2004, 2004.0 and the yearly
    Period 2004 are one level. An ordered categorical keeps its own order.

    Parameters
    ----------
    column : Series of length n
        Whole numbers, text, true/false, categories, periods or dates; its name is that
        of the factor.

    Returns
    -------
    Factor
        `levels` holds the values that occur: years as whole numbers, quarters and
        months as text.

    Raises
    ------
    KeyColumnError
        F-302 lists or other values without an order, F-304 text and numbers mixed.
    NumberError
        F-204 infinite values, F-207 complex values.

    Examples
    --------
    >>> factor = factorise(pd.Series(["KZ", "BY", None, "KZ"], name="exporter"))
    >>> factor.codes, list(factor.levels)
    (array([ 1,  0, -1,  1], dtype=int32), ['BY', 'KZ'])
    """
    name = str(column.name)
    codes, levels = _codes_and_levels(column, name)
    return Factor(name, codes, levels.rename(name))


def combine(factors: Sequence[Factor | Codes]) -> Codes:
    """Number the combinations of levels that occur, in sorted order of their codes.

    Parameters
    ----------
    factors : sequence of Factor or Codes, each of n rows

    Returns
    -------
    Codes
        The numbering is dense and does not depend on the order of rows; a row in which
        one of the factors is missing has -1.

    Examples
    --------
    >>> year = factorise(pd.Series([2001, 2000, 2001], name="year"))
    >>> exporter = factorise(pd.Series(["RU", "RU", "KZ"], name="exporter"))
    >>> combine([exporter, year])
    Codes(codes=array([2, 1, 0], dtype=int32), count=3)
    """
    first, *others = (_codes_of(factor) for factor in factors)
    if not others:
        return _dense(first)
    return functools.reduce(_pairs, others, first)


def label_of(level: Any) -> str:
    """Return a level as a person writes it: 2004 rather than 2004.0, a day without time.

    Examples
    --------
    >>> label_of(pd.Timestamp("2004-07-01")), label_of(2004.0)
    ('2004-07-01', '2004')
    """
    if isinstance(level, datetime) and level == pd.Timestamp(level).normalize():
        return f"{level:%Y-%m-%d}"
    if isinstance(level, float | np.floating) and float(level).is_integer():
        return str(int(level))
    return str(level)


# ------------------------------------------------------------------------- columns


def _codes_and_levels(column: pd.Series, name: str) -> tuple[Ints, pd.Index]:
    """Choose the fast way for the kind of column."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _from_categories(column, name)
    if isinstance(kind, pd.PeriodDtype):
        return _from_periods(pd.PeriodIndex(column))
    if pd.api.types.is_complex_dtype(kind):
        raise _complex(name)
    if pd.api.types.is_bool_dtype(kind):
        codes, levels = _with_gaps(column, np.int8)
        return codes, pd.Index(levels.to_numpy() == 1)
    if pd.api.types.is_integer_dtype(kind):
        return _with_gaps(column, None)
    if pd.api.types.is_float_dtype(kind):
        return _from_floats(column.to_numpy(dtype=np.float64, na_value=np.nan), name)
    return _from_objects(column, name)


def _with_gaps(column: pd.Series, dtype: Any) -> tuple[Ints, pd.Index]:
    """Number a column of whole numbers, perhaps with missing ones (Int64, boolean)."""
    if isinstance(column.dtype, np.dtype):
        values = column.to_numpy()
        return _from_integers(values if dtype is None else values.astype(dtype))
    whole = np.dtype(dtype or getattr(column.dtype, "numpy_dtype", np.int64))
    present = column[column.notna()].to_numpy(dtype=whole)
    return _spread(present, column.isna().to_numpy())


def _spread(present: Ints, missing: np.ndarray) -> tuple[Ints, pd.Index]:
    """Number the values of rows (n,) that are not missing; the others get -1."""
    if present.size == missing.size:
        return _from_integers(present)
    codes = np.full(missing.size, -1, np.int32)
    codes[~missing], levels = _from_integers(present)
    return codes, levels


def _from_integers(values: Ints) -> tuple[Ints, pd.Index]:
    """Count where the values lie close together, else hash and sort."""
    from forecast.kernels.levels import number_values, rank_codes, span

    if values.size == 0:
        return np.empty(0, np.int32), pd.Index(values)
    values = np.ascontiguousarray(values)
    least, greatest = (int(end) for end in span(values))
    cells = greatest - least + 1
    if cells > max(DENSE, 2 * values.size) or greatest >= 2**63:
        codes, levels = pd.factorize(values, sort=True)
        return codes.astype(np.int32), pd.Index(levels)
    seen = np.zeros(cells, np.bool_)
    codes = np.empty(values.size, np.int32)
    number_values(values, least, seen, codes)
    if not seen.all():
        rank_codes(_ranks(seen), codes)
    return codes, pd.Index(np.flatnonzero(seen) + least)


def _ranks(seen: np.ndarray) -> Ints:
    """Return how many marked cells stand before each."""
    return np.cumsum(seen, dtype=np.int32) - np.int32(1)


def _from_floats(values: np.ndarray, name: str) -> tuple[Ints, pd.Index]:
    infinite = np.isinf(values)
    if infinite.any():
        raise NumberError(
            f"{infinite.sum():,} infinite values in column {name!r}",
            code="F-204",
            column=name,
            count=int(infinite.sum()),
            examples=[f"row {row}" for row in np.flatnonzero(infinite)[:5]],
            remedy="Correct them: a level of an effect is a name, not a limit.",
        )
    codes, levels = pd.factorize(values, sort=True)
    if levels.size and (levels == np.floor(levels)).all() and abs(levels).max() < 2**53:
        levels = levels.astype(np.int64)
    return codes.astype(np.int32), pd.Index(levels)


def _from_periods(periods: pd.PeriodIndex) -> tuple[Ints, pd.Index]:
    missing = np.asarray(periods.isna())
    ordinals = periods.asi8[~missing] if missing.any() else periods.asi8
    codes, occurring = _spread(ordinals, missing)
    levels = pd.PeriodIndex.from_ordinals(occurring, freq=periods.freq)  # type: ignore[attr-defined]
    if periods.freqstr in {"Y-DEC", "A-DEC"}:
        return codes, pd.Index(levels.year.to_numpy(dtype=np.int64))
    return codes, pd.Index(levels.astype(str))


def _from_categories(column: pd.Series, name: str) -> tuple[Ints, pd.Index]:
    """Number the categories that occur; unordered ones are sorted by value."""
    from forecast.kernels.levels import mark_values, rank_values

    raw = np.ascontiguousarray(column.cat.codes.to_numpy())
    categories = column.cat.categories
    occurs = np.zeros(len(categories) + 1, np.bool_)  # the first stands for missing
    mark_values(raw, -1, occurs)
    places, levels = _codes_and_levels(pd.Series(categories, name=name), name)
    if column.cat.ordered:
        levels, places = levels.take(places), np.arange(places.size, dtype=np.int32)
    kept = np.zeros(places.size, np.bool_)
    kept[places[occurs[1:]]] = True
    codes = np.empty(raw.size, np.int32)
    rank_values(raw, -1, np.append(np.int32(-1), _ranks(kept)[places]), codes)
    return codes, levels[kept]


def _from_objects(column: pd.Series, name: str) -> tuple[Ints, pd.Index]:
    """Hash text, dates and other objects, then sort the few that differ."""
    try:
        codes, found = pd.factorize(column)
    except TypeError as error:
        raise _no_keys(column, name, "lists or other nested values") from error
    places, levels = _sorted_levels(pd.Series(found, name=name), name)
    return np.append(places, np.int32(-1))[codes], levels


def _sorted_levels(found: pd.Series, name: str) -> tuple[Ints, pd.Index]:
    """Return the place of each of the different values in sorted order, and the order."""
    kind = pd.api.types.infer_dtype(found, skipna=True)
    if kind == "complex":
        raise _complex(name)
    if kind in {"mixed", "mixed-integer"}:
        raise _mixed(pd.Index(found), name)
    if found.dtype == object and found.infer_objects().dtype != object:
        return _codes_and_levels(found.infer_objects(), name)
    try:
        order = np.argsort(found.to_numpy(), kind="stable")
    except TypeError as error:
        raise _no_keys(found, name, "values without an order") from error
    places = np.empty(order.size, np.int32)
    places[order] = np.arange(order.size, dtype=np.int32)
    return places, pd.Index(found).take(order)


# --------------------------------------------------------------------------- pairs


def _codes_of(factor: Factor | Codes) -> Codes:
    if isinstance(factor, Codes):
        return factor
    return Codes(factor.codes, len(factor.levels))


def _dense(one: Codes) -> Codes:
    """Number the codes that occur; where all do, they are the answer."""
    from forecast.kernels.levels import mark_values, rank_values

    if one.count > max(DENSE, 2 * one.codes.size):
        return _sparse_pairs(Codes(np.zeros_like(one.codes), 1), one)
    occurs = np.zeros(one.count + 1, np.bool_)  # the first stands for missing
    mark_values(one.codes, -1, occurs)
    if occurs[1:].all():
        return one
    codes = np.empty(one.codes.size, np.int32)
    rank_values(one.codes, -1, np.append(np.int32(-1), _ranks(occurs[1:])), codes)
    return Codes(codes, int(np.count_nonzero(occurs[1:])))


def _pairs(first: Codes, second: Codes) -> Codes:
    """Number the pairs of codes that occur; the order is that of `first`, then `second`."""
    from forecast.kernels.levels import mark_pairs, rank_pairs

    width = second.count
    cells = first.count * width  # below 2^62, since codes are int32
    n = first.codes.size
    if cells > max(DENSE, 2 * n):
        return _sparse_pairs(first, second)
    seen = np.zeros(cells, np.bool_)
    mark_pairs(first.codes, second.codes, width, seen)
    codes = np.empty(n, np.int32)
    rank_pairs(first.codes, second.codes, width, _ranks(seen), codes)
    return Codes(codes, int(np.count_nonzero(seen)))


def _sparse_pairs(first: Codes, second: Codes) -> Codes:
    """As `_pairs` where a table of all pairs would be too large: hash and sort."""
    keys = first.codes.astype(np.int64) * second.count + second.codes
    keys[(first.codes < 0) | (second.codes < 0)] = -1
    codes, levels = pd.factorize(keys, sort=True)
    missing = int(levels.size > 0 and levels[0] == -1)
    return Codes((codes - missing).astype(np.int32), levels.size - missing)


# -------------------------------------------------------------------------- errors


def _complex(name: str) -> NumberError:
    return NumberError(
        f"complex values in column {name!r}",
        code="F-207",
        column=name,
        remedy="Take the real part, if that is what is meant.",
    )


def _mixed(levels: pd.Index, name: str) -> KeyColumnError:
    kinds = {type(level).__name__: level for level in levels}
    return KeyColumnError(
        f"text and numbers are mixed in column {name!r}",
        code="F-304",
        column=name,
        count=len(levels),
        examples=[f"{kinds[kind]!r} ({kind})" for kind in sorted(kinds)],
        remedy=f"Make them one kind: df[{name!r}] = df[{name!r}].astype(str).",
    )


def _no_keys(column: pd.Series, name: str, what: str) -> KeyColumnError:
    present = column[column.notna()]
    return KeyColumnError(
        f"column {name!r} holds {what}",
        code="F-302",
        column=name,
        count=len(present),
        examples=[repr(value)[:60] for value in present.iloc[:3]],
        remedy="Levels are text, whole numbers, true/false, categories, periods or dates.",
    )
