"""Working days and lengths of months."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.panel import TradePanel
from forecast.series import Drift, Naive, SeasonalNaive
from forecast.series.adjusting.calendar_effects import (
    CalendarAdjusted,
    pooled_effects,
    regressors,
)

MONTHS = pd.period_range("2010-01", periods=132, freq="M")


def flows(
    theta: tuple[float, float], units: int, sd: float, seed: int = 0
) -> np.ndarray:
    """Walks with seasons, noise and calendar effects; all in levels."""
    rng = np.random.default_rng(seed)
    n = len(MONTHS)
    x = 0.5 * rng.normal(0, sd, (units, n)).cumsum(axis=1) + rng.normal(
        0, sd, (units, n)
    )
    season = np.resize(rng.normal(0, 0.2, 12), n)
    return np.exp(3 + x + season + regressors(MONTHS) @ np.array(theta))


def test_days_are_counted_as_a_calendar_counts_them():
    periods = pd.PeriodIndex(["2024-02", "2023-02", "2023-05"], freq="M")
    z = regressors(periods, (dt.date(2023, 5, 1), dt.date(2023, 5, 9)))
    np.testing.assert_allclose(np.exp(z[:, 0]) * 365.2425 / 12, [29, 28, 31])
    days = np.array([29, 28, 31])
    np.testing.assert_allclose(np.exp(z[:, 1]) * 5 / 7 * days, [21, 20, 23 - 2])
    quarter = regressors(pd.PeriodIndex(["2024Q1"], freq="Q"))
    assert np.exp(quarter[0, 0]) * 365.2425 / 4 == pytest.approx(91)


@pytest.mark.parametrize("working", [0.0, 0.6, 1.0])
def test_the_effect_of_working_days_is_found(working):
    effects = pooled_effects(flows((1, working), 30, 0.06), regressors(MONTHS), 12)
    assert effects.mean[:, 1].mean() == pytest.approx(working, abs=0.12)


def test_a_noisy_series_is_drawn_to_the_panel():
    """Ten calm series with a full effect and one of which alone nothing can be said."""
    calm = flows((1, 1), 10, 0.03)
    noisy = flows((1, 0), 1, 0.8, seed=5)
    z = regressors(MONTHS)
    alone = pooled_effects(noisy, z, 12).mean[0, 1]
    together = pooled_effects(np.concatenate([calm, noisy]), z, 12).mean[-1, 1]
    assert abs(together - 1) < 0.3
    assert abs(together - 1) < abs(alone - 1)


def test_seasonal_forecasts_gain_where_working_days_count():
    y = flows((1, 1), 20, 0.02)
    frame = pd.DataFrame(
        {
            "r": np.repeat(np.arange(20), 132),
            "m": np.tile(MONTHS.astype(str), 20),
            "y": y.ravel(),
        }
    )
    early = frame[frame["m"] < "2020-01"]
    panel = TradePanel.from_frame(early, unit=["r"], period="m", flow="y")
    errors = [
        np.abs(np.log(recipe.fit(panel).point(12).to_numpy() / y[:, 120:])).mean()
        for recipe in (CalendarAdjusted(SeasonalNaive()), SeasonalNaive())
    ]
    assert errors[0] < 0.85 * errors[1]


def test_holidays_are_days_off():
    holidays = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"]
    recipe = CalendarAdjusted(Naive(), holidays=holidays)
    assert recipe.holidays[0] == dt.date(2020, 1, 1)
    assert recipe == CalendarAdjusted(Naive(), holidays=reversed(holidays))
    assert hash(recipe) == hash(CalendarAdjusted(Naive(), holidays=holidays))
    z = regressors(pd.PeriodIndex(["2020-01"], freq="M"), recipe.holidays)
    assert np.exp(z[0, 1]) * 5 / 7 * 31 == pytest.approx(23 - 5)


@pytest.mark.parametrize("holidays", [["soon"], [None], "2020-01-01", 5])
def test_what_is_no_date_is_refused(holidays):
    with pytest.raises(ModelError, match="F-666"):
        CalendarAdjusted(Naive(), holidays=holidays)


def test_years_are_left_as_they_are():
    flow = pd.Series([3.0, 4.0, 5.0, 6.0], pd.period_range("2015", periods=4, freq="Y"))
    adjusted, plain = CalendarAdjusted(Drift()).fit(flow), Drift().fit(flow)
    pd.testing.assert_frame_equal(adjusted.point(2), plain.point(2))
    mine, theirs = adjusted.forecast(2, paths=50), plain.forecast(2, paths=50)
    assert mine.draws.tobytes() == theirs.draws.tobytes()


def test_forecasts_follow_unit_seed_and_longer_horizons():
    y = flows((1, 0.5), 1, 0.05)[0]
    fit = CalendarAdjusted(SeasonalNaive()).fit(pd.Series(y, MONTHS))
    larger = CalendarAdjusted(SeasonalNaive()).fit(pd.Series(1e6 * y, MONTHS))
    draws = fit.forecast(3, paths=60).draws
    np.testing.assert_allclose(
        larger.forecast(3, paths=60).draws, 1e6 * draws, rtol=1e-6
    )
    assert fit.forecast(3, paths=60).draws.tobytes() == draws.tobytes()
    np.testing.assert_array_equal(fit.forecast(9, paths=60).draws[:, :3], draws)
    outlook = fit.forecast(3, paths=2000)
    low, high = outlook.quantile(0.4), outlook.quantile(0.6)
    assert ((low <= fit.point(3)) & (fit.point(3) <= high)).all(axis=None)
    assert outlook.model == "SeasonalNaive, calendar adjusted"


@pytest.mark.parametrize(
    "values", [[5.0], [0.0] * 30, [3.0] * 30, [1.0, np.nan, 0.0] * 10 + [2.0]], ids=str
)
def test_hostile_series_are_survived(values):
    months = pd.period_range("2015-02", periods=len(values), freq="M")
    fit = CalendarAdjusted(Naive()).fit(pd.Series(values, months))
    assert (fit.forecast(5, paths=20).draws >= 0).all()
    assert fit.params["days"].item() == pytest.approx(1, abs=0.1)


def test_doubt_about_effects_widens_only_what_is_unlike_the_same_month_before():
    """What the seasons of the adjusted series carry on, no doubt touches."""
    y = pd.Series(flows((1, 0.5), 1, 0.05)[0], MONTHS)
    fit = CalendarAdjusted(SeasonalNaive()).fit(y)
    doubtful = replace(fit, effects=replace(fit.effects, root=np.eye(2)[None] * 0.3))
    ahead = pd.period_range("2021-01", periods=12, freq="M")
    same = [[p for p in MONTHS if p.month == month] for month in range(1, 13)]
    usual = [regressors(pd.PeriodIndex(p)).mean(axis=0) for p in same]
    expected = 0.3 * np.linalg.norm(regressors(ahead) - usual, axis=1)
    sd = np.log(doubtful._ahead_on_paths(ahead, 20_000, 0)[0]).std(axis=1)
    np.testing.assert_allclose(sd, expected, rtol=0.03)
