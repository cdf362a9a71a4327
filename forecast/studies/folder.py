"""The folder of a study: report, tables, figures, manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.reporting import Report
from forecast.studies.digests import file_hashes
from forecast.studies.drawing import Drawing
from forecast.writing import (
    staged_folder,
    write_bytes_atomic,
    write_csv,
    write_json,
    write_xlsx,
)

__all__ = ["write_folder"]

LONGEST_SHEET_NAME = 31


def write_folder(
    folder: str | os.PathLike[str],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Drawing],
    report: Report,
    manifest: Mapping[str, Any],
    more: Sequence[Callable[[Path], object]] = (),
) -> Path:
    """Write everything; the folder appears whole or not at all.

    Parameters
    ----------
    folder : path
        Replaced if an earlier run has written it; anything else there is refused.
    tables : mapping of str to DataFrame
        CSV files, and the sheets of one workbook.
    figures : mapping of str to Drawing
    report : Report
    manifest : mapping
        The hashes of all files are added.
    more : sequence of callables
        Each is given the folder and writes files of its own to it.

    Raises
    ------
    FileError
        The folder holds other things or cannot be written.
    MissingPackageError
        openpyxl is not installed (F-900).
    """
    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with staged_folder(target) as stage:
        (stage / "tables").mkdir()
        (stage / "figures").mkdir()
        for name, table in tables.items():
            write_csv(table, stage / "tables" / f"{name}.csv")
        sheets = {name[:LONGEST_SHEET_NAME]: table for name, table in tables.items()}
        write_xlsx(sheets, stage / "tables.xlsx")
        for name, drawing in figures.items():
            write_bytes_atomic(stage / "figures" / f"{name}.svg", drawing.svg)
            write_bytes_atomic(stage / "figures" / f"{name}.png", drawing.png)
        report.write(stage / "report.html")
        for write in more:
            write(stage)
        write_json({**manifest, "files": file_hashes(stage)}, stage / "manifest.json")
    return target
