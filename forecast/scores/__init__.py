"""Scores of forecasts, and tests of whether one forecasts better than another.

Losses of points: `absolute_error`, `squared_error`, `symmetric_percentage_error`,
`absolute_scaled_error`, `squared_scaled_error`, `mean_percentage_error`. Of
distributions: `pinball`, `crps`, `winkler`, `covered`. Of directions: `growth_error`,
`same_sign`, `turning_points`.

Tests of two forecasts: `diebold_mariano`, `panel_diebold_mariano`, `giacomini_white`,
`clark_west`, `forecast_encompassing`. Of many: `model_confidence_set`,
`superior_predictive_ability`.
"""

from __future__ import annotations

from forecast.scores.conditional import GiacominiWhite, giacomini_white
from forecast.scores.differences import (
    ClarkWest,
    DieboldMariano,
    ForecastEncompassing,
    clark_west,
    diebold_mariano,
    forecast_encompassing,
)
from forecast.scores.directions import (
    TurningPoints,
    growth_error,
    same_sign,
    turning_points,
)
from forecast.scores.distributions import covered, crps, pinball, winkler
from forecast.scores.panels import PanelDieboldMariano, panel_diebold_mariano
from forecast.scores.points import (
    MeanPercentage,
    absolute_error,
    absolute_scaled_error,
    mean_percentage_error,
    seasonal_scale,
    squared_error,
    squared_scaled_error,
    squared_seasonal_scale,
    symmetric_percentage_error,
)
from forecast.scores.selection import (
    ModelConfidenceSet,
    SuperiorPredictiveAbility,
    model_confidence_set,
    superior_predictive_ability,
)

__all__ = [
    "ClarkWest",
    "DieboldMariano",
    "ForecastEncompassing",
    "GiacominiWhite",
    "MeanPercentage",
    "ModelConfidenceSet",
    "PanelDieboldMariano",
    "SuperiorPredictiveAbility",
    "TurningPoints",
    "absolute_error",
    "absolute_scaled_error",
    "clark_west",
    "covered",
    "crps",
    "diebold_mariano",
    "forecast_encompassing",
    "giacomini_white",
    "growth_error",
    "mean_percentage_error",
    "model_confidence_set",
    "panel_diebold_mariano",
    "pinball",
    "same_sign",
    "seasonal_scale",
    "squared_error",
    "squared_scaled_error",
    "squared_seasonal_scale",
    "superior_predictive_ability",
    "symmetric_percentage_error",
    "turning_points",
    "winkler",
]
