"""Every loop of the gravity engine does what dense matrices and dummies do."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass
from pathlib import Path

import naive
import numpy as np
import pytest

from forecast.gravity.engine import sorted_rows
from forecast.gravity.engine.scaling import mean_and_spread
from forecast.gravity.engine.sorted_rows import sort_by_effects
from forecast.gravity.records import Codes
from forecast.kernels import (
    blocks,
    placing,
    plain,
    products,
    projecting,
    rows,
    slots,
    sorting,
)
from forecast.kernels.exponential import exponentials

CLOSE = {"rtol": 1e-12, "atol": 1e-12}
NEAR = {"rtol": 2e-4, "atol": 2e-4}  # single precision, sums of up to 100 terms
PRECISIONS = [(np.float64, CLOSE), (np.float32, NEAR)]
EMPTY = np.zeros(0)


# ------------------------------------------------------------------------- single loops


def test_exponentials_are_right_to_two_units_in_the_last_place():
    x = np.concatenate(
        [
            np.random.default_rng(0).uniform(-700, 700, 200_000),
            np.random.default_rng(1).normal(0, 1, 50_000),
            [-700.0, 700.0, 0.0, -0.0, 1e-300, 1.0, -1.0, np.log(2) / 2, 5e-324],
        ]
    )
    out, bits = np.empty_like(x), np.empty(x.size, np.int64)
    exponentials(x, out, bits, bits.view(float))
    expected = np.exp(x)
    assert (np.abs(out - expected) / np.spacing(expected)).max() <= 2


def test_exponentials_are_cut_off_where_they_would_overflow():
    x = np.array([1e6, 701.0, -701.0, -1e6])
    bits = np.empty(4, np.int64)
    exponentials(x, x, bits, bits.view(float))
    np.testing.assert_allclose(x, np.exp([700.0, 700.0, -700.0, -700.0]), rtol=1e-15)


@pytest.mark.parametrize("n", range(6))
@pytest.mark.parametrize(("dtype", "close"), PRECISIONS)
def test_products_of_rows_are_a_matrix_product(n, dtype, close):
    rng = np.random.default_rng(n)
    left = rng.normal(size=(n, 40)).astype(dtype)
    right = left * rng.uniform(0, 2, 40).astype(dtype)
    gram = np.ones((n, n))
    products.add_products(left, right, 37, gram)
    np.testing.assert_allclose(gram, 1 + left[:, :37] @ right[:, :37].T, **close)
    np.testing.assert_array_equal(gram, gram.T)


COLUMNS = {
    "normal": np.random.default_rng(0).normal(size=999),
    "far from zero": 1e6 + np.random.default_rng(1).normal(size=5000),
    "tiny": 1e-200 * np.random.default_rng(2).normal(size=50),
    "one in many": np.r_[np.zeros(9999), 1.0],
    "heavy tail": np.random.default_rng(3).lognormal(0, 4, 2000),
    "two rows": np.array([0.0, 1.0]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_mean_and_spread_are_known_whatever_the_order_of_rows(name):
    column = COLUMNS[name]
    found = mean_and_spread(column)
    size = np.abs(column).max()
    expected = [(column / size).mean() * size, (column / size).std() * size]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9 * expected[1])
    for seed in range(5):
        shuffled = np.random.default_rng(seed).permutation(column)
        assert mean_and_spread(shuffled) == found


@pytest.mark.parametrize(
    ("column", "expected"),
    [([], (0, 0)), ([3.0], (3, 0)), ([0.1] * 7, (0.1, 0)), ([-2e-308, 2e-308], (0, 0))],
)
def test_a_column_without_variation_has_no_spread(column, expected):
    assert mean_and_spread(np.array(column)) == expected


# ---------------------------------------------------------------------- blocks of columns


@pytest.mark.parametrize("active", [[0, 1, 2, 3], [2], [3, 0], []])
@pytest.mark.parametrize(("dtype", "close"), PRECISIONS)
def test_a_step_of_conjugate_gradients_moves_the_active_columns_only(
    active, dtype, close
):
    rng = np.random.default_rng(0)
    V, R, P, Q = rng.normal(size=(4, 5, 4, 16)).astype(dtype)
    Q[:, 1] = -P[:, 1]  # no curvature
    Q[:, [0, 2, 3]] += 2 * P[:, [0, 2, 3]]
    size = rng.uniform(1, 2, 4)
    curve = np.einsum("rkt,rkt->k", P.astype(float), Q.astype(float))
    curved = [k for k in active if k != 1]
    step = np.zeros((4, 1))
    step[curved, 0] = size[curved] / curve[curved]
    expected_V, expected_R = V + step * P, R - step * Q
    chosen = np.array(active, np.int64)
    assert chosen[: blocks.descend(V, R, P, Q, size, chosen)].tolist() == curved
    np.testing.assert_allclose(V, expected_V, **close)
    np.testing.assert_allclose(R, expected_R, **close)


@pytest.mark.parametrize(("dtype", "close"), PRECISIONS)
def test_the_next_direction_is_taken_by_columns_above_their_bound(dtype, close):
    rng = np.random.default_rng(0)
    P, Z = rng.normal(size=(2, 5, 4, 16)).astype(dtype)
    drop, size = np.array([0.5, 0.1, 0.3, 9.0]), np.array([2.0, 1.0, 3.0, 4.0])
    bound, active = np.full(4, 0.2), np.array([2, 1, 0])
    expected = P.copy()
    expected[:, 0] = Z[:, 0] + 0.25 * P[:, 0]
    expected[:, 2] = Z[:, 2] + 0.1 * P[:, 2]
    count = blocks.turn(P, Z, drop, size, bound, active)
    assert active[:count].tolist() == [2, 0]
    assert size.tolist() == [0.5, 0.1, 0.3, 4.0]
    np.testing.assert_allclose(P, expected, **close)


@pytest.mark.parametrize(("dtype", "close"), PRECISIONS)
def test_blocks_are_inverted_alone_or_with_their_mate(dtype, close):
    rng = np.random.default_rng(3)
    mate, joint = np.array([2, -1, 0]), np.array([1, -1, 1])
    d, margins = rng.uniform(1, 2, (3, 4)), np.ones((3, 4))
    totals = np.array([3.0, 2.0])
    mu = rng.uniform(0, 1, (2, 4)).astype(dtype)
    d[1, 2] = 1e-20  # no curvature
    mu[1, 3] = 1.0
    d[[0, 2], 3] = 0.5  # singular with the mate
    diagonal, coupling = np.full((2, 3, 4), np.nan, dtype)
    blocks.invert(d, margins, 1e-15, mate, joint, totals, mu, diagonal, coupling)
    shared = mu[1].astype(float) * (1 - mu[1].astype(float) / 2)
    for t in range(3):
        inverse = np.linalg.inv([[d[0, t], shared[t]], [shared[t], d[2, t]]])
        np.testing.assert_allclose(diagonal[[0, 2], t], np.diag(inverse), **close)
        np.testing.assert_allclose(coupling[[0, 2], t], -inverse[0, 1], **close)
    assert (diagonal[[0, 2], 3] == 2).all()
    assert (coupling[:, 3] == 0).all()
    assert (coupling[1] == 0).all()
    np.testing.assert_allclose(diagonal[1], [1 / d[1, 0], 1 / d[1, 1], 0, 1 / d[1, 3]])


@pytest.mark.parametrize(("dtype", "close"), PRECISIONS)
def test_blocks_with_a_mate_are_inverted_together(dtype, close):
    """M is the inverse of the matrix with `d` on and `c` off the diagonal."""
    rng = np.random.default_rng(0)
    mate = np.array([3, -1, 4, 0, 2])
    d = rng.uniform(2, 3, (5, 6))
    c = np.zeros((5, 6))
    for r, m in enumerate(mate):
        if m > r:
            c[r] = c[m] = rng.uniform(0, 1, 6)
    R = rng.normal(size=(5, 2, 6)).astype(dtype)
    expected = np.empty(R.shape)
    for t in range(6):
        S = np.diag(d[:, t])
        for r in np.flatnonzero(mate >= 0):
            S[r, mate[r]] = c[r, t]
        expected[:, :, t] = np.linalg.solve(S, R[:, :, t].astype(float))
    partner = np.where(mate >= 0, mate, np.arange(5))
    determinant = d * d[partner] - c**2
    diagonal = (d[partner] / determinant).astype(dtype)
    coupling = (c / determinant).astype(dtype)
    diagonal[1] = 1 / d[1]
    Z, out = np.zeros_like(R), np.zeros(2)
    blocks.precondition(R, diagonal, coupling, mate, np.arange(2), Z, out)
    np.testing.assert_allclose(Z, expected, **close)
    np.testing.assert_allclose(out, np.einsum("rkt,rkt->k", R, expected), **close)


def test_the_heaviest_partner_is_the_first_of_the_largest():
    outer, inner = np.array([0, 0, 0, 2, 2]), np.array([1, 0, 1, 1, 0])
    totals = np.array([2.0, 5.0, 5.0, 1.0, 5.0])
    best_outer, best_inner = np.full(3, -1), np.full(3, -1)
    blocks.heaviest_partners(outer, inner, totals, best_outer, best_inner)
    assert best_outer.tolist() == [1, -1, 4]
    assert best_inner.tolist() == [1, 2, -1]


# ------------------------------------------------------------------------ slotted panels


@dataclass
class Cells:
    """A slotted panel, with the same written as rows: all that kernels read."""

    outer: np.ndarray
    inner: np.ndarray
    y: np.ndarray
    X: np.ndarray
    offset: np.ndarray
    n_outer: int
    n_inner: int

    @property
    def present(self):
        return self.y >= 0

    @property
    def totals(self):
        return np.maximum(self.y, 0).sum(axis=1)

    @property
    def group(self):
        return np.nonzero(self.present)[0]

    @property
    def dummies(self):
        width = self.y.shape[1]
        g, t = np.nonzero(self.present)
        count = (self.n_outer + self.n_inner) * width
        levels = [(self.n_outer + self.inner[g]) * width + t]
        if self.n_outer:
            levels.append(self.outer[g] * width + t)
        return naive.other_effects(np.array(levels), count)

    def as_rows(self, values):
        """(P, T) or (P, K, T) as (n,) or (n, K)."""
        if values.ndim == 2:
            return values[self.present]
        return values.transpose(0, 2, 1)[self.present]

    def zeros(self, *columns, dtype=float):
        """Two empty arrays by block: outer and inner."""
        width = self.y.shape[1]
        return (
            np.zeros((self.n_outer, *columns, width), dtype),
            np.zeros((self.n_inner, *columns, width), dtype),
        )

    def by_block(self, a, b):
        """Arrays by outer and inner block (., K, T) or (., T) as (m, K) or (m,)."""
        both = np.concatenate([a, b])
        if both.ndim == 2:
            return both.ravel()
        n_blocks, columns, width = both.shape
        return both.transpose(0, 2, 1).reshape(n_blocks * width, columns)

    def parts(self):
        """Cuts into two blocks of work that leave outer blocks whole."""
        middle = self.y.shape[0] // 2
        while 0 < middle < self.y.shape[0] and (
            self.outer[middle] == self.outer[middle - 1]
        ):
            middle += 1
        return [(0, middle), (middle, self.y.shape[0])]


def make_cells(K, *, three_way, kind):
    rng = np.random.default_rng(K)
    n_outer, n_inner, slots_used, width = {
        "full": (3, 5, 16, 16),
        "gaps": (4, 3, 11, 16),
        "one group": (1, 1, 5, 16),
    }[kind]
    outer, inner = np.divmod(np.arange(n_outer * n_inner), n_inner)
    if kind == "gaps":
        some = rng.permutation(outer.size)[:9]
        outer, inner = outer[np.sort(some)], inner[np.sort(some)]
    y = rng.gamma(1, 1, (outer.size, width)) * (rng.random((outer.size, width)) < 0.7)
    y[:, 0] += 0.1
    if kind == "gaps":
        y[:, 1:][rng.random((outer.size, width - 1)) < 0.3] = -1
    y[:, slots_used:] = -1
    X = rng.normal(size=(outer.size, K, width)) * (y >= 0)[:, None]
    offset = rng.normal(size=y.shape) if kind == "gaps" else np.zeros((0, width))
    if not three_way:
        outer, n_outer = np.zeros_like(outer), 0
    index = [outer.astype(np.int32), inner.astype(np.int32)]
    return Cells(*index, y, X, offset, n_outer, n_inner)


KINDS = ["full", "gaps", "one group"]


@pytest.fixture(
    params=itertools.product(range(6), [True, False], KINDS),
    ids=lambda p: f"K={p[0]}-{'three' if p[1] else 'two'}-way-{p[2]}",
)
def cells(request):
    K, three_way, kind = request.param
    return make_cells(K, three_way=three_way, kind=kind)


def means_of(cells, beta, a, b):
    """Means by cell and the index u by row, written out."""
    u = cells.as_rows(cells.X) @ beta + cells.dummies @ cells.by_block(a, b)
    if cells.offset.size:
        u = u + cells.as_rows(cells.offset)
    mu = np.zeros(cells.y.shape)
    mu[cells.present] = naive.concentrated_means(cells.as_rows(cells.y), cells.group, u)
    return mu, u


def test_one_pass_gives_means_scores_and_likelihood(cells):
    rng = np.random.default_rng(9)
    beta = rng.normal(size=cells.X.shape[1])
    a, b = (rng.normal(size=part.shape) for part in cells.zeros())
    expected, u = means_of(cells, beta, a, b)
    y = cells.as_rows(cells.y)
    residual = y - cells.as_rows(expected)
    for dtype, close in PRECISIONS:
        mu = np.full(cells.y.shape, np.nan, dtype)
        (s_a, s_b), s_x, loglik = cells.zeros(), np.zeros(beta.size), 0.0
        for part in cells.parts():
            loglik += slots.score_pass(
                *part, cells.outer, cells.inner, cells.y, cells.totals, cells.X,
                cells.offset, beta, a, b, mu, s_a, s_b, s_x,
            )  # fmt: skip
        np.testing.assert_allclose(mu, expected, **close)
        np.testing.assert_allclose(
            cells.by_block(s_a, s_b), cells.dummies.T @ residual, **CLOSE
        )
        np.testing.assert_allclose(s_x, cells.as_rows(cells.X).T @ residual, **CLOSE)
        likelihood = naive.concentrated_loglik(y, cells.group, u)
        np.testing.assert_allclose(loglik, likelihood, rtol=1e-12)


@pytest.mark.parametrize(("dtype", "close"), PRECISIONS)
def test_moments_products_and_diagonal_are_those_of_the_schur_complement(
    cells, dtype, close
):
    rng = np.random.default_rng(8)
    K = cells.X.shape[1]
    mu = rng.uniform(0.1, 2, cells.y.shape) * cells.present
    mu *= (cells.totals / mu.sum(axis=1))[:, None]
    weights = cells.as_rows(mu)
    X = cells.as_rows(cells.X)
    S = naive.schur_complement(cells.dummies, cells.group, weights)
    centred = naive.off_groups(X, cells.group, weights)

    (C_a, C_b), gram = cells.zeros(K), np.zeros((K, K))
    (d_a, d_b) = cells.zeros()
    V_a, V_b = (rng.normal(size=part.shape).astype(dtype) for part in cells.zeros(K))
    active = np.arange(0, K, 2)
    out_a, out_b = cells.zeros(K, dtype=dtype)
    for part in cells.parts():
        around = (*part, cells.outer, cells.inner, cells.totals)
        slots.cross_moments(*around, cells.X, mu.astype(dtype), C_a, C_b, gram)
        slots.schur_product(*around, mu.astype(dtype), V_a, V_b, active, out_a, out_b)
        slots.schur_diagonal(*around, mu.astype(dtype), d_a, d_b)

    expected = cells.dummies.T @ (weights[:, None] * centred)
    np.testing.assert_allclose(cells.by_block(C_a, C_b), expected, **close)
    np.testing.assert_allclose(gram, centred.T @ (weights[:, None] * centred), **close)
    product = S @ cells.by_block(V_a, V_b)
    product[:, 1::2] = 0  # inactive
    np.testing.assert_allclose(cells.by_block(out_a, out_b), product, **close)
    np.testing.assert_allclose(cells.by_block(d_a, d_b), np.diag(S), **close)


def test_rows_are_projected_and_scores_summed_by_cluster(cells):
    rng = np.random.default_rng(7)
    K = cells.X.shape[1]
    mu = rng.uniform(0.1, 2, cells.y.shape) * cells.present
    mu *= (cells.totals / mu.sum(axis=1))[:, None]
    theta_a, theta_b = (rng.normal(size=part.shape) for part in cells.zeros(K))
    scale = rng.uniform(1, 2, K)
    counts = cells.present.sum(axis=1)
    starts = np.cumsum(counts) - counts
    out = np.full((counts.sum(), K), np.nan)
    around = (cells.outer, cells.inner, cells.totals)
    for part in cells.parts():
        projecting.project_rows(
            *part, *around, cells.y, cells.X, mu, theta_a, theta_b, starts, scale, out
        )
    rest = cells.as_rows(cells.X) - cells.dummies @ cells.by_block(theta_a, theta_b)
    rest = naive.off_groups(rest, cells.group, cells.as_rows(mu))
    np.testing.assert_allclose(out, rest * scale, **CLOSE)

    clusters = rng.integers(0, 3, out.shape[0]).astype(np.int32)
    sums = np.zeros((3, K))
    projecting.add_scores(
        *around, cells.y, cells.X, mu, theta_a, theta_b, clusters, sums
    )
    residual = cells.as_rows(cells.y) - cells.as_rows(mu)
    expected = naive.indicators(clusters, 3).T @ (rest * residual[:, None])
    np.testing.assert_allclose(sums, expected, **CLOSE)

    by_group = np.full((cells.totals.size, K), np.nan)
    for part in cells.parts():
        projecting.group_scores(
            *part, *around[:2], cells.y, cells.X, mu, theta_a, theta_b, by_group
        )
    groups = naive.indicators(cells.group, cells.totals.size)
    np.testing.assert_allclose(by_group, groups.T @ (rest * residual[:, None]), **CLOSE)


@pytest.mark.parametrize("three_way", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_proportional_sweep_is_the_textbooks(three_way, kind):
    cells = make_cells(0, three_way=three_way, kind=kind)
    a, b = cells.zeros()
    rng = np.random.default_rng(0)
    a += rng.uniform(0.5, 2, a.shape)
    b += rng.uniform(0.5, 2, b.shape)
    b[0, 1] = 0.0  # an importer without trade
    target = np.zeros_like(a)
    if three_way:
        np.add.at(target, cells.outer, np.maximum(cells.y, 0))
    factor = np.exp(cells.offset)
    whole = factor if factor.size else np.ones(cells.y.shape)
    expected_a, expected = naive.proportional_sweep(
        cells.outer, cells.inner, cells.present, cells.totals, whole, a, b, target
    )
    _, sums = cells.zeros()
    for part in cells.parts():
        slots.proportional_sweep(
            *part, cells.outer, cells.inner, cells.y, cells.totals, factor, a, b,
            target, sums,
        )  # fmt: skip
    np.testing.assert_allclose(a, expected_a, **CLOSE)
    np.testing.assert_allclose(sums, expected, **CLOSE)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("some", [True, False])
def test_rows_find_their_cells(weighted, some):
    """Seven groups, four of them used, eight of sixteen slots; rows in any order."""
    rng = np.random.default_rng(0)
    cell = rng.permutation(7 * 8)[:40]
    group, slot = (cell // 8).astype(np.int32), (cell % 8).astype(np.int32)
    y, column = rng.gamma(1, 1, 40), rng.normal(size=40)
    weights = rng.uniform(1, 2, 40) if weighted else EMPTY
    keep = rng.random(40) < 0.8 if some else np.zeros(0, bool)
    rank = np.array([-1, 0, 1, -1, 2, 3, -1], np.int32)

    y[group == 6] = 0.0
    marked = np.zeros(7, bool)
    found = [
        placing.mark_groups(*part, group, y, weights, keep, marked)
        for part in [(0, 15), (15, 40)]
    ]
    used = keep if some else np.ones(40, bool)
    mass = y * weights if weighted else y
    np.testing.assert_allclose(sum(found), (mass * used).sum(), **CLOSE)
    assert marked.tolist() == [(mass * used)[group == g].any() for g in range(7)]

    places = np.full(4 * 16 + 1, -1, np.int32)
    placed = [
        placing.place_rows(*part, slot, group, keep, rank, 16, places)
        for part in [(0, 15), (15, 40)]
    ]
    source = places[:-1].reshape(4, 16)
    assert sum(placed) == np.count_nonzero(source >= 0)
    for row in range(40):
        where = np.argwhere(source == row)
        lies = used[row] and rank[group[row]] >= 0
        assert where.tolist() == ([[rank[group[row]], slot[row]]] if lies else [])

    outer, inner = np.array([0, 0, 1, 1], np.int32), np.array([1, 0, 0, 1], np.int32)
    cells, totals = np.empty((4, 16)), np.empty(4)
    s_a, s_b = np.zeros((2, 16)), np.zeros((2, 16))
    X = np.full((4, 2, 16), np.nan)
    for part in [(0, 1), (1, 4)]:
        placing.fill_outcome(
            *part, outer, inner, source, y, weights, 0.5, cells, totals, s_a, s_b
        )
        for k in range(2):
            placing.fill_column(*part, source, column + k, 0.25, 2.0, X, k)
    there = source >= 0
    np.testing.assert_allclose(cells, np.where(there, 0.5 * mass[source], -1), **CLOSE)
    positive = np.maximum(cells, 0)
    np.testing.assert_allclose(totals, positive.sum(axis=1), **CLOSE)
    np.testing.assert_allclose(s_a, naive.indicators(outer, 2).T @ positive, **CLOSE)
    np.testing.assert_allclose(s_b, naive.indicators(inner, 2).T @ positive, **CLOSE)
    for k in range(2):
        values = np.where(there, (column[source] + k - 0.25) * 2, 0)
        np.testing.assert_allclose(X[:, k], values, **CLOSE)


def test_rows_are_listed_in_the_order_of_their_cells():
    source = np.array([[4, -1, 0], [-1, -1, -1], [2, 1, 3]], np.int32)
    rows = np.empty(5, np.int32)
    placing.list_rows(source, rows)
    assert rows.tolist() == [4, 0, 2, 1, 3]


def test_rows_that_share_a_cell_fill_fewer_cells_than_they_are():
    slot, group = np.array([1, 1, 0, 1], np.int32), np.array([0, 0, 0, 1], np.int32)
    places = np.full(2 * 16 + 1, -1, np.int32)
    rank = np.array([0, 1], np.int32)
    placed = placing.place_rows(0, 4, slot, group, np.zeros(0, bool), rank, 16, places)
    assert (placed, np.count_nonzero(places >= 0)) == (4, 3)


def test_the_value_of_a_group_is_that_of_its_rows_if_they_agree():
    source = np.array([[-1, 4, 0], [3, -1, -1], [2, -1, 1]], np.int32)
    out = np.zeros(3, np.int64)
    values = np.array([7, 5, 5, 9, 7])
    others = [
        placing.group_values(*part, source, values, out) for part in [(0, 1), (1, 3)]
    ]
    assert (sum(others), out.tolist()) == (0, [7, 9, 5])
    values[1] = 6
    assert placing.group_values(0, 3, source, values, out) == 1


# --------------------------------------------------------------------------- sorted rows


@dataclass
class Sorted:
    """Sorted rows with all that kernels read."""

    starts: np.ndarray
    index: np.ndarray
    X: np.ndarray
    y: np.ndarray
    offset: np.ndarray
    m: int

    @property
    def group(self):
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))

    @property
    def dummies(self):
        return naive.other_effects(self.index, self.m)

    def sums(self, values):
        return np.add.reduceat(values, self.starts[:-1])


def make_rows(K, n_others, n_groups, n):
    rng = np.random.default_rng(K + 10 * n_others)
    group = np.sort(np.r_[np.arange(n_groups), rng.integers(0, n_groups, n - n_groups)])
    starts = np.searchsorted(group, np.arange(n_groups + 1))
    sizes = [4, 3, 5][:n_others]
    offsets = np.r_[0, np.cumsum(sizes)].astype(int)
    levels = [
        rng.integers(0, size, n) + first
        for size, first in zip(sizes, offsets, strict=False)
    ]
    index = np.array(levels, np.int32).reshape(n_others, n)
    y = rng.gamma(1, 1, n) * (rng.random(n) < 0.7)
    y[starts[:-1]] += 0.1
    offset = rng.normal(size=n) if K % 2 else EMPTY
    return Sorted(starts, index, rng.normal(size=(K, n)), y, offset, int(offsets[-1]))


ROWS = [
    *((K, others, 7, 60) for K in range(6) for others in range(4)),
    (2, 2, 1, 20),
    (1, 2, 20, 20),
    (2, 1, 3, 5000),  # groups larger than what is worked on at a time
    (2, 2, 900, 3000),
]


@pytest.fixture(
    params=ROWS, ids=lambda p: "K={}-{}-others-{}-groups-{}-rows".format(*p)
)
def table(request):
    return make_rows(*request.param)


def halves(table):
    middle = (table.starts.size - 1) // 2
    return [(0, middle), (middle, table.starts.size - 1)]


def test_one_pass_over_rows_gives_means_scores_and_likelihood(table):
    rng = np.random.default_rng(0)
    beta, theta = rng.normal(size=table.X.shape[0]), rng.normal(size=table.m)
    mu, s_theta, s_x, loglik = np.empty_like(table.y), np.zeros(table.m), beta * 0, 0.0
    for part in halves(table):
        loglik += rows.score_pass(
            *part, table.starts, table.index, table.y, table.sums(table.y), table.X,
            table.offset, beta, theta, mu, s_theta, s_x,
        )  # fmt: skip
    u = (
        table.X.T @ beta
        + table.dummies @ theta
        + (table.offset if table.offset.size else 0)
    )
    expected = naive.concentrated_means(table.y, table.group, u)
    np.testing.assert_allclose(mu, expected, **CLOSE)
    residual = table.y - expected
    np.testing.assert_allclose(
        s_theta, table.dummies.T @ residual, rtol=1e-12, atol=1e-10
    )
    np.testing.assert_allclose(s_x, table.X @ residual, rtol=1e-12, atol=1e-10)
    likelihood = naive.concentrated_loglik(table.y, table.group, u)
    np.testing.assert_allclose(loglik, likelihood, rtol=1e-11)


def test_margins_are_sums_of_products_scaled_to_the_totals(table):
    if not table.m:
        return
    factors = np.random.default_rng(0).uniform(0.1, 2, table.m)
    totals = table.sums(table.y)
    base = np.exp(table.offset)
    u = table.dummies @ np.log(factors)
    means = naive.concentrated_means(
        table.y, table.group, u + (table.offset if table.offset.size else 0)
    )
    for effect, levels in enumerate(table.index):
        sums = np.zeros(table.m)
        for part in halves(table):
            rows.fitted_margin(
                *part, table.starts, table.index, totals, base, factors, effect, sums
            )
        expected = np.bincount(levels, weights=means, minlength=table.m)
        np.testing.assert_allclose(sums, expected, **CLOSE)


@pytest.mark.parametrize("weights", ["positive", "one group without"])
def test_sorted_rows_have_the_moments_of_the_schur_complement(table, weights):
    rng = np.random.default_rng(1)
    w = rng.uniform(0.1, 2, table.y.size)
    if weights != "positive":
        w[table.group == 0] = 0
    totals = table.sums(w)
    inverse = np.divide(1, totals, out=np.zeros_like(totals), where=totals > 0)
    K = table.X.shape[0]
    V, theta = rng.normal(size=(2, K, table.m))
    C, gram, product = np.zeros((K, table.m)), np.zeros((K, K)), np.zeros((K, table.m))
    out = np.empty_like(table.X)
    for part in halves(table):
        lines = (*part, table.starts, table.index)
        rows.cross_moments(*lines, inverse, table.X, w, C, gram)
        rows.schur_product(*lines, w, inverse, V, product)
        rows.project_rows(*lines, w, inverse, table.X, theta, out)
    S = naive.schur_complement(table.dummies, table.group, w)
    centred = naive.off_groups(table.X.T, table.group, w)
    loose = {"rtol": 1e-11, "atol": 1e-10}
    np.testing.assert_allclose(C.T, table.dummies.T @ (w[:, None] * centred), **loose)
    np.testing.assert_allclose(gram, centred.T @ (w[:, None] * centred), **loose)
    np.testing.assert_allclose(product.T, S @ V.T, **loose)
    rest = naive.off_groups(table.X.T - table.dummies @ theta.T, table.group, w)
    np.testing.assert_allclose(out.T, rest, **loose)

    clusters = rng.integers(0, 4, table.y.size)
    sums = np.zeros((4, K))
    for part in halves(table):
        rows.add_scores(
            *part, table.starts, table.index, inverse, table.y, w, table.X, theta,
            clusters, sums,
        )  # fmt: skip
    scores = rest * (table.y - w)[:, None]
    expected = [scores[clusters == c].sum(axis=0) for c in range(4)]
    np.testing.assert_allclose(sums, expected, **loose)


def test_values_are_added_to_all_levels_of_their_row():
    index = np.array([[0, 2, 0], [3, 3, 4]], np.uint32)
    sums = np.zeros(5)
    rows.add_by_level(index, np.array([1.0, 2.0, 4.0]), sums)
    assert sums.tolist() == [5.0, 0.0, 2.0, 3.0, 4.0]


def test_sorting_keeps_an_earlier_order_within_a_code():
    codes = np.array([2, 0, 2, 1, 0], np.int32)
    starts, order = sorting.sort_rows(codes, 4, np.zeros(0, np.int64))
    assert starts.tolist() == [0, 2, 3, 5, 5]
    assert order.tolist() == [1, 4, 3, 0, 2]
    _, order = sorting.sort_rows(codes, 4, np.array([4, 3, 2, 1, 0]))
    assert order.tolist() == [4, 1, 3, 2, 0]


def test_rows_in_order_stay_as_they_are():
    starts, order = sorting.sort_rows(
        np.array([0, 0, 2, 2, 2], np.int32), 4, np.zeros(0, np.int64)
    )
    assert starts.tolist() == [0, 2, 2, 5, 5]
    assert order.tolist() == [0, 1, 2, 3, 4]


def test_groups_are_sorted_by_levels_in_place(table):
    index, order = table.index.copy(), np.arange(table.y.size)
    ties = [
        sorting.sort_in_groups(*part, table.starts, index, order)
        for part in halves(table)
    ]
    assert any(ties) == sorting.has_ties(table.starts, index)
    by_hand = np.lexsort((*table.index[::-1], table.group))
    assert (order == by_hand).all()
    assert (index == table.index[:, by_hand]).all()


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_rows_are_sorted_by_levels_and_then_by_values(seed, short, monkeypatch):
    monkeypatch.setattr(sorted_rows, "MOST_ROWS", 10**6 if short else 0)
    rng = np.random.default_rng(seed)
    n = 50
    sizes = (3, 9, 2)
    codes = [rng.integers(0, size, n).astype(np.int32) for size in sizes]
    values = [rng.integers(0, 3, n) * 1.0, rng.normal(size=n)]
    effects = [Codes(c, size) for c, size in zip(codes, sizes, strict=True)]
    layout = sort_by_effects(effects, lambda: values)
    finest, first, second = codes[1], codes[0], codes[2]
    by_hand = sorted(range(n), key=lambda r: (finest[r], first[r], second[r],
                                               values[0][r], values[1][r]))  # fmt: skip
    assert layout.order.tolist() == by_hand
    assert layout.finest == 1
    assert (layout.index == np.array([first, second + 3])[:, by_hand]).all()
    assert (np.repeat(layout.groups, np.diff(layout.starts)) == finest[by_hand]).all()


def test_ties_are_neighbours_with_all_levels_in_common():
    starts = np.array([0, 2, 4])
    assert not sorting.has_ties(
        starts, np.array([[0, 1, 1, 2], [0, 0, 0, 0]], np.int32)
    )
    assert sorting.has_ties(starts, np.array([[0, 1, 2, 2], [0, 0, 0, 0]], np.int32))
    assert sorting.has_ties(starts, np.zeros((0, 4), np.int32))


# ----------------------------------------------------------------------- without effects


@pytest.mark.parametrize("n", [1, 7, 3000])  # more than is worked on at a time
@pytest.mark.parametrize("K", range(6))
def test_models_without_effects_have_their_means_and_normal_equations(K, n):
    rng = np.random.default_rng(K)
    Z, offset, gamma = rng.normal(size=(K, n)), rng.normal(size=n), rng.normal(size=K)
    y, weights, target = rng.gamma(1, 1, n), rng.uniform(0, 2, n), rng.normal(size=n)
    eta, mu, loglik = np.empty(n), np.empty(n), 0.0
    moment, gram = np.zeros(K), np.zeros((K, K))
    for part in [(0, n // 3), (n // 3, n)]:
        loglik += plain.fitted_means(*part, y, Z, offset, gamma, eta, mu)
        plain.normal_equations(*part, Z, weights, target, moment, gram)
    expected = Z.T @ gamma + offset
    np.testing.assert_allclose(eta, expected, **CLOSE)
    np.testing.assert_allclose(mu, np.exp(expected), rtol=1e-12)
    likelihood = (y * expected - np.exp(expected)).sum()
    np.testing.assert_allclose(loglik, likelihood, rtol=1e-11)
    np.testing.assert_allclose(moment, Z @ (weights * target), rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(gram, (weights * Z) @ Z.T, rtol=1e-11, atol=1e-10)


# ----------------------------------------------------------------------- all kernels


KERNELS = sorted(Path(rows.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", KERNELS, ids=lambda path: path.stem)
def test_no_innermost_loop_both_adds_up_and_stores(module):
    """Compiled code would choose by addresses how to group the sum: other bits each time.

    Kernels of `jit_exact` regroup nothing.
    """
    tree = ast.parse(module.read_text())
    regrouped = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and not any(ast.unparse(d) == "jit_exact" for d in node.decorator_list)
    ]
    for loop in (n for f in regrouped for n in ast.walk(f) if isinstance(n, ast.For)):
        inside = [node for node in ast.walk(loop) if node is not loop]
        if not any(isinstance(node, ast.For) for node in inside):
            own = {name for node in inside for name in names_set(node)}
            adds = [n.lineno for n in inside if adds_up(n) and n.target.id not in own]
            stores = [node.lineno for node in inside if stores_number(node)]
            assert not (adds and stores), f"{module.name}: lines {adds} and {stores}"


def names_set(node):
    """Names that begin anew with each round of a loop."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def adds_up(node):
    """``total += value``; counting in whole numbers does not round."""
    return (
        isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.op, ast.Add | ast.Sub)
        and not isinstance(node.value, ast.Constant | ast.Compare)
    )


def stores_number(node):
    """``array[place] = value`` or ``array[place] += value``."""
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return isinstance(node, ast.Assign | ast.AugAssign) and any(
        isinstance(target, ast.Subscript) for target in targets
    )
