"""Fusion of sectors side by side: each adds up to totals of its own."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecast as fc
from forecast.errors import KeyColumnError
from forecast.fusion import Fusion
from forecast.fusion.points import totals_after
from forecast.series import Drift

SECTORS = {"fuel": 0.25, "machines": 0.05, "food": 0.05}
"""With the size of shocks that all flows of a sector share."""


def world(n: int = 6, years: int = 16, seed: int = 0) -> pd.DataFrame:
    """Pairs of countries in sectors that rise and fall on their own."""
    rng = np.random.default_rng(seed)
    frames = []
    common = rng.normal(0.03, 0.05, years).cumsum()
    for sector, shock in SECTORS.items():
        level = common + rng.normal(0, shock, years).cumsum()
        size, pair = rng.normal(0, 1, (2, n)), rng.normal(0, 1, (n, n))
        for t in range(years):
            pair = pair + rng.normal(0, 0.15, (n, n))
            flow = np.exp(level[t] + size[0][:, None] + size[1] + pair)
            rows = [
                (f"C{i}", f"C{j}", sector, 2000 + t, flow[i, j])
                for i in range(n)
                for j in range(n)
                if i != j
            ]
            frames += rows
    names = ["exporter", "importer", "sector", "year", "trade"]
    return pd.DataFrame(frames, columns=names)


def panel_of(frame: pd.DataFrame) -> fc.TradePanel:
    sector = {"sector": "sector"} if "sector" in frame else {}
    return fc.TradePanel.from_frame(
        frame,
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        **sector,
    )


@functools.cache
def usual_fit():
    return Fusion().fit(panel_of(world()))


def test_one_sector_is_forecast_as_if_it_had_no_name():
    food = world()[lambda df: df["sector"] == "food"]
    named, plain = (
        Fusion().fit(panel_of(frame)) for frame in (food, food.drop(columns="sector"))
    )
    assert_array_equal(named.params, plain.params)
    assert_array_equal(named.point(2), plain.point(2))


def test_every_sector_adds_up_to_its_own_totals_on_every_path():
    fit = usual_fit()
    outlook = fit.forecast(2, paths=100)
    for side, key in (("exports", "exporter"), ("imports", "importer")):
        sums = outlook.total(by=[key, "sector"])
        totals = fit.total_paths(side, 2, paths=100)
        assert list(totals.units.columns) == [key, "sector"]
        assert_allclose(sums.draws, totals.draws, rtol=1e-9)
        assert sums.units.equals(totals.units)
    by_sector = outlook.total(by="sector")
    for side in ("exports", "imports"):
        both = fit.total_paths(side, 2, paths=100).total(by="sector")
        assert_allclose(both.draws, by_sector.draws, rtol=1e-9)
    assert_allclose(
        by_sector.total().draws, outlook.total().draws, rtol=1e-12
    )  # sectors add up to the whole


def test_both_sides_get_one_sum_in_each_sector_and_the_world_stays():
    flows = usual_fit().flows
    rng = np.random.default_rng(2)
    exports, imports = (
        rng.uniform(1, 2, (3, len(side)))
        for side in (flows.origins, flows.destinations)
    )
    imports *= exports.sum(axis=1, keepdims=True) / imports.sum(axis=1, keepdims=True)
    left, right = flows.one_sum(exports, imports)
    sums = flows.sector_sums(left, 0)
    assert_allclose(sums, flows.sector_sums(right, 1), rtol=1e-12)
    assert_allclose(sums.sum(axis=1), exports.sum(axis=1), rtol=1e-12)
    before = flows.sector_sums(exports, 0), flows.sector_sums(imports, 1)
    assert not np.allclose(*before, rtol=0.01)
    # between the two sides, and nobody's share of a sector changes
    assert_allclose(left / exports, (sums / before[0])[:, flows.blocks[0]], rtol=1e-12)
    assert_allclose(right / imports, (sums / before[1])[:, flows.blocks[1]], rtol=1e-12)


def test_points_reach_the_forecast_totals_also_where_series_forecast_these():
    for fit in (usual_fit(), Fusion(dynamics=Drift()).fit(panel_of(world()))):
        point = fit.point(2)
        last = len(fit.flows.periods) - 1
        after = totals_after(
            fit.flows, fit.totals, fit.learned, fit.recipe.dynamics, last, 2
        )
        exports = point.groupby(["exporter", "sector"]).sum()
        imports = point.groupby(["importer", "sector"]).sum()
        assert_allclose(exports.T, after.exports, rtol=1e-9)
        assert_allclose(imports.T, after.imports, rtol=1e-9)


def test_given_totals_of_sectors_are_reached():
    frame = world()
    known = panel_of(frame[frame["year"] < 2015])
    came = frame[frame["year"] == 2015]
    e, m = (
        came.groupby([k, "sector"])["trade"].sum() for k in ("exporter", "importer")
    )
    given = Fusion().fit(known).given_totals(e, m)
    assert_allclose(given.groupby(["exporter", "sector"]).sum(), e, rtol=1e-8)
    assert_allclose(given.groupby(["importer", "sector"]).sum(), m, rtol=1e-8)


def test_rows_in_another_order_give_the_same_bits():
    shuffled = Fusion().fit(panel_of(world().sample(frac=1, random_state=3)))
    assert_array_equal(
        shuffled.forecast(1, paths=30).draws, usual_fit().forecast(1, paths=30).draws
    )


def test_a_gravity_level_may_have_effects_of_sectors():
    level = fc.Gravity(
        "trade ~ 1 | exporter^sector^year + importer^sector^year"
        " + exporter^importer^sector"
    )
    fit = Fusion(level=level).fit(panel_of(world(5, 10)))
    outlook = fit.forecast(1, paths=30)
    assert np.isfinite(outlook.draws).all()
    assert "3 sectors" in repr(fit)


def test_intervals_of_sectors_and_of_their_flows_hold():
    hits = {"flows": [], "sectors": []}
    for seed in range(8):
        frame = world(6, 21, seed=30 + seed)
        for origin in (2016, 2019):
            known = panel_of(frame[frame["year"] <= origin])
            outlook = Fusion().fit(known).forecast(1, paths=300)
            came = panel_of(frame[frame["year"] == origin + 1])
            for name, one, actual in (
                ("flows", outlook, came),
                ("sectors", outlook.total(by="sector"), came.total(by="sector")),
            ):
                low, high = one.interval(0.8)
                value = actual.matrix()[0]
                hits[name].append(
                    (value >= low.to_numpy()) & (value <= high.to_numpy())
                )
    assert 0.72 < np.concatenate(hits["flows"]).mean() < 0.88
    assert 0.65 < np.concatenate(hits["sectors"]).mean() < 0.92


def test_flows_told_apart_by_more_than_sectors_are_refused():
    frame = world(4, 6).assign(mode="sea")
    by_mode = fc.TradePanel.from_frame(
        pd.concat([frame, frame.assign(mode="rail")])
        .drop(columns="sector")
        .drop_duplicates(["exporter", "importer", "year", "mode"]),
        unit=["exporter", "importer", "mode"],
        period="year",
        flow="trade",
    )
    with pytest.raises(KeyColumnError, match="F-852"):
        Fusion().fit(by_mode)
