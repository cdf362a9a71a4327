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
from forecast.errors import ModelError, PeriodError, TableError
from forecast.panel import TradePanel
from forecast.panel.double_counting import looks_cumulated
from forecast.part_year import PartYear, part_year_of, yearly_volatility
from forecast.releases import Releases

__all__ = [
    "Evidence",
    "evidence_of_panel",
    "evidence_of_releases",
    "million_dollars",
    "nothing_known",
    "refuse_impossible",
]

Floats = NDArray[np.floating[Any]]

MONTHS = 12
PAST_YEARS = 11
DOLLAR_WORDS = ("usd", "us$", "$", "dollar", "dollars")
MILLIONS = {
    1e-6: (),
    1e-3: ("thousand", "thousands", "thou", "th", "k"),
    1.0: ("million", "millions", "mln", "mn", "m"),
    1e3: ("billion", "billions", "bln", "bn", "b"),
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
    """Factor from `measure` to million US dollars; NaN for any other unit.

    Examples
    --------
    >>> [million_dollars(m) for m in ("billion USD", "US$ million", "thousands of US dollars")]
    [1000.0, 1.0, 0.001]
    >>> million_dollars("million EUR")
    nan
    """
    words = [w for w in str(measure).strip().lower().split() if w not in ("of", "us")]
    scale = [w for w in words if w not in DOLLAR_WORDS]
    if len(words) != len(scale) + 1 or len(scale) > 1:
        return np.nan
    found = [f for f, names in MILLIONS.items() if not scale or scale[0] in names]
    return found[0] if found else np.nan


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
    notes = _notes_of_releases(table, latest, yearly, year)
    if np.isnan(million_dollars(releases.measure)):
        notes = (*notes, _unknown_size(releases.measure))
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
        Units without an open year: ``reason``, and ``known``, the sum known of it
        (NaN where nothing is).
    """
    values, units, periods = panel.matrix()
    _refuse_cumulated(values, periods)
    monthly = _months_by_year(values, periods, year, panel.freq)
    months = _months_known(monthly[:, -1])
    factor = million_dollars(panel.measure) * dollars_of_2010(year)
    notes = _notes_of_panel(monthly[:, -1], months, panel.measure)
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
                    base=window[:, -2].sum(axis=1),
                    pattern=_pattern(window[:, :-1, k:]),
                    notes=notes,
                )
            )
    used = {tuple(row) for e in found for row in e.units.itertuples(index=False)}
    left = [tuple(row) not in used for row in units.itertuples(index=False)]
    reasons = np.select(
        [months == MONTHS, months > 0],
        ["the whole year is known", "only zeros are known of the year"],
        "nothing is known from January on",
    )
    known = np.where(months > 0, np.nansum(monthly[:, -1], axis=1), np.nan)
    table = units.assign(reason=reasons, known=known)
    return found, table[left].reset_index(drop=True)


def refuse_impossible(data: object, paths: object, lag_days: int) -> None:
    """Refuse a task that no data could answer."""
    if not isinstance(data, (TradePanel, Releases)):
        raise TableError(
            f"a nowcast of {type(data).__name__} is not possible",
            code="F-107",
            remedy="Build TradePanel.from_frame or Releases.from_frame first.",
        )
    if not isinstance(paths, (int, np.integer)) or paths < 1:
        raise ModelError(
            f"paths={paths!r} is not possible",
            code="F-541",
            remedy="Give a whole number from 1; 10,000 steadies the tails.",
        )
    if lag_days < 0:
        raise PeriodError(
            f"lag_days={lag_days} would look beyond the as-of date",
            code="F-462",
            remedy="Give the days from the end of a period to its publication.",
        )


def nothing_known(year: int, left_out: pd.DataFrame) -> PeriodError:
    """Say that no part of `year` is known, and why."""
    reasons = [] if left_out.empty else left_out["reason"].unique().tolist()
    return PeriodError(
        f"no part of {year} from January to a month before December is known on the as-of date",
        code="F-461",
        examples=reasons,
        remedy="Choose a later as_of, or forecast the year from the years before it.",
    )


def _notes_of_releases(
    table: pd.DataFrame, latest: pd.Series, yearly: pd.Series, year: int
) -> tuple[str, ...]:
    """Say where the figure is a bound, and which other figures stand beside it."""
    notes = []
    if latest["relation"] in ("more than", "at least"):
        notes.append(f"the figure is a lower bound ({latest['relation']})")
    later = table[table["months"] > latest["months"]]
    if len(later):
        row = later.iloc[-1]
        notes.append(
            f"a growth of {row['growth']:+.1%} in {row['months']} months is known without "
            "a level and is not used"
        )
    if year in yearly.index:
        notes.append(f"the whole of {year} has been published: {yearly[year]:,.6g}")
    same = table[
        (table["months"] == latest["months"])
        & (table["released"] == latest["released"])
        & table["value"].notna()
    ]
    if same["value"].max() > same["value"].min():
        notes.append(f"{len(same)} figures of one day differ: the highest is used")
    return tuple(notes)


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
) -> Floats:
    """Arrange as (n, years, 12), the last year being `year`."""
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
    return shaped


def _months_known(now: Floats) -> NDArray[np.integer[Any]]:
    """Months known without a gap since January; (n, 12) -> (n,)."""
    return np.cumprod(np.isfinite(now), axis=1).sum(axis=1)


def _notes_of_panel(
    now: Floats, months: NDArray[np.integer[Any]], measure: str
) -> tuple[str, ...]:
    """Say what of the panel is not used, and why intervals may be wide."""
    gaps = int((np.isfinite(now).sum(axis=1) > months).sum())
    notes = []
    if gaps:
        notes.append(
            f"{gaps} of {len(now)} units have a gap within the year: "
            "only the months before it are used"
        )
    if np.isnan(million_dollars(measure)):
        notes.append(_unknown_size(measure))
    return tuple(notes)


def _unknown_size(measure: str) -> str:
    return f"{measure!r} is not known in dollars: wider intervals, without the size"


def _pattern(rest: Floats) -> Floats:
    """Shares of the remaining months in the rest of each past year; whole years only."""
    sums = rest.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums > 0, rest / sums, np.nan)
