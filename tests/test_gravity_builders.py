"""The columns and rows that gravity models need are what one would write by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import errors
from forecast.panel import TradePanel

CODES = ["AM", "BY", "KG", "KZ", "RU"]
ROLES = {"origin": "o", "destination": "d", "period": "t", "flow": "x"}
few = settings(max_examples=15)


def build(df, **more):
    return TradePanel.from_frame(df, **{**ROLES, **more})


def world(seed, *, regions=4, years=6, home=False, gaps=0.0):
    """Flows of a small world with distances, incomes and an agreement."""
    rng = np.random.default_rng(seed)
    codes = CODES[:regions]
    df = pd.DataFrame(
        [(a, b, t) for a in codes for b in codes for t in range(2010, 2010 + years)],
        columns=["o", "d", "t"],
    )
    df = df[(df["o"] != df["d"]) | home].reset_index(drop=True)
    df["x"] = rng.lognormal(size=len(df)).round(3)
    place = dict(zip(codes, rng.uniform(0, 5000, regions), strict=True))
    df["dist"] = [
        abs(place[a] - place[b]) + 50 for a, b in zip(df.o, df.d, strict=True)
    ]
    income = {key: rng.lognormal(5) for key in df.groupby(["o", "t"]).groups}
    df["gdp_o"] = [income[o, t] for o, t in zip(df.o, df.t, strict=True)]
    df["gdp_d"] = [income[d, t] for d, t in zip(df.d, df.t, strict=True)]
    begin = {
        frozenset(pair): rng.integers(2008, 2018)
        for pair in zip(df.o, df.d, strict=True)
    }
    df["rta"] = [
        int(a != b and t >= begin[frozenset((a, b))])
        for a, b, t in zip(df.o, df.d, df.t, strict=True)
    ]
    if gaps:
        kept = rng.random(len(df)) >= gaps
        kept[:2] = True
        df = df[kept].reset_index(drop=True)
    return df


worlds = st.builds(
    world,
    st.integers(0, 2**32 - 1),
    regions=st.integers(2, 5),
    years=st.integers(1, 8),
    home=st.booleans(),
    gaps=st.sampled_from([0.0, 0.3]),
)


def years_of(frame):
    return pd.PeriodIndex(frame["t"]).year.to_numpy()


def everything(panel):
    """All builders that need nothing but a panel."""
    return (
        panel.with_lags("rta", [1, 3])
        .with_leads("x", 2, fill=0)
        .with_age("rta", entry="latest")
        .with_age_groups("rta", [0, 2, 4])
        .with_phase_in("rta", 3)
        .with_border()
        .by_border("dist")
        .by_period("border", base=2010)
        .with_home()
        .with_pair_ids()
        .with_agreement(
            "union", {"KZ": 2011, "RU": 2012, "BY": (2010, 2014), "AM": None}
        )
        .with_masses()
    )


# ------------------------------------------------------------------- every builder


@few
@given(worlds, st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(df, seed):
    shuffled = df.sample(frac=1, random_state=seed)
    first = df[df["t"] == 2010]
    if first.empty or not df["o"].isin(["AM", "BY"]).any():
        return
    mine, other = everything(build(df)), everything(build(shuffled))
    assert mine.equals(other)
    assert mine.notes == other.notes
    assert mine.square(pairs="all").equals(other.square(pairs="all"))


@few
@given(worlds)
def test_builders_keep_what_was_there_and_leave_the_panel_alone(df):
    panel = build(df)
    before = panel.to_frame()
    if (df["t"] == 2010).any():
        after = everything(panel).to_frame()
        pd.testing.assert_frame_equal(after[list(before.columns)], before)
    pd.testing.assert_frame_equal(panel.to_frame(), before)


def test_a_column_that_is_there_is_not_overwritten():
    panel = build(world(1)).with_pair_ids()
    for again in (
        panel.with_pair_ids,
        lambda: panel.with_border("dist"),
        lambda: panel.with_masses(("x", "e")),
    ):
        with pytest.raises(errors.ColumnError, match=r"F-115.*is there already"):
            again()
    assert "pair2" in panel.with_pair_ids("pair2").labels


def test_series_that_are_no_pairs_have_no_borders():
    df = pd.DataFrame({"side": ["KZ"], "t": [2021], "x": [1.0]})
    panel = TradePanel.from_frame(df, unit=["side"], period="t", flow="x")
    for call in (
        panel.with_border,
        panel.with_pair_ids,
        panel.with_home,
        panel.with_masses,
        panel.international,
        lambda: panel.with_remoteness("x"),
        lambda: panel.with_domestic("x"),
        lambda: panel.with_agreement("union", {"KZ": 2015}),
    ):
        with pytest.raises(errors.KeyColumnError, match="F-309"):
            call()
    assert panel.with_lags("x", 1).nobs == 1


@pytest.mark.parametrize("verb", ["with_lags", "with_leads"])
def test_several_releases_of_a_cell_are_refused(verb):
    df = pd.DataFrame(
        {
            "o": "KZ",
            "d": "RU",
            "t": 2020,
            "x": [1.0, 2.0],
            "out": ["2021-02-01", "2021-09-01"],
        }
    )
    with pytest.raises(errors.PeriodError, match="F-427"):
        getattr(build(df, as_of="out"), verb)("x", 1)


def test_a_column_of_text_or_of_no_such_name_is_refused():
    panel = build(world(2).assign(note="a note"))
    with pytest.raises(errors.NumberError, match="F-202"):
        panel.with_lags("note", 1)
    with pytest.raises(errors.ColumnError, match=r"F-111.*Did you mean \['dist'\]"):
        panel.by_border("distance")


# -------------------------------------------------------------------- lags, leads


def naive_shift(frame, column, step, fill=None):
    """Look each cell up in a dictionary."""
    years = years_of(frame)
    cells = {
        (o, d, t): v
        for o, d, t, v in zip(frame.o, frame.d, years, frame[column], strict=True)
    }
    first, last = {}, {}
    for o, d, t in zip(frame.o, frame.d, years, strict=True):
        first[o, d] = min(t, first.get((o, d), t))
        last[o, d] = max(t, last.get((o, d), t))
    found = []
    for o, d, t in zip(frame.o, frame.d, years, strict=True):
        value = cells.get((o, d, t - step), np.nan)
        outside = t - step < first[o, d] or t - step > last[o, d]
        found.append(fill if fill is not None and outside else value)
    return np.array(found, dtype=float)


@few
@given(worlds, st.integers(1, 5), st.sampled_from([None, 0.0, 7.5]))
def test_a_lag_is_the_cell_of_the_earlier_period_and_a_lead_of_the_later(df, k, fill):
    panel = build(df).with_lags("x", k, fill=fill).with_leads("x", k, fill=fill)
    frame = panel.to_frame()
    np.testing.assert_array_equal(frame[f"x_lag{k}"], naive_shift(frame, "x", k, fill))
    np.testing.assert_array_equal(
        frame[f"x_lead{k}"], naive_shift(frame, "x", -k, fill)
    )


@few
@given(worlds, st.integers(1, 3))
def test_the_lead_of_a_lag_is_the_column_itself_where_both_ends_are_known(df, k):
    frame = build(df).with_lags("x", k).with_leads(f"x_lag{k}", k).to_frame()
    back = frame[f"x_lag{k}_lead{k}"]
    known = back.notna()
    np.testing.assert_array_equal(back[known], frame["x"][known])
    np.testing.assert_array_equal(known, ~np.isnan(naive_shift(frame, "x", -k)))


def test_a_gap_is_a_gap_whatever_fills_the_edges():
    df = pd.DataFrame(
        {"o": "KZ", "d": "RU", "t": [2010, 2011, 2013, 2014], "x": [1.0, 2, 3, 4]}
    )
    frame = build(df).with_lags("x", 1, fill=0).with_leads("x", 1, fill=9).to_frame()
    np.testing.assert_array_equal(frame["x_lag1"], [0.0, 1.0, np.nan, 3.0])
    np.testing.assert_array_equal(frame["x_lead1"], [2.0, np.nan, 4.0, 9.0])


def test_missing_values_stay_missing_and_whole_numbers_whole():
    df = world(3, years=3)
    panel = build(df.assign(g=df["gdp_o"].where(df["t"] != 2011)))
    lagged = panel.with_lags("g", 1, fill=0).with_lags("rta", 1, fill=0).to_frame()
    assert lagged.loc[years_of(lagged) == 2012, "g_lag1"].isna().all()
    assert lagged["rta_lag1"].dtype == np.int64


@pytest.mark.parametrize("lags", [0, -1, 1.5, True, "4", [], [1, 1], [2, 0]])
def test_lags_are_positive_whole_numbers_each_once(lags):
    panel = build(world(4))
    with pytest.raises(errors.PeriodError, match="F-440"):
        panel.with_lags("x", lags)


def test_months_and_quarters_are_lagged_by_their_own_calendar():
    months = pd.period_range("2020-11", periods=4, freq="M")
    df = pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "x": [1.0, 2, 3, 4]})
    assert build(df).with_lags("x", 2).to_frame()["x_lag2"].to_list()[2:] == [1.0, 2.0]


# ------------------------------------------------------------------ ages, phases


def naive_ages(frame, column):
    """Walk along each pair; bounds of the age, None where not in force."""
    found = []
    previous, seen = None, None
    for o, d, t, v in zip(
        frame.o, frame.d, years_of(frame), frame[column], strict=True
    ):
        if (o, d) != previous:
            previous, seen, entry, earliest = (o, d), None, None, None
        if np.isnan(v):
            found.append((np.nan, np.nan))
            continue
        if v == 0:
            found.append(None)
        else:
            if seen is None:
                entry, earliest = t, -np.inf
            elif seen[1] == 0:
                entry, earliest = t, seen[0] + 1
            found.append((t - entry, t - earliest))
        seen = (t, v)
    return found


@st.composite
def histories(draw):
    """Pairs that enter, leave, enter again, with gaps and missing values."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    df = world(
        int(rng.integers(1000)), regions=3, years=draw(st.integers(1, 12)), gaps=0.2
    )
    state = (rng.random(len(df)) < 0.7).astype(float)
    state[rng.random(len(df)) < 0.1] = np.nan
    return df.assign(rta=state)


