r"""Outliers and level shifts: found step by step, sized, taken out.

Let :math:`d_t` be the steps of logarithms of a series that is always positive, seasons
taken out, with median :math:`m` and robust spread :math:`s` (1.4826 times the median
absolute deviation, not below a half per cent). At each time two things are tested:

- *level shift*: one step is out of line, :math:`|d_t - m| / s`;
- *outlier*: a step and the one back, :math:`|d_t - d_{t+1}|` by its own robust spread, at
  least :math:`\sqrt 2 s` (more where steps tend to turn back); the value in between is
  out of line.

What counts are statistics above the quantile of a t distribution that all tests together
exceed with probability `size` (Bonferroni). The one that explains most is taken out, and
so on until nothing is found. Tsay (1988, Journal of Forecasting 7(1)) and Chen and Liu
(1993, JASA 88) do so with the residuals of an ARIMA model; with 20 values a model would
be bent by what it is to find. A last value out of line counts as
a shift: nothing tells that it will come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.scales.seasonality import fill_gaps, has_seasons

__all__ = ["Break", "Cleaning", "clean"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SMALLEST_SPREAD = 0.005
"""Steps of less than a few per cent are no breaks, however calm the series is."""

MAD_TO_SD = 1.4826
FEWEST_STEPS = 7
FEWEST_YEARS = 4
LARGEST_SHARE = 0.2
"""Of the steps, that may be breaks; more of them are no exceptions."""

DF_SHARE = 0.5
"""Degrees of freedom of the robust spread, as a share of the number of steps.

It keeps the false alarms of simulated random
walks, with and without noise, of 10 to 200 values below 5 per cent of series."""


@dataclass(frozen=True, slots=True)
class Break:
    """Something out of line.

    Attributes
    ----------
    kind : {"outlier", "level shift"}
    position : int
        Of the outlying value, or of the first value on the new level.
    size : float
        In logarithms: 0.1 is 10 per cent up.
    statistic : float
        Size in units of its standard error.
    """

    kind: str
    position: int
    size: float
    statistic: float


@dataclass(frozen=True, slots=True)
class Cleaning:
    """A series without its breaks, and what they were.

    Attributes
    ----------
    y : float array of shape (n,)
        Values before a level shift are on the level after it; outliers are moved back
        into line. The last value is the observed one.
    breaks : tuple of Break
        In the order of time.
    """

    y: Floats
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class _Steps:
    """Steps of logarithms, what seasonal medians took of their spread, and its df."""

    d: Floats
    inflation: float
    df: float


def clean(
    y: Floats,
    length: int = 1,
    *,
    size: float = 0.05,
    positions: Ints | Sequence[int] | None = None,
) -> Cleaning:
    """Find breaks of a series and take them out.

    Parameters
    ----------
    y : float array of shape (n,)
        Not negative, NaN where missing. One with zeros is left as it is.
    length : int
        Periods in a year.
    size : float
        Probability of finding anything in a series without breaks.
    positions : sequence of int, optional
        Where to look; by default everywhere. Fewer tests need less of a statistic.

    Returns
    -------
    Cleaning

    Examples
    --------
    >>> y = np.array([10.0, 10.3, 10.5, 10.9, 11.1, 11.6, 11.8, 6.1, 6.3, 6.5, 6.6])
    >>> found = clean(y)
    >>> [(b.kind, b.position, round(b.size, 1)) for b in found.breaks]
    [('level shift', 7, -0.7)]
    >>> found.y.round(1)[[0, 6, 7, 10]]
    array([5. , 6. , 6.1, 6.6])
    """
    known = np.flatnonzero(np.isfinite(y))
    where = np.arange(y.size) if positions is None else np.unique(positions)
    if known.size <= FEWEST_STEPS or np.nanmin(y) <= 0 or not where.size:
        return Cleaning(y, ())
    x = np.log(y[known])
    steps = _steps(np.log(y), known, length)
    if steps is None:
        return Cleaning(y, ())
    found = _search(steps, np.isin(known, where), size)
    breaks = []
    for one in sorted(found, key=lambda one: one.position):
        if one.kind == "level shift":
            x[: one.position] += one.size
        else:
            x[one.position] -= one.size
        place = int(known[one.position])
        breaks.append(Break(one.kind, place, one.size, one.statistic))
    cleaned = y.copy()
    if breaks:
        cleaned[known] = np.exp(x)
        cleaned[known[-1]] = y[known[-1]]
    return Cleaning(cleaned, tuple(breaks))


def _steps(x: Floats, known: Ints, length: int) -> _Steps | None:
    """Return steps between known values, each calendar period's own median taken out.

    Medians over the same period of all years: a mean would be bent by breaks. Of less than
    four years they leave too little: None.
    """
    steps = np.diff(x[known])
    if not has_seasons(fill_gaps(x), length):
        return _Steps(steps, 1.0, DF_SHARE * steps.size)
    years = steps.size / length
    if years < FEWEST_YEARS:
        return None
    places = known[1:] % length
    for place in range(length):
        mine = places == place
        if mine.any():
            steps[mine] -= np.median(steps[mine])
    return _Steps(steps, 1 + 2.2 / years, DF_SHARE * (steps.size - length))


def _search(steps: _Steps, allowed: NDArray[np.bool_], size: float) -> list[Break]:
    """Find breaks one after the other; positions count known values."""
    d = steps.d.copy()
    found: list[Break] = []
    shifts, outliers = allowed[1:], allowed[1:-1]
    tests = int(shifts.sum() + outliers.sum())
    limit = _critical(steps.df, tests, size)
    while len(found) < LARGEST_SHARE * d.size:
        middle = float(np.median(d))
        spread = max(_mad(d - middle, steps), SMALLEST_SPREAD)
        turns = d[:-1] - d[1:]
        own = max(_mad(turns, steps), np.sqrt(2) * spread)
        shift, out = np.abs(d - middle) / spread, np.abs(turns) / own
        # What taking it out leaves less of in the sum of squares tells which it was.
        gain = np.where(shifts & (shift > limit), (d - middle) ** 2, 0)
        other = np.where(outliers & (out > limit), turns**2 / 2, 0)
        if max(gain.max(), other.max()) <= 0:
            break
        if gain.max() >= other.max():
            t = int(gain.argmax())
            moved = float(d[t] - middle)
            found.append(Break("level shift", t + 1, moved, float(shift[t])))
            d[t] = middle
        else:
            t = int(other.argmax())
            moved = float(turns[t]) / 2
            found.append(Break("outlier", t + 1, moved, float(out[t])))
            d[t], d[t + 1] = d[t] - moved, d[t + 1] + moved
    return found


def _mad(errors: Floats, steps: _Steps) -> float:
    """Return the robust spread of errors about zero."""
    return MAD_TO_SD * steps.inflation * float(np.median(np.abs(errors)))


def _critical(df: float, tests: int, size: float) -> float:
    """Return what the largest of so many statistics exceeds with probability `size`."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 1 - size / (2 * max(tests, 1))))
