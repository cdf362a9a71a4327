"""Indicators: what a panel sees of a log of events, period by period."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import ForecastError, ForecastWarning
from forecast.events import (
    Count,
    EventLog,
    InForce,
    Lags,
    PhaseIn,
    Recipe,
    Stock,
    Window,
    at_least,
)
from forecast.panel import TradePanel


@dataclass(frozen=True)
class Rows:
    """The least that an event log asks of a panel."""

    frame: pd.DataFrame
    freq: str
    keys: tuple[str, ...] = ("o", "d")
    origin: str | None = "o"
    destination: str | None = "d"
    period: str = "t"

    def to_frame(self) -> pd.DataFrame:
        return self.frame.copy()


def panel(pairs: list[str], start: str, end: str, freq: str = "Y") -> Rows:
    """Rows of pairs such as "RU KZ" in all periods from start to end."""
    periods = pd.period_range(start, end, freq=freq)
    rows = [(*pair.split(), period) for pair in pairs for period in periods]
    return Rows(pd.DataFrame(rows, columns=["o", "d", "t"]), freq)


def log(*rows: dict, **options) -> EventLog:
    plain = {"date": "2021-05-05", "kind": "visit", "origin": "RU", "destination": "KZ"}
    frame = pd.DataFrame([{**plain, **row} for row in rows])
    return EventLog.from_frame(frame, **{"unmatched": "ignore", **options})


def series(events: EventLog, recipe: Recipe, rows: Rows) -> list[float]:
    return events.indicators(rows, {"x": recipe})["x"].tolist()


RU_KZ = panel(["RU KZ"], "2019", "2023")
MONTHS = panel(["RU KZ"], "2021-01", "2021-12", "M")

# ----------------------------------------------------------------- rows and columns


def test_the_indicators_come_row_by_row_as_the_panel_stands():
    rows = panel(["RU KZ", "RU BY"], "2020", "2021")
    mixed = Rows(rows.frame.sample(frac=1, random_state=1), "Y")
    table = log({}).indicators(mixed, {"visits": Count("visit"), "stock": Stock()})
    assert list(table.columns) == ["o", "d", "t", "visits", "stock"]
    pd.testing.assert_frame_equal(table[["o", "d", "t"]], mixed.frame)
    hit = (table["d"] == "KZ") & (table["t"] == pd.Period("2021"))
    assert table["visits"].tolist() == hit.astype(float).tolist()


def test_a_real_panel_takes_its_indicators_and_those_of_the_future():
    trade = pd.DataFrame(
        [(a, b, y, 1.0) for a, b in (("RU", "KZ"), ("KZ", "RU")) for y in (2021, 2022)],
        columns=["exporter", "importer", "year", "trade"],
    )
    trade_panel = TradePanel.from_frame(
        trade, origin="exporter", destination="importer", period="year", flow="trade"
    )
    recipes = {"stock": Stock("visit", half_life=1)}
    table = log({}).indicators(trade_panel, recipes)
    assert table["stock"].tolist() == [1, 0.5, 1, 0.5]
    joined = trade_panel.with_indicators(log({}), **recipes).to_frame()
    assert joined["stock"].tolist() == [1, 0.5, 1, 0.5]
    ahead = log({}).indicators(trade_panel, recipes, rows=trade_panel.future(1))
    assert ahead["stock"].tolist() == [0.25, 0.25]
    turnover = log({}).indicators(trade_panel.turnover(names=("x", "y")), recipes)
    assert turnover["stock"].tolist() == [1, 0.5]


def test_a_series_of_one_region_is_concerned_by_every_event_that_names_it():
    rows = Rows(
        pd.DataFrame({"region": ["RU-OMS", "RU-AST"], "t": pd.Period("2021")}),
        "Y",
        keys=("region",),
        origin=None,
        destination=None,
    )
    events = log({"origin": "RU-OMS"}, {"origin": "KZ", "destination": "RU-OMS"})
    assert series(events, Count(), rows) == [2, 0]


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ForecastError, match="F-165"):
        log({}).indicators(RU_KZ, {"t": Count()})
    with pytest.raises(ForecastError, match="F-165"):
        log({}).indicators(RU_KZ, {"x": Lags(lags=1), "x_lag1": Count()})


def test_something_that_is_no_recipe_is_refused():
    with pytest.raises(ForecastError, match="F-563"):
        log({}).indicators(RU_KZ, {"x": "visit"})
    with pytest.raises(ForecastError, match="F-563"):
        log({}).indicators(RU_KZ, {})


# ------------------------------------------------------------------------ the recipes


def test_a_count_counts_documents_not_rows():
    events = log({"count": 5, "kind": "document"}, {"count": None, "kind": "document"})
    assert series(events, Count("document"), RU_KZ) == [0, 0, 6, 0, 0]


def test_a_stock_halves_in_its_half_life_whatever_the_frequency():
    yearly = series(log({"date": "2019"}), Stock("visit", half_life=2), RU_KZ)
    assert yearly == pytest.approx([1, 0.5**0.5, 0.5, 0.5**1.5, 0.25])
    months = panel(["RU KZ"], "2019-12", "2021-12", "M")
    monthly = series(log({"date": "2019-12"}), Stock("visit", half_life=2), months)
    assert monthly[-1] == pytest.approx(0.5)


def test_a_stock_remembers_what_happened_before_the_panel():
    assert series(log({"date": "2017"}), Stock("visit", half_life=1), RU_KZ)[0] == 0.25
    assert series(log({"date": "1950"}), Stock("visit"), RU_KZ) == [1, 1, 1, 1, 1]


def test_an_agreement_is_in_force_from_its_entry_until_it_ends():
    agreement = {"date": "2020-07", "status": "in force", "ended_on": "2022-02-01"}
    assert series(log(agreement), InForce(), RU_KZ) == [0, 1, 1, 0, 0]


def test_two_flights_are_two_and_a_connection_is_a_connection():
    flights = log({"kind": "flight"}, {"kind": "flight", "date": "2022"})
    assert series(flights, InForce("flight"), RU_KZ) == [0, 0, 1, 1, 1]
    assert series(flights, InForce("flight", number=True), RU_KZ) == [0, 0, 1, 2, 2]


def test_what_ended_on_an_unknown_day_was_in_force_on_no_known_day():
    with pytest.warns(ForecastWarning, match="F-564"):
        assert sum(series(log({"status": "ended"}), InForce(), RU_KZ)) == 0


def test_what_was_known_only_after_its_end_was_never_seen_in_force():
    flight = {
        "date": "2019",
        "status": "ended",
        "ended_on": "2021",
        "known_on": "2022-05",
    }
    with pytest.warns(ForecastWarning, match="F-564"):
        assert sum(series(log(flight), InForce(), RU_KZ)) == 0
    assert series(log(flight).in_hindsight(), InForce(), RU_KZ) == [1, 1, 0, 0, 0]


def test_what_has_ended_was_operating_before():
    flight = log({"date": "2019", "status": "ended", "ended_on": "2021"})
    assert series(flight, InForce(status="operating"), RU_KZ) == [1, 1, 0, 0, 0]


def test_signed_is_not_in_force_unless_one_says_so():
    agreement = log({"status": "signed"})
    with pytest.warns(ForecastWarning, match="1 × status signed"):
        assert sum(series(agreement, InForce(), RU_KZ)) == 0
    assert series(agreement, InForce(status=at_least("signed")), RU_KZ) == [
        0,
        0,
        1,
        1,
        1,
    ]


def test_an_agreement_phases_in_evenly_and_out_again():
    agreement = {"date": "2016", "status": "in force", "ended_on": "2021"}
    assert series(log(agreement), PhaseIn(years=4), RU_KZ) == [1, 1, 0.75, 0.5, 0.25]
    quarters = panel(["RU KZ"], "2021Q1", "2021Q4", "Q")
    young = log({"date": "2021-02", "status": "operating"})
    assert series(young, PhaseIn(years=1), quarters) == [0.25, 0.5, 0.75, 1]


def test_lags_are_the_count_of_earlier_periods_before_the_panel_too():
    events = log({"date": "2018"}, {"date": "2021"})
    table = events.indicators(RU_KZ, {"v": Lags("visit", lags=2)})
    assert table["v_lag0"].tolist() == [0, 0, 1, 0, 0]
    assert table["v_lag1"].tolist() == [1, 0, 0, 1, 0]
    assert table["v_lag2"].tolist() == [0, 1, 0, 0, 1]
    assert Lags(lags=(3, 6)).columns("v") == ("v_lag3", "v_lag6")


def test_leads_look_ahead_and_say_so():
    table = log({"date": "2024"}, {"date": "2020"}).indicators(
        RU_KZ, {"v": Window("visit", before=2, after=1), "n": Count("visit")}
    )
    assert table["v_lead2"].tolist() == [0, 0, 0, 1, 0]
    assert table["v_lead1"].tolist() == [1, 0, 0, 0, 1]
    assert table["v_lag0"].tolist() == [0, 1, 0, 0, 0]
    assert table["v_lag1"].tolist() == [0, 0, 1, 0, 0]
    assert table.attrs["uses_future"] == ["v_lead2", "v_lead1"]


def test_a_log_as_of_a_day_gives_no_leads():
    known = log({}).as_of("2022-01-01")
    with pytest.raises(ForecastError, match="F-562"):
        known.indicators(RU_KZ, {"v": Window("visit", before=1)})
    late = known.indicators(RU_KZ, {"v": Window("visit", before=0, after=1)})
    assert late["v_lag1"].tolist() == [0, 0, 0, 1, 0]


def test_concave_transforms_dampen_the_tenth_document():
    events = log({"count": 10})
    assert series(events, Count().log1p(), RU_KZ)[2] == np.log(11)
    assert series(events, Stock().asinh(), RU_KZ)[4] == np.arcsinh(10)
    assert Count("visit").log1p() != Count("visit")


def test_filters_choose_by_kind_subkind_value_and_status():
    events = log(
        {"kind": "visit", "subkind": "ambassador", "value": 1},
        {"kind": "visit", "subkind": "head of state, XVII", "value": 2},
        {"kind": "deal", "value": 4},
    )
    assert series(events, Count(("visit", "deal")), RU_KZ)[2] == 3
    assert series(events, Count("visit", subkind="head of state"), RU_KZ)[2] == 1
    assert series(events, Count(min_value=2), RU_KZ)[2] == 2
    assert series(events, Count(value=True), RU_KZ)[2] == 7


def test_placebos_stay_out_unless_asked_for():
    events = log({"placebo": "yes", "count": 2}, {"placebo": "no"})
    assert series(events, Count(), RU_KZ)[2] == 1
    assert series(events, Count(placebo=True), RU_KZ)[2] == 2
    assert series(events.placebos(), Count(), RU_KZ)[2] == 2


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        (Stock, {"half_life": 0}),
        (Stock, {"half_life": float("nan")}),
        (PhaseIn, {"years": -1}),
        (Lags, {"lags": -1}),
        (Lags, {"lags": (1, 0.5)}),
        (Lags, {"lags": ()}),
        (Window, {"before": -2}),
        (Window, {"after": True}),
        (Count, {"transform": "log"}),
    ],
)
def test_impossible_settings_are_refused_when_the_recipe_is_written(recipe, options):
    with pytest.raises(ForecastError, match="F-560"):
        recipe("visit", **options)


def test_a_status_that_does_not_exist_is_refused_with_a_guess():
    with pytest.raises(ForecastError, match=r"Did you mean \['signed'\]"):
        Count("visit", status="singed")


# --------------------------------------------------------- dates and days of knowledge


def test_what_happened_some_day_of_the_year_counts_when_the_year_is_over():
    events = log({"date": "2021"})
    assert series(events, Count(), MONTHS) == [0] * 11 + [1]
    assert series(events, Count(), RU_KZ) == [0, 0, 1, 0, 0]


def test_other_date_rules_are_a_choice_that_one_makes():
    events = log({"date": "2021"})
    assert series(events.using(date_rule="earliest"), Count(), MONTHS) == [1] + [0] * 11
    spread = series(events.using(date_rule="spread"), Count(), MONTHS)
    assert spread == pytest.approx(
        [pd.Period(f"2021-{m:02d}").days_in_month / 365 for m in range(1, 13)]
    )
    assert sum(spread) == 1


def test_a_spread_event_keeps_its_weight_in_every_frequency():
    season = log({"date": "2020-12", "precision": "season"}, date_rule="spread")
    years = panel(["RU KZ"], "2020", "2021")
    assert series(season, Count(), years) == pytest.approx([31 / 90, 59 / 90])


def test_an_event_enters_when_it_is_known_and_not_before():
    events = log({"date": "2021-02-03", "known_on": "2021-06-30"})
    assert series(events, Count(), MONTHS) == [0] * 5 + [1] + [0] * 6
    assert series(events.in_hindsight(), Count(), MONTHS) == [0, 1] + [0] * 10


def test_what_is_reported_as_having_happened_has_happened_by_then():
    visit = {"date": "2021", "known_on": "2021-10-19"}
    assert series(log({**visit, "status": "held"}), Count(), MONTHS).index(1) == 9
    plan = log({**visit, "status": "planned"})
    assert series(plan, Count(status="planned"), MONTHS).index(1) == 11


def test_what_was_announced_ahead_enters_on_its_day():
    events = log({"date": "2021-07-01", "known_on": "2021-01-15", "status": "in force"})
    assert series(events, InForce(), MONTHS) == [0] * 6 + [1] * 6


def test_what_has_no_date_enters_nowhere_and_is_told():
    events = log({"date": None}, {})
    table = events.indicators(RU_KZ, {"x": Stock()})
    assert table["x"].tolist() == [0, 0, 1, 1, 1]
    assert "x: 1 event left out: no date" in table.attrs["notes"]


# -------------------------------------------------- later states, corrections, parts


def test_an_event_counts_once_on_its_way_up_the_ladder():
    centre = log(
        {"id": "E15", "date": "2019", "status": "agreed"},
        {"id": "E15", "date": "2020", "status": "signed"},
        {"id": "E15", "date": "2022", "status": "operating"},
    )
    assert series(centre, Count(), RU_KZ) == [1, 0, 0, 0, 0]
    assert series(centre, Count(status=at_least("operating")), RU_KZ) == [0, 0, 0, 1, 0]
    assert series(centre, InForce(), RU_KZ) == [0, 0, 0, 1, 1]


def test_a_later_row_ends_or_corrects_what_was_in_force():
    ended = log(
        {"id": "F", "date": "2019", "status": "operating"},
        {"id": "F", "date": "2021-03-20", "status": "ended"},
    )
    assert series(ended, InForce(), RU_KZ) == [1, 1, 0, 0, 0]
    corrected = log(
        {"id": "F", "date": "2019", "status": "operating"},
        {"id": "F", "date": "2030", "status": "planned", "known_on": "2022-01-01"},
    )
    assert series(corrected, InForce(), RU_KZ) == [1, 1, 1, 0, 0]


def test_a_plan_does_not_end_what_works_already():
    flight = log(
        {"id": "F", "date": "2022", "status": "planned", "known_on": "2019-01-01"},
        {"id": "F", "date": "2020", "status": "operating", "known_on": "2020-05-01"},
    )
    assert series(flight, InForce(), RU_KZ) == [0, 1, 1, 1, 1]


def test_a_figure_corrected_upwards_adds_the_difference():
    deal = log(
        {"id": "D", "value": 100, "date": "2019", "known_on": "2019-06-01"},
        {"id": "D", "value": 130, "date": "2019", "known_on": "2021-06-01"},
    )
    assert series(deal, Count(value=True), RU_KZ) == [100, 0, 30, 0, 0]


PARTS = (
    {"id": "E27", "count": 6, "value": 144},
    {"id": "E28", "part_of": "E27", "destination": "KZ-59"},
    {"id": "E29", "part_of": "E27", "destination": "KZ-19", "value": 9},
)


def test_parts_inside_a_total_are_not_counted_again():
    assert series(log(*PARTS), Count(), RU_KZ) == [0, 0, 6, 0, 0]
    assert series(log(*PARTS), Count(value=True), RU_KZ) == [0, 0, 144, 0, 0]
    assert series(log(*PARTS), InForce(number=True), RU_KZ) == [0, 0, 6, 6, 6]


def test_a_part_counts_where_its_total_does_not_reach():
    regions = panel(["RU KZ-59", "RU KZ-11"], "2021", "2021")
    assert series(log(*PARTS, national="ignore"), Count(), regions) == [1, 0]
    assert series(log(*PARTS), Count(), regions) == [6, 6]
    assert series(log(*PARTS), Count(min_value=5).log1p(), regions)[1] == np.log(7)


def test_a_part_known_before_its_total_is_taken_off_the_total():
    early = ({**PARTS[0], "date": "2022"}, *PARTS[1:])
    assert series(log(*early), Count(), RU_KZ) == [0, 0, 2, 4, 0]
    assert series(log(*early), Stock(value=True), RU_KZ) == [0, 0, 9, 144, 144]


def test_parts_of_parts_are_inside_too():
    nested = log(
        {"id": "A", "count": 3},
        {"id": "B", "part_of": "A", "count": 1},
        {"id": "C", "part_of": "B", "count": 2},
        {"id": "D", "part_of": "A", "count": 2},
    )
    assert series(nested, Count(), RU_KZ) == [0, 0, 4, 0, 0]


# ------------------------------------------------------------------- who is concerned


def test_an_event_concerns_both_directions_unless_it_is_directed():
    both = panel(["KZ RU", "RU KZ"], "2021", "2021")
    assert series(log({}), Count(), both) == [1, 1]
    assert series(log({}, directed=True), Count(), both) == [0, 1]
    assert series(log({}), Count(directed=True), both) == [0, 1]
    assert series(log({}, directed=True), Count(directed=False), both) == [1, 1]


def test_an_event_inside_a_country_counts_once_in_its_domestic_trade():
    rows = panel(["RU RU", "RU-AST RU-OMS"], "2021", "2021")
    events = log({"origin": "RU-OMS", "destination": "RU-AST"})
    assert series(events, Count(), rows) == [1, 1]


def test_an_event_of_a_region_is_an_event_of_its_country():
    rows = panel(["RU-AST KZ", "RU-OMS KZ", "RU KZ", "RU KZ-11"], "2021", "2021")
    events = log({"origin": "RU-AST", "destination": "KZ-11"})
    assert series(events, Count(), rows) == [1, 0, 1, 1]


def test_a_national_event_stands_for_each_region_and_this_is_noted():
    rows = panel(["RU-AST KZ-11", "RU-AST KZ-59", "RU-OMS KZ-59"], "2021", "2021")
    visit = log({"origin": "KZ", "destination": "RU-AST"})
    table = visit.indicators(rows, {"x": Count()})
    assert table["x"].tolist() == [1, 1, 0]
    assert any("of a whole country stood for" in note for note in table.attrs["notes"])
    with pytest.warns(ForecastWarning, match="pair not in the panel"):
        assert sum(series(visit.using(national="ignore"), Count(), rows)) == 0
    with pytest.raises(ForecastError, match="F-366"):
        visit.using(national="error").indicators(rows, {"x": Count()})


def test_only_codes_that_look_like_regions_have_a_country():
    rows = panel(["C-1 KZ", "Chelyabinsk KZ", "CHE KZ"], "2021", "2021")
    with pytest.warns(ForecastWarning, match="F-564"):
        assert sum(series(log({"origin": "C"}, {"origin": "CH"}), Count(), rows)) == 0


def test_events_for_pairs_that_the_panel_lacks_are_told():
    events = log({}, {"destination": "BY"}, {"destination": "AM", "kind": "deal"})
    with pytest.warns(
        ForecastWarning, match=r"F-365: 2 events .* E1: RU – AM; E2: RU – BY"
    ):
        events.using(unmatched="warn").indicators(RU_KZ, {"x": Count()})
    with pytest.warns(ForecastWarning, match="F-365: 1 event concerns"):
        events.using(unmatched="warn").indicators(RU_KZ, {"x": Count("visit")})
    with pytest.raises(ForecastError, match="F-365"):
        events.using(unmatched="error").indicators(RU_KZ, {"x": Count()})


def test_an_indicator_without_any_event_says_why():
    events = log({"status": "discussed"}, {"status": "held", "date": "2030"})
    with pytest.warns(
        ForecastWarning, match="1 × after the panel; 1 × status discussed"
    ):
        events.indicators(RU_KZ, {"x": Count("visit")})
    with pytest.warns(ForecastWarning, match=r"Did you mean \['visit'\]"):
        events.indicators(RU_KZ, {"x": Count("vist")})


def test_an_indicator_that_never_varies_is_noted():
    table = log({"date": "2001", "status": "in force"}).indicators(
        RU_KZ, {"x": InForce()}
    )
    assert any("the same value in every row" in note for note in table.attrs["notes"])


def test_coverage_tells_of_every_event_what_became_of_it():
    events = log(
        *({**part, "status": "signed"} for part in PARTS),
        {"id": "P", "status": "planned"},
        {"id": "U", "status": "signed", "date": None},
        {"id": "Z", "status": "signed", "date": "2040"},
        {"id": "X", "status": "signed", "destination": "BY"},
    )
    told = events.coverage(RU_KZ).set_index("id")
    assert told["reason"].to_dict() == {
        "E27": "",
        "E28": "inside a total",
        "E29": "inside a total",
        "P": "status planned",
        "U": "no date",
        "Z": "after the panel",
        "X": "pair not in the panel",
    }
    assert told.loc["E28", ["enters", "pairs", "link"]].tolist() == [
        "2021",
        1,
        "rolled up",
    ]


# ------------------------------------------------------------------------------ laws

PARTIES = ["RU", "RU-OMS", "RU-AST", "KZ", "KZ-11", "KZ-59"]
PAIRS = ["RU-OMS KZ", "KZ RU-OMS", "RU-AST KZ-11", "KZ-11 RU-AST", "RU KZ", "KZ RU"]
RECIPES = {
    "count": Count(),
    "stock": Stock("visit", half_life=1.5, value=True),
    "phase": PhaseIn(years=2, number=True),
}
DAY = st.dates(pd.Timestamp("2017-01-01").date(), pd.Timestamp("2022-12-31").date())
EVENT = st.fixed_dictionaries(
    {
        "date": DAY.map(str),
        "precision": st.sampled_from(["day", "month", "season", "year", "unknown"]),
        "kind": st.sampled_from(["visit", "deal"]),
        "origin": st.sampled_from(PARTIES[:3]),
        "destination": st.sampled_from(PARTIES[3:]),
        "status": st.sampled_from(["planned", "operating", "in force", "ended"]),
        "count": st.integers(1, 9),
        "value": st.floats(0.01, 1e3, allow_subnormal=False),
        "value_relation": st.just("at least"),
        "known_on": st.one_of(st.just(""), DAY.map(str)),
        "ended_on": st.sampled_from(["", "", "2023-02-01", "2024-01-01"]),
        "lies_in": st.integers(0, 12),
        "same_as": st.integers(0, 12),
    }
)
LOGS = st.lists(EVENT, min_size=1, max_size=8)
FREQ = st.sampled_from(["Y", "Q", "M"])
RULE = st.sampled_from(["latest", "earliest", "spread"])


def table_of(rows: list[dict]) -> pd.DataFrame:
    """Make some events part of earlier ones, and some rows later states of others."""
    table = pd.DataFrame(rows)
    table["id"] = [f"E{i}" for i in range(len(table))]
    totals = [f"E{j}" if j < i else "" for i, j in enumerate(table.pop("lies_in"))]
    table["part_of"] = totals
    for i, j in enumerate(table.pop("same_as")):
        alone = not totals[i] and f"E{i}" not in totals
        if j < i and alone and table["known_on"][i] not in ("", table["known_on"][j]):
            table.loc[i, ["id", "part_of"]] = table.loc[j, ["id", "part_of"]].tolist()
    return table.drop_duplicates(["id", "status", "known_on"])


def quietly(events: EventLog, wanted: Rows, recipes: dict) -> pd.DataFrame:
    """Make indicators of a random log, where no event may count at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ForecastWarning)
        return events.indicators(wanted, recipes)


