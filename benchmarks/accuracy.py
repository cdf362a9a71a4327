"""How well we forecast the series of competitions, beside statsforecast, in one command.

    python -m benchmarks.accuracy --sets M1,Tourism --groups yearly,quarterly,monthly
        --models Auto,ETS,Theta --rivals AutoETS,AutoARIMA,DynamicOptimizedTheta
        --rival-python ~/rivals/bin/python --json accuracy.json

Prints one table for each group, in Markdown. All models of a group see the same training
parts on one thread and are scored alike (`benchmarks.accuracy_scores`). A model that
would take longer than ``--budget`` seconds for a group runs on every k-th series only,
about ``--sample`` of them, and a second table compares all models on those.

M3 is an examination and is taken once: ``--sets M3 --exam``. Nothing may be chosen with
its numbers in view. Seconds are CPU time, on which other work weighs less than on the
clock; on a busy machine they are not to be kept all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.accuracy_scores import naive2, score
from benchmarks.accuracy_tables import JUDGE, Line, Run, group_tables, lines_of
from benchmarks.accuracy_worker import read_answer
from benchmarks.competitions import (
    KINDS,
    Group,
    load_group,
    write_training,
)
from benchmarks.crew import TimeLimitError, Worker, WorkerError, find_libraries, hire
from benchmarks.forecasters import FORECASTERS
from benchmarks.machine import describe_machine

__all__ = ["Plan", "run_group"]

TRADE = "benchmarks.accuracy_worker"
TO_LOAD = 120  # seconds
PROBE = 8
"""Series of the fit that warms up, and of the one that tells how long all would take."""

PATIENCE = 10
"""Times its budget, on the clock, after which a model is stopped."""

WARNING = (
    "EXAMINATION: these series are run once, when all models and defaults are final.\n"
    "Nothing may be changed with these numbers in view."
)


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes
    ----------
    models : tuple of (str, str)
        Library and model.
    pythons, versions : dict of str to str
        The interpreter of each library that was found, and its version.
    budget : float
        Seconds for a model on a group.
    sample : int
        Series of the sample for slower ones.
    """

    models: tuple[tuple[str, str], ...]
    pythons: dict[str, str]
    versions: dict[str, str]
    budget: float
    sample: int


def tell(text: str) -> None:
    """Progress goes to the errors, so that the output is the tables alone."""
    print(text, file=sys.stderr, flush=True)


def run_group(group: Group, plan: Plan) -> list[Line]:
    """All lines of one group: on all series, then on the sample of slower models."""
    everything = tuple(range(len(group)))
    yardstick = score(group, naive2(group.training))
    runs = [Run(JUDGE, "Naive2", everything, yardstick)]
    with ExitStack() as stack:
        workers: dict[str, tuple[Worker, Path]] = {}

        def run(library: str, model: str, sampled: bool) -> Run:
            if library not in workers:
                opened = open_worker(library, group, plan)
                workers[library] = stack.enter_context(opened)
            return run_model(*workers[library], model, group, plan, sampled)

        for library, model in plan.models:
            tell(f"{group.name}: {model} of {library}")
            found = Run()
            for sampled in (False, True):
                try:
                    found = run(library, model, sampled)
                except WorkerError as error:
                    workers.pop(library, None)
                    found = Run(note=str(error))
                    if isinstance(error, TimeLimitError):
                        continue  # perhaps the sample is not too much
                break
            version = plan.versions.get(library, "")
            runs.append(replace(found, library=library, model=model, version=version))
    return lines_of(group, runs)


@contextmanager
def open_worker(
    library: str, group: Group, plan: Plan
) -> Iterator[tuple[Worker, Path]]:
    """A worker that has the training parts, and the file for its answers."""
    if library not in plan.pythons:
        raise WorkerError("not installed")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "training.npz"
        write_training(group.training, data)
        python = plan.pythons[library]
        with hire(library, 1, python=python, trade=TRADE) as worker:
            check(worker.ask(TO_LOAD, "load", path=str(data)))
            yield worker, Path(folder) / "answer.npz"


