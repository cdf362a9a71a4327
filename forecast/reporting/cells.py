"""Tables as HTML: numbers that can be read, text that stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from forecast.escaping import escape_html

__all__ = ["html_table", "linked", "shown"]

MANY_ROWS = 400
NOTHING = "–"
LONG, SHORT = 60, 18
CALENDAR = re.compile(
    r"(^|[_ ])(year|years|month|months|no|version)($|[_ ])", re.IGNORECASE
)
PER_CENT = re.compile(r"_(\d\d)$")
ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)]")
LONGEST_ADDRESS = 44


def html_table(frame: pd.DataFrame, *, caption: str = "", rows: int = MANY_ROWS) -> str:
    """Turn a frame into an HTML table.

    The index is shown when it says something: a name, or other than row numbers.
    Cells, column names, index and axis names are escaped; addresses become links.

    Examples
    --------
    >>> html = html_table(pd.DataFrame({"region": ["<Omsk>"], "trade": [1234.5]}))
    >>> "&lt;Omsk&gt;" in html, "1,234.5" in html or "1,234" in html
    (True, True)
    """
    table = _with_index(frame).head(rows)
    columns = [table.iloc[:, i] for i in range(table.shape[1])]
    numeric = [_is_numeric(column) for column in columns]
    head = "".join(
        f"<th{_kind(is_number)}>{escape_html(heading(name))}</th>"
        for name, is_number in zip(table.columns, numeric, strict=True)
    )
    texts = [_texts(column, str(column.name)) for column in columns]
    body = "".join(
        f"<tr>{_cells(row, numeric)}</tr>\n" for row in zip(*texts, strict=True)
    )
    axis = _axis_names(frame)
    left_out = len(frame) - len(table)
    more = f" The first {len(table):,} of {len(frame):,} rows." if left_out else ""
    said = (
        f"<caption>{linked(caption + axis + more)}</caption>"
        if caption + axis + more
        else ""
    )
    return (
        f'<div class="scroll"><table>{said}<thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}</tbody></table></div>"
    )


def linked(text: object) -> str:
    """Escape a text and turn the web addresses in it into links with short names.

    Examples
    --------
    >>> linked("see https://example.org/a/long/page & more")
    'see <a href="https://example.org/a/long/page" rel="noopener noreferrer">example.org/a/long/page</a> &amp; more'
    """
    source, parts, end = str(text), [], 0
    for match in ADDRESS.finditer(source):
        address = escape_html(match[0])
        name = escape_html(_short(match[0].split("://", 1)[1]))
        parts.append(escape_html(source[end : match.start()]))
        parts.append(f'<a href="{address}" rel="noopener noreferrer">{name}</a>')
        end = match.end()
    return "".join([*parts, escape_html(source[end:])])


def heading(name: object) -> str:
    """Write a column name as words: ``low_80`` becomes "low 80 %".

    Examples
    --------
    >>> heading("low_80"), heading("number_is")
    ('low 80 %', 'number is')
    """
    return PER_CENT.sub(r" \1 %", str(name)).replace("_", " ")


def shown(value: Any, decimals: int | None = None) -> str:
    """Write one value: dates without a clock, thousands apart, a dash for nothing.

    Examples
    --------
    >>> shown(24211.557), shown(pd.Timestamp("2021-09-30")), shown(None), shown(True)
    ('24,212', '2021-09-30', '–', 'yes')
    """
    if value is None or value is pd.NaT or value is pd.NA:
        return NOTHING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return _number(float(value), decimals)
    if isinstance(value, int | np.integer):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)


def _number(value: float, decimals: int | None) -> str:
    if not np.isfinite(value):
        return NOTHING if np.isnan(value) else "∞" if value > 0 else "−∞"
    places = _decimals([value]) if decimals is None else decimals
    rounded = round(value, places) + 0.0  # no minus before a zero
    return f"{rounded:,.{places}f}".replace("-", "−")


def _decimals(values: Iterable[float]) -> int:
    """Three or four digits of the largest value, and no zeros that say nothing."""
    finite = [abs(v) for v in values if np.isfinite(v)]
    largest = max(finite, default=0.0)
    most = 0 if largest >= 1000 else 1 if largest >= 10 else 2 if largest >= 1 else 4
    for fewer in range(most):
        if all(abs(v - round(v, fewer)) < 1e-12 for v in finite):
            return fewer
    return most


def _texts(column: pd.Series, name: str) -> list[str]:
    """Escaped texts of one column, with the same number of decimals throughout."""
    values = column.tolist()
    if _is_numeric(column) and CALENDAR.search(name):
        return [NOTHING if pd.isna(v) else f"{v:.0f}" for v in values]
    numbers = [float(v) for v in values if isinstance(v, float)]
    decimals = _decimals(numbers)
    return [
        linked(shown(v)) if isinstance(v, str) else escape_html(shown(v, decimals))
        for v in values
    ]


def _is_numeric(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not bool(
        pd.api.types.is_bool_dtype(column)
    )


def _kind(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _cells(row: tuple[str, ...], numeric: list[bool]) -> str:
    return "".join(
        f"<td{_kind(True) if n else _width(text)}>{text}</td>"
        for text, n in zip(row, numeric, strict=True)
    )


def _width(text: str) -> str:
    """Keep codes and dates in one line, and give sentences room."""
    if "<a " in text:
        return ""
    return (
        ' class="wide"'
        if len(text) > LONG
        else ' class="short"'
        if len(text) <= SHORT
        else ""
    )


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    flat = frame.copy(deep=False)
    if flat.columns.nlevels > 1:
        flat.columns = pd.Index([" / ".join(map(str, name)) for name in flat.columns])
    numbered = frame.index.nlevels == 1 and pd.api.types.is_integer_dtype(frame.index)
    if numbered and frame.index.name is None:
        return flat
    names = [str(n) if n is not None else "" for n in frame.index.names]
    index = pd.DataFrame(
        {i: frame.index.get_level_values(i) for i in range(frame.index.nlevels)}
    )
    index.columns = pd.Index(names)
    return pd.concat([index, flat.reset_index(drop=True)], axis=1)


def _axis_names(frame: pd.DataFrame) -> str:
    """Names of the column axis, which a table has no other place for."""
    names = [str(name) for name in frame.columns.names if name is not None]
    return f" (columns: {', '.join(names)})" if names else ""


def _short(address: str) -> str:
    bare = address.removeprefix("www.")
    return bare if len(bare) <= LONGEST_ADDRESS else f"{bare[: LONGEST_ADDRESS - 1]}…"
