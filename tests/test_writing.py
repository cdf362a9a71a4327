"""What is written is whole, harmless, the same each time, and readable again."""

import html.parser
import json
import os
import re
import signal
import stat
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import FileError, MissingPackageError
from forecast.escaping import inert, printable, revive
from forecast.reading import read_table
from forecast.writing import (
    durable,
    escape_html,
    folders,
    json_text,
    staged_folder,
    write_bytes_atomic,
    write_csv,
    write_json,
    write_text_atomic,
    write_xlsx,
)

PAYLOADS = [
    "=1+1",
    "=cmd|'/c calc'!A1",
    '=HYPERLINK("http://a.b","x")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(A1)",
    " =1+1",
    "'=1+1",
]
PLACES = ["cell", "header", "index", "sheet"]
LIVE = re.compile(r"\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")

texts = st.text(st.characters(codec="utf-8") | st.sampled_from("'=+-@\t\r\n \uff1d"))


def table_with(payload, place):
    frame = pd.DataFrame({"region": ["Omsk"], "trade": [-24.5]})
    if place == "cell":
        frame["region"] = [payload]
    elif place == "header":
        frame = frame.rename(columns={"region": payload})
    elif place == "index":
        frame = frame.set_axis(pd.Index([payload], name=payload))
    return frame, (payload if place == "sheet" else "totals")


# --- formulas -------------------------------------------------------------------


@given(texts)
def test_what_is_made_inert_cannot_run_and_comes_back(text):
    guarded = inert(text)
    assert not LIVE.match(guarded)
    assert revive(guarded) == text


@given(texts)
def test_only_the_apostrophe_of_this_library_is_taken_away(text):
    assert revive(text) == text or inert(revive(text)) == text


@pytest.mark.parametrize("place", PLACES[:3])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_is_live_in_csv_and_every_one_comes_back(tmp_path, payload, place):
    frame, _ = table_with(payload, place)
    path = tmp_path / "t.csv"
    write_csv(frame, path, index=place == "index")
    raw = pd.read_csv(path, header=None, dtype=str, keep_default_na=False)
    cells = [cell for cell in raw.to_numpy().ravel() if cell != "-24.5"]
    assert cells
    assert not any(LIVE.match(cell) for cell in cells)
    back = read_table(path)
    assert back["trade"].tolist() == [-24.5]
    if place == "header":
        assert payload.strip() in back.columns
    else:
        assert back.iloc[0, 0] == payload.replace("\r", "\n")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_is_live_in_excel_and_every_one_comes_back(tmp_path, payload, place):
    openpyxl = pytest.importorskip("openpyxl")
    frame, sheet = table_with(payload, place)
    path = tmp_path / "t.xlsx"
    write_xlsx({sheet: frame}, path, index=place == "index")
    with zipfile.ZipFile(path) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml")
    book = openpyxl.load_workbook(path)
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert not any(LIVE.match(text) for text in (*texts, *book.sheetnames))
    back = read_table(path)
    assert back["trade"].tolist() == [-24.5]
    if place in {"cell", "index"}:
        assert back.iloc[0, 0] == payload.replace("\r", "\n")
    elif place == "header":
        assert payload.strip() in back.columns


def test_text_that_looks_like_a_negative_number_stays_text(tmp_path):
    write_csv(pd.DataFrame({"code": ["-5", "6"], "v": [-5, 6]}), tmp_path / "t.csv")
    back = read_table(tmp_path / "t.csv")
    assert back["code"].tolist() == ["-5", "6"]
    assert back["v"].tolist() == [-5, 6]


