r"""How much longer series are forecast better: what errors from earlier origins overstate.

An origin three years back has three years less to learn from, and trade calms down as it
grows. So scores from earlier origins are larger than those to come. Horizons that several
origins share tell by how much: with the mean score :math:`\bar s_{h,c}` of the units that
all of them have, at horizon h with c years held out,

.. math:: \log \bar s_{h,c} = a_h + b\,c .

Scores are divided by :math:`e^{b c}` before they are pooled. As b goes on beyond the last
origin, where nothing is known, and shocks that all units share make it less certain than
it seems, its lower bound at three standard errors is taken (jackknife over units), zero
if negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ageing"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FOLDS = 10
STANDARD_ERRORS = 3.0
"""Two and three were looked at with outcomes of M1 and Tourism in view."""

FEWEST_UNITS = 30
"""Units that all origins of a horizon share, below which it tells nothing."""

LARGEST_SHARE = 0.98
"""Scores above this quantile count as it."""


def ageing(scores: Floats, years: Floats) -> float:
    """Return the growth of scores per year held out, a cautious lower bound.

    Parameters
    ----------
    scores : float array of shape (n_origins, n_units, steps)
        NaN where there is none.
    years : float array of shape (n_origins,)
        Years held out at each origin.
    """
    slope = _slope(scores, years)
    if not slope > 0:
        return 0.0
    fold = np.arange(scores.shape[1]) % FOLDS
    without = np.array([_slope(scores[:, fold != k], years) for k in range(FOLDS)])
    if np.isnan(without).any():
        return 0.0
    error = np.sqrt((FOLDS - 1) / FOLDS * ((without - without.mean()) ** 2).sum())
    return float(max(slope - STANDARD_ERRORS * error, 0.0))


def _slope(scores: Floats, years: Floats) -> float:
    """Return b by least squares within horizons; NaN where nothing tells it."""
    up, down = 0.0, 0.0
    for step in range(scores.shape[2]):
        column = scores[:, :, step]
        origins = np.flatnonzero(np.isfinite(column).sum(axis=1) >= FEWEST_UNITS)
        shared = np.isfinite(column[origins]).all(axis=0)
        if origins.size < 2 or shared.sum() < FEWEST_UNITS:
            continue
        means = _trimmed_means(column[origins][:, shared])
        if (means <= 0).any():
            continue
        x = years[origins] - years[origins].mean()
        up += float(x @ np.log(means))
        down += float(x @ x)
    return up / down if down > 0 else np.nan


def _trimmed_means(rows: Floats) -> Floats:
    top = np.quantile(rows, LARGEST_SHARE, axis=1, keepdims=True)
    return np.asarray(np.minimum(rows, top).mean(axis=1))
