"""`Backtest`: forecasts of the past beside what came, and the views of both."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.backtesting import comparing, summing_up
from forecast.backtesting.prose import sentence_of
from forecast.backtesting.saving import write_table
from forecast.errors import ModelError
from forecast.periods import parse_periods

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Backtest"]


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """Forecasts from many origins, what came, and scores; frozen.

    Attributes
    ----------
    forecasts : DataFrame
        A row for each unit, model, origin and horizon: the key columns (one that is
        called ``origin`` becomes ``unit_origin``, and so on), ``model``,
        ``origin`` (the last period that had ended), ``horizon`` (periods after it),
        ``period``, ``actual``, ``mean``, ``median``, ``lower_80``, ``upper_80`` and so
        on, ``crps``, ``point`` (the model's own point forecast, without the chance of a
        simulation); what errors are measured by, known at the origin: ``scale`` and
        ``squared_scale`` (mean absolute and squared change from year to year),
        ``base`` (last known value, of months that of the same month) and ``before``
        (a year before that); ``as_of``, the day of the origin. Treat it as read-only.
    failures : DataFrame
        ``model``, ``origin``, ``as_of``, ``reason``: where a model gave no forecast.
    models : tuple of str
    benchmark : str
        The model that skill is measured against.
    outcomes : DataFrame
        What came: a row per unit, a column per period.
    levels : tuple of float
        Of intervals, in per cent.
    horizon : int
    step : int
        Periods between origins.
    measure : str
        Unit of measurement.
    notes : tuple of str

    Examples
    --------
    >>> import forecast as fc
    >>> world = fc.datasets.simulate_trade(4, 14, seed=1)
    >>> panel = fc.TradePanel.from_frame(
    ...     world.frame, origin="origin", destination="destination", period="period",
    ...     flow="flow",
    ... )
    >>> tested = fc.backtest(panel, [fc.Naive()], horizon=1, origins=5, paths=100)
    >>> tested.benchmark
    'Drift'
    >>> tested.summary()["n"].tolist()
    [60, 60]
    """

    forecasts: pd.DataFrame
    failures: pd.DataFrame
    models: tuple[str, ...]
    benchmark: str
    outcomes: pd.DataFrame
    levels: tuple[float, ...]
    horizon: int
    step: int = 1
    measure: str = ""
    notes: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """Key columns of units."""
        return [str(name) for name in self.outcomes.index.names]

    def __repr__(self) -> str:
        return sentence_of(self)

    # ------------------------------------------------------------------------ scores

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Scores of every single forecast: the columns of `forecasts` that name it, then
        ``absolute``, ``squared``, ``scaled``, ``squared_scaled``, ``smape``, ``pinball``,
        ``crps``, ``scaled_crps``, ``covered_80``, ``winkler_80`` and so on,
        ``growth_error``, ``sign``; NaN where there is no outcome.
        """  # noqa: D205
        return summing_up.losses_of(self.forecasts, self.keys, self.levels)

    def summary(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return scores of each model.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns of `forecasts` ("horizon", "period", "origin", a key), or "size":
            thirds of the units by their mean until the first origin.

        Returns
        -------
        DataFrame
            ``model`` and what it is by; ``n`` forecasts with an outcome, and of how many
            origins the model ``failed``; ``mae``, ``rmse``, ``pinball``, ``crps``,
            ``winkler_95`` in the unit of the data, so that large units count most;
            ``mase``, ``rmsse``, ``scaled_crps`` in units of a usual change, so that all
            count alike; ``smape`` in per cent; ``coverage_80`` and so on as shares;
            ``growth_rmse`` in percentage points of growth since the last known year;
            ``sign_hits``, the share of directions foreseen, and ``turning_points``, that
            of turns; last ``skill_mase`` and ``skill_crps``: by how much the model is
            better than the benchmark on the forecasts that both made, 0.1 for a tenth.

        Notes
        -----
        Medians are judged by absolute errors, means by squared ones (each is best at
        its own).

        Raises
        ------
        ColumnError
            F-111 no such column.
        """
        names = [by] if isinstance(by, str) else list(by or ())
        return summing_up.summary_of(self, names)

    def compare(
        self,
        first: str,
        second: str,
        *,
        score: str = "scaled",
        horizon: int | None = None,
        test: str = "diebold-mariano",
    ) -> Any:
        """Test whether one model forecasts better than another.

        Parameters
        ----------
        first, second : str
            Names of models.
        score : str
            A column of `losses`.
        horizon : int, optional
            Only this horizon; by default the mean over all of them.
        test : {"diebold-mariano", "giacomini-white", "encompassing"}
            Equal accuracy on average over units and origins; whether who is better can
            be foreseen from the last difference; whether `second` adds nothing to
            `first` (errors are averaged over units, and so are the differences of the
            second test).

        Returns
        -------
        record of `forecast.scores`
            With ``statistic`` and ``p_value``; a negative mean difference speaks for
            `first`.

        Raises
        ------
        ModelError
            F-646 no such model, score, horizon or test, F-647 too few origins that both
            forecast.
        """
        return comparing.compare(
            self, first, second, score=score, horizon=horizon, test=test
        )

    def confidence_set(
        self, *, score: str = "scaled", horizon: int | None = None, **options: Any
    ) -> Any:
        """Return the models that may be the best, given the chance in the comparison.

        Parameters
        ----------
        score, horizon
            As in `compare`.
        **options
            As `forecast.scores.model_confidence_set`: ``size``, ``seed``, ...

        Raises
        ------
        ModelError
            F-646, F-647 as `compare`.
        MissingPackageError
            F-900 without arch.
        """
        return comparing.confidence_set(self, score=score, horizon=horizon, **options)

    # ----------------------------------------------------------------- other backtests

    def without(self, *periods: Any) -> Backtest:
        """Return the backtest without forecasts of some periods, such as breaks.

        Parameters
        ----------
        *periods
            "2009", "2020", or "2020-04"; a year stands for its months.

        Raises
        ------
        ModelError
            F-648 nothing is left.
        """
        chosen = parse_periods(periods, column="without")
        target = pd.PeriodIndex(self.forecasts["period"])
        outside = np.ones(len(target), dtype=bool)
        for one in chosen:
            inside = (target.start_time >= one.start_time) & (
                target.end_time <= one.end_time
            )
            outside &= ~inside
        if not outside.any():
            raise ModelError(
                "no forecast of another period is left",
                code="F-648",
                column="without",
                remedy="Leave fewer periods out, or add origins.",
            )
        left = ", ".join(str(one) for one in chosen)
        return replace(
            self,
            forecasts=self.forecasts[outside].reset_index(drop=True),
            notes=(*self.notes, f"forecasts of {left} were left out"),
        )

    # -------------------------------------------------------------------------- files

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write `forecasts` as CSV, whole or not at all."""
        write_table(self.forecasts, path, "csv")

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write `forecasts` as Parquet, whole or not at all; periods become text.

        Raises
        ------
        MissingPackageError
            F-900 without pyarrow.
        """
        write_table(self.forecasts, path, "parquet")

    # ------------------------------------------------------------------------ figures

    def plot_coverage(self, ax: Axes | None = None) -> Axes:
        """Draw how often the intervals of each model held, beside how often they should."""
        from forecast.backtesting.figures import draw_coverage

        return draw_coverage(self, ax)

    def plot_skill(self, ax: Axes | None = None, *, score: str = "mase") -> Axes:
        """Draw the skill of each model by horizon; `score` is "mase" or "crps"."""
        from forecast.backtesting.figures import draw_skill

        return draw_skill(self, ax, score)

    def plot_fan(
        self,
        unit: Any = None,
        ax: Axes | None = None,
        *,
        model: str | None = None,
        origins: int = 4,
    ) -> Axes:
        """Draw what came, and the fans of one model from the last origins.

        Parameters
        ----------
        unit : optional
            Key value, or a tuple of them; by default the first unit.
        model : str, optional
            By default the first.
        origins : int
            How many of the last origins.
        """
        from forecast.backtesting.figures import draw_fans

        return draw_fans(self, ax, unit=unit, model=model, origins=origins)
