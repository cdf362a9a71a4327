"""Has a change slowed the engine? Base and head on the same machine, in the same minutes.

    python -m benchmarks.base_against_head --base origin/main

The base commit is laid out in a worktree of its own and both versions fit the same
problems in turn, with one thread, after a warm-up. The check fails where head is slower
by more than 15 % **and** by more than 0.05 s: either alone is noise somewhere.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.crew import ROOT, Worker, WorkerError, hire
from benchmarks.problems import parse_problem
from benchmarks.tables import markdown_table, short
from benchmarks.worker import write_frame

__all__ = ["Comparison", "compare_versions"]

SLOWER_BY_SHARE = 0.15
SLOWER_BY_SECONDS = 0.05
LIMIT = 600.0


@dataclass(frozen=True)
class Comparison:
    """Seconds of both versions, round by round."""

    problem: str
    base: tuple[float, ...]
    head: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of head over base within a round."""
        return median(h / b for b, h in zip(self.base, self.head, strict=True))

    @property
    def difference(self) -> float:
        """Median of head less base within a round, in seconds."""
        return median(h - b for b, h in zip(self.base, self.head, strict=True))

    @property
    def slower(self) -> bool:
        return self.ratio > 1 + SLOWER_BY_SHARE and self.difference > SLOWER_BY_SECONDS


@contextlib.contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """The files of `commit` in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "base"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run(
            [*git, "add", "--quiet", "--detach", str(place), commit], check=True
        )
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


@contextlib.contextmanager
def versions(commit: str) -> Iterator[tuple[Worker, Worker]]:
    """A worker for the base and one for head; both run head's benchmarks."""
    with worktree(commit) as base, tempfile.TemporaryDirectory() as folder:
        tools = Path(folder)
        shutil.copytree(ROOT / "benchmarks", tools / "benchmarks")
        with (
            hire("ours", 1, search=(tools, base)) as old,
            hire("ours", 1, search=(tools, ROOT)) as new,
        ):
            yield old, new


def ask(worker: Worker, do: str, **details: object) -> dict[str, object]:
    """A worker's reply, which must be no trouble."""
    reply = worker.ask(LIMIT, do, **details)
    for trouble in ("missing", "refused", "failed"):
        if trouble in reply:
            raise WorkerError(str(reply[trouble]))
    return reply


def compare_versions(old: Worker, new: Worker, name: str, rounds: int) -> Comparison:
    """Fit `name` in turn, after a warm-up of both."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        write_frame(parse_problem(name).frame(), data)
        for worker in (old, new):
            ask(worker, "load", problem=name, path=str(data))
            ask(worker, "fit", options={})
    seconds = [
        [float(ask(worker, "fit", options={})["seconds"]) for worker in (old, new)]
        for _ in range(rounds)
    ]
    base, head = zip(*seconds, strict=True)
    return Comparison(name, base, head)


def comparison_table(found: Sequence[Comparison]) -> str:
    head = ("problem", "base", "head", "head / base", "head - base", "")
    rows = [
        [
            one.problem,
            short(median(one.base), " s"),
            short(median(one.head), " s"),
            f"{one.ratio:.2f}",
            f"{one.difference:+.3f} s",
            "SLOWER" if one.slower else "",
        ]
        for one in found
    ]
    return markdown_table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="origin/main", help="commit to compare with")
    parser.add_argument("--problems", default="S,M,M-K20,M-2way")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with versions(given.base) as (old, new):
        if reason := old.ask(LIMIT, "meet").get("missing"):
            print(f"nothing to compare with: {reason} (at {given.base})")
            return
        found = [
            compare_versions(old, new, name, given.rounds)
            for name in given.problems.split(",")
        ]
    print(comparison_table(found))
    if any(one.slower for one in found):
        sys.exit("head is slower than the base by more than 15 % and 0.05 s")


if __name__ == "__main__":
    main()
