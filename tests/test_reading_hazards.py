"""Cases 71 to 86 of the list of bad inputs: hostile and broken files."""

import gzip
import io
import os
import re
import struct
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.errors import FileError, ForecastError
from forecast.reading import bundle_member, read_bytes, read_table, snapshots

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RUSSIAN = "регион;объём\nОмская область;1,5\nАстраханская область;2,5\n"


@pytest.fixture
def refused(tmp_path):
    """Read content under a name; check the error and that nothing was touched."""

    def refuse(content, code, name="table.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        before = {p: p.read_bytes() for p in tmp_path.iterdir()}
        with pytest.raises(ForecastError) as caught:
            read_table(path, **options)
        error = caught.value
        assert error.code == code, str(error)
        assert str(error).startswith(f"{code}: ")
        assert error.remedy
        assert len(error.examples) <= 5
        assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before
        return str(error)

    return refuse


def read(tmp_path, content, name="table.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, **options)


def book_bytes(fill=lambda book: book.active.append(["a"])):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def repacked(data, replace=(), add=()):
    """The zip file with some members replaced and others (info or name, bytes) added."""
    buffer, replace = io.BytesIO(), dict(replace)
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            content = old.read(info)
            change = replace.get(info.filename, lambda same: same)
            new.writestr(info.filename, change(content))
        for info, content in add:
            new.writestr(info, content)
    return buffer.getvalue()


# --- 71 to 77: text -------------------------------------------------------------


def test_71_russian_in_cp1251_is_read_and_told(tmp_path):
    frame = read(tmp_path, RUSSIAN.encode("cp1251"))
    assert frame["регион"].tolist() == ["Омская область", "Астраханская область"]
    assert "The encoding is cp1251." in frame.attrs["reading"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("country;v\nCuraçao;1\nCôte d'Ivoire;2\n".encode("cp1252"), "neither"),
        (RUSSIAN.encode("koi8-r"), "neither"),
        (RUSSIAN.encode("cp866"), "neither"),
        (RUSSIAN.encode("utf-8")[:-20] + b"\xff;1\n", "damaged"),
        (RUSSIAN.encode("utf-8")[:31], "damaged"),
        (b"a;b\n\x98;1\n", "neither"),
    ],
)
def test_71_other_encodings_are_asked_for_and_not_guessed(refused, data, why):
    assert why in refused(data, "F-611")


def test_71_an_encoding_that_is_named_is_used(tmp_path, refused):
    data = RUSSIAN.encode("koi8-r")
    assert read(tmp_path, data, encoding="koi8-r")["объём"].tolist() == [1.5, 2.5]
    assert "line 1" in refused(RUSSIAN.encode("cp1251"), "F-611", encoding="utf-8")
    assert "utf-9" in refused(data, "F-611", encoding="utf-9")
    assert "hex" in refused(data, "F-611", encoding="hex")


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_72_a_byte_order_mark_is_taken_away_and_told(tmp_path, codec):
    frame = read(tmp_path, RUSSIAN.encode(codec))
    assert list(frame.columns) == ["регион", "объём"]
    assert "byte-order mark" in frame.attrs["reading"][0]
    named = read(tmp_path, RUSSIAN.encode(codec), encoding=codec.removesuffix("-sig"))
    assert list(named.columns) == ["регион", "объём"]
    quoted = RUSSIAN.replace("регион", '"регион"').encode(codec)
    named = read(tmp_path, quoted, encoding=codec.removesuffix("-sig"))
    assert list(named.columns) == ["регион", "объём"]


def test_73_mixed_line_ends_are_read_and_told(tmp_path):
    frame = read(tmp_path, "a,b\r\n1,2\n3,4\r5,6\r\n")
    assert frame["b"].tolist() == [2, 4, 6]
    note = "Line ends are mixed (2 CR LF, 1 CR, 1 LF)."
    assert note in frame.attrs["reading"]
    assert note not in read(tmp_path, "a,b\r\n1,2\r\n").attrs["reading"]


def test_74_nul_bytes_are_counted_and_placed(refused):
    message = refused(b"a,b\n1,2\n3,\x00\x00\n", "F-612")
    assert "2 NUL bytes" in message
    assert "line 3" in message
    assert "utf-16" in refused("a,b\n1,2\n".encode("utf-16-le"), "F-612")
    refused("a,b\n1,\0\n".encode("utf-16"), "F-612")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n"3,4\n5,6\n', 3),
        ('a,b\n1,"x"y\n', 2),
        ('a,b\n1,"' + "x\n" * 100_000, 2),
        ('"a,b\n1,2\n', 1),
    ],
)
def test_75_a_quote_that_does_not_match_is_placed(refused, text, line):
    assert f"line {line} " in refused(text, "F-613")


