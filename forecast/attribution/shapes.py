"""How much the answer hangs on half-life and lag: the indicator in other shapes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.attribution.cells import Cells, Floats, with_history
from forecast.attribution.estimates import Model, percent
from forecast.errors import ModelError

__all__ = ["HALF_LIVES", "other_shapes"]

HALF_LIVES = (1.0, 3.0, 10.0, np.inf)
"""Periods in which a stock loses half."""


def other_shapes(model: Model, term: str) -> pd.DataFrame:
    """Estimate an indicator again as a flow, as stocks, delayed and phased in.

    Arrivals are the rises of the indicator; of a stock that decays they are a little
    less than what arrived. A shape is no estimate of its own: they are
    shown side by side, and none is chosen.

    Returns
    -------
    DataFrame
        ``term, shape, estimate, low, high`` (per cent for one unit of the shape) and
        ``at_mean``: per cent at the mean of the shape over exposed rows, which compares.
    """
    values = model.histories[model.of(term)]
    wide = model.widening[model.of(term)]
    rows = []
    for shape, moved in _shapes(model.cells, values).items():
        try:
            fit = with_history(model.fit, {term: moved})
        except ModelError:
            continue
        if term not in fit.terms:
            continue
        k = fit.terms.index(term)
        beta, error = float(fit.beta[k]), wide * float(fit.bse.iloc[k])
        on = moved[model.cells.used & (moved != 0)]
        rows.append(
            {
                "term": term,
                "shape": shape,
                "estimate": percent(beta),
                "low": percent(beta - 1.96 * error),
                "high": percent(beta + 1.96 * error),
                "at_mean": percent(beta * float(on.mean())) if on.size else 0.0,
            }
        )
    columns = ["term", "shape", "estimate", "low", "high", "at_mean"]
    return pd.DataFrame(rows, columns=columns)


def _shapes(cells: Cells, values: Floats) -> dict[str, Floats]:
    table = cells.table(values, empty=0.0)
    arrivals = np.maximum(np.diff(table, axis=1, prepend=0.0), 0.0)
    shapes = {"as given": table, "arrivals": arrivals}
    for half in HALF_LIVES:
        kept = 0.5 ** (1.0 / half)
        stock = arrivals.copy()
        for t in range(1, cells.periods):
            stock[:, t] += kept * stock[:, t - 1]
        name = "for good" if np.isinf(half) else f"half-life {half:g}"
        shapes[f"stock, {name}"] = stock
    late = np.concatenate([table[:, :1], table[:, :-1]], axis=1)
    later = np.concatenate([table[:, :1], late[:, :-1]], axis=1)
    shapes["one period later"] = late
    shapes["phased in over three periods"] = (table + late + later) / 3.0
    return {name: shape[cells.unit, cells.time] for name, shape in shapes.items()}
