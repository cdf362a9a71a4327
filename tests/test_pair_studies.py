"""Studies of pairs: one TOML file, one folder; who trades with whom, next, and what if."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.cli import main
from forecast.datasets.trade86 import agreements_by_year
from forecast.errors import StudyError
from forecast.studies import PairStudy, Study, run_study
from forecast.studies.pairs.config import parse_pair_study
from forecast.studies.pairs.focus import Focus
from forecast.studies.pairs.scoring import SIZES, by_size, judged

FORMULA = "flow ~ agreement | origin^period + destination^period + origin^destination"
HEAD = """
[study]
title = "Six regions"
seed = 7
as_of = 2025-06-30
"""
PANEL = """
[panel]
data = "flows.csv"
unit = "million USD"
reporter = "nobody"
source = "simulated"
covariates = ["agreement"]
focus = "R2"
"""
GRAVITY = f"""
[gravity]
formula = "{FORMULA}"
corrected = true
"""
FORECAST = """
[forecast]
horizon = 2
paths = 60
"""
BACKTEST = """
[backtest]
origins = 4
against = ["Naive", "Drift"]
paths = 20
"""
SCENARIOS = """
[[scenarios]]
name = "An agreement"
changes = { agreement = "1" }
pairs = [["R2", "R3"]]
start = 2025
[[scenarios]]
name = "A day less"
days = -1
per_day = 0.8
elasticity = 5
source = "Hummels and Schaur 2013"
pairs = [["R2", "*"]]
"""
PARTS = (PANEL, GRAVITY, FORECAST, BACKTEST, SCENARIOS)
WHOLE = HEAD + "".join(PARTS)


@pytest.fixture(scope="module")
def flows():
    """Yearly flows of six regions, 2012 to 2025; the study stands in June 2025."""
    world = fc.datasets.simulate_trade(6, 14, start=2012, seed=3).frame
    frame = world[["origin", "destination", "period", "flow", "agreement"]]
    frame = frame.assign(period=frame["period"].astype(str).astype(int))
    return frame[frame["origin"] != frame["destination"]].reset_index(drop=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory, flows):
    """A folder with the flows and the whole study, which has been run."""
    folder = tmp_path_factory.mktemp("pairs")
    flows.to_csv(folder / "flows.csv", index=False)
    (folder / "study.toml").write_text(WHOLE)
    return folder


@pytest.fixture(scope="module")
def result(home):
    return run_study(home / "study.toml")


@pytest.fixture(scope="module")
def panel(flows):
    """What was known in June 2025: the years up to 2024."""
    return fc.TradePanel.from_frame(
        flows[flows["period"] <= 2024],
        origin="origin",
        destination="destination",
        period="period",
        flow="flow",
        unit="million USD",
        reporter="nobody",
    )


def study_in(folder, flows, text=WHOLE):
    folder.mkdir()
    flows.to_csv(folder / "flows.csv", index=False)
    (folder / "study.toml").write_text(text)
    return run_study(folder / "study.toml")


def answer_in(folder, flows, text):
    """Run a study without writing its folder."""
    folder.mkdir()
    flows.to_csv(folder / "flows.csv", index=False)
    (folder / "study.toml").write_text(text)
    return Study.from_toml(folder / "study.toml").run()


def contents(folder):
    """Every file below a folder, as bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# ------------------------------------------------------------------ the same again


def test_neither_the_order_of_rows_nor_what_comes_later_changes_a_bit(
    home, result, flows, tmp_path
):
    late = flows["period"] > 2024
    assert late.sum() == 30
    changed = flows.assign(
        flow=flows["flow"].where(~late, 99 * flows["flow"]),
        agreement=flows["agreement"].where(~late, 1),
    )
    study_in(tmp_path / "other", changed.sample(frac=1, random_state=5))
    assert result.answer_digest
    assert contents(home / "output") == contents(tmp_path / "other" / "output")


