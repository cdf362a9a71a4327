"""The door for tables from files: one function, one frame, every repair told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import PurePath
from typing import Any

import pandas as pd

from forecast.errors import FileError
from forecast.reading.archives import damaged
from forecast.reading.columns import retype, to_frame
from forecast.reading.parquet import read_parquet_table
from forecast.reading.rawtables import MAX_COLUMNS
from forecast.reading.snapshots import MAX_BYTES, read_bytes, unpack_gzip
from forecast.reading.textfiles import MAX_LINE, read_text_table
from forecast.reading.workbooks import OLE_MAGIC, read_workbook

__all__ = ["read_table"]

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".tab")
BOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls")
PARQUET_SUFFIXES = (".parquet", ".pq")
_MAGIC = {
    b"PK\x03\x04": "workbook",
    OLE_MAGIC: "old workbook",
    b"PAR1": "parquet",
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
}


def read_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | int | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    text_columns: Collection[str] = (),
    number_columns: Collection[str] = (),
    skip_rows: int = 0,
    max_bytes: int = MAX_BYTES,
    max_columns: int = MAX_COLUMNS,
    max_line: int = MAX_LINE,
) -> pd.DataFrame:
    r"""Read a table from CSV (also packed with gzip), Excel or Parquet.

    Encoding, separator and decimal mark are found out. Codes survive: a column with
    leading zeros stays text, region ``NA`` is no missing value, dates as text stay
    text. A column becomes numbers only if all its cells are numbers or say that they
    are missing ("", "n/a", "-", "…", "c" for confidential), and if there is one way
    to read them.

    Parameters
    ----------
    path : path
        ``.csv .tsv .txt .tab`` (and these with ``.gz``), ``.xlsx``, ``.parquet``.
    sheet : str or int, optional
        Name or place (from 0) of an Excel sheet; the first visible one by default.
    encoding : str, optional
        By default the byte-order mark decides, then UTF-8, then Windows-1251 if the
        result looks like Russian.
    separator : str, optional
        One sign; by default found out among tab, ``;``, ``|`` and ``,``.
    decimal : {",", "."}, optional
        The decimal mark; needed only where nothing proves it.
    text_columns, number_columns : collection of str
        Columns that must stay text, and columns that must be numbers.
    skip_rows : int
        Lines or rows before the header.
    max_bytes, max_columns, max_line : int
        Limits on the unpacked file, on columns, and on the characters of a line.

    Returns
    -------
    DataFrame
        One row per line. ``attrs["reading"]`` lists in sentences what was found out
        and repaired, ``attrs["sha256"]`` is the hash of the file.

    Raises
    ------
    FileError
        F-601 to F-632, see ``docs/errors.md``.
    NumberError
        F-28x a column of `number_columns` is no numbers.
    ColumnError
        F-111, F-180 `text_columns` or `number_columns` are wrong.
    MissingPackageError
        For Excel and Parquet, when openpyxl or pyarrow is not installed.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "flows.csv"
    >>> _ = file.write_bytes("регион;hs;объём\nОмск;01;1 234,5\n".encode("cp1251"))
    >>> read_table(file).to_dict("records")
    [{'регион': 'Омск', 'hs': '01', 'объём': 1234.5}]
    """
    _check_options(separator, decimal, skip_rows)
    name = PurePath(path).name
    kind = _kind(name)
    data = read_bytes(path, max_bytes=max_bytes)
    _check_content(data, kind, name)
    wishes: dict[str, Any] = {
        "decimal": decimal,
        "text_columns": _names(text_columns),
        "number_columns": _names(number_columns),
    }
    if kind == "parquet":
        typed = read_parquet_table(
            data, name=name, max_bytes=max_bytes, max_columns=max_columns
        )
        frame = retype(typed, **wishes)
    elif kind == "workbook":
        raw = read_workbook(
            data,
            name=name,
            sheet=sheet,
            skip_rows=skip_rows,
            max_bytes=max_bytes,
            max_columns=max_columns,
        )
        frame = to_frame(raw, **wishes)
    else:
        packed = kind == "gzip"
        raw = read_text_table(
            unpack_gzip(data, name=name, max_bytes=max_bytes) if packed else data,
            name=name,
            encoding=encoding,
            separator=separator,
            skip_rows=skip_rows,
            max_columns=max_columns,
            max_line=max_line,
        )
        frame = to_frame(raw, **wishes)
    frame.attrs["sha256"] = hashlib.sha256(data).hexdigest()
    return frame


def _names(columns: Collection[str] | str) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _check_options(separator: str | None, decimal: str | None, skip_rows: int) -> None:
    wrong = None
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        wrong = f"separator={separator!r} is not one sign"
    elif decimal not in {None, ",", "."}:
        wrong = f"decimal={decimal!r} is neither ',' nor '.'"
    elif decimal is not None and decimal == separator:
        wrong = f"separator and decimal are both {decimal!r}"
    elif skip_rows < 0:
        wrong = f"skip_rows={skip_rows} is negative"
    if wrong:
        raise FileError(wrong, code="F-618", remedy="Correct it, or leave it out.")


def _kind(name: str) -> str:
    """How a file is to be read, by its name alone: content never overrules it."""
    lower = name.lower()
    if lower.removesuffix(".gz").endswith(TEXT_SUFFIXES):
        return "gzip" if lower.endswith(".gz") else "text"
    for suffixes, kind in ((BOOK_SUFFIXES, "workbook"), (PARQUET_SUFFIXES, "parquet")):
        if lower.endswith(suffixes):
            return kind
    raise FileError(
        f"the name {name!r} does not tell what kind of table it is",
        code="F-607",
        remedy=f"It should end in one of {[*TEXT_SUFFIXES, '.csv.gz', '.xlsx', '.parquet']}.",
    )


def _check_content(data: bytes, kind: str, name: str) -> None:
    """Raise unless the first bytes agree with the name."""
    if not data:
        raise FileError(f"{name!r} is empty", code="F-608", remedy="Fetch it again.")
    found = next((k for magic, k in _MAGIC.items() if data.startswith(magic)), "text")
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if found == "text" and start.startswith((b"<!doctype html", b"<html", b"<table")):
        found = "web page"
    allowed = {"workbook": ("workbook", "old workbook")}.get(kind, (kind,))
    if found in allowed:
        return
    if kind == "workbook" and found == "text" and not start[:1].isascii():
        raise damaged(name, ValueError("it does not begin as a workbook"))
    raise FileError(
        f"{name!r} is named as a {kind} file but its content is a {found} file",
        code="F-607",
        remedy="Rename it after its content, or save it in the kind that its name says.",
    )
