"""Which columns are numbers: explicit rules, each told in a note.

A column becomes numbers when every cell is a number or says that it is missing, when
no code would be harmed (leading zeros, integers too long to be exact), and when
there is one way to read it. All other columns stay text, letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, NumberError
from forecast.escaping import revive
from forecast.reading.cells import Cells
from forecast.reading.decimalmarks import Marks
from forecast.reading.numerals import NumberColumn, parse_numbers, read_numbers
from forecast.reading.rawtables import BLANKS, RawTable

__all__ = ["cell_text", "retype", "to_frame"]

Attempt = NumberColumn | NumberError

LARGEST_EXACT = 2**53
# A code such as 007, an integer of 16 digits, a text that `inert` has guarded.
_CODE = re.compile(
    rf"[{BLANKS}]*[+-]?(?:(?P<zero>0\d[\d,.{BLANKS}]*)|(?P<long>\d{{16,}}[{BLANKS}]*))$"
    r"|(?P<text>')"
)
_REASONS = {
    "zero": "has leading zeros",
    "long": "has integers of 16 digits or more, too long to be exact as numbers",
    "text": "was written as text",
}
# `str` in pandas 3, `object` in pandas 2.
_TEXT = pd.Series(["text"]).dtype


def to_frame(
    raw: RawTable,
    *,
    decimal: str | None = None,
    text_columns: Collection[str] = (),
    number_columns: Collection[str] = (),
) -> pd.DataFrame:
    """Convert a raw table.

    Parameters
    ----------
    raw : RawTable
        n rows, k columns.
    decimal : {",", "."}, optional
        The decimal mark of all columns; found out when not given.
    text_columns, number_columns : collection of str
        Columns that must stay text, and columns that must be numbers.

    Returns
    -------
    DataFrame of shape (n, k)
        Integers, floats, dates, truth values or text; empty cells are missing.
        ``attrs["reading"]`` is the list of notes.

    Raises
    ------
    ColumnError
        F-111 a column that is named is not there, F-180 one is named in both.
    NumberError
        F-28x a column of `number_columns` is no numbers.
    """
    _check_names(raw.names, text_columns, number_columns)
    found = map(Cells.of, raw.columns)
    stored = dict(zip(raw.names, found, strict=True))
    kept = {n: _why_text(c) for n, c in stored.items() if n not in number_columns}
    kept |= dict.fromkeys(text_columns, "")
    cells = {name: _revived(column) for name, column in stored.items()}
    tried = {
        name: column
        for name, column in cells.items()
        if name in number_columns or (kept[name] is None and _may_be_numbers(column))
    }
    attempts = _attempt_all(tried, decimal, raw.point_is_decimal)
    data, notes = {}, list(raw.notes)
    for name, column in cells.items():
        attempt = attempts.get(name)
        if isinstance(attempt, NumberError) and name in number_columns:
            raise attempt
        if isinstance(attempt, NumberColumn):
            data[name] = _number_series(attempt)
            notes += attempt.notes
        else:
            data[name] = _other_series(column, as_text=name in text_columns)
            notes += _stays_text(name, kept[name], attempt, column)
    frame = pd.DataFrame(data)
    frame.attrs["reading"] = notes
    return frame


def retype(
    frame: pd.DataFrame,
    *,
    decimal: str | None = None,
    text_columns: Collection[str] = (),
    number_columns: Collection[str] = (),
) -> pd.DataFrame:
    """Convert some columns of a frame that has types already; raises as `to_frame`."""
    _check_names(frame.columns, text_columns, number_columns)
    changed, notes = {}, list(frame.attrs.get("reading", []))
    for name in number_columns:
        changed[name] = parse_numbers(frame[name], decimal=decimal, column=name)
        notes += changed[name].attrs.pop("reading")
    for name in text_columns:
        present = frame[name].astype(object).where(frame[name].notna(), None)
        changed[name] = _other_series(Cells.of(present.tolist()), as_text=True)
    result = frame.assign(**changed)
    result.attrs = {"reading": notes}
    return result


def _check_names(
    names: Collection[str], text: Collection[str], numbers: Collection[str]
) -> None:
    if absent := [name for name in (*text, *numbers) if name not in names]:
        raise ColumnError.missing(absent, names)
    if twice := sorted(set(text) & set(numbers)):
        raise ColumnError(
            f"columns {twice} stand in text_columns and in number_columns",
            code="F-180",
            column=twice[0],
            remedy="Name each of them once.",
        )


def _why_text(cells: Cells) -> str | None:
    """Why a column must stay text whatever it looks like; None if nothing forbids."""
    found = set()
    for text in (cell for cell in cells.distinct if isinstance(cell, str)):
        match = _CODE.match(text)
        if match and not (match["text"] and revive(text) == text):
            found.add(match.lastgroup)
    return next((reason for kind, reason in _REASONS.items() if kind in found), None)


def _revived(cells: Cells) -> Cells:
    """Cells without the apostrophes that `inert` put before formulas."""
    revived = (revive(c) if isinstance(c, str) else c for c in cells.distinct)
    return replace(cells, distinct=list[object](revived))


def _may_be_numbers(cells: Cells) -> bool:
    """Whether a column holds some number or numeral, and no truth values or dates."""
    texts = [c for c in cells.distinct if isinstance(c, str)]
    others = set(map(type, cells.distinct)) - {str, type(None)}
    if any(issubclass(kind, bool | date) for kind in others):
        return False
    return bool(others) or any(any(map(str.isdigit, text)) for text in texts)


def _attempt_all(
    cells: dict[str, Cells], decimal: str | None, point_is_decimal: bool
) -> dict[str, Attempt]:
    """Read all columns; what one proves of the decimal mark helps the others."""
    marks = Marks(decimal, custom="." if point_is_decimal else None)
    attempts = {name: _attempt(column, name, marks) for name, column in cells.items()}
    read = [a for a in attempts.values() if isinstance(a, NumberColumn)]
    proven = {a.proven for a in read if a.proven is not None}
    if len(proven) == 1:
        hinted = replace(marks, hint=proven.pop())
        for name in [n for n, attempt in attempts.items() if _is_open(attempt)]:
            attempts[name] = _attempt(cells[name], name, hinted)
    return attempts


def _is_open(attempt: Attempt) -> bool:
    """Whether knowing the decimal mark of other columns could change the outcome."""
    if isinstance(attempt, NumberError):
        return attempt.code == "F-284"
    return attempt.proven is None and not attempt.whole


def _attempt(cells: Cells, name: str, marks: Marks) -> Attempt:
    try:
        return read_numbers(cells, column=name, marks=marks)
    except NumberError as error:
        return error


def _number_series(read: NumberColumn) -> pd.Series[Any]:
    if read.whole and np.abs(read.values).max(initial=0) <= LARGEST_EXACT:
        return pd.Series(read.values.astype(np.int64))
    return pd.Series(read.values)


def _other_series(cells: Cells, *, as_text: bool) -> pd.Series[Any]:
    empty = [cell is None or cell == "" for cell in cells.distinct]
    kinds = {type(c) for c, gap in zip(cells.distinct, empty, strict=True) if not gap}
    if not as_text and kinds == {bool} and not any(empty):
        return pd.Series(np.array(cells.distinct)[cells.codes])
    if not as_text and kinds and all(issubclass(kind, date) for kind in kinds):
        moments = [
            np.datetime64("NaT", "us") if gap else cell
            for cell, gap in zip(cells.distinct, empty, strict=True)
        ]
        return pd.Series(np.array(moments, dtype="datetime64[us]")[cells.codes])
    texts = [
        np.nan if gap else cell_text(cell)
        for cell, gap in zip(cells.distinct, empty, strict=True)
    ]
    return pd.Series(pd.Series(texts, dtype=_TEXT).take(cells.codes).array)


def cell_text(cell: object) -> str:
    """Text of a cell as one would type it.

    Examples
    --------
    >>> cell_text(10.0), cell_text(datetime(2021, 9, 30)), cell_text("01")
    ('10', '2021-09-30', '01')
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < LARGEST_EXACT:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ").removesuffix(" 00:00:00")
    return str(cell)


def _stays_text(
    name: str, kept: str | None, attempt: Attempt | None, cells: Cells
) -> list[str]:
    """Note on a column that a reader might have expected to be numbers."""
    if kept:
        return [f"Column {name!r} {kept} and stays text."]
    if not isinstance(attempt, NumberError):
        return []
    if attempt.code == "F-281" and 2 * (attempt.count or 0) >= len(cells.distinct):
        return []  # words
    examples = f", e.g. {'; '.join(attempt.examples)}" if attempt.examples else ""
    return [f"Column {name!r} stays text: {attempt.problem}{examples}."]
