"""Scenarios written in a sheet, and fits that are asked for their forecast in one."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecast as fc
from forecast.errors import ColumnError, FileError, ModelError, TableError
from forecast.fusion import Fusion
from forecast.scenarios import Change, Scenario, compare, held, read_scenarios
from forecast.scenarios.changes import Several
from forecast.scenarios.limits import Names

SHEET = """scenario,variable,kind,change,origin,destination,start,end,status,count,source
nothing,,,,,,,,,,
more visits,visits,,+5,A,B,2025,,,,ministry
more visits,visits,,*2,A,C,2026,2026,,,
more visits,tariff,,-10%,,,,,,,tariff book
a forum,,document,,A,B,2025-09,,signed,3,embassy
"""

FUTURE = pd.DataFrame(
    {
        "origin": ["A", "B", "A", "A"] * 2,
        "destination": ["B", "A", "C", "D"] * 2,
        "year": [2025] * 4 + [2026] * 4,
        "visits": [1.0, 2.0, 3.0, 4.0] * 2,
        "tariff": [10.0] * 8,
    }
)


def sheet(folder, text=SHEET, name="scenarios.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sheet_gives_each_scenario_the_changes_of_its_rows(tmp_path):
    found = read_scenarios(sheet(tmp_path))
    assert list(found) == ["nothing", "more visits", "a forum"]
    assert found["nothing"].apply(FUTURE).equals(FUTURE)
    after = found["more visits"].apply(FUTURE)
    # +5 in both directions of A-B, doubled for A-C in 2026 only, tariffs everywhere
    assert after["visits"].tolist() == [6, 7, 3, 4, 6, 7, 6, 4]
    assert_allclose(after["tariff"], 9.0)
    assert found["more visits"].source == "ministry; tariff book"
    (event,) = found["a forum"].events.to_dict("records")
    assert (event["kind"], event["date"], event["count"]) == ("document", "2025-09", 3)
    assert (event["status"], event["source"]) == ("signed", "embassy")


def test_excel_csv_and_toml_say_the_same(tmp_path):
    pytest.importorskip("openpyxl")
    table = pd.DataFrame(
        {
            "Scenario": ["more", "more"],
            "variable": ["visits", "tariff"],
            "change": ["+5", 8],
            "origin": ["A", None],
            "start": [2026, None],
        }
    )
    table.to_excel(tmp_path / "s.xlsx", index=False)
    table.to_csv(tmp_path / "s.csv", index=False)
    toml = """
        [[scenarios]]
        scenario = "more"
        variable = "visits"
        change = "+5"
        origin = "A"
        start = 2026
        [[scenarios]]
        scenario = "more"
        variable = "tariff"
        change = 8
    """
    sheet(tmp_path, toml, "s.toml")
    expected = [1, 2, 3, 4, 6, 7, 8, 9]
    for name in ("s.xlsx", "s.csv", "s.toml"):
        scenario = Scenario.from_file(tmp_path / name)
        after = scenario.apply(FUTURE)
        assert after["visits"].tolist() == expected, name
        assert after["tariff"].tolist() == [8.0] * 8, name


def test_a_code_alone_concerns_every_partner_and_a_direction_only_its_own(tmp_path):
    text = "scenario,variable,change,origin,destination,directed\n"
    both = sheet(tmp_path, text + "s,visits,0,A,,\n", "both.csv")
    out = sheet(tmp_path, text + "s,visits,0,A,B,yes\n", "out.csv")
    to = sheet(tmp_path, text + "s,visits,0,,A,yes\n", "to.csv")
    changed = [
        (Scenario.from_file(p).apply(FUTURE)["visits"] == 0).tolist()[:4]
        for p in (both, out, to)
    ]
    assert changed == [
        [True] * 4,
        [True, False, False, False],
        [False, True, False, False],
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("s,visits,,many,,,,,,,", ["row 3", "'change'", "many"]),
        ("s,visits,,,,,,,,,", ["row 3", "'change'"]),
        ("s,visits,document,+5,A,B,2025,,,,", ["row 3", "'kind'"]),
        ("s,,,+5,,,,,,,", ["row 3", "'change'"]),
        (",visits,,+5,,,,,,,", ["row 3", "'scenario'"]),
        ("s,visits,,+5,,,when,,,,", ["row 3", "'start'"]),
        ("s,visits,,+5,,,,,signed,,", ["row 3", "'status'"]),
        ("s,,document,,A,B,,,signed,3,", ["row 3", "'start'"]),
        ("s,,document,,A,,2025,,signed,3,", ["row 3", "'destination'"]),
        ("s,,document,,A,B,2025,,signed,some,", ["row 3", "'count'", "some"]),
        ("s,,document,,A,B,2025,,dreamt,1,", ["row 3", "'status'", "dreamt"]),
        ("s,,document,,A,B,2025,,signed,nan,", ["row 3", "'count'", "nan"]),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_column(tmp_path, row, words):
    head = SHEET.splitlines()[0]
    path = sheet(tmp_path, f"{head}\nfine,visits,,+1,,,,,,,\n{row}\n")
    with pytest.raises(TableError, match="F-860") as refused:
        read_scenarios(path)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("variable = 'visits'\nchange = [1, 2]", ["row 1", "'change'", "list"]),
        ("variable = 'visits'\nchange = { to = 1 }", ["row 1", "'change'", "dict"]),
        ("variable = 'visits'\nchange = nan", ["row 1", "'change'", "nan"]),
        ("variable = 'visits'\nchange = inf", ["row 1", "'change'", "inf"]),
        ("kind = 'visit'\nstart = 2025\ncount = nan", ["row 1", "'count'", "nan"]),
        ("kind = 'visit'\nstart = 2025\ncount = [1]", ["row 1", "'count'", "list"]),
    ],
)
def test_a_cell_of_toml_that_is_no_single_finite_value_is_named(tmp_path, cells, words):
    text = f"[[scenarios]]\nscenario = 's'\norigin = 'A'\ndestination = 'B'\n{cells}\n"
    with pytest.raises(TableError, match="F-860") as refused:
        read_scenarios(sheet(tmp_path, text, "s.toml"))
    for word in words:
        assert word in str(refused.value)


def test_an_event_limited_to_a_direction_is_refused_and_not_counted_for_both(tmp_path):
    text = "scenario,kind,start,origin,destination,status,directed\n"
    row = "s,document,2025-09,A,B,signed,"
    for no in ("no", ""):
        path = sheet(tmp_path, f"{text}{row}{no}\n", "both.csv")
        assert len(Scenario.from_file(path).events) == 1
    with pytest.raises(TableError, match="F-860") as refused:
        read_scenarios(sheet(tmp_path, f"{text}{row}yes\n", "one.csv"))
    assert "row 2" in str(refused.value)
    assert "'directed'" in str(refused.value)


def test_sheets_that_are_none_are_refused(tmp_path):
    with pytest.raises(ColumnError, match="F-111"):
        read_scenarios(sheet(tmp_path, "scenario,variabel\ns,visits\n"))
    with pytest.raises(ColumnError, match="F-111"):
        read_scenarios(sheet(tmp_path, "variable,change\nvisits,1\n"))
    with pytest.raises(TableError, match="F-861"):
        read_scenarios(sheet(tmp_path, "x = 1", "s.toml"))
    with pytest.raises(FileError, match="F-862"):
        read_scenarios(sheet(tmp_path, "x = ", "s.toml"))
    with pytest.raises(TableError, match="F-861"):
        Scenario.from_file(sheet(tmp_path))
    with pytest.raises(TableError, match="F-861"):
        Scenario.from_file(sheet(tmp_path), "another")
    assert Scenario.from_file(sheet(tmp_path), "a forum").name == "a forum"


def test_two_changes_of_one_cell_are_refused():
    both = Several((Change("+1"), Change("*2", start=2026)))
    names = Names("year", ("origin", "destination"))
    with pytest.raises(ModelError, match="F-870"):
        both.apply(FUTURE, "visits", names)


# ------------------------------------------------------ a fit is asked in a scenario


@functools.cache
def flows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    codes = [f"C{i}" for i in range(6)]
    rows = [
        (
            a,
            b,
            2005 + t,
            float(np.exp(rng.normal(0, 0.1) + i + j)),
            (i + j) % 4 == 0 and t > 5,
        )
        for i, a in enumerate(codes)
        for j, b in enumerate(codes)
        for t in range(12)
        if a != b
    ]
    frame = pd.DataFrame(
        rows, columns=["origin", "destination", "year", "flow", "agreement"]
    )
    frame["agreement"] = frame["agreement"].astype(float)
    frame["flow"] *= np.exp(0.5 * frame["agreement"])
    return frame


def panel_of(frame: pd.DataFrame) -> fc.TradePanel:
    return fc.TradePanel.from_frame(
        frame, origin="origin", destination="destination", period="year", flow="flow"
    )


LEVEL = "flow ~ {} | origin^year + destination^year + origin^destination"


@functools.cache
def usual_fit():
    return Fusion(level=fc.Gravity(LEVEL.format("agreement"))).fit(panel_of(flows()))


NEW = Scenario("a new agreement", {"agreement": 1}, pairs=[("C0", "C1")])


def test_a_scenario_in_which_nothing_changes_gives_the_baseline_bit_for_bit():
    fit = usual_fit()
    base = held(fit.panel, 2)
    outlook = fit.forecast(2, paths=60)
    for same in (
        fit.forecast(base, paths=60),
        fit.forecast(base, scenario=Scenario("nothing"), paths=60),
        fit.forecast(2, scenario=Scenario("nothing"), paths=60),
    ):
        assert_array_equal(same.draws, outlook.draws)


def test_the_fit_in_a_scenario_is_the_scenario_of_the_fit():
    fit = usual_fit()
    base = held(fit.panel, 2)
    outlook = fit.forecast(base, paths=60, seed=4)
    ours = fit.forecast(base, scenario=NEW, paths=60, seed=4)
    theirs = NEW.forecast(fit, base, panel=fit.panel, paths=60, seed=4)
    assert_array_equal(ours.draws, theirs.draws)
    difference = ours.minus(outlook)
    assert_array_equal(
        difference.draws, compare(outlook, {"new": ours}).difference("new").draws
    )
    pair = difference.select(origin="C0", destination="C1")
    assert np.median(pair.draws) > 0


def test_what_is_no_scenario_or_comes_twice_is_refused():
    fit = usual_fit()
    base = held(fit.panel, 2)
    with pytest.raises(ModelError, match="F-859"):
        fit.forecast(base, scenario="a new agreement")
    with pytest.raises(ModelError, match="F-859"):
        fit.forecast(base, scenario=NEW, indicators=base)
    with pytest.raises(ModelError, match="F-871"):
        NEW.forecast(fit, 2)


# -------------------------------------------------- events that become known later


def log_of(rows) -> fc.EventLog:
    names = ["date", "kind", "origin", "destination", "known_on", "id"]
    return fc.EventLog.from_frame(
        pd.DataFrame(rows, columns=names).assign(status="signed")
    )


EARLY = [
    ("2009-05-01", "document", "C0", "C1", "2009-05-02", "a"),
    ("2010-05-01", "document", "C2", "C3", "2010-05-02", "b"),
    ("2008-05-01", "document", "C4", "C1", "2008-06-02", "c"),
]
LATE = ("2011-05-01", "document", "C0", "C4", "2014-02-01", "d")
"""It happened in 2011 and became public in 2014."""


def test_a_panel_cut_at_a_day_has_indicators_of_events_known_on_that_day():
    hindsight = log_of([*EARLY, LATE]).in_hindsight()
    panel = panel_of(flows()[["origin", "destination", "year", "flow"]])
    whole = panel.with_indicators(hindsight, documents=fc.Stock("document"))
    early = panel.with_indicators(
        log_of(EARLY).in_hindsight(), documents=fc.Stock("document")
    )
    keys = {"origin": "C0", "destination": "C4", "year": 2012}
    assert whole.select(**keys).to_frame()["documents"].item() > 0
    cut = whole.as_of("2012-12-31")
    assert cut.to_frame().equals(early.as_of("2012-12-31").to_frame())
    # what is cut stays cut
    assert len(cut.sources[0].log) == len(EARLY)
    assert cut.as_of("2016-12-31").to_frame().equals(cut.to_frame())
    replaced = whole.with_columns(documents=1.0)
    assert (replaced.as_of("2012-12-31").to_frame()["documents"] == 1.0).all()


def test_a_scenario_adds_events_to_the_log_that_the_panel_remembers():
    panel = panel_of(flows()).with_indicators(
        log_of(EARLY), documents=fc.Stock("document", half_life=3)
    )
    base = held(panel, 2)
    more = Scenario(
        "one more",
        events=[
            {"date": "2018-03-01", "kind": "document", "origin": "C0",
             "destination": "C1", "status": "signed"}
        ],
    )  # fmt: skip
    after = more.apply(base, panel=panel, warn=False)
    moved = (
        (after["documents"] - base["documents"]).groupby(base["year"].astype(str)).sum()
    )
    assert moved["2017"] == 0
    assert moved["2018"] > 0
    # a stock fades in the baseline, too
    pair = base[(base["origin"] == "C0") & (base["destination"] == "C1")]
    assert pair["documents"].iloc[1] < pair["documents"].iloc[0]


@functools.cache
def a_visit_each_month() -> fc.EventLog:
    months = pd.period_range("2018-01", "2021-12", freq="M").astype(str)
    rows = pd.DataFrame({"date": months + "-10", "id": "visit " + months})
    told = {"kind": "visit", "origin": "A", "destination": "B", "status": "held"}
    return fc.EventLog.from_frame(rows.assign(**told))


def months_of_trade() -> fc.TradePanel:
    months = pd.period_range("2018-01", "2021-12", freq="M")
    ways = [("A", "B"), ("B", "A"), ("A", "C"), ("C", "A")]
    rows = [(o, d, m, 1.0, float(m.month)) for o, d in ways for m in months]
    names = ["origin", "destination", "month", "flow", "season"]
    return fc.TradePanel.from_frame(
        pd.DataFrame(rows, columns=names),
        origin="origin",
        destination="destination",
        period="month",
        flow="flow",
    )


def test_a_year_with_a_visit_each_month_is_a_year_with_twelve_visits():
    recipes = {
        "visits": fc.Count("visit"),
        "visited": fc.Stock("visit", half_life=2),
        "past": fc.Lags("visit", lags=1),
    }
    log = a_visit_each_month()
    panel = months_of_trade().with_indicators(log, **recipes)
    years = panel.aggregate("Y")
    pair = years.select(origin="A", destination="B").to_frame()
    assert pair["visits"].tolist() == [12.0] * 4
    assert (years.select(destination="C").to_frame()["visits"] == 0).all()
    # as if the years had come first
    first = months_of_trade().aggregate("Y").with_indicators(log, **recipes)
    assert years.to_frame().equals(first.to_frame())
    assert panel.aggregate("Q").aggregate("Y").to_frame().equals(first.to_frame())
    # and it makes no difference whether the panel is cut before or after
    for day in ("2020-12-31", "2020-06-30"):
        cut = years.as_of(day)
        assert cut.to_frame().equals(panel.as_of(day).aggregate("Y").to_frame())
    assert pair["visits"].head(2).tolist() == (
        cut.select(origin="A", destination="B").to_frame()["visits"].tolist()
    )
    assert years.notes == (
        "columns ['season'] were left out because they change within a year",
        "indicators ['visits', 'visited', 'past_lag0', 'past_lag1'] were made anew from "
        "their events; their recipes count in years now",
    )


def test_a_cut_leaves_the_columns_where_they_stand():
    panel = (
        months_of_trade()
        .with_indicators(a_visit_each_month(), visits=fc.Count("visit"))
        .with_lags("visits", 1)
    )
    cut = panel.as_of("2020-06-30")
    assert cut.columns == panel.columns
    assert tuple(cut.to_frame().columns) == panel.columns
    assert cut.covariates[-2:] == ("visits", "visits_lag1")
