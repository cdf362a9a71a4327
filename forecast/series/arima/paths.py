"""From where processes stand to values: noise in, differences undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.arima.differencing import Design, filled
from forecast.series.arima.recursions import Ends
from forecast.series.scales.scale import Scaled

__all__ = ["Start", "simulate", "start_of"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SMALLEST_SIZE = 1e-3

TINY = 1e-12

LOG2 = 0.6931471805599453


@dataclass(frozen=True, slots=True)
class Start:
    """Where S processes stand, each with the history that its differences need.

    Attributes
    ----------
    now : Ends
    level : float array of shape (S,)
        The constant, zero where there is none.
    doubt : float array of shape (S,)
        Its standard error, in units of the standard deviation of e.
    weights : float array of shape (S, 1 + b)
        Of values 0 to b periods before, in a difference.
    past : float array of shape (b, S)
        The last b values; what was missing as each process has it.
    year : int
        Periods in a year, if there are so many values; else 1.
    """

    now: Ends
    level: Floats
    doubt: Floats
    weights: Floats
    past: Floats
    year: int


def start_of(scale: Scaled, designs: Sequence[Design], which: Ints, now: Ends) -> Start:
    """Put ends (S of them, `which` tells their designs) at the end of a series."""
    constant = np.array([design.constant for design in designs])[which]
    year = designs[0].season if designs[0].season <= scale.x.size else 1
    before = max(year, *(design.lost for design in designs))
    weights = np.zeros((len(designs), before + 1))
    for g, design in enumerate(designs):
        weights[g, : design.lost + 1] = design.weights()
    return Start(
        now=now,
        level=np.where(constant, now.beta[:, -1], 0.0),
        doubt=np.where(constant, now.doubt, 0.0),
        weights=weights[which],
        past=_past(scale.x, now, before),
        year=year,
    )


def simulate(
    scale: Scaled, start: Start, spread: Floats, shift: Floats, noise: Floats
) -> Floats:
    """Return values (h, S, L) on the working scale after noise of that shape.

    Parameters
    ----------
    spread : float array of shape (S, L)
        Standard deviations of errors.
    shift : float array of shape (S, L)
        How far the constants lie from their estimates.
    noise : float array of shape (h, S, L)
        In units of spread.
    """
    now, before = start.now, len(start.past)
    relative, swelling = scale.kind == "relative", bool((scale.weights != 1).any())
    level = start.level[:, None] + shift
    state = now.state[:, :, None] - now.sway[:, :, None] * shift[:, None]
    phi, theta = now.phi[:, :, None], now.theta[:, :, None]
    year = start.year
    lags = np.flatnonzero(start.weights[:, 1:].any(axis=0)) + 1
    past: Floats = np.empty((before + len(noise), *noise.shape[1:]))
    past[:before] = start.past[:, :, None]
    size: Floats = np.full(spread.shape, _size_of_errors(scale) if swelling else 1.0)
    for step, shock in enumerate(noise):
        at = before + step
        mean: Floats = size * (state[:, 0] + level)
        for lag in lags:
            mean -= start.weights[:, lag, None] * past[at - lag]
        if relative:
            mean = _positive(mean, past[at - year])
        now_spread = spread * now.ahead[:, None] if step == 0 else spread
        past[at] = scale.observe(mean, now_spread * shock)
        error = (past[at] - mean) / size
        if swelling:
            size = np.maximum((size + past[at]) / 2, SMALLEST_SIZE)
        first = (state[:, 0] + error)[:, None]
        state[:, :-1] = state[:, 1:]
        state[:, -1] = 0
        state += phi * first + theta * error[:, None]
    return past[before:]


def _positive(mean: Floats, before: Floats) -> Floats:
    """Bend means of what was always positive, below half of a year before; to a quarter."""
    half = np.maximum(before, 2 * TINY) / 2
    return np.where(
        mean < half, half * np.exp(np.clip(mean / half - 1, -LOG2, 0)), mean
    )


def _past(x: Floats, now: Ends, count: int) -> Floats:
    """Return the last values (count, S), zeros before the first."""
    rows = np.zeros((count, len(now.beta)))
    known = min(count, x.size)
    rows[count - known :] = filled(x)[x.size - known :, None]
    for k, at in enumerate(np.flatnonzero(np.isnan(x)) - (x.size - count)):
        if at >= 0:
            rows[at] -= now.beta[:, 1 + k]
    return rows


def _size_of_errors(scale: Scaled) -> float:
    """Return the size of an error of 1 at the next time."""
    return max((float(scale.weights[-1]) + float(scale.x[-1])) / 2, SMALLEST_SIZE)
