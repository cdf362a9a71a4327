"""Outliers and level shifts: found where they are, seldom where they are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.panel import TradePanel
from forecast.series import Drift, Naive
from forecast.series.adjusting.breaks import clean
from forecast.series.adjusting.cleaned import Cleaned
from forecast.series.plain.robust_drift import RobustDrift, huber_mean


def walk(n: int, seed: int, sd: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.03, sd, n).cumsum()


def series(x: np.ndarray, first: str = "2005", freq: str = "Y") -> pd.Series:
    return pd.Series(np.exp(x), pd.period_range(first, periods=x.size, freq=freq))


# ------------------------------------------------------------------------------ finding


@pytest.mark.parametrize("n", [10, 20, 60])
@pytest.mark.parametrize("noise", [0.0, 0.1], ids=["steps only", "steps and noise"])
def test_clean_series_raise_few_alarms(n, noise):
    rng = np.random.default_rng(n)
    alarms = [
        bool(clean(np.exp(walk(n, seed) + rng.normal(0, noise, n))).breaks)
        for seed in range(400)
    ]
    assert np.mean(alarms) <= 0.05


def test_clean_months_raise_few_alarms():
    season = np.resize(np.random.default_rng(0).normal(0, 0.3, 12), 72)
    alarms = [
        bool(clean(np.exp(walk(72, seed) + season), 12).breaks) for seed in range(200)
    ]
    assert np.mean(alarms) <= 0.05


@pytest.mark.parametrize(("length", "n"), [(1, 25), (12, 96)])
def test_a_large_shift_is_found_with_its_size(length, n):
    season = np.resize(np.random.default_rng(1).normal(0, 0.3, length), n)
    hits, sizes = [], []
    for seed in range(50):
        x = walk(n, seed) + season
        x[n - 3 :] -= 1.2
        found = clean(np.exp(x), length).breaks
        hits.append([(b.kind, b.position) for b in found] == [("level shift", n - 3)])
        sizes += [b.size for b in found if b.position == n - 3]
    assert np.mean(hits) > 0.8
    assert np.mean(sizes) == pytest.approx(-1.2, abs=0.1)


def test_an_outlier_is_told_from_a_shift_and_both_are_found():
    x = 0.03 * np.arange(30) + 0.02 * np.resize([1, -1, 0.5], 30)
    x[8] += 0.8
    x[20:] += 0.6
    cleaning = clean(np.exp(x))
    assert [(b.kind, b.position) for b in cleaning.breaks] == [
        ("outlier", 8),
        ("level shift", 20),
    ]
    np.testing.assert_allclose(np.diff(np.log(cleaning.y)), 0.03, atol=0.07)
    assert cleaning.y[-1] == np.exp(x[-1])


def test_several_shifts_do_not_hide_each_other():
    x = walk(40, 3, sd=0.03)
    x[10:] -= 0.7
    x[25:] += 0.6
    found = {b.position for b in clean(np.exp(x)).breaks}
    assert {10, 25} <= found


def test_gaps_are_no_breaks_and_stay_gaps():
    y = np.exp(walk(30, 5))
    y[[4, 5, 17]] = np.nan
    cleaning = clean(y)
    assert cleaning.breaks == ()
    np.testing.assert_array_equal(cleaning.y, y)


@pytest.mark.parametrize(
    "y", [[1.0, 2.0], [0.0] * 20, [3.0] * 20, [1.0, 0.0] * 10, [5.0]], ids=str
)
def test_short_constant_and_zero_laden_series_have_none(y):
    assert clean(np.array(y)).breaks == ()


def test_fewer_places_to_look_at_need_less_evidence():
    """A shift of four spreads in a named year, over many samples."""
    everywhere, named = 0, 0
    for seed in range(100):
        x = walk(20, seed)
        x[12:] += 0.45
        everywhere += bool(clean(np.exp(x)).breaks)
        named += bool(clean(np.exp(x), positions=[12]).breaks)
    assert named > everywhere + 20


# ------------------------------------------------------------------------------ cleaned


def shifted() -> pd.Series:
    x = 0.03 * np.arange(17) + 0.01 * np.resize([1, -1, 0.3], 17)
    x[9:] -= 0.7  # 2014
    x[15:] += 0.5  # 2020
    return series(x)


def test_only_named_breaks_are_looked_at():
    both = Cleaned(Naive()).fit(shifted()).breaks
    assert both["period"].astype(str).tolist() == ["2014", "2020"]
    assert both["size"].to_numpy() == pytest.approx([-0.5, 0.65], abs=0.05)
    named = Cleaned(Naive(), breaks=["2009", "2014-15"]).fit(shifted()).breaks
    assert named["period"].astype(str).tolist() == ["2014"]
    month = Cleaned(Naive(), breaks="2020M03")
    assert month.fit(shifted()).breaks.empty  # a year is no part of a month


def test_months_of_a_named_year_are_looked_at():
    x = walk(72, 2, sd=0.02)
    x[40:] -= 0.8
    months = series(x, "2017-01", "M")
    found = Cleaned(Naive(), breaks=["2020"]).fit(months).breaks
    assert found["period"].astype(str).tolist() == ["2020-05"]
    assert Cleaned(Naive(), breaks=["2021"]).fit(months).breaks.empty


@pytest.mark.parametrize("name", ["2008-09", "soon", "2015-2014", "", "20"])
def test_a_name_that_is_no_period_is_refused(name):
    with pytest.raises(ModelError, match="F-665"):
        Cleaned(Drift(), breaks=[name])


@pytest.mark.parametrize("size", [0, 1, -0.1, float("nan")])
def test_an_impossible_size_is_refused(size):
    with pytest.raises(ModelError, match="F-526"):
        Cleaned(Drift(), size=size)


def test_the_forecast_keeps_the_observed_history_and_says_what_was_done():
    fit = Cleaned(Drift()).fit(shifted())
    outlook = fit.forecast(2, paths=50)
    np.testing.assert_array_equal(outlook.history.to_numpy()[0], shifted().to_numpy())
    assert outlook.model == "Drift, cleaned"
    assert "2 breaks in 1 of 1 units" in outlook.notes[-1]
    assert "level shift 2014 (-5" in outlook.notes[-1]
    assert fit.params["breaks"].item() == 2
    assert fit.adjusted.shape == fit.fitted.shape == (1, 17)
    assert "2 breaks" in repr(fit)


def test_breaks_after_the_origin_are_not_known_at_it():
    whole = shifted()
    early = Cleaned(Drift()).fit(whole[:"2018"])
    changed = whole.copy()
    changed["2019":] *= 50
    again = Cleaned(Drift()).fit(changed[:"2018"])
    pd.testing.assert_frame_equal(early.breaks, again.breaks)
    assert early.breaks["period"].astype(str).tolist() == ["2014"]
    pd.testing.assert_frame_equal(early.point(3), again.point(3))


def test_a_unit_without_breaks_is_fitted_as_ever():
    rows = [
        pd.DataFrame({"r": name, "year": range(2005, 2022), "y": values})
        for name, values in (
            ("calm", np.exp(walk(17, 8))),
            ("broken", shifted().to_numpy()),
        )
    ]
    panel = TradePanel.from_frame(pd.concat(rows), unit=["r"], period="year", flow="y")
    cleaned, plain = Cleaned(Drift()).fit(panel), Drift().fit(panel)
    assert set(cleaned.breaks["r"]) == {"broken"}
    assert cleaned.point(2).loc["calm"].equals(plain.point(2).loc["calm"])


# ------------------------------------------------------------------------- robust drift


def test_the_robust_mean_solves_hubers_equation():
    rng = np.random.default_rng(0)
    steps, sizes = rng.standard_t(2, 30), rng.uniform(0.5, 2, 30)
    mean, weights = huber_mean(steps, np.ones(30), sizes)
    assert (weights * (steps - mean)).sum() == pytest.approx(0, abs=1e-9)
    assert weights.max() == 1
    assert weights.min() < 0.5


def test_without_outliers_it_is_the_drift():
    flow = 10 + np.arange(12.0) + 0.01 * np.resize([1, -1, 0], 12)
    mine = RobustDrift().fit(flow).params["drift"].item()
    assert mine == pytest.approx(Drift().fit(flow).params["drift"].item(), rel=0.02)


def test_a_jump_bends_it_less():
    """Steps of 0.02 on average; one of the others is a jump by a half or to double."""
    errors = {"Drift": [], "RobustDrift": []}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        steps = rng.normal(0.02, 0.05, 24)
        steps[rng.integers(2, 18)] += rng.choice([-0.7, 0.7])
        y = np.exp(steps.cumsum())
        for recipe in (Drift(), RobustDrift()):
            point = recipe.fit(y[:20]).point(4).to_numpy()[0]
            errors[recipe.name].append(np.abs(np.log(y[20:] / point)).mean())
    assert np.mean(errors["RobustDrift"]) < 0.8 * np.mean(errors["Drift"])


def test_shrinking_draws_the_drift_towards_nothing():
    flow = 10 + np.arange(11.0)
    plain, shrunk = (
        RobustDrift(k).fit(flow).params["drift"].item() for k in (0.0, 10.0)
    )
    assert shrunk == pytest.approx(plain / 2)


@pytest.mark.parametrize("shrink", [-1, float("nan"), float("inf")])
def test_an_impossible_shrinkage_is_refused(shrink):
    with pytest.raises(ModelError, match="F-526"):
        RobustDrift(shrink)
