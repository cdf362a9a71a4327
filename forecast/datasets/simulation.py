r"""Trade between simulated regions, with everything known that one would estimate.

.. math:: X_{ijt} = \exp\bigl(\pi_{it} + \chi_{jt} + \mu_{ij} + \beta' z_{ijt}
          + \textstyle\sum_k \gamma_k C^k_{ijt}\bigr)\,\varepsilon_{ijt}

Exporter-time effects :math:`\pi` and importer-time effects :math:`\chi` are not drawn:
they are what makes flows add up to output and expenditure (multilateral resistance).
Pair effects :math:`\mu` are drawn, and events happen by preference in big pairs if so
wished: then a model without pair effects finds an effect where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.datasets.cells import Axes, axes
from forecast.datasets.happenings import event_log, happenings
from forecast.datasets.places import Places
from forecast.datasets.recipe_checks import check_recipe
from forecast.datasets.recipes import (
    Costs,
    Economy,
    EventKind,
    Noise,
    PairEffects,
    Part,
    Zeros,
)
from forecast.datasets.worlds import (
    Flags,
    Floats,
    Settled,
    World,
    build_world,
    settle,
    stream,
    wander,
)
from forecast.periods import FREQUENCIES, FREQUENCY_NOUNS

__all__ = ["SimulatedTrade", "Truth", "simulate_trade"]

STANDARD_EVENTS = (
    EventKind("document", effect=0.05, rate=0.2, half_life=3.0, status="signed"),
    EventKind("visit", effect=0.0, rate=0.3, selection=1.0),
)


@dataclass(frozen=True)
class Truth:
    """What generated the data.

    Attributes
    ----------
    coefficients : Series
        By column of the frame: ``log_distance``, ``border``, ``agreement`` and each
        kind of event.
    exporter_time, importer_time : DataFrame, periods x regions
        Log effects. In each period (and in each direction over a frontier) a constant
        can be moved from the ones to the others.
    pairs : DataFrame
        `origin`, `destination`, `effect` (log), `trend` (log a year), `trades`
        (False: never any flow).
    expected : DataFrame
        `origin`, `destination`, `period`, `expected`, and `without_events`: what
        would be expected without any event, at the same output and expenditure. Flows
        within regions are there too, so that sums over destinations are the output
        and sums over origins the expenditure.
    """

    coefficients: pd.Series
    exporter_time: pd.DataFrame = field(repr=False)
    importer_time: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    expected: pd.DataFrame = field(repr=False)


@dataclass(frozen=True, repr=False)
class SimulatedTrade:
    """A simulated panel with its events and its truth.

    Attributes
    ----------
    frame : DataFrame
        `origin`, `destination`, `period`, `flow` (million USD a period), `distance`
        (km), `log_distance`, `border` (0/1), `agreement` (0/1), one column with the
        indicator of each kind of event, `output` of the origin, `expenditure` of the
        destination (million USD a period). Sorted by pair and period.
    events : DataFrame
        `id`, `date`, `kind`, `origin`, `destination`, `status`, `count`, `known_on`,
        `source`; the agreements are among them. An event belongs to a pair, not to a
        direction; `origin` is the first of the two in the alphabet.
    truth : Truth
    description : str
    """

    frame: pd.DataFrame
    events: pd.DataFrame
    truth: Truth
    description: str

    def __repr__(self) -> str:
        return f"SimulatedTrade: {self.description}"


def simulate_trade(
    regions: int | tuple[int, int] | Places = 12,
    periods: int = 8,
    *,
    freq: str = "Y",
    start: int = 2014,
    events: Sequence[EventKind] = STANDARD_EVENTS,
    costs: Costs = Costs(),
    pairs: PairEffects = PairEffects(),
    economy: Economy = Economy(),
    noise: Noise = Noise(),
    zeros: Zeros = Zeros(),
    domestic: bool = False,
    seed: int = 0,
) -> SimulatedTrade:
    """Simulate structural gravity with known coefficients, events and zeros.

    Parameters
    ----------
    regions : int, (int, int) or Places
        How many regions trade with each other; or how many stand on the two sides of
        a frontier, where only trade across it counts (federal subjects and oblasts); or
        the regions themselves on the two sides, see `simulate_regions`.
    periods : int
    freq : {"Y", "Q", "M"}
    start : int
        Year of the first period.
    events : sequence of EventKind
        Kinds of cooperation events with their true effects; 0 makes a placebo.
    costs, pairs, economy, noise, zeros
        The other parts of the recipe; see their classes.
    domestic : bool
        Whether the frame has the flows within regions (there are none over a
        frontier).
    seed : int
        Same recipe and seed, same bits.

    Returns
    -------
    SimulatedTrade

    Raises
    ------
    ModelError
        F-590 a value out of range; F-591 an impossible name of a kind of event; F-592
        too many closed pairs for the flows to add up.

    Notes
    -----
    Output and expenditure are given, so events move trade between partners but do
    not create it: where all regions sell across a frontier only, events in every pair
    would change nothing. Flows within regions are where the rest comes from.

    References
    ----------
    Anderson and van Wincoop (2003), American Economic Review 93(1); Head and Ries
    (2010), Canadian Journal of Economics 43(3), on visits that go where trade is.

    Examples
    --------
    >>> from forecast import datasets
    >>> simulated = datasets.simulate_trade((6, 4), periods=5, seed=1)
    >>> simulated
    SimulatedTrade: 48 directed flows between 6 and 4 regions, 5 years from 2014, seed 1
    >>> float(simulated.truth.coefficients["document"])
    0.05
    """
    places = regions if isinstance(regions, Places) else None
    sides = _sides(regions)
    parts: list[Part] = [*events, costs, pairs, economy, noise, zeros]
    check_recipe(sides, parts, periods=periods, freq=freq, start=start, seed=seed)
    steps = FREQUENCIES[freq]
    world = build_world(
        sides,
        costs,
        pairs,
        economy,
        periods=periods,
        steps=steps,
        seed=seed,
        map_of=None if places is None else (places.distance, places.border),
    )
    trade = _trade(world, events, costs, zeros, steps=steps, seed=seed)
    named = axes(sides, start, freq, periods, places.codes if places else None)
    shown = world.partners if domestic else world.between
    flow = _observed(trade.after.flow, noise, zeros, seed)
    return SimulatedTrade(
        named.rows(shown, flow=flow, **_covariates(world, trade.indicators)),
        event_log(named, trade.counts, world, events, seed),
        _truth(named, world, trade, costs, events),
        _describe(sides, shown, named.calendar, freq, seed),
    )


def _sides(regions: int | tuple[int, int] | Places) -> tuple[int, ...]:
    if isinstance(regions, Places):
        return regions.sides
    return (regions,) if isinstance(regions, int | np.integer) else tuple(regions)


@dataclass(frozen=True, slots=True)
class _Trade:
    """Expected trade before and after the events, and the events.

    `counts` and `indicators` map kinds of events to arrays of shape (T, n, n).
    """

    before: Settled
    after: Settled
    counts: dict[str, Floats]
    indicators: dict[str, Floats]


def _trade(
    world: World,
    events: Sequence[EventKind],
    costs: Costs,
    zeros: Zeros,
    *,
    steps: int,
    seed: int,
) -> _Trade:
    """Settle trade without events, let them happen, and settle it again."""
    kernel = world.kernel(costs)
    kernel = kernel * _open_pairs(world, kernel, zeros, seed)
    before = settle(kernel, world.output, world.expenditure)
    counts = {
        kind.name: happenings(kind, world, before.flow, steps=steps, seed=seed)
        for kind in events
    }
    indicators = {
        kind.name: kind.indicator(counts[kind.name], steps) for kind in events
    }
    lift = np.zeros(kernel.shape)
    for kind in events:
        lift += kind.effect * indicators[kind.name]
    after = settle(kernel * np.exp(lift), world.output, world.expenditure)
    return _Trade(before, after, counts, indicators)


def _open_pairs(world: World, kernel: Floats, zeros: Zeros, seed: int) -> Flags:
    """Pairs that trade at all: the smallest are closed first, with some luck.

    The log of the potential of a pair gets a Gumbel draw, so that the chance of being
    closed falls smoothly with it.
    """
    closed = round(zeros.structural * world.between.sum())
    potential = kernel[0] * world.output[0][:, None] * world.expenditure[0]
    luck = stream(seed, "closed").gumbel(size=potential.shape)
    score = np.log(np.where(world.between, potential, np.inf)) + luck
    flags: Flags = world.partners.copy()
    flags.ravel()[score.ravel().argsort(kind="stable")[:closed]] = False
    return flags


def _observed(expected: Floats, noise: Noise, zeros: Zeros, seed: int) -> Floats:
    """Let noise, parcels and rounding work on expected flows, shape (T, n, n)."""
    trades = expected > 0
    relative = np.where(trades, expected, 1.0) / np.median(expected[trades])
    spread = np.log1p(noise.sd**2 * relative ** (noise.variance_power - 2.0))
    draws = wander(expected.shape, noise.serial, stream(seed, "noise"))
    flow: Floats = expected * np.exp(np.sqrt(spread) * draws - spread / 2.0)
    if zeros.parcel > 0:
        parcels = stream(seed, "parcels").poisson(flow / zeros.parcel)
        flow = parcels * zeros.parcel
    if zeros.rounding > 0:
        flow = np.round(flow / zeros.rounding) * zeros.rounding
    return flow


def _covariates(world: World, indicators: dict[str, Floats]) -> dict[str, Floats]:
    return {
        "distance": world.distance,
        "log_distance": np.log(world.distance),
        "border": world.border.astype(float),
        "agreement": world.agreement.astype(float),
        **indicators,
        "output": world.output[:, :, None],
        "expenditure": world.expenditure[:, None, :],
    }


def _truth(
    named: Axes, world: World, trade: _Trade, costs: Costs, events: Sequence[EventKind]
) -> Truth:
    coefficients = {
        "log_distance": costs.distance,
        "border": costs.border,
        "agreement": costs.agreement,
    } | {kind.name: kind.effect for kind in events}
    before, after = trade.before, trade.after
    return Truth(
        pd.Series(coefficients, dtype=float),
        named.by_region(np.log(after.a)),
        named.by_region(np.log(after.b)),
        named.pairs(
            world.partners,
            effect=world.effect,
            trend=world.trend,
            trades=before.flow[0] > 0,
        ),
        named.rows(world.partners, expected=after.flow, without_events=before.flow),
    )


def _describe(
    sides: Sequence[int], shown: Flags, calendar: pd.PeriodIndex, freq: str, seed: int
) -> str:
    noun = FREQUENCY_NOUNS[freq] + ("s" if len(calendar) > 1 else "")
    return (
        f"{int(shown.sum())} directed flows between {' and '.join(map(str, sides))} "
        f"regions, {len(calendar)} {noun} from {calendar[0]}, seed {seed}"
    )
