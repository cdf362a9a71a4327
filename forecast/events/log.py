"""The log of cooperation events, and the indicators that a panel takes from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, ModelError, NumberError
from forecast.events.exposure import Exposure
from forecast.events.history import in_hindsight, known_by, latest_rows
from forecast.events.indicators import coverage, expose, indicator_table
from forecast.events.recipes import Count, Recipe
from forecast.events.rows import Panel, PanelRows, panel_rows
from forecast.events.statuses import HAPPENED
from forecast.events.table import (
    event_table,
    in_order,
)
from forecast.events.telling import leads, notes, tell_silent, tell_unmatched
from forecast.events.timing import last_possible_day
from forecast.events.values import TotalValue, numbered, summary, total_value
from forecast.periods import parse_date

__all__ = ["EventLog"]

_CHOICES = {
    "date_rule": ("latest", "earliest", "spread"),
    "national": ("broadcast", "ignore", "error"),
    "unmatched": ("warn", "ignore", "error"),
}


@dataclass(frozen=True, eq=False)
class EventLog:
    """Events between regions or countries: visits, documents, deals, flights, agreements.

    Build it with `EventLog.from_frame`; it is checked once, there, and never changes.
    What has not happened (status below ``agreed``, or postponed), has no date, or lies
    inside a total that counts is held in the log but enters no indicator.

    Attributes
    ----------
    table : DataFrame
        Canonical columns and order. Treat it as read-only, `to_frame` gives a copy.
    unit : str
        Unit of the values.
    directed : bool
        Whether an event reaches only flows from its origin to its destination.
    date_rule : {"latest", "earliest", "spread"}
        Where in its span of possible days an event stands.
    national : {"broadcast", "ignore", "error"}
        What a country as party of an event is to a panel of its regions.
    unmatched : {"warn", "ignore", "error"}
        What to do about events between parties that the panel does not pair.
    known_at : Timestamp, optional
        The day of `as_of`.
    told : DataFrame, optional
        Of a log in hindsight: its rows with the days on which they became known, so
        that `as_of` can still leave out what was not.

    Examples
    --------
    >>> log = EventLog.from_frame(
    ...     pd.DataFrame(
    ...         {
    ...             "date": ["2021-09-30", "2021", "2022"],
    ...             "kind": ["forum", "visit", "forum"],
    ...             "origin": ["RU", "KZ", "RU-ORE"],
    ...             "destination": ["KZ-11", "RU-AST", "KZ"],
    ...             "status": ["held", "held", "planned"],
    ...         }
    ...     )
    ... )
    >>> log
    EventLog: 3 events from 2021-01-01 to 2022-12-31 (2 forum, 1 visit); 1 has not happened
    >>> log.as_of("2021-12-31")
    EventLog: 2 events from 2021-01-01 to 2021-12-31 (1 forum, 1 visit); as known on 2021-12-31
    """

    table: pd.DataFrame = field(repr=False)
    unit: str = ""
    directed: bool = False
    date_rule: str = "latest"
    national: str = "broadcast"
    unmatched: str = "warn"
    known_at: pd.Timestamp | None = None
    told: pd.DataFrame | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ModelError(
                    f"{name}={getattr(self, name)!r} is no choice of an event log",
                    code="F-561",
                    column=name,
                    remedy=f"Choose one of {list(choices)}.",
                )

    @classmethod
    def from_frame(
        cls,
        df: pd.DataFrame,
        *,
        date: str = "date",
        origin: str = "origin",
        destination: str = "destination",
        kind: str = "kind",
        id: str | None = None,
        date_end: str | None = None,
        precision: str | None = None,
        status: str | None = None,
        count: str | None = None,
        value: str | None = None,
        value_relation: str | None = None,
        part_of: str | None = None,
        known_on: str | None = None,
        ended_on: str | None = None,
        source: str | None = None,
        subkind: str | None = None,
        theme: str | None = None,
        placebo: str | None = None,
        trade_content: str | None = None,
        placebo_themes: Sequence[str] = (),
        unit: str | None = None,
        directed: bool = False,
        date_rule: str = "latest",
        national: str = "broadcast",
        unmatched: str = "warn",
    ) -> Self:
        """Check a frame of events and put it in canonical order.

        Every argument that names a column may be left out: then the column of the
        argument's own name is used, if there is one. Other columns are kept.

        Parameters
        ----------
        df : DataFrame
            One row an event. Rows of one `id` are later states of it (agreed, then
            operating) or corrections (told apart by `known_on`). Not changed.
        date, date_end, precision : str
            First and last day on which the event can have happened; the end follows
            from the precision (day, month, two months, season, quarter, half year,
            year, unknown) or from how the date is written ("2021", "2021-09").
        origin, destination : str
            Parties: ISO 3166 codes of countries and regions, or any other codes.
        kind, subkind, theme, source : str
            Texts. Several subkinds may stand in one cell, separated by commas.
        id : str
            Identifier; by default numbered in canonical order.
        status : str
            Rung of the ladder `STATUSES`. Without such a column all have happened.
        count : str
            How many documents, visits ... the row stands for; empty is 1.
        value, value_relation : str
            Worth in `unit`, and "exactly", "at least", "at most" or "about".
        part_of : str
            Id of the total that the event lies inside.
        known_on : str
            Day on which it became public; without one, the day by which it happened.
        ended_on : str
            Day from which it no longer worked (a link, an agreement).
        placebo, trade_content : str
            True or false; a placebo is an event without trade content.
        placebo_themes : sequence of str
            Themes whose events are placebos.
        unit : str
            Unit of the values, or the column that names it.
        directed, date_rule, national, unmatched
            As the attributes; see there and `using`.

        Raises
        ------
        TableError
            F-160 no frame, F-161 column names, F-162 one id twice, F-163 part of an
            unknown event, F-164 part of itself.
        ColumnError
            F-111 no such column, F-166 a column besides the one named.
        NumberError
            F-260 count, F-261 value, F-262 parts above their total, F-263 units.
        KeyColumnError
            F-360 precision, F-361 empty cell, F-362 look-alike letters, F-363 unknown
            word, F-364 neither true nor false.
        PeriodError
            F-40x unreadable date, F-471 ends before it begins, F-472 date missing,
            F-473 ended before it began, F-474 known before it happened.
        """
        names = {
            "date": date,
            "origin": origin,
            "destination": destination,
            "kind": kind,
            "id": id,
            "date_end": date_end,
            "precision": precision,
            "status": status,
            "count": count,
            "value": value,
            "value_relation": value_relation,
            "part_of": part_of,
            "known_on": known_on,
            "ended_on": ended_on,
            "source": source,
            "subkind": subkind,
            "theme": theme,
            "placebo": placebo,
            "trade_content": trade_content,
        }
        table = event_table(df, names, placebo_themes)
        return cls(table, _unit(table, unit), directed, date_rule, national, unmatched)

    # ------------------------------------------------------------------ views

    def __len__(self) -> int:
        """Return the number of events; later states of one event are not counted."""
        return int(self.table["id"].nunique())

    def __repr__(self) -> str:
        text = f"EventLog: {numbered(len(self), 'event')}"
        latest = latest_rows(self.table)
        if self.table["date"].notna().any():
            text += f" from {self.table['date'].min():%Y-%m-%d}"
            text += f" to {self.table['date_end'].max():%Y-%m-%d}"
        if len(self):
            kinds = sorted(
                latest["kind"].value_counts().items(), key=lambda k: (-k[1], k[0])
            )
            text += f" ({', '.join(f'{n} {kind}' for kind, n in kinds[:6])}"
            text += ", ...)" if len(kinds) > 6 else ")"
        told = {
            "not happened": ~latest["status"].isin([*HAPPENED, ""]),
            "no date": latest["date"].isna(),
        }
        for what, which in told.items():
            if which.any():
                text += f"; {int(which.sum())} {'has' if which.sum() == 1 else 'have'} {what}"
        return text + (
            f"; as known on {self.known_at:%Y-%m-%d}" if self.known_at else ""
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events, in alphabetical order."""
        return tuple(sorted(self.table["kind"].unique()))

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table: canonical columns, then the others."""
        return self.table.copy()

    def describe(self) -> pd.DataFrame:
        """Summarise the latest state of each event by kind and status.

        Returns
        -------
        DataFrame
            `kind`, `status`, `events`, `count`, `value` (sum without parts inside
            totals), `value_relation`, `first`, `last`, `undated`, `parts`, `placebos`.
        """
        return summary(latest_rows(self.table))

    # --------------------------------------------------------- other logs from this

    def as_of(self, date: Any) -> Self:
        """Return the log as it was known on a day.

        Rows that became public later are gone, later states and corrections of known
        events among them. A row without `known_on` was known when its whole possible
        span had passed (under other date rules than ``latest``: when it began); one
        without a date, never. What has ended since was still operating.

        Parameters
        ----------
        date : date-like
        """
        day = parse_date(date)
        known_at = day if self.known_at is None else min(day, self.known_at)
        if self.told is None:
            table = known_by(self.table, day, self.date_rule)
            return replace(self, table=table, known_at=known_at)
        told = known_by(self.told, day, self.date_rule)
        return replace(self, table=in_hindsight(told), told=told, known_at=known_at)

    def in_hindsight(self) -> Self:
        """Return the log as it is known today, for estimation rather than forecasts.

        Every event enters when it happened, not when it became known. A row gives way
        to a later-known row of the same event that is on the same or a lower rung:
        that is a correction. `as_of` then gives the hindsight of that day.
        """
        told = self.table if self.told is None else self.told
        return replace(self, table=in_hindsight(told), told=told)

    def placebos(self) -> Self:
        """Return the events without trade content, as if they were real ones."""
        return self._each_table(
            lambda t: t[t["placebo"]].assign(placebo=False).reset_index(drop=True)
        )

    def shifted(self, years: int) -> Self:
        """Return the log with all dates moved by some years: placebo dates."""
        names = ("date", "date_end", "known_on", "ended_on")

        def moved(table: pd.DataFrame) -> pd.DataFrame:
            by = pd.DateOffset(years=years)
            later = {n: (table[n] + by).astype("datetime64[s]") for n in names}
            return in_order(table.assign(**later))

        return self._each_table(moved)

    def recoded(self, codes: Mapping[str, str]) -> Self:
        """Return the log with codes replaced, for example ``{"KZ-33": "KZ-19"}``."""

        def named(table: pd.DataFrame) -> pd.DataFrame:
            sides = ("origin", "destination")
            new = {side: table[side].replace(dict(codes)) for side in sides}
            return in_order(table.assign(**new))

        return self._each_table(named)

    def select(self, **equals: Any) -> Self:
        """Return the rows whose columns equal a value, or one of several.

        Examples
        --------
        >>> frame = pd.DataFrame({"date": ["2020", "2021"], "kind": ["visit", "deal"]})
        >>> log = EventLog.from_frame(frame.assign(origin="RU", destination="KZ"))
        >>> log.select(kind="deal")
        EventLog: 1 event from 2021-01-01 to 2021-12-31 (1 deal)
        """
        missing = [name for name in equals if name not in self.table]
        if missing:
            raise ColumnError.missing(missing, self.table.columns)

        def chosen(table: pd.DataFrame) -> pd.DataFrame:
            kept = np.ones(len(table), dtype=bool)
            for name, wanted in equals.items():
                several = isinstance(wanted, list | tuple | set)
                kept &= table[name].isin(wanted if several else [wanted]).to_numpy()
            return table[kept].reset_index(drop=True)

        return self._each_table(chosen)

    def using(self, **options: Any) -> Self:
        """Return the log with other options: directed, date_rule, national, unmatched."""
        possible = ("directed", *_CHOICES)
        if unknown := [name for name in options if name not in possible]:
            raise ModelError(
                f"an event log has no option {unknown}",
                code="F-561",
                remedy=f"Its options are {list(possible)}.",
            )
        return replace(self, **options)

    # ------------------------------------------------------------------ results

    def total_value(
        self,
        kind: str | tuple[str, ...] | None = None,
        *,
        start: Any = None,
        end: Any = None,
        **filters: Any,
    ) -> TotalValue:
        """Add the values of events; parts inside totals once, bounds kept as bounds.

        Parameters
        ----------
        kind : str or tuple of str, optional
        start, end : date-like, optional
            Only events whose whole possible span lies between; those without a date
            are left out then.
        **filters
            As `Count` takes them: `status`, `subkind`, `min_value`, `placebo`.

        Examples
        --------
        >>> frame = pd.DataFrame(
        ...     {
        ...         "id": ["E27", "E28"],
        ...         "date": "2021-09",
        ...         "kind": "deal",
        ...         "origin": "RU",
        ...         "destination": ["KZ", "KZ-59"],
        ...         "value": [144.0, None],
        ...         "value_relation": ["at least", ""],
        ...         "part_of": ["", "E27"],
        ...     }
        ... )
        >>> print(EventLog.from_frame(frame, unit="million USD").total_value("deal"))
        at least 144 million USD from 1 event; inside: E28
        """
        recipe = Count(kind, **filters)
        counted = recipe.takes(self.table) & recipe.counts(self.table)
        latest = latest_rows(self.table[counted])
        if start is not None:
            latest = latest[latest["date"] >= parse_date(start, column="start")]
        if end is not None:
            latest = latest[last_possible_day(latest) <= parse_date(end, column="end")]
        return total_value(latest, self.unit)

    def indicators(
        self,
        panel: Panel,
        recipes: Mapping[str, Recipe],
        *,
        rows: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Turn the events into indicators for the rows of a panel.

        The value of a period uses only events that had happened and were known by its
        end; the one exception are the leads of `Window`.

        Parameters
        ----------
        panel : TradePanel
        recipes : mapping of str to Recipe
            Name of the indicator to recipe.
        rows : DataFrame, optional
            Rows to use instead of the panel's own, with its key and period columns;
            for example ``panel.future(4)``.

        Returns
        -------
        DataFrame
            Key columns, period and the indicators, row by row as in
            ``panel.to_frame()``. Its ``attrs`` hold `notes` (list of sentences) and
            `uses_future` (list of columns that look ahead).

        Raises
        ------
        ModelError
            F-562 leads of a log as it was known on a day, F-563 no recipe.
        TableError
            F-165 two columns of one name.
        KeyColumnError
            F-365 and F-366, where `unmatched` and `national` ask for an error.

        Warns
        -----
        ForecastWarning
            F-365 events for pairs that are not in the panel; F-564 an indicator that
            is zero everywhere.
        """
        self._refuse_recipes(recipes)
        exposure, wanted = self._exposed(panel, rows)
        table = indicator_table(exposure, wanted, recipes)
        covered = {name: coverage(exposure, wanted, r) for name, r in recipes.items()}
        tell_unmatched(covered, self.unmatched)
        tell_silent(table, recipes, covered, self.kinds)
        made = [c for name, recipe in recipes.items() for c in recipe.columns(name)]
        table.attrs["notes"] = notes(table[made], covered)
        table.attrs["uses_future"] = leads(recipes)
        return table

    def coverage(
        self,
        panel: Panel,
        recipe: Recipe | None = None,
        *,
        rows: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Say what becomes of each event: the period it enters, its pairs, or why not.

        Returns
        -------
        DataFrame
            `id`, `kind`, `origin`, `destination`, `status`, `enters`, `pairs`,
            `link` ("exact", "rolled up", "broadcast"), `reason` (empty if it counts).
        """
        exposure, wanted = self._exposed(panel, rows)
        return coverage(exposure, wanted, recipe or Count())

    # ------------------------------------------------------------------ behind them

    def _each_table(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Self:
        """Change the rows, and those they were taken from in hindsight."""
        told = None if self.told is None else change(self.told)
        return replace(self, table=change(self.table), told=told)

    def _exposed(
        self, panel: Panel, rows: pd.DataFrame | None
    ) -> tuple[Exposure, PanelRows]:
        wanted = panel_rows(panel, rows)
        exposure = expose(
            self.table,
            wanted,
            directed=self.directed,
            date_rule=self.date_rule,
            national=self.national,
        )
        return exposure, wanted

    def _refuse_recipes(self, recipes: Mapping[str, Recipe]) -> None:
        given: Mapping[str, object] = recipes
        wrong = [n for n, r in given.items() if not isinstance(r, Recipe)]
        if wrong or not recipes:
            raise ModelError(
                f"{wrong or 'nothing'} is no recipe of an indicator",
                code="F-563",
                remedy='Give recipes by name, such as visits=Count("visit").',
            )
        ahead = [name for name, recipe in recipes.items() if recipe.uses_future]
        if ahead and self.known_at is not None:
            raise ModelError(
                f"the leads of {ahead} use events after {self.known_at:%Y-%m-%d}",
                code="F-562",
                remedy="Leads are for event studies of the whole log; in a log as it was "
                "known on a day take Window(before=0) or Lags.",
            )


def _unit(table: pd.DataFrame, unit: str | None) -> str:
    """Return the unit: as given, or as the one entry of the column that names it."""
    column = "unit" if unit is None else unit
    if column not in table:
        return unit or ""
    units = table.loc[table["value"].notna(), column].dropna().astype(str).unique()
    if len(units) > 1:
        raise NumberError(
            f"the values of the events have {len(units)} units",
            code="F-263",
            column=column,
            count=len(units),
            examples=sorted(units),
            remedy="Convert them to one unit first.",
        )
    return str(units[0]) if len(units) else ""
