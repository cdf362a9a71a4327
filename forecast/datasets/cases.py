"""The founding case as one object: all dated figures of Russia–Kazakhstan trade."""

from __future__ import annotations

import pandas as pd

from forecast.datasets.facts import rus_kaz_annual, rus_kaz_releases
from forecast.releases import Releases

__all__ = ["rus_kaz_figures"]

MIRROR = "Open Trade Statistics (mirror-adjusted)"


def rus_kaz_figures(*, as_of: object = None) -> Releases:
    """Turnover of Russia with Kazakhstan as said by officials and press, and by mirror data.

    The sides stand apart as reporters: ``"Russia"``, ``"Kazakhstan"``, ``"unspecified"``
    (the source does not say), partner statistics, and the yearly totals of Open Trade
    Statistics 1995–2018, which are mirror-adjusted and not official. Years of the
    latter that are known to be broken (2010, 2011) are left out.

    Parameters
    ----------
    as_of : date-like, optional
        Only what had been published by then.

    Returns
    -------
    Releases
        In million US dollars.

    Examples
    --------
    >>> figures = rus_kaz_figures(as_of="2021-09-30")
    >>> figures.for_reporter("Russia").part_years(2021)[["months", "value", "growth"]].values
    array([[7.0e+00, 1.4e+04, 3.4e-01]])
    """
    said = rus_kaz_releases(as_of=as_of)
    both = pd.concat([said, _mirror_totals(as_of)], ignore_index=True)
    return Releases.from_frame(both, measure="million USD")


def _mirror_totals(as_of: object) -> pd.DataFrame:
    """Sum both directions of the mirror data to yearly turnover, as figures of one reporter."""
    flows = rus_kaz_annual("ots", as_of=as_of)
    flows = flows[flows.groupby("year")["value"].transform("size") == 2]
    yearly = flows.groupby("year", as_index=False).agg(
        value=("value", "sum"),
        released=("released", "max"),
        source=("source", "first"),
        quality=("quality", "first"),
    )
    return yearly.assign(
        period_start=pd.to_datetime(yearly["year"].astype(str) + "-01-01"),
        period_end=pd.to_datetime(yearly["year"].astype(str) + "-12-31"),
        reporter=MIRROR,
        kind="reported",
        relation="equal",
        who="Open Trade Statistics",
    ).drop(columns="year")
