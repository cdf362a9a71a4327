"""PPML and least squares with absorbed effects: the answers of dummies written out."""

from __future__ import annotations

import gravity_worlds as worlds
import naive
import numpy as np
import pandas as pd
import pytest
from gravity_worlds import SECTORS, THREE_WAY, TWO_WAY, arrays_of, at_rows, estimate

import forecast as fc
from forecast.gravity.engine import direct, poisson
from forecast.gravity.engine.absorption import absorb
from forecast.gravity.engine.row_estimate import are_apart
from forecast.gravity.records import Codes

FAMILIES = ["poisson", "gaussian"]
EFFECTS = {
    "none": "",
    "one": "exporter^year",
    "two, structural": TWO_WAY,
    "two, plain": "exporter + importer",
    "three, structural": THREE_WAY,
    "three, pairs of both directions": TWO_WAY + " + pair",
    "three, plain": "exporter + importer + year",
    "three, by sector": SECTORS,
    "four": THREE_WAY + " + club",
    "four, nested": "exporter + importer + year + exporter^importer",
}
EXTRAS = {
    "bare": {},
    "weights": {"weights": "w"},
    "offset": {"offset": "o"},
    "both": {"weights": "w", "offset": "o"},
}


def formula(effects, left="y ~ x0 + x1"):
    return f"{left} | {effects}" if effects else left


def world(name):
    sectors = 2 if "sector" in name else 1
    return worlds.trade(seed=3, n_regions=5, n_sectors=sectors)


@pytest.fixture
def in_rows(monkeypatch):
    """Let nothing be laid out in slots."""
    monkeypatch.setattr(poisson, "plan_slots", lambda *_: None)


CONDITIONERS = ("dense factor", "sparse factor", "diagonal")


def force(conditioner, monkeypatch):
    monkeypatch.setattr(direct, "FEW_LEVELS", 10**6 if conditioner[0] == "d" else 0)
    if conditioner == "diagonal":
        monkeypatch.setattr(direct, "FEW_LEVELS", 0)
    monkeypatch.setattr(direct, "contracts", lambda *_: conditioner == "diagonal")
    monkeypatch.setattr(direct, "ENTRIES_PER_LEVEL", 10**9)


# ------------------------------------------------------------- dummies written out


