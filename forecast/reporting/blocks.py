"""What a section of a report is made of, and each kind of block as HTML."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from forecast.claims import Card
from forecast.errors import ForecastError
from forecast.escaping import escape_html
from forecast.forecasts import Forecast
from forecast.nowcasting import Nowcast
from forecast.plots import plot_fan, plot_nowcast
from forecast.plots.look import blank_figure, render
from forecast.reporting.cells import html_table, linked, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Block", "Facts", "Folded", "Lead", "Note", "Picture", "Table", "block_html"]

SIGNS = {"holds": "✓", "supported": "✓", "fails": "✗", "not supported": "✗"}
BOLD = re.compile(r"\*\*([^*<]+)\*\*")
FOR, AGAINST = ("holds", "supported"), ("fails", "not supported")


@dataclass(frozen=True, slots=True)
class Lead:
    """The answer, in large type; paragraphs are parted by blank lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Small print."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what is to be said of them."""

    items: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption."""

    frame: pd.DataFrame = field(repr=False)
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Folded:
    """A block that is shown when the reader asks for it."""

    summary: str
    block: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with a caption.

    Attributes
    ----------
    figure : Figure or bytes
        A matplotlib figure, or the bytes of an SVG.
    caption : str
    alt : str
        What it shows, for those who do not see it; default: the caption.
    """

    figure: Figure | bytes = field(repr=False)
    caption: str = ""
    alt: str = ""


Block = (
    str
    | Lead
    | Note
    | Facts
    | Folded
    | Table
    | Picture
    | pd.DataFrame
    | Card
    | Nowcast
    | Forecast
    | Any
)
"""Text, table, figure, forecast, nowcast or card; a matplotlib figure too."""


def block_html(block: Block) -> str:
    """One block as HTML; everything that comes from data is escaped.

    Raises
    ------
    ForecastError
        Something that a report cannot show (F-720).
    """
    for kind, write in _WRITERS.items():
        if isinstance(block, kind):
            return str(write(block))
    if hasattr(block, "savefig"):
        return _picture(Picture(cast("Figure", block)))
    raise ForecastError(
        f"a report cannot show a {type(block).__name__}",
        code="F-720",
        remedy="Give text, tables, figures, forecasts, nowcasts or claim cards.",
    )


def paragraphs(text: str, kind: str = "") -> str:
    """Turn text into paragraphs; "- " begins an item of a list, **two stars** are bold."""
    name = f' class="{kind}"' if kind else ""
    parts = []
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in part.split("\n")]
        if all(line.startswith("- ") for line in lines):
            items = "".join(f"<li>{_strong(linked(line[2:]))}</li>" for line in lines)
            parts.append(f"<ul{name}>{items}</ul>")
        else:
            parts.append(f"<p{name}>{_strong(linked(' '.join(lines)))}</p>")
    return "\n".join(parts)


def _strong(escaped: str) -> str:
    return BOLD.sub(r"<strong>\1</strong>", escaped)


def _picture(picture: Picture) -> str:
    source = picture.figure
    data = source if isinstance(source, bytes) else render(source, "svg")
    alt = escape_html(picture.alt or picture.caption or "figure")
    caption = (
        f"<figcaption>{linked(picture.caption)}</figcaption>" if picture.caption else ""
    )
    # inside <img> an SVG can neither run a script nor load anything
    image = f"data:image/svg+xml;base64,{base64.b64encode(data).decode('ascii')}"
    return f'<figure><img src="{image}" alt="{alt}">{caption}</figure>'


def _facts(facts: Facts) -> str:
    rows = "".join(
        f"<dt>{escape_html(name)}</dt><dd>{linked(shown(value))}</dd>"
        for name, value in facts.items.items()
    )
    return f"<dl>{rows}</dl>"