@few
@given(histories())
def test_ages_are_what_one_counts_walking_along_each_pair(df):
    if df["rta"].isna().all():
        return
    panel = build(df)
    frame = panel.to_frame()
    naive = naive_ages(frame, "rta")
    low = [np.nan if a is None else a[0] for a in naive]
    high = [np.nan if a is None or np.isinf(a[1]) else a[1] for a in naive]
    exact = [a if a == b else np.nan for a, b in zip(low, high, strict=True)]
    for entry, expected in (("latest", low), ("earliest", high), ("exact", exact)):
        found = panel.with_age("rta", entry=entry).to_frame()["rta_age"]
        np.testing.assert_array_equal(found, expected)


@few
@given(histories(), st.sampled_from(["exact", "latest", "earliest"]))
def test_age_groups_add_up_to_the_agreement_wherever_all_are_known(df, entry):
    if df["rta"].isna().all():
        return
    frame = build(df).with_age_groups("rta", [0, 2, 5], entry=entry).to_frame()
    groups = frame[["rta_0_1", "rta_2_4", "rta_5_on"]]
    known = groups.notna().all(axis=1)
    np.testing.assert_array_equal(groups[known].sum(axis=1), frame["rta"][known])
    if entry != "exact":
        np.testing.assert_array_equal(known, frame["rta"].notna())