def test_numbers_are_left_alone(tmp_path):
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame({"v": [-1.5, 1e-300, 0.1 + 0.2, np.nan], "n": [-1, 0, 1, 2]})
    write_csv(frame, tmp_path / "t.csv")
    write_xlsx({"t": frame}, tmp_path / "t.xlsx")
    for name in ("t.csv", "t.xlsx"):
        pd.testing.assert_frame_equal(
            read_table(tmp_path / name), frame, check_exact=True, obj=name
        )


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            texts.map(lambda t: printable(t).replace("\r", "\n")),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_tables_come_back_from_csv_and_excel(tmp_path_factory, cells):
    pytest.importorskip("openpyxl")
    folder = tmp_path_factory.mktemp("t")
    frame = pd.DataFrame(cells, columns=["text", "value"])
    write_csv(frame, folder / "t.csv")
    write_xlsx({"t": frame}, folder / "t.xlsx")
    for name in ("t.csv", "t.xlsx"):
        back = read_table(
            folder / name, text_columns=["text"], number_columns=["value"]
        )
        got = [None if pd.isna(text) else text for text in back["text"]]
        assert got == [text or None for text, _ in cells]
        assert back["value"].tolist() == [value for _, value in cells]


# --- tables ---------------------------------------------------------------------


@pytest.fixture
def mixed():
    return pd.DataFrame(
        {
            "region": ["NA", "RU-OMS", None],
            "hs": ["01", "84", "07"],
            "period": pd.PeriodIndex(["2021-07", "2021-08", "2021-09"], freq="M"),
            "date": pd.to_datetime(["2021-09-30", None, "1850-01-01"]),
            "zone": pd.to_datetime(["2021-09-30"] * 3, utc=True),
            "value": [1.5, np.nan, np.inf],
            "count": pd.array([1, None, 2**60], dtype="Int64"),
            "held": [True, False, True],
        }
    )


def test_every_kind_of_column_has_a_plain_form(tmp_path, mixed):
    pytest.importorskip("openpyxl")
    before = mixed.copy(deep=True)
    write_csv(mixed, tmp_path / "t.csv")
    write_xlsx({"t": mixed}, tmp_path / "t.xlsx")
    pd.testing.assert_frame_equal(mixed, before)
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[1] == "NA,01,2021-07,2021-09-30,2021-09-30T00:00:00+00:00,1.5,1,True"
    assert lines[2] == "RU-OMS,84,2021-08,,2021-09-30T00:00:00+00:00,,,False"
    assert lines[3].endswith(",inf,1152921504606846976,True")
    back = read_table(tmp_path / "t.xlsx")
    assert back["hs"].tolist() == ["01", "84", "07"]
    assert back["period"].tolist() == ["2021-07", "2021-08", "2021-09"]
    assert back["count"].tolist()[2] == "1152921504606846976"
    assert back["date"].tolist()[2] == "1850-01-01 00:00:00"


def test_the_index_is_written_on_request(tmp_path):
    index = pd.MultiIndex.from_tuples([("a", 2021)], names=["pair", None])
    columns = pd.MultiIndex.from_tuples([("trade", "mean")])
    frame = pd.DataFrame([[1.5]], index=index, columns=columns)
    write_csv(frame, tmp_path / "t.csv", index=True)
    assert (
        tmp_path / "t.csv"
    ).read_text() == 'pair,level_1,"trade, mean"\na,2021,1.5\n'