def indicators(table: pd.DataFrame, freq: str, rule: str, rows: Rows | None = None):
    events = EventLog.from_frame(table, date_rule=rule, unmatched="ignore")
    wanted = rows or panel(PAIRS, "2018", "2023", freq)
    return quietly(events, wanted, RECIPES)


def future_rows(table: pd.DataFrame, end: pd.Timestamp, rule: str) -> pd.Series:
    """Tell which rows neither happened nor were known by a day."""
    known = pd.to_datetime(table["known_on"].replace("", None))
    read = EventLog.from_frame(table.assign(row=range(len(table)))).to_frame()
    read = read.sort_values("row").set_index(table.index)
    passed = read["date_end"] if rule == "latest" else read["date"]
    return (known > end) | (known.isna() & (passed > end))


@settings(max_examples=15)
@given(LOGS, FREQ, RULE, st.integers(0, 5), st.randoms(use_true_random=False))
def test_no_period_sees_an_event_that_comes_later(rows, freq, rule, cut, chance):
    table = table_of(rows)
    end = pd.Timestamp(f"{2018 + cut}-12-31")
    later = future_rows(table, end, rule)
    changed = table.copy()
    changed.loc[later, "value"] *= 3.7
    changed.loc[later, "count"] += 1
    changed.loc[later, "kind"] = "visit"
    changed.loc[later, "origin"] = "RU-OMS"
    totals = set(table["part_of"])
    drawn = np.array([chance.random() < 0.5 for _ in later])
    gone = later & ~table["id"].isin(totals) & drawn
    before = indicators(table, freq, rule)
    after = indicators(changed[~gone], freq, rule)
    past = before["t"].dt.end_time <= end + pd.Timedelta(days=1)
    assert before[past].equals(after[past])


