"""Real files: local numbers, codes that must survive, and a note on every repair."""

import gzip
import hashlib
import os
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import ColumnError, FileError, MissingPackageError, NumberError
from forecast.reading import parse_numbers, read_table

NBSP, THIN, NARROW = "\u00a0", "\u2009", "\u202f"


@pytest.fixture
def saved(tmp_path):
    """Write content under a name and return the path."""

    def save(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return save


@pytest.fixture
def workbook(tmp_path):
    """Build a workbook with openpyxl and return its path."""
    openpyxl = pytest.importorskip("openpyxl")

    def build(fill, name="book.xlsx"):
        book = openpyxl.Workbook()
        fill(book)
        book.save(tmp_path / name)
        return tmp_path / name

    return build


def rows(*lines):
    def fill(book):
        for line in lines:
            book.active.append(line)

    return fill


def told(frame):
    return " ".join(frame.attrs["reading"])


# --- one column of numbers -------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 234,5", 1234.5),
        (f"1{NBSP}234,5", 1234.5),
        (f"1{THIN}234{THIN}567,25", 1234567.25),
        (f"1{NARROW}234,5", 1234.5),
        (" 1 234,5 ", 1234.5),
        ("1.234.567,8", 1234567.8),
        ("1,234,567.8", 1234567.8),
        ("1'234.5", 1234.5),
        ("1’234.5", 1234.5),
        ("0,123", 0.123),
        (",5", 0.5),
        ("\u221212,5", -12.5),
        ("\u201312,5", -12.5),
        ("+34", 34.0),
        ("1.5e3", 1500.0),
        ("12,5%", 12.5),
        ("12,5 %", 12.5),
        ("9007199254740993", 9007199254740993.0),
    ],
)
def test_a_number_in_local_notation_has_one_value(text, value):
    assert parse_numbers(pd.Series([text])).tolist() == [value]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "12 34",
            "1 23",
            "1,23,4",
            "1_000",
            "0x10",
            "٣",
            "12 USD",
            "(5)",
            "5-",
            "--5",
        ),
        *("inf", "1e", "e5", "03.04.2021", "12:30", "C", "1 234.567,8"),
        *("1 234.567,8,9", "1'234 567"),
    ],
)
def test_what_is_no_number_is_named_in_the_error(text):
    with pytest.raises(NumberError, match="F-281") as caught:
        parse_numbers(pd.Series(["7", text]), column="trade")
    assert caught.value.column == "trade"
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "sign", ["", "n/a", "N/A", "-", "–", "…", "...", "..", ":", "NA"]
)
def test_signs_for_missing_are_missing_and_told(sign):
    numbers = parse_numbers(pd.Series(["1", sign, sign]), column="trade")
    assert numbers.isna().tolist() == [False, True, True]
    expected = [f"Column 'trade': {sign!r} was read as missing (2)."] if sign else []
    assert numbers.attrs["reading"] == expected


def test_confidential_values_are_missing_and_counted_apart():
    numbers = parse_numbers(pd.Series(["5", "c", "c", "(c)"]), column="trade")
    assert numbers.isna().sum() == 3
    assert numbers.attrs["reading"] == [
        "Column 'trade': confidential values are missing (3)."
    ]


@pytest.mark.parametrize(
    ("decimal", "expected"), [(",", [1.234, 56.789]), (".", [1234.0, 56789.0])]
)
def test_a_comma_before_three_digits_is_never_guessed(decimal, expected):
    column = pd.Series(["1,234", "56,789"])
    with pytest.raises(NumberError, match=r"F-284.*decimals or thousands"):
        parse_numbers(column)
    assert parse_numbers(column, decimal=decimal).tolist() == expected


