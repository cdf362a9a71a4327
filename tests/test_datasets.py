"""The shipped facts: each with its source, none known before its day."""

from __future__ import annotations

from importlib import resources

import pandas as pd
import pytest

from forecast import datasets
from forecast.datasets.fact_tables import RELIED_UPON, TABLES, read_facts
from forecast.errors import KeyColumnError, PeriodError

FIGURES = ["rus_kaz_releases", "rus_kaz_forecasts", "rus_kaz_annual", "bloc_growth"]
LOADERS = {
    "rus_kaz_releases": datasets.rus_kaz_releases,
    "rus_kaz_forecasts": datasets.rus_kaz_forecasts,
    "rus_kaz_forums": datasets.rus_kaz_forums,
    "rus_kaz_events": datasets.rus_kaz_events,
    "rus_kaz_agreements": datasets.rus_kaz_agreements,
    "rus_kaz_annual": datasets.rus_kaz_annual,
    "border_pairs": datasets.border_pairs,
    "region_places": datasets.region_places,
    "bloc_growth": datasets.bloc_growth,
    "gravity_estimates": datasets.gravity_estimates,
    "gravity_covariances": datasets.gravity_covariances,
    "gravity_checks": datasets.gravity_checks,
}
ARTICLE = "2021-10-19"


def releases(**options):
    return datasets.rus_kaz_releases(**options).set_index("id")


# ------------------------------------------------------------- every row, every file


@pytest.mark.parametrize("name", TABLES)
def test_every_row_says_where_it_comes_from(name):
    table = read_facts(name)
    assert len(table) > 0
    for column in ("source", "evidence", "unit"):
        assert (table[column].str.strip() != "").all(), column
    assert "quality" in table
    assert not table["source"].str.contains("netify|peacesciencer|ICEWS").any()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_reporter_and_is_in_million_dollars(name):
    table = read_facts(name)
    assert (table["reporter"] != "").all()
    assert set(table["unit"]) == {"million USD"}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_the_last_day_on_which_it_became_public(name):
    table = read_facts(name)
    undated = table[table[TABLES[name].known].isna()]
    if name == "rus_kaz_agreements":
        assert (undated["entry_type"] == "negotiation").all()
        assert undated["year_signed"].isna().all()
    else:
        assert undated.empty


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_is_not_relied_upon_says_why(name):
    table = read_facts(name)
    weak = table[~table["evidence"].isin(RELIED_UPON)]
    assert set(weak["evidence"]) <= {"unverified", "doubtful", "broken"}
    assert (weak["quality"] != "").all()
    rough = table["source"].str.contains("maps; general geography")
    assert (table.loc[rough, "quality"] != "").all()


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_plausible_turnovers_and_growth_rates(name):
    table = read_facts(name)
    for column in ("value", "period_value", "low", "high"):
        if column in table:
            given = table[column].dropna()
            assert given.between(500, 100_000).all()
    for column in ("growth", "period_growth"):
        if column in table:
            assert table[column].dropna().between(-0.5, 1.0).all()


@pytest.mark.parametrize("name", ["rus_kaz_releases", "bloc_growth"])
def test_nothing_is_released_before_its_period_is_over(name):
    table = read_facts(name)
    reported = table[table["kind"] != "estimate"]
    assert (table["period_start"] < table["period_end"]).all()
    assert (reported["period_end"] < reported["released"]).all()
    assert (table["released_first"] <= table["released"]).all()
    exact = table["released_precision"] == "day"
    assert (table["released_first"] == table["released"])[exact].all()


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_describes_every_file_with_its_number_of_rows(name):
    path = resources.files("forecast.datasets") / "data" / "README.md"
    text = path.read_text(encoding="utf-8")
    assert f"| `{TABLES[name].file}` | {len(read_facts(name))} |" in text


