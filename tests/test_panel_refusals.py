"""Bad tables meet a named error at the door, or a repair that is told.

The numbers in the names are those of the list of bad inputs in TRUST.md, section 4.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import errors
from forecast.panel import TradePanel

YEARS = [2019, 2020, 2021]
PAIR = {
    "origin": "exporter",
    "destination": "importer",
    "period": "year",
    "flow": "trade",
}


def table(n_years=3):
    """Three regions, all directions, `n_years` years."""
    regions = ["KZ", "RU", "UZ"]
    rows = [
        (a, b, year, 10.0 * i + year - 2018)
        for i, (a, b) in enumerate((a, b) for a in regions for b in regions if a != b)
        for year in YEARS[:n_years]
    ]
    return pd.DataFrame(rows, columns=["exporter", "importer", "year", "trade"])


def take(df, **roles):
    return TradePanel.from_frame(df, **{**PAIR, **roles})


def refusal(df, code, **roles):
    """Return the error of taking `df` in, and see that `df` is what it was."""
    before = df.copy(deep=True) if isinstance(df, pd.DataFrame) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.ForecastWarning)
        with pytest.raises(errors.ForecastError) as caught:
            take(df, **roles)
    error = caught.value
    assert error.code == code, str(error)
    assert error.remedy
    assert len(error.examples) <= 5
    if before is not None:
        pd.testing.assert_frame_equal(df, before)
    return error


def with_flow(values):
    df = table()
    df["trade"] = pd.Series(values, dtype=object).reindex(
        range(len(df)), fill_value=1.0
    )
    return df


# ------------------------------------------------------------------- table shape


def test_01_a_table_without_rows_and_columns_is_refused():
    refusal(pd.DataFrame(), "F-101")


def test_02_a_table_with_a_header_only_is_refused():
    assert "exporter" in refusal(table().iloc[:0], "F-101").remedy


def test_03_a_missing_key_column_is_named_with_what_was_meant():
    error = refusal(table().rename(columns={"importer": "imporrter"}), "F-111")
    assert isinstance(error, errors.ColumnError)
    assert "imporrter" in error.remedy


def test_03_years_side_by_side_are_told_to_be_melted():
    wide = pd.DataFrame(
        {"exporter": ["KZ"], "importer": ["RU"], "2020": [1.0], "2021": [2.0]}
    )
    assert "melt" in refusal(wide, "F-111").remedy


def test_04_a_second_row_for_a_cell_is_never_added_silently():
    df = pd.concat([table(), table().iloc[[4]]], ignore_index=True)
    error = refusal(df, "F-105")
    assert isinstance(error, errors.TableError)
    assert error.count == 1
    assert error.examples == ("KZ UZ 2020",)


def test_04_the_column_that_tells_repeated_rows_apart_is_pointed_at():
    df = pd.concat([table().assign(hs="01"), table().assign(hs="02")])
    assert "'hs'" in refusal(df, "F-105").remedy
    assert len(take(df, sector="hs")) == 36


def test_05_a_column_name_that_occurs_twice_is_refused():
    df = table()
    df.columns = ["exporter", "importer", "year", "year"]
    assert refusal(df, "F-112").column == "year"


def test_06_column_names_in_levels_are_refused():
    df = table()
    df.columns = pd.MultiIndex.from_product([["flows"], df.columns])
    refusal(df, "F-103")


def test_06_keys_that_stand_in_the_index_are_found_there():
    df = table().set_index(["exporter", "importer"])
    assert "reset_index" in refusal(df, "F-111").remedy


def test_06_column_names_that_are_no_text_are_refused():
    refusal(table().rename(columns={"trade": 7}), "F-114")


def test_07_numbers_mixed_with_other_things_are_refused():
    error = refusal(with_flow([1.0, pd.Timestamp("2021-01-01")]), "F-201")
    assert isinstance(error, errors.NumberError)
    assert error.column == "trade"


def test_08_lists_in_the_cells_are_refused():
    assert refusal(with_flow([[1.0, 2.0]]), "F-203").count == 1
    nested = table().astype({"exporter": object})
    nested.at[3, "exporter"] = ["RU"]
    refusal(nested, "F-302")


def test_08_lists_in_a_column_nobody_asked_for_name_the_way_out():
    df = table().assign(parts=[[1, 2]] * 18)
    assert "covariates=[...]" in refusal(df, "F-203").remedy
    assert take(df, covariates=[]).covariates == ()


def test_09_one_row_is_a_panel():
    panel = take(table().iloc[[0]])
    assert len(panel) == len(panel.units) == len(panel.periods) == 1


def test_10_one_region_with_itself_is_a_panel():
    df = pd.DataFrame({"exporter": "KZ", "importer": "KZ", "year": YEARS, "trade": 1.0})
    assert repr(take(df)).startswith("TradePanel: 1 pair x 3 years")


def test_11_one_period_is_a_panel():
    assert take(table(1)).matrix()[0].shape == (6, 1)


def test_12_one_pair_is_a_panel():
    assert take(table().iloc[:3]).matrix()[0].shape == (1, 3)


def test_13_flows_that_are_all_zero_are_a_panel_that_says_so():
    panel = take(table().assign(trade=0.0))
    assert "100.0% zeros" in repr(panel)
    assert panel.diagnose().set_index("code").loc["F-224", "count"] == 6


def test_14_flows_that_never_change_are_a_panel_that_says_so():
    panel = take(table().assign(trade=3.0))
    assert panel.diagnose().set_index("code").loc["F-225", "count"] == 6


# ----------------------------------------------------------------------- numbers


def test_15_a_missing_flow_stays_missing_and_is_never_zero():
    panel = take(with_flow([None, np.nan, pd.NA]))
    assert np.isnan(panel.matrix()[0]).sum() == 3
    assert (panel.nobs, len(panel)) == (15, 18)
    assert "16.7% missing" in repr(panel)


def test_15_a_flow_that_is_missing_everywhere_is_refused():
    refusal(table().assign(trade=np.nan), "F-210")


def test_16_a_missing_covariate_stays_missing_and_is_found():
    panel = take(table().assign(gdp=[np.nan, *range(17)]))
    assert panel.to_frame()["gdp"].isna().sum() == 1
    found = panel.diagnose().set_index("code")
    assert found.loc["F-222", "examples"] == "gdp: 1 rows"


@pytest.mark.parametrize(
    "value", [np.inf, -np.inf, 1e400], ids=["inf", "-inf", "1e400"]
)
def test_17_18_infinite_values_are_refused_in_flows_and_covariates(value):
    assert refusal(with_flow([1.0, value]), "F-204").examples == (f"row 1: {value!r}",)
    df = table()
    df["gdp"] = np.where(df.index == 5, value, 1.0)
    assert refusal(df, "F-204").column == "gdp"


def test_19_minus_zero_becomes_zero():
    panel = take(table().assign(trade=-0.0))
    assert not np.signbit(panel.to_frame()["trade"]).any()


def test_20_a_negative_flow_is_refused_with_its_rows():
    error = refusal(with_flow([1.0, -2.5]), "F-206")
    assert (error.column, error.count, error.examples) == ("trade", 1, ("row 1: -2.5",))


def test_21_complex_flows_are_refused():
    refusal(table().assign(trade=1 + 2j), "F-207")
    refusal(with_flow([1 + 2j, 3j]), "F-207")


def test_22_true_and_false_are_no_flows_but_may_be_covariates():
    refusal(table().assign(trade=True), "F-208")
    panel = take(table().assign(border=True))
    assert panel.to_frame()["border"].to_list() == [1] * 18


def test_23_text_that_looks_like_numbers_is_refused_with_the_reader_named():
    df = table().assign(trade="1 234,5")
    assert "parse_numbers" in refusal(df, "F-202").remedy
    df = table().assign(gdp="1\u00a0234,5")
    assert refusal(df, "F-202", covariates=["gdp"]).column == "gdp"


@pytest.mark.parametrize("mark", ["n/a", "-", "…", "c"])
def test_24_marks_for_no_figure_are_refused_not_guessed(mark):
    error = refusal(with_flow([mark, 1.0]), "F-202")
    assert error.examples == (f"row 0: {mark!r}",)


def test_24_marks_in_a_covariate_are_not_taken_for_a_label():
    df = table()
    df["gdp"] = pd.Series(["n/a", *range(17)], dtype=object)
    assert refusal(df, "F-202").column == "gdp"


def test_25_whole_numbers_beyond_64_bits_are_read_as_numbers():
    panel = take(with_flow([2**63, 2**70]))
    assert sorted(panel.to_frame()["trade"])[-2:] == [2.0**63, 2.0**70]
    panel = take(table().assign(big=np.uint64(2**63 + 2**12)))
    assert panel.to_frame()["big"].iloc[0] == 2.0**63 + 2**12


def test_26_unsigned_and_signed_codes_are_the_same_regions():
    df = pd.DataFrame({
        "exporter": np.array([643, 398], dtype=np.uint64),
        "importer": np.array([398, 643], dtype=np.int64),
        "year": 2021,
        "trade": [17.6, 7.0],
    })  # fmt: skip
    assert take(df).turnover().to_frame()["turnover"].to_list() == [24.6]


def test_26_codes_beyond_64_bits_are_refused():
    refusal(table().assign(exporter=np.uint64(2**63)), "F-302")


def test_27_whole_floats_are_codes_and_years():
    df = pd.DataFrame(
        {"exporter": [643.0], "importer": [398.0], "year": [2021.0], "trade": 1}
    )
    panel = take(df)
    assert panel.units.iloc[0].to_list() == [643, 398]
    assert str(panel.periods[0]) == "2021"
    refusal(df.assign(exporter=643.5), "F-302")


def test_28_single_precision_becomes_double():
    df = table().astype({"trade": np.float32}).assign(gdp=np.float32(0.1))
    frame = take(df).to_frame()
    assert frame["trade"].dtype == frame["gdp"].dtype == np.float64


def test_29_flows_too_small_for_a_full_number_become_zero_and_a_note_says_so():
    panel = take(with_flow([5e-324]))
    assert (panel.to_frame()["trade"] == 0).sum() == 1
    assert panel.notes == ("1 values of 'trade' below 2.2e-308 were set to zero",)


def test_30_units_mixed_in_a_column_are_found():
    years = range(2001, 2021)
    df = pd.DataFrame({"exporter": "KZ", "importer": "RU", "year": years, "trade": 5.0})
    df["trade"] *= np.linspace(1, 2, 20) * np.where(df["year"] >= 2015, 1e6, 1.0)
    found = take(df).diagnose().set_index("code")
    assert found.loc["F-223", "examples"] == "KZ → RU in 2015"


def test_30_a_column_of_several_units_of_measurement_is_refused():
    df = table().assign(money=["USD", "RUB"] * 9)
    assert refusal(df, "F-209", unit="money").examples == ("RUB", "USD")
    assert take(df.assign(money="million USD"), unit="money").measure == "million USD"


# -------------------------------------------------------------------------- keys


def test_31_the_region_called_na_is_a_region_and_a_lost_one_is_explained():
    assert "NA" in set(take(table().replace("UZ", "NA")).units["exporter"])
    error = refusal(table().replace("UZ", None), "F-301")
    assert isinstance(error, errors.KeyColumnError)
    assert "Namibia" in error.remedy
    refusal(table().replace("UZ", "  "), "F-301")


def test_32_codes_with_and_without_their_zero_are_refused():
    df = pd.concat([table().assign(hs="01"), table().assign(hs="1")])
    assert refusal(df, "F-303", sector="hs").column == "hs"


def test_32_zeros_stay_and_lost_ones_are_found():
    df = pd.concat([table().assign(hs="01"), table().assign(hs="27")])
    assert set(take(df, sector="hs").units["hs"]) == {"01", "27"}
    df["hs"] = df["hs"].astype(int)
    found = take(df, sector="hs").diagnose().set_index("code")
    assert found.loc["F-328", "examples"] == "1"


@pytest.mark.parametrize(
    "twin",
    ["kz", "К" + "Z", "K Z", "\u00c9Z/E\u0301Z"],
    ids=["case", "Cyrillic", "blank", "accent"],
)
def test_33_codes_that_look_the_same_are_refused(twin):
    first, _, second = twin.partition("/")
    df = table().replace("UZ", first)
    df = df.replace("RU", second) if second else df
    assert refusal(df, "F-303").count == 1


def test_33_a_look_alike_on_the_other_side_of_the_flow_is_refused():
    df = table()
    df["importer"] = df["importer"].str.replace("K", "К")
    assert "\\u041a" in refusal(df, "F-303").examples[0]


def test_33_blanks_around_codes_are_removed_and_a_note_says_so():
    df = table()
    df.loc[0, "exporter"] = "\u00a0KZ "
    panel = take(df)
    assert set(panel.units["exporter"]) == {"KZ", "RU", "UZ"}
    assert "blanks around 1 codes of 'exporter'" in panel.notes[0]


def test_33_one_code_in_two_alphabets_is_found():
    panel = take(table().replace("UZ", "UЗ"))
    assert panel.diagnose().set_index("code").loc["F-327", "count"] == 2


def test_33_text_and_numbers_in_one_system_of_codes_are_refused():
    mixed = table().astype({"exporter": object})
    mixed.loc[0, "exporter"] = 643
    refusal(mixed, "F-304")
    sides = table()
    sides["importer"] = sides["importer"].map({"KZ": 398, "RU": 643, "UZ": 860})
    refusal(sides, "F-304")


def test_34_an_unknown_code_is_refused_against_a_list():
    error = refusal(
        table().replace("UZ", "UX"), "F-306", known_codes=["KZ", "RU", "UZ"]
    )
    assert error.examples == ("'UX'",)
    assert "UZ" in error.remedy
    assert len(take(table(), known_codes={"KZ", "RU", "UZ"})) == 18


def test_35_36_a_code_outside_its_time_is_refused():
    codes = {
        "KZ": None,
        "RU": ("1991-12-26", None),
        "KZ-33": ("2022-06-08", None),
        "KZ-SEV": (None, "2019-12-31"),
    }
    error = refusal(table().replace("UZ", "KZ-33"), "F-307", known_codes=codes)
    assert "KZ-33 in 2019" in error.examples
    error = refusal(table().replace("UZ", "KZ-SEV"), "F-307", known_codes=codes)
    assert {e[-4:] for e in error.examples} == {"2020", "2021"}


def test_37_a_region_beside_its_part_is_found():
    panel = take(table().replace({"UZ": "RU-ARK", "RU": "RU-NEN"}))
    found = panel.diagnose().set_index("code")
    assert found.loc["F-323", "examples"] == "RU-NEN inside RU-ARK"
    assert "F-323" not in set(panel.diagnose(parts={})["code"])


@pytest.mark.parametrize("label", ["Всего", "World", "TOTAL", "итого "])
def test_38_rows_of_totals_are_warned_of_and_never_added(label):
    with pytest.warns(errors.ForecastWarning, match="F-321"):
        panel = take(table().replace("UZ", label))
    assert panel.notes[-1].startswith("F-321")
    assert "F-321" in set(panel.diagnose()["code"])
    with pytest.raises(errors.KeyColumnError, match="F-308"):
        panel.total()


def test_38_a_partner_called_world_alone_is_no_total_among_details():
    df = table()[lambda d: d["importer"] == "UZ"].replace("UZ", "World")
    assert take(df).total().to_frame()["trade"].to_list() == [
        22.0 + 20,
        24.0 + 20,
        26.0 + 20,
    ]


def test_39_flows_of_a_region_to_itself_are_found_and_no_part_of_turnover():
    df = pd.concat([table(), table().iloc[:3].assign(importer="KZ", trade=99.0)])
    panel = take(df)
    assert panel.diagnose().set_index("code").loc["F-326", "examples"] == "KZ"
    assert panel.turnover().to_frame()["turnover"].max() < 99


def test_40_directions_that_nearly_always_agree_are_found():
    df = table()
    pair = df[["exporter", "importer"]].apply(lambda r: "".join(sorted(r)), axis=1)
    df["trade"] = pair.map({"KZRU": 1.0, "KZUZ": 2.0, "RUUZ": 3.0}) + df["year"]
    assert "F-325" in set(take(df).diagnose()["code"])
    more = pd.concat(
        [df, df.assign(year=df["year"] + 3), df.assign(year=df["year"] + 6)]
    )
    more = more.reset_index(drop=True)
    more.loc[0, "trade"] += 50
    found = take(more).diagnose().set_index("code")
    assert found.loc["F-324", "examples"] == "KZ – RU in 2019"
    assert "F-325" not in found.index


def test_41_a_million_categories_are_only_many():
    n = 1_000_001
    df = pd.DataFrame({"firm": np.arange(n), "year": 2021, "trade": 1.0})
    panel = TradePanel.from_frame(df, unit=["firm"], period="year", flow="trade")
    assert repr(panel).startswith("TradePanel: 1,000,001 units (firm) x 1 year")


def test_42_a_unit_with_one_observation_is_found():
    found = take(table().iloc[2:]).diagnose().set_index("code")
    assert found.loc["F-329", "examples"] == "KZ → RU"


def test_43_categories_without_rows_vanish():
    df = table().astype({"exporter": "category", "importer": "category"})
    df["group"] = pd.Categorical(["a"] * 18, categories=["a", "b"])
    panel = take(df[df["exporter"] != "UZ"])
    assert set(panel.units["exporter"]) == {"KZ", "RU"}
    assert not isinstance(panel.to_frame()["group"].dtype, pd.CategoricalDtype)


def test_44_codes_of_minus_one_are_refused():
    codes = {"KZ": 1, "RU": 2, "UZ": -1}
    df = table().assign(exporter=lambda d: d["exporter"].map(codes), importer=7)
    error = refusal(df, "F-305")
    assert error.count == 6
    assert error.examples[0] == "row 12: -1"


# -------------------------------------------------------------------------- time


def test_45_unsorted_rows_are_put_in_order():
    panel = take(table().iloc[::-1])
    pd.testing.assert_frame_equal(panel.to_frame(), take(table()).to_frame())


def test_46_gaps_are_kept_as_gaps_and_found():
    panel = take(table().drop(index=1))
    assert np.isnan(panel.matrix()[0]).sum() == 1
    assert panel.diagnose().set_index("code").loc["F-432", "examples"] == "KZ → RU"


def test_46_periods_that_no_unit_has_are_found():
    panel = take(table()[lambda d: d["year"] != 2020])
    assert panel.diagnose().set_index("code").loc["F-434", "examples"] == "2020"
    assert "2 of 3 years (2019–2021)" in repr(panel)


def test_47_a_month_twice_is_refused_though_it_is_written_in_two_ways():
    df = table(2).assign(year=["2021-07", "2021M07"] * 6)
    assert refusal(df, "F-105").count == 6


def test_48_months_and_quarters_in_one_column_are_refused():
    refusal(table().assign(year=["2021-07", "2021-08", "2021Q3"] * 6), "F-404")


def test_49_dates_whose_day_and_month_are_unclear_are_refused():
    error = refusal(
        table().assign(year=["03.04.2021", "03.05.2021", "03.06.2021"] * 6), "F-405"
    )
    assert "%d.%m.%Y" in error.remedy


def test_50_zones_mixed_or_off_midnight_are_refused():
    aware = pd.date_range("2021-07-01", periods=3, freq="MS", tz="Europe/Moscow")
    refusal(table().assign(year=list(aware.tz_convert("UTC")) * 6), "F-408")
    refusal(table().assign(year=[*aware[:2], pd.Timestamp("2021-09-01")] * 6), "F-408")
    assert str(take(table().assign(year=list(aware) * 6)).periods[0]) == "2021-07"


def test_51_excel_day_counts_are_refused_with_both_systems_named():
    error = refusal(table().assign(year=[44470, 44501, 44531] * 6), "F-406")
    assert "1904" in error.remedy


def test_52_a_year_with_a_digit_too_many_is_refused():
    assert refusal(table().replace(2021, 20211), "F-403").count == 6


def monthly(values_by_year, regions=("KZ", "RU")):
    frames = [
        pd.DataFrame({
            "exporter": a,
            "importer": b,
            "year": [f"{year}-{month:02d}" for month in range(1, 13)],
            "trade": np.asarray(values) * (i + 1),
        })
        for i, (a, b) in enumerate([regions, regions[::-1]])
        for year, values in values_by_year.items()
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def test_53_year_to_date_figures_given_as_months_are_told_and_left_alone():
    months = {2019: np.full(12, 2.0), 2020: np.linspace(1, 3, 12)}
    cumulated = monthly({year: values.cumsum() for year, values in months.items()})
    with pytest.warns(
        errors.ForecastWarning, match=r"F-431: 2 of 2 series.*decumulated"
    ):
        panel = take(cumulated)
    assert panel.to_frame()["trade"].max() == 48.0
    assert "F-431" in set(panel.diagnose()["code"])
    whole = take(monthly(months)).matrix()[0]
    np.testing.assert_allclose(panel.decumulated().matrix()[0], whole)


def test_53_ordinary_months_are_no_year_to_date_figures():
    rng = np.random.default_rng(7)
    panel = take(monthly({year: rng.lognormal(size=12) for year in range(2015, 2021)}))
    assert panel.notes == ()


def test_54_rows_beyond_the_as_of_date_do_not_pass_it():
    df = table().assign(released=lambda d: (d["year"] + 1).astype(str) + "-03-15")
    assert str(take(df).as_of("2021-12-30").periods[-1]) == "2020"
    assert str(take(df, as_of="released").as_of("2021-03-15").periods[-1]) == "2020"
    assert str(take(df, as_of="released").as_of("2021-03-14").periods[-1]) == "2019"


def test_55_a_figure_released_before_its_period_ended_is_refused():
    error = refusal(table().assign(out="2021-06-30"), "F-420", as_of="out")
    assert error.count == 6
    assert error.examples[0] == "2021 released 2021-06-30"


@pytest.mark.parametrize("horizon", [0, -1, 10**5, "2021", 1.5])
def test_56_an_impossible_horizon_is_refused(horizon):
    with pytest.raises(errors.PeriodError, match="F-421"):
        take(table()).future(horizon)


def test_57_dates_that_follow_no_calendar_are_refused():
    refusal(
        table().assign(year=["2021-01-05", "2021-02-17", "2021-05-30"] * 6), "F-409"
    )


@pytest.mark.parametrize("year", [1850, 1969, 2199])
def test_58_years_before_1970_and_up_to_2200_are_fine(year):
    panel = take(table().assign(year=lambda d: d["year"] - 2019 + year - 1))
    assert str(panel.periods[1]) == str(year)
    assert len(panel.as_of(f"{year}-12-31").periods) == 2


def test_58_years_beyond_2200_are_refused():
    refusal(table().assign(year=lambda d: d["year"] + 400), "F-403")


# ------------------------------------------------------------------ contradictions


def test_a_panel_needs_either_a_pair_or_key_columns():
    refusal(table(), "F-106", destination=None)
    refusal(table(), "F-106", unit=["exporter"])
    refusal(table(), "F-106", unit="million USD", measure="USD")
    refusal(table(), "F-106", destination="exporter")
    refusal(table(), "F-106", covariates=["trade"])
    refusal([1, 2], "F-102")


def test_a_reporter_that_is_nearly_a_column_is_a_typing_error():
    df = table().assign(reporter="Russia")
    assert refusal(df, "F-111", reporter="reportr").column == "reportr"
    assert take(table(), reporter="Russia").reporters == ("Russia",)


def test_figures_of_several_reporters_are_never_added():
    df = pd.concat([table().assign(who="RU"), table().assign(who="KZ")])
    panel = take(df, reporter="who")
    with pytest.raises(
        errors.ReporterError, match=r"F-350.*KZ; RU.*panel.select\(reporter="
    ):
        panel.total()
    assert panel.total(by="who").reporters == ("KZ", "RU")
    assert panel.select(reporter="RU").total().nobs == 3


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(
        ["2021", "2021-07", "RU", "KZ ", "Всего", 2021, 44470, 1e400, -0.0]
    ),
    st.lists(st.integers(), max_size=1),
    st.datetimes(),
    st.complex_numbers(),
)


columns = st.sampled_from(["exporter", "importer", "year", "trade", "x"])


@given(
    st.lists(st.tuples(st.integers(0, 17), columns, cells), max_size=6), st.booleans()
)
def test_whatever_the_cells_hold_only_our_own_errors_come_out(spoiled, vintages):
    df = table().assign(x="2022-02-01").astype(object)
    for row, column, value in spoiled:
        df.at[row, column] = value
    before = df.copy(deep=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.ForecastWarning)
        try:
            panel = take(df, as_of="x" if vintages else None)
            panel.diagnose()
            assert repr(panel.as_of("2200-12-31")) + panel._repr_html_()
            assert len(panel.as_of("2200-12-31").turnover().total()) > 0
        except errors.ForecastError as error:
            assert error.code != "F-000"
    pd.testing.assert_frame_equal(df, before)
