"""The builders give the columns of a published study, and its published numbers.

Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy
Analysis, chapter 1: 69 countries, 1986-2006.
"""

import numpy as np
import pandas as pd
import pytest

from forecast.panel import TradePanel

YEARS = range(1986, 2007, 4)
LAGS = (3, 4, 6, 8, 9, 12)
PUBLISHED = 6e-5  # printed with four digits


@pytest.fixture(scope="module")
def agtpa(reference_data):
    pytest.importorskip("pyarrow")
    return pd.read_parquet(reference_data("agtpa/agtpa_applications.parquet"))


@pytest.fixture(scope="module")
def published(reference_data):
    return pd.read_csv(reference_data("agtpa/published.csv"))


def panel_of(df):
    return TradePanel.from_frame(
        df,
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        unit="million USD",
    )


@pytest.fixture(scope="module")
def every_fourth_year(agtpa):
    columns = ["exporter", "importer", "pair_id", "year", "trade", "dist", "cntg"]
    panel = panel_of(agtpa[[*columns, "lang", "clny", "rta"]])
    return (
        panel.select(year=YEARS)
        .with_masses()
        .with_remoteness("dist")
        .with_pair_ids()
        .with_pair_ids("pair_2", domestic="one")
        .with_border()
        .with_home("intra_pair", other="inter")
        .with_columns(log_dist=lambda df: np.log(df["dist"]))
        .by_border("log_dist")
        .by_period("log_dist_international")
    )


def pairs_of(frame, rows):
    return set(zip(frame["exporter"][rows], frame["importer"][rows], strict=True))


def test_lags_are_those_of_the_file_where_its_own_years_tell_them(agtpa):
    # The file knows the years before 1986 (Jordan and the EC in 1977-1978), and it sets
    # a column to zero for pairs for which it would be one in all years: `rta` of
    # agreements in force in 1986 already. Its lags still tell of these.
    panel = panel_of(agtpa[["exporter", "importer", "year", "trade", "rta"]])
    file = panel_of(agtpa).to_frame()
    entered = file.groupby(["exporter", "importer"])["rta"].transform("max") == 1
    assert len(pairs_of(file, entered)) == 1038
    mine = panel.with_lags("rta", LAGS).to_frame()
    filled = panel.with_lags("rta", LAGS, fill=0).to_frame()
    from_before = []
    for k in LAGS:
        lag = f"rta_lag{k}"
        known = mine[lag].notna()
        np.testing.assert_array_equal(known, file["year"] >= str(1986 + k))
        told = entered & known
        np.testing.assert_array_equal(mine[lag][told], file[lag][told])
        assert (mine[lag][known & ~entered] == 0).all()
        from_before.append(int((filled[lag] != file[lag])[entered].sum()))
    assert from_before == [0, 0, 0, 16, 32, 38]


def test_leads_are_those_of_the_file_but_for_pairs_that_would_always_be_one(agtpa):
    panel = panel_of(agtpa[["exporter", "importer", "year", "trade", "rta"]])
    mine = panel.with_leads("rta", 4).to_frame()
    file = panel_of(agtpa).to_frame()["rta_lead4"]
    always = mine.groupby(["exporter", "importer"])["rta_lead4"].transform("min") == 1
    known = mine["rta_lead4"].notna()
    np.testing.assert_array_equal(
        mine["rta_lead4"][known & ~always], file[known & ~always]
    )
    assert (file[always] == 0).all()
    assert len(pairs_of(mine, always)) == 228
    np.testing.assert_array_equal(
        known, mine["year"] <= "2002"
    )  # the file looks further


def test_masses_and_remoteness_are_the_sums_that_the_study_writes_down(agtpa):
    df = agtpa[agtpa["year"].isin(YEARS)]
    mine = panel_of(df).with_masses().with_remoteness("dist").to_frame()
    y = df.groupby(["exporter", "year"])["trade"].transform("sum")
    e = df.groupby(["importer", "year"])["trade"].transform("sum")
    total_e = e.groupby([df["exporter"], df["year"]]).transform("sum")
    total_e = total_e.groupby(df["year"]).transform("max")
    total_y = y.groupby([df["importer"], df["year"]]).transform("sum")
    total_y = total_y.groupby(df["year"]).transform("max")
    written = df.assign(
        y=y,
        e=e,
        r_exp=(df["dist"] * total_e / e)
        .groupby([df["exporter"], df["year"]])
        .transform("sum"),
        r_imp=(df["dist"] * total_y / y)
        .groupby([df["importer"], df["year"]])
        .transform("sum"),
    ).sort_values(["exporter", "importer", "year"])
    for name, column in {
        "output": "y",
        "expenditure": "e",
        "remoteness_exporter": "r_exp",
        "remoteness_importer": "r_imp",
    }.items():
        np.testing.assert_allclose(mine[name], written[column], rtol=1e-12)


