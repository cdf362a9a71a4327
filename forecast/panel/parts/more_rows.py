"""More rows: squares, domestic flows, the future."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd

from forecast.errors import NumberError, TableError
from forecast.panel.parts.record import PanelRecord
from forecast.panel.reshaping import fill_square, future_rows
from forecast.periods import periods_after

__all__ = ["MoreRows"]


class MoreRows(PanelRecord):
    """Panels with rows that the table did not have."""

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
        >>> import forecast as fc
        >>> df = pd.DataFrame({"side": ["KZ"], "year": [2021], "bn": [24.5]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["side"], period="year", flow="bn")
        >>> panel.future("2023")["year"].astype(str).to_list()
        ['2022', '2023']
        """
        self._refuse_several_releases("future")
        periods = periods_after(self.periods[-1], horizon)
        return future_rows(self._frame, self.roles, periods)
