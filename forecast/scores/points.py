"""Losses of point forecasts, one number for each forecast: arrays in, arrays out.

All functions broadcast. What is NaN in any argument is NaN in the result, so that a mean
over forecasts is a mean over those whose outcome is known (`numpy.nanmean`).

A loss chooses what the point forecast should be: the median for absolute errors (also
scaled), the mean for squared ones (Gneiting 2011, Journal of the American Statistical
Association 106(494), 746-762). Percentage errors have no such number of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import NumberError

__all__ = [
    "MeanPercentage",
    "absolute_error",
    "absolute_scaled_error",
    "mean_percentage_error",
    "seasonal_scale",
    "squared_error",
    "squared_scaled_error",
    "squared_seasonal_scale",
    "symmetric_percentage_error",
]

Floats = NDArray[np.floating[Any]]


def absolute_error(actual: ArrayLike, point: ArrayLike) -> Floats:
    r"""Return :math:`|y - \hat y|`; its mean is the MAE.

    Parameters
    ----------
    actual, point : array_like
        Outcomes and point forecasts, in one unit.

    Returns
    -------
    float array
        In the unit of the data.

    Examples
    --------
    >>> absolute_error([10.0, 12.0, np.nan], [11.0, 9.0, 9.0])
    array([ 1.,  3., nan])
    """
    return np.abs(_floats(actual) - _floats(point))


def squared_error(actual: ArrayLike, point: ArrayLike) -> Floats:
    r"""Return :math:`(y - \hat y)^2`; the root of its mean is the RMSE.

    Parameters
    ----------
    actual, point : array_like
        Outcomes and point forecasts, in one unit.

    Returns
    -------
    float array
        In the square of the unit of the data.

    Examples
    --------
    >>> squared_error([10.0, 12.0], [11.0, 9.0])
    array([1., 9.])
    """
    return np.square(_floats(actual) - _floats(point))


def symmetric_percentage_error(actual: ArrayLike, point: ArrayLike) -> Floats:
    r"""Return :math:`200\,|y - \hat y| / (|y| + |\hat y|)`; its mean is the sMAPE.

    From 0 to 200. Where both are zero the forecast was right: 0. Where the outcome alone
    is zero it is 200 whatever the forecast, so the sMAPE says little of pairs that trade
    now and then.

    Parameters
    ----------
    actual, point : array_like
        Outcomes and point forecasts, in one unit.

    Returns
    -------
    float array
        In per cent.

    References
    ----------
    Makridakis, S. and Hibon, M. (2000), "The M3-Competition", International Journal of
    Forecasting 16(4), 451-476, appendix A.

    Examples
    --------
    >>> symmetric_percentage_error([100.0, 0.0, 0.0], [300.0, 0.0, 5.0])
    array([100.,   0., 200.])
    """
    y, f = np.broadcast_arrays(_floats(actual), _floats(point))
    error, size = np.abs(y - f), np.abs(y) + np.abs(f)
    return np.divide(200 * error, size, out=200 * error, where=size != 0)


@dataclass(frozen=True, slots=True)
class MeanPercentage:
    """A mean percentage error, and what was left out of it.

    Attributes
    ----------
    value : float
        In per cent; NaN if nothing was left.
    count : int
        Forecasts in the mean.
    zeros : int
        Forecasts left out because the outcome was zero.
    missing : int
        Forecasts left out because the outcome or the forecast is not known.
    """

    value: float
    count: int
    zeros: int
    missing: int

    def __repr__(self) -> str:
        left = [
            f"{number} {what}"
            for number, what in ((self.zeros, "of zero"), (self.missing, "not known"))
            if number
        ]
        without = f", without {' and '.join(left)}" if left else ""
        return f"{self.value:.3g} % on average of {self.count} outcomes{without}"


def mean_percentage_error(actual: ArrayLike, point: ArrayLike) -> MeanPercentage:
    r"""Return the MAPE, the mean of :math:`100\,|y - \hat y| / |y|`, and what it skips.

    A percentage of zero is none: outcomes of zero are left out and counted. Every other
    forecast has the same weight, so tiny flows count as much as large ones; a scaled
    error or the errors of totals say more of those.

    Parameters
    ----------
    actual, point : array_like
        Outcomes and point forecasts, in one unit.

    Examples
    --------
    >>> mean_percentage_error([100.0, 200.0, 0.0], [110.0, 240.0, 3.0])
    15 % on average of 2 outcomes, without 1 of zero
    """
    y, f = np.broadcast_arrays(_floats(actual), _floats(point))
    known = np.isfinite(y) & np.isfinite(f)
    used = known & (y != 0)
    count = int(used.sum())
    value = (
        float(np.mean(100 * np.abs(y[used] - f[used]) / np.abs(y[used])))
        if count
        else np.nan
    )
    return MeanPercentage(
        value, count, int((known & (y == 0)).sum()), int((~known).sum())
    )


def seasonal_scale(history: ArrayLike, season_length: int = 1) -> float:
    r"""Return the mean absolute error of the seasonal naive forecast in the history.

    .. math:: \frac{1}{n-m} \sum_{t=m+1}^{n} |y_t - y_{t-m}|

    over the pairs that are known. A history too short for one such pair is taken with
    m = 1.

    Parameters
    ----------
    history : array_like of shape (n,)
        What was known at the origin, in the order of time; NaN where missing.
    season_length : int
        Periods in a season: 12 of months, 4 of quarters, 1 of years.

    Returns
    -------
    float
        In the unit of the data; 0 of a constant history, NaN of a single value.

    Raises
    ------
    NumberError
        F-270 the history has more than one dimension.

    References
    ----------
    Hyndman, R. J. and Koehler, A. B. (2006), "Another look at measures of forecast
    accuracy", International Journal of Forecasting 22(4), 679-688.

    Examples
    --------
    >>> seasonal_scale([3.0, 1.0, 4.0, 1.0, 5.0])
    3.0
    >>> seasonal_scale([3.0, 1.0, 4.0, 1.0, 5.0], season_length=2)
    0.6666666666666666
    """
    steps = np.abs(_seasonal_steps(history, season_length))
    return float(steps.mean()) if steps.size else np.nan


def squared_seasonal_scale(history: ArrayLike, season_length: int = 1) -> float:
    r"""Return the mean squared error of the seasonal naive forecast in the history.

    .. math:: \frac{1}{n-m} \sum_{t=m+1}^{n} (y_t - y_{t-m})^2

    Parameters
    ----------
    history : array_like of shape (n,)
        As for `seasonal_scale`.
    season_length : int

    Returns
    -------
    float
        In the square of the unit of the data.

    Raises
    ------
    NumberError
        F-270 the history has more than one dimension.

    References
    ----------
    Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2022), "M5 accuracy
    competition: results, findings, and conclusions", International Journal of
    Forecasting 38(4), 1346-1364, section 3.2.

    Examples
    --------
    >>> squared_seasonal_scale([3.0, 1.0, 4.0, 1.0, 5.0])
    9.5
    """
    steps = np.square(_seasonal_steps(history, season_length))
    return float(steps.mean()) if steps.size else np.nan


def absolute_scaled_error(
    actual: ArrayLike, point: ArrayLike, scale: ArrayLike
) -> Floats:
    r"""Return :math:`|y - \hat y| / s` with `seasonal_scale` s; its mean is the MASE.

    Below 1 a forecast is nearer than one step of the naive forecast was in the history.

    Parameters
    ----------
    actual, point : array_like
        Outcomes and point forecasts, in one unit.
    scale : array_like
        From `seasonal_scale`. NaN results where it is zero: a history without any
        change gives no unit.

    Returns
    -------
    float array

    References
    ----------
    Hyndman, R. J. and Koehler, A. B. (2006), "Another look at measures of forecast
    accuracy", International Journal of Forecasting 22(4), 679-688.

    Examples
    --------
    >>> absolute_scaled_error([10.0, 12.0], [11.0, 9.0], scale=2.0)
    array([0.5, 1.5])
    """
    return _over(absolute_error(actual, point), scale)


def squared_scaled_error(
    actual: ArrayLike, point: ArrayLike, scale: ArrayLike
) -> Floats:
    r"""Return :math:`(y - \hat y)^2 / s`; the root of its mean is the RMSSE.

    Parameters
    ----------
    actual, point : array_like
        Outcomes and point forecasts, in one unit.
    scale : array_like
        From `squared_seasonal_scale`; NaN results where it is zero.

    Returns
    -------
    float array

    References
    ----------
    Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2022), "M5 accuracy
    competition: results, findings, and conclusions", International Journal of
    Forecasting 38(4), 1346-1364, section 3.2.

    Examples
    --------
    >>> squared_scaled_error([10.0, 12.0], [11.0, 9.0], scale=2.0)
    array([0.5, 4.5])
    """
    return _over(squared_error(actual, point), scale)


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=float)


def _over(loss: Floats, scale: ArrayLike) -> Floats:
    """Divide by a scale, NaN where it is zero."""
    size = _floats(scale)
    return np.asarray(loss / np.where(size == 0, np.nan, size))


def _seasonal_steps(history: ArrayLike, season_length: int) -> Floats:
    """Return the known differences over a season, or else over one period."""
    y = _floats(history)
    if y.ndim != 1:
        raise NumberError(
            f"a history of {y.ndim} dimensions",
            code="F-270",
            remedy="Give one series, in the order of time.",
        )
    for lag in (season_length, 1):
        steps = y[lag:] - y[: max(y.size - lag, 0)]
        known = steps[np.isfinite(steps)]
        if known.size:
            break
    return known
