r"""One pair beside a synthetic one: a mixture of pairs that had no events.

Log turnover of the pair, net of the exporter-period and importer-period effects of the
model, is matched before the first event by a mixture of the paths of other pairs,
:math:`\min_{w \ge 0,\ \sum w = 1} \lVert y_1 - Y_0 w \rVert^2`, levels taken out
(Abadie, Diamond and Hainmueller 2010, Journal of the American Statistical Association
105(490); with an intercept as Doudchenko and Imbens 2016, NBER 22791). Each of the other
pairs is then treated as if it were the one: the share of them with a larger ratio of
errors after and before is the p-value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.attribution.cells import Floats
from forecast.attribution.estimates import Model, percent
from forecast.attribution.evidence import FAILED, IMPOSSIBLE, PASSED, Check
from forecast.attribution.timing import NEVER, entries

__all__ = ["Synthetic", "mixture", "synthetic_pair"]

DONORS = 40
SHORTEST = 4
HEAVY = 1e3


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A path, its synthetic twin, and how far they part.

    Attributes
    ----------
    gap : float array of shape (T,)
        Log distance of the path from its twin.
    weights : float array of shape (donors,)
    ratio : float
        Root mean squared gap after over that before.
    """

    gap: Floats
    weights: Floats
    ratio: float


def mixture(path: Floats, donors: Floats, when: int) -> Synthetic:
    """Match a path before `when` by a mixture of others.

    Parameters
    ----------
    path : float array of shape (T,)
    donors : float array of shape (donors, T)
    when : int
        First period after.

    Examples
    --------
    >>> donors = np.random.default_rng(1).normal(size=(3, 12))
    >>> path = donors[0] / 2 + donors[1] / 2 + (np.arange(12) >= 8)
    >>> mixture(path, donors, 8).gap[8:].round(2).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    from scipy.optimize import nnls

    own = path - path[:when].mean()
    others = donors - donors[:, :when].mean(axis=1, keepdims=True)
    scale = max(float(np.abs(others[:, :when]).max(initial=0.0)), 1e-12)
    matrix = np.vstack([others[:, :when].T, np.full(len(others), HEAVY * scale)])
    weights, _ = nnls(matrix, np.append(own[:when], HEAVY * scale))
    gap = own - weights @ others
    before = float(np.sqrt(np.mean(gap[:when] ** 2)))
    after = float(np.sqrt(np.mean(gap[when:] ** 2)))
    return Synthetic(gap, weights, after / max(before, 1e-12))


def synthetic_pair(
    model: Model, term: str, block: int, bound: float
) -> tuple[Check, Floats]:
    """Compare a pair with its synthetic twin; both directions are added up.

    Returns
    -------
    Check
    float array of shape (T,)
        The gap in log points by period; empty where there is none.
    """
    name = "synthetic pair"
    since, _ = entries(model.cells, model.histories[model.of(term)])
    own = (model.cells.block == block) & (since < NEVER)
    if not own.any():
        return _none(term, name, "the pair has no first event within the panel")
    when = int((model.cells.time[own] - since[own]).min())
    paths, exposed = _paths(model, term)
    if when < SHORTEST or when >= model.cells.periods:
        return _none(term, name, f"only {when} periods before the first event")
    if not np.isfinite(paths[block]).all():
        return _none(term, name, "the pair does not trade in every period")
    donors = np.flatnonzero(np.isfinite(paths).all(axis=1) & ~exposed)
    donors = donors[donors != block]
    near = _nearest(paths, block, donors, when)
    if near.size < 10:
        return _none(
            term, name, f"only {near.size} pairs without events to compare with"
        )
    found = mixture(paths[block], paths[near], when)
    placebo = np.array(
        [mixture(paths[d], paths[np.setdiff1d(near, d)], when).ratio for d in near]
    )
    p = (1 + int((placebo >= found.ratio).sum())) / (1 + near.size)
    effect = float(found.gap[when:].mean())
    note = (
        f"{percent(effect):+.1f} % beside a mixture of {int((found.weights > 0.01).sum())} "
        f"of {near.size} pairs without events; placebo in space p = {p:.3f}"
    )
    good = p <= max(bound, 1.0 / (1 + near.size)) and effect > 0
    status = PASSED if good else FAILED
    return (
        Check(
            term, name, status, note, percent(effect), statistic=found.ratio, p_value=p
        ),
        found.gap,
    )


def _paths(model: Model, term: str) -> tuple[Floats, np.ndarray]:
    """Log turnover over what the sides' effects explain, by pair; and who is exposed."""
    cells, estimate = model.cells, model.fit.estimate
    rows = estimate.rows
    column = model.histories[model.of(term)]
    shape = int(cells.block.max()) + 1, cells.periods
    place = cells.block[rows] * cells.periods + cells.time[rows]
    size = shape[0] * shape[1]
    beta = model.fit.beta[model.fit.terms.index(term)]
    flow = np.bincount(place, weights=estimate.y, minlength=size)
    bare = estimate.mu * np.exp(-beta * column[rows])
    fitted = np.bincount(place, weights=bare, minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        paths = np.log(flow / fitted).reshape(shape)
    paths = np.where(np.isfinite(paths), paths, np.nan)
    exposed = np.bincount(cells.block, weights=column != 0, minlength=shape[0]) > 0
    return paths, exposed


def _nearest(paths: Floats, block: int, donors: np.ndarray, when: int) -> np.ndarray:
    """The donors whose paths before are nearest, in the order of pairs."""
    before = paths[:, :when] - paths[:, :when].mean(axis=1, keepdims=True)
    far = ((before[donors] - before[block]) ** 2).sum(axis=1)
    nearest: np.ndarray = np.sort(donors[np.argsort(far, kind="stable")[:DONORS]])
    return nearest


def _none(term: str, name: str, why: str) -> tuple[Check, Floats]:
    return Check(term, name, IMPOSSIBLE, why), np.empty(0)
