"""Gravity on the command line: the library's numbers, printed and in files."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast import cli
from forecast.cli import main
from forecast.errors import ForecastError, StudyError
from forecast.gravity.inference.from_words import vcov_of
from forecast.gravity.saving import write_results

FORMULA = "flow ~ agreement + log_distance | origin^period + destination^period"
FILES = [
    *("dropped.csv", "etable.html", "etable.md", "etable.tex", "etable.txt"),
    *("fit.json", "manifest.json", "tidy.csv"),
]


@pytest.fixture(scope="module")
def flows() -> pd.DataFrame:
    """Flows with a pair that never trades and a missing distance."""
    frame = fc.datasets.simulate_trade(8, 5, seed=3).frame
    frame["period"] = frame["period"].dt.year
    silent = (frame["origin"] == "R1") & (frame["period"] == 2015)
    frame.loc[silent, "flow"] = 0.0
    frame.loc[9, "log_distance"] = np.nan
    return frame


@pytest.fixture
def table(flows, tmp_path):
    path = tmp_path / "flows.csv"
    flows.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def fit(flows):
    return fc.Gravity(FORMULA, vcov=fc.Clustered("origin", "destination")).fit(flows)


# ---------------------------------------------------------------------- what is printed


def test_the_summary_the_errors_and_the_notes_are_printed(table, fit, capsys):
    assert main(["gravity", table, FORMULA, "--cluster", "origin", "destination"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for text in (fit.summary(), fit.explain_se()):
        for line in text.splitlines():
            assert line in out
    assert all(note in out for note in fit.notes)
    assert any("no finite estimate" in note for note in fit.notes)


def test_several_equations_are_printed_with_their_table(table, flows, capsys):
    steps = FORMULA.replace("agreement + log_distance", "sw(agreement, log_distance)")
    assert main(["gravity", table, steps]) == 0
    out = capsys.readouterr().out
    assert "(1) PPML" in out
    assert "(2) PPML" in out
    assert str(fc.etable(fc.Gravity(steps).fit_all(flows))) in out


def test_least_squares_weights_and_another_level_reach_the_model(table, flows, capsys):
    formula = FORMULA.replace("flow ~", "log(flow) ~")
    call = ["gravity", table, formula, "--estimator", "ols", "--weights", "distance"]
    assert main([*call, "--level", "0.8", "--vcov", "hc1"]) == 0
    model = fc.Gravity(
        formula, estimator="ols", weights="distance", vcov=fc.Robust("HC1")
    )
    out = capsys.readouterr().out
    assert all(line in out for line in model.fit(flows).summary(0.8).splitlines())


def test_columns_of_ends_make_pairs_where_effects_do_not_tell(table, capsys):
    formula = "flow ~ log_distance | period"
    assert main(["gravity", table, formula]) == 0
    assert "robust to heteroskedasticity" in capsys.readouterr().out
    ends = ["--origin", "origin", "--destination", "destination"]
    assert main(["gravity", table, formula, *ends]) == 0
    assert "clustered by pair" in capsys.readouterr().out


# ------------------------------------------------------------------------- what is written


def test_the_folder_holds_the_fit_in_full(table, fit, tmp_path, capsys):
    out = tmp_path / "out"
    call = ["gravity", table, FORMULA, "--cluster", "origin", "destination"]
    assert main([*call, "--out", str(out)]) == 0
    assert f"Written: {out}" in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == FILES
    tidy = pd.read_csv(out / "tidy.csv")
    pd.testing.assert_frame_equal(tidy.drop(columns="model"), fit.tidy(), rtol=1e-12)
    assert list(tidy["model"]) == [1, 1]
    (facts,) = json.loads((out / "fit.json").read_text(encoding="utf-8"))["models"]
    assert facts["rows"]["used"] == fit.nobs
    np.testing.assert_allclose(facts["covariance"], fit.cov_params(), rtol=1e-12)
    assert facts["standard_errors"]["explained"] == fit.explain_se()
    assert (out / "etable.txt").read_text(encoding="utf-8") == f"{fc.etable(fit)}\n"


def test_every_row_left_out_is_written_with_its_keys_and_reason(flows, fit, tmp_path):
    write_results([fit], tmp_path / "out")
    dropped = pd.read_csv(tmp_path / "out" / "dropped.csv", keep_default_na=False)
    assert len(dropped) == len(flows) - fit.nobs > 0
    keys = ["origin", "destination", "period"]
    expected = flows.iloc[dropped["position"]][keys].reset_index(drop=True)
    pd.testing.assert_frame_equal(dropped[keys], expected, check_dtype=False)
    facts = json.loads((tmp_path / "out" / "fit.json").read_text(encoding="utf-8"))
    told = facts["models"][0]["rows"]["left_out"]
    assert told == dropped["reason"].value_counts().to_dict()


def test_the_files_are_the_same_every_time(table, tmp_path):
    for name in ("a", "b"):
        assert main(["gravity", table, FORMULA, "--out", str(tmp_path / name)]) == 0
    for name in FILES:
        first, second = (tmp_path / folder / name for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_a_folder_of_somebody_else_stays_as_it_is(table, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert main(["gravity", table, FORMULA, "--out", str(out)]) == 1
    assert "F-644" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_an_own_folder_is_replaced_unless_a_file_was_added(table, tmp_path, capsys):
    call = ["gravity", table, FORMULA, "--out", str(tmp_path / "out")]
    assert main(call) == 0
    assert main(call) == 0
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    assert main(call) == 1
    assert "notes.txt" in capsys.readouterr().err


def test_keys_that_are_formulas_are_written_inert(flows, tmp_path):
    odd = flows.assign(origin=flows["origin"].replace("R1", "=cmd|'/c calc'!A1"))
    write_results([fc.Gravity(FORMULA).fit(odd)], tmp_path / "out")
    text = (tmp_path / "out" / "dropped.csv").read_text(encoding="utf-8")
    assert ",'=cmd" in text
    assert ",=cmd" not in text


def test_a_model_of_effects_alone_has_its_files_too(flows, tmp_path):
    alone = fc.Gravity("flow ~ 1 | origin^period + destination^period").fit(flows)
    write_results([alone], tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES


# --------------------------------------------------------------------------- standard errors


@pytest.mark.parametrize("kind", cli.ERRORS)
def test_every_kind_on_the_command_line_is_one_of_the_library(kind, flows):
    recipe = vcov_of(kind, origin="origin", destination="destination", period="period")
    gravity = fc.Gravity(FORMULA, vcov=recipe)
    assert (gravity.fit(flows.dropna()).bse > 0).all()


@pytest.mark.parametrize(
    ("call", "recipe"),
    [
        ({}, None),
        ({"clusters": ["a", "b"]}, fc.Clustered("a", "b")),
        ({"clusters": ["a"], "ssc": "fixest"}, fc.Clustered("a", ssc="fixest")),
        ({"kind": "hc2"}, fc.Robust("HC2")),
        ({"kind": "hc0", "ssc": "ppmlhdfe"}, fc.Robust("HC0", ssc="ppmlhdfe")),
        ({"kind": "iid"}, fc.Iid()),
    ],
)
def test_words_stand_for_recipes(call, recipe):
    assert vcov_of(**call) == recipe


@pytest.mark.parametrize(
    "words",
    [
        {"kind": "hc1", "clusters": ["pair"]},
        {"kind": "hc1", "lags": 2},
        {"lags": 2},
        {"ssc": "fixest"},
        {"kind": "iid", "ssc": "fixest"},
        {"kind": "dyadic", "origin": "a"},
        {"kind": "driscoll-kraay"},
        {"kind": "newey-west"},
    ],
)
def test_words_that_do_not_go_together_are_refused(words):
    with pytest.raises(StudyError, match="F-599"):
        vcov_of(**words)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--cluster", "nobody"], 1, "F-111"),
        (["--vcov", "hc1", "--cluster", "origin"], 2, "F-599"),
        (["--cluster", "origin", "--ssc", "stata"], 1, "F-554"),
        (["--weights", "nobody"], 1, "F-111"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_a_status(
    table, arguments, status, said, capsys
):
    assert main(["gravity", table, FORMULA, *arguments]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {said}")
    assert len(err.splitlines()) == 1


def test_a_formula_that_cannot_be_read_is_an_error_of_the_library(table, capsys):
    assert main(["gravity", table, "flow ~ lgo(distance) | origin"]) == 1
    assert capsys.readouterr().err.startswith("error: F-58")
    with pytest.raises(ForecastError):
        main(["gravity", table, "flow ~ lgo(distance) | origin", "--debug"])


# -------------------------------------------------------------------------------- warm-up

WARM = """
import sys
import forecast as fc
import forecast.gravity.warming
from forecast.kernels.jit import warmup
first = warmup()
flows = fc.datasets.simulate_trade(9, 5, seed=1).frame
time = "origin^period + destination^period"
recipe = fc.Clustered("origin", "destination")
for formula in (
    f"flow ~ agreement + log_distance | {time}",
    f"flow ~ agreement | {time} + origin^destination",
    "flow ~ agreement | origin + destination + period",
    "flow ~ agreement + log_distance",
):
    for table in (flows, flows.assign(period=flows["period"].dt.year).drop(index=4)):
        for estimator in ("ppml", "ols"):
            fit = fc.Gravity(formula, estimator=estimator).fit(table)
            fit.with_vcov(recipe), fit.fittedvalues, fit.sample
then = warmup()
assert first.loaded + first.compiled > 40, first
assert (first.loaded, first.compiled) == (then.loaded, then.compiled), (first, then)
"""


@pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"},
    reason="nothing is compiled",
)
def test_after_a_warm_up_usual_fits_compile_and_load_nothing_more():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WARM],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_command_says_what_was_compiled_and_where_it_is_kept(capsys, monkeypatch):
    from forecast.kernels import jit

    calls = []
    monkeypatch.setattr(jit, "_warmups", [lambda: calls.append("warm")])
    assert main(["warmup"]) == 0
    assert calls == ["warm"]
    assert " kernels compiled, " in capsys.readouterr().out