@settings(max_examples=15)
@given(LOGS, FREQ, RULE, DAY)
def test_a_log_as_of_a_day_shows_the_past_as_the_whole_log_does(rows, freq, rule, day):
    events = EventLog.from_frame(table_of(rows), date_rule=rule, unmatched="ignore")
    wanted = panel(PAIRS, "2018", "2023", freq)
    whole = quietly(events, wanted, RECIPES)
    known = quietly(events.as_of(day), wanted, RECIPES)
    past = whole["t"].dt.end_time.dt.normalize() <= pd.Timestamp(day)
    assert whole[past].equals(known[past])


@settings(max_examples=8)
@given(LOGS, FREQ, RULE, st.randoms(use_true_random=False))
def test_the_order_of_events_and_of_rows_changes_no_bit(rows, freq, rule, chance):
    table = table_of(rows)
    order = chance.sample(range(len(table)), len(table))
    wanted = panel(PAIRS, "2018", "2023", freq)
    mixed = Rows(wanted.frame.sample(frac=1, random_state=3), freq)
    straight = indicators(table, freq, rule)
    turned = indicators(table.iloc[order], freq, rule, mixed)
    assert straight.equals(turned.sort_index())


@settings(max_examples=8)
@given(LOGS, RULE)
def test_events_reach_both_directions_alike(rows, rule):
    made = indicators(table_of(rows), "Y", rule).drop(columns="t")
    there = made[made["d"].str.startswith("KZ")].drop(columns=["o", "d"])
    back = made[made["o"].str.startswith("KZ")].drop(columns=["o", "d"])
    assert there.to_numpy().tolist() == back.to_numpy().tolist()


