r"""The variance of a mean of few, overlapping numbers.

Forecasts of horizon h share h - 1 shocks with their neighbours, so differences of losses
are correlated up to lag h - 1 even between perfect models. The variance of their mean is
estimated from B cosines, and compared with Student's t on B degrees of freedom:

.. math:: \hat\Lambda_j = \sqrt{\tfrac{2}{n}} \sum_{t=1}^{n}
          (d_t - \bar d) \cos\left(\pi j \frac{t - 1/2}{n}\right), \qquad
          \widehat{\mathrm{Var}}(\bar d) = \frac{1}{nB} \sum_{j=1}^{B} \hat\Lambda_j^2

(Lazarus, Lewis, Stock and Watson 2018, Journal of Business & Economic Statistics 36(4),
541-559, equations 9 and 10). It is never negative, and t on B degrees of freedom knows
how little B numbers say of a variance. With :math:`B = \lfloor n / 2h \rfloor` the
cosines are slow beside the overlap. With B = n - 1 it is the usual variance of a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import NumberError

__all__ = [
    "MeanVariance",
    "as_series",
    "cosine_weights",
    "mean_variance",
    "number_of_cosines",
    "two_sided",
    "upper_tail",
]

Floats = NDArray[np.floating[Any]]

VARIANCES = ("cosines", "periodogram", "rectangular", "Bartlett")


@dataclass(frozen=True, slots=True)
class MeanVariance:
    """The variance of a mean, and how much it rests on.

    Attributes
    ----------
    value : float
        NaN where there is too little to estimate it.
    degrees_of_freedom : float
        Of Student's t.
    kind : str
        How it was estimated, in words.
    """

    value: float
    degrees_of_freedom: float
    kind: str


def as_series(values: ArrayLike, what: str) -> Floats:
    """Return the known values of a one-dimensional array, or refuse it."""
    series = np.asarray(values, dtype=float)
    if series.ndim != 1:
        raise NumberError(
            f"{what} of {series.ndim} dimensions",
            code="F-273",
            remedy="Give one number for each origin, in the order of time.",
        )
    return series[~np.isnan(series)]


def number_of_cosines(n: int, horizon: int, cosines: int | None = None) -> int:
    """Return B, the number asked for or n // 2h, from 1 to n - 1.

    Raises
    ------
    NumberError
        F-274 a horizon or a number of cosines below 1.
    """
    for what, number in (("horizon", horizon), ("number of cosines", cosines)):
        if number is not None and number < 1:
            raise NumberError(
                f"a {what} of {number}",
                code="F-274",
                remedy="Count from 1: the first period after the origin is horizon 1.",
            )
    wanted = n // (2 * horizon) if cosines is None else cosines
    return int(np.clip(wanted, 1, max(n - 1, 1)))


def cosine_weights(deviations: Floats, cosines: int) -> Floats:
    """Return the weights of B cosines; shape (..., n) -> (..., B).

    Parameters
    ----------
    deviations : float array of shape (..., n)
        From the mean, in the order of time.
    cosines : int
    """
    n = deviations.shape[-1]
    steps = np.pi * np.outer(np.arange(1, cosines + 1), (np.arange(n) + 0.5) / n)
    basis = np.sqrt(2 / n) * np.cos(steps)
    return np.asarray((deviations[..., np.newaxis, :] * basis).sum(axis=-1))


def mean_variance(
    series: Floats, horizon: int, variance: str, cosines: int | None = None
) -> MeanVariance:
    """Estimate the variance of the mean of a series without gaps.

    Parameters
    ----------
    series : float array of shape (n,)
    horizon : int
        Of the forecasts.
    variance : {"cosines", "periodogram", "rectangular", "Bartlett"}
        See `forecast.scores.diebold_mariano`.
    cosines : int, optional
        For "cosines", instead of n // 2h.

    Raises
    ------
    NumberError
        F-274 a horizon below 1. F-275 a variance of another name.
    """
    n = series.size
    count = number_of_cosines(n, horizon, cosines)
    if variance not in VARIANCES:
        raise NumberError(
            f"no variance is called {variance!r}",
            code="F-275",
            remedy=f"Choose one of {list(VARIANCES)}.",
        )
    if n <= max(horizon, 1):
        return MeanVariance(np.nan, np.nan, "no variance")
    deviations = series - series.mean()
    if np.abs(deviations).max() <= 1e-14 * np.abs(series).max():
        return MeanVariance(0.0, float(count), "no variance")
    if variance == "cosines":
        squares = np.square(cosine_weights(deviations, count))
        return MeanVariance(float(squares.mean()) / n, float(count), "cosines")
    if variance == "periodogram":
        return _periodogram(deviations)
    return _kernel(deviations, horizon, variance)


def two_sided(statistic: float, degrees_of_freedom: float) -> float:
    """Return the probability beyond a value of Student's t on either side."""
    from scipy.special import stdtr

    return float(2 * stdtr(degrees_of_freedom, -abs(statistic)))


def upper_tail(statistic: float, degrees_of_freedom: float) -> float:
    """Return the probability above a value of Student's t."""
    from scipy.special import stdtr

    return float(stdtr(degrees_of_freedom, -statistic))


def _periodogram(deviations: Floats) -> MeanVariance:
    """Average the periodogram over the lowest n^(1/3) frequencies (Daniell weights)."""
    n = deviations.size
    lowest = max(int(np.cbrt(n) + 1e-9), 1)
    powers = np.square(np.abs(np.fft.rfft(deviations)[1 : lowest + 1])) / n
    return MeanVariance(float(powers.mean()) / n, 2.0 * lowest, "periodogram")


def _kernel(deviations: Floats, horizon: int, variance: str) -> MeanVariance:
    """Sum autocovariances up to lag h - 1, with the correction of Harvey et al."""
    n = deviations.size
    lags = np.arange(horizon)
    gamma = np.array([deviations[k:] @ deviations[: n - k] / n for k in lags])
    twice = np.where(lags > 0, 2.0, 1.0)
    falling = float((twice * (1 - lags / horizon) * gamma).sum())
    long_run = falling if variance == "Bartlett" else float((twice * gamma).sum())
    kind = f"{variance} kernel"
    if long_run <= 1e-12 * gamma[0]:
        long_run = falling
        kind = "Bartlett kernel, since the rectangular one gave a negative variance"
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    return MeanVariance(long_run / n / correction, n - 1.0, kind)