def test_75_the_line_is_counted_with_skipped_rows(refused):
    assert "line 4 " in refused('t\na,b\n1,2\n"3,4\n', "F-613", skip_rows=1)


def test_76_a_line_of_a_million_columns(refused):
    assert "1,000,000 columns" in refused(",".join(["x"] * 10**6), "F-614")
    wide = "a,b\n" + ",".join(["1"] * 10**6)
    assert "line 2: 1000000" in refused(wide, "F-616")


def test_76_the_limit_on_columns_can_be_raised(tmp_path, refused):
    text = "a,b,c\n1,2,3\n"
    refused(text, "F-614", max_columns=2)
    assert read(tmp_path, text, max_columns=3).shape == (1, 3)


def test_77_a_huge_line(refused):
    assert "line 2 " in refused(b"a\n" + b"x" * 10_000_001, "F-615")


@pytest.mark.parametrize("length", [99, 100, 101, 150, 1000])
@pytest.mark.parametrize("before", [0, 1, 49, 50, 51, 99])
@pytest.mark.parametrize("end", ["", "\n", "\r\nz\n"])
def test_77_exactly_the_lines_beyond_the_limit_are_too_long(
    tmp_path, refused, length, before, end
):
    text = "a\n" + "y\n" * before + "x" * length + end
    if length > 100:
        assert f"line {before + 2} " in refused(text, "F-615", max_line=100)
    else:
        assert len(read(tmp_path, text, max_line=100)) >= before + 1


def test_rows_of_unequal_length_are_listed_by_line(refused):
    message = refused("a,b\n1,2\n3\n4,5,6\n", "F-616")
    assert "line 3: 1; line 4: 3" in message


def test_a_column_name_that_stands_twice_is_refused(refused):
    assert "'trade'" in refused("trade,x, trade\n1,2,3\n", "F-617")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" ; ;\n"])
def test_an_empty_file_is_no_table(refused, content):
    refused(content, "F-608")


@pytest.mark.parametrize(
    "options",
    [
        *({"separator": mark} for mark in ("", "::", '"')),
        {"decimal": ";"},
        {"separator": ",", "decimal": ","},
        {"skip_rows": -1},
    ],
)
def test_an_option_that_cannot_be_is_refused(refused, options):
    refused("a\n1\n", "F-618", **options)


# --- 78 to 83: packed files and workbooks -----------------------------------------


def test_78_a_gzip_bomb_is_not_unpacked(refused):
    bomb = gzip.compress(b"a\n" + b"1\n" * 2_000_000)
    assert "unpacks to more" in refused(bomb, "F-609", "b.csv.gz", max_bytes=10**6)


@pytest.mark.parametrize(
    "damage",
    [lambda d: d[:-9], lambda d: d[:8], lambda d: d[:-8] + b"12345678"],
    ids=["data cut off", "header only", "wrong check sum"],
)
def test_78_a_gzip_file_that_is_cut_off_or_damaged(refused, damage):
    refused(damage(gzip.compress(b"a\n1\n" * 1000)), "F-610", "b.csv.gz")


def test_79_a_workbook_bomb_is_told_by_what_it_declares(refused):
    bomb = repacked(book_bytes(), add=[("xl/media/zeros.bin", bytes(3_000_000))])
    assert "unpacks to 3," in refused(bomb, "F-624", "b.xlsx", max_bytes=10**6)


def test_79_a_workbook_that_lies_about_its_size_is_found_out(refused):
    data = bytearray(
        repacked(book_bytes(), add=[("xl/media/zeros.bin", bytes(3_000_000))])
    )
    true = struct.pack("<I", 3_000_000)
    assert data.count(true) == 2
    for place in [m.start() for m in re.finditer(re.escape(true), bytes(data))]:
        data[place : place + 4] = struct.pack("<I", 1000)
    refused(bytes(data), "F-623", "b.xlsx", max_bytes=10**6)


