"""Specification tests: published p-values, twins written out, laws, size and power."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import forecast as fc
from forecast.errors import ColumnError, ModelError, PeriodError
from forecast.gravity.inference.bootstrap import ScoreBootstrap

TWO_WAY = "origin^period + destination^period"
THREE_WAY = TWO_WAY + " + origin^destination"
HC0 = fc.Robust("HC0", ssc="none")


@pytest.fixture(scope="module")
def flows():
    frame = fc.datasets.simulate_trade(8, 5, seed=3).frame
    return frame.assign(period=frame["period"].dt.year)


@pytest.fixture(scope="module")
def fit(flows):
    return fc.Gravity(f"flow ~ log_distance + agreement | {TWO_WAY}").fit(flows)


def heterogeneous(n, power, seed):
    """Log-linear flows whose variance grows with a power of the mean."""
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    mean = np.exp(1 + x)
    # Gamma with this mean and the variance mean^power: never negative.
    shape = mean ** (2 - power)
    return pd.DataFrame({"x": x, "y": random.gamma(shape, mean / shape)})


# --------------------------------------------------------------- published p-values


@pytest.fixture(scope="module")
def agtpa(reference_data):
    pytest.importorskip("pyarrow")
    df = pd.read_parquet(reference_data("agtpa/agtpa_applications.parquet"))
    df = df[df["year"].isin(range(1986, 2007, 4))].reset_index(drop=True)
    panel = fc.TradePanel.from_frame(
        df, origin="exporter", destination="importer", period="year", flow="trade"
    )
    panel = panel.with_masses().with_remoteness("dist")
    frame = panel.to_frame().assign(log_dist=lambda rows: np.log(rows["dist"]))
    return frame[frame["exporter"] != frame["importer"]]


REMOTE = (
    " + log(output) + log(expenditure) + log(remoteness_exporter)"
    " + log(remoteness_importer)"
)
EFFECTS = " | exporter^year + importer^year"


@pytest.mark.reference
@pytest.mark.parametrize(
    ("column", "estimator", "more"),
    [
        ("OLS", "ols", " + log(output) + log(expenditure)"),
        ("OLS remoteness", "ols", REMOTE),
        ("OLS FE", "ols", EFFECTS),
        ("PPML FE", "ppml", EFFECTS),
    ],
)
def test_reset_gives_the_published_p_values(
    agtpa, reference_data, column, estimator, more
):
    table = pd.read_csv(reference_data("agtpa/published.csv"))
    told = table[(table["column"] == column) & table["term"].str.startswith("RESET")]
    rows, left = agtpa, "trade"
    if estimator == "ols":
        rows, left = agtpa[agtpa["trade"] > 0], "log(trade)"
    gravity = fc.Gravity(
        f"{left} ~ log_dist + cntg + lang + clny{more}",
        estimator=estimator,
        vcov=fc.Clustered("pair_id"),
    )
    made = gravity.fit(rows).reset_test()
    exact = told["recomputed_estimate"].iloc[0]
    assert made.p_value == pytest.approx(
        told["estimate"].iloc[0], abs=told["tolerance"].iloc[0]
    )
    assert made.p_value == pytest.approx(exact, rel=1e-4)


# ----------------------------------------------------------------------------- RESET


def test_reset_is_the_refit_with_the_squared_linear_predictor(flows):
    names = ["log_distance", "border"]
    made = fc.Gravity("flow ~ log_distance + border", vcov=HC0).fit(flows).reset_test()
    X = sm.add_constant(flows[names].astype(float))
    family = sm.families.Poisson()
    options = {"cov_type": "HC0", "tol": 1e-13, "maxiter": 200}
    first = sm.GLM(flows["flow"], X, family=family).fit(**options)
    eta = X.to_numpy() @ first.params.to_numpy()
    twin = sm.GLM(flows["flow"], X.assign(square=eta**2), family=family).fit(**options)
    assert made.statistic == pytest.approx(twin.tvalues["square"] ** 2, rel=1e-6)
    assert made.p_value == pytest.approx(twin.pvalues["square"], rel=1e-6)


def test_several_powers_are_tested_jointly(flows):
    made = fc.Gravity("flow ~ log_distance + border", vcov=HC0).fit(flows)
    test = made.reset_test((2, 3))
    assert test.wald.reference == "chi2(2)"
    low, high = test.interval()
    assert (low < test.estimate).all()
    assert (test.estimate < high).all()


@pytest.mark.parametrize("estimator", ["ppml", "ols"])
def test_reset_does_not_depend_on_units(flows, estimator):
    rows = flows[flows["flow"] > 0]
    left = "flow" if estimator == "ppml" else "log(flow)"

    def p_value(frame):
        formula = f"{left} ~ log_distance + agreement | {TWO_WAY}"
        return fc.Gravity(formula, estimator=estimator).fit(frame).reset_test().p_value

    told = p_value(rows)
    for unit in (1e-12, 1e12):
        assert p_value(rows.assign(flow=rows["flow"] * unit)) == pytest.approx(
            told, rel=1e-5
        )
    shifted = rows.assign(log_distance=1e4 * rows["log_distance"] + 1e6)
    assert p_value(shifted) == pytest.approx(told, rel=1e-5)


def test_reset_is_finite_where_means_span_ten_orders_of_magnitude():
    random = np.random.default_rng(0)
    i, j = (part.ravel() for part in np.meshgrid(np.arange(30), np.arange(30)))
    size = np.linspace(-12, 12, 30)
    x = random.normal(size=i.size)
    y = random.poisson(np.minimum(np.exp(size[i] + size[j] + 3 * x), 1e15))
    rows = pd.DataFrame({"y": y.astype(float), "x": x, "i": i, "j": j})
    test = fc.Gravity("y ~ x | i + j", vcov=fc.Robust("HC1")).fit(rows).reset_test()
    assert np.isfinite(test.statistic)
    assert np.isfinite(test.auxiliary.estimate.mu).all()


def test_reset_finds_a_wrong_form_and_lets_the_right_one_pass():
    random = np.random.default_rng(2)
    x = random.uniform(-1, 1, size=4_000)
    rows = pd.DataFrame({"x": x, "y": random.poisson(np.exp(1 + x + x**2))})
    wrong = fc.Gravity("y ~ x", vcov=HC0).fit(rows).reset_test()
    right = fc.Gravity("y ~ x + I(x**2)", vcov=HC0).fit(rows).reset_test()
    assert wrong.p_value < 1e-6
    assert right.p_value > 0.05


def test_reset_keeps_an_offset_and_weights(flows):
    rows = flows.assign(exposure=np.log(flows["output"]), w=1.0 + flows["border"])
    made = fc.Gravity("flow ~ log_distance", offset="exposure", weights="w", vcov=HC0)
    test = made.fit(rows).reset_test()
    X = sm.add_constant(rows[["log_distance"]])
    options = {
        "family": sm.families.Poisson(),
        "offset": rows["exposure"],
        "var_weights": rows["w"],
    }
    first = sm.GLM(rows["flow"], X, **options).fit(tol=1e-13, maxiter=200)
    eta = X.to_numpy() @ first.params.to_numpy() + rows["exposure"].to_numpy()
    twin = sm.GLM(rows["flow"], X.assign(square=eta**2), **options).fit(
        tol=1e-13, maxiter=200
    )
    slope = test.auxiliary.estimate.beta[-1]
    scale = np.sqrt(np.average(eta**2, weights=rows["w"] * np.exp(eta)))
    assert slope / scale**2 == pytest.approx(twin.params["square"], rel=1e-5)


def test_reset_of_a_saturated_model_is_refused():
    rows = pd.DataFrame({"y": [1.0, 2, 4, 3, 5, 9], "g": list("aabbcc")})
    with pytest.raises(ModelError, match="F-572"):
        fc.Gravity("y ~ 1 | g", vcov=HC0).fit(rows).reset_test()


@pytest.mark.parametrize("powers", [1, 5, (2, 5), (), "2", 2.5, None])
def test_other_powers_are_refused(fit, powers):
    with pytest.raises(ModelError, match="F-574"):
        fit.reset_test(powers)


def test_reset_takes_the_standard_errors_of_the_fit(fit):
    bootstrapped = fit.with_vcov(ScoreBootstrap("origin", draws=199))
    test = bootstrapped.reset_test()
    assert test.p_value == pytest.approx(test.auxiliary.pvalues.iloc[-1])
    with pytest.raises(ModelError, match="F-569"):
        bootstrapped.reset_test((2, 3))


# ------------------------------------------------------------------ variance of flows


@pytest.mark.parametrize("power", [1, 2])
def test_the_gauss_newton_regression_is_least_squares_written_out(flows, power):
    made = fc.Gravity(f"flow ~ log_distance | {TWO_WAY}").fit(flows)
    y, mu = made.estimate.y, made.estimate.mu
    root = mu ** (power / 2)
    twin = sm.OLS((y - mu) ** 2 / root, np.column_stack([root, root * np.log(mu)])).fit(
        cov_type="HC1", use_t=False
    )
    test = made.gnr_test(power)
    assert test.statistic == pytest.approx(twin.tvalues[1] ** 2, rel=1e-7)
    units = flows.assign(flow=flows["flow"] * 1e9)
    again = fc.Gravity(f"flow ~ log_distance | {TWO_WAY}").fit(units).gnr_test(power)
    assert again.statistic == pytest.approx(test.statistic, rel=1e-5)


def test_the_variance_function_is_found():
    for power in (1, 2):
        rows = heterogeneous(20_000, power, seed=power)
        made = fc.Gravity("y ~ x", vcov=HC0).fit(rows)
        wrong = 3 - power
        assert made.gnr_test(power).p_value > 0.01
        assert made.gnr_test(wrong).p_value < 0.01
        park = made.park_test()
        low, high = park.interval(0.99)
        assert low[0] + 1 < power < high[0] + 1
        assert made.park_test(wrong).p_value < 0.01


def test_parks_regression_of_ppml_is_a_poisson_regression_of_squared_errors():
    rows = heterogeneous(500, 1.5, seed=5)
    made = fc.Gravity("y ~ x", vcov=HC0).fit(rows)
    y, mu = made.estimate.y, made.estimate.mu
    twin = sm.GLM(
        (y - mu) ** 2,
        sm.add_constant(np.log(mu)),
        family=sm.families.Poisson(),
    ).fit(cov_type="HC0", tol=1e-13, maxiter=100)
    test = made.park_test(vcov=HC0)
    assert test.estimate[0] + 1 == pytest.approx(twin.params[1], rel=1e-7)
    assert test.std_error[0] == pytest.approx(twin.bse[1], rel=1e-6)


def test_parks_regression_of_logs_is_least_squares_written_out(flows):
    rows = flows[flows["flow"] > 0]
    made = fc.Gravity(f"log(flow) ~ log_distance | {TWO_WAY}", estimator="ols").fit(
        rows
    )
    y, fitted = np.exp(made.estimate.y), np.exp(made.estimate.mu)
    twin = sm.OLS(np.log((y - fitted) ** 2), sm.add_constant(np.log(fitted))).fit()
    test = made.park_test()
    assert test.estimate[0] + 2 == pytest.approx(twin.params[1], rel=1e-8)
    assert test.p_value == pytest.approx(float(twin.t_test("x1 = 2").pvalue), rel=1e-6)
    assert "power 2" in test.null


def test_tests_of_the_variance_say_for_which_estimator_they_are(flows):
    logs = fc.Gravity("log(output) ~ log_distance", estimator="ols").fit(flows)
    with pytest.raises(ModelError, match="F-573"):
        logs.gnr_test()
    levels = fc.Gravity("output ~ log_distance", estimator="ols").fit(flows)
    with pytest.raises(ModelError, match="F-573"):
        levels.park_test()


# ------------------------------------------------------------------- competing models


def test_hpc_is_the_weighted_regression_written_out(flows):
    made = fc.Gravity("flow ~ log_distance + border", vcov=HC0).fit(flows)
    other = fc.Gravity("flow ~ log_distance + agreement + visit").fit(flows)
    test = made.hpc_test(other)
    y, a, b = flows["flow"], made.fittedvalues, other.fittedvalues
    X = sm.add_constant(flows[["log_distance", "border"]].astype(float))
    twin = sm.WLS((y - a) / a, X.assign(gap=(b - a) / a), weights=a).fit(cov_type="HC0")
    assert test.statistic == pytest.approx(twin.tvalues["gap"], rel=1e-7)
    one_sided = twin.pvalues["gap"] / 2
    if twin.tvalues["gap"] < 0:
        one_sided = 1 - one_sided
    assert test.p_value == pytest.approx(one_sided, rel=1e-6)
    for means in (b, b.to_numpy(), b.sample(frac=1.0, random_state=1)):
        again = made.hpc_test(means)
        assert again.statistic == pytest.approx(test.statistic, rel=1e-12)
    opposite = made.hpc_test(a - (b - a) / 1e3)
    assert opposite.statistic == pytest.approx(-test.statistic, rel=1e-6)
    assert opposite.p_value == pytest.approx(1 - test.p_value, rel=1e-6)
    assert made.hpc_test(b[1:]).notes == (
        "Left out: 1 row without a mean of the other model.",
    )


def test_hpc_rejects_the_wrong_model_and_not_the_right_one():
    random = np.random.default_rng(3)
    i, j = (part.ravel() for part in np.meshgrid(np.arange(20), np.arange(20)))
    x, z = random.normal(size=(2, i.size))
    mean = np.exp(random.normal(size=20)[i] + random.normal(size=20)[j] + x)
    rows = pd.DataFrame({"y": random.poisson(3 * mean), "x": x, "z": z, "i": i, "j": j})
    right = fc.Gravity("y ~ x | i + j", vcov=fc.Robust("HC1")).fit(rows)
    wrong = fc.Gravity("y ~ z | i + j", vcov=fc.Robust("HC1")).fit(rows)
    assert wrong.hpc_test(right).p_value < 1e-6
    assert right.hpc_test(wrong).p_value > 0.05
    assert wrong.hpc_test(right).statistic > 0


def test_a_model_in_logs_competes_through_its_means(flows):
    rows = flows.assign(flow=flows["flow"].where(flows.index % 7 > 0, 0.0))
    made = fc.Gravity("flow ~ log_distance", vcov=HC0).fit(rows)
    logs = fc.Gravity("log(flow) ~ log_distance + border", estimator="ols")
    test = made.hpc_test(logs.fit(rows[rows["flow"] > 0]))
    assert np.isfinite(test.statistic)
    assert not test.notes  # zeros have a mean too
    with pytest.raises(ModelError, match="F-573"):
        logs.fit(rows[rows["flow"] > 0]).hpc_test(made)


def test_means_that_do_not_go_with_the_rows_are_refused(fit):
    n = fit.nobs
    for means in (np.ones(n - 1), np.full(n, -1.0), np.full(n, np.nan)):
        with pytest.raises(ModelError, match="F-576"):
            fit.hpc_test(means)
    twice = pd.Series(np.ones(n + 1), index=[0, *range(n)])
    with pytest.raises(ModelError, match="not unique"):
        fit.hpc_test(twice)
    with pytest.raises(ModelError, match="F-572"):
        fit.hpc_test(fit)


# -------------------------------------------------------------------------- adding up


@pytest.mark.parametrize("weights", [None, "w"])
def test_fitted_flows_add_up_to_the_observed_ones_in_ppml_only(flows, weights):
    rows = flows[flows["flow"] > 0].assign(w=1.0 + flows["border"])
    formula = f"flow ~ agreement | {THREE_WAY}"
    table = fc.Gravity(formula, weights=weights).fit(rows).adding_up()
    assert table["effect"].to_list() == THREE_WAY.split(" + ")
    assert (table["relative_gap"] < 1e-8).all()
    total = (rows["flow"] * (rows["w"] if weights else 1.0)).sum()
    assert np.allclose(table["observed"], total)
    logs = fc.Gravity(f"log(flow) ~ agreement | {TWO_WAY}", estimator="ols").fit(rows)
    assert (logs.adding_up()["relative_gap"] < 1e-8).all()
    off = np.exp(logs.fittedvalues).groupby(rows["origin"]).sum()
    assert (np.abs(off / rows.groupby("origin")["flow"].sum() - 1) > 1e-3).any()


def test_sums_by_level_are_those_of_a_pivot(flows, fit):
    table = fit.adding_up("destination:period")
    told = flows.groupby(["destination", "period"])["flow"].sum()
    mine = table.set_index(["destination", "period"])
    assert np.allclose(mine["observed"], told)
    assert np.allclose(mine["fitted"], told, rtol=1e-8)
    assert (mine["rows"] == 7).all()
    with pytest.raises(ModelError, match=r"F-574.*origin\^period"):
        fit.adding_up("origin")


def test_a_constant_adds_up_the_whole_sample(flows):
    table = fc.Gravity("flow ~ border").fit(flows).adding_up()
    assert table["effect"].to_list() == ["constant"]
    assert table["relative_gap"][0] < 1e-8


# ------------------------------------------------------------------- symmetric pairs


def paired(n, periods, seed, asymmetry):
    """Flows whose pair effects differ between directions, in step with the regressor."""
    random = np.random.default_rng(seed)
    parts = np.meshgrid(np.arange(n), np.arange(n), np.arange(periods), indexing="ij")
    i, j, t = (part.ravel() for part in parts)
    both = random.normal(size=(n, n))
    pair = both + both.T + asymmetry * np.triu(random.normal(size=(n, n)), 1)
    x = random.normal(size=i.size) + 0.5 * pair[i, j]
    mean = np.exp(
        1 + 0.3 * x + 0.5 * pair[i, j] + random.normal(size=(n, periods))[i, t]
    )
    least, most = np.minimum(i, j), np.maximum(i, j)
    rows = pd.DataFrame({"i": i, "j": j, "t": t, "x": x, "y": random.poisson(mean)})
    return rows.assign(pair=least * n + most)[i != j].reset_index(drop=True)


SYMMETRIC = "y ~ x | i^t + j^t + pair"


def test_asymmetric_pairs_are_found_and_symmetric_ones_pass():
    for asymmetry in (0.0, 1.5):
        made = fc.Gravity(SYMMETRIC).fit(paired(12, 4, 1, asymmetry)).symmetry_test()
        assert (made.p_value < 1e-3) == (asymmetry > 0)
        assert made.auxiliary.design.effects[2].name == "pair^direction of the flow"


def test_the_test_of_symmetry_is_hausmans_with_clusters_written_out():
    rows = paired(6, 4, 2, 1.0).assign(z=lambda df: np.sin(df.index))
    rows = rows[rows.index % 9 != 0].reset_index(drop=True)
    formula = "y ~ x + z | i^t + j^t + pair"
    made = fc.Gravity(formula, estimator="ols").fit(rows).symmetry_test()

    def dummies(*keys):
        return [pd.get_dummies(key.astype(str), dtype=float) for key in keys]

    common = dummies(rows["i"] * 10 + rows["t"], rows["j"] * 10 + rows["t"])
    moved, slopes = [], []
    for pair in (rows["pair"], rows["pair"] * 2 + (rows["i"] > rows["j"])):
        D = np.hstack([*common, *dummies(pair)])
        X = rows[["x", "z"]].to_numpy()
        X = X - D @ np.linalg.lstsq(D, X, rcond=None)[0]
        bread = np.linalg.inv(X.T @ X)
        slope = bread @ X.T @ rows["y"].to_numpy()
        fitted = np.hstack([D, rows[["x", "z"]]])
        errors = rows["y"] - fitted @ np.linalg.lstsq(fitted, rows["y"], rcond=None)[0]
        scores = (
            pd.DataFrame(X * errors.to_numpy()[:, None]).groupby(rows["pair"]).sum()
        )
        moved.append(scores.to_numpy() @ bread)
        slopes.append(slope)
    count = rows["pair"].nunique()
    change = moved[0] - moved[1]
    variance = change.T @ change * count / (count - 1)
    difference = slopes[0] - slopes[1]
    twin = difference @ np.linalg.solve(variance, difference)
    assert made.estimate == pytest.approx(difference, rel=1e-8)
    assert made.statistic == pytest.approx(twin, rel=1e-8)


def test_symmetry_needs_pairs_without_direction(flows, fit):
    with pytest.raises(ModelError, match=r"F-573.*no effect is the same"):
        fit.symmetry_test()
    with pytest.raises(ModelError, match=r"F-573.*not known"):
        fc.Gravity("flow ~ border | period").fit(flows).symmetry_test()


# ---------------------------------------------------------------- strict exogeneity


def policies(n, periods, seed, react=0.0):
    """Three-way flows with a policy that may follow past shocks to the flow."""
    random = np.random.default_rng(seed)
    parts = np.meshgrid(np.arange(n), np.arange(n), np.arange(periods), indexing="ij")
    i, j, t = (part.ravel() for part in parts)
    shock = random.gamma(4, 1 / 4, size=(n, n, periods))
    start = random.integers(0, periods + 3, size=(n, n))
    if react:
        start = np.where(
            np.log(shock).max(axis=2) > react,
            np.log(shock).argmax(axis=2) + 1,
            periods + 3,
        )
    size = 0.3 * random.normal(size=(2, n, periods))
    pair = 0.3 * random.normal(size=(n, n))
    x = (t >= start[i, j]).astype(float)
    mean = np.exp(1 + size[0, i, t] + size[1, j, t] + pair[i, j] + 0.5 * x)
    rows = pd.DataFrame(
        {"i": i, "j": j, "t": 2000 + t, "x": x, "y": mean * shock[i, j, t]}
    )
    return rows[rows["i"] != rows["j"]].reset_index(drop=True)


POLICY = "y ~ x | i^t + j^t + i^j"


def test_leads_are_those_of_the_panel_builder():
    rows = policies(8, 6, seed=1).sample(frac=1.0, random_state=0)
    panel = fc.TradePanel.from_frame(
        rows, origin="i", destination="j", period="t", flow="y"
    ).with_leads("x", [1, 2])
    from_panel = fc.Gravity(POLICY).fit(panel)
    told = from_panel.exogeneity_test(columns=["x_lead1", "x_lead2"])
    made = fc.Gravity(POLICY).fit(rows).exogeneity_test("x", [1, 2])
    assert made.wald.hypotheses == ("x_lead1 = 0", "x_lead2 = 0")
    assert made.statistic == pytest.approx(told.statistic, rel=1e-7)
    assert from_panel.exogeneity_test("x", [1, 2]).statistic == pytest.approx(
        told.statistic, rel=1e-7
    )
    assert made.auxiliary.nobs == 8 * 7 * 4
    assert made.notes == ("Left out: 112 of 336 rows, which have no lead.",)
    reasons = made.auxiliary.sample["reason"].unique().tolist()
    assert reasons == ["x_lead1 or x_lead2 is missing"]
    filled = fc.Gravity(POLICY).fit(rows).exogeneity_test("x", 1, fill=1.0)
    assert filled.auxiliary.nobs == 336
    assert not filled.notes


def test_the_test_is_that_of_a_fit_with_the_leads_in_the_formula():
    rows = policies(8, 6, seed=2)
    panel = fc.TradePanel.from_frame(
        rows, origin="i", destination="j", period="t", flow="y"
    ).with_leads("x", 1)
    told = fc.Gravity("y ~ x + x_lead1 | i^t + j^t + i^j").fit(panel)
    made = fc.Gravity(POLICY).fit(rows).exogeneity_test("x")
    assert made.estimate[0] == pytest.approx(told.params["x_lead1"], rel=1e-7)
    assert made.std_error[0] == pytest.approx(told.bse["x_lead1"], rel=1e-7)
    assert made.p_value == pytest.approx(told.pvalues["x_lead1"], rel=1e-6)


def test_policies_that_follow_trade_are_found_out():
    made = fc.Gravity(POLICY).fit(policies(14, 6, seed=3, react=0.5))
    assert made.exogeneity_test("x").p_value < 1e-3


def test_regressors_that_vary_over_time_are_taken_by_default():
    rows = policies(8, 6, seed=4)
    rows["dist"] = 1.0 + np.abs(rows["i"] - rows["j"])
    made = fc.Gravity("y ~ log(dist) + dist + x | i^t + j^t").fit(rows)
    assert made.exogeneity_test().wald.hypotheses == ("x_lead1 = 0",)
    fixed = fc.Gravity("y ~ dist | i^t + j^t").fit(rows)
    with pytest.raises(ModelError, match="F-575"):
        fixed.exogeneity_test()


def test_leads_that_cannot_be_made_are_refused():
    rows = policies(8, 6, seed=5)
    made = fc.Gravity(POLICY).fit(rows)
    with pytest.raises(ColumnError, match="F-111"):
        made.exogeneity_test("z")
    with pytest.raises(PeriodError, match="F-440"):
        made.exogeneity_test("x", 0)
    with pytest.raises(ModelError, match="F-572"):
        made.exogeneity_test("t")
    with pytest.raises(ModelError, match=r'F-575.*period="year"'):
        fc.Gravity("y ~ x | t + i^j").fit(rows).exogeneity_test("x")
    told = fc.Gravity("y ~ x | t + i^j", origin="i", destination="j", period="t")
    assert told.fit(rows).exogeneity_test("x").wald.dof == 1
    double = pd.concat([rows, rows], ignore_index=True)
    with pytest.raises(ModelError, match="repeat"):
        fc.Gravity(POLICY).fit(double).exogeneity_test("x")


@pytest.mark.slow
def test_the_test_of_exogeneity_rejects_a_true_null_as_often_as_it_says():
    gravity = fc.Gravity("y ~ x | t + i^j", origin="i", destination="j", period="t")
    p_values = np.array(
        [
            gravity.fit(policies(15, 4, seed=seed)).exogeneity_test("x").p_value
            for seed in range(1_000)
        ]
    )
    assert 0.04 <= (p_values < 0.05).mean() <= 0.065


def test_results_are_frozen_and_become_tables(fit):
    test = fit.reset_test()
    with pytest.raises(AttributeError):
        test.p_value = 0.0
    table = test.to_frame()
    assert table.loc[0, ["test", "p_value"]].to_list() == ["RESET", test.p_value]
    assert "the conditional mean has the right form" in str(test)
