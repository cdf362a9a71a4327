"""`Decomposition`: growth as a sum of contributions, path by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.decomposition import telling
from forecast.errors import KeyColumnError, ModelError
from forecast.forecasts import summaries
from forecast.forecasts.levels import percent_label, tails_of
from forecast.forecasts.units import rows_of, unit_index, unit_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Decomposition"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Decomposition:
    """Contributions to the growth of units between two periods; `decompose` makes one.

    On every path the contributions of a unit sum to its change.

    Attributes
    ----------
    contributions : float array of shape (n_units, n_terms, n_paths)
        In the unit of the flows.
    point : float array of shape (n_units, n_terms)
        At the estimated coefficients; of a forecast the mean over paths.
    terms : tuple of str
    units : DataFrame of n_units rows
        Key columns.
    starts, ends : float array of shape (n_units, n_paths or 1)
        Flows in both periods.
    start, end : Period
    measure : str
        Unit of measurement of the flows.
    what : str
        "flow", "turnover", "exporter", "importer", "nation" or "total".
    method : {"lmdi", "shapley"}
    notes : tuple of str
        How effects were normalised, what intervals carry, what was left out.
    """

    contributions: Floats
    point: Floats
    terms: tuple[str, ...]
    units: pd.DataFrame
    starts: Floats
    ends: Floats
    start: pd.Period
    end: pd.Period
    measure: str = ""
    what: str = "flow"
    method: str = "lmdi"
    notes: tuple[str, ...] = ()

    # ------------------------------------------------------------------ what it is

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return int(self.contributions.shape[2])

    @property
    def change(self) -> pd.Series:
        """Change of each unit in the unit of the flows; of a forecast its mean."""
        values = np.mean(self.ends - self.starts, axis=1)
        return pd.Series(values, unit_index(self.units), name="change")

    @property
    def growth(self) -> pd.Series:
        """Growth of each unit in per cent; NaN from zero."""
        values = np.mean(_over(self.ends - self.starts, self.starts), axis=1)
        return pd.Series(values, unit_index(self.units), name="growth")

    @property
    def points(self) -> pd.DataFrame:
        """Contributions in percentage points of growth, units by terms."""
        return pd.DataFrame(
            self._point_in_points(), unit_index(self.units), list(self.terms)
        )

    @property
    def shares(self) -> pd.DataFrame:
        """Contributions in per cent of the change, units by terms; they sum to 100.

        Parts that pull back are negative, so others can exceed 100; NaN where nothing
        changed.
        """
        change = self.point.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(change != 0, 100 * self.point / change, np.nan)
        return pd.DataFrame(values, unit_index(self.units), list(self.terms))

    @property
    def largest_gap(self) -> float:
        """Largest distance, on any path, of the sum of contributions from growth.

        In percentage points; rounding only.
        """
        gap = self.contributions.sum(axis=1) - (self.ends - self.starts)
        return float(np.nanmax(np.abs(_over(gap, self.starts)), initial=0.0))

    def __repr__(self) -> str:
        return telling.sentence_of(self)

    # ----------------------------------------------------------------------- views

    def to_frame(self, levels: Sequence[float] = (95,)) -> pd.DataFrame:
        """Return one row for each unit and term, and one for their sum, ``total``.

        Parameters
        ----------
        levels : sequence of float
            Of the intervals.

        Returns
        -------
        DataFrame
            Columns: the keys, ``term``, ``change`` (in the unit of the flows),
            ``points`` (percentage points of growth, NaN from zero), then
            ``change_lower_95``, ``change_upper_95``, ``points_lower_95``,
            ``points_upper_95`` and so on.
        """
        total = self.contributions.sum(axis=1, keepdims=True)
        draws = np.concatenate([self.contributions, total], axis=1)
        points = _over(draws, self.starts[:, None, :])
        names = [*self.terms, "total"]
        rows = self.units.take(np.repeat(np.arange(len(self.units)), len(names)))
        table = rows.reset_index(drop=True)
        table["term"] = np.tile(np.array(names, object), len(self.units))
        table["change"] = _with_sum(self.point).ravel()
        table["points"] = _with_sum(self._point_in_points()).ravel()
        for level in levels:
            for name, values in (("change", draws), ("points", points)):
                ends = summaries.quantiles(values, tails_of(level))
                for side, end in zip(("lower", "upper"), ends, strict=True):
                    table[f"{name}_{side}_{percent_label(level)}"] = end.ravel()
        return table

    def select(self, **equals: Any) -> Decomposition:
        """Return fewer units: a value or a list of values by key column.

        Raises
        ------
        ColumnError
            F-111 no such key.
        KeyColumnError
            F-311 no such unit.
        """
        return self._of_rows(rows_of(self.units, equals))

    def total(self) -> Decomposition:
        """Return the sum over units: contributions of a sum are sums of contributions.

        Raises
        ------
        ModelError
            F-882 for nations, whose turnovers hold each flow twice.
        """
        if self.what == "nation":
            raise ModelError(
                "turnovers of nations hold each flow twice",
                code="F-882",
                remedy='Decompose by="total", or select one nation.',
            )
        return replace(
            self,
            contributions=self.contributions.sum(axis=0, keepdims=True),
            point=self.point.sum(axis=0, keepdims=True),
            units=pd.DataFrame({"unit": ["total"]}),
            starts=self.starts.sum(axis=0, keepdims=True),
            ends=self.ends.sum(axis=0, keepdims=True),
            what="total",
        )

    def grouped(self, groups: Mapping[str, Sequence[str]]) -> Decomposition:
        """Return the decomposition with some terms added up under one name.

        Parameters
        ----------
        groups : mapping of str to sequence of str
            ``{"cooperation": ["documents", "visits"]}``.

        Raises
        ------
        ModelError
            F-882 terms that are not there or stand in two groups.
        """
        listed = [term for members in groups.values() for term in members]
        wrong = [t for t in listed if t not in self.terms or listed.count(t) > 1]
        if wrong:
            raise ModelError(
                f"{wrong} are no terms, or stand in two groups",
                code="F-882",
                count=len(wrong),
                examples=wrong,
                remedy=f"The terms are {list(self.terms)[:20]}.",
            )
        named = {term: name for name, members in groups.items() for term in members}
        names = tuple(dict.fromkeys(named.get(term, term) for term in self.terms))
        members = [
            [at for at, term in enumerate(self.terms) if named.get(term, term) == name]
            for name in names
        ]
        return replace(
            self,
            contributions=np.stack(
                [self.contributions[:, at].sum(axis=1) for at in members], axis=1
            ),
            point=np.stack([self.point[:, at].sum(axis=1) for at in members], axis=1),
            terms=names,
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        unit: object = None,
        points: bool = True,
        level: float = 95,
        title: str | None = None,
        source: str | None = None,
    ) -> Axes:
        """Draw the waterfall of one unit; returns the Axes.

        Parameters
        ----------
        ax : Axes, optional
        unit : optional
            Key value of the unit, or a tuple of them. By default the only unit, or the
            sum of all.
        points : bool
            Percentage points of growth, or the unit of the flows from one level to the
            other.
        level : float
            Of the intervals.
        title, source : str, optional

        Raises
        ------
        KeyColumnError
            F-311 no such unit.
        """
        from forecast.plots.waterfall import plot_waterfall

        one = self._one(unit)
        table = one.to_frame([level])
        name, label = "points" if points else "change", percent_label(level)
        parts = table.set_index("term")[
            [name, f"{name}_lower_{label}", f"{name}_upper_{label}"]
        ].set_axis(["value", "lower", "upper"], axis=1)
        levels = [
            (str(period), float(np.mean(values)))
            for period, values in ((one.start, one.starts), (one.end, one.ends))
        ]
        return plot_waterfall(
            parts.iloc[:-1],
            ax,
            start=None if points else levels[0],
            end=("growth", float(parts["value"].iloc[-1])) if points else levels[1],
            measure="percentage points" if points else self.measure,
            title=title or telling.title_of(one),
            source=source,
        )

    # ---------------------------------------------------------------------- inside

    def _point_in_points(self) -> Floats:
        if self.starts.shape[1] == 1:
            return _over(self.point, self.starts)
        return np.asarray(
            np.mean(_over(self.contributions, self.starts[:, None, :]), axis=2)
        )

    def _of_rows(self, rows: NDArray[np.integer[Any]]) -> Decomposition:
        return replace(
            self,
            contributions=self.contributions[rows],
            point=self.point[rows],
            units=self.units.iloc[rows].reset_index(drop=True),
            starts=self.starts[rows],
            ends=self.ends[rows],
        )

    def _one(self, unit: object) -> Decomposition:
        if unit is None:
            return self if len(self.units) == 1 else self.total()
        values = unit if isinstance(unit, tuple) else (unit,)
        if len(values) != self.units.shape[1]:
            raise KeyColumnError(
                f"{unit!r} names no unit",
                code="F-311",
                examples=[
                    unit_name(self.units, row) for row in range(min(5, len(self.units)))
                ],
                remedy=f"Give the values of {list(self.units.columns)}.",
            )
        return self.select(**dict(zip(self.units.columns, values, strict=True)))


def _over(values: Floats, base: Floats) -> Floats:
    """Return 100 values / base, NaN where the base is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(base > 0, 100 * values / base, np.nan))


def _with_sum(values: Floats) -> Floats:
    return np.concatenate([values, values.sum(axis=1, keepdims=True)], axis=1)
