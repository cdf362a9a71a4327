"""Names of nodes: what a unit of a forecast is called in a hierarchy."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.forecasts.units import unit_name

__all__ = ["flow_names", "node_names", "refuse_repeated"]


def node_names(forecast: Forecast) -> list[str]:
    """Return the name of each unit: ``KZ→RU`` for a directed flow, ``KZ–RU`` otherwise.

    Further keys (sector, reporter) follow after a dash: ``KZ→RU–27``.

    Raises
    ------
    ModelError
        F-821 when two units get one name.

    Examples
    --------
    >>> import numpy as np
    >>> import forecast as fc
    >>> pairs = pd.DataFrame({"from": ["KZ", "RU"], "to": ["RU", "KZ"]})
    >>> years = pd.PeriodIndex(["2021"], freq="Y")
    >>> flows = fc.Forecast(np.ones((2, 1, 5)), pairs, years, origin="from", destination="to")
    >>> node_names(flows)
    ['KZ→RU', 'RU→KZ']
    """
    names = flow_names(forecast.units, forecast.origin, forecast.destination)
    refuse_repeated(names)
    return names


def flow_names(
    units: pd.DataFrame, origin: str | None, destination: str | None
) -> list[str]:
    """Return names of the rows of a table of units."""
    if origin is None or destination is None:
        return [unit_name(units, row) for row in range(len(units))]
    rest = units.drop(columns=[origin, destination])
    ends = units[origin].astype(str) + "→" + units[destination].astype(str)
    return [
        "–".join([end, *map(str, others)])
        for end, others in zip(ends, rest.itertuples(index=False), strict=True)
    ]


def refuse_repeated(names: Iterable[str]) -> None:
    """Refuse two units of one name."""
    counted = pd.Series(list(names), dtype=object).value_counts()
    if (twice := counted[counted > 1]).empty:
        return
    raise ModelError(
        f"{len(twice):,} nodes have more than one forecast",
        code="F-821",
        count=len(twice),
        examples=sorted(map(str, twice.index)),
        remedy="Name a node with its level ('turnover: KZ–RU'), or give one forecast each.",
    )
