"""How wrong the method was at earlier origins, where it knew what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.fusion.allocation import allocate
from forecast.fusion.flows import Flows
from forecast.fusion.margins import Margins, Totals
from forecast.fusion.points import learn, points_from, totals_after
from forecast.fusion.rivals import Rivals
from forecast.fusion.structure import Step, log_ratio, typical_moves
from forecast.series.contract.model import Recipe

__all__ = ["Evidence", "Past", "expected_flows", "look_back", "total_moves"]

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

FIRST_ORIGIN = 1
FEWEST_YEARS = 3
LONGEST = 6
"""Horizons that are looked at; later ones grow from the last by the root of time."""


@dataclass(frozen=True, slots=True)
class Past:
    """Errors of one earlier origin at one horizon.

    Attributes
    ----------
    origin, horizon : int
    world : float
        Log of the sum of what came over that of what was forecast.
    sectors : float array of shape (n_sectors,)
        The same of each sector, beyond the world's; zero where there is one.
    exports, imports : float arrays of shape (n_origins,), (n_destinations,)
        Log errors of totals beyond those of world and sector, in units of their typical move; NaN
        where there is none.
    pairs : float array of shape (n_pairs,)
        Log errors of pairs beyond those of their totals, in units of their typical move;
        minus infinity where trade ended, NaN where the forecast was zero.
    size : float array of shape (n_pairs,)
        What was forecast.
    entered : float array of shape (n_pairs,)
        Where zero was forecast: what came, over expected trade; else NaN.
    before : bool array of shape (n_pairs,)
        Pairs that had traded at some time up to the origin.
    after : Totals
        Forecast totals of the one period.
    moves : two float arrays
        Typical moves of exports and imports, as known at the origin.
    """

    origin: int
    horizon: int
    world: float
    sectors: Floats
    exports: Floats
    imports: Floats
    pairs: Floats
    size: Floats
    entered: Floats
    before: Bools
    after: Totals
    moves: tuple[Floats, Floats]


Evidence = tuple[Past, ...]


def look_back(
    flows: Flows,
    totals: Totals,
    steps: Sequence[Step],
    dynamics: Margins | Recipe,
    most: int,
    rivals: Rivals | None = None,
) -> Evidence:
    """Forecast from the last `most` earlier origins and compare with what came.

    Parameters
    ----------
    flows : Flows
    totals : Totals
    steps : sequence of Step
    dynamics : Margins or Recipe
    most : int
    rivals : Rivals, optional
    """
    last = len(flows.periods) - 1
    found = []
    for origin in range(max(FIRST_ORIGIN, last - most), last):
        ahead = min(LONGEST, last - origin)
        learned = learn(flows, totals, steps, dynamics, origin, rivals)
        after = totals_after(flows, totals, learned, dynamics, origin, ahead)
        points = points_from(flows, steps[origin], learned, after)
        moves = total_moves(totals.until(origin))
        for h in range(ahead):
            parts = Totals(after.exports[h : h + 1], after.imports[h : h + 1])
            found.append(
                _compared(flows, steps[origin], points[h], parts, moves, origin, h + 1)
            )
    return tuple(found)


def total_moves(totals: Totals) -> tuple[Floats, Floats]:
    """Return typical growth of totals beyond the world's.

    Codes with figures of fewer than `FEWEST_YEARS` years have that of all.
    """
    world = np.diff(np.log(np.maximum(totals.world, 1e-300)))[:, None]
    growth = [
        log_ratio(side[1:], side[:-1]) - world
        for side in (totals.exports, totals.imports)
    ]
    if totals.sums is not None:
        for own, seen in zip(growth, totals.sums.seen, strict=True):
            there = seen[: len(own) + 1]
            own[~(there[1:] & there[:-1])] = np.nan
            own[:, there.sum(axis=0) < min(FEWEST_YEARS, len(there))] = np.nan
    exports, imports = (typical_moves(own) for own in growth)
    return exports, imports


def expected_flows(flows: Flows, after: Totals) -> Floats:
    """Return trade as it would be if partners did not matter, (n_steps, n_pairs)."""
    exports, imports = after.exports[:, flows.rows], after.imports[:, flows.columns]
    size = flows.sector_totals(after.exports)
    return np.asarray(exports * imports / np.maximum(size, 1e-300))


def _compared(
    flows: Flows,
    step: Step,
    point: Floats,
    after: Totals,
    moves: tuple[Floats, Floats],
    origin: int,
    horizon: int,
) -> Past:
    came, known = flows.later(origin, origin + horizon)
    world, sectors = _of_world_and_sectors(flows, came, point, known)
    sums = flows.row_sums(came), flows.column_sums(came)
    given = allocate(point, flows.rows, flows.columns, *sums)
    count = known.astype(float)
    # Who has no figure at all says nothing of its total.
    seen = flows.row_sums(count) > 0, flows.column_sums(count) > 0
    came_to = [np.where(*one, np.nan) for one in zip(seen, sums, strict=True)]
    pairs = log_ratio(came, given)
    pairs[(came <= 0) & (point > 0)] = -np.inf
    left, right = flows.blocks
    expected = expected_flows(flows, after)[0]
    entered = np.full(point.shape, np.nan)
    np.divide(came, expected, out=entered, where=(point <= 0) & (expected > 0))
    return Past(
        origin=origin,
        horizon=horizon,
        world=world,
        sectors=sectors,
        exports=_beyond(came_to[0], after.exports[0], world, sectors[left]) / moves[0],
        imports=_beyond(came_to[1], after.imports[0], world, sectors[right]) / moves[1],
        pairs=np.where(known, pairs / step.volatility, np.nan),
        size=point,
        entered=np.where(known, entered, np.nan),
        before=np.any(flows.values[: origin + 1] > 0, axis=0),
        after=after,
        moves=moves,
    )


def _beyond(came: Floats, forecast: Floats, world: float, sectors: Floats) -> Floats:
    return log_ratio(came, forecast) - world - sectors


def _of_world_and_sectors(
    flows: Flows, came: Floats, point: Floats, known: Bools
) -> tuple[float, Floats]:
    """Return log errors of the sum of all flows, and of each sector beyond it.

    A sector that enters, or ends, is no error of the others.
    """
    errors: Floats = np.zeros(1)
    if len(flows.sectors) > 1:
        sector = flows.blocks[0][flows.rows]
        actual, forecast = (
            np.bincount(sector[known], one[known], len(flows.sectors)).astype(float)
            for one in (came, point)
        )
        errors = log_ratio(actual, forecast)
        if np.isfinite(errors).any():
            known = known & np.isfinite(errors)[sector]
    world = float(
        np.log(max(came[known].sum(), 1e-300) / max(point[known].sum(), 1e-300))
    )
    if errors.size == 1:
        return world, errors
    return world, np.where(np.isfinite(errors), errors - world, 0.0)
