"""Borders between countries: flows across them, and columns split by them or by period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, PeriodError
from forecast.panel.groupings import Ends
from forecast.panel.number_columns import Bools, Floats, Ints
from forecast.periods import parse_periods

__all__ = ["Country", "by_border", "by_period", "countries_of", "country_ends"]

Country = Mapping[Any, Any] | Callable[[Any], Any] | None
"""Region to country; None where every region is a country of its own."""


def countries_of(regions: pd.Index, country: Country) -> pd.Index:
    """Return the country of each region.

    Raises
    ------
    KeyColumnError
        F-332 regions without one.

    Examples
    --------
    >>> countries_of(pd.Index(["KZ-39", "RU-OMS"]), lambda code: code[:2]).to_list()
    ['KZ', 'RU']
    """
    if country is None:
        return regions
    find = country.get if isinstance(country, Mapping) else country
    found = [find(region) for region in regions]
    lost = [r for r, c in zip(regions, found, strict=True) if pd.isna(c)]
    if lost:
        raise KeyColumnError(
            f"{len(lost):,} regions have no country",
            code="F-332",
            count=len(lost),
            examples=[repr(region) for region in lost],
            remedy="Give every region of the panel a country: country={'RU-OMS': 'RU'}.",
        )
    return pd.Index(found)


def country_ends(ends: Ends, country: Country) -> Ends:
    """Return the countries of both ends of every flow."""
    codes, places = pd.factorize(countries_of(ends.regions, country), sort=True)
    return Ends(codes[ends.origin], codes[ends.destination], pd.Index(places))


def by_border(values: Floats | Ints, domestic: Bools) -> tuple[Any, Any]:
    """Split a column of shape (n,) into its values across and within borders, else 0."""
    nothing = values.dtype.type(0)
    return np.where(domestic, nothing, values), np.where(domestic, values, nothing)


def by_period(
    values: Floats | Ints, periods: pd.PeriodIndex, column: str, base: Any
) -> dict[str, Any]:
    """Split a column into one for each period that occurs: its values then, else 0.

    Parameters
    ----------
    values : array of shape (n,)
    periods : PeriodIndex of length n
    column : str
        The new names begin with it.
    base : period-like or None
        Left out.

    Raises
    ------
    PeriodError
        F-442 when `base` does not occur.
    """
    occurring = periods.unique().sort_values()
    if base is not None:
        (left_out,) = parse_periods([base], column="base")
        if left_out not in occurring:
            raise PeriodError(
                f"the base period {base!r} does not occur",
                code="F-442",
                remedy=f"The panel has {occurring[0]} to {occurring[-1]}; give one of its "
                "periods, or None to leave none out.",
            )
        occurring = occurring[occurring != left_out]
    nothing = values.dtype.type(0)
    return {
        f"{column}_{str(period).replace('-', '_')}": np.where(
            periods == period, values, nothing
        )
        for period in occurring
    }