@few
@given(histories(), st.integers(1, 6))
def test_a_phase_in_takes_equal_steps_and_ends_at_once(df, over):
    if df["rta"].isna().all():
        return
    panel = build(df).with_age("rta", entry="latest")
    frame = panel.with_phase_in("rta", over, entry="latest").to_frame()
    share, age = frame[f"rta_over{over}"], frame["rta_age"]
    np.testing.assert_array_equal(share[frame["rta"] == 0], 0.0)
    inside = frame["rta"] == 1
    expected = np.minimum(1, (age[inside] + 1) / over)
    np.testing.assert_allclose(share[inside], expected, rtol=1e-15)
    assert share[frame["rta"].isna()].isna().all()


def test_an_entry_before_the_first_row_is_open_until_it_no_longer_matters():
    df = pd.DataFrame(
        {"o": "KZ", "d": "RU", "t": range(2010, 2015), "x": 1.0, "rta": 1}
    )
    panel = build(df)
    missing = [np.nan] * 5
    np.testing.assert_array_equal(panel.with_age("rta").to_frame()["rta_age"], missing)
    share = panel.with_phase_in("rta", 3).to_frame()["rta_over3"]
    np.testing.assert_array_equal(share, [np.nan, np.nan, 1, 1, 1])
    last = panel.with_age_groups("rta", [0, 3]).to_frame()["rta_3_on"]
    np.testing.assert_array_equal(last, [np.nan, np.nan, np.nan, 1, 1])
    old = panel.with_phase_in("rta", 3, entry="earliest").to_frame()["rta_over3"]
    np.testing.assert_array_equal(old, 1.0)


def test_a_new_entry_after_an_exit_begins_anew():
    df = pd.DataFrame(
        {
            "o": "KZ",
            "d": "RU",
            "t": range(2010, 2016),
            "x": 1.0,
            "rta": [0, 1, 1, 0, 1, 1],
        }
    )
    frame = build(df).with_age("rta").with_phase_in("rta", 2).to_frame()
    np.testing.assert_array_equal(frame["rta_age"], [np.nan, 0, 1, np.nan, 0, 1])
    np.testing.assert_array_equal(frame["rta_over2"], [0, 0.5, 1, 0, 0.5, 1])


