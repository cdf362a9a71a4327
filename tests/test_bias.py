"""Corrected slopes and standard errors of PPML are those published, and cover."""

from __future__ import annotations

import naive_covariance as naive
import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.gravity.inference.bias import unshrunk_scores
from forecast.gravity.inference.corrected import BiasCorrected, as_pairs, panel_shape
from forecast.gravity.model import Gravity

THREE_WAY = "trade ~ x | exporter^year + importer^year + exporter^importer"
TWO_WAY = "trade ~ x | exporter^year + importer^year"


def panel(seed=0, n_regions=7, n_years=4, drop=0.0, k=2):
    """International flows of a small world, some cells missing; fitted densely."""
    random = np.random.default_rng(seed)
    i, j, t = (
        a.ravel()
        for a in np.meshgrid(
            np.arange(n_regions),
            np.arange(n_regions),
            np.arange(n_years),
            indexing="ij",
        )
    )
    kept = (i != j) & (random.random(i.size) >= drop)
    i, j, t = i[kept], j[kept], t[kept]
    x = random.normal(size=(i.size, k))
    y = np.exp(0.5 * x.sum(1) + 0.2 * i) * random.gamma(1, 1, i.size)
    columns = {"exporter": i, "importer": j, "year": 2000 + t}
    effects = {
        "exporter^year": _dense(i * n_years + t),
        "importer^year": _dense(j * n_years + t),
        "exporter^importer": _dense(i * n_regions + j),
    }
    return y, x, effects, naive.Columns(columns)


def _dense(codes):
    return np.unique(codes, return_inverse=True)[1]


def two_way(effects):
    return dict(list(effects.items())[:2])


# The formulas --------------------------------------------------------------------------


@pytest.mark.parametrize("drop", [0.0, 0.25], ids=["square", "gaps"])
def test_the_bias_is_the_published_sum_over_countries_and_pairs(drop):
    y, x, effects, columns = panel(drop=drop)
    scores = naive.fit_dense(y, x, effects)
    made = BiasCorrected("published").covariance(scores, columns)
    expected = naive.weidner_zylkin_bias(scores, columns.columns)
    np.testing.assert_allclose(made.bias, expected, rtol=1e-8)
    assert np.abs(made.bias).max() > 1e-4


@pytest.mark.parametrize("drop", [0.0, 0.25], ids=["square", "gaps"])
@pytest.mark.parametrize("pair_effect", [True, False], ids=["three-way", "two-way"])
def test_corrected_errors_undo_the_pull_of_each_pair_on_its_effects(drop, pair_effect):
    y, x, effects, columns = panel(drop=drop)
    effects = effects if pair_effect else two_way(effects)
    scores = naive.fit_dense(y, x, effects)
    m = naive.unshrunk(scores, columns.columns, effects, pair_effect)
    pairs = naive.pairs_of(columns.columns).values()
    e = scores.estimate
    inner = np.array([m[rows] @ e.x_tilde[rows] for rows in pairs])
    outer = np.array([e.residuals[rows] @ e.x_tilde[rows] for rows in pairs])
    G = len(inner)
    once = inner.T @ outer
    meats = {"published": (once + once.T) / 2, "recommended": inner.T @ inner}
    factors = {"published": G / (G - 1), "recommended": 6 / 7}
    for form, meat in meats.items():
        made = BiasCorrected(form).covariance(scores, columns)
        expected = factors[form] * e.bread @ meat @ e.bread
        np.testing.assert_allclose(made.matrix, expected, rtol=1e-7)
        assert made.factor == pytest.approx(factors[form])


@pytest.mark.parametrize("pair_effect", [True, False], ids=["three-way", "two-way"])
def test_in_least_squares_unshrunk_scores_are_the_jackknife_over_pairs(pair_effect):
    """Leaving a pair out moves the slopes by ``-V x'M s``, to the last digit."""
    y, x, effects, columns = panel(drop=0.2)
    effects = effects if pair_effect else two_way(effects)
    full = naive.fit_dense(y, x, effects, "gaussian")
    e = full.estimate
    m = naive.unshrunk(full, columns.columns, effects, pair_effect)
    shape = panel_shape(naive.fit_dense(y, x, effects), columns, None)
    arranged = as_pairs(full, columns, shape)
    fast = unshrunk_scores(arranged, e.bread, pair_effect=pair_effect)
    np.testing.assert_allclose(fast.ravel()[arranged.row], m, rtol=1e-7, atol=1e-10)
    for rows in list(naive.pairs_of(columns.columns).values())[::9]:
        rest = np.setdiff1d(np.arange(y.size), rows)
        without = naive.fit_dense(
            y[rest],
            x[rest],
            {k: _dense(v[rest]) for k, v in effects.items()},
            "gaussian",
        )
        moved = -e.bread @ e.x_tilde[rows].T @ m[rows]
        np.testing.assert_allclose(
            without.estimate.beta - e.beta, moved, rtol=1e-6, atol=1e-10
        )


