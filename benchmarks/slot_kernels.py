"""What one fit in slots is made of: nanoseconds a cell of each kind of pass, and how many.

python benchmarks/slot_kernels.py L 1          problem, threads
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import forecast as fc
from benchmarks.problems import parse_problem
from forecast.gravity.engine.slotted_system import SlottedSystem
from forecast.kernels.threads import limit_threads

ROUNDS = 9
PASSES = ("evaluate", "product", "moments", "conditioner", "start")


def shortest(call: Callable[[], Any]) -> float:
    """Seconds of the quickest of some calls."""
    call()
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def count_passes(model: fc.Gravity, frame: Any) -> tuple[fc.GravityFit, Counter[str]]:
    """Fit, and count the calls of each kind of pass."""
    counts: Counter[str] = Counter()
    own = {name: getattr(SlottedSystem, name) for name in PASSES}

    def counted(name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            counts[name] += 1
            return own[name](*args, **options)

        return call

    try:
        for name in PASSES:
            setattr(SlottedSystem, name, counted(name))
        fit = model.fit(frame)
    finally:
        for name, method in own.items():
            setattr(SlottedSystem, name, method)
    return fit, counts


def main() -> None:
    problem = parse_problem(sys.argv[1])
    frame = problem.frame()
    fit, counts = count_passes(fc.Gravity(problem.formula), frame)
    system, best = fit.estimate.view.system, fit.estimate.view.best
    mu = system.evaluate(best.beta, best.theta, exact=False).mu
    theta = best.curvature.Theta.astype(np.float32)
    every = np.arange(system.n_columns)
    with limit_threads(int(sys.argv[2])):
        seconds = {
            "evaluate": shortest(
                lambda: system.evaluate(best.beta, best.theta, exact=False)
            ),
            f"product, {every.size} columns": shortest(
                lambda: system.product(mu, theta, every)
            ),
            "product, 1 column": shortest(
                lambda: system.product(mu, theta[:, :1].copy(), every[:1])
            ),
            "moments": shortest(lambda: system.moments(mu)),
            "conditioner": shortest(lambda: system.conditioner(mu)),
            "start": shortest(system.start),
        }
    print(f"{problem.name}: {system.y.size:,} cells; calls in a fit: {dict(counts)}")
    for name, value in seconds.items():
        print(
            f"{name}: {1e3 * value:.2f} ms, {1e9 * value / system.y.size:.2f} ns a cell"
        )
    line = np.ones(40_000_000)
    print(
        f"reading memory, one thread: {line.nbytes / shortest(line.sum) / 1e9:.0f} GB/s"
    )


if __name__ == "__main__":
    main()