def test_what_is_neither_in_force_nor_not_has_no_age():
    panel = build(world(5))
    with pytest.raises(errors.NumberError, match="F-441"):
        panel.with_age("dist")
    with pytest.raises(errors.TableError, match="F-106"):
        panel.with_age("rta", entry="first")
    for over in (0, 2.5, True):
        with pytest.raises(errors.PeriodError, match="F-443"):
            panel.with_phase_in("rta", over)
    for starts in ([], [3, 3], [-1, 2], [0.5], 4):
        with pytest.raises(errors.PeriodError, match="F-443"):
            panel.with_age_groups("rta", starts)


# ------------------------------------------------------- borders, pairs, members


@few
@given(worlds)
def test_the_parts_of_a_column_add_up_to_it(df):
    panel = build(df).with_border("intl")
    split = panel.by_border("dist").by_period("dist").to_frame()
    np.testing.assert_array_equal(
        split["dist_international"] + split["dist_domestic"], split["dist"]
    )
    yearly = [name for name in split.columns if name.startswith("dist_20")]
    assert len(yearly) == df["t"].nunique()
    np.testing.assert_array_equal(split[yearly].sum(axis=1), split["dist"])
    np.testing.assert_array_equal(split["intl"], (split["o"] != split["d"]).astype(int))


def test_the_base_period_is_left_out_and_must_occur():
    panel = build(world(6, home=True)).with_border()
    names = panel.by_period("border", base="2012").covariates
    assert [n for n in names if n.startswith("border_")] == [
        f"border_{year}" for year in (2010, 2011, 2013, 2014, 2015)
    ]
    with pytest.raises(errors.PeriodError, match="F-442"):
        panel.by_period("border", base=1990)


def test_months_make_names_that_a_formula_can_hold():
    months = pd.period_range("2020-11", periods=2, freq="M")
    panel = build(pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "x": 1.0}))
    names = panel.with_border().by_period("border", base="2020-11").covariates
    assert names == ("border", "border_2020_12")


def test_twenty_years_of_months_make_as_many_columns_without_a_warning():
    months = pd.period_range("2000-01", periods=240, freq="M")
    panel = build(pd.DataFrame({"o": "KZ", "d": "RU", "t": months, "x": 1.0}))
    assert len(panel.with_border().by_period("border").covariates) == 241


def test_regions_of_one_country_have_no_border_between_them():
    df = pd.DataFrame(
        {
            "o": ["KZ-39", "RU-CHE", "RU-OMS"],
            "d": ["RU-OMS", "RU-OMS", "RU-OMS"],
            "t": 2021,
            "x": 1.0,
        }
    )
    country = {"KZ-39": "KZ", "RU-CHE": "RU", "RU-OMS": "RU"}
    panel = build(df).with_border(country=country).with_home(country=country)
    assert panel.to_frame()["border"].to_list() == [1, 0, 0]
    assert panel.to_frame()["home"].to_list() == ["international", "RU", "RU"]
    assert build(df).with_border().to_frame()["border"].to_list() == [1, 1, 0]
    del country["RU-CHE"]
    with pytest.raises(errors.KeyColumnError, match=r"F-332.*RU-CHE"):
        build(df).with_border(country=country)
    with pytest.raises(errors.KeyColumnError, match="F-337"):
        build(df).with_home(other="RU-OMS")


@few
@given(worlds, st.sampled_from(["own", "one"]))
def test_a_pair_has_one_id_in_both_directions_and_no_other_pair_has_it(df, domestic):
    frame = build(df).with_pair_ids(domestic=domestic).to_frame()
    sets = [frozenset(ends) for ends in zip(frame.o, frame.d, strict=True)]
    if domestic == "one":
        sets = ["home" if len(ends) == 1 else ends for ends in sets]
    ids = (
        pd.Series(frame["pair"].to_numpy())
        .groupby(pd.Series(sets))
        .agg(["nunique", "first"])
    )
    assert (ids["nunique"] == 1).all()
    assert ids["first"].is_unique
    for o, d, pair in zip(frame.o, frame.d, frame.pair, strict=True):
        if o != d:
            assert pair == "-".join(sorted([o, d]))


def test_ids_that_would_stand_for_two_pairs_are_refused():
    df = pd.DataFrame({"o": ["A", "A-B"], "d": ["B-C", "C"], "t": 2021, "x": 1.0})
    with pytest.raises(errors.KeyColumnError, match="F-337"):
        build(df).with_pair_ids()
    assert build(df).with_pair_ids(separator="|").to_frame()["pair"].to_list() == [
        "A|B-C",
        "A-B|C",
    ]
    with pytest.raises(errors.TableError, match="F-106"):
        build(df).with_pair_ids(domestic="none")


