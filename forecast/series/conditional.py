"""Fits whose forecasts depend on the future of indicators.

``fit.forecast(horizon, indicators=...)`` takes

- nothing: each indicator is forecast from its own past, and paths of the outcome carry
  that (*ex ante*);
- values, a panel that holds the periods to come (*ex post*), a `Forecast`, or a mapping
  from columns to these: see `forecast.series.given_indicators`.

All random numbers are named by seed, unit and column. So two forecasts of one fit and seed
that differ in what is given share everything else, and their difference (`Forecast.minus`)
shows what the indicators do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts import unit_rng
from forecast.series.future_indicators import future_indicators
from forecast.series.model import SeriesFit, UnitFit

__all__ = ["ConditionalFit"]

Floats = NDArray[np.floating[Any]]


class ConditionalUnit(UnitFit, Protocol):
    """A fitted series that waits for its indicators."""

    def given(self, future: Floats, rng: np.random.Generator) -> UnitFit:
        """Return the fit with paths of its columns, shape (steps, k, n_paths).

        `rng` gives the same numbers to every unit: for what units share.
        """
        ...


@dataclass(frozen=True, eq=False, repr=False)
class ConditionalFit(SeriesFit):
    """A `SeriesFit` of units that wait for their indicators.

    Attributes
    ----------
    known : mapping of str to float array of shape (n_units, n_periods)
        The columns without gaps; see `forecast.series.future_indicators.completed`.
    """

    known: Mapping[str, Floats]

    def _given(
        self, indicators: Any, periods: pd.PeriodIndex, paths: int, seed: int
    ) -> Iterator[UnitFit]:
        """Give each unit's fit with the future of its indicators."""
        if not self.known:
            yield from super()._given(indicators, periods, paths, seed)
            return
        future = future_indicators(
            self.sample, self.known, periods, indicators, paths, seed
        )
        x = np.stack(list(self.known.values()), axis=2)
        for row, (fit, (_, stop)) in enumerate(
            zip(self.units_fitted, self.spans, strict=True)
        ):
            bridge = np.repeat(x[row, stop:, :, None], paths, axis=2)
            ahead = np.concatenate([bridge, future.of_unit(row, paths)])
            waiting: Any = fit
            yield waiting.given(ahead, unit_rng(seed, "coefficients"))
