"""`Forecast`: sums and growth on each path, views that agree, refusals that help."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import (
    ColumnError,
    KeyColumnError,
    MissingPackageError,
    ModelError,
    PeriodError,
    ReporterError,
)
from forecast.forecasts import Forecast, unit_rng

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

PAIRS = pd.DataFrame(
    {"exporter": ["KZ", "RU", "KZ"], "importer": ["RU", "KZ", "UZ"]}, dtype=object
)


def months(first: str, count: int) -> pd.PeriodIndex:
    return pd.period_range(first, periods=count, freq="M")


def years(first: int, count: int) -> pd.PeriodIndex:
    return pd.period_range(str(first), periods=count, freq="Y")


def random_draws(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).lognormal(3.0, 0.3, shape)


def of_pairs(draws: np.ndarray, periods: pd.PeriodIndex, **more) -> Forecast:
    ends = {"origin": "exporter", "destination": "importer"}
    units = PAIRS.iloc[: len(draws)]
    return Forecast(draws, units, periods, "million USD", **(ends | more))


def of_one(draws, periods: pd.PeriodIndex, past=None, **more) -> Forecast:
    """One unit; `past` are its observed values just before the forecast."""
    history = None
    if past is not None:
        before = pd.period_range(
            end=periods[0] - 1, periods=len(past), freq=periods.freq
        )
        history = pd.DataFrame([past], columns=before)
    units = pd.DataFrame({"region": ["RU-ORE"]})
    return Forecast(np.asarray([draws], float), units, periods, history=history, **more)


@pytest.fixture
def outlook() -> Forecast:
    """Three directed flows over 15 months from April 2021; history from January 2020."""
    history = pd.DataFrame(
        np.arange(1.0, 46.0).reshape(3, 15), columns=months("2020-01", 15)
    )
    return of_pairs(random_draws(3, 15, 400), months("2021-04", 15), history=history)


# ------------------------------------------------------------------------- views


def test_a_single_number_is_a_number_and_several_are_a_frame(outlook):
    one = outlook.select(exporter="RU", period="2021-05")
    assert isinstance(one.mean, float)
    assert one.mean == pytest.approx(outlook.draws[1, 1].mean())
    table = outlook.mean
    assert table.shape == (3, 15)
    assert table.loc[("RU", "KZ"), pd.Period("2021-05", "M")] == pytest.approx(one.mean)


def test_the_interval_of_a_single_number_is_a_pair_of_numbers():
    low, high = of_one([np.arange(101.0)], years(2022, 1)).interval(0.8)
    assert (low, high) == (10.0, 90.0)


def test_the_median_is_the_middle_and_the_mean_the_mean():
    skewed = of_one([[1.0, 2.0, 9.0]], years(2022, 1))
    assert (skewed.median, skewed.mean) == (2.0, 4.0)
    assert skewed.sd == pytest.approx(np.std([1.0, 2.0, 9.0]))


def test_eighty_and_point_eight_are_the_same_level(outlook):
    for one, other in zip(outlook.interval(80), outlook.interval(0.8), strict=True):
        pd.testing.assert_frame_equal(one, other)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=30))
def test_higher_levels_hold_lower_ones_and_quantiles_never_cross(path_values):
    forecast = of_one([path_values], years(2022, 1))
    spans = [forecast.interval(level) for level in (50, 80, 95, 99)]
    for (low, high), (wider_low, wider_high) in itertools.pairwise(spans):
        assert wider_low <= low <= forecast.median <= high <= wider_high
    ladder = [forecast.quantile(p) for p in np.linspace(0, 1, 23)]
    assert (np.diff(ladder) >= 0).all()


def test_quantiles_agree_with_numpy(outlook):
    expected = np.quantile(outlook.draws, 0.3, axis=2)
    np.testing.assert_allclose(outlook.quantile(0.3).to_numpy(), expected, rtol=1e-12)


def test_above_and_at_most_share_all_paths_between_them(outlook):
    above, below = outlook.probability(above=20), outlook.probability(below=20)
    np.testing.assert_allclose(above + below, 1, rtol=1e-12)
    between = outlook.probability(between=(20, 25))
    np.testing.assert_allclose(
        between, outlook.probability(below=25) - below, atol=1e-12
    )


def test_the_probability_of_no_trade_counts_the_zero_paths():
    assert of_one([[0.0, 0.0, 3.0, 4.0]], years(2022, 1)).probability(below=0) == 0.5


def test_the_table_names_units_period_and_levels(outlook):
    table = outlook.to_frame(levels=[80, 95])
    assert list(table.columns) == [
        *("exporter", "importer", "period", "mean", "median"),
        *("lower_80", "upper_80", "lower_95", "upper_95"),
    ]
    assert len(table) == 45
    row = table.iloc[16]
    assert (row["exporter"], row["period"]) == ("RU", pd.Period("2021-05", "M"))
    assert row["upper_80"] == np.quantile(outlook.draws[1, 1], 0.9)
    assert "lower_97.5" in outlook.to_frame(levels=[97.5])


def test_paths_are_rows_of_units_and_periods(outlook):
    assert outlook.paths.shape == (45, 400)
    row = outlook.paths.loc[("RU", "KZ", pd.Period("2021-05", "M"))]
    np.testing.assert_array_equal(row, outlook.draws[1, 1])


def test_many_units_are_summarised_block_by_block_with_the_same_answer(monkeypatch):
    draws = random_draws(7, 3, 50)
    units = pd.DataFrame({"region": range(7)})
    whole = Forecast(draws, units, years(2022, 3)).to_frame()
    monkeypatch.setattr("forecast.forecasts.summaries.CELLS_AT_ONCE", 300)
    pd.testing.assert_frame_equal(
        Forecast(draws, units, years(2022, 3)).to_frame(), whole
    )


# ------------------------------------------------------------------------- growth


def test_growth_is_taken_on_each_path_against_the_observed_year():
    grown = of_one([[11.0, 12.0], [22.0, 6.0]], years(2022, 2), past=[10.0]).growth()
    assert grown.quantity == "growth, year on year, %"
    assert grown.measure == "%"
    np.testing.assert_allclose(grown.draws[0], [[10.0, 20.0], [100.0, -50.0]])


def test_the_three_kinds_of_growth_compare_different_periods():
    past = [*[10.0] * 12, 20.0, 20.0, 20.0]  # 2020, then January to March 2021
    forecast = of_one([[40.0]], months("2021-04", 1), past=past)
    of_kind = {
        kind: forecast.growth(kind).mean
        for kind in ("year on year", "period on period", "year to date")
    }
    assert of_kind == {
        "year on year": pytest.approx(300.0),  # 40 against April 2020
        "period on period": pytest.approx(100.0),  # 40 against March 2021
        "year to date": pytest.approx(150.0),  # 100 against 40
    }


def test_all_kinds_of_growth_agree_for_years():
    forecast = of_one([[11.0, 12.0], [22.0, 6.0]], years(2022, 2), past=[8.0, 10.0])
    yearly = forecast.growth().draws
    for kind in ("period on period", "year to date"):
        np.testing.assert_allclose(forecast.growth(kind).draws, yearly)


def test_growth_of_the_history_comes_along():
    grown = of_one([[11.0]], years(2022, 1), past=[8.0, 10.0]).growth()
    assert grown.history.to_dict("list") == {pd.Period("2021", "Y"): [25.0]}


def test_growth_from_zero_is_not_defined_and_noted():
    forecast = of_one([[0.0, 5.0, 5.0, 5.0], [8.0, 10.0, 10.0, 20.0]], years(2022, 2))
    grown = forecast.growth()  # only 2023 has a base
    assert np.isnan(grown.draws[0, 0, 0])
    assert grown.median == pytest.approx(100.0)  # of the three paths that count
    assert grown.mean == pytest.approx((100 + 100 + 300) / 3)
    assert grown.probability(above=150) == pytest.approx(1 / 3)
    assert "growth from zero is not defined" in grown.notes[-1]
    assert "25%" in grown.notes[-1]
    from_nothing = of_one([[5.0, 6.0]], years(2022, 1), past=[0.0]).growth()
    assert np.isnan(from_nothing.mean)
    assert from_nothing.notes == ("growth from zero is not defined",)


def test_growth_without_a_known_base_is_refused():
    with pytest.raises(ModelError, match=r"F-509.* periods before 2022"):
        of_one([[1.0]], years(2022, 1)).growth()


def test_growth_of_a_sum_is_the_weighted_growth_of_its_parts():
    past = pd.DataFrame([[10.0], [30.0], [60.0]], columns=years(2021, 1))
    flows = of_pairs(random_draws(3, 1, 50), years(2022, 1), history=past)
    weights = np.array([0.1, 0.3, 0.6])[:, None, None]
    weighted = (weights * flows.growth().draws).sum(axis=0)
    np.testing.assert_allclose(flows.total().growth().draws[0], weighted, rtol=1e-10)


# --------------------------------------------------------------------------- sums


def test_the_total_adds_units_path_by_path(outlook):
    total = outlook.total()
    np.testing.assert_allclose(total.draws[0], outlook.draws.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(total.history, [outlook.history.sum()])
    assert total.units.to_dict("list") == {"unit": ["total"]}


def test_the_interval_of_a_sum_is_narrower_than_the_sum_of_intervals(outlook):
    low, high = outlook.total().interval(0.8)
    lows, highs = outlook.interval(0.8)
    assert (
        (high - low).to_numpy() < (highs - lows).sum().to_numpy()
    ).all()  # draws are independent here


def test_a_total_by_key_keeps_the_key(outlook):
    by_exporter = outlook.total(by="exporter")
    assert by_exporter.units["exporter"].tolist() == ["KZ", "RU"]
    np.testing.assert_allclose(
        by_exporter.draws[0], outlook.draws[0] + outlook.draws[2]
    )
    assert (by_exporter.origin, by_exporter.destination) == ("exporter", None)


def test_a_year_is_a_year_with_the_months_already_observed(outlook):
    yearly = outlook.total(by="year")
    assert yearly.periods.astype(str).tolist() == ["2021"]  # 2022 ends in June
    observed = outlook.history.iloc[:, 12:].sum(axis=1).to_numpy()
    np.testing.assert_allclose(
        yearly.draws[:, 0], observed[:, None] + outlook.draws[:, :9].sum(axis=1)
    )
    assert yearly.notes == ("1 incomplete years were left out (2022)",)
    np.testing.assert_allclose(
        yearly.history.to_numpy()[:, 0], outlook.history.iloc[:, :12].sum(axis=1)
    )
    assert yearly.growth().periods.astype(str).tolist() == ["2021"]


def test_year_and_units_can_be_added_at_once(outlook):
    both = outlook.total(by=["importer", "year"])
    by_hand = outlook.total(by="importer").total(by="year")
    np.testing.assert_array_equal(both.draws, by_hand.draws)
    assert both.units["importer"].tolist() == ["KZ", "RU", "UZ"]
    assert both.history.equals(by_hand.history)


def test_months_add_up_to_quarters(outlook):
    quarters = outlook.total(by="quarter")
    assert str(quarters.periods[0]) == "2021Q2"
    assert quarters.periods[-1] == pd.Period("2022Q2")
    np.testing.assert_allclose(quarters.draws[:, 0], outlook.draws[:, :3].sum(axis=1))


def test_a_year_with_a_month_unknown_for_one_unit_is_left_out(outlook):
    holed = outlook.history.copy()
    holed.iloc[1, 13] = np.nan
    with pytest.raises(ModelError, match=r"F-510: no year is complete"):
        dataclasses.replace(outlook, history=holed).total(by="year")


def test_yearly_forecasts_are_their_own_yearly_totals():
    forecast = of_one([[1.0, 2.0]], years(2022, 1))
    np.testing.assert_array_equal(forecast.total(by="year").draws, forecast.draws)


def test_totals_do_not_depend_on_the_order_of_units(outlook):
    order = [2, 0, 1]
    shuffled = dataclasses.replace(
        outlook,
        draws=outlook.draws[order],
        units=outlook.units.iloc[order],
        history=outlook.history.iloc[order],
    )
    for verb in (
        Forecast.total,
        Forecast.turnover,
        lambda f: f.total(by=["importer", "year"]),
    ):
        mine, theirs = verb(outlook), verb(shuffled)
        assert mine.draws.tobytes() == theirs.draws.tobytes()
        pd.testing.assert_frame_equal(mine.units, theirs.units)


def test_turnover_is_exports_plus_imports_on_every_path(outlook):
    turnover = outlook.turnover()
    np.testing.assert_allclose(
        turnover.draws[0], outlook.draws[0] + outlook.draws[1], rtol=1e-12
    )
    assert turnover.units.to_dict("list") == {"a": ["KZ"], "b": ["RU"]}
    assert turnover.notes == ("1 pairs with one direction only were left out: KZ–UZ",)


def test_turnover_keeps_other_keys_and_leaves_domestic_flows_out():
    units = pd.DataFrame(
        {
            "hs": ["01", "01", "02", "02", "02"],
            "from": ["A", "B", "A", "B", "A"],
            "to": ["B", "A", "B", "A", "A"],
        }
    )
    draws = np.arange(1.0, 6.0)[:, None, None] * np.ones((5, 1, 2))
    forecast = Forecast(draws, units, years(2022, 1), origin="from", destination="to")
    turnover = forecast.turnover(names=("x", "y"))
    assert turnover.units.to_dict("list") == {
        "x": ["A", "A"],
        "y": ["B", "B"],
        "hs": ["01", "02"],
    }
    assert turnover.draws[:, 0, 0].tolist() == [3.0, 7.0]
    assert turnover.notes == ("1 flows of a region to itself were left out",)


def test_turnover_needs_directions():
    with pytest.raises(KeyColumnError, match=r"F-309.*\['region'\] have no direction"):
        of_one([[1.0]], years(2022, 1)).turnover()
    lone = of_pairs(np.ones((1, 1, 2)), years(2022, 1))
    with pytest.raises(KeyColumnError, match="F-310"):
        lone.turnover()


def test_reporters_are_never_added_up():
    units = pd.DataFrame({"who": ["Kazakhstan", "Russia"]})
    forecast = Forecast(np.ones((2, 1, 3)), units, years(2022, 1), reporter="who")
    with pytest.raises(ReporterError, match=r"F-350.*2 reporters.*select\(who="):
        forecast.total()
    assert forecast.total(by="who").draws.shape == (2, 1, 3)
    assert forecast.select(who="Russia").total().mean == 1.0


# ---------------------------------------------------------------------- differences


def test_a_difference_is_taken_on_each_path_and_finds_its_unit(outlook):
    order = [1, 2, 0]
    other = dataclasses.replace(
        outlook,
        draws=2 * outlook.draws[order],
        units=outlook.units.iloc[order],
        history=None,
        model="other",
    )
    difference = other.minus(outlook)
    np.testing.assert_allclose(difference.draws, outlook.draws[order])
    assert difference.quantity == "difference of level"
    np.testing.assert_allclose(outlook.minus(other).draws, -outlook.draws)


def test_differences_of_unlike_forecasts_are_refused(outlook):
    with pytest.raises(ModelError, match="F-512"):
        outlook.minus(outlook.select(exporter="KZ"))
    with pytest.raises(ModelError, match="F-512"):
        outlook.minus(outlook.growth())


def test_what_is_no_level_is_neither_added_nor_grown(outlook):
    for verb in (Forecast.total, Forecast.turnover, Forecast.growth):
        with pytest.raises(ModelError, match="F-507"):
            verb(outlook.growth())


# ------------------------------------------------------------------------- selection


def test_a_year_selects_its_months(outlook):
    assert outlook.select(period="2021").draws.shape == (3, 9, 400)
    assert outlook.select(period=["2021-05", "2022-01"]).draws.shape == (3, 2, 400)


def test_selecting_what_is_not_there_names_what_is(outlook):
    with pytest.raises(ColumnError, match=r"F-111.*Did you mean \['exporter'\]"):
        outlook.select(exproter="KZ")
    with pytest.raises(KeyColumnError, match=r"F-311.*\['KZ', 'RU'\]"):
        outlook.select(exporter="KA")
    with pytest.raises(KeyColumnError, match="F-311: no unit has"):
        outlook.select(exporter="RU", importer="UZ")
    with pytest.raises(PeriodError, match="F-425"):
        outlook.select(period="2025")


# -------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda f: f.interval(0), "F-502"),
        (lambda f: f.interval(100), "F-502"),
        (lambda f: f.interval("80"), "F-502"),
        (lambda f: f.quantile(1.5), "F-503"),
        (lambda f: f.quantile(float("nan")), "F-503"),
        (lambda f: f.probability(), "F-504"),
        (lambda f: f.probability(above=1, below=2), "F-504"),
        (lambda f: f.probability(between=(2, 1)), "F-504"),
        (lambda f: f.probability(above="much"), "F-504"),
        (lambda f: f.growth("monthly"), "F-508"),
        (lambda f: f.total(by="exproter"), "F-111"),
        (lambda f: f.plot(unit=("KZ", "RU", "UZ")), "F-311"),
    ],
    ids=range(12),
)
def test_what_cannot_be_asked_has_a_named_error(outlook, call, code):
    with pytest.raises(Exception, match=code):
        call(outlook)


@pytest.mark.parametrize("bad", [-1e-9, np.nan, np.inf])
def test_levels_are_finite_and_not_negative(bad):
    draws = np.ones((1, 1, 3))
    draws[0, 0, 1] = bad
    with pytest.raises(ModelError, match="F-506"):
        Forecast(draws, pd.DataFrame({"region": ["A"]}), years(2022, 1))


@pytest.mark.parametrize(
    ("shape", "units", "periods"),
    [
        ((2, 1, 3), {"region": ["A"]}, years(2022, 1)),
        ((1, 1, 3), {"region": ["A"]}, years(2022, 2)),
        ((1, 1, 0), {"region": ["A"]}, years(2022, 1)),
        ((1, 3), {"region": ["A"]}, years(2022, 3)),
        ((2, 1, 3), {"region": ["A", "A"]}, years(2022, 1)),
        ((1, 2, 3), {"region": ["A"]}, years(2022, 2)[::-1]),
        ((1, 1, 3), {"median": ["A"]}, years(2022, 1)),
    ],
    ids=range(7),
)
def test_parts_that_do_not_fit_together_are_refused(shape, units, periods):
    with pytest.raises(ModelError, match="F-505"):
        Forecast(np.ones(shape), pd.DataFrame(units), periods)


def test_a_history_of_other_units_is_refused():
    with pytest.raises(ModelError, match="F-505: a history of 2 rows"):
        Forecast(
            np.ones((1, 1, 3)),
            pd.DataFrame({"region": ["A"]}),
            years(2022, 1),
            history=pd.DataFrame(np.ones((2, 3)), columns=years(2019, 3)),
        )


def test_a_forecast_cannot_be_changed(outlook):
    with pytest.raises(dataclasses.FrozenInstanceError):
        outlook.measure = "billion"
    with pytest.raises(ValueError, match="read-only"):
        outlook.draws[0, 0, 0] = 1.0


def test_the_callers_array_stays_writable():
    draws = np.ones((1, 1, 3))
    Forecast(draws, pd.DataFrame({"region": ["A"]}), years(2022, 1))
    draws[0, 0, 0] = 2.0
    assert draws.flags.writeable


# ------------------------------------------------------------------- words and chance


def test_a_forecast_says_what_it_is():
    forecast = of_one([np.arange(101.0)], years(2022, 1), model="Drift")
    assert repr(forecast) == (
        "Forecast by Drift: a unit not stated, RU-ORE, 1 year 2022; "
        "2022: median 50.00, 80 % interval 10.00 to 90.00"
    )


def test_several_units_speak_of_their_sum(outlook):
    words = repr(outlook)
    assert "million USD, 3 units (exporter x importer), 15 months" in words
    last = outlook.total().select(period="2022-06").median
    assert f"2022-06 all together: median {last:#.4g}" in words
    assert "growth, year on year, %" in repr(outlook.growth())
    assert "2022-06 KZ–RU: median" in repr(outlook.growth())


def test_the_stream_of_a_unit_depends_on_seed_and_key_only():
    first = unit_rng(0, "KZ", "RU").standard_normal(5)
    np.testing.assert_array_equal(unit_rng(0, "KZ", "RU").standard_normal(5), first)
    others = [unit_rng(1, "KZ", "RU"), unit_rng(0, "RU", "KZ"), unit_rng(0, "KZRU")]
    for other in others:
        assert not np.isclose(other.standard_normal(5), first).any()


def test_the_hash_seed_of_python_has_no_influence_on_the_stream():
    script = (
        "from forecast.forecasts import unit_rng; print(unit_rng(3, 'KZ').random())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert said == {f"{unit_rng(3, 'KZ').random()}\n"}


@pytest.mark.parametrize("seed", [-1, 1.5, True, None])
def test_an_impossible_seed_is_refused(seed):
    with pytest.raises(ModelError, match="F-501"):
        unit_rng(seed, "KZ")


# ------------------------------------------------------------------------------ figures


@pytest.fixture
def plt():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield pyplot
    pyplot.close("all")


def test_the_fan_opens_at_the_last_observation_and_names_its_ends(plt):
    past, draws = [8.0, 9.0, 10.0], np.linspace(5, 15, 101)
    ax = of_one([draws, draws + 1], years(2022, 2), past=past).plot()
    history, median = ax.lines
    assert history.get_ydata().tolist() == past
    assert median.get_xdata().tolist() == [2021, 2022, 2023]
    assert median.get_ydata().tolist() == [10.0, 10.0, 11.0]
    assert len(ax.collections) == 3
    texts = [text.get_text() for text in ax.texts]
    assert "11.00  median" in texts
    assert "15.00  80 %" in texts
    assert ax.get_title(loc="left") == "RU-ORE, a unit not stated"


def test_the_names_of_narrow_bands_do_not_lie_over_each_other(plt):
    draws = np.linspace(9.99, 10.01, 101)
    ax = of_one([draws, draws], years(2022, 2), past=[2.0, 20.0]).plot()
    ax.figure.canvas.draw()
    boxes = sorted(
        (text.get_window_extent().y0, text.get_window_extent().y1) for text in ax.texts
    )
    assert len(boxes) == 7
    for (_, top), (bottom, _) in itertools.pairwise(boxes):
        assert bottom > top - 2  # pixels


def test_a_figure_of_several_units_shows_their_sum_or_the_one_asked_for(plt, outlook):
    _, ax = plt.subplots()
    assert outlook.plot(ax) is ax
    assert ax.get_title(loc="left") == "total, million USD"
    ax = outlook.plot(unit=("RU", "KZ"))
    assert ax.get_title(loc="left") == "RU–KZ, million USD"


def test_a_single_period_is_drawn_as_nested_bars(plt):
    ax = of_one([np.linspace(5, 15, 101)], years(2022, 1), past=[9.0, 10.0]).plot()
    assert len(ax.collections) == 3
    spans = [c.get_paths()[0].get_extents() for c in ax.collections]
    heights = [span.height for span in spans]
    assert heights == sorted(heights, reverse=True)
    assert {round(span.width, 3) for span in spans} == {0.6}


def test_growth_and_forecasts_without_history_can_be_drawn(plt, outlook):
    ax = outlook.growth().select(exporter="RU").plot(levels=[90])
    assert len(ax.collections) == 1
    assert len(dataclasses.replace(outlook, history=None).plot().lines) == 2


def test_without_matplotlib_the_extra_is_named(outlook, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingPackageError, match=r"F-900.*turnover-forecast\[plots\]"):
        outlook.plot()
