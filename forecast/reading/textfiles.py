"""CSV and its kin: from bytes to rows of text, without guessing at meanings.

Encoding, separator and line ends are found out here and told in notes; numbers are
left to `forecast.reading.columns`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from forecast.errors import FileError
from forecast.reading.encodings import decode
from forecast.reading.rawtables import (
    MAX_COLUMNS,
    RawTable,
    raw_table,
    refuse_many_columns,
)

__all__ = ["MAX_LINE", "read_text_table"]

MAX_LINE = 10_000_000
SEPARATORS = "\t;|,"  # the comma last, since it may also be a decimal mark
SNIFFED_LINES = 100
_NUMERAL = re.compile(r"[\s+-]*\d[\d\s.,]*%?\s*")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is cut into fields, and how many of them it may have."""

    separator: str
    skip_rows: int
    max_columns: int
    name: str


def read_text_table(
    data: bytes,
    *,
    name: str,
    encoding: str | None = None,
    separator: str | None = None,
    skip_rows: int = 0,
    max_columns: int = MAX_COLUMNS,
    max_line: int = MAX_LINE,
) -> RawTable:
    """Read separated text.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, for messages.
    encoding, separator : str, optional
        Found out when not given.
    skip_rows : int
        Lines before the header, such as a title.
    max_columns, max_line : int
        More columns, or characters in a line, are refused.

    Returns
    -------
    RawTable
        All cells are text; empty fields are "".

    Raises
    ------
    FileError
        F-608 empty, F-611 encoding, F-612 NUL bytes, F-613 quotes, F-614 too many
        columns, F-615 a line too long, F-616 rows of unequal length, F-617 a column
        name twice.
    """
    text, notes = decode(data, name=name, encoding=encoding)
    _refuse_long_lines(text, name, max_line)
    notes += _line_end_notes(text)
    declared, text = _declared_separator(text)
    chosen = separator or declared or sniff_separator(text, skip_rows)
    layout = Layout(chosen, skip_rows, max_columns, name)
    header, rows = _cut(text, layout)
    notes.append(f"The separator is {chosen!r}.")
    # Where `;` parts the fields, the comma usually is the decimal mark.
    table = raw_table(header, rows, name=name, point_is_decimal=chosen != ";")
    return table.with_notes(*notes)


def sniff_separator(text: str, skip_rows: int = 0) -> str:
    r"""Return the separator that cuts the first lines into equally many fields.

    Examples
    --------
    >>> sniff_separator("a;b\n1,5;2,5\n")
    ';'
    """
    sample = "".join(_first_lines(text, skip_rows, SNIFFED_LINES))
    cuts = {mark: _cuts(sample, mark) for mark in SEPARATORS}
    fitting = {
        m: c for m, c in cuts.items() if c and len({*map(len, c)}) == 1 < len(c[0])
    }
    if fitting:
        return max(fitting, key=lambda mark: _numeral_share(fitting[mark]))
    # None fits all lines: take the likeliest, so that the message names the odd one.
    common = {m: Counter(map(len, c)).most_common(1)[0] for m, c in cuts.items() if c}
    wide = [(often, mark) for mark, (width, often) in common.items() if width > 1]
    return max(wide, default=(0, ","))[1]


def _cuts(sample: str, mark: str) -> list[list[str]]:
    """Fields of each line, as far as the sample can be cut."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows.extend(csv.reader(io.StringIO(sample, newline=""), delimiter=mark))
    return [row for row in rows if row]


def _numeral_share(rows: Sequence[Sequence[str]]) -> float:
    """How many of the fields are numerals: the right separator leaves most of them."""
    fields = [field for row in rows for field in row]
    return sum(bool(_NUMERAL.fullmatch(field)) for field in fields) / len(fields)


def _first_lines(text: str, skip_rows: int, count: int) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline="")):
        if number >= skip_rows + count:
            return
        if number >= skip_rows:
            yield line


def _declared_separator(text: str) -> tuple[str | None, str]:
    """Excel's own first line ``sep=;``, if there is one, and the text after it."""
    match = re.match(r'"?sep=(.)"?\r?\n', text)
    return (match[1], text[match.end() :]) if match else (None, text)


def _line_end_notes(text: str) -> list[str]:
    windows = text.count("\r\n")
    mac = text.count("\r") - windows
    unix = text.count("\n") - windows
    kinds = {"CR LF": windows, "CR": mac, "LF": unix}
    found = [f"{count} {kind}" for kind, count in kinds.items() if count]
    return [f"Line ends are mixed ({', '.join(found)})."] if len(found) > 1 else []


