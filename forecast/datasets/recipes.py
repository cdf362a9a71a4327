"""The parts of a simulated world: costs, pairs, economy, events, noise, zeros.

Each is a frozen record without data; `forecast.datasets.recipe_checks` refuses what
makes no sense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Costs", "Economy", "EventKind", "Noise", "PairEffects", "Part", "Zeros"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Costs:
    """What trade costs depend on: true coefficients in the log of flows.

    Attributes
    ----------
    distance : float
        Elasticity of flows to distance.
    border : float
        Gain of neighbours.
    agreement : float
        Gain from an agreement in force.
    agreement_share : float
        Share of pairs that sign one (on the first day of some later period).

    Examples
    --------
    >>> Costs(agreement=0.5).distance
    -1.0
    """

    distance: float = -1.0
    border: float = 0.4
    agreement: float = 0.3
    agreement_share: float = 0.25


@dataclass(frozen=True, slots=True)
class PairEffects:
    """What a pair has and no covariate shows.

    Attributes
    ----------
    sd : float
        Spread of the log effect, common to both directions.
    directed_sd : float
        Spread of what is added by direction.
    trend_sd : float
        Spread of the pair's own log growth a year. Events that follow it
        (`EventKind.growth_selection`) deceive even a model with pair effects.

    Examples
    --------
    >>> PairEffects(sd=1.0).trend_sd
    0.0
    """

    sd: float = 0.6
    directed_sd: float = 0.2
    trend_sd: float = 0.0


@dataclass(frozen=True, slots=True)
class Economy:
    """Sizes of regions and how they move.

    Attributes
    ----------
    total : float
        Output of all regions in a year at the start, million USD; what goes over a
        frontier, where there is one.
    size_sd : float
        Spread of log sizes.
    growth, growth_sd : float
        Log growth a year: mean and spread over regions.
    shock_sd, shock_serial : float
        Spread and serial correlation (from period to period) of log shocks.
    season : float
        Amplitude of the log seasonal wave; each region has its own phase.
    imbalance_sd : float
        Spread of log expenditure over output.

    Examples
    --------
    >>> Economy(growth=0.0).total
    100000.0
    """

    total: float = 100_000.0
    size_sd: float = 1.0
    growth: float = 0.03
    growth_sd: float = 0.02
    shock_sd: float = 0.05
    shock_serial: float = 0.7
    season: float = 0.1
    imbalance_sd: float = 0.1


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of cooperation event with its true effect.

    Attributes
    ----------
    name : str
        Becomes a column of the frame.
    effect : float
        Log points of flow for one unit of the indicator; 0 makes a placebo.
    rate : float
        Events a pair and year, on average.
    selection : float
        How much more often big pairs are chosen: log rate for one standard deviation
        of the log of the pair's trade.
    growth_selection : float
        The same for the pair's own growth (`PairEffects.trend_sd`).
    half_life : float, optional
        Years. None: the indicator is the number of events in the period. Otherwise a
        stock that loses half in this time; ``inf`` for one that lasts.
    status : str
        Written into the event log.

    Examples
    --------
    >>> import numpy as np
    >>> stock = EventKind("document", half_life=1.0)
    >>> stock.indicator(np.array([1.0, 0.0, 2.0]), 1).tolist()
    [1.0, 0.5, 2.25]
    """

    name: str
    effect: float = 0.0
    rate: float = 0.2
    selection: float = 0.0
    growth_selection: float = 0.0
    half_life: float | None = None
    status: str = "held"

    def indicator(self, counts: Floats, steps: int) -> Floats:
        """Turn counts by period (first axis) into the indicator.

        Parameters
        ----------
        counts : float array of shape (T, ...)
        steps : int
            Periods in a year.
        """
        if self.half_life is None:
            return counts
        kept = 0.5 ** (1.0 / (self.half_life * steps))
        stock = np.array(counts, dtype=float)
        for t in range(1, len(stock)):
            stock[t] += kept * stock[t - 1]
        return stock


@dataclass(frozen=True, slots=True)
class Noise:
    r"""Multiplicative noise with mean one.

    .. math:: \mathrm{Var}(X \mid \mu) = \mathrm{sd}^2\,\tilde\mu^{2-p}\,\mu^{p},

    where :math:`\tilde\mu` is the median expected flow: `variance_power` p = 2 keeps
    the coefficient of variation constant, 1 is Poisson-like (Santos Silva and
    Tenreyro 2006). Log-normal, correlated over the periods of a directed pair.

    Attributes
    ----------
    sd : float
        Coefficient of variation of the median flow.
    serial : float
        Autocorrelation of the underlying normal variables, per period.
    variance_power : float

    Examples
    --------
    >>> Noise(sd=0.0).serial
    0.5
    """

    sd: float = 0.2
    serial: float = 0.5
    variance_power: float = 1.5


@dataclass(frozen=True, slots=True)
class Zeros:
    """Where zeros come from.

    Attributes
    ----------
    structural : float
        Share of directed pairs that never trade; mostly small ones.
    parcel : float
        Million USD. Trade comes in parcels of this value, their number is Poisson:
        zeros without bias. 0: no parcels.
    rounding : float
        Million USD. Figures are rounded to multiples of this, small ones to zero.
        0: not rounded.

    Examples
    --------
    >>> Zeros(structural=0.2).parcel
    0.0
    """

    structural: float = 0.0
    parcel: float = 0.0
    rounding: float = 0.0


Part = Costs | PairEffects | Economy | EventKind | Noise | Zeros
