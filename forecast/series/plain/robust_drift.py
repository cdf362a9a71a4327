"""Drift that single jumps do not bend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.series.contract.model import Recipe, Season
from forecast.series.plain.naive import DriftFit
from forecast.series.scales.scale import scaled
from forecast.series.scales.spread import spread_of

__all__ = ["RobustDrift", "RobustDriftFit", "huber_mean"]

Floats = NDArray[np.floating[Any]]

BEND = 1.345
"""Residuals beyond so many spreads pull no more; 95 per cent efficient under normality."""

ROUNDS = 30
MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class RobustDrift(Recipe):
    r"""Last value plus a robust average step, shrunk towards zero.

    The drift of `forecast.series.Drift`, :math:`c = \sum \Delta y_t / \sum g_t` over
    steps of :math:`g_t` periods, with Huber's weights: a step whose error is beyond 1.345
    robust spreads counts with :math:`w_t = 1.345\, s / |e_t|` only (Huber 1964, Annals of
    Mathematical Statistics 35(1)). A jump in trade (an embargo, a new pipeline) then is a
    change of level once and not of growth for ever. The result is multiplied by
    :math:`n / (n + k)`, `shrink` being k.

    Errors, and so the width of intervals, are those of all steps: jumps may come again.

    Parameters
    ----------
    shrink : float
        Steps without any growth that the drift is averaged with, from 0.

    Examples
    --------
    >>> flow = [10.0, 11.0, 12.1, 13.0, 14.0, 15.1, 8.0, 9.0, 10.1]
    >>> RobustDrift().fit(flow).point(1).round(0).to_numpy()
    array([[11.]])
    """

    shrink: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.shrink < np.inf:
            raise ModelError(
                f"shrink={self.shrink!r} is not possible",
                code="F-526",
                remedy="Give a number from 0; 0 does not shrink.",
            )

    def fit_values(self, y: Floats, season: Season) -> RobustDriftFit:  # noqa: ARG002
        """Fit one series; see `Recipe.fit_values`."""
        scale = scaled(y, "relative")
        x, times = scale.x, np.flatnonzero(np.isfinite(scale.x))
        steps, gaps = np.diff(x[times]), np.diff(times).astype(float)
        drift, weights = 0.0, np.ones_like(steps)
        if steps.size > 1:
            sizes = scale.weights[times[1:]] * np.sqrt(gaps)
            drift, weights = huber_mean(steps, gaps, sizes)
            drift *= steps.size / (steps.size + self.shrink)
        means, errors = np.full((2, x.size), np.nan)
        means[times[1:]] = scale.advance(x[times[:-1]], drift * gaps)[0]
        errors[times[1:]] = scale.error(x[times[1:]], means[times[1:]]) / np.sqrt(gaps)
        level = float(np.nanmean(x)) if scale.kind == "absolute" else 1.0
        spread = spread_of(errors, lost=int(steps.size > 1), level=level)
        doubt = float(np.mean(scale.weights)) / np.sqrt(max(weights.sum(), 1))
        return RobustDriftFit(
            scale,
            float(x[-1]),
            drift,
            doubt if steps.size > 1 else 0.0,
            spread,
            means,
            errors,
            int((weights < 1).sum()),
        )


@dataclass(frozen=True, slots=True)
class RobustDriftFit(DriftFit):
    """A drift, and how many steps were bent for it."""

    bent: int

    @property
    def params(self) -> Mapping[str, float]:
        """Drift in the unit of the data; spread of errors; steps with less weight."""
        return {
            "drift": self.drift * self.scale.unit,
            "sigma": self.spread.sigma,
            "bent": float(self.bent),
        }


def huber_mean(steps: Floats, gaps: Floats, sizes: Floats) -> tuple[float, Floats]:
    """Return a robust mean of steps per period, and the weights of steps.

    Parameters
    ----------
    steps, gaps : float arrays of shape (n,)
        Changes, and over how many periods.
    sizes : float array of shape (n,)
        What an error of 1 is at each.
    """
    rates = steps / gaps
    mean = float(np.median(rates))
    spread = MAD_TO_SD * float(np.median(np.abs(steps - gaps * mean) / sizes))
    weights = np.ones(steps.size)
    for _ in range(ROUNDS):
        distance = np.abs(steps - gaps * mean) / sizes
        limit = BEND * spread
        weights = np.where(distance > limit, limit / np.maximum(distance, 1e-300), 1.0)
        total = float(weights @ gaps)
        if total <= 0:
            break
        before, mean = mean, float(weights @ steps) / total
        if abs(mean - before) <= 1e-12 * max(abs(mean), 1e-12):
            break
    return mean, weights
