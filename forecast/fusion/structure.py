r"""Who trades with whom, once totals are known: last year's matrix, corrected.

Last year's flows scaled to the totals of the year (`forecast.fusion.allocation`) are a
strong forecast :math:`r_{ij,t+1}`. What is left is predicted by

.. math:: \log x_{ij,t+1} - \log r_{ij,t+1} \approx
    (\kappa_0 + \kappa_1 v_{ijt}) \, (\log \mu_{ijt} - \log x_{ijt})
    + (\phi_0 + \phi_1 v_{ijt}) \, m_{ijt} + \rho \, s_{ijt}

- the gap to the gravity level :math:`\mu_{ijt}`, fitted to what was known at t: unused
  potential where positive; :math:`\kappa` is the speed at which it closes. The flows of
  volatile pairs say less, so they close more of it;
- momentum: the pair's last move beyond what totals explain,
  :math:`m_{ijt} = \log x_{ijt} - \log r_{ijt}`;
- intensity :math:`s_{ijt}`, log trade over what it would be if partners did not matter:
  a negative slope spreads trade slowly over partners.

In these words the forecast gives weight :math:`\kappa` to gravity, :math:`\phi` to
momentum and the rest to last year. The weights minimise the absolute errors of all pairs
in all years up to the origin, in units of money, with levels that were fitted to earlier
years only. :math:`v` is the mean absolute move of a pair, recent ones first, over that of
the median pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.fusion.allocation import allocate
from forecast.fusion.flows import Flows

__all__ = [
    "TERMS",
    "Step",
    "Weights",
    "adjust",
    "estimate_weights",
    "large_pairs",
    "prepare_steps",
    "relative_moves",
    "typical_moves",
]

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

TERMS = (
    "error correction",
    "error correction x volatility",
    "momentum",
    "momentum x volatility",
    "intensity",
)

LARGEST_GAP = 1.0
LARGEST_MOVE = 0.5
LARGEST_INTENSITY = 3.0
LARGEST_VOLATILITY = 4.0
LARGEST_STEP = 0.7
"""What is clipped at how much, in logs; volatility relative to the median pair."""

HALF_LIFE = 3.0
PRIOR_MOVES = 2.0
USUAL_MOVE = 0.2
"""Absolute move where nothing is known."""

PRIOR_ROWS = 50.0
"""Pair-years that say all weights are zero."""

ROUNDS = 12
MOST_TRADE = 0.99
SMALLEST_ERROR = 1e-2


@dataclass(frozen=True, slots=True)
class Step:
    """A year as the next one is forecast from it.

    Attributes
    ----------
    flows : float array of shape (n_pairs,)
    features : float array of shape (n_pairs, n_terms)
    volatility : float array of shape (n_pairs,)
        Typical absolute move beyond totals.
    scaled : float array of shape (n_pairs,), or None
        Flows scaled to the totals of the next year, where these are known.
    begun : bool array of shape (n_pairs,), or None
        Pairs with a figure so far; by default all.
    """

    flows: Floats
    features: Floats
    volatility: Floats
    scaled: Floats | None
    begun: Bools | None = None

    @property
    def relative(self) -> Floats:
        """Typical moves over that of the median pair."""
        return relative_moves(self.volatility, self.begun)


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of `TERMS`.

    Attributes
    ----------
    values : float array of shape (n_terms,)
    rows : int
        Pair-years they rest on.
    """

    values: Floats
    rows: int


class Mixed(Protocol):
    """Another opinion of how pairs move."""

    def mix(self, linear: Floats, features: Floats, step: Step) -> Floats:
        """Return moves of pairs, of the linear ones and others."""
        ...


def prepare_steps(flows: Flows, gaps: Floats | None) -> list[Step]:
    """Measure gaps, moves, volatility and intensity in every year from what was known.

    Parameters
    ----------
    flows : Flows
    gaps : float array of shape (n_periods, n_pairs), or None
        Log of the gravity level over the flow, NaN where it is not known. By default the
        level is the mean of the pair's last three years, scaled to totals.

    Returns
    -------
    list of Step
        One for each period; in the first one nothing has moved yet.
    """
    x, begun = flows.values, flows.begun
    exports, imports = flows.row_sums(x), flows.column_sums(x)
    scaled = []
    for t in range(len(x) - 1):
        next_year, _ = flows.later(t, t + 1)
        sums = flows.row_sums(next_year), flows.column_sums(next_year)
        scaled.append(allocate(x[t], flows.rows, flows.columns, *sums))
    moves = np.full(x.shape, np.nan)
    for t in range(1, len(x)):
        both = flows.known[t] & flows.known[t - 1]
        moves[t] = np.where(both, log_ratio(x[t], scaled[t - 1]), np.nan)
    steps = []
    for t, flow in enumerate(x):
        typical = typical_moves(moves[: t + 1])
        gap = _own_gap(moves, t) if gaps is None else gaps[t]
        intensity = log_ratio(
            flow * flows.sector_totals(exports[t]),
            exports[t][flows.rows] * imports[t][flows.columns],
        )
        relative = relative_moves(typical, begun[t])
        features = _features(gap, moves[t], intensity, relative)
        after = scaled[t] if t < len(scaled) else None
        steps.append(Step(flow, features, typical, after, begun[t]))
    return steps


