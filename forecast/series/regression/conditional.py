"""Fits whose forecasts depend on the future of indicators.

``fit.forecast(horizon, indicators=...)`` takes

- nothing: each indicator is forecast from its own past, and paths of the outcome carry
  that (*ex ante*);
- values, a panel that holds the periods to come (*ex post*), a `Forecast`, or a mapping
  from columns to these: see `forecast.series.regression.given_indicators`.

All random numbers are named by seed, unit and column. So two forecasts of one fit and seed
that differ in what is given share everything else, and their difference (`Forecast.minus`)
shows what the indicators do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts import unit_rng
from forecast.series.contract.model import (
    Recipe,
    SeriesFit,
    UnitFit,
    UnitSeries,
    series_of,
    spans_of,
)
from forecast.series.contract.samples import Sample
from forecast.series.regression.future_indicators import completed, future_indicators

__all__ = ["ConditionalFit", "ConditionalUnit", "Known", "fit_conditional", "known_of"]

Floats = NDArray[np.floating[Any]]


class ConditionalUnit(UnitFit, Protocol):
    """A fitted series that waits for its indicators."""

    def given(self, future: Floats, rng: np.random.Generator) -> UnitFit:
        """Return the fit with paths of its columns, shape (steps, k, n_paths).

        `rng` gives the same numbers to every unit: for what units share.
        """
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """A sample's series with its columns, all gaps of which are filled.

    Attributes
    ----------
    columns : mapping of str to float array of shape (n_units, n_periods)
    spans : tuple of (int, int)
        Where each unit's values begin and end.
    series : list of UnitSeries
    """

    columns: Mapping[str, Floats]
    spans: tuple[tuple[int, int], ...]
    series: list[UnitSeries]


def known_of(sample: Sample, columns: tuple[str, ...]) -> Known:
    """Complete the columns and cut each unit's series out of a sample."""
    wanted = {name: sample.covariates[name] for name in columns}
    full = completed(replace(sample, covariates=wanted))
    spans = spans_of(sample)
    series = series_of(replace(sample, covariates=full), spans, columns)
    return Known(full, spans, series)


def fit_conditional(recipe: Recipe, sample: Sample) -> ConditionalFit:
    """Fit every unit by `Recipe.fit_many`, which returns fits with ``given``."""
    known = known_of(sample, recipe.columns)
    fits = tuple(recipe.fit_many(known.series))
    return ConditionalFit(recipe, sample, fits, known.spans, known.columns)


@dataclass(frozen=True, eq=False, repr=False)
class ConditionalFit(SeriesFit):
    """A `SeriesFit` of units that wait for their indicators.

    Attributes
    ----------
    known : mapping of str to float array of shape (n_units, n_periods)
        The columns without gaps; see `forecast.series.regression.future_indicators.completed`.
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
