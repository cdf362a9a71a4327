"""`GravityScenario`: changes of flows, added up to pairs, countries and the total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast, summaries
from forecast.forecasts.adding import unit_periods
from forecast.forecasts.checking import refuse_unless_level
from forecast.forecasts.levels import percent_label, tails_of
from forecast.forecasts.memberships import membership
from forecast.scenarios.wording import number

__all__ = ["GravityScenario"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class GravityScenario:
    """Changes of flows in a scenario; `gravity_scenario` makes one.

    Attributes
    ----------
    rows : DataFrame of n rows
        Key columns, and ``period``.
    base : float array of shape (n,)
        Fitted flows; NaN in periods that were not estimated.
    log_change : float array of shape (n,)
        Of flows, at the estimated coefficients.
    concerned : int array of shape (m,)
        Rows that the scenario changes.
    draws : float array of shape (m, n_draws)
        Their changes with coefficients drawn.
    name : str
        The scenario's.
    origin, destination : str or None
    outside : DataFrame
        Where the scenario leaves what was observed.
    notes : tuple of str
    """

    rows: pd.DataFrame
    base: Floats
    log_change: Floats
    concerned: Ints
    draws: Floats
    name: str
    origin: str | None
    destination: str | None
    outside: pd.DataFrame
    notes: tuple[str, ...] = ()

    def to_frame(
        self,
        by: str = "flow",
        levels: Sequence[float] = (80, 95),
        *,
        changed: bool = True,
    ) -> pd.DataFrame:
        """Return the effect by flow, country or in total, one row per unit and period.

        Parameters
        ----------
        by : {"flow", "turnover", "exporter", "importer", "nation", "total"}
        levels : sequence of float
        changed : bool
            Leave out what the scenario does not concern.

        Returns
        -------
        DataFrame
            Keys, ``period``, ``base`` (fitted), ``change`` and ``percent`` at the
            estimated coefficients, then ``change_lower_80``, ``percent_lower_80`` and so
            on.

        Raises
        ------
        ModelError
            F-879 sums over flows that have no fitted level; F-882 another `by`.
        """
        tables = []
        keys = [name for name in self.rows if name != "period"]
        for period in sorted(self.rows["period"].unique()):
            at = np.flatnonzero(self.rows["period"] == period)
            if by != "flow" and not np.isfinite(self.base[at]).all():
                raise ModelError(
                    f"flows of {period} have no fitted level to add up",
                    code="F-879",
                    count=int(np.isnan(self.base[at]).sum()),
                    remedy="Take by='flow', or put the effect on a forecast: "
                    "effect.on(forecast), and compare(forecast, {...}).",
                )
            flows = self.rows.iloc[at][keys].reset_index(drop=True)
            member = membership(by, flows, self.origin, self.destination)
            table = member.units.assign(period=period)
            base = np.where(np.isfinite(self.base[at]), self.base[at], 1.0)
            tables.append(_summed(table, member.matrix, base, self._of(at), levels))
        table = pd.concat(tables, ignore_index=True)
        if by == "flow":
            known = np.isfinite(self.base).all()
            if not known:
                absolute = [
                    c for c in table if c == "base" or str(c).startswith("change")
                ]
                lacking = self._lacking(table)
                table.loc[lacking, absolute] = np.nan
        if changed:
            table = table[table["percent"].ne(0) & table["percent"].notna()]
        return table.reset_index(drop=True)

    def on(self, forecast: Forecast) -> Forecast:
        """Return a forecast with its paths multiplied by the effect, draw by draw.

        Units and periods of the forecast that the scenario has no row for stay.

        Raises
        ------
        ModelError
            F-507 no level, F-879 no unit and period in common.
        """
        refuse_unless_level(forecast, "a scenario")
        cells = unit_periods(forecast.units, forecast.periods)
        keys = [name for name in self.rows if name in cells]
        numbered = self.rows[keys].reset_index(drop=True).reset_index(names="\0row")
        row = cells.merge(numbered, how="left", on=keys)["\0row"]
        found = row.notna().to_numpy()
        if "period" not in keys or len(keys) < 2 or not found.any():
            raise ModelError(
                "forecast and scenario have no unit and period in common",
                code="F-879",
                examples=[forecast.periods[0], *self.rows["period"].unique()],
                remedy="Give gravity_scenario the rows of the future: "
                "gravity_scenario(fit, scenario, data=held(panel, 4)).",
            )
        factor = np.ones((len(cells), forecast.n_paths))
        drawn = np.arange(forecast.n_paths) % self.draws.shape[1]
        rows = row[found].to_numpy(dtype=np.intp)
        place = np.full(len(self.rows), -1)
        place[self.concerned] = np.arange(self.concerned.size)
        cell, moved = np.flatnonzero(found), place[rows]
        changed = moved >= 0
        factor[cell[changed]] = np.exp(self.draws[np.ix_(moved[changed], drawn)])
        note = (
            f"Partial effect of {self.name!r} by the coefficients of a gravity model."
        )
        return replace(
            forecast,
            draws=forecast.draws * factor.reshape(forecast.draws.shape),
            notes=(*forecast.notes, note),
        )

    def __repr__(self) -> str:
        if not self.concerned.size:
            return f"Scenario {self.name!r}: no flow changes"
        percent = 100 * np.expm1(self.log_change[self.concerned])
        ends = [number(value, "+.1f") for value in (percent.min(), percent.max())]
        text = (
            f"Scenario {self.name!r}: partial effect on {self.concerned.size:,} of "
            f"{len(self.rows):,} flows, {' to '.join(dict.fromkeys(ends))} %"
        )
        if not np.isfinite(self.base).all():
            return text
        base, own = self.base.sum(), self.base[self.concerned]
        change = own @ np.expm1(self.log_change[self.concerned])
        drawn = np.einsum("n,nd->d", own, np.expm1(self.draws))
        values = 100 * np.array([change, *np.quantile(drawn, tails_of(95))]) / base
        said = [number(value, "+.3g") for value in values]
        return f"{text}; all flows {said[0]} % (95 %: {said[1]} to {said[2]})"

    def _of(self, at: Ints) -> tuple[Floats, Ints, Floats]:
        """Return changes of some rows, which of them are changed, and how on each draw."""
        inside = np.isin(self.concerned, at)
        places = np.searchsorted(at, self.concerned[inside])
        return self.log_change[at], places, self.draws[inside]

    def _lacking(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        keys = [name for name in self.rows if name in table]
        level = self.rows.assign(**{"\0": self.base})
        return np.asarray(table.merge(level, how="left", on=keys)["\0"].isna())


def _summed(
    table: pd.DataFrame,
    matrix: Any,
    base: Floats,
    changes: tuple[Floats, Ints, Floats],
    levels: Sequence[float],
) -> pd.DataFrame:
    point, places, draws = changes
    table["base"] = matrix @ base
    table["change"] = matrix @ (base * np.expm1(point))
    drawn = np.asarray(matrix[:, places] @ (base[places, None] * np.expm1(draws)))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 100 / table["base"].to_numpy()
        table["percent"] = scale * table["change"]
        for level in levels:
            ends = summaries.quantiles(drawn[:, None], tails_of(level))
            for side, end in zip(("lower", "upper"), ends, strict=True):
                label = percent_label(level)
                table[f"change_{side}_{label}"] = end.ravel()
                table[f"percent_{side}_{label}"] = scale * end.ravel()
    return table
