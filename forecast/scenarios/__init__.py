"""What if: changed futures of indicators, events, trade costs and totals.

`Scenario` says what is different, `read_scenarios` takes several from a sheet, `held` gives a baseline, `compare` puts forecasts side by
side on the same paths, `gravity_scenario` gives the partial effect in a gravity model.
"""

from forecast.scenarios.changes import Change
from forecast.scenarios.comparing import Comparison, compare
from forecast.scenarios.conditions import TotalAbout, TotalIs, TotalWithin
from forecast.scenarios.counterfactual import gravity_scenario
from forecast.scenarios.gravity_effect import GravityScenario
from forecast.scenarios.held import held
from forecast.scenarios.scenario import Scenario
from forecast.scenarios.sheets import read_scenarios
from forecast.scenarios.trade_cost import TradeCost

__all__ = [
    "Change",
    "Comparison",
    "GravityScenario",
    "Scenario",
    "TotalAbout",
    "TotalIs",
    "TotalWithin",
    "TradeCost",
    "compare",
    "gravity_scenario",
    "held",
    "read_scenarios",
]
