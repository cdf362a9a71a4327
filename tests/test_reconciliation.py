"""Forecasts that add up: laws, plain twins of the projections, traps 4 and 5."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast as fc
from forecast.errors import KeyColumnError, ModelError, NumberError, ReporterError
from forecast.reconciliation import (
    Hierarchy,
    coherence,
    movements,
    node_names,
    reconcile,
    shrunk_covariance,
    unallocated_node,
)
from forecast.reconciliation import nonnegative as nonnegative_module
from forecast.reconciliation.alignment import aligned
from forecast.reconciliation.elimination import echelon, split_constraints
from forecast.reconciliation.weights import METHODS

YEARS = pd.PeriodIndex(["2021", "2022"], freq="Y")
TREE = {"EAEU": ["KZ", "RU"], "KZ": ["KZ-10", "KZ-11"]}
NODES = ["EAEU", "KZ", "RU", "KZ-10", "KZ-11"]
MEANS = np.array([33.0, 10.0, 20.0, 4.0, 5.0])
# The constraints of TREE, written out: nodes from the parts RU, KZ-10, KZ-11.
SUMMING = np.array([[1.0, 1, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
PAIRS = pd.DataFrame({"from": ["KZ", "RU"], "to": ["RU", "KZ"]})


def outlook(draws, nodes=NODES, periods=YEARS, **more):
    return fc.Forecast(
        np.asarray(draws), pd.DataFrame({"node": list(nodes)}), periods, **more
    )


@pytest.fixture
def base():
    """Five nodes, two years, 400 paths, dependent, far from zero."""
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(5, 5)) / 3
    noise = np.einsum("ij,jtk->itk", mixing, rng.normal(size=(5, 2, 400)))
    return outlook(MEANS[:, None, None] * 5 + noise)


@pytest.fixture
def near_zero():
    """The same nodes with spreads as large as their means."""
    rng = np.random.default_rng(2)
    return outlook(rng.gamma(0.7, 1, (5, 2, 300)) * MEANS[:, None, None])


def projected(paths, covariance, summing=SUMMING):
    """S (S' W^-1 S)^-1 S' W^-1 y, as the books print it."""
    precision = np.linalg.inv(covariance)
    inner = np.linalg.inv(summing.T @ precision @ summing)
    return summing @ inner @ summing.T @ precision @ paths


def shrunk_twin(errors):
    """Schäfer and Strimmer's shrinkage, written with loops; errors have mean zero."""
    n, t = errors.shape
    sd = [np.sqrt(np.mean(row**2)) for row in errors]
    unit = [errors[i] / sd[i] for i in range(n)]
    above, below = 0.0, 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                products = unit[i] * unit[j]
                r = products.mean()
                above += np.sum((products - r) ** 2) / t / (t - 1)
                below += r**2
    intensity = min(1.0, above / below)
    out = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            r = np.mean(unit[i] * unit[j])
            out[i, j] = (1.0 if i == j else (1 - intensity) * r) * sd[i] * sd[j]
    return out


# ---------------------------------------------------------------- against plain twins


def weights(method, paths):
    centered = paths - paths.mean(axis=1, keepdims=True)
    return {
        "ols": np.eye(5),
        "structural": np.diag([3.0, 2, 1, 1, 1]),
        "wls": np.diag(paths.var(axis=1)),
        "mint": shrunk_twin(centered),
    }[method]


@pytest.mark.parametrize("method", ["ols", "structural", "wls", "mint"])
def test_far_from_zero_every_path_is_the_projection_of_the_books(base, method):
    out = reconcile(base, Hierarchy.tree(TREE), method)
    for t in range(2):
        paths = base.draws[:, t]
        expected = projected(paths, weights(method, paths))
        np.testing.assert_allclose(out.draws[:, t], expected, rtol=2e-7)


def test_a_covariance_that_is_given_is_the_one_used(base):
    rng = np.random.default_rng(3)
    root = rng.normal(size=(5, 5))
    covariance = pd.DataFrame(root @ root.T, index=NODES, columns=NODES)
    tree = Hierarchy.tree(TREE)
    full = reconcile(base, tree, "mint", covariance=covariance)
    diagonal = reconcile(base, tree, "wls", covariance=covariance)
    paths = base.draws[:, 0]
    W = covariance.to_numpy()
    np.testing.assert_allclose(full.draws[:, 0], projected(paths, W), rtol=1e-7)
    expected = projected(paths, np.diag(np.diag(W)))
    np.testing.assert_allclose(diagonal.draws[:, 0], expected, rtol=1e-7)


def test_the_shrunk_covariance_is_that_of_schaefer_and_strimmer():
    rng = np.random.default_rng(4)
    errors = rng.normal(size=(4, 15)) + rng.normal(size=15)
    errors -= errors.mean(axis=1, keepdims=True)
    table = pd.DataFrame(errors, index=list("abcd"))
    expected = shrunk_twin(errors)
    assert 0 < expected[0, 1] / np.mean(errors[0] * errors[1]) < 1
    np.testing.assert_allclose(shrunk_covariance(table), expected, rtol=1e-12)
    gappy = pd.concat(
        [table, pd.Series([np.nan, 9, 9, 9], table.index, name=15)], axis=1
    )
    np.testing.assert_allclose(shrunk_covariance(gappy), expected, rtol=1e-12)


def quarters_and_years(rng, n_paths=200):
    """Three nodes by quarter and year, far from zero and not adding up."""
    nodes = ["whole", "one", "two"]
    scale = np.array([20.0, 11.0, 10.0])[:, None, None]
    quarterly = outlook(
        scale + rng.normal(size=(3, 4, n_paths)),
        nodes,
        pd.period_range("2022Q1", "2022Q4", freq="Q"),
    )
    yearly = outlook(
        4.2 * scale + 3 * rng.normal(size=(3, 1, n_paths)), nodes, YEARS[1:]
    )
    return {"year": yearly, "quarter": quarterly}


@pytest.mark.parametrize("method", ["ols", "wls", "structural", "mint"])
def test_cross_temporal_reconciliation_is_the_kronecker_product_written_out(method):
    levels = quarters_and_years(np.random.default_rng(5))
    hierarchy = Hierarchy.tree({"whole": ["one", "two"]})
    covariance, one = None, np.eye(3)
    if method == "mint":
        one = np.array([[3.0, 1, 1], [1, 2, 0.5], [1, 0.5, 1]])
        names = ["whole", "one", "two"]
        covariance = pd.DataFrame(one, index=names, columns=names)
    out = reconcile(levels, hierarchy, method, covariance=covariance, paths="as drawn")
    # Cells in the order node, then year and its quarters.
    across = np.array([[1.0, 1], [1, 0], [0, 1]])
    in_time = np.vstack([np.ones((1, 4)), np.eye(4)])
    summing = np.kron(across, in_time)
    stacked = np.concatenate([levels["year"].draws, levels["quarter"].draws], axis=1)
    paths = stacked.reshape(15, -1)
    W = {
        "ols": np.eye(15),
        "wls": np.diag(paths.var(axis=1)),
        "structural": np.diag(summing.sum(axis=1)),
        "mint": np.kron(one, np.diag([4.0, 1, 1, 1, 1])),
    }[method]
    expected = projected(paths, W, summing).reshape(stacked.shape)
    np.testing.assert_allclose(out["year"].draws, expected[:, :1], rtol=1e-6)
    np.testing.assert_allclose(out["quarter"].draws, expected[:, 1:], rtol=1e-6)


def test_forecasts_made_apart_count_as_independent_in_mint(base):
    levels = {"top": base.select(node=NODES[:2]), "rest": base.select(node=NODES[2:])}
    out = reconcile(levels, Hierarchy.tree(TREE), "mint", paths="as drawn")
    paths = base.draws[:, 0]
    together = shrunk_twin(paths - paths.mean(axis=1, keepdims=True))
    together[:2, 2:] = together[2:, :2] = 0.0
    expected = projected(paths, together)
    np.testing.assert_allclose(out["top"].draws[:, 0], expected[:2], rtol=2e-7)
    np.testing.assert_allclose(out["rest"].draws[:, 0], expected[2:], rtol=2e-7)


@pytest.mark.parametrize("exchanges", [25, 0], ids=["exchanges", "one by one"])
@pytest.mark.parametrize("method", ["wls", "mint"])
def test_no_path_is_negative_and_each_is_the_nearest_that_is_not(
    near_zero, method, exchanges, monkeypatch
):
    from scipy.optimize import nnls

    monkeypatch.setattr(nonnegative_module, "EXCHANGES", exchanges)
    out = reconcile(near_zero, Hierarchy.tree(TREE), method)
    at_zero = 0
    for t in range(2):
        paths = near_zero.draws[:, t]
        root = np.linalg.inv(np.linalg.cholesky(weights(method, paths)))
        for k in range(paths.shape[1]):
            parts, _ = nnls(root @ SUMMING, root @ paths[:, k])
            at_zero += (parts == 0).any()
            np.testing.assert_allclose(
                out.draws[:, t, k], SUMMING @ parts, rtol=1e-5, atol=1e-6
            )
    assert at_zero > 100


def test_elimination_leaves_the_same_solutions_and_drops_what_follows():
    matrix = np.array([[1.0, -1, -1, 0, 0], [0, 1, 0, -1, -1], [1, 0, -1, -1, -1]])
    found = echelon(matrix, np.arange(5))
    assert found.rows.shape == (2, 5)
    assert found.pivots.tolist() == [0, 1]
    stacked = np.vstack([matrix, found.rows])
    assert np.linalg.matrix_rank(stacked) == 2


# ------------------------------------------------------------------------------- laws


@pytest.mark.parametrize("method", METHODS)
def test_whole_and_parts_agree_on_every_path_within_a_billionth(near_zero, method):
    tree = Hierarchy.tree(TREE)
    before = coherence(near_zero, tree)
    out = reconcile(near_zero, tree, method)
    after = coherence(out, tree)
    assert before["relative"].min() > 0.1
    assert after["relative"].max() < 1e-9
    assert len(after) == 4
    assert out.draws.min() >= 0
    means = out.draws.mean(axis=2)
    np.testing.assert_allclose(means[0], means[1] + means[2], rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_published_figures_stay_to_the_last_bit_and_the_rest_adds_up(near_zero, method):
    tree = Hierarchy.tree(TREE)
    figures = {("EAEU", "2021"): 0.1 + 0.2, ("KZ-10", 2022): 1 / 3}
    out = reconcile(near_zero, tree, method, published=figures)
    assert (out.draws[0, 0] == 0.1 + 0.2).all()
    assert (out.draws[3, 1] == 1 / 3).all()
    assert coherence(out, tree)["relative"].max() < 1e-9
    table = pd.DataFrame(
        [(*cell, value) for cell, value in figures.items()],
        columns=["node", "period", "value"],
    )
    again = reconcile(near_zero, tree, method, published=table)
    assert (again.draws == out.draws).all()


def test_bottom_up_is_the_sum_of_the_parts():
    rng = np.random.default_rng(6)
    flows = fc.Forecast(
        rng.gamma(3, 1, (2, 2, 50)), PAIRS, YEARS, origin="from", destination="to"
    )
    turnover = fc.Forecast(
        rng.gamma(9, 1, (1, 2, 50)), pd.DataFrame({"a": ["KZ"], "b": ["RU"]}), YEARS
    )
    hierarchy = Hierarchy.turnover(flows)
    out = reconcile({"flows": flows, "turnover": turnover}, hierarchy, "bottom-up")
    assert (out["flows"].draws == flows.draws).all()
    np.testing.assert_allclose(
        out["turnover"].draws, flows.turnover().draws, rtol=1e-14
    )
    assert "missed their sums by up to 0" not in out["turnover"].notes[0]


def test_forecasts_that_add_up_already_stay_as_they_are(near_zero):
    tree = Hierarchy.tree(TREE)
    once = reconcile(near_zero, tree)
    twice = reconcile(once, tree)
    np.testing.assert_allclose(twice.draws, once.draws, rtol=1e-9, atol=1e-9)
    assert "no mean was moved" in twice.notes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("unit", [1e-6, 1e9])
def test_the_unit_of_measurement_does_not_matter(near_zero, method, unit):
    tree = Hierarchy.tree(TREE)
    plain = reconcile(near_zero, tree, method)
    scaled = reconcile(outlook(near_zero.draws * unit), tree, method)
    np.testing.assert_allclose(scaled.draws / unit, plain.draws, rtol=1e-6, atol=1e-7)


def test_a_constraint_times_any_number_is_the_same_constraint(near_zero):
    tree = Hierarchy.tree(TREE)
    times = np.array([[1e-13], [-1e9]])
    same = Hierarchy(tree.nodes, tree.matrix * times, tree.wholes)
    np.testing.assert_allclose(
        reconcile(near_zero, same).draws, reconcile(near_zero, tree).draws, rtol=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_units_does_not_matter_to_the_last_bit(near_zero, method):
    tree = Hierarchy.tree(TREE)
    order = [3, 0, 4, 2, 1]
    turned = outlook(near_zero.draws[order], [NODES[i] for i in order])
    plain = reconcile(near_zero, tree, method)
    assert (reconcile(turned, tree, method).draws == plain.draws[order]).all()


def test_the_true_covariance_makes_forecasts_better_than_any_other_weights():
    rng = np.random.default_rng(7)
    root = rng.normal(size=(5, 5)) * np.array([[3], [1], [2], [1], [0.5]])
    W = pd.DataFrame(root @ root.T, index=NODES, columns=NODES)
    truth = SUMMING @ np.array([60.0, 50.0, 40.0])
    errors = root @ rng.normal(size=(5, 20_000))
    base = outlook((truth[:, None] + errors)[:, None, :], periods=YEARS[:1])
    tree = Hierarchy.tree(TREE)

    def loss(forecast):
        return np.mean((forecast.draws[:, 0] - truth[:, None]) ** 2, axis=1)

    mint = loss(reconcile(base, tree, "mint", covariance=W))
    wls = loss(reconcile(base, tree, "wls", covariance=W))
    ols = loss(reconcile(base, tree, "ols"))
    bottom_up = loss(reconcile(base, tree, "bottom-up"))
    assert mint.sum() < min(wls.sum(), ols.sum(), bottom_up.sum(), loss(base).sum())
    assert (mint <= loss(base) * 1.01).all()  # no node loses


def test_coherence_tells_the_gap_of_each_sum_in_each_period():
    draws = np.array([[[10.0, 14.0]], [[4.0, 5.0]], [[5.0, 6.0]]])
    found = coherence(
        outlook(draws, ["T", "a", "b"], YEARS[:1]), Hierarchy.tree({"T": ["a", "b"]})
    )
    assert found.to_dict("records") == [
        {
            "constraint": "T = a + b",
            "period": "2021",
            "mean_gap": 2.0,
            "largest_gap": 3.0,
            "relative": 0.25,
        }
    ]


def test_a_constraint_with_its_whole_on_the_negative_side_reads_and_works_alike():
    turned = Hierarchy.from_constraints(pd.DataFrame({"T": [-1], "a": [1], "b": [1]}))
    assert turned.sentence(0) == "T = a + b"
    assert turned.wholes == {"T"}


def test_units_outside_all_sums_keep_their_paths(base):
    wide = outlook(np.concatenate([base.draws, base.draws[:1] * 3]), [*NODES, "other"])
    out = reconcile(wide, Hierarchy.tree(TREE))
    assert (out.draws[5] == wide.draws[5]).all()
    assert "1 units are in no sum" in out.notes


def test_regions_and_sectors_of_one_nation_are_reconciled_together():
    nodes = ["KZ", "A", "B", "27", "84", "A27", "A84", "B27", "B84"]
    grouped = Hierarchy.tree(
        {
            "KZ": ["A", "B"],
            "A": ["A27", "A84"],
            "B": ["B27", "B84"],
            "27": ["A27", "B27"],
            "84": ["A84", "B84"],
        }
    ).joined(Hierarchy.tree({"KZ": ["27", "84"]}))
    rng = np.random.default_rng(8)
    out = reconcile(outlook(rng.gamma(2, 1, (9, 2, 100)), nodes), grouped, "mint")
    gaps = coherence(out, grouped)
    assert len(gaps) == 12
    assert gaps["relative"].max() < 1e-9


def random_parts(rng, depth):
    """A random tree of at most three levels."""
    parts = {"n": [f"n{i}" for i in range(rng.integers(1, 4))]}
    for node in parts["n"]:
        if depth > 1 and rng.random() < 0.6:
            parts[node] = [f"{node}{i}" for i in range(rng.integers(1, 4))]
    return parts


@given(st.integers(0, 10_000), st.sampled_from(METHODS))
def test_whatever_is_published_in_whatever_tree_everything_else_adds_up(seed, method):
    rng = np.random.default_rng(seed)
    parts = random_parts(rng, 2)
    tree = Hierarchy.tree(parts)
    leaves = [node for node in tree.nodes if node not in tree.wholes]
    truth = dict(zip(leaves, np.round(rng.gamma(0.5, 10, len(leaves)), 1), strict=True))
    for whole in reversed(list(parts)):
        truth[whole] = sum(truth[part] for part in parts[whole])
    out_now = [node for node in tree.nodes if rng.random() < 0.4]
    base = outlook(rng.gamma(0.5, 10, (len(tree.nodes), 1, 30)), tree.nodes, YEARS[:1])
    figures = {(node, "2021"): truth[node] for node in out_now}
    out = reconcile(base, tree, method, published=figures)
    assert out.draws.min() >= 0
    gap = np.abs(tree.matrix @ out.draws[:, 0]).max()
    assert gap <= 1e-9 * max(out.draws.max(), 1e-300)
    for node in out_now:
        assert (out.draws[tree.nodes.index(node)] == truth[node]).all()


# --------------------------------------------------------------------- months and years


def months_and_year(n_paths=300):
    """Seven months observed, five and the next year to come; years forecast apart."""
    rng = np.random.default_rng(9)
    seen = pd.DataFrame(
        [np.full(7, 2.0)], columns=pd.period_range("2021-01", "2021-07", freq="M")
    )
    months = outlook(
        rng.gamma(20, 0.1, (1, 17, n_paths)),
        ["KZ"],
        pd.period_range("2021-08", "2022-12", freq="M"),
        history=seen,
    )
    years = outlook(rng.gamma(30, 0.9, (1, 2, n_paths)), ["KZ"])
    return {"month": months, "year": years}


def test_observed_months_count_in_their_year_and_are_not_moved():
    levels = months_and_year()
    out = reconcile(levels, Hierarchy.over_time())
    total = 14 + out["month"].select(period="2021").draws.sum(axis=1)
    np.testing.assert_allclose(out["year"].draws[:, 0], total, rtol=1e-12)
    months = out["month"].select(period="2022").draws.sum(axis=1)
    np.testing.assert_allclose(out["year"].draws[:, 1], months, rtol=1e-12)
    assert coherence(out, Hierarchy.over_time())["relative"].max() < 1e-9


def test_bottom_up_over_time_makes_years_of_months_and_leaves_months_alone():
    levels = months_and_year()
    out = reconcile(levels, Hierarchy.over_time(), "bottom-up")
    assert (out["month"].draws == levels["month"].draws).all()
    expected = levels["month"].total("year").draws
    np.testing.assert_allclose(out["year"].draws, expected, rtol=1e-14)


def test_paths_of_a_year_take_the_order_of_the_sums_of_its_months():
    levels = months_and_year()
    sums = levels["month"].total("year").draws[0, 1]
    apart = np.corrcoef(levels["year"].draws[0, 1], sums)[0, 1]
    assert abs(apart) < 0.2
    out = reconcile(levels, Hierarchy.over_time())
    assert np.corrcoef(out["year"].draws[0, 1], sums)[0, 1] > 0.99


def test_a_published_year_below_its_observed_months_is_refused_with_the_amount():
    levels = months_and_year()
    with pytest.raises(ModelError, match=r"F-827.*KZ 2021 \(13\).*short by 1\b"):
        reconcile(levels, Hierarchy.over_time(), published={("KZ", "2021"): 13.0})


def test_a_year_of_which_months_are_unknown_is_not_tied_to_them():
    levels = months_and_year()
    first = levels["month"].select(period=["2021-08", "2021-09", "2021-10"])
    out = reconcile({"month": first, "year": levels["year"]}, Hierarchy.over_time())
    assert (out["year"].draws[:, 1] == levels["year"].draws[:, 1]).all()
    three = 14 + out["month"].draws.sum(axis=1)
    assert (three > out["year"].draws[:, 0] * (1 + 1e-12)).sum() == 0
    assert (14 + first.draws.sum(axis=1) > levels["year"].draws[:, 0]).any()
    untouched = 14 + first.draws.sum(axis=1) <= levels["year"].draws[:, 0]
    assert (out["month"].draws == first.draws).all(axis=1)[untouched].all()
    told = "1 wholes are not tied to their parts, since not every part is forecast or"
    assert any(
        note.startswith(told) and "KZ 2021" in note for note in out["year"].notes
    )


def test_regions_forecast_by_year_bind_a_nation_forecast_by_month():
    rng = np.random.default_rng(10)
    nation = outlook(
        rng.gamma(9, 1, (1, 12, 100)),
        ["KZ"],
        pd.period_range("2022-01", "2022-12", freq="M"),
    )
    regions = outlook(rng.gamma(50, 1, (2, 1, 100)), ["KZ-10", "KZ-11"], YEARS[1:])
    out = reconcile(
        {"nation": nation, "regions": regions},
        Hierarchy.tree({"KZ": ["KZ-10", "KZ-11"]}),
    )
    np.testing.assert_allclose(
        out["nation"].draws.sum(axis=(0, 1)), out["regions"].draws.sum(axis=(0, 1))
    )


def test_what_one_level_has_observed_already_is_known_to_the_other():
    rng = np.random.default_rng(11)
    flows = fc.Forecast(
        rng.gamma(3, 1, (2, 2, 50)), PAIRS, YEARS, origin="from", destination="to"
    )
    turnover = fc.Forecast(
        rng.gamma(9, 1, (1, 1, 50)),
        pd.DataFrame({"a": ["KZ"], "b": ["RU"]}),
        YEARS[1:],
        history=pd.DataFrame([[6.5]], columns=YEARS[:1]),
    )
    levels = {"flows": flows, "turnover": turnover}
    out = reconcile(levels, Hierarchy.turnover(flows))
    np.testing.assert_allclose(out["flows"].draws[:, 0].sum(axis=0), 6.5, rtol=1e-14)


# ------------------------------------------------------------------- order of the paths


def test_intervals_of_forecasts_made_apart_cover_only_if_paths_are_aligned():
    """One shock moves parts and whole; each is forecast with its own random numbers."""
    rng = np.random.default_rng(12)
    hierarchy = Hierarchy.tree({"T": ["a", "b"]})
    held = {"aligned": 0, "as drawn": 0}
    worlds = 300
    for _ in range(worlds):
        common = rng.normal()
        parts = 50 + 5 * (common + 0.3 * rng.normal(size=2))
        spread = 5 * np.hypot(1, 0.3)
        shared = rng.normal(size=400)
        own = rng.normal(size=(2, 400))
        below = outlook((50 + 5 * (shared + 0.3 * own))[:, None], ["a", "b"], YEARS[:1])
        top = 100 + np.hypot(10, 1.5 * np.sqrt(2)) * rng.normal(size=(1, 1, 400))
        levels = {"parts": below, "whole": outlook(top, ["T"], YEARS[:1])}
        assert spread > 5
        for order in held:
            out = reconcile(levels, hierarchy, paths=order)["whole"]
            low, high = out.interval(80)
            held[order] += low <= parts.sum() <= high
    assert held["as drawn"] / worlds < 0.7
    assert 0.73 < held["aligned"] / worlds < 0.87


def test_alignment_keeps_each_distribution_and_says_so():
    levels = quarters_and_years(np.random.default_rng(13))
    hierarchy = Hierarchy.tree({"whole": ["one", "two"]})
    out = reconcile(levels, hierarchy)
    told = "paths of wholes were put in the order of the sums of their parts"
    assert told in out["year"].notes
    assert told not in out["quarter"].notes  # one fit: as drawn
    matrix = np.array([[1.0, -1, -1]])
    wholes, none = np.array([True, False, False]), np.zeros(3, dtype=bool)
    over = split_constraints(matrix, wholes, none, wholes)
    rng = np.random.default_rng(14)
    base = rng.normal(size=(3, 50))
    ordered, moved = aligned(base, ~none, over, np.array([0, 1, 1]))
    assert moved.tolist() == [True, False, False]
    assert (np.sort(ordered[0]) == np.sort(base[0])).all()
    assert (np.argsort(ordered[0]) == np.argsort(base[1] + base[2])).all()
    same, moved = aligned(base, ~none, over, np.array([1, 1, 1]))
    assert (same == base).all()
    assert not moved.any()


# ---------------------------------------------------------------------- traps 4 and 5


def test_trap_4_turnover_is_exports_plus_imports_in_points_paths_and_tables():
    simulated = fc.datasets.simulate_trade(3, 20, start=2001, seed=5).frame
    panel = fc.TradePanel.from_frame(
        simulated[simulated["origin"] != simulated["destination"]],
        origin="origin",
        destination="destination",
        period="period",
        flow="flow",
    )
    flows = fc.Drift().fit(panel).forecast(2, paths=300)
    turnover = fc.Theta().fit(panel.turnover()).forecast(2, paths=300)
    levels = {"flows": flows, "turnover": turnover}
    hierarchy = Hierarchy.turnover(panel)
    assert coherence(levels, hierarchy)["relative"].min() > 1e-3
    out = reconcile(levels, hierarchy)
    assert coherence(out, hierarchy)["relative"].max() < 1e-9
    summed = out["flows"].turnover()
    left = out["turnover"].to_frame(levels=[50, 80, 95])
    right = summed.to_frame(levels=[50, 80, 95])
    pd.testing.assert_frame_equal(left, right, rtol=1e-9, check_dtype=False)
    table = movements(levels, out)
    assert list(table["level"].unique()) == ["flows", "turnover"]
    assert (table["after"] - table["before"] == table["moved"]).all()


def test_trap_5_published_regions_ten_per_cent_above_the_nation_are_refused(near_zero):
    figures = {("KZ", "2021"): 100.0, ("KZ-10", "2021"): 60.0, ("KZ-11", "2021"): 50.0}
    with pytest.raises(ModelError, match=r"F-826.*KZ 2021 \(100\).*off by -10\b"):
        reconcile(near_zero, Hierarchy.tree(TREE), published=figures)


def test_trap_5_a_contradiction_across_two_sums_is_found_with_its_amount(near_zero):
    """EAEU = KZ + RU and KZ = KZ-10 + KZ-11, with KZ itself not published."""
    figures = {"EAEU": 100.0, "RU": 70.0, "KZ-10": 20.0, "KZ-11": 15.0}
    with pytest.raises(ModelError, match=r"F-826.*off by (-5|5)\b"):
        reconcile(
            near_zero,
            Hierarchy.tree(TREE),
            published={(node, "2021"): value for node, value in figures.items()},
        )


def test_trap_5_an_unallocated_node_takes_the_gap_with_its_sign(near_zero):
    figures = {("KZ", "2021"): 100.0, ("KZ-10", "2021"): 60.0, ("KZ-11", "2021"): 50.0}
    tree = Hierarchy.tree(TREE, unallocated=["KZ"])
    out = reconcile({"all": near_zero}, tree, published=figures)
    open_part = out["unallocated"].select(node=unallocated_node("KZ"))
    assert (open_part.draws[0, 0] == -10.0).all()
    kept = out["all"].draws
    np.testing.assert_allclose(
        open_part.draws[0, 1], kept[1, 1] - kept[3, 1] - kept[4, 1], atol=1e-12
    )
    assert not any("not tied" in note for note in out["all"].notes)  # as was asked
    # Nothing ties regions to the nation, so nothing is rescaled.
    assert (kept[3:, 1] == near_zero.draws[3:, 1]).all()


def test_an_unallocated_part_with_a_forecast_of_its_own_ties_whole_and_parts(base):
    tree = Hierarchy.tree(TREE, unallocated="KZ")
    node = unallocated_node("KZ")
    rng = np.random.default_rng(15)
    open_part = outlook(
        5 + rng.normal(size=(1, 2, 400)), [node], quantity="whole less its parts"
    )
    out = reconcile({"all": base, "open": open_part}, tree)
    cells = out["all"].draws
    np.testing.assert_allclose(
        cells[1], cells[3] + cells[4] + out["open"].draws[0], rtol=1e-12
    )


def test_incoherent_forecasts_are_moved_only_with_a_note_of_how_much(base):
    out = reconcile(base, Hierarchy.tree(TREE))
    assert any(
        note.startswith("base forecasts missed their sums") for note in out.notes
    )
    (moved,) = [note for note in out.notes if note.startswith("means moved")]
    assert all(node in moved for node in NODES)
    table = movements(base, out)
    for column, forecast in (("before", base), ("after", out)):
        means = forecast.draws.mean(axis=2).ravel()
        sds = forecast.draws.std(axis=2).ravel()
        np.testing.assert_allclose(table[column], means)
        np.testing.assert_allclose(table[f"sd_{column}"], sds)
    np.testing.assert_allclose(table["percent"], 100 * table["moved"] / table["before"])
    biggest = table.groupby("node")["moved"].sum()["EAEU"]
    assert f"EAEU {biggest:+,.4g}" in moved
    assert out.model == "forecast, reconciled (wls)"


# --------------------------------------------------------------------------- two sides


def two_sides():
    rng = np.random.default_rng(16)
    units = pd.DataFrame(
        {
            "from": ["KZ", "KZ", "RU", "RU"],
            "to": ["RU", "RU", "KZ", "KZ"],
            "by": ["KZ", "RU", "KZ", "RU"],
        }
    )
    return fc.Forecast(
        rng.gamma(9, 1, (4, 2, 100)),
        units,
        YEARS,
        origin="from",
        destination="to",
        reporter="by",
    )


def test_the_mirror_identity_makes_both_reports_of_a_flow_one():
    flows = two_sides()
    out = reconcile(flows, Hierarchy.mirror(flows, cif_fob=1.1))
    np.testing.assert_allclose(out.draws[1], 1.1 * out.draws[0], rtol=1e-12)
    np.testing.assert_allclose(out.draws[2], 1.1 * out.draws[3], rtol=1e-12)


def test_figures_of_two_reporters_in_one_sum_are_refused():
    flows = two_sides()
    names = node_names(flows)
    mixed = Hierarchy.tree({"all": [names[0], names[3]]})
    with pytest.raises(ReporterError, match=r"F-829.*all = KZ→RU–KZ"):
        reconcile(flows, mixed)
    one_side = flows.select(by="KZ")
    reconcile(one_side, Hierarchy.tree({"all": node_names(one_side)}))


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: Hierarchy.tree({"a": []}), "F-820"),
        (lambda: Hierarchy.tree({"a": "bc"}), "F-820"),
        (lambda: Hierarchy.tree({"a": ["b", "b"]}), "F-820"),
        (lambda: Hierarchy.tree({"a": ["b"], "b": ["c"], "c": ["a"]}), "F-820"),
        (lambda: Hierarchy.tree({"a": ["b"]}, unallocated="b"), "F-820"),
        (lambda: Hierarchy(("a", "a"), np.ones((1, 2))), "F-820"),
        (lambda: Hierarchy(("a", "b"), np.ones((1, 3))), "F-820"),
        (lambda: Hierarchy(("a", "b"), np.array([[1.0, 0.0]])), "F-820"),
        (lambda: Hierarchy(("a", "b"), np.array([[1.0, np.inf]])), "F-820"),
        (lambda: Hierarchy(("a", "b"), np.ones((1, 2)), frozenset("c")), "F-820"),
        (
            lambda: Hierarchy.from_constraints(pd.DataFrame({"a": ["x"], "b": ["y"]})),
            "F-820",
        ),
        (lambda: Hierarchy.mirror(two_sides(), cif_fob=0), "F-833"),
        (lambda: Hierarchy.mirror(two_sides().select(by="KZ")), "F-830"),
        (lambda: Hierarchy.mirror(outlook(np.ones((5, 2, 3)))), "F-830"),
        (lambda: Hierarchy.turnover(outlook(np.ones((5, 2, 3)))), "F-309"),
        (
            lambda: Hierarchy.turnover(
                fc.Forecast(
                    np.ones((1, 2, 3)),
                    PAIRS[:1],
                    YEARS,
                    origin="from",
                    destination="to",
                )
            ),
            "F-310",
        ),
    ],
    ids=[
        "no parts",
        "text for parts",
        "a part twice",
        "a circle",
        "unallocated of a part",
        "a node twice",
        "a matrix too wide",
        "a lone node",
        "an infinite number",
        "an unknown whole",
        "text for numbers",
        "a ratio of zero",
        "one reporter",
        "no reporters",
        "no direction",
        "one direction",
    ],
)
def test_what_is_no_hierarchy_is_refused(build, code):
    with pytest.raises((ModelError, KeyColumnError), match=code):
        build()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"method": "magic"}, "F-823"),
        ({"paths": "sorted"}, "F-823"),
        ({"method": "ols", "covariance": pd.DataFrame()}, "F-823"),
        ({"covariance": pd.DataFrame(np.eye(2), ["KZ", "RU"], ["KZ", "RU"])}, "F-824"),
        ({"covariance": pd.DataFrame(-np.eye(5), NODES, NODES)}, "F-824"),
        ({"covariance": pd.DataFrame(np.ones((5, 2)), NODES)}, "F-824"),
        ({"published": {("US", "2021"): 1.0}}, "F-825"),
        ({"published": {("KZ", "2021"): np.nan}}, "F-825"),
        ({"published": {("KZ", "2021"): 1.0, ("KZ", 2021): 1.0}}, "F-825"),
        ({"published": {("KZ", "2019"): 1.0}}, "F-825"),
        ({"published": pd.DataFrame({"node": ["KZ"]})}, "F-825"),
    ],
    ids=[
        "method",
        "order",
        "covariance for ols",
        "nodes missing",
        "negative",
        "not square",
        "unknown node",
        "missing figure",
        "figure twice",
        "another year",
        "no table",
    ],
)
def test_options_that_are_not_possible_are_refused(base, options, code):
    with pytest.raises(ModelError, match=code):
        reconcile(base, Hierarchy.tree(TREE), **options)


