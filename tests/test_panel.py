"""What holds of every panel, whatever is in it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import errors
from forecast.events import Count, EventLog, Stock
from forecast.panel import TradePanel

REGIONS = ["DE", "KZ", "RU", "UZ"]
few = settings(max_examples=20)


def build(df, **more):
    roles = {
        "origin": "o",
        "destination": "d",
        "period": "t",
        "flow": "y",
        "unit": "USD",
    }
    return TradePanel.from_frame(df, **{**roles, **more})


@st.composite
def frames(draw, freq="Y", square=False):
    """Tables of directed flows with gaps, zeros, missing flows and a distance."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    regions = REGIONS[: draw(st.integers(2, 4))]
    length = draw(st.integers(1, 30 if freq != "Y" else 6))
    periods = pd.period_range("2018", periods=length, freq=freq)
    df = pd.DataFrame(
        [(o, d, t) for o in regions for d in regions if o != d for t in periods],
        columns=["o", "d", "t"],
    )
    df["y"] = rng.lognormal(size=len(df)) * (rng.random(len(df)) > 0.2)
    df["gdp"] = rng.random(len(df))
    df["dist"] = [
        float(abs(REGIONS.index(a) - REGIONS.index(b)))
        for a, b in zip(df.o, df.d, strict=True)
    ]
    df["note"] = "a note"
    if not square:
        df.loc[rng.random(len(df)) < 0.1, "y"] = np.nan
        kept = rng.random(len(df)) < 0.9
        kept[0] = True
        df = df[kept]
    if not df["y"].notna().any():
        df.loc[df.index[0], "y"] = 1.0
    return df.reset_index(drop=True)


# -------------------------------------------------------------- order and names


