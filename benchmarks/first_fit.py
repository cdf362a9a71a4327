"""The first fit in a new process: with nothing compiled yet, and with everything on disk.

    python -m benchmarks.first_fit S --libraries ours,fereg

A script that reads the data, fits once and ends is timed from outside, interpreter and
imports included, beside the same script without the fit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.crew import ROOT, thread_settings
from benchmarks.problems import parse_problem
from benchmarks.tables import markdown_table, short
from benchmarks.worker import write_frame

__all__ = ["FirstFit", "first_fit_table", "time_first_fits"]

SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
from benchmarks.problems import parse_problem
from benchmarks.rivals import load_rival
from benchmarks.worker import read_frame
library, problem, path, fits = sys.argv[1:]
frame = read_frame(path)
if fits == "1":
    rival = load_rival(library)
    prepared = rival.prepare(parse_problem(problem), frame, 1)
    rival.estimate(prepared, rival.DEFAULT)
"""


@dataclass(frozen=True)
class FirstFit:
    """Seconds of whole processes.

    Attributes
    ----------
    cold : float or None
        With an empty cache of compiled code; None for libraries that compile nothing.
    warm : float
        With the cache that the cold process left.
    idle : float
        The same script without a fit.
    """

    library: str
    problem: str
    cold: float | None
    warm: float
    idle: float


def time_first_fits(
    library: str, problem: str, *, python: str = sys.executable, repeats: int = 5
) -> FirstFit:
    """Time the script cold, warm and idle; with one thread."""
    with tempfile.TemporaryDirectory() as folder:
        data, cache = Path(folder) / "data.npz", Path(folder) / "cache"
        write_frame(parse_problem(problem).frame(), data)
        places = {"FORECAST_CACHE": str(cache), "NUMBA_CACHE_DIR": str(cache / "numba")}
        environment = {
            **os.environ,
            **thread_settings(1),
            **places,
            "PYTHONPATH": str(ROOT),
        }

        def run(fits: str) -> float:
            begun = time.perf_counter()
            subprocess.run(
                [python, "-P", "-c", SCRIPT, library, problem, str(data), fits],
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            return time.perf_counter() - begun

        run("0")  # reads every file of the libraries once, so that disks do not count
        cold = run("1")
        rounds = [(run("1"), run("0")) for _ in range(repeats)]
    warm, idle = (median(column) for column in zip(*rounds, strict=True))
    compiles = library == "ours"
    return FirstFit(library, problem, cold if compiles else None, warm, idle)


def first_fit_table(rows: list[FirstFit]) -> str:
    head = ("first fit in a new process", "problem", "cold", "warm", "without a fit")
    cells = [
        [
            row.library,
            row.problem,
            *(short(value, " s") if value else "-" for value in (row.cold, row.warm)),
            short(row.idle, " s"),
        ]
        for row in rows
    ]
    return markdown_table(head, cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problem", nargs="?", default="S")
    parser.add_argument("--libraries", default="ours")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--rival-python",
        default=os.environ.get("FORECAST_RIVALS_PYTHON", sys.executable),
    )
    given = parser.parse_args()
    rows = [
        time_first_fits(
            library,
            given.problem,
            python=sys.executable if library == "ours" else given.rival_python,
            repeats=given.repeats,
        )
        for library in given.libraries.split(",")
    ]
    print(first_fit_table(rows))


if __name__ == "__main__":
    main()
