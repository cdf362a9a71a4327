"""The joint of gravity and series: laws, a world with known dynamics, reference data."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecast as fc
from forecast.errors import KeyColumnError, ModelError, PeriodError
from forecast.fusion import Fusion, Margins
from forecast.fusion.allocation import allocate, allocate_paths
from forecast.fusion.calibration import levels_needed, temper, tempering
from forecast.fusion.flows import read_flows
from forecast.fusion.levels import gaps_to_level
from forecast.fusion.margins import Totals, estimate_speeds, extend_totals
from forecast.fusion.structure import Step, estimate_weights
from forecast.kernels.proportional import fit_proportions
from forecast.scenarios import Scenario, TradeCost, held
from forecast.series import Drift

ENDS = {"origin": "exporter", "destination": "importer", "period": "year"}


def world(
    n: int = 8,
    years: int = 16,
    seed: int = 0,
    *,
    recovery: float = 0.4,
    growth: float = 0.03,
    shock: float = 0.06,
    pair_sd: float = 0.15,
) -> pd.DataFrame:
    """Trade that grows, falls and recovers part of the way to its peak each year."""
    rng = np.random.default_rng(seed)
    level, peak = [0.0], 0.0
    for _ in range(years - 1):
        level.append(
            level[-1]
            + growth
            + recovery * (peak - level[-1])
            + shock * rng.standard_normal()
        )
        peak = max(peak, level[-1])
    size = rng.normal(0, 1, n)
    pair = rng.normal(0, 1, (n, n))
    rows = []
    for t in range(years):
        flow = np.exp(level[t] + size[:, None] + size + pair)
        pair = pair + pair_sd * rng.standard_normal((n, n))
        rows += [
            (f"C{i:02d}", f"C{j:02d}", 2000 + t, flow[i, j])
            for i in range(n)
            for j in range(n)
            if i != j
        ]
    return pd.DataFrame(rows, columns=["exporter", "importer", "year", "trade"])


def panel_of(frame: pd.DataFrame) -> fc.TradePanel:
    return fc.TradePanel.from_frame(frame, **ENDS, flow="trade", unit="USD")


GRAVITY = fc.Gravity("trade ~ 1 | exporter^year + importer^year + exporter^importer")


@functools.cache
def usual_fit():
    return Fusion(level=GRAVITY).fit(panel_of(world()))


# ------------------------------------------------------------------------- allocation


def test_scaled_rows_and_columns_agree_with_plain_loops():
    rng = np.random.default_rng(1)
    rows, columns = np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)
    flows = rng.exponential(size=(5, 12))
    e, m = rng.exponential(size=(5, 4)), rng.exponential(size=(5, 3))
    m *= (e.sum(axis=1) / m.sum(axis=1))[:, None]
    fitted = flows.copy()
    fit_proportions(fitted, rows, columns, e, m, np.empty(7), 3, 0.0)
    plain = flows.reshape(5, 4, 3)
    for _ in range(3):
        plain = plain * (e / plain.sum(axis=2))[:, :, None]
        plain = plain * (m / plain.sum(axis=1))[:, None, :]
    assert_allclose(fitted, plain.reshape(5, 12), rtol=1e-13)


def test_allocation_keeps_odds_ratios_and_reaches_totals():
    rows, columns = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    flows = np.array([1.0, 2.0, 3.0, 10.0])
    e, m = np.array([4.0, 6.0]), np.array([7.0, 3.0])
    out = allocate(flows, rows, columns, e, m)
    assert_allclose(np.bincount(rows, out), e, rtol=1e-10)
    assert_allclose(np.bincount(columns, out), m, rtol=1e-10)
    odds = lambda x: x[0] * x[3] / (x[1] * x[2])  # noqa: E731
    assert_allclose(odds(out), odds(flows), rtol=1e-10)


def test_who_trades_with_nobody_stays_without_trade():
    rows, columns = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    flows = np.array([[1.0, 2.0, 0.0, 0.0]])
    out = allocate_paths(
        flows, rows, columns, np.array([[3.0, 0.0]]), np.array([[1.0, 2.0]])
    )
    assert_allclose(out, [[1.0, 2.0, 0.0, 0.0]])


# ----------------------------------------------------------------------------- totals


def totals_with(recovery: float, seed: int = 3, years: int = 60) -> Totals:
    frame = world(10, years, seed, recovery=recovery, shock=0.12, pair_sd=0.05)
    table = frame.pivot_table(
        index="year", columns="exporter", values="trade", aggfunc="sum"
    )
    other = frame.pivot_table(
        index="year", columns="importer", values="trade", aggfunc="sum"
    )
    return Totals(table.to_numpy(), other.to_numpy())


@pytest.mark.parametrize("recovery", [0.1, 0.7])
def test_sixty_years_tell_how_fast_trade_recovers(recovery):
    found = [
        estimate_speeds(totals_with(recovery, seed), Margins(spread=0.3)).recovery
        for seed in range(8)
    ]
    assert abs(np.mean(found) - recovery) < 0.15


def test_speeds_without_spread_are_the_prior_whatever_came():
    prior = Margins(drift=0.4, recovery=0.2, momentum=0.1, spread=0)
    speeds = estimate_speeds(totals_with(0.7), prior)
    assert (speeds.drift, speeds.recovery, speeds.momentum) == (0.4, 0.2, 0.1)


def test_a_total_that_jumps_a_thousandfold_hardly_moves_speeds_and_shocks():
    totals = totals_with(0.4)
    exports = totals.exports.copy()
    exports[30:, np.argmax(exports[30])] *= 1000
    usual = estimate_speeds(totals, Margins())
    odd = estimate_speeds(Totals(exports, totals.imports), Margins())
    assert abs(odd.recovery - usual.recovery) < 0.1
    assert abs(odd.shock / usual.shock - 1) < 0.1


def test_both_sides_of_forecast_totals_have_one_sum():
    totals = totals_with(0.4)
    after = extend_totals(totals, estimate_speeds(totals, Margins()), 5)
    assert_allclose(after.exports.sum(axis=1), after.imports.sum(axis=1), rtol=1e-12)


# --------------------------------------------------------------------------- forecasts


def test_pairs_add_up_to_the_paths_of_totals():
    fit = usual_fit()
    outlook = fit.forecast(3, paths=100)
    for side, key in (("exports", "exporter"), ("imports", "importer")):
        sums = outlook.total(by=key)
        totals = fit.total_paths(side, 3, paths=100)
        assert_allclose(sums.draws, totals.draws, rtol=1e-9)
        assert list(sums.units[key]) == list(totals.units[key])


def test_a_longer_horizon_does_not_change_the_first_years():
    fit = usual_fit()
    assert_array_equal(fit.point(4).to_numpy()[:, :2], fit.point(2).to_numpy())
    assert_array_equal(
        fit.forecast(4, paths=50).draws[:, :2], fit.forecast(2, paths=50).draws
    )


def test_trade_in_cents_gives_forecasts_in_cents():
    frame = world()
    other = panel_of(frame.assign(trade=frame["trade"] * 100))
    fit, cents = usual_fit(), Fusion(level=GRAVITY).fit(other)
    assert_allclose(cents.params, fit.params, rtol=1e-5, atol=1e-7)
    assert_allclose(cents.point(2), 100 * fit.point(2), rtol=1e-5)
    ratio = cents.forecast(2, paths=100).median / fit.forecast(2, paths=100).median
    assert_allclose(ratio, 100, rtol=1e-3)


def test_rows_in_another_order_give_the_same_bits():
    frame = world().sample(frac=1, random_state=5)
    fit = Fusion(level=GRAVITY).fit(panel_of(frame))
    assert_array_equal(fit.params, usual_fit().params)
    assert_array_equal(
        fit.forecast(2, paths=50, seed=3).draws,
        usual_fit().forecast(2, paths=50, seed=3).draws,
    )


def test_seeds_tell_forecasts_apart():
    fit = usual_fit()
    first, again, other = (fit.forecast(1, paths=50, seed=s).draws for s in (1, 1, 2))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_what_came_after_the_origin_leaves_no_trace():
    frame = world(years=14)
    later = frame.copy()
    later.loc[later["year"] > 2010, "trade"] *= 7.3
    known, other = (
        Fusion(level=GRAVITY).fit(panel_of(f).between(end=2010)) for f in (frame, later)
    )
    assert_array_equal(known.point(2), other.point(2))
    assert_array_equal(
        known.forecast(2, paths=50).draws, other.forecast(2, paths=50).draws
    )


def test_the_median_of_paths_is_near_the_point_forecast():
    fit = usual_fit()
    middle = fit.forecast(2, paths=1000).median.to_numpy()
    assert np.abs(middle / fit.point(2).to_numpy() - 1).mean() < 0.08


def with_zeros() -> pd.DataFrame:
    """Pairs that trade in some years only, and one pair that never did."""
    frame = world(10, 14, seed=2)
    rng = np.random.default_rng(4)
    small = frame["trade"] < frame["trade"].quantile(0.2)
    frame.loc[small & (rng.random(len(frame)) < 0.5), "trade"] = 0.0
    never = (frame["exporter"] == "C00") & (frame["importer"] == "C01")
    last = (frame["exporter"] == "C02") & (frame["importer"] == "C03")
    frame.loc[never | (last & (frame["year"] == 2013)), "trade"] = 0.0
    return frame


def test_a_pair_that_did_not_trade_may_trade_and_usually_does_not():
    outlook = Fusion(level=GRAVITY).fit(panel_of(with_zeros())).forecast(2, paths=500)
    draws = outlook.draws
    assert np.isfinite(draws).all()
    assert (draws >= 0).all()
    for ends in (("C00", "C01"), ("C02", "C03")):
        row = outlook.units.apply(tuple, axis=1).tolist().index(ends)
        assert 0 < (draws[row, 0] > 0).mean() < 0.9
        assert 0 < draws[row, 0].mean() < np.median(draws.mean(axis=2)[:, 0])


def test_trade_that_ends_now_and_then_ends_on_some_paths():
    panel = panel_of(with_zeros())
    draws = Fusion().fit(panel).forecast(1, paths=500).draws[:, 0]
    last = panel.matrix()[0][:, -1]
    smallest = np.argsort(np.where(last > 0, last, np.inf))[:5]
    assert (draws[smallest] == 0).any()


def test_weights_are_those_of_absolute_errors_so_wild_pairs_do_not_decide():
    rng = np.random.default_rng(0)
    steps, came = [], []
    for _ in range(3):
        features = np.zeros((400, 5))
        features[:, 0] = rng.uniform(-1, 1, 400)
        scaled = rng.uniform(1, 3, 400)
        wild = np.where(rng.random(400) < 0.1, 20 * (features[:, 0] < 0) + 1, 1.0)
        steps.append(Step(scaled, features, np.ones(400), scaled))
        came.append(scaled * np.exp(0.3 * features[:, 0]) * wild)
    weights = estimate_weights(steps, np.stack(came), np.ones((3, 400), dtype=bool))
    assert_allclose(weights.values, [0.3, 0, 0, 0, 0], atol=0.03)


def test_levels_are_fitted_to_earlier_years_only():
    panel = panel_of(world())
    early = panel.between(end=2008)
    whole, _ = gaps_to_level(GRAVITY, panel, read_flows(panel))
    part, _ = gaps_to_level(GRAVITY, early, read_flows(early))
    assert_array_equal(whole[: len(part)], part)


def test_given_totals_are_reached_and_the_right_ones_help():
    frame = world()
    known = panel_of(frame[frame["year"] < 2015])
    came = frame[frame["year"] == 2015]
    e, m = (came.groupby(k)["trade"].sum() for k in ("exporter", "importer"))
    fit = Fusion(level=GRAVITY).fit(known)
    given = fit.given_totals(e, m)
    assert_allclose(given.groupby("exporter").sum(), e, rtol=1e-8)
    assert_allclose(given.groupby("importer").sum(), m, rtol=1e-8)
    actual = came.set_index(["exporter", "importer"])["trade"].loc[given.index]
    free = fit.point(1).iloc[:, 0]
    assert np.abs(given - actual).sum() < np.abs(free - actual).sum()
    assert_array_equal(fit.given_totals(dict(e), dict(m), 2015), given)


def test_totals_may_be_forecast_by_a_model_of_series():
    fit = Fusion(dynamics=Drift()).fit(panel_of(world()))
    point = fit.point(2)
    total = panel_of(world()).to_frame().groupby("year")["trade"].sum().to_numpy()
    expected = Drift().fit(total).point(2).to_numpy()[0]
    assert_allclose(point.sum(), expected, rtol=1e-9)
    assert "Drift" in repr(fit)


def test_noisy_pairs_are_pulled_towards_their_level_and_lasting_moves_are_not():
    frame = world(10, 20, seed=7, pair_sd=0.0)
    rng = np.random.default_rng(8)
    noise = np.exp(0.3 * rng.standard_normal(len(frame)))
    noisy = Fusion(level=GRAVITY).fit(
        panel_of(frame.assign(trade=frame["trade"] * noise))
    )
    lasting = Fusion(level=GRAVITY).fit(panel_of(world(10, 20, seed=7, pair_sd=0.3)))

    def pull(fit):
        return (
            fit.params["error correction"] + fit.params["error correction x volatility"]
        )

    # Noise alone is best undone wholly; of moves that last nothing comes back.
    assert pull(noisy) > 0.5
    assert abs(pull(lasting)) < 0.25


def test_intervals_cover_in_a_world_like_those_before():
    hits = {0.8: [], 0.95: []}
    for seed in range(6):
        frame = world(9, 22, seed=20 + seed)
        for origin in (2015, 2018):
            known = panel_of(frame[frame["year"] <= origin])
            outlook = Fusion().fit(known).forecast(2, paths=300)
            came = panel_of(frame).matrix()[0][:, origin - 1999 : origin - 1997]
            for level, found in hits.items():
                low, high = outlook.interval(level)
                found.append((came >= low.to_numpy()) & (came <= high.to_numpy()))
    assert 0.72 < np.mean(hits[0.8]) < 0.88
    assert 0.9 < np.mean(hits[0.95]) < 0.99


def with_agreements() -> fc.TradePanel:
    frame = world(8, 14, seed=3, pair_sd=0.05)
    pair = frame["exporter"].str[1:].astype(int) * 31 + frame["importer"].str[
        1:
    ].astype(int)
    frame["agreement"] = ((pair % 5 == 0) & (frame["year"] >= 2006)).astype(float)
    frame["trade"] *= np.exp(0.5 * frame["agreement"])
    return panel_of(frame)


AGREEMENTS = fc.Gravity(
    "trade ~ agreement | exporter^year + importer^year + exporter^importer"
)


def test_an_agreement_to_come_moves_its_pair_and_no_change_moves_no_bit():
    panel = with_agreements()
    fit = Fusion(level=AGREEMENTS).fit(panel)
    assert abs(fit.level.params["agreement"] - 0.5) < 0.15
    same = panel.future(2).drop(columns="agreement")
    last = panel.between(2013, 2013).to_frame()
    same = same.merge(last[["exporter", "importer", "agreement"]], how="left")
    usual = fit.forecast(2, paths=100)
    assert_array_equal(fit.forecast(2, paths=100, indicators=same).draws, usual.draws)
    chosen = (same["exporter"] == "C01") & (same["importer"] == "C02")
    new = same.assign(agreement=same["agreement"].where(~chosen, 1.0))
    row = usual.units.apply(tuple, axis=1).tolist().index(("C01", "C02"))
    ratio = fit.forecast(2, paths=100, indicators=new).draws[row] / usual.draws[row]
    # Totals stay, so a pair gains a little less than the whole effect.
    assert 1.1 < np.median(ratio) < np.exp(0.6)
    with pytest.raises(ModelError, match="F-856"):
        fit.point(2, indicators=new.iloc[1:])
    with pytest.raises(ModelError, match="F-858"):
        Fusion().fit(panel).point(2, indicators=new)


def test_without_a_level_a_scenario_of_nothing_is_the_baseline_and_costs_apply():
    fit = Fusion(rival=None).fit(with_agreements())
    usual = fit.forecast(2, paths=50, seed=3)
    same = fit.forecast(2, paths=50, seed=3, scenario=Scenario("none", {}))
    assert_array_equal(same.draws, usual.draws)
    cost = TradeCost(days=-1, per_day=0.8, elasticity=5, source="x")
    scenario = Scenario("quicker", costs=cost, pairs=[("C01", "C02")], directed=True)
    quicker = fit.forecast(2, paths=50, seed=3, scenario=scenario)
    assert_array_equal(quicker.draws, scenario.on(usual, seed=3).draws)
    ratio = quicker.draws / usual.draws
    row = usual.units.apply(tuple, axis=1).tolist().index(("C01", "C02"))
    assert_allclose(ratio[row], np.exp(cost.log_change), rtol=1e-9)
    assert_array_equal(np.delete(ratio, row, axis=0), 1)


def test_without_a_level_changed_columns_and_frames_are_refused_as_what_they_are():
    panel = with_agreements()
    fit = Fusion(rival=None).fit(panel)
    more = Scenario("more", {"agreement": "1"})
    with pytest.raises(ModelError, match="F-859: a scenario of changed columns"):
        fit.forecast(2, paths=10, scenario=more)
    with pytest.raises(ModelError, match="F-859: a frame as baseline"):
        fit.forecast(held(panel, 2), paths=10)
    with pytest.raises(ModelError, match="F-859: a str is no scenario"):
        fit.forecast(2, paths=10, scenario="more")


# ------------------------------------------------------------------------- calibration


def test_levels_needed_are_those_of_central_intervals():
    draws = np.tile(np.arange(99.0), (3, 1))
    needed = levels_needed(draws, np.array([49.0, 10.0, 1000.0]))
    assert_allclose(needed, [0.0, 0.78, 0.99], atol=0.011)


def test_tempering_makes_simulated_intervals_hold():
    rng = np.random.default_rng(0)
    needed = levels_needed(
        2 * rng.standard_normal((5000, 400)), rng.standard_normal(5000)
    )
    known = tempering([[[needed] * 200]])
    draws = 2 * rng.standard_normal((2, 4000))
    tempered = temper(draws, np.zeros(2, dtype=int), known, 0)
    assert_array_equal(np.argsort(tempered[0]), np.argsort(draws[0]))
    low, high = np.quantile(tempered[0], [0.1, 0.9])
    assert_allclose([low, high], [-1.28, 1.28], atol=0.12)


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Fusion(level="gravity"), "F-850"),
        (
            lambda: Fusion(
                level=fc.Gravity("log(trade) ~ 1 | exporter", estimator="ols")
            ),
            "F-850",
        ),
        (lambda: Fusion(dynamics="Theta"), "F-851"),
        (lambda: Fusion(classes=0), "F-526"),
        (lambda: Margins(recovery=-1), "F-526"),
        (lambda: Fusion().fit([1.0, 2.0]), "F-520"),
        (lambda: usual_fit().total_paths("both", 1), "F-526"),
        (lambda: usual_fit().forecast(1, paths=0), "F-524"),
        (lambda: usual_fit().forecast(1, paths=10**9), "F-525"),
        (lambda: usual_fit().given_totals({"C00": 1.0}, {"C00": 1.0}), "F-855"),
        (lambda: usual_fit().given_totals([1.0], [1.0]), "F-855"),
    ],
    ids=[f"refusal {number}" for number in range(11)],
)
def test_what_cannot_be_is_refused_with_its_code(make, code):
    with pytest.raises(ModelError, match=code):
        make()


def test_panels_that_are_no_years_of_pairs_are_refused():
    frame = world(4, 6)
    with pytest.raises(KeyColumnError, match="F-852"):
        Fusion().fit(
            fc.TradePanel.from_frame(
                frame.assign(pair=frame["exporter"] + frame["importer"]),
                unit=["pair"],
                period="year",
                flow="trade",
            )
        )
    with pytest.raises(PeriodError, match="F-854"):
        Fusion().fit(panel_of(frame[frame["year"] < 2003]))
    quarters = frame.assign(year=frame["year"].astype(str) + "Q1")
    with pytest.raises(PeriodError, match="F-853"):
        Fusion().fit(panel_of(quarters))


def test_gaps_and_short_panels_give_sensible_forecasts():
    frame = world(4, 4)
    gappy = frame.drop(frame.index[[5, 17, 30]])
    outlook = Fusion(level=GRAVITY).fit(panel_of(gappy)).forecast(2, paths=50)
    assert np.isfinite(outlook.draws).all()
    assert "missing cells" in " ".join(outlook.notes)


def test_the_fit_says_what_was_estimated():
    text = repr(usual_fit())
    for word in ("recovery", "gravity", "momentum", "pair-years", "8 origins"):
        assert word in text


# ----------------------------------------------------------------------- reference data


@pytest.mark.reference
@pytest.mark.slow
def test_trade_of_86_countries_is_forecast_better_than_by_the_random_walk(
    reference_data,
):
    table = pd.read_parquet(reference_data("trade86/imports_86x86_1995_2019.parquet"))
    table = table[table["importer"] != table["exporter"]]
    panel = fc.TradePanel.from_frame(table, **ENDS, flow="import_usd", unit="USD")
    size = panel.to_frame().groupby("exporter")["import_usd"].sum().nlargest(20).index
    panel = panel.select(exporter=list(size), importer=list(size))
    flows = panel.matrix()[0]
    ours, walk = [], []
    for origin in range(2002, 2019, 4):
        at = origin - 1995
        point = Fusion().fit(panel.between(end=origin)).point(1).to_numpy()[:, 0]
        ours.append(np.abs(point - flows[:, at + 1]).sum())
        walk.append(np.abs(flows[:, at] - flows[:, at + 1]).sum())
    assert np.sum(ours) < 0.95 * np.sum(walk)


WARM = """
import forecast.fusion.warming
from forecast.kernels.proportional import fit_proportions
forecast.fusion.warming.warm_fusion()
first = fit_proportions.counts
import forecast as fc
flows = fc.datasets.simulate_trade(6, 8, seed=1).frame
panel = fc.TradePanel.from_frame(
    flows, origin="origin", destination="destination", period="period", flow="flow")
level = fc.Gravity("flow ~ 1 | origin^period + destination^period + origin^destination")
fit = fc.Fusion(level=level).fit(panel)
fit.forecast(2, paths=40)
last = panel.to_frame().query("period == period.max()")
sums = [last.groupby(key)["flow"].sum() for key in ("origin", "destination")]
fit.given_totals(*sums)
assert sum(first) > 0, first
assert fit_proportions.counts == first, (first, fit_proportions.counts)
"""


@pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"},
    reason="nothing is compiled",
)
def test_after_a_warm_up_a_fusion_compiles_nothing_more():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WARM],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
