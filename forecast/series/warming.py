"""Small fits that use the kernels of series models, so that `warmup` compiles them ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.kernels.jit import on_warmup
from forecast.series.arima.model import ARIMA
from forecast.series.contract.model import Recipe
from forecast.series.smoothing.complex_smoothing import CES
from forecast.series.smoothing.components import UnobservedComponents
from forecast.series.smoothing.exponential import ETS
from forecast.series.smoothing.theta import DynamicTheta, Theta

__all__ = ["warm_series"]

MODELS: tuple[Recipe, ...] = (
    ETS(),
    Theta(),
    DynamicTheta(),
    CES(),
    ARIMA(),
    UnobservedComponents(),
)


@on_warmup
def warm_series() -> None:
    """Fit and simulate one series of years and one of quarters by every model.

    Kernels are compiled by the types of their arguments, not by their sizes.
    """
    chance = np.random.default_rng(0)
    for freq, n in (("Y", 20), ("Q", 24)):
        periods = pd.period_range("2000", periods=n, freq=freq)
        flow = pd.Series(np.exp(chance.normal(0, 0.1, n).cumsum() + 3), periods)
        gappy = flow.copy()
        gappy.iloc[n // 2] = np.nan
        for series in (flow, gappy):
            for model in MODELS:
                fit = model.fit(series)
                fit.point(2)
                fit.forecast(2, paths=10)
