"""Tests of whether one model of a backtest forecasts better than others."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts.units import unit_index

if TYPE_CHECKING:
    from forecast.backtesting.result import Backtest

__all__ = ["compare", "confidence_set"]

Floats = NDArray[np.floating[Any]]

TESTS = ("diebold-mariano", "giacomini-white", "encompassing")
FEWEST_ORIGINS = 4


def compare(
    result: Backtest,
    first: str,
    second: str,
    *,
    score: str,
    horizon: int | None,
    test: str,
) -> Any:
    """Run one test of two models; see `Backtest.compare`."""
    from forecast import scores

    _one_of(test, TESTS, "test")
    ahead = _overlap(result, horizon)
    if test == "encompassing":
        errors = [_errors(result, name, horizon) for name in (first, second)]
        mine, theirs = _shared(errors)
        return scores.forecast_encompassing(
            _over_units(mine), _over_units(theirs), horizon=ahead
        )
    mine, theirs = _shared(
        [_losses(result, name, score, horizon) for name in (first, second)]
    )
    difference = mine - theirs
    if test == "giacomini-white":
        return scores.giacomini_white(_over_units(difference), horizon=ahead)
    if len(difference) == 1:
        return scores.diebold_mariano(difference[0], horizon=ahead)
    return scores.panel_diebold_mariano(difference, horizon=ahead)


def confidence_set(
    result: Backtest, *, score: str, horizon: int | None, **options: Any
) -> Any:
    """Return the set of models that may be best; see `Backtest.confidence_set`."""
    from forecast import scores

    tables = [_losses(result, name, score, horizon) for name in result.models]
    shared = _shared(tables)
    losses = np.stack([_over_units(table) for table in shared], axis=1)
    ahead = _overlap(result, horizon)
    return scores.model_confidence_set(
        losses, horizon=ahead, names=list(result.models), **options
    )


def _losses(result: Backtest, model: str, score: str, horizon: int | None) -> Floats:
    """Return losses of shape (n_units, n_origins), the mean over horizons."""
    table = result.losses
    named = {*result.keys, "model", "origin", "horizon", "period", "as_of"}
    _one_of(score, [name for name in table.columns if name not in named], "score")
    return _wide(result, table, model, score, horizon)


def _errors(result: Backtest, model: str, horizon: int | None) -> Floats:
    """Return errors in usual changes of each unit, shape (n_units, n_origins)."""
    table = result.forecasts
    scale = table["scale"].where(table["scale"] > 0)
    error = (table["actual"] - table["median"]) / scale
    return _wide(result, table.assign(error=error), model, "error", horizon)


def _wide(
    result: Backtest, table: pd.DataFrame, model: str, column: str, horizon: int | None
) -> Floats:
    _one_of(model, result.models, "model")
    rows = table[table["model"] == model]
    if horizon is not None:
        _one_of(horizon, range(1, result.horizon + 1), "horizon")
        rows = rows[rows["horizon"] == horizon]
    wanted = 1 if horizon is not None else result.horizon
    origins = pd.DatetimeIndex(np.sort(result.forecasts["as_of"].unique()))
    shape = (len(result.outcomes), len(origins), wanted)
    values = np.full(shape, np.nan)
    unit = result.outcomes.index.get_indexer(unit_index(rows[result.keys]))
    origin = origins.get_indexer(pd.DatetimeIndex(rows["as_of"]))
    step = rows["horizon"].to_numpy() - 1 if horizon is None else 0
    values[unit, origin, step] = rows[column].to_numpy()
    return values.mean(axis=2)  # an origin counts if all its horizons have outcomes


def _shared(tables: Sequence[Floats]) -> list[Floats]:
    """Keep the cells that all models have, and the units and origins with such cells."""
    known = np.all([np.isfinite(table) for table in tables], axis=0)
    units, origins = known.any(axis=1), known.any(axis=0)
    if origins.sum() < FEWEST_ORIGINS:
        raise ModelError(
            f"{int(origins.sum())} origins that all models forecast, with all outcomes, "
            "are too few for a test",
            code="F-647",
            count=int(origins.sum()),
            remedy=f"At least {FEWEST_ORIGINS} are needed, and 20 are better.",
        )
    masked = [np.where(known, table, np.nan) for table in tables]
    return [table[units][:, origins] for table in masked]


def _over_units(table: Floats) -> Floats:
    """Return the mean over the units known at each origin, shape (n_origins,)."""
    return np.asarray(np.nanmean(table, axis=0))


def _overlap(result: Backtest, horizon: int | None) -> int:
    """Return how many origins in a row share outcomes: errors of so many depend."""
    return -(-(horizon or result.horizon) // result.step)


def _one_of(value: Any, possible: Any, what: str) -> None:
    if value in possible:
        return
    listed = [str(name) for name in possible]
    close = difflib.get_close_matches(str(value), listed, n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    raise ModelError(
        f"no {what} {value!r}",
        code="F-646",
        column=what,
        remedy=f"There are {listed[:20]}.{meant}",
    )
