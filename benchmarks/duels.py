"""Ours against one rival on one problem: in turn, with equal accuracy, in the same minutes.

Whatever slows the machine for a while slows both, so ratios within a round are compared
and their median is told. Every fit is judged against the reference of the problem.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.crew import TimeLimitError, Worker, WorkerError, hire
from benchmarks.problems import Problem
from benchmarks.reference import Reference
from benchmarks.rivals import Setting, load_rival

__all__ = ["EQUAL", "Fit", "Line", "Plan", "Task", "duel", "meet_rival", "open_worker"]

EQUAL = 1e-8  # a coefficient error up to this counts as the same answer


@dataclass(frozen=True)
class Plan:
    """How much to run.

    Attributes
    ----------
    repeats : int
        Timed rounds.
    limit : float
        Seconds after which a fit is given up.
    budget : float
        Seconds of a rival's fits after which no further round begins.
    pythons : mapping of str to str
        The interpreter of each library that was found.
    missing : mapping of str to str
        Why the others were not.
    settings : tuple of {"default", "equal"}
    warm : bool
        Let each library fit once untimed before each timed fit, so that both find their
        data in memory. Else the quicker one, which waits for the slower, finds them gone.
    """

    repeats: int
    limit: float
    budget: float
    pythons: Mapping[str, str]
    missing: Mapping[str, str]
    settings: tuple[str, ...] = ("default", "equal")
    warm: bool = False


@dataclass(frozen=True)
class Task:
    """A problem with its data in a file and the answer known."""

    problem: Problem
    data: Path
    reference: Reference
    threads: int


@dataclass(frozen=True)
class Fit:
    """One fit: how long, how far off, how much memory on top.

    Attributes
    ----------
    seconds : float
    coefficient_error : float
        Largest distance of a coefficient from the reference.
    relative_se_error : float
        Largest distance of a standard error from the reference, relative to it.
    megabytes : float or None
    """

    seconds: float
    coefficient_error: float
    relative_se_error: float
    megabytes: float | None


@dataclass(frozen=True)
class Line:
    """One row of the table; where there is a note there are no fits.

    Attributes
    ----------
    ratios : tuple of float
        Seconds of this library over ours, round by round.
    megabytes : float or None
        At the peak of the first fit of the problem in a new process, less what the
        process held before; the library is warm from a small problem.
    """

    problem: str
    threads: int
    library: str
    version: str = ""
    setting: str = ""
    fits: tuple[Fit, ...] = ()
    ratios: tuple[float, ...] = ()
    megabytes: float | None = None
    note: str = ""

    @property
    def seconds(self) -> float:
        return median(fit.seconds for fit in self.fits)

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios else None

    @property
    def coefficient_error(self) -> float:
        return max(fit.coefficient_error for fit in self.fits)

    @property
    def relative_se_error(self) -> float:
        return max(fit.relative_se_error for fit in self.fits)


def judge(reply: Mapping[str, Any], reference: Reference) -> Fit:
    """Distance of a worker's answer from the reference.

    Raises
    ------
    WorkerError
        If the reply is no answer, or not about all terms.
    """
    for trouble in ("missing", "refused", "failed"):
        if trouble in reply:
            raise WorkerError(reply[trouble])
    found, errors = reply["coefficients"], reply["errors"]
    absent = sorted(set(reference.coefficients) - set(found))
    if absent:
        raise WorkerError(f"dropped {', '.join(absent)}")
    right = reference.coefficients
    return Fit(
        reply["seconds"],
        max(abs(found[term] - right[term]) for term in right),
        max(abs(errors[term] / reference.errors[term] - 1) for term in right),
        reply["megabytes"],
    )


def fit_once(
    worker: Worker, task: Task, setting: Setting, limit: float, *, warm: bool = False
) -> Fit:
    reply = worker.ask(limit, "fit", options=dict(setting.options), warm=warm)
    return judge(reply, task.reference)


@contextlib.contextmanager
def open_worker(library: str, task: Task, plan: Plan) -> Iterator[tuple[Worker, str]]:
    """A worker that has met, loaded and rehearsed, and the library's version.

    Raises
    ------
    WorkerError
        If the library is not installed or cannot do the problem.
    """
    if library not in plan.pythons:
        raise WorkerError(f"not installed ({plan.missing[library]})")
    options = dict(load_rival(library).DEFAULT.options)
    name = task.problem.name
    with hire(library, task.threads, python=plan.pythons[library]) as worker:
        version = worker.ask(plan.limit, "meet")["version"]
        steps = (
            ("load", {"problem": name, "path": str(task.data)}),
            ("rehearse", {"problem": name, "options": options}),
        )
        for do, details in steps:
            reply = worker.ask(plan.limit, do, **details)
            if trouble := reply.get("refused") or reply.get("failed"):
                raise WorkerError(trouble)
        yield worker, version


def duel(
    ours: Worker | None, rival: Worker, task: Task, setting: Setting, plan: Plan
) -> tuple[list[Fit], list[Fit], Fit]:
    """Timed fits of ours and of the rival in turn, and the rival's first one.

    The first fit warms up; where it alone uses up the budget it is the only one.
    """

    def ours_once() -> list[Fit]:
        try:
            if ours is None:
                return []
            return [fit_once(ours, task, Setting(""), plan.limit, warm=plan.warm)]
        except WorkerError as error:
            raise WorkerError(f"ours: {error}") from error

    first = fit_once(rival, task, setting, plan.limit)
    if first.seconds > plan.budget:
        return ours_once(), [first], first
    our_fits: list[Fit] = []
    fits: list[Fit] = []
    while len(fits) < plan.repeats and sum(f.seconds for f in fits) <= plan.budget:
        our_fits += ours_once()
        fits.append(fit_once(rival, task, setting, plan.limit, warm=plan.warm))
    return our_fits, fits, first


def exact_setting(library: str, task: Task, plan: Plan) -> Setting:
    """Of the loosest settings on each ladder that are exact, the fastest.

    Raises
    ------
    WorkerError
        If none comes within `EQUAL` of the reference in time.
    """
    exact: list[tuple[float, Setting]] = []
    closest, troubles = float("inf"), []
    for ladder in load_rival(library).LADDERS:
        try:
            with open_worker(library, task, plan) as (worker, _):
                for setting in ladder:
                    fit = fit_once(worker, task, setting, plan.limit)
                    closest = min(closest, fit.coefficient_error)
                    if fit.coefficient_error <= EQUAL:
                        exact.append((fit.seconds, setting))
                        break
        except WorkerError as error:
            troubles.append(str(error))
    if exact:
        return min(exact, key=lambda found: found[0])[1]
    reached = f"at best {closest:.0e} off" if closest < float("inf") else ""
    raise WorkerError("; ".join(filter(None, [reached, *dict.fromkeys(troubles)])))


def meet_rival(
    library: str, ours: Worker | None, task: Task, plan: Plan
) -> tuple[list[Line], list[Fit]]:
    """The rival's lines of the table, and our fits that were made between its own."""
    name, threads = task.problem.name, task.threads
    default = load_rival(library).DEFAULT
    lines: list[Line] = []
    our_fits: list[Fit] = []
    done: set[str] = set()
    for kind in plan.settings:
        label = f"{kind} setting"
        try:
            setting = (
                default if kind == "default" else exact_setting(library, task, plan)
            )
            if setting.label in done:
                continue
            label = setting.label
            done.add(label)
            with open_worker(library, task, plan) as (worker, version):
                between, fits, first = duel(ours, worker, task, setting, plan)
        except WorkerError as error:
            note = str(error)
            lines.append(Line(name, threads, library, setting=label, note=note))
            if not isinstance(error, TimeLimitError) and kind == "default":
                break  # not there, or not for this problem: no setting will help
            continue
        our_fits += between
        ratios = tuple(
            fit.seconds / our.seconds
            for our, fit in zip(between, fits, strict=bool(between))
        )
        lines.append(
            Line(
                name,
                threads,
                library,
                version,
                label,
                tuple(fits),
                ratios,
                first.megabytes,
            )
        )
    return lines, our_fits