def test_the_same_table_gives_the_same_bytes(tmp_path, mixed, monkeypatch):
    openpyxl = pytest.importorskip("openpyxl")
    sheets = {"Итоги": mixed, "2020/21": mixed.head(1)}
    write_xlsx(sheets, tmp_path / "a.xlsx")

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2031, 1, 1, tzinfo=tz)

    monkeypatch.setattr(openpyxl.writer.excel.datetime, "datetime", Later)
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_xlsx(sheets, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        core = archive.read("docProps/core.xml").decode()
        assert {info.date_time for info in archive.infolist()} == {
            (1980, 1, 1, 0, 0, 0)
        }
    assert set(re.findall(r"(\d{4})-\d\d-\d\dT", core)) == {"1980"}
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == [
        "Итоги",
        "2020_21",
    ]


@pytest.mark.parametrize(
    "sheets",
    [{}, {"": 0}, {"x" * 32: 0}, {"Trade": 0, "trade": 1}, {"a/b": 0, "a?b": 1}],
)
def test_sheet_names_that_excel_refuses_are_refused(tmp_path, sheets):
    pytest.importorskip("openpyxl")
    tables = dict.fromkeys(sheets, pd.DataFrame({"a": [1]}))
    with pytest.raises(FileError, match="F-642"):
        write_xlsx(tables, tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_what_excel_would_cut_off_is_refused(tmp_path):
    pytest.importorskip("openpyxl")
    with pytest.raises(FileError, match="F-641"):
        write_xlsx({"t": pd.DataFrame({"a": ["x" * 32_768]})}, tmp_path / "t.xlsx")
    wide = pd.DataFrame(np.zeros((1, 16_385)))
    with pytest.raises(FileError, match="F-643"):
        write_xlsx({"t": wide}, tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_excel_without_openpyxl_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingPackageError, match=r"turnover-forecast\[files\]"):
        write_xlsx({"t": pd.DataFrame({"a": [1]})}, tmp_path / "t.xlsx")


# --- JSON and HTML ----------------------------------------------------------------


@dataclass
class Run:
    seed: int
    as_of: pd.Timestamp


def test_json_holds_plain_values_in_the_given_order():
    text = json_text(
        {
            "z": np.float64(24.5),
            "a": np.arange(2),
            "run": Run(seed=1, as_of=pd.Timestamp("2021-09-30")),
            "period": pd.Period("2021-07"),
            "missing": [None, pd.NA, pd.NaT],
            "text": 'Омск "x"',
            2021: (True, np.bool_(False)),
        }
    )
    assert list(json.loads(text)) == [
        "z",
        "a",
        "run",
        "period",
        "missing",
        "text",
        "2021",
    ]
    assert json.loads(text) == {
        "z": 24.5,
        "a": [0, 1],
        "run": {"seed": 1, "as_of": "2021-09-30"},
        "period": "2021-07",
        "missing": [None, None, None],
        "text": 'Омск "x"',
        "2021": [True, False],
    }


def test_json_knows_no_nan_but_tells_where_one_was():
    def fail(token):
        pytest.fail(f"{token} is no JSON")

    obj = {"a": [1.0, float("nan")], "b": {"c": -np.inf}}
    back = json.loads(json_text(obj), parse_constant=fail)
    assert back["a"] == [1.0, None]
    assert back["b"] == {"c": None}
    assert back["not_finite"] == {"/a/1": "nan", "/b/c": "-inf"}
    assert json.loads(json_text([np.nan]), parse_constant=fail) == [None]


def nest():
    obj = []
    obj.append(obj)
    return obj


@pytest.mark.parametrize(
    "obj",
    [
        *({"a": value} for value in ({1, 2}, b"x", object(), len, pd.DataFrame())),
        *({(1, 2): 3}, {1: 0, "1": 0}, {"not_finite": 1, "a": np.nan}, nest()),
    ],
)
def test_what_has_no_json_form_is_refused(tmp_path, obj):
    with pytest.raises(FileError, match="F-645"):
        write_json(obj, tmp_path / "t.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=1>',
        "' onload='1",
        "&lt;",
        "</td>",
    ],
)
def test_escaped_text_is_text_between_tags_and_in_attributes(payload):
    seen = []

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, attrs))

        def handle_data(self, data):
            seen.append(data)

    escaped = escape_html(payload)
    Parser(convert_charrefs=True).feed(
        f"<p title=\"{escaped}\" lang='{escaped}'>{escaped}</p>."
    )
    assert seen == [("p", [("title", payload), ("lang", payload)]), payload, "."]


# --- files in one step ------------------------------------------------------------


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "t.txt"
    write_text_atomic(path, "Омск\r\n")
    assert path.read_bytes() == "Омск\r\n".encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    write_bytes_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["t.txt"]


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text_atomic(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize("step", ["open", "fdopen", "fsync", "replace"])
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()]
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch, step, error
):
    path = tmp_path / "t.txt"
    path.write_text("old")

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(durable.os, step, fail)
    with pytest.raises((FileError, KeyboardInterrupt)) as caught:
        write_text_atomic(path, "new")
    monkeypatch.undo()
    if isinstance(caught.value, FileError):
        assert caught.value.code == "F-640"
        assert "No space left" in str(caught.value)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["t.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_a_named_error():
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(FileError, match="F-640"),
        durable.told_as_file_error("t.txt"),
    ):
        full.write(b"x")