@pytest.mark.parametrize("extras", EXTRAS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", EFFECTS)
def test_absorbing_equals_writing_the_dummies_out(name, family, extras):
    arrays = arrays_of(world(name), formula(EFFECTS[name]), family, **EXTRAS[extras])
    fit = estimate(arrays, family)
    expected = worlds.slopes_on_dummies(arrays, fit.rows, family)
    np.testing.assert_allclose(fit.beta, expected, atol=1e-8)
    check(arrays, fit)


def check(arrays, fit):
    """What holds for every fit, whatever the data."""
    data = at_rows(arrays, fit.rows)
    X = np.column_stack([np.empty((fit.n, 0)), *data["columns"]])
    D = naive.dummy_design([], data["effects"], fit.n)
    w = np.ones(fit.n) if data["weights"] is None else data["weights"]
    assert (fit.y == data["y"]).all()

    # Score equations and adding-up, relative to the outcome.
    size = np.abs(w * fit.y).sum()
    assert (np.abs(D.T @ fit.residuals) <= 1e-8 * size).all()
    spread = np.maximum(np.abs(X).max(axis=0, initial=0), 1e-300)
    assert (np.abs(X.T @ fit.residuals) / spread <= 1e-8 * size).all()
    assert fit.score_norm <= 1e-8

    # The effects rebuild the linear predictor.
    eta = arrays.linear(fit.beta, fit.rows)
    for values, levels in zip(fit.level_values, fit.effects, strict=True):
        assert values.shape == (levels.count,)
        assert set(levels.codes) == set(range(levels.count))
        eta = eta + values[levels.codes]
    np.testing.assert_allclose(
        eta, fit.eta, rtol=0, atol=1e-10 * (1 + np.abs(eta).max())
    )

    # Levels of effects are those of the design.
    for own, levels in zip(data["effects"], fit.effects, strict=True):
        assert len(np.unique(own * (levels.count + 1) + levels.codes)) == levels.count

    # Projected regressors and their moments.
    G = np.zeros((fit.n, 0)) if not data["effects"] else D
    rest = on_dummies(G, fit.working, X)
    np.testing.assert_allclose(fit.x_tilde, rest, rtol=0, atol=1e-5)
    inverse = np.linalg.inv(rest.T @ (fit.working[:, None] * rest))
    np.testing.assert_allclose(fit.bread, inverse, rtol=1e-7)


def on_dummies(D, weights, X):
    root = np.sqrt(weights)[:, None]
    return X - D @ np.linalg.lstsq(root * D, root * X, rcond=1e-12)[0]


@pytest.mark.parametrize("extras", EXTRAS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["none", "two, structural", "three, structural"])
def test_slopes_and_standard_errors_are_those_of_statsmodels(name, family, extras):
    import statsmodels.api as sm

    frame = world(name)
    arrays = arrays_of(frame, formula(EFFECTS[name]), family, **EXTRAS[extras])
    fit = estimate(arrays, family)
    data = at_rows(arrays, fit.rows)
    Z = naive.dummy_design(data["columns"], data["effects"], fit.n)
    Z = Z[:, naive.independent(Z)]
    w = np.ones(fit.n) if data["weights"] is None else data["weights"]
    o = np.zeros(fit.n) if data["offset"] is None else data["offset"]
    if family == "poisson":
        model = sm.GLM(fit.y, Z, sm.families.Poisson(), offset=o, freq_weights=w)
        theirs = model.fit(tol=1e-14, maxiter=200)
    else:
        theirs = sm.WLS(fit.y - o, Z, w).fit()
    k = len(fit.beta)
    np.testing.assert_allclose(fit.beta, theirs.params[:k], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(fit.mu, theirs.fittedvalues + o * (family == "gaussian"),
                               rtol=1e-6, atol=1e-8)  # fmt: skip
    scale = 1.0 if family == "poisson" else theirs.scale
    np.testing.assert_allclose(
        scale * fit.bread, theirs.cov_params()[:k, :k], rtol=1e-6
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", [name for name in EFFECTS if name != "none"])
def test_a_model_without_regressors_fits_the_margins(name, family):
    frame = world(name)
    arrays = arrays_of(frame, formula(EFFECTS[name], "y ~ 1"), family)
    fit = estimate(arrays, family)
    assert fit.beta.shape == (0,)
    assert fit.bread.shape == (0, 0)
    assert fit.x_tilde.shape == (fit.n, 0)
    check(arrays, fit)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_constant_alone_is_the_mean(family):
    frame = worlds.trade()
    fit = estimate(arrays_of(frame, "y ~ 1", family, weights="w"), family)
    mean = np.average(frame["y"], weights=frame["w"])
    value = np.log(mean) if family == "poisson" else mean
    np.testing.assert_allclose(fit.beta, value, rtol=1e-12)
    np.testing.assert_allclose(fit.mu, mean, rtol=1e-12)


# ---------------------------------------------------------------- layouts, conditioners


STRUCTURAL = ["two, structural", "three, structural", "three, by sector"]


@pytest.mark.parametrize("name", EFFECTS)
def test_structural_gravity_is_laid_out_in_slots_and_nothing_else(name):
    arrays = arrays_of(world(name), formula(EFFECTS[name]), "poisson")
    slotted = type(estimate(arrays, "poisson").view).__name__ == "SlottedView"
    assert slotted == (name in STRUCTURAL)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("effects", [THREE_WAY, SECTORS])
def test_the_order_of_effects_does_not_hide_structural_gravity(effects, order):
    parts = effects.split(" + ")
    text = formula(" + ".join(parts[at] for at in order))
    arrays = arrays_of(world(effects), text, "poisson")
    fit = estimate(arrays, "poisson")
    assert type(fit.view).__name__ == "SlottedView"
    check(arrays, fit)


@pytest.mark.parametrize("extras", EXTRAS)
@pytest.mark.parametrize("conditioner", CONDITIONERS)
@pytest.mark.parametrize("name", STRUCTURAL)
def test_slots_and_sorted_rows_agree(name, conditioner, extras, monkeypatch):
    arrays = arrays_of(world(name), formula(EFFECTS[name]), "poisson", **EXTRAS[extras])
    slots = estimate(arrays, "poisson")
    monkeypatch.setattr(poisson, "plan_slots", lambda *_: None)
    force(conditioner, monkeypatch)
    rows = estimate(arrays, "poisson")
    assert type(slots.view) is not type(rows.view)
    agree(slots, rows)


def agree(one, other):
    """Two fits of the same rows, each in its own order."""
    first, second = np.argsort(one.rows), np.argsort(other.rows)
    assert (one.rows[first] == other.rows[second]).all()
    np.testing.assert_allclose(one.beta, other.beta, rtol=0, atol=1e-8)
    np.testing.assert_allclose(one.bread, other.bread, rtol=1e-7)
    np.testing.assert_allclose(one.mu[first], other.mu[second], rtol=1e-7)
    np.testing.assert_allclose(
        one.x_tilde[first], other.x_tilde[second], rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("extras", EXTRAS)
@pytest.mark.parametrize("conditioner", CONDITIONERS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", [name for name in EFFECTS if name != "none"])
def test_conditioners_agree(name, family, conditioner, extras, in_rows, monkeypatch):
    frame = world(name)
    arrays = arrays_of(frame, formula(EFFECTS[name]), family, **EXTRAS[extras])
    force(conditioner, monkeypatch)
    fit = estimate(arrays, family)
    expected = worlds.slopes_on_dummies(arrays, fit.rows, family)
    np.testing.assert_allclose(fit.beta, expected, atol=1e-8)
    check(arrays, fit)


@pytest.fixture(scope="module")
def ring():
    """Each worker is at two neighbouring firms, so effects hang together by a chain."""
    rng = np.random.default_rng(0)
    worker, year = np.divmod(np.arange(600), 4)
    firm = (worker // 2 + (year % 2) * (rng.random(600) < 0.5)) % 75
    frame = pd.DataFrame({"worker": worker, "firm": firm, "year": year})
    frame["x0"], frame["x1"] = rng.normal(size=(2, 600))
    frame["y"] = rng.gamma(1, np.exp(0.2 * frame["x0"] + rng.normal(size=75)[firm]))
    every = np.arange(600)
    arrays = arrays_of(frame, formula("worker + firm + year"), "poisson")
    return arrays, {f: worlds.slopes_on_dummies(arrays, every, f) for f in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("conditioner", CONDITIONERS)
def test_a_ring_of_firms_and_workers_is_solved_by_any_conditioner(
    conditioner, family, ring, monkeypatch
):
    arrays, expected = ring
    force(conditioner, monkeypatch)
    fit = estimate(arrays, family)
    assert fit.n == 600
    np.testing.assert_allclose(fit.beta, expected[family], atol=1e-8)


@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY])
def test_cells_asked_for_twice_fall_back_to_rows(effects):
    frame = worlds.trade()
    again = frame.sample(20, random_state=1)
    again["y"] += 1
    both = pd.concat([frame, again], ignore_index=True)
    arrays = arrays_of(both, formula(effects), "poisson", weights="w")
    fit = estimate(arrays, "poisson")
    assert type(fit.view).__name__ == "SortedView"
    expected = worlds.slopes_on_dummies(arrays, fit.rows, "poisson")
    np.testing.assert_allclose(fit.beta, expected, atol=1e-8)
    check(arrays, fit)


def test_a_mostly_empty_panel_falls_back_to_rows():
    frame = worlds.trade(n_regions=12, n_years=6, missing=0.75, zeros=0.0)
    arrays = arrays_of(frame, formula(THREE_WAY), "poisson")
    fit = estimate(arrays, "poisson")
    assert type(fit.view).__name__ == "SortedView"
    check(arrays, fit)


# ------------------------------------------------------------------------ hard cases


@pytest.mark.parametrize("effects", ["", TWO_WAY, THREE_WAY, "exporter + importer"])
@pytest.mark.parametrize("extras", EXTRAS)
def test_a_tighter_tolerance_moves_nothing(effects, extras):
    arrays = arrays_of(worlds.trade(), formula(effects), "poisson", **EXTRAS[extras])
    one = estimate(arrays, "poisson")
    other = estimate(arrays, "poisson", tolerance=1e-10)
    np.testing.assert_allclose(one.beta, other.beta, rtol=0, atol=1e-8)
    np.testing.assert_allclose(one.bread, other.bread, rtol=1e-7)
    np.testing.assert_allclose(one.mu, other.mu, rtol=1e-6)


@pytest.mark.parametrize("layout", ["slots", "rows"])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY])
def test_weights_over_ten_decades_are_borne(effects, family, layout, request):
    if layout == "rows":
        request.getfixturevalue("in_rows")
    frame = worlds.trade(zeros=0.1)
    frame["w"] = 10 ** np.random.default_rng(1).uniform(-5, 5, len(frame))
    arrays = arrays_of(frame, formula(effects), family, weights="w")
    fit = estimate(arrays, family)
    expected = worlds.slopes_on_dummies(arrays, fit.rows, family)
    np.testing.assert_allclose(fit.beta, expected, atol=1e-8)


@pytest.mark.parametrize("layout", ["slots", "rows"])
@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY])
def test_outcomes_over_ten_decades_are_borne(effects, layout, request):
    if layout == "rows":
        request.getfixturevalue("in_rows")
    frame = worlds.trade(zeros=0.1)
    frame["y"] *= 10 ** np.random.default_rng(1).uniform(-5, 5, len(frame))
    arrays = arrays_of(frame, formula(effects), "poisson")
    fit = estimate(arrays, "poisson")
    expected = worlds.slopes_on_dummies(arrays, fit.rows, "poisson")
    np.testing.assert_allclose(fit.beta, expected, atol=1e-8)


@pytest.mark.parametrize("layout", ["slots", "rows"])
@pytest.mark.parametrize("shift", [-800.0, 800.0, 1e5])
@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY])
def test_an_offset_beyond_the_range_of_exponentials_is_taken_up_by_effects(
    effects, shift, layout, request
):
    if layout == "rows":
        request.getfixturevalue("in_rows")
    frame = worlds.trade()
    near = estimate(
        arrays_of(frame, formula(effects), "poisson", offset="o"), "poisson"
    )
    frame["o"] += shift * (frame["exporter"] > "R02")
    far = estimate(arrays_of(frame, formula(effects), "poisson", offset="o"), "poisson")
    np.testing.assert_allclose(far.beta, near.beta, atol=1e-8)
    np.testing.assert_allclose(far.mu, near.mu, rtol=1e-7)


