"""Trade among US states and Canadian provinces, 1993: the data of the border puzzle.

The four public files (trade, distances, GDP of exporters, GDP of importers) are joined
as they should be: keys lose the blanks that some of them end with, and a row without
partner is an error, not a smaller sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecast.datasets.downloads import fetch
from forecast.errors import TableError

__all__ = ["states_and_provinces"]

FOLDER = "avw_feenstra"
YEAR = 1993
USD_PER_CAD = 0.775134
"""Of 1993, as the replication of the exercise has it."""
COUNTRIES = {1: "US", 2: "CA"}

# Keys of the files: ISO 3166-2 code, name.
PLACES = {
    "Ala": ("US-AL", "Alabama"),
    "Ari": ("US-AZ", "Arizona"),
    "Cal": ("US-CA", "California"),
    "Flo": ("US-FL", "Florida"),
    "Geo": ("US-GA", "Georgia"),
    "Ida": ("US-ID", "Idaho"),
    "Ill": ("US-IL", "Illinois"),
    "Ind": ("US-IN", "Indiana"),
    "Ken": ("US-KY", "Kentucky"),
    "Lou": ("US-LA", "Louisiana"),
    "Mai": ("US-ME", "Maine"),
    "Mry": ("US-MD", "Maryland"),
    "Mas": ("US-MA", "Massachusetts"),
    "Mic": ("US-MI", "Michigan"),
    "Min": ("US-MN", "Minnesota"),
    "MO": ("US-MO", "Missouri"),
    "Mon": ("US-MT", "Montana"),
    "NHm": ("US-NH", "New Hampshire"),
    "NJr": ("US-NJ", "New Jersey"),
    "Nyr": ("US-NY", "New York"),
    "Nca": ("US-NC", "North Carolina"),
    "Nda": ("US-ND", "North Dakota"),
    "Ohi": ("US-OH", "Ohio"),
    "Pen": ("US-PA", "Pennsylvania"),
    "Ten": ("US-TN", "Tennessee"),
    "Tex": ("US-TX", "Texas"),
    "Ver": ("US-VT", "Vermont"),
    "Vir": ("US-VA", "Virginia"),
    "Was": ("US-WA", "Washington"),
    "Wis": ("US-WI", "Wisconsin"),
    "AB": ("CA-AB", "Alberta"),
    "BC": ("CA-BC", "British Columbia"),
    "MN": ("CA-MB", "Manitoba"),
    "NB": ("CA-NB", "New Brunswick"),
    "Nfld": ("CA-NL", "Newfoundland"),
    "NS": ("CA-NS", "Nova Scotia"),
    "ON": ("CA-ON", "Ontario"),
    "PEI": ("CA-PE", "Prince Edward Island"),
    "Que": ("CA-QC", "Quebec"),
    "SK": ("CA-SK", "Saskatchewan"),
}


def states_and_provinces() -> pd.DataFrame:
    """Trade of 1993 among 30 US states and 10 Canadian provinces.

    Anderson and van Wincoop asked these data why a border that hardly anyone notices
    cuts trade so deeply; Feenstra made an exercise of it. The four files are public and
    come through `fetch`.

    Returns
    -------
    DataFrame
        1,600 rows, sorted by `origin` and `destination` (ISO 3166-2 codes, such as
        ``US-WA`` and ``CA-BC``), with their names in `origin_name` and
        `destination_name`; `period` (1993); `flow` (million USD, goods
        shipped from the origin to the destination; 49 are zero);
        `distance` (km; NaN within a region, where the source has 0, since none was
        measured); `origin_gdp` and `destination_gdp` (million USD); and 0 or 1:
        `border` (the flow crosses the national border), `canada` and `us` (both ends
        lie there), `home` (within one region).

    Raises
    ------
    FileError
        F-690 to F-694 of `fetch`: the files are not here and cannot be downloaded.
    TableError
        F-695: rows of the four files that have no partner in the others.

    Notes
    -----
    - Some keys end with a blank in one file and not in the other (``"Ala "``,
      ``"MO "``). Joined as they stand, 182 of the 1,600 rows are lost without a word.
    - GDP stands in the files in million Canadian dollars and is multiplied by 0.775134,
      the US dollars of one in 1993. Flows are US dollars already.
    - In the files ``MN`` is Manitoba and ``MO`` Missouri.

    References
    ----------
    Anderson and van Wincoop (2003), American Economic Review 93(1); McCallum (1995),
    American Economic Review 85(3); Feenstra (2004), Advanced International Trade,
    chapter 5. Files: pachadotdev/advanced-international-trade-in-r, first edition, CC0.

    Examples
    --------
    >>> from forecast import datasets
    >>> flows = datasets.states_and_provinces()  # doctest: +SKIP
    >>> flows.loc[flows["border"] == 1, "flow"].sum().round()  # doctest: +SKIP
    """
    files = {
        name: pd.read_csv(fetch(f"{FOLDER}/raw_{name}.csv"))
        for name in ("trade_93", "dist", "gdp_ce_93", "gdp_ci_93")
    }
    return _tidy(_joined(*files.values()))


def _joined(
    trade: pd.DataFrame,
    distance: pd.DataFrame,
    exporters: pd.DataFrame,
    importers: pd.DataFrame,
) -> pd.DataFrame:
    """Join the four files on keys without blanks; every row must find its partner."""
    clean = [_stripped(table) for table in (trade, distance, exporters, importers)]
    joined = clean[0]
    for table, keys in zip(clean[1:], (["c_e", "c_I"], ["c_e"], ["c_I"]), strict=True):
        joined = joined.merge(table, on=keys, how="outer", indicator=True)
        _refuse_lonely(joined, keys)
        joined = joined.drop(columns="_merge")
    return joined


def _stripped(table: pd.DataFrame) -> pd.DataFrame:
    """Take blanks from the ends of keys."""
    keys = [name for name in ("c_e", "c_I") if name in table]
    return table.assign(**{name: table[name].astype(str).str.strip() for name in keys})


def _refuse_lonely(joined: pd.DataFrame, keys: list[str]) -> None:
    lonely = joined[joined["_merge"] != "both"]
    strange = joined[~joined[keys].isin(PLACES.keys()).all(axis=1)]
    wrong = lonely if len(lonely) else strange
    if len(wrong):
        found = wrong[keys].astype(str).agg(" to ".join, axis=1)
        raise TableError(
            f"{len(wrong)} rows of the four files on states and provinces match no other",
            code="F-695",
            column=", ".join(keys),
            count=len(wrong),
            examples=found.drop_duplicates().head(5).tolist(),
            remedy="Take the files as they are published; their keys are those of the "
            "source, blanks at their ends do not matter.",
        )


def _tidy(joined: pd.DataFrame) -> pd.DataFrame:
    ends: dict[str, Any] = {}
    for end, key in (("origin", "c_e"), ("destination", "c_I")):
        ends[end] = joined[key].map({k: code for k, (code, _) in PLACES.items()})
        ends[f"{end}_name"] = joined[key].map(
            {k: name for k, (_, name) in PLACES.items()}
        )
    whose = [joined[name].map(COUNTRIES) for name in ("l_ex", "l_im")]
    home = (joined["c_e"] == joined["c_I"]).to_numpy()
    same = (whose[0] == whose[1]).to_numpy()
    frame = pd.DataFrame(
        {
            "origin": ends["origin"],
            "destination": ends["destination"],
            "period": YEAR,
            "flow": joined["vx"] / 1e6,
            "distance": joined["dist"].where(~home, np.nan).astype(float),
            "border": (~same).astype(float),
            "canada": (same & (whose[0] == "CA")).astype(float),
            "us": (same & (whose[0] == "US")).astype(float),
            "home": home.astype(float),
            "origin_gdp": joined["gdp_ce"] * USD_PER_CAD,
            "destination_gdp": joined["gdp_ci"] * USD_PER_CAD,
            "origin_name": ends["origin_name"],
            "destination_name": ends["destination_name"],
        }
    )
    return frame.sort_values(["origin", "destination"], ignore_index=True)
