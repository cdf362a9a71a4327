"""Losses and tests of accuracy: twins by the definition, other programs' numbers, size.

Numbers of R are those of ``forecast::dm.test`` for errors of `ets` and `auto.arima` on
``WWWusage`` (training 1 to 80, test 81 to 100), as printed by::

    f1 <- ets(WWWusage[1:80]); f2 <- auto.arima(WWWusage[1:80])
    e1 <- residuals(ets(WWWusage[81:100], model = f1))
    e2 <- residuals(Arima(WWWusage[81:100], model = f2))
    dm.test(e1, e2, h = 1); dm.test(e1, e2, h = 10); dm.test(e1, e2, h = 1, power = 1)
"""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pytest
from scipy import stats

from benchmarks import size_of_accuracy_tests as sizes
from forecast import scores
from forecast.errors import MissingPackageError, NumberError
from forecast.scores.long_run import cosine_weights, mean_variance

ETS = np.array([
    0.002241270, -0.000661906, -1.200002613, -4.000218178, 3.799373533, 3.401005111,
    -1.199692125, -0.800490048, -1.200048999, 3.399847229, 7.000708948, 2.200989241,
    -4.800165569, -1.201043375, 3.400167556, 3.000709085, 0.400267950, -6.800169207,
    -2.401259050, 1.200112198,
])  # fmt: skip
ARIMA = np.array([
    0.1209998, 8.0622269, -0.9189429, -1.7952436, 5.3431277, 2.0459823, -0.6073261,
    0.5516816, -0.7633238, 4.1229472, 5.8785333, 1.2828331, -3.4854233, 1.1971370,
    3.1709314, 2.3408457, 0.4962286, -5.9841362, 0.1537114, 0.4207951,
])  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(5)


# ---------------------------------------------------------------------- losses of points