@pytest.mark.parametrize("conditioner", CONDITIONERS)
@pytest.mark.parametrize("layout", ["slots", "rows"])
@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY, "exporter + importer + year"])
def test_a_flat_outcome_has_slopes_of_zero(effects, layout, conditioner, request):
    """At once: every score is zero at the start, and what is left is rounding."""
    if layout == "rows":
        request.getfixturevalue("in_rows")
    force(conditioner, request.getfixturevalue("monkeypatch"))
    frame = worlds.trade(missing=0.0)
    signs = [np.where(frame[key].rank(method="dense") % 2 == 0, 1.0, -1.0)
             for key in ("exporter", "importer", "year")]  # fmt: skip
    frame["x1"], frame["y"] = signs[0] * signs[1] * signs[2], 5.0
    arrays = arrays_of(frame, formula(effects), "poisson")
    fit = estimate(arrays, "poisson")
    np.testing.assert_allclose(fit.beta, 0, atol=1e-12)
    assert fit.iterations <= 3
    check(arrays, fit)


@pytest.mark.parametrize("size", [1e2, 1e3, 1e4])
@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY, "exporter + importer + year"])
def test_what_effects_hold_of_a_regressor_may_be_nearly_all(effects, size):
    """The rest of it, a ten thousandth, tells the slope to as many digits."""
    frame = worlds.trade(3)
    near = estimate(arrays_of(frame, formula(effects), "poisson"), "poisson")
    year = ["year"] if "^" in effects else []
    for weight, end in enumerate(("exporter", "importer"), 1):
        level = frame.groupby([end, *year]).ngroup()
        frame["x0"] += size * weight * level
    arrays = arrays_of(frame, formula(effects), "poisson")
    fit = estimate(arrays, "poisson")
    np.testing.assert_allclose(fit.beta, near.beta, atol=1e-8)
    np.testing.assert_allclose(fit.bread, near.bread, rtol=1e-7)
    check(arrays, fit)