def test_regressors_are_those_that_the_study_defines(every_fourth_year):
    frame = every_fourth_year.to_frame()
    home = (frame["exporter"] == frame["importer"]).to_numpy()
    log_dist = np.log(frame["dist"].to_numpy())
    np.testing.assert_array_equal(frame["border"], 1 - home)  # smctry is its opposite
    np.testing.assert_array_equal(
        frame["log_dist_domestic"], np.where(home, log_dist, 0)
    )  # log_dist_intra
    for year in YEARS:
        now = (frame["year"] == str(year)).to_numpy() & ~home
        np.testing.assert_array_equal(
            frame[f"log_dist_international_{year}"], np.where(now, log_dist, 0)
        )
    np.testing.assert_array_equal(
        frame["intra_pair"], np.where(home, frame["exporter"], "inter")
    )
    for mine, theirs in (
        ("pair", frame["pair_id"]),
        ("pair_2", frame["pair_id"] * ~home),
    ):
        both = pd.DataFrame({"mine": frame[mine], "theirs": theirs}).drop_duplicates()
        assert both["mine"].is_unique
        assert both["theirs"].is_unique


def within(columns, *effects):
    """Sweep group means off until nothing moves: the naive way to absorb effects."""
    columns = columns.copy()
    codes = [pd.factorize(pd.MultiIndex.from_frame(effect))[0] for effect in effects]
    for _ in range(200):
        before = columns.copy()
        for code in codes:
            means = pd.DataFrame(columns).groupby(code).transform("mean").to_numpy()
            columns -= means
        if np.abs(columns - before).max() < 1e-11:
            return columns
    raise AssertionError("the sweeps do not settle")


def least_squares(y, X, clusters):
    """Coefficients and clustered standard errors with the factor G / (G - 1)."""
    beta, *_ = np.linalg.lstsq(X, y, rcond=None)
    scores = (
        pd.DataFrame(X * (y - X @ beta)[:, None]).groupby(clusters).sum().to_numpy()
    )
    bread = np.linalg.inv(X.T @ X)
    g = len(scores)
    cov = bread @ (scores.T @ scores) @ bread * g / (g - 1)
    return beta, np.sqrt(np.diag(cov))


def rows_of(published, table, column, terms):
    rows = published[(published["table"] == table) & (published["column"] == column)]
    rows = rows[rows["basis"] == "published"].drop_duplicates("term").set_index("term")
    return rows.loc[terms, "estimate"], rows.loc[terms, "std_error"]


def test_table_1_with_remoteness_is_reproduced(every_fourth_year, published):
    frame = every_fourth_year.international().to_frame()
    frame = frame[frame["trade"] > 0]
    logs = [
        "dist",
        "output",
        "expenditure",
        "remoteness_exporter",
        "remoteness_importer",
    ]
    X = np.column_stack(
        [np.ones(len(frame)), frame[["cntg", "lang", "clny"]], np.log(frame[logs])]
    )
    terms = ["(Intercept)", "cntg", "lang", "clny", "log_dist", "log_y", "log_e"]
    terms += ["log_remoteness_exp", "log_remoteness_imp"]
    estimate, error = rows_of(published, "Table 1", "OLS remoteness", terms)
    beta, se = least_squares(
        np.log(frame["trade"].to_numpy()), X, frame["pair"].to_numpy()
    )
    assert len(frame) == 25_689
    np.testing.assert_allclose(beta, estimate, atol=PUBLISHED)
    np.testing.assert_allclose(se, error, atol=PUBLISHED)


def test_the_distance_puzzle_of_table_2_is_reproduced(every_fourth_year, published):
    frame = every_fourth_year.international().to_frame()
    frame = frame[frame["trade"] > 0]
    mine = [f"log_dist_international_{year}" for year in YEARS] + [
        "cntg",
        "lang",
        "clny",
    ]
    terms = [name.replace("_international", "") for name in mine]
    estimate, error = rows_of(published, "Table 2", "OLS", terms)
    columns = np.column_stack([np.log(frame["trade"]), frame[mine]])
    swept = within(columns, frame[["exporter", "year"]], frame[["importer", "year"]])
    beta, se = least_squares(swept[:, 0], swept[:, 1:], frame["pair"].to_numpy())
    np.testing.assert_allclose(beta, estimate, atol=PUBLISHED)
    np.testing.assert_allclose(se, error, atol=PUBLISHED)


def test_a_square_restores_what_a_table_of_positive_flows_has_lost(agtpa):
    df = agtpa.assign(
        y=agtpa.groupby(["exporter", "year"])["trade"].transform("sum"),
        e=agtpa.groupby(["importer", "year"])["trade"].transform("sum"),
    )
    full = panel_of(df).to_frame()
    square = panel_of(df[df["trade"] > 0]).square(pairs="all").to_frame()
    assert len(square) == len(full) == 99_981
    for name in ("trade", "cntg", "lang", "clny", "pair_id", "y", "e"):
        pd.testing.assert_series_equal(square[name], full[name])
    np.testing.assert_allclose(square["dist"], full["dist"], rtol=1e-6)
    known = square["rta"].notna()
    np.testing.assert_array_equal(square["rta"][known], full["rta"][known])
    assert (~known).sum() == 4_624  # neither direction traded


def test_domestic_trade_is_restored_from_output(agtpa):
    df = agtpa[agtpa["year"].isin(YEARS)][
        ["exporter", "importer", "year", "trade", "dist"]
    ]
    full = panel_of(df)
    output = df.groupby(["exporter", "year"], as_index=False)["trade"].sum()
    again = full.international().with_domestic(output)
    np.testing.assert_allclose(
        again.to_frame()["trade"], full.to_frame()["trade"], rtol=1e-9, atol=1e-8
    )
