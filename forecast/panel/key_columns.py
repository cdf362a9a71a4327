"""Columns of codes at the door: regions, pairs, sectors that can be told apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import KeyColumnError
from forecast.panel.number_columns import Bools, Ints, examples_of

__all__ = ["KeyColumn", "fold_code", "key_column", "refuse_lookalikes"]

BLANKS = " \t\r\n\u00a0\u2007\u202f\u200b\ufeff"
# Cyrillic small letters that look like Latin ones, and blanks without width
LOOKALIKES = str.maketrans("авекмнорстухіјѕ", "abekmhopctyxijs", "\u200b\ufeff")


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """Codes of a key column.

    Attributes
    ----------
    codes : int array of shape (n,)
        Position of each row's label in `labels`.
    labels : Index
        Distinct labels, sorted; text or int64.
    notes : tuple of str
        What was repaired.
    """

    codes: Ints
    labels: pd.Index
    notes: tuple[str, ...] = ()


def key_column(values: pd.Series, column: str) -> KeyColumn:
    """Read a column of codes: text (stripped of blanks at both ends) or whole numbers.

    Whole floats become integers; categories without rows vanish; text keeps leading
    zeros and the region "NA".

    Raises
    ------
    KeyColumnError
        F-301 missing, F-302 no codes (lists, dates, fractions, true/false),
        F-304 text and numbers mixed, F-305 negative numbers.

    Examples
    --------
    >>> key_column(pd.Series(["RU-AST ", "NA", "RU-AST"]), "region").labels.to_list()
    ['NA', 'RU-AST']
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:
        raise _odd_key(values, "lists or other nested values", column) from None
    _refuse_missing_keys(values, codes < 0, column)
    if all(isinstance(label, str) for label in distinct):
        labels, notes = _stripped(distinct, column)
        _refuse_missing_keys(values, (labels == "")[codes], column)
    else:
        labels, notes = _whole_codes(values, distinct, column), ()
    order, sorted_labels = pd.factorize(labels, sort=True)
    return KeyColumn(order[codes], pd.Index(list(sorted_labels)), notes)


def _refuse_missing_keys(values: pd.Series, missing: Bools, column: str) -> None:
    if missing.any():
        raise KeyColumnError(
            f"{missing.sum():,} missing codes in column {column!r}",
            code="F-301",
            column=column,
            count=int(missing.sum()),
            examples=[f"row {label}" for label in values.index[missing][:5]],
            remedy="Fill them in or drop these rows. The code NA (Namibia) lost? "
            "Read with keep_default_na=False or forecast.reading.read_table.",
        )


def _stripped(
    distinct: Iterable[str], column: str
) -> tuple[NDArray[Any], tuple[str, ...]]:
    labels = list(distinct)
    clean = [label.strip(BLANKS) for label in labels]
    changed = [old for old, new in zip(labels, clean, strict=True) if old != new]
    array = np.empty(len(clean), dtype=object)
    array[:] = clean
    if not changed:
        return array, ()
    note = f"blanks around {len(changed):,} codes of {column!r} were removed"
    return array, (f"{note}, e.g. {changed[0]!r}",)


def _whole_codes(values: pd.Series, distinct: Any, column: str) -> Ints:
    plain = pd.api.types.is_numeric_dtype(distinct)
    texts = [] if plain else [v for v in distinct if isinstance(v, str)]
    if texts:
        others = [label for label in distinct if not isinstance(label, str)]
        raise KeyColumnError(
            f"column {column!r} mixes {len(texts):,} text codes with {len(others):,} others",
            code="F-304",
            column=column,
            count=len(others),
            examples=[repr(texts[0]), *(repr(label) for label in others[:4])],
            remedy=f"Make them all text: df[{column!r}].astype(str).",
        )
    numeric = pd.api.types.infer_dtype(distinct, skipna=True)
    if numeric not in {"integer", "floating", "mixed-integer-float"}:
        raise _odd_key(values, f"values of type {numeric}", column)
    exact = np.asarray(distinct)
    if np.any(np.abs(exact.astype(float)) >= 2.0**63) or np.any(exact % 1 != 0):
        raise _odd_key(values, "numbers with a fraction or beyond 2^63", column)
    whole: Ints = exact.astype(np.int64)
    if (whole < 0).any():
        mask = values.isin(whole[whole < 0]).to_numpy()
        raise KeyColumnError(
            f"{mask.sum():,} negative codes in column {column!r}",
            code="F-305",
            column=column,
            count=int(mask.sum()),
            examples=examples_of(values, mask),
            remedy="-1 is what categories leave for a missing code: fill in or drop.",
        )
    return whole


def _odd_key(values: pd.Series, what: str, column: str) -> KeyColumnError:
    return KeyColumnError(
        f"column {column!r} holds {what} where codes are needed",
        code="F-302",
        column=column,
        count=len(values),
        examples=[repr(value) for value in values.iloc[:5]],
        remedy="Codes are text or whole numbers that are not negative.",
    )


def fold_code(code: Hashable) -> str:
    """Reduce a code to what the eye sees: case, blanks, look-alike letters, zeros.

    Examples
    --------
    >>> fold_code("КZ") == fold_code("kz "), fold_code("01") == fold_code("1")
    (True, True)
    """
    text = str(code)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = "".join(text.casefold().split())
    if not text.isascii():
        text = text.translate(LOOKALIKES)
    return text.lstrip("0") or "0" if text.isdigit() else text


def refuse_lookalikes(columns: Mapping[str, pd.Index]) -> None:
    """Refuse different codes that look the same, within and across `columns`.

    Raises
    ------
    KeyColumnError
        F-303 "KZ" in Latin beside "КZ" with a Cyrillic letter, "ru" beside "RU", "1"
        beside "01"; F-304 text codes in one column, numbers in the other.
    """
    names = " and ".join(map(repr, columns))
    kinds = {pd.api.types.is_integer_dtype(labels) for labels in columns.values()}
    if len(kinds) > 1:
        raise KeyColumnError(
            f"columns {names} hold text codes here and numbers there",
            code="F-304",
            column=next(iter(columns)),
            remedy="Use one system of codes for both ends of a flow, e.g. astype(str).",
        )
    if kinds == {True}:
        return
    distinct = pd.Index(np.unique(np.concatenate([list(c) for c in columns.values()])))
    folded = pd.Index([fold_code(label) for label in distinct])
    if not folded.has_duplicates:
        return
    groups = pd.Series(distinct).groupby(np.asarray(folded), sort=True).agg(list)
    clashes = [labels for labels in groups if len(labels) > 1]
    raise KeyColumnError(
        f"{len(clashes):,} groups of different codes in {names} look the same",
        code="F-303",
        column=next(iter(columns)),
        count=len(clashes),
        examples=[" / ".join(ascii(label) for label in labels) for labels in clashes],
        remedy="Case, blanks, Cyrillic beside Latin letters, or lost leading zeros: "
        "replace them by one code, or by codes that differ to the eye.",
    )