@few
@given(frames(), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_and_columns_changes_nothing(df, seed):
    rng = np.random.default_rng(seed)
    shuffled = df.sample(frac=1, random_state=seed)[list(rng.permutation(df.columns))]
    pd.testing.assert_frame_equal(build(df).to_frame(), build(shuffled).to_frame())
    assert build(df).equals(build(shuffled))
    assert repr(build(df)) == repr(build(shuffled))
    assert build(df).total().equals(build(shuffled).total())


@few
@given(frames(), st.permutations(REGIONS))
def test_the_names_of_regions_change_nothing_but_the_names(df, names):
    new = dict(zip(REGIONS, names, strict=True))
    renamed = build(df.replace({"o": new, "d": new}))
    turnover, expected = renamed.turnover, build(df).turnover
    if len(df) == 0:
        return
    try:
        frame = expected().to_frame()
    except errors.KeyColumnError:
        with pytest.raises(errors.KeyColumnError, match="F-310"):
            turnover()
        return
    back = {v: k for k, v in new.items()}
    mine = turnover().to_frame().replace({"a": back, "b": back})
    swap = (mine["a"] > mine["b"]).to_numpy()
    mine.loc[swap, ["a", "b"]] = mine.loc[swap, ["b", "a"]].to_numpy()
    mine = mine.sort_values(["a", "b", "t"], ignore_index=True)
    pd.testing.assert_series_equal(mine["turnover"], frame["turnover"])


@few
@given(frames())
def test_the_callers_table_is_left_as_it_is_and_the_panel_keeps_its_own(df):
    before = df.copy(deep=True)
    panel = build(df)
    kept = panel.to_frame()
    frame, units, values = panel.to_frame(), panel.units, panel.matrix()[0]
    frame["y"] = frame["y"] * 0
    frame.loc[0, "gdp"] = -1.0
    units.loc[0, "o"] = "nowhere"
    values[:] = 0.0
    panel.with_columns(new=1)
    pd.testing.assert_frame_equal(df, before)
    df.loc[:, "y"] = 99.0
    pd.testing.assert_frame_equal(panel.to_frame(), kept)


def test_a_panel_cannot_be_changed():
    panel = build(pd.DataFrame({"o": ["KZ"], "d": ["RU"], "t": [2021], "y": [1.0]}))
    with pytest.raises(AttributeError):
        panel.measure = "roubles"


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_the_dtype_of_codes_and_numbers_changes_nothing(dtype):
    df = pd.DataFrame(
        {"o": ["KZ", "RU"], "d": ["RU", "KZ"], "t": [2021, 2021], "y": [7.0, 17.6]}
    )
    odd = df.astype({"o": dtype, "d": dtype, "t": object, "y": object})
    assert build(odd).equals(build(df))
    pd.testing.assert_frame_equal(build(odd).to_frame(), build(df).to_frame())


# ------------------------------------------------------------------- the shape


def test_columns_stand_in_canonical_order_under_the_callers_names():
    df = pd.DataFrame({
        "note": ["b", "a"], "rate": [70.0, 74.0], "bn": [1.0, 2.0], "hs": ["27", "01"],
        "Importer": "RU", "Exporter": "KZ", "Month": ["2021-07", "2021-07"],
    })  # fmt: skip
    panel = TradePanel.from_frame(
        df, origin="Exporter", destination="Importer", period="Month", flow="bn", sector="hs",
        unit="billion USD", reporter="Russia",
    )  # fmt: skip
    assert panel.columns == (
        "Exporter",
        "Importer",
        "hs",
        "Month",
        "bn",
        "rate",
        "note",
    )
    assert panel.to_frame().columns.to_list() == list(panel.columns)
    assert panel.to_frame()["hs"].to_list() == ["01", "27"]
    assert panel.keys == ("Exporter", "Importer", "hs")
    assert (panel.origin, panel.destination, panel.sector) == (
        "Exporter",
        "Importer",
        "hs",
    )
    assert (panel.period, panel.flow, panel.freq) == ("Month", "bn", "M")
    assert (panel.covariates, panel.labels) == (("rate",), ("note",))
    assert (panel.reporter, panel.reporters) == (None, ("Russia",))
    assert (panel.measure, panel.vintages, panel.release) == (
        "billion USD",
        False,
        None,
    )


def test_the_panel_introduces_itself_in_one_sentence():
    years = range(1986, 2007)
    df = pd.DataFrame(
        [(o, d, t) for o in REGIONS for d in REGIONS for t in years],
        columns=["o", "d", "t"],
    )
    df["y"] = np.where(df["t"] == 1986, 0.0, 1.0)
    df["gdp"] = 1.0
    assert repr(build(df, unit="million USD", reporter="Russia")) == (
        "TradePanel: 16 pairs x 21 years (1986–2006), flow 'y' in million USD, "
        "reporter Russia, 4.8% zeros, 1 covariate"
    )


def test_a_rare_zero_is_not_called_none():
    df = pd.DataFrame({"firm": range(5000), "t": 2021, "y": 1.0})
    df.loc[0, "y"] = 0.0
    assert ", <0.1% zeros," in repr(
        build(df, origin=None, destination=None, unit=["firm"])
    )


def test_html_shows_nothing_unescaped():
    bad = "<script>alert(1)</script>"
    df = pd.DataFrame({"o": [bad], "d": ["RU"], "t": [2021], "y": [1.0], bad: [bad]})
    shown = build(df, unit=bad)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_series_that_are_no_pairs_are_named_by_their_key_columns():
    df = pd.DataFrame({"region": ["B", "A"], "t": [2021, 2021], "y": [1.0, 2.0]})
    panel = TradePanel.from_frame(
        df, unit=["region"], period="t", flow="y", measure="USD"
    )
    assert panel.keys == ("region",)
    assert panel.units["region"].to_list() == ["A", "B"]
    assert (panel.origin, panel.measure) == (None, "USD")
    with pytest.raises(errors.KeyColumnError, match="F-309"):
        panel.turnover()


@few
@given(frames())
def test_the_matrix_holds_every_flow_in_its_place(df):
    values, units, periods = build(df).matrix()
    assert values.shape == (len(units), len(periods))
    assert np.isfinite(values).sum() == df["y"].notna().sum() == build(df).nobs
    for row in df.dropna(subset=["y"]).itertuples():
        unit = units.index[(units["o"] == row.o) & (units["d"] == row.d)][0]
        assert values[unit, periods.get_loc(row.t)] == row.y


def test_facts_are_counted():
    df = pd.DataFrame(
        {
            "o": "KZ",
            "d": ["RU", "RU", "UZ"],
            "t": [2020, 2021, 2021],
            "y": [0, 5.0, None],
        }
    )
    facts = build(df).describe()
    assert facts[
        ["units", "rows", "absent cells", "missing flows", "zero flows"]
    ].to_list() == [2, 3, 1, 1, 1]
    assert facts["smallest positive"] == facts["largest"] == 5.0


# ------------------------------------------------------------------ round trips


@few
@given(st.sampled_from(["Y", "Q", "M"]).flatmap(frames))
def test_the_long_format_of_other_packages_loses_nothing(df):
    panel = build(df.drop(columns="note"))
    long = panel.to_long()
    assert long.columns[:3].to_list() == ["unique_id", "ds", "y"]
    back = TradePanel.from_long(
        long,
        origin="o",
        destination="d",
        period="t",
        flow="y",
        measure="USD",
        freq=panel.freq,
    )
    assert back.equals(panel)
    pd.testing.assert_frame_equal(back.to_frame(), panel.to_frame())


@few
@given(frames())
def test_a_panel_built_from_its_own_frame_is_the_same(df):
    panel = build(df)
    assert build(panel.to_frame()).equals(panel)


def test_the_long_format_of_single_series_keeps_their_names():
    long = pd.DataFrame(
        {"unique_id": ["a/b", "c"], "ds": ["2020-01-01", "2021-01-01"], "y": [1, 2]}
    )
    panel = TradePanel.from_long(long)
    assert (panel.keys, panel.freq) == (("unique_id",), "Y")
    assert panel.to_long()["unique_id"].to_list() == ["a/b", "c"]
    with pytest.raises(errors.KeyColumnError, match="F-312"):
        TradePanel.from_long(long, origin="from", destination="to")
    with pytest.raises(errors.ColumnError, match="F-111"):
        TradePanel.from_long(long.drop(columns="ds"))


def test_a_code_with_the_separator_in_it_is_refused_on_the_way_out():
    panel = build(pd.DataFrame({"o": ["A/B"], "d": ["C"], "t": [2021], "y": [1.0]}))
    with pytest.raises(errors.KeyColumnError, match="F-312"):
        panel.to_long()
    assert panel.to_long(separator="|")["unique_id"].to_list() == ["A/B|C"]


# ------------------------------------------------------------------------- sums


@few
@given(frames())
def test_the_total_is_the_sum_and_a_missing_flow_makes_it_missing(df):
    total = build(df).total().to_frame()
    expected = df.groupby("t")["y"].agg(lambda v: v.sum(skipna=False))
    np.testing.assert_allclose(total["y"], expected, rtol=1e-12)
    assert set(total["unit"]) == {"total"}
    by_origin = build(df).total("o").to_frame()
    expected = df.groupby(["o", "t"])["y"].agg(lambda v: v.sum(skipna=False))
    np.testing.assert_allclose(by_origin["y"], expected, rtol=1e-12)


@few
@given(frames(square=True))
def test_turnover_is_the_sum_of_both_directions(df):
    turnover = build(df).turnover()
    flows = df.set_index(["o", "d", "t"])["y"]
    for row in turnover.to_frame().itertuples():
        assert row.a < row.b
        assert row.turnover == flows[row.a, row.b, row.t] + flows[row.b, row.a, row.t]
    total, both = build(df).total(), turnover.total()
    np.testing.assert_allclose(both.matrix()[0], total.matrix()[0], rtol=1e-12)
    assert turnover.covariates == ("dist",) or len(df["t"].unique()) == 0
    assert turnover.measure == "USD"


def test_turnover_with_one_direction_only_is_missing_and_told():
    df = pd.DataFrame(
        {
            "o": ["KZ", "RU", "KZ"],
            "d": ["RU", "KZ", "RU"],
            "t": [2020, 2020, 2021],
            "y": 1.0,
        }
    )
    panel = build(df).turnover()
    assert panel.to_frame()["turnover"].to_list()[0] == 2.0
    assert np.isnan(panel.to_frame()["turnover"].to_list()[1])
    assert "KZ RU 2021" in panel.notes[0]
    with pytest.raises(errors.KeyColumnError, match="F-310"):
        build(df[df["o"] == "KZ"]).turnover()


def test_turnover_does_not_overwrite_a_column_of_the_caller():
    df = pd.DataFrame(
        {"o": ["KZ", "RU"], "d": ["RU", "KZ"], "t": 2020, "y": 1.0, "a": 1}
    )
    with pytest.raises(errors.ColumnError, match="F-115"):
        build(df).turnover()
    assert build(df).turnover(names=("x", "z")).keys == ("x", "z")


@few
@given(frames("M"))
def test_years_are_the_sums_of_their_complete_twelve_months(df):
    df["year"] = pd.PeriodIndex(df["t"]).year
    months = (
        df.dropna(subset=["y"]).groupby(["o", "d", "year"])["y"].agg(["sum", "count"])
    )
    expected = months.loc[months["count"] == 12, "sum"]
    if expected.empty:
        with pytest.raises(errors.PeriodError, match="F-424"):
            build(df).aggregate("Y")
        return
    years = build(df).aggregate("Y")
    np.testing.assert_allclose(years.to_frame()["y"], expected, rtol=1e-12)
    assert years.freq == "Y"
    assert "dist" in years.covariates
    assert ("gdp" in years.covariates) is False


@few
@given(frames("M", square=True))
def test_the_year_of_quarters_is_the_year_of_months(df):
    panel = build(df.drop(columns="gdp"))
    if len(panel.periods) < 12:
        return
    direct, stepwise = panel.aggregate("Y"), panel.aggregate("Q").aggregate("Y")
    np.testing.assert_allclose(direct.matrix()[0], stepwise.matrix()[0], rtol=1e-12)
    np.testing.assert_allclose(
        direct.total().matrix()[0], panel.total().aggregate("Y").matrix()[0], rtol=1e-12
    )


def test_incomplete_years_are_left_out_and_told():
    months = pd.period_range("2020-01", "2021-10", freq="M")
    df = pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "y": 2.0})
    years = build(df).aggregate("Y")
    assert years.to_frame()["y"].to_list() == [24.0]
    assert years.notes == ("1 incomplete years were left out (2021)",)


