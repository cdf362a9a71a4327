"""``fit.forecast(baseline, scenario=...)``: a fit asked for its forecast along a future."""

from __future__ import annotations

from typing import Any

import pandas as pd

from forecast.errors import ModelError
from forecast.forecasts.distribution import Forecast

__all__ = ["along"]


def along(
    fit: Any, baseline: Any, scenario: Any, *, panel: Any = None, **options: Any
) -> Forecast | None:
    """Return the forecast along a baseline or in a scenario; None where neither is given.

    Parameters
    ----------
    fit : fit with ``forecast(horizon, indicators=...)``
    baseline : DataFrame or a horizon
        A frame holds the future of the indicators, such as `forecast.scenarios.held`
        makes it.
    scenario : Scenario or None
        What is different; anything with ``forecast(fit, baseline, panel=...)``.
    panel : TradePanel, optional
        What was fitted.
    **options
        To ``fit.forecast``.

    Raises
    ------
    ModelError
        F-859 a baseline or a scenario that is none, or indicators beside one.
    """
    frame = isinstance(baseline, pd.DataFrame)
    if scenario is None and not frame:
        return None
    if options.pop("indicators", None) is not None:
        raise _refusal("indicators are given beside a baseline or a scenario")
    if scenario is not None:
        if not hasattr(scenario, "changes_rows"):
            raise _refusal(f"a {type(scenario).__name__} is no scenario")
        return scenario.forecast(fit, baseline, panel=panel, **options)
    name = _period_of(baseline, panel)
    horizon = int(pd.Series(baseline[name]).nunique())
    return fit.forecast(horizon, indicators=baseline, **options)


def _period_of(baseline: pd.DataFrame, panel: Any) -> str:
    if panel is not None and panel.period in baseline:
        return str(panel.period)
    found = [c for c in baseline if isinstance(baseline[c].dtype, pd.PeriodDtype)] or [
        c for c in ("period", "year", "month", "quarter") if c in baseline
    ]
    if len(found) != 1:
        raise _refusal(f"{len(found)} columns of the baseline can be the period")
    return str(found[0])


def _refusal(problem: str) -> ModelError:
    return ModelError(
        problem,
        code="F-859",
        remedy="Give a number of periods or a frame such as held(panel, 3), and a "
        'Scenario such as Scenario("more visits", {"visits": "+5"}).',
    )
