"""What every series model promises, whatever it computes."""

from __future__ import annotations

import copy
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import ForecastError, ModelError, NumberError, PeriodError
from forecast.forecasts import Forecast
from forecast.panel import TradePanel
from forecast.series import (
    ETS,
    Auto,
    Combination,
    Conformal,
    Drift,
    Naive,
    Recipe,
    RunRate,
    SeasonalNaive,
    Theta,
)
from forecast.series.adjusting.cleaned import Cleaned
from forecast.series.arima.model import ARIMA
from forecast.series.contract.dependence import draw_shocks, estimate_dependence
from forecast.series.plain.robust_drift import RobustDrift
from forecast.series.regression.arma_errors import ARMA
from forecast.series.regression.model import Regression
from forecast.series.smoothing.complex_smoothing import CES
from forecast.series.smoothing.components import UnobservedComponents
from forecast.series.smoothing.exponential import SES, HoltWinters
from forecast.series.smoothing.theta import DynamicTheta

RECIPES = [
    Naive(),
    SeasonalNaive(),
    Drift(),
    RunRate(),
    RunRate(pattern="even"),
    ETS(),
    ETS(trends=("none", "damped"), seasonal=False, scale="absolute"),
    ETS(scale="log"),
    ETS(scale="relative"),
    SES(),
    HoltWinters(),
    Theta(),
    Theta(theta=2.0, scale="absolute"),
    Theta(scale="log"),
    UnobservedComponents(),
    UnobservedComponents(cycle=True, scale="absolute"),
    RobustDrift(shrink=3),
    Cleaned(Drift()),
    DynamicTheta(),
    Regression(errors=ARMA(), pooled=False),
    Regression(errors=Drift()),
    CES(),
    ARIMA(),
    ARIMA(order=(0, 1, 1), seasonal_order=(0, 1, 1)),
    ARIMA(scale="root", drift=False),
    Conformal(Drift(), holdout=3),
    Combination((Drift(), Theta())),
    Combination((Drift(), Theta(), Naive()), weights="median"),
    Combination((Drift(), Naive()), weights=(2, 1)),
    Auto((SeasonalNaive(), Theta())),
]
PARTS = {"Y": 1, "Q": 4, "M": 12}
FREQ_OF_LENGTH = {14: "Y", 23: "Q", 31: "M"}
PAIRS = [("KZ", "RU"), ("RU", "KZ"), ("KZ", "UZ"), ("UZ", "KZ"), ("BY", "RU")] + [
    ("RU", other) for other in ("AM", "BY", "KG", "TJ")
]

every_model = pytest.mark.parametrize("recipe", RECIPES, ids=repr)


def table(freq: str, n: int, pairs: int = 9, scale: float = 1.0) -> pd.DataFrame:
    """Positive flows of pairs that grow, with seasons where there are any."""
    rng = np.random.default_rng(5)
    periods = pd.period_range("2008-03", periods=n, freq=freq)
    common = rng.normal(0.03, 0.1, n).cumsum()
    rows = []
    for origin, destination in PAIRS[:pairs]:
        season = np.tile(rng.normal(0, 0.2, PARTS[freq]), n)[:n]
        walk = common + rng.normal(0, 0.1, n).cumsum() + season + rng.normal(3, 1)
        flows = {"period": periods.astype(str), "trade": scale * np.exp(walk)}
        rows.append(pd.DataFrame({"exporter": origin, "importer": destination} | flows))
    return pd.concat(rows, ignore_index=True)


@cache
def usual(recipe: Recipe, n: int) -> Forecast:
    """Three periods on from `table` of n periods, whose number tells the frequency."""
    return quick(recipe, panel_of(table(FREQ_OF_LENGTH[n], n)))


def panel_of(frame: pd.DataFrame) -> TradePanel:
    return TradePanel.from_frame(
        frame,
        origin="exporter",
        destination="importer",
        period="period",
        flow="trade",
        unit="million USD",
    )


@pytest.fixture(scope="module", params=FREQ_OF_LENGTH)
def n(request) -> int:
    """Length of a panel, with its frequency."""
    return request.param


@pytest.fixture(scope="module")
def frame(n) -> pd.DataFrame:
    return table(FREQ_OF_LENGTH[n], n)


@pytest.fixture(scope="module")
def yearly() -> pd.DataFrame:
    return table("Y", 14)


