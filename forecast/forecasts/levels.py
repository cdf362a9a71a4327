"""Levels of intervals and bounds of probabilities, as people write them."""

from __future__ import annotations

import math
import numbers
from typing import Any

from forecast.errors import ModelError

__all__ = ["bounds_of", "percent_label", "probability_of", "tails_of"]


def tails_of(level: float) -> tuple[float, float]:
    """Return the two probabilities that bound a central interval.

    0.8 and 80 both mean 80 per cent.

    Raises
    ------
    ModelError
        F-502 for a level that is not between 0 and 1, nor between 1 and 100.
    """
    real = isinstance(level, numbers.Real) and not isinstance(level, bool)
    share = float(level) if real else math.nan
    share = share / 100 if share > 1 else share
    if not 0 < share < 1:
        raise ModelError(
            f"level {level!r} is not possible",
            code="F-502",
            remedy="Give 0.8 or 80 for the interval that holds four of five outcomes.",
        )
    tail = round((1 - share) / 2, 12)  # 80 and 0.8 agree to the last bit
    return tail, 1 - tail


def percent_label(level: float) -> str:
    """Return a level in per cent: ``80`` for 0.8 and for 80."""
    lower, upper = tails_of(level)
    return f"{100 * (upper - lower):.10g}"


def probability_of(probability: float) -> float:
    """Return the probability of a quantile, or refuse it."""
    real = isinstance(probability, numbers.Real) and not isinstance(probability, bool)
    if not real or not 0 <= probability <= 1:
        raise ModelError(
            f"there is no quantile of probability {probability!r}",
            code="F-503",
            remedy="Give a number from 0 to 1, such as quantile(0.9).",
        )
    return float(probability)


def bounds_of(above: Any, below: Any, between: Any) -> tuple[float, float]:
    """Return the open lower and closed upper bound of an event.

    Raises
    ------
    ModelError
        F-504 unless exactly one event is asked for.
    """
    given = [bound for bound in (above, below, between) if bound is not None]
    if len(given) == 1:
        pair = between if between is not None else (above, below)
        try:
            low, high = pair
            low = -math.inf if low is None else float(low)
            high = math.inf if high is None else float(high)
        except (TypeError, ValueError):
            low, high = math.nan, math.nan
        if low < high:
            return low, high
    raise ModelError(
        f"above={above!r}, below={below!r}, between={between!r} name no event",
        code="F-504",
        remedy="Give exactly one: above=20, below=20 or between=(18, 20).",
    )
