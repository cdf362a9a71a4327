"""Text that stays text wherever it is opened: in a spreadsheet, in a web page.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a
formula and runs it (CWE-1236). Every text that this library writes to CSV or XLSX
therefore goes through `inert`, and every text that it reads through `revive`,
which undoes it exactly.
"""

from __future__ import annotations

import html
import re

__all__ = ["escape_html", "inert", "printable", "revive"]

# Blanks in front do not protect: spreadsheets differ in whether they trim them.
# Apostrophes in front belong to the pattern, so that `revive` is an exact inverse.
_FORMULA = re.compile(r"'*[\s\u200b\ufeff]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def inert(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet could run as a formula.

    Examples
    --------
    >>> inert("=1+1"), inert("Omsk")
    ("'=1+1", 'Omsk')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def revive(text: str) -> str:
    """Take away the apostrophe that `inert` put there, and no other.

    Examples
    --------
    >>> revive("'=1+1"), revive("'s-Hertogenbosch")
    ('=1+1', "'s-Hertogenbosch")
    """
    if text.startswith("'") and _FORMULA.match(text, 1):
        return text[1:]
    return text


def printable(text: str) -> str:
    """Replace what no text file or workbook can hold by the sign U+FFFD.

    These are control characters (other than tab, line feed and carriage return)
    and halves of surrogate pairs.

    Examples
    --------
    >>> printable("Omsk") == "Omsk", printable("a" + chr(0)) == "a" + chr(0xFFFD)
    (True, True)
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def escape_html(value: object) -> str:
    """Text of `value` that is safe between tags and inside quoted attributes.

    Examples
    --------
    >>> escape_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(printable(str(value)), quote=True)
