"""Intervals that would have held: levels of simulated intervals against what came.

Shocks of many kinds that are made to add up, and trade that may end, give distributions
that are right in their parts and too wide or too narrow as a whole. From earlier origins
the same paths are simulated with what was known then. An outcome needs the level of the
smallest central interval that holds it; if 80 per cent of outcomes needed 66 per cent,
the interval that is called 80 per cent later is the one of 66. Ranks and medians of paths
stay as they are. Origins are few, so the identity counts as some of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GROUPS",
    "STEPS",
    "Tempering",
    "groups_of",
    "levels_needed",
    "temper",
    "tempering",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LEVELS = (
    0.0,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.75,
    0.8,
    0.85,
    0.9,
    0.95,
    0.98,
    0.99,
)
GROUPS = 4
"""Thirds of the pairs that trade, largest first, and those that do not."""

STEPS = 3
"""Horizons that are calibrated; later ones as the last."""

PRIOR_ORIGINS = 0.5
WIDEST = 0.999


@dataclass(frozen=True, slots=True)
class Tempering:
    """Levels of simulated intervals that hold as much as `LEVELS` say.

    Attributes
    ----------
    inner : float array of shape (n_groups, STEPS, n_levels)
    origins : int
        Earlier origins these rest on.
    """

    inner: Floats
    origins: int


def groups_of(points: Floats) -> Ints:
    """Return the group of each pair by the size of its point forecast."""
    group = np.full(points.size, GROUPS - 1)
    trading = np.flatnonzero(points > 0)
    order = np.argsort(np.argsort(-points[trading], kind="stable"), kind="stable")
    group[trading] = order * (GROUPS - 1) // max(trading.size, 1)
    return group


def levels_needed(draws: Floats, actual: Floats) -> Floats:
    """Return the level of the smallest central interval of draws that holds each outcome.

    Parameters
    ----------
    draws : float array of shape (n, n_paths)
    actual : float array of shape (n,)

    Examples
    --------
    >>> levels_needed(np.arange(9.0)[None], np.array([6.0])).round(2)
    array([0.3])
    """
    count = draws.shape[1] + 1.0
    up_to = ((draws <= actual[:, None]).sum(axis=1) + 0.5) / count
    below = ((draws < actual[:, None]).sum(axis=1) + 0.5) / count
    return np.clip(1 - 2 * np.minimum(up_to, 1 - below), 0, WIDEST)


def tempering(needed: list[list[list[Floats]]]) -> Tempering:
    """Turn needed levels into inner levels.

    Parameters
    ----------
    needed : list by group of lists by horizon of lists by origin of float arrays
    """
    levels = np.array(LEVELS)
    inner = np.tile(levels, (len(needed), STEPS, 1))
    for g, by_horizon in enumerate(needed):
        for h, by_origin in enumerate(by_horizon):
            there = [own for own in by_origin if own.size]
            share = len(there) / (len(there) + PRIOR_ORIGINS)
            if there:
                found = np.quantile(np.concatenate(there), levels)
                inner[g, h] = share * found + (1 - share) * levels
    inner[..., 0] = 0.0
    origins = max((len(o) for by_horizon in needed for o in by_horizon), default=0)
    return Tempering(inner, origins)


def temper(draws: Floats, group: Ints, known: Tempering, h: int) -> Floats:
    """Return draws in the same order with tempered quantiles.

    Parameters
    ----------
    draws : float array of shape (n, n_paths)
    group : int array of shape (n,)
    known : Tempering
    h : int
        Horizon, from 0.
    """
    n_paths = draws.shape[1]
    order = np.argsort(draws, axis=1, kind="stable")
    ordered = np.take_along_axis(draws, order, axis=1)
    out = np.empty_like(draws)
    for g in range(known.inner.shape[0]):
        rows = np.flatnonzero(group == g)
        place = _places(n_paths, known.inner[g, min(h, STEPS - 1)])
        low = np.minimum(place.astype(int), n_paths - 1)
        high = np.minimum(low + 1, n_paths - 1)
        a, b = ordered[np.ix_(rows, low)], ordered[np.ix_(rows, high)]
        out[rows] = _back(a + (place - low) * (b - a), order[rows])
    return out


def _back(values: Floats, order: Ints) -> Floats:
    """Put sorted values back into the order of paths."""
    out = np.empty_like(values)
    np.put_along_axis(out, order, values, axis=1)
    return out


def _places(n_paths: int, inner: Floats) -> Floats:
    """Return where, among sorted draws, each rank's tempered quantile stands."""
    from scipy.special import ndtr, ndtri

    levels = np.array(LEVELS)
    z = ndtri((np.arange(n_paths) + 0.5) / n_paths)
    knots, found = (
        ndtri((1 + levels) / 2),
        ndtri((1 + np.maximum.accumulate(inner)) / 2),
    )
    size = np.interp(np.abs(z), knots, found)
    # Beyond the last level there are no outcomes to go by: the same share further out.
    size *= np.maximum(np.abs(z) / knots[-1], 1)
    return np.clip(ndtr(np.sign(z) * size) * n_paths - 0.5, 0, n_paths - 1)
