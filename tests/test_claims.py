"""Claims: the three of the founding article, and rules that hold for any data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import datasets
from forecast.claims import Card, Claim, check
from forecast.datasets.cases import MIRROR, rus_kaz_figures
from forecast.errors import ClaimError
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
            "period_end": "2006-12-31",
            "released": "2007-01-01",
            "source": "s",
        }
    )
    card = check(Claim.share(2006), yearly([100.0, 160.0]), control=control)
    assert card.verdict == "cannot be told"
    assert card.verdict != "supported"


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
