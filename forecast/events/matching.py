"""Which events concern which pairs of a panel, regions and their countries included.

Codes that look like ISO 3166-2 (``KZ-11``) are regions of the country before the
hyphen. An event of a region concerns the country too ("rolled up"); an event of a
country as a whole, such as an ambassador's visit, can stand for each of its regions
("broadcast"). Other codes match exactly or not at all.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

__all__ = ["LINKS", "match"]

LINKS = ("exact", "rolled up", "broadcast")
"""How an event meets a pair: same codes, region into country, country onto regions."""

_REGION = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def match(
    events: pd.DataFrame, pairs: pd.DataFrame, *, broadcast: bool
) -> pd.DataFrame:
    """Find the pairs that each event concerns.

    Parameters
    ----------
    events : DataFrame of n rows
        Columns `origin`, `destination`.
    pairs : DataFrame of m rows
        Columns `origin`, `destination`; of series that are no pairs, only `origin`.
    broadcast : bool
        Whether a country as party of an event stands for each of its regions.

    Returns
    -------
    DataFrame
        `pair` and `event` (positions), `link` (position in `LINKS`; of both sides the
        higher) and `forward`: from origin to destination. At most one row for each
        pair and event, in the order of pairs and events.
    """
    parties = pd.unique(pd.concat([events["origin"], events["destination"]]))
    units = pd.unique(pd.concat([pairs[side] for side in pairs.columns]))
    links = _links(list(parties), list(units), broadcast=broadcast)
    a_side = _concerned(events["origin"], links, "a")
    b_side = _concerned(events["destination"], links, "b")
    if "destination" not in pairs:
        either = pd.concat([_one_sided(a_side, "a"), _one_sided(b_side, "b")])
        found = either.merge(_placed(pairs, ["unit"]), on="unit").assign(forward=True)
    else:
        both = a_side.merge(b_side, on="event")
        both["link"] = both[["link_a", "link_b"]].max(axis=1)
        ways = [
            both.merge(_placed(pairs, sides), on=sides).assign(
                forward=sides[0] == "unit_a"
            )
            for sides in (["unit_a", "unit_b"], ["unit_b", "unit_a"])
        ]
        found = pd.concat(ways)
    order = ["pair", "event", "forward", "link"]
    found = found[order].sort_values(order, ascending=[True, True, False, True])
    return found.drop_duplicates(["pair", "event"]).reset_index(drop=True)


def _links(parties: list[str], units: list[str], *, broadcast: bool) -> pd.DataFrame:
    """List which units of the panel each party of an event stands for."""
    known = set(units)
    regions_of: dict[str, list[str]] = {}
    for unit in units:
        if region := _REGION.fullmatch(unit):
            regions_of.setdefault(region[1], []).append(unit)
    rows: list[tuple[str, str, int]] = []
    for party in parties:
        if party in known:
            rows.append((party, party, LINKS.index("exact")))
        region = _REGION.fullmatch(party)
        if region and region[1] in known:
            rows.append((party, region[1], LINKS.index("rolled up")))
        if broadcast and _COUNTRY.fullmatch(party):
            rows += [
                (party, unit, LINKS.index("broadcast"))
                for unit in regions_of.get(party, [])
            ]
    return pd.DataFrame(rows, columns=["party", "unit", "link"])


def _concerned(party: pd.Series, links: pd.DataFrame, side: str) -> pd.DataFrame:
    rows = pd.DataFrame({"event": np.arange(len(party)), "party": party.to_numpy()})
    found = rows.merge(links, on="party")[["event", "unit", "link"]]
    return found.rename(columns={"unit": f"unit_{side}", "link": f"link_{side}"})


def _one_sided(found: pd.DataFrame, side: str) -> pd.DataFrame:
    return found.rename(columns={f"unit_{side}": "unit", f"link_{side}": "link"})


def _placed(pairs: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    placed = pairs.set_axis(names, axis=1)
    placed["pair"] = np.arange(len(pairs))
    return placed
