r"""Whether the better of two forecasts could have been told beforehand.

Giacomini and White (2006, Econometrica 74(6), 1545-1578) ask whether differences of
losses can be foreseen from what is known at the origin, the instruments :math:`z_t`:

.. math:: H_0:\; E[d_{t+h} \mid z_t] = 0, \qquad
          W = n\, \bar g' \hat\Omega^{-1} \bar g, \qquad g_t = z_t d_{t+h}.

:math:`\hat\Omega` is taken from B cosines (`forecast.scores.long_run`), so that

.. math:: \frac{B - q + 1}{B q} W \sim F(q,\, B - q + 1)

for q instruments (Lazarus et al. 2018, equation 11), which holds with few origins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import NumberError
from forecast.scores.long_run import cosine_weights, number_of_cosines

__all__ = ["GiacominiWhite", "giacomini_white"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class GiacominiWhite:
    """Whether instruments foretell which of two forecasts will be better.

    Attributes
    ----------
    statistic : float
        An F statistic.
    p_value : float
        NaN where there is too little to tell.
    degrees_of_freedom : tuple of float
        Of F.
    coefficients : float array of shape (q,)
        Of the regression of differences on instruments: positive values of the fitted
        difference mean that the second forecast is to be preferred.
    origins : int
        Differences with known instruments.
    horizon : int
    """

    statistic: float
    p_value: float
    degrees_of_freedom: tuple[float, float]
    coefficients: Floats
    origins: int
    horizon: int

    def __repr__(self) -> str:
        where = f"({self.origins} origins, horizon {self.horizon})"
        if np.isnan(self.p_value):
            return f"too little to tell which forecast will be better {where}"
        q, rest = self.degrees_of_freedom
        return (
            f"which forecast will be better is foretold by {q:.0f} instruments: "
            f"F({q:.0f}, {rest:.0f}) = {self.statistic:.2f}, p = {self.p_value:.2g} {where}"
        )


def giacomini_white(
    difference: ArrayLike,
    instruments: ArrayLike | None = None,
    horizon: int = 1,
    *,
    cosines: int | None = None,
) -> GiacominiWhite:
    """Test whether differences of losses can be foreseen at the origin.

    It compares methods of forecasting as they are used, estimation included, so models
    may be nested; they must be estimated in windows of limited length.

    Parameters
    ----------
    difference : array_like of shape (n,)
        Loss of the first forecast less loss of the second, one for each origin.
    instruments : array_like of shape (n, q), optional
        What was known at each origin; a constant should be among it. By default a
        constant and the last difference that was known at the origin, h before.
    horizon : int
    cosines : int, optional
        Instead of n // 2h. They must be at least as many as the instruments.

    Raises
    ------
    NumberError
        F-273 more than one dimension. F-274 a horizon or number below 1. F-276
        instruments of another length.

    Notes
    -----
    The published statistic, chi-squared with a kernel of h - 1 lags, rejects too often
    with few origins and overlap.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> state = rng.normal(size=40)
    >>> difference = 0.8 * state + rng.normal(size=40)
    >>> giacomini_white(difference, np.column_stack([np.ones(40), state]))
    which forecast will be better is foretold by 2 instruments: F(2, 19) = 7.45, p = 0.0041 (40 origins, horizon 1)
    """
    d = np.asarray(difference, dtype=float)
    if d.ndim != 1:
        raise NumberError(
            f"differences of {d.ndim} dimensions",
            code="F-273",
            remedy="Give one number for each origin, in the order of time.",
        )
    z = _usual(d, horizon) if instruments is None else _given(instruments, d.size)
    known = np.isfinite(d) & np.isfinite(z).all(axis=1)
    d, z = d[known], z[known]
    n, q = z.shape
    count = number_of_cosines(n, horizon, cosines)
    statistic, p_value = np.nan, np.nan
    if n > max(horizon, q) and count >= q:
        statistic, p_value = _f_test(z * d[:, np.newaxis], count)
    return GiacominiWhite(
        statistic=statistic,
        p_value=p_value,
        degrees_of_freedom=(float(q), float(count - q + 1)),
        coefficients=np.linalg.lstsq(z, d)[0] if n else np.full(q, np.nan),
        origins=n,
        horizon=horizon,
    )


def _usual(d: Floats, horizon: int) -> Floats:
    """Return a constant and the last difference known at the origin."""
    number_of_cosines(d.size, horizon)  # refuses a horizon below 1
    before = np.full(d.size, np.nan)
    before[horizon:] = d[: max(d.size - horizon, 0)]
    return np.column_stack([np.ones(d.size), before])


def _given(instruments: ArrayLike, n: int) -> Floats:
    """Return instruments as a matrix of n rows, or refuse them."""
    z = np.asarray(instruments, dtype=float)
    z = z[:, np.newaxis] if z.ndim == 1 else z
    if z.ndim != 2 or z.shape[0] != n:
        raise NumberError(
            f"instruments of shape {z.shape} for {n} differences",
            code="F-276",
            remedy="Give a row of instruments for each origin.",
        )
    return z


def _f_test(g: Floats, cosines: int) -> tuple[float, float]:
    """Return F and p of the hypothesis that columns of shape (n, q) have mean zero."""
    from scipy.special import fdtrc

    n, q = g.shape
    mean = g.mean(axis=0)
    weights = cosine_weights((g - mean).T, cosines)
    omega = weights @ weights.T / cosines
    if np.linalg.matrix_rank(omega) < q:
        return np.nan, np.nan
    wald = float(n * mean @ np.linalg.solve(omega, mean))
    rest = cosines - q + 1
    statistic = rest / (cosines * q) * wald
    return statistic, float(fdtrc(q, rest, statistic))
