"""Which rows and regressors a sample uses, and its account of all others."""

from __future__ import annotations

import naive
import naive_levels
import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.gravity.designs.design import build_design
from forecast.gravity.designs.factors import factorise
from forecast.gravity.designs.level_table import level_table
from forecast.gravity.records import Effect
from forecast.gravity.samples.collinearity import (
    describe_combination,
    find_dependent,
)
from forecast.gravity.samples.elimination import eliminate_levels
from forecast.gravity.samples.free_levels import connected_parts, free_levels
from forecast.gravity.samples.marked_rows import list_rows
from forecast.gravity.samples.pruning import prune, start_pruning
from forecast.gravity.samples.remainders import remainder
from forecast.gravity.samples.sample import draw_sample

THREE_WAY = "exporter^year + importer^year + exporter^importer"


def gravity(seed=0, regions=6, years=4, zeros=0.3, gaps=0.1):
    """Flows among regions, some missing, some zero."""
    rng = np.random.default_rng(seed)
    cells = np.argwhere(rng.random((regions, regions, years)) >= gaps)
    frame = pd.DataFrame(cells, columns=["exporter", "importer", "year"])
    n = len(frame)
    frame["pair"] = frame[["exporter", "importer"]].min(axis=1) * regions + frame[
        ["exporter", "importer"]
    ].max(axis=1)
    frame["x"] = rng.normal(size=n)
    frame["trade"] = rng.poisson(3, n) * (rng.random(n) >= zeros)
    return frame


def sample_of(frame, formula, **options):
    return draw_sample(build_design(frame, formula), **options)


def table_of(frame, *effects):
    names = dict.fromkeys(name for effect in effects for name in effect.split("^"))
    factors = {name: factorise(frame[name]) for name in names}
    return level_table([Effect(tuple(e.split("^"))) for e in effects], factors)


def indicators(table):
    """All dummies of a table, one column for each of its levels."""
    n = table.codes[0].size
    D = np.zeros((n, table.size))
    for row, levels in enumerate(table.rows(np.arange(n))):
        D[row, levels] = 1.0
    return D


# --------------------------------------------------------------------------- account


@pytest.mark.parametrize("family", ["poisson", "gaussian"])
def test_every_row_of_the_input_is_used_or_accounted_for(family):
    frame = gravity(1, zeros=0.6)
    frame.loc[[3, 8], "x"] = np.nan
    frame.index = [f"r{row}" for row in range(len(frame))]
    sample = sample_of(frame, f"trade ~ x | {THREE_WAY}", family=family)
    used = sample.design.positions[sample.keep]
    both = np.concatenate([used, sample.dropped["position"]])
    np.testing.assert_array_equal(np.sort(both), np.arange(len(frame)))
    assert sample.nobs == sample.keep.size
    labels = [f"r{row}" for row in sample.dropped["position"]]
    assert list(sample.dropped["label"]) == labels
    incomplete = sample.dropped.loc[sample.dropped["position"].isin([3, 8])]
    assert list(incomplete["reason"]) == ["x is missing"] * 2
    kinds = {"separated", "singleton"} if family == "poisson" else {"singleton"}
    assert set(sample.dropped["reason"]) - {"x is missing"} <= kinds
    assert np.isnan(sample.separation.certificate[[3, 8]]).all()


def test_a_sample_that_uses_everything_copies_nothing():
    frame = gravity(zeros=0.0)
    sample = sample_of(frame, "trade ~ x | exporter + importer")
    assert sample.mask is None
    assert sample.dropped.empty
    assert sample.notes == ()
    assert (sample.separation.certificate == 0).all()
    factors = sample.design.factors
    assert np.shares_memory(sample.effects[0].codes, factors["exporter"].codes)
    np.testing.assert_array_equal(sample.keep, np.arange(len(frame)))


def test_levels_of_the_sample_are_numbered_without_gaps():
    sample = sample_of(gravity(2, zeros=0.7), f"trade ~ x | {THREE_WAY}")
    kept = sample.design.source.iloc[sample.design.positions[sample.keep]]
    for effect, codes in zip(THREE_WAY.split(" + "), sample.effects, strict=True):
        expected = kept.groupby(effect.split("^")).ngroup().to_numpy()
        np.testing.assert_array_equal(codes.codes, expected)
        assert codes.count == expected.max() + 1