def single(recipe: Recipe) -> Recipe:
    """The model itself: one series has too few scores to calibrate `Conformal`."""
    return recipe.model if isinstance(recipe, Conformal) else recipe


def quick(recipe: Recipe, data, horizon=3, **options) -> Forecast:
    return recipe.fit(data).forecast(horizon, **({"paths": 60} | options))


# ------------------------------------------------------------ recipe, fit and forecast


@every_model
def test_a_forecast_has_a_path_for_every_unit_and_period(recipe, frame, n):
    panel, outlook = panel_of(frame), usual(recipe, n)
    assert outlook.draws.shape == (9, 3, 60)
    assert outlook.periods[0] == panel.periods[-1] + 1
    assert outlook.measure == "million USD"
    assert outlook.model == recipe.name
    assert (outlook.origin, outlook.destination) == ("exporter", "importer")
    pd.testing.assert_frame_equal(outlook.units, panel.units)
    np.testing.assert_array_equal(outlook.history.to_numpy(), panel.matrix()[0])
    assert outlook.turnover().units["a"].tolist() == ["BY", "KZ", "KZ"]


@every_model
def test_fitting_leaves_the_recipe_and_the_data_as_they_were(recipe, yearly):
    before, data = copy.deepcopy(recipe), yearly.copy()
    panel = panel_of(yearly)
    twin = panel_of(yearly)
    recipe.fit(panel).forecast(2, paths=10)
    assert recipe == before
    assert panel.equals(twin)
    pd.testing.assert_frame_equal(yearly, data)
    array = np.array([3.0, 4.0, np.nan, 5.0] * 12)
    kept = array.copy()
    single(recipe).fit(array).forecast(2, paths=10)
    np.testing.assert_array_equal(array, kept)


@every_model
def test_recipes_and_fits_are_frozen(recipe, yearly):
    fields = dataclasses.fields(recipe)
    if fields:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(recipe, fields[0].name, None)
    fit = recipe.fit(panel_of(yearly))
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.recipe = None


@every_model
def test_forecasting_leaves_the_fit_as_it_was(recipe, yearly):
    fit = recipe.fit(panel_of(yearly))
    before = fit.params, fit.fitted, fit.residuals, repr(fit)
    first = fit.forecast(3, paths=50).draws.tobytes()
    fit.forecast(7, paths=20, seed=3)
    assert fit.forecast(3, paths=50).draws.tobytes() == first
    after = fit.params, fit.fitted, fit.residuals, repr(fit)
    for was, is_now in zip(before[:3], after[:3], strict=True):
        pd.testing.assert_frame_equal(was, is_now)
    assert before[3] == after[3]


@every_model
def test_tables_of_a_fit_have_a_row_for_every_unit(recipe, frame):
    panel = panel_of(frame)
    fit = recipe.fit(panel)
    assert fit.fitted.shape == fit.residuals.shape == panel.matrix()[0].shape
    assert np.nanmin(fit.fitted) >= 0
    assert fit.residuals.notna().to_numpy().mean() > 0.4
    assert list(fit.params.columns[:2]) == ["exporter", "importer"]
    assert len(fit.params) == 9
    assert recipe.name.split(",")[0] in repr(fit)


# -------------------------------------------------------------------------- same bits


@every_model
def test_the_same_seed_gives_the_same_bits_and_another_does_not(recipe, yearly):
    panel = panel_of(yearly)
    draws = quick(recipe, panel, seed=4).draws
    assert quick(recipe, panel, seed=4).draws.tobytes() == draws.tobytes()
    assert not np.isclose(quick(recipe, panel, seed=5).draws, draws).all(axis=2).any()


@every_model
def test_the_order_of_rows_and_units_changes_no_bit(recipe, frame, n):
    draws = usual(recipe, n).draws
    shuffled = frame.sample(frac=1, random_state=2)
    assert quick(recipe, panel_of(shuffled)).draws.tobytes() == draws.tobytes()


@every_model
def test_units_are_fitted_side_by_side_with_the_same_bits(recipe, frame, n):
    panel = panel_of(frame)
    with ThreadPoolExecutor(3) as pool:
        side_by_side = recipe.fit(panel, pool=pool).forecast(3, paths=60)
    assert side_by_side.draws.tobytes() == usual(recipe, n).draws.tobytes()


@every_model
def test_a_longer_horizon_does_not_change_the_first_periods(recipe, frame, n):
    long = quick(recipe, panel_of(frame), 15)
    assert long.draws[:, :3].tobytes() == usual(recipe, n).draws.tobytes()