def test_numeric_codes_are_ordered_as_numbers():
    df = pd.DataFrame({"o": [643, 51], "d": [51, 643], "t": 2021, "x": 1.0})
    assert set(build(df).with_pair_ids().to_frame()["pair"]) == {"51-643"}


def test_an_agreement_holds_between_members_from_the_later_accession_on():
    df = world(7, regions=5, home=True).drop(columns="rta")
    eaeu = {
        "RU": 2012,
        "KZ": 2010,
        "BY": (None, 2013),
        "AM": "2011-01-02",
        "KG": "2013-08-12",
    }
    frame = build(df).with_agreement("eaeu", eaeu).to_frame()
    first = {"RU": 2012, "KZ": 2010, "BY": 0, "AM": 2011, "KG": 2013}
    last = {**dict.fromkeys(CODES, 9999), "BY": 2012}
    expected = [
        int(o != d and max(first[o], first[d]) <= t <= min(last[o], last[d]))
        for o, d, t in zip(frame.o, frame.d, years_of(frame), strict=True)
    ]
    assert frame["eaeu"].to_list() == expected


def test_a_part_of_a_year_counts_as_one_says():
    df = pd.DataFrame({"o": "KZ", "d": "KG", "t": [2014, 2015, 2016], "x": 1.0})
    members = {"KZ": 2015, "KG": ("2015-08-12", "2016-07-01"), "AM": "2015-01-02"}
    panel = build(df)
    shares = {
        word: panel.with_agreement("eaeu", members, counted=word)
        .to_frame()["eaeu"]
        .to_list()
        for word in ("end", "whole", "share")
    }
    assert shares["end"] == [0, 1, 0]
    assert shares["whole"] == [0, 0, 0]
    days = (pd.Timestamp("2016-01-01") - pd.Timestamp("2015-08-12")).days
    np.testing.assert_allclose(shares["share"], [0, days / 365, 182 / 366])
    assert (
        panel.with_agreement("eaeu", members).notes[-1].endswith("not in the panel: AM")
    )


def test_impossible_lists_of_members_are_refused():
    panel = build(world(8, regions=5))
    with pytest.raises(errors.KeyColumnError, match=r"F-339.*Did you mean \['RU'\]"):
        panel.with_agreement("eaeu", {"RUS": 2015, "KZ": 2015})
    with pytest.raises(errors.PeriodError, match=r"F-444.*KZ"):
        panel.with_agreement("eaeu", {"RU": 2015, "KZ": ("2015-01-01", 2014)})
    with pytest.raises(errors.PeriodError, match="F-412"):
        panel.with_agreement("eaeu", {"RU": "May 2015", "KZ": 2015})
    with pytest.raises(errors.TableError, match="F-106"):
        panel.with_agreement("eaeu", {"RU": 2015, "KZ": 2015}, counted="half")


# ----------------------------------------------- domestic trade, masses, distances


@few
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_output_is_domestic_trade_and_exports(seed, regions):
    df = world(seed, regions=regions, home=True)
    full = build(df)
    output = df.groupby(["o", "t"], as_index=False)["x"].sum()
    again = full.international().with_domestic(output.sample(frac=1, random_state=1))
    np.testing.assert_allclose(again.to_frame()["x"], full.to_frame()["x"], atol=1e-12)
    pd.testing.assert_frame_equal(
        again.to_frame()[["o", "d", "t"]], full.to_frame()[["o", "d", "t"]]
    )
    for column in ("gdp_o", "gdp_d"):
        if regions > 2:
            pd.testing.assert_series_equal(
                again.to_frame()[column], full.to_frame()[column]
            )
    made = again.with_masses().to_frame().groupby(["o", "t"])["output"].first()
    np.testing.assert_allclose(made, output.set_index(["o", "t"])["x"])


def test_output_may_be_a_covariate_and_the_rest_is_filled_as_one_says():
    df = world(9, home=True)
    df["made"] = df.groupby(["o", "t"])["x"].transform("sum")
    full = build(df)
    again = full.international().with_domestic("made", fill={"rta": 0, "dist": 1.0})
    frame, home = again.to_frame(), full.to_frame()
    np.testing.assert_allclose(frame["x"], home["x"], atol=1e-12)
    inside = frame["o"] == frame["d"]
    assert (frame.loc[inside, "rta"] == 0).all()
    assert frame["rta"].dtype == np.int64
    assert (frame.loc[inside, "dist"] == 1.0).all()
    pd.testing.assert_series_equal(frame["made"], home["made"])
    with pytest.raises(errors.KeyColumnError, match=r"F-331.*AM"):
        full.international().with_domestic("dist")
    with pytest.raises(errors.ColumnError, match="F-111"):
        full.international().with_domestic("made", fill={"fta": 0})


