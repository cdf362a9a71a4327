"""Text that stays text wherever it is opened: spreadsheet, web page, LaTeX, Markdown.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a
formula and runs it (CWE-1236). Every text that this library writes to CSV or XLSX
therefore goes through `inert`, and every text that it reads through `revive`,
which undoes it exactly.
"""

from __future__ import annotations

import html
import re

__all__ = [
    "escape_html",
    "escape_latex",
    "escape_markdown",
    "inert",
    "printable",
    "revive",
]

# Blanks in front do not protect: spreadsheets differ in whether they trim them.
# Apostrophes in front belong to the pattern, so that `revive` is an exact inverse.
_FORMULA = re.compile(r"'*[\s\u200b\ufeff]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_IN_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "{''}",  # a shorthand for accents in some languages
    "`": r"\textasciigrave{}",
}
_IN_MARKDOWN = {sign: f"\\{sign}" for sign in "\\`*_{}[]#!|~^$"} | {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
}


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


def escape_latex(value: object) -> str:
    r"""Text of `value` in one line that LaTeX sets as it is: no command, no mathematics.

    Examples
    --------
    >>> escape_latex("exporter^year & 5 %")
    'exporter\\textasciicircum{}year \\& 5 \\%'
    """
    return "".join(_IN_LATEX.get(sign, sign) for sign in _in_one_line(value))


def escape_markdown(value: object) -> str:
    r"""Text of `value` in one line that Markdown shows as it is, in a table as well.

    Examples
    --------
    >>> print(escape_markdown("a|b <c>"))
    a\|b &lt;c&gt;
    """
    shown = "".join(_IN_MARKDOWN.get(sign, sign) for sign in _in_one_line(value))
    return f"\\{shown}" if shown[:1] in {"-", "+"} else shown  # not an item of a list


def _in_one_line(value: object) -> str:
    return " ".join(printable(str(value)).split())
