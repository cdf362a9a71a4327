"""Scores of forecasts as the competitions count them, series by series.

MASE scales errors by the mean absolute seasonal difference of the training part (Hyndman
and Koehler 2006, IJF 22(4)); the same scale makes widths, interval scores (Winkler 1972;
MSIS in M4) and CRPS comparable across series. sMAPE is 200 |a - f| / (|a| + |f|). OWA is
the mean of sMAPE and MASE relative to Naive2 (Makridakis et al. 2020, IJF 36(1)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.competitions import Group, Training
from benchmarks.forecasters import LEVELS, Answer
from forecast.scores import (
    absolute_scaled_error,
    covered,
    crps,
    pinball,
    seasonal_scale,
    symmetric_percentage_error,
    winkler,
)

__all__ = ["Scores", "naive2", "scale_of", "score", "stand_in"]

Floats = NDArray[np.floating[Any]]

CRITICAL = 1.645
"""Of the seasonality test in M4's code: 90 % two-sided."""


@dataclass(frozen=True)
class Scores:
    """Means over the horizon, one number for each of N series.

    Attributes
    ----------
    smape, mase : float arrays of shape (N,)
        MASE is NaN where the training part gives no scale.
    failed : bool array of shape (N,)
        Series scored with `stand_in`.
    coverage, width, winkler : float arrays of shape (2, N) or None
        By level of `LEVELS`; width and Winkler's score in units of the scale.
    pinball : float array of shape (N,) or None
        Mean quantile loss of the median and the bounds, scaled.
    crps : float array of shape (N,) or None
    """

    smape: Floats
    mase: Floats
    failed: NDArray[np.bool_]
    coverage: Floats | None = None
    width: Floats | None = None
    winkler: Floats | None = None
    pinball: Floats | None = None
    crps: Floats | None = None


def score(group: Group, answer: Answer) -> Scores:
    """Judge an answer; where the library failed, the seasonal naive forecast stands in."""
    failed = answer.failed
    actual, scale = group.actual, scale_of(group.training)[:, None]
    point = np.where(failed[:, None], stand_in(group.training), answer.point)
    smape = symmetric_percentage_error(actual, point).mean(axis=1)
    mase = absolute_scaled_error(actual, point, scale).mean(axis=1)
    if answer.bands is None:
        return Scores(smape, mase, failed)
    bands = np.where(failed[:, None], point, answer.bands)
    return Scores(
        smape,
        mase,
        failed,
        *judge_bands(actual, point, bands, scale),
        None if answer.draws is None else judge_draws(actual, answer.draws, scale),
    )


def judge_bands(
    actual: Floats, point: Floats, bands: Floats, scale: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Coverage, width, Winkler's score and quantile loss."""
    ends = list(zip(LEVELS, *np.moveaxis(bands, 1, 0), strict=True))
    losses = [pinball(actual, point, 0.5)]
    for level, lower, upper in ends:
        tail = (100 - level) / 200
        losses += [pinball(actual, lower, tail), pinball(actual, upper, 1 - tail)]
    return (
        np.array([covered(actual, low, high).mean(axis=1) for _, low, high in ends]),
        np.array([((high - low) / scale).mean(axis=1) for _, low, high in ends]),
        np.array(
            [
                (winkler(actual, low, high, level) / scale).mean(axis=1)
                for level, low, high in ends
            ]
        ),
        (np.array(losses) / scale).mean(axis=(0, 2)),
    )


def judge_draws(actual: Floats, draws: Floats, scale: Floats) -> Floats:
    """Scaled CRPS, a series at a time: paths are large."""
    pairs = zip(actual, draws, strict=True)
    return (np.array([crps(one, paths) for one, paths in pairs]) / scale).mean(axis=1)


def scale_of(training: Training) -> Floats:
    """Mean absolute difference from a season before; NaN where it is zero."""
    m = training.season_length
    scale = np.array([seasonal_scale(y, m) for y in training.series])
    return np.where(scale > 0, scale, np.nan)


def stand_in(training: Training) -> Floats:
    """The seasonal naive forecast; of a series shorter than a season the last value."""
    m = training.season_length
    return np.array(
        [
            np.resize(y[-m:] if y.size >= m else y[-1:], training.horizon)
            for y in training.series
        ]
    )


def naive2(training: Training) -> Answer:
    """The last value of the seasonally adjusted series, seasons put back, as in M4."""
    m, h = training.season_length, training.horizon
    rows = []
    for y in training.series:
        index = seasonal_index(y, m) if is_seasonal(y, m) else np.ones(m)
        ahead = index[(y.size + np.arange(h)) % m]
        rows.append(y[-1] / index[(y.size - 1) % m] * ahead)
    return Answer(np.array(rows))


def is_seasonal(y: Floats, m: int) -> bool:
    """M4's test: the autocorrelation at a season's lag, against Bartlett's limits."""
    if m == 1 or y.size < 3 * m:
        return False
    x = y - y.mean()
    if not x.any():
        return False
    acf = np.array([x[lag:] @ x[:-lag] for lag in range(1, m + 1)]) / (x @ x)
    limit = CRITICAL * np.sqrt((1 + 2 * (acf[:-1] ** 2).sum()) / y.size)
    return bool(abs(acf[-1]) > limit)


def seasonal_index(y: Floats, m: int) -> Floats:
    """Classical multiplicative decomposition; ones where a zero makes it impossible."""
    weights = np.full(m + 1, 1 / m)
    weights[[0, -1]] /= 2
    trend = np.convolve(y, weights, "valid")  # of y[m // 2 : y.size - m // 2]
    if (trend <= 0).any():
        return np.ones(m)
    ratio = np.full(y.size, np.nan)
    ratio[m // 2 : y.size - m // 2] = y[m // 2 : y.size - m // 2] / trend
    index = np.array([np.nanmean(ratio[position::m]) for position in range(m)])
    return index / index.mean() if (index > 0).all() else np.ones(m)
