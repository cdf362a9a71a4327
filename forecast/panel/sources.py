"""Where indicators of a panel come from: logs of events, so that they can be made anew."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from forecast.errors import ForecastWarning
from forecast.panel.joining import with_joined
from forecast.periods import parse_date

__all__ = ["IndicatorSource", "Source", "columns_of", "kept_sources", "with_remade"]


class IndicatorSource(Protocol):
    """What `TradePanel.with_indicators` asks of a log of events."""

    def indicators(self, panel: Any, recipes: Mapping[str, Any]) -> pd.DataFrame:
        """Return one row per row of the panel: its keys, and a column or more per recipe."""
        ...


@dataclass(frozen=True, eq=False)
class Source:
    """A log of events and the columns that recipes made of it.

    Attributes
    ----------
    log : EventLog
    recipes : mapping of str to recipe
    columns : tuple of str
        Those of the panel; some that recipes make may have been replaced since.
    """

    log: Any
    recipes: Mapping[str, Any]
    columns: tuple[str, ...]

    def as_of(self, date: Any) -> Source:
        """Return the source as it was known on a day."""
        known = getattr(self.log, "as_of", None)
        return self if known is None else replace(self, log=known(parse_date(date)))


def kept_sources(sources: Iterable[Source], there: Iterable[str]) -> tuple[Source, ...]:
    """Return sources with the columns that are still there, none without any."""
    names = set(there)
    left = (
        replace(source, columns=tuple(c for c in source.columns if c in names))
        for source in sources
    )
    return tuple(source for source in left if source.columns)


def columns_of(sources: Iterable[Source]) -> tuple[str, ...]:
    """Return the columns that sources made and that are still theirs."""
    return tuple(name for source in sources for name in source.columns)


def with_remade(panel: Any, sources: Iterable[Source]) -> pd.DataFrame:
    """Return the table of a panel, the columns of sources made anew and left in place."""
    columns: dict[str, Any] = {}
    for source in sources:
        with warnings.catch_warnings():
            # What a log does not match was told when the indicators were first made.
            warnings.simplefilter("ignore", ForecastWarning)
            made = source.log.indicators(panel, source.recipes)
        columns |= {name: made[name].to_numpy() for name in source.columns}
    joined, _ = with_joined(panel.to_frame(), panel.roles, columns)
    return joined[list(panel.roles.columns)]
