"""Models of one series over time, lifted over all units of a panel.

``recipe.fit(panel)`` gives a `SeriesFit`, ``fit.forecast(horizon)`` a `Forecast` of joint
sample paths. One contract for all (`Recipe`), one file for each family.
"""

from forecast.series.arima import ARIMA
from forecast.series.arma_errors import ARMA
from forecast.series.auto import Auto
from forecast.series.calendar_effects import CalendarAdjusted
from forecast.series.cleaned import Cleaned
from forecast.series.combination import Combination
from forecast.series.complex_smoothing import CES
from forecast.series.components import UnobservedComponents
from forecast.series.conformal import Conformal
from forecast.series.exponential import ETS, SES, DampedTrend, Holt, HoltWinters
from forecast.series.gate import Gated
from forecast.series.model import Recipe, Season, SeriesFit, UnitFit, UnitSeries
from forecast.series.naive import Drift, Naive, SeasonalNaive
from forecast.series.regression import Regression
from forecast.series.robust_drift import RobustDrift
from forecast.series.run_rate import RunRate
from forecast.series.terms import Almon, Column, DepreciatingStock, Koyck
from forecast.series.theta import DynamicTheta, Theta
from forecast.series.vector import VAR

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