@every_model
def test_what_comes_after_the_cut_changes_no_bit(recipe, frame):
    panel = panel_of(frame)
    cut = panel.periods[-3].end_time.normalize()
    scrambled = frame.copy()
    late = pd.PeriodIndex(frame["period"], freq=panel.periods.freq) > panel.periods[-3]
    scrambled.loc[late, "trade"] *= 10
    mine, theirs = (
        quick(recipe, panel_of(f).as_of(cut)).draws for f in (frame, scrambled)
    )
    assert mine.tobytes() == theirs.tobytes()


@every_model
def test_the_calendar_year_has_no_influence(recipe, frame, n):
    later = frame.copy()
    later["period"] = [str(int(p[:4]) + 12) + p[4:] for p in frame["period"]]
    mine, theirs = usual(recipe, n), quick(recipe, panel_of(later))
    assert mine.draws.tobytes() == theirs.draws.tobytes()
    assert theirs.periods[0].year == mine.periods[0].year + 12


# ------------------------------------------------------------------ laws of the numbers


@every_model
@pytest.mark.parametrize("c", [1e-6, 7e8])
def test_forecasts_follow_the_unit_of_measurement(recipe, frame, n, c):
    larger = frame.assign(trade=frame["trade"] * c)
    mine, theirs = usual(recipe, n), quick(recipe, panel_of(larger))
    np.testing.assert_allclose(theirs.draws, c * mine.draws, rtol=1e-6)


@every_model
def test_nothing_is_negative_and_levels_nest(recipe, frame):
    outlook = quick(recipe, panel_of(frame), 8, paths=200).to_frame([50, 80, 95])
    ladder = ["lower_95", "lower_80", "lower_50", "median", "upper_50", "upper_80"]
    ladder = outlook[[*ladder, "upper_95"]].to_numpy()
    assert (ladder >= 0).all()
    assert (np.diff(ladder, axis=1) >= 0).all()
    assert (ladder[:, -1] > ladder[:, 0]).all()


@every_model
def test_the_year_is_the_sum_of_its_months_on_every_path(recipe):
    outlook = quick(recipe, panel_of(table("M", 31, pairs=7)), "2010-12")
    yearly = outlook.total(by="year")
    assert str(outlook.history_periods[-9]) == "2010-01"
    history = outlook.history.iloc[:, -9:].sum(axis=1).to_numpy()[:, None]
    np.testing.assert_allclose(
        yearly.draws[:, 0], history + outlook.draws[:, :3].sum(axis=1), rtol=1e-12
    )
    np.testing.assert_allclose(
        yearly.total().draws, outlook.total().total(by="year").draws, rtol=1e-12
    )


HOSTILE = {
    "one value": [5.0],
    "two values": [5.0, 7.0],
    "three values": [5.0, 7.0, 6.0],
    "one zero": [0.0],
    "all zero": [0.0] * 20,
    "constant": [3.0] * 20,
    "zero, then trade": [0.0] * 10 + [5.0, 6.0, 8.0],
    "trade, then zero": [5.0, 6.0, 8.0] + [0.0] * 10,
    "intermittent": [0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 9.0, 0.0, 1.0, 0.0, 0.0, 0.0] * 3,
    "gaps": [4.0, np.nan, 5.0, 6.0, np.nan, np.nan, 7.0, 7.5, 8.0, np.nan, 9.0] * 3,
    "mostly gaps": [4.0] + [np.nan] * 30 + [5.0],
    "a season never seen": [*([3.0] + [np.nan] * 3 + [4.0, 6.0] + [7.0] * 6) * 4, 5.0],
    "a spike": [1.0] * 10 + [1e6] + [1.0] * 10,
    "falling fast": list(1e6 * 0.3 ** np.arange(20)),
    "growing fast": list(3.0 ** np.arange(30)),
    "huge": [1e300, 1.1e300, 0.9e300, 1.3e300, 1.2e300, 1.4e300, 1.1e300, 1.5e300],
    "tiny": [1e-300, 1.1e-300, 0.9e-300, 1.3e-300, 1.2e-300, 1.4e-300, 1.1e-300],
    "denormal": [5e-324, 1e-323, 5e-324, 1e-323, 1.5e-323, 1e-323, 5e-324, 1e-323],
}


