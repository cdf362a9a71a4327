"""The log of events: what it takes, what it refuses, what was known when."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import ColumnError, ForecastError, KeyColumnError, PeriodError
from forecast.events import HAPPENED, STATUSES, Count, EventLog, at_least


def frame(*rows: dict, **columns) -> pd.DataFrame:
    plain = {"date": "2021-05-05", "kind": "visit", "origin": "RU", "destination": "KZ"}
    return pd.DataFrame([{**plain, **row} for row in rows or ({},)]).assign(**columns)


def log(*rows: dict, **options) -> EventLog:
    return EventLog.from_frame(frame(*rows), **options)


@pytest.fixture(scope="module")
def article(reference_data) -> EventLog:
    """The 30 events of the article of 2021-10-19."""
    return EventLog.from_frame(
        pd.read_csv(reference_data("rus_kaz") / "seed_events.csv"),
        id="event_id",
        origin="region_a",
        destination="region_b",
        precision="date_precision",
        value="value_usd",
        unit="USD",
        placebo_themes=["environment"],
    )


# ------------------------------------------------------------------ statuses, dates


def test_what_is_only_hoped_for_or_postponed_has_not_happened():
    hoped = {"postponed", "cancelled", "possible", "interest", "discussed", "planned"}
    assert set(STATUSES) - set(HAPPENED) == hoped


def test_the_ladder_climbs_from_possible_to_ended():
    ladder = [
        "possible",
        "interest",
        "discussed",
        "agreed",
        "signed",
        "operating",
        "ended",
    ]
    assert [s for s in STATUSES if s in ladder] == ladder
    assert set(at_least("operating")) == {"operating", "in force", "held", "ended"}


@pytest.mark.parametrize(
    ("date", "precision", "first", "last"),
    [
        ("2021-09-30", None, "2021-09-30", "2021-09-30"),
        ("2021-09", None, "2021-09-01", "2021-09-30"),
        ("2021Q3", None, "2021-07-01", "2021-09-30"),
        (2021, None, "2021-01-01", "2021-12-31"),
        ("2020-02", None, "2020-02-01", "2020-02-29"),
        ("2021-09-14", "month", "2021-09-01", "2021-09-30"),
        ("2021-08-14", "quarter", "2021-07-01", "2021-09-30"),
        ("2021-08-14", "half year", "2021-07-01", "2021-12-31"),
        ("2021-03-01", "year", "2021-01-01", "2021-12-31"),
        ("2022-09-01", "season", "2022-09-01", "2022-11-30"),
        ("2021-12-01", "two_months", "2021-12-01", "2022-01-31"),
        ("1905-01-22", "day", "1905-01-22", "1905-01-22"),
    ],
)
def test_an_imprecise_date_spans_every_day_on_which_it_can_have_happened(
    date, precision, first, last
):
    columns = {} if precision is None else {"precision": precision}
    table = log({"date": date, **columns}).to_frame()
    assert (f"{table.date[0]:%Y-%m-%d}", f"{table.date_end[0]:%Y-%m-%d}") == (
        first,
        last,
    )


def test_a_given_end_is_the_end_of_the_span():
    table = log({"date": "2021-09", "date_end": "2021-11"}).to_frame()
    assert (
        f"{table.date[0]:%Y-%m-%d} {table.date_end[0]:%Y-%m-%d}"
        == "2021-09-01 2021-11-30"
    )
    assert table.precision[0] == "season"


def test_what_has_no_date_is_kept_and_said_to_be_unknown():
    events = log({"date": None}, {"date": "2020"})
    assert list(events.to_frame()["precision"]) == ["year", "unknown"]
    assert "1 has no date" in repr(events)


def test_zones_and_times_of_day_are_dropped_at_local_midnight():
    late = pd.Timestamp("2021-12-31 23:30", tz="Asia/Almaty")
    assert log({"date": late}).to_frame()["date"][0] == pd.Timestamp("2021-12-31")


# ----------------------------------------------------------------------- the door


def test_the_caller_s_frame_is_not_changed():
    given_frame = frame({"value": "5"}, {"value": ""})
    before = given_frame.copy(deep=True)
    EventLog.from_frame(given_frame)
    pd.testing.assert_frame_equal(given_frame, before)


def test_columns_of_the_usual_names_are_found_and_others_are_carried_along():
    table = log({"status": "planned", "quality": "doubtful"}).to_frame()
    assert (table["status"][0], table["quality"][0]) == ("planned", "doubtful")


def test_rows_of_one_label_are_rows_all_the_same():
    assert len(EventLog.from_frame(frame({}, {}).set_axis([0, 0]))) == 2


def test_namibia_is_a_party_and_no_gap():
    assert log({"origin": "NA"}).to_frame()["origin"][0] == "NA"


def test_codes_with_stray_spaces_are_the_codes_without():
    table = log({"origin": " RU-AST\u00a0", "destination": 398.0}).to_frame()
    assert (table["origin"][0], table["destination"][0]) == ("RU-AST", "398")


def test_no_event_at_all_is_a_log_too():
    empty = EventLog.from_frame(frame().iloc[:0])
    assert len(empty) == 0
    assert repr(empty) == "EventLog: 0 events"
    assert empty.as_of("2021-01-01").describe().empty


REFUSED = {
    "no frame": ("F-160", [1, 2], {}),
    "a column twice": (
        "F-161",
        frame().set_axis(["date", "kind", "kind", "origin"], axis=1),
        {},
    ),
    "levels of columns": ("F-161", pd.concat({"x": frame()}, axis=1), {}),
    "a misspelt column": ("F-111", frame(), {"origin": "orign"}),
    "two candidates for one column": ("F-166", frame({"A": "RU"}), {"origin": "A"}),
    "an id twice": ("F-162", frame({"id": "E1"}, {"id": "E1"}), {}),
    "part of nothing": ("F-163", frame({"id": "E1", "part_of": "E9"}), {}),
    "part of itself": ("F-164", frame({"id": "E1", "part_of": "E1"}), {}),
    "parts in a circle": (
        "F-164",
        frame({"id": "E1", "part_of": "E2"}, {"id": "E2", "part_of": "E1"}),
        {},
    ),
    "part of two totals": (
        "F-164",
        frame(
            {"id": "E1", "status": "agreed", "part_of": "E2"},
            {"id": "E1", "status": "signed", "part_of": "E3"},
            {"id": "E2", "status": "signed"},
            {"id": "E3", "status": "signed"},
        ).fillna({"part_of": ""}),
        {},
    ),
    "no documents": ("F-260", frame({"count": 0}), {}),
    "infinitely many": ("F-260", frame({"count": np.inf}), {}),
    "a negative value": ("F-261", frame({"value": -1.0}), {}),
    "a value in words": ("F-261", frame({"value": "144 mln"}), {}),
    "parts above the whole": (
        "F-262",
        frame(
            {"id": "E1", "value": 5}, {"id": "E2", "value": 6, "part_of": "E1"}
        ).fillna(""),
        {},
    ),
    "two units": ("F-263", frame({"value": 1}, {"value": 2}, unit=["USD", "RUB"]), {}),
    "a strange precision": ("F-360", frame({"precision": "decade"}), {}),
    "nobody": ("F-361", frame({"origin": " "}), {}),
    "no kind": ("F-361", frame({"kind": None}), {}),
    "a status left out": ("F-361", frame({"status": "held"}, {"status": None}), {}),
    "a Cyrillic code": ("F-362", frame({"destination": "КZ-11"}), {}),
    "a misspelt status": ("F-363", frame({"status": "singed"}), {}),
    "a strange relation": ("F-363", frame({"value": 1, "value_relation": "circa"}), {}),
    "perhaps a placebo": ("F-364", frame({"placebo": "perhaps"}), {}),
    "no date at all": ("F-402", frame({"date": "last autumn"}), {}),
    "the year 20211": ("F-403", frame({"date": "20211"}), {}),
    "day or month first": ("F-405", frame({"date": "03.04.2021"}), {}),
    "Excel's day count": ("F-406", frame({"date": 44470}), {}),
    "a list for a date": ("F-402", frame({"date": ["2021"]}), {}),
    "an end before the beginning": ("F-471", frame({"date_end": "2021-05-04"}), {}),
    "a forgotten date": ("F-472", frame({"date": None, "precision": "day"}), {}),
    "ended before it began": ("F-473", frame({"ended_on": "2020"}), {}),
    "held before it was": (
        "F-474",
        frame({"status": "held", "known_on": "2021-05-04"}),
        {},
    ),
    "an unknown date rule": ("F-561", frame(), {"date_rule": "middle"}),
    "an unknown rule for countries": ("F-561", frame(), {"national": "spread"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_door_refuses_with_a_code_and_a_remedy(case):
    code, table, options = REFUSED[case]
    with pytest.raises(ForecastError) as told:
        EventLog.from_frame(table, **options)
    assert told.value.code == code
    assert told.value.remedy


def test_a_refusal_names_column_count_rows_and_remedy():
    with pytest.raises(KeyColumnError) as told:
        log({"status": "held"}, {"status": "singed"}, {"status": "singed"})
    assert str(told.value) == (
        "F-363: 2 entries of 'status' are not understood, e.g. 'singed'. Known are "
        f"{list(STATUSES)}. Did you mean ['signed']?"
    )
    with pytest.raises(ColumnError, match=r"Did you mean \['origin'\]"):
        EventLog.from_frame(frame(), origin="orign")


def test_an_agreement_may_be_announced_before_it_is_in_force():
    announced = log({"status": "in force", "known_on": "2021-01-01"})
    assert announced.to_frame()["known_on"][0] == pd.Timestamp("2021-01-01")


@settings(max_examples=30)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["date", "kind", "origin", "status", "count", "value", "precision"]
            ),
            st.one_of(
                st.none(),
                st.integers(-5, 30_000),
                st.floats(),
                st.sampled_from(["", "held", "2021-09", "RU", "КZ", "year", "NA", "…"]),
                st.lists(st.integers(), max_size=2),
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_the_frame_only_errors_of_this_library_come_out(rows):
    table = frame(*rows)
    before = table.map(repr)
    try:
        events = EventLog.from_frame(table)
    except ForecastError as error:
        assert error.code != "F-000"
    else:
        assert len(events.to_frame()) == len(table)
    assert table.map(repr).equals(before)


def test_the_order_of_rows_changes_nothing():
    rows = [{"date": f"202{i % 3}", "kind": "abc"[i % 2], "value": i} for i in range(9)]
    straight, turned = log(*rows), log(*rows[::-1])
    pd.testing.assert_frame_equal(straight.to_frame(), turned.to_frame())


# ------------------------------------------------------------------- known when


def test_a_log_as_of_a_day_holds_only_what_was_known_on_that_day():
    events = log(
        {"date": "2021-05-05"},
        {"date": "2021"},
        {"date": "2021-01-01", "known_on": "2021-06-01"},
    )
    assert [
        len(events.as_of(day)) for day in ("2021-05-05", "2021-06-01", "2021-12-31")
    ] == [
        1,
        2,
        3,
    ]
    assert events.as_of("2021-06-01").as_of("2022-01-01").known_at == pd.Timestamp(
        "2021-06-01"
    )


def test_what_is_undated_is_known_only_from_a_day_of_knowledge():
    events = log({"date": None, "known_on": "2021-10-19"}, {"date": None})
    assert len(events.as_of("2021-10-18")) == 0
    assert len(events.as_of("2021-10-19")) == 1


def test_a_later_status_is_not_known_before():
    forum = log(
        {"id": "E4", "date": "2022-09", "status": "planned", "known_on": "2021-10-19"},
        {"id": "E4", "date": "2022-11-28", "status": "held", "known_on": "2022-11-28"},
    )
    assert list(forum.as_of("2022-01-01").to_frame()["status"]) == ["planned"]
    assert list(forum.describe()["status"]) == ["held"]
    assert len(forum) == 1


def test_what_has_ended_since_was_operating_then():
    flight = log({"date": "2015-04-01", "status": "ended", "ended_on": "2020-03-20"})
    then = flight.as_of("2019-12-31").to_frame()
    assert (then["status"][0], then["ended_on"].isna()[0]) == ("operating", True)
    assert flight.as_of("2020-03-20").to_frame()["status"][0] == "ended"


def test_hindsight_keeps_the_correction_and_forgets_the_error():
    events = log(
        {"id": "E19", "date": "2021", "status": "operating", "known_on": "2021-10-19"},
        {
            "id": "E19",
            "date": "2021-11-04",
            "status": "planned",
            "known_on": "2021-10-25",
        },
        {"id": "E30", "date": "2019", "status": "signed", "known_on": "2020-01-05"},
        {"id": "E30", "date": "2020", "status": "operating", "known_on": "2021-01-05"},
    )
    today = events.in_hindsight().to_frame()
    assert list(zip(today["id"], today["status"], strict=True)) == [
        ("E30", "signed"),
        ("E30", "operating"),
        ("E19", "planned"),
    ]
    assert today["known_on"].isna().all()


def test_hindsight_keeps_one_figure_of_a_deal():
    deal = log(
        {"id": "D", "value": 100, "known_on": "2021-06-01"},
        {"id": "D", "value": 80, "known_on": "2021-09-01"},
    )
    assert list(deal.in_hindsight().to_frame()["value"]) == [80]


def test_a_plan_that_came_true_is_a_plan_no_longer():
    plan = {"id": "E4", "date": "2022-09", "date_end": "2022-11", "status": "planned"}
    held = {
        "id": "E4",
        "date": "2022-11-28",
        "date_end": "2022-11-28",
        "status": "held",
    }
    unknown = log(plan, held)
    assert list(unknown.describe()["status"]) == ["held"]
    known = log({**plan, "known_on": "2021-10-19"}, {**held, "known_on": "2022-11-28"})
    assert list(known.in_hindsight().to_frame()["status"]) == ["held"]


def test_hindsight_remembers_that_it_had_happened_by_the_day_of_the_report():
    visit = log({"date": "2021", "status": "held", "known_on": "2021-10-19"})
    assert visit.in_hindsight().to_frame()["date_end"][0] == pd.Timestamp("2021-10-19")


def test_an_unreadable_as_of_date_is_refused():
    with pytest.raises(PeriodError):
        log().as_of("soon")


# ------------------------------------------------------------------------ values


def test_a_total_counts_once_and_stays_a_lower_bound():
    deals = log(
        {"id": "E27", "value": 144, "value_relation": "at least"},
        {"id": "E28", "value": 30, "part_of": "E27"},
        {"id": "E29", "part_of": "E27"},
        {"id": "E31", "value": 6},
        unit="million USD",
    )
    worth = deals.total_value("visit")
    assert (worth.value, worth.relation, worth.unit) == (150, "at least", "million USD")
    assert worth.parts_left_out == ("E28", "E29")
    assert set(worth.events) == {"E27", "E31"}


def test_parts_stand_for_a_total_without_a_value_and_leave_it_open():
    worth = log(
        {"id": "A"},
        {"id": "B", "value": 3, "part_of": "A"},
        {"id": "C", "part_of": "A"},
    ).total_value()
    assert (worth.value, worth.relation) == (3, "at least")
    assert worth.without_value == ("A", "C")


def test_parts_worth_more_than_a_lower_bound_raise_it():
    worth = log(
        {"id": "A", "value": 5, "value_relation": "at least"},
        {"id": "B", "value": 4, "part_of": "A"},
        {"id": "C", "value": 3, "part_of": "A"},
    ).total_value()
    assert (worth.value, worth.relation) == (7, "at least")


@pytest.mark.parametrize(
    ("relations", "together"),
    [
        (["exactly", "exactly"], "exactly"),
        (["exactly", "at least"], "at least"),
        (["at most", "exactly"], "at most"),
        (["at most", "at least"], "about"),
        (["about", "exactly"], "about"),
    ],
)
def test_a_sum_is_known_no_better_than_its_summands(relations, together):
    rows = [{"value": 1, "value_relation": relation} for relation in relations]
    assert log(*rows).total_value().relation == together


def test_values_of_plans_and_of_other_years_are_not_added():
    deals = log(
        {"value": 1, "status": "planned"},
        {"value": 2, "status": "signed", "date": "2021"},
        {"value": 4, "status": "signed", "date": "2020"},
    )
    assert deals.total_value(start="2021-01-01", end="2021-12-31").value == 2
    assert deals.total_value(status=STATUSES).value == 7


def test_only_the_latest_figure_of_an_event_is_added():
    deal = log(
        {"id": "D", "value": 100, "known_on": "2021-06-01"},
        {"id": "D", "value": 80, "known_on": "2021-09-01"},
    )
    assert deal.total_value().value == 80
    assert deal.as_of("2021-07-01").total_value().value == 100


# ------------------------------------------------------------------- other logs


def test_placebos_are_the_events_without_trade_content():
    events = log({"trade_content": "no", "kind": "document"}, {"trade_content": "yes"})
    assert events.placebos().kinds == ("document",)
    assert not events.placebos().to_frame()["placebo"].any()


def test_placebo_dates_move_everything_by_whole_years():
    moved = log({"date": "2020-02-29", "known_on": "2020-03-01"}).shifted(-3).to_frame()
    assert [moved[c][0] for c in ("date", "date_end", "known_on")] == [
        pd.Timestamp("2017-02-28"),
        pd.Timestamp("2017-02-28"),
        pd.Timestamp("2017-03-01"),
    ]


def test_a_retired_code_can_be_replaced_and_rows_selected():
    events = log({"destination": "KZ-33"}, {"destination": "KZ-11", "kind": "deal"})
    old = events.recoded({"KZ-33": "KZ-19"})
    assert set(old.to_frame()["destination"]) == {"KZ-19", "KZ-11"}
    assert len(old.select(destination=["KZ-19", "KZ-75"])) == 1
    with pytest.raises(ColumnError):
        old.select(kinds="deal")


def test_options_change_in_a_new_log_only():
    events = log()
    assert events.using(directed=True).directed
    assert not events.directed
    with pytest.raises(ForecastError, match="no option"):
        events.using(colour="red")


# ----------------------------------------------------------------- the real article


@pytest.mark.reference
def test_the_article_s_thirty_events_are_taken_as_they_are(article):
    assert len(article) == 30
    assert "7 have not happened; 2 have no date" in repr(article)
    assert (
        article.describe().set_index(["kind", "status"])["count"]["document", "signed"]
        == 7
    )


@pytest.mark.reference
def test_the_article_s_deals_are_worth_at_least_144_million_once(article):
    worth = article.total_value("commercial deal")
    assert str(worth) == "at least 144,000,000 USD from 1 event; inside: E28, E29"


@pytest.mark.reference
def test_saiga_and_seal_are_the_article_s_placebos(article):
    assert set(article.placebos().to_frame()["id"]) == {"E24", "E25"}


@pytest.mark.reference
def test_before_the_forum_nothing_but_the_first_forum_was_known(article):
    assert set(article.as_of("2021-09-01").to_frame()["id"]) == {"E01", "E02"}


@pytest.mark.reference
def test_seven_of_the_article_s_events_have_not_happened(article):
    table = article.to_frame()
    hoped = set(table["id"][~Count().counts(table)])
    assert hoped == {"E02", "E04", "E12", "E14", "E17", "E18", "E21"}
