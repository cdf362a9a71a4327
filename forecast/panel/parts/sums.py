"""Flows added up: over units, directions and periods; year-to-date figures undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from forecast.errors import ColumnError, KeyColumnError, PeriodError
from forecast.panel.double_counting import total_labels
from forecast.panel.parts.record import PanelRecord
from forecast.panel.reshaping import (
    add_directions,
    add_periods,
    add_units,
    difference_within_years,
)
from forecast.panel.sources import columns_of, with_remade

__all__ = ["Sums"]


class Sums(PanelRecord):
    """Panels of totals."""

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
        out, too. Indicators made of events are made anew for the longer periods: visits
        of a month become visits of a year, and a half-life of two periods two years.

        Raises
        ------
        PeriodError
            F-423 no longer frequency, F-424 nothing complete.
        """
        self._refuse_several_releases("aggregate")
        made = columns_of(self.sources)
        summed = self._reshaped(add_periods(self._frame, self.roles, freq, anew=made))
        return replace(summed, _frame=with_remade(summed, summed.sources))

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
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"side": "KZ", "bn": [1.5, 3.1, 5.0],
        ...     "month": ["2021-01", "2021-02", "2021-03"]})
        >>> ytd = fc.TradePanel.from_frame(df, unit=["side"], period="month", flow="bn")
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
