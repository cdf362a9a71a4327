"""Workers from outside: started with their own interpreter, asked in turn, stopped in time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "ROOT",
    "TimeLimitError",
    "Worker",
    "WorkerError",
    "find_libraries",
    "hire",
    "thread_settings",
]

ROOT = Path(__file__).resolve().parents[1]
THREAD_VARIABLES = (
    "FORECAST_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
TO_IMPORT = 120  # seconds


class WorkerError(Exception):
    """A worker ended, or said that it cannot."""


class TimeLimitError(WorkerError):
    """A worker took longer than it was allowed and was stopped."""


def thread_settings(threads: int) -> dict[str, str]:
    """What keeps every library here to `threads` threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


class Worker:
    """One library in one process; `hire` starts and stops it."""

    def __init__(self, process: subprocess.Popen[str], complaints: Any) -> None:
        self._process = process
        self._complaints = complaints
        self._replies: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._replies.put(line)
        self._replies.put("")

    def ask(self, limit: float, do: str, **details: Any) -> dict[str, Any]:
        """The reply to one command.

        Raises
        ------
        TimeLimitError
            After `limit` seconds; the worker is stopped.
        WorkerError
            If the worker ended.
        """
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
        try:
            line = self._replies.get(timeout=limit)
        except queue.Empty:
            self.stop(patience=0)
            raise TimeLimitError(f"> {limit:g} s") from None
        if not line:
            code = self._process.wait()
            raise WorkerError(f"ended with code {code}: {self._last_words()}")
        return json.loads(line)

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().strip().splitlines()
        return lines[-1] if lines else "no message"

    def stop(self, patience: float = 5) -> None:
        """End the process and what it started; after `patience` seconds by force."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):  # the R that a worker started as well
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
        self._listener.join(patience or 5)
        self._process.stdout.close()


@contextlib.contextmanager
def hire(
    library: str,
    threads: int,
    *,
    python: str = sys.executable,
    search: tuple[Path, ...] = (ROOT,),
    trade: str = "benchmarks.worker",
) -> Iterator[Worker]:
    """A worker of a trade (the module it runs), who looks in `search` before all else."""
    environment = {
        **os.environ,
        **thread_settings(threads),
        "PYTHONPATH": os.pathsep.join(map(str, search)),
        "PYTHONHASHSEED": "0",
    }
    command = [python, "-P", "-m", trade, library, str(threads)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env=environment,
            start_new_session=True,
        )
        worker = Worker(process, complaints)
        try:
            yield worker
        finally:
            worker.stop()


def find_libraries(
    pythons: Mapping[str, Sequence[str]], trade: str = "benchmarks.worker"
) -> tuple[dict[str, str], dict[str, str]]:
    """Of each library's interpreters the first that has it; and why none has the others."""
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for library, candidates in pythons.items():
        for python in candidates:
            with hire(library, 1, python=python, trade=trade) as worker:
                reply = worker.ask(TO_IMPORT, "meet")
            if "version" in reply:
                found[library] = python
                break
            missing[library] = reply.get("missing") or reply["failed"]
    return found, {name: why for name, why in missing.items() if name not in found}