def _card(card: Card) -> str:
    """Verdict first, then the sentence, the number, what would turn it; the rest folded."""
    claim = card.claim
    said = claim.text or repr(claim).removeprefix("Claim: ")
    title = f"“{said}”" if claim.text else said
    day = f"{claim.said_on:%Y-%m-%d}" if claim.said_on is not None else ""
    whom = ", ".join(part for part in (claim.by, day, claim.source) if part)
    about = f'<p class="said">{linked(whom)}</p>' if whom else ""
    if card.parts:
        inner = "".join(_verdict(p, _statement(p), _findings(p)) for p in card.parts)
    else:
        inner = _findings(card)
    return _verdict(card, title, f"{about}{inner}")


def _verdict(card: Card, title: str, inner: str) -> str:
    kind = (
        "for"
        if card.verdict in FOR
        else "against"
        if card.verdict in AGAINST
        else "open"
    )
    sign = SIGNS.get(card.verdict, "?")
    return (
        f'<article class="card {kind}"><header>'
        f'<span class="verdict">{sign} {escape_html(card.verdict)}</span>'
        f"<h3>{escape_html(title)}</h3></header>{inner}</article>"
    )


def _statement(part: Card) -> str:
    """Name one of the statements of a claim that makes several."""
    return (
        "As a record"
        if "highest" in part.evidence
        else f"As a forecast of the {part.claim.kind}"
    )


def _findings(card: Card) -> str:
    return f"<p>{linked(sentence(card.headline))}</p>{_card_details(card)}"


def _card_details(card: Card) -> str:
    number = f"{sentence(card.number_is)}: {_number(card)}"
    changes = "".join(f"<li>{linked(text)}</li>" for text in card.would_change)
    sources = "".join(f"<li>{linked(text)}</li>" for text in card.sources)
    day = (
        f" Judged on what was known on {card.as_of:%Y-%m-%d}."
        if card.as_of is not None
        else ""
    )
    return (
        f'<p class="said">{linked(number)}.{day}</p>'
        + (
            f'<p class="key">What would change the verdict</p><ul>{changes}</ul>'
            if changes
            else ""
        )
        + f"<details><summary>The figures compared</summary>{html_table(card.evidence)}</details>"
        + (
            f"<details><summary>Sources</summary><ul>{sources}</ul></details>"
            if sources
            else ""
        )
    )


def _number(card: Card) -> str:
    if card.number_is.startswith(("probability", "accounting ceiling")):
        return (
            f"{100 * card.number:.1f} %" if card.number == card.number else "not known"
        )
    return shown(card.number)


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def _nowcast(nowcast: Nowcast) -> str:
    figure, ax = blank_figure(2.4 + 0.29 * (len(nowcast.benchmarks) + 1))
    plot_nowcast(nowcast, ax)
    notes = Note(" ".join(sentence(note) + "." for note in nowcast.notes))
    blocks = [repr(nowcast) + ".", Picture(figure), nowcast.to_frame((50, 80, 95))]
    return "\n".join(
        block_html(block) for block in [*blocks, *([notes] if nowcast.notes else [])]
    )


def _forecast(forecast: Forecast) -> str:
    blocks: list[Block] = [repr(forecast) + "."]
    if len(forecast.units) == 1:
        figure, ax = blank_figure()
        plot_fan(forecast, ax)
        blocks.append(Picture(figure))
    return "\n".join(block_html(b) for b in [*blocks, forecast.to_frame((80, 95))])


_WRITERS: dict[type, Any] = {
    str: paragraphs,
    Lead: lambda lead: paragraphs(lead.text, "lead"),
    Note: lambda note: paragraphs(note.text, "note"),
    Facts: _facts,
    Folded: lambda folded: (
        f"<details><summary>{escape_html(folded.summary)}</summary>"
        f"{block_html(folded.block)}</details>"
    ),
    Table: lambda table: html_table(table.frame, caption=table.caption),
    Picture: _picture,
    pd.DataFrame: html_table,
    Card: _card,
    Nowcast: _nowcast,
    Forecast: _forecast,
}