@pytest.mark.parametrize("freq", ["Y", "Q", "M"])
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "recipe", [r for r in RECIPES if not isinstance(r, Conformal)], ids=repr
)
def test_hostile_series_are_survived(recipe, name, freq):
    values = HOSTILE[name]
    periods = pd.period_range("2003-02", periods=len(values), freq=freq)
    outlook = quick(recipe, pd.Series(values, index=periods), 14, paths=40)
    largest = np.nanmax(values)
    assert (
        outlook.draws.max() <= 1000 * largest + 1e-300
    )  # finite is checked by Forecast
    if name in ("all zero", "one zero"):
        assert (outlook.draws == 0).all()


@every_model
@settings(max_examples=8)
@given(
    st.lists(st.floats(0, 1e12), min_size=1, max_size=30),
    st.sampled_from(["Y", "Q", "M"]),
)
def test_any_flow_can_be_forecast(recipe, values, freq):
    periods = pd.period_range("2003-02", periods=len(values), freq=freq)
    outlook = quick(single(recipe), pd.Series(values, index=periods), 5, paths=20)
    assert outlook.draws.shape == (1, 5, 20)


@every_model
def test_a_constant_series_goes_on(recipe):
    months = pd.period_range("2018-01", periods=60, freq="M")
    outlook = quick(single(recipe), pd.Series(8.0, index=months))
    np.testing.assert_allclose(outlook.draws, 8.0, rtol=1e-6)


@every_model
def test_a_single_value_goes_on_with_an_interval(recipe):
    low, high = quick(single(recipe), [8.0], 1, paths=2000).interval(0.8)
    assert 8 * 0.5 < low < 8 * 0.9
    assert 8 * 1.1 < high < 8 * 2


@every_model
def test_units_that_end_earlier_are_forecast_to_the_same_horizon(recipe, yearly):
    missing = (yearly["exporter"] == "KZ") & (yearly["importer"] == "RU")
    missing &= yearly["period"] >= "2020"
    outlook = quick(recipe, panel_of(yearly[~missing]), 1, paths=500)
    assert (outlook.draws > 0).all()
    spread = outlook.sd / outlook.mean
    whole = quick(recipe, panel_of(yearly), 1, paths=500)
    before = whole.sd / whole.mean
    assert spread.loc[("KZ", "RU")].item() > before.loc[("KZ", "RU")].item()


# ------------------------------------------------------------------------------ horizons


@every_model
@pytest.mark.parametrize("horizon", [0, -1, 10**5, 1.5, True, "2020", "soon", None])
def test_an_impossible_horizon_has_a_named_error(recipe, yearly, horizon):
    fit = recipe.fit(panel_of(yearly))
    with pytest.raises(PeriodError, match=r"F-421|F-402"):
        fit.forecast(horizon, paths=10)


@every_model
def test_a_horizon_is_a_number_or_the_last_period(recipe, yearly):
    panel = panel_of(yearly)
    by_number, by_label = quick(recipe, panel, 3), quick(recipe, panel, "2024")
    assert by_number.draws.tobytes() == by_label.draws.tobytes()


@pytest.mark.parametrize("paths", [0, -5, 2.5, True])
def test_an_impossible_number_of_paths_is_refused(paths):
    with pytest.raises(ModelError, match="F-524"):
        Naive().fit([1.0, 2.0]).forecast(1, paths=paths)


def test_too_many_paths_are_refused_before_memory_is_taken():
    fit = Naive().fit([1.0, 2.0])
    with pytest.raises(ModelError, match=r"F-525: 1 units x 1,200 .* take 9,600.0 GB"):
        fit.forecast(1200, paths=10**9)
    assert fit.forecast(1, paths=1000, largest_gb=1e-5).n_paths == 1000


# -------------------------------------------------------------------------- what is fitted


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        (pd.DataFrame({"y": [1.0]}), ModelError, "F-520"),
        ("flow", ModelError, "F-520"),
        (None, ModelError, "F-520"),
        ([], ModelError, "F-521"),
        ([np.nan, np.nan], ModelError, "F-521"),
        ([[1.0, 2.0]], ModelError, "F-522"),
        (np.float64(3.0), ModelError, "F-520"),
        ([1.0, -2.0], NumberError, "F-206"),
        ([1.0, np.inf], NumberError, "F-204"),
        (["1 234,5"], NumberError, "F-202"),
        ([1 + 2j], NumberError, "F-207"),
        ([True, False], NumberError, "F-208"),
        ([{"a": 1}], NumberError, "F-201"),
        (pd.Series([1.0, 2.0], index=[2020, 2020]), PeriodError, "F-436"),
        (pd.Series([1.0, 2.0], index=["a", "b"]), PeriodError, "F-402"),
    ],
    ids=range(15),
)
def test_what_cannot_be_fitted_has_a_named_error(data, error, code):
    with pytest.raises(error, match=code) as caught:
        Naive().fit(data)
    assert isinstance(caught.value, ForecastError)