@pytest.mark.parametrize("column", [b"A%d", b"IV%d"])
def test_79_a_sheet_that_spans_more_than_memory_is_refused(refused, column):
    def far(xml):
        row = b'<row r="%d"><c r="' + column + b'"><v>1</v></c></row>'
        cells = b"".join(row % (i, i) for i in range(2, 2000))
        cells += b'<row r="2000"><c r="IV2000"><v>1</v></c></row>'
        return re.sub(rb"</sheetData>", cells + b"</sheetData>", xml)

    book = repacked(book_bytes(), replace={"xl/worksheets/sheet1.xml": far})
    assert "cells" in refused(book, "F-624", "b.xlsx", max_bytes=10**6)


def test_79_a_row_far_below_does_not_take_for_ever(tmp_path, refused):
    def far(row):
        cell = f'<row r="{row}"><c r="A{row}"><v>1</v></c></row></sheetData>'.encode()
        return lambda xml: xml.replace(b"</sheetData>", cell)

    book = repacked(book_bytes(), replace={"xl/worksheets/sheet1.xml": far(1_048_576)})
    assert len(read(tmp_path, book, "b.xlsx")) == 1
    book = repacked(book_bytes(), replace={"xl/worksheets/sheet1.xml": far(10**12)})
    assert len(read(tmp_path, book, "b.xlsx")) == 0


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_79_entities_in_xml_are_refused(refused, codec):
    def laugh(xml):
        text = xml.decode("utf-8").split("?>", 1)[-1]
        head = (
            f'<?xml version="1.0" encoding="{codec}"?><!DOCTYPE w [<!ENTITY a "ha">]>'
        )
        return (head + text).encode(codec)

    book = repacked(book_bytes(), replace={"xl/worksheets/sheet1.xml": laugh})
    refused(book, "F-628", "b.xlsx")


def test_79_xml_in_an_encoding_that_hides_entities_is_refused(refused):
    def hide(xml):
        text = xml.decode("utf-8").split("?>", 1)[-1]
        return ('<?xml version="1.0" encoding="cp037"?>' + text).encode("cp037")

    book = repacked(book_bytes(), replace={"xl/worksheets/sheet1.xml": hide})
    refused(book, "F-628", "b.xlsx")


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("xl/vbaProject.bin", "F-626"),
        ("xl/macrosheets/sheet1.xml", "F-626"),
        ("xl/externalLinks/externalLink1.xml", "F-625"),
        ("xl/connections.xml", "F-625"),
    ],
)
@pytest.mark.parametrize("name", ["b.xlsx", "b.xlsm"])
def test_80_macros_and_links_to_other_files_are_refused(refused, member, code, name):
    assert member.lower() in refused(
        repacked(book_bytes(), add=[(member, b"<x/>")]), code, name
    )


@pytest.mark.parametrize("name", ["old.xls", "old.xlsx"])
def test_81_the_old_format_is_named(refused, name):
    assert ".xls" in refused(OLE + bytes(600), "F-621", name)


@pytest.mark.parametrize("name", ["locked.xlsx", "locked.xls"])
def test_82_a_workbook_with_a_password_is_named(refused, name):
    content = OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(64)
    assert "password" in refused(content, "F-622", name)


def test_82_an_encrypted_zip_member_is_named(refused):
    data = bytearray(book_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for match in re.finditer(re.escape(magic), bytes(data)):
            data[match.start() + offset] |= 1
    refused(bytes(data), "F-622", "b.xlsx")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99, 0.999])
def test_83_a_truncated_workbook_is_named(refused, share):
    data = book_bytes()
    refused(data[: int(len(data) * share)], "F-623", "b.xlsx")


