"""Attribution says what is true where the truth is known, and says so if it cannot."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from forecast.attribution import Attribution, attribute, literature_table
from forecast.attribution.cells import cells_of
from forecast.attribution.estimates import effects_of, estimated
from forecast.attribution.literature import LITERATURE, published_for
from forecast.attribution.placebos import permuted
from forecast.attribution.significance import detectable, holm
from forecast.attribution.single import mixture
from forecast.attribution.timing import _slopes, entries, own_growth
from forecast.datasets import simulate_trade
from forecast.datasets.recipes import Costs, EventKind, Noise, PairEffects
from forecast.errors import ColumnError, ModelError, PeriodError
from forecast.gravity import Gravity
from forecast.panel import TradePanel

SIDES = "origin^period + destination^period"
THREE_WAY = f"flow ~ visit | {SIDES} + origin^destination"
TEN_PERCENT = float(np.log(1.1))
FOR_GOOD = np.inf


@cache
def world(
    seed: int = 1,
    effect: float = TEN_PERCENT,
    regions: int = 16,
    periods: int = 10,
    half_life: float | None = FOR_GOOD,
    rate: float = 0.08,
    chosen: float = 0.0,
    trend_sd: float = 0.0,
    noise: float = 0.2,
) -> pd.DataFrame:
    """A panel in which `visit` has a known effect."""
    kind = EventKind(
        "visit", effect, rate, half_life=half_life, growth_selection=chosen
    )
    return simulate_trade(
        regions,
        periods,
        events=(kind,),
        costs=Costs(agreement_share=0.0),
        pairs=PairEffects(trend_sd=trend_sd),
        noise=Noise(sd=noise),
        seed=seed,
    ).frame


def answer(frame: pd.DataFrame, formula: str = THREE_WAY, **options) -> Attribution:
    options = {"shapes": False, "permutations": 99} | options
    return attribute(frame, formula, options.pop("terms", "visit"), **options)


def check(found: Attribution, name: str) -> pd.Series:
    rows = found.checks[found.checks["name"].str.startswith(name)]
    return rows.iloc[0]


# Verdicts where the truth is known ----------------------------------------------------


def test_an_effect_of_ten_per_cent_is_found_and_lies_in_its_interval():
    found = answer(world())
    row = found.effects.iloc[0]
    assert found.verdict == "supported"
    assert found.because.startswith("thanks to visit")
    assert row["low"] < 10.0 < row["high"]
    assert row["growth_low"] > 0


def test_intervals_hold_the_true_effect_nineteen_times_of_twenty():
    rows = [
        answer(world(seed, regions=12, periods=8)).effects.iloc[0] for seed in range(40)
    ]
    inside = sum(row["low"] < 10.0 < row["high"] for row in rows)
    assert inside >= 34  # binomial(40, 0.95) is lower one time in a thousand


def test_visits_that_go_where_trade_grows_are_never_thanked_for_it():
    found = [
        answer(world(seed, effect=0.0, chosen=1.0, trend_sd=0.03)) for seed in range(12)
    ]
    estimates = [one.effects["estimate"].iloc[0] for one in found]
    assert np.mean(estimates) > 5.0  # the pooled coefficient is deceived
    assert not any(one.verdict == "supported" for one in found)
    beside = [one.effects["beside"].iloc[0] for one in found]
    assert abs(np.mean(beside)) < 2.0  # beside own growth nothing is left


def test_events_without_effect_are_not_supported_where_one_would_have_been_found():
    found = answer(world(3, effect=0.0))
    assert found.verdict == "not supported"
    assert found.effects["detectable"].iloc[0] < 10.0
    assert "would have been" in found.because


def test_too_little_data_cannot_tell():
    found = answer(world(2, effect=0.0, regions=6, periods=5, noise=0.6))
    assert found.verdict == "cannot be told"
    assert found.effects["detectable"].iloc[0] > 10.0


def test_without_pair_effects_nothing_can_be_told_however_clear_it_looks():
    found = answer(world(effect=0.3), f"flow ~ visit + log(distance) | {SIDES}")
    assert found.effects["p_value"].iloc[0] < 1e-6
    assert found.verdict == "cannot be told"
    assert "without pair effects" in found.because


def test_a_declared_placebo_is_never_supported_and_one_that_works_puts_all_in_doubt():
    frame = world().assign(talk=world(9)["visit"])
    formula = THREE_WAY.replace("visit", "visit + talk", 1)
    both = answer(frame, formula, terms=["visit", "talk"], placebos=["talk"])
    assert both.verdicts["verdict"].tolist() == ["supported", "not supported"]
    turned = answer(frame, formula, terms=["visit", "talk"], placebos=["visit"])
    assert turned.verdicts["verdict"].tolist() == ["not supported", "cannot be told"]
    assert "seems to 'work'" in turned.because


def test_trade_that_moves_before_the_event_is_an_association_only():
    frame = world(effect=0.0).sort_values(["origin", "destination", "period"])
    ahead = frame.groupby(["origin", "destination"])["visit"].shift(-2)
    frame = frame.assign(
        flow=frame["flow"] * np.exp(0.3 * ahead.fillna(frame["visit"]))
    )
    found = answer(frame)
    assert found.verdict == "cannot be told"
    assert "association only" in found.because
    assert check(found, "leads")["status"] == "failed"


def test_events_that_lower_trade_are_not_supported():
    found = answer(world(effect=-0.2))
    assert found.verdict == "not supported"
    assert "lower" in found.because


def test_more_than_the_literature_knows_gets_a_red_flag():
    found = answer(world(effect=0.3))
    assert "Nitsch" in found.verdicts["flag"].iloc[0]
    assert "Red flag" in repr(found)


# The counterfactual --------------------------------------------------------------------


def test_money_is_the_sum_over_pairs_of_what_the_change_since_the_start_explains():
    frame = world()
    found = answer(frame, start=2016, end=2021)
    row = found.effects.iloc[0]
    beta = np.log1p(row["estimate"] / 100)
    wide = frame.pivot_table(index=["origin", "destination"], columns="period")
    flow, visit = wide["flow"], wide["visit"]
    begin, end = [c for c in flow if str(c) in {"2016", "2021"}]
    without = flow[end] * np.exp(-beta * (visit[end] - visit[begin]))
    money = float((flow[end] - without).sum())
    assert row["money"] == pytest.approx(money)
    assert row["percent"] == pytest.approx(100 * money / without.sum())
    assert row["growth"] == pytest.approx(money / (flow[end].sum() - flow[begin].sum()))
    assert row["money_low"] < money < row["money_high"]


def test_in_another_unit_money_scales_and_shares_stay():
    one, other = answer(world()), answer(world().assign(flow=world()["flow"] * 1e3))
    a, b = one.effects.iloc[0], other.effects.iloc[0]
    assert b["money"] == pytest.approx(1e3 * a["money"], rel=1e-6)
    assert b["growth"] == pytest.approx(a["growth"], rel=1e-6)
    assert one.verdict == other.verdict


def test_one_pair_gets_the_flows_of_both_its_directions():
    frame = world()
    pair = frame[frame["visit"] > 0][["origin", "destination"]].iloc[0].tolist()
    found = answer(frame, among=tuple(pair))
    assert found.effects["money"].iloc[0] < frame["flow"].sum()
    assert check(found, "synthetic")["term"] == "visit"
    turned = answer(frame, among=tuple(pair[::-1]))
    pd.testing.assert_frame_equal(found.effects, turned.effects)


def test_the_order_of_rows_changes_no_bit():
    shuffled = world().sample(frac=1.0, random_state=4)
    pd.testing.assert_frame_equal(answer(world()).effects, answer(shuffled).effects)
    pd.testing.assert_frame_equal(answer(world()).checks, answer(shuffled).checks)


def test_a_trade_panel_gives_what_its_frame_gives():
    roles = {"origin": "origin", "destination": "destination", "period": "period"}
    panel = TradePanel.from_frame(world(), flow="flow", **roles)
    one, other = answer(panel), answer(world())
    pd.testing.assert_frame_equal(one.effects, other.effects)
    pd.testing.assert_frame_equal(one.checks, other.checks)


def test_in_quarters_leads_and_earlier_dates_are_counted_in_years():
    kind = EventKind("visit", TEN_PERCENT, 0.1, half_life=FOR_GOOD)
    costs = Costs(agreement_share=0.0)
    frame = simulate_trade(12, 32, freq="Q", events=(kind,), costs=costs, seed=1).frame
    found = answer(frame, correct=False)
    assert "4 or 8 periods" in check(found, "leads")["note"]
    assert "8 periods" in check(found, "placebo dates")["note"]
    assert (found.start, found.end) == ("2014Q1", "2021Q4")


# The checks ---------------------------------------------------------------------------


def test_leads_are_those_of_the_exogeneity_test():
    fit = Gravity(THREE_WAY).fit(world())
    theirs = fit.exogeneity_test("visit", leads=[1, 2])
    ours = check(answer(world(), correct=False), "leads")
    assert ours["p_value"] == pytest.approx(theirs.p_value, rel=1e-9)


def test_lines_through_histories_are_those_of_weighted_least_squares():
    fit = Gravity(THREE_WAY).fit(world())
    cells = cells_of(fit)
    values = fit.design.columns[0]
    weights = np.random.default_rng(1).uniform(0.5, 2.0, values.size)
    slopes = _slopes(cells, values, weights)
    rows = cells.unit == 5
    line = np.polyfit(cells.time[rows], values[rows], 1, w=np.sqrt(weights[rows]))
    assert slopes[5] == pytest.approx(line[0])


def test_steady_growth_of_chosen_pairs_leaves_nothing_to_the_events():
    frame = world(5, effect=0.0)
    rate = frame.groupby(["origin", "destination"])["visit"].transform("max")
    year = frame["period"].astype(str).astype(int) - 2014
    frame = frame.assign(flow=np.exp(3 + 0.02 * rate * year))
    model = estimated(Gravity(THREE_WAY).fit(frame), ["visit"], correct=False)
    assert model.beta[0] > 0.02
    seen, beside, _ = own_growth(model, "visit", 0.05)
    assert abs(beside) < 0.2 * model.beta[0]
    assert seen.status == "failed"


def test_first_events_are_rises_from_zero_within_the_panel():
    frame = world()
    fit = Gravity(THREE_WAY).fit(frame)
    cells = cells_of(fit)
    since, units = entries(cells, fit.design.columns[0])
    wide = cells.table(fit.design.columns[0])
    expected = ((wide[:, 0] == 0) & (wide.max(axis=1) > 0)).sum()
    assert units == expected
    assert (fit.design.columns[0][since == -1] == 0).all()


def test_permuted_scores_are_standard_normal_where_there_is_nothing():
    rng = np.random.default_rng(3)
    x, r = rng.normal(size=(2, 400, 6)) * rng.lognormal(0, 1, size=(2, 400, 1))
    drawn = permuted(x, r, 2000, rng)
    assert abs(drawn.mean()) < 0.1
    assert drawn.std() == pytest.approx(1.0, abs=0.1)


def test_cohorts_tell_the_average_where_effects_grow_and_a_pooled_one_does_not():
    random = np.random.default_rng(5)
    frame = world(6, effect=0.0, noise=0.02)
    pairs = frame[["origin", "destination"]].drop_duplicates().reset_index(drop=True)
    pairs["since"] = random.choice([2, 4, 6, 99], size=len(pairs))
    frame = frame.merge(pairs, on=["origin", "destination"])
    year = frame["period"].astype(str).astype(int) - 2014
    after = year - frame["since"]
    on = after >= 0
    truth = 0.05 * (after + 1) * on
    frame = frame.assign(visit=on.astype(float), flow=frame["flow"] * np.exp(truth))
    row = check(answer(frame), "cohorts")
    average = 100 * np.expm1(truth[on].mean())
    pooled = answer(frame).effects["estimate"].iloc[0]
    assert row["estimate"] == pytest.approx(average, abs=1.5)
    assert abs(pooled - average) > 3 * abs(row["estimate"] - average)


def test_a_synthetic_pair_shows_the_step_of_a_treated_one():
    frame = world(7, effect=0.0, noise=0.05).drop(columns="visit")
    year = frame["period"].astype(str).astype(int)
    ours = frame["origin"].isin(["R03", "R05"]) & frame["destination"].isin(
        ["R03", "R05"]
    )
    on = (ours & (year >= 2020)).astype(float)
    frame = frame.assign(visit=on, flow=frame["flow"] * np.exp(0.4 * on))
    found = answer(frame, among=("R03", "R05"), correct=False)
    row = check(found, "synthetic")
    assert row["status"] == "passed"
    assert row["estimate"] == pytest.approx(100 * np.expm1(0.4), abs=12)
    assert found.gap.iloc[:6].abs().max() < 0.2


def test_weights_of_a_mixture_are_positive_and_sum_to_one():
    paths = np.random.default_rng(2).normal(size=(8, 15))
    weights = mixture(paths[0], paths[1:], 10).weights
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-4)


def test_holm_adjusts_as_others_do():
    from statsmodels.stats.multitest import multipletests

    p = [0.01, 0.04, 0.03, 0.5, 0.001]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_the_smallest_effect_found_shrinks_with_the_error():
    assert detectable(0.01, np.nan, 0.01, 0.8) < detectable(0.02, np.nan, 0.01, 0.8)
    assert detectable(0.01, 0.05, 0.01, 0.8) == detectable(0.0, 0.05, 0.01, 0.8)


def test_other_shapes_begin_with_the_indicator_as_it_is():
    found = answer(world(), shapes=True, correct=False)
    shapes = found.shapes.set_index("shape")["estimate"]
    assert shapes["as given"] == pytest.approx(found.effects["estimate"].iloc[0])
    assert shapes["stock, for good"] == pytest.approx(shapes["as given"])
    assert len(shapes) == 8


@pytest.mark.parametrize(
    ("effects", "pair", "origin_time"),
    [
        (f"{SIDES} + origin^destination", True, True),
        (SIDES, False, True),
        ("origin^destination + period", True, False),
    ],
)
def test_it_is_seen_which_effects_a_model_has(effects, pair, origin_time):
    fit = Gravity(
        f"flow ~ visit | {effects}",
        origin="origin", destination="destination", period="period",
    ).fit(world())  # fmt: skip
    seen = effects_of(fit, cells_of(fit))
    assert (seen.pair, seen.origin_time, seen.time) == (
        pair,
        origin_time,
        "period" in effects,
    )


# The literature, and refusals ---------------------------------------------------------


def test_every_row_of_the_literature_has_a_source_and_every_event_a_row():
    assert literature_table()["source"].str.len().gt(10).all()
    assert all(row.low <= row.high for row in LITERATURE)
    assert published_for("trade_mission").treatment == "trade mission"
    assert published_for("whatever").kind == ""


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"terms": "distance"}, "F-885"),
        ({"among": ("R01", "XX")}, "F-888"),
        ({"placebos": ["talk"]}, "F-890"),
        ({"permutations": 3}, "F-890"),
        ({"terms": []}, "F-890"),
        ({"start": 2020, "end": 2016}, "F-887"),
        ({"end": 2050}, "F-887"),
    ],
)
def test_what_is_not_possible_is_refused(options, code):
    with pytest.raises((ColumnError, ModelError, PeriodError)) as refused:
        answer(world(), **options)
    assert refused.value.code == code


def test_another_estimator_is_refused():
    with pytest.raises(ModelError) as refused:
        answer(
            world(), Gravity(THREE_WAY.replace("flow", "log(flow)", 1), estimator="ols")
        )
    assert refused.value.code == "F-889"


def test_flows_without_known_periods_are_refused():
    with pytest.raises(ModelError) as refused:
        answer(world(), "flow ~ visit | origin + destination")
    assert refused.value.code == "F-886"
