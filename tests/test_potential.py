"""Unused potential is predicted from other pairs, never from the pair itself."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from forecast.attribution import potential
from forecast.attribution.potential import alike
from forecast.datasets import simulate_trade
from forecast.datasets.recipes import Noise, PairEffects
from forecast.errors import ModelError, PeriodError
from forecast.panel import TradePanel

FORMULA = (
    "flow ~ log(distance) + border + agreement | origin^period + destination^period"
)
KEYS = ["origin", "destination"]


@cache
def world(seed: int = 1, sd: float = 0.6, noise: float = 0.2):
    return simulate_trade(
        16, 6, pairs=PairEffects(sd=sd, directed_sd=sd / 3), noise=Noise(sd=noise),
        events=(), seed=seed,
    )  # fmt: skip


def test_what_a_pair_trades_says_nothing_of_its_own_potential():
    frame = world().frame
    ours = frame["origin"].isin(["R02", "R07"]) & frame["destination"].isin(
        ["R02", "R07"]
    )
    grown = frame.assign(flow=frame["flow"].where(~ours, 50 * frame["flow"]))
    one, other = (
        potential(f, FORMULA).table.set_index(KEYS).sort_index() for f in (frame, grown)
    )
    pair = [("R02", "R07"), ("R07", "R02")]
    assert other.loc[pair, "potential"].to_numpy() == pytest.approx(
        one.loc[pair, "potential"].to_numpy(), rel=1e-7
    )
    assert (other.loc[pair, "actual"] > 40 * one.loc[pair, "actual"]).all()


def test_where_pairs_have_nothing_of_their_own_the_potential_is_the_expected_trade():
    simulated = world(2, sd=0.0, noise=0.05)
    found = potential(simulated.frame, FORMULA).table.set_index(KEYS)
    expected = simulated.truth.expected
    expected = expected[
        expected["period"].isin(expected["period"].drop_duplicates().tail(3))
    ]
    true = expected.groupby(KEYS)["expected"].mean().reindex(found.index)
    assert np.abs(np.log(found["potential"] / true)).max() < 0.15


def test_the_range_of_pairs_alike_holds_as_many_as_it_says():
    inside = []
    for seed in range(3):
        table = potential(world(seed).frame, FORMULA, level=0.8).table
        inside.append(table["actual"].between(table["low"], table["high"]).mean())
    assert 0.75 < np.mean(inside) < 0.85


def test_unused_potential_is_never_negative_and_sorted():
    table = potential(world().frame, FORMULA).table
    assert (table[["unused", "unused_low", "unused_high"]] >= 0).all(axis=None)
    assert table["unused"].is_monotonic_decreasing
    assert (table["unused_low"] <= table["unused_high"]).all()


def test_the_order_of_rows_and_the_unit_of_flows_do_not_matter():
    frame = world().frame
    one = potential(frame, FORMULA).table
    shuffled = potential(frame.sample(frac=1.0, random_state=1), FORMULA).table
    pd.testing.assert_frame_equal(one, shuffled)
    scaled = potential(frame.assign(flow=1e3 * frame["flow"]), FORMULA).table
    assert scaled["unused"].to_numpy() == pytest.approx(1e3 * one["unused"].to_numpy())
    assert scaled["reasons"].tolist() == one["reasons"].tolist()


def test_reasons_are_those_of_the_pair():
    frame = world().frame
    new = (frame["origin"] == "R02") & (frame["destination"] == "R07")
    gone = (frame["origin"] == "R05") & (frame["destination"] == "R07")
    early = frame["period"].astype(str).astype(int) < 2017
    flow = frame["flow"].where(~(new & early) & ~gone, 0.0)
    found = potential(frame.assign(flow=flow), FORMULA)
    table = found.table.set_index(KEYS)
    assert "new pair" in table.loc[("R02", "R07"), "reasons"]
    assert {"no flow", "low intensity"} <= set(table.loc[("R05", "R07"), "reasons"])
    last = frame[frame["period"] == frame["period"].max()].set_index(KEYS)
    none = table["reasons"].map(lambda codes: "no agreement" in codes)
    assert (last.loc[none[none].index, "agreement"] == 0).all()
    far = table["reasons"].map(lambda codes: "held down by log(distance)" in codes)
    distance = last["distance"].reindex(table.index)
    assert distance[far].min() > distance[~far].max()
    assert "none was predicted from its own flows" in repr(found)


def test_ranks_are_shares_of_pairs_that_realise_less():
    _, _, rank = alike(np.array([3.0, 1.0, 2.0]), np.ones(3), 0.8)
    assert rank.tolist() == [1.0, 0.0, 0.5]


def test_one_period_can_be_asked_for():
    frame = world().frame
    table = potential(frame, FORMULA, start=2016, end=2016).table.set_index(KEYS)
    flow = frame[frame["period"].astype(str) == "2016"].set_index(KEYS)["flow"]
    assert table["actual"].to_numpy() == pytest.approx(
        flow.reindex(table.index).to_numpy()
    )


def test_effects_of_pairs_are_refused():
    with pytest.raises(ModelError) as refused:
        potential(
            world().frame,
            "flow ~ agreement | origin^period + destination^period + origin^destination",
        )
    assert refused.value.code == "F-891"


@pytest.mark.parametrize("options", [{"folds": 1}, {"level": 1.0}, {"folds": 10**6}])
def test_folds_and_levels_that_are_not_possible_are_refused(options):
    with pytest.raises(ModelError) as refused:
        potential(world().frame, FORMULA, **options)
    assert refused.value.code == "F-892"


def test_periods_outside_the_data_are_refused():
    with pytest.raises(PeriodError) as refused:
        potential(world().frame, FORMULA, end=1990)
    assert refused.value.code == "F-887"


# ------------------------------------------------------------------------------ sectors

BY_SECTOR = (
    "flow ~ i(sector, log_distance) + i(sector, border) "
    "| origin^sector^period + destination^sector^period"
)


@cache
def two_sectors() -> pd.DataFrame:
    """Food, whose pairs are alike, and machines, whose pairs differ a lot."""
    parts = [
        simulate_trade(
            16, 4, pairs=PairEffects(sd=sd, directed_sd=sd / 3), events=(), seed=seed
        ).frame.assign(sector=sector)
        for seed, (sector, sd) in enumerate({"02": 0.15, "84": 1.0}.items())
    ]  # fmt: skip
    columns = [*KEYS, "sector", "period", "flow", "log_distance", "border"]
    return pd.concat(parts, ignore_index=True)[columns]


def by_sector(frame: pd.DataFrame, formula: str = BY_SECTOR) -> pd.DataFrame:
    panel = TradePanel.from_frame(
        frame, origin="origin", destination="destination", sector="sector",
        period="period", flow="flow", covariates=["log_distance", "border"],
    )  # fmt: skip
    return potential(panel, formula).table.set_index([*KEYS, "sector"]).sort_index()


def test_no_sector_of_a_pair_says_anything_of_the_potential_of_another():
    frame = two_sectors()
    ours = frame["origin"].isin(["R02", "R07"]) & frame["destination"].isin(
        ["R02", "R07"]
    )
    food = ours & (frame["sector"] == "02")
    grown = frame.assign(flow=frame["flow"].where(~food, 50 * frame["flow"]))
    common = BY_SECTOR.replace(
        "i(sector, log_distance) + i(sector, border)", "log_distance + border"
    )  # slopes of all sectors: food would speak for machines
    one, other = by_sector(frame, common), by_sector(grown, common)
    assert len(one) == 2 * 16 * 15
    for sector in ("02", "84"):
        pair = [("R02", "R07", sector), ("R07", "R02", sector)]
        assert other.loc[pair, "potential"].to_numpy() == pytest.approx(
            one.loc[pair, "potential"].to_numpy(), rel=1e-7
        )
    assert other.loc[("R02", "R07", "02"), "actual"] == pytest.approx(
        50 * one.loc[("R02", "R07", "02"), "actual"]
    )


def test_pairs_are_compared_with_pairs_of_their_sector():
    found = by_sector(two_sectors()).reset_index()
    width = np.log(found["high"] / found["low"]).groupby(found["sector"]).median()
    assert width["84"] > 2 * width["02"]
    inside = found["actual"].between(found["low"], found["high"])
    share = inside.groupby(found["sector"]).mean()
    assert ((share > 0.72) & (share < 0.88)).all()


def test_the_distance_of_one_sector_is_no_reason_in_another():
    frame = two_sectors()
    found = by_sector(frame).reset_index()
    for sector, other in (("02", "84"), ("84", "02")):
        own = found[found["sector"] == sector].set_index(KEYS)["reasons"]
        codes = own.explode().dropna().astype(str)
        far = codes[codes.str.contains("log_distance")]
        assert len(far) > 10
        assert codes.str.contains("border").any()
        assert not codes.str.contains(f"[{other}]", regex=False).any()
        rows = frame[frame["sector"] == sector].drop_duplicates(KEYS).set_index(KEYS)
        distance = rows["log_distance"]
        assert distance.loc[far.index].min() > distance.mean()