def test_output_below_exports_or_unknown_is_refused_or_marked():
    df = world(10, regions=3, years=2)
    made = (
        df.groupby(["o", "t"], as_index=False)["x"].sum().assign(x=lambda f: f["x"] + 1)
    )
    made.loc[0, "x"] = 0.0
    panel = build(df)
    with pytest.raises(errors.NumberError, match=r"F-336.*AM 2010"):
        panel.with_domestic(made)
    marked = panel.with_domestic(made, on_negative="missing")
    home = marked.to_frame().query("o == d")
    assert home["x"].isna().sum() == 1
    assert any("export more than they make" in note for note in marked.notes)
    with pytest.raises(errors.NumberError, match=r"F-335.*lack their output.*AM 2010"):
        panel.with_domestic(made.iloc[1:])
    marked = panel.with_domestic(made.iloc[1:], on_missing="missing")
    np.testing.assert_allclose(marked.to_frame().query("o == d")["x"].dropna(), 1.0)
    holes = build(df.assign(x=df["x"].where(df.index != 3)))
    with pytest.raises(
        errors.NumberError, match=r"F-335.*exports, of which one is missing"
    ):
        holes.with_domestic(made.assign(x=99.0))
    with pytest.raises(errors.TableError, match="F-106"):
        panel.with_domestic(made, on_negative="zero")


def test_domestic_trade_is_not_added_twice_and_tables_of_output_are_checked():
    df = world(11, home=True)
    made = df.groupby(["o", "t"], as_index=False)["x"].sum()
    with pytest.raises(errors.KeyColumnError, match="F-334"):
        build(df).with_domestic(made)
    panel = build(df).international()
    with pytest.raises(errors.TableError, match="F-105"):
        panel.with_domestic(pd.concat([made, made.iloc[:1]]))
    with pytest.raises(errors.TableError, match="F-106"):
        panel.with_domestic(made.assign(more=1.0))
    with pytest.raises(errors.ColumnError, match="F-111"):
        panel.with_domestic(made.rename(columns={"t": "year"}))
    only_home = build(df[df["o"] == df["d"]])
    with pytest.raises(errors.KeyColumnError, match="F-333"):
        only_home.international()


def test_sectors_have_domestic_trade_and_masses_of_their_own():
    df = pd.concat(
        [world(s, regions=3, years=2, home=True).assign(hs=f"0{s}") for s in (1, 2)]
    )
    full = build(df, sector="hs")
    made = df.groupby(["o", "hs", "t"], as_index=False)["x"].sum()
    again = full.international().with_domestic(made)
    np.testing.assert_allclose(again.to_frame()["x"], full.to_frame()["x"], atol=1e-12)
    frame = again.with_masses().to_frame()
    bought = frame.groupby(["d", "hs", "t"])["x"].transform("sum")
    np.testing.assert_allclose(frame["expenditure"], bought)


@few
@given(worlds)
def test_what_is_sold_is_what_is_bought(df):
    frame = build(df).with_masses().to_frame()
    sold = frame.drop_duplicates(["o", "t"]).groupby("t")["output"].sum()
    bought = frame.drop_duplicates(["d", "t"]).groupby("t")["expenditure"].sum()
    np.testing.assert_allclose(sold, bought)
    np.testing.assert_allclose(sold, frame.groupby("t")["x"].sum())


def test_a_missing_flow_makes_its_totals_missing():
    df = world(12, regions=3, years=2)
    frame = build(df.assign(x=df["x"].where(df.index != 0))).with_masses().to_frame()
    lost = frame["output"].isna()
    assert set(frame["o"][lost]) == {"AM"}
    assert set(frame["d"][frame["expenditure"].isna()]) == {"BY"}
    assert set(years_of(frame)[lost]) == {2010}


def test_a_point_of_a_disk_is_two_thirds_of_the_radius_from_its_centre():
    radius = np.linspace(
        0, 100.0, 200_001
    )  # the density of the distance r is 2 r / R^2
    mean = np.average(radius, weights=radius)
    df = world(13, home=True, regions=2)
    panel = build(df).with_internal_distance(
        "dist", area={"AM": np.pi * 100.0**2, "BY": np.pi * 1.0}
    )
    inside = panel.to_frame().query("o == d").groupby("o")["dist"].first()
    assert inside["AM"] == pytest.approx(mean, rel=0.01)
    assert inside["BY"] == pytest.approx(0.67)