LOSSES = {
    "absolute": scores.absolute_error,
    "squared": scores.squared_error,
    "symmetric": scores.symmetric_percentage_error,
    "absolute scaled": lambda a, f: scores.absolute_scaled_error(a, f, 2.0),
    "squared scaled": lambda a, f: scores.squared_scaled_error(a, f, 2.0),
    "growth": lambda a, f: scores.growth_error(a, f, 2.0),
    "sign": lambda a, f: scores.same_sign(a, f, 2.0),
    "pinball": lambda a, f: scores.pinball(a, f, 0.3),
    "covered": lambda a, f: scores.covered(a, f, f + 1),
    "winkler": lambda a, f: scores.winkler(a, f, f + 1, 0.8),
    "crps": lambda a, f: scores.crps(a, np.stack([f, f + 1], axis=-1)),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_what_is_unknown_stays_unknown_and_the_rest_broadcasts(loss):
    actual = np.array([[1.0], [np.nan], [3.0]])
    point = np.array([2.5, np.nan])
    found = loss(actual, point)
    assert found.shape == (3, 2)
    unknown = np.array([[False, True], [True, True], [False, True]])
    assert np.array_equal(np.isnan(found), unknown)


def test_a_symmetric_percentage_is_zero_where_nothing_was_traded_as_foreseen():
    found = scores.symmetric_percentage_error(
        [0.0, 0.0, 5.0, 1.0], [0.0, 1.0, 0.0, 3.0]
    )
    assert found.tolist() == [0.0, 200.0, 200.0, 100.0]


def test_percentages_of_zero_are_skipped_and_counted():
    found = scores.mean_percentage_error([100, 0, 0, np.nan, 50], [110, 3, 0, 1, 40])
    assert found.value == pytest.approx(15.0)
    assert (found.count, found.zeros, found.missing) == (2, 2, 1)
    assert "2 of zero and 1 not known" in repr(found)
    assert np.isnan(scores.mean_percentage_error([0.0], [1.0]).value)


def test_the_seasonal_scale_is_the_error_of_the_seasonal_naive_forecast(rng):
    y = rng.normal(size=30)
    for m in (1, 4, 12):
        errors = [y[t] - y[t - m] for t in range(m, 30)]
        assert scores.seasonal_scale(y, m) == pytest.approx(np.mean(np.abs(errors)))
        assert scores.squared_seasonal_scale(y, m) == pytest.approx(
            np.mean(np.square(errors))
        )


def test_a_history_shorter_than_a_season_is_scaled_by_its_changes():
    assert scores.seasonal_scale([1.0, 3.0, 2.0], 12) == 1.5
    assert scores.seasonal_scale([1.0, np.nan, 2.0, 5.0], 1) == 3.0
    assert np.isnan(scores.seasonal_scale([4.0], 12))
    with pytest.raises(NumberError, match="F-270"):
        scores.seasonal_scale(np.ones((2, 3)))


def test_a_history_without_change_gives_no_unit():
    scale = scores.seasonal_scale([2.0, 2.0, 2.0])
    assert scale == 0
    assert np.isnan(scores.absolute_scaled_error([1.0, 2.0], 2.0, scale)).all()
    assert np.isnan(scores.squared_scaled_error([1.0, 2.0], 2.0, scale)).all()


# ------------------------------------------------------------------------- distributions


def test_the_crps_of_draws_is_its_double_sum(rng):
    draws, actual = rng.normal(size=(6, 15)), rng.normal(size=6)
    twin = [
        np.mean([abs(x - y) for x in d])
        - np.sum([[abs(x - z) for z in d] for x in d]) / (2 * d.size**2)
        for y, d in zip(actual, draws, strict=True)
    ]
    assert scores.crps(actual, draws) == pytest.approx(twin, rel=1e-12)


def test_the_crps_of_normal_quantiles_is_the_closed_form_of_the_normal():
    m = 20_000
    draws = stats.norm.ppf((np.arange(m) + 0.5) / m)
    for y in (-2.0, 0.0, 0.7):
        closed = (
            y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
        )
        assert scores.crps(y, draws) == pytest.approx(closed, abs=2e-4)


def test_the_crps_of_one_draw_is_the_absolute_error_and_is_exact_far_from_zero():
    assert scores.crps([5.0], [[3.0]]).tolist() == [2.0]
    near = scores.crps([0.5], [[0.0, 1.0, 3.0]])
    far = scores.crps([1e9 + 0.5], [[1e9, 1e9 + 1, 1e9 + 3]])
    assert far == pytest.approx(near, rel=1e-12)


def test_twice_the_mean_pinball_loss_over_all_quantiles_is_the_crps(rng):
    draws = np.sort(rng.normal(size=4000))
    p = (np.arange(4000) + 0.5) / 4000
    assert 2 * scores.pinball(0.3, draws, p).mean() == pytest.approx(
        float(scores.crps(0.3, draws)), rel=1e-6
    )


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_quantile_has_the_smallest_expected_pinball_loss(rng, p):
    sample = rng.exponential(size=20_001)
    tried = np.linspace(0, 4, 401)
    means = [scores.pinball(sample, q, p).mean() for q in tried]
    assert tried[np.argmin(means)] == pytest.approx(np.quantile(sample, p), abs=0.011)


def test_the_interval_score_is_the_pinball_loss_of_its_ends(rng):
    y, low, width = rng.normal(size=(3, 50))
    high = low + np.abs(width)
    ends = scores.pinball(y, low, 0.1) + scores.pinball(y, high, 0.9)
    assert scores.winkler(y, low, high, 0.8) == pytest.approx(2 * ends / 0.2)
    assert scores.winkler(y, low, high, 80) == pytest.approx(2 * ends / 0.2)


def test_an_interval_covers_its_ends():
    found = scores.covered([1.0, 2.0, 3.0, 3.1], 1.0, 3.0)
    assert found.tolist() == [1.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("F-271", lambda: scores.pinball(1.0, 1.0, [0.5, 1.2])),
        ("F-271", lambda: scores.pinball(1.0, 1.0, np.nan)),
        ("F-272", lambda: scores.winkler(1.0, 0.0, 2.0, 0.0)),
        ("F-272", lambda: scores.winkler(1.0, 0.0, 2.0, 100)),
    ],
    ids=map(str, range(4)),
)
def test_what_is_no_probability_is_refused(code, call):
    with pytest.raises(NumberError, match=code):
        call()