def test_units_without_any_value_are_named(yearly):
    frame = yearly.copy()
    frame.loc[frame["importer"] == "UZ", "trade"] = np.nan
    with pytest.raises(ModelError, match=r"F-521: 1 of 9 units.*KZ–UZ"):
        Naive().fit(panel_of(frame))


def test_periods_of_a_series_may_stand_in_any_order_and_spelling():
    straight = pd.Series(
        [1.0, 2.0, 4.0], index=pd.period_range("2019", periods=3, freq="Y")
    )
    spelt = pd.Series([4.0, 1.0, 2.0], index=["2021", "2019", "2020"])
    mine, theirs = quick(Drift(), straight), quick(Drift(), spelt)
    assert mine.draws.tobytes() == theirs.draws.tobytes()
    assert str(theirs.periods[0]) == "2022"


def test_absent_periods_of_a_series_are_gaps():
    series = pd.Series([1.0, 2.0], index=["2019", "2022"])
    assert Naive().fit(series).fitted.shape == (1, 4)


def test_an_array_is_taken_as_years_from_one():
    outlook = quick(Naive(), np.array([1, 2, 3]), 2)
    assert outlook.periods.year.tolist() == [4, 5]
    named = quick(Naive(), pd.Series([1, 2, 3], name="flow"), 2)
    assert named.units["unit"].tolist() == ["flow"]


# ----------------------------------------------------------------- shocks across units


def correlation_of_draws(panel: TradePanel) -> np.ndarray:
    draws = Naive().fit(panel).forecast(1, paths=4000).draws[:, 0]
    return np.corrcoef(np.log(draws))


def two_pairs(first: np.ndarray, second: np.ndarray) -> TradePanel:
    years = np.arange(2000, 2000 + len(first))
    ends = {"exporter": "KZ", "importer": "RU", "period": years, "trade": first}
    back = {"exporter": "RU", "importer": "KZ", "period": years, "trade": second}
    return panel_of(pd.concat([pd.DataFrame(ends), pd.DataFrame(back)]))


def test_flows_that_moved_together_are_forecast_to_move_together():
    walk = np.exp(np.random.default_rng(1).normal(0, 0.2, 40).cumsum())
    assert correlation_of_draws(two_pairs(walk, 3 * walk))[0, 1] > 0.95


def test_flows_that_moved_on_their_own_are_forecast_so():
    walks = np.exp(np.random.default_rng(3).normal(0, 0.2, (2, 200)).cumsum(axis=1))
    assert abs(correlation_of_draws(two_pairs(*walks))[0, 1]) < 0.15


def test_the_turnover_of_flows_that_move_together_is_as_uncertain_as_they_are():
    walk = np.exp(np.random.default_rng(1).normal(0, 0.2, 40).cumsum())
    outlook = Naive().fit(two_pairs(walk, walk)).forecast(1)
    low, high = outlook.turnover().interval(0.8)
    lows, highs = outlook.interval(0.8)
    assert high - low > 0.93 * (highs - lows).to_numpy().sum()


def test_shocks_have_variance_one_and_the_shrunk_correlation():
    rng = np.random.default_rng(0)
    residuals = rng.normal(size=(4, 30)) + rng.normal(size=30)
    residuals[1, :12] = np.nan
    dependence = estimate_dependence(residuals)
    streams = [np.random.default_rng(k) for k in range(4)]
    shocks = draw_shocks(dependence, rng, streams, steps=1, paths=200_000)[:, 0]
    np.testing.assert_allclose(shocks.var(axis=1), 1, atol=0.02)
    expected = dependence.loadings @ dependence.loadings.T
    np.fill_diagonal(expected, 1)
    np.testing.assert_allclose(np.corrcoef(shocks), expected, atol=0.02)


