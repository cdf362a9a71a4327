"""Fusion of months and quarters: years are forecast and split."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecast as fc
from forecast.errors import ModelError, PeriodError
from forecast.fusion import Fusion
from forecast.fusion.seasons import learn_seasons
from forecast.scenarios import Scenario, TradeCost, held

MONTHS = 1 + 0.3 * np.sin(2 * np.pi * np.arange(12) / 12)


def world(n: int = 6, years: int = 14, seed: int = 0, parts: int = 12) -> pd.DataFrame:
    """Pairs that wander from month to month, around a season that all share in part."""
    rng = np.random.default_rng(seed)
    count = years * parts
    step = np.sqrt(12 / parts)
    common = (0.002 * step**2 + 0.015 * step * rng.standard_normal(count)).cumsum()
    season = np.log(MONTHS.reshape(parts, -1).mean(axis=1))
    freq = {12: "M", 4: "Q"}[parts]
    periods = pd.period_range("2000", periods=count, freq=freq)
    size = rng.normal(0, 1, (2, n))
    frames = []
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            own = (0.03 * step * rng.standard_normal(count)).cumsum()
            noise = 0.05 * rng.standard_normal(count)
            log = (
                size[0, i] + size[1, j] + common + own + noise + np.tile(season, years)
            )
            frames.append(
                pd.DataFrame(
                    {
                        "exporter": f"C{i}",
                        "importer": f"C{j}",
                        "period": periods,
                        "trade": np.exp(log),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def panel_of(frame: pd.DataFrame) -> fc.TradePanel:
    return fc.TradePanel.from_frame(
        frame,
        origin="exporter",
        destination="importer",
        period="period",
        flow="trade",
    )


@functools.cache
def usual_fit():
    return Fusion().fit(panel_of(world()))


def test_months_add_up_to_the_paths_of_their_year():
    fit = usual_fit()
    months = fit.forecast(24, paths=100)
    years = fit.years.forecast(2, paths=100)
    assert list(months.periods.astype(str))[::12] == ["2014-01", "2015-01"]
    added = months.draws.reshape(len(months.units), 2, 12, 100).sum(axis=2)
    assert_allclose(added, years.draws, rtol=1e-12)
    points = fit.point(24).to_numpy().reshape(-1, 2, 12).sum(axis=2)
    assert_allclose(points, fit.years.point(2), rtol=1e-12)


def test_a_part_of_a_year_is_the_beginning_of_the_whole():
    fit = usual_fit()
    assert_array_equal(
        fit.forecast(5, paths=50).draws, fit.forecast(12, paths=50).draws[:, :5]
    )
    assert_array_equal(fit.point("2014-05"), fit.point(12).iloc[:, :5])


def test_the_season_is_found():
    outlook = usual_fit().forecast(12, paths=200).total()
    months = outlook.median.to_numpy().ravel()
    assert np.corrcoef(months / months.mean(), MONTHS)[0, 1] > 0.95


def test_a_growing_year_is_larger_at_its_end():
    rng = np.random.default_rng(0)
    # levels that wander from month to month, without season or noise
    log = (0.05 * rng.standard_normal((400, 20 * 12))).cumsum(axis=1)
    parts = np.exp(log).reshape(400, 20, 12).transpose(1, 0, 2)
    seasons = learn_seasons(parts)
    growth, carried = seasons.slopes
    assert growth[-1] - growth[0] > 0.8
    assert_allclose(seasons.usual.mean(axis=0), 1 / 12, rtol=0.05)
    # where the year before ended high, the new one begins high
    assert carried[0] - carried[-1] > 0.3
    assert_allclose(seasons.rest.mean(), 1, atol=0.02)


def test_intervals_of_months_hold():
    hits = {0.8: [], 0.95: []}
    for seed in range(6):
        frame = world(6, 16, seed=10 + seed)
        for origin in (2012, 2014):
            known = panel_of(frame[frame["period"].dt.year <= origin])
            outlook = Fusion().fit(known).forecast(12, paths=300)
            whole = panel_of(frame)
            start = (origin + 1 - 2000) * 12
            came = whole.matrix()[0][:, start : start + 12]
            for level, found in hits.items():
                low, high = outlook.interval(level)
                found.append((came >= low.to_numpy()) & (came <= high.to_numpy()))
    for level, found in hits.items():
        table = np.stack(found)
        assert abs(table.mean() - level) < 0.06
        by_month = table.mean(axis=(0, 1))
        assert by_month[[0, 5, 11]].min() > level - 0.12


def test_quarters_are_split_as_months_are():
    fit = Fusion().fit(panel_of(world(5, 12, parts=4)))
    outlook = fit.forecast(6, paths=50)
    assert outlook.draws.shape == (20, 6, 50)
    assert list(outlook.periods.astype(str))[:2] == ["2012Q1", "2012Q2"]
    assert "quarter" in repr(fit)


def test_a_month_that_never_had_trade_gets_none_and_gaps_do_no_harm():
    frame = world(5, 12)
    pair = (frame["exporter"] == "C0") & (frame["importer"] == "C1")
    frame.loc[pair & (frame["period"].dt.month == 2), "trade"] = 0.0
    frame = frame.drop(frame.index[[5, 700]])
    outlook = Fusion().fit(panel_of(frame)).forecast(12, paths=50)
    row = outlook.units.apply(tuple, axis=1).tolist().index(("C0", "C1"))
    assert outlook.draws[row, 1].max() == 0
    assert outlook.draws[row, 2].min() > 0
    assert np.isfinite(outlook.draws).all()


def test_an_incomplete_last_year_is_refused():
    frame = world(4, 6)
    with pytest.raises(PeriodError, match="F-853"):
        Fusion().fit(panel_of(frame[frame["period"] < "2005-06"]))


def test_a_last_year_that_no_pair_has_whole_is_refused():
    frame = world(4, 6)
    keys = frame["exporter"] + frame["importer"]
    month = 1 + keys.factorize()[0] % 12  # another month is missing of each pair
    gone = (frame["period"].dt.year == 2005) & (frame["period"].dt.month == month)
    for kept in (frame[frame["period"] != "2005-06"], frame[~gone]):
        with pytest.raises(PeriodError, match="F-853: no pair has a complete 2005"):
            Fusion(rival=None).fit(panel_of(kept))


def test_pairs_whose_last_year_is_not_whole_are_told():
    frame = world(4, 6)
    pair = (frame["exporter"] == "C0") & (frame["importer"] == "C1")
    fit = Fusion(rival=None).fit(
        panel_of(frame[~(pair & (frame["period"] == "2005-06"))])
    )
    assert "1 of 12 pairs have no complete 2005" in " ".join(fit.notes)
    outlook = fit.forecast(12, paths=20)
    assert str(outlook.periods[0]) == "2006-01"
    row = outlook.units.apply(tuple, axis=1).tolist().index(("C0", "C1"))
    assert fit.seasons.carried[row] == 0
    assert fit.seasons.carried.any()


def test_seasons_are_read_from_the_years_they_belong_to():
    frame = world(4, 8)
    year = frame["period"].dt.year
    # half of 2000 is missing, so the first whole year is 2001
    fit = Fusion(rival=None).fit(panel_of(frame[frame["period"] >= "2000-07"]))
    whole = Fusion(rival=None).fit(panel_of(frame[year >= 2001]))
    assert_array_equal(fit.seasons.usual, whole.seasons.usual)
    assert_array_equal(fit.seasons.carried, whole.seasons.carried)
    last = frame[year == 2007].set_index("period").groupby(["exporter", "importer"])
    share = last["trade"].agg(lambda flow: flow.iloc[-1] / flow.sum())
    above = np.log(share.to_numpy() / fit.seasons.usual[:, -1])
    assert_allclose(fit.seasons.carried, above, rtol=1e-9)


def test_a_baseline_is_of_years_and_one_of_months_is_refused_in_short_words():
    frame = world(4, 6).assign(agreement=0.0)
    frame["agreement"] = (
        (frame["exporter"] < frame["importer"]) & (frame["period"].dt.year > 2002)
    ).astype(float)
    panel = fc.TradePanel.from_frame(
        frame,
        origin="exporter",
        destination="importer",
        period="period",
        flow="trade",
        covariates=["agreement"],
    )
    level = fc.Gravity(
        "trade ~ agreement | exporter^period + importer^period + exporter^importer"
    )
    fit = Fusion(level=level, rival=None).fit(panel)
    usual = fit.forecast(24, paths=20)
    along = fit.forecast(held(fit.years.panel, 2), paths=20)
    assert along.periods.equals(usual.periods)
    assert_array_equal(along.draws, usual.draws)
    other = Scenario("agreements", {"agreement": "1"})
    changed = fit.forecast(held(fit.years.panel, 2), paths=20, scenario=other)
    assert_array_equal(changed.draws, fit.forecast(24, paths=20, scenario=other).draws)
    assert not np.array_equal(changed.draws, usual.draws)
    with pytest.raises(ModelError, match="F-859: the baseline is not of years") as told:
        fit.forecast(held(panel, 12), paths=20)
    assert len(str(told.value)) < 200


def test_months_of_a_scenario_without_change_are_those_of_the_baseline():
    fit = usual_fit()
    assert_array_equal(
        fit.forecast(15, paths=20, scenario=Scenario("none", {})).draws,
        fit.forecast(15, paths=20).draws,
    )
    cost = TradeCost(days=-1, per_day=0.8, elasticity=5, source="x")
    quicker = fit.forecast(15, paths=20, scenario=Scenario("quicker", costs=cost))
    assert (quicker.median >= fit.forecast(15, paths=20).median).to_numpy().all()
