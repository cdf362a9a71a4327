"""Figures of the gravity half: growth of the year in parts, once for each reading."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.plots import plot_waterfall
from forecast.studies.drawing import Drawing, drawn
from forecast.studies.gravity_half.record import GravityHalf, SharedGrowth

__all__ = ["draw_gravity"]

READINGS = {"low": "low end", "top": "top"}


def draw_gravity(
    half: GravityHalf | None, year: int, measure: str
) -> dict[str, Drawing]:
    """Draw what there is to draw."""
    if half is None or half.shared is None:
        return {}
    return {
        f"gravity_growth_{reading}": _waterfall(
            half.shared, reading, word, year, measure
        )
        for reading, word in READINGS.items()
    }


def _waterfall(
    shared: SharedGrowth, reading: str, word: str, year: int, measure: str
) -> Drawing:
    parts = {
        **shared.parts,
        "soft events": shared.soft[reading],
        "rest of the pair": shared.rest[reading],
    }
    money = {name: values * shared.base / 100 for name, values in parts.items()}
    table = pd.DataFrame(
        {
            name: {
                "value": values.mean(),
                "lower": np.quantile(values, 0.1),
                "upper": np.quantile(values, 0.9),
            }
            for name, values in money.items()
        }
    ).T
    before = float(shared.base.mean())
    after = before + float(table["value"].sum())
    return drawn(
        lambda ax: plot_waterfall(
            table,
            ax,
            start=(str(year - 1), before),
            end=(str(year), after),
            measure=measure,
            title=f"Growth of {year} in parts, soft events at the {word} of the literature",
        ),
        f"Growth of {year} in parts (means; thin lines: 80 %). Soft events stand at the "
        f"{word} of the literature's range, which is assumed and holds zero.",
        3.4,
    )
