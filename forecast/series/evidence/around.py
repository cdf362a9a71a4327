"""A fit around another one: what was fitted, and the point forecasts, are the inner fit's."""

from __future__ import annotations

from typing import Any

import pandas as pd

from forecast.series.contract.model import SeriesFit

__all__ = ["Around"]


class Around:
    """Views of the fit that `whole` holds. Derive a frozen dataclass with that field."""

    __slots__ = ()

    whole: SeriesFit

    @property
    def units(self) -> pd.DataFrame:
        """Key columns, one row per unit."""
        return self.whole.units

    @property
    def fitted(self) -> pd.DataFrame:
        """One-step forecasts; see `SeriesFit.fitted`."""
        return self.whole.fitted

    @property
    def residuals(self) -> pd.DataFrame:
        """Errors; see `SeriesFit.residuals`."""
        return self.whole.residuals

    @property
    def params(self) -> pd.DataFrame:
        """Parameters; see `SeriesFit.params`."""
        return self.whole.params

    def point(self, horizon: int | str | pd.Period, **options: Any) -> pd.DataFrame:
        """Point forecasts; see `SeriesFit.point`."""
        return self.whole.point(horizon, **options)