@settings(max_examples=8)
@given(LOGS, FREQ, RULE)
def test_a_stock_that_does_not_depreciate_is_the_count_so_far(rows, freq, rule):
    table = table_of(rows)
    events = EventLog.from_frame(table, date_rule=rule, unmatched="ignore")
    wanted = panel(PAIRS, "2016", "2023", freq)
    recipes = {"count": Count(), "all": Stock(), "slow": Stock(half_life=1e15)}
    made = quietly(events, wanted, recipes)
    so_far = made.groupby(["o", "d"])["count"].cumsum()
    assert made["all"].equals(so_far.rename("all"))
    np.testing.assert_allclose(made["slow"], so_far, rtol=1e-9)


@settings(max_examples=8)
@given(LOGS, st.integers(1, 12))
def test_a_part_adds_nothing_to_a_total_that_is_greater(rows, count):
    table = table_of(rows)
    tops = table[table["part_of"] == ""].drop_duplicates("id")
    tops = tops.assign(
        count=100, value=1e6, precision="day", date="2018-01-01", kind="deal"
    )
    tops = tops.assign(origin="RU", destination="KZ", known_on="", ended_on="")
    parts = tops.assign(id=tops["id"] + "p", part_of=tops["id"], count=count, value=1.0)
    parts = parts.assign(origin="RU-AST", destination="KZ-11", date="2018-06-01")
    alone = indicators(tops, "Y", "latest")
    assert indicators(pd.concat([tops, parts]), "Y", "latest").equals(alone)