@pytest.mark.parametrize("target", ["missing/t.txt", "folder", "a\0b"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, target):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match="F-640"):
        write_text_atomic(tmp_path / target, "new")
    assert names(tmp_path) == ["folder"]


def test_text_that_utf8_cannot_hold_is_a_named_error(tmp_path):
    with pytest.raises(FileError, match="F-640"):
        write_text_atomic(tmp_path / "t.txt", "\ud800")
    write_csv(pd.DataFrame({"a": ["x\ud800\x00"]}, dtype=object), tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv")["a"].tolist() == ["x\ufffd\ufffd"]


# --- folders in one step ----------------------------------------------------------


def put(folder, content, **manifest):
    (folder / "tables").mkdir()
    (folder / "tables" / "t.csv").write_text(content)
    if manifest:
        write_json(manifest, folder / "manifest.json")


@pytest.fixture(params=["exchange", "two renames"])
def swapping(request, monkeypatch):
    """Both ways of swapping folders."""
    if request.param == "two renames":
        monkeypatch.setattr(folders, "_exchange", lambda *_: False)


@pytest.mark.usefixtures("swapping")
def test_a_folder_appears_whole_and_replaces_its_own_older_self(tmp_path):
    target = tmp_path / "output"
    for content in ("first", "second"):
        with staged_folder(target) as folder:
            assert folder.parent == target.parent
            assert (
                not target.exists() or (target / "tables/t.csv").read_text() == "first"
            )
            put(folder, content)
            (folder / f"{content}.txt").touch()
        assert (target / "tables" / "t.csv").read_text() == content
        assert set(names(target)) == {f"{content}.txt", "manifest.json", "tables"}
        assert names(tmp_path) == ["output"]


@pytest.mark.usefixtures("swapping")
@pytest.mark.parametrize(
    "error", [ValueError("model"), KeyboardInterrupt(), SystemExit(1)]
)
@pytest.mark.parametrize("existing", [True, False])
def test_a_run_that_fails_leaves_the_old_folder_and_nothing_else(
    tmp_path, error, existing
):
    target = tmp_path / "output"
    if existing:
        with staged_folder(target) as folder:
            put(folder, "old")

    def run():
        with staged_folder(target) as folder:
            put(folder, "new")
            raise error

    with pytest.raises(type(error)) as caught:
        run()
    assert caught.value is error
    assert names(tmp_path) == (["output"] if existing else [])
    if existing:
        assert (target / "tables" / "t.csv").read_text() == "old"


def test_an_interruption_during_the_swap_leaves_the_old_folder(tmp_path, monkeypatch):
    target = tmp_path / "output"
    with staged_folder(target) as folder:
        put(folder, "old")
    monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    rename = Path.rename

    def interrupt(self, to):
        if (
            self.name.endswith(".part")
            and Path(to) == target
            and (self / "new").exists()
        ):
            raise KeyboardInterrupt
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt), staged_folder(target) as folder:
        put(folder, "new")
        (folder / "new").touch()
    assert (target / "tables" / "t.csv").read_text() == "old"
    assert names(tmp_path) == ["output"]


@pytest.mark.parametrize(
    ("manifest", "extra"),
    [
        (None, "thesis.docx"),
        ("{}", "thesis.docx"),
        ("[1]", "thesis.docx"),
        ("{broken turnover-forecast", "thesis.docx"),
        ('{"name": "a web extension"}', "background.js"),
        (
            '{"written_by": "turnover-forecast", "files": {"a.csv": "hash"}}',
            "thesis.docx",
        ),
        ('{"written_by": "turnover-forecast", "files": ["a.csv"]}', "thesis.docx"),
    ],
)
def test_a_folder_of_somebody_else_is_never_replaced(tmp_path, manifest, extra):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / extra).write_text("two years of work")
    if manifest is not None:
        (target / "manifest.json").write_text(manifest)
    with pytest.raises(FileError, match="F-644"), staged_folder(target):
        pytest.fail("the block must not begin")
    assert (target / extra).read_text() == "two years of work"
    assert names(tmp_path) == ["thesis"]


