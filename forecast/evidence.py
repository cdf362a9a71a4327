"""What is known of a year at a date, as arrays: the way from tables to the part-year model.

`Evidence` is made from `Releases` (what officials say) or from a monthly or quarterly
`TradePanel` (what customs publish) and is all that `forecast.nowcasting` looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.datasets.calibration import dollars_of_2010
from forecast.errors import PeriodError
from forecast.panel import TradePanel
from forecast.panel.double_counting import looks_cumulated
from forecast.part_year import PartYear, part_year_of, yearly_volatility
from forecast.releases import Releases

__all__ = ["Evidence", "evidence_of_panel", "evidence_of_releases"]

Floats = NDArray[np.floating[Any]]

MONTHS = 12
PAST_YEARS = 11
DOLLARS = {
    "usd": 1e-6,
    "us$": 1e-6,
    "$": 1e-6,
    "thousand usd": 1e-3,
    "million usd": 1.0,
    "billion usd": 1e3,
    "mln usd": 1.0,
    "bn usd": 1e3,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of n units k months into a year.

    Attributes
    ----------
    units : DataFrame of n rows
        Key columns.
    part : PartYear
        Known sums, growth, past tilts; all units at the same month.
    level : array of str, shape (n,)
        Level of information used for each unit.
    base : float array of shape (n,)
        Total of the year before, NaN where not known.
    pattern : float array of shape (n, years, 12 - k)
        How past years spread over the months to come (zero years where unknown).
    notes : tuple of str
    """

    units: pd.DataFrame
    part: PartYear
    level: NDArray[np.str_]
    base: Floats
    pattern: Floats
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.units)

    @property
    def in_money(self) -> bool:
        """Whether the level of the year can be told, not only its growth."""
        return bool(np.all((self.level != "rate") | np.isfinite(self.base)))

    @property
    def months(self) -> int:
        return self.part.months

    @property
    def remaining(self) -> Floats:
        """The rest of the year at a tilt of zero: the run-rate."""
        return self.part.known / self.months * (MONTHS - self.months)


def million_dollars(measure: str) -> float:
    """Factor from `measure` to million US dollars; NaN for any other unit."""
    return DOLLARS.get(measure.strip().lower(), np.nan)


def evidence_of_releases(
    releases: Releases, year: int, *, everything: Releases | None = None
) -> Evidence | None:
    """What one reporter's figures say of `year`; None where there is no part-year figure.

    Parameters
    ----------
    releases : Releases
        Of one reporter, already cut at the as-of date.
    year : int
    everything : Releases, optional
        All reporters' figures known by then: the longest run of full years of any
        one of them tells how jumpy the pair's years are, if `releases` cannot.
    """
    table = releases.part_years(year)
    if table.empty:
        return None
    valued = table[table["value"].notna()]
    latest = (valued if len(valued) else table).iloc[-1]
    months, known = int(latest["months"]), float(latest["value"])
    growth = _growth_so_far(releases, latest, year, months)
    yearly = releases.yearly()
    base = float(yearly.get(year - 1, np.nan))
    known_before = known / (1 + growth)
    volatility, note = _volatility(releases, everything or releases, year)
    annualised = known / months * MONTHS if known > 0 else base
    part = PartYear(
        months=months,
        known=np.array([known]),
        log_growth=np.array([np.log1p(growth)]),
        tilt_before=np.array([_tilt(known_before, base, months)]),
        tilt_median=np.array([np.nan]),
        tilt_spread=np.array([np.nan]),
        momentum=np.array([np.nan]),
        size=np.array(
            [annualised * million_dollars(releases.measure) * dollars_of_2010(year)]
        ),
        volatility=np.array([volatility]),
    )
    bound = latest["relation"] in ("more than", "at least")
    notes = (f"the figure is a lower bound ({latest['relation']})",) if bound else ()
    return Evidence(
        units=pd.DataFrame({"reporter": [releases.only_reporter]}),
        part=part,
        level=part.levels(),
        base=np.array([base]),
        pattern=np.empty((1, 0, MONTHS - months)),
        notes=(*notes, note),
    )


