r"""What flows would have been, had the indicators stayed where they were at the start.

.. math:: X^0_{pt} = X_{pt}\,
          \exp\bigl(-\textstyle\sum_k \beta_k (x^k_{pt} - x^k_{p,\text{start}})\bigr),

with the observed flow in the place of the fitted one, so that what the model does not
explain is kept. Exporters' and importers' effects are as they are: a partial effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.attribution.cells import Floats
from forecast.attribution.estimates import Model

__all__ = ["Share", "frozen_shares"]

DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Share:
    """What a term, or all of them, made up in the year asked for.

    Attributes
    ----------
    percent : tuple of float
        Of the flows without the change of the indicators: value, low, high.
    money : tuple of float
        In the unit of the flows.
    growth : tuple of float
        As a share of the growth of these flows since the start; NaN without growth.
    """

    percent: tuple[float, float, float]
    money: tuple[float, float, float]
    growth: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Frozen:
    """Flows at the end with how much each indicator has changed since the start."""

    flow: Floats
    change: Floats
    growth: float


def frozen_shares(
    model: Model,
    among: np.ndarray,
    start: int,
    end: int,
    *,
    level: float,
    rng: np.random.Generator,
) -> dict[str, Share]:
    """Attribute the flows of one period to the change of each term and of all.

    Parameters
    ----------
    model : Model
    among : bool array of shape (n,)
        Rows whose flows are asked for.
    start, end : int
        Periods, counted from the first one.
    level : float
        Of intervals, from draws of the coefficients.
    rng : Generator

    Returns
    -------
    dict of str to Share
        By term, and "" for all terms together.
    """
    frozen = _frozen(model, among, start, end)
    root = np.linalg.cholesky(model.covariance + 1e-18 * np.eye(len(model.terms)))
    draws = model.beta + rng.standard_normal((DRAWS, model.beta.size)) @ root.T
    every = np.vstack([model.beta, draws])
    shares = {
        term: _share(frozen, every, [k], level) for k, term in enumerate(model.terms)
    }
    return {**shares, "": _share(frozen, every, list(range(len(model.terms))), level)}


def _frozen(model: Model, among: np.ndarray, start: int, end: int) -> Frozen:
    cells = model.cells
    flow = cells.table(np.where(among, model.fit.design.y, np.nan))
    known = np.isfinite(flow[:, end])
    changes = []
    for values in model.histories:
        table = cells.table(values)
        begin = table[:, start]
        # A pair that came later starts with its own first value.
        first = table[np.arange(len(table)), np.argmax(np.isfinite(table), axis=1)]
        begin = np.where(np.isfinite(begin), begin, first)
        changes.append((table[:, end] - begin)[known])
    before = float(np.nansum(flow[:, start]))
    after = flow[known, end]
    return Frozen(after, np.array(changes), float(after.sum()) - before)


def _share(frozen: Frozen, betas: Floats, which: list[int], level: float) -> Share:
    """First row of `betas` gives the value, the others the interval."""
    moved = np.any(frozen.change[which] != 0, axis=0)
    flow, change = frozen.flow[moved], frozen.change[which][:, moved]
    still = float(frozen.flow[~moved].sum())
    # Pairs with one and the same change are one.
    kinds, place = np.unique(change, axis=1, return_inverse=True)
    grouped = np.bincount(place.ravel(), weights=flow, minlength=kinds.shape[1])
    without = np.exp(-betas[:, which] @ kinds) @ grouped
    money = flow.sum() - without
    total = without + still
    growth = frozen.growth if frozen.growth > 0 else np.nan
    percent = 100.0 * np.divide(money, total, out=np.zeros_like(money), where=total > 0)
    return Share(
        _span(percent, level), _span(money, level), _span(money / growth, level)
    )


def _span(values: Floats, level: float) -> tuple[float, float, float]:
    if not np.isfinite(values).all():
        return np.nan, np.nan, np.nan
    low, high = np.quantile(values[1:], [(1 - level) / 2, (1 + level) / 2])
    return float(values[0]), float(low), float(high)
