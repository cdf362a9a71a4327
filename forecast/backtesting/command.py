"""A backtest from the command line: its options, models by name, processes by number."""

from __future__ import annotations

import argparse
import contextlib
import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from forecast.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

    from forecast.backtesting.result import Backtest

__all__ = ["SHOWN", "add_options", "models_of", "pool_of", "run"]

SHOWN = ("model", "n", "failed", "mase", "rmsse", "smape", "coverage", "skill")
"""How the columns of a summary begin that are shown on a screen."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``backtest`` takes."""
    add = parser.add_argument
    add("table", metavar="DATA", help="a CSV, Excel or Parquet file")
    for name in ("origin", "destination", "released"):
        add(f"--{name}", metavar="COLUMN")
    add("--unit", nargs="+", metavar="COLUMN", help="key columns of what is no pair")
    for name in ("period", "flow"):
        add(f"--{name}", metavar="COLUMN", required=True)
    add("--measure", help="unit of measurement")
    models = "such as ETS,Theta,Drift"
    add("--models", required=True, type=listed, metavar="NAMES", help=models)
    add("--horizon", required=True, type=int, help="periods ahead")
    origins = "the last so many, or a list: 2015,2017-09-30"
    add("--origins", required=True, type=origins_of, metavar="N", help=origins)
    add("--step", type=int, default=1, help="periods between origins")
    add("--indicators", choices=("ex-ante", "ex-post"))
    levels = "of intervals (default: 80,95)"
    add("--levels", type=levels_of, default=[80.0, 95.0], help=levels)
    add("--lag-days", type=int, default=0, help="days until figures are known")
    without = "not scored, such as 2009,2020"
    add("--without", type=listed, default=[], metavar="PERIODS", help=without)
    add("--paths", type=int, default=1000)
    add("--seed", type=int, default=0)
    add("--jobs", type=int, default=1, help="processes")
    add("--checkpoint", metavar="DIR", help="go on here where a run broke off")
    folder = "folder for backtest_forecasts.parquet and summary.csv"
    add("--out", metavar="DIR", help=folder)
    add("--quiet", action="store_true", help="tell no progress")


def run(
    table: pd.DataFrame, chosen: argparse.Namespace, tell: Callable[[str], object]
) -> Backtest:
    """Run the backtest that was asked for."""
    from forecast.backtesting.rolling import backtest
    from forecast.panel import TradePanel

    models = models_of(chosen.models)
    panel = TradePanel.from_frame(
        table,
        origin=chosen.origin,
        destination=chosen.destination,
        unit=chosen.unit,
        period=chosen.period,
        flow=chosen.flow,
        as_of=chosen.released,
        measure=chosen.measure,
    )
    with pool_of(chosen.jobs) as pool:
        return backtest(
            panel,
            models,
            chosen.horizon,
            chosen.origins,
            indicators=chosen.indicators,
            levels=chosen.levels,
            paths=chosen.paths,
            seed=chosen.seed,
            step=chosen.step,
            lag_days=chosen.lag_days,
            without=chosen.without,
            executor=pool,
            checkpoint=chosen.checkpoint,
            progress=tell,
        )


def listed(text: str) -> list[str]:
    """Return the parts of a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def levels_of(text: str) -> list[float]:
    """Return levels; argparse tells of others."""
    return [float(part) for part in listed(text)]


def origins_of(text: str) -> int | list[str]:
    """Return a number of origins (up to three digits), or a list of periods or days.

    Examples
    --------
    >>> origins_of("10"), origins_of("2015"), origins_of("2015,2017-09-30")
    (10, ['2015'], ['2015', '2017-09-30'])
    """
    parts = listed(text)
    if len(parts) == 1 and parts[0].isdecimal() and len(parts[0]) < 4:
        return int(parts[0])
    return parts


def models_of(names: Sequence[str]) -> list[Any]:
    """Return models with their usual options by name.

    Raises
    ------
    StudyError
        F-649 a name of no model, or of one that cannot do without options.

    Examples
    --------
    >>> models_of(["Drift"])
    [Drift()]
    """
    from forecast import series

    known: dict[str, Any] = {}
    for name in series.__all__:
        kind = getattr(series, name)
        if isinstance(kind, type) and issubclass(kind, series.Recipe):
            with contextlib.suppress(TypeError):  # abstract, or in need of options
                known[name] = kind()
    models = []
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, list(known), n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise StudyError(
                f"no model {name!r} without options",
                code="F-649",
                remedy=f"There are {', '.join(sorted(known))}.{meant}",
            )
        models.append(known[name])
    return models


@contextlib.contextmanager
def pool_of(jobs: int) -> Iterator[Any]:
    """Give an executor of so many processes; None for one."""
    if jobs <= 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # a forked child of a process with threads may hang
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield pool
