"""The page: sections of blocks, laid out by one template."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from forecast.errors import MissingPackageError
from forecast.reporting.blocks import Block, block_html
from forecast.writing import write_text_atomic

__all__ = ["Report", "Section", "report"]


@dataclass(frozen=True)
class Section:
    """A heading with the blocks below it.

    Attributes
    ----------
    heading : str
    blocks : tuple of blocks
        Text, `Lead`, `Note`, `Facts`, tables, figures, forecasts, nowcasts, cards.
    apart : bool
        Framed, because it stands apart from the rest (hindsight, for example).
    """

    heading: str
    blocks: tuple[Block, ...] = field(repr=False)
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """One self-contained HTML page.

    Attributes
    ----------
    title : str
    html : str
    """

    title: str
    html: str = field(repr=False)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the page; an older file of that name is replaced in one step."""
        write_text_atomic(path, self.html)

    def __str__(self) -> str:
        return self.html


def report(
    title: str,
    sections: Mapping[str, Block | Sequence[Block]] | Sequence[Section],
    *,
    subtitle: str = "",
    footer: Sequence[str] = (),
    language: str = "en",
) -> Report:
    """Lay out one HTML page that needs nothing but itself.

    Parameters
    ----------
    title : str
    sections : mapping of str to block or blocks, or sequence of Section
        Blocks are text, tables (`DataFrame`), figures (matplotlib), `Forecast`,
        `Nowcast`, claim cards, and `Lead`, `Note`, `Facts`, `Table`, `Picture`.
    subtitle : str
    footer : sequence of str
    language : str, default "en"
        Language code of the page.

    Returns
    -------
    Report

    Raises
    ------
    ForecastError
        A block that a report cannot show (F-720).
    MissingPackageError
        jinja2, or matplotlib for a figure, is not installed (F-900).

    Examples
    --------
    >>> import pandas as pd
    >>> page = report("Trade in 2021", {"Totals": pd.DataFrame({"turnover": [24.5]})})
    >>> page
    Report(title='Trade in 2021')
    >>> "24.5" in page.html, "<script" in page.html
    (True, False)
    """
    try:
        from jinja2 import Environment
        from markupsafe import Markup
    except ImportError as missing:
        raise MissingPackageError.of("jinja2", "study", "a report") from missing
    environment = Environment(
        autoescape=True, trim_blocks=False, keep_trailing_newline=True
    )
    style = _asset("report.css")
    html = environment.from_string(_asset("report.html.j2")).render(
        title=title,
        subtitle=subtitle,
        language=language,
        style=Markup(style),
        style_hash=_hash(style),
        sections=[
            {
                "heading": section.heading,
                "apart": section.apart,
                "blocks": [Markup(block_html(b)) for b in section.blocks],
            }
            for section in _sections(sections)
        ],
        footer=list(footer),
    )
    return Report(title, html)


def _sections(
    sections: Mapping[str, Block | Sequence[Block]] | Sequence[Section],
) -> list[Section]:
    if not isinstance(sections, Mapping):
        return list(sections)
    return [
        Section(
            heading, tuple(blocks) if isinstance(blocks, list | tuple) else (blocks,)
        )
        for heading, blocks in sections.items()
    ]


@cache
def _asset(name: str) -> str:
    path = resources.files("forecast") / "templates" / name
    return path.read_text(encoding="utf-8")


def _hash(style: str) -> str:
    """Hash by which the security policy knows the one style sheet that may apply."""
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
