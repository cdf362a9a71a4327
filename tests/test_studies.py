"""The founding case as a study: what it says, what it rests on, and that it can be made again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import datasets
from forecast.errors import FileError, ForecastError, PeriodError, StudyError
from forecast.events import EventLog
from forecast.reading import read_table
from forecast.releases import Releases
from forecast.studies import Study, StudyFacts, run_study
from forecast.studies.facts import digest_of
from forecast.studies.hindsight import outcome_of, track_record

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "russia_kazakhstan" / "study.toml"

FIELDS = [
    "Data hash",
    "As-of date",
    "Source per number",
    "N",
    "Zeros",
    "Dropped rows by reason",
    "Intervals and standard errors",
    "Identification",
    "Lead test (p)",
    "Skill over the baseline",
    "What would change the verdicts",
]

SMALL = """\
[study]
title = "A small study"
as_of = 2021-09-30
[data]
figures = "figures.csv"
[nowcast]
year = 2021
"""


@pytest.fixture(scope="module")
def result():
    return Study.from_toml(EXAMPLE).run()


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    return result.write(tmp_path_factory.mktemp("study") / "deep" / "output")


def cells(html: str, tag: str) -> list[str]:
    return [
        re.sub(r"<[^>]+>", "", text)
        for text in re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    ]


def answer_of(tables) -> dict[str, pd.DataFrame]:
    return {name: t for name, t in tables.items() if not name.startswith("hindsight")}


def cut(table: pd.DataFrame, column: str, day: str) -> pd.DataFrame:
    """Only rows that were public on the day, with plain pandas."""
    return table[pd.to_datetime(table[column]) <= pd.Timestamp(day)]


def figures_csv(path: Path, **changes) -> None:
    rows = pd.DataFrame(
        {
            "period_start": ["2021-01-01", "2021-01-01"],
            "period_end": ["2021-06-30", "2021-07-31"],
            "value": [np.nan, 14_000.0],
            "growth": [0.27, 0.34],
            "reporter": ["Казахстан", "Россия"],
            "released": ["2021-08-18", "2021-09-30"],
            "source": ["=cmd|'/c calc'!A1", "<script>alert(1)</script>"],
        }
    )
    rows.assign(**changes).to_csv(path, index=False)


# --- what it says ------------------------------------------------------------------


def test_twenty_billion_fails_as_a_forecast_and_as_a_record(result):
    level, record = result.cards[0].parts
    assert level.verdict == record.verdict == "fails"
    assert result.nowcasts["Russia"].probability(below=20_000) < 0.02
    past = record.evidence.set_index("reporter")
    assert past.loc["unspecified", ["highest", "year_of_it"]].tolist() == [23_800, 2012]


def test_cooperation_is_not_supported_and_its_ceiling_is_a_few_per_cent(result):
    share = result.cards[2]
    assert share.verdict == "not supported"
    assert 0.02 < share.number < 0.04


def test_the_nowcast_of_that_day_holds_what_came_true(result):
    year = result.nowcasts["Russia"]
    low, high = year.interval(0.8)
    assert low <= 24_500 <= high
    assert abs(year.median / 24_500 - 1) < 0.05
    assert year.forecast.quantity == "level"
    assert (
        result.nowcasts["Kazakhstan"].forecast.quantity != "level"
    )  # no level was known


def test_the_report_leads_with_the_answer_and_states_every_field(result):
    html = result.report.html
    assert cells(html, "h2")[0] == "The answer"
    first = cells(html.split("<h2>")[1], "p")[0]
    assert "14.0 billion USD" in first
    assert "24.2 billion USD" in first
    names = cells(html, "dt")
    assert [name for name in names if name in FIELDS] == FIELDS
    texts = cells(html, "dd")
    assert all(texts[names.index(name)].strip() for name in FIELDS)


def test_the_rest_of_the_year_would_have_to_run_forty_per_cent_slower(result):
    assert "1.20 a month: 40 % less than the 2.00 a month of January to July" in (
        result.report.html
    )


def test_no_report_says_due_to_cooperation(result):
    assert "due to cooperation" not in result.report.html.lower()


def test_every_official_forecast_known_by_then_stands_beside_ours(result):
    rules = result.tables["rules"]
    said = rules[rules["forecast"] == "official forecast"]
    assert sorted(said["value"]) == [20_000, 20_000, 23_000]
    assert (said["said_on"] <= pd.Timestamp("2021-09-30")).all()
    assert rules.set_index("forecast").loc["run-rate", "value"] == pytest.approx(24_000)


def test_events_become_indicators_only_when_known(result):
    table = result.tables["indicators"].set_index("year")
    assert table.loc[2003, "forums"] == 1
    assert table.loc[2020, "forums"] == 0  # postponed
    assert table.loc[2021, ["visits", "documents", "deals_musd"]].tolist() == [
        9,
        5,
        144,
    ]
    assert result.tables["events"]["known_on"].max() <= pd.Timestamp("2021-10-19")


# --- hindsight ---------------------------------------------------------------------


def test_hindsight_stands_apart_and_nothing_of_it_in_the_answer(result):
    before, _, after = result.report.html.partition('class="apart"')
    assert "24,500" in after
    assert "24,500" not in before
    assert "25,590" not in before
    released = result.tables["figures_known"]["released"]
    assert released.max() <= pd.Timestamp("2021-09-30")


def test_the_95_per_cent_interval_of_every_dated_figure_held(result):
    track = result.tables["hindsight_track"]
    assert len(track) >= 10
    assert track["inside_95"].all()


def test_our_median_was_nearer_than_the_official_forecast(result):
    errors = result.tables["hindsight_errors"].set_index("forecast")
    column = "error_%_against_Kazakhstan"
    assert abs(errors.loc["this nowcast (median)", column]) < 5
    assert (errors.loc[["official forecast"], column].abs() > 5).all()


def test_an_outcome_is_of_one_reporter_and_growth_of_its_own_totals():
    figures = datasets.rus_kaz_figures()
    kz = outcome_of(figures, "Kazakhstan", 2021)
    assert (kz.level, kz.how) == (24_500, "reported")
    ru = outcome_of(figures, "Russia", 2021)
    assert (ru.how, ru.growth) == ("derived", 0.344)
    assert outcome_of(figures, "Russia", 1999) is None


def test_a_reported_outcome_goes_before_a_later_derived_one():
    rows = {
        "period_start": "2021-01-01",
        "period_end": "2021-12-31",
        "value": [24_500.0, 24_000.0],
        "kind": ["reported", "derived"],
        "reporter": "KZ",
        "released": ["2022-08-19", "2023-01-01"],
    }
    figures = Releases.from_frame(pd.DataFrame(rows), measure="million USD")
    assert outcome_of(figures, "KZ", 2021).level == 24_500


def test_a_track_record_uses_only_what_was_known_on_each_day():
    figures = datasets.rus_kaz_figures()
    whole = track_record(figures)
    early = figures.as_of("2022-12-31")
    part = track_record(early).set_index("label")
    same = whole.set_index("label").loc[part.index.intersection(whole["label"])]
    kept = ["median", "low_80", "high_95"]
    pd.testing.assert_frame_equal(part.loc[same.index, kept], same[kept])


# --- made again --------------------------------------------------------------------


def test_deleting_every_later_fact_changes_no_bit_of_the_answer(result, tmp_path):
    """The facts are cut with plain pandas, table by table, and given as truncated facts."""
    study, day = Study.from_toml(EXAMPLE), "2021-10-19"
    whole = study.load()
    cut_facts = StudyFacts(
        figures=Releases.from_frame(
            cut(whole.figures.to_frame(), "released", day), measure="million USD"
        ),
        forecasts=cut(whole.forecasts, "made_on", day),
        events=EventLog.from_frame(cut(whole.events.to_frame(), "known_on", day)),
        control=cut(whole.control, "released", day),
        agreements=cut(whole.agreements, "known_on", day),
    )
    text = EXAMPLE.read_text(encoding="utf-8").partition("[hindsight]")[0]
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    again = Study.from_toml(path).run(facts=cut_facts)
    assert again.answer_digest == result.answer_digest
    tables = answer_of(result.tables)
    assert list(again.tables) == list(tables)
    for name, table in again.tables.items():
        assert digest_of({name: table}) == digest_of({name: tables[name]}), name
    figures = {n: f for n, f in result.figures.items() if not n.startswith("hindsight")}
    assert again.figures == figures
    shown, hidden = again.report.html, result.report.html
    answer = shown[shown.index('<section id="s1"') : shown.index("</main>")]
    assert answer.strip() in hidden


def test_the_folder_holds_what_the_manifest_says(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {*manifest["files"], "manifest.json"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert {"report.html", "tables.xlsx", "tables/nowcast.csv"} <= found
    assert {"figures/nowcast.svg", "figures/nowcast.png"} <= found


def test_the_manifest_tells_no_path_no_name_and_no_time(folder):
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    assert str(folder) not in text
    assert Path.home().name not in text
    assert not re.search(r"\d\d:\d\d:\d\d", text)
    manifest = json.loads(text)
    assert manifest["seed"] == 2021
    assert manifest["as_of"] == "2021-09-30"
    assert {"turnover-forecast", "python", "pandas"} <= set(manifest["versions"])


def test_writing_twice_gives_the_same_bytes(result, folder, tmp_path):
    again = result.write(tmp_path / "again")
    for path in folder.rglob("*"):
        if path.is_file():
            other = again / path.relative_to(folder)
            assert other.read_bytes() == path.read_bytes(), path.name


def test_the_tables_read_back_as_they_were(result, folder):
    table = read_table(folder / "tables" / "nowcast.csv")
    wanted = result.tables["nowcast"]["median"]
    np.testing.assert_allclose(table["median"], wanted, rtol=1e-12)
    sheet = read_table(folder / "tables.xlsx", sheet="nowcast")
    np.testing.assert_allclose(sheet["median"], wanted, rtol=1e-12)


# --- studies of one's own ----------------------------------------------------------


def small(tmp_path: Path, text: str = SMALL, **changes) -> Path:
    figures_csv(tmp_path / "figures.csv", **changes)
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_of_ones_own_file_runs_and_its_texts_stay_texts(tmp_path):
    steps: list[str] = []
    result = run_study(small(tmp_path), progress=steps.append)
    assert list(result.nowcasts) == [
        "Россия",
        "Казахстан",
    ]  # the one with a level leads
    assert steps[0] == "read the facts"
    assert steps[-1] == "write the folder"
    html = (tmp_path / "output" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    known = (tmp_path / "output" / "tables" / "figures_known.csv").read_text("utf-8")
    assert "'=cmd" in known
    assert not any(name.startswith("hindsight") for name in result.tables)


def test_the_order_of_the_rows_does_not_matter(tmp_path):
    said = {
        "made_on": ["2021-08-18", "2021-08-18", "2021-09-30"],
        "who": ["B", "A", "C"],
        "target_year": 2021,
        "low": [23_000, 20_000, 21_000],
    }
    pd.DataFrame(said).to_csv(tmp_path / "said.csv", index=False)
    text = SMALL.replace('"figures.csv"\n', '"figures.csv"\nforecasts = "said.csv"\n')
    path = small(tmp_path, text)
    first = Study.from_toml(path).run()
    for name in ("figures.csv", "said.csv"):
        rows = pd.read_csv(tmp_path / name)
        rows.iloc[::-1].to_csv(tmp_path / name, index=False)
    again = Study.from_toml(path).run()
    assert again.answer_digest == first.answer_digest
    assert again.figures == first.figures


def test_every_part_sees_only_its_own_day(tmp_path):
    """One claim is judged on the day of the study, one later; indicators on the first."""
    events = {
        "date": ["2021-02-01", "2021-03-01"],
        "known_on": ["2021-09-01", "2021-12-01"],
        "kind": "visit",
        "origin": "RU",
        "destination": "KZ",
    }
    pd.DataFrame(events).to_csv(tmp_path / "events.csv", index=False)
    text = SMALL.replace('"figures.csv"\n', '"figures.csv"\nevents = "events.csv"\n')
    text += """