@pytest.mark.parametrize("layout", ["slots", "rows"])
def test_a_regressor_of_few_rows_may_have_a_large_effect(layout, request):
    """Every region trades far more at home than its size would tell, each in its way."""
    if layout == "rows":
        request.getfixturevalue("in_rows")
    rng = np.random.default_rng(0)
    i, j, t = (part.ravel() for part in np.meshgrid(*map(np.arange, (30, 30, 3))))
    size = rng.normal(0, 3, 30)
    frame = pd.DataFrame({"exporter": i, "importer": j, "year": t})
    frame["home"] = np.where(i == j, i, 0)  # the first region is the reference
    frame["y"] = np.exp(size[i] + size[j] + 8 * (i == j)) * rng.gamma(2, 0.5, i.size)
    arrays = arrays_of(frame, formula(TWO_WAY, "y ~ i(home, ref=0)"), "poisson")
    fit = estimate(arrays, "poisson")
    assert len(fit.beta) == 29
    expected = worlds.slopes_on_dummies(arrays, fit.rows, "poisson")
    np.testing.assert_allclose(fit.beta, expected, atol=1e-6)


@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY, "exporter + importer"])
def test_what_effects_fit_perfectly_is_fitted(effects):
    frame = worlds.trade()
    size = frame["exporter"].str[1:].astype(int) + frame["importer"].str[1:].astype(int)
    frame["y"] = np.exp(0.5 * size)
    arrays = arrays_of(frame, formula(effects), "poisson")
    fit = estimate(arrays, "poisson")
    np.testing.assert_allclose(fit.beta, 0, atol=1e-8)
    np.testing.assert_allclose(fit.mu, fit.y, rtol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("effects", [TWO_WAY, THREE_WAY, "exporter + importer + year"])
def test_worlds_that_do_not_trade_with_each_other_are_fitted_together(effects, family):
    """Two components without a link: effects have a constant each, slopes are one."""
    one, other = worlds.trade(1), worlds.trade(2)
    other[["exporter", "importer"]] = "S" + other[["exporter", "importer"]]
    other["y"] *= 1e4
    arrays = arrays_of(
        pd.concat([one, other], ignore_index=True), formula(effects), family
    )
    fit = estimate(arrays, family)
    expected = worlds.slopes_on_dummies(arrays, fit.rows, family)
    np.testing.assert_allclose(fit.beta, expected, rtol=1e-8, atol=1e-8)
    check(arrays, fit)


# --------------------------------------------------------------------------- absorption


@pytest.mark.parametrize("weighting", ["equal", "some zero"])
@pytest.mark.parametrize("conditioner", CONDITIONERS)
def test_absorbed_columns_are_least_squares_residuals(
    conditioner, weighting, monkeypatch
):
    force(conditioner, monkeypatch)
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, size, 200) for size in (12, 9, 5)]
    effects = [Codes(c.astype(np.int32), c.max() + 1) for c in codes]
    columns = rng.normal(size=(200, 3)) * [1.0, 1e-9, 1e9] + [0.0, 1.0, 1e10]
    weights = None if weighting == "equal" else rng.uniform(0, 1, 200).round(1)
    D = naive.dummy_design([], codes, 200)
    w = np.ones(200) if weights is None else weights
    out = absorb(columns, effects, weights)
    used = w > 0
    for k, size in enumerate([1.0, 1e-9, 1e9]):
        expected = on_dummies(D, w, columns[:, [k]])[:, 0]
        precision = max(1e-10 * size, 1e-14 * np.abs(columns[:, k]).max())
        np.testing.assert_allclose(out[used, k], expected[used], atol=precision)


