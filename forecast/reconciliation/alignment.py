r"""Paths of wholes put in the order of the sums of their parts.

Path k of one fit and path k of another have nothing to do with each other: chance put
them beside one another. The errors of a year forecast as such and of the sum of its
twelve months do. Reconciled as drawn they would average out, and intervals would come out
too short. So each whole that was forecast apart from its parts keeps its distribution and
takes the ranks of the sum of its parts (as Ben Taieb, Taylor and Hyndman 2021, JASA
116(533), take dependence from the parts), which assumes that both would err together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.reconciliation.elimination import Split

__all__ = ["aligned"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


def aligned(
    base: Floats, soft: Bools, over: Split, levels: Ints
) -> tuple[Floats, Bools]:
    """Return base paths with those of wholes in another order, and which these are.

    Parameters
    ----------
    base : float array of shape (s, n_paths)
    soft : bool array of shape (n,)
        Cells that `base` holds.
    over : Split
        The constraints solved for wholes, as if these had no forecast.
    levels : int array of shape (s,)
        Which forecast each cell comes from.
    """
    position = np.cumsum(soft) - 1
    ordered, moved = base.copy(), np.zeros(len(base), dtype=bool)
    for row, cell in zip(over.given, over.given_pivots.tolist(), strict=True):
        if not soft[cell]:
            continue
        parts = np.flatnonzero((row != 0) & over.soft)
        if not parts.size or (levels[position[parts]] == levels[position[cell]]).all():
            continue
        total = -row[parts] @ base[position[parts]]
        if np.ptp(total) > 0:
            ranks = np.argsort(total, kind="stable")
            ordered[position[cell], ranks] = np.sort(base[position[cell]])
            moved[position[cell]] = True
    return ordered, moved
