r"""Standard errors for rows that depend on each other where they lie close together.

The meat is :math:`\sum_{r,s} K(d_{rs})\, s_r s_s'` with d the distance in kilometres
(Conley 1999, Journal of Econometrics 92(1)). A flow has two ends: two rows are close if
both their origins and their destinations are, with weight
:math:`K(d^o_{rs}) K(d^d_{rs})`; or the midpoints of the flows are compared. Scores are
added up by place first, so nothing is ever of size n by n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import ModelError, NumberError
from forecast.gravity.inference.covariance import Covariance, finish
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores, inner
from forecast.gravity.inference.small_samples import (
    SmallSample,
    count_parameters,
    named,
)
from forecast.gravity.records import Codes, Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Conley", "distance_weights", "midpoints"]

EARTH_KM = 6371.0088
LARGEST_TABLE = 50_000_000
"""Cells of places by places (or by periods) that are still added up: 0.4 GB."""
AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Conley:
    """Spatial standard errors.

    Parameters
    ----------
    cutoff_km : float
        Rows further apart than this are independent.
    origin : pair of str
        Columns with latitude and longitude of the origin, in degrees.
    destination : pair of str or None
        The same of the destination; None where rows have one place.
    compare : {"both ends", "midpoints"}
    kernel : {"uniform", "bartlett"}
        Weight 1 up to the cutoff, or falling linearly to 0 at the cutoff.
    period : str, optional
        Rows of different periods are then independent; without it all periods of places
        close together depend on each other.
    ssc : str or SmallSample
        Only its (n-1)/(n-K) has a meaning here.

    Examples
    --------
    >>> Conley(500, origin=("lat_o", "lon_o"), destination=("lat_d", "lon_d")).names
    ('lat_o', 'lon_o', 'lat_d', 'lon_d')
    """

    cutoff_km: float
    origin: tuple[str, str] = ("lat_o", "lon_o")
    destination: tuple[str, str] | None = ("lat_d", "lon_d")
    compare: str = "both ends"
    kernel: str = "uniform"
    period: str | None = None
    ssc: str | SmallSample = "none"

    def __post_init__(self) -> None:
        allowed = {
            "compare": ("both ends", "midpoints"),
            "kernel": ("uniform", "bartlett"),
        }
        for option, values in allowed.items():
            if getattr(self, option) not in values:
                raise ModelError(
                    f"Conley({option}={getattr(self, option)!r})",
                    code="F-556",
                    examples=values,
                    remedy="Give one of these.",
                )
        if not self.cutoff_km > 0:
            raise ModelError(
                f"a cutoff of {self.cutoff_km!r} km",
                code="F-556",
                remedy="Give a positive distance in kilometres.",
            )
        named(self.ssc)

    @property
    def names(self) -> tuple[str, ...]:
        """Coordinates, and the period."""
        ends = self.origin + (self.destination or ())
        return ends if self.period is None else (*ends, self.period)

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit.

        Raises
        ------
        ColumnError
            F-111 if something is no column.
        NumberError
            F-201 or F-557 if coordinates are none.
        ModelError
            F-558 if there are too many places.
        """
        places = [
            _places(lookup, pair) for pair in (self.origin, self.destination) if pair
        ]
        if self.compare == "midpoints" and len(places) == 2:
            places = [_middle(places[0], places[1])]
        period = None if self.period is None else lookup.codes(self.period)
        meat = self._meat(scores, places, period)
        convention = named(self.ssc)
        parameters, factor = None, 1.0
        if convention.counts != "nothing":
            parameters = count_parameters(scores, convention.counts)
            factor = convention.parameter_term(scores.n, parameters.total)
        matrix, repaired = finish(scores.bread, meat, factor)
        ends = "both ends" if len(places) == 2 else "midpoints"
        apart = ends if self.destination else "places"
        return Covariance(
            matrix=matrix,
            terms=scores.terms,
            title=f"Conley, {apart} within {self.cutoff_km:g} km, {self.kernel} kernel",
            convention=convention.name,
            formula="1" if parameters is None else "(n-1)/(n-K)",
            factor=factor,
            reference=convention.reference(
                scores.estimate.family,
                scores.n - (parameters.total if parameters else scores.k),
            ),
            n=scores.n,
            clusters=tuple(
                (name, len(point))
                for name, (_, point) in zip(
                    ("first ends", "second ends") if len(places) == 2 else (apart,),
                    places,
                    strict=True,
                )
            ),
            parameters=parameters,
            notes=repaired,
        )

    def _meat(
        self, scores: Scores, places: list[tuple[Codes, Floats]], period: Codes | None
    ) -> Floats:
        n_periods = 1 if period is None else period.count
        sizes = [len(points) for _, points in places]
        cells = int(np.prod(sizes, dtype=float)) * n_periods
        if max(cells * max(scores.k, 1), max(sizes) ** 2) > LARGEST_TABLE:
            raise ModelError(
                f"Conley standard errors would need a table of {cells:,} cells",
                code="F-558",
                count=cells,
                remedy="Round the coordinates, or use Clustered(...) or Dyadic(...).",
            )
        first, second = places[0], places[1] if len(places) == 2 else None
        key = first[0].codes.astype(np.int64)
        if second is not None:
            key = key * len(second[1]) + second[0].codes
        if period is not None:
            key = key * n_periods + period.codes
        sums = scores.sums(Codes(key, cells))
        near = distance_weights(first[1], self.cutoff_km, self.kernel)
        smooth = near @ sums.reshape(sizes[0], -1)
        if second is not None:
            near = distance_weights(second[1], self.cutoff_km, self.kernel)
            turned = smooth.reshape(sizes[0], sizes[1], -1).transpose(1, 0, 2)
            smooth = near @ np.ascontiguousarray(turned).reshape(sizes[1], -1)
            smooth = smooth.reshape(sizes[1], sizes[0], -1).transpose(1, 0, 2)
        return inner(np.ascontiguousarray(smooth).reshape(cells, scores.k), sums)


