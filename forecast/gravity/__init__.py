"""Gravity models: PPML and least squares with high-dimensional fixed effects.

`Gravity` is the recipe, `GravityFit` what it returns; recipes of standard errors are
`Clustered`, `Robust`, `Iid` and others. `etable` sets fits side by side.
"""

from __future__ import annotations

from forecast.gravity.clusters import Clustered
from forecast.gravity.fit import GravityFit
from forecast.gravity.fits import GravityFits
from forecast.gravity.model import Gravity
from forecast.gravity.model_tables import Etable, etable
from forecast.gravity.robust import Iid, Robust

__all__ = [
    "Clustered",
    "Etable",
    "Gravity",
    "GravityFit",
    "GravityFits",
    "Iid",
    "Robust",
    "etable",
]
