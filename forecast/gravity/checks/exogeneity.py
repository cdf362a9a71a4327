"""Strict exogeneity: do flows react to a policy before it is there?

Future values of regressors are added; if policies do not follow trade (given regressors
and effects) they have no coefficient (Wooldridge 2010, Econometric Analysis of Cross
Section and Panel Data, section 10.7.1; for trade agreements Baier and Bergstrand 2007,
Journal of International Economics 71(1), section 5.3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, ModelError, PeriodError
from forecast.gravity.checks.refitting import new_information, refit
from forecast.gravity.checks.specification import SpecificationTest, conclude
from forecast.gravity.derived.record import FitRecord
from forecast.gravity.designs.factors import combine, factorise
from forecast.gravity.engine.slot_plan import readings
from forecast.gravity.records import Floats, Ints
from forecast.panel.leads_lags import shifted, steps_of
from forecast.panel.number_columns import number_column
from forecast.periods import parse_periods

__all__ = ["exogeneity_test"]


def exogeneity_test(
    fit: FitRecord,
    regressors: str | Sequence[str] | None = None,
    leads: int | Sequence[int] = 1,
    *,
    columns: str | Sequence[str] | None = None,
    fill: float | None = None,
) -> SpecificationTest:
    """Add leads of regressors, or columns that hold them, and test them jointly.

    Parameters
    ----------
    fit : GravityFit
    regressors : str or sequence of str, optional
        Columns whose leads are taken, exact by period and unit (origin, destination and
        what else tells rows of one period apart). By default all regressors that are
        columns and vary over time.
    leads : int or sequence of int
        Periods ahead.
    columns : str or sequence of str, optional
        Columns of the table that hold leads already, in place of `regressors`; from
        `TradePanel.with_leads`, or known beyond the last period of the sample.
    fill : float, optional
        Value of leads after the last period of a unit. By default these rows are left
        out.

    Raises
    ------
    ColumnError
        F-111 no such column.
    ModelError
        F-572 leads that say nothing new; F-575 leads that cannot be made.
    PeriodError
        F-440 leads that are no positive numbers.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 6, seed=1).frame
    >>> gravity = fc.Gravity(
    ...     "flow ~ visit | origin^period + destination^period + origin^destination")
    >>> exogeneity_test(gravity.fit(flows), "visit", leads=1).wald.hypotheses
    ('visit_lead1 = 0',)
    """
    if columns is not None:
        names = [columns] if isinstance(columns, str) else list(columns)
        _check(fit, names)
        found = {
            name: np.asarray(number_column(fit.design.source[name], name), dtype=float)
            for name in names
        }
    else:
        found = _leads(fit, regressors, steps_of(leads, "leads"), fill)
    added = {name: values[fit.design.positions] for name, values in found.items()}
    wider = refit(fit, added)
    kept = new_information(wider, list(added), "The leads")
    lost = fit.estimate.n - wider.estimate.n
    notes = (
        (f"Left out: {lost:,} of {fit.estimate.n:,} rows, which have no lead.",)
        if lost
        else ()
    )
    return conclude(
        wider,
        kept,
        name="Strict exogeneity",
        null="future values of the regressors have no effect",
        source="Wooldridge (2010), section 10.7.1; Baier and Bergstrand (2007)",
        notes=notes,
    )


def _check(fit: FitRecord, names: Sequence[str]) -> None:
    source = fit.design.source
    if missing := [name for name in names if name not in source.columns]:
        raise ColumnError.missing(missing, source.columns)


def _leads(
    fit: FitRecord,
    regressors: str | Sequence[str] | None,
    steps: tuple[int, ...],
    fill: float | None,
) -> dict[str, Floats]:
    """Leads by the rows of the input table, under the names of `with_leads`."""
    if regressors is None:
        names = [term for term in fit.terms if term in fit.design.source.columns]
    else:
        names = [regressors] if isinstance(regressors, str) else list(regressors)
    _check(fit, names)
    units, ordinals = _cells(fit)
    order = np.lexsort((ordinals, units))
    made: dict[str, Floats] = {}
    for name in names:
        values = np.asarray(number_column(fit.design.source[name], name), dtype=float)
        if regressors is None and not _varies(values, units):
            continue
        for step in steps:
            moved = shifted(values[order], units[order], ordinals[order], -step, fill)
            made[f"{name}_lead{step}"] = np.empty(values.size)
            made[f"{name}_lead{step}"][order] = moved
    if not made:
        raise _impossible("no regressor is a column that varies over time", "")
    return made


def _varies(values: Floats, units: Ints) -> bool:
    """Whether a column differs between the periods of a unit."""
    frame = pd.DataFrame({"unit": units, "value": values})
    spread = frame.groupby("unit")["value"].agg(["min", "max"])
    return bool((spread["max"] > spread["min"]).any())


def _cells(fit: FitRecord) -> tuple[Ints, Ints]:
    """Unit and period of each row of the input table."""
    keys, period = _keys(fit)
    source = fit.design.source
    factors = [factorise(source[name]) for name in (*keys, period)]
    for factor in factors:
        if (factor.codes < 0).any():
            raise _impossible(f"column {factor.name!r} misses values", factor.name)
    units = combine(factors[:-1]).codes
    ordinals = _ordinals(factors[-1].levels)[factors[-1].codes]
    cells = pd.DataFrame({"unit": units, "period": ordinals})
    twice = int(cells.duplicated().sum())
    if twice:
        raise _impossible(
            f"{twice:,} rows repeat a unit of {', '.join(keys)} and a period", period
        )
    return units.astype(np.int64), ordinals.astype(np.int64)


def _ordinals(levels: pd.Index) -> Ints:
    """Periods as whole numbers, one apart from one period to the next."""
    try:
        return parse_periods(levels, column=str(levels.name)).asi8
    except PeriodError:
        if pd.api.types.is_integer_dtype(levels):  # rounds, waves: 1, 2, 3
            return levels.to_numpy()
        raise


def _keys(fit: FitRecord) -> tuple[tuple[str, ...], str]:
    """Columns of the unit and of the period: stated, of the panel, or of the effects."""
    recipe, keys = fit.recipe, fit.design.keys
    stated = (recipe.origin, recipe.destination, recipe.period)
    if stated == (None, None, None) and len(keys) >= 2:
        return keys[:-1], keys[-1]  # of a TradePanel, whose last key is the period
    pair = fit.keys.aliases.get("pair")
    for shape in readings(fit.design.effects):
        ends = (*shape.origin, *shape.destination)
        period = recipe.period or (shape.period[0] if len(shape.period) == 1 else None)
        if period is not None and pair in {None, ends}:
            return (*ends, *(name for name in shape.sector if name != period)), period
    if recipe.period is not None and pair is not None:
        return pair, recipe.period
    raise _impossible(
        "which column is the period is not known", "", ' or Gravity(..., period="year")'
    )


def _impossible(problem: str, column: str, more: str = "") -> ModelError:
    return ModelError(
        f"leads cannot be made: {problem}",
        code="F-575",
        column=column or None,
        remedy=f"Use a TradePanel{more}, or give columns= with leads that you have made, "
        "as TradePanel.with_leads does.",
    )
