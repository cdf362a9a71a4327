"""Places that are given, not drawn: codes, distances and borders of a simulated world."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.datasets.fact_tables import known_rows
from forecast.datasets.facts import border_pairs
from forecast.datasets.worlds import Flags, Floats
from forecast.errors import ModelError

__all__ = ["Places", "great_circle", "region_places", "russia_and_kazakhstan"]

EARTH_KM = 6371.0
LEAST_KM = 50.0
"""Seats of neighbours are no nearer to each other than this."""
BORDERS_OF = "2021-12-31"


@dataclass(frozen=True, eq=False, slots=True)
class Places:
    """Regions on the two sides of a frontier.

    Attributes
    ----------
    codes : tuple of str
        Those of the first side, then those of the second.
    sides : (int, int)
        How many there are on each side.
    distance : float array of shape (n, n)
        Km, symmetric and positive.
    border : bool array of shape (n, n)
        Pairs that share a border; across the frontier only.
    """

    codes: tuple[str, ...]
    sides: tuple[int, int]
    distance: Floats = field(repr=False)
    border: Flags = field(repr=False)


def region_places(*, as_of: object = None) -> pd.DataFrame:
    """Seats of 30 Russian federal subjects and of the 17 Kazakh regions of 2021.

    Parameters
    ----------
    as_of : date-like, optional
        Regions that stood by then; Turkistan Region and the city of Shymkent parted in
        June 2018. The table begins in 2000.

    Returns
    -------
    DataFrame
        `code` (ISO 3166-2), `name`, `seat`, `latitude`, `longitude` (degrees, to a
        tenth), `valid_from`, `unit`, `evidence`, `quality`, `source`; Russian regions
        first, those at the border before all others.

    Examples
    --------
    >>> from forecast import datasets
    >>> places = datasets.region_places().set_index("code")
    >>> places.loc["KZ-11", "seat"], len(places)
    ('Kokshetau', 47)
    """
    return known_rows("region_places", as_of)


def russia_and_kazakhstan(regions: int = 30, oblasts: int = 17) -> Places:
    """Return the first regions and oblasts of `region_places` with their true borders.

    Distances are great circles between seats, borders those of `border_pairs` in 2021.

    Raises
    ------
    ModelError
        F-590 more regions than the table has, or none.

    Examples
    --------
    >>> places = russia_and_kazakhstan(12, 17)
    >>> places.codes[0], int(places.border.sum() // 2)
    ('RU-AST', 18)
    """
    table = region_places()
    sides = [table[table["code"].str.startswith(start)] for start in ("RU-", "KZ-")]
    for name, asked, there in zip(
        ("regions", "oblasts"), (regions, oblasts), map(len, sides), strict=True
    ):
        if not 1 <= asked <= there:
            raise ModelError(
                f"{name} is {asked!r}",
                code="F-590",
                column=name,
                count=1,
                examples=[repr(asked)],
                remedy=f"It must be from 1 to {there}.",
            )
    chosen = pd.concat([sides[0].head(regions), sides[1].head(oblasts)])
    codes = chosen["code"].tolist()
    return Places(
        tuple(codes),
        (regions, oblasts),
        great_circle(
            chosen["latitude"].to_numpy(float), chosen["longitude"].to_numpy(float)
        ),
        _borders(codes),
    )


def great_circle(latitude: Floats, longitude: Floats) -> Floats:
    """Kilometres between places on a ball, 50 at least; shape (n, n).

    Parameters
    ----------
    latitude, longitude : float array of shape (n,)
        Degrees.

    Examples
    --------
    >>> float(great_circle(np.array([0.0, 0.0]), np.array([0.0, 90.0]))[0, 1].round())
    10008.0
    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    steps = (np.sin((a[:, None] - a[None, :]) / 2.0) ** 2 for a in (phi, lam))
    up, along = steps
    half = up + np.cos(phi)[:, None] * np.cos(phi)[None, :] * along
    apart: Floats = np.maximum(2.0 * EARTH_KM * np.arcsin(np.sqrt(half)), LEAST_KM)
    return apart


def _borders(codes: list[str]) -> Flags:
    at = {code: place for place, code in enumerate(codes)}
    border = np.zeros((len(codes), len(codes)), dtype=bool)
    pairs = border_pairs(as_of=BORDERS_OF)
    for one, other in zip(pairs["origin"], pairs["destination"], strict=True):
        if one in at and other in at:
            border[at[one], at[other]] = border[at[other], at[one]] = True
    return border
