"""Events that a scenario adds to the log, and the indicators made of both."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from forecast.errors import ForecastWarning, ModelError
from forecast.events import EventLog, Recipe
from forecast.events.contradictions import refuse_contradictions
from forecast.events.table import in_order

__all__ = ["read_events", "rebuilt", "with_events"]


def read_events(events: Any) -> pd.DataFrame:
    """Return added events as a frame: none, a frame, or a list of dictionaries.

    Raises
    ------
    ModelError
        F-875 what is no events.
    """
    if events is None:
        return pd.DataFrame()
    if isinstance(events, pd.DataFrame):
        return events.copy()
    if isinstance(events, EventLog):
        return events.to_frame()
    if isinstance(events, Mapping):
        events = [events]
    rows = list(events) if isinstance(events, Sequence) else []
    if isinstance(events, str) or not all(isinstance(row, Mapping) for row in rows):
        raise ModelError(
            f"a {type(events).__name__} gives no events",
            code="F-875",
            remedy='Give a list such as [{"date": "2024-09", "kind": "document", "origin": '
            '"RU", "destination": "KZ", "status": "signed", "count": 5}], or a frame.',
        )
    return pd.DataFrame(rows)


def with_events(log: EventLog, added: pd.DataFrame, scenario: str) -> EventLog:
    """Return the log with further events, named after the scenario.

    A log that was cut to what was known on a day keeps its cut: what a scenario adds is
    assumed, not known.
    """
    if added.empty:
        return log
    if "id" not in added:
        added = added.assign(id=[f"{scenario} {i + 1}" for i in range(len(added))])
    new = EventLog.from_frame(added, unit=log.unit or None).table
    parts = [part for part in (log.table, new) if not part.empty]
    table = in_order(pd.concat(parts, ignore_index=True))
    refuse_contradictions(table)
    return replace(log, table=table)


def rebuilt(
    frame: pd.DataFrame,
    panel: Any,
    log: EventLog | None,
    recipes: Mapping[str, Recipe] | None,
    added: pd.DataFrame,
    scenario: str,
) -> pd.DataFrame:
    """Return the indicators of the rows, made by recipes from the log and what is added.

    Returns
    -------
    DataFrame
        Only the columns that recipes make; none without recipes.

    Raises
    ------
    ModelError
        F-875 events without a panel, a log and recipes.
    """
    if panel is not None and log is None and not recipes and panel.sources:
        parts = [
            rebuilt(frame, panel, source.log, source.recipes, added, scenario)
            for source in panel.sources
        ]
        made = pd.concat(parts, axis=1)
        return made[[c for source in panel.sources for c in source.columns]]
    if not added.empty and (panel is None or log is None or not recipes):
        raise ModelError(
            f"scenario {scenario!r} adds {len(added):,} events, and no indicator is made of "
            "them",
            code="F-875",
            count=len(added),
            remedy="Give panel=..., log=... and recipes={'documents': fc.Stock('document')}, "
            "the recipes of the columns that the model uses.",
        )
    if panel is None or log is None or not recipes:
        return pd.DataFrame(index=frame.index)
    joint = with_events(log, added, scenario)
    with warnings.catch_warnings():
        # of a count nothing need be known of the future: zero everywhere is no news
        warnings.filterwarnings("ignore", "F-564", ForecastWarning)
        made = joint.indicators(panel, recipes, rows=frame)
    names = [c for recipe_name, r in recipes.items() for c in r.columns(recipe_name)]
    return made[names].set_axis(frame.index)