def evidence_of_panel(
    panel: TradePanel, year: int
) -> tuple[list[Evidence], pd.DataFrame]:
    """What a monthly or quarterly panel says of `year`, one `Evidence` per last known month.

    Returns
    -------
    list of Evidence
        Units that share the last known month stand together.
    DataFrame
        Units of which nothing is known in `year`, with the reason.
    """
    values, units, periods = panel.matrix()
    _refuse_cumulated(values, periods)
    monthly, last = _months_by_year(values, periods, year, panel.freq)
    months = _months_known(monthly[:, -1])
    factor = million_dollars(panel.measure) * dollars_of_2010(year)
    found = []
    for k in range(1, MONTHS):
        rows = np.flatnonzero(months == k)
        if not rows.size:
            continue
        window = monthly[rows]
        known = window[:, -1, :k].sum(axis=1)
        part = part_year_of(window, k, known / k * MONTHS * factor)
        useful = part.levels() != ""
        rows, part, window = rows[useful], part.take(useful), window[useful]
        if rows.size:
            found.append(
                Evidence(
                    units=units.iloc[rows].reset_index(drop=True),
                    part=part,
                    level=part.levels(),
                    base=window[:, -2].sum(axis=1)
                    if last
                    else np.full(rows.size, np.nan),
                    pattern=_pattern(window[:, :-1, k:]),
                )
            )
    used = {tuple(row) for e in found for row in e.units.itertuples(index=False)}
    left = [tuple(row) not in used for row in units.itertuples(index=False)]
    reasons = np.where(
        months == MONTHS,
        "the whole year is known",
        "nothing, or only zeros, known of the year",
    )
    return found, units.assign(reason=reasons)[left].reset_index(drop=True)


def _growth_so_far(
    releases: Releases, latest: pd.Series, year: int, months: int
) -> float:
    """Growth as stated; else from the same reporter's figure of the year before."""
    if np.isfinite(latest["growth"]):
        return float(latest["growth"])
    before = releases.part_years(year - 1)
    before = before[(before["months"] == months) & before["value"].notna()]
    if before.empty or not np.isfinite(latest["value"]):
        return np.nan
    return float(latest["value"] / before["value"].iloc[-1] - 1)


def _tilt(known: float, whole: float, months: int) -> float:
    """Tilt of a whole year of which the first months are known."""
    if not (np.isfinite(known) and np.isfinite(whole) and 0 < known < whole):
        return np.nan
    return float(np.log((whole - known) / (MONTHS - months)) - np.log(known / months))


def _volatility(own: Releases, everything: Releases, year: int) -> tuple[float, str]:
    """How jumpy the pair's years were, from one reporter's totals, and who that was."""
    for name in (own.only_reporter, *everything.reporters):
        source = everything.for_reporter(name) if name in everything.reporters else own
        totals = source.yearly().reindex(range(year - PAST_YEARS, year)).to_numpy()
        volatility = yearly_volatility(totals)
        if np.isfinite(volatility):
            return volatility, (
                f"yearly log changes vary by {volatility:.2f} (full years of {name}; "
                "used for the width only, levels are not chained)"
            )
    return np.nan, "no run of full years is known: the width rests on the size alone"


def _refuse_cumulated(values: Floats, periods: pd.PeriodIndex) -> None:
    """Year-to-date sums given as months would be summed a second time."""
    cumulated = looks_cumulated(values, periods)
    if cumulated.any():
        raise PeriodError(
            f"{int(cumulated.sum())} of {cumulated.size} units look cumulated within the year",
            code="F-463",
            count=int(cumulated.sum()),
            remedy="If they are year-to-date sums, take panel.decumulated() first.",
        )


def _months_by_year(
    values: Floats, periods: pd.PeriodIndex, year: int, freq: str
) -> tuple[Floats, bool]:
    """Arrange as (n, years, 12), the last year being `year`; is the year before there?"""
    if freq not in ("M", "Q"):
        raise PeriodError(
            "a nowcast of the year needs monthly or quarterly figures, these are yearly",
            code="F-460",
            remedy="Give a monthly or quarterly panel, or Releases with year-to-date figures.",
        )
    per_year = {"M": 12, "Q": 4}[freq]
    years = np.arange(year - PAST_YEARS, year + 1)
    grid = np.full((len(values), years.size * per_year), np.nan)
    within = np.asarray(periods.month if freq == "M" else periods.quarter) - 1
    at = (np.asarray(periods.year) - years[0]) * per_year + within
    inside = (at >= 0) & (at < grid.shape[1])
    grid[:, at[inside]] = values[:, inside]
    shaped = grid.reshape(len(values), years.size, per_year)
    if freq == "Q":  # an even split leaves every sum that is used unchanged
        shaped = np.repeat(shaped / 3, 3, axis=2)
    return shaped, bool(np.isfinite(shaped[:, -2]).any())


def _months_known(now: Floats) -> NDArray[np.integer[Any]]:
    """Months known without a gap since January; (n, 12) -> (n,)."""
    return np.cumprod(np.isfinite(now), axis=1).sum(axis=1)


def _pattern(rest: Floats) -> Floats:
    """Shares of the remaining months in the rest of each past year; whole years only."""
    sums = rest.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums > 0, rest / sums, np.nan)
