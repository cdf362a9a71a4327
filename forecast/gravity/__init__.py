"""Gravity models: PPML and least squares with high-dimensional fixed effects.

`Gravity` is the recipe, `GravityFit` what it returns; recipes of standard errors are
`Clustered`, `Robust`, `Iid` and others.
"""

from __future__ import annotations

from forecast.gravity.clusters import Clustered
from forecast.gravity.fit import GravityFit
from forecast.gravity.fits import GravityFits
from forecast.gravity.model import Gravity
from forecast.gravity.robust import Iid, Robust

__all__ = ["Clustered", "Gravity", "GravityFit", "GravityFits", "Iid", "Robust"]
