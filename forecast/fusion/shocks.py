r"""How wrong forecasts may be: shocks of the world, of countries and of pairs.

Forecast totals and pairs are shocked one after the other,

.. math:: \log E_i = \log \hat E_i + \sigma_h w_h + u_i Q^E_h(\Phi(a_{ih})), \qquad
    \log M_j = \log \hat M_j + \sigma_h w_h + u_j Q^M_h(\Phi(b_{jh})), \qquad
    \log x_{ij} = \log \hat x_{ij} + v_{ij} \, Q_{k,h}(\Phi(e_{ijh})),

and the pairs are then made to add up to the totals. :math:`Q^E, Q^M` are the
distributions of past errors of all totals beyond the world's, in units of their typical
move u, and :math:`Q_{k,h}` that of the errors that pairs of size class k would have had
h years ahead with their totals given, in units of their typical move v; it has the
weight at minus infinity of trade that ended. Years are few, so the world's shocks have a
Student distribution whose scale starts from a prior. Sectors have shocks of their own
beyond the world's, of the same kind, their scales shrunk to each other's. All shocks wander: the normal score
of horizon h is the mean, times the root of h, of h independent ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.fusion.evidence import LONGEST, Evidence, Past
from forecast.fusion.margins import PRIOR_SHOCK

__all__ = ["Shocks", "measure_shocks", "quantiles_at", "size_classes"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

KNOTS = 400
FEWEST_SCORES = 60
PRIOR_SHOCKS = 4.0
"""Independent shocks of the world that say what `PRIOR_SHOCK` says."""

LARGEST_SCORE = 50.0


@dataclass(frozen=True, slots=True)
class Shocks:
    """Distributions of errors.

    Attributes
    ----------
    world : float array of shape (LONGEST,)
        Scale of the world's shock by horizon.
    freedom : float array of shape (LONGEST,)
        Degrees of freedom.
    sectors : float array of shape (LONGEST, n_sectors)
        Scale of the shock that flows of a sector share, beyond the world's; zero where
        there is one.
    exports, imports : float arrays of shape (LONGEST, KNOTS + 1)
        Quantiles of scores of totals.
    pairs : float array of shape (n_classes, LONGEST, KNOTS + 1)
        Quantiles of scores of pairs; minus infinity where trade ends.
    edges : float array of shape (n_classes - 1,)
        Sizes between classes, as shares of the world's trade.
    entry : float array of shape (2, LONGEST)
        Probability that a pair without trade trades; row 0 never traded before.
    entry_sizes : float array of shape (2, KNOTS + 1)
        Quantiles of new trade over expected trade.
    scores : int
        Errors of pairs that these rest on.
    """

    world: Floats
    freedom: Floats
    sectors: Floats
    exports: Floats
    imports: Floats
    pairs: Floats
    edges: Floats
    entry: Floats
    entry_sizes: Floats
    scores: int


def measure_shocks(evidence: Evidence, now: Floats, classes: int) -> Shocks:
    """Gather past errors into distributions.

    Parameters
    ----------
    evidence : Evidence
    now : float array of shape (n_pairs,)
        Flows of the last year; classes hold equally many of the positive ones.
    classes : int
    """
    edges = size_edges(now, classes)
    world, freedom = _world(evidence)
    by_horizon = [[p for p in evidence if p.horizon == h + 1] for h in range(LONGEST)]
    pooled = [_scores_of(past, edges) for past in by_horizon]
    tables = [_tables([scores[k] for scores in pooled]) for k in range(len(edges) + 1)]
    everything = _tables([np.concatenate(scores) for scores in pooled])
    few = [
        sum(len(s[k]) for s in pooled) < FEWEST_SCORES for k in range(len(edges) + 1)
    ]
    entry, sizes = _entries(by_horizon)
    return Shocks(
        world=world,
        freedom=freedom,
        sectors=_sectors(by_horizon),
        exports=_tables([_joined([p.exports for p in past]) for past in by_horizon]),
        imports=_tables([_joined([p.imports for p in past]) for past in by_horizon]),
        pairs=np.stack(
            [
                everything if short else own
                for short, own in zip(few, tables, strict=True)
            ]
        ),
        edges=edges,
        entry=entry,
        entry_sizes=sizes,
        scores=sum(len(s) for scores in pooled for s in scores),
    )


def size_edges(flows: Floats, classes: int) -> Floats:
    """Return sizes, as shares of the sum, that part positive flows into equal classes."""
    positive = flows[flows > 0]
    if positive.size < classes:
        return np.empty(0)
    cuts = np.arange(1, classes) / classes
    return np.asarray(np.quantile(positive, cuts) / flows.sum())


def size_classes(flows: Floats, edges: Floats) -> Ints:
    """Return the class of each flow."""
    return np.searchsorted(edges, flows / max(float(flows.sum()), 1e-300))


def quantiles_at(table: Floats, z: Floats) -> Floats:
    """Read a table of KNOTS + 1 quantiles at normal scores; steps to minus infinity stay.

    Parameters
    ----------
    table : float array of shape (KNOTS + 1,)
    z : float array
    """
    from scipy.special import ndtr

    place = ndtr(z) * KNOTS
    low = np.minimum(place.astype(int), KNOTS - 1)
    share = place - low
    a, b = table[low], table[low + 1]
    with np.errstate(invalid="ignore"):
        value = a + share * (b - a)
    return np.asarray(np.where(np.isneginf(a), np.where(share < 1, a, b), value))


# ------------------------------------------------------------------------------- inside


def _world(evidence: Evidence) -> tuple[Floats, Floats]:
    scale, freedom = np.empty(LONGEST), np.empty(LONGEST)
    for h in range(LONGEST):
        errors = np.array([p.world for p in evidence if p.horizon == h + 1])
        # Errors h years ahead overlap: so many are worth their number over h.
        count = len(errors) / (h + 1)
        known = float((errors**2).sum()) / (h + 1)
        total = PRIOR_SHOCKS * PRIOR_SHOCK**2 * (h + 1) + known
        scale[h] = np.sqrt(total / (PRIOR_SHOCKS + count))
        freedom[h] = PRIOR_SHOCKS + count
    return np.maximum.accumulate(scale), freedom


def _sectors(by_horizon: list[list[Past]]) -> Floats:
    """Return scales of sectors, each shrunk to that of all of them."""
    n = max((p.sectors.size for past in by_horizon for p in past), default=1)
    scale = np.zeros((LONGEST, n))
    for h, past in enumerate(by_horizon):
        if not past:
            scale[h] = scale[h - 1] * np.sqrt((h + 1) / h) if h > 0 else 0.0
            continue
        squares = np.stack([p.sectors**2 for p in past])
        count = len(squares) / (h + 1)
        total = PRIOR_SHOCKS * squares.mean() + squares.sum(axis=0) / (h + 1)
        scale[h] = np.sqrt(total / (PRIOR_SHOCKS + count))
    return np.maximum.accumulate(scale, axis=0)


def _scores_of(past: list[Past], edges: Floats) -> list[Floats]:
    """Return the scores of each size class."""
    scores: list[list[Floats]] = [[] for _ in range(len(edges) + 1)]
    for one in past:
        use = ~np.isnan(one.pairs)
        kind = size_classes(one.size, edges)
        for k, own in enumerate(scores):
            own.append(one.pairs[use & (kind == k)])
    return [_joined(own) for own in scores]


def _joined(parts: list[Floats]) -> Floats:
    if not parts:
        return np.empty(0)
    whole = np.concatenate(parts)
    return whole[~np.isnan(whole)]


def _tables(scores: list[Floats]) -> Floats:
    """Return quantiles by horizon; where scores are few, those before, grown by the root."""
    table = np.empty((LONGEST, KNOTS + 1))
    last = np.concatenate([[-8.0], _normal(), [8.0]])
    for h, own in enumerate(scores):
        if own.size >= FEWEST_SCORES:
            last = _quantiles(own)
        elif h > 0:
            last = last * np.sqrt((h + 1) / h)
        table[h] = last
    return table


def _quantiles(scores: Floats) -> Floats:
    """Return quantiles around a median of zero; the ends reach a little further."""
    ordered = np.sort(np.clip(scores, None, LARGEST_SCORE))
    ordered[ordered < -LARGEST_SCORE] = -np.inf
    place = np.linspace(0, 1, KNOTS + 1) * (ordered.size + 1) - 1
    at = np.clip(np.round(place).astype(int), 0, ordered.size - 1)
    found = ordered[at]
    middle = float(np.median(ordered))
    return found - (middle if np.isfinite(middle) else 0.0)


def _normal() -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.arange(1, KNOTS) / KNOTS))


def _entries(by_horizon: list[list[Past]]) -> tuple[Floats, Floats]:
    """Return probabilities and sizes of trade that begins, or begins again."""
    chance, sizes = np.zeros((2, LONGEST)), np.zeros((2, KNOTS + 1))
    for kind in range(2):
        begun: list[Floats] = []
        for h, past in enumerate(by_horizon):
            chosen = [p.entered[p.before == bool(kind)] for p in past]
            came = _joined(chosen)
            # A pair-year and a half of each kind keeps probabilities off 0 and 1.
            if came.size:
                chance[kind, h] = ((came > 0).sum() + 0.5) / (came.size + 1)
            elif h > 0:
                chance[kind, h] = chance[kind, h - 1]
            begun.append(came[came > 0])
        new = np.concatenate(begun)
        if new.size:
            sizes[kind] = np.quantile(new, np.linspace(0, 1, KNOTS + 1))
    return chance, sizes
