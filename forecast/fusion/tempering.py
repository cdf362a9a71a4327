"""How far simulated intervals of earlier origins would have held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.fusion.calibration import (
    GROUPS,
    STEPS,
    Tempering,
    groups_of,
    levels_needed,
    tempering,
)
from forecast.fusion.evidence import Evidence, Past
from forecast.fusion.flows import Flows
from forecast.fusion.margins import Totals
from forecast.fusion.paths import Outset, draw_paths, quick_normals
from forecast.fusion.shocks import measure_shocks
from forecast.fusion.structure import Step

__all__ = ["temperings_from"]

Floats = NDArray[np.floating[Any]]

PATHS = 100
MOST_ORIGINS = 6


def temperings_from(
    flows: Flows,
    steps: Sequence[Step],
    evidence: Evidence,
    classes: int,
) -> tuple[Tempering, Tempering]:
    """Simulate from earlier origins and compare with what came.

    Parameters
    ----------
    flows : Flows
    steps : sequence of Step
    evidence : Evidence
        Forecasts from earlier origins and their errors.
    classes : int

    Returns
    -------
    two Tempering
        Of totals (a group for each sector) and of pairs.
    """
    sectors = range(len(flows.sectors))
    of_totals: list[list[list[Floats]]] = [[[] for _ in range(STEPS)] for _ in sectors]
    of_pairs: list[list[list[Floats]]] = [
        [[] for _ in range(STEPS)] for _ in range(GROUPS)
    ]
    origins = sorted({p.origin for p in evidence})[1:][-MOST_ORIGINS:]
    for origin in origins:
        # Errors that were known then: of forecasts whose year had come.
        known = tuple(p for p in evidence if p.origin + p.horizon <= origin)
        ours = [p for p in evidence if p.origin == origin and p.horizon <= STEPS]
        drawn = draw_paths(
            _outset(flows, steps[origin], ours, known, classes),
            quick_normals(flows, len(ours), PATHS),
        )
        for h, past in enumerate(ours):
            at = origin + past.horizon
            came, seen = flows.later(origin, at)
            needed = levels_needed(drawn.pairs[:, h], came)
            group = groups_of(past.size)
            for g in range(GROUPS):
                of_pairs[g][h].append(needed[seen & (group == g)])
            count = seen.astype(float)
            sides = (
                levels_needed(drawn.exports[:, h], flows.row_sums(came)),
                levels_needed(drawn.imports[:, h], flows.column_sums(came)),
            )
            there = flows.row_sums(count) > 0, flows.column_sums(count) > 0
            for s in sectors:
                own = (
                    one[(place == s) & some]
                    for one, place, some in zip(sides, flows.blocks, there, strict=True)
                )
                of_totals[s][h].append(np.concatenate([*own]))
    return tempering(of_totals), tempering(of_pairs)


def _outset(
    flows: Flows, step: Step, ours: list[Past], known: Evidence, classes: int
) -> Outset:
    return Outset(
        flows=flows,
        points=np.stack([p.size for p in ours]),
        after=Totals(
            np.concatenate([p.after.exports for p in ours]),
            np.concatenate([p.after.imports for p in ours]),
        ),
        volatility=step.volatility,
        total_moves=ours[0].moves,
        before=ours[0].before,
        begun=flows.begun[ours[0].origin],
        shocks=measure_shocks(known, step.flows, classes),
    )