def test_two_way_slopes_have_no_bias():
    y, x, effects, columns = panel()
    scores = naive.fit_dense(y, x, two_way(effects))
    made = BiasCorrected().covariance(scores, columns)
    assert (made.bias == 0).all()
    assert "the slopes have no bias" in made.explain()


def test_a_cross_section_is_a_two_way_model():
    y, x, effects, columns = panel(n_years=1)
    effects = {
        "exporter": columns.columns["exporter"],
        "importer": columns.columns["importer"],
    }
    scores = naive.fit_dense(y, x, effects)
    made = BiasCorrected("published").covariance(scores, columns)
    m = naive.unshrunk(scores, columns.columns, effects, pair_effect=False)
    x_tilde, s = scores.estimate.x_tilde, scores.estimate.residuals
    meat = (x_tilde * m[:, None]).T @ (x_tilde * s[:, None])
    G = scores.n
    expected = G / (G - 1) * scores.bread @ (meat + meat.T) / 2 @ scores.bread
    np.testing.assert_allclose(made.matrix, expected, rtol=1e-8)


# Laws ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["published", "recommended"])
def test_names_of_countries_order_of_rows_and_the_unit_of_trade_change_nothing(form):
    y, x, effects, columns = panel(drop=0.2)
    straight = BiasCorrected(form).covariance(naive.fit_dense(y, x, effects), columns)
    random = np.random.default_rng(1)
    order = random.permutation(y.size)
    other = random.permutation(7)
    c = columns.columns
    renamed = {
        "exporter": other[c["exporter"]][order],
        "importer": other[c["importer"]][order],
        "year": c["year"][order],
    }
    shuffled = {k: effects[k][order] for k in effects}
    scores = naive.fit_dense(1e6 * y[order], x[order], shuffled)
    made = BiasCorrected(form).covariance(scores, naive.Columns(renamed))
    np.testing.assert_allclose(made.bias, straight.bias, rtol=1e-6)
    np.testing.assert_allclose(made.matrix, straight.matrix, rtol=1e-6)


def test_exporters_and_importers_may_trade_places():
    y, x, effects, columns = panel(drop=0.2)
    straight = BiasCorrected().covariance(naive.fit_dense(y, x, effects), columns)
    c = columns.columns
    turned = naive.Columns(c | {"exporter": c["importer"], "importer": c["exporter"]})
    swapped = {
        "exporter^year": effects["importer^year"],
        "importer^year": effects["exporter^year"],
        "exporter^importer": effects["exporter^importer"],
    }
    made = BiasCorrected().covariance(naive.fit_dense(y, x, swapped), turned)
    np.testing.assert_allclose(made.bias, straight.bias, rtol=1e-7)
    np.testing.assert_allclose(made.matrix, straight.matrix, rtol=1e-7)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
@pytest.mark.parametrize("period", [None, "year"])
def test_the_period_is_found_whatever_the_order_of_effects(order, period):
    y, x, effects, columns = panel()
    straight = BiasCorrected().covariance(naive.fit_dense(y, x, effects), columns)
    names = [list(effects)[place] for place in order]
    scores = naive.fit_dense(y, x, {name: effects[name] for name in names})
    made = BiasCorrected(period=period).covariance(scores, columns)
    np.testing.assert_allclose(made.bias, straight.bias, rtol=1e-7)
    np.testing.assert_allclose(made.matrix, straight.matrix, rtol=1e-7)


def test_a_pair_that_decides_its_levels_alone_adds_nothing():
    """An exporter-year with a single destination is fitted perfectly."""
    y, x, effects, columns = panel(n_regions=6)
    c = columns.columns
    alone = (c["exporter"] == 0) & (c["year"] == 2001) & (c["importer"] != 3)
    keep = ~alone
    y, x = y[keep], x[keep]
    effects = {k: _dense(v[keep]) for k, v in effects.items()}
    columns = naive.Columns({k: v[keep] for k, v in c.items()})
    scores = naive.fit_dense(y, x, effects)
    made = BiasCorrected().covariance(scores, columns)
    assert np.isfinite(made.bias).all()
    single = (columns.columns["exporter"] == 0) & (columns.columns["year"] == 2001)
    rest = {k: _dense(v[~single]) for k, v in effects.items()}
    without = naive.fit_dense(y[~single], x[~single], rest)
    shown = naive.Columns({k: v[~single] for k, v in columns.columns.items()})
    expected = BiasCorrected().covariance(without, shown)
    np.testing.assert_allclose(made.matrix, expected.matrix, rtol=1e-5)


