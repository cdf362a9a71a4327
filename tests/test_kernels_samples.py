"""Loops behind samples do what their plain twins do."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.kernels import counting, elimination, levels

SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_marked_rows_are_parted_by_their_level(seed):
    rng = np.random.default_rng(seed)
    marked, chosen = rng.random(60) < 0.6, rng.random(7) < 0.4
    codes = rng.integers(0, 7, 60).astype(np.int32)
    inside, outside = np.full((2, marked.sum() + 1), -1, np.int32)
    count = counting.part_rows(marked, codes, chosen, inside, outside)
    assert inside[:count].tolist() == np.flatnonzero(marked & chosen[codes]).tolist()
    others = np.flatnonzero(marked & ~chosen[codes])
    assert outside[: others.size].tolist() == others.tolist()
    assert count + others.size == marked.sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_go_with_a_level_that_makes_them_useless(seed):
    rng = np.random.default_rng(seed)
    codes, positive = rng.integers(0, 5, 40).astype(np.int32), rng.random(40) < 0.5
    goes = rng.random(10) < 0.4
    before = np.where(rng.random(40) < 0.3, 2, -1).astype(np.int8)
    blame = before.copy()
    counting.blame_rows(codes, goes, positive, np.int8(1), blame)
    taken = goes.reshape(5, 2)[codes, positive.astype(int)] & (before == -1)
    assert blame.tolist() == np.where(taken, 1, before).tolist()


@pytest.mark.parametrize("kind", [float, np.int64])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_of_a_group_is_the_first_of_its_highest(seed, kind):
    rng = np.random.default_rng(seed)
    group, score = rng.integers(0, 6, 30), rng.integers(0, 4, 30).astype(kind)
    best = np.full(8, -1)
    counting.best_of_groups(group, score, best)
    for g in range(8):
        own = np.flatnonzero(group == g)
        expected = own[np.argmax(score[own])] if own.size else -1
        assert best[g] == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_edges_reach_from_left_to_right_and_back(seed):
    rng = np.random.default_rng(seed)
    u, v = rng.integers(0, 9, 14), rng.integers(0, 8, 14)
    left, right = np.arange(9) == u[0], np.zeros(8, bool)
    counting.reach(u, v, left, right)
    on_right = {v[e] for e in range(14) if u[e] == u[0]}
    on_left = {u[e] for e in range(14) if v[e] in on_right} | {u[0]}
    assert set(np.flatnonzero(right)) == on_right
    assert set(np.flatnonzero(left)) == on_left


@pytest.mark.parametrize("n_effects", [1, 2, 3])
def test_the_largest_sum_of_values_over_rows(n_effects):
    rng = np.random.default_rng(n_effects)
    codes = tuple(rng.integers(0, 5, 20).astype(np.int32) for _ in range(n_effects))
    first = (5 * np.arange(n_effects)).astype(np.int32)
    values = rng.normal(size=5 * n_effects)
    rows = rng.permutation(20)[:9].astype(np.int32)
    total = sum(
        values[start + code[rows]] for start, code in zip(first, codes, strict=True)
    )
    found = elimination.largest_sum(codes, first, values, rows)
    np.testing.assert_allclose(found, np.abs(total).max(), rtol=1e-15)
    assert elimination.largest_sum(codes, first, values, rows[:0]) == 0.0


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64])
def test_whole_numbers_are_counted_from_the_least(kind):
    values = np.array([3, -2, 5, 3, -2], kind)
    seen, codes = np.zeros(8, bool), np.empty(5, np.int32)
    levels.number_values(values, -2, seen, codes)
    assert codes.tolist() == [5, 0, 7, 5, 0]
    assert np.flatnonzero(seen).tolist() == [0, 5, 7]
    levels.rank_codes((np.cumsum(seen) - 1).astype(np.int32), codes)
    assert codes.tolist() == [1, 0, 2, 1, 0]
