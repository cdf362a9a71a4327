"""The facts that ship with the package: Russia-Kazakhstan trade, said by whom and when.

Every table is a CSV file in ``forecast/datasets/data``; its README tells the columns.
All loaders read a fresh frame, so callers may change what they get. With `as_of` they
return only what was public on that day: of a statement with an uncertain date, the
last possible day counts.
"""

from __future__ import annotations

import pandas as pd

from forecast.datasets.fact_tables import known_rows
from forecast.errors import KeyColumnError
from forecast.periods import parse_date

__all__ = [
    "bloc_growth",
    "border_pairs",
    "rus_kaz_agreements",
    "rus_kaz_annual",
    "rus_kaz_directions",
    "rus_kaz_events",
    "rus_kaz_forecasts",
    "rus_kaz_forums",
    "rus_kaz_releases",
]

RELEASE_COLUMNS = [
    "id",
    "period_start",
    "period_end",
    "value",
    "growth",
    "relation",
    "reporter",
    "released",
    "released_precision",
    "kind",
    "unit",
    "who",
    "quality",
    "source",
]

ANNUAL_SOURCES = ("ots", "ots_adjusted", "comtrade")


def rus_kaz_releases(
    *, as_of: object = None, all_evidence: bool = False
) -> pd.DataFrame:
    """Dated figures of Russia-Kazakhstan turnover, as they were published.

    Russian and Kazakh figures stand side by side in one table and must never be
    chained: choose one `reporter` first.

    Parameters
    ----------
    as_of : date-like, optional
        Keep what was public on this day; a statement of uncertain date counts from
        the last day it can have been made.
    all_evidence : bool
        Also rows that no longer hold water (``quality`` says why), such as sums in
        roubles converted at a later rate.

    Returns
    -------
    DataFrame
        One row per statement, sorted by release: `id`, `period_start`, `period_end`
        (days), `value` (million USD; NaN where only the growth was said), `growth`
        (fraction on the same period of the year before), `relation` ("equal",
        "about", "almost", "more than"), `reporter` ("Russia", "Kazakhstan",
        "partner statistics", "unspecified"), `released` (last possible day),
        `released_precision`, `kind` ("reported" or "derived"), `unit`, `who`,
        `quality` (empty: no reservation), `source`.

    Raises
    ------
    PeriodError
        `as_of` is no date.

    Examples
    --------
    >>> from forecast import datasets
    >>> known = datasets.rus_kaz_releases(as_of="2021-09-30")
    >>> known.tail(1)[["id", "value", "growth", "reporter"]].to_numpy().tolist()
    [['2021-7M-RU', 14000.0, 0.34, 'Russia']]
    """
    table = known_rows("rus_kaz_releases", as_of, all_evidence=all_evidence)
    return table[RELEASE_COLUMNS]


def rus_kaz_directions(*, as_of: object = None) -> pd.DataFrame:
    """Give the published figures that were split by direction, one row per direction.

    Parameters
    ----------
    as_of : date-like, optional

    Returns
    -------
    DataFrame
        `id` of the release, `origin`, `destination` ("RU", "KZ"), `period_start`,
        `period_end`, `value` (million USD), `unit`, `reporter`, `released`, `who`,
        `quality`, `source`.

    Examples
    --------
    >>> from forecast import datasets
    >>> half = datasets.rus_kaz_directions(as_of="2016-01-01").tail(2)
    >>> half[["origin", "destination", "value"]].to_numpy().tolist()
    [['RU', 'KZ', 5200.0], ['KZ', 'RU', 2300.0]]
    """
    table = known_rows("rus_kaz_releases", as_of)
    kept = ["id", "period_start", "period_end", "unit", "reporter", "released"]
    kept += ["who", "quality", "source"]
    columns = {"rus_to_kaz": ("RU", "KZ"), "kaz_to_rus": ("KZ", "RU")}
    parts = [
        table[kept].assign(origin=origin, destination=destination, value=table[column])
        for column, (origin, destination) in columns.items()
    ]
    long = pd.concat(parts).sort_index(kind="stable").dropna(subset=["value"])
    order = ["id", "origin", "destination", "period_start", "period_end", "value"]
    return long[order + kept[3:]].reset_index(drop=True)