@settings(max_examples=8)
@given(LOGS, st.integers(-8, 8))
def test_moving_all_dates_by_whole_years_moves_the_indicators(rows, years):
    table = table_of(rows)
    moved = EventLog.from_frame(table, unmatched="ignore").shifted(years)
    here = indicators(table, "Y", "latest")
    there = panel(PAIRS, str(2018 + years), str(2023 + years))
    shifted = quietly(moved, there, RECIPES)
    assert here.drop(columns="t").equals(shifted.drop(columns="t"))


def counted_one_by_one(table: pd.DataFrame, wanted: Rows) -> list[float]:
    """Count plain events of one row each, by looking at every event in every row."""

    def stands_for(party: str, unit: str) -> bool:
        return party == unit or party[:2] == unit or party == unit[:2]

    read = EventLog.from_frame(table).to_frame()
    counts = []
    for row in wanted.frame.itertuples():
        total = 0.0
        for event in read.itertuples():
            pair = (event.origin, event.destination)
            meets = any(
                stands_for(a, row.o) and stands_for(b, row.d)
                for a, b in (pair, pair[::-1])
            )
            if meets and event.status != "planned" and pd.notna(event.date):
                last = event.date_end
                if pd.notna(event.known_on):
                    reported = event.date <= event.known_on <= event.date_end
                    last = event.known_on if reported else max(last, event.known_on)
                total += event.count * (row.t.start_time <= last <= row.t.end_time)
        counts.append(total)
    return counts


