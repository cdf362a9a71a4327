"""Dated figures as officials publish them: what is refused, what is kept apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import (
    ColumnError,
    NumberError,
    PeriodError,
    ReporterError,
    TableError,
)
from forecast.releases import Releases


def figures(**changed: object) -> pd.DataFrame:
    """Four figures of two reporters; `changed` replaces whole columns."""
    table = {
        "period_start": ["2020-01-01", "2021-01-01", "2021-01-01", "2021-01-01"],
        "period_end": ["2020-12-31", "2021-07-31", "2021-08-31", "2021-06-30"],
        "value": [18_000.0, 14_000.0, 14_700.0, np.nan],
        "growth": [np.nan, 0.34, 0.27, 0.27],
        "reporter": ["Russia", "Russia", "Kazakhstan", "Kazakhstan"],
        "released": ["2021-02-01", "2021-09-30", "2021-11-02", "2021-08-18"],
    }
    return pd.DataFrame(table | changed)


def releases(**changed: object) -> Releases:
    return Releases.from_frame(figures(**changed), measure="million USD")


def test_the_order_of_rows_does_not_matter_and_the_input_is_unchanged():
    df = figures()
    before = df.copy()
    one = Releases.from_frame(df, measure="million USD")
    other = Releases.from_frame(df.iloc[::-1], measure="million USD")
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(df, before)


def test_only_what_had_been_released_is_known():
    assert len(releases().as_of("2021-01-31")) == 0
    assert releases().as_of("2021-09-29").reporters == ("Kazakhstan", "Russia")
    assert len(releases().as_of("2021-09-30").for_reporter("Russia")) == 2


def test_figures_of_two_reporters_are_never_one_series():
    with pytest.raises(ReporterError, match=r"F-351.*Kazakhstan.*Russia"):
        releases().yearly()
    with pytest.raises(ReporterError, match="F-351"):
        releases().speaking_of(2021)
    assert releases().for_reporter("Russia").yearly().to_dict() == {2020: 18_000.0}


def test_an_unknown_reporter_is_named_with_those_that_there_are():
    with pytest.raises(ReporterError, match=r"F-352.*'Belarus'.*Kazakhstan"):
        releases().for_reporter("Belarus")


def test_part_years_start_in_january_and_end_with_a_month_before_december():
    found = releases(
        period_start=["2020-01-01", "2021-02-01", "2021-01-01", "2021-01-01"],
        period_end=["2020-12-31", "2021-07-31", "2021-08-15", "2021-06-30"],
    ).part_years(2021)
    assert found["months"].tolist() == [6]


def test_a_later_release_replaces_an_earlier_one_and_reported_goes_before_derived():
    revised = pd.concat([figures().iloc[[0]]] * 3, ignore_index=True).assign(
        value=[18_000.0, 18_500.0, 99_000.0],
        released=["2021-02-01", "2021-05-01", "2022-05-01"],
        kind=["reported", "reported", "derived"],
    )
    found = Releases.from_frame(revised, measure="million USD")
    assert found.yearly().to_dict() == {2020: 18_500.0}
    assert found.as_of("2021-03-01").yearly().to_dict() == {2020: 18_000.0}


def test_columns_may_have_other_names():
    df = figures().rename(columns={"value": "usd_mn"})
    found = Releases.from_frame(df, measure="million USD", columns={"value": "usd_mn"})
    assert found.table["value"].notna().sum() == 3


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        (
            {"value": [18_000.0, -1.0, 0.0, np.nan]},
            NumberError,
            r"F-250.*'value' \(2 rows\)",
        ),
        ({"value": [18_000.0, np.inf, 1.0, np.nan]}, NumberError, "F-250"),
        (
            {"growth": [np.nan, 34.0, 0.27, 0.27]},
            NumberError,
            r"F-251.*34 per cent is 0\.34",
        ),
        ({"growth": [np.nan, 0.34, 0.27, np.nan]}, NumberError, "F-252"),
        ({"relation": ["equal", "about", "roughly", "equal"]}, NumberError, "F-253"),
        ({"period_end": ["2019-12-31"] * 4}, PeriodError, "F-450"),
        (
            {"released": ["2021-02-01", "2021-07-30", "2021-11-02", "2021-08-18"]},
            PeriodError,
            "F-451",
        ),
    ],
)
def test_impossible_figures_are_refused_with_their_rows(changed, error, message):
    with pytest.raises(error, match=message):
        releases(**changed)


def test_text_and_nameless_figures_are_refused_by_row():
    with pytest.raises(NumberError, match=r"F-254.*row 1: 14 bn"):
        releases(value=[18_000.0, "14 bn", None, 1.0])
    with pytest.raises(ReporterError, match=r"F-353.*'reporter' \(1 rows\)"):
        releases(reporter=["Russia", None, "Kazakhstan", "Kazakhstan"])


def test_a_year_may_be_written_in_any_way():
    for year in (np.int64(2021), 2021.0, "2021", pd.Period("2021")):
        assert len(releases().part_years(year)) == 3
    with pytest.raises(PeriodError, match="F-411"):
        releases().part_years(2021.5)


def test_a_missing_column_is_named_and_guessed():
    with pytest.raises(ColumnError, match=r"F-111.*'released'.*'released_on'"):
        Releases.from_frame(
            figures().rename(columns={"released": "released_on"}), measure="USD"
        )


def test_an_empty_table_is_refused():
    with pytest.raises(TableError, match="F-101"):
        Releases.from_frame(figures().iloc[:0], measure="USD")


def test_the_repr_says_how_many_by_whom_and_when():
    assert repr(releases()) == (
        "Releases: 4 figures in million USD by Kazakhstan and Russia, "
        "released 2021-02-01 to 2021-11-02"
    )
    assert (
        repr(releases().as_of("2000-01-01")) == "Releases: no figures, in million USD"
    )
