"""Scores of quantiles, intervals and whole distributions: arrays in, arrays out.

All are proper or strictly proper scores but for `covered`: who reports what he believes
does best in expectation (Gneiting and Raftery 2007, Journal of the American Statistical
Association 102(477), 359-378). All are in the unit of the data, and smaller is better.
What is NaN in any argument is NaN in the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import NumberError

__all__ = ["covered", "crps", "pinball", "winkler"]

Floats = NDArray[np.floating[Any]]


def pinball(actual: ArrayLike, quantile: ArrayLike, probability: ArrayLike) -> Floats:
    r"""Return the loss of a forecast of one quantile.

    .. math:: (y - q)\,(p - 1\{y < q\})

    At p = 1/2 it is half the absolute error. Twice its mean over all p is the CRPS.

    Parameters
    ----------
    actual, quantile : array_like
        Outcomes and forecast quantiles, in one unit.
    probability : array_like
        Of the quantile, from 0 to 1.

    Returns
    -------
    float array

    Raises
    ------
    NumberError
        F-271 a probability that is none.

    References
    ----------
    Koenker, R. and Bassett, G. (1978), "Regression quantiles", Econometrica 46(1),
    33-50.

    Examples
    --------
    >>> pinball([10.0, 14.0], 12.0, probability=0.9)
    array([0.2, 1.8])
    """
    p = np.asarray(probability, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise NumberError(
            f"{int(np.sum(~((p >= 0) & (p <= 1))))} probabilities outside 0 to 1",
            code="F-271",
            remedy="Give 0.9 for the quantile below which nine of ten outcomes fall.",
        )
    error = np.asarray(actual, dtype=float) - np.asarray(quantile, dtype=float)
    return np.asarray(np.where(error < 0, (p - 1) * error, p * error))


def crps(actual: ArrayLike, draws: ArrayLike) -> Floats:
    r"""Return the continuous ranked probability score of draws.

    .. math:: \frac1m \sum_i |x_i - y| - \frac{1}{2m^2} \sum_i \sum_j |x_i - x_j|,

    the exact score of the distribution that gives each draw the weight 1/m. Draws are
    sorted, so that it takes :math:`m \log m` steps and not :math:`m^2`. Of a single draw
    it is the absolute error. A few draws from a distribution score worse than the
    distribution: by 1/m of half its mean absolute difference.

    Parameters
    ----------
    actual : array_like
        Outcomes.
    draws : array_like of shape (..., m)
        Draws on the last axis; the axes before broadcast with `actual`.

    Returns
    -------
    float array
        In the unit of the data.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007), "Strictly proper scoring rules, prediction,
    and estimation", Journal of the American Statistical Association 102(477), 359-378,
    equation 21.

    Examples
    --------
    >>> crps([2.0, 5.0], [1.0, 2.0, 3.0])
    array([0.22222222, 2.55555556])
    """
    y = np.asarray(actual, dtype=float)
    away = np.asarray(draws, dtype=float) - y[..., np.newaxis]
    m = away.shape[-1]
    weights = (2 * np.arange(m) + 1 - m) / m**2  # of sorted draws in the double sum
    spread = (np.sort(away, axis=-1) * weights).sum(axis=-1)
    return np.asarray(np.abs(away).mean(axis=-1) - spread)


def covered(actual: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Floats:
    """Return 1 where the outcome lies in the interval, its ends included, and 0 elsewhere.

    The mean is the coverage. Wide intervals cover well; `winkler` weighs width against
    coverage.

    Parameters
    ----------
    actual, lower, upper : array_like
        Outcomes and ends of intervals, in one unit.

    Returns
    -------
    float array
        1, 0, or NaN where something is not known.

    Examples
    --------
    >>> covered([10.0, 15.0, np.nan], 8.0, 12.0)
    array([ 1.,  0., nan])
    """
    y, low, high = (np.asarray(a, dtype=float) for a in (actual, lower, upper))
    unknown = np.isnan(y) | np.isnan(low) | np.isnan(high)
    return np.where(unknown, np.nan, (low <= y) & (y <= high))


def winkler(
    actual: ArrayLike, lower: ArrayLike, upper: ArrayLike, level: float
) -> Floats:
    r"""Return the interval score: the width, and a fine for what lies outside.

    .. math:: (u - l) + \frac{2}{\alpha} (l - y)^+ + \frac{2}{\alpha} (y - u)^+,
              \qquad \alpha = 1 - \mathrm{level}

    Divided by `seasonal_scale`, its mean is the MSIS of the M4 competition.

    Parameters
    ----------
    actual, lower, upper : array_like
        Outcomes and ends of intervals, in one unit.
    level : float
        0.8 or 80 of an interval that is to hold four of five outcomes.

    Returns
    -------
    float array
        In the unit of the data.

    Raises
    ------
    NumberError
        F-272 a level that is none.

    References
    ----------
    Winkler, R. L. (1972), "A decision-theoretic approach to interval estimation",
    Journal of the American Statistical Association 67(337), 187-191; Gneiting and
    Raftery (2007), equation 43.

    Examples
    --------
    >>> winkler([10.0, 13.0], 8.0, 12.0, level=0.8)
    array([ 4., 14.])
    """
    share = level / 100 if level > 1 else level
    if not 0 < share < 1:
        raise NumberError(
            f"an interval cannot have the level {level!r}",
            code="F-272",
            remedy="Give 0.8 or 80 for the interval that holds four of five outcomes.",
        )
    y, low, high = (np.asarray(a, dtype=float) for a in (actual, lower, upper))
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return np.asarray((high - low) + 2 / (1 - share) * outside)
