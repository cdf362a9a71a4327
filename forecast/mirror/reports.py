"""Both sides' figures of every flow, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ReporterError
from forecast.panel import TradePanel

__all__ = ["Reports", "read_reports"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

ENDS = ("exporter", "importer")


@dataclass(frozen=True, slots=True)
class Reports:
    """What is said of each cell, in s slots: exporter and importer, or each reporter.

    Attributes
    ----------
    cells : DataFrame of n rows
        Keys without the reporter, then the period; in canonical order.
    reporters : tuple of str
    slots : tuple of str
        ``("exporter", "importer")`` for directed flows, else the reporters.
    values : float array of shape (n, s)
        NaN where nothing is said.
    who : int array of shape (n, s)
        Position among the reporters; -1 where nothing is said.
    row : int array of shape (n_rows,)
        The cell of each row of the panel.
    """

    cells: pd.DataFrame
    reporters: tuple[str, ...]
    slots: tuple[str, ...]
    values: Floats
    who: Ints
    row: Ints

    @property
    def directed(self) -> bool:
        """Whether figures are those of exporters and importers."""
        return self.slots == ENDS


def read_reports(panel: TradePanel) -> Reports:
    """Return the figures of a panel with a key column of reporters.

    Raises
    ------
    ReporterError
        F-830 no column of reporters, or only one; F-832 reporters at neither end of a
        directed flow.
    PeriodError
        F-427 when cells have several releases.
    """
    column = panel.reporter
    if column is None or column not in panel.keys:
        raise ReporterError(
            "the figures of one reporter, or of nobody by name",
            code="F-830",
            column=column,
            examples=panel.reporters,
            remedy="Mirror statistics need both sides: name the column with reporter=.",
        )
    panel.matrix()  # refuses several releases of one cell
    frame = panel.to_frame()
    names = [key for key in panel.keys if key != column] + [panel.period]
    _refuse_third_parties(panel, frame, column)
    row = frame.groupby(names, sort=True, observed=True).ngroup().to_numpy()
    cells = frame[names].iloc[np.unique(row, return_index=True)[1]]
    codes, labels = pd.factorize(frame[column], sort=True)
    reporters = tuple(map(str, labels))
    slots, slot = reporters, codes
    if panel.origin is not None:
        slots = ENDS
        slot = (frame[column] != frame[panel.origin]).to_numpy().astype(np.intp)
    values = np.full((len(cells), len(slots)), np.nan)
    who = np.full(values.shape, -1)
    values[row, slot] = frame[panel.flow].to_numpy(dtype=float)
    who[row, slot] = codes
    return Reports(cells.reset_index(drop=True), reporters, slots, values, who, row)


def _refuse_third_parties(panel: TradePanel, frame: pd.DataFrame, column: str) -> None:
    """Refuse figures of a directed flow by somebody at neither end of it."""
    if panel.origin is None or panel.destination is None:
        return
    outside = ~(
        (frame[column] == frame[panel.origin])
        | (frame[column] == frame[panel.destination])
    )
    if not outside.any():
        return
    rows = frame.loc[outside, [panel.origin, panel.destination, panel.period, column]]
    raise ReporterError(
        f"{int(outside.sum()):,} figures by reporters at neither end of the flow",
        code="F-832",
        column=column,
        count=int(outside.sum()),
        examples=[
            " ".join(map(str, row)) for row in rows.head(5).itertuples(index=False)
        ],
        remedy="Reporters have the codes of origins and destinations; leave other "
        "sources out: panel.select(...).",
    )