def test_the_shrinkage_is_that_of_the_pairwise_formula():
    """The twin goes over all pairs; the package only over periods by periods."""
    rng = np.random.default_rng(2)
    residuals = rng.normal(size=(7, 15)) + rng.normal(size=15)
    e = residuals / np.sqrt((residuals**2).mean(axis=1, keepdims=True))
    count = e.shape[1]
    pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
    w = np.array([e[i] * e[j] for i, j in pairs])
    r = w.mean(axis=1)
    variance = count / (count - 1) ** 3 * ((w - r[:, None]) ** 2).sum()
    expected = variance / ((r - r.mean()) ** 2).sum()
    dependence = estimate_dependence(residuals)
    assert dependence.mean == pytest.approx(r.mean())
    assert dependence.shrinkage == pytest.approx(min(expected, 1))


def test_the_total_over_many_units_keeps_their_common_shock():
    """Towards no correlation at all, most of it would be shrunk away."""
    rng = np.random.default_rng(4)
    residuals = rng.normal(0, 1, (500, 20)) + rng.normal(0, 0.5, 20)
    loadings = estimate_dependence(residuals).loadings
    mean_correlation = (loadings.sum(axis=0) ** 2).sum() / 500**2
    common = residuals.mean(axis=0)
    assert mean_correlation == pytest.approx((common**2).mean() / 1.25, rel=0.3)


def test_few_common_periods_leave_units_independent():
    dependence = estimate_dependence(np.ones((3, 4)))
    assert dependence.loadings.shape == (3, 0)
    assert (dependence.own == 1).all()


# ---------------------------------------------------------------------------- conformal


