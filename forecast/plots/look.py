"""The look of all figures, and figures as bytes: one palette, plain labels, no chance.

One accent colour in three tints stands for the distribution; everything else is ink or
grey, so a figure survives a grey printer and every kind of colour vision. Labels stand
beside what they name. Text from data is never read as mathematics or markup.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecast.errors import MissingPackageError
from forecast.escaping import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "ACCENT",
    "DASHES",
    "FAINT",
    "INK",
    "LARGE",
    "MUTED",
    "NORMAL",
    "SMALL",
    "TINTS",
    "Scale",
    "axes_of",
    "bare",
    "blank_figure",
    "interval_row",
    "named_rows",
    "plain",
    "render",
    "scale_of",
    "source_line",
    "spread",
    "titled",
    "upright",
    "write",
]

INK = "#1d2733"
MUTED = "#5f6b78"
FAINT = "#dfe4e9"
ACCENT = "#0b5394"
TINTS = {95: "#dce8f4", 80: "#aecbe8", 50: "#6fa3d4"}
SMALL, NORMAL, LARGE = 8.0, 9.0, 11.0
WIDTH = 7.4
PREFIXES = ("", "thousand ", "million ", "billion ", "trillion ")
DOLLAR = re.compile(r"(?<!\\)\$")
DASHES = (0, (4, 3))
COMMENT = re.compile(rb"<!--.*?-->\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Scale:
    """How numbers in one unit are shown in another: ``shown = factor * value``.

    Attributes
    ----------
    factor : float
    unit : str
    decimals : int
    sign : str
        Stands behind every number: " %" for per cent.
    """

    factor: float
    unit: str
    decimals: int = 1
    sign: str = ""

    def __call__(self, value: Any) -> Any:
        """Convert a number or an array."""
        return self.factor * np.asarray(value, dtype=float)

    def text(self, value: float, *, signed: bool = False) -> str:
        """Write one value, for example ``"24.2"``."""
        plus = "+" if signed else ""
        text = f"{self.factor * value:{plus},.{self.decimals}f}".replace("-", "−")
        return f"{text}{self.sign}"


def scale_of(measure: str, values: Any) -> Scale:
    """Choose the unit in which `values` read best: 24,200 million becomes 24.2 billion.

    Examples
    --------
    >>> scale_of("million USD", [14_000, 24_200])
    Scale(factor=0.001, unit='billion USD', decimals=1, sign='')
    """
    finite = np.abs(np.asarray(values, dtype=float).ravel())
    largest = float(finite[np.isfinite(finite)].max(initial=0.0))
    if measure == "%":
        return Scale(1.0, "%", 0 if largest >= 10 else 1, " %")
    at = next((i for i, p in enumerate(PREFIXES) if p and measure.startswith(p)), 0)
    noun = measure[len(PREFIXES[at]) :]
    factor = 1.0
    while largest * factor >= 2_000 and 0 < at < len(PREFIXES) - 1:
        at, factor = at + 1, factor / 1000
    decimals = 0 if largest * factor >= 200 else 1 if largest * factor >= 2 else 2
    return Scale(factor, f"{PREFIXES[at]}{noun}", decimals)


def plain(text: object) -> str:
    r"""Text that matplotlib shows as it is: no mathematics, no control characters.

    Examples
    --------
    >>> print(plain("5 $ and 6 $"))
    5 \$ and 6 \$
    """
    return DOLLAR.sub(r"\\$", " ".join(printable(str(text)).split()))


def blank_figure(height: float = 3.4, width: float = WIDTH) -> tuple[Figure, Axes]:
    """Give a figure that no window knows of, with one Axes; sizes in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise MissingPackageError.of("matplotlib", "plots", "a figure") from missing
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    return figure, figure.add_subplot()


