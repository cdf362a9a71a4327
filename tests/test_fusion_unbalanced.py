"""Pairs, countries and sectors that begin late: nothing is known of them before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecast as fc
from forecast.fusion import Fusion
from forecast.fusion.evidence import total_moves
from forecast.fusion.flows import read_flows
from forecast.fusion.totals import read_totals
from forecast.series import Drift

NEW = "R7"
ENDS = ["origin", "destination"]
LEVEL = fc.Gravity("flow ~ 1 | origin^period + destination^period + origin^destination")


def world(n: int = 7, years: int = 14, seed: int = 1) -> pd.DataFrame:
    frame = fc.datasets.simulate_trade(n, years, seed=seed).frame
    return frame[[*ENDS, "period", "flow"]]


def panel_of(frame: pd.DataFrame, **more: str) -> fc.TradePanel:
    return fc.TradePanel.from_frame(
        frame, origin="origin", destination="destination", period="period", flow="flow",
        **more,
    )  # fmt: skip


def unbalanced(seed: int = 3) -> pd.DataFrame:
    """A third of the pairs begin late, one country in the last years, cells are missing."""
    frame = world()
    year = frame["period"].rank(method="dense").astype(int) - 1
    rng = np.random.default_rng(seed)
    pairs = frame[ENDS].drop_duplicates()
    late = rng.random(len(pairs)) < 1 / 3
    start = frame.merge(
        pairs.assign(start=np.where(late, rng.integers(2, 13, len(pairs)), 0))
    )
    begun = year >= start["start"].to_numpy()
    there = rng.random(len(frame)) > 0.05
    return frame[begun & there & ((year >= 10) | ~of_new(frame))]


def of_new(frame: pd.DataFrame) -> pd.Series:
    return (frame["origin"] == NEW) | (frame["destination"] == NEW)


def pairs_of(fit, values) -> pd.Series:
    return pd.Series(values, pd.MultiIndex.from_frame(fit.units))


@pytest.mark.parametrize("level", [None, LEVEL], ids=["own level", "gravity"])
def test_evidence_at_an_origin_is_that_of_the_panel_cut_there(level):
    panel = panel_of(unbalanced())
    whole = Fusion(level=level, rival=None).fit(panel)
    for t in (8, 10, 11):
        year = whole.flows.periods[t]
        cut = Fusion(level=level, rival=None).fit(panel.between(end=year))
        assert len(cut.units) < len(whole.units)
        known = [p for p in whole.evidence if p.origin + p.horizon <= t]
        assert len(known) == len(cut.evidence) > 10
        for ours, then in zip(known, cut.evidence, strict=True):
            assert (ours.origin, ours.horizon) == (then.origin, then.horizon)
            assert ours.world == pytest.approx(then.world, abs=1e-9)
            for name in ("pairs", "size", "entered", "before"):
                one, other = getattr(ours, name), getattr(then, name)
                both = pairs_of(whole, one).loc[pairs_of(cut, other).index]
                assert_allclose(both, other, rtol=1e-6, atol=1e-9, err_msg=name)
            for k, side in enumerate(("exports", "imports")):
                codes = (whole.flows.origins, whole.flows.destinations)[k]
                there = (cut.flows.origins, cut.flows.destinations)[k]
                for one, other in (
                    (getattr(ours, side), getattr(then, side)),
                    (ours.moves[k], then.moves[k]),
                ):
                    own = pd.Series(one, codes).loc[there]
                    assert_allclose(own, other, rtol=1e-6, atol=1e-9)


def test_the_first_figures_of_late_pairs_move_nothing_before_them():
    frame = unbalanced()
    last = frame["period"] == frame["period"].max()
    late = frame[~of_new(frame) & last].iloc[0]
    pair = (frame["origin"] == late["origin"]) & (
        frame["destination"] == late["destination"]
    )
    frame = frame[~pair | last]  # known in the last year only
    larger = frame.assign(flow=frame["flow"].where(~(pair & last), frame["flow"] * 40))
    one, other = (Fusion(rival=None).fit(panel_of(f)) for f in (frame, larger))
    end = len(one.flows.periods) - 1
    for a, b in zip(one.evidence, other.evidence, strict=True):
        if a.origin + a.horizon < end:
            assert a.world == b.world
            for name in ("pairs", "size", "exports", "imports", "entered", "before"):
                assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
            assert_array_equal(np.concatenate(a.moves), np.concatenate(b.moves))
    for a, b in zip(one.steps[:-1], other.steps[:-1], strict=True):
        assert_array_equal(a.features, b.features)
        assert_array_equal(a.volatility, b.volatility)
    # nor the growth of totals, which is that of pairs that had begun, nor what it teaches
    assert_allclose(one.params, other.params, rtol=1e-6, atol=1e-9)
    growth = [np.diff(np.log(fit.totals.world)) for fit in (one, other)]
    assert_allclose(growth[0], growth[1], rtol=1e-9)


def test_growth_of_totals_is_that_of_pairs_that_had_begun():
    frame = unbalanced()
    flows = read_flows(panel_of(frame))
    totals = read_totals(flows)
    table = frame.pivot_table(index="period", columns=ENDS, values="flow").ffill()
    for t in range(1, len(table)):
        both = table.iloc[t - 1].notna()
        now, before = table.iloc[t][both], table.iloc[t - 1][both]
        assert totals.world[t] / totals.world[t - 1] == pytest.approx(
            now.sum() / before.sum()
        )
        for key, side, codes in (
            ("origin", totals.exports, flows.origins),
            ("destination", totals.imports, flows.destinations),
        ):
            ratio = now.groupby(key).sum() / before.groupby(key).sum()
            at = codes.get_indexer(ratio.index)
            assert_allclose(side[t, at] / side[t - 1, at], ratio)
    # the last year is what there is; earlier origins have their own last year
    for t in (5, 9, 13):
        until = totals.until(t)
        assert_allclose(until.world[-1], table.iloc[t].sum())
        assert_allclose(
            pd.Series(until.exports[-1], flows.origins)[lambda s: s > 0],
            table.iloc[t].dropna().groupby("origin").sum(),
        )


def test_the_history_of_totals_is_the_sum_of_figures():
    frame = unbalanced()
    fit = Fusion(rival=None).fit(panel_of(frame))
    for side, key in (("exports", "origin"), ("imports", "destination")):
        told = fit.total_paths(side, 1, paths=10)
        real = frame.pivot_table(
            index=key, columns="period", values="flow", aggfunc="sum"
        )
        assert_allclose(told.history, real.loc[told.units[key]])
    assert np.isnan(told.history.to_numpy()).any()
    assert "before a pair's first figure" in " ".join(fit.notes)


def spread(fit, rows) -> float:
    total = fit.forecast(1, paths=400).draws[rows, 0].sum(axis=0)
    return float(np.diff(np.log(np.quantile(total, [0.1, 0.9])))[0])


def test_a_newcomer_is_as_uncertain_as_others_and_changes_nobody_elses_past():
    frame = world()
    known = ~of_new(frame) | (frame["period"] == frame["period"].max())
    late, whole = (Fusion(rival=None).fit(panel_of(f)) for f in (frame[known], frame))
    alone = Fusion(rival=None).fit(panel_of(frame[~of_new(frame)]))
    new = of_new(late.units).to_numpy()
    for own in total_moves(late.totals):
        assert own[-1] > 0.8 * np.median(own)
    assert 0.8 < spread(late, new) / spread(whole, new) < 1.5
    assert 0.8 < spread(late, ~new) / spread(whole, ~new) < 1.5
    assert_allclose(
        [p.world for p in late.evidence if p.origin < 12],
        [p.world for p in alone.evidence if p.origin < 12],
        rtol=1e-9,
    )


def test_totals_that_begin_late_may_be_forecast_by_a_model_of_series():
    frame = world()
    year = frame["period"].rank(method="dense").astype(int) - 1
    growing = frame["flow"].where(~of_new(frame), 2.0 ** (year - 10))
    frame = frame.assign(flow=growing)[~of_new(frame) | (year >= 10)]
    fit = Fusion(dynamics=Drift(), rival=None).fit(panel_of(frame))
    point = fit.point(1).iloc[:, 0]
    # the newcomer has traded 1, 2, 4 and 8: its drift is theirs, not that from zero
    rise = point.groupby("origin").sum()[NEW] / fit.totals.exports[-1, -1]
    others = point.sum() / fit.totals.world[-1]
    assert rise / others > 1.15


def test_a_sector_that_starts_from_zero_leaves_the_others_as_sure_as_they_were():
    frame = world()
    rng = np.random.default_rng(1)
    parts = [
        frame.assign(
            flow=frame["flow"] * (1 + k) * rng.lognormal(0, 0.1, len(frame)),
            sector=name,
        )
        for k, name in enumerate("XYZ")
    ]
    table = pd.concat(parts, ignore_index=True)
    begun = table["period"] >= sorted(table["period"].unique())[-3]
    zero = table.assign(flow=table["flow"].where((table["sector"] != "Z") | begun, 0.0))
    usual, entering = (
        Fusion(rival=None).fit(panel_of(f, sector="sector")) for f in (table, zero)
    )
    for name in "XY":
        rows = (usual.units["sector"] == name).to_numpy()
        assert spread(entering, rows) < 1.5 * spread(usual, rows)
    for past in entering.evidence:
        if past.origin + past.horizon == 11 and past.horizon == 1:
            assert abs(past.world) < 0.3
            assert past.sectors[2] == 0


def test_beginnings_of_which_little_is_known_still_give_forecasts():
    frame = world()
    year = frame["period"].rank(method="dense").astype(int)
    pair = frame.groupby(ENDS).ngroup()
    first = (frame["origin"] == "R1") & (frame["destination"] == "R2")
    for kept in (
        (year > 2) | first,  # one pair alone for two years
        (year > 2) ^ first,  # which then trades no more
        (pair + year) % 2 == 0,  # nobody in two years running
    ):
        fit = Fusion().fit(panel_of(frame[kept]))
        assert np.isfinite(fit.forecast(2, paths=20).draws).all()
        assert fit.params.notna().all()
    assert "no pair-year" in " ".join(fit.notes)
