"""`Forecast`: joint sample paths of units over periods, the currency of all models.

A forecast is a distribution. Sums and growth rates are taken on each path, so their
intervals are right by construction; means, quantiles, intervals and probabilities are
views of the paths. The class lives below the models: whatever works with forecasts need
not know which model spoke.
"""

from forecast.forecasts.distribution import Forecast
from forecast.forecasts.seeds import unit_rng

__all__ = ["Forecast", "unit_rng"]
