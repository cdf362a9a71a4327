"""Every spelling of a period is read one way, or refused with the way out."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import PeriodError
from forecast.periods import (
    FREQUENCIES,
    frequency_of,
    parse_date,
    parse_dates,
    parse_periods,
    periods_after,
)


def texts(values, **how):
    return parse_periods(values, **how).astype(str).to_list()


@pytest.mark.parametrize(
    "labels",
    [
        [2020, 2021],
        [2020.0, 2021.0],
        ["2020", " 2021 "],
        ["2020.0", "2021 г."],
        [2020, "2021"],
        [np.int32(2020), np.float32(2021)],
        [dt.date(2020, 1, 1), dt.datetime(2021, 1, 1)],
        pd.to_datetime(["2020-12-31", "2021-12-31"]),
        pd.date_range("2020", periods=2, freq="YS"),
        pd.period_range("2020", "2021", freq="Y"),
        pd.Series([2020, 2021], dtype="Int64"),
        pd.Series(["2020", "2021"], dtype="category"),
        np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[s]"),
        (year for year in (2020, 2021)),
    ],
    ids=repr,
)
def test_a_year_is_a_year_however_it_is_written(labels):
    periods = parse_periods(labels)
    assert periods.astype(str).to_list() == ["2020", "2021"]
    assert periods.freqstr == "Y-DEC"


@pytest.mark.parametrize(
    "label",
    [
        "2021-07",
        "2021-7",
        "2021/07",
        "2021.07",
        "2021M07",
        "2021m7",
        "2021-M07",
        "07.2021",
        "7/2021",
        "202107",
        202107,
        202107.0,
        "July 2021",
        "Jul. 2021",
        "2021-Jul",
        "июль 2021",
        "Июля 2021 г.",
        pd.Period("2021-07", "M"),
    ],
    ids=repr,
)
def test_a_month_is_a_month_however_it_is_written(label):
    assert texts([label]) == ["2021-07"]


@pytest.mark.parametrize(
    "label",
    ["2021Q3", "2021-Q3", "2021 q3", "Q3 2021", "Q3-2021", "3Q2021", "3 кв. 2021 г."],
)
def test_a_quarter_is_a_quarter_however_it_is_written(label):
    assert texts([label]) == ["2021Q3"]


@pytest.mark.parametrize(
    ("dates", "freq"),
    [
        (["2020-01-01", "2021-01-01"], "Y"),
        (["2020-12-31", "2021-12-31"], "Y"),
        (["2021-01-01", "2021-04-01"], "Q"),
        (["2021-03-31", "2021-12-31"], "Q"),
        (["2021-01-01", "2021-02-01"], "M"),
        (["2021-01-31", "2021-02-28"], "M"),
        (["2021-01-15", "2021-02-15"], "M"),
        (["20210101", "20210201"], "M"),
        (["31.01.2021", "28.02.2021"], "M"),
        (["01/31/2021", "02/28/2021"], "M"),
    ],
)
def test_dates_tell_their_frequency_by_where_they_stand(dates, freq):
    assert frequency_of(parse_periods(dates)) == freq


def test_freq_decides_what_dates_leave_open():
    assert texts(["2021-01-01"]) == ["2021"]
    assert texts(["2021-01-01"], freq="M") == ["2021-01"]
    assert texts(["2021-05-17", "2021-08-03"], freq="Q") == ["2021Q2", "2021Q3"]
    assert texts(["2021-03-31", "2021-12-31"], freq="Q") == ["2021Q1", "2021Q4"]


def test_dates_follow_the_frequency_of_the_labels_beside_them():
    assert texts([pd.Period("2021-06", "M"), "2021-07-01"], freq="M") == [
        "2021-06",
        "2021-07",
    ]


def test_one_value_after_the_twelfth_decides_day_and_month_for_the_column():
    assert texts(["03.04.2021", "31.05.2021"], freq="M") == ["2021-04", "2021-05"]
    assert texts(["03/04/2021", "05/31/2021"], freq="M") == ["2021-03", "2021-05"]


def test_a_zone_is_dropped_at_local_midnight_through_summer_time():
    berlin = pd.date_range("2021-01-01", periods=12, freq="MS", tz="Europe/Berlin")
    assert texts(berlin) == [f"2021-{month:02d}" for month in range(1, 13)]


def test_the_last_tick_of_a_period_belongs_to_it():
    months = pd.period_range("2021-01", "2021-12", freq="M")
    assert parse_periods(months.end_time).equals(months)


@pytest.mark.parametrize("year", [1800, 1959, 1969, 2200])
def test_years_far_from_now_are_read(year):
    assert texts([year]) == [str(year)]
    assert texts([f"{year}-12-31"]) == [str(year)]


REFUSED = {
    "F-401": [[None], [float("nan"), 2021], ["", "2021"], [pd.NaT]],
    "F-402": [
        ["soon"],
        ["2021-13"],
        [202113],
        ["2021-02-30"],
        ["2021Q5"],
        [True],
        [-5],
        [float("inf")],
        [[2021]],
        [1 + 2j],
    ],
    "F-403": [[20211], ["20211"], [21], [1799], ["2201-01"], ["2500-01-01"], [10**30]],
    "F-404": [["2021-07", "2021Q3"], [2021, "2021-07"], ["2021Q1", "2021-06-15"]],
    "F-405": [["03.04.2021"], ["31.01.2021", "01/31/2021"]],
    "F-406": [[44470], ["44470"], [44470.5], [43008]],
    "F-407": [
        ["2021W05"],
        ["2021H1"],
        [pd.Period("2021", "Y-JUN")],
        [pd.Period("2021-01-01", "W")],
    ],
    "F-408": [
        ["2021-07-01 21:00"],
        pd.to_datetime(["2021-06-30"]).tz_localize("Europe/Moscow").tz_convert("UTC"),
        [pd.Timestamp("2021-01-01", tz="UTC"), pd.Timestamp("2021-02-01")],
    ],
    "F-409": [
        ["2021-01-05", "2021-02-17", "2021-05-30"],
        pd.date_range("2021-01-01", periods=40, freq="D"),
    ],
    "F-410": [["2021-7M"], ["7M2021"], ["Jan-Jul 2021"], ["январь–июль 2021"]],
    "F-411": [[2021.5], [2021.07]],
}


@pytest.mark.parametrize(
    ("code", "labels"),
    [(code, labels) for code, many in REFUSED.items() for labels in many],
)
def test_what_is_no_clear_period_is_refused_with_its_code(code, labels):
    with pytest.raises(PeriodError) as refusal:
        parse_periods(labels, column="month")
    assert refusal.value.code == code
    assert refusal.value.column == "month"
    assert refusal.value.remedy


def test_an_error_counts_rows_and_shows_values():
    with pytest.raises(
        PeriodError, match=r"3 rows of column 'period'.*'soon'; 'later'"
    ):
        parse_periods(["soon", "2021", "soon", "later"])


def test_asking_for_another_frequency_than_the_labels_have_is_refused():
    with pytest.raises(PeriodError, match="freq='Y' is asked for"):
        parse_periods(["2021-07"], freq="Y")
    with pytest.raises(PeriodError, match="F-407"):
        parse_periods(["2021-07-01"], freq="W")


@given(
    st.sampled_from(["Y", "Q", "M"]),
    st.lists(st.integers(-170, 230), min_size=2, max_size=20, unique=True),
    st.randoms(use_true_random=False),
)
def test_any_order_and_any_encoding_give_the_same_periods(freq, ordinals, shuffler):
    shuffler.shuffle(ordinals)
    start = pd.Period("1970", freq=freq)
    periods = pd.PeriodIndex([start + n for n in ordinals])
    for labels in (periods, periods.astype(str), periods.to_timestamp(), list(periods)):
        assert parse_periods(labels, freq=freq).equals(periods)


def test_dates_are_days_without_clock_or_zone():
    assert parse_date("30.09.2021") == pd.Timestamp("2021-09-30")
    assert parse_date(pd.Timestamp("2021-09-30 23:30", tz="Europe/Moscow")) == (
        pd.Timestamp("2021-09-30")
    )
    assert parse_date(dt.date(2021, 9, 30)).tz is None
    assert list(parse_dates(["2021-09-30T10:00:00Z", "1959-01-02"]).year) == [
        2021,
        1959,
    ]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2021", "F-412"),
        (2021, "F-412"),
        ("2021-09", "F-412"),
        (pd.Period("2021-09", "M"), "F-412"),
        ("03.04.2021", "F-405"),
        (None, "F-401"),
        (44470, "F-406"),
        ("tomorrow", "F-402"),
        ("3021-01-01", "F-403"),
    ],
    ids=repr,
)
def test_an_as_of_date_needs_a_day(value, code):
    with pytest.raises(PeriodError) as refusal:
        parse_date(value)
    assert refusal.value.code == code


def test_a_horizon_is_a_number_of_periods_or_the_last_one():
    last = pd.Period("2021-10", "M")
    assert periods_after(last, 3).astype(str).to_list() == [
        "2021-11",
        "2021-12",
        "2022-01",
    ]
    assert periods_after(last, "2022-01").equals(periods_after(last, 3))
    assert periods_after(last, pd.Period("2022-01", "M")).equals(
        periods_after(last, np.int64(3))
    )


@pytest.mark.parametrize(
    "horizon", [0, -1, 10**5, 1.5, True, None, "2021", "2021-10", "2020-01"]
)
def test_an_impossible_horizon_is_refused(horizon):  # TRUST.md, section 4, case 56
    with pytest.raises(PeriodError) as refusal:
        periods_after(pd.Period("2021-10", "M"), horizon)
    assert refusal.value.code == "F-421"


def test_only_years_quarters_and_months_have_a_frequency():
    assert FREQUENCIES == {"Y": 1, "Q": 4, "M": 12}
    with pytest.raises(PeriodError, match="F-407"):
        frequency_of(pd.period_range("2021-01-01", periods=3, freq="D"))
