"""The log of cooperation events, and the indicators that a panel takes from it.

`EventLog.from_frame` is the door: statuses, imprecise dates, parts inside totals,
lower bounds and later corrections are checked and kept there. Recipes (`Count`,
`Stock`, `InForce`, `PhaseIn`, `Lags`, `Window`) turn the log into columns of a
`TradePanel`; what had not happened, or was not known, by the end of a period is not
in the indicator of that period.
"""

from forecast.events.log import EventLog
from forecast.events.recipes import (
    Count,
    InForce,
    Lags,
    PhaseIn,
    Recipe,
    Stock,
    Window,
)
from forecast.events.statuses import HAPPENED, IN_FORCE, STATUSES, at_least
from forecast.events.values import TotalValue

__all__ = [
    "HAPPENED",
    "IN_FORCE",
    "STATUSES",
    "Count",
    "EventLog",
    "InForce",
    "Lags",
    "PhaseIn",
    "Recipe",
    "Stock",
    "TotalValue",
    "Window",
    "at_least",
]