def test_one_clear_number_settles_the_whole_column():
    assert parse_numbers(pd.Series(["1,234", "0,5"])).tolist() == [1.234, 0.5]
    assert parse_numbers(pd.Series(["1,234", "0.5"])).tolist() == [1234.0, 0.5]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (["1e400"], "F-282"),
        ([1.0, np.inf], "F-282"),
        ([-np.inf, "1"], "F-282"),
        (["9223372036854775808"], "F-283"),
        (["-9 223 372 036 854 775 808"], "F-283"),
        ([2**63], "F-283"),
        (["9" * 5000], "F-283"),
        (["1,5", "1.5"], "F-284"),
        ([True, False], "F-285"),
        ([1, True], "F-285"),
        ([1 + 2j], "F-286"),
        (["5%", "6"], "F-287"),
        ([[1, 2], [3]], "F-281"),
        ([{"a": 1}], "F-281"),
        ([datetime(2021, 1, 1)], "F-281"),
        (pd.to_datetime(["2021-01-01"]), "F-281"),
    ],
)
def test_impossible_numbers_have_their_own_codes(values, code):
    with pytest.raises(NumberError) as caught:
        parse_numbers(pd.Series(values, name="trade"))
    assert caught.value.code == code
    assert caught.value.column == "trade"
    assert "'trade'" in str(caught.value)


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1.5, None]),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([1, 2], dtype="uint64"),
        pd.Series([1.5, 2.0], dtype="float32"),
        pd.Series(["1,5", None], dtype=object),
        pd.Series([1, "2", 2.5, Decimal("0.5"), None, np.float64(3)], dtype=object),
        pd.Series(["1", "2", "1"], dtype="category"),
        pd.Series([], dtype=object),
    ],
)
def test_every_kind_of_column_becomes_float_and_stays_as_it_was(series):
    series = series.set_axis([f"r{i}" for i in range(len(series))]).rename("trade")
    before = series.copy(deep=True)
    numbers = parse_numbers(series)
    assert numbers.dtype == np.float64
    assert numbers.name == "trade"
    assert numbers.index.equals(series.index)
    numbers[:] = -1.0
    pd.testing.assert_series_equal(series, before)


def test_a_mark_that_is_no_decimal_mark_is_refused():
    with pytest.raises(NumberError, match=r"F-284: decimal=';'"):
        parse_numbers(pd.Series(["1"]), decimal=";")


def russian(value):
    whole, _, digits = f"{abs(value):,.3f}".replace(",", NBSP).partition(".")
    return ("-" if value < 0 else "") + whole + "," + digits


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-(10**12), 10**12).map(lambda i: i / 1000), min_size=1))
def test_whatever_a_russian_excel_prints_comes_back(values):
    column = pd.Series([*map(russian, values), "0,5"])
    assert parse_numbers(column).tolist() == [*values, 0.5]


# --- text files -----------------------------------------------------------------


def test_a_russian_customs_file_is_read_and_every_repair_is_told(saved):
    text = (
        "Регион;Код;ТН ВЭД;Экспорт, тыс. $;Год\r\n"
        f"Омская область;RU-OMS;01;1{NBSP}234,5;2021\r\n"
        "Намибия;NA;84;…;2021\r\n"
        "Оренбургская область;RU-ORE;07;c;2020\r\n"
    )
    frame = read_table(saved(text.encode("cp1251")))
    assert frame["Регион"].tolist()[0] == "Омская область"
    assert frame["Код"].tolist() == ["RU-OMS", "NA", "RU-ORE"]
    assert frame["ТН ВЭД"].tolist() == ["01", "84", "07"]
    assert frame["Экспорт, тыс. $"].tolist()[0] == 1234.5
    assert frame["Экспорт, тыс. $"].isna().tolist() == [False, True, True]
    assert frame["Год"].dtype == np.int64
    assert frame.attrs["reading"] == [
        "The encoding is cp1251.",
        "The separator is ';'.",
        "Column 'ТН ВЭД' has leading zeros and stays text.",
        "Column 'Экспорт, тыс. $' is written with a decimal comma.",
        "Column 'Экспорт, тыс. $' has spaces between thousands.",
        "Column 'Экспорт, тыс. $': '…' was read as missing (1).",
        "Column 'Экспорт, тыс. $': confidential values are missing (1).",
    ]


def test_the_hash_is_that_of_the_file(saved):
    path = saved("a,b\n1,2\n")
    assert (
        read_table(path).attrs["sha256"]
        == hashlib.sha256(path.read_bytes()).hexdigest()
    )


