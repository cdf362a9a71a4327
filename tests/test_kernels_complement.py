"""A Schur complement assembled part by part is the one of dense matrices."""

from __future__ import annotations

from dataclasses import replace

import naive
import numpy as np
import pytest

from forecast.gravity.engine import block_work, complement, direct, pattern
from forecast.gravity.engine.sorted_rows import SortedRows
from forecast.kernels import complement as loops

LOOSE = {"rtol": 1e-11, "atol": 1e-11}


def rows_of(counts, n_groups, n, *, seed=0):
    """Random rows in groups; `counts` are levels of each other effect."""
    rng = np.random.default_rng(seed)
    extra = rng.integers(0, n_groups, n - n_groups)
    group = np.sort(np.r_[np.arange(n_groups), extra])
    starts = np.searchsorted(group, np.arange(n_groups + 1))
    offsets = np.r_[0, np.cumsum(counts)].astype(np.int64)
    index = np.empty((len(counts), n), np.uint32)
    for f, count in enumerate(counts):
        index[f] = rng.integers(0, count, n) + offsets[f]
    cuts = np.unique([0, n_groups // 3, n_groups])
    layout = SortedRows(
        np.arange(n), starts, np.arange(n_groups), index, offsets, 0, cuts
    )
    return layout, group, rng


def weights_of(group, rng, *, empty):
    """Random weights and one over their sum by group."""
    w = rng.uniform(0.1, 2, group.size)
    if empty:
        w[group == 0] = 0
    totals = np.bincount(group, weights=w)
    return w, np.divide(1, totals, out=np.zeros_like(totals), where=totals > 0)


@pytest.mark.parametrize("empty", [False, True], ids=["", "one group without weight"])
@pytest.mark.parametrize("few", [0, 3, 7, 20])  # levels held as dense columns
@pytest.mark.parametrize(
    ("counts", "n_groups", "n"),
    [
        ([5], 7, 60),
        ([3, 6], 7, 60),
        ([6, 3], 1, 20),
        ([3, 9, 4], 20, 20),
        ([9, 3, 4], 20, 70),
        ([4, 3], 3, 5000),  # groups larger than what is worked on at a time
        ([40, 3], 900, 3000),
    ],
)
def test_an_assembled_complement_is_the_complement(
    counts, n_groups, n, few, empty, monkeypatch
):
    monkeypatch.setattr(pattern, "FEW", few)
    monkeypatch.setattr(pattern, "CELLS_PER_BLOCK", 16)
    monkeypatch.setattr(block_work, "BLOCKS", ((16, 4),))
    layout, group, rng = rows_of(counts, n_groups, n)
    w, inverse = weights_of(group, rng, empty=empty)
    m = layout.n_levels
    known = pattern.find_pattern(layout, np.inf, m * m)
    _, diagonal = complement.level_sums(layout, w, inverse)
    made = complement.assemble(layout, known, w, inverse, diagonal)
    S = naive.schur_complement(naive.other_effects(layout.index, m), group, w)
    np.testing.assert_allclose(made.dense(), S, **LOOSE)
    V = rng.normal(size=(m, 3, 1))
    product = made.product(V, np.array([0, 2]))
    np.testing.assert_allclose(product[:, [0, 2], 0], S @ V[:, [0, 2], 0], **LOOSE)
    assert (product[:, 1] == 0).all()


@pytest.mark.parametrize("counts", [[4], [5, 3]])
def test_weights_and_diagonal_by_level(counts):
    layout, group, rng = rows_of(counts, 30, 200)
    w, inverse = weights_of(group, rng, empty=False)
    mass, diagonal = complement.level_sums(layout, w, inverse)
    D = naive.other_effects(layout.index, layout.n_levels)
    np.testing.assert_allclose(mass, D.T @ w, **LOOSE)
    S = naive.schur_complement(D, group, w)
    assert (diagonal >= np.diag(S) - 1e-10).all()  # more where a level repeats


def test_the_diagonal_is_exact_where_no_level_comes_twice_in_a_group():
    starts, index = np.array([0, 2, 4]), np.array([[0, 1, 1, 2]], np.uint32)
    w = np.array([1.0, 2.0, 3.0, 4.0])
    inverse, mass, diagonal = 1 / np.array([3.0, 7.0]), np.zeros(3), np.zeros(3)
    loops.add_level_sums(0, 2, starts, index, w, inverse, mass, diagonal)
    S = naive.schur_complement(naive.other_effects(index, 3), np.array([0, 0, 1, 1]), w)
    np.testing.assert_allclose(diagonal, np.diag(S), **LOOSE)
    assert mass.tolist() == [1.0, 5.0, 4.0]


def test_levels_that_meet_are_found_once():
    layout, group, _ = rows_of([8, 5], 40, 200)
    known = pattern.find_pattern(layout, np.inf, 10**6)
    assert known.columns.size == 13  # few enough for dense columns
    assert known.levels.size == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pattern, "FEW", 0)
        known = pattern.find_pattern(layout, np.inf, 10**6)
    found = set()
    for level, (a, b) in enumerate(
        zip(known.begins[:-1], known.begins[1:], strict=True)
    ):
        own = known.levels[a:b].tolist()
        assert len(own) == len(set(own))
        found |= {(level, other) for other in own}
    expected = set()
    for g in range(group.max() + 1):
        rows = np.flatnonzero(group == g)
        every = [(r, f, int(layout.index[f, r])) for r in rows for f in (0, 1)]
        expected |= {(a, b) for i, (_, _, a) in enumerate(every)
                     for _, _, b in every[i + 1 :]}  # fmt: skip
    assert found == expected


def test_what_would_be_too_much_is_not_assembled(monkeypatch):
    layout, _, _ = rows_of([30, 40], 40, 400)
    monkeypatch.setattr(pattern, "FEW", 0)
    assert pattern.find_pattern(layout, np.inf, 5) is None
    assert pattern.find_pattern(layout, 100.0, 10**6) is None
    assert pattern.find_pattern(layout, np.inf, 10**6) is not None


@pytest.mark.parametrize("counts", [[30], [30, 2], [2, 30, 3]])
def test_a_factor_with_dense_columns_beside_it_solves_the_whole(counts, monkeypatch):
    monkeypatch.setattr(pattern, "FEW", 5)
    layout, group, rng = rows_of(counts, 100, 400)
    w, inverse = weights_of(group, rng, empty=False)
    known = pattern.find_pattern(layout, np.inf, 10**6)
    assert known.columns.size == sum(counts) - 30
    _, diagonal = complement.level_sums(layout, w, inverse)
    S = complement.assemble(layout, known, w, inverse, diagonal)
    ridge = rng.uniform(0.1, 1, layout.n_levels)
    R = rng.normal(size=(layout.n_levels, 2))
    expected = np.linalg.solve(S.dense() + np.diag(ridge), R)
    solved = direct.bordered_factor(S, ridge)(R)
    np.testing.assert_allclose(solved, expected, rtol=1e-9, atol=1e-12)


def test_a_complement_is_assembled_at_all_weights_only_where_that_is_cheap(monkeypatch):
    monkeypatch.setattr(pattern, "FEW", 0)

    def neighbours(n_groups, n):
        layout, group, rng = rows_of([51], n_groups, n)
        index = (group % 50 + rng.integers(0, 2, n)).astype(np.uint32)[None]
        return pattern.find_pattern(replace(layout, index=index), np.inf, 10**6)

    assert neighbours(2000, 4000).is_cheap
    assert not neighbours(100, 4000).is_cheap  # forty rows in each group
    everyone, _, _ = rows_of([2000], 2000, 4000)  # as many meetings as rows
    assert not pattern.find_pattern(everyone, np.inf, 10**6).is_cheap
