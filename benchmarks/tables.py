"""Tables in Markdown, for a terminal and for a page alike."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.duels import Line

__all__ = ["comparison_table", "markdown_table", "short"]

HEAD = (
    "problem",
    "threads",
    "library",
    "setting",
    "seconds",
    "x ours",
    "coefficient error",
    "SE error",
    "extra MB",
    "x ours",
    "runs",
)


def short(value: float | None, unit: str = "") -> str:
    """Three digits, enough for a measurement."""
    if value is None:
        return "-"
    text = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return text + unit


def tiny(value: float) -> str:
    return f"{value:.0e}"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell."""
    cells = [list(head), *[list(row) for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def comparison_table(lines: Sequence[Line]) -> str:
    """One row a library and setting; ours first in each problem."""
    ours = {
        (line.problem, line.threads): line.megabytes
        for line in lines
        if line.library == "ours"
    }
    return markdown_table(HEAD, [cells_of(line, ours) for line in lines])


def cells_of(line: Line, ours: dict[tuple[str, int], float | None]) -> list[str]:
    who = f"{line.library} {line.version}".strip()
    front = [line.problem, str(line.threads), who, line.setting]
    if line.note:
        return [*front, line.note, *[""] * (len(HEAD) - 5)]
    ratio = 1.0 if line.library == "ours" else line.ratio
    return [
        *front,
        short(line.seconds),
        short(ratio),
        tiny(line.coefficient_error),
        tiny(line.relative_se_error),
        short(line.megabytes),
        short(times(line.megabytes, ours.get((line.problem, line.threads)))),
        str(len(line.fits)),
    ]


def times(value: float | None, unit: float | None) -> float | None:
    return value / unit if value is not None and unit else None
