"""Scores of forecasts, and tests of whether one forecasts better than another.

Losses of points: `absolute_error`, `squared_error`, `symmetric_percentage_error`,
`absolute_scaled_error`, `squared_scaled_error`, `mean_percentage_error`. Of
distributions: `pinball`, `crps`, `winkler`, `covered`. Of directions: `growth_error`,
`same_sign`, `turning_points`.
"""

from __future__ import annotations

from forecast.scores.directions import (
    TurningPoints,
    growth_error,
    same_sign,
    turning_points,
)
from forecast.scores.distributions import covered, crps, pinball, winkler
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

__all__ = [
    "MeanPercentage",
    "TurningPoints",
    "absolute_error",
    "absolute_scaled_error",
    "covered",
    "crps",
    "growth_error",
    "mean_percentage_error",
    "pinball",
    "same_sign",
    "seasonal_scale",
    "squared_error",
    "squared_scaled_error",
    "squared_seasonal_scale",
    "symmetric_percentage_error",
    "turning_points",
    "winkler",
]
