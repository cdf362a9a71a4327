"""A simulated world in the shape of Russian regions and Kazakh oblasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.datasets.places import russia_and_kazakhstan
from forecast.datasets.recipes import (
    Costs,
    Economy,
    EventKind,
    Noise,
    PairEffects,
    Zeros,
)
from forecast.datasets.simulation import SimulatedTrade, simulate_trade

__all__ = ["COOPERATION", "simulate_regions"]

COOPERATION = (
    EventKind("document", effect=0.06, rate=0.12, half_life=3.0, status="signed"),
    EventKind(
        "logistics", effect=0.15, rate=0.02, half_life=np.inf, status="operating"
    ),
    EventKind("visit", effect=0.0, rate=0.2, selection=0.5, growth_selection=0.8),
    EventKind("conservation", effect=0.0, rate=0.1, status="signed"),
)
"""Documents and centres of logistics work, visits follow growth and do nothing,
documents on saigas and seals are placebos."""


def simulate_regions(
    regions: int = 30,
    oblasts: int = 17,
    periods: int = 16,
    *,
    start: int = 2006,
    events: Sequence[EventKind] = COOPERATION,
    seed: int = 0,
) -> SimulatedTrade:
    """Simulate trade of Russian regions with Kazakh oblasts, truth known.

    Codes, distances and borders are those of the map; all else is drawn. Both
    directions of each pair, by year. What a region sells across the frontier is given;
    pairs have effects and a growth of their own; a tenth of them never trades, and small
    flows come in parcels of ten thousand dollars, so there are zeros.

    Parameters
    ----------
    regions, oblasts : int
        The first ones of `region_places`; those at the border come first.
    periods : int
        Years.
    start : int
        First year.
    events : sequence of EventKind
        By default: documents (each adds 0.06 to the log of the flow and loses half of it
        in three years), logistics centres (0.15, for good), visits (nothing; they are
        paid to large pairs, and to those that grow anyway) and conservation documents
        (nothing, and they go anywhere: a placebo).
    seed : int
        Same call, same bits.

    Returns
    -------
    SimulatedTrade
        As `simulate_trade` gives it, without the column `agreement`: regions sign none.

    Raises
    ------
    ModelError
        F-590 a value out of range, F-591 an impossible name of a kind of event, F-592
        too few regions for the flows to add up.

    Notes
    -----
    The distance elasticity of -1.15 is that of Russian interregional trade (Salnikov and
    Filatov 2024, Spatial Economics 3). Codes are those of 2021 in all years.

    Examples
    --------
    >>> from forecast import datasets
    >>> world = datasets.simulate_regions(12, 6, periods=4, seed=1)
    >>> world
    SimulatedTrade: 144 directed flows between 12 and 6 regions, 4 years from 2006, seed 1
    >>> world.frame["origin"].unique()[:2].tolist()
    ['RU-AST', 'RU-VGG']
    >>> float(world.truth.coefficients["visit"])
    0.0
    """
    found = simulate_trade(
        russia_and_kazakhstan(regions, oblasts),
        periods,
        start=start,
        events=events,
        costs=Costs(distance=-1.15, border=0.5, agreement=0.0, agreement_share=0.0),
        pairs=PairEffects(sd=0.5, directed_sd=0.3, trend_sd=0.02),
        economy=Economy(
            total=20_000.0, size_sd=0.7, growth=0.04, growth_sd=0.02, shock_sd=0.08
        ),
        noise=Noise(sd=0.25, serial=0.4),
        zeros=Zeros(structural=0.1, parcel=0.01),
        seed=seed,
    )
    truth = replace(
        found.truth, coefficients=found.truth.coefficients.drop("agreement")
    )
    return replace(found, frame=found.frame.drop(columns="agreement"), truth=truth)
