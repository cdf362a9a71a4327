"""`SplitFit`: a fusion of years whose forecasts are split into months or quarters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError, PeriodError
from forecast.forecasts import Forecast
from forecast.forecasts.memory import check_size
from forecast.forecasts.units import unit_index
from forecast.fusion.fit import FusionFit
from forecast.fusion.seasons import Seasons, learn_seasons, split_paths, split_points
from forecast.panel import TradePanel
from forecast.periods import (
    FREQUENCIES,
    FREQUENCY_NOUNS,
    parse_periods,
    periods_after,
)

if TYPE_CHECKING:
    from forecast.fusion.model import Fusion

__all__ = ["SplitFit", "fit_parts"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class SplitFit:
    """A fusion fitted to months or quarters; `Fusion.fit` makes one.

    Years are forecast by `years`; each path of a year is split by shares that past years
    had (`forecast.fusion.seasons`), so the parts of a year add up to it on every path.

    Attributes
    ----------
    recipe : Fusion
    panel : TradePanel
        What was fitted.
    years : FusionFit
        Fitted to the years it adds up to.
    seasons : Seasons
    parts : float array of shape (n_pairs, n_periods)
        Flows of months or quarters, NaN where missing.
    """

    recipe: Fusion
    panel: TradePanel
    years: FusionFit
    seasons: Seasons
    parts: Floats

    @property
    def units(self) -> pd.DataFrame:
        """Key columns, one row per pair."""
        return self.years.units

    @property
    def params(self) -> pd.Series:
        """Speeds and weights of years; see `FusionFit.params`."""
        return self.years.params

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of forecasts must know."""
        noun = FREQUENCY_NOUNS[self.panel.freq]
        rest = len(self.seasons.rest)
        stale = int((~self.years.flows.known[-1]).sum())
        year = self.years.flows.periods[-1]
        late = (
            f"{stale:,} of {len(self.units):,} pairs have no complete {year}; forecasts "
            "start from their last complete year",
        )
        return (
            *self.years.notes,
            *(late if stale else ()),
            f"years are forecast and split by the shares that each {noun} had in "
            f"{rest} past years",
        )

    def point(
        self, horizon: int | str | pd.Period, *, indicators: Any = None
    ) -> pd.DataFrame:
        """Return point forecasts: a row per pair, a column per month or quarter.

        Parameters
        ----------
        horizon : int, str or Period
            A number of months or quarters, or the last one.
        indicators : DataFrame, optional
            Of years, as in `FusionFit.forecast`.

        Raises
        ------
        PeriodError, ModelError
            As `FusionFit.point`.
        """
        periods, years = self._ahead(horizon)
        points = self.years.point(years, indicators=indicators).to_numpy()
        values = split_points(points, self.years.flows.values[-1], self.seasons)
        return pd.DataFrame(
            values[:, : len(periods)],
            index=unit_index(self.units),
            columns=periods.rename("period"),
        )

    def forecast(
        self,
        horizon: int | str | pd.Period | pd.DataFrame,
        *,
        paths: int = 2000,
        seed: int = 0,
        largest_gb: float = 4.0,
        indicators: Any = None,
        scenario: Any = None,
    ) -> Forecast:
        """Simulate joint sample paths of all pairs.

        Parameters
        ----------
        horizon : int, str, Period or DataFrame
            A number of months or quarters, or the last one; or a baseline of years, such
            as ``held(fit.years.panel, 2)``.
        paths, seed, largest_gb
            As in `FusionFit.forecast`.
        indicators, scenario
            Of years, as in `FusionFit.forecast`; a scenario starts from indicators as
            they are now.

        Raises
        ------
        PeriodError, ModelError
            As `FusionFit.forecast`; F-859 a baseline of months or quarters.
        """
        each = FREQUENCIES[self.panel.freq]
        if isinstance(horizon, pd.DataFrame):
            periods, years = self._ahead(each * self._years_of(horizon))
            ahead: Any = horizon
        else:
            periods, years = self._ahead(horizon)
            ahead = years
        check_size(len(self.units), years * (each + 1), paths, largest_gb)
        outlook = self.years.forecast(
            ahead,
            paths=paths,
            seed=seed,
            largest_gb=largest_gb,
            indicators=indicators,
            scenario=scenario,
        )
        last = self.years.flows.values[-1]
        draws = split_paths(outlook.draws, last, self.seasons, seed)
        history = pd.DataFrame(self.parts, columns=self.panel.periods)
        return replace(
            outlook,
            draws=draws[:, : len(periods)],
            periods=periods,
            history=history,
            as_of=self.panel.cut,
            notes=(*outlook.notes, self.notes[-1]),
        )

    def summary(self) -> str:
        """Say how years move and how they are split."""
        noun = FREQUENCY_NOUNS[self.panel.freq]
        rise = self.seasons.slopes[0]
        return (
            f"{self.years.summary()}\n"
            f"Split: a year that grows by 10 % has {10 * rise[0]:+.1f} % in its first "
            f"{noun}'s share, {10 * rise[-1]:+.1f} % in its last's; rest from "
            f"{len(self.seasons.rest)} past years."
        )

    def __repr__(self) -> str:
        return self.summary()

    def _years_of(self, baseline: pd.DataFrame) -> int:
        """Return the number of years of a baseline; refuse one of parts of years."""
        name = self.panel.period
        if name in baseline:
            years = parse_periods(baseline[name], column=name)
            if years.freqstr.startswith("Y"):
                return int(years.nunique())
        noun = FREQUENCY_NOUNS[self.panel.freq]
        raise ModelError(
            f"the baseline is not of years, though {noun}s are split from years",
            code="F-859",
            column=name,
            remedy="Give held(fit.years.panel, 2), or a number of periods.",
        )

    def _ahead(self, horizon: int | str | pd.Period) -> tuple[pd.PeriodIndex, int]:
        """Return the periods to be forecast, and in how many years they lie."""
        periods = periods_after(self.panel.periods[-1], horizon)
        return periods, -(-len(periods) // FREQUENCIES[self.panel.freq])


def fit_parts(recipe: Fusion, panel: TradePanel) -> SplitFit:
    """Fit a fusion to the years of a panel of months or quarters.

    Raises
    ------
    PeriodError
        F-853 a last year that is complete for no pair; what `read_flows` refuses.
    """
    each = FREQUENCIES[panel.freq]
    last = panel.periods[-1]
    if int((last + 1).ordinal) % each:
        raise _incomplete(panel, f"the last year of the panel ends with {last}")
    by_year = panel.aggregate("Y")
    if not len(by_year.periods) or by_year.periods[-1].year != last.year:
        raise _incomplete(panel, f"no pair has a complete {last.year}")
    years = recipe.fit_years(by_year)
    values, units, periods = panel.matrix()
    rows = unit_index(units).get_indexer(unit_index(years.units))
    values = values[rows]
    parts = _parts_of_years(values, periods, years.flows.periods, each)
    return SplitFit(recipe, panel, years, learn_seasons(parts), values)


def _parts_of_years(
    values: Floats, periods: pd.PeriodIndex, years: pd.PeriodIndex, each: int
) -> Floats:
    """Return the parts of each year by their labels, (n_years, n_pairs, n_parts)."""
    labels = years.asfreq(periods.freqstr, how="START").repeat(each)
    at = periods.get_indexer(labels + np.tile(np.arange(each), len(years)))
    parts = np.where(at >= 0, values[:, at], np.nan)
    return parts.reshape(len(values), len(years), each).transpose(1, 0, 2)


def _incomplete(panel: TradePanel, problem: str) -> PeriodError:
    year = panel.periods[-1].year
    return PeriodError(
        problem,
        code="F-853",
        column=panel.period,
        remedy=f"Cut it, panel.between(end={year - 1}), or fill in its missing "
        "figures; nowcast tells the current year from a part of it.",
    )
