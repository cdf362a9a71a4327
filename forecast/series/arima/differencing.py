"""Differences that make a series stationary, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.arima.recursions import Problems
from forecast.series.scales.scale import Scaled

__all__ = ["Design", "differenced", "filled", "problems_of"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Design:
    """What is left of a series: its differences, with or without a constant.

    Attributes
    ----------
    plain, seasonal : int
        How often differences of neighbours and of years are taken.
    constant : bool
        A mean of what is left: the drift, or the mean of a series without differences.
    season : int
        Periods in a year.
    """

    plain: int
    seasonal: int
    constant: bool
    season: int

    @property
    def lost(self) -> int:
        """First values that have no difference."""
        return self.plain + self.season * self.seasonal

    def weights(self) -> Floats:
        """Return the weights of values 0, 1, ... periods before in a difference."""
        polynomial = np.ones(1)
        for lag in [1] * self.plain + [self.season] * self.seasonal:
            factor = np.zeros(lag + 1)
            factor[[0, lag]] = 1, -1
            polynomial = np.convolve(polynomial, factor)
        return polynomial


def differenced(scale: Scaled, design: Design) -> Floats:
    """Return differences of the data, of what is missing in them, and the constant.

    Shape (1 + missing + constant, n - lost), in units of the size of an error.
    """
    rows = [filled(scale.x)]
    for at in np.flatnonzero(np.isnan(scale.x)):
        rows.append(np.zeros(scale.x.size))
        rows[-1][at] = 1
    z = np.stack(rows)
    for lag in [1] * design.plain + [design.season] * design.seasonal:
        z = z[:, lag:] - z[:, :-lag]
    if design.constant:
        z = np.concatenate([z, np.ones((1, z.shape[1]))])
    return z / scale.weights[design.lost :]


def filled(x: Floats) -> Floats:
    """Put straight lines over what is missing; `differenced` lets it take any value."""
    known = np.flatnonzero(np.isfinite(x))
    return np.interp(np.arange(x.size), known, x[known])


def problems_of(parts: Sequence[tuple[Scaled, Design, int]]) -> Problems:
    """Lay series out for the kernel, each with a design.

    Parameters
    ----------
    parts : sequence of (Scaled, Design, int)
        The last says from which value of the series on errors are compared.
    """
    z = [differenced(scale, design) for scale, design, _ in parts]
    starts = np.cumsum([0, *(rows.size for rows in z)])
    place = [
        (
            start,
            rows.shape[1],
            len(rows),
            len(rows) - 1 - design.constant,
            max(first - design.lost, 0),
        )
        for start, rows, (_, design, first) in zip(starts, z, parts, strict=False)
    ]
    return Problems(
        np.concatenate([rows.ravel() for rows in z]), np.array(place, dtype=np.int64)
    )
