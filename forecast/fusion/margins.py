r"""How much every country exports and imports: totals over time.

The exporter-time and importer-time effects of PPML make fitted flows add up to observed
totals (Fally 2015), so to forecast totals is to forecast these effects. With the log
total :math:`L_t` of the world, its highest value so far :math:`P_t` and its mean growth
since the first period :math:`\bar g_t`,

.. math:: L_{t+1} = L_t + \delta \bar g_t + \lambda (P_t - L_t) + w_{t+1},

a drift that is trusted in part, and recovery towards the former peak: after a fall trade
returns part of the way (Friedman's plucking model; Friedman 1993, Economic Inquiry
31(2)). Totals of a country follow the world and a share :math:`\phi` of their own growth
beyond it in the last period.

Few years tell little of :math:`\delta, \lambda` and :math:`\phi`. They have normal priors
(`Margins`) which totals of all countries update, weighted by size; those of one year
count as one observation of the world, since they share its shock. Clipped gaps and
growth, and weights that fall with the error, keep totals that jump a hundredfold from
deciding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.fusion.totals import Totals

__all__ = ["Margins", "Speeds", "Totals", "estimate_speeds", "extend_totals"]

Floats = NDArray[np.floating[Any]]

LARGEST_GAP = 0.5
LARGEST_GROWTH = 0.3
USUAL_ERROR = 0.3
"""Errors of log totals beyond this count by their sign alone (Huber)."""

PRIOR_YEARS = 5.0
PRIOR_SHOCK = 0.1
"""Of the world's growth, log points a year; world merchandise trade in dollars had about
this from 1980 on."""

ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Margins:
    """Prior speeds of totals, before the panel speaks.

    The default centres were chosen with the errors of forecasts of 86 countries for 2000
    to 2019 in view, as was their spread; half the drift is the usual way between a random
    walk and a random walk with drift.

    Parameters
    ----------
    drift : float
        Share of the world's mean growth that goes on.
    recovery : float
        Share of the gap to the former peak that is closed in a period.
    momentum : float
        Share of a country's last growth beyond the world's that goes on.
    spread : float
        Prior standard deviation of each; 0 keeps the centres whatever the data say.

    Examples
    --------
    >>> Margins(recovery=0.2)
    Margins(drift=0.5, recovery=0.2, momentum=0.0, spread=0.1)
    """

    drift: float = 0.5
    recovery: float = 0.3
    momentum: float = 0.0
    spread: float = 0.1

    def __post_init__(self) -> None:
        bounds = {"drift": 2, "recovery": 1, "momentum": 1, "spread": 10}
        for name, most in bounds.items():
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and 0 <= value <= most):
                raise ModelError(
                    f"{name}={value!r} is not possible",
                    code="F-526",
                    remedy=f"Give a number from 0 to {most}.",
                )


@dataclass(frozen=True, slots=True)
class Speeds:
    """Estimated speeds with posterior standard deviations.

    Attributes
    ----------
    drift, recovery, momentum : float
    errors : tuple of three floats
    shock : float
        Standard deviation of the world's growth about its forecast.
    """

    drift: float
    recovery: float
    momentum: float
    errors: tuple[float, float, float]
    shock: float


def estimate_speeds(totals: Totals, prior: Margins) -> Speeds:
    """Update the prior by the growth of totals.

    Parameters
    ----------
    totals : Totals
    prior : Margins
    """
    world = _logs(totals.world)
    years = range(1, len(world) - 1)
    rows = [
        _rows(size, _logs(side), world, year)
        for size, side in zip(
            totals.sizes, (totals.exports, totals.imports), strict=True
        )
        for year in years
    ]
    if prior.spread == 0 or not rows:
        shock = PRIOR_SHOCK
        spread = (float(prior.spread),) * 3
        return Speeds(prior.drift, prior.recovery, prior.momentum, spread, shock)
    year = np.concatenate([np.full(len(r), k % len(years)) for k, r in enumerate(rows)])
    table = np.concatenate(rows)
    common, common_sd, shock = _world_speeds(table, year, len(years), prior)
    momentum, momentum_sd = _momentum(table, prior)
    errors = (float(common_sd[0]), float(common_sd[1]), momentum_sd)
    return Speeds(float(common[0]), float(common[1]), momentum, errors, shock)


def extend_totals(totals: Totals, speeds: Speeds, steps: int) -> Totals:
    """Forecast totals; both sides add up to the forecast of the world.

    Parameters
    ----------
    totals : Totals
    speeds : Speeds
    steps : int

    Returns
    -------
    Totals
        Of the `steps` periods after the last.
    """
    world = _logs(totals.world)
    drift = speeds.drift * _mean_growth(world, len(world) - 1)
    level, peak, growth = world[-1], world.max(), np.empty(steps)
    for step in range(steps):
        growth[step] = drift + speeds.recovery * (peak - level)
        level += growth[step]
        peak = max(peak, level)
    size = totals.world[-1] * np.exp(np.cumsum(growth))
    sides = [
        _extend_side(side, world, speeds.momentum, size)
        for side in (totals.exports, totals.imports)
    ]
    return Totals(*sides)


# ------------------------------------------------------------------------------- inside


def _rows(size: Floats, logs: Floats, world: Floats, year: int) -> Floats:
    """Return weight, growth, world growth, drift, gap and own growth of one year."""
    now, after = logs[year], logs[year + 1]
    there = np.isfinite(now) & np.isfinite(after)
    own = _beyond(logs, world, year)[there]
    gap = np.minimum(_peaks(logs, year)[there] - now[there], LARGEST_GAP)
    weight = size[year][there] / size[year].sum() / 2
    growth = after[there] - now[there]
    ones = np.ones(int(there.sum()))
    return np.stack(
        [
            weight,
            growth,
            ones * (world[year + 1] - world[year]),
            ones * _mean_growth(world, year),
            gap,
            own,
        ],
        axis=1,
    )


def _world_speeds(
    table: Floats, year: NDArray[Any], n_years: int, prior: Margins
) -> tuple[Floats, Floats, float]:
    """Return drift and recovery, their errors, and the size of the world's shocks."""
    weight, growth, z = table[:, 0], table[:, 1], table[:, 3:5]
    precision = np.eye(2) / prior.spread**2
    center = np.array([prior.drift, prior.recovery])
    found, shock = center, PRIOR_SHOCK
    for _ in range(ROUNDS):
        error = growth - z[:, 0] * found[0] - z[:, 1] * found[1]
        w = weight * _huber(error)
        total = np.maximum(np.bincount(year, w, n_years), 1e-12)
        by_year = np.bincount(year, w * error, n_years) / total
        known = PRIOR_YEARS + n_years
        shock = float(
            np.sqrt((PRIOR_YEARS * PRIOR_SHOCK**2 + (by_year**2).sum()) / known)
        )
        a = precision + _cross(z, w, z) / shock**2
        b = precision @ center + _cross(z, w, growth[:, None])[:, 0] / shock**2
        found = np.linalg.solve(a, b)
    return np.clip(found, 0, [2, 1]), np.sqrt(np.diag(np.linalg.inv(a))), shock


