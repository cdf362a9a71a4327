"""Claims: the three of the founding article, and rules that hold for any data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import datasets
from forecast.claims import Card, Claim, check
from forecast.datasets.cases import MIRROR, rus_kaz_figures
from forecast.errors import ClaimError, ColumnError, NumberError, TableError
from forecast.events import EventLog
from forecast.panel import TradePanel
from forecast.releases import Releases


@pytest.fixture(scope="module")
def figures() -> Releases:
    return rus_kaz_figures()


@pytest.fixture(scope="module")
def events() -> EventLog:
    return EventLog.from_frame(datasets.rus_kaz_events())


@pytest.fixture(scope="module")
def record_of_20(figures) -> Card:
    return check(Claim.level(2021, 20_000, record=True, said_on="2021-09-30"), figures)


def thanks(figures: Releases, events: EventLog, **options: object) -> Card:
    claim = Claim.share(2021, "interregional cooperation", said_on="2021-10-19")
    return check(
        claim, figures, events=events, control=datasets.bloc_growth(), **options
    )


# --- the founding case -----------------------------------------------------------


def test_20_billion_fails_as_a_forecast(record_of_20):
    level, _ = record_of_20.parts
    assert (record_of_20.verdict, level.verdict) == ("fails", "fails")
    assert level.number < 0.02
    assert level.evidence["reporter"].tolist() == ["Russia"]


def test_20_billion_is_no_record_and_the_sources_that_say_so_are_named(record_of_20):
    _, record = record_of_20.parts
    table = record.evidence.set_index("reporter")
    assert table.loc["unspecified", ["highest", "year_of_it"]].tolist() == [
        23_800.0,
        2012,
    ]
    assert (table.loc[["unspecified", MIRROR], "verdict"] == "fails").all()
    assert any("cacianalyst" in source for source in record.sources)
    assert "23,800 in 2012" in record.headline


def test_almost_20_billion_is_not_as_high_as_20(record_of_20):
    table = record_of_20.parts[1].evidence.set_index("reporter")
    assert table.loc["Russia", "relation"] == "almost"
    assert table.loc["Russia", "verdict"] == "cannot be told"


def test_thanks_to_cooperation_is_not_supported(figures, events):
    card = thanks(figures, events)
    assert card.verdict == "not supported"
    assert 0.02 < card.number < 0.035
    excess = card.evidence[card.evidence["what"].str.startswith("excess")]
    assert sorted(excess["value"].round()) == [-4, 3]
    assert ((excess["low"] < 0) & (excess["high"] > 0)).all()
    assert "cannot be told" in card.headline


def test_with_the_outcome_known_the_deals_are_two_and_a_half_per_cent(figures, events):
    assert thanks(figures, events, as_of="2022-08-19").number == pytest.approx(
        0.025, abs=5e-4
    )


def test_before_the_deals_and_the_control_group_were_known_nothing_could_be_told(
    figures, events
):
    card = thanks(figures, events, as_of="2021-09-30")
    assert card.verdict == "cannot be told"
    assert np.isnan(card.number)


@pytest.mark.parametrize("as_of", ["2021-09-30", "2021-10-19", "2021-12-10"])
def test_deleting_every_later_fact_changes_nothing(figures, as_of):
    log, control = datasets.rus_kaz_events(), datasets.bloc_growth()
    cards = [
        check(
            Claim.share(2021, "cooperation"),
            data,
            as_of=as_of,
            events=EventLog.from_frame(e),
            control=c,
        )
        for data, e, c in [
            (figures, log, control),
            (
                figures.as_of(as_of),
                log[log["known_on"] <= as_of],
                control[control["released"] <= as_of],
            ),
        ]
    ]
    pd.testing.assert_frame_equal(cards[0].evidence, cards[1].evidence)
    assert cards[0].headline == cards[1].headline


# --- rules that hold for any data --------------------------------------------------


def yearly(values: list[float], first: int = 2005) -> Releases:
    years = range(first, first + len(values))
    return Releases.from_frame(
        pd.DataFrame(
            {
                "period_start": [f"{y}-01-01" for y in years],
                "period_end": [f"{y}-12-31" for y in years],
                "value": values,
                "reporter": "A",
                "released": [f"{y + 1}-02-01" for y in years],
                "source": [f"yearbook {y}" for y in years],
            }
        ),
        measure="million USD",
    )


def test_a_published_year_decides_a_level_by_five_per_cent():
    data = yearly([100.0, 110.0])
    verdicts = {
        v: check(Claim.level(2006, v), data).verdict
        for v in (104.4, 104.6, 115.4, 115.6)
    }
    assert verdicts == {104.4: "fails", 104.6: "holds", 115.4: "holds", 115.6: "fails"}
    assert check(Claim.level(2006, 100, relation="at least"), data).verdict == "holds"
    assert check(Claim.level(2006, 100, relation="at most"), data).verdict == "fails"


def test_a_record_holds_only_where_ten_earlier_years_are_known():
    rising = [100.0 + i for i in range(12)]
    assert check(Claim.record(2016), yearly(rising)).verdict == "holds"
    assert (
        check(Claim.record(2016), yearly(rising[6:], first=2011)).verdict
        == "cannot be told"
    )
    assert check(Claim.record(2016), yearly([500.0, *rising[1:]])).verdict == "fails"


def test_growth_of_published_years_is_their_ratio():
    data = yearly([100.0, 130.0])
    assert check(Claim.growth(2006, 0.30), data).verdict == "holds"
    assert check(Claim.growth(2006, 0.40), data).verdict == "fails"


def test_a_claim_between_the_intervals_cannot_be_told(figures):
    edge = check(Claim.level(2021, 27_000, said_on="2021-09-30"), figures)
    assert edge.verdict == "cannot be told"


def test_two_reporters_that_disagree_leave_it_open():
    one = yearly([100.0, 130.0]).table
    other = one.assign(reporter="B", value=one["value"] * 2)
    both = Releases.from_frame(pd.concat([one, other]), measure="million USD")
    card = check(Claim.level(2006, 130), both)
    assert card.verdict == "cannot be told"
    assert card.evidence["verdict"].tolist() == ["holds", "fails"]
    assert check(Claim.level(2006, 130, reporter="A"), both).verdict == "holds"


def test_flows_of_a_panel_can_be_checked_too():
    flows = pd.DataFrame(
        {
            "exporter": ["KZ", "RU"] * 3,
            "importer": ["RU", "KZ"] * 3,
            "year": [2019, 2019, 2020, 2020, 2021, 2021],
            "trade": [5.0, 15.0, 6.0, 12.0, 8.0, 17.0],
        }
    )
    panel = TradePanel.from_frame(
        flows,
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        unit="billion USD",
    )
    assert check(Claim.level(2021, 25), panel).verdict == "holds"
    assert check(Claim.growth(2021, 25 / 18 - 1), panel).verdict == "holds"
    assert check(Claim.record(2020), panel).verdict == "fails"


def test_a_large_excess_over_the_control_group_is_not_called_unsupported():
    control = pd.DataFrame(
        {
            "bloc": "G",
            "member": ["G", "A", "B", "C", "D"],
            "growth": [0.05, 0.05, 0.06, 0.04, 0.05],
            "period_start": "2006-01-01",
            "period_end": "2006-12-31",
            "released": "2007-01-01",
            "source": "s",
        }
    )
    card = check(Claim.share(2006), yearly([100.0, 160.0]), control=control)
    assert card.verdict == "cannot be told"
    assert card.verdict != "supported"


def control_of(*members: tuple[str, float], **changed: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bloc": "G",
            "member": [name for name, _ in members],
            "growth": [growth for _, growth in members],
            "period_start": "2006-01-01",
            "period_end": "2006-12-31",
            "released": "2007-01-01",
            "source": "s",
        }
        | changed
    )


def excess_of(control: pd.DataFrame) -> pd.DataFrame:
    card = check(Claim.share(2006), yearly([100.0, 160.0]), control=control)
    table = card.evidence
    return table[table["what"].str.startswith("excess")]


def test_a_revised_member_counts_once_and_other_spans_and_groups_not_at_all():
    members = [("G", 0.05), ("A", 0.05), ("B", 0.08), ("C", 0.04)]
    plain = excess_of(control_of(*members))
    revised = pd.concat(
        [
            control_of(("A", 0.5), released="2006-12-31"),
            control_of(*members),
            control_of(("D", 0.9), period_start="2006-10-01"),
            control_of(("E", 0.9), bloc="H"),
        ]
    )
    pd.testing.assert_frame_equal(excess_of(revised), plain)
    assert plain["note"].item().endswith("3 members")


def test_a_control_group_without_its_columns_or_in_words_is_refused():
    with pytest.raises(ColumnError, match=r"F-111.*'period_start'"):
        excess_of(control_of(("G", 0.1)).drop(columns="period_start"))
    with pytest.raises(NumberError, match=r"F-254.*a lot"):
        excess_of(control_of(("G", 0.1)).assign(growth="a lot"))


@pytest.mark.parametrize(
    ("said", "relation", "value", "verdict"),
    [
        ("more than", "at most", 120, "cannot be told"),
        ("more than", "at most", 100, "fails"),
        ("more than", "at least", 100, "holds"),
        ("at least", "at most", 100, "cannot be told"),
        ("at least", "at least", 101, "cannot be told"),
        ("at least", "about", 120, "cannot be told"),
        ("at least", "about", 90, "fails"),
        ("almost", "at least", 100, "fails"),
        ("almost", "at least", 95, "holds"),
        ("almost", "at most", 96, "cannot be told"),
        ("up to", "at least", 80, "cannot be told"),
        ("up to", "at least", 101, "fails"),
        ("up to", "at most", 100, "holds"),
        ("equal", "at least", 100, "holds"),
        ("equal", "at most", 100, "holds"),
        ("equal", "at most", 99, "fails"),
    ],
)
def test_a_published_bound_decides_only_what_it_bounds(said, relation, value, verdict):
    table = yearly([100.0], first=2006).table.assign(relation=said)
    data = Releases.from_frame(table, measure="million USD")
    card = check(Claim.level(2006, value, relation=relation), data)
    assert card.verdict == verdict


def test_a_record_over_a_year_that_was_more_than_its_figure_cannot_be_told():
    table = yearly([100.0 + i for i in range(12)]).table
    table.loc[table.index[10], "relation"] = "more than"
    data = Releases.from_frame(table, measure="million USD")
    assert check(Claim.record(2016, 111), data).verdict == "cannot be told"
    assert check(Claim.record(2016, 110), data).verdict == "fails"


def test_a_record_of_an_open_year_is_compared_with_its_own_reporter_only():
    own = yearly([100.0 + i for i in range(11)]).table
    part = own.iloc[[-1]].assign(
        period_start="2016-01-01",
        period_end="2016-11-30",
        released="2016-12-31",
        value=150.0,
    )
    mirror = own.assign(reporter="mirror", value=own["value"] * 100)
    alone = Releases.from_frame(pd.concat([own, part]), measure="million USD")
    both = Releases.from_frame(pd.concat([own, part, mirror]), measure="million USD")
    assert check(Claim.record(2016, said_on="2017-01-01"), alone).verdict == "holds"
    card = check(Claim.record(2016, said_on="2017-01-01"), both)
    assert card.verdict == "cannot be told"
    assert card.evidence.set_index("reporter")["verdict"].to_dict() == {
        "A": "holds",
        "mirror": "cannot be told",
    }


def monthly_panel(last: dict[str, str], first: str = "2017-01") -> TradePanel:
    """Ten a month from every exporter up to its last month."""
    tables = [
        pd.DataFrame(
            {
                "exporter": name,
                "importer": "Z",
                "month": pd.period_range(first, end, freq="M").astype(str),
                "trade": 10.0,
            }
        )
        for name, end in last.items()
    ]
    return TradePanel.from_frame(
        pd.concat(tables),
        origin="exporter",
        destination="importer",
        period="month",
        flow="trade",
        unit="million USD",
    )


def test_a_year_that_one_pair_lacks_is_not_published():
    panel = monthly_panel({"A": "2021-12", "B": "2021-09"})
    assert check(Claim.level(2021, 120), panel).verdict == "fails"
    card = check(Claim.level(2021, 240), panel)
    assert card.verdict == "holds"
    assert card.evidence["what"].tolist() == ["nowcast from 9 months"]
    assert card.evidence["median"].item() == pytest.approx(240, rel=0.05)


def test_a_silent_pair_is_not_taken_for_zero():
    panel = monthly_panel({"A": "2021-09", "B": "2020-12"})
    with pytest.raises(ClaimError, match=r"F-804.*square"):
        check(Claim.level(2021, 120), panel)


def test_the_growth_of_a_panel_is_that_of_its_total():
    panel = monthly_panel({"A": "2021-09", "B": "2021-09"})
    card = check(Claim.growth(2021, 0.0), panel)
    assert card.verdict == "holds"
    assert card.evidence["median"].item() == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("year", [np.int64(2006), 2006.0, "2006", pd.Period("2006")])
def test_a_year_may_be_written_in_any_way(year):
    assert check(Claim.level(year, 110), yearly([100.0, 110.0])).verdict == "holds"


def test_nothing_but_a_claim_and_data_can_be_checked():
    with pytest.raises(ClaimError, match="F-807"):
        check("20 billion", yearly([1.0, 2.0]))  # type: ignore[arg-type]
    with pytest.raises(TableError, match="F-107"):
        check(Claim.record(2006), pd.DataFrame())  # type: ignore[arg-type]
    with pytest.raises(ClaimError, match="F-804"):
        check(Claim.level(2006, 1, said_on="1990-01-01"), yearly([1.0, 2.0]))


@pytest.mark.parametrize("value", [np.nan, np.inf, "twenty", None])
def test_a_claim_of_no_number_is_refused(value):
    with pytest.raises(ClaimError, match=r"F-80[236]"):
        Claim.level(2021, value)
    with pytest.raises(ClaimError, match=r"F-80[36]"):
        Claim.growth(2021, value)


def test_impossible_fractions_and_kinds_are_refused():
    for make in (
        lambda: Claim.growth(2021, -1.0),
        lambda: Claim.share(2021, at_least=0.0),
    ):
        with pytest.raises(ClaimError, match="F-803"):
            make()
    with pytest.raises(ClaimError, match=r"F-801.*magic"):
        Claim("magic", 2021)  # type: ignore[arg-type]


def test_ill_posed_claims_are_refused():
    with pytest.raises(ClaimError, match="F-801"):
        Claim.level(2021, 20, relation="roughly")  # type: ignore[arg-type]
    with pytest.raises(ClaimError, match="F-802"):
        Claim.level(2021, -1)
    with pytest.raises(ClaimError, match=r"F-803.*0\.34"):
        Claim.growth(2021, 34)
    with pytest.raises(ClaimError, match="F-804"):
        check(Claim.level(1950, 1), yearly([1.0, 2.0]))
    with pytest.raises(ClaimError, match=r"F-805.*speaker"):
        Claim.level(2021, 20, speaker="X")


def test_a_card_prints_verdict_number_sources_and_what_would_change_it(record_of_20):
    text = repr(record_of_20)
    for part in ("FAILS", "probability", "source: https", "would change it"):
        assert part in text
    frame = record_of_20.to_frame()
    assert frame["verdict"].tolist() == ["fails"] * 3
    assert "<b>fails</b>" in record_of_20._repr_html_()


def test_hostile_text_is_escaped_on_the_card():
    claim = Claim.level(2006, 130, text="<script>alert(1)</script>")
    assert "<script>" not in check(claim, yearly([100.0, 130.0]))._repr_html_()
