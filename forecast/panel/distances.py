"""Distances of regions to themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, TableError
from forecast.panel.groupings import Ends
from forecast.panel.number_columns import Floats

__all__ = [
    "AREA_RULES",
    "NEIGHBOUR_RULES",
    "area_of",
    "from_area",
    "from_neighbour",
    "refuse_unknown_distance",
    "refuse_unknown_rule",
]

AREA_RULES: Mapping[str, float] = {
    "head-mayer": 0.67,
    "redding-venables": 0.66,
    "redding-venables-half": 0.33,
    "leamer": 1.0,
}
r"""Factors of :math:`\sqrt{A/\pi}`, the radius of a disk of the region's area A. Producers
at the centre of a disk are 2/3 of its radius away from consumers spread over it (Head
and Mayer 2002, CEPII's ``distint``); Redding and Venables (2004) write 0.66, and 0.33
where moving goods inside costs half as much; Leamer (1997) takes the radius."""

NEIGHBOUR_RULES: Mapping[str, float] = {"wei": 0.25, "wolf": 0.5}
"""Factors of the distance to the nearest neighbour: Wei (1996), Wolf (2000)."""


def from_area(area: Floats, rule: str) -> Floats:
    r"""Return :math:`f \sqrt{A / \pi}`, in km where the area is in square km.

    Examples
    --------
    >>> from_area(np.array([17_098_246.0]), "head-mayer").round()
    array([1563.])
    """
    return AREA_RULES[rule] * np.sqrt(area / np.pi)


def from_neighbour(distance: Floats, ends: Ends, rule: str) -> Floats:
    """Return a part of the distance to the nearest other region.

    Parameters
    ----------
    distance : float array of shape (n,)
        Of every row; of both directions the smaller counts, zero is no distance.
    ends : Ends

    Returns
    -------
    float array of shape (regions,)
        NaN where no distance to another region is known.
    """
    nearest = np.full(len(ends.regions), np.inf)
    between = ~ends.domestic & (distance > 0)
    np.minimum.at(nearest, ends.origin[between], distance[between])
    np.minimum.at(nearest, ends.destination[between], distance[between])
    return np.where(np.isfinite(nearest), NEIGHBOUR_RULES[rule] * nearest, np.nan)


def area_of(area: Mapping[Any, float], regions: pd.Index) -> Floats:
    """Return the area of each region, NaN where it is not given, shape (regions,)."""
    return np.array([area.get(region, np.nan) for region in regions], dtype=float)


def refuse_unknown_rule(rule: str) -> None:
    """Refuse a rule that has no name here.

    Raises
    ------
    TableError
        F-106.
    """
    if rule not in AREA_RULES and rule not in NEIGHBOUR_RULES:
        raise TableError(
            f"rule={rule!r} is not possible",
            code="F-106",
            remedy=f"Choose one of {[*AREA_RULES, *NEIGHBOUR_RULES]}.",
        )


def refuse_unknown_distance(found: Floats, ends: Ends, rule: str) -> None:
    """Refuse regions with domestic rows for which a rule gives no distance.

    Raises
    ------
    KeyColumnError
        F-330 naming the regions.
    """
    here = np.unique(ends.origin[ends.domestic])
    lost = [ends.regions[i] for i in here if not found[i] > 0]
    if lost:
        needs = "area" if rule in AREA_RULES else "distance to another region"
        raise KeyColumnError(
            f"{len(lost):,} regions have no positive {needs}",
            code="F-330",
            count=len(lost),
            examples=[repr(region) for region in lost],
            remedy=f"The rule {rule!r} needs one for every region with domestic flows.",
        )
