"""Growth decomposed: parts that sum exactly, whatever the order, at every level."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast as fc
from forecast.decomposition import Decomposition, decompose
from forecast.decomposition.logmean import lmdi, log_mean, shapley
from forecast.errors import ColumnError, KeyColumnError, ModelError
from forecast.forecasts import Forecast
from forecast.gravity.derived.coefficient_draws import draw_coefficients

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

FORMULA = "trade ~ visits + rta | exporter^year + importer^year + exporter^importer"
VISITS, RTA = 0.05, 0.3


def world(
    seed: int, n: int = 10, periods: int = 4, *, noise: float = 0.5
) -> pd.DataFrame:
    """Three-way gravity with known terms: `mu`, `a` of exporters, `g` of importers."""
    rng = np.random.default_rng(seed)
    i, j, t = (
        x.ravel() for x in np.meshgrid(*map(np.arange, (n, n, periods)), indexing="ij")
    )
    a, g = (
        rng.normal(0, 0.5, (n, 1))
        + np.cumsum(rng.normal(0.04, 0.1, (n, periods)), axis=1)
        for _ in range(2)
    )
    pair = rng.normal(0, 0.7, (n, n))
    visits = rng.poisson(0.8, i.size)
    rta = (t >= rng.integers(1, 2 * periods, (n, n))[i, j]).astype(float)
    mu = np.exp(3 + a[i, t] + g[j, t] + pair[i, j] + VISITS * visits + RTA * rta)
    luck = rng.gamma(noise**-2, noise**2, i.size) if noise else 1.0
    codes = np.array([f"X{k:02d}" for k in range(n)])
    frame = pd.DataFrame(
        {
            "exporter": codes[i],
            "importer": codes[j],
            "year": 2018 + t,
            "trade": mu * luck,
            "visits": visits,
            "rta": rta,
            "mu": mu,
            "a": a[i, t],
            "g": g[j, t],
            "price": np.exp(0.05 * t + 0.3 * a[i, t]),
            "dollar": np.exp(0.1 * t),
        }
    )
    return frame[i != j].reset_index(drop=True)


def fitted(frame: pd.DataFrame, formula: str = FORMULA) -> fc.GravityFit:
    return fc.Gravity(formula).fit(frame)


@pytest.fixture(scope="module")
def fit() -> fc.GravityFit:
    return fitted(world(1))


def long(parts: Decomposition, key: str) -> pd.Series:
    return parts.to_frame().set_index([key, "term"])["change"]


# ------------------------------------------------------------------------ adding up


@pytest.mark.parametrize("method", ["lmdi", "shapley"])
@pytest.mark.parametrize(
    "by", ["flow", "turnover", "exporter", "importer", "nation", "total"]
)
def test_contributions_sum_to_growth_on_every_path(fit, by, method):
    parts = decompose(fit, 2018, 2021, by=by, method=method, draws=20)
    gap = parts.contributions.sum(axis=1) - (parts.ends - parts.starts)
    assert np.abs(100 * gap / parts.starts).max() < 1e-10
    assert parts.largest_gap < 1e-10
    np.testing.assert_allclose(
        parts.points.sum(axis=1), parts.growth, rtol=1e-10, atol=1e-10
    )


def test_shares_of_growth_sum_to_a_hundred(fit):
    parts = decompose(fit, 2018, 2021, by="nation", draws=1)
    np.testing.assert_allclose(parts.shares.sum(axis=1), 100.0, rtol=1e-10)
    first = 100 * parts.points["rta"] / parts.growth
    np.testing.assert_allclose(parts.shares["rta"], first, rtol=1e-8)


def test_growth_is_that_of_the_data(fit):
    frame = world(1)
    sums = frame.pivot_table(
        index="exporter", columns="year", values="trade", aggfunc="sum"
    )
    parts = decompose(fit, 2018, 2021, by="exporter", draws=2)
    np.testing.assert_allclose(
        parts.growth, 100 * (sums[2021] / sums[2018] - 1), rtol=1e-12
    )


@pytest.mark.parametrize("method", ["lmdi", "shapley"])
def test_pairs_add_up_to_their_nation(fit, method):
    flows = decompose(fit, 2018, 2021, by="flow", method=method, draws=10)
    exports = decompose(fit, 2018, 2021, by="exporter", method=method, draws=10)
    nations = decompose(fit, 2018, 2021, by="nation", method=method, draws=10)
    for code in ("X00", "X07"):
        own = flows.units["exporter"].eq(code).to_numpy()
        either = own | flows.units["importer"].eq(code).to_numpy()
        for rows, level, key in (
            (own, exports, "exporter"),
            (either, nations, "nation"),
        ):
            np.testing.assert_allclose(
                flows.contributions[rows].sum(axis=0),
                level.select(**{key: code}).contributions[0],
                rtol=1e-9,
                atol=1e-9,
            )


def test_the_sum_over_flows_is_the_total(fit):
    flows = decompose(fit, 2018, 2021, draws=5)
    total = decompose(fit, 2018, 2021, by="total", draws=5)
    np.testing.assert_allclose(
        flows.total().contributions, total.contributions, rtol=1e-9, atol=1e-9
    )
    with pytest.raises(ModelError, match="F-882"):
        decompose(fit, 2018, 2021, by="nation", draws=1).total()


@pytest.mark.parametrize("method", ["lmdi", "shapley"])
def test_the_order_of_terms_does_not_matter(method):
    frame = world(2)
    turned = "trade ~ rta + visits | exporter^importer + importer^year + exporter^year"
    first, second = (
        decompose(fitted(frame, formula), 2018, 2021, method=method, draws=1)
        for formula in (FORMULA, turned)
    )
    assert set(first.terms) == set(second.terms)
    np.testing.assert_allclose(
        first.points[list(second.terms)], second.points, rtol=1e-6, atol=1e-6
    )


def test_the_order_of_rows_does_not_matter_to_the_last_bit():
    frame = world(3)
    shuffled = frame.sample(frac=1.0, random_state=0)
    first = decompose(fitted(frame), 2018, 2021, draws=5)
    second = decompose(fitted(shuffled), 2018, 2021, draws=5)
    assert first.units.equals(second.units)
    np.testing.assert_array_equal(first.contributions, second.contributions)


@pytest.mark.parametrize("unit", [1e-3, 1e6])
def test_the_unit_of_flows_moves_money_and_no_points(unit):
    frame = world(4)
    scaled = frame.assign(trade=frame["trade"] * unit)
    first = decompose(fitted(frame), 2018, 2021, by="nation", draws=5)
    second = decompose(fitted(scaled), 2018, 2021, by="nation", draws=5)
    np.testing.assert_allclose(first.points, second.points, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        first.contributions * unit, second.contributions, rtol=1e-5, atol=1e-6 * unit
    )


def test_going_back_in_time_changes_all_signs(fit):
    there = decompose(fit, 2018, 2021, by="exporter", draws=1)
    back = decompose(fit, 2021, 2018, by="exporter", draws=1)
    np.testing.assert_allclose(there.point, -back.point, rtol=1e-9, atol=1e-9)


@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=5),
    st.floats(0.01, 1e6),
)
def test_both_splits_are_exact_and_blind_to_order(changes, start):
    d, y = np.array([changes]), np.array([start])
    whole = start * np.expm1(sum(changes))
    for split in (lmdi, shapley):
        parts = split(y, d)
        assert parts.sum() == pytest.approx(whole, rel=1e-10, abs=1e-10 * start)
        turned = split(y, d[:, ::-1])[:, ::-1]
        np.testing.assert_allclose(parts, turned, rtol=1e-9, atol=1e-9 * start)
        assert (parts[d == 0] == 0).all()


def test_shapley_is_the_mean_over_all_orders():
    d, y = np.array([[0.3, -0.2, 0.7]]), np.array([5.0])
    gains = np.zeros(3)
    orders = list(itertools.permutations(range(3)))
    for order in orders:
        level = 0.0
        for k in order:
            gains[k] += y[0] * (np.exp(level + d[0, k]) - np.exp(level)) / len(orders)
            level += d[0, k]
    np.testing.assert_allclose(shapley(y, d)[0], gains, rtol=1e-12)


def test_the_logarithmic_mean_lies_between_the_geometric_and_the_arithmetic():
    a, b = np.random.default_rng(0).lognormal(0, 2, (2, 500))
    mean = log_mean(a, b)
    assert (np.sqrt(a * b) <= mean * (1 + 1e-12)).all()
    assert (mean <= (a + b) / 2 * (1 + 1e-12)).all()
    assert log_mean(a, np.zeros(500)).max() == 0


# ---------------------------------------------------------------- what the parts mean


def test_without_noise_the_parts_are_the_true_ones():
    frame = world(5, noise=0.0)
    keys = ["exporter", "importer"]
    first, last = (frame[frame["year"] == y].set_index(keys) for y in (2018, 2021))
    weight = (last["mu"] - first["mu"]) / np.log(last["mu"] / first["mu"])
    a, g = last["a"] - first["a"], last["g"] - first["g"]
    common = [(weight * x).sum() / weight.sum() for x in (a, g)]
    truth = {
        "world growth": weight * sum(common),
        "exporter capacity": weight * (a - common[0]),
        "importer demand": weight * (g - common[1]),
        "visits": weight * VISITS * (last["visits"] - first["visits"]),
        "rta": weight * RTA * (last["rta"] - first["rta"]),
        "pair-specific rest": 0 * weight,
    }
    parts = decompose(fitted(frame), 2018, 2021, draws=1)
    for name, true in truth.items():
        found = parts.point[:, parts.terms.index(name)]
        np.testing.assert_allclose(found, true, rtol=1e-5, atol=1e-4)


def test_a_known_truth_lies_inside_the_intervals():
    """24 worlds, 10 regions; 95 % intervals, so some regions may miss."""
    inside: dict[str, list[bool]] = {}
    keys = ["exporter", "importer"]
    for seed in range(24):
        frame = world(100 + seed)
        first, last = (frame[frame["year"] == y].set_index(keys) for y in (2018, 2021))
        weight = (last["mu"] - first["mu"]) / np.log(last["mu"] / first["mu"])
        a = last["a"] - first["a"]
        truth = {
            "exporter capacity": weight * (a - (weight * a).sum() / weight.sum()),
            "visits": weight * VISITS * (last["visits"] - first["visits"]),
            "rta": weight * RTA * (last["rta"] - first["rta"]),
        }
        fit = fitted(frame).bias_corrected()
        table = decompose(fit, 2018, 2021, by="exporter", draws=200).to_frame([95])
        for name, true in truth.items():
            rows = table[table["term"] == name]
            sums = true.groupby(level=0).sum().loc[rows["exporter"]].to_numpy()
            held = (rows["change_lower_95"] <= sums) & (sums <= rows["change_upper_95"])
            inside.setdefault(name, []).extend(held)
    share = {name: float(np.mean(held)) for name, held in inside.items()}
    assert all(0.88 <= value <= 1.0 for value in share.values()), share


def test_over_the_world_capacity_and_demand_sum_to_zero(fit):
    parts = decompose(fit, 2018, 2021, by="total", draws=10)
    for name in ("exporter capacity", "importer demand"):
        at = parts.terms.index(name)
        assert np.abs(parts.contributions[0, at]).max() < 1e-9 * parts.starts.max()


def test_the_normalisation_of_effects_does_not_matter(fit):
    """A constant moved between exporters' and importers' effects changes no part."""
    moved = replace(fit)
    values = [v.copy() for v in fit.estimate.level_values]
    names = [effect.name for effect in fit.design.effects]
    e, i = names.index("exporter^year"), names.index("importer^year")
    rows = fit.keys.codes("year")
    for year in range(rows.count):
        at = np.flatnonzero(rows.codes == year)
        values[e][np.unique(fit.estimate.effects[e].codes[at])] += year + 1
        values[i][np.unique(fit.estimate.effects[i].codes[at])] -= year + 1
    estimate = replace(fit.estimate)
    for name in ("rows", "effects", "mu", "x_tilde", "y"):
        estimate.__dict__[name] = getattr(fit.estimate, name)
    estimate.__dict__["level_values"] = tuple(values)
    moved = replace(fit, estimate=estimate)
    first, second = (decompose(f, 2018, 2021, draws=3) for f in (fit, moved))
    np.testing.assert_allclose(
        first.contributions, second.contributions, rtol=1e-9, atol=1e-9
    )


def test_an_exporters_own_rest_is_nothing_since_ppml_adds_up(fit):
    parts = decompose(fit, 2018, 2021, by="exporter", draws=1)
    rest = parts.point[:, parts.terms.index("pair-specific rest")]
    assert np.abs(rest / parts.starts[:, 0]).max() < 1e-7


def test_a_regressor_without_effect_contributes_nothing():
    frame = world(6, noise=0.0)
    frame["idle"] = np.random.default_rng(0).normal(size=len(frame))
    parts = decompose(
        fitted(frame, FORMULA.replace("rta", "rta + idle")), 2018, 2021, draws=1
    )
    idle = parts.points["idle"]
    assert np.abs(idle).max() < 1e-4


def test_a_regressor_that_stays_contributes_zero_on_every_path():
    frame = world(7)
    frame.loc[frame["year"].isin([2018, 2021]), "visits"] = 1
    parts = decompose(fitted(frame), 2018, 2021, draws=5)
    assert not parts.contributions[:, parts.terms.index("visits")].any()


def test_a_flow_that_begins_is_explained_by_the_rest_or_by_entry():
    frame = world(8)
    begins = (frame["exporter"] == "X00") & (frame["importer"] == "X01")
    frame.loc[begins & (frame["year"] == 2018), "trade"] = 0.0
    never = (frame["exporter"] == "X02") & (frame["year"] == 2018)
    frame.loc[never, "trade"] = 0.0
    parts = decompose(fitted(frame), 2018, 2021, draws=5)
    assert parts.terms[-1] == "entry and exit"
    assert (
        np.abs(parts.contributions.sum(axis=1) - (parts.ends - parts.starts)).max()
        < 1e-8
    )
    one = parts.select(exporter="X02")
    np.testing.assert_allclose(one.point[:, -1], one.ends[:, 0])
    assert not one.point[:, :-1].any()
    assert np.isnan(one.growth).all()
    assert "from zero" in repr(parts.select(exporter="X00", importer="X01"))


def test_flows_known_in_one_period_only_are_left_out_and_told():
    frame = world(9).drop(index=0)
    parts = decompose(fitted(frame), 2018, 2021, by="total", draws=1)
    assert any("known in one of 2018 and 2021 only" in note for note in parts.notes)


def test_prices_are_split_off_from_the_exporters_that_set_them(fit):
    plain = decompose(fit, 2018, 2021, by="exporter", draws=5)
    split = decompose(
        fit,
        2018,
        2021,
        by="exporter",
        draws=5,
        given={"prices": "price", "rate": "dollar"},
    )
    assert {"prices", "rate"} <= set(split.terms)
    np.testing.assert_allclose(
        plain.points[["world growth", "exporter capacity"]].sum(axis=1),
        split.points[["world growth", "exporter capacity", "prices", "rate"]].sum(
            axis=1
        ),
        rtol=1e-9,
    )
    assert split.largest_gap < 1e-10
    rate = split.point[:, split.terms.index("rate")]
    assert (rate > 0).all()


def test_grouping_adds_contributions(fit):
    both = {"cooperation": ["visits", "rta"]}
    within = decompose(fit, 2018, 2021, draws=5, groups=both)
    after = decompose(fit, 2018, 2021, draws=5).grouped(both)
    assert within.terms == after.terms
    np.testing.assert_allclose(within.contributions, after.contributions, atol=1e-9)


def test_draws_of_coefficients_have_their_covariance(fit):
    draws = draw_coefficients(fit.beta, fit.covariance, 20_000, 0)
    np.testing.assert_allclose(draws.mean(axis=0), fit.beta, atol=1e-3)
    np.testing.assert_allclose(np.cov(draws.T), fit.cov_params(), rtol=0.05, atol=1e-5)


def test_least_squares_of_logs_is_decomposed_too():
    frame = world(10)
    fit = fc.Gravity(FORMULA.replace("trade ~", "log(trade) ~"), estimator="ols").fit(
        frame
    )
    parts = decompose(fit, 2018, 2021, by="exporter", draws=5)
    assert parts.largest_gap < 1e-10
    sums = frame[frame["year"] == 2018].groupby("exporter")["trade"].sum()
    np.testing.assert_allclose(parts.starts[:, 0], sums, rtol=1e-12)


# ----------------------------------------------------------------------- forecasts


def outlook(paths: int = 50) -> Forecast:
    rng = np.random.default_rng(3)
    ends = [(a, b) for a in "KRU" for b in "KRU" if a != b]
    units = pd.DataFrame(ends, columns=["from", "to"])
    draws = rng.lognormal(3, 0.4, (6, 2, paths))
    draws[0, 0, :3] = 0.0
    past = pd.DataFrame(
        rng.lognormal(3, 0.4, (6, 2)), columns=pd.period_range("2020", "2021", freq="Y")
    )
    return Forecast(
        draws,
        units,
        pd.period_range("2022", "2023", freq="Y"),
        "million USD",
        history=past,
        origin="from",
        destination="to",
    )


@pytest.mark.parametrize("method", ["lmdi", "shapley"])
@pytest.mark.parametrize(("start", "end"), [(2021, 2022), (2022, 2023), (2020, 2021)])
def test_growth_in_a_forecast_is_decomposed_on_its_own_paths(start, end, method):
    parts = decompose(outlook(), start, end, by="nation", method=method)
    assert parts.largest_gap < 1e-10
    assert {"world growth", "exporter capacity", "importer demand"} <= set(parts.terms)


def test_the_world_and_shares_in_it_are_the_parts_of_a_directed_forecast():
    parts = decompose(outlook(), 2022, 2023)
    draws = outlook().draws[..., -1]
    y0, y1 = draws.T
    weight = (y1 - y0) / np.log(y1 / y0)
    world = np.log(y1.sum() / y0.sum())
    units = outlook().units
    exports = [
        np.array([y[units["from"] == code].sum() for code in units["from"]])
        for y in (y0, y1)
    ]
    found = parts.contributions[..., -1]
    np.testing.assert_allclose(found[:, 0], weight * world)
    np.testing.assert_allclose(
        found[:, 1], weight * (np.log(exports[1] / exports[0]) - world)
    )


def test_models_without_effects_or_regressors_are_decomposed_too():
    frame = world(11)
    panel = fc.TradePanel.from_frame(
        frame[["exporter", "importer", "year", "trade", "visits"]],
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
    )
    plain = decompose(
        fc.Gravity("trade ~ visits").fit(panel), 2018, 2021, by="total", draws=3
    )
    assert plain.terms == ("visits", "pair-specific rest")
    effects = fc.Gravity("trade ~ 1 | exporter^year + importer^year").fit(panel)
    only = decompose(effects, 2018, 2021, by="total", draws=3)
    assert only.terms[:3] == ("world growth", "exporter capacity", "importer demand")
    assert max(plain.largest_gap, only.largest_gap) < 1e-10


def test_components_that_make_up_a_forecast_leave_no_rest():
    whole = outlook().select(**{"from": "R"})
    half = replace(whole, draws=np.sqrt(whole.draws), history=whole.history**0.5)
    parts = decompose(whole, 2021, 2023, components={"one": half, "other": half})
    assert np.abs(parts.contributions[:, 2]).max() < 1e-9
    np.testing.assert_allclose(parts.contributions[:, 0], parts.contributions[:, 1])


def test_a_component_of_countries_goes_to_each_of_their_flows():
    whole = outlook()
    exports = whole.total(by="from")
    parts = decompose(
        whole.select(period=2023), 2021, 2023, components={"exports": exports}
    )
    assert parts.largest_gap < 1e-10
    with pytest.raises(ModelError, match="F-884"):
        decompose(whole, 2021, 2023, components={"x": np.zeros(7)})
    with pytest.raises(ModelError, match="F-884"):
        decompose(whole, 2021, 2023, components={"x": exports.select(**{"from": "R"})})


# ------------------------------------------------------------------- words, figures


def test_one_unit_is_a_sentence(fit):
    said = repr(
        decompose(fit, 2018, 2021, by="nation", draws=2, measure="bn").select(
            nation="X01"
        )
    )
    assert said.startswith("Growth of the turnover of X01, 2018 to 2021: ")
    assert "world growth" in said
    assert "bn)" in said
    assert repr(decompose(fit, 2018, 2021, draws=2)).startswith(
        "Decomposition of the growth of 90 flows, 2018 to 2021, into 6 terms (lmdi)"
    )


def test_the_table_holds_terms_and_their_sum_with_intervals_in_order(fit):
    table = decompose(fit, 2018, 2021, by="total", draws=50).to_frame([80, 95])
    assert table["term"].iloc[-1] == "total"
    assert (table["points_lower_95"] <= table["points_lower_80"]).all()
    assert (table["points_upper_80"] <= table["points_upper_95"]).all()


def test_the_waterfall_ends_where_growth_does(fit):
    plots = pytest.importorskip("matplotlib.figure")
    parts = decompose(fit, 2018, 2021, by="nation", draws=20)
    for points in (True, False):
        figure = plots.Figure()
        ax = parts.plot(figure.add_subplot(), unit="X03", points=points)
        labels = [text.get_text() for text in ax.get_yticklabels()]
        assert labels[-1] == ("growth" if points else "2021")
        assert "exporter capacity" in labels
        bars = ax.patches[:-1]
        for before, after in itertools.pairwise(bars):
            assert after.get_x() == pytest.approx(before.get_x() + before.get_width())
        last = ax.patches[-1].get_width()
        assert last == pytest.approx(bars[-1].get_x() + bars[-1].get_width())
        one = parts.select(nation="X03")
        end = one.growth.iloc[0] if points else one.ends[0, 0]
        assert last == pytest.approx(end)
    with pytest.raises(KeyColumnError, match="F-311"):
        parts.plot(unit=("X03", "X04"))


# ------------------------------------------------------------------------ refusals


def test_what_cannot_be_decomposed_is_refused(fit):
    for wrong in (2017, 2021):
        with pytest.raises(ModelError, match="F-880"):
            decompose(fit, wrong, 2021)
    for options in (
        {"by": "pair"},
        {"method": "sda"},
        {"groups": {"x": ["nothing"]}},
        {"groups": {"x": ["rta"], "y": ["rta"]}},
    ):
        with pytest.raises(ModelError, match="F-882"):
            decompose(fit, 2018, 2021, **options)
    with pytest.raises(ModelError, match="F-883"):
        decompose(fit, 2018, 2021, given={"p": "mu"})
    with pytest.raises(ColumnError, match="F-111"):
        decompose(fit, 2018, 2021, given={"p": "nothing"})
    with pytest.raises(ModelError, match="F-524"):
        decompose(fit, 2018, 2021, draws=0)
    with pytest.raises(ModelError, match="F-884"):
        decompose(fit, 2018, 2021, components={})
    with pytest.raises(ModelError, match="F-880"):
        decompose(outlook(), 2019, 2023)
    levels = fc.Gravity(
        "trade ~ visits | exporter^year + importer^year", estimator="ols"
    )
    with pytest.raises(ModelError, match="F-882"):
        decompose(levels.fit(world(1)), 2018, 2021)
    with pytest.raises(ModelError, match="F-881"):
        decompose(fc.Gravity("trade ~ visits + rta").fit(world(1)), 2018, 2021)
    twice = pd.concat([world(1), world(1).head(3)])
    with pytest.raises(ModelError, match="F-881"):
        decompose(fitted(twice), 2018, 2021)