def test_files_that_the_manifest_lists_may_be_replaced(tmp_path):
    target = tmp_path / "output"
    for content in ("old", "new"):
        with staged_folder(target) as folder:
            put(
                folder,
                content,
                written_by="turnover-forecast",
                files={"tables/t.csv": "x"},
            )
    assert (target / "tables" / "t.csv").read_text() == "new"


def test_work_put_there_meanwhile_is_not_lost(tmp_path):
    target = tmp_path / "output"
    with pytest.raises(FileError, match="F-644"), staged_folder(target) as folder:
        put(folder, "new")
        target.mkdir()
        (target / "thesis.docx").write_text("two years of work")
    assert names(target) == ["thesis.docx"]
    assert names(tmp_path) == ["output"]


def test_an_empty_folder_is_taken_and_a_file_is_not(tmp_path):
    (tmp_path / "empty").mkdir()
    with staged_folder(tmp_path / "empty") as folder:
        put(folder, "new")
    assert (tmp_path / "empty" / "tables" / "t.csv").read_text() == "new"
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileError, match="F-644"), staged_folder(tmp_path / "file"):
        pytest.fail("the block must not begin")
    missing = tmp_path / "missing" / "output"
    with pytest.raises(FileError, match="F-640"), staged_folder(missing):
        pytest.fail("the block must not begin")
    assert names(tmp_path) == ["empty", "file"]


def test_a_manifest_that_could_not_be_known_again_is_refused(tmp_path):
    target = tmp_path / "output"
    with pytest.raises(FileError, match="written_by"), staged_folder(target) as folder:
        put(folder, "new", seed=1)
    assert names(tmp_path) == []


# --- kill -9 ----------------------------------------------------------------------

KILLED = """
import itertools, os, random, signal, sys, time
from pathlib import Path
from forecast.writing import staged_folder, write_bytes_atomic

root, moments = Path(sys.argv[1]), int(sys.argv[2])
kinds, chance = (b"A", b"B"), random.Random(7)


def write_files():
    for kind in itertools.cycle(kinds):
        write_bytes_atomic(root / "t.bin", kind * 200_000)


def write_folders():
    for kind in itertools.cycle(kinds):
        with staged_folder(root / "output") as folder:
            for name in "abc":
                (folder / name).write_bytes(kind * 1000)


def state():
    file = set((root / "t.bin").read_bytes())
    parts = [(root / "output" / name).read_bytes() for name in "abc"]
    size = (root / "t.bin").stat().st_size
    return len(file) == 1 and size == 200_000 and len(set(parts)) == 1 and len(parts[0]) == 1000


write_bytes_atomic(root / "t.bin", b"A" * 200_000)
with staged_folder(root / "output") as folder:
    for name in "abc":
        (folder / name).write_bytes(b"A" * 1000)
for moment in range(moments):
    child = os.fork()
    if child == 0:
        (write_files, write_folders)[moment % 2]()
    time.sleep(chance.uniform(0.0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("whole" if state() else "broken")
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs fork and an exchange of names"
)
def test_kill_9_at_any_moment_leaves_the_old_or_the_new(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "24"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout.split() == ["whole"] * 24


@pytest.mark.skipif(os.name == "nt", reason="no POSIX signals")
def test_ctrl_c_leaves_nothing_half_written(tmp_path):
    script = (
        "import signal, sys, os\n"
        "from pathlib import Path\n"
        "from forecast.writing import staged_folder\n"
        "with staged_folder(Path(sys.argv[1]) / 'output') as folder:\n"
        "    (folder / 'half').write_text('x')\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    signal.pause()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in done.stderr
    assert names(tmp_path) == []
