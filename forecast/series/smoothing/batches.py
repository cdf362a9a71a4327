"""Many series fitted side by side: those alike in one piece, too short ones by `Naive`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.threads import run_blocks
from forecast.series.contract.model import UnitFit, UnitSeries
from forecast.series.plain.naive import Naive

__all__ = ["fit_alike"]

Floats = NDArray[np.floating[Any]]

BLOCK = 128
"""Series fitted in one piece by one thread."""


def fit_alike(
    series: Sequence[UnitSeries],
    fewest: int,
    fit_block: Callable[[int, list[Floats]], Sequence[UnitFit]],
) -> list[UnitFit]:
    """Fit series in blocks of equal seasons; those of too few values by `Naive`.

    Parameters
    ----------
    series : sequence of UnitSeries
    fewest : int
        Values that `fit_block` needs.
    fit_block : function of (int, list of float arrays)
        Takes the length of the season and the series.
    """
    fits: dict[int, UnitFit] = {}
    alike: dict[int, list[int]] = {}
    for i, one in enumerate(series):
        if np.count_nonzero(np.isfinite(one.y)) < fewest:
            fits[i] = Naive().fit_values(one.y, one.season)
        else:
            alike.setdefault(one.season.length, []).append(i)
    pieces = [
        (length, members[k : k + BLOCK])
        for length, members in alike.items()
        for k in range(0, len(members), BLOCK)
    ]

    def run(block: int) -> Sequence[UnitFit]:
        length, members = pieces[block]
        return fit_block(length, [series[i].y for i in members])

    done = chain.from_iterable(run_blocks(run, len(pieces)))
    members = chain.from_iterable(members for _, members in pieces)
    fits.update(zip(members, done, strict=True))
    return [fits[i] for i in range(len(series))]
