"""A process that holds one library and one group of series, and forecasts when told to.

    python -P -m benchmarks.accuracy_worker statsforecast 1     library, threads

The protocol is that of `benchmarks.worker`. Only training parts come in.
"""

from __future__ import annotations

import gc
import time
from typing import Any

import numpy as np

from benchmarks.competitions import Training, read_training
from benchmarks.forecasters import Answer, load_forecaster
from benchmarks.worker import Reply, serve

__all__ = ["read_answer"]


class Bench:
    """The library at work and the series it was given."""

    def __init__(self, library: str, threads: int) -> None:
        del threads  # said by variables of the environment
        self.library = load_forecaster(library)
        self.training: Training | None = None
        self.prepared: dict[tuple[int, ...], Any] = {}

    def meet(self) -> Reply:
        return {"version": self.library.version()}

    def load(self, path: str) -> Reply:
        self.training = read_training(path)
        self.prepared = {}
        return {"series": len(self.training.series)}

    def forecast(
        self, model: str, rows: list[int], intervals: bool, path: str
    ) -> Reply:
        """CPU seconds from the prepared series to the answer, which goes into a file."""
        key = tuple(rows)
        if key not in self.prepared:
            self.prepared[key] = self.library.prepare(self.training.take(key))
        gc.collect()
        begun = time.process_time()
        answer = self.library.forecast(self.prepared[key], model, intervals)
        seconds = time.process_time() - begun
        if path:
            write_answer(answer, path)
        return {"seconds": seconds}


def write_answer(answer: Answer, path: str) -> None:
    held = {name: value for name, value in vars(answer).items() if value is not None}
    np.savez(path, **held)


def read_answer(path: str) -> Answer:
    with np.load(path) as held:
        return Answer(**{name: held[name] for name in held.files})


if __name__ == "__main__":
    serve(Bench)
