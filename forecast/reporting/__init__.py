"""Reports: one self-contained HTML page from text, tables, figures, forecasts and cards.

`report` takes sections of blocks and returns a `Report` that is written with one call.
Everything that comes from data is escaped; the page holds its figures, asks no network
for anything and tells the browser so (a content security policy without scripts).
"""

from __future__ import annotations

from forecast.reporting.blocks import Block, Facts, Folded, Lead, Note, Picture, Table
from forecast.reporting.page import Report, Section, report

__all__ = [
    "Block",
    "Facts",
    "Folded",
    "Lead",
    "Note",
    "Picture",
    "Report",
    "Section",
    "Table",
    "report",
]
