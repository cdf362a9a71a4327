"""The benchmarks: what they forecast and how wide, where the answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.series import Drift, Naive, RunRate, Season, SeasonalNaive

MANY = 40_000


def monthly(values, first: str = "2019-01") -> pd.Series:
    periods = pd.period_range(first, periods=len(values), freq="M")
    return pd.Series(np.asarray(values, float), index=periods, name="flow")


def random_walk(n: int, sd: float = 0.1, drift: float = 0.0) -> np.ndarray:
    return 100 * np.exp(np.random.default_rng(8).normal(drift, sd, n).cumsum())


# ------------------------------------------------------------------------------- naive


def test_naive_goes_on_from_the_last_value_and_widens_with_the_root_of_time():
    y = random_walk(400)
    outlook = Naive().fit(y).forecast(9, paths=MANY)
    np.testing.assert_allclose(outlook.median.to_numpy(), y[-1], rtol=0.02)
    spread = np.log(outlook.draws[0]).std(axis=1)
    sigma = np.sqrt(np.mean(np.diff(np.log(y)) ** 2))
    np.testing.assert_allclose(spread, sigma * np.sqrt(np.arange(1, 10)), rtol=0.02)


def test_few_steps_leave_doubt_about_the_spread():
    """Errors are nearly Student t: of four steps 95 % are in 2.78 spreads, not 1.96."""
    y = 100 * np.exp([0.0, 0.1, 0.0, 0.1, 0.0])
    low, high = np.log(Naive().fit(y).forecast(1, paths=MANY).interval(0.95))
    assert 2.5 < (high - low) / (2 * 0.1) < 2.8


def test_a_step_over_a_gap_counts_as_that_of_so_many_periods():
    fit = Naive().fit([1.0, np.nan, np.nan, np.nan, np.exp(0.6), np.exp(0.3)])
    np.testing.assert_allclose(fit.residuals.to_numpy()[0, 4:], [0.3, -0.3])
    assert fit.params["sigma"].item() == pytest.approx(np.sqrt((0.18 + 0.04) / 3))


def test_the_mean_of_a_forecast_is_the_mean_of_what_happens():
    """Of exp(walk) the mean lies above the median, by exp of half the variance."""
    outlook = Naive().fit(random_walk(2000, sd=0.3)).forecast(1, paths=MANY)
    assert outlook.mean / outlook.median == pytest.approx(np.exp(0.3**2 / 2), rel=0.02)


def test_a_series_with_zeros_moves_in_plain_numbers():
    outlook = Naive().fit([0.0, 4.0, 0.0, 4.0, 1.0]).forecast(1, paths=MANY)
    assert outlook.median == pytest.approx(1.0, abs=0.1)
    assert outlook.probability(below=0) == pytest.approx(0.40, abs=0.02)  # t(4)


# ------------------------------------------------------------------------------- drift


def test_drift_goes_on_along_the_line_from_first_to_last():
    outlook = Drift().fit([10.0, 13.0, 12.0, 16.0]).forecast(3, paths=MANY)
    np.testing.assert_allclose(outlook.median.to_numpy()[0], [18, 20, 22], rtol=0.01)
    assert Drift().fit([10.0, 13.0, 12.0, 16.0]).params["drift"].item() == 2.0


def test_the_doubt_about_the_drift_grows_with_the_horizon():
    """Variance after h steps: h (1 + h / steps), as in the textbook."""
    y = 1000 + np.random.default_rng(0).normal(0, 1, 41).cumsum()
    outlook = Drift().fit(y).forecast(20, paths=MANY)
    h = np.arange(1, 21)
    sigma = Drift().fit(y).params["sigma"].item() * y[-1]
    inflated = np.sqrt(39 / 37)  # Student t with 39 degrees of freedom
    expected = inflated * sigma * np.sqrt(h * (1 + h / 40))
    np.testing.assert_allclose(outlook.sd.to_numpy()[0], expected, rtol=0.03)


def test_trade_that_falls_never_reaches_zero():
    falling = Drift().fit([100.0, 80.0, 62.0, 41.0, 20.0]).forecast(10)
    assert (falling.quantile(0.01) > 0).all(axis=None)
    ratios = falling.median.to_numpy()[0, 1:] / falling.median.to_numpy()[0, :-1]
    np.testing.assert_allclose(ratios, np.exp(-1), rtol=0.1)  # a drift of -20 at 20


def test_two_values_show_no_drift():
    assert Drift().fit([10.0, 15.0]).params["drift"].item() == 0.0


# ---------------------------------------------------------------------- seasonal naive


def test_each_month_is_forecast_as_a_year_before():
    shape = np.arange(1.0, 13.0)
    outlook = SeasonalNaive().fit(monthly(np.tile(shape, 3), "2019-05")).forecast(14)
    np.testing.assert_allclose(
        outlook.median.to_numpy()[0], [*shape, 1.0, 2.0], rtol=1e-6
    )
    assert str(outlook.periods[0]) == "2022-05"


def test_a_month_missing_a_year_before_is_looked_up_the_year_before_that():
    values = np.tile(np.arange(1.0, 13.0), 3)
    values[28] = np.nan
    outlook = SeasonalNaive().fit(monthly(values)).forecast(12)
    assert outlook.median.to_numpy()[0, 4] == pytest.approx(5.0)


def test_months_of_a_year_are_over_or_under_together():
    """Whole years moved, so the total of a year is as uncertain as its months."""
    rng = np.random.default_rng(3)
    level = np.exp(rng.normal(0, 0.2, 12).cumsum()).repeat(12)
    outlook = SeasonalNaive().fit(monthly(100 * level)).forecast(12, paths=5000)
    total = outlook.total(by="year")
    single = (outlook.sd / outlook.mean).to_numpy().mean()
    assert total.sd / total.mean > 0.7 * single  # 0.29 if they were independent
    assert SeasonalNaive().fit(monthly(100 * level)).params["rho"].item() > 0.85


def test_less_than_a_year_is_forecast_by_its_last_value():
    outlook = SeasonalNaive().fit(monthly([4.0, 6.0, 5.0])).forecast(2, paths=MANY)
    np.testing.assert_allclose(outlook.median.to_numpy(), 5.0, rtol=0.02)


# ---------------------------------------------------------------------------- run rate


def test_seven_months_of_fourteen_billion_make_twenty_four():
    outlook = (
        RunRate().fit(monthly([2.0] * 7, "2021-01")).forecast("2021-12", paths=MANY)
    )
    assert outlook.draws.shape[1] == 5
    assert outlook.total(by="year").median == pytest.approx(24.0, rel=0.01)


def test_with_two_full_years_the_rest_follows_their_shares():
    shape = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9.0])
    values = [*shape, *(2 * shape), *[3.0] * 6]
    seasonal = RunRate().fit(monthly(values)).forecast("2021-12")
    np.testing.assert_allclose(seasonal.median.to_numpy()[0], 3 * shape[6:], rtol=0.02)
    even = RunRate(pattern="even").fit(monthly(values)).forecast("2021-12", paths=MANY)
    months = even.median.to_numpy()[0]
    np.testing.assert_allclose(months, months[0], rtol=0.1)


def test_one_broken_year_does_not_move_the_shares():
    usual = np.array([1.0] * 6 + [2.0] * 6)
    values = np.concatenate([usual, usual, usual[::-1], usual, usual, np.ones(3)])
    fit = RunRate().fit(monthly(values)).units_fitted[0]
    np.testing.assert_allclose(fit.shares, usual / usual.sum())
    assert fit.total == pytest.approx(18.0 / 2.0)  # in units of the largest value


def test_a_complete_year_is_repeated_and_later_years_repeat_it():
    shape = np.arange(1.0, 13.0)
    outlook = RunRate().fit(monthly(np.tile(shape, 4))).forecast(24, paths=5000)
    np.testing.assert_allclose(
        outlook.median.to_numpy()[0], [*shape, *shape], rtol=0.02
    )


def test_the_interval_of_the_rest_is_that_of_past_years():
    """In each past year the second half was e^0.1 above or below its run rate."""
    halves = [np.exp(0.1 * sign) for sign in [1, -1] * 10]
    values = np.concatenate([[*[1.0] * 6, *[half] * 6] for half in halves])
    fit = RunRate(pattern="even").fit(monthly([*values, *[1.0] * 6]))
    assert fit.params["sigma_rest"].item() == pytest.approx(0.1, rel=1e-6)
    rest = fit.forecast("2039-12", paths=MANY).total(by="year")
    low, high = rest.interval(0.8)
    rest_of_year = np.log(np.array([low, high]) - 6) - np.log(6)
    np.testing.assert_allclose(rest_of_year, [-0.133, 0.133], atol=0.01)  # t(20)


def test_the_next_year_repeats_the_path_of_the_year_under_way():
    values = np.tile(np.ones(12), 5)
    noise = np.exp(np.random.default_rng(1).normal(0, 0.1, 60))
    outlook = (
        RunRate().fit(monthly([*(values * noise), *[1.0] * 6])).forecast("2025-12")
    )
    totals = outlook.total(by="year").draws[0]
    assert np.corrcoef(totals)[0, 1] > 0.3


def test_months_missing_in_the_year_so_far_do_not_lower_the_pace():
    values = [2.0, np.nan, 2.0, 2.0, np.nan, 2.0, 2.0]
    fit = RunRate().fit(monthly(values, "2021-01"))
    assert fit.params["pace"].item() == pytest.approx(24.0)


def test_quarters_run_at_their_pace_too():
    quarters = pd.period_range("2021Q1", periods=3, freq="Q")
    outlook = (
        RunRate()
        .fit(pd.Series([5.0, 5.0, 5.0], index=quarters))
        .forecast(1, paths=MANY)
    )
    assert outlook.total(by="year").median == pytest.approx(20.0, rel=0.01)


def test_yearly_series_are_forecast_as_by_naive():
    mine = RunRate().fit([3.0, 4.0, 6.0]).forecast(2, paths=50)
    theirs = Naive().fit([3.0, 4.0, 6.0]).forecast(2, paths=50)
    assert mine.draws.tobytes() == theirs.draws.tobytes()


def test_one_step_forecasts_of_the_run_rate_use_the_year_so_far():
    fit = RunRate(pattern="even").fit(monthly([2.0, 4.0, 6.0, 8.0])).fitted
    np.testing.assert_allclose(fit.to_numpy()[0], [np.nan, 2.0, 3.0, 4.0])


def test_an_unknown_pattern_is_refused():
    with pytest.raises(ModelError, match="F-526"):
        RunRate(pattern="monthly")


# ------------------------------------------------------------------------------ season


def test_positions_in_the_year_go_round():
    assert Season(12, 10).positions(1, 4).tolist() == [11, 0, 1, 2]