@settings(max_examples=10)
@given(LOGS, FREQ)
def test_counting_at_once_equals_counting_one_by_one(rows, freq):
    table = pd.DataFrame(rows).drop(columns=["lies_in", "same_as"])
    wanted = panel(PAIRS, "2018", "2020", freq)
    made = indicators(table, freq, "latest", wanted)
    assert made["count"].tolist() == counted_one_by_one(table, wanted)


# --------------------------------------------------------------------- the real article


@pytest.mark.reference
def test_the_article_s_events_in_the_year_of_the_article(reference_data):
    events = EventLog.from_frame(
        pd.read_csv(reference_data("rus_kaz") / "seed_events.csv"),
        id="event_id",
        origin="region_a",
        destination="region_b",
        precision="date_precision",
        value="value_usd",
        placebo_themes=["environment"],
    )
    made = events.indicators(
        panel(["RU KZ"], "2020", "2022"),
        {
            "visits": Count("visit"),
            "documents": Count("document"),
            "placebos": Count("document", placebo=True),
            "deals": Count("commercial deal"),
            "worth": Count("commercial deal", value=True),
            "forums": Count("forum"),
            "flights": InForce("flight", number=True),
        },
    )
    year = made.set_index(made["t"].astype(str)).drop(columns=["o", "d", "t"])
    assert year.loc["2021"].tolist() == [9, 5, 2, 6, 144e6, 1, 2]
    assert year.loc["2020"].sum() == 0
    assert year.loc["2022"].tolist() == [0, 0, 0, 0, 0, 0, 2]