@pytest.mark.parametrize("freq", ["M", "Q", "W", "Y"])
def test_periods_are_only_added_up_to_longer_ones(freq):
    quarters = pd.period_range("2020Q1", periods=4, freq="Q")
    panel = build(pd.DataFrame({"o": "KZ", "d": "RU", "t": quarters, "y": 2.0}))
    if freq == "Y":
        assert panel.aggregate(freq).to_frame()["y"].to_list() == [8.0]
        return
    with pytest.raises(errors.PeriodError, match="F-423"):
        panel.aggregate(freq)


@few
@given(frames("M", square=True))
def test_differencing_the_cumulated_gives_the_months_back(df):
    year = pd.PeriodIndex(df["t"]).year
    ytd = df.assign(y=df.groupby(["o", "d", year])["y"].cumsum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.ForecastWarning)
        panel = build(ytd)
    np.testing.assert_allclose(
        panel.decumulated().matrix()[0], build(df).matrix()[0], atol=1e-9
    )


def test_a_gap_or_a_fall_in_cumulated_figures_is_not_papered_over():
    months = pd.PeriodIndex(["2021-01", "2021-02", "2021-04", "2021-05"], freq="M")
    df = pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "y": [1.0, 3.0, 7.0, 8.5]})
    steps = build(df).decumulated().to_frame()["y"].to_list()
    assert steps[:2] == [1.0, 2.0]
    assert np.isnan(steps[2])
    assert steps[3] == 1.5
    falling = build(df.assign(y=[1.0, 3.0, 7.0, 6.0]))
    with pytest.raises(errors.NumberError, match=r"F-211.*KZ RU 2021-05"):
        falling.decumulated()
    assert np.isnan(falling.decumulated(on_negative="missing").to_frame()["y"].iloc[3])
    with pytest.raises(errors.PeriodError, match="F-426"):
        build(df.assign(t=[2018, 2019, 2020, 2021])).decumulated()


