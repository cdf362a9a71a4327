"""Standard errors are what the textbook's sums over all pairs of rows say they are."""

from __future__ import annotations

from dataclasses import replace

import naive_covariance as naive
import numpy as np
import pandas as pd
import pytest

from forecast.errors import ColumnError, ModelError, NumberError
from forecast.gravity.inference.bootstrap import ScoreBootstrap
from forecast.gravity.inference.clusters import Clustered
from forecast.gravity.inference.covariance import without_negative
from forecast.gravity.inference.dyads import Dyadic
from forecast.gravity.inference.explaining import compare_conventions
from forecast.gravity.inference.level_errors import level_errors
from forecast.gravity.inference.leverage import effect_leverage, inverse_of_independent
from forecast.gravity.inference.robust import Iid, Robust, full_leverage
from forecast.gravity.inference.row_keys import Listed, RowKeys
from forecast.gravity.inference.scores import score_sums
from forecast.gravity.inference.serial import DriscollKraay, NeweyWest
from forecast.gravity.inference.small_samples import (
    PRESETS,
    SmallSample,
    count_parameters,
)
from forecast.gravity.inference.spatial import Conley, midpoints
from forecast.gravity.records import Codes

PLAIN = "none"


def world(seed=0, n_regions=6, n_years=4, drop=0.15, family="poisson", weights=False):
    """A small panel with gaps and domestic flows; fitted densely, three-way."""
    random = np.random.default_rng(seed)
    regions = np.arange(n_regions)
    i, j, t = (a.ravel() for a in np.meshgrid(regions, regions, np.arange(n_years)))
    kept = random.random(i.size) > drop
    i, j, t = i[kept], j[kept], t[kept]
    n = i.size
    x = random.normal(size=(n, 2)) + 0.3 * i[:, None]
    mean = np.exp(0.4 * x[:, 0] - 0.2 * x[:, 1] + random.normal(0, 0.4, n_regions)[i])
    y = mean * random.gamma(2, 0.5, n) if family == "poisson" else random.normal(size=n)
    name = np.array([f"r{r}" for r in regions])
    latitude, longitude = (
        random.uniform(40, 60, n_regions),
        random.uniform(30, 80, n_regions),
    )
    columns = {
        "exporter": name[i],
        "importer": name[j],
        "year": 2000 + t,
        "pair": np.char.add(np.char.add(name[i], "-"), name[j]),
        "row": np.arange(n),
        "everywhere": np.zeros(n),
        "lat_o": latitude[i],
        "lon_o": longitude[i],
        "lat_d": latitude[j],
        "lon_d": longitude[j],
    }
    effects = {
        "exporter^year": _dense(i * n_years + t),
        "importer^year": _dense(j * n_years + t),
        "exporter^importer": _dense(i * n_regions + j),
    }
    w = random.uniform(0.5, 2, n) if weights else None
    return y, x, effects, naive.Columns(columns), w


def _dense(codes):
    return np.unique(codes, return_inverse=True)[1]


@pytest.fixture(scope="module", params=["poisson", "gaussian"])
def fitted(request):
    y, x, effects, columns, w = world(family=request.param, weights=True)
    return naive.fit_dense(y, x, effects, request.param, w), columns, x, effects