def estimate_weights(steps: Sequence[Step], actual: Floats, known: Bools) -> Weights:
    """Find the weights with the least absolute errors, by iterated least squares.

    Parameters
    ----------
    steps : sequence of Step
        Of years whose next year came.
    actual : float array of shape (n_steps, n_pairs)
        Flows of the next years.
    known : bool array of shape (n_steps, n_pairs)
        Where both the year and the next were observed.
    """
    z, base, target = [], [], []
    for step, came, there in zip(steps, actual, known, strict=True):
        if step.scaled is None:
            continue
        world = max(float(came[there].sum()), 1e-300)
        use = there & large_pairs(step.scaled)
        z.append(step.features[use])
        base.append(step.scaled[use] / world)
        target.append(came[use] / world)
    if not any(map(len, z)):
        return Weights(np.zeros(len(TERMS)), 0)
    values = _least_absolute(
        np.concatenate(z), np.concatenate(base), np.concatenate(target)
    )
    return Weights(values, sum(map(len, z)))


def adjust(
    step: Step, weights: Weights, steps: int, rival: Mixed | None = None
) -> Floats:
    """Return log changes of pairs beyond totals, cumulated, of shape (steps, n_pairs).

    A `rival` may put moves of its own among those of each year.
    """
    features, total = step.features.copy(), np.zeros(len(step.flows))
    relative = step.relative
    out = np.empty((steps, total.size))
    for ahead in range(steps):
        move: Floats = np.clip(features @ weights.values, -LARGEST_STEP, LARGEST_STEP)
        if rival is not None:
            move = rival.mix(move, features, step)
        total = total + move
        out[ahead] = total
        gap = features[:, 0] - move
        move = np.clip(move, -LARGEST_MOVE, LARGEST_MOVE)
        features = np.stack(
            [gap, gap * relative, move, move * relative, features[:, 4]], axis=1
        )
    return np.clip(out, -2, 2)


def typical_moves(moves: Floats) -> Floats:
    """Return mean absolute moves, recent ones first, shrunk to that of the median pair.

    Parameters
    ----------
    moves : float array of shape (n_periods, n_pairs)
        NaN where none is known.
    """
    size = np.minimum(np.abs(moves), 1.0)
    there = np.isfinite(size)
    age = np.arange(len(size))[::-1, None]
    weight = there * 0.5 ** (age / HALF_LIFE)
    count = weight.sum(axis=0)
    total = (weight * np.where(there, size, 0.0)).sum(axis=0)
    own = total[count > 0] / count[count > 0]
    middle = float(np.median(own)) if own.size else USUAL_MOVE
    return np.asarray(
        np.maximum((total + PRIOR_MOVES * middle) / (count + PRIOR_MOVES), 1e-6)
    )


def log_ratio(a: Floats, b: Floats) -> Floats:
    """Return log(a / b), NaN where one of them is zero."""
    both = (a > 0) & (b > 0)
    out = np.full(a.shape, np.nan)
    out[both] = np.log(a[both]) - np.log(b[both])
    return out


# ------------------------------------------------------------------------------- inside


def _features(gap: Floats, move: Floats, intensity: Floats, relative: Floats) -> Floats:
    gap = _clipped(gap, LARGEST_GAP)
    move = _clipped(move, LARGEST_MOVE)
    return np.stack(
        [
            gap,
            gap * relative,
            move,
            move * relative,
            _clipped(intensity, LARGEST_INTENSITY),
        ],
        axis=1,
    )


def relative_moves(typical: Floats, begun: Bools | None = None) -> Floats:
    """Return typical moves over that of the median pair, of those that have begun."""
    own = typical if begun is None or not begun.any() else typical[begun]
    return np.minimum(typical / np.median(own), LARGEST_VOLATILITY)


def _own_gap(moves: Floats, t: int) -> Floats:
    """Return the log of the mean of three years over the last one, beyond totals."""
    last = np.nan_to_num(moves[t])
    before = np.nan_to_num(moves[t - 1]) if t > 0 else 0.0
    return np.asarray(-(2 * last + before) / 3)


def _clipped(values: Floats, most: float) -> Floats:
    return np.nan_to_num(np.clip(values, -most, most))


def large_pairs(flows: Floats) -> Bools:
    """Mark the pairs that make up most of trade; the others hardly move the weights."""
    order = np.argsort(-flows, kind="stable")
    reached = np.cumsum(flows[order]) - flows[order]
    large = np.zeros(flows.size, dtype=bool)
    large[order] = reached < MOST_TRADE * flows.sum()
    return large & (flows > 0)


def _least_absolute(z: Floats, base: Floats, target: Floats) -> Floats:
    """Minimise sum |target - base exp(z b)| over b, with a ridge to zero."""
    b = np.zeros(z.shape[1])
    cross: Callable[..., Floats] = np.einsum  # plain sums: no bits depend on threads
    for _ in range(ROUNDS):
        fitted = base * np.exp(np.clip(z @ b, -1, 1))
        error = target - fitted
        weight = 1 / np.maximum(np.abs(error), SMALLEST_ERROR * base + 1e-12)
        jacobian = z * fitted[:, None]
        a = cross("ni,n,nj->ij", jacobian, weight, jacobian)
        ridge = np.diag(a) * PRIOR_ROWS / len(z) + 1e-12
        slope = cross("ni,n->i", jacobian, weight * error) - ridge * b
        step = np.linalg.solve(a + np.diag(ridge), slope)
        b = b + step
        if np.abs(step).max() < 1e-4:
            break
    return b