# ------------------------------------------------------------- squares, futures


@few
@given(frames())
def test_a_square_has_every_cell_once_and_keeps_what_was_there(df):
    square = build(df).square()
    frame = square.to_frame()
    assert len(frame) == len(square.units) * df["t"].nunique()
    assert frame["y"].sum() == pytest.approx(df["y"].sum())
    assert frame["y"].isna().sum() == df["y"].isna().sum()
    assert frame["dist"].notna().all()
    assert square.square().equals(square)


def test_a_square_of_all_pairs_crosses_origins_and_destinations():
    df = pd.DataFrame({"o": ["A", "B"], "d": ["B", "C"], "t": [2020, 2024], "y": 1.0})
    square = build(df).square(pairs="all").to_frame()
    assert len(square) == 3 * 2
    assert not ((square["o"] == "B") & (square["d"] == "B")).any()
    assert build(df).square(fill=np.nan).nobs == 2
    with pytest.raises(errors.NumberError, match="F-206"):
        build(df).square(fill=-1.0)
    with pytest.raises(errors.TableError, match="F-106"):
        build(df).square(pairs="every")


def test_what_would_not_fit_into_memory_is_refused_before_it_is_built():
    n = 10_000
    df = pd.DataFrame(
        {
            "o": [f"A{i}" for i in range(n)],
            "d": [f"B{i}" for i in range(n)],
            "t": 2020,
            "y": 1.0,
        }
    )
    with pytest.raises(errors.TableError, match=r"F-120.*100,000,000 cells"):
        build(df).square(pairs="all")