@pytest.mark.parametrize("member", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_83_a_workbook_with_broken_parts_is_named(refused, member):
    book = repacked(book_bytes(), replace={member: lambda xml: xml[: len(xml) // 2]})
    refused(book, "F-623", "b.xlsx")


def test_83_a_zip_file_that_is_no_workbook_is_named(refused):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("table.csv", "a\n1\n")
    assert "table.csv" in refused(buffer.getvalue(), "F-623", "b.xlsx")


def test_formulas_without_stored_values_are_not_read_as_missing(refused, tmp_path):
    def fill(book):
        book.active.append(["a", "b"])
        book.active.append([1, "=A2*2"])

    plain = book_bytes(fill)
    assert "B2" in refused(plain, "F-630", "b.xlsx")

    def stored(xml):
        return xml.replace(b"<v />", b"<v>2</v>").replace(b"<v></v>", b"<v>2</v>")

    book = repacked(plain, replace={"xl/worksheets/sheet1.xml": stored})
    assert read(tmp_path, book, "b.xlsx")["b"].tolist() == [2]

    def empty_text(xml):
        return xml.replace(b'<c r="B2">', b'<c r="B2" t="str">')

    book = repacked(plain, replace={"xl/worksheets/sheet1.xml": empty_text})
    assert read(tmp_path, book, "b.xlsx")["b"].isna().tolist() == [True]


def test_errors_in_excel_cells_are_no_numbers(tmp_path):
    frame = read(
        tmp_path,
        book_bytes(lambda b: [b.active.append([v]) for v in ("v", 1, 2, 3, "#DIV/0!")]),
        "b.xlsx",
    )
    assert "#DIV/0!" in " ".join(frame.attrs["reading"])
    assert frame["v"].tolist() == ["1", "2", "3", "#DIV/0!"]


# --- 84 to 86: paths ------------------------------------------------------------


def hostile_members():
    link = zipfile.ZipInfo("xl/link.xml")
    link.external_attr = 0o120777 << 16
    return ["../evil.xml", "/etc/evil.xml", "xl/../../evil.xml", "C:/evil.xml", link]


@pytest.mark.parametrize("member", hostile_members())
def test_84_members_that_lead_out_of_an_archive_are_refused(refused, member):
    refused(repacked(book_bytes(), add=[(member, b"<x/>")]), "F-627", "b.xlsx")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_84_a_member_that_stands_twice_is_refused(refused):
    twice = [("xl/workbook.xml", b"<x/>")]
    refused(repacked(book_bytes(), add=twice), "F-627", "b.xlsx")


@pytest.mark.parametrize(
    "name",
    [
        *("../evil", "tables/../../evil", "/etc/passwd", "C:\\evil", "..\\evil", ""),
        *("\\evil", "C:evil", "a\0b", "tables/..", "linked/secret.txt", "link.txt"),
    ],
)
def test_84_names_that_lead_out_of_a_bundle_are_refused(tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "linked").symlink_to(outside, target_is_directory=True)
    (bundle / "link.txt").symlink_to(outside / "secret.txt")
    with pytest.raises(FileError, match="F-627"):
        bundle_member(bundle, name)


def test_84_plain_members_of_a_bundle_are_found(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.csv").write_text("a\n1\n")
    assert read_bytes(bundle_member(tmp_path, "tables/t.csv")) == b"a\n1\n"


def test_85_a_directory_is_no_file(tmp_path):
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(FileError, match="F-602"):
        read_table(tmp_path / "t.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_85_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(FileError, match="F-603"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes() + b"3,4\n"),
        lambda path: path.write_bytes(b"a,b\n"),
        lambda path: os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9)),
    ],
    ids=["longer", "shorter", "touched"],
)
def test_86_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path, monkeypatch, change
):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n")
    whole = snapshots._read_at_most

    def meddle(stream, limit):
        data = whole(stream, limit)
        change(path)
        return data

    monkeypatch.setattr(snapshots, "_read_at_most", meddle)
    with pytest.raises(FileError, match="F-606"):
        read_table(path)


def test_86_a_file_that_is_replaced_meanwhile_is_read_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n")
    (tmp_path / "new.csv").write_bytes(b"a,b\n3,4\n")
    whole = snapshots._read_at_most

    def replace(stream, limit):
        (tmp_path / "new.csv").replace(path)
        return whole(stream, limit)

    monkeypatch.setattr(snapshots, "_read_at_most", replace)
    assert read_table(path)["a"].tolist() == [1]


def test_a_file_that_is_not_there_is_guessed(tmp_path):
    (tmp_path / "flows.csv").write_text("a\n1\n")
    with pytest.raises(FileError, match=r"F-601.*flows\.csv"):
        read_table(tmp_path / "flow.csv")
    with pytest.raises(FileError, match="not fetched"):
        read_table("https://example.org/flows.csv")
    with pytest.raises(FileError, match=r"F-60[14]"):
        read_table("a\0b.csv")


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")

    def forbid(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(FileError, match=r"F-604.*Permission denied"):
        read_table(path)


def test_a_file_beyond_the_limit_is_not_read(refused):
    assert "max_bytes" in refused("a\n" * 600, "F-605", max_bytes=1000)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"PK\x03\x04rest"),
        ("t.csv", b"%PDF-1.7"),
        ("t.csv", b"PAR1rest"),
        ("t.csv", b"\x1f\x8brest"),
        ("t.csv", OLE),
        ("t.csv", b"\n <!DOCTYPE html><table>"),
        ("t.xls", b"<html><table>"),
        ("t.xls", b"a\tb\n1\t2\n"),
        ("t.xlsx", b"a,b\n1,2\n"),
        ("t.parquet", b"a,b\n1,2\n"),
        ("t.csv.gz", b"a,b\n1,2\n"),
        ("t.json", b"{}"),
        ("t", b"a\n1\n"),
    ],
)
def test_a_name_and_a_content_that_disagree_are_refused(refused, name, content):
    refused(content, "F-607", name)


