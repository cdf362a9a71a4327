"""What one pair can say by itself: growth in years with a forum and in years without.

With one pair there are no effects of pairs and periods, and whatever else moved in those
years moved too; the check is printed because it is all that the pair offers. Its p-value
is the share of ways to deal the same number of events over the years that part them as
far (Fisher's permutation test).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.studies.gravity_half.record import Floats

__all__ = ["OnePair", "years_with_and_without"]

DEALS = 9_999
FEW = 3
POWER = 2.8
"""1.96 + 0.84: an effect of so many standard errors is found four times of five."""


@dataclass(frozen=True, slots=True)
class OnePair:
    """Years with and without events, compared.

    Attributes
    ----------
    with_events, without : int
        Number of years.
    difference : float
        Of mean growth, per cent; NaN where one side has fewer than three years.
    p_value : float
    detectable : float
        Smallest difference, per cent, that these years would show four times of five.
    """

    with_events: int
    without: int
    difference: float
    p_value: float
    detectable: float


def years_with_and_without(
    growths: pd.Series, years: set[int], rng: np.random.Generator
) -> OnePair:
    """Compare log growth in some years with that in the others.

    Parameters
    ----------
    growths : Series
        Log growth by year.
    years : set of int
        Years with an event.
    rng : Generator

    Examples
    --------
    >>> growths = pd.Series([0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1], range(2000, 2008))
    >>> found = years_with_and_without(growths, {2001, 2003, 2005, 2007},
    ...                                np.random.default_rng(0))
    >>> round(found.difference, 1), found.p_value < 0.05
    (10.5, True)
    """
    values = growths.to_numpy(float)
    held = growths.index.isin(sorted(years))
    m, n = int(held.sum()), int((~held).sum())
    if min(m, n) < FEW:
        return OnePair(m, n, np.nan, np.nan, np.nan)
    found = values[held].mean() - values[~held].mean()
    dealt = _dealt(values, m, rng)
    p = (1 + int((np.abs(dealt) >= abs(found) - 1e-12).sum())) / (1 + DEALS)
    error = float(np.sqrt(values[held].var(ddof=1) / m + values[~held].var(ddof=1) / n))
    return OnePair(
        m, n, float(100 * np.expm1(found)), p, float(100 * np.expm1(POWER * error))
    )


def _dealt(values: Floats, m: int, rng: np.random.Generator) -> Floats:
    mixed = rng.permuted(np.tile(values, (DEALS, 1)), axis=1)
    differences: Floats = mixed[:, :m].mean(axis=1) - mixed[:, m:].mean(axis=1)
    return differences
