"""The whole comparison in one command; prints tables in Markdown.

    python -m benchmarks.compare --problems S,M,M-K20 --threads 1,2 --repeats 5
        --rival-python ~/rivals/bin/python --json comparison.json

From a DataFrame to clustered standard errors. Each library runs in a process of its own,
with the interpreter of ``--rival-python`` (or FORECAST_RIVALS_PYTHON) where the library is
there, else with this one. For what the columns mean see `benchmarks.duels`; for the
names of problems, `benchmarks.problems`. On a busy machine the figures are not to be kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.crew import Worker, WorkerError, find_libraries
from benchmarks.duels import Fit, Line, Plan, Task, fit_once, meet_rival, open_worker
from benchmarks.first_fit import FirstFit, first_fit_table, time_first_fits
from benchmarks.machine import describe_machine
from benchmarks.problems import parse_problem
from benchmarks.reference import load_reference, solve_reference
from benchmarks.rivals import LIBRARIES, Setting
from benchmarks.tables import comparison_table
from benchmarks.worker import write_frame

__all__ = ["compare_libraries"]


def tell(text: str) -> None:
    """Progress goes to the errors, so that the output is the tables alone."""
    print(text, file=sys.stderr, flush=True)


def compare_libraries(
    name: str, threads: Sequence[int], rivals: Sequence[str], plan: Plan
) -> list[Line]:
    """All lines of one problem, ours first for each number of threads."""
    problem = parse_problem(name)
    frame = problem.frame()
    reference = load_reference(problem, frame)
    if reference is None:
        tell(f"{name}: no stored reference for these data, solving it now")
        reference = solve_reference(problem, frame)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        write_frame(frame, data)
        del frame
        for count in threads:
            task = Task(problem, data, reference, count)
            lines += compare_task(task, rivals, plan)
    return lines


def compare_task(task: Task, rivals: Sequence[str], plan: Plan) -> list[Line]:
    name, threads = task.problem.name, task.threads
    lines: list[Line] = []
    fits: list[Fit] = []
    with ExitStack() as stack:
        ours: Worker | None = None
        try:
            ours, version = stack.enter_context(open_worker("ours", task, plan))
            first = fit_once(ours, task, Setting(""), plan.limit)
        except WorkerError as error:
            ours, version, first = None, "", None
            lines.append(Line(name, threads, "ours", note=str(error)))
        for rival in rivals:
            tell(f"{name}, {threads} thread(s): {rival}")
            found, between = meet_rival(rival, ours, task, plan)
            lines += found
            fits += between
        while ours and len(fits) < plan.repeats:
            fits.append(fit_once(ours, task, Setting(""), plan.limit))
    if first:
        own = Line(name, threads, "ours", version, "default", tuple(fits))
        lines.insert(0, replace(own, megabytes=first.megabytes))
    return lines


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    comma = {"type": lambda text: [part for part in text.split(",") if part]}
    parser.add_argument("--problems", default="S,M,M-K20", **comma)
    parser.add_argument("--threads", default="1", **comma)
    parser.add_argument("--libraries", default=",".join(LIBRARIES), **comma)
    parser.add_argument("--repeats", type=int, default=5, help="timed rounds")
    parser.add_argument(
        "--cold",
        action="store_true",
        help="time each fit right after the other library's, without one to warm up",
    )
    parser.add_argument("--limit", type=float, default=600, help="seconds for one fit")
    parser.add_argument(
        "--budget",
        type=float,
        default=60,
        help="seconds of a rival's fits after which no further round begins",
    )
    parser.add_argument(
        "--settings",
        default="default,equal",
        help="a rival's default tolerance, and the loosest that is exact to 1e-8",
        **comma,
    )
    parser.add_argument(
        "--rival-python",
        default=os.environ.get("FORECAST_RIVALS_PYTHON", sys.executable),
        help="interpreter that has the rivals",
    )
    parser.add_argument(
        "--first-fit",
        default="S",
        help="problem whose first fit in a new process is timed; empty for none",
    )
    parser.add_argument("--json", type=Path, help="file for every single run")
    return parser.parse_args()


def main() -> None:
    given = read_options()
    rivals = [library for library in given.libraries if library != "ours"]
    both = list(dict.fromkeys([given.rival_python, sys.executable]))
    pythons, missing = find_libraries(
        {"ours": [sys.executable], **dict.fromkeys(rivals, both)}
    )
    settings = tuple(given.settings)
    plan = Plan(
        repeats=given.repeats,
        limit=given.limit,
        budget=given.budget,
        pythons=pythons,
        missing=missing,
        settings=settings,
        warm=not given.cold,
    )
    machine = describe_machine()
    threads = [int(count) for count in given.threads]
    lines = [
        line
        for name in given.problems
        for line in compare_libraries(name, threads, rivals, plan)
    ]
    first: list[FirstFit] = []
    ours_ran = any(line.fits for line in lines if line.library == "ours")
    if given.first_fit and ours_ran:
        tell("first fit in a new process")
        first = [time_first_fits("ours", given.first_fit)]
    print("\n".join(f"{key}: {value}" for key, value in machine.items()), end="\n\n")
    print(comparison_table(lines))
    if first:
        print("\n" + first_fit_table(first))
    if given.json:
        record = {
            "machine": machine,
            "lines": [asdict(line) for line in lines],
            "first fits": [asdict(row) for row in first],
        }
        given.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
