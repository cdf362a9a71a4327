"""Models fitted to series without their outliers and level shifts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError, PeriodError
from forecast.forecasts.units import unit_name
from forecast.periods import FREQUENCIES, frequency_of, parse_periods
from forecast.series.adjusting.adjusted import AdjustedFit
from forecast.series.adjusting.breaks import Break, Cleaning, clean
from forecast.series.contract.model import Pool, Recipe, Season, UnitFit, spans_of
from forecast.series.contract.samples import Sample, read_sample

__all__ = ["Cleaned", "CleanedFit"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SHOWN = 5
"""Breaks that a note spells out."""


@dataclass(frozen=True, slots=True)
class Cleaned(Recipe):
    """A model fitted to each series without its outliers and level shifts.

    Breaks are looked for in each fit alone (`forecast.series.adjusting.breaks`), so a backtest never
    knows of later ones. The values before a level shift are moved to the level after it,
    outliers back into line; the last value stays as it is. What was found is in the fit's
    `breaks` and in the notes of its forecasts.

    Breaks to come are not on the paths: intervals are narrower than those of the model
    itself. `forecast.series.Conformal` around it repairs that.

    Parameters
    ----------
    model : Recipe
    breaks : sequence of str, optional
        Periods to look at and no others: "2009", "2014-15" or "2014-2015" (years), "2020Q2",
        "2022M03". Fewer tests need less evidence. By default everywhere.
    size : float
        Probability of finding anything in a series without breaks, above 0, up to 0.5.

    Raises
    ------
    ModelError
        F-526 an impossible size, F-665 a break that cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast.series import Drift
    >>> flow = [10.0, 10.3, 10.5, 10.9, 11.1, 11.6, 11.8, 12.2, 6.3, 6.5, 6.6]
    >>> years = pd.period_range("2014", periods=11, freq="Y")
    >>> fit = Cleaned(Drift(), breaks=["2022"]).fit(pd.Series(flow, years))
    >>> fit.notes
    ('1 break in 1 of 1 units taken out before fitting: series level shift 2022 (-50%)',)
    """

    model: Recipe
    breaks: Sequence[str] | None = None
    size: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.size <= 0.5:
            raise ModelError(
                f"size={self.size!r} is not possible",
                code="F-526",
                remedy="Give a probability up to 0.5; 0.05 is usual.",
            )
        if self.breaks is not None:
            names = [self.breaks] if isinstance(self.breaks, str) else self.breaks
            object.__setattr__(self, "breaks", tuple(map(str, names)))
            for name in names:
                _named(str(name))

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        return f"{self.model.name}, cleaned"

    @property
    def columns(self) -> tuple[str, ...]:
        """Covariates that the model uses."""
        return self.model.columns

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series that knows no periods: breaks are looked for everywhere."""
        cleaning = clean(y, season.length, size=self.size)
        return self.model.fit_values(cleaning.y, season)

    def fit(self, data: Any, *, pool: Pool | None = None) -> CleanedFit:  # type: ignore[override]
        """Find breaks, take them out, fit the model; see `Recipe.fit`."""
        return self.fit_to(read_sample(data, self.columns), pool=pool)

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> CleanedFit:  # type: ignore[override]
        """Find breaks, take them out, fit the model; see `fit`."""
        length = FREQUENCIES[frequency_of(sample.periods)]
        where = None if self.breaks is None else _places(self.breaks, sample.periods)
        values, found = sample.values.copy(), []
        for row, (start, stop) in enumerate(spans_of(sample)):
            cleaning = _cleaned(
                values[row, start:stop], length, self.size, where, start
            )
            values[row, start:stop] = cleaning.y
            found.append(
                tuple(
                    replace(one, position=one.position + start)
                    for one in cleaning.breaks
                )
            )
        whole = self.model.fit_to(replace(sample, values=values), pool=pool)
        factors = np.ones(values.shape)
        np.divide(sample.values, values, out=factors, where=values > 0)
        return CleanedFit(self, sample, whole, factors, tuple(found))


@dataclass(frozen=True, eq=False, repr=False)
class CleanedFit(AdjustedFit):
    """A model fitted to a panel without its breaks.

    Attributes
    ----------
    found : tuple of tuple of Break
        For each unit, in the order of time; positions count the periods of the sample.
    """

    found: tuple[tuple[Break, ...], ...]

    @property
    def breaks(self) -> pd.DataFrame:
        """One row for each break found: keys, period, kind, size, statistic.

        `size` is relative: -0.5 is half of the level gone. `statistic` is the size in units
        of its robust standard error.
        """
        rows = [row for row, breaks in enumerate(self.found) for _ in breaks]
        ones = [one for breaks in self.found for one in breaks]
        table = self.sample.units.iloc[rows].reset_index(drop=True)
        table["period"] = self.sample.periods[[one.position for one in ones]]
        table["kind"] = [one.kind for one in ones]
        table["size"] = np.expm1([one.size for one in ones])
        table["statistic"] = np.array([one.statistic for one in ones], float)
        return table

    @property
    def notes(self) -> tuple[str, ...]:
        """Which breaks were taken out."""
        table = self.breaks
        if table.empty:
            return ()
        units = sum(bool(breaks) for breaks in self.found)
        rows = [row for row, breaks in enumerate(self.found) for _ in breaks]
        shown = [
            f"{unit_name(self.sample.units, row)} {one.kind} {one.period} "
            f"({one.size:+.0%})"
            for row, one in zip(rows[:SHOWN], table.itertuples(), strict=False)
        ]
        more = f" and {len(table) - SHOWN} more" if len(table) > SHOWN else ""
        count = f"{len(table)} break{'s' if len(table) > 1 else ''}"
        return (
            f"{count} in {units} of {len(self.found)} units taken out before fitting: "
            f"{', '.join(shown)}{more}",
        )

    @property
    def params(self) -> pd.DataFrame:
        """Parameters of the model, then how many breaks were taken out."""
        return self.whole.params.assign(breaks=[len(one) for one in self.found])


def _cleaned(
    y: Floats, length: int, size: float, where: Ints | None, start: int
) -> Cleaning:
    """Clean the span of one unit; places to look at count the periods of the sample."""
    positions = None if where is None else where[where >= start] - start
    return clean(y, length, size=size, positions=positions)


def _places(names: Sequence[str], periods: pd.PeriodIndex) -> Ints:
    """Return where in `periods` the named breaks lie; later and earlier ones nowhere."""
    inside = np.zeros(len(periods), dtype=bool)
    for name in names:
        first, last = _named(name)
        inside |= (periods.start_time >= first) & (periods.end_time <= last)
    return np.flatnonzero(inside)


def _named(name: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return first and last moment of a named break: years, or one part of a year."""
    years = re.fullmatch(r"(\d{4})(?:[-–/](\d{2}|\d{4}))?", name.strip())
    if years is None:
        try:
            period = parse_periods([name])[0]
        except PeriodError as error:
            raise _unreadable(name) from error
        return period.start_time, period.end_time
    first, last = years[1], years[2] or years[1]
    if len(last) == 2:
        if int(last) <= 12:
            raise _unreadable(name)
        last = first[:2] + last
    if last < first:
        raise _unreadable(name)
    return pd.Period(first, "Y").start_time, pd.Period(last, "Y").end_time


def _unreadable(name: str) -> ModelError:
    return ModelError(
        f"{name!r} is no period of a break",
        code="F-665",
        examples=[name],
        remedy="Write a year (2009), years (2014-2015), a quarter (2020Q2) or a month "
        "(2020M03); 2008-09 could be either.",
    )
