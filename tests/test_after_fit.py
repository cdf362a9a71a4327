"""After a fit: effects by level, predictions, hypotheses, functions of coefficients."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import forecast as fc
from forecast.errors import ModelError
from forecast.gravity.derived import normalisation
from forecast.gravity.derived.combinations import percentage_table
from forecast.gravity.derived.expressions import read_expression, read_hypotheses
from forecast.gravity.inference.bootstrap import ScoreBootstrap
from forecast.gravity.records import Codes

TWO_WAY = "origin^period + destination^period"
THREE_WAY = TWO_WAY + " + origin^destination"


@pytest.fixture(scope="module")
def flows():
    frame = fc.datasets.simulate_trade(8, 5, seed=3).frame
    return frame.assign(period=frame["period"].dt.year)


@pytest.fixture(scope="module")
def fit(flows):
    formula = f"flow ~ log(distance) + border + agreement | {TWO_WAY}"
    return fc.Gravity(formula).fit(flows)


@pytest.fixture(scope="module")
def plain(flows):
    """Models without effects, which statsmodels fits as well."""
    rows = flows[flows["flow"] > 0]
    formula = "log(flow) ~ log_distance + border + agreement + visit"
    return rows, fc.Gravity(formula, estimator="ols", vcov=fc.Iid()).fit(rows)


def design_of(rows, names):
    return sm.add_constant(rows[list(names)].astype(float))


# --------------------------------------------------------------- published numbers


@pytest.fixture(scope="module")
def agtpa(reference_data):
    pytest.importorskip("pyarrow")
    df = pd.read_parquet(reference_data("agtpa/agtpa_applications.parquet"))
    df = df[df["year"].isin(range(1986, 2007, 4))].reset_index(drop=True)
    abroad = df["exporter"] != df["importer"]
    log_dist = np.log(df["dist"])
    for year in range(1986, 2007, 4):
        df[f"log_dist_{year}"] = log_dist.where(abroad & (df["year"] == year), 0.0)
    return df.assign(
        log_dist_intra=log_dist.where(~abroad, 0.0),
        smctry=(~abroad).astype(int),
        intra_pair=df["exporter"].where(~abroad, "inter"),
    )


GLOBALISATION = "100*(log_dist_2006-log_dist_1986)/log_dist_1986"
YEARLY = " + ".join(f"log_dist_{year}" for year in range(1986, 2007, 4))
PUZZLE = [
    ("OLS", ""),
    ("PPML", ""),
    ("PPML + internal distance", " + log_dist_intra"),
    ("PPML + internal distance + home bias", " + log_dist_intra + smctry"),
    ("PPML + country-specific domestic effects", " + i(intra_pair, ref='ARG')"),
]


@pytest.mark.reference
@pytest.mark.parametrize(("column", "more"), PUZZLE)
def test_the_delta_method_gives_the_published_fall_of_the_distance_elasticity(
    agtpa, reference_data, column, more
):
    table = pd.read_csv(reference_data("agtpa/published.csv"))
    row = table[(table["column"] == column) & (table["term"] == GLOBALISATION)].iloc[0]
    rows = agtpa if more else agtpa[agtpa["smctry"] == 0]
    left, estimator = "trade", "ppml"
    if column == "OLS":
        rows, left, estimator = rows[rows["trade"] > 0], "log(trade)", "ols"
    gravity = fc.Gravity(
        f"{left} ~ {YEARLY} + cntg + lang + clny{more} | exporter^year + importer^year",
        estimator=estimator,
        vcov=fc.Clustered("pair_id"),
    )
    change = gravity.fit(rows).delta(GLOBALISATION)
    assert change.estimate == pytest.approx(row["estimate"], abs=row["tolerance"])
    assert change.std_error == pytest.approx(
        row["std_error"], abs=row["tolerance_std_error"]
    )


# ---------------------------------------------------------------------- expressions

EXPRESSIONS = [
    "a",
    "2*a - b/3 + 1",
    "100*(exp(a) - 1)",
    "-log(a)/b",
    "a^2 * b - sqrt(a)",
    "(a + b)**1.5 / (1 - c)",
    "2**a + b**c",
    "exp(a*b) / (1 + exp(a*b))",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_gradients_are_those_of_finite_differences(text):
    beta = np.array([0.7, 1.3, -0.4])
    expression = read_expression(text, ["a", "b", "c"])
    step = 1e-6
    for k in range(3):
        up, down = beta.copy(), beta.copy()
        up[k] += step
        down[k] -= step
        slope = (expression.at(up).number - expression.at(down).number) / (2 * step)
        assert expression.at(beta).slopes[k] == pytest.approx(slope, rel=1e-7, abs=1e-8)


def test_names_that_are_no_words_stand_as_they_are_or_in_backticks():
    terms = ["log(dist)", "rta", "rta_lag4", "year[2004]:dist", "GDP per head"]
    terms += ["year[2004]"]
    beta = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    for text, value in [
        ("log(dist) + rta", 3.0),
        ("rta_lag4 - rta", 2.0),
        ("year[2004]:dist*2", 16.0),
        ("year[2004]*2", 64.0),
        ("`GDP per head` + `rta`", 18.0),
        ("GDP per head/rta", 8.0),
        ("log(rta_lag4)/log(rta)", 2.0),
    ]:
        assert read_expression(text, terms).at(beta).number == pytest.approx(value)


def test_chains_of_equations_are_equations():
    read = read_hypotheses("a = b = 2*c, log(x) - 1", ["a", "b", "c", "log(x)"])
    assert [one.text for one in read] == ["a = b", "b = 2*c", "log(x) - 1 = 0"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "a = ",
        "a, , b",
        "__import__('os')",
        "a.real",
        "a[0]",
        "(lambda: a)()",
        "exp(a, b)",
        "sin(a)",
        "a if b else c",
        "'a'",
        "True*a",
        "1j*a",
        "a < b",
        "(" * 300 + "a" + ")" * 300,
        "a" * 6_000,
        5,
    ],
)
def test_whatever_is_no_arithmetic_of_coefficients_is_refused(text):
    with pytest.raises(ModelError, match="F-566"):
        read_hypotheses(text, ["a", "b", "c"])


def test_a_misspelt_coefficient_is_guessed():
    with pytest.raises(ModelError, match="Did you mean 'agreement'"):
        read_expression("agrement", ["agreement", "border"])


@pytest.mark.parametrize("text", ["log(0 - a)", "1/(a - a)", "sqrt(-a)", "exp(999*a)"])
def test_a_value_that_is_not_finite_is_refused_and_named(text):
    with pytest.raises(ModelError, match="F-577"):
        read_expression(text, ["a"]).at(np.array([2.0]))


# ------------------------------------------------------------------------ hypotheses


def test_wald_tests_in_least_squares_are_the_f_tests_of_statsmodels(plain):
    rows, fit = plain
    names = ["log_distance", "border", "agreement", "visit"]
    twin = sm.OLS(np.log(rows["flow"]), design_of(rows, names)).fit()
    made = fit.wald_test("border = 0, agreement = 2*visit + 0.1")
    told = twin.f_test("border = 0, agreement = 2*visit + 0.1")
    assert made.statistic == pytest.approx(float(told.fvalue), rel=1e-9)
    assert made.p_value == pytest.approx(float(told.pvalue), rel=1e-8)
    assert (made.dof, made.dof_denominator) == (told.df_num, told.df_denom)


def test_wald_tests_in_ppml_are_the_chi_squared_tests_of_statsmodels(flows):
    names = ["log_distance", "border", "agreement"]
    fit = fc.Gravity(
        "flow ~ log_distance + border + agreement",
        vcov=fc.Robust("HC0", ssc="none"),
    ).fit(flows)
    twin = sm.GLM(
        flows["flow"], design_of(flows, names), family=sm.families.Poisson()
    ).fit(cov_type="HC0", tol=1e-12, maxiter=200)
    made = fit.wald_test("border = agreement, log_distance = -1")
    told = twin.wald_test(
        "border = agreement, log_distance = -1", scalar=True, use_f=False
    )
    assert made.statistic == pytest.approx(float(told.statistic), rel=1e-7)
    assert made.p_value == pytest.approx(float(told.pvalue), rel=1e-6)
    assert made.reference == "chi2(2)"


def test_a_linear_combination_is_the_t_test_of_statsmodels(plain):
    rows, fit = plain
    names = ["log_distance", "border", "agreement", "visit"]
    twin = sm.OLS(np.log(rows["flow"]), design_of(rows, names)).fit()
    made = fit.linear_combination("border + 2*agreement - visit", null=0.2)
    told = twin.t_test("border + 2*agreement - visit = 0.2")
    assert made.estimate == pytest.approx(float(told.effect[0]), rel=1e-9)
    assert made.std_error == pytest.approx(float(told.sd[0, 0]), rel=1e-9)
    assert made.p_value == pytest.approx(float(told.pvalue), rel=1e-8)
    assert np.allclose(made.interval(0.9), told.conf_int(alpha=0.1)[0], rtol=1e-8)


def test_one_restriction_is_the_square_of_its_t_test(fit):
    made = fit.wald_test("border = agreement")
    single = fit.linear_combination("border - agreement")
    assert made.statistic == pytest.approx(single.statistic**2, rel=1e-10)
    assert made.p_value == pytest.approx(single.p_value, rel=1e-8)
    low, high = made.interval()
    assert (low[0], high[0]) == pytest.approx(single.interval())


def test_text_lists_and_matrices_say_the_same(fit):
    text = fit.wald_test("border = 0.5, 2*agreement = border")
    R = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 2.0]])
    assert fit.wald_test(["border = 0.5", "2*agreement = border"]) is not text
    for made in (
        fit.wald_test(["border = 0.5", "2*agreement = border"]),
        fit.wald_test(R, [0.5, 0.0]),
        fit.wald_test(
            pd.DataFrame(R[:, 1:], columns=["border", "agreement"]), [0.5, 0]
        ),
        fit.wald_test(R[::-1] * 7.0, [0.0, 3.5]),
    ):
        assert made.statistic == pytest.approx(text.statistic, rel=1e-10)
    assert fit.wald_test(R, [0.5, 0]).hypotheses == (
        "border = 0.5",
        "- border + 2*agreement = 0",
    )


def test_units_of_regressors_do_not_matter(flows, fit):
    scaled = flows.assign(border=flows["border"] * 1e8)
    formula = f"flow ~ log(distance) + border + agreement | {TWO_WAY}"
    other = fc.Gravity(formula).fit(scaled)
    made = other.wald_test("log(distance) = 1e8*border, agreement = 0.1")
    told = fit.wald_test("log(distance) = border, agreement = 0.1")
    assert made.statistic == pytest.approx(told.statistic, rel=1e-6)


@pytest.mark.parametrize(
    ("hypotheses", "code"),
    [
        ("border = 0, 2*border = 1", "F-568"),
        ("border = 0, agreement = 0, border = agreement", "F-568"),
        ("0*border = 0", "F-568"),
        ("border*agreement = 0", "F-567"),
        ("1/border = 0", "F-567"),
        ("exp(border) = 1", "F-567"),
        (np.ones((1, 2)), "F-566"),
        (np.full((1, 3), np.nan), "F-566"),
        ([[1, 0, "x"]], "F-566"),
        (pd.DataFrame({"bordr": [1.0]}), "F-566"),
    ],
)
def test_hypotheses_that_are_none_are_refused(fit, hypotheses, code):
    with pytest.raises(ModelError, match=code):
        fit.wald_test(hypotheses)


def test_a_hypothesis_that_follows_from_others_is_said_to_say_nothing_new(fit):
    with pytest.raises(ModelError, match="of which only 1 say something new"):
        fit.wald_test("border = 0, 2*border = 1")


def test_more_hypotheses_than_clusters_are_refused(flows):
    few = flows.assign(half=np.where(flows["origin"] < "R5", "a", "b"))
    made = fc.Gravity("flow ~ border + agreement + visit", vcov=fc.Clustered("half"))
    with pytest.raises(ModelError, match=r"F-568.*2 in 'half'"):
        made.fit(few).wald_test("border = 0, agreement = 0, visit = 0")


def test_a_bootstrap_serves_single_coefficients_only(fit):
    again = fit.with_vcov(ScoreBootstrap("origin", draws=199))
    single = again.wald_test("border = 0")
    assert single.p_value == pytest.approx(again.pvalues["border"])
    half = again.delta("border/-2 + 1")
    low, high = again.conf_int().loc["border"]
    assert half.interval() == pytest.approx((1 - high / 2, 1 - low / 2))
    # Not symmetric: the sign of a combination has to be followed.
    turned = again.linear_combination("-1*border", null=-0.4)
    assert turned.p_value == again.wald_test("border = 0.4").p_value
    for refused in (
        lambda: again.wald_test("border = 0, agreement = 0"),
        lambda: again.linear_combination("border + agreement"),
    ):
        with pytest.raises(ModelError, match="F-569"):
            refused()


# -------------------------------------------------------------- functions, per cent


def test_per_cent_are_the_delta_method_and_their_intervals_are_transformed(fit):
    table = fit.percentage_effects(0.9).set_index("term")
    one = fit.delta("100*(exp(border) - 1)")
    assert table.loc["border", "estimate"] == pytest.approx(one.estimate)
    assert table.loc["border", "std_error"] == pytest.approx(one.std_error)
    assert table.loc["border", "p_value"] == pytest.approx(fit.pvalues["border"])
    ends = fit.conf_int(0.1).loc["border"]
    assert table.loc["border", ["conf_low", "conf_high"]].to_list() == pytest.approx(
        (100 * np.expm1(ends)).to_list()
    )
    plain = fit.percentage_effects(0.9, interval="delta").set_index("term")
    assert plain.loc["border", ["conf_low", "conf_high"]].to_list() == pytest.approx(
        list(one.interval(0.9))
    )
    with pytest.raises(ModelError, match="F-574"):
        fit.percentage_effects(interval="exact")


def test_a_transformed_interval_never_falls_by_more_than_all():
    from forecast.gravity.inference.covariance import Covariance
    from forecast.gravity.inference.reference import Normal

    wide = Covariance(np.array([[4.0]]), ("x",), "", "", "1", 1.0, Normal(), 9)
    table = percentage_table(np.array([-1.0]), wide, 0.95, "transformed")
    assert table["conf_low"][0] > -100
    assert percentage_table(np.array([-1.0]), wide, 0.95, "delta")["conf_low"][0] < -100


def test_results_are_frozen_and_become_tables(fit):
    test, value = fit.wald_test("border = 0, agreement = 0"), fit.delta("exp(border)")
    for noun in (test, value):
        with pytest.raises(AttributeError):
            noun.p_value = 0.0
    assert value.to_frame().columns.to_list() == fit.tidy().columns.to_list()
    assert test.to_frame()["hypothesis"].to_list() == ["border = 0, agreement = 0"]
    assert "border = 0" in str(test)
    assert "exp(border)" in str(value)


# --------------------------------------------------------------------------- effects


def rebuilt(fit, effects):
    """Linear predictor of the rows used, from the table of effects."""
    rows, design = fit.estimate.rows, fit.design
    total = np.zeros(rows.size)
    kept = fit.drawn.collinearity.kept
    for slope, k in zip(fit.estimate.beta, kept, strict=True):
        total += slope * design.columns[k][rows]
    keys = design.source.iloc[design.positions[rows]]
    for effect in design.effects:
        own = effects[effects["effect"] == effect.name]
        value = own.set_index(list(effect.factors))["estimate"]
        wanted = keys[list(effect.factors)]
        if len(effect.factors) == 1:
            total += value.loc[wanted.iloc[:, 0].to_list()].to_numpy()
        else:
            total += value.loc[list(wanted.itertuples(index=False))].to_numpy()
    return total


MODELS = [
    ("ppml", TWO_WAY),
    ("ppml", THREE_WAY),
    ("ppml", "period + origin + destination"),
    ("ppml", "origin"),
    ("ols", TWO_WAY),
    ("ols", THREE_WAY),
    ("ols", "destination^period + origin"),
]


@pytest.mark.parametrize(("estimator", "effects"), MODELS)
def test_effects_and_slopes_rebuild_the_linear_predictor(flows, estimator, effects):
    left = "flow" if estimator == "ppml" else "log(flow)"
    rows = flows[flows["flow"] > 0]
    made = fc.Gravity(f"{left} ~ agreement | {effects}", estimator=estimator).fit(rows)
    table = made.fixed_effects()
    assert np.abs(rebuilt(made, table) - made.estimate.eta).max() < 1e-12
    assert (table.loc[table["zero"], "estimate"] == 0).all()
    assert (table["rows"] > 0).all()


def test_with_two_effects_the_first_destination_of_each_period_is_zero(fit):
    table = fit.fixed_effects()
    zero = table[table["zero"]]
    assert (zero["effect"] == "destination^period").all()
    assert zero["destination"].to_list() == ["R1"] * 5
    assert zero["period"].to_list() == [2014, 2015, 2016, 2017, 2018]
    parts = table.groupby(["effect", "component"])["period"].agg(["nunique", "min"])
    assert (parts["nunique"] == 1).all()
    assert "earliest levels" in table.attrs["normalisation"]


def test_effects_do_not_depend_on_the_order_of_rows_or_the_layout_of_the_engine(flows):
    formula = f"flow ~ agreement | {THREE_WAY}"
    first = fc.Gravity(formula).fit(flows).fixed_effects()
    mixed = flows.sample(frac=1.0, random_state=5)
    pd.testing.assert_frame_equal(
        fc.Gravity(formula).fit(mixed).fixed_effects(), first, rtol=0, atol=0
    )
    # A fourth effect that says nothing new takes the general layout.
    wide = fc.Gravity(formula + " + period").fit(flows).fixed_effects()
    wide = wide[wide["effect"] != "period"]
    assert np.allclose(wide["estimate"], first["estimate"], atol=1e-7)
    assert wide["component"].to_list() == first["component"].to_list()


def test_units_of_the_outcome_move_the_first_effect_only(flows):
    formula = f"flow ~ agreement | {THREE_WAY}"
    one = fc.Gravity(formula).fit(flows).fixed_effects()
    other = fc.Gravity(formula).fit(flows.assign(flow=flows["flow"] * 1e6))
    change = other.fixed_effects()["estimate"] - one["estimate"]
    first = one["effect"] == "origin^period"
    assert np.allclose(change[first], np.log(1e6), atol=1e-7)
    assert np.allclose(change[~first], 0, atol=1e-7)


def naive_null_space(effects):
    dummies = np.hstack([np.eye(e.count)[e.codes] for e in effects])
    _, sizes, rows = np.linalg.svd(dummies)
    return rows[(sizes > 1e-9 * sizes[0]).sum() :].T


def codes(values):
    levels, where = np.unique(values, return_inverse=True)
    return Codes(where.astype(np.int32), levels.size)


def gappy_panels():
    random = np.random.default_rng(7)
    for share in (0.4, 0.7, 1.0):
        sizes = random.integers(2, 6, 3)
        cells = np.meshgrid(*map(np.arange, sizes), indexing="ij")
        i, j, t = (part.ravel() for part in cells)
        keep = random.random(i.size) < share
        i, j, t = i[keep], j[keep], t[keep]
        one, other = 10 * i + t, 10 * j + t
        pair = 10 * np.minimum(i, j) + np.maximum(i, j)
        yield one, other
        yield one, other, 10 * i + j
        yield one, other, pair
        yield i, j, t, pair


@pytest.mark.parametrize("dense", [2_000, -1])
def test_zero_levels_and_components_are_those_of_the_null_space(monkeypatch, dense):
    monkeypatch.setattr(normalisation, "DENSE", dense)
    random = np.random.default_rng(8)
    complete = []
    for panel in gappy_panels():
        effects = tuple(map(codes, panel))
        values = tuple(random.normal(size=effect.count) for effect in effects)
        done = normalisation.normalise(effects, values)
        sums = [
            sum(v[e.codes] for v, e in zip(part, effects, strict=True))
            for part in (values, done.values)
        ]
        assert np.allclose(sums[0], sums[1], rtol=0, atol=1e-11)
        null = naive_null_space(effects)
        complete.append(done.complete)
        if not done.complete:
            assert sum(zero.sum() for zero in done.zero) < null.shape[1]
            assert all((part == -1).all() for part in done.component)
            continue
        cuts = np.cumsum([effect.count for effect in effects])
        picked = []
        for f in range(len(effects) - 1, 0, -1):
            for level in range(cuts[f - 1], cuts[f]):
                rank = np.linalg.matrix_rank(null[[*picked, level]], tol=1e-8)
                picked += [level] if rank > len(picked) else []
        assert sorted(picked) == np.flatnonzero(np.concatenate(done.zero)).tolist()
        for part, group in zip(np.split(null, cuts[:-1]), done.component, strict=True):
            apart = np.abs(part[:, None] - part[None]).max(axis=2, initial=0.0) > 1e-8
            assert (apart == (group[:, None] != group[None])).all()
    # Without matrices, shifts of symmetric pairs are not found, and this is told.
    assert all(complete) == (dense > 0)


def test_pairs_of_a_full_cube_cannot_be_compared_however_many_there_are():
    cells = np.meshgrid(np.arange(80), np.arange(80), np.arange(2), indexing="ij")
    i, j, t = (part.ravel() for part in cells)
    effects = codes(10 * i + t), codes(10 * j + t), codes(100 * i + j)
    zeros = tuple(np.zeros(effect.count) for effect in effects)
    done = normalisation.normalise(effects, zeros)
    assert [zero.sum() for zero in done.zero] == [0, 2, 80 + 80 - 1]
    assert [len(set(part)) for part in done.component] == [160, 160, 6400]


def test_standard_errors_of_effects_are_those_of_dummies(flows):
    formula = "flow ~ log_distance | origin + destination"
    made = fc.Gravity(formula, vcov=fc.Clustered("pair", ssc="none")).fit(flows)
    table = made.fixed_effects(std_errors=True)
    kept = table[~table["zero"]]
    dummies = {
        f"{row.effect} {row.origin} {row.destination}": (
            flows[row.effect] == getattr(row, row.effect)
        ).astype(float)
        for row in kept.itertuples()
    }
    twin = sm.GLM(
        flows["flow"],
        pd.DataFrame({"x": flows["log_distance"], **dummies}),
        family=sm.families.Poisson(),
    ).fit(
        cov_type="cluster",
        cov_kwds={
            "groups": pd.factorize(flows["origin"] + flows["destination"])[0],
            "use_correction": False,
        },
        tol=1e-12,
        maxiter=100,
    )
    assert np.allclose(kept["estimate"], twin.params[1:], rtol=1e-6)
    assert np.allclose(kept["std_error"], twin.bse[1:], rtol=1e-6)
    assert (table.loc[table["zero"], "std_error"] == 0).all()
    bootstrapped = made.with_vcov(ScoreBootstrap("origin", draws=99))
    with pytest.raises(ModelError, match="F-573"):
        bootstrapped.fixed_effects(std_errors=True)


def test_a_model_without_effects_has_an_empty_table(flows):
    made = fc.Gravity("flow ~ log_distance").fit(flows)
    assert made.fixed_effects().empty


# ----------------------------------------------------------------------- predictions


@pytest.mark.parametrize(("estimator", "effects"), MODELS)
def test_rows_of_the_sample_are_predicted_as_they_were_fitted(
    flows, estimator, effects
):
    left = "flow" if estimator == "ppml" else "log(flow)"
    rows = flows[flows["flow"] > 0].set_index("output", append=True)
    made = fc.Gravity(f"{left} ~ agreement | {effects}", estimator=estimator).fit(rows)
    assert made.predict().equals(made.fittedvalues.rename(made.predict().name))
    found = made.predict(rows.drop(columns="flow"))
    assert found.index.equals(rows.index)
    used = found.loc[made.fittedvalues.index]
    assert np.allclose(used, made.fittedvalues, rtol=1e-12, atol=0)


def test_new_rows_follow_their_regressors_and_effects(flows, fit):
    row = flows.iloc[[3]].assign(border=0.0)
    base, more = fit.predict(row), fit.predict(row.assign(border=1.0))
    assert more.iloc[0] / base.iloc[0] == pytest.approx(np.exp(fit.params["border"]))
    linear = fit.predict(row, kind="linear")
    assert np.exp(linear.iloc[0]) == pytest.approx(base.iloc[0], rel=1e-14)
    assert (base.name, linear.name) == ("flow", "linear")


@pytest.mark.parametrize("effects", [f" | {TWO_WAY}", " | origin", ""])
def test_half_the_exposure_is_half_the_mean(flows, effects):
    rows = flows.assign(exposure=np.log(flows["output"]))
    made = fc.Gravity(f"flow ~ log_distance{effects}", offset="exposure").fit(rows)
    whole = made.predict(rows)
    half = made.predict(rows.assign(exposure=rows["exposure"] - np.log(2)))
    assert np.allclose(whole, made.fittedvalues, rtol=1e-12)
    assert np.allclose(half, whole / 2, rtol=1e-12)
    with pytest.raises(fc.errors.ColumnError, match="exposure"):
        made.predict(flows)


def test_effects_of_new_periods_are_refused_by_name_or_left_blank(flows, fit):
    future = flows[flows["period"] == 2018].assign(period=2019)
    with pytest.raises(ModelError, match="F-565") as refused:
        fit.predict(future)
    said = str(refused.value)
    assert "8 levels of origin^period in 56 rows" in said
    assert "R1 2019 (period new)" in said
    assert "Fusion" in said
    both = pd.concat([flows, future], ignore_index=True)
    found = fit.predict(both, unknown="missing")
    assert found[: len(flows)].notna().all()
    assert found[len(flows) :].isna().all()


def test_levels_whose_rows_were_not_used_are_unknown_too(flows):
    alone = flows.copy()
    alone.loc[alone["origin"] == "R8", "flow"] = 0.0
    made = fc.Gravity("flow ~ log_distance | origin + destination").fit(alone)
    with pytest.raises(ModelError, match=r"R8 \(no row used\)"):
        made.predict(alone)
    found = made.predict(alone, unknown="missing")
    assert found.isna().sum() == (alone["origin"] == "R8").sum()


def test_an_unknown_level_of_a_regressor_is_refused_and_a_missing_value_stays_missing(
    flows,
):
    rows = flows.assign(bloc=np.where(flows["origin"] < "R4", "east", "west"))
    made = fc.Gravity("flow ~ log_distance + bloc | destination").fit(rows)
    odd = rows.head(4).assign(bloc=["east", "north", "west", None])
    with pytest.raises(ModelError, match="1 level of bloc in 1 row"):
        made.predict(odd)
    found = made.predict(odd.assign(bloc=["east", "east", "west", None]))
    assert found.isna().to_list() == [False, False, False, True]
    nowhere = rows.head(2).assign(destination=["R1", None])
    assert made.predict(nowhere).isna().to_list() == [False, True]


def test_a_logarithm_is_retransformed_only_by_name(plain):
    rows, fit = plain
    logs = fit.predict(rows)
    assert logs.name == "log(flow)"
    means = fit.predict(rows, smearing="duan")
    assert means.name == "flow"
    factor = np.exp(np.log(rows["flow"]) - logs).mean()
    assert np.allclose(means, np.exp(logs) * factor, rtol=1e-12)
    assert np.allclose(fit.predict(smearing="duan"), means, rtol=1e-12)


def test_smearing_makes_means_of_homoskedastic_logs_right():
    random = np.random.default_rng(4)
    x = random.normal(size=20_000)
    y = np.exp(1 + x + random.normal(scale=1.2, size=x.size))
    rows = pd.DataFrame({"y": y, "x": x})
    made = fc.Gravity("log(y) ~ x", estimator="ols").fit(rows)
    true = np.exp(1 + x + 1.2**2 / 2)
    assert np.allclose(made.predict(rows, smearing="duan"), true, rtol=0.1)
    assert (np.exp(made.predict(rows)) < 0.6 * true).all()


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "median"},
        {"smearing": "duan"},
        {"smearing": "normal"},
        {"unknown": "zero"},
    ],
)
def test_options_that_are_none_are_refused(fit, flows, options):
    with pytest.raises(ModelError, match="F-574"):
        fit.predict(flows, **options)


def test_a_panel_without_flows_is_predicted(flows, fit):
    panel = fc.TradePanel.from_frame(
        flows, origin="origin", destination="destination", period="period", flow="flow"
    )
    found = fit.predict(panel)
    assert np.allclose(found, fit.predict(panel.to_frame()), rtol=1e-12)
    assert sorted(found) == pytest.approx(sorted(fit.fittedvalues), rel=1e-12)