def weights_between_rows(columns):
    """For each recipe the weight that it gives every two rows."""
    c = columns.columns
    exporter, importer, year, pair = (
        naive.same(c[name]) for name in ("exporter", "importer", "year", "pair")
    )
    shared = naive.sharing(c["exporter"], c["importer"])
    lagged = naive.bartlett(c["year"], 2)
    origin = naive.kilometres(c["lat_o"], c["lon_o"])
    destination = naive.kilometres(c["lat_d"], c["lon_d"])
    middle = naive.kilometres(
        *midpoints(
            np.column_stack([c["lat_o"], c["lon_o"]]),
            np.column_stack([c["lat_d"], c["lon_d"]]),
        ).T
    )
    km = 1_500.0
    near = (origin <= km) * (destination <= km) * 1.0
    fading = np.maximum(1 - origin / km, 0) * np.maximum(1 - destination / km, 0)
    either = lambda *ways: 1 - np.prod([1 - way for way in ways], axis=0)  # noqa: E731
    return {
        Robust("HC0"): np.eye(len(pair)),
        Clustered("pair", ssc=PLAIN): pair,
        Clustered("exporter^year", ssc=PLAIN): exporter * year,
        Clustered("exporter", "importer", ssc=PLAIN): either(exporter, importer),
        Clustered("exporter", "importer", "year", ssc=PLAIN): either(
            exporter, importer, year
        ),
        Clustered("exporter", "importer", "year", "pair", ssc=PLAIN): either(
            exporter, importer, year, pair
        ),
        Dyadic("exporter", "importer", ssc=PLAIN): shared,
        Dyadic("exporter", "importer", "year", ssc=PLAIN): either(shared, year),
        DriscollKraay(2, "year", ssc=PLAIN): lagged,
        NeweyWest(2, "pair", "year", ssc=PLAIN): pair * lagged,
        NeweyWest(0, "pair", "year", ssc=PLAIN): np.eye(len(pair)),
        Conley(km): near,
        Conley(km, period="year"): near * year,
        Conley(km, kernel="bartlett"): fading,
        Conley(km, compare="midpoints"): (middle <= km) * 1.0,
        Conley(km, destination=None): (origin <= km) * 1.0,
    }


def test_each_kind_sums_products_of_scores_over_the_rows_that_it_calls_dependent(
    fitted,
):
    scores, columns, _, _ = fitted
    for recipe, together in weights_between_rows(columns).items():
        made = recipe.covariance(scores, columns)
        expected, _ = without_negative(naive.sandwich(scores, together))
        np.testing.assert_allclose(
            made.matrix, expected, rtol=1e-9, atol=1e-12, err_msg=str(recipe)
        )
        assert (made.matrix == made.matrix.T).all()


@pytest.mark.parametrize(("kind", "power"), [("HC2", 1), ("HC3", 2)])
def test_leverage_counts_the_effects(fitted, kind, power):
    scores, columns, x, effects = fitted
    h = naive.hat_diagonal(scores, x, effects)
    np.testing.assert_allclose(full_leverage(scores), h, atol=1e-9)
    gap = np.where(h > 1 - 1e-9, np.inf, 1 - h)
    expected = naive.sandwich(scores, np.diag(gap**-power))
    np.testing.assert_allclose(
        Robust(kind).covariance(scores, columns).matrix, expected, rtol=1e-7
    )


@pytest.mark.parametrize("which", [[], [0], [0, 1], [2], [0, 2]])
def test_leverages_of_effects_add_up_to_their_rank(which):
    _, x, effects, _, _ = world()
    codes = tuple(
        Codes(effects[name].astype(np.int32), effects[name].max() + 1)
        for name in np.array(list(effects))[which]
    )
    working = np.exp(3 * x[:, 0])
    D = np.hstack([np.empty((len(x), 0)), *(naive.dummies(c.codes) for c in codes)])
    rank = np.linalg.matrix_rank(D) if D.size else 0
    assert effect_leverage(working, codes).sum() == pytest.approx(rank, rel=1e-9)


def test_classical_errors_divide_by_the_rank_of_all_dummies(fitted):
    scores, columns, x, effects = fitted
    Z = np.hstack([x, *(naive.dummies(codes) for codes in effects.values())])
    e = scores.estimate
    degrees = scores.n - np.linalg.matrix_rank(Z)
    expected = np.sum(e.residuals**2 / e.working) / degrees * scores.bread
    made = Iid().covariance(scores, columns)
    np.testing.assert_allclose(made.matrix, expected, rtol=1e-12)
    assert made.reference.dof == degrees
    np.testing.assert_array_equal(
        Iid(1.0).covariance(scores, columns).matrix, scores.bread
    )


