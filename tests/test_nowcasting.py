"""The year from a part of it: the founding case, honesty about time, laws."""

from __future__ import annotations

from string import ascii_uppercase

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.datasets.cases import MIRROR, rus_kaz_figures
from forecast.errors import ModelError, PeriodError, ReporterError, TableError
from forecast.nowcasting import Nowcast, nowcast
from forecast.panel import TradePanel
from forecast.releases import Releases

OUTCOME = 24_500.0  # million dollars, Kazakh data, said on 2022-08-19


@pytest.fixture(scope="module")
def figures() -> Releases:
    return rus_kaz_figures()


@pytest.fixture(scope="module")
def thirtieth_of_september(figures) -> Nowcast:
    return nowcast(figures, 2021, as_of="2021-09-30", reporter="Russia")


# --- the founding case -----------------------------------------------------------


def test_on_30_september_2021_the_median_is_within_five_per_cent_of_the_outcome(
    thirtieth_of_september,
):
    assert thirtieth_of_september.median == pytest.approx(OUTCOME, rel=0.05)


def test_on_30_september_2021_the_80_interval_holds_the_outcome_and_excludes_20_billion(
    thirtieth_of_september,
):
    low, high = thirtieth_of_september.interval(0.8)
    assert low < OUTCOME < high
    assert low > 20_000
    assert thirtieth_of_september.probability(below=20_000) < 0.02


def test_the_simple_rules_stand_beside_the_nowcast(thirtieth_of_september):
    rules = thirtieth_of_september.benchmarks.set_index("rule")["value"]
    assert rules["run-rate"] == pytest.approx(24_000)
    assert np.isnan(rules["year before"])  # Russia's 2020 had not been said


def test_every_part_year_figure_has_its_outcome_in_the_95_interval(figures):
    checked = []
    for reporter in ("Russia", "Kazakhstan"):
        own = figures.for_reporter(reporter)
        outcomes = own.yearly()
        for year in outcomes.index:
            for row in own.part_years(year).itertuples():
                if np.isnan(row.value):
                    continue
                found = nowcast(figures, year, as_of=row.released, reporter=reporter)
                low, high = found.interval(0.95)
                checked.append(
                    (reporter, year, row.months, low < outcomes[year] < high)
                )
    assert len(checked) >= 9
    assert all(inside for *_, inside in checked), checked


def test_where_only_growth_was_said_the_growth_of_the_year_is_nowcast(figures):
    found = nowcast(figures, 2021, as_of="2021-08-18")
    assert found.forecast.quantity.startswith("growth")
    low, high = found.interval(0.95)
    assert low < 30 < high  # Jan–Nov 2021 came out at +30 %
    with pytest.raises(PeriodError, match="F-461"):
        nowcast(figures, 2021, as_of="2021-08-17")


# --- nothing from after the as-of date -------------------------------------------


@pytest.mark.parametrize(
    "as_of", ["2021-08-18", "2021-09-30", "2021-12-31", "2022-11-28"]
)
def test_deleting_every_later_figure_changes_no_bit(figures, as_of):
    year = 2022 if as_of > "2022-06-01" else 2021
    everything = nowcast(
        figures, year, as_of=as_of, reporter=spoke(figures, as_of, year)
    )
    truncated = figures.as_of(as_of)
    again = nowcast(truncated, year, as_of=as_of, reporter=spoke(figures, as_of, year))
    assert_array_equal(everything.forecast.draws, again.forecast.draws)
    pd.testing.assert_frame_equal(everything.news, again.news)
    pd.testing.assert_frame_equal(everything.benchmarks, again.benchmarks)
    pd.testing.assert_frame_equal(everything.evidence, again.evidence)


def spoke(figures: Releases, as_of: str, year: int) -> str:
    return str(figures.as_of(as_of).part_years(year)["reporter"].iloc[0])


def test_the_width_may_rest_on_another_reporters_years_but_never_the_level(figures):
    both = nowcast(figures, 2021, as_of="2021-09-30", reporter="Russia")
    own = figures.for_reporter("Russia")
    alone = nowcast(own, 2021, as_of="2021-09-30")
    assert MIRROR in " ".join(both.notes)
    tripled = own.table.assign(value=own.table["value"])  # only Russia's levels count
    mirror = figures.for_reporter(MIRROR).table
    scaled = Releases.from_frame(
        pd.concat([tripled, mirror.assign(value=3 * mirror["value"])]),
        measure="million USD",
    )
    same = nowcast(scaled, 2021, as_of="2021-09-30", reporter="Russia")
    assert_array_equal(both.forecast.draws, same.forecast.draws)
    assert alone.evidence["volatility"].isna().all()


# --- reporters ---------------------------------------------------------------------


