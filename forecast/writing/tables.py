"""Tables as CSV and Excel: the same bytes for the same table, and no live formula.

Text that a spreadsheet could run is made inert (`forecast.escaping`) in cells,
headers, index and sheet names; numbers are left alone. `forecast.reading` takes the
apostrophes away again.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from forecast.errors import FileError, MissingPackageError
from forecast.escaping import inert, printable
from forecast.writing.durable import write_bytes_atomic
from forecast.writing.plain_values import Plain, plain_columns

__all__ = ["sheet_title", "write_csv", "write_xlsx"]

EPOCH = datetime(1980, 1, 1)  # the first moment that a zip file can tell
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_TEXT = 32_767
MAX_TITLE = 31
LARGEST_EXACT = 2**53
FIRST_YEAR = 1900  # Excel believes that it was a leap year
WIDEST = 40
_TIMES = re.compile(rb"(<dcterms:\w+[^>]*>)[^<]*(</dcterms:\w+>)")
_NOT_IN_TITLES = re.compile(r"[\\/?*\[\]:]|^'|'$")


def write_csv(
    frame: pd.DataFrame, path: str | os.PathLike[str], *, index: bool = False
) -> None:
    r"""Write a table as CSV: UTF-8, commas, decimal points, all digits.

    Parameters
    ----------
    frame : DataFrame
        Missing values become empty fields, dates ISO 8601, periods their text, line
        ends inside text ``\n``.
    path : path
        Replaced in one step, see `write_bytes_atomic`.
    index : bool
        Whether to write the index before the columns.

    Raises
    ------
    FileError
        F-640 it cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "t.csv"
    >>> write_csv(pd.DataFrame({"region": ["=1+1"], "trade": [-24.5]}), file)
    >>> file.read_text()
    "region,trade\n'=1+1,-24.5\n"
    """
    named = list(plain_columns(frame, index=index))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_safe(name) for name, _ in named])
    columns = [[_csv_cell(value) for value in values] for _, values in named]
    writer.writerows(zip(*columns, strict=True))
    write_bytes_atomic(path, buffer.getvalue().encode("utf-8"))


def write_xlsx(
    sheets: Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    index: bool = False,
) -> None:
    """Write tables as the sheets of an Excel workbook.

    The same tables give the same bytes: the workbook holds no time of writing.

    Parameters
    ----------
    sheets : mapping of str to DataFrame
        Sheet names and tables, in this order. Signs that Excel forbids in names
        become ``_``.
    path : path
        Replaced in one step, see `write_bytes_atomic`.
    index : bool
        Whether to write the index before the columns.

    Raises
    ------
    FileError
        F-640 it cannot be written, F-641 a text is too long for a cell, F-642 sheet
        names, F-643 a table is too large for a sheet.
    MissingPackageError
        When openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise MissingPackageError.of("openpyxl", "files", "writing Excel") from error
    titles = [sheet_title(name) for name in sheets]
    _check_titles(titles)
    book = Workbook(write_only=True)
    for title, frame in zip(titles, sheets.values(), strict=True):
        _check_size(title, frame.shape)
        _fill(book.create_sheet(title), title, list(plain_columns(frame, index=index)))
    buffer = io.BytesIO()
    book.save(buffer)
    write_bytes_atomic(path, _without_times(buffer.getvalue()))


def sheet_title(name: object) -> str:
    """Return the sheet name that Excel accepts and that no formula can hide in.

    An apostrophe, which protects other texts, may not begin a sheet name.

    Examples
    --------
    >>> sheet_title("2020/21"), sheet_title("=cmd")
    ('2020_21', '_=cmd')
    """
    text = _NOT_IN_TITLES.sub("_", printable(str(name)))
    return f"_{text}" if inert(text) != text else text


def _safe(text: str) -> str:
    # XML knows one kind of line end, and `csv` does not quote the others.
    return inert(printable(text.replace("\r\n", "\n").replace("\r", "\n")))


def _csv_cell(value: Plain) -> object:
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return value


def _check_titles(titles: Sequence[str]) -> None:
    wrong = [t for t in titles if not 0 < len(t) <= MAX_TITLE]
    lower = [t.lower() for t in titles]
    wrong += [t for t in titles if lower.count(t.lower()) > 1]
    if wrong or not titles:
        raise FileError(
            f"{len(wrong)} sheet names cannot be used"
            if titles
            else "there is no sheet",
            code="F-642",
            count=len(wrong),
            examples=[repr(t) for t in wrong],
            remedy=f"Give 1 to {MAX_TITLE} characters to each, every one different"
            " (Excel does not tell capitals from small letters).",
        )


def _fill(sheet: Any, title: str, named: Sequence[tuple[str, list[Plain]]]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    headers = [_book_cell(name, title) for name, _ in named]
    columns = [[_book_cell(value, title) for value in values] for _, values in named]
    for place, (header, cells) in enumerate(
        zip(headers, columns, strict=True), start=1
    ):
        longest = max(len(str(cell)) for cell in (header, *cells[:100]))
        width = min(longest, WIDEST) + 2
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    bold = Font(bold=True)
    first_row = [WriteOnlyCell(sheet, value=header) for header in headers]
    for cell in first_row:
        cell.font = bold
    sheet.append(first_row)
    for row in zip(*columns, strict=True):
        sheet.append([_all_digits(value, sheet) for value in row])


def _all_digits(value: Plain, sheet: Any) -> object:
    """Cell with all 17 digits of a float, where openpyxl would write only 16."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, float) or float(f"{value:.16g}") == value:
        return value
    cell = WriteOnlyCell(sheet, value=repr(value))
    cell.data_type = "n"
    return cell


def _check_size(title: str, shape: tuple[int, int]) -> None:
    if shape[0] >= MAX_ROWS or shape[1] > MAX_COLUMNS:
        raise FileError(
            f"the table {title!r} has {shape[0]:,} rows and {shape[1]:,} columns;"
            f" a sheet holds {MAX_ROWS - 1:,} and {MAX_COLUMNS:,}",
            code="F-643",
            remedy="Write it as CSV or Parquet.",
        )


def _book_cell(value: Plain, title: str) -> Plain:
    """Return what Excel holds exactly: long integers, infinities, old dates become text."""
    if isinstance(value, datetime) and value.year <= FIRST_YEAR:
        return value.isoformat(sep=" ")
    if isinstance(value, bool | datetime) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT else str(value)
    if isinstance(value, float):
        return value if abs(value) != float("inf") else _safe(str(value))
    text = _safe(value)
    if len(text) > MAX_TEXT:
        raise FileError(
            f"a text of {len(text):,} characters in sheet {title!r} is too long for Excel",
            code="F-641",
            examples=[repr(text[:40])],
            remedy=f"A cell holds {MAX_TEXT:,} characters; write the table as CSV.",
        )
    return text


def _without_times(workbook: bytes) -> bytes:
    """The same workbook, said to be written in 1980."""
    buffer = io.BytesIO()
    stamp = EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for info in old.infolist():
            member = zipfile.ZipInfo(info.filename, EPOCH.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # the same on every system
            member.external_attr = 0o600 << 16
            content = old.read(info)
            if info.filename == "docProps/core.xml":
                content = _TIMES.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
            new.writestr(member, content)
    return buffer.getvalue()
