"""Worlds in which simulated trade takes place: places, borders, sizes, adding-up.

Arrays in, arrays out. Throughout, ``n`` is the number of regions, ``T`` of periods;
flows and kernels have the shape (T, n, n), the exporter before the importer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.datasets.recipes import Costs, Economy, PairEffects
from forecast.errors import ModelError

__all__ = [
    "Flags",
    "Floats",
    "Ints",
    "Settled",
    "World",
    "build_world",
    "settle",
    "stream",
    "wander",
]

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Ints = NDArray[np.integer[Any]]

SIDE_KM = 3000.0
NEAREST = 3
INTERNAL = 0.67
STEPS = 20_000
TOLERANCE = 1e-11


@dataclass(frozen=True, slots=True)
class World:
    """Everything about a world but its events and its noise.

    Attributes
    ----------
    partners : bool array of shape (n, n)
        Pairs that can trade; the diagonal is among them unless a frontier divides.
    distance : float array of shape (n, n)
        Km.
    border : bool array of shape (n, n)
    effect, trend : float array of shape (n, n)
        Log pair effects, and log growth of the pair a year.
    since : int array of shape (n, n)
        Period from which an agreement is in force; T for never. Symmetric.
    years : float array of shape (T,)
        Years since the start.
    output, expenditure : float array of shape (T, n)
    """

    partners: Flags
    distance: Floats
    border: Flags
    effect: Floats
    trend: Floats
    since: Ints
    years: Floats
    output: Floats
    expenditure: Floats

    @property
    def between(self) -> Flags:
        """Pairs of two different regions that can trade, shape (n, n)."""
        flags: Flags = self.partners & ~np.eye(len(self.partners), dtype=bool)
        return flags

    @property
    def agreement(self) -> Flags:
        """Agreements in force, shape (T, n, n)."""
        flags: Flags = np.arange(len(self.years))[:, None, None] >= self.since
        return flags

    def kernel(self, costs: Costs) -> Floats:
        """Trade as far as costs and pairs explain it, shape (T, n, n)."""
        fixed = costs.distance * np.log(self.distance) + costs.border * self.border
        moving = (
            self.trend * self.years[:, None, None] + costs.agreement * self.agreement
        )
        return np.exp(fixed + self.effect + moving) * self.partners


@dataclass(frozen=True, slots=True)
class Settled:
    """Flows that add up.

    Attributes
    ----------
    a, b : float array of shape (T, n)
        Scaling of exporters and importers.
    flow : float array of shape (T, n, n)
    """

    a: Floats
    b: Floats
    flow: Floats


def stream(seed: int, *key: str) -> np.random.Generator:
    """Random numbers of one part of a world; parts do not disturb each other.

    The stream follows from `seed` and `key` alone, so a world with one more kind of
    event keeps its places, sizes and noise.
    """
    digest = hashlib.sha256("/".join(key).encode()).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([int(seed), *words]))


def wander(shape: tuple[int, ...], serial: float, rng: np.random.Generator) -> Floats:
    """Draw stationary AR(1) paths along the first axis: mean 0, variance 1."""
    paths: Floats = rng.standard_normal(shape)
    fresh = np.sqrt(1.0 - serial**2)
    for t in range(1, shape[0]):
        paths[t] = serial * paths[t - 1] + fresh * paths[t]
    return paths


def build_world(
    sides: Sequence[int],
    costs: Costs,
    pairs: PairEffects,
    economy: Economy,
    *,
    periods: int,
    steps: int,
    seed: int,
    map_of: tuple[Floats, Flags] | None = None,
) -> World:
    """Draw a world: one set of regions, or two on the sides of a frontier.

    Parameters
    ----------
    sides : sequence of one or two int
        Numbers of regions.
    periods, steps : int
        Periods altogether, and in a year.
    map_of : (float array, bool array) of shape (n, n), optional
        Distances and borders; drawn where they are not given.
    """
    side = np.repeat(np.arange(len(sides)), sides)
    partners = np.ones((side.size, side.size), dtype=bool)
    if len(sides) > 1:
        partners = side[:, None] != side[None, :]
    if map_of is None:
        distance = distances(place(sides, stream(seed, "places")))
        border = neighbours(distance, partners)
    else:
        distance, border = map_of
    effect, trend = pair_effects(pairs, side.size, stream(seed, "pairs"))
    years = np.arange(periods) / steps
    output, appetite = sizes(economy, side.size, years, steps, seed)
    return World(
        partners=partners,
        distance=distance,
        border=border,
        effect=effect,
        trend=trend,
        since=signings(
            costs.agreement_share, partners, periods, stream(seed, "treaties")
        ),
        years=years,
        output=output,
        expenditure=add_up(output, appetite, side),
    )


def place(sides: Sequence[int], rng: np.random.Generator) -> Floats:
    """Scatter regions over a square, or over two squares that share the edge y = 0.

    Returns
    -------
    float array of shape (n, 2), km
    """
    xy: Floats = rng.uniform(0.0, SIDE_KM, size=(sum(sides), 2))
    xy[sides[0] :, 1] *= -1.0
    return xy


def distances(xy: Floats) -> Floats:
    """Kilometres between regions; within a region, 0.67 of the radius of its disc.

    Regions share the area alike (Head and Mayer 2002 for the internal distance). No
    two regions are nearer to each other than a region is to itself.

    Returns
    -------
    float array of shape (n, n), symmetric and positive
    """
    own = INTERNAL * SIDE_KM / np.sqrt(np.pi * len(xy))
    steps = xy[:, None, :] - xy[None, :, :]
    apart: Floats = np.maximum(np.hypot(steps[..., 0], steps[..., 1]), own)
    return apart


def neighbours(distance: Floats, partners: Flags) -> Flags:
    """Mark bordering pairs: each is among the three nearest partners of the other."""
    others = partners & ~np.eye(len(distance), dtype=bool)
    far = np.where(others, distance, np.inf)
    rank = far.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    near = (rank < NEAREST) & others
    return near & near.T


def pair_effects(
    pairs: PairEffects, n: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Log effects and trends of pairs, shape (n, n) each; none within a region."""
    common, trend = (_symmetric(rng.standard_normal((n, n))) for _ in range(2))
    directed = pairs.directed_sd * rng.standard_normal((n, n))
    between = ~np.eye(n, dtype=bool)
    effect = (pairs.sd * common + directed) * between
    return effect, pairs.trend_sd * trend * between


