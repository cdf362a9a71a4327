"""Joint sample paths of totals and pairs; on every path pairs add up to totals."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import unit_rng
from forecast.fusion.allocation import allocate_paths
from forecast.fusion.evidence import LONGEST, expected_flows
from forecast.fusion.flows import Flows
from forecast.fusion.margins import Totals
from forecast.fusion.shocks import KNOTS, Shocks, quantiles_at, size_classes

__all__ = ["Drawn", "check_size", "draw_paths"]

Floats = NDArray[np.floating[Any]]

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


def draw_paths(
    flows: Flows,
    points: Floats,
    after: Totals,
    volatility: Floats,
    total_moves: tuple[Floats, Floats],
    before: NDArray[np.bool_],
    shocks: Shocks,
    paths: int,
    seed: int,
) -> Drawn:
    """Draw shocks of the world, of countries and of pairs, and add them up.

    Parameters
    ----------
    flows : Flows
    points : float array of shape (n_steps, n_pairs)
    after : Totals
        Forecast, of the same steps.
    volatility : float array of shape (n_pairs,)
    total_moves : two float arrays of shape (n_origins,), (n_destinations,)
    before : bool array of shape (n_pairs,)
        Pairs that have traded.
    shocks : Shocks
    paths, seed : int
    """
    steps = len(points)
    size = (steps, paths)
    world = _wandering(unit_rng(seed, "world").standard_normal(size))
    sides = [
        _stack(size, lambda rng: rng.standard_normal(size), seed, name, codes)
        for name, codes in (("origin", flows.origins), ("destination", flows.destinations))
    ]
    own = np.empty((len(flows.units), steps, paths))
    for row, key in enumerate(flows.units.itertuples(index=False, name=None)):
        own[row] = unit_rng(seed, "pair", *key).standard_normal(size)
    own = _wandering(own, axis=1)
    out = Drawn(
        own,
        np.empty((len(flows.origins), steps, paths)),
        np.empty((len(flows.destinations), steps, paths)),
    )
    expected = expected_flows(flows, after)
    for h in range(steps):
        common = _world_shock(shocks, world[h], h)
        exports, imports = (
            side[h][:, None] * np.exp(common + _moved(table, z[:, h], move[:, None], h))
            for side, table, z, move in zip(
                (after.exports, after.imports),
                (shocks.exports, shocks.imports),
                sides,
                total_moves,
                strict=True,
            )
        )
        raw = _pair_paths(
            points[h], expected[h], own[:, h].copy(), volatility, before, shocks, h
        )
        pairs = np.ascontiguousarray(raw.T)
        exports, imports = _agreed(flows, pairs, exports.T, imports.T)
        allocate_paths(pairs, flows.rows, flows.columns, exports, imports)
        out.pairs[:, h], out.exports[:, h], out.imports[:, h] = pairs.T, exports.T, imports.T
    return out


def check_size(pairs: int, steps: int, paths: int, largest_gb: float) -> None:
    """Refuse impossible numbers of paths (F-524) and more memory than allowed (F-525)."""
    whole = isinstance(paths, numbers.Integral) and not isinstance(
        paths, (bool, np.bool_)
    )
    if not whole or paths < 1:
        raise ModelError(
            f"paths={paths!r} is not possible",
            code="F-524",
            remedy="Give a whole number from 1; 2,000 is usual.",
        )
    needed = 8 * pairs * (steps + 2) * paths / 1e9
    if needed > largest_gb:
        raise ModelError(
            f"{pairs:,} pairs x {steps:,} years x {paths:,} paths take {needed:,.1f} GB",
            code="F-525",
            remedy="Take fewer paths, a shorter horizon or fewer pairs, or allow more with "
            f"largest_gb={np.ceil(needed):.0f}.",
        )


# ------------------------------------------------------------------------------- inside


def _stack(
    size: tuple[int, int],
    draw: Callable[[np.random.Generator], Floats],
    seed: int,
    name: str,
    codes: Any,
) -> Floats:
    out = np.empty((len(codes), *size))
    for row, code in enumerate(codes):
        out[row] = draw(unit_rng(seed, name, code))
    return _wandering(out, axis=1)


def _wandering(normal: Floats, axis: int = 0) -> Floats:
    """Turn independent normal shocks into the mean, times the root, of those so far."""
    total = normal.cumsum(axis=axis)
    shape = [1] * normal.ndim
    shape[axis] = -1
    return np.asarray(total / np.sqrt(np.arange(1, normal.shape[axis] + 1)).reshape(shape))


def _growing(h: int) -> tuple[int, float]:
    """Return the horizon whose distribution is known, and how much wider it must be."""
    known = min(h, LONGEST - 1)
    return known, float(np.sqrt((h + 1) / (known + 1)))


def _world_shock(shocks: Shocks, z: Floats, h: int) -> Floats:
    from scipy.special import ndtr, stdtrit

    known, wider = _growing(h)
    t = stdtrit(shocks.freedom[known], ndtr(z))
    return np.asarray(np.clip(wider * shocks.world[known] * t, -3, 3))


def _moved(table: Floats, z: Floats, move: Floats, h: int) -> Floats:
    known, wider = _growing(h)
    moved = wider * move * quantiles_at(table[known], z)
    return np.clip(np.nan_to_num(moved), -LARGEST_MOVE, LARGEST_MOVE)


def _pair_paths(
    point: Floats,
    expected: Floats,
    z: Floats,
    volatility: Floats,
    before: NDArray[np.bool_],
    shocks: Shocks,
    h: int,
) -> Floats:
    """Return paths before they are made to add up, of shape (n_pairs, n_paths)."""
    known, wider = _growing(h)
    out = np.zeros(z.shape)
    kind = size_classes(point, shocks.edges)
    for k in range(len(shocks.pairs)):
        rows = np.flatnonzero((point > 0) & (kind == k))
        score = quantiles_at(shocks.pairs[k, known], z[rows])
        moved = np.minimum(wider * volatility[rows, None] * score, LARGEST_MOVE)
        moved = np.where(np.isneginf(score), -np.inf, np.maximum(moved, -LARGEST_MOVE))
        out[rows] = point[rows, None] * np.exp(moved)
    for k in range(2):
        rows = np.flatnonzero((point <= 0) & (before == bool(k)))
        out[rows] = expected[rows, None] * _entered(shocks, z[rows], k, known)
    return out


def _entered(shocks: Shocks, z: Floats, kind: int, h: int) -> Floats:
    """Return new trade over expected trade; zero on most paths."""
    from scipy.special import ndtr

    chance = shocks.entry[kind, h]
    place = (ndtr(z) - (1 - chance)) / max(chance, 1e-12)
    size = np.interp(place, np.linspace(0, 1, KNOTS + 1), shocks.entry_sizes[kind])
    return np.where(place > 0, size, 0.0)


def _agreed(
    flows: Flows, pairs: Floats, exports: Floats, imports: Floats
) -> tuple[Floats, Floats]:
    """Let both sides have one sum; who trades with nobody on a path has no total."""
    exports = np.where(flows.row_sums(pairs) > 0, exports, 0.0)
    imports = np.where(flows.column_sums(pairs) > 0, imports, 0.0)
    left, right = exports.sum(axis=1), imports.sum(axis=1)
    middle = np.sqrt(left * right)
    return (
        exports * (middle / np.maximum(left, 1e-300))[:, None],
        imports * (middle / np.maximum(right, 1e-300))[:, None],
    )
