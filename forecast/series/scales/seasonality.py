"""Seasonal factors: of one series, with a test whether it has any; of many, by year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.seasons import seasonal_factors_by_year

__all__ = [
    "FEWEST_YEARS",
    "Adjusted",
    "adjusted_series",
    "fill_gaps",
    "has_seasons",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

DISCOUNTS = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.45])
"""What a seasonal pattern counts a year later; the years tell which."""

FEWEST_YEARS = 2
"""Years, and two periods more, that series must have for factors of seasons."""

LOWEST_RATIO = 0.01
"""A season below this share of a year's mean is nothing to divide by."""


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


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Series laid end to end, each over its largest value, without gaps and seasons.

    Attributes
    ----------
    bounds : int array of shape (S + 1,)
        Series i is ``x[bounds[i]:bounds[i + 1]]``.
    units : float array of shape (S,)
        Largest values; 1 for a series of zeros.
    x, adjusted : float arrays of shape (N,)
        With seasons and without.
    known : bool array of shape (N,)
        False where a gap was filled.
    ratios : bool array of shape (S,)
        Whether seasons are ratios; true for positive series without seasons.
    ahead : float array of shape (S, m)
        Factors of the periods after the end.
    """

    bounds: Ints
    units: Floats
    x: Floats
    adjusted: Floats
    known: NDArray[np.bool_]
    ratios: NDArray[np.bool_]
    ahead: Floats

    def count_known(self) -> Ints:
        """Count known values of each series."""
        return np.add.reduceat(self.known, self.bounds[:-1], dtype=np.int64)

    def with_seasons(self, means: Floats) -> Floats:
        """Put seasons back; shape (N,), never negative."""
        ratio = np.repeat(self.ratios, np.diff(self.bounds))
        share = self.x / np.where(ratio, self.adjusted, 1.0)
        more = self.x - self.adjusted
        return np.maximum(np.where(ratio, means * share, means + more), 0)

    def cut(self, laid: Floats) -> list[Floats]:
        """Return what is laid end to end as one array for each series."""
        return [laid[begin:end] for begin, end in pairwise(self.bounds.tolist())]


def adjusted_series(ys: Sequence[Floats], length: int) -> Adjusted:
    """Fill gaps and take out seasons that may change over the years.

    Gaps are filled by straight lines, a second time over what is adjusted. See
    `forecast.kernels.seasons`.

    Parameters
    ----------
    ys : sequence of float arrays
        Not negative; the first and last value are there, NaN may stand between.
    length : int
        Seasons in a year; 1 for none.
    """
    bounds = np.zeros(len(ys) + 1, np.int64)
    np.cumsum([y.size for y in ys], out=bounds[1:])
    values = np.concatenate(ys)
    known = np.isfinite(values)
    units = np.fmax.reduceat(values, bounds[:-1])
    units = np.where(units > 0, units, 1.0)
    x = values / np.repeat(units, np.diff(bounds))
    ratios = np.fmin.reduceat(x, bounds[:-1]) > 0
    ahead = np.repeat(np.where(ratios, 1.0, 0.0)[:, None], length, axis=1)
    adjusted = x.copy()
    for i, positive in enumerate(ratios):
        span = slice(*bounds[i : i + 2])
        seasonal = length > 1 and x[span].size >= FEWEST_YEARS * length + 2
        if not known[span].all():
            x[span] = adjusted[span] = fill_gaps(x[span])
            if seasonal:
                x[span] = _filled_twice(x[span], known[span], length, ratio=positive)
        if seasonal:
            factors, ratios[i] = _factors(x[span], known[span], length, ratio=positive)
            own, ahead[i] = factors[: x[span].size], factors[-length:]
            adjusted[span] = x[span] / own if ratios[i] else x[span] - own
    return Adjusted(bounds, units, x, adjusted, known, ratios, ahead)


def _factors(
    x: Floats, known: NDArray[np.bool_], length: int, *, ratio: bool
) -> tuple[Floats, bool]:
    """Return factors from the first time to a year after the last; whether ratios."""
    n = x.size
    table = np.empty(((n - 1) // length + 2, length))
    seasonal_factors_by_year(x, known, ratio, DISCOUNTS, table)
    if ratio and table.min() < LOWEST_RATIO - 1:
        return _factors(x, known, length, ratio=False)
    over = table.ravel()[: n + length]
    return (1 + over if ratio else over), ratio


def _filled_twice(
    x: Floats, known: NDArray[np.bool_], length: int, *, ratio: bool
) -> Floats:
    """Draw lines over gaps in what is adjusted, and put seasons on them."""
    factors, ratio = _factors(x, known, length, ratio=ratio)
    factors = factors[: x.size]
    smooth = np.where(known, x / factors if ratio else x - factors, np.nan)
    smooth = fill_gaps(smooth)
    return np.where(known, x, smooth * factors if ratio else smooth + factors)