def test_two_reporters_are_never_chained(figures):
    with pytest.raises(ReporterError, match=r"F-351.*Kazakhstan.*Russia"):
        nowcast(figures, 2021, as_of="2021-12-31")


# --- news --------------------------------------------------------------------------


def test_the_news_replay_kazakhstans_releases_of_2021(figures):
    found = nowcast(figures, 2021, as_of="2022-01-26", reporter="Kazakhstan")
    assert found.news["months"].tolist() == [6, 8, 10, 11]
    assert found.news["unit"].tolist() == ["%", *["million USD"] * 3]
    assert found.news["change"].iloc[:2].isna().all()  # no level before, growth only
    changes = found.news["change"].iloc[2:]
    assert_allclose(changes, np.diff(found.news["after"].iloc[1:]))
    assert found.median == pytest.approx(found.news["after"].iloc[-1], rel=0.005)


# --- panels ------------------------------------------------------------------------


def months_of(
    years: int, units: int = 3, seed: int = 7, known: int = 8
) -> pd.DataFrame:
    """Monthly flows of several pairs over whole years and `known` months of 2021."""
    rng = np.random.default_rng(seed)
    periods = pd.period_range(
        pd.Period("2021-01", "M") - 12 * years, "2021-12", freq="M"
    )
    rows = []
    for unit in range(units):
        season = 1 + 0.2 * np.sin(2 * np.pi * np.arange(len(periods)) / 12)
        level = 100 * (unit + 1) * np.exp(0.005 * np.arange(len(periods)))
        flow = level * season * np.exp(0.05 * rng.standard_normal(len(periods)))
        rows.append(
            pd.DataFrame(
                {
                    "exporter": ascii_uppercase[unit],
                    "importer": "ZZ",
                    "month": periods.astype(str),
                    "trade": flow,
                }
            )
        )
    whole = pd.concat(rows, ignore_index=True)
    return whole[whole["month"] <= f"2021-{known:02}"].reset_index(drop=True)


def panel_of(frame: pd.DataFrame, **options: object) -> TradePanel:
    return TradePanel.from_frame(
        frame,
        origin="exporter",
        destination="importer",
        period="month",
        flow="trade",
        unit="million USD",
        **options,
    )


def test_a_panel_of_months_gives_every_pair_its_year():
    found = nowcast(panel_of(months_of(6, units=26)), 2021)
    assert found.evidence["information"].unique().tolist() == ["months"]
    truth = months_of(6, units=26, known=12)
    truth = truth[truth["month"].str.startswith("2021")]
    truth = truth.groupby("exporter")["trade"].sum()
    frame = found.to_frame().set_index("exporter")
    assert_allclose(frame["median"], truth, rtol=0.1)
    inside = (frame["lower_95"] < truth) & (truth < frame["upper_95"])
    assert inside.mean() > 0.8


def test_the_year_is_what_is_known_plus_the_months_to_come_on_every_path():
    frame = months_of(6)
    found = nowcast(panel_of(frame), 2021)
    known = (
        frame[frame["month"].str.startswith("2021")].groupby("exporter")["trade"].sum()
    )
    assert found.months is not None
    assert list(found.months.periods.month) == [9, 10, 11, 12]
    whole = known.to_numpy()[:, None] + found.months.draws.sum(axis=1)
    assert_allclose(found.forecast.draws[:, 0], whole, rtol=1e-12)


def test_growth_of_the_year_is_over_the_year_before_on_every_path():
    found = nowcast(panel_of(months_of(6)), 2021)
    assert found.growth is not None
    assert_allclose(found.growth.draws, found.forecast.growth().draws)


def test_shuffled_rows_and_other_units_change_no_bit():
    frame = months_of(6)
    one = nowcast(panel_of(frame), 2021)
    other = nowcast(panel_of(frame.sample(frac=1, random_state=1)), 2021)
    assert_array_equal(one.forecast.draws, other.forecast.draws)
    alone = nowcast(panel_of(frame[frame["exporter"] == "B"]), 2021)
    assert_array_equal(alone.forecast.draws[0], one.forecast.draws[1])


def test_the_month_after_the_as_of_date_is_not_used():
    frame = months_of(6)
    changed = frame.copy()
    changed.loc[changed["month"] > "2021-06", "trade"] *= 10
    one, other = (
        nowcast(panel_of(f), 2021, as_of="2021-06-30") for f in (frame, changed)
    )
    assert_array_equal(one.forecast.draws, other.forecast.draws)
    assert one.evidence["months"].tolist() == [6, 6, 6]
    late = nowcast(panel_of(frame), 2021, as_of="2021-06-30", lag_days=45)
    assert late.evidence["months"].tolist() == [4, 4, 4]