def signings(
    share: float, partners: Flags, periods: int, rng: np.random.Generator
) -> Ints:
    """Period in which each pair's agreement enters into force; `periods` for never."""
    n = len(partners)
    signs = _symmetric(rng.uniform(size=(n, n))) < share
    when = np.floor(_symmetric(rng.uniform(1.0, max(periods, 1), size=(n, n))))
    between = partners & ~np.eye(n, dtype=bool)
    since: Ints = np.where(signs & between, when, periods).astype(np.int64)
    return since


def sizes(
    economy: Economy, n: int, years: Floats, steps: int, seed: int
) -> tuple[Floats, Floats]:
    """Output of regions and what they would like to buy, shape (T, n) each."""
    rng = stream(seed, "sizes")
    log_size, growth, gap = rng.standard_normal((3, n))
    phase = rng.uniform(0.0, 2.0 * np.pi, size=n)
    path = np.outer(years, economy.growth + economy.growth_sd * growth)
    shocks = wander((years.size, n), economy.shock_serial, stream(seed, "shocks"))
    wave = np.cos(2.0 * np.pi * years[:, None] + phase) if steps > 1 else 0.0
    level = economy.size_sd * log_size + path + economy.shock_sd * shocks
    mass = np.exp(level + economy.season * wave)
    output = mass * (economy.total / steps / mass[0].sum())
    return output, output * np.exp(economy.imbalance_sd * gap)


def add_up(output: Floats, appetite: Floats, side: Ints) -> Floats:
    """Expenditure of regions: `appetite`, scaled to what their sellers make.

    Parameters
    ----------
    output, appetite : float array of shape (T, n)
    side : int array of shape (n,)
        All 0; or 0 and 1, then what one side makes the other buys.
    """
    expenditure = np.empty_like(appetite)
    for buyers in np.unique(side):
        buying = side == buyers
        selling = side != buyers if side.any() else buying
        made = output[:, selling].sum(axis=1, keepdims=True)
        wanted = appetite[:, buying].sum(axis=1, keepdims=True)
        expenditure[:, buying] = appetite[:, buying] * (made / wanted)
    return expenditure


def settle(kernel: Floats, output: Floats, expenditure: Floats) -> Settled:
    r"""Scale a kernel of trade costs so that flows add up to output and expenditure.

    Finds :math:`a_{it}, b_{jt}` with :math:`X_{ijt} = a_{it} K_{ijt} b_{jt}` and

    .. math:: \sum_j X_{ijt} = Y_{it}, \qquad \sum_i X_{ijt} = E_{jt}.

    In the words of structural gravity :math:`a` is output over outward, and :math:`b`
    expenditure over inward, multilateral resistance (Anderson and van Wincoop 2003).

    Parameters
    ----------
    kernel : float array of shape (T, n, n)
        Zero where a pair does not trade.
    output, expenditure : float array of shape (T, n)
        Positive, with equal sums in each period (on each side of a frontier).

    Raises
    ------
    ModelError
        F-592: too many pairs are closed for the flows to add up.
    """
    b = np.ones_like(expenditure)
    off = np.inf
    for _ in range(STEPS):
        reach = np.einsum("tij,tj->ti", kernel, b)
        if not reach.all():
            break
        a = output / reach
        supply = np.einsum("tij,ti->tj", kernel, a)
        if not supply.all():
            break
        off = float(np.max(np.abs(supply * b / expenditure - 1.0)))
        if off < TOLERANCE:
            return Settled(a, b, a[:, :, None] * kernel * b[:, None, :])
        b = expenditure / supply
    raise ModelError(
        f"flows cannot be made to add up (off by {off:.2g} of a margin)",
        code="F-592",
        remedy="Close fewer pairs (`Zeros.structural`), or simulate more regions.",
    )


def _symmetric(draws: Floats) -> Floats:
    """Give both directions of a pair the draw of the upper triangle."""
    upper = np.triu(draws)
    return upper + np.triu(draws, 1).T