@pytest.mark.parametrize(
    ("rule", "factor"),
    [("redding-venables", 0.66), ("redding-venables-half", 0.33), ("leamer", 1.0)],
)
def test_rules_by_area_differ_by_a_factor(rule, factor):
    df = world(14, home=True).assign(area=np.pi * 4.0)
    panel = build(df).with_internal_distance("dist", rule, area="area")
    frame = panel.to_frame()
    inside = frame["o"] == frame["d"]
    np.testing.assert_allclose(frame["dist"][inside], 2 * factor)
    abroad = build(df).to_frame()["dist"][~inside]
    pd.testing.assert_series_equal(frame["dist"][~inside], abroad)
    assert panel.notes[-1].endswith(
        f"{inside.sum()} values that were known were replaced"
    )


@few
@given(st.integers(0, 2**32 - 1), st.sampled_from([("wei", 0.25), ("wolf", 0.5)]))
def test_a_region_is_a_part_of_the_way_to_its_nearest_neighbour_wide(seed, rule):
    df = world(seed, home=True)
    df.loc[df["o"] == df["d"], "dist"] = np.where(seed % 2, np.nan, 1.0)
    frame = build(df).with_internal_distance("dist", rule[0]).to_frame()
    for region in df["o"].unique():
        abroad = df[(df["o"] != df["d"]) & ((df["o"] == region) | (df["d"] == region))]
        own = frame[(frame["o"] == region) & (frame["d"] == region)]["dist"]
        np.testing.assert_allclose(own, rule[1] * abroad["dist"].min())


def test_internal_distances_need_domestic_flows_and_areas():
    panel = build(world(15, home=True))
    with pytest.raises(errors.KeyColumnError, match="F-333"):
        panel.international().with_internal_distance("dist", "wei")
    with pytest.raises(errors.KeyColumnError, match=r"F-330.*'BY'"):
        panel.with_internal_distance("dist", area={"AM": 1.0, "KG": 1.0, "KZ": 1.0})
    with pytest.raises(errors.TableError, match="F-106"):
        panel.with_internal_distance("dist")
    with pytest.raises(errors.TableError, match="F-106"):
        panel.with_internal_distance("dist", "own")
    with pytest.raises(errors.KeyColumnError, match=r"F-331"):
        panel.with_internal_distance("dist", area="gdp_o")


@pytest.mark.parametrize("form", ["head", "average", "market"])
@pytest.mark.parametrize("home", [True, False])
@pytest.mark.parametrize("masses", [None, ("gdp_o", "gdp_d")])
def test_remoteness_is_the_sum_over_partners_written_out(form, home, masses):
    df = world(16, home=home)
    frame = build(df).with_remoteness("dist", masses=masses, form=form).to_frame()
    for row in frame.itertuples():
        now = frame[frame["t"] == row.t]
        if masses is None:
            mass = now.groupby("d")["x"].sum()
        else:
            mass = now.groupby("d")["gdp_d"].first()
        share = mass / mass.sum()
        total = 0.0
        for partner in now[now["o"] == row.o].itertuples():
            s = share[partner.d]
            total += {
                "head": partner.dist / s,
                "average": partner.dist * s,
                "market": s / partner.dist,
            }[form]
        expected = 1 / total if form == "market" else total
        assert row.remoteness_o == pytest.approx(expected)


def test_remoteness_grows_with_distances_and_not_with_the_unit_of_flows():
    df = world(17, home=True)
    names = ["remoteness_o", "remoteness_d"]
    one = build(df).with_remoteness("dist").to_frame()[names]
    far = build(df.assign(dist=df["dist"] * 2, x=df["x"] * 1e6))
    np.testing.assert_allclose(far.with_remoteness("dist").to_frame()[names], 2 * one)


def test_remoteness_needs_every_partner():
    df = world(18)
    with pytest.raises(errors.KeyColumnError, match=r"F-338.*AM to BY in 2010"):
        build(df.iloc[1:]).with_remoteness("dist")
    squared = build(df.iloc[1:]).square(pairs="all").with_remoteness("dist")
    assert squared.to_frame()["remoteness_o"].notna().all()
    lost = build(df.assign(dist=df["dist"].where(df.index != 0))).with_remoteness(
        "dist"
    )
    assert set(lost.to_frame().query("remoteness_o.isna()")["o"]) == {"AM"}
    assert "missing where" in lost.notes[-1]
    with pytest.raises(errors.KeyColumnError, match="F-331"):
        build(df).with_remoteness("dist", masses=("dist", "gdp_d"))
    with pytest.raises(errors.TableError, match="F-106"):
        build(df).with_remoteness("dist", form="harmonic")


# ------------------------------------------------------------------------ squares