# ---------------------------------------------------------------------------- directions


def test_the_growth_error_is_the_difference_of_the_growths(rng):
    actual, point, base = rng.uniform(50, 150, size=(3, 20))
    growths = 100 * (actual / base - 1) - 100 * (point / base - 1)
    assert scores.growth_error(actual, point, base) == pytest.approx(growths)
    assert np.isnan(scores.growth_error(1.0, 2.0, 0.0))


def test_the_naive_forecast_is_right_about_directions_as_often_as_a_coin():
    found = scores.same_sign([11.0, 9.0, 10.0], 10.0, 10.0)
    assert found[:2].tolist() == [0.5, 0.5]
    assert np.isnan(found[2])


def test_turning_points_are_counted_as_by_hand():
    levels = np.array([1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 2.0, 3.0])
    foreseen = np.array([np.nan, np.nan, 2.5, 2.5, 2.5, 0.5, 3.0, 3.0])
    found = scores.turning_points(levels[2:], foreseen[2:], levels[1:-1], levels[:-2])
    # Periods 2 to 7: a rise foreseen; a turn foreseen; a turn foreseen that did not come;
    # a turn not foreseen; a rise foreseen and no change; nothing to turn from.
    assert (found.hits, found.misses, found.false_alarms) == (1, 1, 1)
    assert (found.quiet, found.unclear) == (2, 1)
    assert (found.hit_rate, found.false_alarm_rate) == (0.5, 1 / 3)
    assert repr(found).startswith("1 of 2 turning points foreseen, 1 false alarms in 3")
    assert np.isnan(scores.turning_points(np.nan, 1.0, 1.0, 1.0).hit_rate)


# ------------------------------------------------------------- variances of a mean


