"""Seasonal factors of a series on its working scale, and a test whether it has any."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_gaps", "has_seasons", "seasonal_factors"]

Floats = NDArray[np.floating[Any]]


def fill_gaps(x: Floats) -> Floats:
    """Draw straight lines over gaps; the ends are known."""
    known = np.isfinite(x)
    times = np.arange(x.size)
    return np.interp(times, times[known], x[known])


def has_seasons(x: Floats, length: int) -> bool:
    """Tell whether the autocorrelation at one year is significant at 90 per cent.

    The test of the M3 competition's Theta method (Assimakopoulos and Nikolopoulos 2000,
    International Journal of Forecasting 16(4)), two-sided, on differences so that a trend
    does not pass for seasons; it needs two years and a month.
    """
    if length == 1 or x.size < 2 * length + 2:
        return False
    steps = np.diff(x)
    steps = steps - steps.mean()
    size = float(steps @ steps)
    if size <= 0:
        return False
    r = np.array([steps[k:] @ steps[:-k] / size for k in range(1, length + 1)])
    limit = 1.645 * np.sqrt((1 + 2 * (r[:-1] ** 2).sum()) / steps.size)
    return bool(abs(r[-1]) > limit)


def seasonal_factors(x: Floats, length: int) -> Floats:
    """Return additive factors by time modulo the season length; they sum to zero.

    Classical decomposition: means, over years, of what is left after a centred moving
    average of one year.
    """
    window = np.ones(length) / length
    if length % 2 == 0:
        window = np.convolve(window, [0.5, 0.5])
    half = window.size // 2
    rest = x[half : x.size - half] - np.convolve(x, window, mode="valid")
    season = np.arange(half, x.size - half) % length
    counts = np.maximum(np.bincount(season, minlength=length), 1)
    means = np.bincount(season, weights=rest, minlength=length) / counts
    return means - means.mean()