def test_the_order_of_the_tables_in_the_file_changes_nothing(
    home, result, flows, tmp_path
):
    early = flows[flows["period"] <= 2024]
    study_in(tmp_path / "turned", early, "".join(reversed(PARTS)) + HEAD)
    ours, theirs = contents(home / "output"), contents(tmp_path / "turned" / "output")
    for files in (ours, theirs):
        manifest = json.loads(files.pop("manifest.json"))
        assert manifest["answer_digest"] == result.answer_digest
    assert ours == theirs


def test_the_folder_of_the_run_before_stays_when_a_file_cannot_be_written(
    result, tmp_path, monkeypatch
):
    result.write(tmp_path / "output")
    before = contents(tmp_path / "output")

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "forecast.studies.pairs.parts.backtest.write_table", interrupted
    )
    with pytest.raises(KeyboardInterrupt):
        result.write(tmp_path / "output")
    assert contents(tmp_path / "output") == before
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


# ------------------------------------------------------------------ what it finds


def test_coefficients_are_those_of_the_corrected_model(result, panel):
    by_hand = fc.Gravity(FORMULA, fc.Clustered("pair")).fit(panel).bias_corrected()
    table = result.tables["gravity_coefficients"]
    pd.testing.assert_frame_equal(table[by_hand.tidy().columns], by_hand.tidy())
    np.testing.assert_allclose(
        table["effect_%"], 100 * (np.exp(by_hand.params.to_numpy()) - 1)
    )


def test_the_forecast_is_a_fusion_with_the_gravity_model_of_the_study(result, panel):
    level = fc.Gravity(FORMULA, fc.Clustered("pair"))
    by_hand = fc.Fusion(level=level).fit(panel).forecast(2, paths=60, seed=7)
    outlook = result.parts["forecast"].result
    np.testing.assert_array_equal(outlook.draws, by_hand.draws)
    assert [str(period) for period in outlook.periods] == ["2025", "2026"]


def test_naive_is_off_by_the_mean_change_over_mean_trade(result, flows):
    wide = flows.pivot_table("flow", ["origin", "destination"], "period")
    came = wide[[2021, 2022, 2023, 2024]].to_numpy()
    before = wide[[2020, 2021, 2022, 2023]].to_numpy()
    table = result.tables["backtest_scores"].set_index("model")
    rmae = np.abs(came - before).mean() / came.mean()
    assert table.loc["Naive", "rmae"] == pytest.approx(rmae, rel=1e-12)
    assert table.loc["Naive", "skill"] == 0
    assert table["n"].tolist() == [4 * 30] * 3


def test_the_test_of_two_models_is_that_of_their_absolute_errors(result):
    from forecast.scores import panel_diebold_mariano

    rows = judged(result.parts["backtest"].result)
    keys = ["unit_origin", "destination", "as_of"]
    wide = rows.pivot_table("absolute", keys, "model")
    ours = next(name for name in wide if name.startswith("Fusion"))
    difference = (wide[ours] - wide["Drift"]).to_numpy().reshape(30, 4)
    mean = rows.loc[rows["model"] == ours, "actual"].mean()
    expected = panel_diebold_mariano(difference / mean, horizon=1)
    table = result.tables["backtest_tests"].set_index("against").loc["Drift"]
    assert table["difference"] == pytest.approx(expected.mean)
    assert table["p_value"] == pytest.approx(expected.p_value)


def test_every_single_forecast_of_the_backtest_is_kept(home, result):
    kept = pd.read_parquet(home / "output" / "backtest_forecasts.parquet")
    assert len(kept) == 3 * 4 * 30
    assert {"model", "origin", "actual", "point", "lower_95"} <= set(kept)


def test_sizes_of_pairs_are_those_of_the_origin_not_of_the_outcome(result):
    rows = judged(result.parts["backtest"].result)
    keys = ["unit_origin", "destination"]
    first = by_size(rows, keys)["size"]
    later = by_size(rows.assign(actual=rows["actual"].to_numpy()[::-1]), keys)["size"]
    assert first.equals(later)
    counts = first[(rows["model"] == "Naive").to_numpy()].value_counts()
    assert counts[list(SIZES[:3])].tolist() == [40, 40, 40]


