"""What indicators will be: forecast by themselves, told, or a forecast with paths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from indicator_worlds import panel_of, visits_panel

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.panel import TradePanel
from forecast.series import Drift
from forecast.series.contract.samples import Sample, read_sample, sample_until
from forecast.series.regression.arma_errors import ARMA
from forecast.series.regression.future_indicators import completed, future_indicators
from forecast.series.regression.model import Regression
from forecast.series.regression.terms import DepreciatingStock


@pytest.fixture(scope="module")
def panel() -> TradePanel:
    return visits_panel(1, pairs=8)


@pytest.fixture(scope="module")
def fit(panel):
    return Regression("visits").fit(panel)


def sample_of(x: np.ndarray, **roles) -> Sample:
    units = roles.pop("units", pd.DataFrame({"unit": [f"u{i}" for i in range(len(x))]}))
    periods = pd.period_range("2001", periods=x.shape[1], freq="Y")
    return Sample(np.ones(x.shape), units, periods, covariates={"x": x}, **roles)


def ahead(x: np.ndarray, steps: int = 3, paths: int = 2000, seed: int = 0, **roles):
    """Draw the future of one column, shape (n_units, steps, paths)."""
    sample = sample_of(x, **roles)
    periods = pd.period_range(sample.periods[-1] + 1, periods=steps, freq="Y")
    future = future_indicators(sample, completed(sample), periods, None, paths, seed)
    return np.stack([future.of_unit(row, paths)[:, 0] for row in range(len(x))])


# ------------------------------------------------------------------------ by themselves


def test_counts_go_on_at_the_rate_of_each_unit():
    rng = np.random.default_rng(0)
    x = rng.poisson(np.array([0.2, 3.0])[:, None], (2, 40)).astype(float)
    draws = ahead(x)
    assert (draws == np.round(draws)).all()
    assert draws[0].mean() < 0.8
    assert draws[1].mean() == pytest.approx(3, abs=0.7)
    assert 1.5 < draws[1].std() < 2.6


def test_counts_that_come_in_bursts_are_forecast_with_bursts():
    rng = np.random.default_rng(1)
    bursts = 12.0 * (rng.random((6, 40)) < 0.15)
    draws = ahead(bursts)
    assert draws.var() / draws.mean() > 4


def test_a_count_that_never_falls_goes_on_growing():
    x = np.random.default_rng(2).poisson(1.0, (4, 20)).cumsum(axis=1).astype(float)
    draws = ahead(x, steps=5)
    assert (np.diff(draws, axis=1) >= 0).all()
    assert (draws[:, 0] >= x[:, -1:]).all()
    assert (draws[:, -1].mean(axis=1) - x[:, -1]).mean() == pytest.approx(5, abs=1.5)


def test_an_agreement_in_force_mostly_stays_in_force():
    x = np.zeros((6, 20))
    for row, since in enumerate((3, 6, 9, 12, 15, 25)):
        x[row, since:] = 1
    draws = ahead(x)
    assert set(np.unique(draws)) == {0.0, 1.0}
    assert draws[:5].mean() > 0.85
    assert draws[5].mean() < 0.5


def test_incomes_and_rates_go_on_from_where_they_are():
    rng = np.random.default_rng(3)
    income = np.exp(rng.normal(0.03, 0.01, (1, 25)).cumsum(axis=1))
    draws = ahead(income)
    assert np.median(draws[0, 0]) == pytest.approx(income[0, -1] * 1.03, rel=0.02)
    assert (draws > 0).all()
    rate = rng.normal(size=(1, 40)).cumsum(axis=1) - 2
    draws = ahead(rate)
    assert np.median(draws[0, 0]) == pytest.approx(rate[0, -1], abs=1.0)
    assert draws[0, 2].std() > draws[0, 0].std()


def test_what_never_changed_stays():
    draws = ahead(np.array([[2.5] * 10, [7.0] * 10]))
    assert (draws[0] == 2.5).all()
    assert (draws[1] == 7.0).all()


def test_units_share_the_path_of_what_is_one_series_for_them():
    rng = np.random.default_rng(4)
    price = np.repeat(np.exp(rng.normal(0, 0.1, 20).cumsum())[None], 3, axis=0)
    draws = ahead(price)
    np.testing.assert_array_equal(draws[0], draws[2])
    visits = rng.poisson(1.0, (2, 20)).astype(float)[[0, 0, 1]]
    apart = ahead(visits)
    assert (apart[0] != apart[1]).any()
    ends = pd.DataFrame({"from": ["KZ", "RU", "KZ"], "to": ["RU", "KZ", "UZ"]})
    both = ahead(visits, units=ends, origin="from", destination="to")
    np.testing.assert_array_equal(both[0], both[1])
    assert (both[0] != both[2]).any()


def test_a_longer_horizon_and_other_units_do_not_change_the_first_periods():
    rng = np.random.default_rng(5)
    for x in (
        rng.poisson(1.0, (3, 20)).astype(float),
        np.exp(rng.normal(0, 0.1, (3, 20))),
        rng.normal(size=(3, 20)),
        (rng.random((3, 20)) < 0.4).astype(float),
    ):
        short, long = ahead(x, 2, 50), ahead(x, 6, 50)
        assert long[:, :2].tobytes() == short.tobytes()
        assert ahead(x, 2, 50).tobytes() == short.tobytes()
        assert ahead(x, 2, 50, seed=1).tobytes() != short.tobytes()


def test_nothing_known_of_an_indicator_is_taken_as_none_of_it():
    x = np.random.default_rng(6).poisson(1.0, (3, 20)).astype(float)
    x[1] = np.nan
    trade = np.exp(np.random.default_rng(7).normal(size=(3, 20)).cumsum(axis=1) * 0.1)
    fit = Regression("x").fit(panel_of(trade, x=x))
    assert np.isfinite(fit.forecast(2, paths=20).draws).all()


# --------------------------------------------------------------------------------- told


def test_values_a_panel_and_a_mapping_say_the_same(panel, fit):
    told = panel.future(2)
    told["visits"] = np.arange(16) % 3
    rows = pd.concat([panel.to_frame(), told.assign(trade=1.0)])
    later = TradePanel.from_frame(rows, unit=["pair"], period="year", flow="trade")
    mine = fit.forecast(2, paths=30, indicators=told).draws
    for other in (
        later,
        read_sample(later, ["visits"]),
        {"visits": told},
        {"visits": later},
        told.sample(frac=1, random_state=0).rename(columns={"year": "period"}),
    ):
        again = fit.forecast(2, paths=30, indicators=other).draws
        assert again.tobytes() == mine.tobytes()
    everywhere = pd.Series([1.0, 2.0], index=["2021", "2022"])
    table = pd.DataFrame({"year": [2021, 2022], "visits": [1.0, 2.0]})
    one, other = (
        fit.forecast(2, paths=30, indicators=i).draws
        for i in ({"visits": everywhere}, table)
    )
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("errors", [None, ARMA()])
def test_scenarios_share_all_chance_and_differ_by_the_effect(panel, errors):
    """The ratio of two paths is what their drawn slope says, in every pair alike."""
    fit = Regression("visits", errors=errors).fit(panel)
    base = fit.forecast(2, paths=200, indicators={"visits": 0})
    more = fit.forecast(2, paths=200, indicators={"visits": 2})
    ratio = np.log(more.draws / base.draws)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1, :1], ratio.shape))
    table = fit.tidy().iloc[0]
    assert ratio[0, 0].mean() / 2 == pytest.approx(table["estimate"], abs=0.004)
    assert ratio[0, 0].std() / 2 == pytest.approx(table["std_error"], rel=0.2)
    gain = more.minus(base)
    assert (gain.draws > 0).mean() > 0.99
    assert gain.quantity == "difference of level"


def test_a_forecast_of_an_indicator_lends_its_paths(panel, fit):
    rng = np.random.default_rng(8)
    low_or_high = np.where(rng.random(100) < 0.5, 0.0, 40.0)
    outlook = Forecast(
        np.broadcast_to(low_or_high, (8, 2, 100)), panel.units, _next(panel, 2)
    )
    draws = fit.forecast(2, paths=300, indicators=outlook).draws
    high = low_or_high[np.arange(300) % 100] > 0
    assert draws[:, :, high].min() > np.median(draws[:, :, ~high], axis=2).min()
    sure = fit.forecast(2, paths=300, indicators={"visits": 0})
    assert np.log(draws).std(axis=2).min() > 2 * np.log(sure.draws).std(axis=2).max()


def test_chance_of_future_indicators_widens_the_outcome():
    panel = visits_panel(2, pairs=20, effect=0.5, rate=1.0, sigma=0.05, common=0.0)
    fit = Regression("visits").fit(panel)
    by_themselves = np.log(fit.forecast(1, paths=400).draws).std(axis=2)
    known = np.log(fit.forecast(1, paths=400, indicators={"visits": 1}).draws)
    assert by_themselves.mean() > 2 * known.std(axis=2).mean()


def test_only_what_is_missing_is_forecast(panel):
    two = panel.with_columns(price=lambda df: np.exp(0.01 * np.arange(len(df)) % 1))
    fit = Regression("visits", "price").fit(two)
    draws = fit.forecast(1, paths=20, indicators={"visits": 0}).draws
    assert np.isfinite(draws).all()
    with pytest.raises(ModelError, match=r"F-681: .*one forecast for 2 indicators"):
        outlook = Forecast(np.ones((8, 1, 5)), panel.units, _next(panel, 1))
        fit.forecast(1, indicators=outlook)


def test_the_past_of_a_stock_goes_on_into_the_future(panel):
    fit = Regression(DepreciatingStock("visits", half_life=2)).fit(panel)
    x = read_sample(panel, ["visits"]).covariates["visits"]
    stock = np.zeros(8)
    for t in range(20):
        stock = 0.5**0.5 * stock + x[:, t]
    waiting = list(fit._given({"visits": 0}, _next(panel, 2), 5, 0))
    z = np.array([unit.drivers.ahead[1, 0, 0] for unit in waiting])
    np.testing.assert_allclose(z, 0.5 * stock)


def test_units_that_end_earlier_take_the_indicators_of_the_years_between(panel):
    frame = panel.to_frame()
    early = (frame["pair"] == "pair003") & (frame["year"] > "2017")
    frame.loc[early, "trade"] = np.nan
    frame.loc[early, "visits"] = [1.0, 2.0, 3.0]
    ragged = TradePanel.from_frame(frame, unit=["pair"], period="year", flow="trade")
    fit = Regression("visits").fit(ragged)
    waiting = list(fit._given({"visits": 9}, _next(panel, 2), 4, 0))
    np.testing.assert_array_equal(
        waiting[3].drivers.ahead[:, 0, 0], [1.0, 2.0, 3.0, 9.0, 9.0]
    )
    assert fit.forecast(2, paths=10).draws.shape == (8, 2, 10)


def test_ex_post_knows_what_ex_ante_does_not():
    """Trap 1: visits that lift trade for good cannot be known; told, they help."""
    panel = visits_panel(4, pairs=40, effect=0.3, kept=1.0, sigma=0.1, common=0.0)
    recipe = Regression(DepreciatingStock("visits", half_life=float("inf")))
    sample, losses = read_sample(panel, ["visits"]), []
    for cut in range(1, 9):
        earlier = sample_until(sample, cut, np.arange(40))
        fit, actual = recipe.fit_to(earlier), sample.values[:, -cut]
        points = (
            fit.point(1),
            fit.point(1, indicators=panel),
            recipe.without_terms().fit_to(earlier).point(1),
        )
        losses.append([np.abs(np.log(p.to_numpy()[:, 0] / actual)) for p in points])
    ante, post, without = np.mean(losses, axis=(0, 2))
    assert post < 0.9 * without
    assert ante > 0.97 * without


# -------------------------------------------------------------------------- what is no use


@pytest.mark.parametrize(
    ("indicators", "code", "told"),
    [
        ({"visit": 1}, "F-681", "'visit' is no indicator"),
        ("visits", "F-681", "a str gives no indicators"),
        (pd.DataFrame({"year": [2021]}), "F-681", "none of the model's indicators"),
        (pd.DataFrame({"visits": [1.0]}), "F-681", "needs columns 'period'"),
        ({"visits": "many"}, "F-681", "'many' gives no values"),
        (
            pd.DataFrame({"year": [2021], "visits": [1.0]}),
            "F-682",
            "8 future values of 'visits'.*pair000 2022",
        ),
        (
            pd.DataFrame(
                {"pair": ["pair000"] * 2, "year": [2021, 2022], "visits": 1.0}
            ),
            "F-682",
            "14 future values",
        ),
    ],
    ids=range(7),
)
def test_indicators_that_are_no_use_have_a_named_error(fit, indicators, code, told):
    with pytest.raises(ModelError, match=f"{code}: .*{told}"):
        fit.forecast(2, paths=5, indicators=indicators)


def test_a_model_without_indicators_refuses_them():
    with pytest.raises(ModelError, match="F-681: Drift has no indicators"):
        Drift().fit([1.0, 2.0, 3.0]).forecast(1, indicators={"x": 1})
    with pytest.raises(ModelError, match="F-681"):
        Regression().fit([1.0, 2.0, 3.0] * 4).point(1, indicators={"x": 1})


def test_a_single_fitted_series_waits_for_its_indicators(fit):
    with pytest.raises(ModelError, match="F-684"):
        fit.units_fitted[0].center(2)
    with pytest.raises(ModelError, match="F-684"):
        fit.units_fitted[0].paths(np.zeros((2, 5)), np.random.default_rng(0))


def _next(panel: TradePanel, steps: int) -> pd.PeriodIndex:
    return pd.period_range(panel.periods[-1] + 1, periods=steps, freq="Y")