def test_alternating_drops_run_down_a_chain():
    """Two effects whose levels overlap like links: each drop frees the next row."""
    n = 40
    rows = np.arange(n)
    frame = pd.DataFrame({"y": 1.0, "i": rows // 2, "j": (rows + 1) // 2})
    with pytest.raises(ModelError, match="F-531"):
        sample_of(frame, "y ~ 1 | i + j")
    ring = frame.assign(j=((rows + 1) % n) // 2)
    assert sample_of(ring, "y ~ 1 | i + j").nobs == n


def test_what_is_pruned_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(5)
    frame = gravity(3, regions=5, years=3, zeros=0.7)
    formula = f"trade ~ 1 | {THREE_WAY}"
    first = sample_of(frame, formula).dropped
    order = rng.permutation(len(frame))
    shuffled = sample_of(frame.iloc[order], formula).dropped
    shuffled = shuffled.sort_values("label", ignore_index=True)
    pd.testing.assert_frame_equal(
        first.drop(columns="position"), shuffled.drop(columns="position")
    )


def test_least_squares_drops_singletons_and_keeps_zeros():
    frame = gravity(4, regions=4, years=2, zeros=0.6)
    sample = sample_of(frame, f"trade ~ x | {THREE_WAY}", family="gaussian")
    effects = [frame.groupby(e.split("^")).ngroup() for e in THREE_WAY.split(" + ")]
    kept = naive.without_singletons(np.ones(len(frame), bool), effects)
    np.testing.assert_array_equal(sample.keep, np.flatnonzero(kept))
    kept_all = sample_of(
        frame, f"trade ~ x | {THREE_WAY}", family="gaussian", drop_singletons=False
    )
    assert kept_all.mask is None


@pytest.mark.reference
def test_published_numbers_of_observations(reference_data):
    """Yotov et al. (2016), applications 1 and 2, every fourth year."""
    frame = pd.read_parquet(reference_data("agtpa/agtpa_applications.parquet"))
    frame = frame[frame["year"].isin(range(1986, 2007, 4))]
    frame["kind"] = np.where(
        frame["exporter"] == frame["importer"], 0, frame["pair_id"]
    )
    international = frame[frame["exporter"] != frame["importer"]]
    two_way = "exporter^year + importer^year"
    assert sample_of(international, f"trade ~ rta | {two_way}").nobs == 28_152
    positive = international[international["trade"] > 0]
    by_least_squares = sample_of(
        positive, f"log(trade) ~ rta | {two_way}", family="gaussian"
    )
    assert by_least_squares.nobs == 25_689
    for pairs in ("pair_id", "kind"):
        sample = sample_of(frame, f"trade ~ rta | {two_way} + {pairs}")
        assert sample.nobs == 28_482
        assert sample.separation.rows.size == 84
        assert set(sample.dropped["by"]) == {pairs}
    directed = sample_of(frame, f"trade ~ rta | {THREE_WAY}")
    assert directed.nobs == 28_236


# ---------------------------------------------------------------------- collinearity


def test_absorbed_and_collinear_regressors_are_named_and_the_last_goes():
    frame = gravity(6)
    frame["gdp"] = frame["exporter"] + 10.0 * frame["year"]
    frame["z"] = np.random.default_rng(0).normal(size=len(frame))
    frame["w"] = frame["x"] + 2 * frame["z"] + 3 * frame["importer"]
    formula = "trade ~ x + gdp + z + w | exporter^year + importer^year"
    for family in ("poisson", "gaussian"):
        sample = sample_of(frame, formula, family=family)
        assert sample.terms == ("x", "z")
        assert sample.collinearity.absorbed == ("gdp",)
        assert sample.collinearity.collinear["w"] == pytest.approx({"x": 1.0, "z": 2.0})
        assert sample.notes[-2:] == (
            "`gdp` is dropped: the effects account for all of it in the sample.",
            "`w` is dropped: up to effects it is `x` + 2 `z`.",
        )


def test_without_effects_a_constant_is_named_as_one():
    frame = gravity(7)
    frame["c"] = 4.0
    frame["d"] = 5.0 - 2 * frame["x"]
    sample = sample_of(frame, "trade ~ x + c + d")
    assert sample.terms == ("Intercept", "x")
    assert sample.collinearity.dropped == ("c", "d")
    assert sample.notes[-1] == "`d` is dropped: up to a constant it is -2 `x`."


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("zero", [0.0, 1e6])
@pytest.mark.parametrize("family", ["poisson", "gaussian"])
def test_what_is_collinear_does_not_depend_on_units(unit, zero, family):
    frame = gravity(8)
    frame["w"] = unit * (frame["x"] + frame["year"] ** 2) + unit * zero
    frame["v"] = unit * np.random.default_rng(1).normal(size=len(frame)) + unit * zero
    formula = "trade ~ x + v + w | exporter + importer + year"
    assert sample_of(frame, formula, family=family).terms == ("x", "v")


def test_a_regressor_that_differs_in_the_fifth_digit_is_kept():
    frame = gravity(9)
    noise = np.random.default_rng(2).normal(size=len(frame))
    frame["w"] = frame["x"] + 1e-5 * noise
    assert sample_of(frame, "trade ~ x + w | exporter").terms == ("x", "w")
    frame["w"] = frame["x"] + 1e-8 * noise
    assert sample_of(frame, "trade ~ x + w | exporter").terms == ("x",)


def test_a_regressor_that_varies_in_three_rows_only_is_kept():
    frame = gravity(10, regions=40, years=6, zeros=0.0)
    formula = "trade ~ x + rare | exporter^year + importer^year"
    for start in range(2000, 2010):
        frame["rare"] = 0.0
        frame.loc[[start, start + 1000, start + 3333], "rare"] = 1.0
        assert sample_of(frame, formula).terms == ("x", "rare")


def test_a_column_that_is_a_combination_of_others_is_found():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 4))
    X[:, 2] = X[:, 0] - 3 * X[:, 1]
    assert naive_levels.dependent_columns(X, 1e-9) == [2]
    assert find_dependent(X, np.full(4, 1e-9)).kept == (0, 1, 3)


def test_combinations_are_written_as_a_person_would():
    assert describe_combination({"a": 1.0}) == "`a`"
    assert describe_combination({"a": -1.0, "b": 0.5}) == "-`a` + 0.5 `b`"


# ------------------------------------------------------- levels, and solving for them


@pytest.mark.parametrize(
    "effects",
    [
        ("exporter", "importer"),
        ("exporter^year", "importer^year"),
        ("exporter", "exporter^year"),
        ("exporter", "importer", "year"),
        ("exporter^year", "importer^year", "exporter^importer"),
        ("exporter^year", "importer^year", "pair"),
        ("exporter", "importer", "year", "pair"),
    ],
)
def test_free_levels_can_all_be_zero_whatever_the_rows_are(effects):
    for seed in range(5):
        frame = gravity(seed, regions=4, years=3, gaps=0.4)
        table = table_of(frame, *effects)
        D = indicators(table)
        free = free_levels(table, D.sum(axis=0).astype(int))
        assert naive_levels.rank(np.delete(D, free, axis=1)) == naive_levels.rank(D)
        assert (D[:, free].sum(axis=0) > 0).all()


def test_free_levels_are_all_there_are_in_a_square_panel():
    table = table_of(gravity(gaps=0.0), *THREE_WAY.split(" + "))
    D = indicators(table)
    free = free_levels(table, D.sum(axis=0).astype(int))
    assert D.shape[1] - free.size == naive_levels.rank(D)


@pytest.mark.parametrize("seed", range(6))
def test_what_elimination_leaves_spans_what_dummies_do_not(seed):
    """C vanishes on used equations; X b lies in the span of D just where C does."""
    frame = gravity(seed, regions=5, years=3, gaps=0.5)
    table = table_of(frame, *THREE_WAY.split(" + "))
    n = len(frame)
    equations = np.random.default_rng(seed).random(n) < 0.6
    D, P = indicators(table), np.flatnonzero(equations)
    counts = D[P].sum(axis=0).astype(int)
    eliminated = eliminate_levels(table, equations, counts, np.ones(n, bool))
    X = [np.random.default_rng(9).integers(-3, 4, n).astype(float) for _ in range(2)]
    rest = remainder(eliminated, X, np.zeros(2), np.ones(2))
    C, bound = rest.at(P)
    used = np.isin(P, eliminated.rows[eliminated.effects >= 0])
    assert (C[used] == 0).all()
    assert (np.abs(C).max(axis=1, initial=0) <= bound).all()
    n_late = eliminated.late.size
    rank_with_x = naive_levels.rank(np.hstack([D[P], np.column_stack(X)[P]]))
    gained = rank_with_x - naive_levels.rank(D[P])
    assert naive_levels.rank(C) - naive_levels.rank(C[:, :n_late]) == gained
    found = rest.direction(np.ones(n_late + 2))
    z = found.at(table, X, n)
    np.testing.assert_allclose(z[P], C.sum(axis=1), atol=1e-9)
    levels = table.rows(np.arange(n))
    expected = np.column_stack(X).sum(axis=1) - naive_levels.sums(levels, found.values)
    np.testing.assert_allclose(z, expected, atol=1e-9)


def test_rows_of_levels_are_counted():
    frame = gravity(11)
    table = table_of(frame, "exporter^year", "pair")
    positive = (frame["trade"] > 0).to_numpy()
    started = start_pruning(table, positive)
    for codes, counts in zip(table.codes, started.counts, strict=True):
        expected = naive_levels.counts_of_levels(codes, positive, counts.size)
        found = list(zip(counts & (2**32 - 1), counts >> 32, strict=True))
        assert found == expected
    again = start_pruning(table, positive)
    pruned = prune(table, positive, again)
    alive = pruned.alive(positive.size)
    for codes, counts in zip(table.codes, pruned.counts, strict=True):
        left = naive_levels.counts_of_levels(codes[alive], positive[alive], counts.size)
        assert list(zip(counts & (2**32 - 1), counts >> 32, strict=True)) == left


def test_more_levels_than_can_be_numbered_by_arithmetic_are_numbered_densely():
    rng = np.random.default_rng(12)
    frame = pd.DataFrame({name: rng.integers(0, 500, 600) for name in "ab"})
    table = table_of(frame, "a^b", "a")
    assert table.first[1] <= 600
    a = table.parts[0]["a"][table.codes[0]]
    np.testing.assert_array_equal(a, factorise(frame["a"]).codes)


@pytest.mark.parametrize("n_edges", [3, 12, 30, 200])
@pytest.mark.parametrize("seed", range(5))
def test_parts_of_a_graph_are_those_that_edges_connect(seed, n_edges):
    """Whether few rounds along the edges find one part, or SciPy has to be asked."""
    rng = np.random.default_rng(seed)
    u = np.unique(rng.integers(0, 20, n_edges), return_inverse=True)[1]
    v = np.unique(rng.integers(0, 15, n_edges), return_inverse=True)[1]
    parts = connected_parts(u, v)
    lowest = np.arange(u.max() + 1)  # the least label among all that hang together
    for _ in range(lowest.size):
        at_right = np.full(v.max() + 1, lowest.size)
        np.minimum.at(at_right, v, lowest[u])
        np.minimum.at(lowest, u, at_right[v])
    same = parts[:, None] == parts[None, :]
    assert (same == (lowest[:, None] == lowest[None, :])).all()


def test_a_long_chain_is_one_part():
    u, v = np.repeat(np.arange(50), 2)[1:], np.repeat(np.arange(50), 2)[:-1]
    assert np.unique(connected_parts(u, v)).size == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_rows_are_listed_where_they_are_marked(share):
    marked = np.random.default_rng(0).random(1000) < share
    rows = list_rows(marked)
    assert rows.dtype == np.int32
    assert rows.tolist() == [row for row in range(1000) if marked[row]]
