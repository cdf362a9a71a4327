"""One figure of a study: drawn once, kept as SVG and PNG."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from forecast.plots.look import blank_figure, render
from forecast.reporting import Picture

__all__ = ["Drawing", "drawn", "slug"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure as bytes, with its caption."""

    svg: bytes = field(repr=False)
    png: bytes = field(repr=False)
    caption: str = ""

    @property
    def picture(self) -> Picture:
        """The figure as a block of a report."""
        return Picture(self.svg, self.caption)


def drawn(plot: Callable[..., object], caption: str, height: float) -> Drawing:
    """Draw one figure of a given height in inches."""
    figure, ax = blank_figure(height)
    plot(ax)
    return Drawing(render(figure, "svg"), render(figure, "png"), caption)


def slug(name: str) -> str:
    """Turn a name into one that every file system takes; different names stay different.

    Examples
    --------
    >>> slug("Russia"), slug("Россия") == slug("Латвия")
    ('russia', False)
    """
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower())[
        :30
    ]
    if plain == name.lower():
        return plain
    return f"{plain.strip('_')}_{hashlib.sha256(name.encode()).hexdigest()[:6]}".strip(
        "_"
    )