def test_all_cosines_together_give_the_usual_variance_of_a_mean(rng):
    d = rng.normal(size=15)
    found = scores.diebold_mariano(d, cosines=14)
    usual = stats.ttest_1samp(d, 0.0)
    assert found.statistic == pytest.approx(usual.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(usual.pvalue, rel=1e-10)


def test_a_weight_of_a_cosine_is_its_sum(rng):
    d = rng.normal(size=9)
    for j, weight in enumerate(cosine_weights(d, 4), start=1):
        sums = [d[t] * np.cos(np.pi * j * (t + 0.5) / 9) for t in range(9)]
        assert weight == pytest.approx(np.sqrt(2 / 9) * np.sum(sums))


def test_the_classic_variance_is_the_sum_of_autocovariances_with_its_correction(rng):
    d, n, h = rng.normal(size=25).cumsum(), 25, 3
    x = d - d.mean()
    gamma = [sum(x[t] * x[t - k] for t in range(k, n)) / n for k in range(h)]
    factor = (n + 1 - 2 * h + h * (h - 1) / n) / n
    for name, weights in (("rectangular", (1, 2, 2)), ("Bartlett", (1, 4 / 3, 2 / 3))):
        found = mean_variance(d, h, name)
        expected = np.dot(weights, gamma) / n / factor
        assert found.value == pytest.approx(expected)
        assert found.degrees_of_freedom == n - 1


def test_the_periodogram_is_averaged_over_the_cube_root_of_n_frequencies(rng):
    d, n = rng.normal(size=30), 30
    powers = [
        abs(sum(d[t] * np.exp(2j * np.pi * k * t / n) for t in range(n))) ** 2 / n
        for k in (1, 2, 3)
    ]
    found = mean_variance(d, 2, "periodogram")
    assert found.value == pytest.approx(np.mean(powers) / n)
    assert found.degrees_of_freedom == 6


def test_a_negative_variance_falls_back_to_bartlett_weights_and_says_so():
    d = np.tile([1.0, -1.0], 10) + 0.3
    found = scores.diebold_mariano(d, 2, variance="rectangular")
    assert "Bartlett kernel, since the rectangular one gave a negative" in repr(found)
    assert found.std_error == pytest.approx(
        scores.diebold_mariano(d, 2, variance="Bartlett").std_error
    )
    assert found.std_error > 0


# --------------------------------------------------------------------- Diebold-Mariano


@pytest.mark.parametrize(
    ("power", "horizon", "p_value"), [(2, 1, 0.8871), (2, 10, 0.9362), (1, 1, 0.7818)]
)
def test_the_classic_test_gives_the_numbers_of_r(power, horizon, p_value):
    d = np.abs(ETS) ** power - np.abs(ARIMA) ** power
    found = scores.diebold_mariano(d, horizon, variance="rectangular")
    assert found.p_value == pytest.approx(p_value, abs=6e-5)


def test_the_classic_test_gives_the_number_of_statsmodels():
    """``diebold_mariano_test(0, -ETS, -ARIMA, lags=0, harvey_adj=True)``, version 0.15.0."""
    found = scores.diebold_mariano(ETS**2 - ARIMA**2, variance="rectangular")
    assert found.statistic == pytest.approx(-0.14391805963454918, rel=1e-9)
    assert found.p_value == pytest.approx(0.8870806756738937, rel=1e-9)


def test_exchanging_the_forecasts_changes_the_sign_and_the_unit_changes_nothing(rng):
    d = rng.normal(size=20) + 0.5
    for variance in ("cosines", "periodogram", "rectangular", "Bartlett"):
        one = scores.diebold_mariano(d, 2, variance=variance)
        other = scores.diebold_mariano(-1000 * d, 2, variance=variance)
        assert other.statistic == pytest.approx(-one.statistic)
        assert other.p_value == pytest.approx(one.p_value)


def test_unknown_origins_are_left_out(rng):
    d = rng.normal(size=12)
    with_gap = np.insert(d, 5, np.nan)
    assert scores.diebold_mariano(with_gap, 2) == scores.diebold_mariano(d, 2)


def test_forecasts_that_are_the_same_do_not_differ():
    assert scores.diebold_mariano(np.zeros(9)).p_value == 1
    assert scores.panel_diebold_mariano(np.zeros((3, 9))).p_value == 1
    assert scores.model_confidence_set(np.ones((12, 3))).included == ("0", "1", "2")


@pytest.mark.parametrize("d", [[], [1.0], [1.0, 2.0, 4.0], [2.0] * 9])
def test_where_there_is_too_little_to_tell_there_is_no_p_value(d):
    horizon = 3 if len(d) == 3 else 1
    found = scores.diebold_mariano(d, horizon)
    assert np.isnan(found.p_value)
    assert "too little to tell" in repr(found)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("F-273", lambda: scores.diebold_mariano(np.ones((2, 5)))),
        ("F-273", lambda: scores.panel_diebold_mariano(np.ones(5))),
        ("F-273", lambda: scores.giacomini_white(np.ones((2, 5)))),
        ("F-273", lambda: scores.model_confidence_set(np.ones(5))),
        ("F-274", lambda: scores.diebold_mariano(np.ones(5), 0)),
        ("F-274", lambda: scores.diebold_mariano(np.ones(5), cosines=0)),
        ("F-274", lambda: scores.giacomini_white(np.ones(5), horizon=0)),
        ("F-274", lambda: scores.model_confidence_set(np.ones((9, 2)), horizon=0)),
        ("F-275", lambda: scores.diebold_mariano(np.ones(5), variance="guess")),
        ("F-275", lambda: scores.panel_diebold_mariano(np.eye(3), dependence="none")),
        ("F-276", lambda: scores.forecast_encompassing(np.ones(5), np.ones(4))),
        ("F-276", lambda: scores.giacomini_white(np.ones(5), np.ones((4, 1)))),
        ("F-276", lambda: scores.model_confidence_set(np.ones((9, 2)), names=["a"])),
        (
            "F-276",
            lambda: scores.superior_predictive_ability(np.ones(8), np.ones((9, 2))),
        ),
    ],
    ids=map(str, range(14)),
)
def test_what_does_not_fit_is_refused(code, call):
    with pytest.raises(NumberError, match=code):
        call()


