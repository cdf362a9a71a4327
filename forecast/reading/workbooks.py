"""Excel workbooks: looked through as an archive first, then read as a table.

Only stored values are read. Formulas are not computed, macros not run, links not
followed; a workbook that has macros or links is refused, since its stored values may
come from elsewhere.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import Any

from forecast.errors import FileError, ForecastError, MissingPackageError
from forecast.reading.archives import Archive, check_archive, damaged
from forecast.reading.columns import cell_text
from forecast.reading.rawtables import RawTable, raw_table, refuse_many_columns

__all__ = ["read_workbook"]

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LAST_ROW = 1_048_576
SLOT_BYTES = 8
_ZERO_PADDED = re.compile(r"0{2,}")
_EMPTY = (None, "")

Rows = list[list[object]]


def read_workbook(
    data: bytes,
    *,
    name: str,
    max_bytes: int,
    max_columns: int,
    sheet: str | int | None = None,
    skip_rows: int = 0,
) -> RawTable:
    """Read one sheet of an ``.xlsx`` workbook.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, for messages.
    max_bytes, max_columns : int
        Limits on the unpacked workbook and on the sheet.
    sheet : str or int, optional
        Name or place (from 0) of the sheet; the first visible one when not given.
    skip_rows : int
        Rows before the header, such as a title.

    Raises
    ------
    FileError
        F-608 empty, F-614 too many columns, F-617 a column name twice, F-621 old
        ``.xls``, F-622 password, F-623 damaged, F-624 bomb, F-625 external links,
        F-626 macros, F-627 hostile member names, F-628 XML entities, F-629 no such
        sheet, F-630 formulas without stored values.
    MissingPackageError
        When openpyxl is not installed.
    """
    _refuse_ole(data, name)
    archive = check_archive(data, name=name, max_bytes=max_bytes)
    _refuse_active_parts(archive, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and drawings, not values
            book = _open(data, data_only=True)
            chosen, notes = _choose_sheet(book, sheet, name)
            room = _Room(name, max_bytes, max_columns)
            rows, told = _rows(chosen, skip_rows, room)
            if archive.with_formulas:
                _refuse_unstored_formulas(data, chosen, name)
    except ForecastError:
        raise
    except Exception as error:  # openpyxl raises whatever it stumbles over
        raise damaged(name, error) from error
    header, body = _split_header(rows, name)
    return raw_table(header, body, name=name).with_notes(*notes, *told)


@dataclass(frozen=True, slots=True)
class _Room:
    """How large a sheet may be."""

    name: str
    max_bytes: int
    max_columns: int


def _open(data: bytes, *, data_only: bool) -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingPackageError.of("openpyxl", "files", "reading Excel") from error
    return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=data_only)


def _choose_sheet(
    book: Any, wanted: str | int | None, name: str
) -> tuple[Any, list[str]]:
    sheets = list(book.worksheets)
    titles = [sheet.title for sheet in sheets]
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if wanted is None and visible:
        others = [sheet.title for sheet in visible[1:]]
        note = f"The sheet {visible[0].title!r} was read; others are {others}."
        return visible[0], [note] if others else []
    if isinstance(wanted, str) and wanted in titles:
        return sheets[titles.index(wanted)], []
    if isinstance(wanted, int) and 0 <= wanted < len(sheets):
        return sheets[wanted], []
    raise FileError(
        f"{name!r} has no sheet {wanted!r}"
        if wanted is not None
        else f"{name!r} has no sheet",
        code="F-629",
        remedy=f"Its sheets are {titles[:20]}.",
    )


def _rows(sheet: Any, skip_rows: int, room: _Room) -> tuple[Rows, list[str]]:
    """Values of the rows that are not empty, and notes on number formats."""
    rows: Rows = []
    width, padded, percent = 0, 0, 0
    sheet.reset_dimensions()  # what a sheet says of its size may be wrong
    for number, cells in enumerate(sheet.iter_rows(max_row=LAST_ROW)):
        if not cells or number < skip_rows:
            continue
        width = max(width, len(cells))
        refuse_many_columns(width, room.max_columns, room.name)
        if width * len(rows) * SLOT_BYTES > room.max_bytes:
            raise _too_many_cells(width * len(rows), room)
        values = [cell.value for cell in cells]
        for place, cell in enumerate(cells):
            if isinstance(values[place], int | float) and cell.has_style:
                shown = cell.number_format
                percent += "%" in shown
                if _ZERO_PADDED.fullmatch(shown) and isinstance(values[place], int):
                    values[place] = str(values[place]).zfill(len(shown))
                    padded += 1
        rows.append(values)
    notes = []
    if padded:
        notes.append(f"{padded} integers are shown with leading zeros and became text.")
    if percent:
        notes.append(
            f"{percent} cells are shown in per cent; their values are fractions of one."
        )
    return rows, notes


def _split_header(rows: Rows, name: str) -> tuple[list[str], Rows]:
    """Column names and rows, all equally long; blank rows are left out."""
    filled = [row for row in rows if any(value not in _EMPTY for value in row)]
    if not filled:
        raise FileError(
            f"the sheet of {name!r} holds no table",
            code="F-608",
            remedy="Name another sheet=, or a smaller skip_rows.",
        )
    width = max(len(row) for row in filled)
    padded = [[*row, *[None] * (width - len(row))] for row in filled]
    header = ["" if value is None else cell_text(value) for value in padded[0]]
    return header, padded[1:]


def _refuse_unstored_formulas(data: bytes, sheet: Any, name: str) -> None:
    """Raise F-630 if a formula has no stored value: it would be read as missing."""
    formulas = _open(data, data_only=False)[sheet.title]
    formulas.reset_dimensions()
    both = zip(
        sheet.iter_rows(max_row=LAST_ROW),
        formulas.iter_rows(max_row=LAST_ROW),
        strict=True,
    )
    # An empty text as result has the type "str"; a formula never computed has none.
    unstored = [
        formula.coordinate
        for row, formula_row in both
        for stored, formula in zip(row, formula_row, strict=True)
        if formula.data_type == "f" and stored.value is None and stored.data_type == "n"
    ]
    if unstored:
        raise FileError(
            f"{len(unstored)} formulas of {name!r} have no stored value",
            code="F-630",
            count=len(unstored),
            examples=unstored,
            remedy="Open the workbook in a spreadsheet program and save it once.",
        )


def _refuse_ole(data: bytes, name: str) -> None:
    """Old workbooks and encrypted new ones are both OLE containers."""
    if not data.startswith(OLE_MAGIC):
        return
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise FileError(
            f"{name!r} is protected by a password",
            code="F-622",
            remedy="Save a copy without a password.",
        )
    raise FileError(
        f"{name!r} is a workbook in the old format .xls",
        code="F-621",
        remedy="Save it as .xlsx or .csv.",
    )


def _refuse_active_parts(archive: Archive, name: str) -> None:
    members = [member.lower() for member in archive.members]
    if "xl/workbook.xml" not in members:
        raise FileError(
            f"{name!r} is a zip archive but no .xlsx workbook",
            code="F-623",
            examples=archive.members[:5],
            remedy="Unpack it and read the table inside, or save it as .xlsx.",
        )
    macros = [
        m
        for m in members
        if m.endswith(("vbaproject.bin", ".xlm")) or "/macrosheets/" in m
    ]
    if macros:
        raise FileError(
            f"{name!r} holds macros",
            code="F-626",
            examples=macros,
            remedy="Save it as .xlsx, which holds none.",
        )
    links = [
        m for m in members if m.startswith(("xl/externallinks/", "xl/connections"))
    ]
    if links:
        raise FileError(
            f"{name!r} takes values from other files",
            code="F-625",
            count=len(links),
            examples=links,
            remedy="Break the links (in Excel: Data, Edit links), then save it.",
        )


def _too_many_cells(slots: int, room: _Room) -> FileError:
    return FileError(
        f"the sheet of {room.name!r} spans more than {slots:,} cells, too many for"
        f" max_bytes={room.max_bytes:,}",
        code="F-624",
        count=slots,
        remedy="Delete stray cells far from the table, or raise max_bytes.",
    )
