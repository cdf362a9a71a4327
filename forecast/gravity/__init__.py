"""Gravity models: PPML and least squares with high-dimensional fixed effects.

`Gravity` is the recipe, `GravityFit` what it returns; recipes of standard errors are
`Clustered`, `Robust`, `Iid` and others. `etable` sets fits side by side.
"""

from __future__ import annotations

from forecast.gravity.bootstrap import ScoreBootstrap
from forecast.gravity.clusters import Clustered
from forecast.gravity.corrected import BiasCorrected
from forecast.gravity.dyads import Dyadic
from forecast.gravity.fit import GravityFit
from forecast.gravity.fits import GravityFits
from forecast.gravity.model import Gravity
from forecast.gravity.model_tables import Etable, etable
from forecast.gravity.robust import Iid, Robust
from forecast.gravity.serial import DriscollKraay, NeweyWest
from forecast.gravity.small_samples import SmallSample
from forecast.gravity.spatial import Conley

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