[indicators]
between = ["RU", "KZ"]
visits = { recipe = "Count", kind = "visit" }
[[claims]]
kind = "level"
year = 2021
value = 20_000
[[claims]]
kind = "level"
year = 2021
value = 20_000
as_of = 2021-12-15
"""
    path = small(
        tmp_path,
        text,
        period_end=["2021-07-31", "2021-10-31"],
        value=[14_000.0, 19_500.0],
        reporter="Russia",
        released=["2021-09-30", "2021-11-30"],
    )
    result = Study.from_toml(path).run()
    months = [card.evidence["what"].iloc[0] for card in result.cards]
    assert months == ["nowcast from 7 months", "nowcast from 10 months"]
    assert result.tables["indicators"].set_index("year").loc[2021, "visits"] == 1
    assert len(result.tables["events"]) == 1


def test_growth_rates_alone_give_a_study_in_per_cent(tmp_path):
    result = Study.from_toml(small(tmp_path, value=np.nan)).run()
    assert set(result.tables["nowcast"]["unit"]) == {"%"}
    assert "part_year" not in result.figures
    assert "growth of the year" in result.report.html


def test_reporters_can_be_chosen(tmp_path):
    text = SMALL.replace("year = 2021\n", 'year = 2021\nreporters = ["Россия"]\n')
    assert list(Study.from_toml(small(tmp_path, text)).run().nowcasts) == ["Россия"]


def test_placebo_events_alone_support_nothing(tmp_path):
    pd.DataFrame(
        {
            "date": ["2021-09-01", "2021-09-02"],
            "kind": "document",
            "origin": "RU",
            "destination": "KZ",
            "status": "signed",
            "value": [500.0, 900.0],
            "trade_content": [False, False],
        }
    ).to_csv(tmp_path / "events.csv", index=False)
    claim = '[[claims]]\nkind = "share"\nyear = 2021\nas_of = 2021-10-19\n'
    text = (
        SMALL.replace('"figures.csv"\n', '"figures.csv"\nevents = "events.csv"\n')
        + claim
    )
    result = Study.from_toml(small(tmp_path, text)).run()
    assert result.cards[0].verdict in ("not supported", "cannot be told")
    assert np.isnan(result.cards[0].number)
    assert "due to cooperation" not in result.report.html.lower()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"figures.csv"', '"figure.csv"', "F-706"),
        ('"figures.csv"', '"rus_kas"', "F-706"),
        ("as_of = 2021-09-30", "as_of = 2021-03-01", "F-461"),
        ("year = 2021", "year = 2020", "F-461"),
    ],
)
def test_what_cannot_be_found_is_named(tmp_path, old, new, code):
    path = small(tmp_path, SMALL.replace(old, new))
    with pytest.raises((StudyError, PeriodError)) as caught:
        Study.from_toml(path).run()
    assert caught.value.code == code


def test_a_forecast_table_without_its_columns_is_refused(tmp_path):
    (tmp_path / "said.csv").write_text("who,when\nme,today\n", encoding="utf-8")
    text = SMALL.replace('"figures.csv"\n', '"figures.csv"\nforecasts = "said.csv"\n')
    with pytest.raises(ForecastError, match="F-111"):
        Study.from_toml(small(tmp_path, text)).run()


# --- the folder --------------------------------------------------------------------


def test_an_interrupted_run_leaves_the_folder_before_as_it_was(tmp_path, monkeypatch):
    path, output = small(tmp_path), tmp_path / "output"
    run_study(path)
    before = {p: p.read_bytes() for p in output.rglob("*") if p.is_file()}

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.studies.folder.write_xlsx", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_study(path)
    assert {p: p.read_bytes() for p in output.rglob("*") if p.is_file()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "figures.csv",
        "output",
        "study.toml",
    ]
    shutil.rmtree(output)
    with pytest.raises(KeyboardInterrupt):
        run_study(path)
    assert not output.exists()


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path):
    output = tmp_path / "documents"
    output.mkdir()
    (output / "thesis.docx").write_text("years of work", encoding="utf-8")
    with pytest.raises(FileError, match="F-644"):
        run_study(small(tmp_path), output)
    assert (output / "thesis.docx").read_text(encoding="utf-8") == "years of work"