def test_without_a_known_currency_the_unit_of_the_flow_scales_the_answer():
    frame = months_of(6)
    scaled = frame.assign(trade=frame["trade"] * 1000)
    one, other = (
        nowcast(
            TradePanel.from_frame(
                f,
                origin="exporter",
                destination="importer",
                period="month",
                flow="trade",
                unit="tonnes",
            ),
            2021,
        )
        for f in (frame, scaled)
    )
    assert_allclose(other.forecast.draws, 1000 * one.forecast.draws, rtol=1e-9)


def test_more_months_leave_less_to_be_said():
    frame = months_of(6, known=11)
    widths = []
    for as_of in ("2021-03-31", "2021-07-31", "2021-11-30"):
        low, high = nowcast(panel_of(frame), 2021, as_of=as_of).total().interval(0.8)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_vintages_split_the_news_into_new_months_and_revisions():
    frame = months_of(4, units=1, known=6)
    frame["released"] = pd.PeriodIndex(
        frame["month"], freq="M"
    ).end_time.normalize() + pd.Timedelta("30D")
    revised = frame[frame["month"] == "2021-02"].assign(
        trade=lambda rows: rows["trade"] * 1.5, released=pd.Timestamp("2021-05-15")
    )
    panel = panel_of(pd.concat([frame, revised]), as_of="released")
    news = nowcast(panel, 2021, as_of="2021-07-31").news
    on_the_day = news[news["released"] == "2021-05-15"].iloc[0]
    assert on_the_day["of_revisions"] > 0
    assert on_the_day["of_new_months"] == pytest.approx(0, abs=1e-9)
    others = news[(news["released"] != "2021-05-15") & news["before"].notna()]
    assert_allclose(others["of_revisions"], 0, atol=1e-9)
    assert_allclose(news["of_new_months"] + news["of_revisions"], news["change"])


def test_yearly_data_and_cumulated_data_are_refused():
    yearly = pd.DataFrame(
        {
            "exporter": "A",
            "importer": "ZZ",
            "month": [2018, 2019, 2020],
            "trade": [1.0, 2.0, 3.0],
        }
    )
    with pytest.raises(PeriodError, match="F-460"):
        nowcast(panel_of(yearly), 2021)
    frame = months_of(4)
    years = frame["month"].str[:4]
    cumulated = frame.assign(trade=frame.groupby(["exporter", years])["trade"].cumsum())
    with pytest.warns(match="cumulated"):
        panel = panel_of(cumulated)
    with pytest.raises(PeriodError, match=r"F-463.*decumulated"):
        nowcast(panel, 2021)


def test_a_unit_without_figures_this_year_is_listed_not_lost():
    frame = months_of(4)
    silent = frame[(frame["exporter"] != "C") | (frame["month"] < "2021")]
    found = nowcast(panel_of(silent), 2021)
    assert found.left_out["exporter"].tolist() == ["C"]
    assert len(found.evidence) == 2


def test_quarters_work_like_months():
    frame = months_of(6, known=9)
    quarters = pd.PeriodIndex(frame["month"], freq="M").asfreq("Q").astype(str)
    frame = frame.assign(month=quarters).groupby(
        ["exporter", "importer", "month"], as_index=False
    )
    found = nowcast(panel_of(frame.sum()), 2021)
    assert found.evidence["months"].tolist() == [9, 9, 9]
    assert found.months is not None
    assert found.months.periods.astype(str).tolist() == ["2021Q4"]


# --- ugly inputs ---------------------------------------------------------------------


def figure(**changed: object) -> Releases:
    table = {
        "period_start": "2021-01-01",
        "period_end": ["2021-07-31"],
        "value": [14_000.0],
        "growth": [0.34],
        "reporter": "Russia",
        "released": "2021-09-30",
    }
    measure = str(changed.pop("measure", "million USD"))
    return Releases.from_frame(pd.DataFrame(table | changed), measure=measure)


@pytest.mark.parametrize(
    ("measure", "factor"),
    [
        ("USD", 1e6),
        ("thousands of US dollars", 1e3),
        ("US$ million", 1.0),
        ("bn USD", 1e-3),
    ],
)
def test_the_same_dollars_in_another_unit_are_the_same_answer(measure, factor):
    other = nowcast(figure(measure=measure, value=[14_000.0 * factor]), 2021)
    one = nowcast(figure(), 2021)
    assert_allclose(other.forecast.draws / factor, one.forecast.draws, rtol=1e-12)


