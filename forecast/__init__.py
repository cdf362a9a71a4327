"""Nowcasts, forecasts and honest claims about trade turnover.

An analyst holds flows between regions or countries (`TradePanel`), a log of
cooperation events (`EventLog`) and dated official figures (`Releases`). From these
the library forecasts (`Auto`, `ETS`, `ARIMA`, ...), tells whether a forecast beats a naive
one (`backtest`), estimates the current year from a part of it (`nowcast`), fits gravity
models (`Gravity`) and judges printed claims (`check`).
Every forecast is a distribution of joint sample paths (`Forecast`), so sums and growth
rates carry intervals that are right by construction.

The public names load on first use: ``import forecast`` alone costs next to nothing.

Examples
--------
>>> import forecast as fc
>>> sorted(fc.__all__)[:3]
['ARIMA', 'ARMA', 'Almon']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from forecast.namesake import refuse_namesake

refuse_namesake()

if TYPE_CHECKING:
    from forecast import datasets, errors, scores
    from forecast.attribution import attribute, potential
    from forecast.backtesting import Backtest, backtest
    from forecast.claims import Card, Claim, check
    from forecast.decomposition import decompose
    from forecast.events import Count, EventLog, InForce, Lags, PhaseIn, Stock, Window
    from forecast.forecasts import Forecast
    from forecast.fusion import Fusion, Margins
    from forecast.gravity import (
        BiasCorrected,
        Clustered,
        Conley,
        DriscollKraay,
        Dyadic,
        Etable,
        Gravity,
        GravityFit,
        GravityFits,
        Iid,
        NeweyWest,
        Robust,
        ScoreBootstrap,
        SmallSample,
        etable,
    )
    from forecast.mirror import asymmetry, reconcile_reporters
    from forecast.nowcasting import Nowcast, nowcast
    from forecast.panel import TradePanel
    from forecast.reading import read_table
    from forecast.reconciliation import Hierarchy, reconcile
    from forecast.releases import Releases
    from forecast.reporting import report
    from forecast.scenarios import (
        Scenario,
        TradeCost,
        compare,
        gravity_scenario,
        read_scenarios,
    )
    from forecast.series import (
        ARIMA,
        ARMA,
        CES,
        ETS,
        SES,
        VAR,
        Almon,
        Auto,
        CalendarAdjusted,
        Cleaned,
        Column,
        Combination,
        Conformal,
        DampedTrend,
        DepreciatingStock,
        Drift,
        DynamicTheta,
        Gated,
        Holt,
        HoltWinters,
        Koyck,
        Naive,
        Regression,
        RobustDrift,
        RunRate,
        SeasonalNaive,
        Theta,
        UnobservedComponents,
    )
    from forecast.studies import Study, run_study

__version__ = "0.1.0"

__all__ = [
    "ARIMA",
    "ARMA",
    "CES",
    "ETS",
    "SES",
    "VAR",
    "Almon",
    "Auto",
    "Backtest",
    "BiasCorrected",
    "CalendarAdjusted",
    "Card",
    "Claim",
    "Cleaned",
    "Clustered",
    "Column",
    "Combination",
    "Conformal",
    "Conley",
    "Count",
    "DampedTrend",
    "DepreciatingStock",
    "Drift",
    "DriscollKraay",
    "Dyadic",
    "DynamicTheta",
    "Etable",
    "EventLog",
    "Forecast",
    "Fusion",
    "Gated",
    "Gravity",
    "GravityFit",
    "GravityFits",
    "Hierarchy",
    "Holt",
    "HoltWinters",
    "Iid",
    "InForce",
    "Koyck",
    "Lags",
    "Margins",
    "Naive",
    "NeweyWest",
    "Nowcast",
    "PhaseIn",
    "Regression",
    "Releases",
    "Robust",
    "RobustDrift",
    "RunRate",
    "Scenario",
    "ScoreBootstrap",
    "SeasonalNaive",
    "SmallSample",
    "Stock",
    "Study",
    "Theta",
    "TradeCost",
    "TradePanel",
    "UnobservedComponents",
    "Window",
    "__version__",
    "asymmetry",
    "attribute",
    "backtest",
    "check",
    "compare",
    "datasets",
    "decompose",
    "errors",
    "etable",
    "gravity_scenario",
    "nowcast",
    "potential",
    "read_scenarios",
    "read_table",
    "reconcile",
    "reconcile_reporters",
    "report",
    "run_study",
    "scores",
]

# A second copy of the block above, for the running program. A test holds the two
# (and __all__) together.
_HOMES = {
    "forecast.attribution": ["attribute", "potential"],
    "forecast.decomposition": ["decompose"],
    "forecast.fusion": ["Fusion", "Margins"],
    "forecast.mirror": ["asymmetry", "reconcile_reporters"],
    "forecast.reconciliation": ["Hierarchy", "reconcile"],
    "forecast.scenarios": [
        "Scenario",
        "TradeCost",
        "compare",
        "gravity_scenario",
        "read_scenarios",
    ],
    "forecast.backtesting": ["Backtest", "backtest"],
    "forecast.claims": ["Card", "Claim", "check"],
    "forecast.events": [
        "Count",
        "EventLog",
        "InForce",
        "Lags",
        "PhaseIn",
        "Stock",
        "Window",
    ],
    "forecast.forecasts": ["Forecast"],
    "forecast.gravity": [
        "BiasCorrected",
        "Clustered",
        "Conley",
        "DriscollKraay",
        "Dyadic",
        "Etable",
        "Gravity",
        "GravityFit",
        "GravityFits",
        "Iid",
        "NeweyWest",
        "Robust",
        "ScoreBootstrap",
        "SmallSample",
        "etable",
    ],
    "forecast.nowcasting": ["Nowcast", "nowcast"],
    "forecast.panel": ["TradePanel"],
    "forecast.reading": ["read_table"],
    "forecast.releases": ["Releases"],
    "forecast.reporting": ["report"],
    "forecast.series": [
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
        "Regression",
        "RobustDrift",
        "RunRate",
        "SeasonalNaive",
        "Theta",
        "UnobservedComponents",
    ],
    "forecast.studies": ["Study", "run_study"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ("datasets", "errors", "scores")

if not TYPE_CHECKING:  # else a misspelt name would be Any to the type checker

    def __getattr__(name: str) -> object:
        """Load a public name on first use (PEP 562) and keep it."""
        if name in _MODULES:
            return import_module(f"forecast.{name}")
        if name not in _HOME_OF:
            raise AttributeError(f"module 'forecast' has no attribute {name!r}")
        value = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