def test_a_day_less_at_the_border_moves_exactly_the_pairs_concerned(result):
    table = result.tables["scenarios_pairs"]
    mine = table[table["scenario"] == "A day less"]
    effect = 100 * ((1 - 0.8 / 100) ** -5 - 1)
    np.testing.assert_allclose(mine["percent_mid"], effect, rtol=1e-9)
    assert len(mine) == 2 * 10  # two years, five partners, both directions
    assert ((mine["origin"] == "R2") | (mine["destination"] == "R2")).all()


def test_an_agreement_moves_a_pair_by_its_coefficient(result):
    table = result.tables["scenarios_pairs"]
    mine = table[table["scenario"] == "An agreement"]
    fit = result.parts["gravity"].result
    effect = 100 * np.expm1(fit.params["agreement"])
    spread = 100 * fit.bse["agreement"] * np.exp(fit.params["agreement"])
    assert set(mine["origin"] + mine["destination"]) <= {"R2R3", "R3R2"}
    if len(mine):  # a pair that has an agreement already gains nothing
        assert np.abs(mine["percent_mid"] - effect).max() < spread


def test_scenarios_without_a_forecast_stand_beside_the_last_known_year(flows, tmp_path):
    found = study_in(
        tmp_path / "now",
        flows,
        HEAD + PANEL + GRAVITY + SCENARIOS.replace("start = 2025\n", ""),
    )
    table = found.tables["scenarios"].set_index("scenario")
    effect = 100 * ((1 - 0.8 / 100) ** -5 - 1)
    assert table.loc["A day less", "median"] == pytest.approx(effect)
    assert table["period"].unique().tolist() == ["2024"]


def test_a_value_that_no_pair_ever_had_is_told_as_an_extrapolation(flows, tmp_path):
    far = '[[scenarios]]\nname = "Far out"\nchanges = { agreement = "3" }\n'
    found = study_in(tmp_path / "far", flows, HEAD + PANEL + GRAVITY + far)
    table = found.tables["scenarios_outside"]
    assert table[["column", "value", "observed_high"]].to_numpy().tolist() == [
        ["agreement", 3.0, 1.0]
    ]
    assert "extrapolation" in found.report.html


def test_a_visit_that_a_scenario_adds_becomes_an_indicator_and_an_effect(
    flows, tmp_path
):
    rng = np.random.default_rng(4)
    dates = pd.to_datetime(
        [f"{year}-05-0{1 + k}" for year in range(2012, 2027) for k in range(3)]
    )
    ends = [rng.choice(6, 2, replace=False) + 1 for _ in dates]
    events = pd.DataFrame(
        {
            "date": dates.strftime("%Y-%m-%d"),
            "kind": "visit",
            "origin": [f"R{one}" for one, _ in ends],
            "destination": [f"R{other}" for _, other in ends],
            "status": "held",
        }
    )
    text = (
        HEAD
        + PANEL.replace("focus", 'events = "events.csv"\nfocus')
        + '[indicators]\nvisits = { recipe = "Count", kind = "visit" }\n'
        + GRAVITY.replace("~ agreement", "~ visits")
        + FORECAST
        + '[[scenarios]]\nname = "One more visit"\nevents = [{ date = 2026-03-01, '
        'kind = "visit", origin = "R2", destination = "R3", status = "held" }]\n'
    )
    folder = tmp_path / "visits"
    folder.mkdir()
    events.to_csv(folder / "events.csv", index=False)
    flows.to_csv(folder / "flows.csv", index=False)
    (folder / "study.toml").write_text(text)
    found = run_study(folder / "study.toml")
    fit = found.parts["gravity"].result
    assert found.known.log.table["date"].max() <= pd.Timestamp("2025-06-30")
    table = found.tables["scenarios_pairs"]
    assert sorted(table["origin"] + table["destination"]) == ["R2R3", "R3R2"]
    assert table["period"].unique().tolist() == ["2026"]
    drawn = 100 * np.expm1(fit.params["visits"])
    spread = 100 * fit.bse["visits"]
    np.testing.assert_allclose(table["percent_mid"], drawn, atol=spread)


# ---------------------------------------------------------------------- the report


