"""Columns over time: lags and leads, ages and phases of agreements, one per period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Self

import numpy as np

from forecast.errors import NumberError
from forecast.panel.leads_lags import shifted, steps_of
from forecast.panel.number_columns import Floats, examples_of
from forecast.panel.parts.record import PanelRecord
from forecast.panel.phases import Ages, ages_of, at_age, group_starts, periods_over

__all__ = ["Timing"]


class Timing(PanelRecord):
    """Panels with columns that look along time."""

    def with_lags(
        self, column: str, lags: int | Sequence[int], *, fill: float | None = None
    ) -> Self:
        """Return the panel with a column as it was some periods before.

        Exact by period: the lag 4 of 1994 is the row of 1990 of the same unit, whatever
        rows stand between. Where a unit has no row 4 periods before, it is missing.

        Parameters
        ----------
        column : str
            The flow or a covariate.
        lags : int or sequence of int
            Numbers of periods. The new columns are called ``rta_lag4``.
        fill : float, optional
            Value before the first period of a unit. By default missing; gaps are
            missing always.

        Raises
        ------
        ColumnError
            F-111 no such column, F-115 a new name that is taken.
        NumberError
            F-202 for a column of text.
        PeriodError
            F-427 for several releases, F-440 for lags that are no positive numbers.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"side": "KZ", "year": [2019, 2020, 2021], "bn": [20, 19, 24]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["side"], period="year", flow="bn")
        >>> panel.with_lags("bn", 1).to_frame()["bn_lag1"].to_list()
        [nan, 20.0, 19.0]
        """
        return self._shifted(column, {"lag": steps_of(lags, "lags")}, fill)

    def with_leads(
        self, column: str, leads: int | Sequence[int], *, fill: float | None = None
    ) -> Self:
        """Return the panel with a column as it will be some periods later.

        For tests of anticipation and strict exogeneity (Baier and Bergstrand 2007); a
        lead knows the future, so no forecast may rest on it, and a panel that is cut
        with `as_of` afterwards keeps what it knew.

        Parameters
        ----------
        column : str
        leads : int or sequence of int
            Numbers of periods. The new columns are called ``rta_lead4``.
        fill : float, optional
            Value after the last period of a unit. By default missing.

        Raises
        ------
        ColumnError, NumberError, PeriodError
            As `with_lags`.

        Examples
        --------
        ``panel.with_leads("rta", 4)``
        """
        return self._shifted(column, {"lead": steps_of(leads, "leads")}, fill)

    def _shifted(
        self, column: str, steps: Mapping[str, Sequence[int]], fill: float | None
    ) -> Self:
        ((word, numbers),) = steps.items()
        values = self._numbers(column)
        self._refuse_several_releases(f"with_{word}s")
        sign = 1 if word == "lag" else -1
        ordinals = self._row_periods.asi8
        return self._with_new(
            {
                f"{column}_{word}{step}": shifted(
                    values, self._unit_of_row, ordinals, sign * step, fill
                )
                for step in numbers
            }
        )

    # ------------------------------------------------------------ since the entry

    def with_age(self, column: str, *, entry: str = "exact") -> Self:
        """Return the panel with the periods since an agreement entered into force.

        The new column ``rta_age`` is 0 in the period of entry and missing where the
        agreement is not in force. A later entry, after an exit, begins at 0 again.

        Parameters
        ----------
        column : str
            1 in force, 0 not in force, or missing.
        entry : {"exact", "latest", "earliest"}
            The entry is open where a unit is in force from its first row on, or rows
            are missing just before. "exact" leaves missing what depends on it; "latest"
            takes the first period seen in force; "earliest" the one after the last seen
            out of force (the age of a unit never seen out of force stays missing).

        Raises
        ------
        ColumnError, PeriodError
            As `with_lags`.
        NumberError
            F-202 for a column of text, F-441 for values other than 0 and 1.
        TableError
            F-106 for another word in `entry`.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"pair": "KZ-RU", "year": range(2013, 2018), "bn": 1.0,
        ...     "eaeu": [0, 0, 1, 1, 1]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["pair"], period="year", flow="bn")
        >>> panel.with_age("eaeu").to_frame()["eaeu_age"].to_list()
        [nan, nan, 0.0, 1.0, 2.0]
        """

        def age(ages: Floats) -> Floats:
            return np.where((ages >= 0) & np.isfinite(ages), ages, np.nan)

        values = self._at_age(column, age, entry, "with_age")
        return self._with_new({f"{column}_age": values})

    def with_age_groups(
        self, column: str, starts: Sequence[int], *, entry: str = "exact"
    ) -> Self:
        """Return the panel with one 0/1 column for each age of an agreement.

        Parameters
        ----------
        column : str
            As in `with_age`.
        starts : sequence of int
            First age of each group, in periods: ``[0, 5, 10]`` gives ``rta_0_4``,
            ``rta_5_9`` and ``rta_10_on``. If the first is 0, the groups add up to
            `column`.
        entry : {"exact", "latest", "earliest"}
            As in `with_age`. "exact" knows that what has been in force for 10 years
            belongs to the last group, whenever it began.

        Raises
        ------
        ColumnError, NumberError, TableError
            As `with_age`.
        PeriodError
            F-427, and F-443 for starts that are no rising whole numbers.

        Examples
        --------
        ``panel.with_age_groups("rta", [0, 5, 10])``
        """
        begin = group_starts(starts)
        columns = {}
        for first, after in zip(begin, (*begin[1:], None), strict=True):
            name = f"{column}_{first}_{'on' if after is None else after - 1}"
            until = np.inf if after is None else after - 0.5

            def group(ages: Floats, low: float = first, high: float = until) -> Floats:
                inside = (ages >= low) & (ages <= high)
                return np.where(np.isnan(ages), np.nan, inside.astype(float))

            columns[name] = self._at_age(column, group, entry, "with_age_groups")
        return self._with_new(columns)

    def with_phase_in(self, column: str, over: int, *, entry: str = "exact") -> Self:
        r"""Return the panel with an agreement phased in evenly over some periods.

        The new column ``rta_over10`` is :math:`\min(1, (a + 1) / k)` at age a, so it
        takes k equal steps, the first in the period of entry, and falls to 0 at once
        where the agreement ends (`forecast.PhaseIn`, made of dated events, is phased
        out as it was phased in).

        Parameters
        ----------
        column : str
            As in `with_age`.
        over : int
            Number of periods k. Baier and Bergstrand (2007, JIE 71) find agreements at
            work for 10 to 15 years.
        entry : {"exact", "latest", "earliest"}
            As in `with_age`.

        Raises
        ------
        ColumnError, NumberError, TableError
            As `with_age`.
        PeriodError
            F-427, and F-443 when `over` is no positive whole number.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"pair": "KZ-RU", "year": range(2013, 2018), "bn": 1.0,
        ...     "eaeu": [0, 1, 1, 1, 1]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["pair"], period="year", flow="bn")
        >>> panel.with_phase_in("eaeu", 4).to_frame()["eaeu_over4"].to_list()
        [0.0, 0.25, 0.5, 0.75, 1.0]
        """
        length = periods_over(over)

        def share(ages: Floats) -> Floats:
            return np.minimum(1.0, (ages + 1.0) / length)

        values = self._at_age(column, share, entry, "with_phase_in")
        return self._with_new({f"{column}_over{length}": values})

    def _at_age(
        self, column: str, value: Callable[[Floats], Floats], entry: str, what: str
    ) -> Floats:
        return at_age(self._ages(column, what), value, entry)

    def _ages(self, column: str, what: str) -> Ages:
        state = self._numbers(column)
        self._refuse_several_releases(what)
        odd = ~np.isin(state, (0, 1)) & ~np.isnan(state.astype(float))
        if odd.any():
            raise NumberError(
                f"{odd.sum():,} values of {column!r} are neither 0 nor 1",
                code="F-441",
                column=column,
                count=int(odd.sum()),
                examples=examples_of(self._frame[column], odd),
                remedy="Say when it is in force: with_columns(rta=lambda df: df['x'] > 0).",
            )
        return ages_of(state, self._unit_of_row, self._row_periods.asi8)
