"""Numbers as offices print them: "1 234,5", "12,5 %", "…", "c".

A number is only read when there is one way to read it. Whether "1,234" is a
thousand or a little more than one is settled by the other numbers of the column,
then by the caller or the file; otherwise it is an error, because the slip would be a
factor of a thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import NumberError
from forecast.reading.cells import Cells, Floats, Ints
from forecast.reading.decimalmarks import (
    LARGEST_INTEGER,
    Marks,
    are_whole,
    decimal_mark,
    no_numbers,
    to_floats,
    too_large,
)

__all__ = [
    "CONFIDENTIAL",
    "MISSING",
    "NumberColumn",
    "parse_numbers",
    "read_numbers",
]

MISSING = frozenset(
    {
        *("", "-", "–", "—", "−", "…", "...", "..", ":", "x", "х"),
        *("n/a", "N/A", "#N/A", "n.a.", "NA", "nan", "NaN", "null", "NULL", "None"),
        *("н/д", "нет данных"),
    }
)
CONFIDENTIAL = frozenset(["c", "с", "(c)", "conf", "conf.", "confidential", "конф."])

_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2008\u2009\u202f\t", " "))
_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2019": "'"})


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers read from a column, and how they were read.

    Attributes
    ----------
    values : float array of shape (n,)
        NaN where there was no number.
    whole : bool
        No cell is missing, has a decimal mark or an exponent.
    proven : str, optional
        The decimal mark that the numbers themselves prove.
    notes : tuple of str
        Sentences on marks, missing and confidential values.
    """

    values: Floats
    whole: bool
    proven: str | None
    notes: tuple[str, ...]


def parse_numbers(
    series: pd.Series[Any], *, decimal: str | None = None, column: str | None = None
) -> pd.Series[float]:
    """Numbers of a column that may hold text such as "1 234,5" or "n/a".

    Thousands may be parted by spaces of any width, apostrophes, or by that one of
    comma and point which is not the decimal mark. "", "n/a", "-", "…" and the like
    are missing, as is "c" (confidential). A per cent sign, if all have it, is taken
    away: "12,5 %" is 12.5.

    Parameters
    ----------
    series : Series of shape (n,)
        Text, numbers, or a mixture; left as it is.
    decimal : {",", "."}, optional
        Needed only when all numbers are like "1,234".
    column : str, optional
        Name for messages; the name of `series` when not given.

    Returns
    -------
    Series of float, shape (n,)
        With the same index and name; ``attrs["reading"]`` tells what was done.

    Raises
    ------
    NumberError
        F-281 no numbers, F-282 beyond what a float holds, F-283 integers from
        :math:`2^{63}`, F-284 comma or point ambiguous or mixed, F-285 truth values,
        F-286 complex numbers, F-287 per cent signs on some.

    Examples
    --------
    >>> parse_numbers(pd.Series(["1 234,5", "n/a", "-7"]), column="trade").tolist()
    [1234.5, nan, -7.0]
    """
    name = str(series.name) if column is None else column
    if decimal not in {None, ",", "."}:
        raise NumberError(
            f"decimal={decimal!r} is no decimal mark",
            code="F-284",
            column=name,
            remedy="It is ',' or '.'.",
        )
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise no_numbers([repr(v) for v in series.head().tolist()], len(series), name)
    if pd.api.types.is_float_dtype(series.dtype):
        values = series.to_numpy(dtype=float, na_value=np.nan, copy=True)
        _refuse_infinite(values, values, name)
        read = NumberColumn(values, whole=False, proven=None, notes=())
    else:
        cells = Cells.of(series.astype(object).tolist())
        read = read_numbers(cells, marks=Marks(decimal), column=name)
    numbers = pd.Series(read.values, index=series.index, name=series.name)
    numbers.attrs["reading"] = list(read.notes)
    return numbers


def read_numbers(
    cells: Cells, *, column: str, marks: Marks | None = None
) -> NumberColumn:
    """Read the cells of a column; `parse_numbers` says how and what it raises.

    Parameters
    ----------
    cells : Cells
        n cells: text, numbers, None.
    column : str
        Name for messages.
    marks : Marks, optional
        What is known of the decimal mark beforehand.
    """
    values = np.full(len(cells.distinct), np.nan)
    texts = {}
    for place, cell in enumerate(cells.distinct):
        if isinstance(cell, str):
            texts[place] = cell
        else:
            values[place] = _typed_value(cell, column)
    tidied = dict(zip(texts, _tidy(texts.values()), strict=True))
    blank = MISSING | CONFIDENTIAL
    numerals = {place: text for place, text in tidied.items() if text not in blank}
    percent, bare = _without_percent(list(numerals.values()), column)
    mark, proven = decimal_mark(bare, marks or Marks(), column)
    values[list(numerals)] = to_floats(bare, mark, column)
    _refuse_infinite(values, cells.distinct, column)
    notes = _marks_notes(bare, proven, column, percent=percent)
    empty = {place: text for place, text in tidied.items() if text in blank}
    notes += _missing_notes(empty, cells.counts, column)
    whole = not np.isnan(values).any() and are_whole(bare, mark)
    whole = whole and not any(isinstance(c, float | Decimal) for c in cells.distinct)
    return NumberColumn(values[cells.codes], whole, proven, tuple(notes))


