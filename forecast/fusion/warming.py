"""A small fusion, so that `warmup` compiles what makes flows add up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.fusion.model import Fusion
from forecast.kernels.jit import on_warmup
from forecast.panel import TradePanel

__all__ = ["warm_fusion"]

COUNTRIES, YEARS = 4, 6


@on_warmup
def warm_fusion() -> None:
    """Fit, forecast, and allocate given totals: the two ways in which the kernel is called."""
    origin, destination, year = (
        places.ravel() for places in np.indices((COUNTRIES, COUNTRIES, YEARS))
    )
    trade = np.random.default_rng(0).lognormal(size=origin.size)
    frame = pd.DataFrame(
        {"o": origin, "d": destination, "year": 2000 + year, "trade": trade}
    )
    panel = TradePanel.from_frame(
        frame[origin != destination].astype({"o": str, "d": str}),
        origin="o",
        destination="d",
        period="year",
        flow="trade",
    )
    fit = Fusion().fit_years(panel)
    fit.forecast(1, paths=10)
    last = fit.totals
    fit.given_totals(
        dict(zip(fit.flows.origins, last.exports[-1], strict=True)),
        dict(zip(fit.flows.destinations, last.imports[-1], strict=True)),
    )
