"""The page on accuracy, written from the figures of one run.

    python -m benchmarks.accuracy --json accuracy.json ...
    python -m benchmarks.accuracy_page accuracy.json

Several files make one page if their groups differ (development and examination).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_tables import JUDGE, Line, by_level, fixed, heading, label
from benchmarks.competitions import EXAMS
from benchmarks.crew import ROOT
from benchmarks.tables import markdown_table, short

__all__ = ["accuracy_page"]

PAGE = ROOT / "docs" / "explanation" / "accuracy.md"

INTRODUCTION = """\
# Accuracy of point forecasts and intervals

Forecasts of the series of public competitions, beside those of statsforecast on the same
series, on the same machine, one thread each. Only the training parts were given; the test
parts came in when forecasts were scored.
"""

DEVELOPMENT = """\
**{sets}** are development data: models, defaults and calibration were chosen with these
series in view, so figures on them flatter us a little.
"""

EXAMINATION = """\
**{sets}** was an examination: run once, after all models and defaults were final.
"""

DEFINITIONS = """\
## How forecasts are scored

- **sMAPE** is the mean of 200 |a - f| / (|a| + |f|), **MASE** the mean absolute error in
  units of the mean absolute seasonal difference of the training part (Hyndman and Koehler
  2006), both averaged over the horizon, then over series. **OWA** is the mean of the two
  relative to Naive2, as in the M4 competition (Makridakis et al. 2020).
- **covers 80** and **covers 95** are the shares of outcomes within intervals of that
  nominal level, the mean over horizons and series.
- **Winkler 95** weighs width against misses (the interval score, in units of MASE's
  scale; MSIS in M4): smaller is better.
- **pinball** is the mean quantile loss of the median and the four bounds, in the same
  units. It judges points and intervals together.
- **ms** is milliseconds of CPU time a series, from prepared data to point forecasts, and to
  points and intervals (of ours: {paths} joint paths), after a first fit of a few series
  that compiles. They depend on the machine; ratios compare.
- Where a model fails on a series, the seasonal naive forecast is scored in its place, and
  the table says how often.
- A model that would take longer than {budget:g} seconds for a group ran on evenly spaced
  series only; a table of its own compares all models on those.
"""

HEAD = (
    "model",
    "sMAPE",
    "MASE",
    "OWA",
    "covers 80",
    "covers 95",
    "Winkler 95",
    "pinball",
    "ms point",
    "ms intervals",
)
BEST = (
    "series",
    "our best MASE",
    "best rival's",
    "our best sMAPE",
    "best rival's",
    "our best pinball",
    "best rival's",
)


def accuracy_page(records: Sequence[dict[str, Any]]) -> str:
    """The whole page, from what `benchmarks.accuracy` stored."""
    lines = [Line(**line) for record in records for line in record["lines"]]
    blocks: dict[tuple[str, int, int], list[Line]] = {}
    for line in lines:
        blocks.setdefault((line.group, line.series, line.scored), []).append(line)
    parts = [INTRODUCTION, *map(circumstances, records), status(lines)]
    parts += ["## In short\n", summary(blocks)]
    parts.append(DEFINITIONS.format(paths="2,000", budget=records[0]["budget"]))
    parts.append("## All figures\n")
    for key, block in blocks.items():
        parts += [f"### {heading(*key)}\n", full_table(block)]
    return "\n".join(parts).rstrip() + "\n"


def circumstances(record: dict[str, Any]) -> str:
    machine = record["machine"]
    names = dict.fromkeys(line["group"] for line in record["lines"])
    libraries = [
        f"{'turnover-forecast' if library == 'ours' else library} {version}"
        for library, version in record["versions"].items()
    ]
    return (
        f"{', '.join(names)}: measured on {machine['date']} with "
        f"`python -m benchmarks.accuracy` ({'; '.join(libraries)}) on "
        f"{machine['processor']}, {machine['memory']}, {machine['system']}, Python "
        f"{machine['python']}; load before the run {machine['load before']}.\n"
    )


def status(lines: Sequence[Line]) -> str:
    """Which series were known while models were made."""
    sets = list(dict.fromkeys(line.group.split()[0] for line in lines))
    exams = [name for name in sets if name in EXAMS]
    known = [name for name in sets if name not in EXAMS]
    parts = []
    if known:
        parts.append(DEVELOPMENT.format(sets=" and ".join(known)))
    if exams:
        parts.append(EXAMINATION.format(sets=" and ".join(exams)))
    return "\n".join(parts)


def summary(blocks: dict[tuple[str, int, int], list[Line]]) -> str:
    """Our best and the best rival of each block, by three scores."""
    rows = []
    for key, block in blocks.items():
        row = [heading(*key)]
        for name, digits in (("mase", 3), ("smape", 2), ("pinball", 3)):
            for own in (True, False):
                chosen = [
                    line
                    for line in block
                    if line.library != JUDGE
                    and (line.library == "ours") == own
                    and getattr(line, name) is not None
                ]
                row.append(best_of(chosen, name, digits))
        rows.append(row)
    return markdown_table(BEST, rows) + "\n"


def best_of(lines: Sequence[Line], name: str, digits: int) -> str:
    if not lines:
        return "-"
    best = min(lines, key=lambda line: getattr(line, name))
    return f"{fixed(getattr(best, name), digits)} ({label(best)})"


def full_table(block: Sequence[Line]) -> str:
    table = markdown_table(HEAD, [cells_of(line) for line in block if not line.note])
    failures = [
        f"{label(line)} on {line.failed} of {line.scored}"
        for line in block
        if line.failed
    ]
    absent = [f"{label(line)}: {line.note}" for line in block if line.note]
    notes = [f"Failed: {', '.join(failures)}.\n"] if failures else []
    notes += [f"Not run: {'; '.join(absent)}.\n"] if absent else []
    return "\n".join([table + "\n", *notes])


def cells_of(line: Line) -> list[str]:
    return [
        label(line),
        fixed(line.smape, 2),
        fixed(line.mase, 3),
        fixed(line.owa, 3),
        *by_level(line.coverage, 3),
        by_level(line.winkler, 2)[1],
        fixed(line.pinball, 3),
        short(line.point_ms),
        short(line.interval_ms),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", nargs="+", type=Path, help="JSON of the runs")
    parser.add_argument("--page", type=Path, default=PAGE, help="file to write")
    given = parser.parse_args()
    records = [json.loads(path.read_text(encoding="utf-8")) for path in given.records]
    given.page.write_text(accuracy_page(records), encoding="utf-8")


if __name__ == "__main__":
    main()
