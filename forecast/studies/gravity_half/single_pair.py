"""What one pair can say by itself: growth in years with a forum and in years without.

With one pair there are no effects of pairs and periods, and whatever else moved in those
years moved too; the check is printed because it is all that the pair offers. Its p-value
is the share of ways to deal the same number of events over the years that part them as
far (Fisher's permutation test). It takes the years as exchangeable. Where all years without
come before all years with, it compares two epochs, and `OnePair.one_split` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.events import EventLog
from forecast.forecasts import unit_rng
from forecast.studies.facts import StudyFacts
from forecast.studies.gravity_half.outlook import history_reporter, log_growths
from forecast.studies.gravity_half.record import Floats

__all__ = ["OnePair", "single_pair_table", "years_with_and_without"]

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
    one_split : bool
        Whether all years of one side come before all years of the other.
    """

    with_events: int
    without: int
    difference: float
    p_value: float
    detectable: float
    one_split: bool


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
    split = _split(growths.index[held], growths.index[~held])
    if min(m, n) < FEW:
        return OnePair(m, n, np.nan, np.nan, np.nan, split)
    found = values[held].mean() - values[~held].mean()
    dealt = _dealt(values, m, rng)
    p = (1 + int((np.abs(dealt) >= abs(found) - 1e-12).sum())) / (1 + DEALS)
    error = float(np.sqrt(values[held].var(ddof=1) / m + values[~held].var(ddof=1) / n))
    difference, detectable = 100 * np.expm1([found, POWER * error])
    return OnePair(m, n, float(difference), p, float(detectable), split)


def _split(some: pd.Index, others: pd.Index) -> bool:
    """Tell whether all of some years lie before, or after, all others."""
    if some.empty or others.empty:
        return False
    return bool(some.max() < others.min() or others.max() < some.min())


def single_pair_table(history: str, known: StudyFacts, seed: int) -> pd.DataFrame:
    """Compare growth of the pair in years with a forum and without.

    Parameters
    ----------
    history : str
        Reporter of the yearly totals, or "": the one with the longest series.
    known : StudyFacts
        As known on the day.
    seed : int

    Returns
    -------
    DataFrame
        One row: ``what, reporter, years, years_with, years_without, with, without,
        left_out, difference_%, p_value, detectable_%, one_split, status``.
    """
    reporter = history_reporter(known.figures, history)
    growths = log_growths(known.figures.for_reporter(reporter).yearly())
    held = _years_held(known.events, "forum")
    unclear = {y for y in growths.index if _unclear(y, held)}
    growths = growths[~growths.index.isin(sorted(unclear))]
    found = years_with_and_without(growths, held, unit_rng(seed, "gravity", "single"))
    with_forum = growths.index.isin(sorted(held))
    return pd.DataFrame(
        [
            {
                "what": "growth in years with a forum against years without",
                "reporter": reporter,
                "years": _from_to(growths.index),
                "years_with": _from_to(growths.index[with_forum]),
                "years_without": _from_to(growths.index[~with_forum]),
                "with": found.with_events,
                "without": found.without,
                "left_out": len(unclear),
                "difference_%": found.difference,
                "p_value": found.p_value,
                "detectable_%": found.detectable,
                "one_split": found.one_split,
                "status": "not identified: one pair, and all else moved as well"
                + (
                    "; a split of time in two, not a mixture of years: p takes years as "
                    "exchangeable"
                    if found.one_split
                    else ""
                ),
            }
        ]
    )


def _from_to(years: pd.Index) -> str:
    return f"{years.min()}–{years.max()}" if len(years) else ""


def _years_held(log: EventLog | None, kind: str) -> set[int]:
    if log is None:
        return set()
    table = log.in_hindsight().to_frame()
    held = table[(table["kind"] == kind) & (table["status"] == "held")]
    return set(held["date"].dropna().dt.year)


def _unclear(year: int, held: set[int]) -> bool:
    """Between the first and the last event on record a year without a record proves nothing."""
    return bool(held) and min(held) < year < max(held) and year not in held


def _dealt(values: Floats, m: int, rng: np.random.Generator) -> Floats:
    mixed = rng.permuted(np.tile(values, (DEALS, 1)), axis=1)
    differences: Floats = mixed[:, :m].mean(axis=1) - mixed[:, m:].mean(axis=1)
    return differences
