"""Gravity models: PPML and least squares with high-dimensional fixed effects.

`Gravity` is the recipe, `GravityFit` what it returns; recipes of standard errors are
`Clustered`, `Robust`, `Iid` and others. `etable` sets fits side by side.
"""

from __future__ import annotations

from forecast.gravity.fit import GravityFit
from forecast.gravity.fits import GravityFits
from forecast.gravity.inference.bootstrap import ScoreBootstrap
from forecast.gravity.inference.clusters import Clustered
from forecast.gravity.inference.corrected import BiasCorrected
from forecast.gravity.inference.dyads import Dyadic
from forecast.gravity.inference.robust import Iid, Robust
from forecast.gravity.inference.serial import DriscollKraay, NeweyWest
from forecast.gravity.inference.small_samples import SmallSample
from forecast.gravity.inference.spatial import Conley
from forecast.gravity.model import Gravity
from forecast.gravity.tables.model_tables import Etable, etable

__all__ = [
    "BiasCorrected",
    "Clustered",
    "Conley",
    "DriscollKraay",
    "Dyadic",
    "Etable",
    "Gravity",
    "GravityFit",
    "GravityFits",
    "Iid",
    "NeweyWest",
    "Robust",
    "ScoreBootstrap",
    "SmallSample",
    "etable",
]
