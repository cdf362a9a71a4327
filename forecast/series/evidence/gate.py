r"""A gate before indicators: they enter a forecast only if they have earned it.

A model with indicators and the same model without are fitted anew at origins inside the
data, each to what was known then, the indicators forecast by themselves. The difference of
their losses over all units is tested one-sided (panel Diebold–Mariano, `forecast.scores`).

The loss is Huber's (1964, Annals of Mathematical Statistics 35(1)) of errors in units of
a unit's usual change: squared up to two of these, straight beyond, so that one collapse
does not decide. Errors are taken of :math:`\operatorname{arsinh}(y / s)`, s the mean
absolute change: relative errors where trade is large, absolute ones near zero.

The larger model has to estimate what the smaller one takes as zero, so without an effect
it loses a little. That is meant; a correction for it (Clark and West 2007, Journal of
Econometrics 138(1)) finds effects that are there but do not help to forecast. With the
few origins of short panels chance gains are about as frequent as the level says. So the
slopes of all data must be significant, too: what is not there does not help for long.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.periods import FREQUENCIES, frequency_of
from forecast.scores import panel_diebold_mariano, seasonal_scale
from forecast.series.contract.model import Pool, Recipe, Season, SeriesFit, UnitFit
from forecast.series.contract.samples import Sample, sample_until

__all__ = ["Gain", "Gated", "GatedFit", "gain_of"]

Floats = NDArray[np.floating[Any]]

FEWEST_BEFORE = 8
"""Periods that must be known before the first origin, and two years of them."""

MOST_ORIGINS = {1: 12, 4: 16, 12: 24}
FEWEST_ORIGINS = 4

BEND = 2.0
"""Usual changes up to which a loss is squared."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What indicators have won out of sample, ex ante.

    Attributes
    ----------
    share : float
        Of the loss of the model without them; negative if they lost. NaN where nothing
        could be compared.
    p_value : float
        One-sided: of so much gain if there is none.
    slopes_p_value : float
        Of the slopes of all data if there are none; NaN where the model has no such test.
    level : float
        Below which both must be for indicators to enter.
    horizon, origins, units : int
    columns : tuple of str
    """

    share: float
    p_value: float
    slopes_p_value: float
    level: float
    horizon: int
    origins: int
    units: int
    columns: tuple[str, ...]

    @property
    def enters(self) -> bool:
        """Whether the indicators belong into the forecast."""
        there = not self.slopes_p_value >= self.level
        return bool(self.p_value < self.level and there)

    def __repr__(self) -> str:
        who = ", ".join(map(repr, self.columns))
        if np.isnan(self.p_value):
            return f"{who} stay out of the forecast: too few periods to see whether they help"
        did = "lowered" if self.share > 0 else "raised"
        found = (
            f"out of sample and without knowing their future they {did} the loss by "
            f"{abs(self.share):.1%} (p = {self.p_value:.3f}; {self.units:,} units, "
            f"{self.origins} origins, horizon {self.horizon})"
        )
        if self.enters:
            return f"{who} enter the forecast: {found}"
        if self.p_value < self.level:
            found += f", but their slopes may be zero (p = {self.slopes_p_value:.3f})"
        return f"{who} stay out of the forecast: {found}; they are kept for scenarios"


def gain_of(
    model: Recipe,
    without: Recipe,
    sample: Sample,
    *,
    horizon: int = 1,
    origins: int | None = None,
    level: float = 0.05,
    pool: Pool | None = None,
) -> Gain:
    """Test whether a model with indicators forecasts better than one without.

    Parameters
    ----------
    model, without : Recipe
    sample : Sample
        With the columns of `model`.
    horizon : int
        Periods ahead that are compared.
    origins : int, optional
        By default as many as there are after eight periods and two years, of years 12 at
        most, of quarters 16, of months 24.
    level : float
    pool : optional
        As in `Recipe.fit`.
    """
    per_year = FREQUENCIES[frequency_of(sample.periods)]
    length = len(sample.periods)
    wanted = origins or MOST_ORIGINS[per_year]
    first = max(length - wanted - horizon + 1, FEWEST_BEFORE, 2 * per_year)
    stops = range(first, length - horizon + 1)
    losses = np.full((2, len(sample.units), len(stops)), np.nan)
    for origin, stop in enumerate(stops):
        losses[:, :, origin] = _losses((model, without), sample, stop, horizon, pool)
    known = np.isfinite(losses).all(axis=0)
    units, tested = int(known.any(axis=1).sum()), int(known.any(axis=0).sum())
    share, p_value = float("nan"), float("nan")
    if tested >= FEWEST_ORIGINS:
        with_them, by_itself = losses[0][known].mean(), losses[1][known].mean()
        share = float(1 - with_them / by_itself) if by_itself > 0 else 0.0
        p_value = _p_value(losses[0] - losses[1], horizon)
    whole: Any = model.fit_to(sample, pool=pool)
    there = float(getattr(whole, "slopes_p_value", np.nan))
    return Gain(share, p_value, there, level, horizon, tested, units, model.columns)


def _losses(
    models: tuple[Recipe, Recipe],
    sample: Sample,
    stop: int,
    horizon: int,
    pool: Pool | None,
) -> Floats:
    """Return losses at one origin, shape (2, n_units)."""
    per_year = FREQUENCIES[frequency_of(sample.periods)]
    n_units, length = sample.values.shape
    losses = np.full((2, n_units), np.nan)
    enough = max(FEWEST_BEFORE - 2, 2 * per_year)
    rows = np.flatnonzero(np.isfinite(sample.values[:, :stop]).sum(axis=1) >= enough)
    if not rows.size:
        return losses
    earlier = sample_until(sample, length - stop, rows)
    actual = sample.values[rows, stop + horizon - 1]
    for k, model in enumerate(models):
        point = model.fit_to(earlier, pool=pool).point(horizon).to_numpy()[:, -1]
        losses[k, rows] = [
            _loss(past, came, said, per_year)
            for past, came, said in zip(earlier.values, actual, point, strict=True)
        ]
    return losses


def _loss(past: Floats, actual: float, point: float, per_year: int) -> float:
    """Return Huber's loss in units of the usual change; NaN where nothing ever changed."""
    size = seasonal_scale(past, per_year)
    if not size > 0:
        return float("nan")
    usual = seasonal_scale(np.arcsinh(past / size), per_year)
    error = abs(np.arcsinh(actual / size) - np.arcsinh(point / size)) / usual
    return float(error**2 / 2 if error <= BEND else BEND * (error - BEND / 2))


