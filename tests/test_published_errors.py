"""Standard errors that others have printed, under the convention that they name."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from forecast.gravity.inference.clusters import Clustered
from forecast.gravity.inference.robust import Iid, Robust
from forecast.gravity.inference.serial import DriscollKraay, NeweyWest
from forecast.gravity.model import Gravity

pytestmark = pytest.mark.reference

CONVENTIONS = {
    "iid": Iid(),
    "quasi-Poisson": Iid(),
    "inverse Fisher": Iid(dispersion=1.0),
    "robust: HC0": Robust("HC0", ssc="ppmlhdfe"),
    "robust: HC1": Robust("HC1"),
}
SKIPPED_ESTIMATORS = ("Tobit", "non-linear")


def log_of_gravity(folder):
    return pd.read_parquet(folder / "log_of_gravity.parquet")


def agtpa(folder):
    """Trade of every fourth year with what chapter 1 builds from it."""
    d = pd.read_parquet(folder / "agtpa_applications.parquet")
    d = d[d["year"].isin(range(1986, 2007, 4))].reset_index(drop=True)
    y = d.groupby(["exporter", "year"])["trade"].transform("sum")
    e = d.groupby(["importer", "year"])["trade"].transform("sum")
    d["log_dist"], d["log_y"], d["log_e"] = np.log(d["dist"]), np.log(y), np.log(e)
    world = d.groupby("year")["trade"].transform("sum")
    out = (d["dist"] * world / e).groupby([d["exporter"], d["year"]]).transform("sum")
    into = (d["dist"] * world / y).groupby([d["importer"], d["year"]]).transform("sum")
    d["log_remoteness_exp"], d["log_remoteness_imp"] = np.log(out), np.log(into)
    home = d["exporter"] == d["importer"]
    for year in range(1986, 2007, 4):
        d[f"log_dist_{year}"] = d["log_dist"].where((d["year"] == year) & ~home, 0.0)
    d["log_dist_intra"] = d["log_dist"].where(home, 0.0)
    d["smctry"] = home.astype(float)
    d["intra_pair"] = d["exporter"].where(home, "inter")
    d["intl_brdr"] = d["pair_id"].where(home, -1)
    d["pair_id_2"] = d["pair_id"].where(~home, -1)
    return d


def avw_feenstra(folder):
    d = pd.read_csv(folder / "avw_1993_merged.csv")
    d = d[(d["vx"] != 0) & (d["dist"] != 0)].reset_index(drop=True)
    us, ca = ((d["l_ex"] == own) & (d["l_im"] == own) for own in (1, 2))
    logs = {n: np.log(d[n]) for n in ("vx", "dist", "gdp_ce", "gdp_ci")}
    return d.assign(
        lnvx=logs["vx"],
        lndist=logs["dist"],
        lngdp_ce=logs["gdp_ce"],
        lngdp_ci=logs["gdp_ci"],
        lnn_vx=logs["vx"] - logs["gdp_ce"] - logs["gdp_ci"],
        d_us=us * 1.0,
        d_ca=ca * 1.0,
        d_border=1.0 - us - ca,
    )


def austria(folder):
    return pd.read_csv(folder / "austria_flows_72.csv")


def ppml_fe_bias(folder):
    d = pd.read_parquet(folder / "ppml_fe_bias_example.parquet")
    names = {"isoexp": "exporter", "isoimp": "importer"}
    return d[d["category"] == "MANUF"].rename(columns=names).reset_index(drop=True)


def fixest_trade(folder):
    return pd.read_parquet(folder / "trade.parquet")


def separation(folder):
    return pd.read_csv(folder / "example1.csv")


TABLES = [
    (log_of_gravity, "Table 3"),
    (log_of_gravity, "Table 3, robust s.e."),
    (log_of_gravity, "Table 5"),
    (agtpa, "Table 1"),
    (agtpa, "Table 2"),
    (agtpa, "Table 3"),
    (avw_feenstra, "Table 5.2"),
    (austria, "spint tests"),
    (ppml_fe_bias, "two-way"),
    (ppml_fe_bias, "three-way"),
    (fixest_trade, "walkthrough"),
    (separation, "example1"),
]


def sampled(d, sample):
    """The rows that a published column names."""
    keep = pd.Series(data=True, index=d.index)
    if "exporter != importer" in sample:
        keep &= d["exporter"] != d["importer"]
    if "trade > 0" in sample:
        keep &= d["trade"] > 0
    if "not within US" in sample:
        keep &= ~((d["l_ex"] == 1) & (d["l_im"] == 1))
    if "not within Canada" in sample:
        keep &= ~((d["l_ex"] == 2) & (d["l_im"] == 2))
    return d[keep]


def recipe_of(row):
    convention = row["vcov_convention"]
    if not convention.startswith(("cluster", "two-way cluster")):
        return next(r for name, r in CONVENTIONS.items() if convention.startswith(name))
    ways = row["cluster"].split(" + ")
    return Clustered(*ways, ssc="fixest" if "(N-K)" in convention else "ppmlhdfe")


def formula_of(row):
    text = row["formula"].replace("i(intra_pair, ref=ARG)", "i(intra_pair, ref='ARG')")
    return f"{text} | {row['fixed_effects']}" if row["fixed_effects"] else text


def key(row):
    return tuple(row[k] for k in ("dataset", "formula", "fixed_effects", "sample"))


@pytest.fixture(scope="module")
def published(reference_data):
    rows = json.loads(reference_data("published.json").read_text())
    return [
        row
        for row in rows
        if row["std_error"] is not None
        and not row["estimator"].startswith(SKIPPED_ESTIMATORS)
        and "Weidner" not in row["vcov_convention"]
    ]


@pytest.mark.parametrize(("read", "name"), TABLES)
def test_published_standard_errors_under_the_convention_that_they_name(
    published, reference_data, read, name
):
    ours = (read.__name__, name)
    rows = [row for row in published if (row["dataset"], row["table"]) == ours]
    table = read(reference_data(read.__name__))
    fits, wrong = {}, []
    for row in rows:
        if key(row) not in fits:
            estimator = "ppml" if row["estimator"] == "PPML" else "ols"
            gravity = Gravity(formula_of(row), estimator=estimator, vcov=recipe_of(row))
            fits[key(row)] = gravity.fit(sampled(table, row["sample"]))
        fit = fits[key(row)]
        assert fit.nobs == row["nobs"]
        error = error_of(fit.with_vcov(recipe_of(row)), row["term"])
        if not agrees(error, row):
            wrong.append(
                (row["table"], row["column"], row["term"], error, row["std_error"])
            )
    assert len(rows) > 0
    assert not wrong


def test_no_published_table_is_left_out(published):
    tables = {(row["dataset"], row["table"]) for row in published}
    assert tables == {(read.__name__, name) for read, name in TABLES}


CONSTANTS = {"const", "constant", "Constant", "_cons", "(Intercept)"}
CHANGE = "100*(log_dist_2006-log_dist_1986)/log_dist_1986"


def error_of(fit, name):
    """Standard error of a slope, or of the change of one in per cent."""
    if name == CHANGE:
        first, last = fit.params["log_dist_1986"], fit.params["log_dist_2006"]
        slopes = pd.Series(0.0, fit.params.index)
        slopes["log_dist_1986"] = -100 * last / first**2
        slopes["log_dist_2006"] = 100 / first
        return np.sqrt(slopes @ fit.cov_params() @ slopes)
    if name in CONSTANTS:
        return fit.bse["Intercept"]
    if name.startswith("intra_pair"):
        level = name.removeprefix("intra_pair")
        return next(
            fit.bse[term] for term in fit.terms if term == f"intra_pair[{level}]"
        )
    return fit.bse[name.removesuffix(" (total effect)")]


def agrees(error, row):
    """To the printed digits, and where more were recomputed, to those."""
    printed = abs(error - row["std_error"]) <= row["tolerance_std_error"]
    exact = row["recomputed_std_error"]
    digits = len(f"{exact:.12g}".lstrip("0.").replace(".", "")) if exact else 0
    loose = max(1e-6, 10.0 ** (1 - digits)) if exact else np.inf
    if row["column"] == "PPML + country-specific domestic effects":
        # The recomputed errors of these rare dummies are good to 3e-5 only: all dummies
        # written out and solved by QR give ours to 2e-8.
        loose = 5e-5
    return printed and (not exact or abs(error / exact - 1) <= loose)


# Other programs ------------------------------------------------------------------------

OTHERS = {
    "log(trade) ~ ln_distw + fta | exporter^year + importer^year": {
        Clustered("pair", ssc="fixest"): (0.03459299210268815, 0.06933855525795575),
        Clustered("exporter", "importer", ssc="fixest"): (
            0.08669187337628882,
            0.14541695719495673,
        ),
        NeweyWest(2, "pair", "year", ssc="fixest"): (
            0.02967893967722803,
            0.06412109009973413,
        ),
        DriscollKraay(1, "year", ssc="fixest"): (
            0.03213272592124499,
            0.15048879186572556,
        ),
    },
    "log(trade) ~ ln_distw + fta": {
        Iid(): (0.03332160277130139, 0.07594252650815998),
        Robust("HC1"): (0.02964828125760827, 0.06348986998401465),
        Robust("HC2"): (0.029651262787090408, 0.06349792941350844),
        Robust("HC3"): (0.029657148185002688, 0.06351220711716052),
        NeweyWest(2, "pair", "year", ssc="fixest"): (
            0.048362679121525,
            0.09940291732120916,
        ),
        DriscollKraay(1, "year", ssc="fixest"): (
            0.019723680905487644,
            0.2798161741527356,
        ),
    },
}


@pytest.mark.parametrize("formula", OTHERS)
def test_pyfixest_finds_the_same_errors_for_least_squares(reference_data, formula):
    """Manufactures, pairs that trade in all five years; pyfixest 0.60.0, 2026-11-25.

    ``feols(..., ssc=ssc(k_adj=True, G_adj=True, k_fixef="nonnested"))``, for HC2 and HC3
    without adjustments. It projects effects out to 1e-8.
    """
    table = ppml_fe_bias(reference_data("ppml_fe_bias"))
    table = table[table["trade"] > 0]
    whole = table.groupby(["exporter", "importer"])["trade"].transform("size") == 5
    recipe = Gravity(
        formula, estimator="ols", origin="exporter", destination="importer"
    )
    fit = recipe.fit(table[whole])
    for vcov, expected in OTHERS[formula].items():
        made = fit.with_vcov(vcov).bse[["ln_distw", "fta"]]
        np.testing.assert_allclose(made, expected, rtol=1e-7, err_msg=str(vcov))
