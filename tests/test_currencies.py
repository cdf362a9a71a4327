"""Flows in another currency: at the rate of their own time, never at one day's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import NumberError, PeriodError
from forecast.panel import TradePanel
from forecast.series import Drift

IN_DOLLARS = {2019: 20.0, 2020: 18.0, 2021: 25.6, 2022: 28.2}
"""Billion; 2022 as the Russian side reported it, 2021 as that implies."""


def roubles(per_dollar: dict[int, float]) -> TradePanel:
    """The same trade in roubles of the day."""
    rows = [
        {"side": "RU", "year": year, "trade": dollars * per_dollar[year], "visits": 1.0}
        for year, dollars in IN_DOLLARS.items()
    ]
    return TradePanel.from_frame(
        pd.DataFrame(rows),
        unit=["side"],
        measure="billion RUB",
        period="year",
        flow="trade",
    )


CALM = dict.fromkeys(IN_DOLLARS, 60.0)
SHOCK = {2019: 60.0, 2020: 72.0, 2021: 73.0, 2022: 120.0}


def test_a_fall_of_the_currency_is_no_fall_of_trade():
    calm = roubles(CALM).converted(CALM, "billion USD")
    shock = roubles(SHOCK).converted(SHOCK, "billion USD")
    np.testing.assert_allclose(
        shock.to_frame()["trade"], list(IN_DOLLARS.values()), rtol=1e-12
    )
    one, other = (
        Drift().fit(panel).forecast(2, seed=1).draws for panel in (calm, shock)
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_one_days_rate_for_all_years_is_refused():
    with pytest.raises(NumberError, match="F-212") as refused:
        roubles(SHOCK).converted(82.3, "billion USD")
    assert "mean rate of each period" in str(refused.value)


def test_a_year_without_a_rate_is_named():
    with pytest.raises(PeriodError, match="F-435") as refused:
        roubles(SHOCK).converted({2019: 60, 2020: 72, 2021: 73}, "billion USD")
    assert "2022" in str(refused.value)


def test_monthly_rates_are_averaged_and_an_incomplete_year_is_none():
    months = pd.period_range("2019-01", "2022-12", freq="M")
    monthly = pd.Series(np.linspace(60, 107, 48), months)
    found = roubles(SHOCK).converted(monthly, "billion USD")
    yearly = monthly.groupby(months.year).mean()
    expected = roubles(SHOCK).to_frame()["trade"].to_numpy() / yearly.to_numpy()
    np.testing.assert_allclose(found.to_frame()["trade"], expected, rtol=1e-12)
    with pytest.raises(PeriodError, match="F-435"):
        roubles(SHOCK).converted(monthly.iloc[:-1], "billion USD")


def test_rates_of_years_do_not_convert_months():
    table = pd.DataFrame(
        {"side": "RU", "month": ["2022-01", "2022-02"], "trade": [1, 2]}
    )
    panel = TradePanel.from_frame(
        table, unit=["side"], measure="billion RUB", period="month", flow="trade"
    )
    with pytest.raises(PeriodError, match="longer periods"):
        panel.converted({2022: 70}, "billion USD")


@pytest.mark.parametrize("rate", [0.0, -60.0, np.nan, np.inf, "sixty"])
def test_rates_are_positive_numbers(rate):
    with pytest.raises(NumberError, match="F-213") as refused:
        roubles(SHOCK).converted({**SHOCK, 2020: rate}, "billion USD")
    assert "2020" in str(refused.value)


def measured_in(unit: str) -> TradePanel:
    table = pd.DataFrame(
        {"side": "RU", "year": [2021, 2022], "trade": [1480.0, 1540.0]}
    )
    return TradePanel.from_frame(
        table, unit=["side"], measure=unit, period="year", flow="trade"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("billion RUB", "million USD"),
        ("bn RUB", "mn USD"),
        ("RUB bn", "USD mln"),
        ("млрд руб", "млн USD"),
        ("1000 RUB", "USD"),
        ("RUB", "thousand USD"),
    ],
)
def test_billions_do_not_become_millions_by_their_name(old, new):
    with pytest.raises(NumberError, match="F-209"):
        measured_in(old).converted({2021: 74, 2022: 70}, new)


@pytest.mark.parametrize(
    ("old", "new"), [("bn RUB", "billion USD"), ("млрд руб.", "USD bn"), ("RUB", "USD")]
)
def test_one_scale_may_be_written_in_many_ways(old, new):
    found = measured_in(old).converted({2021: 74, 2022: 70}, new)
    assert found.to_frame()["trade"].to_list() == [20.0, 22.0]


@pytest.mark.parametrize(
    "days",
    [
        ["2021-12-31", "2022-12-31"],
        ["31.12.2021", "31.12.2022"],
        pd.to_datetime(["2021-12-31", "2022-12-31"]),
    ],
)
def test_the_rate_of_a_years_last_day_is_no_mean_of_the_year(days):
    with pytest.raises(NumberError, match="F-212"):
        measured_in("billion RUB").converted(
            pd.Series([74.0, 70.0], days), "billion USD"
        )


def test_a_period_with_two_rates_is_named():
    months = [f"2021-{m:02d}" for m in range(1, 12)] + ["2021-11"]
    for labels in (
        [2021, 2022, 2022],
        [*months, *pd.period_range("2022-01", periods=12, freq="M").astype(str)],
    ):
        rates = pd.Series(70.0, labels)
        with pytest.raises(PeriodError, match="two rates"):
            measured_in("billion RUB").converted(rates, "billion USD")


def test_covariates_and_the_panel_itself_stay_and_a_note_tells():
    panel = roubles(SHOCK)
    before = panel.to_frame()
    found = panel.converted(SHOCK, "billion USD")
    pd.testing.assert_frame_equal(panel.to_frame(), before)
    assert found.measure == "billion USD"
    assert (found.to_frame()["visits"] == 1).all()
    assert any("mean rate of each period" in note for note in found.notes)
