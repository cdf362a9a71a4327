"""Maximum likelihood of ARMA processes: many series and many orders at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.arima.recursions import BOUND, Grid, Jobs, Problems, evaluate

__all__ = ["SMALLEST_ERROR", "Estimates", "Precision", "estimate"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SMALLEST_ERROR = 1e-10
"""A root mean square error below which a fit counts as exact (values are about 1)."""


@dataclass(frozen=True, slots=True)
class Precision:
    """When to stop: after so many steps, or when squares fall by a smaller share.

    `guesses` are first values of the parameter that a longer order has more; the best of
    what they lead to is kept.
    """

    steps: int
    tolerance: float
    guesses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Estimates:
    """G problems at O orders; NaN where a problem has too few values for an order.

    Attributes
    ----------
    x : float array of shape (G, O, K)
        Parameters; zero at places the order does not have.
    figures : float array of shape (G, O, 6)
        See `forecast.kernels.arima.likelihood_slopes`.
    curvature : float array of shape (G, O, K, K)
    """

    x: Floats
    figures: Floats
    curvature: Floats

    @property
    def variance(self) -> Floats:
        """Maximum likelihood estimate of the variance of e; shape (G, O)."""
        squares, logs, free = (self.figures[..., k] for k in range(3))
        return np.maximum(squares * np.exp(-logs / free) / free, SMALLEST_ERROR**2)

    @property
    def log_likelihood(self) -> Floats:
        """Exact Gaussian log-likelihood at the estimates; shape (G, O)."""
        logs, free = self.figures[..., 1], self.figures[..., 2]
        own = np.log(2 * np.pi * self.variance) + 1
        return np.asarray(-0.5 * (free * own + logs))

    def compared(self, lengths: Floats) -> Floats:
        """Log density of the last values given the first; shape (G, O).

        Parameters
        ----------
        lengths : float array of shape (G,)
            How many values are compared.
        """
        squares, logs = self.figures[..., 4], self.figures[..., 5]
        own = lengths[:, None] * np.log(2 * np.pi * self.variance)
        return np.asarray(-0.5 * (own + squares / self.variance + logs))


def estimate(
    problems: Problems, grid: Grid, wanted: NDArray[np.bool_], precision: Precision
) -> Estimates:
    """Maximise the likelihood of problems at orders.

    Orders of k + 1 parameters start at the best of those of k that they contain, so a
    longer one never fits worse.

    Parameters
    ----------
    problems : Problems
    grid : Grid
    wanted : bool array of shape (G, O)
        Which orders of which problems; of an order also the shorter ones.
    precision : Precision
    """
    size, places = wanted.shape, int(grid.longest.sum())
    x = np.zeros((*size, places))
    figures = np.full((*size, 6), np.nan)
    curvature = np.zeros((*size, places, places))
    for count in range(int(grid.counts.max()) + 1):
        level = np.flatnonzero(grid.counts == count)
        which, at = np.nonzero(wanted[:, level])
        if which.size == 0:
            continue
        order, own = level[at], np.stack([grid.places(int(o)) for o in level])[at]
        jobs = Jobs(problems, grid, which, order, own)
        for guess in precision.guesses if count > 0 else (0.0,):
            start = _starts(x, figures, grid, level, guess)[which, at]
            found, squares, slopes = _descend(jobs, start, precision)
            better = ~(squares[:, 0] >= figures[which, order, 0])
            g, o, places = which[better], order[better], own[better]
            x[g, o], figures[g, o] = found[better], squares[better]
            curvature[
                g[:, None, None], o[:, None, None], places[:, :, None], places[:, None]
            ] = slopes[better]
    return Estimates(x, figures, curvature)


# ------------------------------------------------------------------------------ inside


def _starts(
    x: Floats, figures: Floats, grid: Grid, level: Ints, guess: float
) -> Floats:
    """Return first guesses (G, orders of this level, K): the best shorter order, moved."""
    starts = np.zeros((len(x), level.size, x.shape[2]))
    rows = np.arange(len(x))
    for at, order in enumerate(level):
        shorter = grid.shorter(int(order))
        if shorter.size > 0:
            worst = np.where(
                np.isnan(figures[:, shorter, 0]), np.inf, figures[:, shorter, 0]
            )
            starts[:, at] = x[rows, shorter[worst.argmin(axis=1)]]
        own = grid.places(int(order))
        starts[:, at, own] = np.where(
            starts[:, at, own] == 0, guess, starts[:, at, own]
        )
    return starts


def _descend(
    jobs: Jobs, x: Floats, precision: Precision
) -> tuple[Floats, Floats, Floats]:
    """Minimise sums of squares by the steps of Levenberg and Marquardt."""
    seen = evaluate(jobs, x)
    figures, gradient, curvature = seen.figures, seen.gradient, seen.curvature
    damping = np.full(len(x), 1e-3)
    active = np.arange(len(x)) if jobs.own.shape[1] > 0 else np.arange(0)
    for _ in range(precision.steps):
        if active.size == 0:
            break
        some = jobs.some(active)
        step = _step(gradient[active], curvature[active], damping[active])
        trial, row = x[active], np.arange(active.size)[:, None]
        trial[row, some.own] = np.clip(trial[row, some.own] - step, -BOUND, BOUND)
        seen = evaluate(some, trial)
        better = seen.figures[:, 0] < figures[active, 0]
        fell = 1 - seen.figures[:, 0] / np.maximum(figures[active, 0], 1e-300)
        moved = active[better]
        x[moved], figures[moved] = trial[better], seen.figures[better]
        gradient[moved], curvature[moved] = (
            seen.gradient[better],
            seen.curvature[better],
        )
        damping[active] = np.where(
            better, np.maximum(damping[active] / 10, 1e-9), damping[active] * 8
        )
        active = active[
            np.where(better, fell > precision.tolerance, damping[active] < 1e4)
        ]
    return x, figures, curvature


def _step(gradient: Floats, curvature: Floats, damping: Floats) -> Floats:
    """Solve ``(curvature + damping * diagonal) step = gradient``; steps of at most 1."""
    k = gradient.shape[1]
    size = np.einsum("bii->bi", curvature)
    largest = size.max(axis=1, keepdims=True)
    diagonal = damping[:, None] * size + 1e-10 * largest + 1e-200
    solved = np.linalg.solve(
        curvature + diagonal[:, :, None] * np.eye(k), gradient[:, :, None]
    )
    return np.asarray(np.clip(np.nan_to_num(solved[:, :, 0]), -1, 1))
