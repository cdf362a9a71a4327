r"""Base forecasts moved onto the constraints, on every path.

With covariance :math:`W` of the base errors and constraints :math:`C y = d` the nearest
coherent point is

.. math:: \tilde y = \hat y - W C' (C W C')^{-1} (C \hat y - d),

which is :math:`S (S' W^{-1} S)^{-1} S' W^{-1} \hat y` where :math:`d = 0` and the columns
of :math:`S` span what the constraints allow (Wickramasuriya, Athanasopoulos and Hyndman
2019, JASA 114(526)). Cells that are known have no variance: they stand in :math:`d`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.reconciliation.elimination import Split
from forecast.reconciliation.nonnegative import multipliers

__all__ = ["Projection", "projection_of", "reconciled_cells"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Projection:
    """What moves s soft cells onto r constraints.

    Attributes
    ----------
    constraints : float array of shape (r, s)
    gain : float array of shape (s, r)
        :math:`W C' (C W C')^{-1}`.
    covariance : float array of shape (s, s)
        :math:`V`, of the reconciled cells.
    """

    constraints: Floats
    gain: Floats
    covariance: Floats


def projection_of(constraints: Floats, covariance: Floats) -> Projection:
    """Return the projection for constraints (r, s) and covariance W (s, s)."""
    spread = constraints @ covariance  # C W
    middle = spread @ constraints.T
    size = np.sqrt(middle.diagonal())
    gain = np.linalg.solve(middle / np.outer(size, size), spread / size[:, None])
    gain = (gain / size[:, None]).T
    left = covariance - gain @ spread
    return Projection(constraints, gain, (left + left.T) / 2)


def reconciled_cells(
    base: Floats, split: Split, covariance: Floats, known: Floats, signed: Bools
) -> Floats:
    """Return all cells of a block on every path.

    Parameters
    ----------
    base : float array of shape (s, n_paths)
        Base forecasts of the soft cells.
    split : Split
        The constraints on n cells.
    covariance : float array of shape (s, s)
        Positive definite.
    known : float array of shape (n,)
        Values of known cells, anything elsewhere.
    signed : bool array of shape (n,)
        Cells that may be negative.

    Returns
    -------
    float array of shape (n, n_paths)
        NaN for free cells that nothing determines.

    Raises
    ------
    InfeasibleError
        Known cells leave less than nothing to others.
    """
    soft = np.flatnonzero(split.soft)
    of_known = np.where(split.known, known, 0.0)
    target = -(split.binding @ of_known)
    nearest = projection_of(split.binding[:, soft], covariance)
    moved = base - nearest.gain @ (nearest.constraints @ base - target[:, None])
    levels, zero = _without_negatives(moved, nearest, split, of_known, signed)
    cells = np.full((split.soft.size, base.shape[1]), np.nan)
    cells[soft] = np.where(zero, 0.0, levels)
    _close(cells, split, of_known, target, signed)
    return cells


def _without_negatives(
    moved: Floats, nearest: Projection, split: Split, of_known: Floats, signed: Bools
) -> tuple[Floats, Bools]:
    """Return soft cells nearest to `moved` with no level below zero, and which are zero."""
    soft = np.flatnonzero(split.soft)
    own = np.flatnonzero(~signed[soft])
    rows = _bounds(split, signed)
    follow, fixed = -rows[:, soft], -(rows @ of_known)
    values = np.vstack([moved[own], follow @ moved + fixed[:, None]])
    zero = np.zeros(moved.shape, dtype=bool)
    if values.size == 0 or values.min() >= 0.0:
        return moved, zero
    away = np.hstack([nearest.covariance[:, own], nearest.covariance @ follow.T])
    nu, at_zero = multipliers(values, np.vstack([away[own], follow @ away]))
    zero[own] = at_zero[: own.size]
    return moved + away @ nu, zero


def _bounds(split: Split, signed: Bools) -> Floats:
    """Return rows whose free cells would be negative if the rest were too large.

    A year of which some months are neither forecast nor known is no less than the others.
    """
    rows = split.open_rows
    levels = (rows[:, split.free & signed] == 0).all(axis=1)
    levels &= (rows[:, split.free] >= 0).all(axis=1)
    rest = rows[:, ~split.free]
    implied = (rest <= 0).all(axis=1) & (rows[:, split.soft & signed] == 0).all(axis=1)
    return rows[levels & ~implied]


def _close(
    cells: Floats, split: Split, of_known: Floats, target: Floats, signed: Bools
) -> None:
    """Compute wholes from their parts once more, so that sums hold to the last digits."""
    soft = np.flatnonzero(split.soft)
    levels = ~signed
    cells[soft[levels[soft]]] = np.maximum(cells[soft[levels[soft]]], 0.0)
    rest = split.soft.copy()
    rest[split.pivots] = False
    cells[split.pivots] = target[:, None] - split.binding[:, rest] @ cells[rest]
    lifted = split.pivots[levels[split.pivots]]
    cells[lifted] = np.maximum(cells[lifted], 0.0)
    cells[split.known] = of_known[split.known, None]
    inside = split.soft
    known_part = split.given @ of_known
    cells[split.given_pivots] = (
        -(split.given[:, inside] @ cells[inside]) - known_part[:, None]
    )
    lifted = split.given_pivots[levels[split.given_pivots]]
    cells[lifted] = np.maximum(cells[lifted], 0.0)
