"""The command line: exit codes that scripts can trust, one sentence for each error."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import forecast
from forecast import cli
from forecast.cli import main
from forecast.terminal import clean, show_table

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

SMALL = """\
[study]
title = "A small study"
as_of = 2021-09-30
[data]
figures = "rus_kaz"
[nowcast]
year = 2021
reporters = ["Russia"]
"""


@pytest.fixture
def study(tmp_path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def figures(tmp_path) -> Path:
    path = tmp_path / "figures.csv"
    rows = {
        "period_start": "2021-01-01",
        "period_end": "2021-07-31",
        "value": "14 000,0",
        "growth": "0,34",
        "reporter": "Россия",
        "released": "2021-09-30",
    }
    text = ";".join(rows) + "\n" + ";".join(rows.values()) + "\n"
    path.write_text(text, encoding="cp1251")
    return path


def test_a_study_runs_and_says_where_its_report_lies(study, tmp_path, capsys):
    assert main(["run", str(study)]) == 0
    out, err = capsys.readouterr()
    assert f"Report: {tmp_path / 'output' / 'report.html'}" in out
    assert "Nowcast of 2021" in out
    assert "- read the facts" in err
    assert (tmp_path / "output" / "manifest.json").exists()


def test_quiet_is_quiet_and_output_goes_where_it_is_told(study, tmp_path, capsys):
    assert (
        main(["run", str(study), "--output", str(tmp_path / "there"), "--quiet"]) == 0
    )
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "there" / "report.html").exists()
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("year = 2021", "yaer = 2021"), 2, "error: F-70"),
        (("as_of = 2021-09-30", "as_of = 2021-01-15"), 1, "error: F-461"),
        (('["Russia"]', '["Russland"]'), 1, "error: F-352"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_an_exit_code(
    study, capsys, change, code, said
):
    study.write_text(SMALL.replace(*change), encoding="utf-8")
    assert main(["run", str(study), "--quiet"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert not (study.parent / "output").exists()


def test_a_missing_file_is_a_wrong_call(capsys):
    assert main(["run", "no-such-study.toml"]) == 2
    assert "no-such-study.toml" in capsys.readouterr().err


def test_debug_shows_where_an_error_comes_from(study):
    study.write_text("[study", encoding="utf-8")
    with pytest.raises(forecast.errors.StudyError):
        main(["run", str(study), "--debug"])


def test_an_error_of_our_own_is_told_without_a_traceback(study, capsys, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("forecast.studies.Study.run", broken)
    assert main(["run", str(study), "--quiet"]) == 1
    assert "F-000: ZeroDivisionError" in capsys.readouterr().err


def test_an_interrupt_is_130(study, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.studies.Study.run", interrupted)
    assert main(["run", str(study)]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child")
def test_ctrl_c_leaves_nothing_half_written(study):
    code = "import sys; from forecast.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "run", str(study)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline().startswith("- ")  # the run has begun
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert [p.name for p in study.parent.iterdir()] == ["study.toml"]


@pytest.mark.parametrize("arguments", [[], ["walk"], ["nowcast", "rus_kaz"], ["run"]])
def test_a_wrong_call_is_2(arguments):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert (
        capsys.readouterr().out.strip() == f"turnover-forecast {forecast.__version__}"
    )


def test_a_nowcast_from_a_file_as_people_have_them(figures, capsys):
    call = ["nowcast", str(figures), "--year", "2021", "--as-of", "2021-09-30"]
    assert main([*call, "--below", "20000", "--above", "30000"]) == 0
    out = capsys.readouterr().out
    assert "Nowcast of 2021 as of 2021-09-30" in out
    assert "run-rate" in out
    assert "24,000" in out
    assert "probability of at most 20,000:" in out
    assert "probability of above 30,000:" in out


def test_the_command_says_the_same_as_the_library(capsys):
    year = forecast.nowcast(
        forecast.datasets.rus_kaz_figures(), 2021, "2021-09-30", reporter="Russia"
    )
    call = ["nowcast", "rus_kaz", "--year", "2021", "--as-of", "2021-09-30"]
    assert main([*call, "--reporter", "Russia"]) == 0
    assert repr(year) in capsys.readouterr().out


def test_two_reporters_are_not_taken_for_one(capsys):
    assert main(["nowcast", "rus_kaz", "--year", "2021", "--as-of", "2021-09-30"]) == 1
    assert "F-351" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (["--level", "20000", "--record"], "FAILS"),
        (["--level", "24000"], "HOLDS"),
        (["--growth", "0.3", "--relation", "at least"], "CANNOT BE TOLD"),
        (["--record"], "2021 is a record"),
    ],
)
def test_claims_are_checked_on_the_command_line(capsys, claim, said):
    call = ["check", "rus_kaz", "--year", "2021", "--as-of", "2021-09-30"]
    assert main([*call, "--reporter", "Russia", *claim]) == 0
    assert said in capsys.readouterr().out


def test_a_check_without_a_claim_is_a_wrong_call(capsys):
    assert main(["check", "rus_kaz", "--year", "2021"]) == 2
    assert "F-707" in capsys.readouterr().err


def test_the_shipped_facts_are_listed_and_printed(capsys):
    assert main(["data"]) == 0
    listed = capsys.readouterr().out
    assert "rus_kaz_releases" in listed
    assert "bloc_growth" in listed
    assert main(["data", "rus_kaz_releases", "--as-of", "2021-09-30"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert table["released"].max() == "2021-09-30"


def test_an_unknown_data_set_is_named(capsys):
    assert main(["data", "rus_kas"]) == 2
    assert "F-708" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error():
    code = "import sys; from forecast.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "data", "rus_kaz_annual"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        err = process.stderr.read()
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
    assert process.returncode == 0
    assert err == ""


def test_control_characters_of_data_do_not_reach_the_terminal(capsys):
    show_table(
        pd.DataFrame({"name": ["\x1b[31mred\x07\nnext"], "n": [1]}), title="t\x1b"
    )
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert clean("a\nb") == "a b"


def test_a_terminal_gets_a_drawn_table_in_which_markup_is_text(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    show_table(pd.DataFrame({"[bold]x": ["[red]y[/red]"]}), title="[i]t")
    out = capsys.readouterr().out
    assert "[bold]x" in out
    assert "[red]y[/red]" in out
    assert "[i]t" in out


def test_without_rich_tables_are_plain(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)
    show_table(pd.DataFrame({"x": [1.5]}))
    assert capsys.readouterr().out.split() == ["x", "1.5"]


def test_the_command_is_never_called_forecast():
    assert cli._parser().prog == "turnover-forecast"
