"""The calibration tables that ship: made by ``benchmarks/part_year_calibration.py``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import pandas as pd

from forecast.part_year import PartYearModel

__all__ = ["dollars_of_2010", "part_year_model"]

BASE_YEAR = 2010


@cache
def part_year_model() -> PartYearModel:
    """Give the shipped relation between a part of a year and the whole of it.

    Calibrated on monthly goods trade of the United States with half of its
    partners, 1986–2010 (US Census Bureau, public domain); see
    ``docs/explanation/nowcast.md`` for its coverage on the other half.

    Examples
    --------
    >>> part_year_model().table["months"].nunique()
    11
    """
    return PartYearModel(
        _read("part_year_model.csv"), _read("part_year_dependence.csv")
    )


@cache
def _price_index() -> pd.Series:
    return _read("us_consumer_prices.csv").set_index("year")["index"].astype(float)


def dollars_of_2010(year: int) -> float:
    """Factor that turns dollars of `year` into dollars of 2010, from prices known by then.

    The consumer price index of the year before is used, so that a nowcast of a
    year needs nothing that is published after it.

    Examples
    --------
    >>> round(dollars_of_2010(2021), 3)
    0.843
    """
    prices = _price_index()
    known = prices[prices.index < year]
    latest = known.iloc[-1] if len(known) else prices.iloc[0]
    return float(prices[BASE_YEAR] / latest)


def _read(name: str) -> pd.DataFrame:
    with (
        files("forecast.datasets").joinpath("data", name).open(encoding="utf-8") as file
    ):
        return pd.read_csv(file)