def test_the_report_begins_with_what_each_part_found(result):
    html = result.report.html
    places = [
        html.index(re.split(r"[<>&\"']", part.headline)[0][:40])
        for part in result.parts.values()
    ]
    assert places == sorted(places)
    assert places[-1] < html.index("<figure")
    for word in ("million USD", "nobody", "simulated", "2025-06-30"):
        assert word in html


def test_pairs_in_focus_stand_first(result):
    table = result.tables["forecast_pairs"]
    focus = ((table["origin"] == "R2") | (table["destination"] == "R2")).to_numpy()
    assert focus[:20].all()
    assert not focus[20:].any()
    pairs = Focus(pairs=(("R1", "R2"),))
    assert pairs.rows(["R2", "R1", "R1"], ["R1", "R2", "R3"]).tolist() == [1, 1, 0]


def test_the_method_says_the_eleven_things_that_every_report_says(result):
    told = result.tables["method"].set_index("field")["value"]
    assert len(told) == 11
    assert told["As-of date"] == "Figures of 2012 to 2024, as known on 2025-06-30"
    assert "30 pairs, 390 rows" in told["N"]
    assert "Fusion" in told["Skill over the baseline"]


def test_the_command_line_runs_both_kinds_of_studies(home, capsys, tmp_path):
    small = home / "small.toml"
    small.write_text(HEAD + PANEL + GRAVITY)
    assert main(["run", str(small), "--output", str(tmp_path / "out")]) == 0
    assert "Gravity over 390 flows gives agreement" in capsys.readouterr().out
    assert isinstance(Study.from_toml(small), PairStudy)
    small.write_text(
        HEAD.replace("2025-06-30", "2021-09-30")
        + '[data]\nfigures = "rus_kaz"\n[nowcast]\nyear = 2021\n'
    )
    assert isinstance(Study.from_toml(small), Study)


# -------------------------------------------------------------------- wrong files


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('focus = "R2"', 'focuss = "R2"', "F-702", "panel.focuss"),
        ('data = "flows.csv"', "", "F-703", "panel.data"),
        ("paths = 60", "paths = 0", "F-704", "forecast.paths"),
        ("[forecast]", '[forecast]\nmodel = "Fusoin"', "F-704", "forecast.model"),
        (
            "[forecast]",
            "[forecast]\noptions = { classes = 0 }",
            "F-705",
            "forecast.options",
        ),
        (
            "[forecast]",
            "[forecast]\noptions = { colour = 1 }",
            "F-705",
            "forecast.options",
        ),
        ('"Drift"', '"Drfit"', "F-704", "backtest.against"),
        ("flow ~ agreement", "flow ~ agreement +", "F-704", "gravity.formula"),
        ("elasticity = 5", "", "F-705", "scenarios[2]"),
        ('"1"', '"one"', "F-705", "scenarios[1].changes"),
        ('[["R2", "*"]]', '["R2"]', "F-704", "scenarios[2].pairs"),
        ("origins = 4", "origins = true", "F-704", "backtest.origins"),
        ("[[scenarios]]", "[scenarios]", "F-704", "scenarios"),
    ],
)
def test_a_wrong_file_names_the_key_and_the_line(old, new, code, said):
    text = WHOLE.replace(old, new)
    if new == "[scenarios]":
        text = HEAD + PANEL + GRAVITY + '[scenarios]\nname = "one"\n'
    with pytest.raises(StudyError) as caught:
        parse_pair_study(text, "study.toml")
    assert caught.value.code == code
    assert str(caught.value.column).startswith(said)
    line = int(re.search(r"study.toml, line (\d+)", str(caught.value))[1])
    table = said.split(".")[0].split("[")[0]
    above = text.split("\n")[:line]
    headers = [row for row in above if re.match(r"\s*\[{1,2}[a-z]", row)]
    assert headers[-1].strip("[] ") == table


def test_all_that_is_wrong_is_told_at_once():
    text = WHOLE.replace("paths = 60", "paths = 0").replace('"Drift"', '"Drfit"')
    with pytest.raises(StudyError) as caught:
        parse_pair_study(text, "study.toml")
    assert caught.value.count == 2
    assert "backtest.against" in str(caught.value)