def test_identifiers_are_unique():
    for name in ("rus_kaz_releases", "rus_kaz_forecasts", "bloc_growth"):
        assert read_facts(name)["id"].is_unique
    states = read_facts("rus_kaz_events")[["id", "version"]]
    assert not states.duplicated().any()
    pairs = read_facts("border_pairs")[["origin", "destination"]]
    assert not pairs.duplicated().any()


# ------------------------------------------------------------- as of a day


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize(
    "day", ["2005-01-01", "2013-09-24", "2021-09-30", "2023-11-08"]
)
def test_no_loader_tells_what_was_said_later(name, day):
    shown = LOADERS[name](as_of=day)
    assert (shown[TABLES[name].known] <= pd.Timestamp(day)).all()


@pytest.mark.parametrize("name", LOADERS)
def test_a_later_day_only_adds(name):
    load = LOADERS[name]
    days = ["2010-01-01", "2021-09-30", "2024-12-31"]
    counts = [len(load(as_of=day)) for day in days] + [len(load(as_of="2100-01-01"))]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_a_figure_is_known_on_the_day_it_was_said_and_not_before():
    assert "2021-7M-RU" in releases(as_of="2021-09-30").index
    assert "2021-7M-RU" not in releases(as_of="2021-09-29").index


def test_of_an_undated_page_the_last_possible_day_counts():
    known_as_of = {
        day: releases(as_of=day).index for day in ("2021-12-30", "2021-12-31")
    }
    assert "2021-10M-KZ" not in known_as_of["2021-12-30"]
    assert "2021-10M-KZ" in known_as_of["2021-12-31"]


def test_a_day_that_is_no_date_is_refused():
    with pytest.raises(PeriodError):
        datasets.rus_kaz_releases(as_of="next Tuesday")


def test_a_caller_may_change_the_frame_without_changing_the_facts():
    first = datasets.rus_kaz_releases()
    first.loc[:, "value"] = 0.0
    assert datasets.rus_kaz_releases()["value"].max() > 20_000


# ------------------------------------------------------------- what the facts say


def test_on_the_day_of_the_forecast_pro_rata_beat_it():
    known = releases(as_of="2021-09-30").loc["2021-7M-RU"]
    said = datasets.rus_kaz_forecasts(as_of="2021-09-30").set_index("id").loc["V4"]
    outcome = releases().loc["2021-KZ", "value"]
    pro_rata = known["value"] * 12 / 7
    assert outcome == 24_500
    assert abs(pro_rata / outcome - 1) < 0.03
    assert abs(said["high"] / outcome - 1) > 0.15


def test_eight_kazakh_months_of_2021_are_there():
    row = releases().loc["2021-8M-KZ"]
    assert (row["value"], row["growth"], row["reporter"]) == (
        14_700,
        0.27,
        "Kazakhstan",
    )
    assert row["released"] == pd.Timestamp("2021-11-02")


def test_twenty_billion_was_no_record():
    known = releases(as_of="2021-09-30")
    years = known[known["period_end"].dt.strftime("%m-%d") == "12-31"]
    assert known.loc["2012", "value"] == 23_800
    assert known.loc["2012", "quality"] != ""
    assert (years["value"] > 20_000).any()
    assert known.loc["2013-7M-RU", "value"] > known.loc["2021-7M-RU", "value"]


def test_the_control_group_grew_as_fast():
    bloc = datasets.bloc_growth(as_of=ARTICLE).set_index("id")
    assert bloc.loc["EAEU-2021-8M", "growth"] == 0.31
    members = bloc[bloc["measure"].str.startswith("supplies")].set_index("member")
    growth = members["growth"].to_dict()
    assert growth == {"KZ": 0.38, "RU": 0.34, "AM": 0.31, "KG": 0.30, "BY": 0.225}
    assert bloc["quality"].str.contains("exports, not turnover").sum() >= 6