@few
@given(frames(), st.integers(1, 5))
def test_the_future_knows_what_never_changes_and_nothing_else(df, horizon):
    df.loc[:, "gdp"] = np.arange(float(len(df)))
    panel = build(df)
    future = panel.future(horizon)
    assert len(future) == horizon * len(panel.units)
    assert future["y"].isna().all()
    assert future["dist"].notna().all()
    alone = df.groupby(["o", "d"]).size().max() == 1
    assert future["gdp"].isna().all() or alone
    assert pd.PeriodIndex(future["t"]).min() == panel.periods[-1] + 1
    assert future.columns.to_list() == list(panel.columns)


# ------------------------------------------------------------ what was known when


def vintages():
    """2020 released twice, 2021 once."""
    return pd.DataFrame({
        "o": "KZ", "d": "RU", "t": [2020, 2020, 2021], "y": [5.0, 5.4, 7.0],
        "out": ["2021-03-01", "2021-09-01", "2022-03-01"],
    })  # fmt: skip


def test_the_last_release_up_to_the_date_is_what_was_known():
    panel = build(vintages(), as_of="out")
    assert panel.vintages
    assert panel.release == "out"
    assert panel.as_of("2021-03-01").to_frame()["y"].to_list() == [5.0]
    assert panel.as_of("2021-12-31").to_frame()["y"].to_list() == [5.4]
    assert panel.as_of("2022-03-01").to_frame()["y"].to_list() == [5.4, 7.0]
    assert panel.as_of("2021-09-05", lag_days=5).to_frame()["y"].to_list() == [5.0]
    assert "2 release dates" not in repr(panel)
    assert "3 release dates up to 2022-03-01" in repr(panel)
    assert "as known on 2021-03-01" in repr(panel.as_of("2021-03-01"))
    with pytest.raises(errors.PeriodError, match=r"F-422.*2021-03-01"):
        panel.as_of("2021-02-28")


@pytest.mark.parametrize("verb", ["matrix", "total", "square", "turnover", "to_long"])
def test_several_releases_of_a_cell_are_never_mixed(verb):
    panel = build(vintages(), as_of="out")
    with pytest.raises(errors.PeriodError, match=r"F-427.*panel.as_of"):
        getattr(panel, verb)()
    assert panel.as_of("2022-03-01").matrix()[0].tolist() == [[5.4, 7.0]]


def test_what_was_cut_off_does_not_come_back():
    panel = build(vintages(), as_of="out").as_of("2021-12-31")
    with pytest.raises(errors.PeriodError, match="F-428"):
        panel.as_of("2021-06-01")
    assert panel.as_of("2030-01-01").cut == pd.Timestamp("2021-12-31")


def test_without_release_dates_a_period_is_known_once_it_has_ended():
    months = pd.period_range("2021-01", "2021-10", freq="M")
    panel = build(pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "y": 1.0}))
    assert str(panel.as_of("2021-09-30").periods[-1]) == "2021-09"
    assert str(panel.as_of("2021-09-29").periods[-1]) == "2021-08"
    assert str(panel.as_of("2021-09-30", lag_days=45).periods[-1]) == "2021-07"


@few
@given(frames(), st.integers(0, 2**32 - 1), st.integers(2018, 2024))
def test_nothing_released_later_is_ever_shown(df, seed, year):
    """A canary: rows of the future hold 999, and are then shuffled and deleted."""
    rng = np.random.default_rng(seed)
    df["out"] = pd.PeriodIndex(df["t"]).end_time.normalize() + pd.to_timedelta(
        rng.integers(0, 900, len(df)), unit="D"
    )
    date = pd.Timestamp(f"{year}-06-30")
    later = (df["out"] > date).to_numpy()
    canary = df.assign(
        y=np.where(later, 999.0, df["y"]), gdp=np.where(later, -9.0, df["gdp"])
    )
    if (~later).sum() == 0 or canary.loc[~later, "y"].isna().all():
        return
    known = build(canary, as_of="out").as_of(date)
    assert 999.0 not in set(known.to_frame()["y"])
    deleted = build(df[~later], as_of="out").as_of(date)
    assert known.equals(deleted)
    assert repr(known) == repr(deleted)
    assert known.notes == deleted.notes
    assert known.total().equals(deleted.total())