# Conventions ---------------------------------------------------------------------------


def test_conventions_differ_by_their_factor_alone(fitted):
    scores, columns, _, effects = fitted
    plain = Clustered("pair", ssc="none").covariance(scores, columns).matrix
    levels = [len(np.unique(codes)) for codes in effects.values()]
    G, n = levels[2], scores.n
    D = [naive.dummies(codes) for codes in effects.values()]
    rank = np.linalg.matrix_rank(np.hstack(D[:2]))
    parameters = {
        "fixest": 2 + levels[0] + levels[1] + 1 - 2,
        "exact": 2 + rank,
        "full": 2 + sum(levels) - 2,
    }
    factors = {"none": 1.0, "ppmlhdfe": G / (G - 1)}
    factors |= {name: G / (G - 1) * (n - 1) / (n - K) for name, K in parameters.items()}
    assert set(factors) == set(PRESETS)
    for name, factor in factors.items():
        made = Clustered("pair", ssc=name).covariance(scores, columns)
        np.testing.assert_allclose(made.matrix, factor * plain, rtol=1e-12)
        assert made.factor == pytest.approx(factor, rel=1e-12)
        if name in parameters:
            assert made.parameters.total == parameters[name]
    table = compare_conventions(Clustered("pair"), scores, columns).set_index(
        "convention"
    )
    assert table.loc["fixest", "K"] == parameters["fixest"]
    assert table.loc["none", "x0"] == pytest.approx(np.sqrt(plain[0, 0]))


def test_several_ways_share_the_factor_of_the_smallest_or_have_each_their_own(fitted):
    scores, columns, _, _ = fitted
    plain = {
        way: Clustered(way, ssc="none").covariance(scores, columns).matrix
        for way in ("year", "exporter", "exporter^year")
    }
    both = plain["year"] + plain["exporter"] - plain["exporter^year"]
    made = Clustered("year", "exporter").covariance(scores, columns)
    np.testing.assert_allclose(
        made.matrix, without_negative(4 / 3 * both)[0], rtol=1e-9
    )
    own = SmallSample("each its own", each_way=True)
    made = Clustered("year", "exporter", ssc=own).covariance(scores, columns)
    expected = (
        4 / 3 * plain["year"]
        + 6 / 5 * plain["exporter"]
        - 24 / 23 * plain["exporter^year"]
    )
    np.testing.assert_allclose(made.matrix, without_negative(expected)[0], rtol=1e-9)


def test_effects_within_clusters_are_found_whatever_they_are_called(fitted):
    scores, columns, _, _ = fitted
    ways = {"exporter": columns.codes("exporter"), "pair": columns.codes("pair")}
    counted = count_parameters(scores, "not nested", ways)
    assert [e.nested_in for e in counted.effects] == ["exporter", "", "exporter"]
    assert [e.counted for e in counted.effects] == [1, counted.effects[1].levels, 1]


def test_least_squares_are_compared_with_t_where_the_convention_says_so():
    for family, expected in (("gaussian", "Student"), ("poisson", "Normal")):
        y, x, effects, columns, _ = world(family=family)
        scores = naive.fit_dense(y, x, effects, family)
        made = Clustered("exporter", ssc="fixest").covariance(scores, columns)
        assert type(made.reference).__name__ == expected
        low, high = made.interval(scores.estimate.beta)
        t = 2.5705818 if family == "gaussian" else 1.9599640
        np.testing.assert_allclose(high - low, 2 * t * made.std_errors, rtol=1e-7)
        at_end = made.p_values(t * made.std_errors)
        np.testing.assert_allclose(at_end, 0.05, rtol=1e-6)


