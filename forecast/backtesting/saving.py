"""Backtests as files."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast.errors import MissingPackageError
from forecast.writing import staged_folder, write_bytes_atomic, write_csv, write_json

if TYPE_CHECKING:
    from forecast.backtesting.result import Backtest

__all__ = ["write_backtest", "write_table"]


def write_table(table: pd.DataFrame, path: str | os.PathLike[str], kind: str) -> None:
    """Write a table as "csv" or "parquet", whole or not at all; periods become text.

    Raises
    ------
    MissingPackageError
        F-900 Parquet without pyarrow.
    FileError
        F-640 it cannot be written.
    """
    plain = table.copy()
    for name in plain.columns:
        if isinstance(plain[name].dtype, pd.PeriodDtype):
            plain[name] = plain[name].astype(str)
    if kind == "csv":
        write_csv(plain, path)
        return
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as missing:
        raise MissingPackageError.of("pyarrow", "files", "writing Parquet") from missing
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(plain, preserve_index=False), buffer)
    write_bytes_atomic(path, buffer.getvalue())


def write_backtest(result: Backtest, folder: str | os.PathLike[str]) -> None:
    """Write a backtest to a folder, which appears whole or not at all.

    ``backtest_forecasts.parquet`` (``.csv`` where pyarrow is not installed),
    ``summary.csv``, ``summary_by_horizon.csv``, ``failures.csv``.

    Raises
    ------
    FileError
        F-644 a folder that this library has not written, F-640 it cannot be written.
    """
    from forecast import __version__

    with staged_folder(folder) as stage:
        try:
            write_table(
                result.forecasts, stage / "backtest_forecasts.parquet", "parquet"
            )
        except MissingPackageError:
            write_table(result.forecasts, stage / "backtest_forecasts.csv", "csv")
        write_csv(result.summary(), stage / "summary.csv")
        write_csv(result.summary("horizon"), stage / "summary_by_horizon.csv")
        write_table(result.failures, stage / "failures.csv", "csv")
        manifest = {
            "written_by": "turnover-forecast",
            "version": __version__,
            "backtest": repr(result),
            "benchmark": result.benchmark,
            "notes": list(result.notes),
            "files": sorted(path.name for path in Path(stage).iterdir()),
        }
        write_json(manifest, stage / "manifest.json")
