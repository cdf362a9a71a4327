r"""What a scenario does to the flows of a gravity fit: the partial effect.

Flows change by :math:`\exp((x_1 - x_0)'\beta)`, with the coefficients drawn from their
covariance. Effects of exporters and importers are held: incomes and the trade of others
do not answer (Head and Mayer 2014, Handbook of International Economics 4, section 4.3, call
this the partial trade impact). So rows of periods that were not estimated can be asked,
too: their effects cancel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.events import EventLog, Recipe
from forecast.gravity.derived.coefficient_draws import draw_coefficients
from forecast.gravity.derived.prediction import is_log
from forecast.gravity.designs.new_rows import read_new_rows
from forecast.gravity.fit import GravityFit
from forecast.panel import TradePanel
from forecast.periods import parse_periods
from forecast.scenarios.gravity_effect import GravityScenario
from forecast.scenarios.limits import Names
from forecast.scenarios.scenario import Scenario
from forecast.scenarios.support import outside_support, warn_outside

__all__ = ["gravity_scenario"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


def gravity_scenario(
    fit: GravityFit,
    scenario: Scenario,
    data: TradePanel | pd.DataFrame | None = None,
    *,
    panel: TradePanel | None = None,
    log: EventLog | None = None,
    recipes: Mapping[str, Recipe] | None = None,
    draws: int = 1000,
    seed: int = 0,
    warn: bool = True,
) -> GravityScenario:
    """Return the partial effect of a scenario on the flows of a gravity fit.

    Parameters
    ----------
    fit : GravityFit
    scenario : Scenario
        Changes of the model's regressors, added events, trade costs.
    data : TradePanel or DataFrame, optional
        Rows of the baseline: by default those that were estimated on; for the future
        such as ``held(panel, 4)``.
    panel, log, recipes
        For added events, as in `Scenario.apply`.
    draws : int
        Draws of the coefficients; the same for every scenario with the same seed.
    seed : int
    warn : bool
        Whether to warn of values outside the observed range.

    Returns
    -------
    GravityScenario

    Raises
    ------
    ColumnError
        F-111 no such column.
    ModelError
        F-871, F-872, F-875 as `Scenario.apply`; F-876 coefficients without covariance;
        F-879 changed columns that are no regressors, or rows without a value; F-882 least
        squares of levels.

    Warns
    -----
    ForecastWarning
        F-874 values outside what was observed.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 5, seed=1).frame
    >>> fit = fc.Gravity("flow ~ agreement | origin^period + destination^period").fit(flows)
    >>> gravity_scenario(fit, Scenario("as it was"))
    Scenario 'as it was': no flow changes
    """
    _refuse_levels(fit)
    names = _names(fit, panel)
    frame = _rows(fit, data)
    after, before, _ = scenario._applied(frame, panel, log, recipes, names)
    old, new = (_columns(fit, rows) for rows in (before, after))
    difference = new - old
    differs = np.flatnonzero((difference != 0).any(axis=0))
    _refuse_idle(fit, scenario, before, after, differs)
    costs = scenario.log_costs(frame, names, draws, seed)
    moves = draw_coefficients(fit.beta, fit.covariance, draws, seed)
    touched = (difference[:, differs] != 0).any(axis=1)
    log_change = np.einsum("nk,k->n", difference[:, differs], fit.beta[differs])
    for rows, change, _ in costs:
        touched |= rows
        log_change[rows] += change
    concerned = np.flatnonzero(touched)
    drawn = np.einsum(
        "nk,dk->nd", difference[np.ix_(concerned, differs)], moves[:, differs]
    )
    for rows, _, cost in costs:
        drawn[rows[concerned]] += cost
    columns = [str(c) for c in after if pd.api.types.is_numeric_dtype(after[c].dtype)]
    outside = outside_support(fit.design.source, before, after, names, columns)
    if warn:
        warn_outside(scenario.name, outside)
    keys = [name for name in fit.design.keys if name != names.period]
    periods = parse_periods(frame[names.period], column=names.period)
    notes = ("Partial effect: incomes and trade with others are held.",)
    return GravityScenario(
        rows=frame[keys].reset_index(drop=True).assign(period=periods),
        base=_fitted(fit, before),
        log_change=log_change,
        concerned=concerned,
        draws=drawn,
        name=scenario.name,
        origin=None if names.ends is None else names.ends[0],
        destination=None if names.ends is None else names.ends[1],
        outside=outside,
        notes=notes,
    )


def _rows(fit: GravityFit, data: TradePanel | pd.DataFrame | None) -> pd.DataFrame:
    if data is None:
        return fit.design.source.iloc[np.sort(fit.keys.positions)]
    return data.to_frame() if isinstance(data, TradePanel) else data


def _names(fit: GravityFit, panel: TradePanel | None) -> Names:
    period = fit.keys.aliases.get("period", ())
    pair = fit.keys.aliases.get("pair", ())
    if panel is not None:
        period = (panel.period,)
    if not period:
        raise ModelError(
            "the fit does not know which column is the period",
            code="F-881",
            remedy="Fit a TradePanel, or say Gravity(..., origin='exporter', "
            "destination='importer', period='year').",
        )
    ends = (pair[0], pair[1]) if len(pair) == 2 else None
    keys = tuple(k for k in fit.design.keys if k != period[0])
    return Names(period[0], ends, keys)


def _columns(fit: GravityFit, rows: pd.DataFrame) -> Floats:
    """Return the regressors of rows, (n, k)."""
    (equation,) = fit.recipe.equations
    new = read_new_rows(fit.design, equation, rows, offset=None)
    if new.positions.size != len(rows):
        lacking = len(rows) - new.positions.size
        raise ModelError(
            f"{lacking:,} of {len(rows):,} rows lack a value of a regressor",
            code="F-879",
            count=lacking,
            examples=new.incomplete["reason"].unique(),
            remedy="Fill in the future, for example with held(panel, horizon).",
        )
    kept = fit.drawn.collinearity.kept
    columns = [new.columns[k] for k in kept]
    return np.stack(columns, axis=1) if columns else np.empty((len(rows), 0))


def _fitted(fit: GravityFit, rows: pd.DataFrame) -> Floats:
    """Fitted flows, NaN where effects were not estimated."""
    offset = fit.recipe.offset
    if offset is not None and offset not in rows:
        return np.full(len(rows), np.nan)
    values = fit.predict(rows, unknown="missing").to_numpy(dtype=float)
    return np.exp(values) if fit.estimate.family == "gaussian" else values


def _refuse_idle(
    fit: GravityFit,
    scenario: Scenario,
    before: pd.DataFrame,
    after: pd.DataFrame,
    differs: NDArray[np.integer[Any]],
) -> None:
    """Refuse changes of columns that the model does not look at."""
    idle = [
        str(name)
        for name in after
        if name in before and not after[name].equals(before[name])
    ]
    if idle and not differs.size:
        raise ModelError(
            f"scenario {scenario.name!r} changes {idle}, which the model does not use",
            code="F-879",
            count=len(idle),
            examples=idle,
            remedy=f"Its coefficients are {list(fit.terms)[:20]}.",
        )


def _refuse_levels(fit: GravityFit) -> None:
    if fit.estimate.family == "gaussian" and not is_log(fit.recipe.formula):
        raise ModelError(
            "least squares of levels has no effect in per cent",
            code="F-882",
            remedy="Take a PPML fit, or least squares of log(flow).",
        )
