"""The proof that rows are separated, built from the steps that found them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.records import Floats, Ints
from forecast.gravity.samples.identification import Identified

__all__ = ["certify"]

Bools = NDArray[np.bool_]


def certify(
    found: Identified,
    table: LevelTable,
    columns: Sequence[Floats],
    positive: Bools,
    separated: Bools,
) -> Floats:
    """Build z from the last step of the search to the first.

    What a step dropped is put right by what the step is free to choose: the effects of
    the levels that it left without rows, or a multiple of its own direction. Earlier
    steps are not touched by later ones in any other way.

    Parameters
    ----------
    found : Identified
    table : LevelTable of n rows
    columns : sequence of K float arrays of shape (n,)
    positive, separated : bool arrays of shape (n,)

    Returns
    -------
    float array of shape (n,)
        At least 1 in separated rows, 0 in all others.
    """
    z = np.zeros(positive.size)
    blame = found.pruning.blame
    if blame is None:
        return z
    passes = list(found.pruning.passes)
    while len(passes) > found.passes_before:
        _repair(z, passes.pop(), table, positive, blame)
    for part in reversed(found.separated):
        step = part.direction.at(table, columns, z.size)
        needed = (1.0 - z[part.rows]) / step[part.rows]
        z += max(float(needed.max()), 0.0) * step
    while passes:
        _repair(z, passes.pop(), table, positive, blame)
    # Elsewhere z is zero by construction, but for rounding.
    return np.where(separated, np.maximum(z, 1.0), 0.0)


def _repair(
    z: Floats, rows: Ints, table: LevelTable, positive: Bools, blame: Ints
) -> None:
    """Move effects of levels that a pass left empty: 0 where y > 0, at least 1 elsewhere."""
    for f in range(len(table.codes) - 1, -1, -1):
        own = rows[blame[rows] == f]
        codes = table.codes[f]
        move = np.full(int(table.first[f + 1] - table.first[f]), -np.inf)
        wanted = np.where(positive[own], -z[own], np.maximum(1.0 - z[own], 0.0))
        np.maximum.at(move, codes[own], wanted)
        z += np.where(np.isfinite(move), move, 0.0)[codes]