def test_derived_totals_follow_from_reported_ones():
    table = releases()
    derived = table[table["kind"] == "derived"]["value"]
    russian = table.loc["2022-RU", "value"] / (1 + table.loc["2022-RU", "growth"])
    assert derived["2021-RU-derived"] == pytest.approx(russian, abs=1)
    before = russian / (1 + table.loc["2021-RU", "growth"])
    assert derived["2020-RU-derived"] == pytest.approx(before, abs=1)
    kazakh = table.loc["2021-KZ", "value"] / (1 + table.loc["2021-11M-KZ", "growth"])
    assert derived["2020-KZ-derived"] == pytest.approx(kazakh, abs=1)
    assert len(derived) == 3


def test_figures_that_do_not_fit_come_only_on_demand():
    assert "2021" not in releases().index
    assert "2021" in releases(all_evidence=True).index


def test_forecasts_do_not_carry_their_outcome():
    table = datasets.rus_kaz_forecasts()
    assert not [column for column in table if "actual" in column or "outcome" in column]
    assert (table["low"] <= table["high"].fillna(float("inf"))).all()
    assert (table["target_year"] >= table["made_on"].dt.year).all()


def test_directions_that_were_published_add_up_to_the_turnover():
    flows = datasets.rus_kaz_directions()
    both = flows.groupby("id")["value"].agg(["sum", "size"])
    both = both[both["size"] == 2]["sum"]
    total = releases().loc[both.index, "value"]
    assert len(both) == 2
    assert both.to_numpy() == pytest.approx(total.to_numpy(), rel=0.001)


# ------------------------------------------------------------- events and forums


def test_on_the_day_of_the_article_its_thirty_events_are_known_as_it_has_them():
    events = datasets.rus_kaz_events(as_of=ARTICLE).set_index("id")
    assert list(events.index) == [f"E{number:02d}" for number in range(1, 31)]
    assert events.loc["E04", "status"] == "planned"
    assert not events["conflict"].any()
    text = events.drop(columns=["date", "date_end", "known_on"]).astype(str)
    later = text.apply(lambda cells: cells.str.contains("Nordwind|2022-11-28|KZ-33"))
    assert not later.any(axis=None)


def test_what_became_of_the_events_is_known_later():
    states = datasets.rus_kaz_events().set_index(["id", "version"])
    assert states.loc[("E04", 2), "date"] == pd.Timestamp("2022-11-28")
    assert states.loc[("E19", 2), "conflict"]
    assert states.loc[("E20", 2), "date"] > pd.Timestamp(ARTICLE)
    assert states.loc[("E29", 2), "destination"] == "KZ-33"


def test_deals_are_counted_once_and_placebos_are_marked():
    events = datasets.rus_kaz_events(as_of=ARTICLE).set_index("id")
    assert events["value"].dropna().to_dict() == {"E27": 144.0}
    assert events.loc["E27", "value_relation"] == "at least"
    assert set(events.index[events["part_of"] == "E27"]) == {"E28", "E29"}
    assert set(events.index[~events["trade_content"]]) == {"E24", "E25"}


def test_the_event_log_takes_the_events():
    from forecast.events import EventLog

    log = EventLog.from_frame(datasets.rus_kaz_events())
    assert len(log.as_of(ARTICLE).to_frame()) == 30


def test_releases_take_the_figures():
    from forecast.releases import Releases

    figures = Releases.from_frame(datasets.rus_kaz_releases(), measure="million USD")
    assert {"Russia", "Kazakhstan"} <= set(figures.reporters)


def test_forums_without_a_source_come_only_on_demand():
    sure = datasets.rus_kaz_forums()
    every = datasets.rus_kaz_forums(all_evidence=True)
    assert every["no"].tolist() == list(range(1, 23))
    assert set(every["no"]) - set(sure["no"]) == {5, 6, 7, 8, 11}
    assert (sure["source"] != "none found").all()
    assert (every["date"] <= every["date_end"]).all()


# ------------------------------------------------------------- flows, treaties, borders


