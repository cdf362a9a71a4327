"""A backtest in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecast.forecasts.prose import number
from forecast.periods import FREQUENCY_NOUNS, frequency_of

if TYPE_CHECKING:
    from forecast.backtesting.result import Backtest

__all__ = ["sentence_of"]


def sentence_of(result: Backtest) -> str:
    """Say what was tried, who was best and whether the intervals held."""
    forecasts, table = result.forecasts, result.summary()
    origins = pd.PeriodIndex(forecasts["origin"])
    noun = FREQUENCY_NOUNS[frequency_of(origins)]
    days = forecasts["as_of"].nunique()
    text = (
        f"Backtest: {len(result.models)} models, benchmark {result.benchmark}; "
        f"{len(result.outcomes):,} units, {days} origins {origins.min()}–{origins.max()}, "
        f"{result.horizon} {noun}{'s' * (result.horizon > 1)} ahead"
    )
    judged = table.dropna(subset=["mase"])
    if len(judged):
        best = judged.iloc[int(judged["mase"].argmin())]
        text += f"; best by MASE: {best['model']} {number(float(best['mase']))}"
        if best["model"] != result.benchmark:
            text += f" ({100 * best['skill_mase']:.0f} % better than the benchmark)"
        if result.levels:
            label = f"{max(result.levels):g}"
            share = 100 * best[f"coverage_{label}"]
            text += f", its {label} % intervals held {share:.0f} % of the time"
    if len(result.failures):
        text += f"; {len(result.failures)} failures"
    return text