@few
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_square_never_fills_in_a_wrong_value(seed, home):
    df = world(seed, regions=5, home=home)
    df["price"] = np.random.default_rng(seed).random(6)[df["t"] - 2010]
    df["name"] = "region " + df["o"]
    kept = np.random.default_rng(seed).random(len(df)) < 0.7
    kept[0] = True
    square = build(df[kept]).square(pairs="all").to_frame()
    truth = (
        square[["o", "d"]]
        .assign(year=years_of(square))
        .merge(df, how="left", left_on=["o", "d", "year"], right_on=["o", "d", "t"])
    )
    for column in ("dist", "gdp_o", "gdp_d", "rta", "price", "name"):
        known = square[column].notna() & truth[column].notna()
        np.testing.assert_array_equal(square[column][known], truth[column][known])


def test_a_square_knows_what_is_constant_by_pair_by_exporter_year_and_by_year():
    df = world(19, regions=5, years=6)
    df["price"] = (df["t"] * 1.37) % 1
    odd = (df["o"] == "KZ") & (df["d"] == "RU")
    some = df[~odd & ~((df["o"] == "BY") & (df["t"] == 2012) & (df["d"] != "RU"))]
    square = build(some).square(pairs="all").to_frame()
    full = build(df).to_frame()
    assert len(square) == len(full)
    for column in ("dist", "gdp_o", "gdp_d", "price", "rta"):
        pd.testing.assert_series_equal(square[column], full[column])
    assert (square["x"][square["o"].eq("KZ") & square["d"].eq("RU")] == 0).all()


def test_distances_that_differ_in_the_seventh_digit_are_the_same_both_ways():
    df = world(20)
    df["dist"] *= 1 + 1e-8 * (df["o"] < df["d"])
    some = (
        build(df[(df["o"] != "KG") | (df["d"] != "AM")]).square(pairs="all").to_frame()
    )
    np.testing.assert_allclose(some["dist"], build(df).to_frame()["dist"], rtol=1e-7)


def test_a_dummy_belongs_to_an_exporter_only_when_one_says_so():
    df = world(21).assign(landlocked=lambda f: f["o"].isin(["AM", "KG"]).astype(int))
    some = build(df[(df["o"] != "KG") | (df["d"] != "AM")])
    new = {"o": "KG", "d": "AM"}
    assert some.square(pairs="all").select(**new).to_frame()["landlocked"].isna().all()
    said = some.square(pairs="all", constant={"landlocked": "origin"})
    assert (said.select(**new).to_frame()["landlocked"] == 1).all()
    assert any("['landlocked'] filled in by origin" in note for note in said.notes)
    with pytest.raises(errors.KeyColumnError, match="F-331"):
        some.square(constant={"rta": "destination"}, pairs="all")
    with pytest.raises(errors.TableError, match="F-106"):
        some.square(constant={"rta": "exporter"})
    with pytest.raises(errors.ColumnError, match="F-111"):
        some.square(constant={"fta": "pair"})


def test_what_agrees_by_chance_or_never_is_not_believed():
    df = world(23)
    df["cost"] = df.groupby(["o", "d"])["x"].transform("first")
    df["embargo"] = (df["o"].isin(["BY", "KZ"]) & df["d"].isin(["BY", "KZ"])).astype(
        int
    )
    away = df[df["o"] < df["d"]]  # one direction of each pair
    frame = build(away).square(pairs="all").to_frame()
    back = frame["o"] > frame["d"]
    assert back.any()
    assert frame.loc[back, ["cost", "embargo"]].isna().all(axis=None)
    one = df[(df["o"] != "KG") | (df["d"] != "AM")]
    new = build(one).square(pairs="all").select(o="KG", d="AM").to_frame()
    assert new["embargo"].isna().all()  # one pair agrees, all others are zero


def test_incomes_are_of_a_country_and_output_is_of_a_sector():
    df = pd.concat([world(s, regions=3).assign(hs=f"0{s}") for s in (1, 2)])
    df["made"] = df.groupby(["o", "hs", "t"])["x"].transform("sum")
    df["gdp"] = df.groupby(["o", "t"])["x"].transform("sum")
    lost = (df["o"] == "KG") & (df["d"] == "AM") & (df["hs"] == "02")
    square = build(df[~lost], sector="hs").square(pairs="all").to_frame()
    full = build(df, sector="hs").to_frame()
    pd.testing.assert_series_equal(square["made"], full["made"])
    pd.testing.assert_series_equal(square["gdp"], full["gdp"])


def test_years_are_selected_as_whole_numbers():
    panel = build(world(22))
    assert len(panel.select(t=range(2010, 2016, 4)).to_frame()["t"].unique()) == 2
    with pytest.raises(errors.KeyColumnError, match="F-311"):
        panel.select(t=1990)
