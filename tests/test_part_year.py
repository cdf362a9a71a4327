"""The relation between a part of a year and the whole: features, fit, coverage."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtri

from forecast.datasets.calibration import dollars_of_2010, part_year_model
from forecast.errors import ModelError
from forecast.part_year import (
    PROBABILITIES,
    PartYear,
    PartYearModel,
    fit_part_year,
    part_year_of,
    yearly_volatility,
)

LEVELS_OF_THE_YEAR = ["total", "growth", "year", "months"]


def part(months: int = 7, n: int = 1, **known: float) -> PartYear:
    """A part-year of n equal series of which only `known` is known."""
    names = [name for name in PartYear.__slots__ if name != "months"]
    return PartYear(
        months, **{name: np.full(n, known.get(name, np.nan)) for name in names}
    )


def years_of_growth(
    years: int, start: float = 100.0, growth: float = 0.1
) -> np.ndarray:
    """Flat months within a year, each year `growth` above the last; shape (1, years, 12)."""
    levels = start * (1 + growth) ** np.arange(years)
    return np.repeat(levels[:, None], 12, axis=1)[None]


def test_flat_years_that_grow_have_no_tilt_and_steady_growth():
    found = part_year_of(years_of_growth(8), 5, size=np.array([1000.0]))
    assert_allclose(found.known, 5 * 100 * 1.1**7)
    assert_allclose(found.log_growth, np.log(1.1))
    assert_allclose(
        [found.tilt_before, found.tilt_median, found.tilt_spread], 0, atol=1e-12
    )
    assert_allclose([found.momentum, found.volatility], 0, atol=1e-12)


def test_a_rest_that_runs_twice_as_high_is_a_tilt_of_log_two():
    values = years_of_growth(5, growth=0.0)
    values[:, :-1, 6:] *= 2
    found = part_year_of(values, 6, size=np.array([1.0]))
    assert_allclose(found.tilt_before, np.log(2))
    assert_allclose(found.tilt_median, np.log(2))


def test_the_months_after_the_last_known_one_are_not_looked_at():
    values = years_of_growth(6)
    future = values.copy()
    future[:, -1, 4:] = 1e9
    one, other = (part_year_of(v, 4, size=np.array([1.0])) for v in (values, future))
    for name in PartYear.__slots__:
        assert_allclose(getattr(one, name), getattr(other, name))


def test_the_richest_information_is_used():
    known = {"known": 70.0, "size": 1000.0}
    assert part(**known).levels()[0] == "total"
    known["log_growth"] = 0.1
    assert part(**known).levels()[0] == "growth"
    known["tilt_before"] = 0.0
    assert part(**known).levels()[0] == "year"
    known |= {"tilt_median": 0.0, "tilt_spread": 0.1, "momentum": 0.0}
    assert part(**known).levels()[0] == "months"
    assert part(log_growth=0.3).levels()[0] == "rate"
    assert part().levels()[0] == ""


@pytest.mark.parametrize("level", LEVELS_OF_THE_YEAR)
@pytest.mark.parametrize("months", [1, 6, 11])
def test_quantiles_never_cross(level: str, months: int):
    known = part(
        months,
        known=5.0,
        log_growth=0.3,
        tilt_before=-0.1,
        tilt_median=0.0,
        tilt_spread=0.2,
        momentum=0.1,
        size=300.0,
        volatility=0.2,
    )
    at = part_year_model().tilt(known, level).at(np.linspace(-6, 6, 200)[None])
    assert (np.diff(at[0]) > 0).all()


@pytest.mark.parametrize(
    ("what", "calm", "wild"),
    [("size", 20_000.0, 20.0), ("volatility", 0.05, 0.5), ("log_growth", 0.0, 0.5)],
)
def test_small_jumpy_and_fast_series_get_wider_intervals(
    what: str, calm: float, wild: float
):
    base = {"known": 5.0, "log_growth": 0.1, "size": 1000.0, "volatility": 0.1}
    model = part_year_model()
    narrow, wide = (
        model.tilt(part(**(base | {what: v})), "growth").spread for v in (calm, wild)
    )
    assert wide > 1.2 * narrow


def test_an_unknown_month_is_refused():
    with pytest.raises(ModelError, match="F-540"):
        part_year_model().tilt(part(12, known=1.0), "total")


def test_the_fit_recovers_a_known_relation_and_covers_unseen_series():
    rng = np.random.default_rng(20210930)
    n = 8000
    growth, size = rng.normal(0.1, 0.2, n), 10 ** rng.uniform(0, 5, n)
    known = PartYear(
        7,
        np.ones(n),
        growth,
        *(np.full(n, np.nan) for _ in range(4)),
        size,
        np.full(n, np.nan),
    )
    spread = (
        0.5
        * np.exp(-0.3 * np.log10(size))
        * np.exp(0.8 * np.abs(np.clip(growth, -1.5, 1.5)))
    )
    target = 0.05 - 0.2 * growth + spread * rng.standard_t(4, n)
    row = fit_part_year(
        known.take(np.arange(4000)),
        target[:4000],
        "growth",
        size=True,
        volatility=False,
    )
    assert row["at_growth"] == pytest.approx(-0.2, abs=0.03)
    assert row["spread_fast"] == pytest.approx(0.8, abs=0.2)
    keys = pd.Series(
        {"level": "growth", "size": True, "volatility": False, "months": 7}
    )
    model = PartYearModel(pd.DataFrame([pd.concat([keys, row])]), pd.DataFrame())
    unseen = model.tilt(known.take(np.arange(4000, n)), "growth")
    low, high = unseen.at(np.tile(ndtri([0.1, 0.9]), (4000, 1))).T
    inside = (target[4000:] >= low) & (target[4000:] <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.025)  # 4 standard errors


def test_volatility_needs_four_changes_and_ignores_gaps():
    steady = 100 * 1.2 ** np.arange(8.0)
    assert yearly_volatility(steady) == pytest.approx(0, abs=1e-12)
    assert np.isnan(yearly_volatility(steady[:4]))
    gap = steady.copy()
    gap[3] = np.nan
    assert yearly_volatility(gap) == pytest.approx(0, abs=1e-12)


def test_sizes_use_only_prices_that_were_published_by_then():
    assert dollars_of_2010(2011) == pytest.approx(1.0)
    assert dollars_of_2010(2021) == pytest.approx(218.056 / 258.811)
    assert dollars_of_2010(2200) == dollars_of_2010(2201)


def calibration_script() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "part_year_calibration.py"
    spec = importlib.util.spec_from_file_location("part_year_calibration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def monthly_trade(reference_data):
    script = calibration_script()
    return script, script.read_series(reference_data("us_monthly").parent)


@pytest.mark.reference
@pytest.mark.slow
def test_the_shipped_intervals_cover_partners_that_took_no_part_in_calibration(
    monthly_trade,
):
    script, series = monthly_trade
    covered = script.coverage(part_year_model(), series.take(~series.calibrates))
    shares = covered.groupby("level")[["in_80", "in_95"]].mean()
    assert sorted(shares.index) == sorted(LEVELS_OF_THE_YEAR)
    assert shares["in_80"].between(0.76, 0.84).all(), shares
    assert shares["in_95"].between(0.93, 0.97).all(), shares
    by_month = covered.groupby(["level", "months"])[["in_80", "in_95"]].mean()
    assert by_month["in_80"].between(0.76, 0.84).all(), by_month
    assert by_month["in_95"].between(0.93, 0.97).all(), by_month


@pytest.mark.reference
@pytest.mark.slow
def test_the_shipped_table_is_what_the_script_makes_of_the_data(monthly_trade):
    script, series = monthly_trade
    seen = series.take(series.calibrates)
    every = list(script.cases(seen, 7))
    known = script.stack([case.part for case in every])
    target = np.concatenate([case.target for case in every])
    row = fit_part_year(known, target, "growth", size=True, volatility=True)
    table = part_year_model().table
    shipped = table[
        (table["level"] == "growth")
        & table["size"]
        & table["volatility"]
        & (table["months"] == 7)
    ].iloc[0]
    names = [name for name in row.index if name != "series"]
    assert shipped["series"] == row["series"]
    assert_allclose(
        shipped[names].to_numpy(float), row[names].to_numpy(float), rtol=1e-4, atol=1e-5
    )
    assert len(PROBABILITIES) == sum(name.startswith("q_") for name in names)