# --- Parquet --------------------------------------------------------------------


def parquet_bytes(table):
    pq = pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def test_parquet_with_nested_or_foreign_types_is_refused(refused):
    pa = pytest.importorskip("pyarrow")
    nested = parquet_bytes(pa.table({"v": [[1, 2], [3]]}))
    assert "v: list" in refused(nested, "F-632", "t.parquet")
    binary = parquet_bytes(pa.table({"v": [b"\x00"]}))
    assert "v: binary" in refused(binary, "F-632", "t.parquet")


def test_parquet_bombs_and_cut_files_are_refused(refused):
    pa = pytest.importorskip("pyarrow")
    data = parquet_bytes(pa.table({"v": [0] * 10**6}))
    assert "max_bytes" in refused(data, "F-624", "t.parquet", max_bytes=10**5)
    refused(data[:-20], "F-631", "t.parquet")
    refused(
        parquet_bytes(pa.table({"a": [1], "b": [2]})),
        "F-614",
        "t.parquet",
        max_columns=1,
    )
    twins = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    refused(parquet_bytes(twins), "F-617", "t.parquet")


def test_integers_in_parquet_never_lose_digits_to_missing_values(refused):
    pa = pytest.importorskip("pyarrow")
    data = parquet_bytes(pa.table({"id": pa.array([2**53 + 1, None])}))
    refused(data, "F-283", "t.parquet")


# --- whatever else may come --------------------------------------------------------


def only_library_errors(path):
    try:
        frame = read_table(path, max_bytes=10**6)
    except ForecastError as error:
        assert error.code != "F-000"
    else:
        assert isinstance(frame, pd.DataFrame)


quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@quick
@given(
    st.binary(max_size=200)
    | st.text('0a;,\t"\r\n\ufeffЖ%.- ', max_size=60).map(str.encode)
)
def test_any_bytes_give_a_table_or_a_named_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(data)
    only_library_errors(path)


@pytest.fixture(scope="module")
def samples():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"region": ["NA", "RU"], "v": [1.5, None]})
    book = book_bytes(lambda b: [b.active.append(r) for r in (["a", "b"], [1, "x"])])
    return {
        "t.xlsx": book,
        "t.parquet": parquet_bytes(table),
        "t.csv.gz": gzip.compress(b"a\n1\n"),
    }


@quick
@given(
    st.sampled_from(["t.xlsx", "t.parquet", "t.csv.gz"]),
    st.lists(
        st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=4
    ),
)
def test_damaged_files_give_a_table_or_a_named_error(
    samples, tmp_path_factory, name, damage
):
    data = bytearray(samples[name])
    for share, byte in damage:
        data[int(share * len(data))] = byte
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(data)
    only_library_errors(path)
