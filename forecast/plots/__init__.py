"""Figures: every function takes an Axes (or makes one) and returns it.

The year: `plot_nowcast`, `plot_part_year`, `plot_fan`, `plot_track`. How an estimate
came about: `plot_news`, `plot_contributions`. Claims: `plot_claim` and its single
figures `plot_records`, `plot_ceiling`, `plot_control`. Fitted models:
`plot_coefficients`, `plot_event_study`. Forecasts beside outcomes:
`plot_coverage_by_horizon`, `plot_skill_by_horizon`, `plot_errors_by_period`. What if:
`plot_scenarios`. Growth in parts: `plot_waterfall`.
Causes and reserves: `plot_effects`, `plot_twin`, `plot_potential`.

Colours, numbers and labels come from `forecast.plots.look`; `look.render` gives a
figure as bytes that are the same in every run.
"""

from __future__ import annotations

from forecast.plots.changes import plot_contributions, plot_news
from forecast.plots.coefficients import plot_coefficients, plot_event_study
from forecast.plots.effects import plot_effects, plot_potential, plot_twin
from forecast.plots.errors import plot_errors_by_period
from forecast.plots.paths import plot_fan, plot_part_year
from forecast.plots.records import plot_records
from forecast.plots.scenarios import plot_scenarios
from forecast.plots.skill import plot_coverage_by_horizon, plot_skill_by_horizon
from forecast.plots.verdicts import plot_ceiling, plot_claim, plot_control
from forecast.plots.waterfall import plot_waterfall
from forecast.plots.years import Mark, plot_nowcast, plot_track

__all__ = [
    "Mark",
    "plot_ceiling",
    "plot_claim",
    "plot_coefficients",
    "plot_contributions",
    "plot_control",
    "plot_coverage_by_horizon",
    "plot_effects",
    "plot_errors_by_period",
    "plot_event_study",
    "plot_fan",
    "plot_news",
    "plot_nowcast",
    "plot_part_year",
    "plot_potential",
    "plot_records",
    "plot_scenarios",
    "plot_skill_by_horizon",
    "plot_track",
    "plot_twin",
    "plot_waterfall",
]
