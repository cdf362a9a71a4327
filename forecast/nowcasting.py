"""Nowcast of a year from what has been published of it so far.

The rest of the year is simulated from the calibrated relation of
`forecast.part_year`; the year is what is known plus the rest, path by path. The more
is known the narrower it gets: a lone year-to-date total, its growth rate, the total
of the year before, or years of monthly figures.

Nothing from after the as-of date is used: not a figure, not a price index, and the
calibration rests on other countries' years (1986–2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.datasets.calibration import part_year_model
from forecast.errors import ReporterError
from forecast.evidence import (
    Evidence,
    evidence_of_panel,
    evidence_of_releases,
    nothing_known,
    refuse_impossible,
)
from forecast.forecasts import Forecast
from forecast.news import news_of_panel, news_of_releases
from forecast.panel import TradePanel
from forecast.part_year import PartYearModel
from forecast.periods import parse_date
from forecast.releases import Releases, year_of
from forecast.year_paths import (
    YearPaths,
    benchmarks_of,
    describe,
    median_of,
    simulate_months,
    simulate_year,
)

__all__ = ["Nowcast", "nowcast"]

Floats = NDArray[np.floating[Any]]

GROWTH = "growth, year on year, %"


@dataclass(frozen=True)
class Nowcast:
    """A year of which a part is known: joint sample paths and how they came about.

    Attributes
    ----------
    forecast : Forecast
        The year; in money, or (where only growth rates are published) its growth.
    growth : Forecast or None
        Growth of the year over the year before, per cent; None where not known.
    months : Forecast or None
        The months or quarters still to come; None for year-to-date figures.
    evidence : DataFrame
        One row a unit: months known, sum known, growth so far, level of information,
        size in million dollars of 2010, volatility of yearly totals, spread.
    benchmarks : DataFrame
        Point forecasts of the simple rules beside ours.
    news : DataFrame
        What each release did to the estimate (median): before, after, the part due to
        new months and the part due to revised ones.
    left_out : DataFrame
        Units that are not nowcast, so that no total holds them: the reason, and
        what is ``known`` of their year.
    year : int
    as_of : Timestamp or None
    notes : tuple of str

    Examples
    --------
    >>> from forecast import datasets
    >>> figures = datasets.rus_kaz_figures()
    >>> year = nowcast(figures, 2021, as_of="2022-01-26", reporter="Kazakhstan")
    >>> print(f"{year.news['figure'].iloc[-1]} moved the year by {year.news['change'].iloc[-1]:+.0f}")
    Jan–Nov 2021: 21,800 (+30.0%) moved the year by +349
    """

    forecast: Forecast
    growth: Forecast | None
    months: Forecast | None
    evidence: pd.DataFrame = field(repr=False)
    benchmarks: pd.DataFrame = field(repr=False)
    news: pd.DataFrame = field(repr=False)
    left_out: pd.DataFrame = field(repr=False)
    year: int
    as_of: pd.Timestamp | None
    notes: tuple[str, ...] = ()

    @property
    def mean(self) -> Any:
        """Mean of the year; a number for one unit, a frame for several."""
        return self.forecast.mean

    @property
    def median(self) -> Any:
        """Median of the year; a number for one unit, a frame for several."""
        return self.forecast.median

    def quantile(self, probability: float) -> Any:
        """Quantile of the year."""
        return self.forecast.quantile(probability)

    def interval(self, level: float) -> Any:
        """Central prediction interval, for example ``interval(0.95)``."""
        return self.forecast.interval(level)

    def probability(
        self,
        *,
        above: float | None = None,
        below: float | None = None,
        between: tuple[float, float] | None = None,
    ) -> Any:
        """Probability of one of ``above=``, ``below=``, ``between=``, in the data's unit."""
        return self.forecast.probability(above=above, below=below, between=between)

    def total(self, by: Any = None) -> Forecast:
        """Sum over units, path by path."""
        return self.forecast.total(by=by)

    def turnover(self) -> Forecast:
        """Exports plus imports of every pair, path by path."""
        return self.forecast.turnover()

    def to_frame(self, levels: Sequence[int] = (80, 95)) -> pd.DataFrame:
        """One row a unit: mean, median and interval bounds."""
        return self.forecast.to_frame(levels=list(levels))

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the year's distribution with the simple rules beside it; returns the Axes."""
        from forecast.plots import plot_nowcast

        return plot_nowcast(self, ax=ax, **options)

    def __repr__(self) -> str:
        many = len(self.evidence)
        when = f" as of {self.as_of:%Y-%m-%d}" if self.as_of is not None else ""
        if many > 1:
            return f"Nowcast of {self.year}{when}: {many} units; {self.forecast!r}"
        row = self.evidence.iloc[0]
        low, high = self.interval(0.8)
        known = (
            f"{row['known']:,.6g} so far"
            if row["known"] > 0
            else "only growth rates published"
        )
        return (
            f"Nowcast of {self.year}{when}: median {self.median:,.5g} {self.forecast.measure}, "
            f"80 % interval {low:,.5g} to {high:,.5g} ({row['months']} months known, {known})"
        )


