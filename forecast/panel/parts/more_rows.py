"""More rows: squares, domestic flows, the future."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
import pandas as pd

from forecast.errors import NumberError, TableError
from forecast.panel.domestic import add_domestic
from forecast.panel.groupings import refuse_undirected
from forecast.panel.parts.record import PanelRecord
from forecast.panel.squares import fill_square, future_rows
from forecast.periods import periods_after

__all__ = ["MoreRows"]


class MoreRows(PanelRecord):
    """Panels with rows that the table did not have."""

    def square(
        self,
        fill: float = 0.0,
        *,
        pairs: str = "observed",
        constant: Mapping[str, str] | None = None,
    ) -> Self:
        """Return the panel with a row for every unit in every period that occurs.

        Parameters
        ----------
        fill : float
            Flow of the new rows; NaN leaves them missing. Flows that were missing stay so.
        pairs : {"observed", "all"}
            "all" crosses all origins with all destinations and sectors (self pairs only
            if some occur).

        constant : mapping, optional
            Within what a column is constant, so that it is known in the new rows:
            "unit", "pair" (both directions), "origin", "destination", "period",
            "pair-period", "origin-period" or "destination-period".

        Notes
        -----
        Columns not named in `constant` are filled in where the rows show that they are
        constant: a distance that never changes within a unit or is the same in both
        directions, an income that is the same in all rows of an exporter and year. A
        column of two values, such as a dummy, is believed to belong to an origin or a
        destination only when `constant` says so, since few rows agree by chance. What
        stays unknown is missing in the new rows; the notes tell.

        Raises
        ------
        NumberError
            F-206 for a negative or infinite `fill`.
        ColumnError
            F-111 for a column in `constant` that is not there.
        KeyColumnError
            F-331 for a column that is not constant where `constant` says so.
        TableError
            F-106 for other words, F-120 when the square would be too large.
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
            fill_square(
                self._frame,
                self.roles,
                fill=fill,
                every_pair=pairs == "all",
                constant=constant,
            )
        )

    def with_domestic(
        self,
        output: str | pd.DataFrame,
        *,
        fill: Mapping[str, float] | None = None,
        on_negative: str = "raise",
        on_missing: str = "raise",
    ) -> Self:
        r"""Return the panel with the trade of each region with itself.

        :math:`X_{iit} = Y_{it} - \sum_{j \ne i} X_{ijt}`: what a region made in a period
        and did not export. The panel must hold its exports to all the world; cells that
        are absent count as nothing, and a note says how many.

        Parameters
        ----------
        output : str or DataFrame
            A covariate with the output of the origin, or a table with the panel's
            columns of origin and period (and sector, reporter) and one further column.
            Gross production, not value added, in the unit of the flows.
        fill : mapping, optional
            Values of covariates in the new rows, such as ``{"rta": 0, "contig": 0}``.
            Columns that are constant by origin or destination and period are known
            there; all others are missing.
        on_negative, on_missing : {"raise", "missing"}
            What to do where exports exceed output, and where the output or an export is
            missing.

        Returns
        -------
        TradePanel
            With a row for each origin and period that occurs.

        Raises
        ------
        ColumnError
            F-111 no such column.
        KeyColumnError
            F-309 units without direction, F-331 several outputs of a region in one
            period, F-334 domestic flows that are there already.
        NumberError
            F-335 missing output or exports, F-336 exports that exceed output.
        PeriodError
            F-427 for several releases.
        TableError
            F-105 repeated rows in a table of output, F-106 for other words.

        Examples
        --------
        >>> import forecast as fc
        >>> df = pd.DataFrame({"o": ["KZ", "RU"], "d": ["RU", "KZ"], "year": 2021,
        ...     "bn": [7.0, 17.6]})
        >>> panel = fc.TradePanel.from_frame(
        ...     df, origin="o", destination="d", period="year", flow="bn")
        >>> made = pd.DataFrame({"o": ["KZ", "RU"], "year": 2021, "bn": [97.0, 917.6]})
        >>> panel.with_domestic(made).to_frame()["bn"].to_list()
        [90.0, 7.0, 17.6, 900.0]
        """
        refuse_undirected(self.roles, "with_domestic")
        self._refuse_several_releases("with_domestic")
        return self._reshaped(
            add_domestic(
                self._frame,
                self.roles,
                output,
                fill=dict(fill or {}),
                on_negative=on_negative,
                on_missing=on_missing,
            )
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
        >>> import forecast as fc
        >>> df = pd.DataFrame({"side": ["KZ"], "year": [2021], "bn": [24.5]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["side"], period="year", flow="bn")
        >>> panel.future("2023")["year"].astype(str).to_list()
        ['2022', '2023']
        """
        self._refuse_several_releases("future")
        periods = periods_after(self.periods[-1], horizon)
        return future_rows(self._frame, self.roles, periods)
