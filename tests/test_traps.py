"""Traps of forecasting trade that any series model could fall into, one test each.

Numbers are those of the list of thirty traps in the design of series. Those that are not
here belong to one part of the package and are tested with it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.nowcasting import nowcast
from forecast.panel import TradePanel
from forecast.scores import (
    absolute_scaled_error,
    mean_percentage_error,
    symmetric_percentage_error,
)
from forecast.series import ETS, Drift, Naive, SeasonalNaive, Theta
from forecast.series.adjusting.calendar_effects import CalendarAdjusted
from forecast.series.adjusting.cleaned import Cleaned
from forecast.series.contract.model import Season
from forecast.series.pairs.vector import VAR
from forecast.series.plain.robust_drift import RobustDrift
from forecast.series.smoothing.components import UnobservedComponents

MODELS = [
    Naive(),
    Drift(),
    RobustDrift(),
    ETS(),
    Theta(),
    UnobservedComponents(),
    VAR(),
    Cleaned(Drift()),
]
every_model = pytest.mark.parametrize("recipe", MODELS, ids=lambda recipe: recipe.name)


def both_ways(values: dict[tuple[str, str], np.ndarray]) -> TradePanel:
    """A panel of years; keys are exporter and importer."""
    rows = [
        pd.DataFrame(
            {
                "exporter": origin,
                "importer": destination,
                "year": 2000 + np.arange(len(flows)),
                "trade": flows,
            }
        )
        for (origin, destination), flows in values.items()
    ]
    return TradePanel.from_frame(
        pd.concat(rows, ignore_index=True),
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        unit="million USD",
    )


@pytest.fixture(scope="module")
def trade() -> TradePanel:
    """Three pairs, both directions each, of very different size."""
    rng = np.random.default_rng(7)
    sizes = {"KZ": 9.0, "UZ": 6.0, "AM": 2.0}
    return both_ways(
        {
            ends: np.exp(size + rng.normal(0.04, 0.12, 18).cumsum())
            for other, size in sizes.items()
            for ends in [("RU", other), (other, "RU")]
        }
    )


def test_2_the_mean_of_outcomes_is_the_mean_that_was_forecast():
    """Random walks of logarithms, sd 0.3: their median falls short by exp(0.045)."""
    rng = np.random.default_rng(2)
    to_mean, to_median = [], []
    for _ in range(5000):
        y = np.exp(rng.normal(0, 0.3, 60).cumsum())
        paths = (
            Naive()
            .fit_values(y[:-1], Season())
            .paths(rng.standard_normal((1, 400)), rng)
        )
        to_mean.append(y[-1] / paths.mean())
        to_median.append(y[-1] / np.median(paths))
    assert np.mean(to_mean) == pytest.approx(1, abs=0.02)
    assert np.mean(to_median) == pytest.approx(np.exp(0.3**2 / 2), abs=0.02)


@every_model
def test_2_a_median_is_called_one_and_lies_below_the_mean(recipe, trade):
    table = recipe.fit(trade).forecast(5, paths=2000).to_frame()
    last = table[table["period"] == table["period"].max()]
    assert (last["median"] < last["mean"]).mean() > 0.8


@every_model
def test_3_growth_of_the_total_is_growth_of_the_parts_by_their_weights(recipe, trade):
    outlook = recipe.fit(trade).forecast(1, paths=200)
    base = outlook.history.iloc[:, -1].to_numpy()
    weights = base / base.sum()
    parts, whole = outlook.growth().draws[:, 0], outlook.total().growth().draws[0, 0]
    np.testing.assert_allclose(weights @ parts, whole, atol=1e-9)
    assert np.abs(parts.mean(axis=0) - whole).max() > 0.1  # the mean of growths is not


def test_3_three_pairs_by_hand():
    """100, 10 and 1 grow to 110, 9 and 2: 121 of 111 is 9.009 per cent, not 33.3."""
    units = pd.DataFrame({"pair": ["a", "b", "c"]})
    draws = np.array([110.0, 9.0, 2.0])[:, None, None]
    before = pd.DataFrame(
        [[100.0], [10.0], [1.0]], columns=pd.period_range("2020", "2020", freq="Y")
    )
    outlook = Forecast(
        draws, units, pd.period_range("2021", "2021", freq="Y"), history=before
    )
    assert outlook.total().growth().median == pytest.approx(100 * 10 / 111)
    assert outlook.growth().median.to_numpy().ravel() == pytest.approx([10, -10, 100])


@every_model
def test_4_turnover_is_exports_plus_imports_wherever_one_looks(recipe, trade):
    outlook = recipe.fit(trade).forecast(4, paths=300)
    turnover = outlook.turnover()
    keys = list(outlook.units.itertuples(index=False, name=None))
    for row, (a, b) in enumerate(turnover.units[["a", "b"]].itertuples(index=False)):
        there, back = (
            outlook.draws[keys.index((a, b))],
            outlook.draws[keys.index((b, a))],
        )
        np.testing.assert_allclose(turnover.draws[row], there + back, rtol=1e-12)
        points = outlook.mean.loc[(a, b)] + outlook.mean.loc[(b, a)]
        np.testing.assert_allclose(turnover.mean.iloc[row], points, rtol=1e-12)
        one = turnover.to_frame([80, 95]).query("a == @a and b == @b")
        tails = np.quantile(there + back, [0.025, 0.1, 0.5, 0.9, 0.975], axis=1)
        columns = ["lower_95", "lower_80", "median", "upper_80", "upper_95"]
        np.testing.assert_allclose(one[columns].to_numpy().T, tails, rtol=1e-9)


@pytest.mark.parametrize(
    ("recipe", "least"),
    [(Drift(), 0.93), (RobustDrift(), 0.93), (UnobservedComponents(), 0.91)],
    ids=["Drift", "RobustDrift", "UnobservedComponents"],
)
def test_7_intervals_of_twenty_values_hold_what_they_promise(recipe, least):
    """Walks with drift, of which model and spread must be learnt from 20 values.

    A model that must find out whether shocks last at all falls a little short.
    """
    inside = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = np.exp(rng.normal(0.03, 0.1, 24).cumsum())
        paths = recipe.fit_values(y[:20], Season()).paths(
            rng.standard_normal((4, 400)), rng
        )
        low, high = np.quantile(paths, [0.025, 0.975], axis=1)
        inside.append((low <= y[20:]) & (y[20:] <= high))
    assert least <= np.mean(inside) <= 0.97


def test_17_a_break_two_years_ago_does_not_bend_what_takes_it_out():
    """By the errors of many series; and the break is listed with its year and size."""
    errors = {recipe.name: [] for recipe in (Drift(), RobustDrift(), Cleaned(Drift()))}
    listed = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.normal(0.03, 0.04, 23).cumsum()
        x[18:] -= 0.6  # the last but one of 20
        years = pd.period_range("2003", periods=20, freq="Y")
        flow = pd.Series(np.exp(x[:20]), years)
        for recipe in (Drift(), RobustDrift(), Cleaned(Drift())):
            fit = recipe.fit(flow)
            wrong = np.log(fit.point(3).to_numpy()[0]) - x[20:]
            errors[recipe.name].append(np.abs(wrong).mean())
        listed.append("2021" in fit.breaks["period"].astype(str).tolist())
    mean = {name: np.mean(values) for name, values in errors.items()}
    assert mean["Drift, cleaned"] <= 0.9 * mean["Drift"]
    assert mean["RobustDrift"] <= 0.9 * mean["Drift"]
    assert np.mean(listed) > 0.9
    assert "level shift 2021" in fit.forecast(1, paths=10).notes[-1]


@every_model
def test_19_zeros_are_neither_lost_nor_infinite(recipe):
    rng = np.random.default_rng(3)
    flows = {
        ("RU", f"P{k}"): rng.lognormal(2, 1, 20) * (rng.random(20) > 0.4)
        for k in range(6)
    }
    flows["RU", "NEW"] = np.concatenate([np.zeros(15), [1.0, 3, 4, 6, 9]])
    flows["RU", "GONE"] = np.concatenate([[9.0, 6, 4], np.zeros(17)])
    panel = both_ways(flows)
    outlook = recipe.fit(panel).forecast(3, paths=200)
    assert len(outlook.units) == len(flows)
    assert np.isfinite(outlook.draws).all()
    assert (outlook.draws >= 0).all()
    fit = recipe.fit(panel)
    assert np.isfinite(fit.point(3).to_numpy()).all()
    growth = outlook.growth()
    gone = growth.units.index[growth.units["importer"] == "GONE"][0]
    assert np.isnan(growth.draws[gone, 0]).all()  # from a zero
    assert "growth from zero is not defined" in " ".join(growth.notes)


@pytest.fixture(scope="module")
def daily() -> pd.Series:
    """So much a day, growing a little, by the days of each month."""
    months = pd.period_range("2015-01", "2023-12", freq="M")
    rng = np.random.default_rng(22)
    rate = np.exp(
        1 + 0.002 * np.arange(len(months)) + rng.normal(0, 0.005, len(months))
    )
    return pd.Series(rate * months.days_in_month, months)


def test_22_february_is_no_dip_in_what_the_model_sees(daily):
    fit = CalendarAdjusted(Naive()).fit(daily)
    february = daily.index.month == 2

    def dips(y: np.ndarray) -> np.ndarray:
        x = np.log(y)
        around = (np.roll(x, 1) + np.roll(x, -1)) / 2
        return (x - around)[february]

    assert dips(daily.to_numpy()).mean() < -0.09
    assert abs(dips(fit.adjusted.to_numpy()[0]).mean()) < 0.01


def test_22_a_leap_day_is_forecast(daily):
    """2024 is a leap year: a 29th of the month more than the year before."""
    recipe = SeasonalNaive()
    adjusted = CalendarAdjusted(recipe).fit(daily).point("2024-02").iloc[0, -1]
    plain = recipe.fit(daily).point("2024-02").iloc[0, -1]
    assert adjusted / plain == pytest.approx(29 / 28, abs=0.008)


def test_23_percentages_of_tiny_pairs_neither_explode_nor_vanish_unsaid():
    actual, point = np.array([0.0, 0.0, 1e-9, 100.0]), np.array([0.0, 5.0, 1.0, 110.0])
    symmetric = symmetric_percentage_error(actual, point)
    assert symmetric.tolist() == pytest.approx([0, 200, 200, 2000 / 210])
    scaled = absolute_scaled_error(actual, point, 10.0)
    assert scaled.tolist() == pytest.approx([0, 0.5, 0.1, 1.0])
    plain = mean_percentage_error([0.0, 50.0, 100.0], [3.0, 55.0, 90.0])
    assert plain.value == pytest.approx(10)
    assert (plain.count, plain.zeros) == (2, 1)


@every_model
def test_29_years_are_years_in_five_encodings(recipe):
    flow = np.exp(np.random.default_rng(1).normal(0.05, 0.1, 15).cumsum())
    encodings = {
        "year ends": pd.date_range("2005", periods=15, freq="YE"),
        "year starts": pd.date_range("2005", periods=15, freq="YS"),
        "periods": pd.period_range("2005", periods=15, freq="Y"),
        "whole numbers": pd.Index(range(2005, 2020)),
        "text": pd.Index([str(year) for year in range(2005, 2020)]),
    }
    answers = {}
    for name, index in encodings.items():
        by_series = recipe.fit(pd.Series(flow, index=index)).forecast(2, paths=40)
        frame = pd.DataFrame({"r": "KZ", "when": index, "trade": flow})
        panel = TradePanel.from_frame(frame, unit=["r"], period="when", flow="trade")
        by_panel = recipe.fit(panel).forecast("2021", paths=40)
        answers[name] = (
            by_series.draws.tobytes(),
            by_panel.draws.tobytes(),
            [str(period) for period in by_series.periods],
            [str(period) for period in by_panel.periods],
        )
    assert answers["text"][2:] == (["2020", "2021"], ["2020", "2021"])
    assert all(answer == answers["text"] for answer in answers.values())


@every_model
@pytest.mark.parametrize("kind", ["falling", "wild", "zeros", "last is tiny"])
def test_30_no_quantile_is_negative(recipe, kind):
    rng = np.random.default_rng(30)
    y = {
        "falling": 100 * 0.6 ** np.arange(20.0),
        "wild": np.exp(rng.normal(0, 2, 20)),
        "zeros": rng.poisson(0.7, 20).astype(float),
        "last is tiny": np.append(np.full(19, 100.0) + rng.normal(0, 20, 19), 0.01),
    }[kind]
    outlook = recipe.fit(y).forecast(10, paths=300)
    for probability in (0.0001, 0.005, 0.025, 0.1, 0.5):
        assert (outlook.quantile(probability) >= 0).all(axis=None)
    assert (recipe.fit(y).point(10) >= 0).all(axis=None)


# ----------------------------------------------------------- 18: a broken base year


def months(last_year_of: int, broken: bool) -> TradePanel:
    """Six steady years and seven months; the last full year may have lost its spring."""
    rng = np.random.default_rng(18)
    periods = pd.period_range("2015-01", f"{last_year_of}-07", freq="M")
    season = np.tile(1 + 0.2 * np.sin(np.arange(12) / 2), 7)[: len(periods)]
    flows = 100 * season * np.exp(rng.normal(0, 0.05, len(periods)))
    if broken:
        lost = (periods.year == last_year_of - 1) & (periods.month < 8)
        flows = np.where(lost, 0.45 * flows, flows)
    frame = pd.DataFrame({"unit": "A", "month": periods, "trade": flows})
    return TradePanel.from_frame(
        frame, unit=["unit"], period="month", flow="trade", measure="million USD"
    )


def test_18_a_year_whose_base_was_broken_is_less_certain_and_not_misled():
    """Shares of the broken year alone would give a fifth more; the median year does not."""
    whole, broken = (
        nowcast(months(2021, broken=b), 2021, as_of="2021-09-30") for b in (False, True)
    )
    width = {}
    for name, year in (("whole", whole), ("broken", broken)):
        low, high = year.interval(0.8)
        width[name] = np.log(high / low)
    assert width["broken"] > 1.2 * width["whole"]
    frame = months(2021, broken=True).to_frame().set_index("month")["trade"]
    last = frame[frame.index.year == 2020]
    pro_rata = frame["2021"].sum() * last.sum() / last.iloc[:7].sum()
    assert pro_rata > 1.2 * whole.median
    assert abs(np.log(broken.median / whole.median)) < 0.08


# ---------------------------------------------------------------- 20, 21: the currency


@pytest.mark.parametrize("recipe", MODELS, ids=lambda recipe: recipe.name)
def test_20_the_currency_of_a_fixed_rate_changes_no_growth(recipe, trade):
    """A forecast in roubles at a constant 73 is 73 times the one in dollars."""
    roubles = trade.to_frame().assign(trade=lambda t: 73.0 * t["trade"])
    other = TradePanel.from_frame(
        roubles,
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        unit="million RUB",
    )
    ours, theirs = (recipe.fit(p).forecast(2, paths=40) for p in (trade, other))
    np.testing.assert_allclose(theirs.draws, 73 * ours.draws, rtol=1e-6)
    np.testing.assert_allclose(
        theirs.growth().draws, ours.growth().draws, rtol=1e-6, atol=1e-6
    )


def test_20_a_devaluation_is_a_fall_in_dollars_and_none_in_roubles():
    """One real path in two currencies; the rate doubles in the last year."""
    real = np.exp(np.random.default_rng(20).normal(0.03, 0.05, 16).cumsum() + 6)
    rate = np.where(np.arange(16) < 15, 35.0, 70.0)
    dollars, roubles = real / rate * 35, real
    last = {
        name: Naive().fit(flows).forecast(1).median
        for name, flows in (("dollars", dollars), ("roubles", roubles))
    }
    assert last["roubles"] / last["dollars"] == pytest.approx(70 / 35, rel=0.02)


def test_20_21_amounts_of_different_units_are_never_subtracted(trade):
    """Nor does anything convert them: a rate is the caller's, with its date."""
    roubles = TradePanel.from_frame(
        trade.to_frame(),
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        unit="million RUB",
    )
    ours, theirs = (Naive().fit(p).forecast(1, paths=10) for p in (trade, roubles))
    with pytest.raises(ModelError, match="F-512"):
        ours.minus(theirs)
