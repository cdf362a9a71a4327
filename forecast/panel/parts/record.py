"""What every panel is: its table, the parts of its columns, and views of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, NumberError, PeriodError, ReporterError
from forecast.panel.diagnosis import diagnose
from forecast.panel.double_counting import PARTS_OF_REGIONS
from forecast.panel.findings import Cells
from forecast.panel.groupings import Ends, ends_of, refuse_undirected
from forecast.panel.joining import long_table, with_joined
from forecast.panel.number_columns import Floats, Ints
from forecast.panel.portrait import facts_of, html_of, sentence_of
from forecast.panel.reshaping import Reshaped, latest_releases, pivot_flows, run_codes
from forecast.panel.roles import Roles
from forecast.panel.sources import Source, kept_sources
from forecast.periods import frequency_of

__all__ = ["PanelRecord"]


@dataclass(frozen=True, repr=False, eq=False)
class PanelRecord:
    """A canonical table with its roles; `TradePanel` documents the attributes."""

    roles: Roles
    measure: str
    reporters: tuple[str, ...]
    notes: tuple[str, ...]
    cut: pd.Timestamp | None
    _frame: pd.DataFrame
    sources: tuple[Source, ...] = ()

    # ------------------------------------------------------------------ what it is

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that tell the units apart."""
        return self.roles.keys

    @property
    def origin(self) -> str | None:
        """Column of origins, None where units have no direction."""
        return self.roles.origin

    @property
    def destination(self) -> str | None:
        """Column of destinations, None where units have no direction."""
        return self.roles.destination

    @property
    def sector(self) -> str | None:
        """Column of sectors, if any."""
        return self.roles.sector

    @property
    def reporter(self) -> str | None:
        """Column of reporters, if any; `reporters` are their names."""
        return self.roles.reporter

    @property
    def release(self) -> str | None:
        """Column of release dates, if any."""
        return self.roles.as_of

    @property
    def period(self) -> str:
        """Column of periods."""
        return self.roles.period

    @property
    def flow(self) -> str:
        """Column of flows."""
        return self.roles.flow

    @property
    def covariates(self) -> tuple[str, ...]:
        """Numeric columns beside the flow."""
        return self.roles.covariates

    @property
    def labels(self) -> tuple[str, ...]:
        """Other columns, carried along."""
        return self.roles.labels

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in canonical order."""
        return self.roles.columns

    @property
    def vintages(self) -> bool:
        """Whether rows carry release dates."""
        return self.roles.as_of is not None

    @property
    def nobs(self) -> int:
        """Number of rows with a flow; ``len(panel)`` counts those without, too."""
        return int(self._frame[self.flow].notna().sum())

    @property
    def units(self) -> pd.DataFrame:
        """Key columns, one row per unit, in canonical order."""
        rows = np.flatnonzero(np.diff(self._unit_of_row, prepend=-1))
        return self._frame[list(self.keys)].iloc[rows].reset_index(drop=True)

    @cached_property
    def periods(self) -> pd.PeriodIndex:
        """All periods from the first to the last, without gaps."""
        occurring = pd.PeriodIndex(self._frame[self.period])
        return pd.period_range(occurring.min(), occurring.max(), name=self.period)

    @cached_property
    def freq(self) -> str:
        """Frequency "Y", "Q" or "M"."""
        return frequency_of(pd.PeriodIndex(self._frame[self.period].iloc[:1]))

    @cached_property
    def _unit_of_row(self) -> np.ndarray:
        return run_codes(self._frame, self.keys)

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        return sentence_of(
            self._frame,
            self.roles,
            measure=self.measure,
            reporters=self.reporters,
            cut=self.cut,
        )

    def _repr_html_(self) -> str:
        return html_of(repr(self), self._frame)

    def equals(self, other: PanelRecord) -> bool:
        """Tell whether two panels hold the same columns, values and unit of measurement."""
        return (
            self.roles == other.roles
            and self.measure == other.measure
            and self.reporters == other.reporters
            and self._frame.equals(other._frame)
        )

    def describe(self) -> pd.Series:
        """Return the facts of the panel by name: units, span, gaps, zeros, sizes."""
        return facts_of(
            self._frame, self.roles, measure=self.measure, reporters=self.reporters
        )

    def diagnose(self, *, parts: Mapping[str, str] = PARTS_OF_REGIONS) -> pd.DataFrame:
        """Return what is suspicious, one finding per row; no row, no finding.

        Parameters
        ----------
        parts : mapping
            Regions whose figures may be inside another's, part to whole.

        Returns
        -------
        DataFrame
            Columns ``code, what, count, examples, suggestion``. Of several releases the
            last is looked at.

        Examples
        --------
        >>> import forecast as fc
        >>> df = pd.DataFrame({"side": "KZ", "year": [2019, 2021], "bn": [20.0, 24.5]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["side"], period="year", flow="bn")
        >>> panel.diagnose()[["code", "count", "examples"]]
            code  count examples
        0  F-434      1     2020
        """
        frame = latest_releases(self._frame, self.roles)
        return diagnose(Cells.of(frame, self.roles, self.periods), parts=parts)

    # ------------------------------------------------------------- other containers

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the canonical table; periods are pandas Periods."""
        return self._frame.copy()

    def to_long(self, *, separator: str = "/") -> pd.DataFrame:
        """Return ``unique_id``, ``ds`` (first day), ``y`` and the covariates.

        Labels are left out, since other packages take every further column for a
        regressor.

        Raises
        ------
        KeyColumnError
            F-312 when a code contains the separator.
        """
        self._refuse_several_releases("to_long")
        return long_table(self._frame, self.roles, separator)

    def matrix(self) -> tuple[Floats, pd.DataFrame, pd.PeriodIndex]:
        """Return flows as an array.

        Returns
        -------
        values : float array of shape (n_units, n_periods)
            NaN where a flow is missing or a row absent.
        units : DataFrame of n_units rows
        periods : PeriodIndex of length n_periods

        Raises
        ------
        PeriodError
            F-427 when cells have several releases.
        """
        self._refuse_several_releases("matrix")
        values, _ = pivot_flows(self._frame, self.roles, self.periods)
        return values, self.units, self.periods

    # ------------------------------------------------------- what the other parts need

    def _with_rows(self, frame: pd.DataFrame) -> Self:
        roles = self.roles.settled(frame)
        reporters = self.reporters
        if roles.reporter is not None:
            reporters = tuple(sorted(map(str, pd.unique(frame[roles.reporter]))))
        frame = frame[list(roles.columns)]
        return replace(self, roles=roles, reporters=reporters, _frame=frame)

    def _reshaped(self, new: Reshaped) -> Self:
        notes = (*self.notes, *new.notes)
        sources = kept_sources(self.sources, new.roles.columns)
        return replace(
            self, roles=new.roles, notes=notes, _frame=new.frame, sources=sources
        )

    def _refuse_several_releases(self, what: str) -> None:
        if not self.vintages:
            return
        cells = run_codes(self._frame, [*self.keys, self.period])
        several = len(cells) - 1 - int(cells[-1])
        if several:
            raise PeriodError(
                f"{several:,} rows are older releases of the same cell, {what}() needs one",
                code="F-427",
                column=self.release,
                count=several,
                remedy='Choose what was known when: panel.as_of("2021-09-30").',
            )

    def _refuse_several_reporters(self, kept: Sequence[str]) -> None:
        if self.reporter in self.keys and self.reporter not in kept:
            raise ReporterError(
                f"figures of {len(self.reporters)} reporters would be added up",
                column=self.reporter,
                count=len(self.reporters),
                examples=self.reporters,
                remedy='Choose one: panel.select(reporter="...").',
            )

    def _numbers(self, column: str) -> Floats | Ints:
        """Return the flow or a covariate, shape (n,)."""
        if column in self.labels:
            raise NumberError(
                f"column {column!r} holds text where numbers are needed",
                code="F-202",
                column=column,
                remedy=f"The panel has the numbers {[self.flow, *self.covariates][:20]}.",
            )
        if column not in (self.flow, *self.covariates):
            raise ColumnError.missing([column], (self.flow, *self.covariates))
        return self._frame[column].to_numpy()

    def _with_new(self, columns: Mapping[str, Any], *notes: str) -> Self:
        """Add columns that are not there yet."""
        if taken := [name for name in columns if name in self.columns]:
            raise ColumnError(
                f"a column {taken[0]!r} is there already",
                code="F-115",
                column=taken[0],
                count=len(taken),
                remedy="Rename it in the table, or choose another name where the call "
                "takes one.",
            )
        frame, roles = with_joined(self._frame, self.roles, columns)
        return replace(self, roles=roles, _frame=frame, notes=(*self.notes, *notes))

    def _ends(self, what: str) -> Ends:
        """Return both ends of every flow in one system of codes."""
        refuse_undirected(self.roles, what)
        return ends_of(self._frame, self.roles)

    @property
    def _row_periods(self) -> pd.PeriodIndex:
        return pd.PeriodIndex(self._frame[self.period])