def test_nothing_to_absorb_leaves_columns_as_they_are():
    columns = np.arange(6.0).reshape(3, 2)
    out = absorb(columns, [])
    assert (out == columns).all()
    assert out is not columns


# ------------------------------------------------------------- the guide to trade policy


@pytest.fixture(scope="module")
def agtpa(reference_data):
    table = pd.read_parquet(reference_data("agtpa/agtpa_applications.parquet"))
    table = table[table["year"].isin(range(1986, 2007, 4))]
    return table.assign(log_dist=np.log(table["dist"]))


LADDER = {
    "OLS, no agreements": (
        "ols", "log(trade) ~ log_dist + cntg + lang + clny", TWO_WAY, 25_689,
        {"log_dist": (-1.2156, 0.0376), "cntg": (0.2232, 0.1995),
         "lang": (0.6609, 0.0807), "clny": (0.6705, 0.1470)},
    ),
    "PPML, no agreements": (
        "ppml", "trade ~ log_dist + cntg + lang + clny", TWO_WAY, 28_152,
        {"log_dist": (-0.8409, 0.0317), "cntg": (0.4374, 0.0832),
         "lang": (0.2475, 0.0765), "clny": (-0.2225, 0.1162)},
    ),
    "OLS": (
        "ols", "log(trade) ~ log_dist + cntg + lang + clny + rta", TWO_WAY, 25_689,
        {"rta": (-0.0044, 0.0531), "log_dist": (-1.2159, 0.0384)},
    ),
    "PPML": (
        "ppml", "trade ~ log_dist + cntg + lang + clny + rta", TWO_WAY, 28_152,
        {"rta": (0.1907, 0.0658), "log_dist": (-0.8216, 0.0310)},
    ),
    "PPML with domestic trade and pairs": (
        "ppml", "trade ~ rta", TWO_WAY + " + pair_id", 28_482, {"rta": (0.5572, 0.1022)},
    ),
}  # fmt: skip