def rus_kaz_forecasts(*, as_of: object = None) -> pd.DataFrame:
    """Dated official forecasts of Russia-Kazakhstan turnover.

    What came true is not in this table, so nothing of it can leak into a backtest:
    take the outcome from `rus_kaz_releases`.

    Parameters
    ----------
    as_of : date-like, optional

    Returns
    -------
    DataFrame
        `id` (a statement quoted with two numbers has two rows, ``V3a`` and ``V3b``),
        `statement`, `made_first`, `made_on` (first and last possible day),
        `made_precision`, `who`, `reporter`, the evidence quoted with it
        (`period_start`, `period_end`, `period_value`, `period_growth`),
        `target_year`, `low`, `high` (million USD), `relation` ("point", "range",
        "about", "more than": then `high` is NaN), `unit`, `note`, `evidence`,
        `quality`, `source`.

    Examples
    --------
    >>> from forecast import datasets
    >>> said = datasets.rus_kaz_forecasts(as_of="2021-09-30")
    >>> said[said["target_year"] == 2021][["id", "who", "low"]].to_numpy().tolist()[-1]
    ['V4', 'V. Putin', 20000.0]
    """
    return _whole(known_rows("rus_kaz_forecasts", as_of), "target_year")


def rus_kaz_forums(*, as_of: object = None, all_evidence: bool = False) -> pd.DataFrame:
    """List the Russia-Kazakhstan forums of interregional cooperation, I to XXII.

    Parameters
    ----------
    as_of : date-like, optional
    all_evidence : bool
        Also the forums for whose place and date no source was found.

    Returns
    -------
    DataFrame
        `no`, `roman`, `date`, `date_end` (first and last possible day), `precision`,
        `place`, `region` (ISO 3166-2), `host` ("RU", "KZ"), `format`, `theme`,
        `documents`, `value` (million USD), `unit`, `outcome`, `status`, `known_on`,
        `evidence`, `quality`, `source`.

    Examples
    --------
    >>> from forecast import datasets
    >>> len(datasets.rus_kaz_forums()), len(datasets.rus_kaz_forums(all_evidence=True))
    (17, 22)
    """
    return _whole(known_rows("rus_kaz_forums", as_of, all_evidence=all_evidence), "no")


def rus_kaz_events(*, as_of: object = None) -> pd.DataFrame:
    """Return the 30 cooperation events of the founding article, with their states.

    An event whose facts changed later has one row per state, told apart by `known_on`
    and `version`: E04 was planned and then held, E19 and E20 turned out to be
    contested, the place of E29 got a new code. ``EventLog`` takes them all and knows
    at each day the latest state. On 2021-10-19, the day of the article, there are 30
    rows, as the article has them.

    Parameters
    ----------
    as_of : date-like, optional
        Keep the states public on this day.

    Returns
    -------
    DataFrame
        As ``EventLog.from_frame`` takes it: `id`, `version`, `date`, `date_end`,
        `precision`, `kind`, `subkind`, `origin` (sender), `destination` (receiver or
        place; ISO 3166), `status`, `count`, `value` (million USD), `value_relation`
        ("at least" marks a lower bound), `unit`, `part_of` (the value is inside
        another event), `known_on`, `reporter`, `party`, `theme`, `trade_content`
        (False: a placebo), `conflict`, `evidence`, `quality`, `quote`, `source`;
        sorted by `id` and `version`.

    Notes
    -----
    An event counts as known from the day of the article, unless it was public
    earlier by its nature (E01-E03).

    Examples
    --------
    >>> from forecast import datasets
    >>> article = datasets.rus_kaz_events(as_of="2021-10-19")
    >>> len(article), int((~article["trade_content"]).sum())
    (30, 2)
    >>> states = datasets.rus_kaz_events().set_index("id")["status"]
    >>> states.loc["E04"].tolist()
    ['planned', 'held']
    """
    table = known_rows("rus_kaz_events", as_of).sort_values(["id", "version"])
    return _whole(table, "version").reset_index(drop=True)


def rus_kaz_agreements(
    *, as_of: object = None, third_party: bool = False
) -> pd.DataFrame:
    """Trade agreements that have both Russia and Kazakhstan as members.

    Parameters
    ----------
    as_of : date-like, optional
        An agreement counts as known from the end of the year it was signed in.
    third_party : bool
        Also the entries by which only a third party joins, leaves or signs.

    Returns
    -------
    DataFrame
        `id`, `base_treaty`, `name`, `entry_type`, `origin`, `destination`,
        `year_signed`, `year_in_force` (NaN where unknown), `third_party`,
        `known_on`, `unit`, `evidence`, `quality`, `source`.

    References
    ----------
    Duer, Baccini and Elsig (2014), "The design of international trade agreements",
    Review of International Organizations 9 (DESTA; CC BY 4.0).

    Examples
    --------
    >>> from forecast import datasets
    >>> agreements = datasets.rus_kaz_agreements().set_index("id")
    >>> int(agreements.loc["1040", "year_in_force"]), len(agreements)
    (2015, 10)
    """
    table = known_rows("rus_kaz_agreements", as_of)
    if not third_party:
        table = table[~table["third_party"]]
    return table.reset_index(drop=True)