@pytest.mark.parametrize("design", ["squared", "full overlap"])
@pytest.mark.parametrize(("n", "horizon"), [(20, 4), (20, 8), (80, 8)])
def test_overlapping_horizons_do_not_make_equal_forecasts_differ(design, n, horizon):
    """5 % with four standard deviations of chance; the long form is in benchmarks."""
    found = sizes.pair_sizes(1500, design, n, horizon, ["cosines"])
    assert 2.5 <= found["cosines"] <= 7.5


def test_the_classic_test_rejects_too_often_with_few_overlapping_origins():
    found = sizes.pair_sizes(1500, "squared", 20, 4, ["rectangular", "cosines"])
    assert found["rectangular"] > 8 > found["cosines"]


def test_a_clear_difference_is_found(rng):
    a, b = sizes.two_errors(rng, (40,), 2)
    found = scores.diebold_mariano((3 * a) ** 2 - b**2, 2)
    assert found.p_value < 0.05
    assert found.mean > 0


# -------------------------------------------------------------------------------- panels


def test_of_one_unit_the_panel_test_is_the_test_of_a_pair(rng):
    d = rng.normal(size=12)
    one, pair = (
        scores.panel_diebold_mariano(d[None, :], 2),
        scores.diebold_mariano(d, 2),
    )
    assert one.statistic == pytest.approx(pair.statistic)
    assert one.p_value == pytest.approx(pair.p_value)


def test_over_origins_alone_the_panel_test_is_that_of_the_averages(rng):
    d = sizes.panel(rng, 7, 12, 2, common=0.3)
    found = scores.panel_diebold_mariano(d, 2, dependence="origins")
    pair = scores.diebold_mariano(d.mean(axis=0), 2)
    assert found.statistic == pytest.approx(pair.statistic)
    assert found.p_value == pytest.approx(pair.p_value)


def test_the_variance_of_a_panel_has_the_parts_of_its_formula(rng):
    d = sizes.panel(rng, 6, 10, 2, common=0.2, lasting=1.0)
    found = scores.panel_diebold_mariano(d, 2)
    time = scores.diebold_mariano(d.mean(axis=0), 2).std_error ** 2
    units = d.mean(axis=1).var(ddof=1) / 6
    cells = sum(scores.diebold_mariano(row, 2).std_error ** 2 for row in d) / 36
    # A row's cosines are those of its own deviations; the means have none.
    assert found.std_error**2 == pytest.approx(time + max(units - cells, 0))
    assert found.share_of_units == pytest.approx(
        1 - time / (time + max(units - cells, 0))
    )
    quantile = (1 - found.share_of_units) * stats.t.isf(found.p_value / 2, 2)
    quantile += found.share_of_units * stats.t.isf(found.p_value / 2, 5)
    assert quantile == pytest.approx(abs(found.statistic))


def test_a_unit_or_an_origin_without_any_loss_changes_nothing(rng):
    d = rng.normal(size=(5, 9)) + 0.4
    wider = np.full((6, 10), np.nan)
    wider[np.ix_([0, 1, 3, 4, 5], [0, 1, 2, 3, 4, 5, 7, 8, 9])] = d
    assert scores.panel_diebold_mariano(wider) == scores.panel_diebold_mariano(d)


def test_the_order_of_units_changes_nothing_that_matters(rng):
    d = sizes.panel(rng, 30, 8, 2, common=0.3)
    d[rng.random(d.shape) < 0.1] = np.nan
    one, other = (scores.panel_diebold_mariano(x, 2) for x in (d, d[::-1]))
    assert other.mean == pytest.approx(np.nanmean(d))
    assert other.p_value == pytest.approx(one.p_value, rel=1e-9)


