"""Backtests from the command line: the library's numbers, printed and in files."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.backtesting import backtest
from forecast.backtesting.command import models_of
from forecast.cli import main
from forecast.errors import StudyError
from forecast.series import Drift, Naive

WHAT = ["--origin", "from", "--destination", "to", "--period", "year", "--flow", "usd"]
HOW = ["--models", "Naive,Drift", "--horizon", "2", "--origins", "3", "--paths", "50"]


@pytest.fixture(scope="module")
def flows() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    rows = [
        {"from": a, "to": b, "year": year, "usd": rng.lognormal(3)}
        for a, b in (("KZ", "RU"), ("RU", "KZ"))
        for year in range(2000, 2020)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def file(flows, tmp_path) -> str:
    path = tmp_path / "flows.csv"
    flows.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def result(flows):
    panel = fc.TradePanel.from_frame(
        flows, origin="from", destination="to", period="year", flow="usd"
    )
    return backtest(panel, [Naive(), Drift()], 2, 3, paths=50)


def test_the_summary_is_printed_and_progress_told(file, result, capsys):
    assert main(["backtest", file, *WHAT, *HOW]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(repr(result))
    assert "skill is against Drift" in out
    for name in ("Naive", "Drift"):
        mase = result.summary().set_index("model").loc[name, "mase"]
        assert f"{mase:.2f}" in out
    assert err.splitlines()[-1] == "- 6 of 6: Drift from 2017"


def test_the_folder_holds_all_forecasts_and_the_scores(file, result, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    folder = tmp_path / "out"
    for _ in range(2):  # its own folder may be replaced
        assert (
            main(["backtest", file, *WHAT, *HOW, "--out", str(folder), "--quiet"]) == 0
        )
    assert capsys.readouterr().err == ""
    back = pd.read_parquet(folder / "backtest_forecasts.parquet")
    np.testing.assert_array_equal(back["crps"], result.forecasts["crps"])
    summary = fc.read_table(folder / "summary.csv")
    np.testing.assert_array_equal(summary["mase"], result.summary()["mase"])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["benchmark"] == "Drift"
    assert set(manifest["files"]) | {"manifest.json"} == {
        p.name for p in folder.iterdir()
    }


def test_without_pyarrow_the_forecasts_are_written_as_csv(file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    folder = tmp_path / "out"
    assert main(["backtest", file, *WHAT, *HOW, "--out", str(folder), "--quiet"]) == 0
    assert (folder / "backtest_forecasts.csv").is_file()


def test_a_run_goes_on_from_its_checkpoint(file, tmp_path, capsys):
    kept = ["--checkpoint", str(tmp_path / "kept")]
    assert main(["backtest", file, *WHAT, *HOW, *kept]) == 0
    first = capsys.readouterr()
    assert main(["backtest", file, *WHAT, *HOW, *kept]) == 0
    second = capsys.readouterr()
    assert second.out == first.out
    assert second.err == "- 6 of 6 were finished before\n"
    assert main(["backtest", file, *WHAT, *HOW, *kept, "--seed", "1"]) == 1
    assert capsys.readouterr().err.startswith("error: F-637")


def test_an_interrupt_ends_with_130(file, monkeypatch, capsys):
    from forecast.backtesting import rolling

    def interrupted(_task):
        raise KeyboardInterrupt

    monkeypatch.setattr(rolling, "run_task", interrupted)
    assert main(["backtest", file, *WHAT, *HOW]) == 130


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (["--models", "Drft"], 2, "F-649"),
        (["--models", ""], 1, "F-636"),
        (["--origins", "99"], 1, "F-634"),
        (["--flow", "eur"], 1, "F-111"),
        (["--without", "2016,2017,2018,2019"], 1, "F-648"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_a_status(file, change, status, said, capsys):
    assert main(["backtest", file, *WHAT, *HOW, *change, "--quiet"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {said}")
    assert len(err.splitlines()) == 1


def test_models_are_named_as_in_the_library():
    assert models_of(["Naive", "Drift"]) == [Naive(), Drift()]
    with pytest.raises(StudyError, match="Did you mean 'Drift'"):
        models_of(["Drft"])
