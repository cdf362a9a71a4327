"""Simulated trade: adding-up, known truth, and events that go where trade is."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import qr
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from forecast import datasets
from forecast.datasets import Costs, Economy, EventKind, Noise, PairEffects, Zeros
from forecast.datasets.worlds import settle
from forecast.errors import ModelError

ORIGIN_TIME, DESTINATION_TIME = ["origin", "period"], ["destination", "period"]
PAIR = ["origin", "destination"]
QUIET = Noise(sd=0.0)


def simulate(*args, **options):
    return datasets.simulate_trade(*args, **options)


def digest(simulated) -> str:
    parts = [simulated.frame, simulated.events, simulated.truth.expected]
    text = "".join(part.to_csv(float_format="%.17g") for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def design(frame, terms, effects):
    """Regressors, then a dummy for every level of every effect."""
    codes = [frame.groupby(effect, sort=True).ngroup() for effect in effects]
    dummies = [np.eye(code.max() + 1)[code] for code in codes]
    return np.hstack([frame[terms].to_numpy(float), *dummies])


def ppml(frame, terms, *effects) -> pd.Series:
    """Poisson pseudo maximum likelihood by Newton steps, dummies written out.

    A trace of ridge in the steps copes with collinear dummies; where the score is
    zero it has no influence. Plain loops (einsum) instead of BLAS, whose threads
    would only wait for each other in so small a problem.
    """
    X = design(frame, terms, effects)
    y = frame["flow"].to_numpy() / frame["flow"].mean()

    def step(weights, score):
        hessian = np.einsum("ni,nj->ij", X * weights[:, None], X)
        hessian[np.diag_indices_from(hessian)] *= 1 + 1e-9
        return np.linalg.solve(hessian, np.einsum("ni,n->i", X, score))

    mu = (y + 1.0) / 2.0
    beta = step(mu, mu * np.log(mu) + y - mu)
    for _ in range(200):
        mu = np.exp(np.einsum("ni,i->n", X, beta))
        move = step(mu, y - mu)
        beta = beta + move
        if np.abs(move[: len(terms)]).max() < 1e-10:
            return pd.Series(beta[: len(terms)], index=terms)
    raise AssertionError("no convergence")


def margins(simulated, by):
    return simulated.truth.expected.groupby(by)["expected"].sum()


# ------------------------------------------------------------- adding up


@settings(max_examples=15)
@given(
    regions=st.one_of(
        st.integers(2, 9), st.tuples(st.integers(1, 6), st.integers(1, 4))
    ),
    periods=st.integers(1, 5),
    freq=st.sampled_from(["Y", "Q", "M"]),
    seed=st.integers(0, 10**6),
)
def test_expected_flows_add_up_to_output_and_expenditure(regions, periods, freq, seed):
    simulated = simulate(regions, periods, freq=freq, seed=seed)
    frame = simulated.frame
    output = frame.groupby(ORIGIN_TIME)["output"].first()
    expenditure = frame.groupby(DESTINATION_TIME)["expenditure"].first()
    sold, bought = margins(simulated, ORIGIN_TIME), margins(simulated, DESTINATION_TIME)
    pd.testing.assert_series_equal(sold, output, check_names=False, rtol=1e-9)
    pd.testing.assert_series_equal(bought, expenditure, check_names=False, rtol=1e-9)


def test_what_one_side_of_a_frontier_sells_the_other_buys():
    frame = simulate((5, 3), 4, seed=2).frame
    sides = frame.assign(side=frame["origin"].str[0])
    assert set(frame["origin"].str[0] + frame["destination"].str[0]) == {"AB", "BA"}
    output = sides.groupby(["side", *ORIGIN_TIME])["output"].first()
    bought = sides.groupby(["side", *DESTINATION_TIME])["expenditure"].first()
    by_side = ["side", "period"]
    np.testing.assert_allclose(
        output.groupby(by_side).sum(), bought.groupby(by_side).sum(), rtol=1e-12
    )


def test_settling_equals_a_naive_loop():
    rng = np.random.default_rng(1)
    kernel = rng.uniform(0.1, 1.0, size=(1, 4, 4))
    output = rng.uniform(1.0, 2.0, size=(1, 4))
    expenditure = output[:, ::-1].copy()
    flow = kernel[0].copy()
    for _ in range(2000):
        for i in range(4):
            flow[i] *= output[0, i] / flow[i].sum()
        for j in range(4):
            flow[:, j] *= expenditure[0, j] / flow[:, j].sum()
    np.testing.assert_allclose(settle(kernel, output, expenditure).flow[0], flow)


def test_the_total_is_the_output_of_the_first_year():
    simulated = simulate(6, 12, freq="M", economy=Economy(total=5000.0, season=0.0))
    first = margins(simulated, "period").iloc[0]
    assert first == pytest.approx(5000.0 / 12)


# ------------------------------------------------------------- the truth is the truth


def test_the_log_of_expected_flows_is_the_sum_of_its_known_parts():
    simulated = simulate((4, 3), 5, pairs=PairEffects(trend_sd=0.1), seed=3)
    truth, frame = simulated.truth, simulated.frame
    rows = frame.merge(truth.pairs, on=PAIR).merge(
        truth.expected, on=[*PAIR, "period"], validate="one_to_one"
    )
    exporter = truth.exporter_time.stack().rename_axis(["period", "origin"])
    importer = truth.importer_time.stack().rename_axis(["period", "destination"])
    years = np.array([period.year - 2014 for period in rows["period"]])
    total = (
        rows.join(exporter.rename("pi"), on=["period", "origin"])["pi"]
        + rows.join(importer.rename("chi"), on=["period", "destination"])["chi"]
        + rows["effect"]
        + rows["trend"] * years
        + rows[list(truth.coefficients.index)] @ truth.coefficients
    )
    np.testing.assert_allclose(np.log(rows["expected"]), total, atol=1e-10)


def test_the_estimator_of_these_tests_agrees_with_statsmodels():
    frame = simulate(5, 3, noise=Noise(sd=0.3), seed=4).frame
    terms, effects = ["agreement", "visit"], (ORIGIN_TIME, DESTINATION_TIME, PAIR)
    full = design(frame, terms, effects)
    _, r, order = qr(full[:, 2:], mode="economic", pivoting=True)
    independent = order[np.abs(np.diag(r)) > 1e-8] + 2
    X = full[:, [0, 1, *independent]]
    fit = GLM(frame["flow"].to_numpy(), X, family=Poisson()).fit(tol=1e-12)
    np.testing.assert_allclose(ppml(frame, terms, *effects), fit.params[:2], atol=1e-7)


def test_without_noise_ppml_gives_the_coefficients_exactly():
    kinds = [EventKind("document", 0.08, rate=0.4, half_life=2.0)]
    simulated = simulate(6, 5, events=kinds, noise=QUIET, seed=4)
    terms = ["agreement", "document"]
    found = ppml(simulated.frame, terms, ORIGIN_TIME, DESTINATION_TIME, PAIR)
    np.testing.assert_allclose(found, simulated.truth.coefficients[terms], atol=1e-6)


def test_without_pair_effects_ppml_gives_distance_and_border_exactly():
    simulated = simulate(
        8, 2, pairs=PairEffects(sd=0, directed_sd=0), events=[], noise=QUIET, seed=4
    )
    terms = ["log_distance", "border", "agreement"]
    found = ppml(simulated.frame, terms, ORIGIN_TIME, DESTINATION_TIME)
    np.testing.assert_allclose(found, simulated.truth.coefficients[terms], atol=1e-6)


@pytest.fixture(scope="module")
def estimates():
    """Thirty worlds where leaders visit big pairs and it changes nothing."""
    kinds = [
        EventKind("visit", 0.0, rate=0.4, selection=1.0, half_life=np.inf),
        EventKind("document", 0.08, rate=0.3, half_life=2.0),
    ]
    worlds = [
        simulate(6, 4, events=kinds, noise=Noise(sd=0.1), seed=seed).frame
        for seed in range(30)
    ]
    terms = ["agreement", "visit", "document"]
    controls = ["log_distance", "border"]
    effects = ORIGIN_TIME, DESTINATION_TIME
    paired = [ppml(frame, terms, *effects, PAIR) for frame in worlds]
    pooled = [ppml(frame, controls + terms, *effects) for frame in worlds]
    return pd.DataFrame(paired), pd.DataFrame(pooled)


def test_with_pair_effects_ppml_recovers_the_truth_within_monte_carlo_error(estimates):
    paired, _ = estimates
    error = paired.std() / np.sqrt(len(paired))
    truth = pd.Series({"agreement": 0.3, "visit": 0.0, "document": 0.08})
    assert (error < 0.02).all()
    assert ((paired.mean() - truth).abs() < 3.5 * error).all()


def test_without_pair_effects_idle_visits_seem_to_raise_trade(estimates):
    paired, pooled = estimates
    error = pooled["visit"].std() / np.sqrt(len(pooled))
    assert pooled["visit"].mean() > 3 * error
    assert pooled["visit"].mean() > 10 * abs(paired["visit"].mean())


def test_visits_that_follow_growth_deceive_even_pair_effects():
    kinds = [EventKind("visit", 0.0, rate=0.5, growth_selection=2.0, half_life=np.inf)]
    found = [
        ppml(
            simulate(
                6,
                4,
                events=kinds,
                noise=QUIET,
                pairs=PairEffects(trend_sd=0.1),
                seed=seed,
            ).frame,
            ["visit"],
            ORIGIN_TIME,
            DESTINATION_TIME,
            PAIR,
        )["visit"]
        for seed in range(8)
    ]
    assert np.mean(found) > 3 * np.std(found, ddof=1) / np.sqrt(len(found))


# ------------------------------------------------------------- events


def test_selection_sends_events_into_big_pairs_and_keeps_their_number():
    calm = EventKind("calm", rate=0.5)
    eager = EventKind("eager", rate=0.5, selection=1.5)
    simulated = simulate(15, 10, events=[calm, eager], seed=5)
    counts = simulated.events["kind"].value_counts()
    wanted = 0.5 * 10 * 15 * 14 / 2
    assert abs(counts["calm"] - wanted) < 4 * np.sqrt(wanted)
    assert abs(counts["eager"] - wanted) < 4 * np.sqrt(wanted)
    size = simulated.truth.expected.groupby(PAIR)["without_events"].sum().rename("size")
    met = simulated.events.join(size, on=PAIR).groupby("kind")["size"].median()
    assert met["eager"] > 2 * met["calm"]


def test_indicators_are_what_the_event_log_counts():
    kinds = [
        EventKind("visit", rate=0.5),
        EventKind("treaty", rate=0.2, half_life=np.inf),
    ]
    simulated = simulate(5, 8, freq="Q", events=kinds, seed=6)
    frame, events = simulated.frame, simulated.events
    visits = events[events["kind"] == "visit"]
    assert frame["visit"].sum() == 2 * len(visits)
    last = frame[frame["period"] == frame["period"].max()]
    assert last["treaty"].sum() == 2 * (events["kind"] == "treaty").sum()
    row = visits.iloc[0]
    there = (frame["origin"] == row["origin"]) & (
        frame["destination"] == row["destination"]
    )
    when = frame["period"] == row["date"].to_period("Q")
    assert frame.loc[there & when, "visit"].item() >= 1


def test_agreements_start_on_the_first_day_of_a_period_and_last():
    simulated = simulate(8, 6, seed=7)
    signed = simulated.events.query("kind == 'agreement'")
    assert (signed["date"].dt.strftime("%m-%d") == "01-01").all()
    assert (signed["date"].dt.year > 2014).all()
    steps = simulated.frame.groupby(PAIR)["agreement"].diff().dropna()
    assert set(steps) == {0.0, 1.0}
    assert steps.sum() == 2 * len(signed)


def test_the_event_log_takes_the_events():
    from forecast.events import EventLog

    simulated = simulate(6, 4, seed=8)
    log = EventLog.from_frame(simulated.events)
    assert len(log.to_frame()) == len(simulated.events)
    assert simulated.events["id"].is_unique


def test_events_move_trade_and_idle_ones_do_not():
    idle = simulate(
        6, 3, events=[EventKind("visit")], noise=QUIET, seed=9
    ).truth.expected
    np.testing.assert_allclose(idle["expected"], idle["without_events"], rtol=1e-9)
    busy = simulate(6, 3, events=[EventKind("visit", 0.2)], noise=QUIET, seed=9)
    moved = busy.truth.expected
    assert (moved["expected"] / moved["without_events"] - 1).abs().max() > 0.05


# ------------------------------------------------------------- noise and zeros


def noise_of(simulated):
    rows = simulated.frame.merge(simulated.truth.expected, on=[*PAIR, "period"])
    return rows.assign(ratio=rows["flow"] / rows["expected"])


def test_noise_has_mean_one_and_the_wished_variation():
    rows = noise_of(simulate(25, 6, noise=Noise(sd=0.4, variance_power=2.0), seed=10))
    assert rows["ratio"].mean() == pytest.approx(1.0, abs=0.03)
    assert rows["ratio"].std() == pytest.approx(0.4, rel=0.05)


def test_small_flows_are_noisier_when_the_variance_power_is_low():
    rows = noise_of(simulate(25, 4, noise=Noise(sd=0.3, variance_power=1.0), seed=11))
    small = rows["expected"] < rows["expected"].median()
    assert rows.loc[small, "ratio"].std() > 1.5 * rows.loc[~small, "ratio"].std()


@pytest.mark.parametrize("serial", [0.0, 0.8])
def test_noise_of_a_pair_is_serially_correlated_as_wished(serial):
    noise = Noise(sd=0.3, serial=serial, variance_power=2.0)
    rows = noise_of(simulate(20, 30, noise=noise, seed=12))
    log = np.log(rows["ratio"]).to_numpy().reshape(-1, 30)
    log = log - log.mean()
    found = (log[:, 1:] * log[:, :-1]).mean() / (log**2).mean()
    assert found == pytest.approx(serial, abs=0.05)


def test_closed_pairs_never_trade_and_are_mostly_small():
    simulated = simulate(20, 4, zeros=Zeros(structural=0.3), seed=13)
    flows = simulated.frame.groupby(PAIR)["flow"].sum()
    assert (flows == 0).sum() == round(0.3 * 20 * 19)
    pairs = simulated.truth.pairs.set_index(PAIR)["trades"]
    assert (pairs.loc[flows.index] == (flows > 0)).all()
    everyone = simulate(20, 4, seed=13).truth.expected.groupby(PAIR)["expected"].sum()
    closed = everyone.loc[flows.index[flows == 0]]
    assert closed.median() < 0.5 * everyone.loc[flows.index].median()


def test_parcels_make_zeros_without_bias_and_rounding_makes_multiples():
    parcels = simulate(25, 6, zeros=Zeros(parcel=5.0), noise=QUIET, seed=14)
    rows = noise_of(parcels)
    assert (rows["flow"] == 0).mean() > 0.05
    assert rows["flow"].sum() / rows["expected"].sum() == pytest.approx(1.0, abs=0.01)
    small = rows[rows["expected"] < 5.0]
    assert small["flow"].sum() / small["expected"].sum() == pytest.approx(1.0, abs=0.15)
    rounded = simulate(25, 6, zeros=Zeros(rounding=10.0), seed=14).frame["flow"]
    assert (rounded == 0).any()
    np.testing.assert_allclose(rounded % 10.0, 0.0)


def test_a_world_with_too_many_closed_pairs_is_refused():
    with pytest.raises(ModelError, match="F-592"):
        simulate((3, 3), 1, zeros=Zeros(structural=0.9), seed=1)


# ------------------------------------------------------------- same seed, same bits


def test_the_same_seed_gives_the_same_bits_whatever_the_hash_seed():
    here = digest(simulate((5, 3), 4, freq="Q", seed=15))
    script = (
        "import hashlib; from forecast import datasets; "
        "s = datasets.simulate_trade((5, 3), 4, freq='Q', seed=15); "
        "parts = [s.frame, s.events, s.truth.expected]; "
        "text = ''.join(p.to_csv(float_format='%.17g') for p in parts); "
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "PATH": "", "PYTHONPATH": ":".join(sys.path)},
    )
    assert there.stdout.strip() == here


def test_another_seed_gives_another_world():
    assert digest(simulate(4, 3, seed=1)) != digest(simulate(4, 3, seed=2))


def test_one_more_kind_of_idle_event_leaves_the_flows_as_they_were():
    one = simulate(6, 4, events=[EventKind("visit")], seed=16)
    two = simulate(6, 4, events=[EventKind("talk"), EventKind("visit")], seed=16)
    pd.testing.assert_series_equal(one.frame["flow"], two.frame["flow"])
    pd.testing.assert_series_equal(one.frame["visit"], two.frame["visit"])


# ------------------------------------------------------------- shape and refusals


def test_the_frame_is_square_sorted_and_named_after_the_recipe():
    simulated = simulate(12, 24, freq="M", start=2020, seed=17)
    frame = simulated.frame
    assert len(frame) == 12 * 11 * 24
    pd.testing.assert_frame_equal(
        frame, frame.sort_values([*PAIR, "period"], ignore_index=True)
    )
    assert frame["period"].dtype == "period[M]"
    assert frame["origin"].iloc[0] == "R01"
    assert (frame["origin"] != frame["destination"]).all()
    assert frame["border"].isin([0, 1]).all()
    assert frame["border"].sum() > 0
    assert repr(simulated).startswith("SimulatedTrade: 132 directed flows between 12 ")


def test_flows_within_regions_come_on_demand():
    frame = simulate(5, 2, domestic=True, seed=18).frame
    assert (frame["origin"] == frame["destination"]).sum() == 10


@pytest.mark.parametrize(
    ("args", "options", "named"),
    [
        ((1, 3), {}, "regions"),
        (((3, 0), 3), {}, "regions"),
        (((1, 2, 3), 3), {}, "sides"),
        ((4, 0), {}, "periods"),
        ((4, 3), {"freq": "W"}, "freq"),
        ((4, 3), {"start": 20211}, "start"),
        ((4, 3), {"seed": -1}, "seed"),
        ((4, 3), {"noise": Noise(serial=1.0)}, "Noise.serial"),
        ((4, 3), {"noise": Noise(sd=float("nan"))}, "Noise.sd"),
        ((4, 3), {"zeros": Zeros(structural=1.0)}, "Zeros.structural"),
        ((4, 3), {"zeros": Zeros(parcel=1e-12)}, "Zeros.parcel"),
        ((4, 3), {"costs": Costs(agreement_share=2.0)}, "Costs.agreement_share"),
        ((4, 3), {"economy": Economy(total=-5.0)}, "Economy.total"),
        (
            (4, 3),
            {"events": [EventKind("visit", half_life=0.0)]},
            "EventKind.half_life",
        ),
    ],
)
def test_what_makes_no_world_is_refused_by_name(args, options, named):
    with pytest.raises(ModelError, match="F-590") as caught:
        simulate(*args, **options)
    assert named in str(caught.value)


@pytest.mark.parametrize("names", [["flow"], ["visit", "visit"], ["state visit"], [""]])
def test_impossible_names_of_events_are_refused(names):
    with pytest.raises(ModelError, match="F-591"):
        simulate(4, 3, events=[EventKind(name) for name in names])
