"""Whether growth, its sign and its turns were foreseen: arrays in, numbers out.

A forecast is compared with the last value known at its origin, its base.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["TurningPoints", "growth_error", "same_sign", "turning_points"]

Floats = NDArray[np.floating[Any]]


def growth_error(actual: ArrayLike, point: ArrayLike, base: ArrayLike) -> Floats:
    r"""Return actual less forecast growth, in percentage points.

    .. math:: 100 \left(\frac{y}{b} - 1\right) - 100 \left(\frac{\hat y}{b} - 1\right)

    Parameters
    ----------
    actual, point, base : array_like
        Outcomes, point forecasts, and the last value known (or that of the same month of
        the year before), in one unit.

    Returns
    -------
    float array
        Positive where growth was underestimated; NaN where the base is zero.

    Examples
    --------
    >>> growth_error([110.0, 80.0], [105.0, 90.0], base=100.0)
    array([  5., -10.])
    """
    b = np.asarray(base, dtype=float)
    error = np.asarray(actual, dtype=float) - np.asarray(point, dtype=float)
    return np.asarray(100 * error / np.where(b == 0, np.nan, b))


def same_sign(actual: ArrayLike, point: ArrayLike, base: ArrayLike) -> Floats:
    """Return 1 where the direction of change was foreseen, and 0 where it was not.

    A forecast of no change is half right, as a coin would be; so the mean of the naive
    forecast is one half. Where nothing changed there was no direction: NaN.

    Parameters
    ----------
    actual, point, base : array_like
        Outcomes, point forecasts, and the last value known, in one unit.

    Returns
    -------
    float array
        1, 0, 0.5 or NaN; the mean is the share of right directions.

    Examples
    --------
    >>> same_sign([11.0, 12.0, 9.0, 10.0], [10.5, 9.0, 10.0, 9.0], base=10.0)
    array([1. , 0. , 0.5, nan])
    """
    b = np.asarray(base, dtype=float)
    happened = np.sign(np.asarray(actual, dtype=float) - b)
    foreseen = np.sign(np.asarray(point, dtype=float) - b)
    happened = np.where(happened == 0, np.nan, happened)
    return np.asarray((1 + happened * foreseen) / 2)


@dataclass(frozen=True, slots=True)
class TurningPoints:
    """How many turns there were, and how many were foreseen.

    Attributes
    ----------
    hits : int
        Turns that were foreseen.
    misses : int
        Turns that were not.
    false_alarms : int
        Foreseen turns that did not come.
    quiet : int
        Neither foreseen nor come.
    unclear : int
        Left out: not known, or no change before to turn from.
    """

    hits: int
    misses: int
    false_alarms: int
    quiet: int
    unclear: int

    @property
    def hit_rate(self) -> float:
        """Share of the turns that were foreseen; NaN if there were none."""
        turns = self.hits + self.misses
        return self.hits / turns if turns else np.nan

    @property
    def false_alarm_rate(self) -> float:
        """Share of the periods without a turn in which one was foreseen."""
        others = self.false_alarms + self.quiet
        return self.false_alarms / others if others else np.nan

    def __repr__(self) -> str:
        turns, others = self.hits + self.misses, self.false_alarms + self.quiet
        return (
            f"{self.hits} of {turns} turning points foreseen, "
            f"{self.false_alarms} false alarms in {others} periods without one"
        )


def turning_points(
    actual: ArrayLike, point: ArrayLike, base: ArrayLike, before: ArrayLike
) -> TurningPoints:
    """Count turns of direction that came, and that were foreseen.

    A turn is a change from the base against the direction of the change that led to the
    base. A forecast of no change foresees no turn.

    Parameters
    ----------
    actual, point, base : array_like
        Outcomes, point forecasts, and the last value known, in one unit.
    before : array_like
        The value before the base.

    Examples
    --------
    >>> turning_points(actual=[9.0, 9.5, 12.0], point=[9.5, 11.0, 10.5], base=10.0,
    ...     before=9.0)
    1 of 2 turning points foreseen, 0 false alarms in 1 periods without one
    """
    y, f, b, a = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (actual, point, base, before))
    )
    trend = np.sign(b - a)
    came, foreseen = (y - b) * trend < 0, (f - b) * trend < 0
    clear = np.isfinite(y) & np.isfinite(f) & np.isfinite(trend) & (trend != 0)
    return TurningPoints(
        hits=int((clear & came & foreseen).sum()),
        misses=int((clear & came & ~foreseen).sum()),
        false_alarms=int((clear & ~came & foreseen).sum()),
        quiet=int((clear & ~came & ~foreseen).sum()),
        unclear=int((~clear).sum()),
    )
