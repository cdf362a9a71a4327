"""Models of one series over time, lifted over all units of a panel.

``recipe.fit(panel)`` gives a `SeriesFit`, ``fit.forecast(horizon)`` a `Forecast` of joint
sample paths. One contract for all (`Recipe`), one file for each family.
"""

from forecast.series.auto import Auto
from forecast.series.combination import Combination
from forecast.series.conformal import Conformal
from forecast.series.exponential import ETS
from forecast.series.model import Recipe, Season, SeriesFit, UnitFit, UnitSeries
from forecast.series.naive import Drift, Naive, SeasonalNaive
from forecast.series.run_rate import RunRate
from forecast.series.theta import Theta

__all__ = [
    "ETS",
    "Auto",
    "Combination",
    "Conformal",
    "Drift",
    "Naive",
    "Recipe",
    "RunRate",
    "Season",
    "SeasonalNaive",
    "SeriesFit",
    "Theta",
    "UnitFit",
    "UnitSeries",
]
