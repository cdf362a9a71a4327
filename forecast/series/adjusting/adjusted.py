"""A model fitted to an adjusted panel, seen from outside as if fitted to the panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts import Forecast
from forecast.series.contract.model import Recipe, SeriesFit
from forecast.series.contract.samples import Sample

__all__ = ["AdjustedFit"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class AdjustedFit:
    """A fit whose data are the observed values divided by `factors`.

    Attributes
    ----------
    recipe : Recipe
    sample : Sample
        What was observed.
    whole : SeriesFit
        The model fitted to the adjusted values.
    factors : float array of shape (n_units, n_periods)
        Positive; 1 where nothing was adjusted.
    """

    recipe: Recipe
    sample: Sample
    whole: SeriesFit
    factors: Floats

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of forecasts must know of this fit."""
        return ()

    @property
    def units(self) -> pd.DataFrame:
        """Key columns, one row per unit."""
        return self.sample.units.copy()

    @property
    def adjusted(self) -> pd.DataFrame:
        """The values the model was fitted to: a row per unit, a column per period."""
        fitted = self.whole.fitted
        values = self.sample.values / self.factors
        return pd.DataFrame(values, index=fitted.index, columns=fitted.columns)

    @property
    def fitted(self) -> pd.DataFrame:
        """One-step forecasts in the unit of the data; see `SeriesFit.fitted`."""
        return self.whole.fitted * self.factors

    @property
    def residuals(self) -> pd.DataFrame:
        """Errors of the model; see `SeriesFit.residuals`."""
        return self.whole.residuals

    @property
    def params(self) -> pd.DataFrame:
        """Parameters of the model; see `SeriesFit.params`."""
        return self.whole.params

    def point(
        self, horizon: int | str | pd.Period, *, indicators: Any = None
    ) -> pd.DataFrame:
        """Point forecasts; see `SeriesFit.point`."""
        options = {} if indicators is None else {"indicators": indicators}
        point = self.whole.point(horizon, **options)
        ahead = self._ahead(pd.PeriodIndex(point.columns))
        return point if ahead is None else point * ahead

    def forecast(
        self,
        horizon: int | str | pd.Period,
        *,
        paths: int = 2000,
        seed: int = 0,
        largest_gb: float = 4.0,
        indicators: Any = None,
    ) -> Forecast:
        """Simulate joint sample paths; see `SeriesFit.forecast`."""
        options = {} if indicators is None else {"indicators": indicators}
        raw = self.whole.forecast(
            horizon, paths=paths, seed=seed, largest_gb=largest_gb, **options
        )
        ahead = self._ahead_on_paths(raw.periods, paths, seed)
        return replace(
            raw,
            draws=raw.draws if ahead is None else raw.draws * ahead,
            model=self.recipe.name,
            history=pd.DataFrame(self.sample.values, columns=self.sample.periods),
            notes=(*raw.notes, *self.notes),
        )

    def __repr__(self) -> str:
        return "; ".join([f"{self.recipe.name}: {self.whole!r}", *self.notes])

    # ------------------------------------------------------------------------ inside

    def _ahead(self, periods: pd.PeriodIndex) -> Floats | None:  # noqa: ARG002
        """Return factors of periods to come, (n_units, h), or None if they are ones."""
        return None

    def _ahead_on_paths(
        self,
        periods: pd.PeriodIndex,
        paths: int,  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Floats | None:
        """Return these factors with their uncertainty, (n_units, h, paths)."""
        ahead = self._ahead(periods)
        return None if ahead is None else ahead[..., None]
