"""Seasonal factors that may change over the years."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact

__all__ = ["seasonal_factors_by_year"]

Array = NDArray[Any]

SMALLEST = 1e-12

LIGHTEST = 1e-3
"""Discounts of less weight are left out."""


@jit_exact
def seasonal_factors_by_year(
    x: Array, known: Array, ratio: bool, discounts: Array, factors: Array
) -> None:
    """Write seasonal factors of each year, averaged over discounts.

    What is left of a series over (or less) its centred moving average is averaged over
    years, each year away counting less by a discount. Factors of a year sum to zero and
    are shrunk by the James-Stein rule (Miller and Williams 2003, International Journal
    of Forecasting 19(4)). A discount is weighed by how well seasons were forecast from
    the years before.

    Parameters
    ----------
    x : float array of shape (n,)
        Without gaps; what stood in them is not `known`.
    known : bool array of shape (n,)
    ratio : bool
        Factors as shares over 1 of a positive series; else what is added.
    discounts : float array of shape (D,)
    factors : float array of shape (years, m)
        Written; row t // m and column t % m for time t. Rows after the last value go on
        as the last.
    """
    n, (years, m) = x.size, factors.shape
    half = m // 2
    rest, seen = np.zeros((years, m)), np.zeros((years, m))
    for t in range(half, n - half):
        total = 0.0
        for k in range(t - half, t + half + 1):
            total += x[k]
        if m % 2 == 0:
            total -= 0.5 * (x[t - half] + x[t + half])
        average = total / m
        if known[t]:
            rest[t // m, t % m] = x[t] / average - 1.0 if ratio else x[t] - average
            seen[t // m, t % m] = 1.0
    weights, best, sum_of_weights = np.empty(discounts.size), -np.inf, 0.0
    for d in range(discounts.size):
        squares, count = 0.0, 0
        for s in range(m):
            total, weight = 0.0, 0.0
            for year in range(years):
                if seen[year, s] > 0.0 and weight > 0.0 and year > 1:
                    squares += (rest[year, s] - total / weight) ** 2
                    count += 1
                total = discounts[d] * total + rest[year, s]
                weight = discounts[d] * weight + seen[year, s]
        error = squares / count if count > 0 else 0.0
        weights[d] = -0.5 * count * np.log(max(error, SMALLEST**2))
        best = max(best, weights[d])
    for d in range(discounts.size):
        weights[d] = np.exp(weights[d] - best)
        sum_of_weights += weights[d]
    for year in range(years):
        for s in range(m):
            factors[year, s] = 0.0
    once, powers = np.empty((years, m)), np.empty(years)
    size, sizes = np.empty(years), np.empty(years)
    for d in range(discounts.size):
        share = weights[d] / sum_of_weights
        if share < LIGHTEST:
            continue
        for year in range(years):
            size[year], sizes[year] = 0.0, 0.0
            powers[year] = discounts[d] ** year
        left, count = 0.0, 0
        for year in range(years):
            mean = 0.0
            for s in range(m):
                total, weight = 0.0, 0.0
                for other in range(years):
                    w = powers[abs(year - other)]
                    total += w * rest[other, s]
                    weight += w * seen[other, s]
                    sizes[year] += w * w * seen[other, s]
                size[year] += weight
                once[year, s] = total / max(weight, SMALLEST)
                mean += once[year, s] / m
            for s in range(m):
                once[year, s] -= mean
                if seen[year, s] > 0.0:
                    left += (rest[year, s] - once[year, s]) ** 2
                    count += 1
        variance = left / max(count - m, 1)
        for year in range(years):
            length = SMALLEST**2
            for s in range(m):
                length += once[year, s] ** 2
            # The number of years that this year's factors rest on.
            rested = size[year] ** 2 / max(m * sizes[year], SMALLEST)
            kept = max(
                1.0 - max(m - 3, 0) * variance / max(rested * length, 1e-300), 0.0
            )
            for s in range(m):
                factors[year, s] += share * kept * once[year, s]
