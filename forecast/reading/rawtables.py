"""What every reader hands over: names and columns of cells, nothing converted yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forecast.errors import FileError
from forecast.escaping import revive

__all__ = [
    "MAX_COLUMNS",
    "RawTable",
    "raw_table",
    "refuse_many_columns",
    "refuse_twins",
]

MAX_COLUMNS = 10_000
BLANKS = " \t\r\n\u00a0\u2007\u2009\u202f\ufeff"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as it stands in the file.

    Attributes
    ----------
    names : tuple of str, length k
        Unique column names.
    columns : tuple of k sequences of n cells
        Text, and from a workbook also numbers, dates, truth values and None.
    notes : tuple of str
        One sentence for each thing that was done to the file's content.
    point_is_decimal : bool
        Whether "1.234" may be believed to be a little more than one.
    """

    names: tuple[str, ...]
    columns: tuple[Sequence[object], ...]
    notes: tuple[str, ...] = ()
    point_is_decimal: bool = True

    def with_notes(self, *notes: str) -> RawTable:
        """The same table with further sentences in front of its own."""
        return replace(self, notes=(*notes, *self.notes))


def raw_table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    name: str,
    point_is_decimal: bool = True,
) -> RawTable:
    """Turn a header and n rows of equal length into named columns.

    Names are trimmed; columns that have neither a name nor a cell are dropped;
    nameless columns with cells are called ``column_3`` after their place.

    Raises
    ------
    FileError
        F-616 the header names few of the columns, as a title does; F-617 two columns
        have the same name.
    """
    columns = [[row[place] for row in rows] for place in range(len(header))]
    notes, names, kept = [], [], []
    for place, (title, cells) in enumerate(zip(header, columns, strict=True), start=1):
        trimmed = revive(title).strip(BLANKS)
        if not trimmed and all(cell is None or cell == "" for cell in cells):
            notes.append(f"Column {place} is empty and was dropped.")
            continue
        if not trimmed:
            notes.append(f"Column {place} has no name and was called 'column_{place}'.")
        elif trimmed != revive(title):
            notes.append(f"Blanks around the column name {trimmed!r} were removed.")
        names.append(trimmed or f"column_{place}")
        kept.append(cells)
    _refuse_title(header, len(kept), name)
    refuse_twins(names, name)
    return RawTable(tuple(names), tuple(kept), tuple(notes), point_is_decimal)


def refuse_many_columns(found: int, max_columns: int, file: str) -> None:
    """Raise F-614 if there are more columns than the caller allows."""
    if found > max_columns:
        raise FileError(
            f"{file!r} has {found:,} columns, more than max_columns={max_columns:,}",
            code="F-614",
            count=found,
            remedy="Keep one row for each unit and period, or raise max_columns.",
        )


def refuse_twins(names: Sequence[str], file: str) -> None:
    """Raise F-617 if a column name stands twice."""
    twins = [name for name, count in Counter(names).items() if count > 1]
    if twins:
        raise FileError(
            f"{len(twins)} column names stand more than once in {file!r}",
            code="F-617",
            column=twins[0],
            count=len(twins),
            examples=[repr(name) for name in twins],
            remedy="Give every column its own name.",
        )


def _refuse_title(header: Sequence[str], used: int, file: str) -> None:
    titles = [title for title in header if title.strip(BLANKS)]
    if 2 * len(titles) < used:
        raise FileError(
            f"the header of {file!r} names {len(titles)} of {used} columns",
            code="F-616",
            examples=[repr(title) for title in titles],
            remedy="If it is a title, pass skip_rows= with the lines before the header.",
        )
