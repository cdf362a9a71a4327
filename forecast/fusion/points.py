"""Point forecasts from one origin: totals forecast, pairs adjusted, both reconciled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.fusion.allocation import allocate_paths
from forecast.fusion.flows import FEWEST_PERIODS, Flows
from forecast.fusion.margins import (
    Margins,
    Speeds,
    Totals,
    estimate_speeds,
    extend_totals,
)
from forecast.fusion.rivals import Rival, Rivals
from forecast.fusion.structure import Step, Weights, adjust, estimate_weights
from forecast.series.contract.model import Recipe
from forecast.series.contract.samples import Sample

__all__ = ["Learned", "learn", "points_from", "totals_after"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Learned:
    """What was estimated at one origin.

    Attributes
    ----------
    speeds : Speeds or None
        Of totals; None where a series model forecasts them.
    weights : Weights
        Of structure.
    rival : Rival or None
        The learner beside it, where there is one.
    """

    speeds: Speeds | None
    weights: Weights
    rival: Rival | None = None


def learn(
    flows: Flows,
    totals: Totals,
    steps: Sequence[Step],
    dynamics: Margins | Recipe,
    origin: int,
    rivals: Rivals | None = None,
) -> Learned:
    """Estimate speeds and weights from periods up to `origin`."""
    known = flows.known[1:origin] & flows.known[2 : origin + 1]
    weights = estimate_weights(steps[1:origin], flows.values[2 : origin + 1], known)
    speeds = None
    if isinstance(dynamics, Margins):
        speeds = estimate_speeds(totals.until(origin), dynamics)
    rival = None if rivals is None else rivals.at(origin)
    return Learned(speeds, weights, rival)


def totals_after(
    flows: Flows,
    totals: Totals,
    learned: Learned,
    dynamics: Margins | Recipe,
    origin: int,
    ahead: int,
) -> Totals:
    """Forecast totals of the `ahead` periods after `origin`."""
    past = totals.until(origin)
    if learned.speeds is not None:
        after = extend_totals(past, learned.speeds, ahead)
    else:
        assert isinstance(dynamics, Recipe)
        periods = flows.periods[: origin + 1]
        after = _totals_by_series(past, periods, dynamics, ahead)
    return Totals(*flows.one_sum(after.exports, after.imports))


def points_from(
    flows: Flows,
    step: Step,
    learned: Learned,
    after: Totals,
    shift: Floats | None = None,
) -> Floats:
    """Return point forecasts of pairs that add up to forecast totals.

    Parameters
    ----------
    flows : Flows
    step : Step
        The origin.
    learned : Learned
    after : Totals
        Of the periods to forecast.
    shift : float array of shape (n_steps, n_pairs), optional
        Log changes of trade that are added, such as those of a changed agreement.

    Returns
    -------
    float array of shape (n_steps, n_pairs)
    """
    moved = adjust(step, learned.weights, len(after.exports), learned.rival)
    if shift is not None:
        moved = moved + shift
    return allocate_paths(
        step.flows * np.exp(moved),
        flows.rows,
        flows.columns,
        after.exports,
        after.imports,
    )


def _totals_by_series(
    past: Totals, periods: pd.PeriodIndex, model: Recipe, ahead: int
) -> Totals:
    """Forecast each total by a model of one series; both sides add up to the world's."""
    sides = _begun(past)
    table = np.concatenate([past.world[:, None], *sides], axis=1).T
    n = past.exports.shape[1]
    trading = np.nansum(table, axis=1) > 0
    units = pd.DataFrame({"total": np.flatnonzero(trading)})
    sample = Sample(table[trading], units, pd.PeriodIndex(periods))
    points = np.zeros((len(table), ahead))
    points[trading] = model.fit_to(sample).point(ahead).to_numpy()
    forecast = points[1 : n + 1].T, points[n + 1 :].T
    world = np.maximum(points[0], 0)
    return Totals(
        *(
            _scaled(side, world, last[-1])
            for side, last in zip(forecast, (past.exports, past.imports), strict=True)
        )
    )


def _begun(past: Totals) -> list[Floats]:
    """Return totals with NaN before a code's first figure.

    A code of few figures has the first one before it: nothing is known of its growth.
    """
    sides = [past.exports, past.imports]
    if past.sums is None:
        return sides
    found = []
    for side, seen in zip(sides, past.sums.seen, strict=True):
        begun = np.logical_or.accumulate(seen[: len(side)], axis=0)
        first = np.argmax(begun, axis=0)
        short = begun.any(axis=0) & (begun.sum(axis=0) < FEWEST_PERIODS)
        before = np.where(short, side[first, np.arange(side.shape[1])], np.nan)
        found.append(np.where(begun | ~begun.any(axis=0), side, before))
    return found


def _scaled(side: Floats, world: Floats, last: Floats) -> Floats:
    """Scale one side to the world's total; shares stay as they are where all are zero."""
    total = side.sum(axis=1)
    side = np.where(total[:, None] > 0, side, last)
    return np.asarray(side * (world / np.maximum(side.sum(axis=1), 1e-300))[:, None])
