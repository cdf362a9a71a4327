"""The gravity half of the founding case: shipped estimates, growth shared out, the next year."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from forecast import datasets
from forecast.attribution import attribute, panel_estimates
from forecast.claims import Claim, check
from forecast.claims.identification import verdict_of
from forecast.errors import ColumnError, KeyColumnError, StudyError
from forecast.events import EventLog
from forecast.releases import Releases
from forecast.studies import Study, StudyFacts
from forecast.studies.answer import Answer, find_answer
from forecast.studies.config import parse_study
from forecast.studies.digests import digest_of
from forecast.studies.gravity_half.agreements import changes_of_terms, in_force
from forecast.studies.gravity_half.growth import Control, growth_table, share_growth
from forecast.studies.gravity_half.later import next_year_table, next_year_text
from forecast.studies.gravity_half.outlook import (
    check_history,
    draw_growth,
    log_growths,
    look_ahead,
)
from forecast.studies.gravity_half.phase_in import with_sums
from forecast.studies.gravity_half.plan import ScenarioPlan
from forecast.studies.gravity_half.record import Outlook
from forecast.studies.gravity_half.scenario import play
from forecast.studies.gravity_half.single_pair import years_with_and_without
from forecast.studies.gravity_half.soft_events import SoftRange, range_of

pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

CASE = Path(__file__).parents[1] / "examples" / "russia_kazakhstan"
NOTEBOOK = CASE / "notebook.ipynb"
MIRROR = "Open Trade Statistics (mirror-adjusted)"

SMALL = """\
[study]
title = "The gravity half alone"
as_of = 2021-09-30
seed = 7
[data]
figures = "rus_kaz"
events = "rus_kaz"
control = "rus_kaz"
agreements = "rus_kaz"
[nowcast]
year = 2021
reporters = ["Russia"]
[indicators]
between = ["RU", "KZ"]
since = 2019
as_of = 2021-10-19
forums = { recipe = "Count", kind = "forum" }
visits = { recipe = "Count", kind = "visit" }
[gravity]
[[scenarios]]
name = "forum"
event = "E04"
[[scenarios]]
name = "deeper"
start = 2022-07-01
model = "depth"
terms = { depth = 1 }
"""


def study_of(tmp_path: Path, text: str) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    return Study.from_toml(path)


def answer_of(study: Study, facts: StudyFacts) -> Answer:
    """Answer of a study from other facts, without its figures and report."""
    return find_answer(study.plan, facts.known_by(study.plan.last_day), print)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return study_of(tmp_path_factory.mktemp("half"), SMALL)


@pytest.fixture(scope="module")
def result(study):
    return study.run()


@pytest.fixture(scope="module")
def notebook() -> dict[str, object]:
    """What the names of the notebook are after all its code has run."""
    import matplotlib as mpl

    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    names: dict[str, object] = {"__name__": "__notebook__"}
    with contextlib.chdir(CASE), mpl.rc_context({"backend": "agg"}):
        for cell in book["cells"]:
            if cell["cell_type"] == "code":
                code = compile("".join(cell["source"]), "notebook", "exec")
                exec(code, names)
    return names


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("made", CASE / "estimate_gravity.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setitem(sys.modules, "made", module)  # dataclasses look it up
    spec.loader.exec_module(module)
    yield module
    monkeypatch.undo()


# --- the estimates that ship -------------------------------------------------------


def test_each_shipped_estimate_says_from_which_data_when_and_how_it_was_made():
    table = datasets.gravity_estimates()
    registry = datasets.available().set_index("name")
    assert set(table["data_sha256"]) == {
        registry.loc["penppml/trade.parquet", "sha256"]
    }
    assert table["estimated_on"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert (table["formula"].str.count("exporter|importer") == 4).all()
    assert table["convention"].str.startswith("clustered by exporter").all()
    rows = table["nobs"] + table["left_out"]
    assert set(rows[table["first_year"] == 1964]) == {316_317}  # rows of the panel


def test_shipped_covariances_are_those_of_the_shipped_standard_errors():
    for model in datasets.gravity_estimates()["model"].unique():
        found = panel_estimates(model)
        errors = np.sqrt(np.diag(found.covariance))
        np.testing.assert_allclose(errors, found.table["std_error"], rtol=1e-12)
        np.testing.assert_array_equal(found.covariance, found.covariance.T)
        assert np.linalg.eigvalsh(found.covariance).min() > 0


def test_draws_have_the_mean_and_the_covariance_of_the_estimates():
    found = panel_estimates("phase")
    draws = found.draws(40_000, np.random.default_rng(3))
    errors = np.sqrt(np.diag(found.covariance))
    assert np.abs((draws.mean(axis=1) - found.beta) / errors).max() < 0.02
    np.testing.assert_allclose(
        np.cov(draws) / found.covariance, np.ones((2, 2)), atol=0.1
    )


def test_the_sum_over_the_phase_in_has_the_error_of_the_sum():
    found = panel_estimates("phase")
    row = with_sums(found.table, datasets.gravity_covariances("phase")).iloc[-1]
    (a, c), (_, b) = found.covariance
    assert row["estimate"] == pytest.approx(found.beta.sum(), rel=1e-12)
    assert row["std_error"] == pytest.approx(np.sqrt(a + b + 2 * c), rel=1e-12)


def test_no_agreement_between_the_two_begins_or_ends_within_the_panel():
    table = datasets.gravity_estimates().set_index(["model", "term"])
    any_agreement = table.xs("agreement", level="term")
    assert (any_agreement[["pair_at_start", "pair_at_end"]] == 1).all(axis=None)
    assert (any_agreement["share_of_growth"] == 0).all()
    depth = table.loc[("depth", "depth")]
    assert (depth["pair_at_start"], depth["pair_at_end"]) == (3, 7)


def test_estimates_are_not_known_before_their_data_were_public():
    assert panel_estimates("phase", as_of="2020-12-30") is None
    assert panel_estimates("phase", as_of="2020-12-31") is not None


def test_models_and_terms_that_do_not_ship_are_refused_by_name():
    with pytest.raises(KeyColumnError, match="F-255") as refused:
        datasets.gravity_estimates("anything")
    assert "phase" in str(refused.value)
    with pytest.raises(ColumnError, match="F-256"):
        panel_estimates("any").of("depth")


@pytest.mark.reference
def test_the_panel_gives_the_shipped_estimates_again(script, reference_data):
    reference_data("penppml/trade.parquet")
    panel = script.load_panel()
    shipped = datasets.gravity_estimates().set_index(["model", "term"])
    for name in ("phase", "depth", "any_1992", "union_1992"):
        fit = script.fit_model(script.MODELS[name], panel)
        rows = shipped.loc[name]
        at = [fit.terms.index(term) for term in rows.index]
        # What the engine promises: 1e-9 of slopes, about 1e-8 of standard errors.
        np.testing.assert_allclose(fit.beta[at], rows["uncorrected"], atol=1e-9)
        np.testing.assert_allclose(
            fit.bse.to_numpy()[at], rows["uncorrected_std_error"], rtol=3e-8
        )
        assert set(rows["nobs"]) == {fit.nobs}
        if name == "any_1992":
            corrected = fit.bias_corrected()
            assert corrected.beta[at] == pytest.approx(rows["estimate"], abs=1e-9)
            assert corrected.bse.iloc[at].tolist() == pytest.approx(
                rows["std_error"].tolist(), rel=3e-8
            )


@pytest.mark.reference
def test_russia_and_kazakhstan_stand_in_an_agreement_without_a_name(
    script, reference_data
):
    path = reference_data("penppml/trade.parquet")
    raw = pd.read_parquet(path).query("exp == 'RUS' and imp == 'KAZ'")
    assert raw.set_index("time")["id"].to_dict()[2004] == 223
    assert (raw.set_index("time")["agreement"] == "").loc[[2004, 2008]].all()
    panel = script.load_panel().query("exporter == 'RUS' and importer == 'KAZ'")
    assert panel["year"].tolist() == [2000, 2004, 2008, 2012, 2016]
    assert (panel["agreement"] == 1).all()


# --- agreements and soft events of the pair ------------------------------------------


def test_the_free_trade_area_of_1994_was_the_first_and_the_union_of_2015_the_last():
    known = datasets.rus_kaz_agreements(as_of="2021-10-19")
    new = {
        year: set(in_force(known, year)) - set(in_force(known, year - 1))
        for year in range(1990, 2022)
    }
    assert new[1994] == {"244"}
    assert new[2015] == {"1040"}
    assert not any(new[year] for year in range(2016, 2022))
    assert "717" not in in_force(known, 2021)  # its entry into force is not known


def test_a_first_agreement_counts_in_its_year_and_again_when_it_is_phased_in():
    one = pd.DataFrame(
        {"id": ["1"], "entry_type": ["base_treaty"], "year_in_force": [2017.0]}
    )
    change = {
        year: changes_of_terms(one, year).set_index("term")["change"].to_dict()
        for year in (2016, 2017, 2018, 2021)
    }
    assert change[2016] == change[2018] == {"agreement": 0, "agreement_4y": 0}
    assert change[2017] == {"agreement": 1, "agreement_4y": 0}
    assert change[2021] == {"agreement": 0, "agreement_4y": 1}


def test_an_accession_begins_an_agreement_and_a_withdrawal_ends_it():
    table = pd.DataFrame(
        {
            "id": ["9", "9+1", "9_1", "5"],
            "base_treaty": ["9", "9", "9", "5"],
            "entry_type": ["negotiation", "accession", "withdrawal", "base_treaty"],
            "year_in_force": [1999.0, 2001.0, 2008.0, np.nan],
        }
    )
    found = [in_force(table, year) for year in (2000, 2001, 2007, 2008)]
    assert found == [[], ["9+1"], ["9+1"], []]


@pytest.mark.parametrize(("low", "top"), [(2.0, 8.0), (-5.0, 5.0), (-9.0, -2.0)])
def test_zero_is_always_inside_the_range_of_soft_events(low, top):
    rows = pd.DataFrame({"treatment": ["x"], "low_%": [low], "top_%": [top]})
    found = range_of(rows.assign(source="s"))
    assert found.low <= 0 <= found.top


# --- growth of the year ---------------------------------------------------------------


def test_parts_of_growth_sum_to_it_on_each_path(result):
    year, shared = result.nowcasts["Russia"], result.gravity.shared
    np.testing.assert_array_equal(shared.growth, year.growth.draws[0, 0])
    back = shared.base * (1 + shared.growth / 100)
    np.testing.assert_allclose(back, year.forecast.draws[0, 0], rtol=1e-14)
    for reading in ("low", "top"):
        parts = [*shared.parts.values(), shared.soft[reading], shared.rest[reading]]
        assert np.abs(np.sum(parts, axis=0) - shared.growth).max() < 1e-10


def test_the_means_in_the_table_add_up_in_points_and_in_money(result):
    table = result.tables["gravity_growth"]
    for unit, reading in itertools.product(table["unit"].unique(), ("low", "top")):
        rows = table[(table["unit"] == unit) & table["reading"].isin(["", reading])]
        means = rows.set_index("part")["mean"]
        assert means.drop("growth of the year").sum() == pytest.approx(
            means["growth of the year"], rel=1e-9
        )


def test_without_a_new_agreement_agreements_add_nothing(result):
    assert not result.tables["gravity_agreements"]["change"].any()
    assert not result.gravity.shared.parts["agreements"].any()


def test_a_new_agreement_adds_what_its_coefficient_says(study):
    facts = study.load()
    first = facts.agreements["id"] == "1040"
    young = facts.agreements[first].assign(year_in_force=2021.0)
    shared = answer_of(study, replace(facts, agreements=young)).gravity.shared
    found = panel_estimates("phase")
    effect = shared.parts["agreements"] / (100 + shared.growth)  # share of the level
    beta, error = found.beta[0], np.sqrt(found.covariance[0, 0])
    assert -np.log1p(-effect).mean() == pytest.approx(beta, abs=4 * error / 100)
    assert np.log1p(-effect).std() == pytest.approx(error, rel=0.05)


def test_an_agreement_counts_from_the_day_on_which_it_was_known(tmp_path):
    start = SMALL.partition("[[scenarios]]")[0]
    made = study_of(
        tmp_path, start.replace("[gravity]", "[gravity]\nas_of = 2021-10-05")
    )
    facts = made.load()
    first = facts.agreements["id"] == "1040"
    for day, change in (("2021-10-05", 1), ("2021-10-06", 0)):
        young = facts.agreements[first].assign(
            year_in_force=2021.0, known_on=pd.Timestamp(day)
        )
        answer = answer_of(made, replace(facts, agreements=young))
        assert answer.tables["gravity_agreements"]["change"].iloc[0] == change


def test_a_pair_that_grows_as_its_group_has_no_rest():
    rng = np.random.default_rng(1)
    level, growth = np.full(5, 130.0), np.full(5, 0.3)
    same = Control("group", 0.3, 0.0, 5, 0.3, "")
    shared = share_growth(level, growth, np.zeros(5), SoftRange(0, 0, ""), same, rng)
    np.testing.assert_allclose(shared.parts["control group"], 30.0)
    np.testing.assert_allclose(shared.rest["top"], 0.0, atol=1e-12)
    faster = replace(same, growth=0.2)
    shared = share_growth(level, growth, np.zeros(5), SoftRange(0, 0, ""), faster, rng)
    np.testing.assert_allclose(shared.rest["low"], 10.0)


def test_soft_events_at_ten_per_cent_are_a_tenth_of_what_would_have_been_without():
    rng = np.random.default_rng(1)
    soft = SoftRange(0.0, 10.0, "")
    shared = share_growth(
        np.array([110.0]), np.array([0.1]), np.zeros(1), soft, None, rng
    )
    assert shared.soft["top"] == pytest.approx([10.0])
    assert shared.soft["low"] == pytest.approx([0.0])
    assert shared.rest["top"] == pytest.approx([0.0], abs=1e-12)
    table = growth_table(shared, "million USD", {})
    assert "control group" not in set(table["part"])


def test_one_more_member_differs_from_the_group_as_members_do():
    rng = np.random.default_rng(5)
    many = 40_000
    control = Control("group", 0.3, 0.06, 5, 0.34, "")
    growth = np.full(many, 0.34)
    shared = share_growth(
        1 + growth, growth, np.zeros(many), SoftRange(0, 0, ""), control, rng
    )
    low, high = np.quantile(shared.parts["control group"], [0.025, 0.975])
    half = 100 * 0.06 * np.sqrt(1.2) * student.ppf(0.975, 4)
    assert (low, high) == pytest.approx((30 - half, 30 + half), abs=0.8)


# --- one pair by itself ---------------------------------------------------------------


def test_dealing_years_at_random_gives_the_exact_p_value():
    growths = pd.Series([0.3, -0.1, 0.2, 0.05, -0.2, 0.1, 0.4], range(2001, 2008))
    held = {2001, 2003, 2007}
    found = years_with_and_without(growths, held, np.random.default_rng(2))
    values = growths.to_numpy()
    gaps = [
        values[list(c)].mean() - np.delete(values, list(c)).mean()
        for c in itertools.combinations(range(7), 3)
    ]
    own = growths[list(held)].mean() - growths.drop(list(held)).mean()
    exact = np.mean(np.abs(gaps) >= abs(own) - 1e-12)
    assert found.p_value == pytest.approx(exact, abs=0.015)
    assert found.difference == pytest.approx(100 * np.expm1(own))


def test_two_years_without_events_tell_nothing():
    growths = pd.Series(np.zeros(6), range(6))
    found = years_with_and_without(growths, {0, 1, 2, 3}, np.random.default_rng(0))
    assert np.isnan(found.p_value)


def test_the_pair_cannot_tell_what_its_forums_do(result):
    row = result.tables["gravity_single_pair"].iloc[0]
    # From 1996 on; 2010-2012 have no growth, 2008, 2009 and 2014 no forum on record, and
    # 2004 lies between two forums.
    assert row[["with", "without", "left_out"]].tolist() == [9, 7, 4]
    assert row["p_value"] > 0.1
    assert row["detectable_%"] > 15  # more than any soft event is known to do
    # Forums are on record from 2003 on: two epochs, which no dealing of years can part.
    assert row["one_split"]
    assert row["years_without"] == "1996–2002"
    assert row["years_with"].startswith("2003–")
    assert "a split of time in two" in row["status"]
    assert "all years without are of 1996–2002" in result.report.html
    last = result.tables["gravity_identification"].iloc[-1]
    assert last["soft events (this pair)"] == "cannot be told"
    told = result.tables["gravity_identification"]["soft events (this pair)"]
    assert told.str.contains("two epochs, 1996–2002 without").sum() == 1


@pytest.mark.parametrize(
    ("years", "split"),
    [({4, 5, 6, 7}, True), ({0, 1, 2}, True), ({0, 2, 4}, False), ({3, 4, 5}, False)],
)
def test_years_with_events_after_all_others_are_a_split_in_two(years, split):
    growths = pd.Series(np.linspace(0, 0.1, 8), range(8))
    found = years_with_and_without(growths, years, np.random.default_rng(0))
    assert found.one_split is split


# --- the next year --------------------------------------------------------------------


def test_the_next_year_is_this_one_times_growth_on_each_path(result):
    outlook, year = result.gravity.outlook, result.nowcasts["Russia"]
    ratio = outlook.level / year.forecast.draws[0, 0]
    np.testing.assert_allclose(ratio, 1 + outlook.growth / 100, rtol=1e-12)
    assert outlook.year == 2022
    assert outlook.reporter == MIRROR


def test_growth_over_a_missing_or_broken_year_is_not_counted():
    own = datasets.rus_kaz_figures(as_of="2021-09-30").for_reporter(MIRROR)
    growths = log_growths(own.yearly())
    assert not {2010, 2011, 2012} & set(growths.index)
    assert {2009, 2013} <= set(growths.index)


def test_drawn_growth_is_students_prediction_from_the_past():
    past = np.array([0.2, -0.1, 0.3, 0.0, 0.15, -0.25])
    draws = draw_growth(past, 60_000, np.random.default_rng(4))
    wide = past.std(ddof=1) * np.sqrt(1 + 1 / 6)
    for p in (0.1, 0.5, 0.9):
        truth = past.mean() + wide * student.ppf(p, 5)
        assert np.quantile(draws, p) == pytest.approx(truth, abs=0.012)


def test_intervals_of_the_next_year_hold_as_often_as_they_say():
    rng = np.random.default_rng(6)
    held80, held95, many = 0, 0, 300
    for _ in range(many):
        growths = pd.Series(rng.normal(0.05, 0.25, 12), range(12))
        last = check_history(growths, fewest=11).iloc[-1]
        held80, held95 = held80 + last["inside_80"], held95 + last["inside_95"]
    assert 0.74 < held80 / many < 0.86
    assert 0.91 < held95 / many < 0.99


def test_a_past_year_is_forecast_from_the_years_before_it_only():
    growths = pd.Series(np.linspace(-0.2, 0.3, 12), range(2000, 2012))
    changed = growths.copy()
    changed.iloc[-1] = 3.0
    first, other = check_history(growths), check_history(changed)
    pd.testing.assert_frame_equal(first.iloc[:-1], other.iloc[:-1])
    ends = ["median_%", "low_80", "high_95"]
    pd.testing.assert_series_equal(first.iloc[-1][ends], other.iloc[-1][ends])


def test_the_history_of_the_pair_held_in_most_of_its_intervals(result):
    history = result.gravity.outlook.history
    assert len(history) == 12
    assert history["inside_80"].sum() >= 9
    assert history["inside_95"].sum() >= 11


def test_the_past_ends_before_the_year_that_is_nowcast():
    years = pd.Series(range(2000, 2022))
    rows = {
        "period_start": years.astype(str) + "-01-01",
        "period_end": years.astype(str) + "-12-31",
        "released": (years + 1).astype(str) + "-03-01",
        "value": 100.0 * 1.1 ** (years - 2000),
        "reporter": "X",
    }
    figures = Releases.from_frame(pd.DataFrame(rows), measure="million USD")
    ahead = look_ahead(np.ones(3), 2022, figures, "", np.random.default_rng(0))
    assert ahead.history["year"].max() == 2020
    np.testing.assert_allclose(ahead.growth, 10.0)  # it has grown alike in every year


def test_without_a_history_there_is_no_next_year():
    figures = datasets.rus_kaz_figures(as_of="2021-09-30")
    rng = np.random.default_rng(0)
    assert look_ahead(np.ones(3), 2022, figures, "Russia", rng) is None


# --- scenarios ------------------------------------------------------------------------


def paths_of(result, name: str, reading: str):
    (one,) = [
        s for s in result.gravity.scenarios if (s.name, s.reading) == (name, reading)
    ]
    return one


def test_at_the_low_end_the_forum_changes_no_path(result):
    assert not paths_of(result, "forum", "low").change.any()


def test_the_forum_works_only_in_what_is_left_of_the_year(result):
    top, level = paths_of(result, "forum", "top"), result.gravity.outlook.level
    # September to November 2022, as announced: 30 to 121 days of 365 are left.
    assert top.share.min() > 31 / 365 - 1e-9
    assert top.share.max() < 122 / 365 + 1e-9
    assert top.share.mean() == pytest.approx(77 / 365, abs=0.002)
    np.testing.assert_allclose(top.change, level * 0.1 * top.share, rtol=1e-12)


def test_a_term_of_the_gravity_model_moves_the_paths_by_its_draws(result):
    deeper, level = paths_of(result, "deeper", "estimate"), result.gravity.outlook.level
    found = panel_estimates("depth")
    log_points = np.log1p(deeper.change / (level * deeper.share))
    k = found.of("depth")
    assert log_points.mean() == pytest.approx(found.beta[k], abs=0.001)
    error = np.sqrt(found.covariance[k, k])
    assert log_points.std() == pytest.approx(error, rel=0.05)
    np.testing.assert_allclose(deeper.share, 184 / 365)
    assert deeper.verdict == "depth: cannot be told"


def test_how_the_forum_was_held_later_changes_no_scenario(study, result):
    facts = study.load()
    table = facts.events.to_frame()
    early = table[table["known_on"] <= "2021-10-19"]
    assert len(early) < len(table)
    again = answer_of(study, replace(facts, events=EventLog.from_frame(early)))
    known = {name: result.tables[name] for name in again.tables}
    assert digest_of(again.tables) == digest_of(known)
    for one, other in zip(
        again.gravity.scenarios, result.gravity.scenarios, strict=True
    ):
        np.testing.assert_array_equal(one.change, other.change)


def test_a_scenario_sees_the_log_as_it_was_known(result):
    log = EventLog.from_frame(datasets.rus_kaz_events())
    forum = ScenarioPlan("forum", event="E04")
    spans = {}
    for day in ("2021-10-19", "2023-01-01"):
        rng = np.random.default_rng(0)
        top = play(forum, result.gravity.outlook, log, pd.Timestamp(day), rng)[-1]
        spans[day] = np.ptp(top.share)
    assert spans["2021-10-19"] > 0.2  # some day in autumn
    assert spans["2023-01-01"] == 0  # 28 November


def test_an_event_that_nobody_knew_yet_is_refused(tmp_path):
    text = SMALL.replace("[gravity]", "[gravity]\nas_of = 2021-10-01")
    with pytest.raises(StudyError, match="F-257"):
        made = study_of(tmp_path, text)
        answer_of(made, made.load())


@pytest.mark.parametrize("status", ["cancelled", "postponed", "ended"])
def test_an_event_that_was_called_off_has_no_effect_from_that_day_on(result, status):
    told = {"kind": "visit", "origin": "RU", "destination": "KZ", "id": "X"}
    rows = [
        told | {"date": "2022-09-01", "status": "planned", "known_on": "2021-01-01"},
        told | {"date": "2022-09-01", "status": status, "known_on": "2021-06-01"},
    ]
    log = EventLog.from_frame(pd.DataFrame(rows))
    plan, outlook = ScenarioPlan("visit", event="X"), result.gravity.outlook
    rng = np.random.default_rng(0)
    top = play(plan, outlook, log, pd.Timestamp("2021-05-31"), rng)[-1]
    assert (top.change > 0).all()
    with pytest.raises(StudyError, match=rf"F-257: .*'visit'.*'X' was {status}"):
        play(plan, outlook, log, pd.Timestamp("2021-06-01"), rng)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('model = "depth"', 'model = "deep"', "F-704"),
        ("[gravity]", '[gravity]\nmodel = "depth"', "F-704"),
        ("terms = { depth = 1 }", 'terms = { depth = "1" }', "F-704"),
        ("start = 2022-07-01\n", "", "F-703"),
        ('name = "deeper"', 'name = "forum"', "F-705"),
        ("start = 2022-07-01", "start = 2022-07-01\nend = 2022-06-01", "F-705"),
        ('model = "depth"\nterms = { depth = 1 }', "", "F-705"),
        ("[gravity]\n", "", "F-705"),
        ("event = ", "evnet = ", "F-702"),
    ],
)
def test_keys_of_the_gravity_half_are_checked_with_their_line(old, new, code):
    assert old in SMALL
    with pytest.raises(StudyError, match=code):
        parse_study(SMALL.replace(old, new))


def test_a_study_without_the_table_has_no_gravity_half(tmp_path):
    text = SMALL.partition("[gravity]")[0]
    plain = study_of(tmp_path, text).run()
    assert plain.gravity is None
    assert not any(name.startswith(("gravity", "outlook")) for name in plain.tables)
    assert "What gravity says" not in plain.report.html


def test_what_2022_turned_out_to_be_is_told_in_hindsight_only(notebook):
    result = notebook["result"]
    table = result.tables["hindsight_next_year"].set_index("reporter")
    assert table.loc["Kazakhstan", "level"] == 26_100
    assert table.loc["Russia", "level"] == 28_200
    before, _, after = result.report.html.partition('class="apart"')
    assert "What gravity says" in before
    assert "28,200" in after
    assert "28,200" not in before


def test_only_the_reporter_that_the_outlook_continues_is_held_against_it(notebook):
    result = notebook["result"]
    assert result.gravity.outlook.level_reporter == "Russia"
    table = result.tables["hindsight_next_year"].set_index("reporter")
    low, high = np.quantile(result.gravity.outlook.level, [0.1, 0.9])
    assert low < 28_200 < high
    assert table.loc["Russia", ["scored", "inside_80", "inside_95"]].all()
    error = 100 * (np.median(result.gravity.outlook.level) / 28_200 - 1)
    assert table.loc["Russia", "error_%"] == pytest.approx(error)
    assert not table.loc["Kazakhstan", "scored"]
    compared = [*table.loc[:, "median":"inside_95"], "error_%"]
    assert table.loc["Kazakhstan", compared].isna().all()
    assert "Other series, not held against it: 26,100 (Kazakhstan" in result.report.html


@pytest.mark.parametrize(
    ("level", "where"),
    [
        (100.0, "inside the 80 % interval"),
        (118.0, "inside the 95 % interval, outside the 80 % one"),
        (125.0, "outside the 95 % interval"),
    ],
)
def test_the_hindsight_says_where_the_outcome_lies(level, where):
    from forecast.studies.hindsight import Outcome

    paths = np.linspace(80.0, 120.0, 401)
    ahead = Outlook(2022, paths, paths - 100, pd.DataFrame(), "history", "own")
    day = pd.Timestamp("2023-02-01")
    own = Outcome(level, -0.02, "reported", "exactly", day, "")
    other = replace(own, level=500.0)
    table = next_year_table(ahead, {"other": other, "own": own}, "million USD")
    told = next_year_text(table)
    assert "(own, −2.0 %) million USD." in told
    assert f"lies {where}. Other series, not held against it: 500 (other" in told
    alone = next_year_text(next_year_table(ahead, {"other": other}, "million USD"))
    assert "published nothing" in alone
    assert "interval" not in alone
    nothing = next_year_table(ahead, {}, "million USD")
    assert next_year_text(nothing) == ""


def test_no_mean_is_told_of_a_level_whose_expectation_is_infinite(result):
    for name in ("outlook", "scenarios"):
        assert "mean" not in result.tables[name].columns
        assert (
            result.tables[name][["median", "low_80", "high_95"]].notna().all(axis=None)
        )


def test_the_report_states_the_verdict_and_no_thanks(notebook):
    html = notebook["result"].report.html
    section = html[html.rindex("What gravity says") : html.rindex("Data and method")]
    assert "cannot be told" in section
    assert "no agreement entered into force in 2021" in section.lower()
    assert "due to cooperation" not in section.lower()
    leads = datasets.gravity_checks("phase").query("name == 'leads of the indicator'")
    assert f"On the panel of pairs: agreement {leads['p_value'].iloc[0]:.2f};" in html


# --- claims with a panel beside -------------------------------------------------------


@pytest.fixture(scope="module")
def attribution():
    flows = datasets.simulate_trade(8, 6, seed=1).frame
    formula = "flow ~ agreement | origin^period + destination^period"
    return attribute(flows, formula, "agreement", shapes=False, permutations=19)


def told(attribution, verdict: str, low: float, high: float, end: str = "2021"):
    effects = attribution.effects.assign(growth_low=low, growth_high=high)
    return replace(attribution, verdict=verdict, end=end, effects=effects)


@pytest.mark.parametrize(
    ("verdict", "share", "refuted", "expected"),
    [
        ("supported", (0.6, 0.8), False, "supported"),
        ("supported", (0.6, 0.8), True, "cannot be told"),  # two rules disagree
        ("supported", (0.3, 0.8), False, "cannot be told"),
        ("supported", (0.1, 0.2), False, "not supported"),
        ("not supported", (-0.1, 0.1), False, "not supported"),
        ("cannot be told", (0.6, 0.8), False, "cannot be told"),
        ("cannot be told", (0.1, 0.2), True, "not supported"),
    ],
)
def test_an_attribution_of_the_claimed_year_turns_the_verdict_by_rule(
    attribution, verdict, share, refuted, expected
):
    evidence = told(attribution, verdict, *share)
    assert verdict_of(refuted, 0.5, 2021, evidence) == expected


def test_estimates_of_other_years_turn_no_verdict(attribution):
    other = told(attribution, "supported", 0.9, 0.95, end="2016")
    for evidence in (None, other, panel_estimates("phase")):
        assert verdict_of(False, 0.5, 2021, evidence) == "cannot be told"
        assert verdict_of(True, 0.5, 2021, evidence) == "not supported"


def thanks(**options):
    return check(
        Claim.share(2021, "cooperation", said_on="2021-10-19"),
        datasets.rus_kaz_figures(),
        events=EventLog.from_frame(datasets.rus_kaz_events()),
        control=datasets.bloc_growth(),
        **options,
    )


def test_checks_of_the_panel_take_the_place_of_not_possible_with_one_pair():
    alone, beside = thanks(), thanks(attribution=panel_estimates("phase"))
    notes = alone.evidence.set_index("what")["note"]
    assert notes["identification: leads test"] == "not possible with one pair"
    assert not beside.evidence["note"].eq("not possible with one pair").any()
    notes = beside.evidence.set_index("what")["note"]
    assert notes["identification: pair effects"] == "in the model"
    leads = notes["identification: leads of the indicator (agreement)"]
    assert leads.startswith("passed: no sign that trade moves")
    assert beside.verdict == alone.verdict == "not supported"
    assert "The panel of pairs: cannot be told" in beside.headline
    same = ~alone.evidence["what"].str.startswith("identification")
    pd.testing.assert_frame_equal(
        alone.evidence[same], beside.evidence.iloc[: same.sum()]
    )


def test_an_attribution_without_pair_effects_says_so_on_the_card(attribution):
    card = thanks(attribution=attribution)
    notes = card.evidence.set_index("what")["note"]
    assert notes["identification: pair effects"] == "none"
    assert "without pair effects" in notes["identification: panel of pairs"]


# --- the notebook ---------------------------------------------------------------------


def test_the_notebook_of_the_case_runs_without_a_network(notebook):
    assert notebook["year"].median == pytest.approx(24_204, abs=1)
    assert notebook["shared"].growth.shape == (10_000,)


def test_the_notebook_shows_outputs_and_no_path_of_any_machine():
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert len(book["cells"]) <= 40
    assert sum(bool(cell["outputs"]) for cell in code) == len(code) - 1  # imports
    text = json.dumps(book)
    assert not re.search(r"(/home|/root|/tmp|/work)/", text)
