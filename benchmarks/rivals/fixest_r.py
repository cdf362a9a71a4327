"""R's fixest, in an R process that this one commands line by line; see ``fixest_r.R``.

R times itself, so that neither the pipe nor reading the data counts.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.problems import Problem
from benchmarks.rivals import Answer, Setting
from benchmarks.rivals.ready_keys import with_ready_keys

SCRIPT = Path(__file__).with_suffix(".R")
TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
DEFAULT = Setting("1e-06 (default)", {"outer": 1e-8, "inner": 1e-6})
LADDERS = (
    tuple(
        Setting(f"{size:.0e}", {"outer": size, "inner": size}) for size in TOLERANCES
    ),
)


@dataclass(frozen=True)
class RProcess:
    """An R that holds the data and waits for tolerances."""

    process: subprocess.Popen[str]

    @property
    def process_id(self) -> int:
        return self.process.pid

    def read(self) -> list[str]:
        """The next answer, split at tabs."""
        line = self.process.stdout.readline()
        kind, *values = line.rstrip("\n").split("\t")
        if kind != "ok":
            raise RuntimeError(values[0] if values else "R ended without a word")
        return values


def version() -> str:
    found = shutil.which("Rscript")
    if not found:
        raise ImportError("no Rscript on the path")
    command = [
        found,
        "--no-init-file",
        "-e",
        'cat(as.character(packageVersion("fixest")))',
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode != 0:
        raise ImportError("R has no package fixest")
    return said.stdout.strip()


def prepare(problem: Problem, frame: pd.DataFrame, threads: int) -> RProcess:
    formula, frame = with_ready_keys(problem, frame)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        frame.to_csv(path, index=False)
        arguments = [str(path), formula, problem.cluster, str(threads)]
        process = subprocess.Popen(
            ["Rscript", "--no-init-file", str(SCRIPT), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started = RProcess(process)
        started.read()
    return started


def estimate(prepared: RProcess, setting: Setting) -> Answer:
    options = setting.options
    prepared.process.stdin.write(f"{options['outer']}\t{options['inner']}\n")
    prepared.process.stdin.flush()
    seconds, names, coefficients, errors = prepared.read()
    terms = names.split(" ")
    return Answer(
        dict(zip(terms, map(float, coefficients.split(" ")), strict=True)),
        dict(zip(terms, map(float, errors.split(" ")), strict=True)),
        float(seconds),
    )
