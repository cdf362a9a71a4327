"""Small fits that use every kernel once, so that `warmup` compiles them ahead.

Kernels are compiled by the types of their arguments, not by their sizes, so a few dozen
rows do. What must occur: both layouts, two and three effects, weights and offsets, rows
that are separated or alone, keys of text and of numbers, clusters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.kernels.jit import on_warmup

if TYPE_CHECKING:
    from forecast.gravity.fit import GravityFit
    from forecast.gravity.inference.covariance import Recipe

__all__ = ["warm_gravity"]

COUNTRIES, YEARS = 6, 4
WORKERS = 1_600  # more firms than a dense factor takes


def flows() -> pd.DataFrame:
    """A small panel of flows with zeros, keys of text and numbers, and gaps."""
    chance = np.random.default_rng(0)
    origin, destination, year = (
        places.ravel() for places in np.indices((COUNTRIES, COUNTRIES, YEARS))
    )
    n = origin.size
    trade = chance.lognormal(size=n)
    trade[::7] = 0.0
    trade[(origin == 0) & (destination == 1)] = 0.0
    names = np.array(list("ABCDEF"))
    low, high = np.minimum(origin, destination), np.maximum(origin, destination)
    frame = pd.DataFrame(
        {
            "exporter": names[origin],
            "importer": names[destination],
            "exporter_no": origin,
            "importer_no": destination,
            "year": 2000 + year,
            "pair": low * COUNTRIES + high,
            "club": origin // 3,
            "trade": trade,
            "agreement": (chance.random(n) < 0.3).astype(float),
            "distance": chance.normal(size=n),
            "weight": chance.uniform(0.5, 1.5, n),
            "shift": chance.normal(size=n),
        }
    )
    return frame.drop(index=[3]).reset_index(drop=True)  # one cell is not there


def as_tables_come(panel: pd.DataFrame) -> list[pd.DataFrame]:
    """The panel complete, with missing values, and with keys of other types."""
    gaps = panel.copy()
    gaps.loc[5, ["trade", "agreement"]] = np.nan
    gaps.loc[8, "importer"] = None
    narrow = panel.astype(
        {"exporter": "category", "importer": "category", "pair": "int32"}
    )
    narrow["year"] = pd.PeriodIndex(panel["year"].astype(str), freq="Y")
    return [panel, gaps, narrow]


def chain() -> pd.DataFrame:
    """Workers who each stay with two firms in a row: a graph that is hard to absorb."""
    worker = np.repeat(np.arange(WORKERS), 3)
    firm = (worker + np.tile([0, 0, 1], WORKERS)) % WORKERS
    chance = np.random.default_rng(1)
    x, y = chance.normal(size=worker.size), chance.lognormal(0, 0.1, worker.size)
    return pd.DataFrame({"worker": worker, "firm": firm, "x": x, "wage": y})


@on_warmup
def warm_gravity() -> None:
    """Fit the models of this module, and make their standard errors."""
    fits = [fit for panel in as_tables_come(flows()) for fit in gravity_fits(panel)]
    for fit in [*fits, *other_fits(flows())]:
        _ = fit.estimate.x_tilde, fit.estimate.level_values
    for recipe in recipes():
        fits[0].with_vcov(recipe)
    warm_sums()


def warm_sums() -> None:
    """Sum scores as is done for many rows."""
    from forecast.gravity.inference.scores import SMALL, score_sums
    from forecast.gravity.records import Codes

    x = np.zeros((SMALL, 2))
    one = Codes(np.zeros(SMALL, np.int32), 1)
    for ordered in (x, np.asfortranarray(x)):
        score_sums(ordered, np.zeros(SMALL), one)


def gravity_fits(panel: pd.DataFrame) -> list[GravityFit]:
    """Structural gravity: effects by origin and period, destination and period, pair."""
    from forecast.gravity import Clustered, Gravity

    time = "exporter^year + importer^year"
    cluster = Clustered("exporter^importer")
    models = [
        Gravity(f"trade ~ agreement + distance | {time} + exporter^importer"),
        Gravity(f"trade ~ agreement | {time} + pair"),
        Gravity(f"trade ~ agreement + distance | {time}", vcov=cluster),
        Gravity(
            f"trade ~ agreement | {time} + exporter^importer",
            weights="weight",
            offset="shift",
        ),
        Gravity("trade ~ agreement | exporter_no^year + importer_no^year"),
    ]
    return [model.fit(panel) for model in models]


def other_fits(panel: pd.DataFrame) -> list[GravityFit]:
    """Other effects, least squares, none at all."""
    from forecast.gravity import Clustered, Gravity

    models = [
        Gravity(
            "trade ~ agreement + distance | exporter + importer + year + pair",
            vcov=Clustered("exporter^year", "importer"),
        ),
        Gravity("trade ~ agreement | exporter", weights="weight", offset="shift"),
        Gravity("trade ~ agreement | pair + year", estimator="ols", weights="weight"),
        Gravity("trade ~ agreement + distance"),
        Gravity("trade ~ agreement | club + year"),  # long groups
    ]
    hard = [Gravity("wage ~ x | worker + firm", estimator=e) for e in ("ppml", "ols")]
    return [m.fit(panel) for m in models] + [m.fit(chain()) for m in hard]


def recipes() -> list[Recipe]:
    """Standard errors that use sums of scores in different ways."""
    from forecast.gravity.inference.bootstrap import ScoreBootstrap
    from forecast.gravity.inference.clusters import Clustered
    from forecast.gravity.inference.corrected import BiasCorrected
    from forecast.gravity.inference.dyads import Dyadic
    from forecast.gravity.inference.robust import Robust
    from forecast.gravity.inference.serial import DriscollKraay

    return [
        Clustered("pair", "exporter^year", ssc="fixest"),
        Robust("HC3"),
        Dyadic("exporter", "importer"),
        DriscollKraay(period="year"),
        BiasCorrected(),
        ScoreBootstrap("pair"),
    ]
