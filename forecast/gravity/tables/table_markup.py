"""A table of models as plain text, Markdown, HTML and LaTeX.

Labels, names and notes come from data and formulas; each format escapes them.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence

from forecast.escaping import escape_html, escape_latex, escape_markdown, printable
from forecast.gravity.tables.table_rows import Cell, Row

__all__ = ["html", "latex", "markdown", "text"]

Rows = tuple[Row, ...]
GAP = "  "
NARROWEST = 60
WIDEST = 24
STYLE = "border-collapse:collapse"
RULE = "border-top:1px solid"
MINUS = "\N{MINUS SIGN}"
MERGED = {"name", "outcome", "estimator"}


def text(head: Rows, blocks: tuple[Rows, ...], notes: Sequence[str]) -> str:
    """Labels to the left, cells to the right; numbers end in one column, stars beyond."""
    groups = [head, *blocks]
    by_model = zip(*(row.cells for rows in groups for row in rows), strict=True)
    stars = [max(len(cell.stars) for cell in cells) for cells in by_model]
    lines = [
        [line for row in rows for line in text_lines(row, stars)] for rows in groups
    ]
    every = [line for group in lines for line in group]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    total = sum(widths) + len(GAP) * (len(widths) - 1)
    rule = "-" * total
    body = ["\n".join(aligned(line, widths) for line in group) for group in lines]
    below = [textwrap.fill(plain(note), max(total, NARROWEST)) for note in notes]
    return "\n".join([rule, f"\n{rule}\n".join(body), rule, *below])


def text_lines(row: Row, stars: Sequence[int]) -> list[list[str]]:
    """Label and cells of a row, in as many lines as its longest cell needs.

    Each cell is followed by room for the stars of its column.
    """
    wrapped = [
        [part + cell.stars.ljust(room) for part in wrap(cell.text)]
        for cell, room in zip(row.cells, stars, strict=True)
    ]
    columns = [[plain(row.label)], *wrapped]
    return [list(line) for line in itertools.zip_longest(*columns, fillvalue="")]


def wrap(shown: str) -> list[str]:
    """Lines of a cell; numbers stay in one."""
    shown = plain(shown)
    return [shown] if is_number(shown) else textwrap.wrap(shown, WIDEST)


def aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    """The label from the left, cells from the right."""
    label, *cells = line
    right = [c.rjust(w) for c, w in zip(cells, widths[1:], strict=True)]
    return GAP.join([label.ljust(widths[0]), *right]).rstrip()


def markdown(head: Rows, blocks: tuple[Rows, ...], notes: Sequence[str]) -> str:
    """One row of headings, as Markdown has it; the others follow as rows."""
    first, *rest = head
    rows = [first, *rest, *(row for block in blocks for row in block)]
    lines = [
        "| "
        + " | ".join([escape_markdown(r.label), *map(markdown_cell, r.cells)])
        + " |"
        for r in rows
    ]
    rule = "|:---" + "|---:" * len(first.cells) + "|"
    below = [f"\n{escape_markdown(note)}" for note in notes]
    return "\n".join([lines[0], rule, *lines[1:], *below])


def markdown_cell(cell: Cell) -> str:
    """Text and stars."""
    return escape_markdown(minus(cell.text) + cell.stars)


def html(head: Rows, blocks: tuple[Rows, ...], notes: Sequence[str]) -> str:
    """Equal neighbours in the head share a cell."""
    top = "\n".join(
        f'<tr><th style="text-align:left">{escape_html(row.label)}</th>'
        + "".join(html_head(cell, span) for cell, span in merged(row))
        + "</tr>"
        for row in head
    )
    body = "\n".join(
        f'<tbody style="{RULE}">\n{"".join(map(html_row, block))}</tbody>'
        for block in blocks
    )
    width = 1 + len(head[0].cells)
    below = "".join(
        f'<tr><td colspan="{width}" style="text-align:left">'
        f"<small>{escape_html(note)}</small></td></tr>\n"
        for note in notes
    )
    return (
        f'<table style="{STYLE}">\n<thead>\n{top}\n</thead>\n{body}\n'
        f'<tfoot style="{RULE}">\n{below}</tfoot>\n</table>'
    )


def html_head(cell: Cell, span: int) -> str:
    """A cell above the coefficients."""
    wide = f' colspan="{span}"' if span > 1 else ""
    return f'<th{wide} style="text-align:center">{escape_html(cell.text)}</th>'


def html_row(row: Row) -> str:
    """One row of the body."""
    cells = "".join(
        f'<td style="text-align:right">{escape_html(minus(cell.text))}'
        + (f"<sup>{escape_html(cell.stars)}</sup>" if cell.stars else "")
        + "</td>"
        for cell in row.cells
    )
    label = f'<th scope="row" style="text-align:left">{escape_html(row.label)}</th>'
    return f"<tr>{label}{cells}</tr>\n"


def latex(
    head: Rows,
    blocks: tuple[Rows, ...],
    notes: Sequence[str],
    *,
    caption: str,
    label: str,
) -> str:
    """Rules of booktabs, notes of threeparttable."""
    width = len(head[0].cells)
    lines = [
        r"\begin{threeparttable}",
        *latex_caption(caption, label),
        rf"\begin{{tabular}}{{l*{{{width}}}{{c}}}}",
        r"\toprule",
        *map(latex_head, head),
        r"\midrule",
        *latex_blocks(blocks),
        r"\bottomrule",
        r"\end{tabular}",
        r"\begin{tablenotes}[flushleft]\footnotesize",
        *(rf"\item {{}}{escape_latex(note)}" for note in notes),
        r"\end{tablenotes}",
        r"\end{threeparttable}",
    ]
    if caption:
        lines = [r"\begin{table}", r"\centering", *lines, r"\end{table}"]
    return "\n".join(lines)


def latex_caption(caption: str, label: str) -> list[str]:
    """Caption and label, where there are any."""
    lines = [rf"\caption{{{escape_latex(caption)}}}"] if caption else []
    # a label is a key, not text: what TeX could read as more than letters goes
    key = "".join(sign for sign in label if sign.isalnum() or sign in ":.-")
    return [*lines, rf"\label{{{key}}}"] if key and caption else lines


def latex_blocks(blocks: Sequence[Rows]) -> list[str]:
    """Rows of the body, a rule between the blocks."""
    parts = [[latex_row(row) for row in block] for block in blocks]
    return [*itertools.chain(*([*part, r"\midrule"] for part in parts))][:-1]


def latex_head(row: Row) -> str:
    """A row above the coefficients; equal neighbours share a cell."""
    cells = [
        rf"\multicolumn{{{span}}}{{c}}{{{escape_latex(cell.text)}}}"
        if span > 1
        else escape_latex(cell.text)
        for cell, span in merged(row)
    ]
    return latex_line(row.label, cells)


def latex_row(row: Row) -> str:
    """A row of the body."""
    return latex_line(row.label, [latex_cell(cell) for cell in row.cells])


def latex_line(label: str, cells: Sequence[str]) -> str:
    """Cells in one line; {} keeps a bracket at its start from being read as an option."""
    return " & ".join(["{}" + escape_latex(label), *cells]) + r" \\"


def latex_cell(cell: Cell) -> str:
    """A number with a true minus, and raised stars."""
    shown = escape_latex(minus(cell.text)).replace(MINUS, "$-$")
    return shown + (
        rf"\textsuperscript{{{escape_latex(cell.stars)}}}" if cell.stars else ""
    )


def minus(shown: str) -> str:
    """A true minus before digits, in cells that are numbers."""
    return shown.replace("-", MINUS) if is_number(shown) else shown


def is_number(shown: str) -> bool:
    """Whether a cell holds a number, or two."""
    return not shown.strip("()[]0123456789.,-e+ ")


def merged(row: Row) -> list[tuple[Cell, int]]:
    """Cells of a head with how many columns each covers."""
    if row.what not in MERGED:
        return [(cell, 1) for cell in row.cells]
    return [(cell, len(list(same))) for cell, same in itertools.groupby(row.cells)]


def plain(shown: object) -> str:
    """Text in one line, without control characters."""
    return " ".join(printable(str(shown)).split())