def _p_value(difference: Floats, horizon: int) -> float:
    """Return the one-sided p-value that the first model loses less."""
    some = np.isfinite(difference).any(axis=1)
    origins = int(np.isfinite(difference).any(axis=0).sum())
    # one step ahead, differences of losses are not correlated over time
    test = panel_diebold_mariano(
        difference[some],
        horizon,
        dependence="origins",
        cosines=max((origins - 1) // (2 * horizon - 1), 1),
    )
    if np.isnan(test.p_value):
        return float("nan")
    return test.p_value / 2 if test.mean < 0 else 1 - test.p_value / 2


@dataclass(frozen=True, slots=True)
class Gated(Recipe):
    """A model with indicators where they help, else the same model without.

    Parameters
    ----------
    model : Recipe
        With indicators, such as `Regression`.
    without : Recipe, optional
        By default what the model is without its terms.
    horizon : int
        Periods ahead at which they have to help.
    origins : int, optional
        Origins of the comparison; by default as many as there are after eight periods
        and two years, of years 12 at most, of quarters 16, of months 24.
    level : float
        Of the one-sided test.

    Examples
    --------
    >>> from forecast.series.regression.model import Regression
    >>> Gated(Regression("visits")).name
    'Regression where indicators help'
    """

    model: Recipe
    without: Recipe | None = None
    horizon: int = 1
    origins: int | None = None
    level: float = 0.05

    def __post_init__(self) -> None:
        if not self.model.columns:
            raise _impossible("model", self.model, "a model with indicators")
        if self.without is None and not hasattr(self.model, "without_terms"):
            raise _impossible("without", None, "the model to fall back to")
        for name, value in (("horizon", self.horizon), ("origins", self.origins)):
            whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
            if value is not None and not (whole and value >= 1):
                raise _impossible(name, value, "a whole number from 1")
        if not 0 < self.level < 1:
            raise _impossible("level", self.level, "a level of the test such as 0.05")

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        return f"{self.model.name} where indicators help"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the model."""
        return self.model.columns

    @property
    def fallback(self) -> Recipe:
        """The model without indicators."""
        if self.without is not None:
            return self.without
        bare: Any = self.model
        return bare.without_terms()

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series, which has no indicators, by the model without."""
        return self.fallback.fit_values(y, season)

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> GatedFit:
        """Let the indicators earn their place, then fit both models to all values."""
        gain = gain_of(
            self.model,
            self.fallback,
            sample,
            horizon=self.horizon,
            origins=self.origins,
            level=self.level,
            pool=pool,
        )
        with_indicators = self.model.fit_to(sample, pool=pool)
        without = self.fallback.fit_to(sample, pool=pool)
        chosen = with_indicators if gain.enters else without
        return GatedFit(
            self,
            sample,
            chosen.units_fitted,
            chosen.spans,
            gain,
            with_indicators,
            without,
        )


@dataclass(frozen=True, eq=False, repr=False)
class GatedFit(SeriesFit):
    """Both models fitted, and which of them forecasts.

    Attributes
    ----------
    gain : Gain
        What the indicators have won; its text says whether they enter.
    with_indicators, without : SeriesFit
        The first is there for scenarios whatever the gate says.
    """

    gain: Gain
    with_indicators: SeriesFit
    without: SeriesFit

    @property
    def chosen(self) -> SeriesFit:
        """The model that forecasts."""
        return self.with_indicators if self.gain.enters else self.without

    @property
    def notes(self) -> tuple[str, ...]:
        """What the gate found, then the notes of the model that forecasts."""
        return (repr(self.gain), *self.chosen.notes)

    def forecast(
        self,
        horizon: int | str | pd.Period,
        *,
        indicators: Any = None,
        **options: Any,
    ) -> Forecast:
        """Simulate joint sample paths; see `SeriesFit.forecast`.

        Given `indicators` are a scenario: the model with indicators answers whether or
        not they have earned their place, and the notes say so. Compare scenarios with
        each other, or with ``fit.with_indicators.forecast(horizon)``.
        """
        if indicators is None or self.gain.enters:
            return super().forecast(horizon, indicators=indicators, **options)
        scenario = self.with_indicators.forecast(
            horizon, indicators=indicators, **options
        )
        warning = (
            "a scenario of indicators that have not been shown to help forecasts: "
            + repr(self.gain)
        )
        return replace(
            scenario, model=self.recipe.name, notes=(warning, *scenario.notes)
        )

    def point(
        self, horizon: int | str | pd.Period, *, indicators: Any = None
    ) -> pd.DataFrame:
        """Return point forecasts; see `SeriesFit.point` and `forecast`."""
        fit = self.chosen if indicators is None else self.with_indicators
        return fit.point(horizon, indicators=indicators)

    def __repr__(self) -> str:
        return f"{super().__repr__()}; {self.gain!r}"

    def _given(
        self, indicators: Any, periods: pd.PeriodIndex, paths: int, seed: int
    ) -> Iterator[UnitFit]:
        return self.chosen._given(indicators, periods, paths, seed)


def _impossible(name: str, value: Any, possible: str) -> ModelError:
    return ModelError(
        f"{name}={value!r} is not possible", code="F-526", remedy=f"Give {possible}."
    )