@pytest.mark.reference
@pytest.mark.parametrize("step", LADDER)
def test_the_ladder_of_the_guide_is_climbed(agtpa, step):
    estimator, left, effects, n, numbers = LADDER[step]
    flows = (
        agtpa if "domestic" in step else agtpa[agtpa["exporter"] != agtpa["importer"]]
    )
    if estimator == "ols":
        flows = flows[flows["trade"] > 0]
    vcov = fc.Clustered("pair_id", ssc="ppmlhdfe")
    fit = fc.Gravity(f"{left} | {effects}", estimator=estimator, vcov=vcov).fit(flows)
    assert fit.nobs == n
    for term, (slope, error) in numbers.items():
        assert fit.params[term] == pytest.approx(slope, abs=6e-5)
        assert fit.bse[term] == pytest.approx(error, abs=6e-5)
    assert fit.estimate.score_norm <= 1e-8


@pytest.mark.reference
def test_domestic_levels_are_redundant_and_directed_pairs_are_another_model(agtpa):
    """One level for all domestic flows or one for each country: the same 12 digits."""
    home = agtpa["exporter"] == agtpa["importer"]
    flows = agtpa.assign(one_home=agtpa["pair_id"].where(~home, -1))
    slopes = {
        pair: fc.Gravity(f"trade ~ rta | {TWO_WAY} + {pair}").fit(flows)
        for pair in ("pair_id", "one_home", "exporter^importer")
    }
    own, one, directed = (fit.params["rta"] for fit in slopes.values())
    assert own == pytest.approx(0.557185, abs=5e-7)
    assert one == pytest.approx(own, rel=1e-8)
    assert directed == pytest.approx(0.5671, abs=5e-5)
    assert slopes["exporter^importer"].nobs == 28_236


@pytest.mark.reference
def test_the_cross_section_of_2006_has_the_printed_likelihood(agtpa):
    flows = agtpa[agtpa["year"] == 2006]
    flows = flows.assign(border=(flows["exporter"] != flows["importer"]) * 1.0)
    text = "trade ~ log_dist + cntg + border | exporter + importer"
    fit = fc.Gravity(text, vcov=fc.Robust("HC0", ssc="ppmlhdfe")).fit(flows)
    assert fit.nobs == 4_761
    printed = {
        "log_dist": (-0.7912879, 0.0501494),
        "cntg": (0.6736456, 0.1073719),
        "border": (-2.47445, 0.1193816),
    }
    for term, (slope, error) in printed.items():
        assert fit.params[term] == pytest.approx(slope, abs=5e-6)
        assert fit.bse[term] == pytest.approx(error, abs=5e-6)
    assert fit.llf == pytest.approx(-2284121.5, abs=0.5)


def test_clusters_are_added_up_apart_only_where_blocks_share_none():
    codes = np.array([0, 0, 1, 1, 3], np.int32)
    assert are_apart(codes, np.array([2, 4]))
    assert not are_apart(codes, np.array([1]))
    assert not are_apart(codes[::-1], np.array([2]))
    assert are_apart(codes, np.array([], int))
