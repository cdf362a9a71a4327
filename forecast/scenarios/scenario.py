"""`Scenario`: a future that differs from the baseline in what it says, and only there."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError, TableError
from forecast.events import EventLog, Recipe
from forecast.forecasts import Forecast
from forecast.forecasts.adding import unit_periods
from forecast.panel import TradePanel
from forecast.scenarios.changes import read_change
from forecast.scenarios.conditions import Condition
from forecast.scenarios.happenings import read_events, rebuilt
from forecast.scenarios.held import held
from forecast.scenarios.limits import Limits, Names, names_in
from forecast.scenarios.support import outside_support, warn_outside
from forecast.scenarios.trade_cost import TradeCost
from forecast.scenarios.wording import described

__all__ = ["Scenario", "names_of_forecast"]

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Scenario:
    """A changed future: columns, events, trade costs, conditions.

    Parameters
    ----------
    name : str
    changes : mapping of str to change
        By column: ``"5"`` sets, ``"+5"`` adds, ``"*1.1"`` and ``"-10%"`` scale; a function
        of the rows, a Series by period, a frame, or a `Change` with limits of its own.
        All are applied to the same rows, so their order does not matter.
    events : frame or list of dictionaries, optional
        Added to the log: ``date``, ``kind``, ``origin``, ``destination`` and, where
        needed, ``status``, ``count``, ``value``, ``ended_on`` as in `EventLog.from_frame`.
        Indicators are made anew by their recipes: stocks fade, agreements phase in, what
        is only planned does not count.
    costs : TradeCost or sequence of them
    conditions : condition or sequence of them
        `TotalIs`, `TotalWithin` (hard) or `TotalAbout` (soft): what is known or assumed
        of a total; applied by `on`.
    pairs : sequence of (code, code), optional
        Limit changes and costs to these pairs, in both directions unless `directed`.
    where : mapping of str to value or values, optional
        Limit them by other columns.
    start, end : period-like, optional
        First and last period concerned.
    directed : bool
    source : str
        Where the scenario, or its numbers, come from.

    Raises
    ------
    ModelError
        F-870 no name or a change that is none, F-873 a cost that is none, F-875 events
        that are none, F-877 a condition that is none.

    Examples
    --------
    >>> future = pd.DataFrame({"year": [2024, 2025], "documents": [10.0, 12.0]})
    >>> more = Scenario("five more from 2025", {"documents": "+5"}, start=2025)
    >>> more
    Scenario 'five more from 2025': documents +5, from 2025
    >>> more.apply(future)["documents"].tolist()
    [10.0, 17.0]
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    events: Any = None
    _: KW_ONLY
    costs: Any = ()
    conditions: Any = ()
    pairs: Sequence[tuple[Any, Any]] | None = None
    where: Mapping[str, Any] | None = None
    start: Any = None
    end: Any = None
    directed: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name.strip():
            raise ModelError(
                "a scenario has no name",
                code="F-870",
                remedy='Scenario("more visits", ...)',
            )
        if not isinstance(self.changes, Mapping):
            raise ModelError(
                f"changes are a {type(self.changes).__name__}",
                code="F-870",
                remedy='Give them by column: {"visits": "+5"}.',
            )
        changes = {str(k): read_change(v) for k, v in self.changes.items()}
        costs = _several(self.costs, TradeCost, "F-873")
        for cost in costs:
            if (through := cost.as_change()) is not None:
                if through[0] in changes:
                    raise ModelError(
                        f"column {through[0]!r} is changed twice",
                        code="F-873",
                        column=through[0],
                        remedy="Give the change of trade cost or that of the column.",
                    )
                changes[through[0]] = through[1]
        for part, value in (
            ("changes", changes),
            ("events", read_events(self.events)),
            ("costs", costs),
            ("conditions", _several(self.conditions, Condition, "F-877")),
        ):
            object.__setattr__(self, part, value)
        _ = self.limits

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], name: str | None = None) -> Self:
        """Read one scenario from a sheet; `read_scenarios` reads all of them.

        Parameters
        ----------
        path : path
            As `read_scenarios` takes it.
        name : str, optional
            Which one, where the sheet holds several.

        Raises
        ------
        TableError
            F-861 no scenario of that name, or several and no name; F-860 a row that
            cannot be read.
        """
        from forecast.scenarios.sheets import read_scenarios

        found: dict[str, Any] = dict(read_scenarios(path))
        if name is None and len(found) == 1:
            return next(iter(found.values()))
        if name not in found:
            raise TableError(
                f"{len(found)} scenarios, and none is chosen"
                if name is None
                else f"no scenario {name!r}",
                code="F-861",
                column="scenario",
                count=len(found),
                examples=list(found),
                remedy="Name one, or read all with read_scenarios(path).",
            )
        return found[name]

    @property
    def limits(self) -> Limits:
        """Rows that changes without limits of their own are limited to."""
        return Limits(self.pairs, self.where, self.start, self.end, self.directed)

    @property
    def changes_rows(self) -> bool:
        """Whether columns or events change, so that rows of the future do."""
        return bool(self.changes) or not self.events.empty

    def __repr__(self) -> str:
        return f"Scenario {self.name!r}: {described(self)}"

    def apply(
        self,
        future: pd.DataFrame,
        *,
        panel: TradePanel | None = None,
        log: EventLog | None = None,
        recipes: Mapping[str, Recipe] | None = None,
        warn: bool = True,
    ) -> pd.DataFrame:
        """Return the rows of the future as the scenario has them.

        Parameters
        ----------
        future : DataFrame
            Such as ``panel.future(4)`` filled in, or ``held(panel, 4)``. Not changed.
        panel : TradePanel, optional
            What is known: names the columns, and values outside what it holds are told.
        log : EventLog, optional
            What happened so far; needed for added events. By default the log of
            ``panel.with_indicators``.
        recipes : mapping of str to recipe, optional
            How columns are made of events. With a log they are made anew, also where the
            scenario adds none. By default those of ``panel.with_indicators``.
        warn : bool
            Whether to warn of values outside the observed range.

        Returns
        -------
        DataFrame
            Same rows, same columns. Without a change, the same bits.

        Raises
        ------
        ColumnError
            F-111 no such column.
        ModelError
            F-871 nothing to be changed, F-872 limits that concern no row, F-875 events
            without log, recipes or panel.

        Warns
        -----
        ForecastWarning
            F-874 values outside what was observed.
        """
        after, before, names = self._applied(future, panel, log, recipes)
        if warn and panel is not None:
            warn_outside(
                self.name, self._outside(panel.to_frame(), before, after, names)
            )
        return after

    def outside(
        self,
        future: pd.DataFrame,
        *,
        panel: TradePanel,
        log: EventLog | None = None,
        recipes: Mapping[str, Recipe] | None = None,
    ) -> pd.DataFrame:
        """Return where the scenario leaves the observed range, one row per column.

        Returns
        -------
        DataFrame
            ``column``, ``count``, ``observed_low``, ``observed_high``, ``value`` (the most
            extreme), ``examples``.
        """
        after, before, names = self._applied(future, panel, log, recipes)
        return self._outside(panel.to_frame(), before, after, names)

    def forecast(
        self,
        fit: Any,
        future: pd.DataFrame | int | str | pd.Period,
        *,
        panel: TradePanel | None = None,
        log: EventLog | None = None,
        recipes: Mapping[str, Recipe] | None = None,
        seed: int = 0,
        **options: Any,
    ) -> Forecast:
        """Return what a fitted model forecasts in the scenario.

        With the same `future`, seed and number of paths, scenarios share all random
        numbers: `compare` then shows what was changed and not chance.

        Parameters
        ----------
        fit : fit with ``forecast(horizon, indicators=...)``
        future : DataFrame, or a horizon
            The baseline. With a number of periods, or the last one, and a `panel`:
            ``held(panel, future)``.
        panel, log, recipes
            As in `apply`.
        seed : int
        **options
            To `forecast`, such as ``paths=1000``.

        Raises
        ------
        ColumnError, ModelError
            As `apply` and `on`; F-879 changed indicators where forecasts of the model do
            not depend on any.
        """
        if not isinstance(future, pd.DataFrame):
            future = _baseline(panel, future, log, recipes)
        rows = self.apply(future, panel=panel, log=log, recipes=recipes)
        horizon = rows[names_in(rows, panel).period].nunique()
        if "indicators" in inspect.signature(fit.forecast).parameters:
            options["indicators"] = rows
        elif self.changes_rows:
            raise ModelError(
                f"forecasts of a {type(fit).__name__} do not depend on indicators",
                code="F-879",
                remedy="Put the effect of a gravity fit on its forecast: "
                "gravity_scenario(gravity_fit, scenario, future).on(forecast).",
            )
        return self.on(fit.forecast(horizon, seed=seed, **options), seed=seed)

    def on(self, forecast: Forecast, *, seed: int = 0) -> Forecast:
        """Return a forecast with trade costs changed and conditions met.

        Costs multiply the paths of the pairs and periods concerned: the partial effect,
        incomes and trade with others held. Conditions come after, in their order.

        Raises
        ------
        ModelError
            F-507 no level, F-872 limits that concern nothing, F-877 conditions that no
            path meets.

        Warns
        -----
        ForecastWarning
            F-878 conditions that few paths stand behind.
        """
        given = [cost for cost in self.costs if cost.elasticity is not None]
        if given:
            forecast = self._with_costs(forecast, given, seed)
        for condition in self.conditions:
            forecast = condition.on(forecast)
        return forecast

    def log_costs(
        self, frame: pd.DataFrame, names: Names, paths: int, seed: int
    ) -> list[tuple[Bools, float, Floats]]:
        """Return each cost: its rows (n,), the change of their log flows, draws (paths,)."""
        found = []
        for cost in self.costs:
            if cost.elasticity is None:
                continue
            rows = (self.limits if cost.limits.free else cost.limits).rows(frame, names)
            found.append((rows, cost.log_change, cost.draws(paths, seed)))
        return found

    # ---------------------------------------------------------------------- inside

    def _applied(
        self,
        future: pd.DataFrame,
        panel: TradePanel | None,
        log: EventLog | None,
        recipes: Mapping[str, Recipe] | None,
        names: Names | None = None,
    ) -> tuple[pd.DataFrame, pd.DataFrame, Names]:
        """Return the changed rows, the rows without the scenario, and their columns."""
        before = future.copy()
        if not self.changes_rows and not recipes:
            return before, future, names or Names("")
        names = names or names_in(future, panel)
        nothing = pd.DataFrame()
        made = rebuilt(before, panel, log, recipes, nothing, self.name)
        before = before.assign(**{str(c): made[c] for c in made})
        after = before.copy()
        if not self.events.empty:
            made = rebuilt(before, panel, log, recipes, self.events, self.name)
            after = after.assign(**{str(c): made[c] for c in made})
        base = after.copy()
        for column, change in self.changes.items():
            after[column] = change.apply(base, column, names, self.limits)
        return after, before, names

    def _outside(
        self,
        observed: pd.DataFrame,
        before: pd.DataFrame,
        after: pd.DataFrame,
        names: Names,
    ) -> pd.DataFrame:
        columns = [
            str(c)
            for c in after
            if pd.api.types.is_numeric_dtype(after[c].dtype) and c in before
        ]
        return outside_support(observed, before, after, names, columns)

    def _with_costs(
        self, forecast: Forecast, costs: Sequence[TradeCost], seed: int
    ) -> Forecast:
        from forecast.forecasts.checking import refuse_unless_level

        refuse_unless_level(forecast, "a change of trade cost")
        rows = unit_periods(forecast.units, forecast.periods)
        names, factor = (
            names_of_forecast(forecast),
            np.ones((len(rows), forecast.n_paths)),
        )
        for there, _, moves in self.log_costs(rows, names, forecast.n_paths, seed):
            factor[there] *= np.exp(moves)
        sources = "; ".join(dict.fromkeys(cost.source for cost in costs))
        note = (
            f"Trade costs changed ({self.name}); elasticity: {sources}. Partial effect."
        )
        return replace(
            forecast,
            draws=forecast.draws * factor.reshape(forecast.draws.shape),
            notes=(*forecast.notes, note),
        )


def names_of_forecast(forecast: Forecast) -> Names:
    """Return the columns of a forecast's units and periods."""
    keys = tuple(str(c) for c in forecast.units.columns)
    if forecast.origin is not None and forecast.destination is not None:
        return Names("period", (forecast.origin, forecast.destination), keys)
    return Names("period", ("a", "b") if {"a", "b"} <= set(keys) else None, keys)


def _baseline(
    panel: TradePanel | None,
    horizon: int | str | pd.Period,
    log: EventLog | None,
    recipes: Mapping[str, Recipe] | None,
) -> pd.DataFrame:
    if panel is None:
        raise ModelError(
            "there is no baseline to change",
            code="F-871",
            remedy="Give the rows of the future, such as held(panel, 3), or panel=...",
        )
    return held(panel, horizon, log=log, recipes=recipes)


def _several(given: Any, kind: Any, code: str) -> tuple[Any, ...]:
    listed = (given,) if isinstance(given, kind) else tuple(given)
    if wrong := [one for one in listed if not isinstance(one, kind)]:
        raise ModelError(
            f"{wrong[0]!r} is no {kind.__name__}",
            code=code,
            remedy="See the documentation of Scenario.",
        )
    return listed
