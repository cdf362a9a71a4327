"""Gravity worlds: who trades with whom, what moves it, and the regressors seen.

Agreements that absorb (once in force, for ever), counts of visits, log stocks of
documents, shocks, sanctions and tariffs, each correlated with what the fixed effects
absorb, so that leaving an effect out shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["KINDS", "Cube", "World", "build_world", "draw_trade"]

ZERO_SHARE = 0.45
HIGHEST_MEAN = 1e12  # a Poisson draw beyond it leaves the whole numbers of a float


@dataclass(frozen=True)
class Cube:
    """Regions x regions x years x sectors."""

    regions: int
    years: int
    sectors: int
    seed: int


@dataclass(frozen=True)
class World:
    """What moves trade besides the regressors, and where each row stands.

    Attributes
    ----------
    exporter, importer, year, sector : int arrays of shape (n,)
        Rows are ordered as appended yearly files are: year, sector, exporter, importer.
    size : float array of shape (regions,)
    supply, demand : float arrays of shape (regions, years)
        Random walks.
    affinity : float array of shape (regions, regions)
        Closeness of a pair, standardised.
    trend : float array of shape (n,)
        The part of the log mean that the three families of effects absorb.
    """

    cube: Cube
    exporter: np.ndarray
    importer: np.ndarray
    year: np.ndarray
    sector: np.ndarray
    size: np.ndarray
    supply: np.ndarray
    demand: np.ndarray
    affinity: np.ndarray
    trend: np.ndarray

    @cached_property
    def pair(self) -> tuple[np.ndarray, np.ndarray]:
        return self.exporter, self.importer

    @property
    def square(self) -> tuple[int, int]:
        return self.cube.regions, self.cube.regions


def build_world(cube: Cube, *, domestic: bool) -> World:
    rng = np.random.default_rng([cube.seed, 0])
    regions, years, sectors = cube.regions, cube.years, cube.sectors
    year, sector, exporter, importer = (
        index.ravel().astype(np.int32)
        for index in np.indices((years, sectors, regions, regions), dtype=np.int32)
    )
    if not domestic:
        kept = exporter != importer
        year, sector = year[kept], sector[kept]
        exporter, importer = exporter[kept], importer[kept]
    size = rng.normal(0, 1.2, regions)
    supply = rng.normal(0, 0.12, (regions, years)).cumsum(axis=1)
    demand = rng.normal(0, 0.12, (regions, years)).cumsum(axis=1)
    specialty = rng.normal(0, 0.7, (sectors, regions))
    taste = rng.normal(0, 0.5, (sectors, regions))
    tie = pair_ties(rng, regions)
    sector_tie = rng.normal(0, 0.5, (sectors, regions, regions))
    trend = (
        (size[exporter] + supply[exporter, year] + specialty[sector, exporter])
        + (size[importer] + demand[importer, year] + taste[sector, importer])
        + tie[exporter, importer]
        + sector_tie[sector, exporter, importer]
    )
    affinity = (tie - tie.mean()) / tie.std()
    return World(
        cube,
        exporter,
        importer,
        year,
        sector,
        size,
        supply,
        demand,
        affinity,
        trend,
    )


def pair_ties(rng: np.random.Generator, regions: int) -> np.ndarray:
    """Distance, chance and the pull of home: shape (regions, regions)."""
    place = rng.uniform(0, 1, (regions, 2))
    distance = np.linalg.norm(place[:, None] - place[None], axis=2) + 0.03
    tie = -np.log(distance) + rng.normal(0, 0.8, (regions, regions))
    return tie + 2 * np.eye(regions)


def agreement(rng: np.random.Generator, world: World, k: int) -> np.ndarray:
    """1 from the year of signing on: absorbing within a pair, likelier between friends."""
    years = world.cube.years
    ever = rng.uniform(size=world.square) < 1 / (1 + np.exp(0.5 - world.affinity))
    start = np.where(ever, rng.integers(0, years, world.square), years + 1)
    if k % 12 == 0:  # every other agreement binds both directions
        start = np.minimum(start, start.T)
    return (world.year >= start[world.pair]).astype(np.int64)


def visits(rng: np.random.Generator, world: World, _k: int) -> np.ndarray:
    """Official visits in a year; leaders travel to large and close partners."""
    both = (world.size[:, None] + world.size[None]) / 2
    mean = 0.3 * np.exp(0.3 * both + 0.2 * world.affinity)
    return np.minimum(rng.poisson(mean[world.pair]), 12).astype(np.int64)


def documents(rng: np.random.Generator, world: World, _k: int) -> np.ndarray:
    """Log of one plus the stock of documents signed so far."""
    mean = 0.25 * np.exp(0.4 * world.affinity)
    signed = rng.poisson(mean, (world.cube.years, *world.square))
    return np.log1p(signed.cumsum(axis=0))[world.year, *world.pair]


def shock(rng: np.random.Generator, world: World, _k: int) -> np.ndarray:
    """A continuous regressor that moves with supply and demand."""
    noise = rng.normal(size=world.year.size)
    supply = world.supply[world.exporter, world.year]
    return noise + 0.5 * supply + 0.3 * world.demand[world.importer, world.year]


def sanctions(rng: np.random.Generator, world: World, _k: int) -> np.ndarray:
    """On or off for four years at a time."""
    spell = world.year // 4
    draw = rng.uniform(size=(world.cube.years // 4 + 1, *world.square))
    likely = 0.05 + 0.05 * (world.affinity > 1)
    return (draw[spell, *world.pair] < likely[world.pair]).astype(np.int64)


def tariff(rng: np.random.Generator, world: World, _k: int) -> np.ndarray:
    """Log of one plus a rate that falls year by year."""
    base = rng.uniform(0, 0.25, world.square)[world.pair]
    cut = rng.uniform(0, 0.04, world.square)[world.pair] * world.year
    return np.log1p(np.maximum(base - cut, 0) + 0.02 * rng.uniform(size=cut.size))


KINDS: tuple[Callable[[np.random.Generator, World, int], np.ndarray], ...] = (
    agreement,
    visits,
    documents,
    shock,
    sanctions,
    tariff,
)


def draw_trade(rng: np.random.Generator, log_mean: np.ndarray) -> np.ndarray:
    """Whole numbers around ``exp(log_mean)``, scaled so that 45 % are zero."""
    noise = rng.gamma(1.5, 1 / 1.5, log_mean.size)
    centred = log_mean - log_mean.mean()
    some = rng.integers(0, log_mean.size, min(log_mean.size, 200_000))
    low, high = -10.0, 12.0
    for _ in range(40):
        level = (low + high) / 2
        mean = np.exp(centred[some] + level) * noise[some]
        low, high = (level, high) if np.exp(-mean).mean() > ZERO_SHARE else (low, level)
    mean = np.minimum(np.exp(centred + level) * noise, HIGHEST_MEAN)
    return rng.poisson(mean).astype(np.float64)