def rus_kaz_annual(
    source: str = "ots", *, as_of: object = None, all_evidence: bool = False
) -> pd.DataFrame:
    """Yearly flows between Russia and Kazakhstan from statistical compilations.

    None of these is an official total. ``"ots"`` is mirror-adjusted (usually the
    larger of the two reports), and its 2010 and 2011 are broken: they are left out
    unless `all_evidence` is set. ``"ots_adjusted"`` replaces these two years.
    ``"comtrade"`` has every fourth year from 2000 to 2016.

    Parameters
    ----------
    source : {"ots", "ots_adjusted", "comtrade"}
    as_of : date-like, optional
    all_evidence : bool

    Returns
    -------
    DataFrame
        `origin`, `destination`, `year`, `value` (million USD), `unit`, `reporter`,
        `released`, `released_precision`, `evidence`, `quality`, `source`, sorted by
        origin and year.

    Raises
    ------
    KeyColumnError
        Unknown `source` (F-390).

    Examples
    --------
    >>> from forecast import datasets
    >>> flows = datasets.rus_kaz_annual()
    >>> flows.groupby("year")["value"].sum().loc[[2009, 2012]].round(1).tolist()
    [12997.6, 29373.6]
    """
    if source not in ANNUAL_SOURCES:
        raise KeyColumnError(
            f"no yearly series {source!r}",
            code="F-390",
            column="source",
            count=1,
            examples=[source],
            remedy=f"Choose one of {list(ANNUAL_SOURCES)}.",
        )
    table = known_rows("rus_kaz_annual", as_of, all_evidence=all_evidence)
    wanted = table["series"] == source
    if source == "ots_adjusted":
        wanted |= (table["series"] == "ots") & (table["evidence"] != "broken")
    chosen = table[wanted].drop(columns="series").sort_values(["origin", "year"])
    return _whole(chosen, "year").reset_index(drop=True)


def border_pairs(*, as_of: object = None) -> pd.DataFrame:
    """Pairs of a Russian federal subject and a Kazakh region with a land border.

    Parameters
    ----------
    as_of : date-like, optional
        The regions as they stood on this day; Abai Region (KZ-10) exists since
        2022-06-08. The table begins in 2000.

    Returns
    -------
    DataFrame
        `origin`, `destination` (ISO 3166-2), `origin_name`, `destination_name`,
        `border`, `valid_from`, `valid_to` (NaT: still so), `unit`, `evidence`,
        `quality`, `source`.

    Examples
    --------
    >>> from forecast import datasets
    >>> len(datasets.border_pairs(as_of="2021-09-30")), len(datasets.border_pairs())
    (18, 19)
    """
    table = known_rows("border_pairs", as_of)
    today = table["valid_to"].isna()
    if as_of is not None:
        today |= table["valid_to"] >= parse_date(as_of)
    return table[today].reset_index(drop=True)


def bloc_growth(*, as_of: object = None) -> pd.DataFrame:
    """Growth of trade inside the Eurasian Economic Union: the control group.

    Most rows are *mutual trade*, the sum of the members' exports to each other. A
    turnover counts both directions, so the comparison is a rough one.

    Parameters
    ----------
    as_of : date-like, optional

    Returns
    -------
    DataFrame
        `id`, `bloc`, `member` ("EAEU" or a country), `period_start`, `period_end`,
        `measure`, `value` (million USD), `growth` (fraction), `growth_base` (the
        year compared with), `relation`, `reporter`, `released_first`, `released`,
        `released_precision`, `kind`, `unit`, `who`, `evidence`, `quality`, `source`.

    Examples
    --------
    >>> from forecast import datasets
    >>> bloc = datasets.bloc_growth(as_of="2021-10-19").set_index("id")
    >>> float(bloc.loc["EAEU-2021-8M", "growth"]), float(bloc.loc["KZ-2021-8M", "growth"])
    (0.31, 0.38)
    """
    return known_rows("bloc_growth", as_of)


def _whole(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Turn a column without gaps into whole numbers."""
    return table.assign(**{column: table[column].astype("int64")})
