"""`Known`: what a part of a study of pairs may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.events import EventLog, Recipe
from forecast.forecasts import Forecast
from forecast.gravity import GravityFit
from forecast.panel import TradePanel
from forecast.studies.digests import column_digest
from forecast.studies.pairs.focus import Focus
from forecast.studies.pairs.part import Part

__all__ = ["Known"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Known:
    """What a part of a study of pairs may look at: facts, and what parts before it found.

    Attributes
    ----------
    panel : TradePanel
        Cut at the as-of date, with the indicators of the study as columns.
    log : EventLog or None
        Cut at the as-of date.
    recipes : mapping of str to Recipe
        How the indicators are made of the log.
    seed : int
    focus : Focus
        Pairs that the report shows first.
    source : str
        Where the flows come from.
    found : mapping of str to Part
        By the name of their table.
    asked : mapping of str to plan
        What each table of the file asks for, those not answered yet too.
    lag_days : int
        Days from the end of a period, or from its release, until it is known.
    """

    panel: TradePanel
    log: EventLog | None = None
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    seed: int = 0
    focus: Focus = field(default_factory=Focus)
    source: str = ""
    found: Mapping[str, Part] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    lag_days: int = 0

    @property
    def gravity(self) -> GravityFit | None:
        """The fit of ``[gravity]``, freed of bias where asked."""
        result = self._result("gravity")
        return result if isinstance(result, GravityFit) else None

    @property
    def outlook(self) -> Forecast | None:
        """The forecast of ``[forecast]``."""
        result = self._result("forecast")
        return result if isinstance(result, Forecast) else None

    def with_part(self, name: str, part: Part) -> Known:
        """Return the same with what one more part has found."""
        return replace(self, found={**self.found, name: part})

    def in_focus(self, table: pd.DataFrame) -> Bools:
        """Tell which rows are pairs in focus; all False where there are none.

        Parameters
        ----------
        table : DataFrame of n rows
            With the columns of origin and destination of the panel.

        Returns
        -------
        bool array of shape (n,)
        """
        origin, destination = self.ends
        return self.focus.rows(table[origin], table[destination])

    def focus_first(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with the pairs in focus on top, else in its order."""
        order = np.argsort(~self.in_focus(table), kind="stable")
        return table.iloc[order].reset_index(drop=True)

    @property
    def ends(self) -> tuple[str, str]:
        """Columns of origin and destination."""
        return str(self.panel.origin), str(self.panel.destination)

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of flows and events as they were known."""
        tables = {"flows": self.panel.to_frame()}
        if self.log is not None:
            tables["events"] = self.log.to_frame()
        return {name: column_digest(table) for name, table in tables.items()}

    @property
    def facts(self) -> str:
        """Reporter, unit and source, as they stand below every figure."""
        reporters = ", ".join(self.panel.reporters)
        said = [
            f"Unit: {self.panel.measure}" if self.panel.measure else "",
            f"Reported by: {reporters}" if reporters else "",
            f"Source: {self.source}" if self.source else "",
        ]
        return ". ".join(text.rstrip(".") for text in said if text)

    def _result(self, name: str) -> object:
        part = self.found.get(name)
        return None if part is None else part.result
