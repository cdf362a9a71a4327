"""`Forecast`: joint sample paths by unit and period, and the views of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts import adding, checking, prose, summaries
from forecast.forecasts.levels import bounds_of, percent_label, probability_of, tails_of
from forecast.forecasts.units import rows_of, unit_index

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Forecast"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """Joint sample paths of units over periods; frozen.

    Path k of one unit and period belongs to path k of every other: sums and growth
    rates are taken path by path. For one unit and one period the views below are plain
    numbers; otherwise frames with a row per unit and a column per period.

    Attributes
    ----------
    draws : float array of shape (n_units, n_periods, n_paths)
        Levels are finite and not negative. Growth may be NaN on a path where its base
        is zero; such paths do not count in the views.
    units : DataFrame of n_units rows
        One column for each key.
    periods : PeriodIndex of length n_periods
    measure : str
        Unit of measurement; "%" for growth.
    quantity : str
        "level", or what the numbers are instead: "growth, year on year, %".
    model : str
        Who spoke.
    history : DataFrame of shape (n_units, n_past) or None
        Observed values, one column for each past period; NaN where missing.
    as_of : Timestamp or None
        What was known on that day was used, nothing later.
    notes : tuple of str
        What was dropped, filled or is not defined.
    origin, destination : str or None
        Key columns of directed flows, for `turnover`.
    reporter : str or None
        Key column of reporters, whose figures are never added up.

    Raises
    ------
    ModelError
        F-505 parts that do not fit together, F-506 negative or infinite draws.

    Examples
    --------
    >>> draws = np.array([[[14.0, 15.0, 16.0]], [[5.0, 7.0, 6.0]]])
    >>> outlook = Forecast(
    ...     draws, pd.DataFrame({"from": ["RU", "KZ"], "to": ["KZ", "RU"]}),
    ...     pd.PeriodIndex(["2021"], freq="Y"), "billion USD",
    ...     origin="from", destination="to",
    ... )
    >>> outlook.turnover().median
    22.0
    >>> outlook.total().probability(above=20)
    0.6666666666666666
    """

    draws: Floats
    units: pd.DataFrame
    periods: pd.PeriodIndex
    measure: str = ""
    quantity: str = "level"
    model: str = ""
    history: pd.DataFrame | None = None
    as_of: pd.Timestamp | None = None
    notes: tuple[str, ...] = ()
    origin: str | None = None
    destination: str | None = None
    reporter: str | None = None

    def __post_init__(self) -> None:
        for name, value in checking.checked_parts(self).items():
            object.__setattr__(self, name, value)

    # ------------------------------------------------------------------ what it is

    @property
    def n_paths(self) -> int:
        """Number of joint sample paths."""
        return int(self.draws.shape[2])

    @property
    def history_periods(self) -> pd.PeriodIndex:
        """Periods of `history`; empty without one."""
        return pd.PeriodIndex(
            [] if self.history is None else self.history.columns, freq=self.periods.freq
        )

    @property
    def paths(self) -> pd.DataFrame:
        """All draws: rows are unit and period, columns the paths; `draws` is the array."""
        rows = adding.unit_periods(self.units, self.periods)
        table = self.draws.reshape(len(rows), self.n_paths)
        return pd.DataFrame(table, index=pd.MultiIndex.from_frame(rows))

    def __repr__(self) -> str:
        return prose.sentence_of(self)

    # ---------------------------------------------------------------- views of paths

    @property
    def mean(self) -> Any:
        """Mean of the paths."""
        return self._shaped(summaries.mean_over_paths(self.draws))

    @property
    def median(self) -> Any:
        """Median of the paths; below the mean where the distribution is skewed."""
        return self.quantile(0.5)

    @property
    def sd(self) -> Any:
        """Standard deviation of the paths."""
        return self._shaped(summaries.sd_over_paths(self.draws))

    def quantile(self, probability: float) -> Any:
        """Return a quantile, such as ``quantile(0.9)``; F-503 if it is no probability."""
        wanted = [probability_of(probability)]
        return self._shaped(summaries.quantiles(self.draws, wanted)[0])

    def interval(self, level: float) -> tuple[Any, Any]:
        """Return the lower and upper end of a central interval.

        Parameters
        ----------
        level : float
            0.8 or 80 for 80 per cent. A higher level never gives a narrower interval.

        Raises
        ------
        ModelError
            F-502 for an impossible level.
        """
        low, high = summaries.quantiles(self.draws, tails_of(level))
        return self._shaped(low), self._shaped(high)

    def probability(
        self,
        *,
        above: float | None = None,
        below: float | None = None,
        between: tuple[float, float] | None = None,
    ) -> Any:
        """Return the share of paths above a value, at or below it, or in (low, high].

        ``probability(below=0)`` is that of no trade at all.

        Raises
        ------
        ModelError
            F-504 unless exactly one event is asked for.
        """
        low, high = bounds_of(above, below, between)
        return self._shaped(summaries.share_of_paths(self.draws, low, high))

    def to_frame(self, levels: Sequence[float] = (80, 95)) -> pd.DataFrame:
        """Return one row per unit and period: mean, median, ends of intervals.

        Returns
        -------
        DataFrame
            Columns: the keys, ``period``, ``mean``, ``median``, then ``lower_80``,
            ``upper_80`` and so on in the order of `levels`.
        """
        tails = [tail for level in levels for tail in tails_of(level)]
        labels = [percent_label(level) for level in levels]
        names = [f"{end}_{label}" for label in labels for end in ("lower", "upper")]
        table = adding.unit_periods(self.units, self.periods)
        table["mean"] = summaries.mean_over_paths(self.draws).ravel()
        values = summaries.quantiles(self.draws, [0.5, *tails])
        for name, column in zip(["median", *names], values, strict=True):
            table[name] = column.ravel()
        return table

    def plot(
        self,
        ax: Axes | None = None,
        *,
        unit: object = None,
        levels: Sequence[float] = (50, 80, 95),
    ) -> Axes:
        """Draw history and fan; returns the Axes.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; by default a new figure.
        unit : optional
            Key value of the unit, or a tuple of them in the order of `units`. By
            default the only unit, or the sum of all.
        levels : sequence of float
            Levels of the bands.

        Raises
        ------
        MissingPackageError
            F-900 without matplotlib.
        """
        from forecast.forecasts.fan_chart import draw_fan

        return draw_fan(self, ax=ax, unit=unit, levels=levels)

    # ---------------------------------------------------------- forecasts from forecasts

    def select(self, *, period: Any = None, **equals: Any) -> Forecast:
        """Return fewer units or periods.

        Parameters
        ----------
        period : label or list of labels, optional
            "2022-03", or "2022" for all months of a year.
        **equals
            A value or a list of values by key column.

        Raises
        ------
        ColumnError
            F-111 no such key.
        KeyColumnError
            F-311 no such unit.
        PeriodError
            F-425 no such period.
        """
        rows = rows_of(self.units, equals)
        columns = adding.positions_of(self.periods, period)
        history = None if self.history is None else self.history.iloc[rows]
        return replace(
            self,
            draws=self.draws[np.ix_(rows, columns)],
            units=self.units.iloc[rows],
            periods=self.periods[columns],
            history=history,
        )

    def growth(self, kind: str = "year on year") -> Forecast:
        """Return growth in per cent, path by path.

        Parameters
        ----------
        kind : {"year on year", "period on period", "year to date"}
            The same period a year before; the period before; the year up to the period
            against the same part of the year before. For years all three agree.

        Returns
        -------
        Forecast
            Its quantity names the kind. Growth from zero is not defined: NaN on that
            path, and the notes say how often. Periods without a known base are left out.

        Raises
        ------
        ModelError
            F-507 no level, F-508 no such kind, F-509 no base is known.
        """
        return replace(self, **adding.growth_of(self, kind))

    def total(self, by: str | Sequence[str] | None = None) -> Forecast:
        """Return sums over units, or over the periods of a year, path by path.

        Parameters
        ----------
        by : str or sequence of str, optional
            Nothing: all units are added up. Key columns: units are added up within
            each of their values. "year" or "quarter": periods are added up within each
            unit; what was already observed of a year counts, and years that are not
            complete are left out with a note.

        Raises
        ------
        ModelError
            F-507 no level, F-510 no year is complete.
        ColumnError
            F-111 no such key.
        ReporterError
            F-350 figures of several reporters would be added up.
        """
        return replace(self, **adding.total_of(self, by))

    def turnover(self, names: tuple[str, str] = ("a", "b")) -> Forecast:
        """Return exports plus imports of each pair, path by path.

        Pairs with one direction only and flows of a region to itself are left out with
        a note.

        Parameters
        ----------
        names : pair of str
            New key columns; the smaller code stands in the first.

        Raises
        ------
        KeyColumnError
            F-309 units without direction, F-310 no pair has both directions.
        ModelError
            F-507 no level.
        """
        return replace(self, **adding.turnover_of(self, names))

    def minus(self, other: Forecast) -> Forecast:
        """Return the difference on each path.

        Two forecasts of one fit with the same seed share their random numbers, so the
        difference shows what was changed and not chance.

        Raises
        ------
        ModelError
            F-512 when units, periods, quantities or numbers of paths differ.
        """
        return replace(self, **adding.difference_of(self, other))

    # ------------------------------------------------------------------------ inside

    def _shaped(self, values: Floats) -> Any:
        """Return a number for one unit and period, a frame otherwise."""
        if values.size == 1:
            return float(values[0, 0])
        return pd.DataFrame(values, index=unit_index(self.units), columns=self.periods)