def test_a_table_that_needs_another_says_so():
    text = HEAD + PANEL + '[attribution]\nterms = ["agreement"]\n'
    with pytest.raises(StudyError, match=r"needs \[gravity\]") as caught:
        parse_pair_study(text)
    assert caught.value.code == "F-710"


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("flows.csv", "flow.csv", "F-706", "panel.data"),
        ('focus = "R2"', 'focus = "R99"', "F-713", "panel.focus"),
        ('focus = "R2"', 'destination = "destinaton"', "F-711", "panel.destination"),
        ('"agreement"]', '"agrement"]', "F-711", "panel.covariates"),
    ],
)
def test_what_the_data_do_not_have_is_told_with_its_line(home, old, new, code, said):
    path = home / "wrong.toml"
    path.write_text((HEAD + PANEL + GRAVITY).replace(old, new))
    with pytest.raises(StudyError, match=r"wrong.toml, line \d+") as caught:
        run_study(path, home / "nothing")
    assert (caught.value.code, caught.value.column) == (code, said)
    assert not (home / "nothing").exists()


NAIVE = FORECAST.replace("[forecast]", '[forecast]\nmodel = "Naive"')
POTENTIAL = """
[potential]
formula = "flow ~ agreement | origin^period + destination^period"
"""
DECOMPOSITION = """
[decomposition]
by = "total"
"""
MODELS = """
[[models]]
name = "a"
formula = "flow ~ agreement | origin^period + destination^period"
"""
ATTRIBUTION = """
[attribution]
terms = "agreement"
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("origins = 4", "origins = [1900]", "F-634", "backtest.origins"),
        ("origins = 4", 'origins = ["abc"]', "F-402", "backtest.origins"),
        ("origins = 4", "origins = [2024]", "F-634", "backtest.origins"),
        ("origins = 4", "origins = [2022, 2022]", "F-634", "backtest.origins"),
        ("origins = 4", "origins = 99", "F-634", "backtest.origins"),
        ("flow ~ agreement", "flow ~ agreemnt", "F-715", "gravity.formula"),
        ("[gravity]", '[gravity]\ncluster = "par"', "F-715", "gravity.cluster"),
        (
            "changes = { agreement",
            "changes = { agreemnt",
            "F-715",
            "scenarios[1].changes",
        ),
        ('[["R2", "R3"]]', '[["ZZZ", "*"]]', "F-872", "scenarios[1].pairs"),
        ("start = 2025", 'start = "soon"', "F-402", "scenarios[1].start"),
        ("start = 2025", "start = 2031", "F-872", "scenarios[1].start"),
        ("start = 2025", "where = { none = 1 }", "F-715", "scenarios[1].where"),
        ('"A day less"', '"An agreement"', "F-714", "scenarios[2].name"),
        ('by = "total"', "start = 1900", "F-715", "decomposition.start"),
        ('by = "total"', 'groups = { a = ["b"] }', "F-715", "decomposition.groups"),
        ('by = "total"', 'given = { a = "b" }', "F-715", "decomposition.given"),
        ('by = "total"', "start = 2012\nend = 2012", "F-726", "decomposition"),
        ("[potential]", "[potential]\nfolds = 1000", "F-892", "potential.folds"),
        ("[potential]", "[potential]\nstart = 1900", "F-715", "potential.start"),
        (
            "[potential]",
            "[potential]\nstart = 2020\nend = 2018",
            "F-715",
            "potential.end",
        ),
        ('name = "a"', 'name = "a"\nwithout = { b = 1 }', "F-728", "models[1].without"),
        (MODELS, MODELS * 2, "F-728", "models[2].name"),
        (
            MODELS,
            MODELS.replace("~ agreement", "~ us"),
            "F-715",
            "models[1].formula",
        ),
        (
            ATTRIBUTION,
            ATTRIBUTION + 'placebos = ["b"]',
            "F-715",
            "attribution.placebos",
        ),
        (ATTRIBUTION, ATTRIBUTION + 'among = ["A", "B"]', "F-715", "attribution.among"),
        ('terms = "agreement"', 'terms = "visits"', "F-715", "attribution.terms"),
        ('focus = "R2"', "since = 2100", "F-425", "panel.since"),
        ('focus = "R2"', 'since = "xx"', "F-402", "panel.since"),
        ("2025-06-30", "1900-01-01", "F-422", "study.as_of"),
    ],
)
def test_what_the_data_cannot_answer_stops_the_run_before_any_computation(
    home, old, new, code, said
):
    text = WHOLE + DECOMPOSITION + POTENTIAL + MODELS + ATTRIBUTION
    assert old in text
    path = home / "cannot.toml"
    path.write_text(text.replace(old, new, 1))
    done = []
    with pytest.raises(StudyError) as caught:
        Study.from_toml(path).run(done.append)
    assert done == ["read the flows"]
    assert caught.value.code == code
    assert caught.value.column == said
    line = int(re.search(r"cannot.toml, line (\d+)", str(caught.value))[1])
    written = path.read_text().split("\n")
    table = re.split(r"[.\[]", said)[0]
    headers = [row for row in written[:line] if re.match(r"\[{1,2}[a-z]", row)]
    assert headers[-1].strip("[] ") == table
    if "." in said:
        assert said.rpartition(".")[2] in written[line - 1]


def test_what_only_the_model_finds_wrong_is_told_with_its_line_too(home):
    path = home / "late.toml"
    late = GRAVITY.replace(FORMULA, "flow ~ agreement + i(period, agreement)")
    text = HEAD + PANEL + late.replace("corrected = true\n", "")
    path.write_text(text + DECOMPOSITION + 'groups = { a = ["b"] }\n')
    with pytest.raises(StudyError, match=r"late.toml, line \d+") as caught:
        Study.from_toml(path).run()
    assert caught.value.code == "F-882"
    assert caught.value.column == "decomposition"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("2026-03-01", '"soon"', "F-402"), ('kind = "visit", ', "", "F-111")],
)
def test_an_event_that_cannot_be_read_stops_the_run_before_any_computation(
    home, old, new, code
):
    event = '{ date = 2026-03-01, kind = "visit", origin = "R2", destination = "R3" }'
    (home / "held.csv").write_text(
        "date,kind,origin,destination,status\n2015-05-01,visit,R1,R2,held\n"
    )
    text = HEAD + PANEL.replace("focus", 'events = "held.csv"\nfocus')
    text += '[indicators]\nvisits = { recipe = "Count", kind = "visit" }\n'
    text += GRAVITY.replace("~ agreement", "~ visits") + FORECAST
    text += '[[scenarios]]\nname = "a"\nevents = [' + event.replace(old, new) + "]\n"
    path = home / "event.toml"
    path.write_text(text)
    done = []
    with pytest.raises(StudyError, match=r"event.toml, line \d+") as caught:
        Study.from_toml(path).run(done.append)
    assert (caught.value.code, caught.value.column) == (code, "scenarios[1].events")
    assert done == ["read the flows"]


def test_all_that_the_data_cannot_answer_is_told_at_once(home):
    path = home / "many.toml"
    text = WHOLE.replace("origins = 4", "origins = [1900]")
    path.write_text(text.replace("changes = { agreement", "changes = { agreemnt"))
    with pytest.raises(StudyError, match=r"scenarios\[1\].changes") as caught:
        Study.from_toml(path).run()
    assert caught.value.count == 2


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("paths = 60", "paths = 1", "F-704", "forecast.paths"),
        ("paths = 20", "paths = 19", "F-704", "backtest.paths"),
        ('["Naive", "Drift"]', '["Naive", "Naive"]', "F-704", "backtest.against"),
        ('by = "total"', 'of = "forecast"\ndraws = 9', "F-705", "decomposition.draws"),
        (
            'by = "total"',
            'of = "forecast"\ngiven = { a = "flow" }',
            "F-705",
            "decomposition.given",
        ),
        ("[potential]", "[potential]\nfolds = 1", "F-704", "potential.folds"),
        (
            "[attribution]",
            "[attribution]\npermutations = 5",
            "F-704",
            "attribution.permutations",
        ),
    ],
)
def test_a_key_that_would_change_nothing_or_mean_nothing_is_refused(
    old, new, code, said
):
    text = WHOLE + DECOMPOSITION + POTENTIAL + ATTRIBUTION
    assert old in text
    with pytest.raises(StudyError, match=r"line \d+") as caught:
        parse_pair_study(text.replace(old, new), "study.toml")
    assert (caught.value.code, caught.value.column) == (code, said)


def test_days_until_figures_are_out_need_a_day_to_count_to():
    lagged = PANEL + "lag_days = 90\n"
    with pytest.raises(StudyError, match=r"line \d+") as caught:
        parse_pair_study(HEAD.replace("as_of", "# as_of") + lagged + FORECAST)
    assert (caught.value.code, caught.value.column) == ("F-705", "panel.lag_days")
    assert parse_pair_study(HEAD + lagged + FORECAST).panel.lag_days == 90


def test_a_backtest_knows_no_figure_before_it_was_out(flows, tmp_path):
    text = HEAD.replace("as_of", "# as_of") + PANEL + BACKTEST
    text = text.replace("origins = 4", "origins = [2020]") + NAIVE
    lagged = text.replace("focus", "lag_days = 90\nfocus")
    at_once = answer_in(tmp_path / "at_once", flows, text)
    later = answer_in(tmp_path / "later", flows, lagged)
    wide = flows.pivot_table("flow", ["origin", "destination"], "period")
    for found, last in ((at_once, 2020), (later, 2019)):
        table = found.parts["backtest"].result.forecasts
        naive = table[table["model"] == "Naive"]
        assert set(naive["period"].astype(str)) == {"2021"}
        np.testing.assert_allclose(naive["point"], wide[last], rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "forecast", "focus"),
    [
        ("", "", 'focus = "R2"'),
        ('changes = { agreement = "+0" }\n', "", ""),
        ("", NAIVE, ""),
        ('changes = { agreement = "+0" }\n', NAIVE, 'focus = "R2"'),
    ],
)
def test_a_scenario_that_changes_nothing_says_so(
    flows, tmp_path, changes, forecast, focus
):
    panel = PANEL.replace('focus = "R2"', focus)
    none = f'[[scenarios]]\nname = "As it was"\n{changes}'
    text = HEAD + panel + GRAVITY + forecast + none
    found = answer_in(tmp_path / "none", flows, text)
    assert "'As it was' changes nothing" in found.parts["scenarios"].headline
    table = found.tables["scenarios"]
    assert set(table["flows"]) == {0}
    assert (table.drop(columns=["scenario", "period"]) == 0).all(axis=None)
    assert "scenarios_pairs" not in found.tables


def test_a_scenario_that_changes_nothing_stands_beside_one_that_does(flows, tmp_path):
    none = '[[scenarios]]\nname = "As it was"\n'
    found = answer_in(
        tmp_path / "both", flows, HEAD + PANEL + GRAVITY + NAIVE + SCENARIOS + none
    )
    table = found.tables["scenarios"].set_index("scenario")
    assert (table.loc["As it was", "difference"] == 0).all()
    assert (table.loc["A day less", "difference"] > 0).all()
    assert set(found.tables["scenarios_pairs"]["scenario"]) >= {"A day less"}


def test_least_squares_give_a_fusion_no_level_and_the_report_says_so(flows, tmp_path):
    ols = GRAVITY.replace("flow ~", "log(flow) ~").replace(
        "corrected = true", 'estimator = "ols"'
    )
    found = answer_in(tmp_path / "ols", flows, HEAD + PANEL + ols + FORECAST)
    assert found.parts["forecast"].result.model == "Fusion"
    assert "least squares; it gives the forecast no level" in repr(found)
    naive = answer_in(tmp_path / "naive", flows, HEAD + PANEL + ols + NAIVE)
    assert "no level" not in repr(naive)


def test_the_verdict_on_cooperation_is_the_answer(flows, tmp_path):
    found = answer_in(
        tmp_path / "verdict",
        flows,
        HEAD
        + PANEL
        + GRAVITY.replace("corrected = true", "")
        + ATTRIBUTION
        + "shapes = false\npermutations = 19\n",
    )
    html = found.report.html
    verdict = html.index("Thanks to cooperation, 2012 to 2024")
    assert verdict < html.index("Gravity over 390 flows gives")


def test_sectors_of_a_pair_are_flows_of_their_own(flows, tmp_path):
    goods = pd.concat(
        [
            flows.assign(goods=name, flow=flows["flow"] * share)
            for name, share in (("food", 0.25), ("steel", 0.75))
        ],
        ignore_index=True,
    )
    effects = (
        "origin^goods^period + destination^goods^period + origin^destination^goods"
    )
    gravity = f'[gravity]\nformula = "flow ~ agreement | {effects}"\n'
    potential = POTENTIAL.replace("origin^", "origin^goods^").replace(
        "destination^", "destination^goods^"
    )
    text = HEAD + PANEL.replace("focus", 'sector = "goods"\nfocus') + gravity
    text += FORECAST + potential + DECOMPOSITION
    found = answer_in(tmp_path / "goods", goods, text)
    table = found.tables["forecast_pairs"]
    assert len(table) == 2 * 2 * 30
    assert set(table["goods"]) == {"food", "steel"}
    assert set(found.tables["potential"]["goods"]) == {"food", "steel"}
    whole = fc.Gravity(FORMULA).fit(flows[flows["period"] <= 2024])
    estimate = found.tables["gravity_coefficients"]["estimate"].iloc[0]
    assert estimate == pytest.approx(float(whole.beta[0]), rel=1e-6)
    with pytest.raises(StudyError, match=r"panel\.sector"):
        answer_in(tmp_path / "none", goods, text.replace('"goods"', '"god"'))


@pytest.mark.parametrize(
    "text",
    [
        HEAD + PANEL + GRAVITY + SCENARIOS.replace("A day less", "An agreement"),
        HEAD + PANEL + FORECAST + SCENARIOS,
    ],
)
def test_scenarios_that_cannot_be_told_apart_or_answered_are_refused(home, text):
    path = home / "lost.toml"
    path.write_text(text)
    with pytest.raises(StudyError) as caught:
        run_study(path, home / "nothing")
    assert caught.value.code == "F-714"


# ----------------------------------------------------------------- the 86 countries


def test_an_agreement_is_dated_by_no_later_wave():
    waves = pd.DataFrame(
        {
            "exp": ["KAZ", "KAZ", "KAZ", "ROM", "KAZ"],
            "imp": ["MDA", "MDA", "MDA", "KAZ", "TUR"],
            "time": [1992, 1996, 2004, 1996, 2004],
            "id": [0, 45, 0, 7, 9],
        }
    )
    years = range(1994, 2006)
    rows = [(a, b, y) for a, b in (("MDA", "KAZ"), ("KAZ", "ROU")) for y in years]
    flows = pd.DataFrame(rows, columns=["exporter", "importer", "year"])
    found = agreements_by_year(waves, flows).to_numpy().reshape(2, -1)
    assert found[0].tolist() == [0, 0] + [1] * 8 + [0, 0]
    assert found[1].tolist() == [0, 0] + [1] * 10
    for year in years:
        until = flows["year"] <= year
        part = agreements_by_year(waves[waves["time"] <= year], flows[until])
        assert part.tolist() == agreements_by_year(waves, flows)[until].tolist()


@pytest.mark.reference
def test_the_86_countries_give_the_random_walk_that_was_published(reference_data):
    board = pd.read_csv(reference_data("trade86/published_scoreboard.csv"))
    walk = board[board.iloc[:, 0].astype(str).str.contains("walk")].iloc[0]
    flows = fc.datasets.trade86()
    wide = flows.pivot_table("trade", ["exporter", "importer"], "year")
    came = wide[range(2000, 2020)].to_numpy()
    before = wide[range(1999, 2019)].to_numpy()
    assert np.abs(came - before).mean() / came.mean() == pytest.approx(
        walk["rmae"], abs=1e-6
    )
    assert flows.groupby(["exporter", "importer"]).size().eq(25).all()
    assert flows["log_distance"].notna().all()