def _typed_value(cell: object, column: str) -> float:
    """Value of a cell that is no text."""
    if isinstance(cell, bool | np.bool_):
        raise _truth_value(column)
    if isinstance(cell, complex | np.complexfloating):
        raise _complex(cell, column)
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return np.nan
    if isinstance(cell, int | np.integer) and abs(int(cell)) > LARGEST_INTEGER:
        raise too_large([str(cell)], column)
    if isinstance(cell, int | float | Decimal | np.integer | np.floating):
        return float(cell)
    raise no_numbers([repr(cell)[:60]], 1, column)


def _tidy(texts: Collection[str]) -> list[str]:
    """Texts with plain spaces and signs, and none of them around."""
    joined = "\n".join(texts)
    if joined.isascii() and " " not in joined and "\t" not in joined:
        return list(texts)
    lines = joined.translate(_SPACES).split("\n")
    if len(lines) != len(texts):  # a line feed inside some text
        lines = [text.translate(_SPACES) for text in texts]
    return [line.strip() for line in lines]


def _without_percent(numerals: Sequence[str], column: str) -> tuple[bool, list[str]]:
    """Whether all numerals carry a per cent sign, and the numerals without it."""
    signed = [t for t in numerals if t.endswith("%")]
    if signed and len(signed) < len(numerals):
        raise NumberError(
            f"some values of column {column!r} carry a per cent sign and others do not",
            code="F-287",
            column=column,
            count=len(signed),
            examples=[repr(signed[0]), repr(next(t for t in numerals if t[-1] != "%"))],
            remedy="Write all of them in the same unit.",
        )
    if signed:
        numerals = [t.removesuffix("%").rstrip() for t in numerals]
    if all(map(str.isascii, numerals)):
        return bool(signed), list(numerals)
    return bool(signed), [t.translate(_SIGNS) for t in numerals]


def _marks_notes(
    numerals: Sequence[str], proven: str | None, column: str, *, percent: bool
) -> list[str]:
    notes = []
    if proven == "," and any("," in t for t in numerals):
        notes.append(f"Column {column!r} is written with a decimal comma.")
    if any(" " in t for t in numerals):
        notes.append(f"Column {column!r} has spaces between thousands.")
    if percent:
        notes.append(f"Column {column!r} is in per cent; the signs were removed.")
    return notes


def _missing_notes(empty: Mapping[int, str], counts: Ints, column: str) -> list[str]:
    """Say how often each sign for a missing value was met; empty cells say it themselves."""
    total: Counter[str] = Counter()
    for place, text in empty.items():
        total[text] += int(counts[place])
    notes = [
        f"Column {column!r}: {sign!r} was read as missing ({total[sign]})."
        for sign in sorted(total)
        if sign in MISSING and sign
    ]
    if secret := sum(total[sign] for sign in total if sign in CONFIDENTIAL):
        notes.append(f"Column {column!r}: confidential values are missing ({secret}).")
    return notes


def _refuse_infinite(
    values: Floats, cells: Sequence[object] | Floats, column: str
) -> None:
    places = np.flatnonzero(np.isinf(values))
    if places.size:
        raise NumberError(
            f"column {column!r} has values beyond what a float holds ({places.size})",
            code="F-282",
            column=column,
            count=int(places.size),
            examples=[repr(cells[place]) for place in places[:5]],
            remedy="Correct them; no trade flow reaches 1e308 of any unit.",
        )


def _truth_value(column: str) -> NumberError:
    return NumberError(
        f"column {column!r} holds truth values, not numbers",
        code="F-285",
        column=column,
        remedy="Write 1 and 0 if numbers are meant.",
    )


def _complex(cell: object, column: str) -> NumberError:
    return NumberError(
        f"column {column!r} holds complex numbers",
        code="F-286",
        column=column,
        examples=[cell],
        remedy="Pass the real part.",
    )