def nowcast(
    data: TradePanel | Releases,
    year: int,
    as_of: object = None,
    *,
    reporter: str | None = None,
    lag_days: int = 0,
    paths: int = 10_000,
    seed: int = 0,
    model: PartYearModel | None = None,
) -> Nowcast:
    """Nowcast a year from the part of it that has been published.

    Parameters
    ----------
    data : TradePanel or Releases
        Monthly or quarterly flows, or figures as officials publish them (year-to-date
        totals with growth rates).
    year : int
    as_of : date-like, optional
        Only what was known on that day is used; default: everything in `data`.
    reporter : str, optional
        Whose figures; needed where `data` holds several reporters.
    lag_days : int, default 0
        Days from the end of a period to its publication, for a panel that holds no
        release dates of its own.
    paths : int, default 10_000
        Number of joint sample paths.
    seed : int, default 0
        Same seed, same bits, in whatever order the units stand.
    model : PartYearModel, optional
        A calibration of your own; default: the one that ships.

    Returns
    -------
    Nowcast

    Raises
    ------
    ReporterError
        Figures of several reporters (F-351): they are never chained.
    PeriodError
        Yearly data (F-460), no part of the year known (F-461), or a negative lag (F-462).
    TableError
        Data that are neither a panel nor releases (F-107).
    ModelError
        A number of paths that is not whole and positive (F-541).

    Examples
    --------
    >>> import pandas as pd
    >>> figures = Releases.from_frame(
    ...     pd.DataFrame({
    ...         "period_start": ["2021-01-01"], "period_end": ["2021-07-31"],
    ...         "value": [14_000], "growth": [0.34],
    ...         "reporter": ["Russia"], "released": ["2021-09-30"],
    ...     }),
    ...     measure="million USD",
    ... )
    >>> year = nowcast(figures, 2021, as_of="2021-09-30")
    >>> print(year.benchmarks.set_index("rule")["value"]["run-rate"])
    24000.0
    >>> print(year.probability(below=20_000) < 0.02)
    True
    """
    year = year_of(year)
    refuse_impossible(data, paths, lag_days)
    task = _Task(data, year, None if as_of is None else parse_date(as_of), lag_days)
    known = task.known(reporter)
    groups, left_out = task.evidence(known)
    if not groups:
        raise nothing_known(year, left_out)
    relation = model or part_year_model()
    drawn = [simulate_year(g, relation, year, paths=paths, seed=seed) for g in groups]
    made = _Made(known, groups, task)
    growth = made.growth(drawn)
    level = made.level(drawn)
    return Nowcast(
        forecast=growth
        if level is None and growth is not None
        else cast(Forecast, level),
        growth=growth,
        months=made.months(drawn, seed),
        evidence=pd.concat([describe(g, relation) for g in groups], ignore_index=True),
        benchmarks=pd.concat([benchmarks_of(g) for g in groups], ignore_index=True),
        news=task.news(known, relation),
        left_out=left_out,
        year=year,
        as_of=task.date,
        notes=tuple(dict.fromkeys(note for g in groups for note in g.notes)),
    )


