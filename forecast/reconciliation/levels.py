"""The forecasts that are to add up: their nodes, periods, draws, and what is known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError, NumberError
from forecast.forecasts import Forecast
from forecast.periods import FREQUENCIES, frequency_of, parse_periods
from forecast.reconciliation.hierarchy import Hierarchy
from forecast.reconciliation.names import node_names, refuse_repeated

__all__ = ["Level", "Published", "read_levels", "read_published"]

Floats = NDArray[np.floating[Any]]
Published = dict[tuple[str, str, int], float]
"""Figures that stay: by node, frequency and ordinal of the period."""


@dataclass(frozen=True, slots=True)
class Level:
    """One forecast and what its units are called in the hierarchy.

    Attributes
    ----------
    name : str
    forecast : Forecast
    freq : str
        "Y", "Q" or "M".
    nodes : tuple of str
        One for each unit.
    """

    name: str
    forecast: Forecast
    freq: str
    nodes: tuple[str, ...]

    @property
    def ordinals(self) -> list[int]:
        """Ordinals of the forecast periods."""
        return [int(o) for o in self.forecast.periods.asi8]

    def history(self) -> Published:
        """Return what was observed, by node, frequency and ordinal."""
        if self.forecast.history is None:
            return {}
        past = self.forecast.history_periods.asi8.tolist()
        values = self.forecast.history.to_numpy(dtype=float)
        return {
            (node, self.freq, past[column]): float(values[row, column])
            for row, node in enumerate(self.nodes)
            for column in np.flatnonzero(~np.isnan(values[row])).tolist()
        }


def read_levels(
    forecasts: Mapping[str, Forecast], hierarchy: Hierarchy
) -> tuple[Level, ...]:
    """Return the levels, checked against each other.

    Raises
    ------
    ModelError
        F-821 no node of the hierarchy is forecast, a part is not, or one is twice. F-822 forecasts that
        cannot be added up: other measures, numbers of paths, quantities.
    """
    if not forecasts:
        raise _apart("no forecasts")
    levels = []
    nodes_there = set(hierarchy.nodes)
    for name, forecast in forecasts.items():
        if not isinstance(forecast, Forecast):
            raise _apart(f"{name!r} is no Forecast but {type(forecast).__name__}")
        plain = node_names(forecast)
        full = [f"{name}: {node}" for node in plain]
        nodes = tuple(
            whole if whole in nodes_there else node
            for node, whole in zip(plain, full, strict=True)
        )
        levels.append(Level(name, forecast, frequency_of(forecast.periods), nodes))
    _check_together(levels, hierarchy)
    return tuple(levels)


def _check_together(levels: list[Level], hierarchy: Hierarchy) -> None:
    first = levels[0].forecast
    for level in levels:
        forecast = level.forecast
        if forecast.measure != first.measure:
            raise _apart(f"measures {first.measure!r} and {forecast.measure!r}")
        if forecast.n_paths != first.n_paths:
            raise _apart(f"{first.n_paths:,} and {forecast.n_paths:,} paths")
        if forecast.quantity != "level" and not set(level.nodes) <= hierarchy.signed:
            raise _apart(f"{forecast.quantity!r}, which is no level")
    for freq in FREQUENCIES:
        refuse_repeated(
            n for level in levels if level.freq == freq for n in level.nodes
        )
    if hierarchy.nodes and not any(
        set(lv.nodes) & set(hierarchy.nodes) for lv in levels
    ):
        raise ModelError(
            "no unit of the forecasts is a node of the hierarchy",
            code="F-821",
            examples=levels[0].nodes,
            remedy=f"Its nodes are {list(hierarchy.nodes[:5])}; forecast.reconciliation."
            "node_names tells what units are called.",
        )
    _refuse_missing_parts(levels, hierarchy)


def _refuse_missing_parts(levels: list[Level], hierarchy: Hierarchy) -> None:
    """Refuse sums of forecasts in which a part has none: nothing would tie the others."""
    there = {node for level in levels for node in level.nodes}
    here = np.array([node in there for node in hierarchy.nodes], dtype=bool)
    excused = hierarchy.wholes | hierarchy.signed
    needed = np.array([node not in excused for node in hierarchy.nodes], dtype=bool)
    rows = (hierarchy.matrix[:, here] != 0).any(axis=1)
    missing = needed & ~here & (hierarchy.matrix[rows] != 0).any(axis=0)
    if not missing.any():
        return
    names = [hierarchy.nodes[column] for column in np.flatnonzero(missing).tolist()]
    close = difflib.get_close_matches(names[0], sorted(there), n=1)
    meant = f" Did you mean {close}?" if close else ""
    raise ModelError(
        f"{len(names):,} parts of the hierarchy have no forecast",
        code="F-821",
        count=len(names),
        examples=names,
        remedy="Forecast them, or leave them out of the hierarchy: `unallocated` takes "
        f"what is not forecast by part.{meant}",
    )


def _apart(problem: str) -> ModelError:
    return ModelError(
        f"forecasts that cannot be added up: {problem}",
        code="F-822",
        remedy="All need levels in one unit of measurement and one number of paths.",
    )


def read_published(
    published: Any, levels: tuple[Level, ...], hierarchy: Hierarchy
) -> Published:
    """Return published figures by node, frequency and ordinal.

    Parameters
    ----------
    published : DataFrame, mapping or None
        Columns ``node, period, value``, or (node, period) to value.

    Raises
    ------
    ModelError
        F-825 a figure of an unknown node, twice, missing or infinite.
    NumberError
        F-206 negative.
    """
    if published is None:
        return {}
    if isinstance(published, pd.DataFrame):
        wanted = ["node", "period", "value"]
        if not set(wanted) <= set(published.columns):
            raise _strange("a table without node, period and value", published.columns)
        rows = list(published[wanted].itertuples(index=False, name=None))
    else:
        rows = [(node, period, value) for (node, period), value in published.items()]
    known = {node for level in levels for node in level.nodes}
    found: Published = {}
    for node, period, value in rows:
        label = parse_periods([period], column="period")
        key = (str(node), frequency_of(label), int(label.asi8[0]))
        if key[0] not in known:
            raise _strange("figures of nodes without a forecast", [node])
        if key in found:
            raise _strange("two figures of one node and period", [f"{node} {period}"])
        found[key] = _number(
            value, f"{node} {period}", signed=key[0] in hierarchy.signed
        )
    return found


def _number(value: Any, where: str, *, signed: bool) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise _strange("published figures that are missing or infinite", [where])
    if number < 0 and not signed:
        raise NumberError(
            "negative published figures",
            code="F-206",
            column="value",
            count=1,
            examples=[f"{where}: {value}"],
            remedy="Flows are never negative.",
        )
    return number


def _strange(problem: str, examples: Any) -> ModelError:
    return ModelError(
        problem,
        code="F-825",
        examples=list(map(str, examples)),
        remedy="Published figures have a node, a period and a value, each cell once: "
        'published={("KZ→RU", "2021"): 7.0}.',
    )
