r"""What is known or assumed of a total: paths conditioned (hard) or re-weighted (soft).

- `TotalIs`: the total is known. In logs each cell moves by its regression on the total,
  :math:`u + g\,(\log t - \log T)`, :math:`g = \mathrm{cov}(u, \log T)/\mathrm{var}(\log T)`,
  which draws from the conditional distribution where logs are jointly normal (Waggoner
  and Zha 1999, Review of Economics and Statistics 81(4); conditioning of simulations in
  geostatistics: Journel and Huijbregts 1978). Cells of the total are then scaled, so it
  holds exactly on every path.
- `TotalWithin`: only paths whose total lies between bounds.
- `TotalAbout`: weights closest to equal ones in relative entropy that give the total a
  mean and a standard deviation (entropic tilting; Robertson, Tallman and Whiteman 2005,
  Journal of Money, Credit and Banking 37(3)). Paths are then repeated in proportion,
  without chance.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ForecastWarning, ModelError
from forecast.forecasts import Forecast
from forecast.forecasts.adding import positions_of
from forecast.forecasts.checking import refuse_unless_level
from forecast.forecasts.levels import tails_of
from forecast.forecasts.units import rows_of

__all__ = ["Condition", "TotalAbout", "TotalIs", "TotalWithin"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FEW = 100
"""Effective paths below which a condition is told to rest on few."""

STEPS = 200


class Condition(ABC):
    """A statement about the total of some units in some periods."""

    period: Any
    where: Mapping[str, Any] | None

    @abstractmethod
    def on(self, forecast: Forecast) -> Forecast:
        """Return the forecast under the condition."""

    def _total(self, forecast: Forecast) -> tuple[Floats, Ints, Ints]:
        """Return the total on each path and which units and periods it holds."""
        refuse_unless_level(forecast, "a condition")
        rows = rows_of(forecast.units, self.where or {})
        columns = positions_of(forecast.periods, self.period)
        cells = forecast.draws[np.ix_(rows, columns)]
        return cells.sum(axis=(0, 1)), rows, columns


@dataclass(frozen=True)
class TotalIs(Condition):
    """The total equals a value (hard).

    Parameters
    ----------
    value : float
        Positive, in the unit of the forecast.
    period : label
        One or more periods that are summed; None for all.
    where : mapping of str to value or values, optional
        Units that are summed; all by default.

    Examples
    --------
    >>> import pandas as pd
    >>> draws = np.array([[[10.0, 12.0, 15.0]], [[5.0, 7.0, 6.0]]])
    >>> outlook = Forecast(draws, pd.DataFrame({"to": ["KZ", "RU"]}),
    ...     pd.PeriodIndex(["2024"], freq="Y"))
    >>> known = TotalIs(20.0, period=2024).on(outlook)
    >>> known.draws.sum(axis=0).round(9).tolist()
    [[20.0, 20.0, 20.0]]
    """

    value: float
    _: KW_ONLY
    period: Any = None
    where: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.value) and self.value > 0):
            raise _refusal(f"a total of {self.value!r} is not possible")

    def __str__(self) -> str:
        return f"the total is {self.value:g}"

    def on(self, forecast: Forecast) -> Forecast:
        """Return the forecast with the total as given on every path."""
        total, rows, columns = self._total(forecast)
        if not (total > 0).all():
            raise _refusal(f"the total is zero on {int((total <= 0).sum()):,} paths")
        draws = _moved(forecast.draws, np.log(total), np.log(self.value))
        cells = np.ix_(rows, columns)
        sums = draws[cells].sum(axis=(0, 1))
        draws[cells] *= self.value / sums
        note = f"Condition: {self}."
        return replace(forecast, draws=draws, notes=(*forecast.notes, note))


@dataclass(frozen=True)
class TotalWithin(Condition):
    """The total lies between two values (hard): only such paths count.

    Parameters
    ----------
    low, high : float
        Either may be left out.
    period, where
        As in `TotalIs`.
    """

    low: float = -np.inf
    high: float = np.inf
    _: KW_ONLY
    period: Any = None
    where: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise _refusal(f"no total lies between {self.low!r} and {self.high!r}")

    def __str__(self) -> str:
        return f"the total lies between {self.low:g} and {self.high:g}"

    def on(self, forecast: Forecast) -> Forecast:
        """Return the forecast of the paths that meet the condition, repeated in turn."""
        total, _, _ = self._total(forecast)
        inside = (total >= self.low) & (total <= self.high)
        if not inside.any():
            raise _refusal(
                f"no path has a total between {self.low:g} and {self.high:g}: they lie "
                f"between {total.min():g} and {total.max():g}"
            )
        return _resampled(forecast, inside / inside.sum(), str(self))


@dataclass(frozen=True)
class TotalAbout(Condition):
    """The total has a distribution (soft).

    Parameters
    ----------
    mean : float
    sd : float, optional
        Without it only the mean is set, and the spread stays as near as can be.
    period, where
        As in `TotalIs`.
    """

    mean: float
    sd: float | None = None
    _: KW_ONLY
    period: Any = None
    where: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.mean) or (self.sd is not None and not self.sd > 0):
            raise _refusal(f"mean={self.mean!r}, sd={self.sd!r} are no distribution")

    def __str__(self) -> str:
        spread = "" if self.sd is None else f", give or take {self.sd:g}"
        return f"the total is about {self.mean:g}{spread}"

    @classmethod
    def between(
        cls,
        low: float,
        high: float,
        level: float = 80,
        *,
        period: Any = None,
        where: Mapping[str, Any] | None = None,
    ) -> TotalAbout:
        """Return the normal distribution with this central interval.

        Examples
        --------
        >>> TotalAbout.between(24, 26, 95, period=2024).sd.__round__(3)
        0.51
        """
        from scipy.special import ndtri

        reach = float(ndtri(tails_of(level)[1]))
        return cls(
            (low + high) / 2, (high - low) / 2 / reach, period=period, where=where
        )

    def on(self, forecast: Forecast) -> Forecast:
        """Return the forecast with paths repeated as the tilted weights say."""
        total, _, _ = self._total(forecast)
        return _resampled(forecast, tilted(total, self.mean, self.sd), str(self))


def tilted(values: Floats, mean: float, sd: float | None) -> Floats:
    """Return the weights nearest to equal ones that give a mean and a spread.

    Parameters
    ----------
    values : float array of shape (n,)
    mean : float
    sd : float or None

    Raises
    ------
    ModelError
        F-877 when no weights do.
    """
    centre, scale = float(values.mean()), float(values.std())
    if not (values.min() < mean < values.max()) or scale == 0:
        raise _refusal(
            f"no weights give a mean of {mean:g}: paths lie between {values.min():g} and "
            f"{values.max():g}"
        )
    x, target = (values - centre) / scale, (mean - centre) / scale
    moments = (x - target)[:, None]
    if sd is not None:
        moments = np.column_stack([x - target, (x - target) ** 2 - (sd / scale) ** 2])
    slopes: Floats = np.zeros(moments.shape[1])
    weights: Floats = np.full(x.size, 1 / x.size)
    for _ in range(STEPS):
        gap = np.einsum("n,nk->k", weights, moments)
        if np.abs(gap).max() < 1e-10:
            return weights
        centred = moments - gap
        curvature = np.einsum("n,nj,nk->jk", weights, centred, centred)
        step = np.linalg.solve(curvature + 1e-12 * np.eye(gap.size), gap)
        slopes, weights = _line_search(moments, slopes, step)
    if np.abs(np.einsum("n,nk->k", weights, moments)).max() > 1e-6:
        raise _refusal(f"no weights of the paths give mean={mean:g} and sd={sd:g}")
    return weights


def _line_search(
    moments: Floats, slopes: Floats, step: Floats
) -> tuple[Floats, Floats]:
    """Take the step or a part of it that lowers the dual."""
    before, _ = _dual(moments, slopes)
    size = 1.0
    while size > 1e-6:
        trial = slopes - size * step
        after, weights = _dual(moments, trial)
        if after <= before:
            return trial, weights
        size /= 2
    return slopes, _dual(moments, slopes)[1]


def _dual(moments: Floats, slopes: Floats) -> tuple[float, Floats]:
    """Return log of the sum of exponentials, and the weights."""
    index = np.einsum("nk,k->n", moments, slopes)
    largest = float(index.max())
    raised = np.exp(index - largest)
    return largest + float(np.log(raised.sum())), raised / raised.sum()


def _moved(draws: Floats, total: Floats, target: float) -> Floats:
    """Move each cell in logs by its regression on the total; zeros stay zeros."""
    centred = total - total.mean()
    variance = float(np.mean(centred**2))
    if variance < 1e-20:
        return draws.copy()
    there = draws > 0
    logs = np.log(np.where(there, draws, 1.0))
    count = np.maximum(there.sum(axis=2, keepdims=True), 1)
    level = np.where(there, logs, 0.0).sum(axis=2, keepdims=True) / count
    own = np.where(there, logs - level, 0.0)
    slope = np.einsum("utp,p->ut", own, centred) / (total.size * variance)
    moved = np.exp(logs + slope[..., None] * (target - total))
    return np.where(there, moved, 0.0)


def _resampled(forecast: Forecast, weights: Floats, said: str) -> Forecast:
    """Repeat paths in proportion to weights: the k-th at (k + 1/2)/n of their sum."""
    effective = 1 / float((weights**2).sum())
    if effective < FEW:
        warnings.warn(
            f"F-878: {said}: {effective:.0f} of {weights.size:,} paths stand behind it. "
            "Draw more paths, or look whether the condition contradicts the forecast.",
            ForecastWarning,
            stacklevel=4,
        )
    cumulated = np.cumsum(weights)
    at = (np.arange(weights.size) + 0.5) / weights.size * cumulated[-1]
    chosen = np.minimum(np.searchsorted(cumulated, at), weights.size - 1)
    note = f"Condition: {said}; {effective:,.0f} effective of {weights.size:,} paths."
    return replace(
        forecast, draws=forecast.draws[:, :, chosen], notes=(*forecast.notes, note)
    )


def _refusal(problem: str) -> ModelError:
    return ModelError(
        problem,
        code="F-877",
        remedy="Choose a condition that paths of the forecast can meet, in its unit of "
        "measurement, or draw more paths.",
    )
