"""The contract of all series models: recipe, fit, forecast.

A model is written for one series. It is a frozen dataclass that derives from `Recipe` and
has one method, ``fit_values(y, season)``, which returns a `UnitFit`: what was fitted and
how errors become paths. A model with a kernel for many series at once overrides
``fit_many``. `Recipe.fit` lifts either over the units of a panel, gives their shocks the
correlation of their residuals, and turns the paths into a `Forecast`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast, unit_rng
from forecast.forecasts.memory import check_size
from forecast.forecasts.prose import span_of, who_are
from forecast.forecasts.units import unit_index
from forecast.periods import FREQUENCIES, frequency_of, periods_after
from forecast.series.contract.dependence import (
    Dependence,
    draw_shocks,
    estimate_dependence,
)
from forecast.series.contract.samples import Sample, read_sample

__all__ = [
    "Pool",
    "Recipe",
    "Season",
    "SeriesFit",
    "UnitFit",
    "UnitSeries",
    "series_of",
    "spans_of",
]

Floats = NDArray[np.floating[Any]]

UNITS_AT_ONCE = 64
"""Series that one task of a pool fits."""

CENTER_PATHS = 200
"""Paths of future indicators whose mean a point forecast takes."""


@dataclass(frozen=True, slots=True)
class Season:
    """Where a series stands in the year.

    Attributes
    ----------
    length : int
        Periods in a year: 1, 4 or 12.
    first : int
        Position in the year of the first value, from 0.
    """

    length: int = 1
    first: int = 0

    def positions(self, start: int, count: int) -> NDArray[np.integer[Any]]:
        """Return positions in the year of `count` values from the value at `start`."""
        return (self.first + start + np.arange(count)) % self.length


@dataclass(frozen=True, slots=True)
class UnitSeries:
    """One series as a model sees it.

    Attributes
    ----------
    y : float array of shape (n,)
        Not negative; the first and last value are there, NaN may stand between.
    season : Season
    x : float array of shape (n, k)
        The recipe's `columns` beside `y`, NaN where missing.
    x_before : float array of shape (m, k)
        The same columns in the periods of the panel before the first value of `y`.
    """

    y: Floats
    season: Season
    x: Floats = field(default_factory=lambda: np.empty((0, 0)))
    x_before: Floats = field(default_factory=lambda: np.empty((0, 0)))


class UnitFit(Protocol):
    """What `Recipe.fit_values` returns: one fitted series.

    Attributes
    ----------
    fitted : float array of shape (n,)
        One-step forecasts (medians), in the unit of the data; NaN where there is none.
    residuals : float array of shape (n,)
        Errors on the scale on which shocks act; NaN where there is none.
    params : mapping of str to float
    """

    @property
    def fitted(self) -> Floats: ...

    @property
    def residuals(self) -> Floats: ...

    @property
    def params(self) -> Mapping[str, float]: ...

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """Turn standard normal shocks of shape (h, n_paths) into paths of that shape.

        Paths are finite and not negative. `rng` is for everything else that is not
        known: first the parameters, then, if need be, noise period by period, so that a
        longer horizon does not change the first periods.
        """
        ...

    def center(self, steps: int) -> Floats:
        """Return point forecasts (medians) of shape (steps,) without simulating.

        They do not depend on chance; those of a longer horizon begin with those of a
        shorter one.
        """
        ...


class Pool(Protocol):
    """Anything that can map: an executor of ``concurrent.futures``, dask or MPI."""

    def map(self, function: Callable[..., Any], *items: Iterable[Any]) -> Iterable[Any]:
        """Apply `function` to each item, in order."""
        ...


class Recipe(ABC):
    """A model without data. Derive a frozen dataclass and write `fit_values`."""

    __slots__ = ()

    @abstractmethod
    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series.

        Parameters
        ----------
        y : float array of shape (n,)
            Not negative; the first and last value are there, NaN may stand between.
        season : Season
        """

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit many series, in their order; one by one unless a model knows better.

        The fit of a series does not depend on which others stand beside it.
        """
        return [self.fit_values(one.y, one.season) for one in series]

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        return type(self).__name__

    @property
    def columns(self) -> tuple[str, ...]:
        """Covariates of the panel that the model uses."""
        return ()

    def fit(self, data: Any, *, pool: Pool | None = None) -> SeriesFit:
        """Fit every unit of a panel, or one series.

        Parameters
        ----------
        data : TradePanel, Series or 1-d array
            A Series has periods as index, or the default index; then, and for arrays,
            values are years 1 to n. Data are read once and copied.
        pool : optional
            An object with ``.map(function, items)`` to fit units side by side; the
            result is the same.

        Returns
        -------
        SeriesFit

        Raises
        ------
        ModelError
            F-520 something else, F-521 a unit without any value, F-522 more than one
            dimension, F-680 a model with indicators and data without.
        ColumnError
            F-111 a column of the model that the panel does not have.
        NumberError
            F-202, F-204, F-206 to F-208: text, infinite, negative, complex, true/false.
        PeriodError
            F-401 to F-411 for the index of a Series, F-436 when a period comes twice,
            F-427 for a panel with several releases of a cell.
        """
        return self.fit_to(read_sample(data, self.columns), pool=pool)

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> SeriesFit:
        """Fit every unit of a sample that holds the recipe's `columns`.

        A model that estimates something from all units together overrides this.
        """
        if self.columns:
            from forecast.series.regression.conditional import fit_conditional

            return fit_conditional(self, sample)
        spans = spans_of(sample)
        series = series_of(sample, spans)
        if pool is None:
            fits = tuple(self.fit_many(series))
        else:
            chunks = [
                series[first : first + UNITS_AT_ONCE]
                for first in range(0, len(series), UNITS_AT_ONCE)
            ]
            fits = tuple(chain.from_iterable(pool.map(self.fit_many, chunks)))
        return SeriesFit(self, sample, fits, spans)


@dataclass(frozen=True, eq=False, repr=False)
class SeriesFit:
    """A recipe fitted to every unit of a sample; frozen.

    Attributes
    ----------
    recipe : Recipe
    sample : Sample
        What was fitted.
    units_fitted : tuple of UnitFit
        One for each unit, in the order of `sample.units`.
    spans : tuple of (int, int)
        Where each unit's values begin and end; what is missing before and after was not
        fitted.
    """

    recipe: Recipe
    sample: Sample
    units_fitted: tuple[UnitFit, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of forecasts must know of this fit."""
        return ()

    @property
    def units(self) -> pd.DataFrame:
        """Key columns, one row per unit."""
        return self.sample.units.copy()

    @property
    def fitted(self) -> pd.DataFrame:
        """One-step forecasts: a row per unit, a column per period, NaN where none."""
        return self._frame(self._wide([fit.fitted for fit in self.units_fitted]))

    @property
    def residuals(self) -> pd.DataFrame:
        """Errors on the scale on which shocks act."""
        return self._frame(self._residuals)

    @property
    def params(self) -> pd.DataFrame:
        """Parameters: the key columns, then one column for each."""
        table = pd.DataFrame([dict(fit.params) for fit in self.units_fitted])
        return pd.concat([self.units, table], axis=1)

    @cached_property
    def dependence(self) -> Dependence:
        """Correlation of shocks across units, shrunk; see `forecast.series.contract.dependence`."""
        return estimate_dependence(self._residuals)

    def point(
        self, horizon: int | str | pd.Period, *, indicators: Any = None
    ) -> pd.DataFrame:
        """Return point forecasts (medians) without simulating.

        Parameters
        ----------
        horizon : int, str or Period
            A number of periods, or the last one ("2025", "2025-06").
        indicators : optional
            As in `forecast`.

        Returns
        -------
        DataFrame
            A row per unit, a column per period, in the unit of the data.

        Raises
        ------
        PeriodError
            F-421 for a horizon that is no positive number or too long.
        """
        periods = periods_after(self.sample.periods[-1], horizon)
        known_to = self.sample.values.shape[1]
        rows = [
            fit.center(known_to - stop + len(periods))[known_to - stop :]
            for fit, (_, stop) in zip(
                self._given(indicators, periods, CENTER_PATHS, 0),
                self.spans,
                strict=True,
            )
        ]
        index = unit_index(self.sample.units)
        columns = periods.rename("period")
        return pd.DataFrame(np.stack(rows), index=index, columns=columns)

    def forecast(
        self,
        horizon: int | str | pd.Period,
        *,
        paths: int = 2000,
        seed: int = 0,
        largest_gb: float = 4.0,
        indicators: Any = None,
    ) -> Forecast:
        """Simulate joint sample paths.

        Parameters
        ----------
        horizon : int, str or Period
            A number of periods, or the last one ("2025", "2025-06").
        paths : int
            Number of joint sample paths.
        seed : int
            Same seed, same bits, in whatever order the units stood.
        largest_gb : float
            Memory that the paths may take, 10^9 bytes.
        indicators : optional
            Future values of the recipe's `columns`, for models that have some; see
            `forecast.series.regression.conditional`. By default they are forecast, too.

        Returns
        -------
        Forecast
            Its history are the values fitted to.

        Raises
        ------
        PeriodError
            F-421 for a horizon that is no positive number or too long.
        ModelError
            F-501 for an impossible seed, F-524 for an impossible number of paths, F-525
            when the paths would take too much memory, F-681 for indicators that the
            model does not have.
        """
        periods = periods_after(self.sample.periods[-1], horizon)
        known_to = self.sample.values.shape[1]
        behind = known_to - min(stop for _, stop in self.spans)
        steps = behind + len(periods)
        check_size(len(self.spans), steps, paths, largest_gb)
        draws = self._shocks(steps, paths, seed)
        for row, (fit, (_, stop)) in enumerate(
            zip(self._given(indicators, periods, paths, seed), self.spans, strict=True)
        ):
            late = known_to - stop
            rng = unit_rng(seed, "parameters", *self._key(row))
            mine = fit.paths(draws[row, behind - late :], rng)
            draws[row, behind:] = mine[late:]
        sample = self.sample
        return Forecast(
            draws=draws[:, behind:],
            units=sample.units,
            periods=periods,
            measure=sample.measure,
            model=self.recipe.name,
            history=pd.DataFrame(sample.values, columns=sample.periods),
            as_of=sample.as_of,
            notes=self.notes,
            origin=sample.origin,
            destination=sample.destination,
            reporter=sample.reporter,
        )

    def __repr__(self) -> str:
        return (
            f"{self.recipe.name} fitted to {who_are(self.sample.units)}, "
            f"{span_of(self.sample.periods)}; {self.recipe!r}"
        )

    # ------------------------------------------------------------------------ inside

    def _given(
        self,
        indicators: Any,
        periods: pd.PeriodIndex,  # noqa: ARG002
        paths: int,  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Iterator[UnitFit]:
        """Give each unit's fit, with the future of its indicators if it has some."""
        if indicators is not None:
            raise ModelError(
                f"{self.recipe.name} has no indicators",
                code="F-681",
                remedy="Leave `indicators` away, or fit a Regression on them.",
            )
        yield from self.units_fitted

    @cached_property
    def _residuals(self) -> Floats:
        return self._wide([fit.residuals for fit in self.units_fitted])

    def _shocks(self, steps: int, paths: int, seed: int) -> Floats:
        """Draw shocks; the common part belongs to calendar periods, not to positions."""
        own = [
            unit_rng(seed, "shocks", *self._key(row)) for row in range(len(self.spans))
        ]
        return draw_shocks(self.dependence, unit_rng(seed, "common"), own, steps, paths)

    @cached_property
    def _keys(self) -> list[tuple[Any, ...]]:
        """Keys of the units; row by row from a frame would take longer than the paths."""
        units = self.sample.units
        columns = [units.iloc[:, k].tolist() for k in range(units.shape[1])]
        return list(zip(*columns, strict=True))

    def _key(self, row: int) -> tuple[Any, ...]:
        return self._keys[row]

    def _wide(self, rows: list[Floats]) -> Floats:
        wide = np.full(self.sample.values.shape, np.nan)
        for row, ((start, stop), values) in enumerate(
            zip(self.spans, rows, strict=True)
        ):
            wide[row, start:stop] = values
        return wide

    def _frame(self, values: Floats) -> pd.DataFrame:
        index = unit_index(self.sample.units)
        return pd.DataFrame(values.copy(), index=index, columns=self.sample.periods)


def spans_of(sample: Sample) -> tuple[tuple[int, int], ...]:
    """Return where the values of each unit begin and end."""
    return tuple(_span(row) for row in sample.values)


def series_of(
    sample: Sample,
    spans: Sequence[tuple[int, int]],
    columns: Sequence[str] = (),
) -> list[UnitSeries]:
    """Cut each unit's span out of a sample; values are copied."""
    season = _season_of(sample.periods)
    covariates = np.empty((*sample.values.shape, len(columns)))
    for k, name in enumerate(columns):
        covariates[..., k] = sample.covariates[name]
    return [
        UnitSeries(
            row[start:stop].copy(),
            Season(season.length, int(season.positions(start, 1)[0])),
            x[start:stop].copy(),
            x[:start].copy(),
        )
        for row, x, (start, stop) in zip(sample.values, covariates, spans, strict=True)
    ]


def _span(row: Floats) -> tuple[int, int]:
    known = np.flatnonzero(np.isfinite(row))
    return int(known[0]), int(known[-1]) + 1


def _season_of(periods: pd.PeriodIndex) -> Season:
    length = FREQUENCIES[frequency_of(periods)]
    return Season(length, int(periods.asi8[0] % length))