def _momentum(table: Floats, prior: Margins) -> tuple[float, float]:
    """Return the share of a country's own growth that goes on, and its error."""
    weight, own = table[:, 0], table[:, 5]
    beyond = np.clip(table[:, 1] - table[:, 2], -LARGEST_GROWTH, LARGEST_GROWTH)
    variance = max(float((weight * beyond**2).sum() / weight.sum()), 1e-8)
    # Unequal weights tell as much as so many equal ones (Kish 1965, Survey Sampling).
    scale = weight.sum() / float((weight**2).sum()) / variance
    a = 1 / prior.spread**2 + scale * float((weight * own**2).sum())
    b = prior.momentum / prior.spread**2 + scale * float((weight * own * beyond).sum())
    return float(np.clip(b / a, -1, 1)), float(a**-0.5)


def _extend_side(side: Floats, world: Floats, momentum: float, size: Floats) -> Floats:
    own = np.nan_to_num(_beyond(_logs(side), world, len(world) - 1))
    steps = np.arange(1, len(size) + 1)
    shares = side[-1] * np.exp(own * (momentum ** steps[:, None]).cumsum(axis=0))
    return np.asarray(shares * (size / shares.sum(axis=1))[:, None])


def _logs(values: Floats) -> Floats:
    return np.log(np.where(values > 0, values, np.nan))


def _peaks(logs: Floats, year: int) -> Floats:
    return np.fmax.reduce(logs[: year + 1], axis=0)


def _beyond(logs: Floats, world: Floats, year: int) -> Floats:
    """Return last growth beyond the world's, clipped; 0 where it is not known."""
    own = logs[year] - logs[year - 1] - (world[year] - world[year - 1])
    return np.nan_to_num(np.clip(own, -LARGEST_GROWTH, LARGEST_GROWTH))


def _mean_growth(world: Floats, year: int) -> float:
    return float((world[year] - world[0]) / max(year, 1))


def _huber(error: Floats) -> Floats:
    return np.minimum(1.0, USUAL_ERROR / np.maximum(np.abs(error), 1e-12))


def _cross(a: Floats, weight: Floats, b: Floats) -> Floats:
    """Return a'Wb by plain sums: the same bits for any number of threads."""
    return np.einsum("ni,n,nj->ij", a, weight, b)