@dataclass(frozen=True, slots=True)
class _Task:
    """What was asked: the data as given, the year and the as-of date."""

    data: TradePanel | Releases
    year: int
    date: pd.Timestamp | None
    lag_days: int

    def known(self, reporter: str | None) -> TradePanel | Releases:
        """Cut at the as-of date, then to one reporter."""
        if isinstance(self.data, Releases):
            releases = self.everything(self.data)
            releases = releases.for_reporter(reporter) if reporter else releases
            return releases.speaking_of(self.year)
        panel = self.data
        if self.date is not None:
            panel = panel.as_of(self.date, lag_days=self.lag_days)
        if reporter and reporter not in panel.reporters:
            raise ReporterError(
                f"no flow of reporter {reporter!r}",
                code="F-352",
                column="reporter",
                remedy=f"There are flows of {list(panel.reporters)}.",
            )
        if reporter and panel.reporter in panel.keys:
            return panel.select(**{str(panel.reporter): reporter})
        if len(panel.reporters) > 1:
            raise ReporterError(
                f"the panel holds flows of {len(panel.reporters)} reporters",
                code="F-351",
                column="reporter",
                count=len(panel.reporters),
                examples=panel.reporters,
                remedy="Choose one with reporter=...; figures of two sides are never chained.",
            )
        return panel

    def everything(self, releases: Releases) -> Releases:
        """All reporters' figures known by the as-of date."""
        return releases if self.date is None else releases.as_of(self.date)

    def evidence(
        self, known: TradePanel | Releases
    ) -> tuple[list[Evidence], pd.DataFrame]:
        """Read `known` as evidence; units of which nothing is known stand in the frame."""
        if isinstance(known, TradePanel):
            return evidence_of_panel(known, self.year)
        if not len(known):
            return [], pd.DataFrame()
        everything = self.everything(cast(Releases, self.data))
        found = evidence_of_releases(known, self.year, everything=everything)
        return ([] if found is None else [found]), pd.DataFrame()

    def news(
        self, known: TradePanel | Releases, relation: PartYearModel
    ) -> pd.DataFrame:
        """Replay the releases up to the as-of date."""
        if isinstance(known, Releases):
            everything = cast(Releases, self.data)
            return news_of_releases(known, everything, self.year, median_of(relation))
        panel = cast(TradePanel, self.data)
        if len(panel.reporters) > 1:
            panel = panel.select(**{str(panel.reporter): known.reporters[0]})
        return news_of_panel(
            panel,
            self.year,
            median_of(relation),
            until=self.date,
            lag_days=self.lag_days,
        )


@dataclass(frozen=True, slots=True)
class _Made:
    """Turns simulated arrays into forecasts of the units in canonical order."""

    known: TradePanel | Releases
    groups: list[Evidence]
    task: _Task

    def level(self, drawn: list[YearPaths]) -> Forecast | None:
        draws = np.concatenate([d.year for d in drawn])
        return None if np.isnan(draws).any() else self._yearly(draws, "level")

    def growth(self, drawn: list[YearPaths]) -> Forecast | None:
        draws = np.concatenate([d.growth for d in drawn])
        return (
            None if np.isnan(draws).all() else self._yearly(draws, GROWTH, measure="%")
        )

    def months(self, drawn: list[YearPaths], seed: int) -> Forecast | None:
        """The months (quarters) to come, where all units know the same ones."""
        if not isinstance(self.known, TradePanel) or len(self.groups) != 1:
            return None
        group = self.groups[0]
        draws = simulate_months(group, drawn[0].rest, seed=seed)
        first = pd.Period(year=self.task.year, month=group.months + 1, freq="M")
        periods = pd.period_range(first, periods=12 - group.months, freq="M")
        if self.known.freq == "Q":
            draws = draws.reshape(len(group), -1, 3, draws.shape[2]).sum(axis=2)
            periods = periods[2::3].asfreq("Q")
        return self._forecast(draws, periods, "level", self.known.measure)

    def _yearly(
        self, draws: Floats, quantity: str, measure: str | None = None
    ) -> Forecast:
        year = pd.PeriodIndex([pd.Period(year=self.task.year, freq="Y")])
        found = self._forecast(
            draws[:, None, :], year, quantity, measure or self.known.measure
        )
        if quantity != "level":
            return found
        base = np.concatenate([g.base for g in self.groups])[self._order()]
        return replace(found, history=pd.DataFrame(base[:, None], columns=year - 1))

    def _forecast(
        self, draws: Floats, periods: pd.PeriodIndex, quantity: str, measure: str
    ) -> Forecast:
        order = self._order()
        return Forecast(
            draws=draws[order],
            units=self._units().loc[order].reset_index(drop=True),
            periods=periods,
            measure=measure,
            quantity=quantity,
            model="part-year nowcast",
            as_of=self.task.date,
            origin=getattr(self.known, "origin", None),
            destination=getattr(self.known, "destination", None),
        )

    def _units(self) -> pd.DataFrame:
        return pd.concat([g.units for g in self.groups], ignore_index=True)

    def _order(self) -> NDArray[np.intp]:
        """Rows of the groups one after the other, in canonical order of the keys."""
        units = self._units()
        return units.sort_values(list(units.columns), kind="stable").index.to_numpy()
