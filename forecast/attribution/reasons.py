"""Why a pair trades more or less than pairs alike: codes of reasons."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from forecast.attribution.cells import Cells, Floats, Ints
from forecast.gravity import GravityFit

__all__ = ["reasons_of"]

HELD_DOWN = -0.5
"""Log points below the mean pair from which a regressor counts as a reason."""
ENDS: tuple[Literal["min"], Literal["max"]] = ("min", "max")
SAME = 1e-9
"""Relative differences up to this are rounding."""


def reasons_of(
    fit: GravityFit,
    cells: Cells,
    table: pd.DataFrame,
    sector: Ints,
    within: np.ndarray,
) -> list[tuple[str, ...]]:
    """Codes of reasons by row of the table of `potential`.

    Parameters
    ----------
    fit : GravityFit
    cells : Cells
    table : DataFrame of m rows
        With ``unit``, ``actual``, ``low`` and ``high``.
    sector : int array of shape (m,)
        Pairs are held against the mean pair of the same sector.
    within : bool array of shape (n,)
        Rows of the design that the table is about.
    """
    units = table["unit"].to_numpy()
    early = cells.time < (cells.periods + 1) // 2
    most = int(cells.unit.max()) + 1
    before = np.bincount(cells.unit[early], weights=fit.design.y[early], minlength=most)
    seen = np.bincount(cells.unit[early], minlength=most)
    actual = table["actual"].to_numpy()
    flags = {
        "no flow": actual == 0,
        "new pair": ((before == 0) | (seen == 0))[units] & (actual > 0),
        "low intensity": actual < table["low"].to_numpy(),
        "above pairs alike": actual > table["high"].to_numpy(),
        **_by_regressor(fit, cells, units, sector, within),
    }
    rows = range(len(table))
    return [tuple(name for name in flags if flags[name][row]) for row in rows]


def _by_regressor(
    fit: GravityFit, cells: Cells, units: Ints, sector: Ints, within: np.ndarray
) -> dict[str, np.ndarray]:
    """What each regressor says of a pair beside the mean pair of its sector.

    A regressor that is the same for all pairs of a sector, such as the distance of
    another sector, says nothing there.
    """
    flags = {}
    most = int(cells.unit.max()) + 1
    rows = np.bincount(cells.unit[within], minlength=most)
    for term, beta in zip(fit.terms, fit.beta, strict=True):
        values = fit.design.columns[fit.design.terms.index(term)][within]
        sums = np.bincount(cells.unit[within], weights=values, minlength=most)
        own = sums[units] / rows[units]
        mean, varies = _of_sector(own, sector)
        if np.isin(values, [0.0, 1.0]).all():
            if beta > 0:
                flags[f"no {term}"] = (own == 0) & varies
        else:
            flags[f"held down by {term}"] = beta * (own - mean) <= HELD_DOWN
    return flags


def _of_sector(values: Floats, sector: Ints) -> tuple[Floats, np.ndarray]:
    """Mean of each row's sector, and whether the values differ within it."""
    grouped = pd.Series(values).groupby(sector)
    mean: Floats = grouped.transform("mean").to_numpy(dtype=float)
    low, high = (grouped.transform(how).to_numpy(float) for how in ENDS)
    return mean, high - low > SAME * np.maximum(np.abs(low), np.abs(high))
