"""Sphinx settings: ``sphinx-build -W docs docs/_build/html`` runs every cell."""

from __future__ import annotations

import re
from pathlib import Path

import forecast

DOCS = Path(__file__).parent

project = "turnover-forecast"
author = "The turnover-forecast authors"
copyright = "2026, the turnover-forecast authors"
release = version = forecast.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc", "myst_nb"]
html_theme = "furo"
html_title = f"turnover-forecast {release}"
exclude_patterns = ["_build", "jupyter_execute", "errors.d"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's parameter lists say it in words
numpydoc_show_class_members = False  # autodoc lists them already
numpydoc_validation_checks: set[str] = set()

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

CODE_ROW = re.compile(r"^\|\s*(F-\d{3})\s*\|(.+)\|(.+)\|\s*$", re.MULTILINE)
CODES_HERE = "<!-- the codes of docs/errors.d stand here -->"
GROUPS = {
    "0": "General",
    "1": "Shape of a table",
    "2": "Numbers",
    "3": "Regions, pairs, reporters",
    "4": "Time",
    "5": "Models",
    "6": "Files, combinations, backtests",
    "7": "Studies",
    "8": "Claims and what forecasts are used for",
    "9": "Installation",
}


def error_tables(folder: Path) -> str:
    """Gather the rows of `folder`/*.md into one table per hundred."""
    pages = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))]
    rows = sorted(
        {tuple(map(str.strip, row)) for row in CODE_ROW.findall("\n".join(pages))}
    )
    parts = []
    for digit, title in GROUPS.items():
        group = [row for row in rows if row[0][2] == digit]
        if group:
            lines = [
                f"| {code} | {problem} | {cure} |" for code, problem, cure in group
            ]
            head = ["| code | problem | what to do |", "|---|---|---|"]
            parts.append("\n".join([f"## {title}", "", *head, *lines, ""]))
    return "\n".join(parts)


def fill_errors_page(_app: object, docname: str, source: list[str]) -> None:
    """Put the tables of docs/errors.d into docs/errors.md while it is read."""
    if docname == "errors":
        source[0] = source[0].replace(CODES_HERE, error_tables(DOCS / "errors.d"))


def setup(app: object) -> None:
    """Connect the page of errors."""
    app.connect("source-read", fill_errors_page)  # type: ignore[attr-defined]
