"""Effects are read as structural gravity whatever their order and names."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.gravity.designs.factors import factorise
from forecast.gravity.designs.level_table import level_table
from forecast.gravity.engine.slot_plan import plan_slots, readings
from forecast.gravity.records import Effect


def effects(*names: str) -> list[Effect]:
    return [Effect(tuple(name.split("^"))) for name in names]


@pytest.fixture(scope="module")
def flows() -> pd.DataFrame:
    frame = fc.datasets.simulate_trade(6, 4, seed=3).frame
    return frame.assign(year=frame["period"].dt.year)


@pytest.mark.parametrize(
    "order",
    list(permutations(["origin^year", "destination^year", "origin^destination"])),
    ids="+".join,
)
def test_pairs_are_the_factors_with_common_levels_in_any_order_of_effects(flows, order):
    fit = fc.Gravity(f"flow ~ agreement | {' + '.join(order)}").fit(flows)
    assert fit.covariance.clusters == (("pair", 30),)


def test_years_with_the_codes_of_regions_are_still_not_an_end_of_a_flow(flows):
    codes = {f"R{n}": n for n in range(1, 7)}
    numbered = flows.assign(
        origin=flows["origin"].map(codes).astype(int),
        destination=flows["destination"].map(codes).astype(int),
        year=flows["year"] - 2013,
    )
    fit = fc.Gravity(
        "flow ~ agreement | origin^year + destination^year + origin^destination"
    ).fit(numbered)
    assert fit.covariance.clusters == (("pair", 30),)


def test_the_effect_with_the_most_levels_is_the_one_concentrated_out(flows):
    factors = {n: factorise(flows[n]) for n in ("origin", "destination", "year")}
    table = level_table(
        effects("origin^destination", "origin^year", "destination^year"), factors
    )
    many_pairs = plan_slots(table, factors)
    assert many_pairs.roles == ("group", "outer", "inner")
    assert (many_pairs.n_groups, many_pairs.n_slots) == (36, 4)


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["i^t", "j^t"], 1),
        (["i", "j"], 1),
        (["i^t", "j^t", "i^j"], 3),
        (["i^s^t", "j^s^t", "i^j^s"], 3),
        (["i^t", "j^t", "pair"], 0),
        (["i^t", "t"], 0),
        (["i", "j", "t"], 0),
        (["i^t"], 0),
        (["i^t", "j^t", "i^j", "s"], 0),
    ],
    ids=str,
)
def test_other_sets_of_effects_are_not_structural_gravity(names, count):
    assert len(readings(effects(*names))) == count


def test_a_mostly_empty_panel_is_not_laid_out_in_slots():
    n = 50
    frame = pd.DataFrame({"i": range(n), "j": range(n), "t": np.zeros(n, int)})
    factors = {name: factorise(frame[name]) for name in frame}
    assert plan_slots(level_table(effects("i^t", "j^t"), factors), factors) is None


def test_a_pair_given_as_a_column_still_leaves_the_ends_of_the_flow_known(flows):
    pair = flows["origin"].where(flows["origin"] < flows["destination"], "x")
    symmetric = [
        "-".join(sorted(ends))
        for ends in zip(flows["origin"], flows["destination"], strict=True)
    ]
    fit = fc.Gravity("flow ~ agreement | origin^year + destination^year + both").fit(
        flows.assign(both=symmetric, other=pair)
    )
    assert fit.covariance.clusters == (("pair", 30),)


def test_workers_and_firms_are_no_pairs_of_a_flow():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "wage": rng.gamma(2.0, 1.0, 200),
            "worker": [f"w{n}" for n in range(40)] * 5,
            "firm": [f"f{n}" for n in rng.integers(0, 8, 200)],
            "x": rng.normal(size=200),
        }
    )
    fit = fc.Gravity("wage ~ x | worker + firm").fit(table)
    assert fit.covariance.title.startswith("robust")


def test_rows_are_named_by_the_columns_of_the_effects(flows):
    gone = (flows["origin"] == "R1") & (flows["destination"] == "R2")
    fit = fc.Gravity(
        "flow ~ agreement | origin^year + destination^year + origin^destination"
    ).fit(flows.assign(flow=flows["flow"].where(~gone, 0.0)))
    assert "R1 to R2 2014" in fit.notes[0]


@pytest.mark.parametrize("named", ["period", "year"])
def test_errors_over_time_find_the_column_of_periods(flows, named):
    model = fc.Gravity("flow ~ agreement | origin^year + destination^year")
    table = flows if named == "period" else flows.drop(columns="period")
    fit = model.fit(table).with_vcov(fc.DriscollKraay(1))
    assert fit.covariance.clusters[0][1] == 4
