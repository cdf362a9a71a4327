"""Data to work with: facts that ship, panels with known truth, public sets to fetch.

- Facts (`rus_kaz_releases`, `rus_kaz_events`, ...): Russia-Kazakhstan trade as it was
  said, by whom and when; `catalogue` lists them.
- `simulate_trade`: gravity panels of any size whose truth is known.
- `simulate_regions`: the same in the shape of Russian regions and Kazakh oblasts.
- `states_and_provinces`: trade of 1993 within and across one border.
- `fetch`: larger public data sets, checked by SHA-256, from ``FORECAST_DATA`` or from
  their public address; `available` lists them.
"""

from __future__ import annotations

from forecast.datasets.cases import rus_kaz_figures
from forecast.datasets.downloads import available, fetch
from forecast.datasets.estimates import (
    gravity_checks,
    gravity_covariances,
    gravity_estimates,
)
from forecast.datasets.fact_tables import catalogue
from forecast.datasets.facts import (
    bloc_growth,
    border_pairs,
    rus_kaz_agreements,
    rus_kaz_annual,
    rus_kaz_directions,
    rus_kaz_events,
    rus_kaz_forecasts,
    rus_kaz_forums,
    rus_kaz_releases,
)
from forecast.datasets.places import Places, region_places
from forecast.datasets.recipes import (
    Costs,
    Economy,
    EventKind,
    Noise,
    PairEffects,
    Zeros,
)
from forecast.datasets.regions import simulate_regions
from forecast.datasets.simulation import SimulatedTrade, Truth, simulate_trade
from forecast.datasets.states_provinces import states_and_provinces
from forecast.datasets.trade86 import trade86

__all__ = [
    "Costs",
    "Economy",
    "EventKind",
    "Noise",
    "PairEffects",
    "Places",
    "SimulatedTrade",
    "Truth",
    "Zeros",
    "available",
    "bloc_growth",
    "border_pairs",
    "catalogue",
    "fetch",
    "gravity_checks",
    "gravity_covariances",
    "gravity_estimates",
    "region_places",
    "rus_kaz_agreements",
    "rus_kaz_annual",
    "rus_kaz_directions",
    "rus_kaz_events",
    "rus_kaz_figures",
    "rus_kaz_forecasts",
    "rus_kaz_forums",
    "rus_kaz_releases",
    "simulate_regions",
    "simulate_trade",
    "states_and_provinces",
    "trade86",
]
