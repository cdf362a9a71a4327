"""The future in which nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from forecast.events import EventLog, Recipe
from forecast.panel import TradePanel
from forecast.scenarios.happenings import rebuilt

__all__ = ["held"]


def held(
    panel: TradePanel,
    horizon: int | str | pd.Period,
    *,
    log: EventLog | None = None,
    recipes: Mapping[str, Recipe] | None = None,
) -> pd.DataFrame:
    """Return the rows to come with covariates as each unit had them last.

    A baseline that scenarios change. Indicators that `recipes` make of the log are made
    of it: a stock goes on fading, an agreement goes on phasing in. By default these are
    the log and recipes of ``panel.with_indicators``.

    Parameters
    ----------
    panel : TradePanel
    horizon : int, str or Period
        A number of periods, or the last one.
    log : EventLog, optional
    recipes : mapping of str to recipe, optional

    Returns
    -------
    DataFrame
        As ``panel.future(horizon)``, filled in.

    Raises
    ------
    PeriodError
        F-421 for a horizon that is no positive number or too long.

    Examples
    --------
    >>> import forecast as fc
    >>> df = pd.DataFrame({"side": "KZ", "year": [2020, 2021], "bn": [19.0, 24.5],
    ...     "visits": [1, 4]})
    >>> panel = fc.TradePanel.from_frame(df, unit=["side"], period="year", flow="bn")
    >>> held(panel, 2)["visits"].tolist()
    [4.0, 4.0]
    """
    future = panel.future(horizon)
    keys = list(panel.keys)
    columns = [c for c in panel.covariates if c in future.columns]
    if columns:
        frame = panel.to_frame().sort_values(panel.period, kind="stable")
        last = frame.groupby(keys, sort=False, observed=True)[columns].last()
        found = future[keys].merge(last.reset_index(), how="left", on=keys)
        for column in columns:
            filled: Any = found[column].astype(float).to_numpy()
            future[column] = (
                future[column].astype(float).fillna(pd.Series(filled, future.index))
            )
    made = rebuilt(future, panel, log, recipes, pd.DataFrame(), "held")
    return future.assign(**{str(name): made[name] for name in made})