def _refuse_long_lines(text: str, name: str, max_line: int) -> None:
    # A line that is too long covers some whole step, so few places need a look.
    step = max(max_line // 2, 1)
    for start in range(0, len(text), step):
        stop = start + step
        if stop > len(text) or text.find("\n", start, stop) >= 0:
            continue
        if text.find("\r", start, stop) >= 0:
            continue
        begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
        ends = [text.find(mark, stop, begin + max_line + 1) for mark in "\r\n"]
        length = min((e for e in ends if e >= 0), default=len(text)) - begin
        if length > max_line:
            line = len(re.findall(r"\r\n|\r|\n", text[:begin])) + 1
            raise FileError(
                f"line {line} of {name!r} has more than max_line={max_line:,} characters",
                code="F-615",
                remedy="This is hardly a table; raise max_line if it is one.",
            )


def _cut(text: str, layout: Layout) -> tuple[list[str], list[list[str]]]:
    """Header and rows; blank lines are left out, all rows are equally long."""
    rows = _rows(text, layout)
    start = next((n for n, row in enumerate(rows) if not _is_blank(row)), None)
    if start is None:
        raise FileError(
            f"{layout.name!r} holds no table",
            code="F-608",
            remedy="It is empty, blank, or skip_rows leaves nothing of it.",
        )
    header, body = rows[start], rows[start + 1 :]
    refuse_many_columns(len(header), layout.max_columns, layout.name)
    if set(map(len, body)) == {len(header)} and all(row[0] for row in body):
        return header, body
    mended, odd = _mended(body, header)
    if odd:
        lines = [_line_of(start + 1 + place, text, layout) for place in odd[:5]]
        widths = [len(body[place]) for place in odd[:5]]
        examples = [f"line {n}: {w}" for n, w in zip(lines, widths, strict=True)]
        raise _unequal_rows(len(odd), examples, len(header), layout)
    return header, mended


def _rows(text: str, layout: Layout) -> list[list[str]]:
    """Fields of all records after the skipped rows."""
    rows: list[list[str]] = []
    reader = _reader(text, layout)
    try:
        rows.extend(reader)
    except csv.Error as error:
        line = _line_of(len(rows), text, layout)
        raise _bad_quotes(line, error, layout) from error
    return rows


def _reader(text: str, layout: Layout) -> Any:
    lines = io.StringIO(text, newline="")
    for _ in range(layout.skip_rows):
        next(lines, None)
    return csv.reader(lines, delimiter=layout.separator, strict=True)


def _line_of(record: int, text: str, layout: Layout) -> int:
    """Line on which a record begins; looked up only for a message."""
    reader = _reader(text, layout)
    for _ in range(record):
        next(reader)
    return layout.skip_rows + int(reader.line_num) + 1


def _is_blank(row: Sequence[str]) -> bool:
    return not any(map(str.strip, row))


def _mended(
    body: Sequence[list[str]], header: Sequence[str]
) -> tuple[list[list[str]], list[int]]:
    """Rows that are not blank, all as long as the header; places of the hopeless ones."""
    width, odd = len(header), []
    mended: list[list[str]] = []
    for place, row in enumerate(body):
        if _is_blank(row):
            continue
        if any(row[width:] or header[len(row) :]):
            odd.append(place)
        else:  # too many or too few separators at the end of a line
            mended.append(row[:width] + [""] * (width - len(row)))
    return mended, odd


def _bad_quotes(line: int, error: csv.Error, layout: Layout) -> FileError:
    reason = str(error)
    if "field limit" in reason:
        reason = f"a field has more than {csv.field_size_limit():,} characters"
    return FileError(
        f"the quotes in {layout.name!r} do not match in the record that starts on"
        f" line {line} ({reason})",
        code="F-613",
        remedy='Close the quote, or write a quote inside a quoted field twice: "".',
    )


def _unequal_rows(
    count: int, examples: Sequence[str], width: int, layout: Layout
) -> FileError:
    return FileError(
        f"{layout.name!r} has rows without the header's {width} fields ({count} of them,"
        f" with the separator {layout.separator!r})",
        code="F-616",
        count=count,
        examples=examples,
        remedy="Correct these lines, skip a title with skip_rows=, or name the separator.",
    )
