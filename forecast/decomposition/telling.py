"""A decomposition in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.forecasts.units import unit_name

if TYPE_CHECKING:
    from forecast.decomposition.record import Decomposition

__all__ = ["sentence_of", "title_of"]

SHOWN = 8

NOUNS = {
    "flow": "flows",
    "turnover": "turnovers",
    "exporter": "exporters",
    "importer": "importers",
    "nation": "nations",
    "total": "totals",
}


def title_of(one: Decomposition) -> str:
    """Return ``Growth of KZ–RU turnover, 2020 to 2021``."""
    name = unit_name(one.units, 0)
    said = {
        "flow": f"the flow {name}",
        "turnover": f"the turnover {name}",
        "exporter": f"the exports of {name}",
        "importer": f"the imports of {name}",
        "nation": f"the turnover of {name}",
        "total": "all flows",
    }[one.what]
    return f"Growth of {said}, {one.start} to {one.end}"


def sentence_of(one: Decomposition) -> str:
    """Say the growth of one unit and what it is made of; of several, how many."""
    if len(one.units) != 1:
        text = (
            f"Decomposition of the growth of {len(one.units):,} {NOUNS[one.what]}, "
            f"{one.start} to {one.end}, into {len(one.terms)} terms ({one.method}): "
            + ", ".join(one.terms[:SHOWN])
        )
        return text + (", ..." if len(one.terms) > SHOWN else "")
    growth = float(one.growth.iloc[0])
    before, after = float(one.starts.mean()), float(one.ends.mean())
    unit = f" {one.measure}" if one.measure else ""
    values, sign = one.points.to_numpy()[0], "percentage points"
    if not np.isfinite(growth):
        values, sign = one.point[0], one.measure or "units"
    parts = [f"{name} {_signed(v)}" for name, v in zip(one.terms, values, strict=True)]
    said = f"{_signed(growth)} %" if np.isfinite(growth) else "from zero"
    return (
        f"{title_of(one)}: {said} ({_amount(before)} to {_amount(after)}{unit}), "
        f"in {sign}: {', '.join(parts)}"
    )


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def _signed(value: float) -> str:
    return f"{round(value, 1) + 0.0:+,.1f}".replace("-", "−")
