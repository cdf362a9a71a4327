"""Indicators of the level that will change: what that does to pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import unit_rng
from forecast.fusion.flows import Flows
from forecast.gravity.designs.new_rows import read_new_rows
from forecast.gravity.fit import GravityFit
from forecast.panel import TradePanel
from forecast.periods import parse_periods

__all__ = ["Changes", "no_changes", "read_changes", "without_level"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of the regressors of a level since the last year of the data.

    Attributes
    ----------
    values : float array of shape (n_steps, n_pairs, n_terms)
    slopes : float array of shape (n_terms,)
    covariance : float array of shape (n_terms, n_terms)
    """

    values: Floats
    slopes: Floats
    covariance: Floats

    @property
    def shift(self) -> Floats:
        """Log changes of flows before they are made to add up, (n_steps, n_pairs)."""
        return np.einsum("hik,k->hi", self.values, self.slopes)

    def doubt(self, h: int, paths: int, seed: int) -> tuple[NDArray[Any], Floats]:
        """Return the pairs that change, and their log factors on each path.

        The factors are what slopes drawn from their distribution add to `shift`.
        """
        rows = np.flatnonzero(np.abs(self.values[h]).max(axis=1, initial=0) > 0)
        size, axes = np.linalg.eigh(self.covariance)
        root = axes * np.sqrt(np.maximum(size, 0))
        rng = unit_rng(seed, "coefficients")
        normal = rng.standard_normal((len(self.slopes), paths))
        return rows, self.values[h][rows] @ (root @ normal)


def no_changes(flows: Flows, steps: int) -> Changes:
    """Everything stays as it was."""
    return Changes(
        np.zeros((steps, len(flows.units), 0)), np.empty(0), np.empty((0, 0))
    )


def without_level(fit: Any, horizon: Any, scenario: Any, indicators: Any) -> bool:
    """Say whether a scenario is to be put on forecasts of a fusion that has no level.

    Costs and conditions need none.

    Raises
    ------
    ModelError
        F-859 rows of the future or changed columns, on which nothing depends.
    """
    frame = isinstance(horizon, pd.DataFrame)
    if fit.level is not None or (scenario is None and not frame):
        return False
    changed = bool(getattr(scenario, "changes_rows", False))
    if frame or changed:
        raise ModelError(
            f"{'a scenario of changed columns' if changed else 'a frame as baseline'} is "
            "given, and without a gravity level nothing depends on columns",
            code="F-859",
            remedy="Give Fusion a level with the columns, or a number of periods and a "
            "scenario of costs or conditions alone.",
        )
    return indicators is None and hasattr(scenario, "changes_rows")


def read_changes(
    future: pd.DataFrame,
    level: GravityFit | None,
    panel: TradePanel,
    flows: Flows,
    periods: pd.PeriodIndex,
) -> Changes:
    """Compare regressors of future rows with those of the last year.

    Parameters
    ----------
    future : DataFrame
        As `TradePanel.future` makes it, filled in: a row for each pair and year.
    level : GravityFit or None
    panel : TradePanel
    flows : Flows
    periods : PeriodIndex
        The years of the forecast.

    Raises
    ------
    ModelError
        F-858 without a level, F-856 rows that are missing, twice or incomplete.
    ColumnError
        F-111 columns that are not there.
    """
    if level is None:
        raise ModelError(
            "without a gravity level nothing depends on indicators",
            code="F-858",
            remedy="Leave `indicators` away, or give Fusion a level with them.",
        )
    now = panel.between(flows.periods[-1], flows.periods[-1]).to_frame()
    last = _by_pair(level, now, panel, flows, flows.periods[-1:])[0]
    ahead = _by_pair(level, future, panel, flows, periods)
    return Changes(ahead - last, level.estimate.beta, level.covariance.matrix)


def _by_pair(
    level: GravityFit,
    frame: pd.DataFrame,
    panel: TradePanel,
    flows: Flows,
    periods: pd.PeriodIndex,
) -> Floats:
    """Return regressors by period, pair and term."""
    design, (equation,) = level.design, level.recipe.equations
    new = read_new_rows(design, equation, frame, offset=level.recipe.offset)
    kept = level.drawn.collinearity.kept
    table = (
        np.stack([new.columns[k] for k in kept], axis=1)
        if kept
        else np.empty((len(new.positions), 0))
    )
    keys = list(flows.units.columns)
    rows = frame.iloc[new.positions]
    at = pd.MultiIndex.from_frame(flows.units[keys]).get_indexer(
        pd.MultiIndex.from_frame(rows[keys])
    )
    years = parse_periods(rows[panel.period], column=panel.period)
    when = periods.get_indexer(years)
    use = (at >= 0) & (when >= 0)
    count = np.zeros((len(periods), len(flows.units)), dtype=int)
    np.add.at(count, (when[use], at[use]), 1)
    if (count != 1).any():
        raise _incomplete(count, flows)
    out = np.empty((*count.shape, table.shape[1]))
    out[when[use], at[use]] = table[use]
    return out


def _incomplete(count: NDArray[Any], flows: Flows) -> ModelError:
    odd = np.argwhere(count != 1)
    return ModelError(
        f"{len(odd):,} pairs have no complete row, or several, in a year",
        code="F-856",
        column="indicators",
        count=len(odd),
        examples=[" ".join(map(str, flows.units.iloc[pair])) for _, pair in odd[:5]],
        remedy="Fill in panel.future(horizon): one row for each pair and year with every "
        "column of the level; the last year of the panel must be complete, too.",
    )
