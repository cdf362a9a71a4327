"""Small worlds of trade in which the gravity engine is tried, and short ways to fit them."""

from __future__ import annotations

from typing import Any

import naive
import numpy as np
import pandas as pd

from forecast.gravity.designs.design import build_design
from forecast.gravity.engine.arrays import Arrays
from forecast.gravity.engine.least_squares import fit_least_squares
from forecast.gravity.engine.poisson import fit_poisson
from forecast.gravity.records import Estimate
from forecast.gravity.samples.sample import draw_sample

TWO_WAY = "exporter^year + importer^year"
THREE_WAY = TWO_WAY + " + exporter^importer"
SECTORS = (
    "exporter^sector^year + importer^sector^year + exporter^importer^sector"
)  # fmt: skip


def trade(
    seed: int = 0,
    n_regions: int = 6,
    n_years: int = 5,
    *,
    n_sectors: int = 1,
    missing: float = 0.1,
    zeros: float = 0.3,
    n_columns: int = 2,
) -> pd.DataFrame:
    """Flows with effects of exporters, importers, years and pairs; rows in no order.

    Columns ``exporter, importer, year, sector, pair`` (of both directions), ``club`` (an
    effect across all others), ``y``, ``x0 ...``, ``w`` (weights) and ``o`` (offset).
    """
    rng = np.random.default_rng(seed)
    regions = np.array([f"R{r:02d}" for r in range(n_regions)])
    i, j, t, s = (
        part.ravel()
        for part in np.meshgrid(
            *(np.arange(n) for n in (n_regions, n_regions, n_years, n_sectors))
        )
    )
    kept = rng.permutation(np.flatnonzero(rng.random(i.size) >= missing))
    i, j, t, s = i[kept], j[kept], t[kept], s[kept]
    n = i.size
    eta = (
        rng.normal(size=(n_regions, n_years))[i, t]
        + rng.normal(size=(n_regions, n_years))[j, t]
        + rng.normal(size=(n_regions, n_regions))[i, j]
    )
    frame = pd.DataFrame(
        {
            "exporter": regions[i],
            "importer": regions[j],
            "year": 2000 + t,
            "sector": np.array(["food", "ore", "steel"])[s],
            "pair": np.where(i < j, 100 * i + j, 100 * j + i),
            "club": rng.integers(0, 4, n),
        }
    )
    for k in range(n_columns):
        frame[f"x{k}"] = rng.normal(size=n) + 0.5 * rng.normal(size=n_regions)[i]
        eta += 0.3 * frame[f"x{k}"].to_numpy()
    frame["y"] = rng.gamma(2, np.exp(eta) / 2) * (rng.random(n) >= zeros)
    frame["w"], frame["o"] = rng.uniform(0.5, 2, n), rng.normal(size=n)
    return frame


def arrays_of(frame: pd.DataFrame, formula: str, family: str, **columns: Any) -> Arrays:
    """What the engine is given for a formula."""
    design = build_design(frame, formula, **columns)
    sample = draw_sample(design, family=family)
    return Arrays(
        y=design.y,
        columns=[design.columns[k] for k in sample.collinearity.kept],
        table=sample.separation.table,
        factors=design.factors,
        keep=sample.mask,
        weights=design.weights,
        offset=design.offset,
    )


def estimate(arrays: Arrays, family: str, **options: Any) -> Estimate:
    """Fit arrays by PPML ("poisson") or least squares ("gaussian")."""
    if family == "poisson":
        return fit_poisson(arrays, **options)
    return fit_least_squares(arrays)


def at_rows(arrays: Arrays, rows: np.ndarray) -> dict[str, Any]:
    """Outcome, regressors, codes of effects, weights and offset of some rows."""
    return {
        "y": arrays.y[rows],
        "columns": [column[rows] for column in arrays.columns],
        "effects": [arrays.codes(effect, rows).codes for effect in arrays.effects],
        "weights": None if arrays.weights is None else arrays.weights[rows],
        "offset": None if arrays.offset is None else arrays.offset[rows],
    }


def slopes_on_dummies(arrays: Arrays, rows: np.ndarray, family: str) -> np.ndarray:
    """The same slopes with every dummy written out."""
    data = at_rows(arrays, rows)
    Z = naive.dummy_design(data["columns"], data["effects"], rows.size)
    solve = {
        "poisson": naive.poisson_on_dummies,
        "gaussian": naive.least_squares_on_dummies,
    }[family]
    every = solve(data["y"], Z, data["weights"], data["offset"])
    return every[: len(arrays.columns)]
