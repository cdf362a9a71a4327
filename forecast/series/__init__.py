"""Models of one series over time, lifted over all units of a panel.

``recipe.fit(panel)`` gives a `SeriesFit`, ``fit.forecast(horizon)`` a `Forecast` of joint
sample paths. One contract for all (`Recipe`), one file for each family.
"""

from forecast.series.adjusting.calendar_effects import CalendarAdjusted
from forecast.series.adjusting.cleaned import Cleaned
from forecast.series.arima.model import ARIMA
from forecast.series.contract.model import (
    Recipe,
    Season,
    SeriesFit,
    UnitFit,
    UnitSeries,
)
from forecast.series.evidence.auto import Auto
from forecast.series.evidence.combination import Combination
from forecast.series.evidence.conformal import Conformal
from forecast.series.evidence.gate import Gated
from forecast.series.pairs.vector import VAR
from forecast.series.plain.naive import Drift, Naive, SeasonalNaive
from forecast.series.plain.robust_drift import RobustDrift
from forecast.series.plain.run_rate import RunRate
from forecast.series.regression.arma_errors import ARMA
from forecast.series.regression.model import Regression
from forecast.series.regression.terms import Almon, Column, DepreciatingStock, Koyck
from forecast.series.smoothing.complex_smoothing import CES
from forecast.series.smoothing.components import UnobservedComponents
from forecast.series.smoothing.exponential import (
    ETS,
    SES,
    DampedTrend,
    Holt,
    HoltWinters,
)
from forecast.series.smoothing.theta import DynamicTheta, Theta

__all__ = [
    "ARIMA",
    "ARMA",
    "CES",
    "ETS",
    "SES",
    "VAR",
    "Almon",
    "Auto",
    "CalendarAdjusted",
    "Cleaned",
    "Column",
    "Combination",
    "Conformal",
    "DampedTrend",
    "DepreciatingStock",
    "Drift",
    "DynamicTheta",
    "Gated",
    "Holt",
    "HoltWinters",
    "Koyck",
    "Naive",
    "Recipe",
    "Regression",
    "RobustDrift",
    "RunRate",
    "Season",
    "SeasonalNaive",
    "SeriesFit",
    "Theta",
    "UnitFit",
    "UnitSeries",
    "UnobservedComponents",
]
