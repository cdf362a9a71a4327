"""Indicators enter a forecast only where they have earned it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from indicator_worlds import visits_panel

from forecast.errors import ModelError
from forecast.series import Drift
from forecast.series.contract.samples import read_sample
from forecast.series.evidence.gate import Gain, Gated, gain_of
from forecast.series.regression.arma_errors import ARMA
from forecast.series.regression.model import Regression
from forecast.series.regression.terms import DepreciatingStock

QUICK = ARMA(ma=False, differences=1)
VISITS = Regression("visits", errors=QUICK)


def gain(panel, recipe=VISITS, **options) -> Gain:
    sample = read_sample(panel, recipe.columns)
    return gain_of(recipe, recipe.without_terms(), sample, **options)


def test_false_indicators_stay_out():
    """The long form, with their share in percent, is benchmarks/indicator_gate.py."""
    entered = [
        gain(visits_panel(seed, pairs=20, years=16, effect=0)).enters
        for seed in range(20)
    ]
    assert sum(entered) <= 2


def test_false_stocks_that_trend_with_trade_stay_out():
    stock = Regression(
        DepreciatingStock("visits", half_life=float("inf")), errors=QUICK
    )
    entered = [
        gain(visits_panel(seed, pairs=20, years=16, effect=0, rate=1.0), stock).enters
        for seed in range(10)
    ]
    assert sum(entered) <= 2


def test_indicators_that_help_enter():
    entered = [
        gain(visits_panel(seed, pairs=30, years=18, effect=0.12)).enters
        for seed in range(6)
    ]
    assert sum(entered) >= 5


def test_what_cannot_be_known_ahead_does_not_enter_however_strong():
    """Trap 1: a lasting lift by events that come unforeseen helps no forecast."""
    stock = Regression(
        DepreciatingStock("visits", half_life=float("inf")), errors=QUICK
    )
    found = [
        gain(visits_panel(seed, pairs=30, effect=0.1, kept=1.0), stock)
        for seed in range(4)
    ]
    assert np.mean([one.share for one in found]) < 0.02
    fit = stock.fit(visits_panel(0, pairs=30, effect=0.1, kept=1.0))
    assert fit.tidy()["p_value"].iloc[0] < 0.001


def test_an_open_gate_forecasts_with_indicators_and_says_so():
    panel = visits_panel(0, pairs=30, effect=0.15)
    fit = Gated(VISITS).fit(panel)
    assert fit.gain.enters
    assert fit.notes[0].startswith("'visits' enter the forecast: out of sample")
    outlook = fit.forecast(2, paths=50)
    assert outlook.notes == fit.notes
    assert (
        outlook.draws.tobytes()
        == VISITS.fit(panel).forecast(2, paths=50).draws.tobytes()
    )
    told = fit.forecast(2, paths=50, indicators={"visits": 3})
    assert np.median(told.draws / outlook.draws) > 1.1


def test_a_closed_gate_forecasts_without_and_keeps_indicators_for_scenarios():
    panel = visits_panel(1, pairs=20, years=16, effect=0)
    fit = Gated(VISITS).fit(panel)
    assert not fit.gain.enters
    assert "'visits' stay out of the forecast" in fit.notes[0]
    assert "kept for scenarios" in repr(fit)
    plain = VISITS.without_terms().fit(panel)
    outlook = fit.forecast(2, paths=50)
    assert outlook.draws.tobytes() == plain.forecast(2, paths=50).draws.tobytes()
    np.testing.assert_array_equal(fit.point(2), plain.point(2))
    scenario = fit.forecast(2, paths=50, indicators={"visits": 1})
    assert scenario.notes[0].startswith("a scenario of indicators that have not been")
    base = fit.forecast(2, paths=50, indicators={"visits": 0})
    ratio = np.log(scenario.minus(base).draws / base.draws + 1)
    np.testing.assert_allclose(
        ratio, np.broadcast_to(ratio[:1, :1], ratio.shape), rtol=1e-6, atol=1e-12
    )


def test_a_lucky_gain_of_slopes_that_may_be_zero_is_no_ticket():
    lucky = Gain(0.01, 0.01, 0.4, 0.05, 1, 8, 20, ("visits",))
    assert not lucky.enters
    assert "but their slopes may be zero (p = 0.400)" in repr(lucky)
    assert replace(lucky, slopes_p_value=0.01).enters
    assert replace(lucky, slopes_p_value=np.nan).enters


def test_the_model_without_may_be_any():
    panel = visits_panel(2, pairs=10, years=14, effect=0)
    fit = Gated(VISITS, without=Drift(), origins=5).fit(panel)
    assert fit.gain.origins == 5
    assert fit.without.recipe == Drift()
    around = Gated(Regression("visits", errors=Drift()), origins=4)
    assert around.fallback == Drift()


def test_too_few_years_cannot_show_anything():
    found = gain(visits_panel(3, pairs=5, years=10))
    assert np.isnan(found.p_value)
    assert not found.enters
    assert repr(found).endswith("too few periods to see whether they help")


def test_no_origin_knows_anything_of_later_years():
    panel = visits_panel(4, pairs=10, years=18)
    sample = read_sample(panel, ["visits"])
    sample.covariates["visits"][:, -1] = 99  # known only after the last origin
    mine, theirs = gain(panel), gain_of(VISITS, VISITS.without_terms(), sample)
    assert (mine.share, mine.p_value) == (theirs.share, theirs.p_value)


@pytest.mark.parametrize(
    "options",
    [
        {"model": Drift()},
        {"model": Gated(VISITS)},
        {"model": VISITS, "horizon": 0},
        {"model": VISITS, "origins": 1.5},
        {"model": VISITS, "level": 5},
    ],
    ids=range(5),
)
def test_impossible_gates_have_a_named_error(options):
    with pytest.raises(ModelError, match="F-526"):
        Gated(**options)
