"""What the command line shows: tables and progress, with rich where it is installed.

Text from data is never read as markup, and control characters cannot reach the
terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from forecast.escaping import printable
from forecast.reporting.cells import shown

__all__ = ["say", "show_table", "telling"]

LONGEST_CELL = 70
Tell = Callable[[str], None]


def say(*lines: str) -> None:
    """Print lines to the standard output."""
    for line in lines:
        print(clean(line))


def show_table(frame: pd.DataFrame, *, title: str = "") -> None:
    """Print a table: drawn by rich on a terminal, aligned plain text elsewhere."""
    rich = _rich() if sys.stdout.isatty() else None
    if rich is not None:
        _show_rich(frame, title)
        return
    if title:
        say(title)
    rows = [[str(name) for name in frame.columns], *_cells(frame)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    for row in rows:
        aligned = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        say("  ".join(aligned).rstrip())


@contextmanager
def telling(quiet: bool) -> Iterator[Tell]:
    """Give a function that tells each step: a spinner on a terminal, else plain lines."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty() and _rich() is not None:
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True)
        with console.status("starting") as status:
            yield lambda step: status.update(Text(clean(step)))
    else:
        yield lambda step: print(f"- {clean(step)}", file=sys.stderr, flush=True)


def clean(text: object) -> str:
    """Text in one line, without control characters."""
    return printable(" ".join(str(text).split("\n")).replace("\r", " "))


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    columns = [frame.iloc[:, i].tolist() for i in range(frame.shape[1])]
    return [[_short(shown(v)) for v in row] for row in zip(*columns, strict=True)]


def _short(text: str) -> str:
    text = clean(text)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _show_rich(frame: pd.DataFrame, title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(clean(title)), title_justify="left", header_style="bold")
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        right = pd.api.types.is_numeric_dtype(dtype)
        table.add_column(Text(clean(name)), justify="right" if right else "left")
    for row in _cells(frame):
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _rich() -> Any:
    try:
        import rich
    except ImportError:
        return None
    return rich
