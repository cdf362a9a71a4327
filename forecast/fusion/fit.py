"""`FusionFit`: a fitted fusion and its forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts import Forecast
from forecast.forecasts.along import along
from forecast.forecasts.memory import check_size
from forecast.forecasts.units import unit_index
from forecast.fusion import speaking
from forecast.fusion.calibration import Tempering
from forecast.fusion.changes import (
    Changes,
    no_changes,
    read_changes,
    without_level,
)
from forecast.fusion.evidence import Evidence, look_back, total_moves
from forecast.fusion.flows import Flows
from forecast.fusion.given import read_given
from forecast.fusion.margins import Totals
from forecast.fusion.paths import (
    Drawn,
    Outset,
    draw_paths,
    own_normals,
)
from forecast.fusion.points import Learned, points_from, totals_after
from forecast.fusion.rivals import Rivals
from forecast.fusion.shocks import Shocks, measure_shocks
from forecast.fusion.structure import TERMS, Step
from forecast.fusion.tempering import temperings_from
from forecast.gravity.fit import GravityFit
from forecast.panel import TradePanel
from forecast.periods import periods_after

if TYPE_CHECKING:
    from forecast.fusion.model import Fusion

__all__ = ["FusionFit"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class FusionFit:
    """A fitted fusion; `Fusion.fit` makes one.

    Attributes
    ----------
    recipe : Fusion
    panel : TradePanel
        What was fitted.
    flows : Flows
        Its flows by pair and year.
    totals : Totals
        Exports and imports by year.
    level : GravityFit or None
        Fitted to all years.
    steps : tuple of Step
        One for each year: flows, what was known of each pair, its typical move.
    learned : Learned
        Speeds of totals and weights of structure.
    rivals : Rivals or None
        The learners of all origins, where the recipe names one.
    """

    recipe: Fusion
    panel: TradePanel
    flows: Flows
    totals: Totals
    level: GravityFit | None
    steps: tuple[Step, ...]
    learned: Learned
    rivals: Rivals | None = None

    @property
    def step(self) -> Step:
        """The last year."""
        return self.steps[-1]

    @cached_property
    def evidence(self) -> Evidence:
        """Errors of the same method at earlier origins."""
        recipe = self.recipe
        return look_back(
            self.flows,
            self.totals,
            self.steps,
            recipe.dynamics,
            recipe.origins,
            self.rivals,
        )

    @cached_property
    def shocks(self) -> Shocks:
        """Distributions of errors; see `forecast.fusion.shocks`."""
        return measure_shocks(self.evidence, self.step.flows, self.recipe.classes)

    @cached_property
    def temperings(self) -> tuple[Tempering, Tempering]:
        """What makes intervals of totals and of pairs hold."""
        return temperings_from(
            self.flows, self.steps, self.evidence, self.recipe.classes
        )

    @property
    def units(self) -> pd.DataFrame:
        """Key columns, one row per pair."""
        return self.flows.units.copy()

    @property
    def params(self) -> pd.Series:
        """Speeds of totals, where `Margins` forecast them, then weights of structure.

        Where a rival was tried, its share of the correction stands last.
        """
        found: dict[str, float] = {}
        if (speeds := self.learned.speeds) is not None:
            found |= {
                "drift": speeds.drift,
                "recovery": speeds.recovery,
                "momentum of totals": speeds.momentum,
            }
        found |= dict(zip(TERMS, self.learned.weights.values.tolist(), strict=True))
        if (rival := self.learned.rival) is not None and rival.origins:
            found["share of the rival"] = rival.share
        return pd.Series(found, name="estimate")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of forecasts must know."""
        return speaking.notes_of(self)

    def point(
        self, horizon: int | str | pd.Period, *, indicators: Any = None
    ) -> pd.DataFrame:
        """Return point forecasts: a row per pair, a column per year.

        A pair that did not trade in the last year is forecast not to trade; on some
        paths of `forecast` it does.

        Parameters
        ----------
        horizon : int, str or Period
            A number of years, or the last one.
        indicators : DataFrame, optional
            As in `forecast`.

        Raises
        ------
        PeriodError
            F-421 for a horizon that is no positive number or too long.
        ModelError
            As `forecast`.
        """
        periods = periods_after(self.flows.periods[-1], horizon)
        values, _ = self._points(self._changes(indicators, periods))
        return self._frame(values.T, periods)

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
            A number of years, or the last one; or a baseline: rows of the future with
            the level's regressors, such as ``held(panel, 3)``.
        paths : int
            Number of joint sample paths.
        seed : int
            Same seed, same bits, in whatever order the rows stood.
        largest_gb : float
            Memory that the paths may take, 10^9 bytes.
        indicators : DataFrame, optional
            Future values of the level's regressors: ``panel.future(horizon)``, filled in.
            What changes since the last year moves pairs by the slopes, drawn from their
            distribution on each path; without a change the bits stay the same. By
            default nothing changes.
        scenario : Scenario, optional
            What is different from the baseline (of a number of years: from indicators as
            they are now). Forecasts with one seed share their random numbers, so
            ``fit.forecast(base, scenario=more).minus(fit.forecast(base))`` shows what was
            changed and not chance.

        Raises
        ------
        PeriodError
            F-421 for a horizon that is no positive number or too long.
        ModelError
            F-501 for an impossible seed, F-524 for an impossible number of paths, F-525
            when the paths would take too much memory, F-858 indicators without a level,
            F-856 incomplete ones, F-859 a scenario that is none, a baseline or a
            scenario of changed columns without a level; what a scenario refuses.
        """
        options: dict[str, Any] = {
            "paths": paths,
            "seed": seed,
            "largest_gb": largest_gb,
        }
        if without_level(self, horizon, scenario, indicators):
            return scenario.on(self.forecast(horizon, **options), seed=seed)
        told = along(
            self,
            horizon,
            scenario,
            panel=self.panel,
            indicators=indicators,
            **options,
        )
        if told is not None:
            return told
        assert not isinstance(horizon, pd.DataFrame)
        periods = periods_after(self.flows.periods[-1], horizon)
        check_size(len(self.flows.units), len(periods) + 2, paths, largest_gb)
        drawn = self._drawn(self._changes(indicators, periods), paths, seed)
        return Forecast(
            draws=drawn.pairs,
            units=self.units,
            periods=periods,
            measure=self.panel.measure,
            model=self.recipe.name,
            history=self._history(),
            as_of=self.panel.cut,
            notes=self.notes,
            origin=self.panel.origin,
            destination=self.panel.destination,
        )

    def total_paths(
        self,
        side: str,
        horizon: int | str | pd.Period,
        *,
        paths: int = 2000,
        seed: int = 0,
    ) -> Forecast:
        """Return the paths of totals that pairs were made to add up to.

        Parameters
        ----------
        side : {"exports", "imports"}
            Their history is the sum of figures that there are, NaN where none is.
        horizon, paths, seed
            As in `forecast`.

        Raises
        ------
        ModelError
            F-526 another side, and as `forecast`.
        """
        speaking.check_side(side)
        periods = periods_after(self.flows.periods[-1], horizon)
        check_size(len(self.flows.units), len(periods) + 2, paths, 4.0)
        drawn = self._drawn(no_changes(self.flows, len(periods)), paths, seed)
        exports = side == "exports"
        key = self.panel.origin if exports else self.panel.destination
        codes = self.flows.origins if exports else self.flows.destinations
        return Forecast(
            draws=drawn.exports if exports else drawn.imports,
            units=_named(codes, str(key), self.panel.sector),
            periods=periods,
            measure=self.panel.measure,
            model=self.recipe.name,
            history=self._total_history(exports),
            as_of=self.panel.cut,
            notes=self.notes,
        )

    def given_totals(self, exports: Any, imports: Any, period: Any = None) -> pd.Series:
        """Return flows of pairs when totals of a later year are known already.

        Published totals often come before bilateral figures.

        Parameters
        ----------
        exports, imports : Series or mapping
            Totals by code of the origins, of the destinations; every code of the panel,
            in its unit of measurement.
        period : optional
            The year of the totals; by default the one after the last.

        Returns
        -------
        Series
            By pair. Both sides add up; where their sums differ, imports are scaled.

        Raises
        ------
        ModelError
            F-855 codes without a total, totals that are negative or all zero.
        PeriodError
            F-421 a period that is not after the last.
        """
        last = self.flows.periods[-1]
        periods = periods_after(last, 1 if period is None else str(period))
        after = read_given(exports, imports, self.flows)
        ahead = len(periods)
        wide = Totals(
            np.repeat(after.exports, ahead, axis=0),
            np.repeat(after.imports, ahead, axis=0),
        )
        values = points_from(self.flows, self.step, self.learned, wide)[-1]
        return pd.Series(
            values, unit_index(self.flows.units), name=str(self.panel.flow)
        )

    def summary(self) -> str:
        """Say how totals and pairs move, what was estimated and from how much."""
        return speaking.summary(self)

    def __repr__(self) -> str:
        return speaking.summary(self)

    # ------------------------------------------------------------------------ inside

    def _changes(self, indicators: Any, periods: pd.PeriodIndex) -> Changes:
        if indicators is None:
            return no_changes(self.flows, len(periods))
        return read_changes(indicators, self.level, self.panel, self.flows, periods)

    def _points(self, changes: Changes) -> tuple[Floats, Totals]:
        after = totals_after(
            self.flows,
            self.totals,
            self.learned,
            self.recipe.dynamics,
            len(self.flows.periods) - 1,
            len(changes.values),
        )
        return points_from(
            self.flows, self.step, self.learned, after, changes.shift
        ), after

    def _drawn(self, changes: Changes, paths: int, seed: int) -> Drawn:
        points, after = self._points(changes)
        outset = Outset(
            flows=self.flows,
            points=points,
            after=after,
            volatility=self.step.volatility,
            total_moves=total_moves(self.totals),
            before=np.any(self.flows.values > 0, axis=0),
            begun=self.flows.begun[-1],
            shocks=self.shocks,
        )
        ahead = len(changes.values)
        normals = own_normals(self.flows, ahead, paths, seed)
        doubts = [changes.doubt(h, paths, seed) for h in range(ahead)]
        return draw_paths(outset, normals, self.temperings, doubts)

    def _history(self) -> pd.DataFrame:
        seen = np.where(self.flows.known, self.flows.values, np.nan)
        return pd.DataFrame(seen.T, columns=self.flows.periods)

    def _total_history(self, exports: bool) -> pd.DataFrame:
        sums = self.flows.row_sums if exports else self.flows.column_sums
        known = self.flows.known
        past = np.where(known, self.flows.values, 0.0)
        seen = sums(known.astype(float)) > 0
        table = np.where(seen, sums(past), np.nan)
        return pd.DataFrame(table.T, columns=self.flows.periods)

    def _frame(self, values: Floats, periods: pd.PeriodIndex) -> pd.DataFrame:
        index = unit_index(self.flows.units)
        return pd.DataFrame(values, index=index, columns=periods.rename("period"))


def _named(codes: pd.Index, key: str, sector: str | None) -> pd.DataFrame:
    """Return the codes of totals as key columns."""
    names = [key] if sector is None else [key, sector]
    return codes.set_names(names).to_frame(index=False)
