"""Coverage of 95 % intervals for a slope of three-way PPML, on trade with known truth.

    python benchmarks/coverage_three_way.py
    python benchmarks/coverage_three_way.py --draws 200 --regions 15 --designs log-normal

Each draw is a panel of international flows over five periods, fitted with exporter-year,
importer-year and pair effects through the public `Gravity`. Four intervals are compared:
clustered standard errors as usual; the standard errors of Weidner and Zylkin (2021)
around the slope as estimated; the same around the corrected slope; and the recommended.
The last two designs are harder than the theory allows for. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.errors import ForecastError
from forecast.gravity.inference.clusters import Clustered
from forecast.gravity.inference.corrected import BiasCorrected
from forecast.gravity.model import Gravity

PERIODS = 5
SEED = 20261125
FORMULA = "trade ~ x | exporter^year + importer^year + exporter^importer"


@dataclass(frozen=True)
class World:
    """Flows and regressor as cubes (regions, regions, periods), and the true slope."""

    trade: np.ndarray
    x: np.ndarray
    slope: float

    def frame(self) -> pd.DataFrame:
        """International flows as a table."""
        regions = self.x.shape[0]
        abroad = ~np.eye(regions, dtype=bool)[:, :, None]
        cells = np.nonzero(np.broadcast_to(abroad, self.x.shape))
        names = ("exporter", "importer", "year")
        table = dict(zip(names, cells, strict=True))
        return pd.DataFrame(table | {"trade": self.trade[cells], "x": self.x[cells]})


def effects(random: np.random.Generator, regions: int, spread: float = 0.0):
    """Effects of origin-period, destination-period and pair; log sizes have `spread`."""
    shape = (regions, regions, PERIODS)
    a = random.normal(0, 0.25, (regions, 1, PERIODS))
    b = random.normal(0, 0.25, (1, regions, PERIODS))
    pair = random.normal(0, 0.25, (regions, regions, 1))
    a = a + random.normal(0, spread, (regions, 1, 1))
    b = b + random.normal(0, spread, (1, regions, 1))
    return tuple(np.broadcast_to(part, shape) for part in (a, b, pair))


def persistent(random: np.random.Generator, parts) -> np.ndarray:
    """A regressor that half persists and correlates with every effect."""
    a, b, pair = parts
    x = np.empty(a.shape)
    before = pair[:, :, 0] + random.normal(0, 0.5, a.shape[:2])
    for t in range(PERIODS):
        own = random.normal(0, 0.5, a.shape[:2])
        before = before / 2 + a[:, :, t] + b[:, :, t] + own
        x[:, :, t] = before
    return x


def agreement(random: np.random.Generator, parts) -> np.ndarray:
    """1 from the period on in which a pair agrees, in both directions, if ever."""
    pair = parts[2][:, :, 0]
    ever = random.random(pair.shape) < 1 / (1 + np.exp(0.2 - 2 * pair))
    start = random.integers(0, PERIODS + 1, pair.shape)
    ever, start = (np.triu(half, 1) + np.triu(half, 1).T for half in (ever, start))
    return (ever[:, :, None] & (np.arange(PERIODS) >= start[:, :, None])) * 1.0


def multipliers(random: np.random.Generator, variance: np.ndarray, memory: float):
    """Log-normal with mean 1, a `variance` for each cell, and AR(1) in the log."""
    z = random.normal(size=variance.shape)
    for t in range(1, PERIODS):
        fresh = np.sqrt(1 - memory**2) * z[:, :, t]
        z[:, :, t] = memory * z[:, :, t - 1] + fresh
    log_variance = np.log1p(variance)
    return np.exp(np.sqrt(log_variance) * z - log_variance / 2)


def log_normal(random: np.random.Generator, regions: int) -> World:
    """Variance 1, correlation .3 from one period to the next."""
    parts = effects(random, regions)
    x = persistent(random, parts)
    mean = np.exp(x + sum(parts))
    return World(mean * multipliers(random, np.ones(x.shape), 0.3), x, 1.0)


def gamma_poisson(random: np.random.Generator, regions: int) -> World:
    """Counts with exponential intensities; half of them are zero."""
    parts = effects(random, regions)
    x = persistent(random, parts)
    mean = np.exp(x + sum(parts))
    counts = random.poisson(mean * random.gamma(1, 1, x.shape))
    return World(counts.astype(float), x, 1.0)


def heteroskedastic(random: np.random.Generator, regions: int) -> World:
    """Variance 2 where x is above its median, .25 below."""
    parts = effects(random, regions)
    x = persistent(random, parts)
    variance = np.where(x > np.median(x), 2.0, 0.25)
    mean = np.exp(x + sum(parts))
    return World(mean * multipliers(random, variance, 0.3), x, 1.0)


def clustered_in_time(random: np.random.Generator, regions: int) -> World:
    """Agreements that last, and errors that nearly do: correlation .9."""
    parts = effects(random, regions)
    x = agreement(random, parts)
    mean = np.exp(0.5 * x + sum(parts))
    return World(mean * multipliers(random, np.ones(x.shape), 0.9), x, 0.5)


def unequal(random: np.random.Generator, regions: int) -> World:
    """As log-normal, but log sizes of regions have standard deviation 1."""
    parts = effects(random, regions, spread=1.0)
    x = persistent(random, parts)
    mean = np.exp(x + sum(parts))
    return World(mean * multipliers(random, np.ones(x.shape), 0.3), x, 1.0)


def exploding(random: np.random.Generator, regions: int) -> World:
    """Variance of trade (mean + mean^2 exp(x)) / 2: the largest flows are the wildest."""
    parts = effects(random, regions)
    x = persistent(random, parts)
    mean = np.exp(x + sum(parts))
    variance = 0.5 / mean + 0.5 * np.exp(x)
    return World(mean * multipliers(random, variance, 0.3), x, 1.0)


DESIGNS: dict[str, Callable[[np.random.Generator, int], World]] = {
    "log-normal": log_normal,
    "gamma-Poisson": gamma_poisson,
    "heteroskedastic": heteroskedastic,
    "clustered in time": clustered_in_time,
    "unequal regions": unequal,
    "exploding variance": exploding,
}

INTERVALS = ("usual", "published s.e.", "published", "recommended")


def draw(design: str, regions: int, number: int, seed: int = SEED) -> World:
    """World `number` of a design."""
    place = list(DESIGNS).index(design)
    return DESIGNS[design](
        np.random.default_rng([seed, place, regions, number]), regions
    )


def errors_of(world: World) -> dict[str, float]:
    """Distance of the slope from the truth over its standard error, for each interval.

    Also ``error`` and ``corrected``, the distances themselves, and ``zeros``.
    """
    fit = Gravity(FORMULA, vcov=Clustered("pair")).fit(world.frame())
    published = fit.with_vcov(BiasCorrected("published", period="year"))
    recommended = fit.with_vcov(BiasCorrected("recommended", period="year"))
    error = fit.params.iloc[0] - world.slope
    corrected = published.params.iloc[0] - world.slope
    return {
        "usual": error / fit.bse.iloc[0],
        "published s.e.": error / published.bse.iloc[0],
        "published": corrected / published.bse.iloc[0],
        "recommended": corrected / recommended.bse.iloc[0],
        "error": error,
        "corrected": corrected,
        "zeros": float((world.frame()["trade"] == 0).mean()),
    }


def simulate(design: str, regions: int, draws: int, seed: int = SEED) -> pd.DataFrame:
    """One row of `errors_of` for each draw that could be fitted."""
    rows = []
    for number in range(draws):
        try:
            rows.append(errors_of(draw(design, regions, number, seed)))
        except ForecastError as error:
            print(f"{design}, {regions} regions, draw {number}: {error}")
    return pd.DataFrame(rows)


def coverage(found: pd.DataFrame) -> pd.Series:
    """Per cent of draws whose 95 % interval holds the truth."""
    return 100 * (found[list(INTERVALS)].abs() < 1.959964).mean()


def line(design: str, regions: int, found: pd.DataFrame) -> str:
    """One row of the table."""
    deviation = found["error"].std()
    shown = [f"{value:5.1f}" for value in coverage(found)]
    margin = 100 * np.sqrt(0.05 * 0.95 / len(found))
    cells = [
        design, str(regions), str(len(found)), f"{100 * found['zeros'].mean():.0f}",
        f"{found['error'].mean() / deviation:+.2f}",
        f"{found['corrected'].mean() / deviation:+.2f}", *shown, f"{margin:.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--regions", type=int, nargs="+", default=[15, 30, 50])
    parser.add_argument("--designs", nargs="+", default=list(DESIGNS), choices=DESIGNS)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    heads = [
        "design",
        "N",
        "draws",
        "zeros %",
        "bias/sd",
        "corrected",
        *INTERVALS,
        "+-",
    ]
    print("| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|", flush=True)
    began = time.time()
    for design in asked.designs:
        for regions in asked.regions:
            found = simulate(design, regions, asked.draws, asked.seed)
            print(line(design, regions, found), flush=True)
    print(f"seed {asked.seed}, {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
