"""The CSV files that ship with the package: which there are and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

import pandas as pd

from forecast.periods import parse_date

__all__ = ["TABLES", "FactTable", "catalogue", "known_rows", "read_facts"]

# Rows with any other evidence come only on demand (`all_evidence=True`).
RELIED_UPON = ("sourced", "general knowledge")


@dataclass(frozen=True, slots=True)
class FactTable:
    """How one shipped CSV file is read.

    Attributes
    ----------
    file : str
    known : str
        The column with the last day on which the row can have become public.
    content, licence : str
    dates, numbers, flags : tuple of str
        Columns that become timestamps, floats and booleans; all others stay text.
    """

    file: str
    known: str
    content: str
    licence: str = "facts; MIT as a collection"
    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


TABLES: dict[str, FactTable] = {
    "rus_kaz_releases": FactTable(
        "rus_kaz_releases.csv",
        "released",
        "turnover as officials and press published it, whole years and parts",
        dates=("period_start", "period_end", "released_first", "released"),
        numbers=("value", "growth", "rus_to_kaz", "kaz_to_rus"),
    ),
    "rus_kaz_forecasts": FactTable(
        "rus_kaz_forecasts.csv",
        "made_on",
        "dated official forecasts of a year's turnover",
        dates=("made_first", "made_on", "period_start", "period_end"),
        numbers=("period_value", "period_growth", "target_year", "low", "high"),
    ),
    "rus_kaz_forums": FactTable(
        "rus_kaz_forums.csv",
        "known_on",
        "the interregional forums I-XXII, 2003-2026",
        dates=("date", "date_end", "known_on"),
        numbers=("no", "documents", "value"),
    ),
    "rus_kaz_events": FactTable(
        "rus_kaz_events.csv",
        "known_on",
        "30 cooperation events coded from one newspaper article of 2021-10-19",
        dates=("date", "date_end", "known_on"),
        numbers=("version", "count", "value"),
        flags=("trade_content", "conflict"),
    ),
    "rus_kaz_agreements": FactTable(
        "rus_kaz_agreements.csv",
        "known_on",
        "trade agreements with both countries as members",
        licence="CC BY 4.0 (DESTA via globalgov/manytrade)",
        dates=("known_on",),
        numbers=("year_signed", "year_in_force"),
        flags=("third_party",),
    ),
    "rus_kaz_annual": FactTable(
        "rus_kaz_annual.csv",
        "released",
        "yearly flows in both directions, 1995-2018, from statistical compilations",
        dates=("released",),
        numbers=("year", "value"),
    ),
    "border_pairs": FactTable(
        "border_pairs.csv",
        "valid_from",
        "Russian federal subjects x Kazakh regions with a common land border",
        dates=("valid_from", "valid_to"),
    ),
    "region_places": FactTable(
        "region_places.csv",
        "valid_from",
        "seats of Russian federal subjects and Kazakh regions, for simulated worlds",
        dates=("valid_from",),
        numbers=("latitude", "longitude"),
    ),
    "bloc_growth": FactTable(
        "bloc_growth.csv",
        "released",
        "mutual trade of the Eurasian Economic Union: a rough control group",
        dates=("period_start", "period_end", "released_first", "released"),
        numbers=("value", "growth"),
    ),
    "gravity_estimates": FactTable(
        "gravity_estimates.csv",
        "known_on",
        "effects of trade agreements by three-way PPML on a public panel, with verdicts",
        licence="MIT (penppml)",
        dates=("known_on",),
        numbers=(
            "estimate",
            "std_error",
            "uncorrected",
            "uncorrected_std_error",
            "p_value_holm",
            "detectable_percent",
            "share_of_growth",
            "share_low",
            "share_high",
            "nobs",
            "left_out",
            "first_year",
            "last_year",
            "pair_since",
            "pair_at_start",
            "pair_at_end",
        ),
    ),
    "gravity_covariances": FactTable(
        "gravity_covariances.csv",
        "known_on",
        "covariances of these effects",
        licence="MIT (penppml)",
        dates=("known_on",),
        numbers=("covariance",),
    ),
    "gravity_checks": FactTable(
        "gravity_checks.csv",
        "known_on",
        "what speaks for and against their identification",
        licence="MIT (penppml)",
        dates=("known_on",),
        numbers=("estimate", "low", "high", "statistic", "p_value"),
    ),
}


def catalogue() -> pd.DataFrame:
    """List the fact tables that ship with the package.

    Returns
    -------
    DataFrame
        `table` (the name of its loader), `rows` (in the file, with every version
        and all evidence), `content`, `licence`, `file`.

    Examples
    --------
    >>> from forecast import datasets
    >>> datasets.catalogue()["table"].tolist()[:2]
    ['rus_kaz_releases', 'rus_kaz_forecasts']
    """
    rows = [
        {
            "table": name,
            "rows": len(read_facts(name)),
            "content": table.content,
            "licence": table.licence,
            "file": table.file,
        }
        for name, table in TABLES.items()
    ]
    return pd.DataFrame(rows)


def read_facts(name: str) -> pd.DataFrame:
    """Read one shipped table with explicit types; nothing is guessed."""
    table = TABLES[name]
    path = resources.files("forecast.datasets") / "data" / table.file
    with path.open(encoding="utf-8") as file:
        raw = pd.read_csv(file, dtype=str, keep_default_na=False)
    typed: dict[str, Any] = {}
    for column in table.dates:
        days = pd.to_datetime(raw[column], format="%Y-%m-%d")
        typed[column] = days.dt.as_unit("ns")
    for column in table.numbers:
        typed[column] = pd.to_numeric(raw[column]).astype("float64")
    for column in table.flags:
        typed[column] = raw[column] == "yes"
    return raw.assign(**typed)


def known_rows(
    name: str, as_of: object = None, *, all_evidence: bool = False
) -> pd.DataFrame:
    """Rows that one may rely upon and that were public on `as_of`."""
    table = read_facts(name)
    if not all_evidence:
        table = table[table["evidence"].isin(RELIED_UPON)]
    if as_of is not None:
        table = table[table[TABLES[name].known] <= parse_date(as_of)]
    return table.reset_index(drop=True)
