"""Writers whose files are whole, harmless and the same for the same content.

Files and folders appear in one step (`write_bytes_atomic`, `staged_folder`), text
cannot turn into formulas (`write_csv`, `write_xlsx`), JSON holds no NaN
(`write_json`), and text in web pages is escaped (`escape_html`).
"""

from __future__ import annotations

from forecast.escaping import escape_html
from forecast.writing.durable import write_bytes_atomic, write_text_atomic
from forecast.writing.folders import staged_folder
from forecast.writing.json_files import json_text, write_json
from forecast.writing.tables import write_csv, write_xlsx

__all__ = [
    "escape_html",
    "json_text",
    "staged_folder",
    "write_bytes_atomic",
    "write_csv",
    "write_json",
    "write_text_atomic",
    "write_xlsx",
]