def run_model(
    worker: Worker,
    file: Path,
    model: str,
    group: Group,
    plan: Plan,
    sampled: bool = False,
) -> Run:
    """One model: warmed up and timed on a few series, then on all or on the sample."""
    limit = PATIENCE * plan.budget

    def timed(rows: Sequence[int], intervals: bool, path: str = "") -> float:
        reply = worker.ask(
            limit,
            "forecast",
            model=model,
            rows=list(rows),
            intervals=intervals,
            path=path,
        )
        return float(check(reply)["seconds"])

    probe = group.sample(PROBE)
    timed(probe, True)
    expected = timed(probe, True) / len(probe) * len(group)
    slow = sampled or expected > plan.budget
    rows = group.sample(plan.sample if slow else 0)
    with_intervals = timed(rows, True, str(file))
    scores = score(group.take(rows), read_answer(str(file)))
    file.unlink()
    point = timed(rows, False) if with_intervals < plan.budget else None
    return Run(
        rows=rows, scores=scores, point_seconds=point, interval_seconds=with_intervals
    )


def check(reply: dict) -> dict:
    """The reply, if it is none of the words for trouble."""
    for trouble in ("missing", "refused", "failed"):
        if trouble in reply:
            raise WorkerError(f"{trouble}: {reply[trouble]}")
    return reply


def parts_of(text: str) -> list[str]:
    """Parts between commas that stand outside of brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--sets", default="M1,Tourism", type=parts_of)
    parser.add_argument("--groups", default=",".join(KINDS), type=parts_of)
    parser.add_argument("--models", default="Auto,ETS,Theta", type=parts_of)
    parser.add_argument(
        "--rivals",
        default="AutoETS,AutoARIMA,AutoCES,Theta,OptimizedTheta,DynamicOptimizedTheta,"
        "AutoTheta,SeasonalNaive,Naive,RandomWalkWithDrift",
        type=parts_of,
        help="models of statsforecast",
    )
    parser.add_argument(
        "--rival-python",
        default=os.environ.get("FORECAST_RIVALS_PYTHON", sys.executable),
        help="interpreter that has statsforecast",
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=300,
        help="seconds for a model on a group, beyond which it runs on a sample",
    )
    parser.add_argument("--sample", type=int, default=60, help="series of the sample")
    parser.add_argument(
        "--at-most", type=int, default=0, help="series of a group, to try things out"
    )
    parser.add_argument("--exam", action="store_true", help="allow M3, once")
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def make_plan(given: argparse.Namespace) -> Plan:
    named = {"ours": given.models, "statsforecast": given.rivals}
    asked = {
        library: list(dict.fromkeys([python, sys.executable]))
        for library, python in zip(
            FORECASTERS, (sys.executable, given.rival_python), strict=True
        )
        if named[library]
    }
    pythons, missing = find_libraries(asked, TRADE)
    for library, why in missing.items():
        tell(f"{library} is not installed: {why}")
    versions = {}
    for library, python in pythons.items():
        with hire(library, 1, python=python, trade=TRADE) as worker:
            versions[library] = worker.ask(TO_LOAD, "meet")["version"]
    models = tuple((library, model) for library in asked for model in named[library])
    return Plan(models, pythons, versions, given.budget, given.sample)


def main() -> None:
    given = read_options()
    if given.exam:
        tell(WARNING)
    groups = [
        load_group(one, kind, exam=given.exam)
        for one in given.sets
        for kind in given.groups
    ]
    machine = describe_machine()
    plan = make_plan(given)
    print("\n".join(f"{key}: {value}" for key, value in machine.items()))
    lines: list[Line] = []
    for group in groups:
        found = run_group(group.take(group.sample(given.at_most)), plan)
        print("\n" + group_tables(found), flush=True)
        lines += found
        if given.json:
            record = {
                "machine": machine,
                "versions": plan.versions,
                "budget": plan.budget,
                "lines": [asdict(line) for line in lines],
            }
            given.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