def random_walks(units: int, n: int, sd: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 100 * np.exp(rng.normal(0, sd, (units, n)).cumsum(axis=1))


def region_panel(values: np.ndarray) -> TradePanel:
    units, n = values.shape
    frame = pd.DataFrame(
        {
            "region": np.repeat(np.arange(units), n),
            "year": np.tile(np.arange(2000, 2000 + n), units),
            "trade": values.ravel(),
        }
    )
    return TradePanel.from_frame(frame, unit=["region"], period="year", flow="trade")


def test_calibrated_intervals_hold_where_the_models_own_were_too_narrow():
    """Errors grow threefold at the end of the sample and stay so afterwards."""
    walks = random_walks(300, 26, 0.05)
    walks[:, 18:] = walks[:, [17]] * (walks[:, 18:] / walks[:, [17]]) ** 3
    panel, outcome = region_panel(walks[:, :22]), walks[:, 22:]
    share = {}
    for recipe in (Naive(), Conformal(Naive(), holdout=4)):
        low, high = recipe.fit(panel).forecast(4, paths=500).interval(0.95)
        share[recipe.name] = ((low <= outcome) & (outcome <= high)).to_numpy().mean()
    assert share["Naive"] < 0.85
    assert share["Naive, calibrated"] > 0.9


@pytest.mark.parametrize("sd", [0.02, 0.3])
def test_calibrated_intervals_cover_what_they_say(sd):
    walks = random_walks(600, 24, sd)
    fit = Conformal(Naive(), holdout=4).fit(region_panel(walks[:, :20]))
    outlook = fit.forecast(4, paths=999)
    for level, least, most in ((50, 0.46, 0.55), (80, 0.77, 0.84), (95, 0.93, 0.97)):
        low, high = outlook.interval(level)
        held = ((low <= walks[:, 20:]) & (walks[:, 20:] <= high)).to_numpy()
        assert least < held.mean() < most


def test_calibration_knows_that_small_units_are_harder_to_forecast():
    """They jump at times: their usual change is as small, their tails are heavy."""
    rng = np.random.default_rng(3)
    steps = rng.normal(0, 0.05, (400, 24))
    steps[200:] *= np.where(rng.random((200, 24)) < 0.1, 12, 1)
    walks = np.exp(steps.cumsum(axis=1)) * np.r_[[1e6] * 200, [1.0] * 200][:, None]
    outlook = Conformal(Naive(), holdout=4, classes=2).fit(region_panel(walks[:, :20]))
    low, high = outlook.forecast(4, paths=999).interval(0.95)
    held = ((low <= walks[:, 20:]) & (walks[:, 20:] <= high)).to_numpy()
    assert 0.92 < held[:200].mean() < 0.98
    assert 0.92 < held[200:].mean() < 0.98


def test_calibration_keeps_the_point_forecast_and_ranks():
    fit = Conformal(Drift(), holdout=3).fit(region_panel(random_walks(30, 15, 0.1)))
    wide, raw = fit.forecast(3, paths=301), fit.whole.forecast(3, paths=301)
    np.testing.assert_allclose(wide.median, fit.point(3), rtol=1e-12)
    order = np.argsort(raw.draws, axis=2)
    assert (np.diff(np.take_along_axis(wide.draws, order, axis=2)) >= 0).all()


def test_the_half_widths_are_conformal_quantiles_of_the_scores():
    """The twin computes the scores of one horizon by hand."""
    walks = random_walks(40, 12, 0.1)
    fit = Conformal(Naive(), holdout=1, classes=1).fit(region_panel(walks))
    log = np.log(walks[:, :11])
    change = np.abs(np.diff(log, axis=1))
    recent = 0.5 ** (np.arange(9, -1, -1) / 5)
    own = (change * recent).sum(axis=1) / recent.sum()
    volatility = np.exp(
        (np.log(own) + np.median(np.log(own))) / 2
    )  # ten and ten changes
    scores = np.sort(np.abs(np.log(walks[:, 11]) - log[:, 10]) / volatility)
    level = 0.8
    rank = int(np.ceil(41 * level))
    low, high = fit.forecast(1, paths=20_001).interval(level)
    log_now = np.log(walks)
    change = np.abs(np.diff(log_now, axis=1))
    recent = 0.5 ** (np.arange(10, -1, -1) / 5)
    own = (change * recent).sum(axis=1) / recent.sum()
    middle = np.median(np.log(own))
    now = np.exp((11 * np.log(own) + 10 * middle) / 21)
    half = np.log(high / low).to_numpy()[:, 0] / 2
    np.testing.assert_allclose(half, now * scores[rank - 1], rtol=2e-3)


def test_units_with_zeros_are_calibrated_without_logarithms():
    rng = np.random.default_rng(2)
    flows = rng.poisson(1.5, (200, 24)).astype(float)
    fit = Conformal(Naive(), holdout=4).fit(region_panel(flows[:, :20]))
    low, high = fit.forecast(4, paths=999).interval(0.95)
    assert (low.to_numpy() >= 0).all()
    held = ((low <= flows[:, 20:]) & (flows[:, 20:] <= high)).to_numpy()
    assert held.mean() > 0.92


def test_too_few_scores_are_refused_or_pooled_with_a_note():
    with pytest.raises(ModelError, match=r"F-527: 9 scores"):
        Conformal(Naive(), holdout=2).fit(region_panel(random_walks(3, 15, 0.1)))
    pooled = Conformal(Naive(), holdout=4).fit(region_panel(random_walks(6, 15, 0.1)))
    note = pooled.forecast(2, paths=20).notes[-1]
    assert note.startswith("horizons 2, 3, 4 had fewer than 19 scores")


@pytest.mark.parametrize("holdout", [0, -1, 1.5, True])
def test_an_impossible_holdout_is_refused(holdout):
    with pytest.raises(ModelError, match="F-526"):
        Conformal(Naive(), holdout=holdout)


# ------------------------------------------------------------------- point forecasts


@every_model
def test_point_forecasts_are_near_the_median_of_the_paths(recipe, frame):
    fit = recipe.fit(panel_of(frame))
    median = fit.forecast(3, paths=4000).median
    inner = fit.forecast(3, paths=4000)
    low, high = inner.quantile(0.35), inner.quantile(0.65)
    point = fit.point(3)
    pd.testing.assert_index_equal(point.index, median.index)
    pd.testing.assert_index_equal(point.columns, median.columns)
    assert ((low <= point) & (point <= high)).all(axis=None)


@every_model
def test_point_forecasts_of_a_longer_horizon_begin_with_those_of_a_shorter(
    recipe, frame
):
    fit = recipe.fit(panel_of(frame))
    pd.testing.assert_frame_equal(fit.point(2), fit.point(5).iloc[:, :2])


@every_model
def test_a_series_is_fitted_alike_beside_others_and_alone(recipe, frame):
    together = single(recipe).fit(panel_of(frame))
    alone = single(recipe).fit(panel_of(frame).select(exporter="KZ", importer="RU"))
    row = together.units.index[
        (together.units["exporter"] == "KZ") & (together.units["importer"] == "RU")
    ]
    np.testing.assert_array_equal(
        together.point(4).to_numpy()[row], alone.point(4).to_numpy()
    )