def axes_of(ax: Axes | None, height: float = 3.4) -> Axes:
    """Return `ax`, or the Axes of a new pyplot figure, which notebooks show."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as missing:
        raise MissingPackageError.of("matplotlib", "plots", "a figure") from missing
    return plt.subplots(figsize=(WIDTH, height), layout="constrained")[1]


def bare(ax: Axes, *, grid: Literal["x", "y", ""] = "x") -> None:
    """Take away frame and ticks; leave a faint grid along one axis."""
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, labelsize=SMALL, colors=MUTED)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(visible=True, axis=grid, color=FAINT, linewidth=0.8)


def titled(
    ax: Axes, title: str, unit: str = "", *, axis: Literal["x", "y"] = "x"
) -> None:
    """Set the title at the left and name the unit on the axis of values.

    Alone in its figure, the title begins where the names of the rows begin.
    """
    figure = ax.figure
    style: dict[str, Any] = {"fontsize": LARGE, "color": INK}
    if len(figure.axes) == 1 and figure.get_layout_engine() is not None:
        figure.suptitle(plain(title), x=0.005, ha="left", **style)
    else:
        ax.set_title(plain(title), loc="left", pad=10, **style)
    if axis == "x":
        ax.set_xlabel(plain(unit), fontsize=SMALL, color=MUTED, loc="left")
    else:
        ax.set_ylabel(plain(unit), fontsize=SMALL, color=MUTED)


def source_line(ax: Axes, text: str | None) -> None:
    """Write the source below the figure, small."""
    if text:
        ax.annotate(
            plain(text),
            xy=(0.0, 0.0),
            xycoords="axes fraction",
            xytext=(0, -34),
            textcoords="offset points",
            fontsize=SMALL - 1,
            color=MUTED,
            ha="left",
            va="top",
            annotation_clip=False,
        )


def write(
    ax: Axes,
    x: float,
    y: float,
    *lines: str,
    right: float = 0.0,
    up: float = 0.0,
    **style: Any,
) -> None:
    """Write a label of one or more lines at a place in data units.

    `right` and `up` move it by points, so that it stands beside its mark.
    """
    look: dict[str, Any] = {"fontsize": SMALL, "color": INK, "va": "center"}
    ax.annotate(
        "\n".join(plain(line) for line in lines),
        xy=(x, y),
        xytext=(right, up),
        textcoords="offset points",
        annotation_clip=False,
        **(look | style),
    )


def named_rows(ax: Axes, labels: Sequence[str], *, above: float = 0.6) -> None:
    """Name the rows of a chart whose rows stand at 0, -1, -2, ..."""
    ax.set_yticks([-i for i in range(len(labels))], [plain(name) for name in labels])
    ax.tick_params(axis="y", labelcolor=INK)
    ax.set_ylim(-len(labels) + 0.4, above)


def interval_row(ax: Axes, y: float, bounds: Sequence[float]) -> None:
    """Draw 95 % thin, 80 % thick and a dot: `bounds` are low 95, low 80, median, ..."""
    low95, low80, middle, high80, high95 = bounds
    flat: dict[str, Any] = {"solid_capstyle": "butt"}  # a bar ends where its bound is
    ax.plot([low95, high95], [y, y], color=TINTS[80], linewidth=2.5, **flat)
    ax.plot([low80, high80], [y, y], color=TINTS[50], linewidth=7, **flat)
    ax.plot([middle], [y], "o", color=ACCENT, markersize=7)


def upright(ax: Axes, x: float, *lines: str, y: float) -> None:
    """Draw a dashed line through all rows and say beside it what it is."""
    ax.axvline(x, color=INK, linewidth=1.2, linestyle=DASHES)
    left, right = ax.get_xlim()
    late = x > (left + right) / 2  # then there is more room on the other side
    side: dict[str, Any] = {"right": -5, "ha": "right"} if late else {"right": 5}
    write(ax, x, y, *lines, fontsize=NORMAL, **side)


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Move labels apart until neighbours are `gap` away, by least squares.

    Less the gaps, the places must rise; where they do not, neighbours are pooled
    (isotonic regression).

    Examples
    --------
    >>> spread([1.0, 1.1, 5.0], 1.0)
    [0.55, 1.55, 5.0]
    """
    order = np.argsort(np.asarray(places, dtype=float), kind="stable")
    steps = gap * np.arange(len(order))
    pools: list[tuple[float, int]] = []  # mean and size
    for value in np.asarray(places, dtype=float)[order] - steps:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        pools.append((mean, size))
    moved = np.repeat([m for m, _ in pools], [n for _, n in pools]) + steps
    result = np.empty(len(order))
    result[order] = moved
    return [round(float(place), 9) for place in result]


def render(figure: Figure, form: Literal["svg", "png"]) -> bytes:
    """Draw a figure to bytes that are the same in every run.

    Text in SVG becomes outlines, so it looks alike everywhere and can carry no markup;
    comments are taken out.
    """
    import matplotlib as mpl

    fixed: dict[Any, Any] = {
        "svg.hashsalt": "turnover-forecast",
        "svg.fonttype": "path",
    }
    metadata: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
    buffer = io.BytesIO()
    with mpl.rc_context(fixed), warnings.catch_warnings():
        # a sign that the font lacks is drawn as a box; that is no news for the reader
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(buffer, format=form, metadata=metadata, facecolor="white")
    data = buffer.getvalue()
    return COMMENT.sub(b"", data) if form == "svg" else data
