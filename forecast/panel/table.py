"""`TradePanel`: flows between regions, or series of any units, over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from forecast.panel.joining import with_joined
from forecast.panel.parts.door import Door
from forecast.panel.parts.money import Money
from forecast.panel.parts.more_rows import MoreRows
from forecast.panel.parts.places import Places
from forecast.panel.parts.sizes import Sizes
from forecast.panel.parts.subsets import Subsets
from forecast.panel.parts.sums import Sums
from forecast.panel.parts.timing import Timing
from forecast.panel.sources import IndicatorSource, Source, kept_sources

__all__ = ["TradePanel"]


@dataclass(frozen=True, repr=False, eq=False)
class TradePanel(Door, Subsets, Sums, Money, MoreRows, Timing, Places, Sizes):
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
    sources : tuple of Source
        The logs that indicators were made of, so that `as_of` can make them anew.

    Examples
    --------
    >>> import pandas as pd
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
        left = [name for name in roles.columns if name not in columns]
        sources = kept_sources(self.sources, left)
        return replace(self, roles=roles, _frame=frame, sources=sources)

    def with_indicators(self, log: IndicatorSource, **recipes: Any) -> Self:
        """Return the panel with indicators built from a log of events.

        The panel remembers the log: `as_of`, and so each origin of a backtest, makes
        the indicators anew from the events that were known on the day. Columns that were
        derived from them (`with_lags`, `with_columns`) keep what they held; let the
        recipe or the formula of a model do that instead.

        Parameters
        ----------
        log : EventLog
        **recipes
            Recipes by the name of the new column, such as ``visits=Count("visit")``.
        """
        indicators = log.indicators(self, recipes)
        fresh = [name for name in indicators.columns if name not in self.roles.identity]
        columns = {str(name): indicators[name] for name in fresh}
        panel = self.with_columns(**columns)
        source = Source(log, dict(recipes), tuple(columns))
        return replace(panel, sources=(*panel.sources, source))
