"""Scores and weights of a fit as vectors over time, one for each directed pair.

The asymptotics behind the corrections of `forecast.gravity.inference.bias` let the number of
regions grow while the number of periods stays, so everything is a small block of
periods by periods for each pair. A cell that is missing has weight 0 and score 0 and
then drops out of every formula: unbalanced panels need no case of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.records import Codes, Floats, Ints

__all__ = ["PairPanel", "pair_panel"]


@dataclass(frozen=True)
class PairPanel:
    """Pairs by periods, sorted by origin, then destination.

    Attributes
    ----------
    origin, destination : Codes of shape (P,)
        The two ends of each pair.
    weight : float array of shape (P, T)
        Working weights, fitted means in PPML; 0 in missing cells.
    score : float array of shape (P, T)
        Outcome less fitted mean (times prior weights).
    x : float array of shape (P, T, k)
        Regressors with the effects projected out.
    origin_level, destination_level : int arrays of shape (P, T)
        Levels of the origin-period and destination-period effects; in missing cells
        those of another period of the pair.
    row : int array of shape (n,)
        Where row r of the estimate stands in the flattened (P, T).
    """

    origin: Codes
    destination: Codes
    weight: Floats
    score: Floats
    x: Floats
    origin_level: Ints
    destination_level: Ints
    row: Ints

    def by_origin(self) -> Iterator[Ints]:
        """The pairs of each origin, as positions."""
        return _groups(self.origin)

    def by_destination(self) -> Iterator[Ints]:
        """The pairs of each destination, as positions."""
        return _groups(self.destination)


def _groups(codes: Codes) -> Iterator[Ints]:
    order = np.argsort(codes.codes, kind="stable")
    bounds = np.searchsorted(codes.codes[order], np.arange(codes.count + 1))
    for first, end in itertools.pairwise(bounds):
        if end > first:
            yield order[first:end]


def pair_panel(
    working: Floats,
    residuals: Floats,
    x_tilde: Floats,
    ends: tuple[Codes, Codes],
    period: Codes | None,
    levels: tuple[Codes, Codes],
) -> PairPanel:
    """Place rows in the table of pairs by periods.

    Parameters
    ----------
    working, residuals : float arrays of shape (n,)
    x_tilde : float array of shape (n, k)
    ends : pair of Codes
        Origin and destination of each row.
    period : Codes or None
        None in a cross-section.
    levels : pair of Codes
        The origin-period and destination-period effects.

    Raises
    ------
    ModelError
        F-551 if a pair has several rows in one period, as in panels with sectors.
    """
    origin, destination = ends
    pair = origin.codes.astype(np.int64) * destination.count + destination.codes
    keys, place = np.unique(pair, return_inverse=True)
    n_periods = 1 if period is None else period.count
    row = place * n_periods + (0 if period is None else period.codes)
    n_cells = keys.size * n_periods
    filled = np.bincount(row, minlength=n_cells)
    if filled.max(initial=0) > 1:
        raise ModelError(
            f"{int((filled > 1).sum()):,} cells of pair and period hold several rows; "
            "the correction knows one row for each pair and period",
            code="F-551",
            count=int((filled > 1).sum()),
            remedy="With sectors there is no theory for it: fit the sectors one by one, "
            'add them up, or use Clustered("pair").',
        )

    def table(values: Floats | Ints) -> Floats:
        cells = np.zeros((n_cells, *values.shape[1:]), dtype=values.dtype)
        cells[row] = values
        return cells.reshape(keys.size, n_periods, *values.shape[1:])

    shape = keys.size, n_periods
    first = np.argmax(filled.reshape(shape) > 0, axis=1)

    def level_table(codes: Codes) -> Ints:
        cells = table(codes.codes)
        some = np.take_along_axis(cells, first[:, None], axis=1)
        return np.where(filled.reshape(shape) > 0, cells, some)

    return PairPanel(
        origin=Codes((keys // destination.count).astype(np.int32), origin.count),
        destination=Codes(
            (keys % destination.count).astype(np.int32), destination.count
        ),
        weight=table(working),
        score=table(residuals),
        x=table(x_tilde),
        origin_level=level_table(levels[0]),
        destination_level=level_table(levels[1]),
        row=row,
    )
