"""How often tests of predictive accuracy reject at 5 % when forecasts are equally good.

    python benchmarks/size_of_accuracy_tests.py
    python benchmarks/size_of_accuracy_tests.py --draws 1000 --tables panel

Errors of horizon h are moving averages of h shocks, as those of perfect forecasts of a
random walk. Seeds are fixed. Tables: `pair` (Diebold-Mariano of two forecasts), `panel`,
`others` (conditional, nested, encompassing) and `many` (one benchmark or set of models).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from scipy.special import stdtr

from forecast import scores

SEED = 20261126
LEVEL = 0.05


# --- worlds in which both forecasts are equally good ---------------------------------


def overlapping(rng: np.random.Generator, shape: tuple[int, ...], horizon: int, df=0):
    """Sums of `horizon` shocks along the last axis: normal, or Student with `df`."""
    long = (*shape[:-1], shape[-1] + horizon - 1)
    shocks = rng.standard_t(df, long) if df else rng.standard_normal(long)
    return sum(
        shocks[..., k : k + shape[-1]] for k in range(horizon)
    )  # the shocks since the origin


def two_errors(rng: np.random.Generator, shape: tuple[int, ...], horizon: int, df=0):
    """Errors of two forecasts that share half of their variance."""
    shared, a, b = (overlapping(rng, shape, horizon, df) for _ in range(3))
    return shared + a, shared + b


def squared(rng, n, horizon):
    a, b = two_errors(rng, (n,), horizon)
    return a**2 - b**2


def absolute(rng, n, horizon):
    a, b = two_errors(rng, (n,), horizon)
    return np.abs(a) - np.abs(b)


def heavy_tails(rng, n, horizon):
    a, b = two_errors(rng, (n,), horizon, df=5)
    return a**2 - b**2


def full_overlap(rng, n, horizon):
    """Differences as dependent as errors can be: more than losses ever are."""
    return overlapping(rng, (n,), horizon)


PAIRS = {
    "squared": squared,
    "absolute": absolute,
    "heavy tails": heavy_tails,
    "full overlap": full_overlap,
}


def panel(rng, units, origins, horizon, common=0.0, lasting=0.0):
    """Differences of squared errors of shape (units, origins).

    A share `common` of the variance of errors comes from shocks that all units have, with
    loadings of their own; `lasting` is the standard deviation of what distinguishes units
    for good, over that of the differences.
    """
    loads = 1 + 0.3 * rng.standard_normal((units, 1))
    own = two_errors(rng, (units, origins), horizon)
    all_ = two_errors(rng, (1, origins), horizon)
    a, b = (
        np.sqrt(common) * loads * c + np.sqrt(1 - common) * o
        for c, o in zip(all_, own, strict=True)
    )
    d = a**2 - b**2
    return d + lasting * d.std() * rng.standard_normal((units, 1))


PANELS = {
    "no common shocks": {},
    "common shocks": {"common": 0.3},
    "strong common shocks": {"common": 0.8},
    "units differ": {"common": 0.3, "lasting": 0.3},
    "units differ much": {"common": 0.3, "lasting": 1.0},
}


def useless_regressor(rng, n, horizon, window=40):
    """A zero forecast and a regression on what is useless; errors and forecasts."""
    total = window + n + horizon
    x, y = rng.standard_normal(total), overlapping(rng, (total,), horizon)
    start = window + np.arange(n)  # origins: x[o] foretells y[o], known at o + horizon
    cross, square = np.cumsum(x * y), np.cumsum(x * x)
    fitted = cross[start - horizon] / square[start - horizon] * x[start]
    return y[start], y[start] - fitted, np.zeros(n), fitted


def encompassed(rng, n, horizon):
    """The second forecast is the first with noise."""
    a = overlapping(rng, (n,), horizon)
    return a, a + overlapping(rng, (n,), horizon)


# --- rejections ----------------------------------------------------------------------


def rejections(
    draws: int,
    world: Callable[[np.random.Generator], Any],
    tests: dict[str, Callable[[Any], float]],
    *key: int,
) -> dict[str, float]:
    """Per cent of draws in which each test gives p <= 5 %; the same worlds for all."""
    found = dict.fromkeys(tests, 0)
    for number in range(draws):
        drawn = world(np.random.default_rng([SEED, *key, number]))
        for name, p_value in tests.items():
            found[name] += p_value(drawn) <= LEVEL
    return {name: 100 * count / draws for name, count in found.items()}


def pair_sizes(
    draws: int,
    design: str,
    n: int,
    horizon: int,
    variances: Iterable[str] = ("cosines", "periodogram", "Bartlett", "rectangular"),
) -> dict[str, float]:
    """Sizes of the Diebold-Mariano test by its variance."""

    def test(variance: str) -> Callable[[np.ndarray], float]:
        return lambda d: scores.diebold_mariano(d, horizon, variance=variance).p_value

    return rejections(
        draws,
        lambda rng: PAIRS[design](rng, n, horizon),
        {variance: test(variance) for variance in variances},
        *(1, list(PAIRS).index(design), n, horizon),
    )


def panel_sizes(
    draws: int, design: str, units: int, origins: int, horizon: int
) -> dict[str, float]:
    """Sizes of the panel test, and of the t test that takes cells as independent."""

    def test(dependence: str) -> Callable[[np.ndarray], float]:
        return lambda d: (
            scores.panel_diebold_mariano(d, horizon, dependence=dependence).p_value
        )

    def cells(d: np.ndarray) -> float:
        t = d.mean() / d.std(ddof=1) * np.sqrt(d.size)
        return 2 * float(stdtr(d.size - 1, -abs(t)))

    return rejections(
        draws,
        lambda rng: panel(rng, units, origins, horizon, **PANELS[design]),
        {"two-way": test("two-way"), "origins": test("origins"), "cells": cells},
        *(2, list(PANELS).index(design), units, origins, horizon),
    )


def other_sizes(draws: int, n: int, horizon: int) -> dict[str, float]:
    """Sizes of the conditional, the nested and the encompassing test."""

    def world(rng):
        return (
            squared(rng, n, horizon),
            useless_regressor(rng, n, horizon),
            encompassed(rng, n, horizon),
        )

    tests = {
        "Giacomini-White": lambda w: (
            scores.giacomini_white(w[0], horizon=horizon).p_value
        ),
        "Clark-West": lambda w: scores.clark_west(*w[1], horizon).p_value,
        "encompassing": lambda w: scores.forecast_encompassing(*w[2], horizon).p_value,
        "encompassing, rectangular": lambda w: (
            scores.forecast_encompassing(*w[2], horizon, variance="rectangular").p_value
        ),
    }
    return rejections(draws, world, tests, 3, n, horizon)


def many_sizes(draws: int, models: int, n: int, horizon: int) -> dict[str, float]:
    """False positives among equal models: one left out, one better than a benchmark."""

    def world(rng):
        shared = overlapping(rng, (n,), horizon)[:, np.newaxis]
        return (shared + overlapping(rng, (models, n), horizon).T) ** 2

    def confidence(losses):
        found = scores.model_confidence_set(
            losses, LEVEL, horizon=horizon, repetitions=300
        )
        return np.min(found.p_values)

    def ability(losses):
        return scores.superior_predictive_ability(
            losses[:, 0], losses[:, 1:], horizon=horizon, repetitions=300
        ).p_value

    tests = {"confidence set": confidence, "superior ability": ability}
    return rejections(draws, world, tests, 4, models, n, horizon)


# --- tables --------------------------------------------------------------------------


def pair_rows(draws: int) -> Iterator[tuple[tuple, dict[str, float]]]:
    for design in PAIRS:
        for horizon in (1, 4, 8):
            for n in (20, 40, 80):
                yield (design, horizon, n), pair_sizes(draws, design, n, horizon)


def panel_rows(draws: int) -> Iterator[tuple[tuple, dict[str, float]]]:
    for design in PANELS:
        for units in (20, 200):
            for origins in (6, 12):
                for horizon in (1, 2, 3):
                    yield (
                        (design, units, origins, horizon),
                        panel_sizes(draws // 2, design, units, origins, horizon),
                    )


def other_rows(draws: int) -> Iterator[tuple[tuple, dict[str, float]]]:
    for horizon in (1, 4, 8):
        for n in (20, 40, 80):
            yield (horizon, n), other_sizes(draws, n, horizon)


def many_rows(draws: int) -> Iterator[tuple[tuple, dict[str, float]]]:
    for models, n, horizon in (
        (3, 10, 1), (20, 10, 1), (100, 10, 1), (3, 40, 1), (100, 40, 1),
        (3, 40, 2), (20, 40, 2), (20, 80, 4), (100, 80, 4),
    ):  # fmt: skip
        yield (models, n, horizon), many_sizes(draws // 20, models, n, horizon)


TABLES = {
    "pair": (("losses", "h", "n"), pair_rows),
    "panel": (("differences", "units", "origins", "h"), panel_rows),
    "others": (("h", "n"), other_rows),
    "many": (("models", "n", "h"), many_rows),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    asked = parser.parse_args()
    for table in asked.tables:
        heads, rows = TABLES[table]
        began, first = time.time(), True
        for key, sizes in rows(asked.draws):
            if first:
                print("| " + " | ".join([*heads, *sizes]) + " |")
                print("|---" * len(heads) + "|--:" * len(sizes) + "|")
                first = False
            cells = [*map(str, key), *(f"{size:.1f}" for size in sizes.values())]
            print("| " + " | ".join(cells) + " |", flush=True)
        print(f"seed {SEED}, {time.time() - began:.0f} s\n")


if __name__ == "__main__":
    main()