def test_region_na_is_a_region_but_na_among_numbers_is_missing(saved):
    frame = read_table(saved("region,trade\nNA,1\nZA,NA\n"))
    assert frame["region"].tolist() == ["NA", "ZA"]
    assert frame["trade"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "cells",
    [
        ["01", "10", "84"],
        ["007", "7", "12"],
        ["01.2021", "12.2021", "10.2021"],
        ["03.04.2021", "12.11.2021", "31.12.2021"],
        ["2021-07", "2021-08", "2021-12"],
        ["2021Q3", "2021Q4", "2022Q1"],
        ["9007199254740993", "1", "2"],
        ["18446744073709551616", "1", "2"],
        ["+05", "+06", "+07"],
        ["1e400", "1", "2"],
        ["NA", "c", "-"],
        ["True", "False", "True"],
    ],
)
def test_codes_and_dates_stay_letter_by_letter(saved, cells):
    frame = read_table(saved("key;v\n" + "".join(f"{cell};1\n" for cell in cells)))
    assert frame["key"].tolist() == cells
    assert frame["v"].tolist() == [1, 1, 1]


def test_a_column_with_few_odd_values_stays_text_and_says_why(saved):
    frame = read_table(saved("v\n1\n2\n3\n4*\n"))
    assert frame["v"].tolist() == ["1", "2", "3", "4*"]
    assert "Column 'v' stays text" in told(frame)
    assert "'4*'" in told(frame)


def test_an_empty_cell_is_missing_and_no_zero(saved):
    frame = read_table(saved("a,t\n,x\n5,\n"))
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["t"].isna().tolist() == [False, True]


def test_the_caller_decides_what_is_text_and_what_is_number(saved):
    path = saved("hs,v\n1,1\n2,2\n")
    assert read_table(path, text_columns=["hs"])["hs"].tolist() == ["1", "2"]
    assert read_table(path, text_columns="hs")["hs"].tolist() == ["1", "2"]
    padded = saved("hs,v\n01,1\n02,2\n")
    assert read_table(padded, number_columns=["hs"])["hs"].tolist() == [1, 2]


def test_a_column_that_must_be_numbers_is_an_error_when_it_is_not(saved):
    path = saved("trade\n5\nten\n")
    with pytest.raises(NumberError, match=r"F-281: column 'trade'.*'ten'"):
        read_table(path, number_columns=["trade"])


def test_columns_that_are_not_there_are_named(saved):
    path = saved("exporter,trade\na,1\n")
    with pytest.raises(ColumnError, match="exporter"):
        read_table(path, text_columns=["exproter"])
    with pytest.raises(ColumnError, match="F-180"):
        read_table(path, text_columns=["trade"], number_columns=["trade"])


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b\n1,5;2,5\n", ";"),
        ("a,b\n1.5,2.5\n", ","),
        ("a\tb\n1,5\t2,5\n", "\t"),
        ("a|b\n1,5|2,5\n", "|"),
        ('"Export, USD";"Import, USD"\n1,5;2,5\n', ";"),
        ("Export, USD;Import, USD\n1,5;2,5\n", ";"),
        ("sep=;\r\na;b\r\n1,5;2,5\r\n", ";"),
        ('a,b\n1.5,"x;y"\n', ","),
    ],
)
def test_the_separator_is_the_one_that_fits_all_lines(saved, text, separator):
    frame = read_table(saved(text))
    assert frame.shape == (1, 2)
    assert frame.iloc[0, 0] == 1.5
    assert f"The separator is {separator!r}." in frame.attrs["reading"]


def test_other_columns_settle_what_one_leaves_open(saved):
    frame = read_table(saved("v;share\n1.234;0,5\n2.345;1,5\n"))
    assert frame["v"].tolist() == [1234, 2345]
    frame = read_table(saved('v,share\n"1,234",0.5\n"2,345",1.5\n'))
    assert frame["v"].tolist() == [1234, 2345]


def test_where_nothing_settles_it_the_column_stays_text(saved):
    path = saved("v;w\n1.234;7\n2.345;8\n")
    frame = read_table(path)
    assert frame["v"].tolist() == ["1.234", "2.345"]
    assert "decimals or thousands" in told(frame)
    assert read_table(path, decimal=",")["v"].tolist() == [1234, 2345]
    assert read_table(path, decimal=".")["v"].tolist() == [1.234, 2.345]


def test_three_decimals_in_a_file_of_commas_are_decimals(saved):
    assert read_table(saved("v,w\n1.234,7\n"))["v"].tolist() == [1.234]


