"""Joint sample paths of totals and pairs; on every path pairs add up to totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.forecasts import unit_rng
from forecast.fusion.allocation import EXACT, ROUGH, allocate_paths
from forecast.fusion.calibration import Tempering, groups_of, temper
from forecast.fusion.evidence import LONGEST, expected_flows
from forecast.fusion.flows import Flows
from forecast.fusion.margins import Totals
from forecast.fusion.shocks import KNOTS, Shocks, quantiles_at, size_classes

__all__ = [
    "Drawn",
    "Normals",
    "Outset",
    "draw_paths",
    "own_normals",
    "quick_normals",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LARGEST_MOVE = 7.0
"""In logs, beyond the world: a thousandfold."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Paths.

    Attributes
    ----------
    pairs : float array of shape (n_pairs, n_steps, n_paths)
    exports : float array of shape (n_origins, n_steps, n_paths)
    imports : float array of shape (n_destinations, n_steps, n_paths)
    """

    pairs: Floats
    exports: Floats
    imports: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Outset:
    """What paths start from.

    Attributes
    ----------
    flows : Flows
    points : float array of shape (n_steps, n_pairs)
    after : Totals
        Forecast, of the same steps.
    volatility : float array of shape (n_pairs,)
    total_moves : two float arrays of shape (n_origins,), (n_destinations,)
    before : bool array of shape (n_pairs,)
        Pairs that have traded.
    begun : bool array of shape (n_pairs,)
        Pairs with a figure so far; others are not there.
    shocks : Shocks
    """

    flows: Flows
    points: Floats
    after: Totals
    volatility: Floats
    total_moves: tuple[Floats, Floats]
    before: NDArray[np.bool_]
    begun: NDArray[np.bool_]
    shocks: Shocks


@dataclass(frozen=True, slots=True)
class Normals:
    """Standard normal shocks that wander.

    Attributes
    ----------
    world : float array of shape (n_steps, n_paths)
    exports : float array of shape (n_origins, n_steps, n_paths)
    imports : float array of shape (n_destinations, n_steps, n_paths)
    pairs : float array of shape (n_pairs, n_steps, n_paths)
    sectors : float array of shape (n_sectors, n_steps, n_paths)
    """

    world: Floats
    exports: Floats
    imports: Floats
    pairs: Floats
    sectors: Floats


def own_normals(flows: Flows, steps: int, paths: int, seed: int) -> Normals:
    """Draw shocks from streams that belong to countries and pairs, whoever else is there."""

    def drawn(name: str, *key: Any) -> Floats:
        return unit_rng(seed, name, *key).standard_normal((steps, paths))

    pairs = np.empty((len(flows.units), steps, paths))
    for row, key in enumerate(flows.units.itertuples(index=False, name=None)):
        pairs[row] = drawn("pair", *key)
    return Normals(
        _wandering(drawn("world"), 0),
        _wandering(np.stack([drawn("origin", *_key(c)) for c in flows.origins]), 1),
        _wandering(
            np.stack([drawn("destination", *_key(c)) for c in flows.destinations]), 1
        ),
        _wandering(pairs, 1),
        _wandering(np.stack([drawn("sector", name) for name in flows.sectors]), 1),
    )


def _key(code: Any) -> tuple[Any, ...]:
    return code if isinstance(code, tuple) else (code,)


def quick_normals(flows: Flows, steps: int, paths: int) -> Normals:
    """Draw all shocks from one stream: for looking back, where nobody sees the paths."""
    rng = unit_rng(0, "looking back")
    counts = (
        len(flows.origins),
        len(flows.destinations),
        len(flows.units),
        len(flows.sectors),
    )
    return Normals(
        _wandering(rng.standard_normal((steps, paths)), 0),
        *(_wandering(rng.standard_normal((n, steps, paths)), 1) for n in counts),
    )


def draw_paths(
    outset: Outset,
    normals: Normals,
    temperings: tuple[Tempering, Tempering] | None = None,
    doubts: Sequence[tuple[Ints, Floats]] = (),
) -> Drawn:
    """Shock totals and pairs, make them add up, and temper what is too wide.

    Parameters
    ----------
    outset : Outset
    normals : Normals
        Of as many steps; the pairs' shocks are overwritten.
    temperings : two Tempering, optional
        Of totals and of pairs; without them pairs add up roughly.
    doubts : sequence of (int array, float array), optional
        For each step, pairs and their further log factors of shape (n, n_paths).
    """
    flows, (steps, paths) = outset.flows, normals.world.shape
    out = Drawn(
        normals.pairs,
        np.empty((len(flows.origins), steps, paths)),
        np.empty((len(flows.destinations), steps, paths)),
    )
    for h in range(steps):
        exports, imports = _total_paths(outset, normals, h)
        raw = _pair_paths(outset, normals.pairs[:, h].copy(), h)
        if h < len(doubts):
            rows, factors = doubts[h]
            raw[rows] *= np.exp(factors)
        pairs, exports, imports = _adding_up(flows, raw, exports, imports, ROUGH)
        if temperings is not None:
            of_totals, of_pairs = temperings
            exports, imports = (
                temper(side, place, of_totals, h)
                for side, place in zip((exports, imports), flows.blocks, strict=True)
            )
            pairs = temper(pairs, groups_of(outset.points[h]), of_pairs, h)
            pairs, exports, imports = _adding_up(flows, pairs, exports, imports, EXACT)
        out.pairs[:, h], out.exports[:, h], out.imports[:, h] = pairs, exports, imports
    return out


# ------------------------------------------------------------------------------- inside


def _wandering(normal: Floats, axis: int) -> Floats:
    """Turn independent normal shocks into the mean, times the root, of those so far."""
    total = normal.cumsum(axis=axis)
    shape = [1] * normal.ndim
    shape[axis] = -1
    return np.asarray(
        total / np.sqrt(np.arange(1, normal.shape[axis] + 1)).reshape(shape)
    )


def _growing(h: int) -> tuple[int, float]:
    """Return the horizon whose distribution is known, and how much wider it must be."""
    known = min(h, LONGEST - 1)
    return known, float(np.sqrt((h + 1) / (known + 1)))


def _world_shock(shocks: Shocks, z: Floats, h: int) -> Floats:
    from scipy.special import ndtr, stdtrit

    known, wider = _growing(h)
    t = stdtrit(shocks.freedom[known], ndtr(z))
    return np.asarray(np.clip(wider * shocks.world[known] * t, -3, 3))


def _sector_shocks(shocks: Shocks, z: Floats, h: int) -> Floats:
    """Return the shocks of sectors, (n_sectors, n_paths)."""
    from scipy.special import ndtr, stdtrit

    known, wider = _growing(h)
    if not shocks.sectors[known].any():
        return np.zeros(z.shape)
    t = stdtrit(shocks.freedom[known], ndtr(z))
    return np.asarray(np.clip(wider * shocks.sectors[known][:, None] * t, -3, 3))


def _moved(table: Floats, z: Floats, move: Floats, h: int) -> Floats:
    known, wider = _growing(h)
    moved = wider * move[:, None] * quantiles_at(table[known], z)
    return np.clip(np.nan_to_num(moved), -LARGEST_MOVE, LARGEST_MOVE)


def _total_paths(outset: Outset, normals: Normals, h: int) -> tuple[Floats, Floats]:
    """Return paths of exports and imports before they have one sum."""
    common = _world_shock(outset.shocks, normals.world[h], h)
    shocks, after, (left, right) = outset.shocks, outset.after, outset.flows.blocks
    sectors = _sector_shocks(shocks, normals.sectors[:, h], h)
    exports = _moved(shocks.exports, normals.exports[:, h], outset.total_moves[0], h)
    imports = _moved(shocks.imports, normals.imports[:, h], outset.total_moves[1], h)
    return (
        after.exports[h][:, None] * np.exp(common + sectors[left] + exports),
        after.imports[h][:, None] * np.exp(common + sectors[right] + imports),
    )


def _pair_paths(outset: Outset, z: Floats, h: int) -> Floats:
    """Return paths before they are made to add up, of shape (n_pairs, n_paths)."""
    known, wider = _growing(h)
    point, shocks, out = outset.points[h], outset.shocks, np.zeros(z.shape)
    kind = size_classes(point, shocks.edges)
    for k in range(len(shocks.pairs)):
        rows = np.flatnonzero((point > 0) & (kind == k))
        score = quantiles_at(shocks.pairs[k, known], z[rows])
        moved = np.minimum(wider * outset.volatility[rows, None] * score, LARGEST_MOVE)
        moved = np.where(np.isneginf(score), -np.inf, np.maximum(moved, -LARGEST_MOVE))
        out[rows] = point[rows, None] * np.exp(moved)
    expected = expected_flows(outset.flows, outset.after)[h]
    for k in range(2):
        kind_k = outset.begun & (outset.before == bool(k))
        rows = np.flatnonzero((point <= 0) & kind_k)
        out[rows] = expected[rows, None] * _entered(shocks, z[rows], k, known)
    return out


def _entered(shocks: Shocks, z: Floats, kind: int, h: int) -> Floats:
    """Return new trade over expected trade; zero on most paths."""
    from scipy.special import ndtr

    chance = shocks.entry[kind, h]
    place = (ndtr(z) - (1 - chance)) / max(chance, 1e-12)
    size = np.interp(place, np.linspace(0, 1, KNOTS + 1), shocks.entry_sizes[kind])
    return np.where(place > 0, size, 0.0)


def _adding_up(
    flows: Flows, pairs: Floats, exports: Floats, imports: Floats, tolerance: float
) -> tuple[Floats, Floats, Floats]:
    """Give both sides one sum on every path, in each sector; make pairs add up to them.

    Who trades with nobody on a path has no total there.
    """
    by_path = np.ascontiguousarray(pairs.T)
    left = np.where(flows.row_sums(by_path) > 0, exports.T, 0.0)
    right = np.where(flows.column_sums(by_path) > 0, imports.T, 0.0)
    sums = flows.sector_sums(left, 0), flows.sector_sums(right, 1)
    middle = np.sqrt(sums[0] * sums[1])
    left = left * (middle / np.maximum(sums[0], 1e-300))[:, flows.blocks[0]]
    right = right * (middle / np.maximum(sums[1], 1e-300))[:, flows.blocks[1]]
    allocate_paths(by_path, flows.rows, flows.columns, left, right, tolerance)
    return by_path.T, left.T, right.T