def test_a_sum_is_known_when_the_last_of_its_parts_is():
    df = pd.DataFrame({
        "o": ["KZ", "RU"] * 2, "d": ["RU", "KZ"] * 2, "t": [2020, 2020, 2021, 2021], "y": 1.0,
        "out": ["2021-03-01", "2021-05-01", "2022-03-01", "2022-03-01"],
    })  # fmt: skip
    panel = build(df, as_of="out")
    for summed in (panel.total(), panel.turnover()):
        assert str(summed.as_of("2021-05-01").periods[-1]) == "2020"
        with pytest.raises(errors.PeriodError, match="F-422"):
            summed.as_of("2021-04-30")
    months = pd.period_range("2020-01", "2020-12", freq="M")
    late = ["2021-01-15"] * 6 + ["2021-08-01"] + ["2021-01-15"] * 5
    df = pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "y": 1.0, "out": late})
    with pytest.raises(errors.PeriodError, match="F-422"):
        build(df, as_of="out").aggregate("Y").as_of("2021-07-31")
    steps = build(df.assign(y=range(12)), as_of="out").decumulated().as_of("2021-07-31")
    assert pd.PeriodIndex(steps.to_frame()["t"]).month.to_list() == [
        1,
        2,
        3,
        4,
        5,
        6,
        9,
        10,
        11,
        12,
    ]


def test_a_flow_column_may_bear_the_name_of_its_unit():
    df = pd.DataFrame({"o": ["KZ"], "d": ["RU"], "t": [2021], "USD": [1.0]})
    assert build(df, flow="USD", unit="USD").measure == "USD"


def test_notes_do_not_tell_of_rows_beyond_the_as_of_date():
    df = vintages().assign(y=[5.0, 5.4, 5e-324])
    panel = build(df, as_of="out")
    assert len(panel.notes) == 1
    assert panel.as_of("2021-12-31").notes == ()


def test_deleting_the_future_changes_not_even_who_is_said_to_have_reported():
    df = vintages().assign(who=["KZ", "KZ", "RU"])
    known = build(df, as_of="out", reporter="who").as_of("2021-12-31")
    assert known.keys == ("o", "d")
    assert known.reporters == ("KZ",)
    assert known.equals(
        build(df.iloc[:2], as_of="out", reporter="who").as_of("2021-12-31")
    )


# ------------------------------------------------------------------------ columns


def test_new_columns_follow_the_order_of_the_frame():
    panel = build(
        pd.DataFrame(
            {"o": ["RU", "KZ"], "d": ["KZ", "RU"], "t": 2021, "y": [17.6, 7.0]}
        )
    )
    more = panel.with_columns(double=lambda f: f["y"] * 2, one=1, name=["kz", "ru"])
    assert more.to_frame()["double"].to_list() == [14.0, 35.2]
    assert (more.covariates, more.labels) == (("double", "one"), ("name",))
    again = more.with_columns(one=[3, 4])
    assert again.to_frame()["one"].to_list() == [3, 4]
    assert panel.covariates == ()


def test_new_columns_of_another_length_or_index_are_refused():
    panel = build(
        pd.DataFrame({"o": ["RU", "KZ"], "d": ["KZ", "RU"], "t": 2021, "y": 1.0})
    )
    with pytest.raises(errors.TableError, match="F-116"):
        panel.with_columns(x=[1, 2, 3])
    with pytest.raises(errors.TableError, match="F-116"):
        panel.with_columns(x=pd.Series([1, 2], index=[5, 6]))
    with pytest.raises(errors.ColumnError, match="F-115"):
        panel.with_columns(y=0.0)
    with pytest.raises(errors.NumberError, match="F-204"):
        panel.with_columns(x=np.inf)


def test_indicators_come_from_the_log_and_become_covariates():
    class Log:
        def indicators(self, panel, recipes):
            frame = panel.to_frame()
            return pd.DataFrame(
                {name: frame["y"] * factor for name, factor in recipes.items()}
            )

    panel = build(
        pd.DataFrame({"o": ["RU", "KZ"], "d": ["KZ", "RU"], "t": 2021, "y": [3.0, 1.0]})
    )
    more = panel.with_indicators(Log(), visits=2, forums=3)
    assert more.covariates == ("visits", "forums")
    assert more.to_frame()["forums"].to_list() == [3.0, 9.0]


