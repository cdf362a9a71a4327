"""`TradePanel`: flows between regions, or series of any units, over time."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

from forecast.errors import (
    ColumnError,
    ForecastWarning,
    KeyColumnError,
    NumberError,
    PeriodError,
    ReporterError,
    TableError,
)
from forecast.panel import selection
from forecast.panel.admission import admit
from forecast.panel.diagnosis import diagnose
from forecast.panel.double_counting import (
    PARTS_OF_REGIONS,
    looks_cumulated,
    total_labels,
)
from forecast.panel.findings import Cells
from forecast.panel.joining import long_table, split_identifiers, with_joined
from forecast.panel.number_columns import Floats
from forecast.panel.portrait import facts_of, html_of, sentence_of
from forecast.panel.reshaping import (
    Reshaped,
    add_directions,
    add_periods,
    add_units,
    difference_within_years,
    fill_square,
    future_rows,
    latest_releases,
    pivot_flows,
    run_codes,
)
from forecast.panel.roles import Roles, assign_roles, check_table, measure_of
from forecast.periods import frequency_of, parse_date, periods_after

__all__ = ["TradePanel"]


class IndicatorSource(Protocol):
    """What `TradePanel.with_indicators` asks of a log of events."""

    def indicators(self, panel: TradePanel, recipes: Mapping[str, Any]) -> pd.DataFrame:
        """Return one row per row of the panel: its keys, and a column or more per recipe."""
        ...


@dataclass(frozen=True, repr=False, eq=False)
class TradePanel:
    """Flows of units over periods, with covariates; checked once and never changed.

    A unit is a directed pair (origin, destination), with a sector or a reporter where
    there are several, or any series named by key columns. Build one with `from_frame`
    or `from_long`; every method returns something new. Rows stand in canonical order
    (keys, period, release date) whatever order they came in, so equal data give equal
    results to the last bit.

    Attributes
    ----------
    roles : Roles
        Which column plays which part.
    measure : str
        Unit of measurement of the flow; empty if not stated.
    reporters : tuple of str
        Who reported the figures; empty if not stated.
    notes : tuple of str
        What was repaired, left out or filled on the way to this panel.
    cut : Timestamp or None
        The date of `as_of`, if the panel was cut to what was known then.

    Examples
    --------
    >>> df = pd.DataFrame({
    ...     "exporter": ["KZ", "RU", "KZ", "RU"], "importer": ["RU", "KZ", "RU", "KZ"],
    ...     "year": [2020, 2020, 2021, 2021], "trade": [5.1, 14.0, 7.0, 17.6],
    ... })
    >>> panel = TradePanel.from_frame(df, origin="exporter", destination="importer",
    ...     period="year", flow="trade", unit="billion USD")
    >>> panel
    TradePanel: 2 pairs x 2 years (2020–2021), flow 'trade' in billion USD, no zeros, 0 covariates
    >>> panel.turnover().to_frame()
        a   b  year  turnover
    0  KZ  RU  2020      19.1
    1  KZ  RU  2021      24.6
    """

    roles: Roles
    measure: str
    reporters: tuple[str, ...]
    notes: tuple[str, ...]
    cut: pd.Timestamp | None
    _frame: pd.DataFrame

    # ------------------------------------------------------------------ the door

    @classmethod
    def from_frame(
        cls,
        df: pd.DataFrame,
        *,
        origin: str | None = None,
        destination: str | None = None,
        period: str,
        flow: str,
        unit: str | Sequence[str] | None = None,
        measure: str | None = None,
        reporter: str | None = None,
        sector: str | None = None,
        as_of: str | None = None,
        covariates: Sequence[str] | None = None,
        freq: str | None = None,
        known_codes: Iterable[Any] | None = None,
    ) -> Self:
        """Check a table once and take it in; the caller's table is left as it is.

        Parameters
        ----------
        df : DataFrame
            One row for each unit and period (and release date). Its index is ignored.
        origin, destination : str, optional
            Columns with the two ends of a flow: text or whole numbers, one system of
            codes for both.
        period : str
            Column with years, quarters or months in any spelling (`parse_periods`).
        flow : str
            Column with the amounts: never negative, missing allowed (and never read as
            zero).
        unit : str or sequence of str, optional
            A text is the unit of measurement ("million USD"), or the column that holds
            it. A list names the key columns of series that are no pairs.
        measure : str, optional
            The unit of measurement where `unit` is a list.
        reporter : str, optional
            Column with who reported a figure, or a name that holds for all rows.
        sector : str, optional
            A further key column, such as HS chapters.
        as_of : str, optional
            Column with the date each row was released, where cells were revised.
        covariates : sequence of str, optional
            Columns to take along: numbers as covariates, text as labels. By default all
            other columns.
        freq : {"Y", "Q", "M"}, optional
            Only needed when dates leave it open.
        known_codes : iterable or mapping, optional
            The codes that may occur; as a mapping, code to (first day, last day), either
            of which may be None.

        Returns
        -------
        TradePanel

        Raises
        ------
        TableError
            F-101 no rows, F-102 no DataFrame, F-103 column names in levels, F-105
            duplicate keys, F-106 parts of columns contradict each other.
        ColumnError
            F-111 no such column, F-112 a name twice, F-114 a name that is no text.
        NumberError
            F-201 to F-204, F-206 to F-210: values that are no numbers or no flows.
        KeyColumnError
            F-301 missing codes, F-302 no codes, F-303 codes that look the same, F-304
            text and numbers mixed, F-305 negative, F-306 unknown, F-307 out of time.
        PeriodError
            F-401 to F-411 as `parse_periods`; F-412 and F-420 for release dates.

        Warns
        -----
        ForecastWarning
            F-321 codes of totals among details; F-431 most series look like
            year-to-date figures. Both are kept as they are.
        """
        check_table(df)
        keys, stated = _unit_or_measure(unit, measure)
        stated, measured_in = measure_of(df, stated)
        roles = assign_roles(
            df,
            keys=keys,
            origin=origin,
            destination=destination,
            period=period,
            flow=flow,
            sector=sector,
            reporter=reporter,
            as_of=as_of,
            covariates=covariates,
            unused=measured_in,
        )
        taken = admit(df, roles, freq=freq, known_codes=known_codes)
        reporters = taken.reporters
        if reporter is not None and roles.reporter is None:
            reporters = (reporter,)
        panel = cls(taken.roles, stated, reporters, taken.notes, None, taken.frame)
        return panel._warned()

    @classmethod
    def from_long(
        cls,
        df: pd.DataFrame,
        *,
        unit: Sequence[str] = ("unique_id",),
        origin: str | None = None,
        destination: str | None = None,
        sector: str | None = None,
        period: str = "ds",
        flow: str = "y",
        separator: str = "/",
        measure: str | None = None,
        covariates: Sequence[str] | None = None,
        freq: str | None = None,
    ) -> Self:
        """Take in a frame with ``unique_id``, ``ds``, ``y``, as other packages use it.

        Parameters
        ----------
        df : DataFrame
            With columns ``unique_id``, ``ds``, ``y`` and perhaps covariates.
        unit : sequence of str
            Names for the parts of ``unique_id``, if origin and destination are not given.
        origin, destination, sector : str, optional
            Names for the parts of ``unique_id`` in this order, split at `separator`.
        period, flow : str
            Names for ``ds`` and ``y`` in the panel.
        separator : str
        measure, covariates, freq
            As in `from_frame`; `freq` where dates leave it open.

        Raises
        ------
        KeyColumnError
            F-312 when an identifier has not as many parts as there are names.

        Examples
        --------
        >>> long = pd.DataFrame({"unique_id": ["KZ/RU"], "ds": ["2021-07"], "y": [1.4]})
        >>> TradePanel.from_long(long, origin="from", destination="to").units
          from  to
        0   KZ  RU
        """
        check_table(df)
        wanted = ["unique_id", "ds", "y"]
        if missing := [name for name in wanted if name not in df.columns]:
            raise ColumnError.missing(missing, df.columns)
        ends = [name for name in (origin, destination, sector) if name is not None]
        names = tuple(ends) if origin is not None else tuple(unit)
        frame = df.rename(columns={"ds": period, "y": flow})
        if names != ("unique_id",):
            frame = split_identifiers(frame, names, separator)
        return cls.from_frame(
            frame,
            origin=origin,
            destination=destination,
            sector=sector,
            unit=names if origin is None else None,
            period=period,
            flow=flow,
            measure=measure,
            covariates=covariates,
            freq=freq,
        )

    def _warned(self) -> Self:
        """Warn of what would make every sum wrong, and note it."""
        told = [
            f"F-321: {key!r} holds codes of totals among details: {', '.join(labels)}. "
            "Sums would count everything twice; drop these rows first."
            for key, labels in total_labels(self._frame, self.roles).items()
        ]
        if self.freq != "Y":
            frame = latest_releases(self._frame, self.roles)
            values, _ = pivot_flows(frame, self.roles, self.periods)
            flagged = looks_cumulated(values, self.periods)
            if flagged.mean() > 0.5:
                told.append(
                    f"F-431: {flagged.sum():,} of {flagged.size:,} series look like "
                    "year-to-date figures given as single periods. If they are, call "
                    "panel.decumulated(); nothing was changed."
                )
        for sentence in told:
            warnings.warn(sentence, ForecastWarning, stacklevel=3)
        return replace(self, notes=(*self.notes, *told))

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

    def equals(self, other: TradePanel) -> bool:
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
        >>> df = pd.DataFrame({"side": "KZ", "year": [2019, 2021], "bn": [20.0, 24.5]})
        >>> panel = TradePanel.from_frame(df, unit=["side"], period="year", flow="bn")
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

    # ---------------------------------------------------------------- fewer rows

    def as_of(self, date: Any, lag_days: int = 0) -> Self:
        """Return the panel as it could be known on `date`.

        With release dates: the last release of each cell up to `date`. Without: the
        periods that had ended `lag_days` before. Notes of the whole table are not
        carried over, since they may tell of later rows.

        Parameters
        ----------
        date : date-like
            Such as "2021-09-30".
        lag_days : int
            Days from the end of a period (or from the release) until it is known.

        Raises
        ------
        PeriodError
            F-412 no date, F-422 nothing known yet, F-428 the panel was already cut at an
            earlier state that this date would need to look behind, F-429 a negative lag.

        Examples
        --------
        >>> df = pd.DataFrame({"side": "KZ", "year": [2020, 2020], "bn": [18.6, 19.1],
        ...     "released": ["2021-02-15", "2021-09-01"]})
        >>> panel = TradePanel.from_frame(df, unit=["side"], period="year", flow="bn",
        ...     as_of="released")
        >>> panel.as_of("2021-06-30").to_frame()["bn"].to_list()
        [18.6]
        """
        day = parse_date(date, column="date")
        if lag_days < 0:
            raise PeriodError(
                f"figures cannot be known {-lag_days} days before their period ends",
                code="F-429",
                remedy="`lag_days` counts the days until publication; it is 0 or more.",
            )
        if self.cut is not None and self.vintages and day < self.cut:
            raise PeriodError(
                f"the panel holds only what was known on {self.cut.date()}, earlier "
                "releases are gone",
                code="F-428",
                column=self.release,
                remedy="Cut the panel from before that cut.",
            )
        frame = selection.rows_known(self._frame, self.roles, day, lag_days)
        cut = day if self.cut is None else min(day, self.cut)
        return replace(self._with_rows(frame), notes=(), cut=cut)

    def between(self, start: Any = None, end: Any = None) -> Self:
        """Return the periods from `start` to `end`, both included.

        Years are fine for months: ``between(2019, 2021)``.

        Raises
        ------
        PeriodError
            F-425 when no row lies there.
        """
        return self._with_rows(
            selection.rows_between(self._frame, self.roles, start, end)
        )

    def select(self, **equals: Any) -> Self:
        """Return the rows whose columns have the given value, or one of a list of values.

        ``reporter=`` works whatever the column of reporters is called.

        Raises
        ------
        ColumnError
            F-111 no such column.
        KeyColumnError
            F-311 no such value.

        Examples
        --------
        ``panel.select(exporter=["RU", "KZ"], reporter="Russia")``
        """
        if "reporter" in equals and "reporter" not in self.columns:
            who = equals.pop("reporter")
            if self.reporter is not None:
                equals[self.reporter] = who
            elif self.reporters != (who,):
                raise KeyColumnError(
                    f"no figures of reporter {who!r}",
                    code="F-311",
                    column="reporter",
                    remedy=f"The panel's reporters: {list(self.reporters) or 'not stated'}.",
                )
        return self._with_rows(selection.rows_with(self._frame, equals))

    def _with_rows(self, frame: pd.DataFrame) -> Self:
        roles = self.roles.settled(frame)
        reporters = self.reporters
        if roles.reporter is not None:
            reporters = tuple(sorted(map(str, pd.unique(frame[roles.reporter]))))
        frame = frame[list(roles.columns)]
        return replace(self, roles=roles, reporters=reporters, _frame=frame)

    # ---------------------------------------------------------------- more columns

    def with_columns(self, **columns: Any) -> Self:
        """Return the panel with further columns: numbers as covariates, text as labels.

        Parameters
        ----------
        **columns
            An array of ``len(panel)`` values in the order of `to_frame`, one value for
            all rows, or a function of the frame.

        Raises
        ------
        ColumnError
            F-115 when a key, the period or the flow would be replaced.
        TableError
            F-116 when a column has another length or another index.

        Examples
        --------
        ``panel.with_columns(log_gdp=lambda df: np.log(df["gdp"]))``
        """
        frame, roles = with_joined(self._frame, self.roles, columns)
        return replace(self, roles=roles, _frame=frame)

    def with_indicators(self, log: IndicatorSource, **recipes: Any) -> Self:
        """Return the panel with indicators built from a log of events.

        Parameters
        ----------
        log : EventLog
        **recipes
            Recipes by the name of the new column, such as ``visits=Count("visit")``.
        """
        indicators = log.indicators(self, recipes)
        fresh = [name for name in indicators.columns if name not in self.roles.identity]
        return self.with_columns(**{str(name): indicators[name] for name in fresh})

    # ------------------------------------------------------------------- sums

    def total(self, by: str | Sequence[str] | None = None) -> Self:
        """Return the flows added up over units, within `by` and period.

        A missing flow makes the total of its period missing; rows that are absent count
        as nothing, and a note says how many. Covariates are left out.

        Parameters
        ----------
        by : str or sequence of str, optional
            Key columns to keep. By default one series remains, the unit "total".

        Raises
        ------
        ReporterError
            F-350 when figures of several reporters would be added.
        KeyColumnError
            F-308 when rows of totals would be counted beside their details.
        PeriodError
            F-427 when cells have several releases.
        """
        kept = [by] if isinstance(by, str) else list(by or ())
        if missing := [name for name in kept if name not in self.keys]:
            raise ColumnError.missing(missing, self.keys)
        self._refuse_several_releases("total")
        self._refuse_several_reporters(kept)
        counted_twice = total_labels(self._frame, self.roles)
        for key in self.keys:
            if key not in kept and key in counted_twice:
                raise KeyColumnError(
                    f"totals stand among the details of {key!r}",
                    code="F-308",
                    column=key,
                    count=len(counted_twice[key]),
                    examples=counted_twice[key],
                    remedy="Drop these rows before building the panel, or keep the column: "
                    f"total(by={key!r}).",
                )
        return self._reshaped(add_units(self._frame, self.roles, kept))

    def turnover(self, names: tuple[str, str] = ("a", "b")) -> Self:
        """Return exports plus imports of each pair, without direction.

        The turnover of a pair is missing where one of its directions is; a note counts
        and names these. Flows of a region to itself are left out. Columns that are the
        same in both directions are kept.

        Parameters
        ----------
        names : pair of str
            New key columns; the smaller code stands in the first.

        Returns
        -------
        TradePanel
            Its flow is called ``turnover``.

        Raises
        ------
        KeyColumnError
            F-309 the units have no direction, F-310 no pair has both directions.
        """
        if not self.roles.is_directed:
            raise KeyColumnError(
                f"units {list(self.keys)} have no direction",
                code="F-309",
                remedy="Turnover needs origin and destination.",
            )
        self._refuse_several_releases("turnover")
        others = {*self.columns} - {self.origin, self.destination, self.flow}
        if taken := sorted(others & {*names, "turnover"}):
            raise ColumnError(
                f"a column {taken[0]!r} is there already",
                code="F-115",
                column=taken[0],
                remedy='Choose other names: turnover(names=("region", "partner")).',
            )
        return self._reshaped(add_directions(self._frame, self.roles, names))

    def aggregate(self, freq: str) -> Self:
        """Return months added up to quarters or years; incomplete ones are left out.

        A note says how many were. Columns that change within a longer period are left
        out, too.

        Raises
        ------
        PeriodError
            F-423 no longer frequency, F-424 nothing complete.
        """
        self._refuse_several_releases("aggregate")
        return self._reshaped(add_periods(self._frame, self.roles, freq))

    def decumulated(self, *, on_negative: str = "raise") -> Self:
        """Return year-to-date figures as the figures of single periods.

        Never done by itself. The first period of a year stands as it is; after a gap
        the step is missing.

        Parameters
        ----------
        on_negative : {"raise", "missing"}
            What to do where a figure is lower than the one before.

        Raises
        ------
        NumberError
            F-211 where a figure falls within a year.
        PeriodError
            F-426 for yearly data, F-427 for several releases.

        Examples
        --------
        >>> df = pd.DataFrame({"side": "KZ", "bn": [1.5, 3.1, 5.0],
        ...     "month": ["2021-01", "2021-02", "2021-03"]})
        >>> ytd = TradePanel.from_frame(df, unit=["side"], period="month", flow="bn")
        >>> ytd.decumulated().to_frame()["bn"].round(1).to_list()
        [1.5, 1.6, 1.9]
        """
        if self.freq == "Y" or on_negative not in {"raise", "missing"}:
            raise PeriodError(
                "only months or quarters can be year-to-date figures"
                if self.freq == "Y"
                else f"on_negative={on_negative!r} is not possible",
                code="F-426",
                column=self.period,
                remedy='Use on_negative="raise" or "missing" on monthly or quarterly data.',
            )
        self._refuse_several_releases("decumulated")
        return self._reshaped(
            difference_within_years(self._frame, self.roles, on_negative=on_negative)
        )

    def square(self, fill: float = 0.0, *, pairs: str = "observed") -> Self:
        """Return the panel with a row for every unit in every period that occurs.

        Parameters
        ----------
        fill : float
            Flow of the new rows; NaN leaves them missing. Flows that were missing stay so.
        pairs : {"observed", "all"}
            "all" crosses all origins with all destinations and sectors (self pairs only
            if some occur).

        Notes
        -----
        Columns that never change within a unit are filled in, others are missing in the
        new rows.

        Raises
        ------
        NumberError
            F-206 for a negative or infinite `fill`.
        TableError
            F-106 for other words in `pairs`, F-120 when the square would be too large.
        """
        if fill < 0 or np.isinf(fill):
            raise NumberError(
                f"flows cannot be filled with {fill}",
                code="F-206",
                remedy="Fill with 0 or another possible flow, or leave them missing: NaN.",
            )
        if pairs not in {"observed", "all"}:
            raise TableError(
                f"pairs={pairs!r} is not possible",
                code="F-106",
                remedy='Use pairs="observed" or pairs="all".',
            )
        self._refuse_several_releases("square")
        return self._reshaped(
            fill_square(self._frame, self.roles, fill=fill, every_pair=pairs == "all")
        )

    def future(self, horizon: int | str | pd.Period) -> pd.DataFrame:
        """Return the rows to be forecast: each unit in each of the next periods.

        Columns that never changed within any unit (distance, borders) are carried on;
        everything else, the flow first, is missing and yours to fill in.

        Parameters
        ----------
        horizon : int, str or Period
            A number of periods, or the last one ("2025").

        Raises
        ------
        PeriodError
            F-421 for a horizon that is no positive number or too long.

        Examples
        --------
        >>> df = pd.DataFrame({"side": ["KZ"], "year": [2021], "bn": [24.5]})
        >>> panel = TradePanel.from_frame(df, unit=["side"], period="year", flow="bn")
        >>> panel.future("2023")["year"].astype(str).to_list()
        ['2022', '2023']
        """
        self._refuse_several_releases("future")
        periods = periods_after(self.periods[-1], horizon)
        return future_rows(self._frame, self.roles, periods)

    # ------------------------------------------------------------------- guards

    def _reshaped(self, new: Reshaped) -> Self:
        notes = (*self.notes, *new.notes)
        return replace(self, roles=new.roles, notes=notes, _frame=new.frame)

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


def _unit_or_measure(
    unit: str | Sequence[str] | None, measure: str | None
) -> tuple[tuple[str, ...] | None, str | None]:
    """Tell the unit of measurement from the key columns of units."""
    if unit is None:
        return None, measure
    if not isinstance(unit, str):
        return tuple(unit), measure
    if measure is None:
        return None, unit
    raise TableError(
        f"the unit of measurement is given twice: {unit!r} and {measure!r}",
        code="F-106",
        remedy='For series that are no pairs give a list: unit=["region"].',
    )
