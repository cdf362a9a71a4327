"""A process that holds one library and one problem, and fits when it is told to.

    python -P -m benchmarks.worker fereg 2        library, threads

One JSON object a line comes in and one goes out: ``meet`` asks for the version, ``load``
for a problem whose data lie in a file, ``rehearse`` for fits of a small problem of the
same shape (what compiles, compiles now), ``fit`` for an answer with seconds and memory, of a
second fit in a row if it is to be ``warm``.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from benchmarks.memory import extra_megabytes, set_mark
from benchmarks.problems import parse_problem
from benchmarks.rivals import RefusedError, Rival, Setting, load_rival

__all__ = ["Reply", "read_frame", "serve", "write_frame"]

Reply = dict[str, Any]


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Columns as arrays without pickles, which every NumPy reads."""
    columns = {
        str(name): column.to_numpy() if column.dtype.kind in "iuf" else texts(column)
        for name, column in frame.items()
    }
    np.savez(path, **columns)


def texts(column: pd.Series) -> np.ndarray:
    return np.asarray(column, dtype=np.str_)


def read_frame(path: str | Path) -> pd.DataFrame:
    with np.load(path) as columns:
        return pd.DataFrame({name: columns[name] for name in columns.files})


class Bench:
    """The library at work and what is prepared for it."""

    def __init__(self, library: str, threads: int) -> None:
        self.library = library
        self.threads = threads
        self.rival: Rival = load_rival(library)
        self.prepared: Any = None

    def meet(self) -> Reply:
        return {"version": self.rival.version()}

    def load(self, problem: str, path: str) -> Reply:
        frame = read_frame(path)
        self.prepared = self.rival.prepare(parse_problem(problem), frame, self.threads)
        return {"rows": len(frame)}

    def rehearse(self, problem: str, options: dict[str, Any]) -> Reply:
        small = parse_problem(problem).rehearsal
        prepared = self.rival.prepare(small, small.frame(), self.threads)
        for _ in range(2):
            self.rival.estimate(prepared, Setting("rehearsal", options))
        return {}

    def fit(self, options: dict[str, Any], warm: bool = False) -> Reply:
        gc.collect()
        if warm:
            self.rival.estimate(self.prepared, Setting("", options))
        process = getattr(self.prepared, "process_id", os.getpid())
        mark = set_mark(process)
        begun = time.perf_counter()
        answer = self.rival.estimate(self.prepared, Setting("", options))
        seconds = time.perf_counter() - begun
        extra = extra_megabytes(process, mark)
        found = asdict(answer)
        return {**found, "seconds": found["seconds"] or seconds, "megabytes": extra}


def reply_to(bench: Any, command: Reply) -> Reply:
    """What the library says, or why it does not."""
    action: Callable[..., Reply] = getattr(bench, command.pop("do"))
    try:
        return action(**command)
    except ImportError as error:
        return {"missing": str(error)}
    except RefusedError as error:
        return {"refused": str(error)}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}


@contextlib.contextmanager
def private_output() -> Iterator[TextIO]:
    """Standard output for replies alone: whatever a library prints goes to the errors."""
    sys.stdout.flush()
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with kept:
        yield kept


def pin(threads: int) -> None:
    """Keep the process on as many processors as it may use threads."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:threads])


def serve(build: Callable[[str, int], Any]) -> None:
    """Do what standard input says, with the bench of this library and number of threads."""
    library, threads = sys.argv[1], int(sys.argv[2])
    warnings.simplefilter("ignore")
    pin(threads)
    with private_output() as replies:
        bench = build(library, threads)
        for line in sys.stdin:
            reply = reply_to(bench, json.loads(line))
            replies.write(json.dumps(reply) + "\n")
            replies.flush()


if __name__ == "__main__":
    serve(Bench)
