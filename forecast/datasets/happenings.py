"""Events of a simulated world: how often they happen where, and their log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from forecast.datasets.cells import Axes
from forecast.datasets.recipes import EventKind
from forecast.datasets.worlds import Flags, Floats, Ints, World, stream

__all__ = ["event_log", "happenings"]

SOURCE = "simulated"


def happenings(
    kind: EventKind, world: World, flow: Floats, *, steps: int, seed: int
) -> Floats:
    """Draw the events of a kind by pair and period.

    The number in a pair and period is Poisson. Its mean follows the size and the own
    growth of the pair, and is `kind.rate` a year on average over pairs.

    Parameters
    ----------
    flow : float array of shape (T, n, n)
        Expected trade without any event; the first period tells which pairs are big.
    steps : int
        Periods in a year.

    Returns
    -------
    float array of shape (T, n, n)
        Whole numbers, the same in both directions of a pair.
    """
    between = np.triu(world.between)
    both = (flow[0] + flow[0].T) / np.median(flow[0][flow[0] > 0])
    pull = kind.selection * _standardised(np.log1p(both), between)
    pull += kind.growth_selection * _standardised(world.trend, between)
    weight = np.where(between, np.exp(pull), 0.0)
    mean = kind.rate / steps * weight * (between.sum() / weight.sum())
    rng = stream(seed, "events", kind.name)
    drawn = rng.poisson(mean, size=flow.shape).astype(float)
    return drawn + drawn.transpose(0, 2, 1)


def event_log(
    axes: Axes,
    counts: Mapping[str, Floats],
    world: World,
    events: Sequence[EventKind],
    seed: int,
) -> pd.DataFrame:
    """Table of all events and agreements, sorted by day.

    Parameters
    ----------
    counts : mapping
        What `happenings` drew, by name of the kind.

    Returns
    -------
    DataFrame
        `id`, `date`, `kind`, `origin`, `destination`, `status`, `count`, `known_on`,
        `source`. An event falls on some day of its period, an agreement enters into
        force on the first one.
    """
    tables = []
    for kind in events:
        where = _single_events(counts[kind.name])
        share: Floats = stream(seed, "days", kind.name).uniform(size=where.shape[1:])
        tables.append(_table(axes, where, share, kind.name, kind.status))
    signed = _signings(world)
    first_day = np.zeros(signed.shape[1])
    tables.append(_table(axes, signed, first_day, "agreement", "in force"))
    log = pd.concat(tables, ignore_index=True)
    log = log.sort_values(["date", "kind", "origin", "destination"], ignore_index=True)
    width = len(str(len(log)))
    log.insert(0, "id", [f"S{number:0{width}d}" for number in range(1, len(log) + 1)])
    return log


def _standardised(values: Floats, among: Flags) -> Floats:
    chosen = values[among]
    spread = chosen.std()
    if spread == 0.0:
        return np.zeros(values.shape)
    standard: Floats = (values - chosen.mean()) / spread
    return standard


def _single_events(counts: Floats) -> Ints:
    """Positions (t, i, j) of single events, i before j; shape (3, number)."""
    once = np.triu(np.ones(counts.shape[1:], dtype=bool))
    many = np.where(once, counts, 0.0).astype(np.int64)
    where = np.nonzero(many)
    positions: Ints = np.repeat(np.stack(where), many[where], axis=1)
    return positions


def _signings(world: World) -> Ints:
    i, j = np.nonzero(np.triu(world.since < len(world.years)))
    return np.stack([world.since[i, j], i, j])


def _table(
    axes: Axes, where: Ints, share: Floats, kind: str, status: str
) -> pd.DataFrame:
    t, i, j = where
    date = axes.dates(t, share)
    return pd.DataFrame(
        {
            "date": date,
            "kind": kind,
            "origin": axes.codes[i],
            "destination": axes.codes[j],
            "status": status,
            "count": 1,
            "known_on": date,
            "source": SOURCE,
        }
    )