def test_another_currency_has_no_known_size_a_wider_interval_and_a_note():
    one, other = nowcast(figure(), 2021), nowcast(figure(measure="million EUR"), 2021)
    assert np.ptp(other.interval(0.8)) > np.ptp(one.interval(0.8))
    assert "'million EUR' is not known in dollars" in " ".join(other.notes)
    assert "dollars" not in " ".join(one.notes)


@pytest.mark.parametrize(
    ("error", "code", "options"),
    [
        (ModelError, "F-541", {"paths": 0}),
        (ModelError, "F-541", {"paths": 1.5}),
        (PeriodError, "F-462", {"lag_days": -1}),
        (ReporterError, "F-352", {"reporter": "Mars"}),
    ],
)
@pytest.mark.parametrize("data", ["figures", "flows"])
def test_impossible_tasks_are_refused(data, error, code, options):
    known = figure() if data == "figures" else panel_of(months_of(2))
    with pytest.raises(error, match=code):
        nowcast(known, 2021, **options)


def test_data_and_years_that_are_none_are_refused():
    with pytest.raises(TableError, match="F-107"):
        nowcast(months_of(2), 2021)  # type: ignore[arg-type]
    with pytest.raises(PeriodError, match="F-401"):
        nowcast(figure(), None)  # type: ignore[arg-type]
    assert nowcast(figure(), "2021").year == 2021  # type: ignore[arg-type]


def test_a_year_before_of_zero_has_a_level_but_no_growth():
    frame = months_of(3)
    before = (frame["exporter"] == "A") & (frame["month"] < "2021")
    found = nowcast(
        panel_of(frame.assign(trade=frame["trade"].mask(before, 0.0))), 2021
    )
    assert np.isfinite(found.forecast.draws).all()
    assert found.growth is not None
    assert np.isnan(found.growth.draws[0]).all()
    assert np.isfinite(found.growth.draws[1:]).all()


def test_a_gap_within_the_year_is_told_and_ends_what_is_known():
    frame = months_of(3)
    hole = (frame["exporter"] == "A") & (frame["month"] == "2021-03")
    found = nowcast(panel_of(frame[~hole]), 2021)
    months = found.evidence.set_index("exporter")["months"]
    assert months.to_dict() == {"A": 2, "B": 8, "C": 8}
    assert "1 of 3 units have a gap" in " ".join(found.notes)
    assert not nowcast(panel_of(frame), 2021).notes


def test_units_left_out_say_what_is_known_of_them():
    frame = months_of(3, known=12)
    late = (frame["exporter"] != "A") & (frame["month"] > "2021-08")
    zero = (frame["exporter"] == "B") & (frame["month"] > "2020-12")
    known = frame.assign(trade=frame["trade"].mask(zero, 0.0))[~late]
    found = nowcast(panel_of(known), 2021)
    whole = frame[(frame["exporter"] == "A") & (frame["month"] > "2020-12")]
    table = found.left_out.set_index("exporter")
    assert table["known"].to_dict() == pytest.approx(
        {"A": whole["trade"].sum(), "B": 0.0}
    )
    assert table["reason"].to_dict() == {
        "A": "the whole year is known",
        "B": "only zeros are known of the year",
    }


def test_figures_that_are_not_used_are_told():
    growth_later = figure(
        period_end=["2021-03-31", "2021-09-30"],
        value=[6_000.0, np.nan],
        growth=[0.3, 0.1],
        released="2021-11-01",
    )
    assert "+10.0% in 9 months" in " ".join(nowcast(growth_later, 2021).notes)
    two = figure(
        period_end=["2021-07-31"] * 2, value=[15_000.0, 14_000.0], growth=[0.3, 0.3]
    )
    assert "differ: the highest" in " ".join(nowcast(two, 2021).notes)
    assert nowcast(two, 2021).evidence["known"].item() == 15_000
    ended = figure(
        period_end=["2021-07-31", "2021-12-31"],
        value=[14_000.0, 24_500.0],
        growth=[0.3, 0.3],
        released=["2021-09-30", "2022-08-19"],
    )
    assert "published: 24,500" in " ".join(nowcast(ended, 2021).notes)
    assert "published" not in " ".join(nowcast(ended, 2021, "2022-08-18").notes)


def test_a_later_figure_of_fewer_months_does_not_replace_an_earlier_of_more():
    both = figure(
        period_end=["2021-07-31", "2021-06-30"],
        value=[14_000.0, 99_000.0],
        growth=[0.3, 0.3],
        released=["2021-09-30", "2021-10-30"],
    )
    assert nowcast(both, 2021).evidence["known"].item() == 14_000


def test_the_repr_is_a_sentence(thirtieth_of_september):
    text = repr(thirtieth_of_september)
    assert text.startswith("Nowcast of 2021 as of 2021-09-30: median 24,2")
    assert "80 % interval" in text
    assert "7 months known" in text