def test_blank_lines_and_stray_separators_at_the_ends_of_lines_do_no_harm(saved):
    frame = read_table(saved("a;b;\n\n1;2\n3;4;;;\n;;\n  \n"))
    assert frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_a_title_is_skipped_on_request(saved):
    path = saved("Trade by region\n\na;b\n1;2\n")
    with pytest.raises(FileError, match="skip_rows"):
        read_table(path)
    assert read_table(path, skip_rows=1).to_dict("list") == {"a": [1], "b": [2]}


def test_names_are_trimmed_and_nameless_columns_told(saved):
    frame = read_table(saved(f",{NBSP}trade ,region\n0,5,x\n"))
    assert list(frame.columns) == ["column_1", "trade", "region"]
    assert "'column_1'" in told(frame)


def test_a_column_may_be_called_like_a_zip_file(saved):
    assert list(read_table(saved("PK,v\n1,2\n")).columns) == ["PK", "v"]


def test_a_header_alone_is_an_empty_table_with_columns(saved):
    frame = read_table(saved("a,b\n"))
    assert list(frame.columns) == ["a", "b"]
    assert len(frame) == 0


def test_a_packed_file_is_the_same_table(saved):
    text = b"a;b\n1,5;x\n"
    packed = read_table(saved(gzip.compress(text), "t.csv.gz"))
    pd.testing.assert_frame_equal(packed, read_table(saved(text)))


def test_lines_inside_quotes_and_doubled_quotes_survive(saved):
    frame = read_table(saved('a,b\n"two\nlines","say ""yes"""\n'))
    assert frame.iloc[0].tolist() == ["two\nlines", 'say "yes"']


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("абвABC019 .,;-'\"=\u00a0NA", max_size=6),
            st.integers(-(10**9), 10**9),
        ),
        min_size=1,
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_text_columns_come_back_letter_by_letter(tmp_path_factory, cells, separator):
    path = tmp_path_factory.mktemp("h") / "t.csv"
    frame = pd.DataFrame(cells, columns=["t", "n"])
    frame.to_csv(path, index=False, sep=separator)
    back = read_table(path, separator=separator, text_columns=["t"])
    expected = [text or None for text, _ in cells]
    got = [None if pd.isna(text) else text for text in back["t"]]
    # The apostrophe that our writer puts before formulas is taken away on purpose.
    assert [g if g is None else g.lstrip("'") for g in got] == [
        e if e is None else e.lstrip("'") for e in expected
    ]
    assert back["n"].tolist() == frame["n"].tolist()


# --- workbooks ------------------------------------------------------------------


def test_a_workbook_keeps_types_and_codes(workbook):
    frame = read_table(
        workbook(
            rows(
                ["region", "hs", "trade", "text number", "date", "open", 2021],
                ["NA", "01", 1.5, "1 234,5", datetime(2021, 9, 30), True, 7],
                ["RU-OMS", "84", None, "n/a", None, False, 8],
            )
        )
    )
    assert frame["region"].tolist() == ["NA", "RU-OMS"]
    assert frame["hs"].tolist() == ["01", "84"]
    assert frame["trade"].isna().tolist() == [False, True]
    assert frame["text number"].tolist()[0] == 1234.5
    assert frame["date"].tolist()[0] == pd.Timestamp("2021-09-30")
    assert frame["date"].isna().tolist() == [False, True]
    assert frame["open"].tolist() == [True, False]
    assert frame["2021"].tolist() == [7, 8]


def test_integers_shown_with_leading_zeros_are_codes(workbook):
    def fill(book):
        rows(["hs", "v"], [1, 5], [84, 6])(book)
        for cell in book.active["A"][1:]:
            cell.number_format = "00"

    frame = read_table(workbook(fill))
    assert frame["hs"].tolist() == ["01", "84"]
    assert "leading zeros" in told(frame)


def test_per_cent_formats_are_told_but_values_stay_fractions(workbook):
    def fill(book):
        rows(["share"], [0.125])(book)
        book.active["A2"].number_format = "0.0%"

    frame = read_table(workbook(fill))
    assert frame["share"].tolist() == [0.125]
    assert "fractions" in told(frame)


def test_one_code_as_text_makes_the_whole_column_text(workbook):
    frame = read_table(workbook(rows(["hs"], ["01"], [84], [85.0])))
    assert frame["hs"].tolist() == ["01", "84", "85"]


