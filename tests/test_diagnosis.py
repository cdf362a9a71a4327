"""Findings: found where they are, silent where they are not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import errors
from forecast.panel import TradePanel
from forecast.panel.double_counting import looks_cumulated
from forecast.panel.key_columns import fold_code

REGIONS = ["DE", "KZ", "RU", "UZ"]


def healthy(n_years=8, seed=1):
    """Every pair in every year, smoothly growing, nothing to complain about."""
    rng = np.random.default_rng(seed)
    pairs = [(o, d) for o in REGIONS for d in REGIONS if o != d]
    df = pd.DataFrame(
        [(o, d, year) for o, d in pairs for year in range(2010, 2010 + n_years)],
        columns=["o", "d", "t"],
    )
    growth = rng.normal(0.05, 0.1, len(df)).reshape(len(pairs), -1).cumsum(axis=1)
    df["y"] = 100 * np.exp(growth).ravel()
    return df


def findings(df, **more):
    panel = TradePanel.from_frame(
        df, origin="o", destination="d", period="t", flow="y", **more
    )
    return panel.diagnose().set_index("code")


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_healthy_tables_have_no_findings(seed):
    found = findings(healthy(seed=seed))
    assert found.empty
    assert found.columns.to_list() == ["what", "count", "examples", "suggestion"]


def test_every_finding_says_what_to_do_and_shows_at_most_five():
    df = healthy()
    df.loc[df.index % 8 == 3, "y"] = np.nan
    found = findings(df)
    assert found.loc["F-221", "count"] == 12
    assert found.loc["F-221", "examples"].count(";") == 4
    assert (found["suggestion"].str.len() > 20).all()


def test_a_code_whose_flow_is_always_the_sum_of_the_others_is_found():
    df = healthy()
    sums = df.groupby(["o", "t"], as_index=False)["y"].sum().assign(d="X9")
    found = findings(pd.concat([df, sums]))
    assert found.loc["F-322", "examples"] == "d: X9"
    almost = sums.assign(y=lambda s: s["y"] * 1.001)
    assert "F-322" not in findings(pd.concat([df, almost])).index


def test_two_equal_partners_are_no_total_and_detail():
    df = healthy()[
        lambda d: d["o"].isin(["KZ", "RU"]) & d["d"].isin(["DE", "UZ"])
    ].assign(y=5.0)
    assert "F-322" not in findings(df).index


@pytest.mark.parametrize("factor", [1e3, 1e-3, 1e6, 1e-6])
def test_a_thousandfold_or_millionfold_step_is_found_where_it_is(factor):
    df = healthy()
    df.loc[(df["o"] == "KZ") & (df["d"] == "RU") & (df["t"] >= 2014), "y"] *= factor
    found = findings(df)
    assert found.loc["F-223", "examples"] == "KZ → RU in 2014"


def test_a_tenfold_step_is_no_mix_of_units():
    df = healthy()
    df.loc[df["t"] >= 2014, "y"] *= 10
    assert "F-223" not in findings(df).index


def test_wild_series_jump_a_thousandfold_without_a_mix_of_units():
    df = healthy(20)
    df["y"] = np.random.default_rng(5).lognormal(0, 5, len(df))
    assert "F-223" not in findings(df).index


def test_late_beginners_and_gaps_are_told_apart():
    df = healthy()
    pair = (df["o"] == "KZ") & (df["d"] == "RU")
    late = findings(df[~(pair & (df["t"] < 2013))])
    assert late.loc["F-433", "examples"] == "KZ → RU"
    assert "F-432" not in late.index
    gap = findings(df[~(pair & (df["t"] == 2013))])
    assert gap.loc["F-432", "examples"] == "KZ → RU"
    assert "F-433" not in gap.index


def test_a_text_column_of_numbers_is_found_among_the_labels():
    df = healthy()
    df["gdp"] = [f"{i} 234,5" for i in range(len(df))]
    df["name"] = "Kazakhstan"
    assert findings(df).loc["F-226", "examples"] == "gdp: '0 234,5'"


def test_only_the_last_release_is_looked_at():
    df = healthy().assign(out="2030-01-01")
    first = df.iloc[:1].assign(y=1e9, out="2029-01-01")
    assert "F-223" not in findings(pd.concat([df, first]), as_of="out").index


# ------------------------------------------------------------- year-to-date figures


def months(n_years):
    return pd.period_range("2001-01", periods=12 * n_years, freq="M")


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.sampled_from(["M", "Q"]))
def test_cumulated_series_are_recognised(seed, n_years, freq):
    rng = np.random.default_rng(seed)
    season = {"M": 12, "Q": 4}[freq]
    steps = rng.lognormal(0, 0.15, size=(5, n_years, season))
    values = steps.cumsum(axis=2).reshape(5, -1)
    periods = pd.period_range("2001-01", periods=values.shape[1], freq=freq)
    assert looks_cumulated(values, periods).all()
    late, holes = values.copy(), values.copy()
    late[:, : season // 3] = np.nan
    holes[:, season // 2] = np.nan
    if freq == "M":
        assert looks_cumulated(late, periods).all()
        assert looks_cumulated(holes, periods).all()


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["M", "Q", "Y"]))
def test_ordinary_series_are_not_taken_for_cumulated(seed, freq):
    rng = np.random.default_rng(seed)
    season = {"M": 12, "Q": 4, "Y": 1}[freq]
    walks = np.exp(rng.normal(0, 0.1, size=(20, 5 * season)).cumsum(axis=1))
    seasonal = walks * np.tile(1 + 0.5 * np.arange(season) / season, 5)
    growing = np.exp(0.05 * np.arange(5 * season)) * np.ones((1, 1))
    zeros, flat = np.zeros((1, 5 * season)), np.ones((1, 5 * season))
    values = np.vstack(
        [walks, growing, zeros, flat, *([seasonal] if freq == "M" else [])]
    )
    periods = pd.period_range("2001-01", periods=5 * season, freq=freq)
    assert not looks_cumulated(values, periods).any()


def test_a_season_that_rises_from_quarter_to_quarter_is_not_cumulated():
    values = np.tile([1.0, 1.2, 1.5, 1.8], 6)[None, :]
    periods = pd.period_range("2001Q1", periods=24, freq="Q")
    assert not looks_cumulated(values, periods).any()


def test_years_without_trade_say_nothing_about_cumulating():
    steps = np.vstack([np.zeros(12), np.full(12, 2.0), np.linspace(1, 3, 12)])
    assert looks_cumulated(steps.cumsum(axis=1).reshape(1, -1), months(3)).all()


def test_one_year_is_not_enough_to_tell():
    values = np.arange(1.0, 13.0)[None, :]
    assert not looks_cumulated(values, months(1)).any()


def test_a_minority_of_cumulated_series_is_found_but_not_warned_of():
    rng = np.random.default_rng(3)
    values = rng.lognormal(size=(3, 36))
    values[0] = rng.lognormal(size=(3, 12)).cumsum(axis=1).ravel()
    df = pd.DataFrame({
        "o": np.repeat(["KZ", "RU", "UZ"], 36), "d": "DE", "t": list(months(3)) * 3, "y": values.ravel(),
    })  # fmt: skip
    found = findings(df)
    assert found.loc["F-431", "examples"] == "KZ → DE"


def test_real_monthly_trade_is_recognised_when_cumulated_and_only_then(reference_data):
    pytest.importorskip("pyarrow")
    us = pd.read_parquet(
        reference_data("us_monthly") / "us_monthly_trade_1985_2010.parquet"
    )
    us = us[us["CTY_CODE"] >= "1000"].sort_values(["CTY_CODE", "flow", "year", "month"])
    us["period"] = us["year"] * 100 + us["month"]
    roles = {
        "unit": ["CTY_CODE", "flow"],
        "period": "period",
        "flow": "value_musd",
        "covariates": [],
    }
    assert "F-431" not in set(TradePanel.from_frame(us, **roles).diagnose()["code"])
    us["value_musd"] = us.groupby(["CTY_CODE", "flow", "year"])["value_musd"].cumsum()
    with pytest.warns(errors.ForecastWarning, match="F-431"):
        TradePanel.from_frame(us, **roles)


# --------------------------------------------------------------------------- codes


def test_codes_that_look_alike_fold_together_and_others_stay_apart():
    alike = [
        ("KZ", "kz"),
        ("KZ", "К" + "Z"),
        ("RU-AST", " RU-AST\u00a0"),
        ("007", "7"),
        ("Всего", "всего"),
    ]
    assert all(fold_code(a) == fold_code(b) for a, b in alike)
    apart = [
        "KZ",
        "KG",
        "RU-ARK",
        "RU-ARH",
        "0",
        "10",
        "1",
        "Омск",
        "Томск",
        "KZ-1",
        "KZ-01",
    ]
    assert len({fold_code(code) for code in apart}) == len(apart)
