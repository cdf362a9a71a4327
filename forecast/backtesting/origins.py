"""Days in the past from which is forecast."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.errors import ModelError, PeriodError
from forecast.periods import FREQUENCIES, frequency_of, parse_dates, parse_periods

__all__ = ["Origin", "read_origins"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A day on which a forecast is made.

    Attributes
    ----------
    day : Timestamp
        What was published by this day is known.
    period : Period
        The last period that had ended.
    """

    day: pd.Timestamp
    period: pd.Period

    def __str__(self) -> str:
        return str(
            self.period if self.day == _last_day(self.period) else self.day.date()
        )


def read_origins(
    origins: Any, known: pd.PeriodIndex, *, horizon: int, step: int
) -> tuple[Origin, ...]:
    """Return origins in the order of time.

    Parameters
    ----------
    origins : int or iterable
        So many origins, `step` periods apart, the last of them `horizon` periods before
        the last outcome; or periods (their last day counts) or days.
    known : PeriodIndex
        All periods from the first to the last with an outcome, without gaps.
    horizon, step : int

    Raises
    ------
    ModelError
        F-634 origins that are not possible.
    PeriodError
        F-401 to F-412 for labels that are neither periods nor days.
    """
    if isinstance(origins, numbers.Integral) and not isinstance(origins, bool):
        return _last_origins(int(origins), known, horizon, step)
    listed = [origins] if isinstance(origins, (str, pd.Period)) else origins
    if not isinstance(listed, Iterable):
        raise _refusal(f"origins={origins!r} is not possible")
    found = _read(list(listed), known)
    days = [origin.day for origin in found]
    if not days or len(set(days)) < len(days):
        raise _refusal("no origin" if not days else "an origin that is given twice")
    for origin in found:
        if not known[0].ordinal <= origin.period.ordinal < known[-1].ordinal:
            raise _refusal(
                f"no forecast from {origin.day.date()} can be made and judged: the "
                f"periods with outcomes are {known[0]} to {known[-1]}"
            )
    return tuple(sorted(found, key=lambda origin: origin.day))


def _last_origins(
    count: int, known: pd.PeriodIndex, horizon: int, step: int
) -> tuple[Origin, ...]:
    possible = max(0, -(-(len(known) - horizon) // step))
    if not 1 <= count <= possible:
        raise _refusal(
            f"{count:,} origins of {horizon} periods, {step} apart, do not fit in "
            f"{len(known):,} periods",
            remedy=f"{possible:,} do; the first ones know little.",
        )
    last = len(known) - 1 - horizon
    ends = known[last - (count - 1) * step : last + 1 : step]
    return tuple(Origin(_last_day(end), end) for end in ends)


def _read(labels: list[Any], known: pd.PeriodIndex) -> list[Origin]:
    """Read days; labels that are none are periods, of which the last day counts."""
    try:
        days = parse_dates(labels, column="origins")
    except PeriodError:
        freq = frequency_of(known)
        periods = parse_periods(labels, column="origins")
        if FREQUENCIES[frequency_of(periods)] > FREQUENCIES[freq]:
            periods = parse_periods(labels, freq=freq, column="origins")  # raises
        days = pd.DatetimeIndex(periods.end_time.normalize())
    found = []
    for day in days:
        within = day.to_period(frequency_of(known))
        ended = day == within.end_time.normalize()
        found.append(Origin(day.as_unit("ns"), within if ended else within - 1))
    return found


def _last_day(period: pd.Period) -> pd.Timestamp:
    return period.end_time.normalize().as_unit("ns")


def _refusal(problem: str, remedy: str = "") -> ModelError:
    return ModelError(
        problem,
        code="F-634",
        column="origins",
        remedy=remedy
        or "Give a number of origins, or different periods or days such as '2015' or "
        "'2015-09-30' with outcomes before and after.",
    )
