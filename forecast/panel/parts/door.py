"""The door: a caller's table becomes a panel."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Self

import pandas as pd

from forecast.errors import ColumnError, ForecastWarning, TableError
from forecast.panel.admission import admit
from forecast.panel.double_counting import looks_cumulated, total_labels
from forecast.panel.joining import split_identifiers
from forecast.panel.parts.record import PanelRecord
from forecast.panel.reshaping import latest_releases, pivot_flows
from forecast.panel.roles import assign_roles, check_table, measure_of

__all__ = ["Door"]


class Door(PanelRecord):
    """How a panel is built."""

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
        >>> import forecast as fc
        >>> long = pd.DataFrame({"unique_id": ["KZ/RU"], "ds": ["2021-07"], "y": [1.4]})
        >>> fc.TradePanel.from_long(long, origin="from", destination="to").units
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
