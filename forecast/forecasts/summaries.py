"""Means, quantiles and probabilities over the paths of an array of draws.

The last axis holds the paths. A path on which a quantity is not defined (growth from
zero) is NaN and does not count; where no path counts the answer is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_over_paths", "quantiles", "sd_over_paths", "share_of_paths"]

Floats = NDArray[np.floating[Any]]

CELLS_AT_ONCE = 4_000_000
"""Draws worked on together, so that thousands of units need little extra memory."""


def quantiles(draws: Floats, probabilities: Sequence[float]) -> Floats:
    """Return quantiles of shape (len(probabilities), n_units, n_periods).

    Linear interpolation between order statistics (Hyndman and Fan's type 7), made so
    that a higher probability never has a lower quantile, not even by rounding.
    """
    wanted = np.asarray(probabilities, dtype=float)
    out = np.empty((wanted.size, *draws.shape[:-1]))
    for rows in _blocks(draws):
        out[:, rows] = _quantiles_sorted(np.sort(draws[rows], axis=-1), wanted)
    return out


def _quantiles_sorted(ordered: Floats, wanted: Floats) -> Floats:
    """Read quantiles off sorted paths; NaN stand last."""
    counted = ordered.shape[-1] - np.isnan(ordered).sum(axis=-1)
    position = wanted[:, None, None] * np.maximum(counted - 1, 0)
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(counted - 1, 0))
    low = np.take_along_axis(ordered[None], below[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(ordered[None], above[..., None], axis=-1)[..., 0]
    return np.minimum(low + (high - low) * (position - below), high)


def mean_over_paths(draws: Floats) -> Floats:
    """Return the mean of the paths that count, shape (n_units, n_periods)."""
    return _by_block(draws, _mean)


def sd_over_paths(draws: Floats) -> Floats:
    """Return the standard deviation of the paths that count."""

    def sd(block: Floats) -> Floats:
        return np.sqrt(_mean((block - _mean(block)[..., None]) ** 2))

    return _by_block(draws, sd)


def share_of_paths(draws: Floats, above: float, up_to: float) -> Floats:
    """Return the share of paths in (above, up_to], among those that count."""

    def share(block: Floats) -> Floats:
        inside = ((block > above) & (block <= up_to)).astype(float)
        return _mean(np.where(np.isnan(block), np.nan, inside))

    return _by_block(draws, share)


def _mean(block: Floats) -> Floats:
    counts = ~np.isnan(block)
    with np.errstate(invalid="ignore"):
        return np.where(counts, block, 0.0).sum(axis=-1) / counts.sum(axis=-1)


def _by_block(draws: Floats, function: Callable[[Floats], Floats]) -> Floats:
    out = np.empty(draws.shape[:-1])
    for rows in _blocks(draws):
        out[rows] = function(draws[rows])
    return out


def _blocks(draws: Floats) -> Iterator[slice]:
    step = max(1, CELLS_AT_ONCE // max(1, draws[:1].size))
    return (slice(i, i + step) for i in range(0, draws.shape[0], step))