# Published -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def manufactures(reference_data):
    table = pd.read_parquet(reference_data("ppml_fe_bias/ppml_fe_bias_example.parquet"))
    names = {"isoexp": "exporter", "isoimp": "importer"}
    return table[table["category"] == "MANUF"].rename(columns=names)


@pytest.mark.reference
def test_the_three_way_example_of_ppml_fe_bias(manufactures):
    """Stata's output: bias .0076567524, adjusted standard error .0419558558."""
    fit = Gravity(THREE_WAY.replace("x", "fta", 1), tolerance=1e-13).fit(manufactures)
    assert fit.params["fta"] == pytest.approx(0.1780289644, abs=1e-9)
    made = fit.with_vcov(BiasCorrected("published", period="year"))
    assert made.covariance.bias[0] == pytest.approx(0.007656752564, abs=2e-9)
    assert made.bse["fta"] == pytest.approx(0.04195585576, abs=2e-9)
    assert made.params["fta"] == pytest.approx(0.1703722118, abs=1e-9)
    recommended = fit.with_vcov(BiasCorrected())
    assert recommended.params["fta"] == made.params["fta"]
    assert recommended.bse["fta"] > made.bse["fta"]


@pytest.mark.reference
def test_the_two_way_example_of_ppml_fe_bias(manufactures):
    terms = "ln_distw + contig + colony + comlang_off + comleg + fta"
    fit = Gravity(TWO_WAY.replace("x", terms, 1), tolerance=1e-13).fit(manufactures)
    plain = [0.03727782906, 0.06009661549, 0.08880104417]
    plain += [0.06288854896, 0.04112419511, 0.07484727644]
    np.testing.assert_allclose(fit.bse, plain, rtol=1e-6)
    made = fit.with_vcov(BiasCorrected("published"))
    adjusted = [0.04631038536, 0.07342432619, 0.1115109301]
    adjusted += [0.07655698474, 0.04905438698, 0.0908956834]
    np.testing.assert_allclose(made.bse, adjusted, rtol=1e-6)
    np.testing.assert_array_equal(made.params, fit.params)


# Refusals ------------------------------------------------------------------------------


def frame(n_regions=5, n_years=3, sectors=1):
    random = np.random.default_rng(3)
    cells = pd.MultiIndex.from_product(
        [list("abcdefgh")[:n_regions], list("abcdefgh")[:n_regions],
         range(2000, 2000 + n_years), range(sectors)],
        names=["exporter", "importer", "year", "sector"],
    )  # fmt: skip
    d = cells.to_frame(index=False)
    d = d[d["exporter"] != d["importer"]].reset_index(drop=True)
    ends = np.sort(d[["exporter", "importer"]].to_numpy(str), axis=1)
    return d.assign(
        trade=random.gamma(1, 1, len(d)), x=random.normal(size=len(d)),
        both=np.char.add(ends[:, 0], ends[:, 1]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "sectors", "reason"),
    [
        ("trade ~ x | exporter^year^sector + importer^year^sector"
         " + exporter^importer^sector", 2, "F-559.*sectors.*no theory"),
        (THREE_WAY, 2, "F-551.*several rows.*sectors one by one"),
        ("trade ~ x | exporter^year + importer^year + both", 1, "F-559.*'both'.*direction"),
        ("trade ~ x | exporter^year + importer", 1, "F-559.*exporter.year"),
        ("trade ~ x | year", 1, "F-559"),
    ],
)  # fmt: skip
def test_what_the_theory_does_not_cover_is_refused_with_a_reason(
    formula, sectors, reason
):
    fit = Gravity(formula).fit(frame(sectors=sectors))
    with pytest.raises(ModelError, match=reason):
        fit.with_vcov(BiasCorrected())


def test_least_squares_unknown_forms_and_large_panels_are_refused():
    fit = Gravity(TWO_WAY, estimator="ols").fit(frame())
    with pytest.raises(ModelError, match=r"F-559.*least squares"):
        fit.with_vcov(BiasCorrected())
    with pytest.raises(ModelError, match="F-556"):
        BiasCorrected("best")
    with pytest.raises(ModelError, match=r"F-550.*30 levels.*limit is 20"):
        Gravity(THREE_WAY).fit(frame()).with_vcov(BiasCorrected(largest=20))
