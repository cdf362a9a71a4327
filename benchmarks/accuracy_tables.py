"""From runs of models to lines of figures and their tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy_scores import Scores
from benchmarks.competitions import Group
from benchmarks.forecasters import LEVELS
from benchmarks.tables import markdown_table, short

__all__ = [
    "JUDGE",
    "Line",
    "Run",
    "accuracy_table",
    "by_level",
    "fixed",
    "group_tables",
    "heading",
    "label",
    "lines_of",
]

HEAD = (
    "model",
    "sMAPE",
    "MASE",
    "OWA",
    "covers 80",
    "covers 95",
    "width 80",
    "width 95",
    "Winkler 80",
    "Winkler 95",
    "pinball",
    "CRPS",
    "ms point",
    "ms intervals",
    "failed",
)
JUDGE = "benchmark"
"""Library of the yardstick that every group has."""


@dataclass(frozen=True)
class Run:
    """A model that ran on some series of a group.

    Attributes
    ----------
    rows : tuple of int
        Series it ran on; empty if it did not run, and `note` says why.
    scores : Scores or None
        Of these series, in this order.
    point_seconds, interval_seconds : float or None
        From the series to point forecasts, and to points and intervals.
    """

    library: str = ""
    model: str = ""
    rows: tuple[int, ...] = ()
    scores: Scores | None = None
    point_seconds: float | None = None
    interval_seconds: float | None = None
    version: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    """Figures of one model on some series, means over series and horizons.

    Attributes
    ----------
    group : str
    series, scored : int
        Series of the group, and those that these figures are of.
    coverage, width, winkler : list of 2 floats or None
        By level: 80 and 95.
    point_ms, interval_ms : float or None
        Milliseconds a series.
    failed : int
        Series for which the seasonal naive forecast had to stand in.
    """

    group: str
    series: int
    scored: int
    library: str
    version: str
    model: str
    smape: float | None = None
    mase: float | None = None
    owa: float | None = None
    coverage: list[float] | None = None
    width: list[float] | None = None
    winkler: list[float] | None = None
    pinball: float | None = None
    crps: float | None = None
    point_ms: float | None = None
    interval_ms: float | None = None
    failed: int = 0
    note: str = ""


def lines_of(group: Group, runs: Sequence[Run]) -> list[Line]:
    """A block of lines for each set of series that some model ran on, largest first.

    A block holds every model that ran on all of its series, best MASE first; models that
    did not run stand in the first.
    """
    ran = [run for run in runs if run.scores is not None]
    blocks = sorted({run.rows for run in ran}, key=len, reverse=True)
    lines: list[Line] = []
    for rows in blocks:
        block = [run for run in ran if set(rows) <= set(run.rows)]
        naive2 = next(run for run in block if run.library == JUDGE)
        yardstick = [means(naive2, rows, name) for name in ("smape", "mase")]
        found = [line_of(group, run, rows, yardstick) for run in block]
        lines += sorted(found, key=lambda line: line.mase or 0.0)
        if rows == blocks[0]:
            lines += [
                Line(
                    group.name,
                    len(group),
                    len(rows),
                    run.library,
                    run.version,
                    run.model,
                    note=run.note,
                )
                for run in runs
                if run.scores is None
            ]
    return lines


def line_of(
    group: Group, run: Run, rows: tuple[int, ...], yardstick: Sequence[float]
) -> Line:
    smape, mase = means(run, rows, "smape"), means(run, rows, "mase")
    count = len(run.rows)
    return Line(
        group.name,
        len(group),
        len(rows),
        run.library,
        run.version,
        run.model,
        smape,
        mase,
        float(np.mean([smape / yardstick[0], mase / yardstick[1]])),
        **{
            name: means(run, rows, name)
            for name in ("coverage", "width", "winkler", "pinball", "crps")
        },
        point_ms=milliseconds(run.point_seconds, count),
        interval_ms=milliseconds(run.interval_seconds, count),
        failed=int(within(run, rows, "failed").sum()),
    )


def within(run: Run, rows: tuple[int, ...], name: str) -> NDArray[Any] | None:
    """Scores of these series only; series stand last."""
    values = getattr(run.scores, name)
    if values is None:
        return None
    return values[..., np.searchsorted(run.rows, rows)]


def means(run: Run, rows: tuple[int, ...], name: str) -> Any:
    """A float, or a list by level; series without a scale do not count."""
    values = within(run, rows, name)
    return None if values is None else np.nanmean(values, axis=-1).tolist()


def milliseconds(seconds: float | None, count: int) -> float | None:
    return None if seconds is None else 1000 * seconds / count


def group_tables(lines: Sequence[Line]) -> str:
    """A heading and a table for each block of a group."""
    blocks: dict[tuple[str, int, int], list[Line]] = {}
    for line in lines:
        key = (line.group, line.series, line.scored)
        blocks.setdefault(key, []).append(line)
    return "\n\n".join(
        f"{heading(*key)}:\n\n{accuracy_table(block)}" for key, block in blocks.items()
    )


def heading(group: str, series: int, scored: int) -> str:
    if scored == series:
        return f"{group}, {series} series"
    return f"{group}, {scored} of {series} series, evenly spaced, with slower models"


def accuracy_table(lines: Sequence[Line]) -> str:
    return markdown_table(HEAD, [cells_of(line) for line in lines])


def cells_of(line: Line) -> list[str]:
    who = label(line)
    if line.note:
        return [who, line.note, *[""] * (len(HEAD) - 2)]
    return [
        who,
        fixed(line.smape, 2),
        fixed(line.mase, 3),
        fixed(line.owa, 3),
        *by_level(line.coverage, 3),
        *by_level(line.width, 2),
        *by_level(line.winkler, 2),
        fixed(line.pinball, 3),
        fixed(line.crps, 3),
        short(line.point_ms),
        short(line.interval_ms),
        str(line.failed),
    ]


def label(line: Line) -> str:
    """Ours in bold, rivals with the initials of their library."""
    form = {"ours": "**{}**", "statsforecast": "SF {}"}.get(line.library, "{}")
    return form.format(line.model)


def fixed(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def by_level(values: Sequence[float] | None, digits: int) -> list[str]:
    return [fixed(value, digits) for value in values or [None] * len(LEVELS)]
