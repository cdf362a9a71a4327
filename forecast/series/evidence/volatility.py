r"""How much each unit usually changes: what errors of many units are measured in.

Changes are those from a year before, :math:`|\log y_t - \log y_{t-m}|`, or plain
differences where a unit has zeros; recent ones count more, with a half-life of five
years, because trade calms down as it grows. A unit's own mean of few changes is noisy,
so in logarithms it is shrunk towards the median of all units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Volatility", "volatility_of"]

Floats = NDArray[np.floating[Any]]

HALF_LIFE = 5.0
"""Years. On held-out years and quarters of M1 and Tourism scores of intervals hardly
move between two and eight."""

PRIOR_CHANGES = 10.0
"""The median of all units counts as so many changes of a unit's own."""

FEWEST_CHANGES = 3
"""Below so many changes from a year before, those from the period before are taken."""


@dataclass(frozen=True, slots=True)
class Volatility:
    """The usual change of each unit.

    Attributes
    ----------
    size : float array of shape (n_units,)
        In logarithms of positive units, in the unit of the data of others; NaN where
        nothing is known.
    positive : bool array of shape (n_units,)
    """

    size: Floats
    positive: NDArray[np.bool_]


def volatility_of(values: Floats, season_length: int) -> Volatility:
    """Measure each row's usual change.

    Parameters
    ----------
    values : float array of shape (n_units, n_periods)
        Not negative, NaN where missing.
    season_length : int
        Periods in a year.
    """
    known = np.isfinite(values)
    positive = np.asarray(known.any(axis=1) & ~(known & (values <= 0)).any(axis=1))
    x = np.where(positive[:, None], np.log(np.where(values > 0, values, 1.0)), values)
    x = np.where(known, x, np.nan)
    size, count = _mean_change(x, season_length, season_length)
    short = count < FEWEST_CHANGES
    if short.any():
        near, near_count = _mean_change(x, 1, season_length)
        size, count = np.where(short, near, size), np.where(short, near_count, count)
    # What units that have zeros change by depends on their level: no pool for these.
    return Volatility(_shrunk(size, count, positive), positive)


def _mean_change(x: Floats, lag: int, season_length: int) -> tuple[Floats, Floats]:
    """Return weighted means of absolute changes over `lag` periods, and their number."""
    if x.shape[1] <= lag:
        return np.full(len(x), np.nan), np.zeros(len(x))
    change = np.abs(x[:, lag:] - x[:, :-lag])
    there = np.isfinite(change)
    age = np.arange(change.shape[1])[::-1] / season_length
    weights = there * 0.5 ** (age / HALF_LIFE)
    total = weights.sum(axis=1)
    mean = np.divide(
        (weights * np.where(there, change, 0.0)).sum(axis=1),
        total,
        out=np.full(len(x), np.nan),
        where=total > 0,
    )
    return mean, there.sum(axis=1).astype(float)


def _shrunk(size: Floats, count: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Shrink logarithms of the positive units' changes towards their median."""
    moving = positive & (size > 0)
    if not moving.any():
        return np.where(size > 0, size, np.nan)
    middle = float(np.median(np.log(size[moving])))
    own = np.log(np.where(moving, size, 1.0))
    share = np.where(moving, count / (count + PRIOR_CHANGES), 0.0)
    pooled = np.exp(share * own + (1 - share) * middle)
    return np.where(positive, pooled, np.where(size > 0, size, np.nan))
