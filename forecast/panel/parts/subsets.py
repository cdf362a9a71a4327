"""Fewer rows: what was known on a date, periods, values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

from forecast.errors import KeyColumnError, PeriodError
from forecast.panel import selection
from forecast.panel.domestic import only_international
from forecast.panel.groupings import refuse_undirected
from forecast.panel.parts.record import PanelRecord
from forecast.panel.sources import with_remade
from forecast.periods import parse_date

__all__ = ["Subsets"]


class Subsets(PanelRecord):
    """Panels with some of the rows."""

    def as_of(self, date: Any, lag_days: int = 0) -> Self:
        """Return the panel as it could be known on `date`.

        With release dates: the last release of each cell up to `date`. Without: the
        periods that had ended `lag_days` before. Notes of the whole table are not
        carried over, since they may tell of later rows. Indicators made of events are
        made anew from the events that were known on `date`.

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
        ModelError
            F-562 an indicator that looks ahead (leads of `Window`).

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"side": "KZ", "year": [2020, 2020], "bn": [18.6, 19.1],
        ...     "released": ["2021-02-15", "2021-09-01"]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["side"], period="year", flow="bn",
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
        known = replace(self._with_rows(frame), notes=(), cut=cut)
        if not self.sources:
            return known
        sources = tuple(source.as_of(cut) for source in self.sources)
        return replace(known, _frame=with_remade(known, sources), sources=sources)

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
        ``panel.select(exporter=["RU", "KZ"], reporter="Russia")``, or every fourth year:
        ``panel.select(year=range(1986, 2007, 4))``
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

    def international(self) -> Self:
        """Return the panel without flows of a region to itself.

        Raises
        ------
        KeyColumnError
            F-309 units without direction, F-333 when nothing remains.
        """
        refuse_undirected(self.roles, "international")
        return self._with_rows(only_international(self._frame, self.roles))