def test_a_negative_published_figure_is_refused(base):
    with pytest.raises(NumberError, match="F-206"):
        reconcile(base, Hierarchy.tree(TREE), published={("KZ", "2021"): -1.0})


def test_forecasts_that_do_not_fit_together_are_refused(base):
    tree = Hierarchy.tree(TREE)
    top, rest = base.select(node="EAEU"), base.select(node=NODES[1:])
    other_unit = outlook(rest.draws, NODES[1:], measure="million USD")
    fewer = outlook(rest.draws[:, :, :50], NODES[1:])
    for wrong in (other_unit, fewer, rest.growth(), "no forecast"):
        with pytest.raises(ModelError, match="F-822"):
            reconcile({"top": top, "rest": wrong}, tree)
    with pytest.raises(ModelError, match="F-822"):
        reconcile({}, tree)
    with pytest.raises(ModelError, match=r"F-821.*EAEU"):
        reconcile({"one": base, "two": top}, tree)
    with pytest.raises(ModelError, match="F-821"):
        reconcile(outlook(np.ones((1, 2, 3)), ["US"]), tree)
    with pytest.raises(ModelError, match=r"F-821.*KZ-11.*Did you mean"):
        reconcile(base.select(node=["EAEU", "RU", "KZ-10"]), tree)
    lone = {"nation": base.select(node="KZ"), "part": base.select(node="KZ-10")}
    lone["late"] = base.select(node="KZ-11", period="2022")
    with pytest.raises(ModelError, match=r"F-828.*KZ 2021"):
        reconcile(lone, Hierarchy.tree({"KZ": ["KZ-10", "KZ-11"]}), "bottom-up")
    with pytest.raises(ModelError, match="F-512"):
        movements(base, top)
    with pytest.raises(ModelError, match="F-824"):
        shrunk_covariance(pd.DataFrame(np.ones((2, 2))))


