"""Backtests: what models would have forecast in the past, and how far off they were.

`backtest` refits every model at each of a row of origins to what was known there, scores
the forecasts against what came, and returns a frozen `Backtest`.
"""

from __future__ import annotations

from forecast.backtesting.result import Backtest
from forecast.backtesting.rolling import backtest

__all__ = ["Backtest", "backtest"]