@pytest.mark.parametrize(
    ("design", "units", "origins", "horizon"),
    [
        ("common shocks", 20, 6, 1),
        ("common shocks", 100, 8, 3),
        ("strong common shocks", 100, 12, 2),
        ("units differ much", 20, 8, 2),
    ],
)
def test_many_units_do_not_make_few_years_many(design, units, origins, horizon):
    """The t test over cells rejects equal forecasts several times as often as it says."""
    found = sizes.panel_sizes(800, design, units, origins, horizon)
    assert 0.5 <= found["two-way"] <= 8
    assert found["cells"] > 3 * found["two-way"]


def test_units_that_differ_for_good_are_allowed_for():
    found = sizes.panel_sizes(500, "units differ much", 20, 12, 1)
    assert found["origins"] > 20
    assert found["two-way"] < 8


# ---------------------------------------------------------- conditional, nested, combined


def test_with_all_cosines_the_conditional_test_is_hotellings(rng):
    d, z = rng.normal(size=30), np.column_stack([np.ones(30), rng.normal(size=30)])
    g = z * d[:, None]
    t2 = 30 * g.mean(axis=0) @ np.linalg.inv(np.cov(g.T)) @ g.mean(axis=0)
    statistic = (30 - 2) / (2 * 29) * t2
    found = scores.giacomini_white(d, z, cosines=29)
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(stats.f.sf(statistic, 2, 28))
    assert found.coefficients == pytest.approx(np.linalg.lstsq(z, d)[0])


def test_with_a_constant_alone_the_conditional_test_is_diebold_and_marianos(rng):
    d = rng.normal(size=24)
    found = scores.giacomini_white(d, np.ones(24), 3)
    pair = scores.diebold_mariano(d, 3)
    assert found.statistic == pytest.approx(pair.statistic**2)
    assert found.p_value == pytest.approx(pair.p_value)


def test_the_usual_instruments_are_known_at_the_origin(rng):
    """The difference of h origins before has its outcome at the origin, a later one not."""
    d = rng.normal(size=30)
    z = np.column_stack([np.ones(27), d[:-3]])
    by_hand = scores.giacomini_white(d[3:], z, 3)
    found = scores.giacomini_white(d, horizon=3)
    assert found.statistic == by_hand.statistic
    assert found.origins == 27


def test_a_state_that_foretells_the_better_forecast_is_found(rng):
    state = rng.normal(size=60)
    d = 0.8 * state + rng.normal(size=60)
    instruments = np.column_stack([np.ones(60), state])
    assert scores.giacomini_white(d, instruments).p_value < 0.01
    few = scores.giacomini_white(d[:8], instruments[:8], 4)
    assert "too little to tell" in repr(few)


def test_the_nested_test_gives_back_what_estimation_in_vain_costs(rng):
    small, large, at_small, at_large = sizes.useless_regressor(rng, 2000, 1)
    plain = scores.diebold_mariano(small**2 - large**2)
    nested = scores.clark_west(small, large, at_small, at_large)
    assert plain.mean < 0
    assert nested.mean > plain.mean
    gain = small**2 - (large**2 - (at_small - at_large) ** 2)
    assert nested.mean == pytest.approx(gain.mean())
    assert nested.std_error == pytest.approx(scores.diebold_mariano(gain).std_error)


def test_the_larger_model_wins_where_its_regressor_is_useful(rng):
    x = rng.normal(size=60)
    y = 0.7 * x + rng.normal(size=60)
    found = scores.clark_west(y, y - 0.7 * x, np.zeros(60), 0.7 * x)
    assert found.p_value < 0.01