def test_a_node_of_two_levels_is_told_apart_by_its_level():
    rng = np.random.default_rng(17)
    exports = outlook(rng.gamma(9, 1, (1, 2, 50)), ["KZ"])
    imports = outlook(rng.gamma(9, 1, (1, 2, 50)), ["KZ"])
    turnover = outlook(rng.gamma(18, 1, (1, 2, 50)), ["KZ"])
    hierarchy = Hierarchy.from_constraints(
        pd.DataFrame({"turnover: KZ": [1], "exports: KZ": [-1], "imports: KZ": [-1]})
    )
    assert hierarchy.wholes == {"turnover: KZ"}
    assert list(hierarchy.to_frame().index) == [
        "turnover: KZ = exports: KZ + imports: KZ"
    ]
    levels = {"exports": exports, "imports": imports, "turnover": turnover}
    out = reconcile(levels, hierarchy)
    np.testing.assert_allclose(
        out["turnover"].draws, out["exports"].draws + out["imports"].draws, rtol=1e-12
    )


def test_forecasts_without_any_spread_are_moved_by_the_number_of_their_parts():
    sure = outlook(np.repeat(MEANS[:, None, None], 20, axis=2), periods=YEARS[:1])
    out = reconcile(sure, Hierarchy.tree(TREE))
    expected = projected(MEANS[:, None], np.diag([3.0, 2, 1, 1, 1]))
    np.testing.assert_allclose(out.draws[:, 0, 0], expected[:, 0], rtol=1e-9)
    nothing = outlook(np.zeros((5, 1, 20)), periods=YEARS[:1])
    assert (reconcile(nothing, Hierarchy.tree(TREE), "mint").draws == 0).all()