def test_nothing_is_known_before_its_period_ends():
    months = pd.period_range("2021-01", "2021-06", freq="M")
    panel = build(pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "y": 1.0}))
    with pytest.raises(errors.PeriodError, match="F-429"):
        panel.as_of("2021-03-15", lag_days=-30)


def test_indicators_of_a_real_log_arrive_beside_the_flows():
    log = EventLog.from_frame(
        pd.DataFrame(
            {
                "date": ["2021-03-05"],
                "origin": "KZ",
                "destination": "RU",
                "kind": "visit",
            }
        )
    )
    panel = build(
        pd.DataFrame(
            {
                "o": ["RU", "KZ"] * 2,
                "d": ["KZ", "RU"] * 2,
                "t": [2020] * 2 + [2021] * 2,
                "y": 1.0,
            }
        )
    )
    found = panel.with_indicators(
        log, visits=Count("visit"), stock=Stock("visit", half_life=2)
    )
    assert found.covariates == ("visits", "stock")
    seen = found.to_frame().groupby("t")[["visits", "stock"]].sum()
    assert seen.loc["2020"].sum() == 0
    assert seen.loc["2021", "visits"] == 2  # undirected: both directions of the pair


# ---------------------------------------------------------------------- selection


def test_periods_between_two_years_are_kept_for_months_too():
    months = pd.period_range("2019-01", "2021-12", freq="M")
    panel = build(pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "y": 1.0}))
    assert len(panel.between(2020, 2020)) == 12
    assert len(panel.between("2020-06", None)) == 19
    assert len(panel.between(end=months[2])) == 3
    with pytest.raises(errors.PeriodError, match="F-425"):
        panel.between(2022)


def test_rows_are_selected_by_value_or_by_list_of_values():
    df = pd.DataFrame(
        [(o, d) for o in REGIONS for d in REGIONS if o != d], columns=["o", "d"]
    )
    panel = build(df.assign(t=2021, y=1.0))
    assert len(panel.select(o="RU")) == 3
    assert len(panel.select(o=["RU", "KZ"], d=["RU", "KZ"])) == 2
    with pytest.raises(errors.KeyColumnError, match=r"F-311.*Did you mean \['RU'\]"):
        panel.select(o="RUS")
    with pytest.raises(errors.ColumnError, match="F-111"):
        panel.select(origin="RU")
    with pytest.raises(errors.KeyColumnError, match="F-311"):
        panel.select(o="RU", d="RU")


def test_one_reporter_is_selected_whatever_its_column_is_called():
    df = pd.DataFrame(
        {"o": "KZ", "d": "RU", "t": 2021, "y": [7.0, 6.5], "side": ["KZ", "RU"]}
    )
    panel = build(df, reporter="side")
    assert panel.keys == ("o", "d", "side")
    assert panel.reporters == ("KZ", "RU")
    one = panel.select(reporter="RU")
    assert one.equals(panel.select(side="RU"))
    assert (one.keys, one.reporters) == (("o", "d"), ("RU",))
    assert one.total().to_frame()["y"].to_list() == [6.5]
    named = build(df.iloc[:1].drop(columns="side"), reporter="KZ")
    assert named.select(reporter="KZ").equals(named)
    with pytest.raises(errors.KeyColumnError, match="F-311"):
        named.select(reporter="RU")


def test_real_trade_of_132_partners_comes_through_the_door(reference_data):
    pytest.importorskip("pyarrow")
    us = pd.read_parquet(
        reference_data("us_monthly") / "us_monthly_trade_1985_2010.parquet"
    )
    us["month"] = us["year"] * 100 + us["month"]
    countries = us[us["CTY_CODE"] >= "1000"]
    panel = TradePanel.from_frame(
        countries, unit=["CTY_CODE", "flow"], period="month", flow="value_musd",
        measure="million USD", covariates=["CTYNAME"],
    )  # fmt: skip
    world = us[(us["CTY_CODE"] == "0015") & (us["year"] >= 1992)]
    expected = world.sort_values(["flow", "month"])["value_musd"].to_numpy()
    total = panel.between(1992).total("flow").to_frame()["value_musd"].to_numpy()
    np.testing.assert_allclose(total, expected, rtol=4e-6)
    assert panel.notes == ()