def test_the_account_tells_everything_that_decided_the_numbers(fitted):
    scores, columns, _, _ = fitted
    text = (
        Clustered("exporter", "pair", ssc="fixest")
        .covariance(scores, columns)
        .explain()
    )
    for part in ("exporter and pair", "6", "36", "fixest", "min G", "nested", "few"):
        assert part in text
    assert max(len(line) for line in text.splitlines()) <= 88


# Laws ----------------------------------------------------------------------------------


RECIPES = [
    Iid(),
    Robust("HC1"),
    Robust("HC3"),
    Clustered("pair", ssc="fixest"),
    Clustered("exporter", "importer"),
    Dyadic("exporter", "importer"),
    DriscollKraay(1, "year"),
    NeweyWest(1, "pair", "year"),
    Conley(1500.0),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_order_of_rows_columns_and_effects_changes_nothing(recipe):
    y, x, effects, columns, _ = world()
    straight = recipe.covariance(naive.fit_dense(y, x, effects), columns).matrix
    order = np.random.default_rng(1).permutation(y.size)
    turned = {name: effects[name][order] for name in reversed(effects)}
    shuffled = naive.Columns({k: v[order] for k, v in columns.columns.items()})
    scores = naive.fit_dense(y[order], x[order][:, ::-1], turned)
    matrix = recipe.covariance(scores, shuffled).matrix[::-1, ::-1]
    np.testing.assert_allclose(matrix, straight, rtol=1e-7)


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_the_unit_of_trade_moves_no_standard_error(recipe, unit):
    y, x, effects, columns, _ = world()
    before = recipe.covariance(naive.fit_dense(y, x, effects), columns).matrix
    after = recipe.covariance(naive.fit_dense(unit * y, x, effects), columns).matrix
    np.testing.assert_allclose(after, before, rtol=1e-7)


@pytest.mark.parametrize(
    "recipe",
    [
        Clustered("pair"),
        Clustered("exporter", "year"),
        Dyadic("exporter", "importer"),
        DriscollKraay(1, "year"),
        NeweyWest(1, "pair", "year"),
        Conley(1500.0),
    ],
    ids=str,
)
def test_every_row_twice_with_half_its_weight_is_the_same_sample(recipe):
    y, x, effects, columns, _ = world()
    once = recipe.covariance(naive.fit_dense(y, x, effects), columns).matrix
    twice = naive.fit_dense(
        np.tile(y, 2),
        np.tile(x, (2, 1)),
        {k: np.tile(v, 2) for k, v in effects.items()},
        weights=np.full(2 * y.size, 0.5),
    )
    doubled = naive.Columns({k: np.tile(v, 2) for k, v in columns.columns.items()})
    np.testing.assert_allclose(
        recipe.covariance(twice, doubled).matrix, once, rtol=1e-8
    )


def test_rows_as_clusters_are_hc0_and_a_way_named_twice_is_one_way(fitted):
    scores, columns, _, _ = fitted
    rows = Clustered("row", ssc="none").covariance(scores, columns).matrix
    np.testing.assert_allclose(
        rows, Robust("HC0").covariance(scores, columns).matrix, rtol=1e-13
    )
    one = Clustered("pair").covariance(scores, columns).matrix
    two = Clustered("pair", "pair").covariance(scores, columns).matrix
    np.testing.assert_allclose(two, one, rtol=1e-13)
    nested = Clustered("exporter", "pair").covariance(scores, columns).matrix
    exporter = Clustered("exporter").covariance(scores, columns).matrix
    np.testing.assert_allclose(nested, exporter, rtol=1e-9)


def test_a_flow_has_no_direction_in_dyadic_errors(fitted):
    scores, columns, _, _ = fitted
    straight = Dyadic("exporter", "importer").covariance(scores, columns).matrix
    c = dict(columns.columns)
    turned = np.arange(scores.n) % 3 == 0
    c["exporter"] = np.where(
        turned, columns.columns["importer"], columns.columns["exporter"]
    )
    c["importer"] = np.where(
        turned, columns.columns["exporter"], columns.columns["importer"]
    )
    swapped = Dyadic("exporter", "importer").covariance(scores, naive.Columns(c)).matrix
    np.testing.assert_allclose(swapped, straight, rtol=1e-10)


def test_shocks_of_one_sign_make_dyadic_errors_at_least_those_of_two_ways():
    y, x, effects, columns, _ = world()
    scores = naive.fit_dense(y, x[:, :1], effects)
    e = scores.estimate
    y = e.mu + np.sign(e.x_tilde[:, 0]) * e.mu
    view = naive.Rows(y, e.mu, None, e.x_tilde, e.effects, e.level_values)
    scores = replace(scores, estimate=replace(e, view=view))
    variance = [
        recipe.covariance(scores, columns).matrix[0, 0]
        for recipe in (
            Robust("HC0"),
            Clustered("pair", ssc="none"),
            Clustered("exporter", "importer", ssc="none"),
            Dyadic("exporter", "importer", ssc="none"),
        )
    ]
    assert variance == sorted(variance)


def test_negative_eigenvalues_are_set_to_zero_and_told():
    y, x, effects, columns, _ = world(seed=3, n_regions=5)
    scores = naive.fit_dense(y, x, effects)
    together = 1 - (1 - naive.same(columns.columns["exporter"])) * (
        1 - naive.same(columns.columns["year"])
    )
    raw = naive.sandwich(scores, together)
    found = 0
    for seed in range(20):
        raw = np.random.default_rng(seed).normal(size=(3, 3))
        raw = raw + raw.T
        fixed, negative = without_negative(raw)
        found += negative
        assert negative == np.count_nonzero(np.linalg.eigvalsh(raw) < 0)
        assert np.linalg.eigvalsh(fixed).min() >= -1e-12
    assert found > 10


@pytest.mark.parametrize("size", [1, 3, 64, 65, 200])
@pytest.mark.parametrize("redundant", [0, 1, 5])
def test_the_inverse_leaves_out_exactly_what_is_redundant(size, redundant):
    random = np.random.default_rng(size)
    Z = random.normal(size=(2 * size + 5, size)) * np.exp(random.normal(0, 8, size))
    Z = np.hstack([Z, Z @ random.normal(size=(size, redundant))])
    Z = Z[:, random.permutation(Z.shape[1])]
    A = Z.T @ Z
    inverse, kept = inverse_of_independent(A)
    assert kept.sum() == size
    assert (inverse[~kept] == 0).all()
    assert (inverse == inverse.T).all()
    scale = 1 / np.sqrt(np.diag(A))
    inside = np.ix_(kept, kept)
    expected = np.linalg.inv(A[inside] * scale[kept, None] * scale[kept])
    found = inverse[inside] / scale[kept, None] / scale[kept]
    np.testing.assert_allclose(
        found, expected, rtol=1e-6, atol=1e-6 * abs(expected).max()
    )


def test_kernels_and_numpy_add_the_same_scores():
    random = np.random.default_rng(0)
    n = 120_000  # above the size from which the kernel is used
    x, e = random.normal(size=(n, 2)), random.normal(size=n)
    codes = Codes(random.integers(0, 500, n).astype(np.int32), 500)
    expected = np.column_stack([np.bincount(codes.codes, c * e, 500) for c in x.T])
    np.testing.assert_allclose(score_sums(x, e, codes), expected, atol=1e-12)


# Bootstrap -----------------------------------------------------------------------------


def test_the_bootstrap_is_the_wild_cluster_bootstrap_with_the_null_imposed():
    """Refit by dense least squares on every draw; effects are nested in the clusters."""
    random = np.random.default_rng(5)
    n, G = 120, 8
    cluster = np.sort(random.integers(0, G, n))
    x = random.normal(size=(n, 2)) + cluster[:, None] / 4
    y = x @ [0.3, 0.0] + random.normal(size=G)[cluster] + random.normal(size=n)
    effects = {"firm": cluster}
    scores = naive.fit_dense(y, x, effects, "gaussian")
    columns = naive.Columns({"firm": cluster})
    made = ScoreBootstrap("firm", draws=99, seed=1).covariance(scores, columns)
    Z = np.hstack([x, naive.dummies(cluster)])
    v = np.array([-1.0, 1.0])
    generator = np.random.default_rng(1)
    signs = np.vstack([v[generator.integers(0, 2, (size, G))] for size in (64, 35)])
    for j in range(2):
        null = np.delete(Z, j, axis=1)
        fitted = null @ np.linalg.lstsq(null, y, rcond=None)[0]
        t = [_t_statistic(Z, y, cluster, j)]
        t += [
            _t_statistic(Z, fitted + (y - fitted) * sign[cluster], cluster, j)
            for sign in signs
        ]
        expected = (1 + np.sum(np.abs(t[1:]) >= (1 - 1e-9) * abs(t[0]))) / 100
        assert made.p_values(scores.estimate.beta)[j] == pytest.approx(expected)
    low, high = made.interval(scores.estimate.beta, 0.95)
    for j in range(2):
        inside = scores.estimate.beta[j] - np.array([low[j], high[j]]) * (1 - 1e-9)
        distances = scores.estimate.beta[j] - np.array([low[j], high[j]])
        for d in distances:
            assert made.reference.p_value(j, d * (1 - 1e-9)) > 0.05
            assert made.reference.p_value(j, d * (1 + 1e-9)) <= 0.05
        assert np.isfinite(inside).all()


def _t_statistic(Z, y, cluster, j):
    inverse = np.linalg.pinv(Z.T @ Z)
    beta = inverse @ Z.T @ y
    e = y - Z @ beta
    sums = np.array([Z[cluster == g].T @ e[cluster == g] for g in np.unique(cluster)])
    return beta[j] / np.sqrt((inverse @ sums.T @ sums @ inverse)[j, j])


def test_the_same_seed_gives_the_same_bits_and_many_clusters_the_normal():
    y, x, effects, columns, _ = world(n_regions=7, n_years=6)
    scores = naive.fit_dense(y, x, effects)

    def draw(seed):
        recipe = ScoreBootstrap("pair", draws=499, seed=seed)
        return recipe.covariance(scores, columns).interval(scores.estimate.beta)

    np.testing.assert_array_equal(draw(3), draw(3))
    assert (draw(3)[0] != draw(4)[0]).any()


# Effects -------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [2, 3])
def test_errors_of_effects_are_those_of_dummies_written_out(which):
    y, x, effects, columns, _ = world(n_regions=5, n_years=3)
    effects = dict(list(effects.items())[:which])
    scores = naive.fit_dense(y, x, effects)
    pair = columns.codes("pair")
    made = level_errors(scores, x, (pair,), factor=1.3)
    D = np.hstack([naive.dummies(codes) for codes in effects.values()])
    kept = ~np.concatenate(made.zero)
    assert kept.sum() == np.linalg.matrix_rank(D) == np.linalg.matrix_rank(D[:, kept])
    assert not made.zero[0].any()
    e = scores.estimate
    Z = np.hstack([x, D[:, kept]])
    bread = np.linalg.inv((Z * e.working[:, None]).T @ Z)
    sums = naive.dummies(pair.codes).T @ (Z * e.residuals[:, None])
    errors = np.sqrt(1.3 * np.diag(bread @ sums.T @ sums @ bread))[2:]
    np.testing.assert_allclose(np.concatenate(made.std_errors)[kept], errors, rtol=1e-7)
    values = np.concatenate(made.values)
    np.testing.assert_allclose(D @ values + x @ e.beta, e.eta, atol=1e-8)
    assert (values[~kept] == 0).all()


def test_the_reference_of_importer_years_is_the_first_importer_of_each_year():
    y, x, effects, _, _ = world(drop=0.0)
    two = dict(list(effects.items())[:2])
    made = level_errors(naive.fit_dense(y, x, two), x)
    n_years = 4
    np.testing.assert_array_equal(np.flatnonzero(made.zero[1]), np.arange(n_years))


# Refusals ------------------------------------------------------------------------------


def test_a_cluster_that_is_no_column_is_refused(fitted):
    scores, _, _, _ = fitted
    frame = pd.DataFrame({"exporter": np.arange(scores.n) % 3})
    keys = RowKeys(frame, Listed(np.arange(scores.n)))
    with pytest.raises(
        ColumnError, match=r"F-111.*exporte.*Did you mean \['exporter'\]"
    ):
        Clustered("exporte").covariance(scores, keys)
    with pytest.raises(ColumnError, match="F-111"):
        Clustered("exporter^yaer").covariance(scores, keys)


def test_names_of_clusters_are_read_as_effects_are():
    frame = pd.DataFrame(
        {
            "a": ["x", "x", "y", "y"],
            "b": [1, 2, 1, 2],
            "o": list("pqpq"),
            "d": list("qpqp"),
        }
    )
    keys = RowKeys(frame, Listed(np.array([3, 0, 1])), {"pair": ("o", "d")})
    for name in ("a^b", "a:b", " a ^ b "):
        np.testing.assert_array_equal(keys.codes(name).codes, [2, 0, 1])
    np.testing.assert_array_equal(keys.codes("pair").codes, [1, 0, 1])
    assert keys.codes("pair^a").count == 3
    first, second = keys.shared("o", "d")
    assert (first.codes != second.codes).all()
    assert first.count == second.count == 2
    text, numbers = keys.shared("a", "b")
    assert not np.intersect1d(text.codes, numbers.codes).size
    gaps = RowKeys(frame.assign(a=["x", None, "y", "y"]), Listed(np.arange(4)))
    with pytest.raises(ColumnError, match=r"F-552.*1 rows.*'a'.*row 1"):
        gaps.codes("a")


@pytest.mark.parametrize(
    ("recipe", "positional", "named", "code"),
    [
        (Clustered, (), {}, "F-553"),
        (Clustered, ("pair",), {"ssc": "stata"}, "F-554"),
        (SmallSample, ("mine",), {"counts": "some"}, "F-554"),
        (Robust, ("HC4",), {}, "F-553"),
        (Iid, (-1.0,), {}, "F-556"),
        (ScoreBootstrap, (), {"weights": "normal"}, "F-556"),
        (ScoreBootstrap, (), {"draws": 3}, "F-556"),
        (Conley, (0,), {}, "F-556"),
        (Conley, (10,), {"kernel": "gauss"}, "F-556"),
    ],
)
def test_impossible_recipes_are_refused_when_they_are_made(
    recipe, positional, named, code
):
    with pytest.raises(ModelError, match=code):
        recipe(*positional, **named)


@pytest.mark.parametrize(
    ("recipe", "error", "code"),
    [
        (Clustered("everywhere"), ModelError, "F-553"),
        (DriscollKraay(4, "year"), ModelError, "F-556"),
        (Conley(10, origin=("lon_o", "row")), NumberError, "F-557"),
    ],
)
def test_impossible_requests_are_refused_with_a_reason(fitted, recipe, error, code):
    scores, columns, _, _ = fitted
    columns = naive.Columns(columns.columns | {"row": 1000.0 + np.arange(scores.n)})
    with pytest.raises(error, match=code):
        recipe.covariance(scores, columns)


def test_too_many_levels_for_a_dense_block_are_refused_with_the_number(fitted):
    scores, _, x, _ = fitted
    with pytest.raises(ModelError, match=r"F-550.*48 levels.*limit is 10"):
        full_leverage(scores, largest=10)
    with pytest.raises(ModelError, match="F-550"):
        level_errors(scores, x, most=10)
