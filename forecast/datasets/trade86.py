"""Trade among 86 countries 1995-2019 with agreements and distances, ready for a panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.datasets.downloads import fetch
from forecast.errors import TableError

__all__ = ["agreements_by_year", "trade86"]

IMPORTS = "trade86/imports_86x86_1995_2019.parquet"
DISTANCES = "trade86/cepii_geodist_pairs.parquet"
WAVES = "penppml/trade.parquet"
NEWER_CODES = {"ROM": "ROU"}
"""Romania stands under its old code in the tables of distances and of agreements."""
SAME = {
    "contig": "contiguous",
    "comlang_off": "common_language",
    "colony": "colonial_tie",
}


def trade86(*, agreements: bool = True, since: int = 1995) -> pd.DataFrame:
    """Yearly trade among 86 countries, 1995 to 2019, as their importers reported it.

    The panel of the published contest on forecasting bilateral trade (Ruzicska, Chariag,
    Kiss and Koren 2024): UN Comtrade imports in current dollars, every pair in every
    year, zero where nothing was reported. Kazakhstan is among the countries, Russia is
    not. A zero may be a missing report.

    Parameters
    ----------
    agreements : bool
        Whether to add the column of trade agreements.
    since : int
        First year.

    Returns
    -------
    DataFrame
        7,310 pairs of distinct countries a year, sorted: ``exporter``, ``importer``
        (ISO 3166-1 alpha-3), ``year``, ``trade`` (million current USD, reported by the
        importer), ``agreement`` (0 or 1, see Notes), ``log_distance`` (of main cities,
        km), ``contiguous``, ``common_language``, ``colonial_tie`` (0 or 1).

    Raises
    ------
    FileError
        As `fetch`: the files were reshaped and come from ``FORECAST_DATA`` only.

    Notes
    -----
    Agreements are known at waves every fourth year (1992, 1996, ..., 2016). A year has
    what the last wave up to it shows, so nothing from after the year is used: an
    agreement is dated up to three years late, its end too, and years after 2016 stay as
    in 2016. The error blurs the beginning of agreements: effects measured with it lean
    towards zero.

    Re-imports, the cells of a country with itself, are dropped.

    Sources: ``ceumicrodata/gravity-vs-ml`` (CC0; UN Comtrade, CEPII GeoDist),
    ``tomzylkin/penppml`` (MIT; Mattoo, Rocha and Ruta 2020, Handbook of Deep Trade
    Agreements, World Bank).

    Examples
    --------
    >>> from forecast import datasets
    >>> flows = datasets.trade86()  # doctest: +SKIP
    >>> flows.shape  # doctest: +SKIP
    (182750, 9)
    """
    table = pd.read_parquet(fetch(IMPORTS))
    table = table[(table["importer"] != table["exporter"]) & (table["year"] >= since)]
    flows = table.assign(trade=table["import_usd"] / 1e6)
    flows = flows[["exporter", "importer", "year", "trade"]]
    flows = flows.sort_values(["exporter", "importer", "year"]).reset_index(drop=True)
    if agreements:
        columns = ["exp", "imp", "time", "id"]
        waves = pd.read_parquet(fetch(WAVES), columns=columns)
        flows = flows.assign(agreement=agreements_by_year(waves, flows))
    return _with_distances(flows, pd.read_parquet(fetch(DISTANCES)))


def agreements_by_year(waves: pd.DataFrame, flows: pd.DataFrame) -> pd.Series:
    """Date agreements by the waves at which they are known, never by a later one.

    Parameters
    ----------
    waves : DataFrame
        ``exp``, ``imp``, ``time``, ``id``: number of the agreement, 0 for none. An
        agreement known of one direction holds for both.
    flows : DataFrame of n rows
        ``exporter``, ``importer``, ``year``.

    Returns
    -------
    Series of length n
        1 where the last wave up to the year that knows the pair shows an agreement,
        else 0.

    Examples
    --------
    >>> waves = pd.DataFrame(
    ...     {"exp": "KAZ", "imp": "MDA", "time": [1992, 1996], "id": [0, 45]})
    >>> flows = pd.DataFrame(
    ...     {"exporter": "MDA", "importer": "KAZ", "year": [1994, 1995, 1996, 1997]})
    >>> agreements_by_year(waves, flows).tolist()
    [0, 0, 1, 1]
    """
    both = pd.concat([_directed(waves, "exp", "imp"), _directed(waves, "imp", "exp")])
    keys = ["exporter", "importer"]
    known = both.groupby([*keys, "year"])["agreement"].max().reset_index()
    wanted = flows[[*keys, "year"]].reset_index(names="row")
    found = pd.merge_asof(
        wanted.sort_values("year", kind="stable"),
        known.sort_values("year", kind="stable"),
        on="year",
        by=keys,
        direction="backward",
    )
    column = found.set_index("row")["agreement"].reindex(flows.index)
    return column.fillna(0).astype("int64").rename("agreement")


def _directed(waves: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "exporter": waves[first].replace(NEWER_CODES),
            "importer": waves[second].replace(NEWER_CODES),
            "year": waves["time"].astype("int64"),
            "agreement": (waves["id"] > 0).astype("int64"),
        }
    )


def _with_distances(flows: pd.DataFrame, distances: pd.DataFrame) -> pd.DataFrame:
    """Add what does not change, by pair; every pair must be found."""
    pairs = pd.DataFrame(
        {
            "exporter": distances["iso_o"].replace(NEWER_CODES),
            "importer": distances["iso_d"].replace(NEWER_CODES),
            "log_distance": np.log(distances["dist"]),
            **{new: distances[old] for old, new in SAME.items()},
        }
    )
    joined = flows.merge(pairs, how="left", on=["exporter", "importer"])
    _refuse_gaps(joined, ["log_distance", *SAME.values()])
    return joined


def _refuse_gaps(table: pd.DataFrame, columns: Sequence[str]) -> None:
    lacking = table[list(columns)].isna().any(axis=1)
    if lacking.any():
        pairs = table.loc[lacking, ["exporter", "importer"]].drop_duplicates()
        raise TableError(
            f"{len(pairs):,} pairs have no distance",
            code="F-697",
            count=len(pairs),
            examples=[f"{one.exporter}-{one.importer}" for one in pairs.itertuples()],
            remedy="Codes of countries differ between tables; name the newer one.",
        )
