"""Scenarios side by side: differences from the baseline, path by path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast, summaries
from forecast.forecasts.adding import unit_periods
from forecast.forecasts.levels import tails_of
from forecast.forecasts.units import unit_name
from forecast.scenarios.wording import number

__all__ = ["Comparison", "compare"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """A baseline and scenarios on the same paths; `compare` makes one.

    Attributes
    ----------
    baseline : Forecast
    scenarios : mapping of str to Forecast
    """

    baseline: Forecast
    scenarios: Mapping[str, Forecast]

    def difference(self, name: str) -> Forecast:
        """Return scenario minus baseline, on each path.

        Raises
        ------
        ModelError
            F-879 no such scenario.
        """
        if name not in self.scenarios:
            raise ModelError(
                f"there is no scenario {name!r}",
                code="F-879",
                remedy=f"There are {list(self.scenarios)}.",
            )
        return self.scenarios[name].minus(self.baseline)

    def percent(self, name: str) -> Forecast:
        """Return the difference in per cent of the baseline, NaN where that is zero."""
        difference = self.difference(name)
        ours = self.scenarios[name]
        base = _in_order_of(self.baseline, ours)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(base > 0, 100 * difference.draws / base, np.nan)
        return replace(
            difference,
            draws=share,
            measure="%",
            quantity="difference from the baseline, %",
        )

    def to_frame(self, level: float = 80) -> pd.DataFrame:
        """Return low, middle and high of each scenario, unit and period.

        Parameters
        ----------
        level : float
            Of the central interval from low to high; the middle is the median.

        Returns
        -------
        DataFrame
            ``scenario``, the keys, ``period``, ``baseline`` (median), ``value`` (median of
            the scenario), ``low``, ``mid``, ``high`` (difference), ``percent_low``,
            ``percent_mid``, ``percent_high``, ``probability_above`` (share of paths on
            which the scenario is above the baseline).
        """
        tables = []
        wanted = [tails_of(level)[0], 0.5, tails_of(level)[1]]
        for name, ours in self.scenarios.items():
            difference, percent = self.difference(name), self.percent(name)
            table = unit_periods(ours.units, ours.periods)
            table.insert(0, "scenario", name)
            base = _in_order_of(self.baseline, ours)
            table["baseline"] = summaries.quantiles(base, [0.5])[0].ravel()
            table["value"] = summaries.quantiles(ours.draws, [0.5])[0].ravel()
            for prefix, draws in (("", difference.draws), ("percent_", percent.draws)):
                ends = summaries.quantiles(draws, wanted)
                for label, end in zip(("low", "mid", "high"), ends, strict=True):
                    table[f"{prefix}{label}"] = end.ravel()
            above = summaries.share_of_paths(difference.draws, 0.0, np.inf)
            table["probability_above"] = above.ravel()
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    def total(self, by: str | Sequence[str] | None = None) -> Comparison:
        """Return the comparison of sums; as `Forecast.total`."""
        return self._each(lambda one: one.total(by))

    def turnover(self) -> Comparison:
        """Return the comparison of exports plus imports; as `Forecast.turnover`."""
        return self._each(lambda one: one.turnover())

    def select(self, *, period: Any = None, **equals: Any) -> Comparison:
        """Return fewer units or periods; as `Forecast.select`."""
        return self._each(lambda one: one.select(period=period, **equals))

    def __repr__(self) -> str:
        whole = self if len(self.baseline.units) == 1 else self.total()
        table = whole.to_frame(80)
        last = table[table["period"] == table["period"].max()]
        who = unit_name(whole.baseline.units, 0)
        unit = f" {whole.baseline.measure}" if whole.baseline.measure else ""
        said = [
            f"{row.scenario!r} {number(row.mid, '+,.4g')} (80 %: {number(row.low)} to "
            f"{number(row.high)}){unit}, {number(row.percent_mid, '+,.1f')} %"
            for row in last.itertuples(index=False)
        ]
        return f"Against the baseline, {who} {table['period'].max()}: {'; '.join(said)}"

    def _each(self, change: Callable[[Forecast], Forecast]) -> Comparison:
        changed = {name: change(one) for name, one in self.scenarios.items()}
        return Comparison(change(self.baseline), changed)


def compare(baseline: Forecast, scenarios: Mapping[str, Forecast]) -> Comparison:
    """Put scenarios beside a baseline.

    Forecasts of one fit with one seed share their random numbers, so differences path by
    path show what was changed and not chance. Conditions that re-weight paths
    (`TotalWithin`, `TotalAbout`) put other paths in place of the baseline's: their
    differences are those of distributions, wider than of paths.

    Parameters
    ----------
    baseline : Forecast
    scenarios : mapping of str to Forecast

    Returns
    -------
    Comparison

    Raises
    ------
    ModelError
        F-512 forecasts with other units, periods or paths; F-879 no scenarios.

    Examples
    --------
    >>> draws = np.array([[[10.0, 12.0, 15.0]]])
    >>> base = Forecast(draws, pd.DataFrame({"side": ["KZ"]}), pd.PeriodIndex(["2024"], freq="Y"))
    >>> compare(base, {"a tenth more": replace(base, draws=draws * 1.1)})
    Against the baseline, KZ 2024: 'a tenth more' +1.2 (80 %: 1.04 to 1.44), +10.0 %
    """
    given: object = scenarios
    if not isinstance(given, Mapping) or not given:
        raise ModelError(
            "there are no scenarios to compare",
            code="F-879",
            remedy='Give them by name: compare(baseline, {"more visits": forecast}).',
        )
    both = Comparison(baseline, dict(scenarios))
    for name in scenarios:
        both.difference(name)
    return both


def _in_order_of(baseline: Forecast, other: Forecast) -> Floats:
    """Return the baseline's draws with its units in the order of the other's."""
    theirs = baseline.units.reset_index(names="\0row")
    rows = other.units.merge(theirs, how="left")["\0row"].to_numpy(dtype=np.intp)
    return baseline.draws[rows]