def _places(lookup: Lookup, columns: tuple[str, str]) -> tuple[Codes, Floats]:
    """Places of the rows and their coordinates in degrees, shape (places, 2)."""
    latitude, longitude = (lookup.numbers(column) for column in columns)
    for name, values, most in (
        (columns[0], latitude, 90.0),
        (columns[1], longitude, 360.0),
    ):
        wrong = np.abs(values) > most
        if wrong.any():
            raise NumberError(
                f"{int(wrong.sum()):,} values of {name!r} are no degrees",
                code="F-557",
                column=name,
                count=int(wrong.sum()),
                examples=values[wrong][:5],
                remedy="Give latitude and longitude in degrees, in this order.",
            )
    points, place = np.unique(latitude + 1j * longitude, return_inverse=True)
    codes = Codes(place.astype(np.int32), points.size)
    return codes, np.column_stack([points.real, points.imag])


def _middle(
    first: tuple[Codes, Floats], second: tuple[Codes, Floats]
) -> tuple[Codes, Floats]:
    """Midpoints as places."""
    key = first[0].codes.astype(np.int64) * second[0].count + second[0].codes
    keys, place = np.unique(key, return_inverse=True)
    points = midpoints(
        first[1][keys // second[0].count], second[1][keys % second[0].count]
    )
    return Codes(place.astype(np.int32), keys.size), points


def _vectors(points: Floats) -> Floats:
    """Unit vectors of places in degrees; (places, 2) -> (places, 3)."""
    latitude, longitude = np.radians(points).T
    flat = np.cos(latitude)
    return np.column_stack(
        [flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)]
    )


def midpoints(first: Floats, second: Floats) -> Floats:
    """Middle of the great circle between places in degrees; shapes (m, 2).

    Examples
    --------
    >>> midpoints(np.array([[0.0, 0.0]]), np.array([[0.0, 90.0]])).round(6)
    array([[ 0., 45.]])
    """
    x, y, z = (_vectors(first) + _vectors(second)).T
    return np.degrees(
        np.column_stack([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])
    )


def distance_weights(points: Floats, cutoff_km: float, kernel: str) -> csr_array:
    """Kernel weights between places, as a sparse symmetric matrix.

    Parameters
    ----------
    points : float array of shape (places, 2)
        Latitude and longitude in degrees.
    cutoff_km : float
    kernel : {"uniform", "bartlett"}

    Examples
    --------
    One degree of latitude is 111.2 km.

    >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [10.0, 0.0]])
    >>> distance_weights(points, 222.4, "bartlett").toarray().round(3)
    array([[1. , 0.5, 0. ],
           [0.5, 1. , 0. ],
           [0. , 0. , 1. ]])
    """
    from scipy.sparse import csr_array, vstack

    vectors = _vectors(points)
    strips = []
    for start in range(0, len(points), AT_ONCE):
        some = vectors[start : start + AT_ONCE]
        chord = np.sqrt(
            sum((some[:, None, a] - vectors[None, :, a]) ** 2 for a in range(3))
        )
        distance = 2 * EARTH_KM * np.arcsin(np.minimum(chord / 2, 1.0))
        weight = (distance <= cutoff_km).astype(float)
        if kernel == "bartlett":
            weight *= 1 - distance / cutoff_km
        strips.append(csr_array(weight))
    return vstack(strips, format="csr")