def test_the_first_visible_sheet_is_read_unless_another_is_named(workbook):
    def fill(book):
        book.active.title = "hidden"
        book.active.append(["a"])
        book.active.sheet_state = "hidden"
        for name, value in (("totals", 1), ("pairs", 2)):
            sheet = book.create_sheet(name)
            sheet.append(["v"])
            sheet.append([value])

    path = workbook(fill)
    frame = read_table(path)
    assert frame["v"].tolist() == [1]
    assert "'totals' was read" in told(frame)
    assert read_table(path, sheet="pairs")["v"].tolist() == [2]
    assert read_table(path, sheet=2)["v"].tolist() == [2]
    for sheet in ("piars", 7, -1):
        with pytest.raises(FileError, match=r"F-629.*totals"):
            read_table(path, sheet=sheet)


def test_titles_blank_rows_and_remarks_beside_the_table(workbook):
    path = workbook(
        rows(["Trade"], [], ["a", "b"], [1, 2], [], [3, 4, "a remark"], [None])
    )
    with pytest.raises(FileError, match="skip_rows"):
        read_table(path)
    frame = read_table(path, skip_rows=1)
    assert frame[["a", "b"]].to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    assert frame["column_3"].tolist()[1] == "a remark"


def test_dates_of_the_1904_system_are_the_same_dates(workbook):
    def fill(book):
        from openpyxl.utils.datetime import CALENDAR_MAC_1904

        book.epoch = CALENDAR_MAC_1904
        rows(["date"], [datetime(2021, 9, 30)])(book)

    assert read_table(workbook(fill))["date"].tolist() == [pd.Timestamp("2021-09-30")]


def test_other_programs_are_only_needed_for_their_own_files(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert len(read_table(saved("a\n1\n"))) == 1
    with pytest.raises(MissingPackageError, match=r"turnover-forecast\[files\]"):
        read_table(saved(b"PAR1....PAR1", "t.parquet"))


def test_excel_without_openpyxl_names_the_extra(workbook, monkeypatch):
    path = workbook(rows(["a"], [1]))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingPackageError, match=r"turnover-forecast\[files\]"):
        read_table(path)


# --- Parquet --------------------------------------------------------------------


def test_parquet_keeps_its_types(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {
            "region": ["NA", None],
            "kind": pd.Categorical(["visit", "forum"]),
            "price": [Decimal("1.50"), None],
            "count": pd.array([1, None], dtype="Int64"),
            "when": pd.to_datetime(["2021-09-30", None]),
            "v": [1.5, np.nan],
        },
        index=[4, 9],
    )
    frame.to_parquet(tmp_path / "t.parquet")
    back = read_table(tmp_path / "t.parquet", text_columns=["count"])
    assert list(back.columns) == list(frame.columns)
    assert back["region"].tolist()[0] == "NA"
    assert back["kind"].tolist() == ["visit", "forum"]
    assert back["price"].tolist()[0] == 1.5
    assert back["count"].tolist()[0] == "1"
    assert back["when"].tolist()[0] == pd.Timestamp("2021-09-30")
    assert back["v"].tolist()[0] == 1.5


def test_text_numbers_in_parquet_become_numbers_on_request(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"v": ["1 234,5", "c"]}).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["v"].tolist() == ["1 234,5", "c"]
    back = read_table(tmp_path / "t.parquet", number_columns=["v"])
    assert back["v"].tolist()[0] == 1234.5
    assert "confidential" in told(back)


# --- the reference data ---------------------------------------------------------


def reference_files():
    folder = os.environ.get("FORECAST_DATA")
    return sorted(Path(folder).rglob("*.csv")) if folder else []


@pytest.mark.reference
@pytest.mark.skipif(not reference_files(), reason="FORECAST_DATA is not set")
def test_the_reference_files_hold_the_same_numbers_as_pandas_reads():
    compared = 0
    for path in reference_files():
        ours = read_table(path)
        theirs = pd.read_csv(path, low_memory=False)
        assert len(ours) == len(theirs)
        for place, name in enumerate(ours.columns):
            if pd.api.types.is_numeric_dtype(ours[name]):
                expected = theirs.iloc[:, place].to_numpy(float)
                # pandas 2 rounds some last digits wrongly.
                np.testing.assert_allclose(ours[name].to_numpy(float), expected, 1e-15)
                compared += 1
    assert compared > 20