def test_the_encompassing_test_is_that_of_the_published_differences(rng):
    a, b = rng.normal(size=(2, 30))
    found = scores.forecast_encompassing(a, b, 2, variance="rectangular")
    pair = scores.diebold_mariano(a * (a - b), 2, variance="rectangular")
    assert found.statistic == pytest.approx(pair.statistic)
    combined = [np.mean(((1 - w) * a + w * b) ** 2) for w in np.linspace(-1, 2, 3001)]
    assert found.weight == pytest.approx(
        np.linspace(-1, 2, 3001)[np.argmin(combined)], abs=6e-4
    )


def test_a_forecast_with_noise_adds_nothing_and_an_independent_one_does(rng):
    a, noisy = sizes.encompassed(rng, 200, 1)
    assert scores.forecast_encompassing(a, noisy).p_value > 0.05
    assert scores.forecast_encompassing(a, rng.normal(size=200)).p_value < 0.001


def test_the_other_tests_hold_their_size_with_few_overlapping_origins():
    found = sizes.other_sizes(800, 40, 4)
    assert all(
        1.5 <= found[name] <= 7.5
        for name in ("Giacomini-White", "Clark-West", "encompassing")
    )


# ---------------------------------------------------------------------------- many models


def test_among_100_models_of_noise_few_are_taken_for_better_or_worse():
    found = sizes.many_sizes(20, 100, 40, 1)
    assert found["confidence set"] <= 10
    assert found["superior ability"] <= 10


def test_a_bad_model_leaves_the_set_and_the_best_stays(rng):
    losses = rng.normal(size=(60, 4)) ** 2 + np.array([0.0, 0.0, 3.0, 0.0])
    names = ["drift", "theta", "wild", "ets"]
    found = scores.model_confidence_set(losses, names=names, seed=1)
    best = names[int(losses.mean(axis=0).argmin())]
    assert "wild" in found.excluded
    assert best in found.included
    assert found.p_values[names.index(best)] == 1
    assert best in repr(found)


def test_a_model_far_ahead_of_the_benchmark_is_found_among_many(rng):
    losses = rng.normal(size=(60, 30)) ** 2 + 2
    losses[:, 7] -= 2
    found = scores.superior_predictive_ability(
        rng.normal(size=60) ** 2 + 2, losses, repetitions=300
    )
    assert found.best == "7"
    assert found.p_value < 0.01
    assert found.p_lower <= found.p_value <= found.p_upper


def test_the_same_seed_gives_the_same_set(rng):
    losses = rng.normal(size=(30, 5)) ** 2
    one, same, other = (
        scores.model_confidence_set(losses, seed=s, repetitions=200) for s in (1, 1, 2)
    )
    assert one.p_values.tolist() == same.p_values.tolist() != other.p_values.tolist()


def test_models_with_the_same_losses_share_their_p_value(rng):
    losses = rng.normal(size=(30, 3)) ** 2
    twice = np.column_stack([losses, losses[:, 1]])
    found = scores.model_confidence_set(twice, repetitions=200)
    assert found.p_values[1] == found.p_values[3]


@pytest.mark.parametrize(("n", "horizon"), [(9, 1), (39, 2), (0, 1)])
def test_few_origins_exclude_no_model(rng, n, horizon):
    losses = rng.normal(size=(n, 3)) ** 2 + np.array([0.0, 0.0, 100.0])
    found = scores.model_confidence_set(losses, horizon=horizon)
    assert found.included == ("0", "1", "2")
    assert "too few origins" in repr(found)
    if n:
        ability = scores.superior_predictive_ability(
            losses[:, 2], losses[:, :2], horizon=horizon
        )
        assert np.isnan(ability.p_value)
        assert "too few origins" in repr(ability)


def test_without_the_package_a_comparison_of_many_says_how_to_install_it(
    rng, monkeypatch
):
    real = builtins.__import__

    def without_arch(name, *args, **kwargs):
        if name.split(".")[0] == "arch":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.split(".")[0] == "arch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_arch)
    with pytest.raises(MissingPackageError, match=r"turnover-forecast\[backtest\]"):
        scores.model_confidence_set(rng.normal(size=(12, 2)))
