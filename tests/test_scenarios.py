"""Scenarios: what is changed changes, nothing else does, and what is assumed holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast as fc
from forecast.errors import ColumnError, ForecastWarning, ModelError
from forecast.forecasts import Forecast
from forecast.scenarios import (
    Change,
    Scenario,
    TotalAbout,
    TotalIs,
    TotalWithin,
    TradeCost,
    compare,
    gravity_scenario,
    held,
)

PAIRS = [
    ("KZ", "RU"),
    ("RU", "KZ"),
    ("KZ", "UZ"),
    ("UZ", "KZ"),
    ("RU", "UZ"),
    ("UZ", "RU"),
]
DAY = {"days": -1, "per_day": 0.8, "elasticity": 5, "source": "Hummels and Schaur 2013"}


def events() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = [
        (f"{year}-06-01", "document", *PAIRS[2 * rng.integers(3)], "signed")
        for year in range(2008, 2024)
        for _ in range(2)
    ]
    columns = ["date", "kind", "origin", "destination", "status"]
    return pd.DataFrame(rows, columns=columns)


RECIPES = {"documents": fc.Stock("document", half_life=3)}


@pytest.fixture(scope="module")
def log() -> fc.EventLog:
    return fc.EventLog.from_frame(events())


@pytest.fixture(scope="module")
def panel(log) -> fc.TradePanel:
    rng = np.random.default_rng(1)
    rows = [(o, d, year) for o, d in PAIRS for year in range(2008, 2024)]
    frame = pd.DataFrame(rows, columns=["origin", "destination", "year"])
    bare = fc.TradePanel.from_frame(
        frame.assign(trade=1.0, visits=rng.poisson(2, len(frame)), km=900.0),
        origin="origin",
        destination="destination",
        period="year",
        flow="trade",
        unit="million USD",
    ).with_indicators(log, **RECIPES)
    df = bare.to_frame()
    level = (
        3
        + 0.05 * df["documents"]
        + 0.04 * df["visits"]
        + 0.02 * (df["year"].dt.year - 2008)
    )
    df["trade"] = np.exp(level + rng.normal(0, 0.05, len(df)))
    return fc.TradePanel.from_frame(
        df,
        origin="origin",
        destination="destination",
        period="year",
        flow="trade",
        unit="million USD",
    )


@pytest.fixture(scope="module")
def future(panel, log) -> pd.DataFrame:
    return held(panel, 3, log=log, recipes=RECIPES)


@pytest.fixture(scope="module")
def series_fit(panel):
    return fc.Regression("documents", "visits").fit(panel)


@pytest.fixture(scope="module")
def gravity() -> fc.GravityFit:
    rng = np.random.default_rng(5)
    codes = [f"C{k}" for k in range(9)]
    rows = [
        (a, b, y) for a in codes for b in codes if a != b for y in range(2016, 2024)
    ]
    df = pd.DataFrame(rows, columns=["exporter", "importer", "year"])
    df["visits"] = rng.poisson(1.5, len(df))
    df["tariff"] = rng.uniform(0, 0.2, len(df))
    df["days"] = rng.integers(1, 9, len(df)).astype(float)
    size = df["exporter"].str[1:].astype(int) + df["importer"].str[1:].astype(int)
    mu = np.exp(
        2
        + 0.1 * size
        + 0.05 * df["visits"]
        - 4 * np.log1p(df["tariff"])
        - 0.03 * df["days"]
    )
    df["trade"] = mu * rng.gamma(20, 1 / 20, len(df))
    formula = "trade ~ visits + log(1 + tariff) + days | exporter^year + importer^year"
    df["cost"] = np.log1p(df["tariff"])
    return fc.Gravity(formula.replace("log(1 + tariff)", "cost")).fit(df)


def outlook(paths: int = 400) -> Forecast:
    rng = np.random.default_rng(4)
    common = rng.normal(0, 0.2, (1, 1, paths))
    draws = np.exp(3 + common + rng.normal(0, 0.2, (6, 2, paths)))
    units = pd.DataFrame(PAIRS, columns=["origin", "destination"])
    return Forecast(
        draws,
        units,
        pd.period_range("2024", "2025", freq="Y"),
        "million USD",
        origin="origin",
        destination="destination",
    )


# --------------------------------------------------------------- nothing and little


def test_without_a_change_the_forecast_is_the_baseline_bit_for_bit(
    series_fit, panel, future
):
    base = series_fit.forecast(3, indicators=future, paths=50)
    same = Scenario("as it is").forecast(series_fit, future, panel=panel, paths=50)
    np.testing.assert_array_equal(base.draws, same.draws)
    pd.testing.assert_frame_equal(Scenario("as it is").apply(future), future)
    for idle in ("+0", "*1", "+0%"):
        moved = Scenario("idle", {"documents": idle}).forecast(
            series_fit, future, paths=50
        )
        np.testing.assert_array_equal(base.draws, moved.draws)


def test_indicators_made_anew_without_an_event_are_the_baseline(future, panel, log):
    again = Scenario("as it is").apply(future, panel=panel, log=log, recipes=RECIPES)
    pd.testing.assert_frame_equal(again, future)


def test_the_future_given_is_not_changed(future):
    before = future.copy()
    Scenario("more", {"visits": "+5"}).apply(future)
    pd.testing.assert_frame_equal(before, future)


def test_other_pairs_are_not_touched_at_all(series_fit, panel, future):
    base = series_fit.forecast(3, indicators=future, paths=50)
    more = Scenario("more", {"visits": "+1"}, pairs=[("KZ", "RU")], start=2025)
    moved = more.forecast(series_fit, future, panel=panel, paths=50)
    pair = base.units["origin"].isin(["KZ", "RU"]) & base.units["destination"].isin(
        ["KZ", "RU"]
    )
    np.testing.assert_array_equal(base.draws[~pair], moved.draws[~pair])
    np.testing.assert_array_equal(base.draws[:, 0], moved.draws[:, 0])
    assert (base.draws[pair, 1] != moved.draws[pair, 1]).all()


# ------------------------------------------------------------------------- changes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5.0),
        ("=-5", -5.0),
        ("+5", 25.0),
        ("-5", 15.0),
        ("−5", 15.0),
        ("*1.1", 22.0),
        ("×2", 40.0),
        ("/2", 10.0),
        ("-10%", 18.0),
        ("+ 2.5 %", 20.5),
        (7, 7.0),
    ],
)
def test_changes_are_read_as_written(text, expected):
    frame = pd.DataFrame({"year": [2024], "x": [20.0]})
    assert Scenario("x", {"x": text}).apply(frame)["x"].item() == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    "text", ["10%", "*10%", "five", "", "+-5", "/0", "1e3", "5+", None, True]
)
def test_what_says_no_change_is_refused(text):
    with pytest.raises(ModelError, match="F-870"):
        Scenario("x", {"x": text})


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e6))
def test_adding_and_taking_away_gives_back_what_was(value, step):
    frame = pd.DataFrame({"year": [2024], "x": [value]})
    text = np.format_float_positional(step)
    up = Scenario("up", {"x": f"+{text}"}).apply(frame)
    down = Scenario("down", {"x": f"-{text}"}).apply(up)
    assert down["x"].item() == pytest.approx(value, abs=1e-6)


def test_functions_series_and_frames_say_values_row_by_row(future):
    by_hand = future["visits"] + future["documents"]
    made = Scenario("f", {"visits": lambda df: df["visits"] + df["documents"]}).apply(
        future
    )
    pd.testing.assert_series_equal(made["visits"], by_hand, check_names=False)
    series = pd.Series([1.0, 9.0], index=[2025, 2026])
    by_year = Scenario("s", {"visits": series}).apply(future)
    assert by_year.loc[by_year["year"].dt.year == 2026, "visits"].eq(9).all()
    first = future["year"].dt.year == 2024
    pd.testing.assert_series_equal(
        by_year.loc[first, "visits"], future.loc[first, "visits"]
    )
    table = pd.DataFrame(
        {"origin": ["KZ"], "destination": ["RU"], "year": ["2025"], "visits": [40.0]}
    )
    one = Scenario("t", {"visits": table}).apply(future)
    assert (one["visits"] != future["visits"]).sum() == 1


def test_changes_see_the_baseline_so_their_order_does_not_matter(future):
    changes = {"visits": lambda df: df["documents"], "documents": "+100"}
    first = Scenario("x", changes).apply(future)
    second = Scenario("x", dict(reversed(changes.items()))).apply(future)
    pd.testing.assert_frame_equal(first, second)
    assert first["visits"].max() < 100


def test_a_change_may_have_limits_of_its_own(future):
    changes = {"visits": Change("+1", where={"origin": "KZ"}), "documents": "+1"}
    out = Scenario("x", changes, start=2026).apply(future)
    moved = out["visits"] != future["visits"]
    assert moved.equals(future["origin"] == "KZ")
    assert (out["documents"] - future["documents"]).sum().round(9) == 6


def test_pairs_are_meant_in_both_directions_unless_said(future):
    both = Scenario("x", {"visits": "+1"}, pairs=("KZ", "RU")).apply(future)
    one = Scenario("x", {"visits": "+1"}, pairs=("KZ", "RU"), directed=True).apply(
        future
    )
    assert (both["visits"] - future["visits"]).sum() == 6
    assert (one["visits"] - future["visits"]).sum() == 3


def test_months_of_a_year_are_meant_by_the_year():
    frame = pd.DataFrame(
        {"month": pd.period_range("2024-11", periods=4, freq="M"), "x": 0.0}
    )
    out = Scenario("x", {"x": "1"}, start="2025").apply(frame)
    assert out["x"].tolist() == [0, 0, 1, 1]


def test_a_relative_change_of_nothing_is_refused(panel):
    with pytest.raises(ModelError, match="F-871"):
        Scenario("x", {"visits": "+5"}).apply(panel.future(2))
    assert Scenario("x", {"visits": "5"}).apply(panel.future(2))["visits"].eq(5).all()
    with pytest.raises(ModelError, match="F-871"):
        Scenario("x", {"visits": lambda df: np.full(len(df), np.inf)}).apply(
            panel.future(2)
        )


def test_limits_that_concern_nothing_are_refused(future):
    for limits in (
        {"pairs": [("KZ", "DE")]},
        {"where": {"origin": "DE"}},
        {"start": 2030},
        {"pairs": [("KZ", "RU")], "where": {"origin": "UZ"}},
        {"pairs": ["KZ"]},
    ):
        with pytest.raises(ModelError, match="F-872"):
            Scenario("x", {"visits": "+1"}, **limits).apply(future)
    with pytest.raises(ColumnError, match="F-111"):
        Scenario("x", {"visit": "+1"}).apply(future)
    with pytest.raises(ColumnError, match="F-111"):
        Scenario("x", {"visits": "+1"}, where={"from": "KZ"}).apply(future)


# -------------------------------------------------------------------------- events


def added(**more) -> list[dict]:
    return [
        {"date": "2024-09", "kind": "document", "origin": "RU", "destination": "KZ"}
        | {"status": "signed", "count": 4}
        | more
    ]


def test_an_added_event_enters_the_stock_and_fades(future, panel, log):
    known = {"panel": panel, "log": log, "recipes": RECIPES, "warn": False}
    out = Scenario("forum", events=added()).apply(future, **known)
    step = out["documents"] - future["documents"]
    pair = future["origin"].isin(["KZ", "RU"]) & future["destination"].isin(
        ["KZ", "RU"]
    )
    assert not step[~pair].any()
    expected = 4 * 0.5 ** (np.arange(3) / 3)
    np.testing.assert_allclose(step[pair].to_numpy().reshape(2, 3), [expected] * 2)


def test_what_is_only_planned_does_not_count(future, panel, log):
    out = Scenario("plan", events=added(status="planned")).apply(
        future, panel=panel, log=log, recipes=RECIPES
    )
    pd.testing.assert_frame_equal(out, future)


def test_an_agreement_phases_in(panel):
    log = fc.EventLog.from_frame(
        pd.DataFrame(
            {
                "date": ["2010"],
                "kind": ["treaty"],
                "origin": ["KZ"],
                "destination": ["UZ"],
            }
        )
    )
    recipes = {"treaty": fc.PhaseIn("treaty", years=4)}
    base = held(panel, 3, log=log, recipes=recipes)
    new = [
        {
            "date": "2024",
            "kind": "treaty",
            "origin": "KZ",
            "destination": "RU",
            "status": "in force",
        }
    ]
    out = Scenario("x", events=new).apply(base, panel=panel, log=log, recipes=recipes)
    one = out[(out["origin"] == "KZ") & (out["destination"] == "RU")]
    assert one["treaty"].is_monotonic_increasing
    assert 0 < one["treaty"].iloc[0] < one["treaty"].iloc[-1] < 1


def test_events_from_which_nothing_is_made_are_refused(future, panel, log):
    forum = Scenario("forum", events=added())
    for known in (
        {},
        {"panel": panel, "log": log},
        {"panel": panel, "recipes": RECIPES},
    ):
        with pytest.raises(ModelError, match="F-875"):
            forum.apply(future, **known)
    with pytest.raises(ModelError, match="F-875"):
        Scenario("x", events="a forum")


# --------------------------------------------------------------------- the support


def test_values_beyond_what_was_observed_are_told_with_column_count_and_examples(
    future, panel
):
    far = Scenario("far", {"visits": "+50"}, pairs=[("KZ", "RU")], start=2026)
    with pytest.warns(
        ForecastWarning, match=r"F-874: .*2 values of 'visits'.*KZ–RU 2026"
    ) as told:
        far.apply(future, panel=panel)
    assert len(told) == 1
    table = far.outside(future, panel=panel)
    assert table["count"].tolist() == [2]
    assert table["observed_high"].item() == panel.to_frame()["visits"].max()


def test_values_inside_what_was_observed_are_no_news(future, panel):
    Scenario("near", {"visits": "2"}).apply(future, panel=panel)
    assert Scenario("near", {"visits": "2"}).outside(future, panel=panel).empty


# --------------------------------------------------------------------- trade costs


def test_a_day_less_at_the_border_moves_trade_by_cost_times_elasticity():
    cost = TradeCost(**DAY)
    assert cost.log_change == pytest.approx(-5 * np.log(1 - 0.008))
    base = outlook()
    moved = Scenario("day", costs=cost, pairs=[("KZ", "RU")], start=2025).on(base)
    ratio = moved.draws / base.draws
    assert (ratio[:2, 1] == pytest.approx(np.exp(cost.log_change))) is True
    assert (ratio[2:] == 1).all()
    assert (ratio[:, 0] == 1).all()
    assert "Hummels" in moved.notes[-1]


def test_how_sure_the_elasticity_is_shows_in_the_difference():
    sure, unsure = (
        Scenario("day", costs=TradeCost(**DAY, elasticity_se=se, per_day_se=se / 10))
        for se in (0.0, 1.5)
    )
    base = outlook()
    first, second = (
        compare(base, {"x": one.on(base)}).percent("x").draws for one in (sure, unsure)
    )
    assert np.ptp(first) < 1e-9
    assert second.std() > 0.5
    assert (second >= -1e-12).all()


def test_a_cost_through_a_coefficient_is_a_change_of_its_column(gravity):
    by_column = TradeCost(days=-1, column="days")
    by_cost = TradeCost(ad_valorem=-5, column="cost")
    first = gravity_scenario(gravity, Scenario("x", {"days": "-1"}), warn=False)
    second = gravity_scenario(gravity, Scenario("x", costs=by_column), warn=False)
    np.testing.assert_array_equal(first.draws, second.draws)
    third = gravity_scenario(gravity, Scenario("x", costs=by_cost), warn=False)
    np.testing.assert_allclose(
        third.log_change, gravity.params["cost"] * np.log1p(-0.05), rtol=1e-9
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"days": -1},
        {"days": -1, "ad_valorem": -1, "elasticity": 5, "source": "x"},
        {"ad_valorem": -1, "elasticity": 5},
        {"ad_valorem": -1, "elasticity": -5, "source": "x"},
        {"ad_valorem": -100, "elasticity": 5, "source": "x"},
        {"days": -1, "elasticity": 5, "source": "x"},
        {"days": -1, "column": "days", "elasticity": 5, "source": "x"},
        DAY | {"elasticity_se": -1},
    ],
)
def test_costs_without_numbers_or_source_are_refused(wrong):
    with pytest.raises(ModelError, match="F-873"):
        TradeCost(**wrong)


def test_one_column_is_not_changed_twice():
    with pytest.raises(ModelError, match="F-873"):
        Scenario("x", {"days": "+1"}, costs=TradeCost(days=-1, column="days"))


# ---------------------------------------------------------------------- conditions


def test_a_known_total_holds_on_every_path_and_pulls_what_goes_with_it():
    base = outlook()
    value = 1.3 * float(base.total().median.iloc[0, 0])
    known = Scenario("known", conditions=TotalIs(value, period=2024)).on(base)
    np.testing.assert_allclose(known.draws[:, 0].sum(axis=0), value, rtol=1e-12)
    assert known.draws.min() > 0
    assert known.draws[:, 1].mean() > 1.05 * base.draws[:, 1].mean()
    assert known.total().draws[0, 1].std() < base.total().draws[0, 1].std()


def test_a_known_total_gives_the_conditional_distribution_of_a_normal_world():
    """Logs of two cells with correlation 0.8: mean and variance given the first."""
    rng = np.random.default_rng(0)
    z = rng.multivariate_normal([0, 0], [[0.04, 0.032], [0.032, 0.04]], 20_000).T
    base = Forecast(
        np.exp(z)[:, None],
        pd.DataFrame({"k": ["a", "b"]}),
        pd.PeriodIndex(["2024"], freq="Y"),
    )
    logs = np.log(TotalIs(1.5, where={"k": "a"}).on(base).draws[1, 0])
    assert logs.mean() == pytest.approx(0.8 * np.log(1.5), abs=5e-3)
    assert logs.var() == pytest.approx(0.04 * (1 - 0.64), rel=0.03)


def test_a_total_that_is_about_a_value_has_that_mean_and_spread():
    base = outlook(4000)
    middle = float(base.total().mean.iloc[0, 0])
    about = TotalAbout(1.1 * middle, 0.05 * middle, period=2024).on(base)
    total = about.total().draws[0, 0]
    assert total.mean() == pytest.approx(1.1 * middle, rel=2e-3)
    assert total.std() == pytest.approx(0.05 * middle, rel=0.03)
    assert "effective of 4,000 paths" in about.notes[-1]


def test_a_condition_that_says_what_is_known_already_changes_little():
    base = outlook(2000)
    total = base.total().draws[0, 0]
    same = TotalAbout(total.mean(), total.std(), period=2024).on(base)
    np.testing.assert_array_equal(same.draws, base.draws)


def test_paths_outside_bounds_do_not_count():
    base = outlook(2000)
    middle = float(base.total().median.iloc[0, 0])
    above = TotalWithin(low=middle, period=2024).on(base)
    assert above.total().draws[0, 0].min() >= middle
    assert above.n_paths == base.n_paths


def test_conditions_with_little_or_nothing_behind_them_are_told():
    base = outlook()
    top = float(np.sort(base.total().draws[0, 0])[-4])
    with pytest.warns(ForecastWarning, match="F-878"):
        TotalWithin(low=top, period=2024).on(base)
    for impossible in (TotalWithin(low=1e9), TotalAbout(1e9), TotalAbout(0.0, 1.0)):
        with pytest.raises(ModelError, match="F-877"):
            impossible.on(base)
    for wrong in (
        lambda: TotalIs(-1),
        lambda: TotalWithin(2, 1),
        lambda: TotalAbout(1, 0),
    ):
        with pytest.raises(ModelError, match="F-877"):
            wrong()
    with pytest.raises(ModelError, match="F-877"):
        Scenario("x", conditions="high")
    with pytest.raises(ModelError, match="F-507"):
        TotalIs(1.0).on(base.minus(base))


# ---------------------------------------------------------------------- side by side


def test_differences_are_taken_path_by_path():
    base = outlook()
    both = compare(base, {"tenth": replace(base, draws=base.draws * 1.1), "same": base})
    table = both.to_frame(80).set_index("scenario")
    np.testing.assert_allclose(
        table.loc["tenth", ["percent_low", "percent_high"]], 10.0
    )
    assert not table.loc["same", ["low", "mid", "high"]].to_numpy().any()
    assert (table.loc["tenth", "probability_above"] == 1).all()
    assert (table["low"] <= table["mid"]).all()
    assert (table["mid"] <= table["high"]).all()


def test_a_scenario_with_its_units_in_another_order_is_the_same():
    base = outlook()
    turned = replace(base, draws=1.2 * base.draws[::-1], units=base.units.iloc[::-1])
    percent = compare(base, {"x": turned}).percent("x")
    np.testing.assert_allclose(percent.draws, 20.0)


def test_sums_of_scenarios_are_compared_as_sums():
    base = outlook()
    cost = Scenario("day", costs=TradeCost(**DAY), pairs=[("KZ", "RU")]).on(base)
    both = compare(base, {"day": cost})
    turnover = both.turnover().select(a="KZ", b="RU").percent("day").draws
    np.testing.assert_allclose(turnover, 100 * np.expm1(TradeCost(**DAY).log_change))
    assert 0 < both.total().percent("day").draws.max() < turnover.max()
    assert repr(both).startswith("Against the baseline, total 2025: 'day' +")


def test_scenarios_that_cannot_be_compared_are_refused():
    base = outlook()
    for wrong in ({}, None, [base]):
        with pytest.raises(ModelError, match="F-879"):
            compare(base, wrong)
    with pytest.raises(ModelError, match="F-512"):
        compare(base, {"x": base.select(period=2024)})
    with pytest.raises(ModelError, match="F-879"):
        compare(base, {"x": base}).difference("y")


def test_more_of_an_indicator_with_a_positive_coefficient_is_more_trade(
    series_fit, panel, future
):
    base = series_fit.forecast(3, indicators=future, paths=200)
    more = Scenario("more", {"visits": "+1"}).forecast(
        series_fit, future, panel=panel, paths=200
    )
    percent = compare(base, {"more": more}).total().percent("more")
    low, high = (float(end.iloc[0, 0]) for end in percent.interval(0.95))
    assert low < 100 * np.expm1(0.04) < high
    assert high - low < 5


class WithoutIndicators:
    """A fit such as that of gravity and series in one."""

    def forecast(self, horizon, *, paths=10, seed=0):
        del seed
        base = outlook(paths)
        return base.select(period=list(base.periods[:horizon]))


def test_a_model_without_indicators_takes_costs_and_no_changed_columns(future):
    fit, two = WithoutIndicators(), future[future["year"].dt.year < 2026]
    base = Scenario("as it is").forecast(fit, two)
    day = Scenario("day", costs=TradeCost(**DAY)).forecast(fit, two)
    np.testing.assert_allclose(
        day.draws / base.draws, np.exp(TradeCost(**DAY).log_change)
    )
    with pytest.raises(ModelError, match="F-879"):
        Scenario("more", {"visits": "+1"}).forecast(fit, two)


# -------------------------------------------------------------------- gravity fits


def test_the_partial_effect_is_the_coefficient_times_the_change(gravity):
    effect = gravity_scenario(
        gravity, Scenario("x", {"visits": "+2"}), draws=4000, warn=False
    )
    np.testing.assert_allclose(
        effect.log_change, 2 * gravity.params["visits"], rtol=1e-9
    )
    assert effect.draws[0].std() == pytest.approx(2 * gravity.bse["visits"], rel=0.05)
    table = effect.to_frame("total", [95])
    fitted = gravity.fittedvalues.groupby(gravity.design.source["year"]).sum()
    np.testing.assert_allclose(table["base"], fitted, rtol=1e-9)
    np.testing.assert_allclose(
        table["percent"], 100 * np.expm1(2 * gravity.params["visits"])
    )
    assert (table["percent_lower_95"] < table["percent"]).all()


def test_without_a_change_no_flow_changes(gravity):
    effect = gravity_scenario(gravity, Scenario("as it is"))
    assert not effect.log_change.any()
    assert effect.to_frame().empty
    assert not effect.to_frame("total", changed=False)["change"].any()
    assert "no flow changes" in repr(effect)


def test_changes_of_pairs_add_up_to_countries_and_the_total(gravity):
    scenario = Scenario(
        "x", {"visits": "+1"}, pairs=[("C1", "C2"), ("C3", "C4")], start=2022
    )
    effect = gravity_scenario(gravity, scenario, draws=50)
    sums = [
        effect.to_frame(by, changed=False).groupby("period")["change"].sum()
        for by in ("flow", "turnover", "exporter", "importer", "total")
    ]
    for one in sums[1:]:
        np.testing.assert_allclose(one, sums[0], rtol=1e-9, atol=1e-12)
    nations = effect.to_frame("nation", changed=False).groupby("period")["change"].sum()
    np.testing.assert_allclose(nations, 2 * sums[0], rtol=1e-9, atol=1e-12)
    assert not sums[0].iloc[:-2].any()


def test_trade_costs_move_a_gravity_fit_by_their_own_draws(gravity):
    cost = TradeCost(**DAY, elasticity_se=1.0)
    scenario = Scenario("day", costs=cost, pairs=[("C1", "C2")])
    effect = gravity_scenario(gravity, scenario, draws=40, seed=3)
    assert effect.concerned.size == 16
    np.testing.assert_array_equal(effect.draws, np.tile(cost.draws(40, 3), (16, 1)))
    np.testing.assert_allclose(effect.log_change[effect.concerned], cost.log_change)
    assert np.count_nonzero(effect.log_change) == 16


def test_scenarios_of_one_seed_share_their_coefficients(gravity):
    one, two = (
        gravity_scenario(gravity, Scenario("x", {"visits": step}), warn=False).draws
        for step in ("+1", "+2")
    )
    np.testing.assert_allclose(2 * one, two, rtol=1e-12)


def test_the_future_can_be_asked_and_put_on_a_forecast(gravity):
    source = gravity.design.source
    ahead = source[source["year"] == 2023].assign(year=2024)
    scenario = Scenario("x", {"visits": "+1"}, pairs=[("C1", "C2")])
    effect = gravity_scenario(gravity, scenario, ahead)
    table = effect.to_frame()
    assert table["base"].isna().all()
    np.testing.assert_allclose(
        table["percent"], 100 * np.expm1(gravity.params["visits"])
    )
    with pytest.raises(ModelError, match="F-879"):
        effect.to_frame("total")
    units = ahead[["exporter", "importer"]].reset_index(drop=True)
    base = Forecast(
        np.full((len(units), 2, 30), 5.0),
        units,
        pd.period_range("2024", "2025", freq="Y"),
    )
    moved = effect.on(base)
    touched = (moved.draws != base.draws).any(axis=(1, 2))
    assert set(map(tuple, units[touched].to_numpy())) == {("C1", "C2"), ("C2", "C1")}
    assert not (moved.draws[:, 1] != 5.0).any()
    with pytest.raises(ModelError, match="F-879"):
        effect.on(base.select(period=2025))


def test_what_the_model_does_not_use_is_told(gravity):
    with pytest.raises(ModelError, match="F-879"):
        gravity_scenario(gravity, Scenario("x", {"tariff": "+1"}))
    hole = gravity.design.source.copy()
    hole["visits"] = hole["visits"].where(hole["year"] > 2016)
    with pytest.raises(ModelError, match="F-879"):
        gravity_scenario(gravity, Scenario("x", {"days": "-1"}), hole)
    with pytest.warns(ForecastWarning, match="F-874"):
        gravity_scenario(gravity, Scenario("x", {"visits": "+100"}))


def test_events_move_a_gravity_fit_through_its_recipes(panel, log, future):
    fit = fc.Gravity("trade ~ documents + visits | origin^destination + year").fit(
        panel
    )
    scenario = Scenario("forum", events=added(count=1))
    effect = gravity_scenario(
        fit, scenario, future, panel=panel, log=log, recipes=RECIPES
    )
    expected = fit.params["documents"] * 0.5 ** (np.arange(3) / 3)
    pair = (effect.rows["origin"] == "RU") & (effect.rows["destination"] == "KZ")
    np.testing.assert_allclose(effect.log_change[pair], expected, rtol=1e-9)


def test_a_scenario_says_what_it_changes():
    text = repr(
        Scenario(
            "all", {"visits": "+5"}, events=added(), costs=TradeCost(**DAY), start=2024
        )
    )
    assert text == (
        "Scenario 'all': visits +5, 1 event added (document), "
        "trade costs change flows by +4.1 %, from 2024"
    )
    for wrong in ("", None):
        with pytest.raises(ModelError, match="F-870"):
            Scenario(wrong)
    with pytest.raises(ModelError, match="F-870"):
        Scenario("x", ["visits"])