def test_broken_years_of_the_mirror_data_come_only_on_demand():
    years = set(datasets.rus_kaz_annual()["year"])
    assert years == set(range(1995, 2019)) - {2010, 2011}
    assert 2011 in set(datasets.rus_kaz_annual(all_evidence=True)["year"])


@pytest.mark.parametrize("source", ["ots", "ots_adjusted", "comtrade"])
@pytest.mark.parametrize("everything", [False, True])
def test_a_year_has_each_direction_once(source, everything):
    flows = datasets.rus_kaz_annual(source, all_evidence=everything)
    assert not flows.duplicated(["origin", "destination", "year"]).any()
    assert (flows.groupby("year").size() == 2).all()


def test_the_adjusted_series_fills_the_broken_years():
    turnover = datasets.rus_kaz_annual("ots_adjusted").groupby("year")["value"].sum()
    assert turnover.index.tolist() == list(range(1995, 2019))
    assert turnover.loc[2011] == pytest.approx(22_541.6)


def test_an_unknown_series_is_refused_by_name():
    with pytest.raises(KeyColumnError, match="F-390: no yearly series 'imf'"):
        datasets.rus_kaz_annual("imf")


def test_agreements_of_third_parties_come_only_on_demand():
    own = datasets.rus_kaz_agreements()
    assert {"1040", "104", "546"} <= set(own["id"])
    assert not own["name"].str.contains("Viet|Iran|India|Armenia").any()
    assert len(datasets.rus_kaz_agreements(third_party=True)) == 23


def test_the_union_was_not_known_before_it_was_signed():
    before = datasets.rus_kaz_agreements(as_of="2013-12-31")
    assert "1040" not in set(before["id"])
    assert "1040" in set(datasets.rus_kaz_agreements(as_of="2014-12-31")["id"])


def test_twelve_federal_subjects_border_on_kazakhstan():
    pairs = datasets.border_pairs(as_of="2021-09-30")
    assert pairs["origin"].nunique() == 12
    assert pairs["destination"].nunique() == 7
    assert pairs["origin"].str.fullmatch(r"RU-[A-Z]{2,3}").all()
    assert pairs["destination"].str.fullmatch(r"KZ-\d{2}").all()


def test_abai_region_has_a_border_since_it_exists():
    assert "KZ-10" not in set(datasets.border_pairs(as_of="2022-06-07")["destination"])
    assert "KZ-10" in set(datasets.border_pairs(as_of="2022-06-08")["destination"])


def test_the_catalogue_lists_every_table_with_its_licence():
    table = datasets.catalogue().set_index("table")
    assert set(table.index) == set(LOADERS)
    assert "CC BY 4.0" in table.loc["rus_kaz_agreements", "licence"]
    assert table.loc["rus_kaz_events", "rows"] == 34


# ------------------------------------------------------------- against the collection


@pytest.mark.reference
def test_the_facts_agree_with_the_collection_they_were_taken_from(reference_data):
    folder = reference_data("rus_kaz")
    said = pd.read_csv(folder / "official_totals_press.csv")
    ours = read_facts("rus_kaz_releases")
    for row in said.itertuples():
        same = (ours["period_start"] == row.period_start) & (
            ours["period_end"] == row.period_end
        )
        values = ours.loc[same & (ours["released"] == row.said_on_end), "value"]
        wanted = row.turnover_usd_bn * 1000
        assert ((values - wanted).abs() < 0.5).any() or pd.isna(wanted), row.period


@pytest.mark.reference
def test_yearly_flows_agree_with_the_collection(reference_data):
    folder = reference_data("rus_kaz")
    theirs = pd.read_csv(folder / "rus_kaz_annual_1995_2018.csv").set_index("year")
    ours = datasets.rus_kaz_annual(all_evidence=True).groupby("year")["value"].sum()
    assert ours.to_numpy() == pytest.approx(theirs["turnover_ots_musd"].to_numpy())
