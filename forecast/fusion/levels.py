"""Levels that gravity gives to pairs, each year from what was known then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.fusion.flows import Flows
from forecast.fusion.structure import log_ratio
from forecast.gravity import Gravity
from forecast.gravity.fit import GravityFit
from forecast.panel import TradePanel

__all__ = ["check_level", "gaps_to_level"]

Floats = NDArray[np.floating[Any]]

FIRST = 1
"""The first period that levels are fitted to: effects of pairs need two."""


def check_level(level: Any) -> None:
    """Refuse what gives no level of flows (F-850)."""
    if level is None:
        return
    problem = ""
    if not isinstance(level, Gravity):
        problem = f"a {type(level).__name__} gives no level of flows"
    elif level.estimator != "ppml":
        problem = "least squares of logarithms do not keep totals"
    elif len(level.equations) > 1:
        problem = f"the formula states {len(level.equations)} equations"
    if problem:
        raise ModelError(
            problem,
            code="F-850",
            remedy='Give one Gravity model with estimator="ppml", such as Gravity("trade '
            '~ agreement | exporter^year + importer^year + exporter^importer"), or None.',
        )


def gaps_to_level(
    level: Gravity, panel: TradePanel, flows: Flows
) -> tuple[Floats, GravityFit]:
    """Fit the level to every beginning of the panel.

    Parameters
    ----------
    level : Gravity
    panel : TradePanel
    flows : Flows
        Of the same panel.

    Returns
    -------
    gaps : float array of shape (n_periods, n_pairs)
        Log level over the flow, NaN where one of them is not known or zero.
    fit : GravityFit
        To all periods.

    Raises
    ------
    ModelError, ColumnError
        As `Gravity.fit`.
    """
    gaps = np.full(flows.values.shape, np.nan)
    whole = level.fit(panel)
    for t in range(FIRST, len(flows.periods)):
        last = t + 1 == len(flows.periods)
        try:
            fit = whole if last else level.fit(panel.between(end=flows.periods[t]))
        except ModelError:
            continue  # too little was known then: that year has no level
        now = panel.between(flows.periods[t], flows.periods[t])
        means = fit.predict(now, unknown="missing").to_numpy()
        gaps[t] = log_ratio(np.nan_to_num(_by_pair(means, now, flows)), flows.values[t])
    return gaps, whole


def _by_pair(means: Floats, now: TradePanel, flows: Flows) -> Floats:
    """Put one period's rows at the places of their pairs."""
    keys = list(flows.units.columns)
    there = pd.MultiIndex.from_frame(now.units[keys])
    at = pd.MultiIndex.from_frame(flows.units[keys]).get_indexer(there)
    out = np.full(len(flows.units), np.nan)
    out[at[at >= 0]] = means[at >= 0]
    return out
