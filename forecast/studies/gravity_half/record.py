"""What the gravity half found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.attribution import PanelEstimates

__all__ = [
    "Floats",
    "GravityHalf",
    "Outlook",
    "ScenarioPaths",
    "SharedGrowth",
    "intervals",
    "spans",
]

Floats = NDArray[np.floating[Any]]

LEVELS = (80, 95)


@dataclass(frozen=True)
class SharedGrowth:
    """Growth of the year in parts, on each of P joint paths.

    Attributes
    ----------
    growth : float array of shape (P,)
        Per cent over the year before.
    base : float array of shape (P,)
        Level of the year before, in the unit of the figures.
    parts : mapping of str to float array of shape (P,)
        Percentage points; what does not depend on the reading of soft events.
    soft, rest : mapping of str to float array of shape (P,)
        By reading: ``"low"`` and ``"top"`` of the literature. In each reading parts,
        soft events and rest sum to the growth.
    """

    growth: Floats
    base: Floats
    parts: Mapping[str, Floats]
    soft: Mapping[str, Floats]
    rest: Mapping[str, Floats]


@dataclass(frozen=True)
class Outlook:
    """The next year on joint paths.

    Attributes
    ----------
    year : int
    level : float array of shape (P,)
        Level of the year of the nowcast times growth, path by path.
    growth : float array of shape (P,)
        Per cent over the year of the nowcast.
    history : DataFrame
        Each past year forecast from the years before it: ``year, growth_%, median_%,
        low_80, high_80, low_95, high_95, inside_80, inside_95``.
    reporter : str
        Whose yearly totals the history is.
    level_reporter : str
        Whose level is continued; only this reporter's outcome can be held against it.
    """

    year: int
    level: Floats
    growth: Floats
    history: pd.DataFrame = field(repr=False)
    reporter: str
    level_reporter: str = ""


@dataclass(frozen=True)
class ScenarioPaths:
    """One scenario in one reading, beside the baseline.

    Attributes
    ----------
    name, reading : str
    change : float array of shape (P,)
        Path by path, in the unit of the figures.
    share : float array of shape (P,)
        Share of the year in which it works.
    percent : float array of shape (P,)
        Effect on the flow while it works.
    basis : str
        Where the effect comes from.
    verdict : str
    """

    name: str
    reading: str
    change: Floats
    share: Floats
    percent: Floats
    basis: str
    verdict: str


@dataclass(frozen=True)
class GravityHalf:
    """Growth shared out, the next year, scenarios, and whether any of it is identified.

    Attributes
    ----------
    estimates : PanelEstimates or None
        None where their data were not public yet.
    shared : SharedGrowth or None
        None where the main reporter has no level.
    outlook : Outlook or None
        None where no yearly history is known.
    scenarios : tuple of ScenarioPaths
    tables : dict of str to DataFrame
    """

    estimates: PanelEstimates | None
    shared: SharedGrowth | None
    outlook: Outlook | None
    scenarios: tuple[ScenarioPaths, ...]
    tables: dict[str, pd.DataFrame] = field(repr=False)


def spans(values: Floats) -> dict[str, float]:
    """Mean and central intervals of paths; means of parts add up, medians do not."""
    return {"mean": float(values.mean()), **intervals(values)}


def intervals(values: Floats) -> dict[str, float]:
    """Central intervals of paths, also of those whose mean does not exist."""
    found: dict[str, float] = {}
    for level in LEVELS:
        tail = (100 - level) / 200
        low, high = np.quantile(values, [tail, 1 - tail])
        found |= {f"low_{level}": float(low), f"high_{level}": float(high)}
    return found
