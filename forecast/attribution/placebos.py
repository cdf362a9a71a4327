r"""Placebos in space: the same histories given to other pairs.

Under no effect any pair could have had the history of any other. For a permutation
:math:`\pi` of pairs the score of the indicator is :math:`S_\pi = \sum_p \tilde
x_{\pi(p)}'(y_p - \hat\mu_p)`; it is divided by its own standard error clustered by pair,
so that pairs of unlike size may be exchanged (Chung and Romano 2013, Annals of
Statistics 41(2); Janssen 1997). Both directions of a pair move together.
"""

from __future__ import annotations

import numpy as np

from forecast.attribution.cells import Floats
from forecast.attribution.estimates import Model
from forecast.attribution.evidence import FAILED, PASSED, Check

__all__ = ["permuted", "swapped_pairs"]


def swapped_pairs(
    model: Model, term: str, draws: int, rng: np.random.Generator, bound: float
) -> Check:
    """Compare the t-statistic of an indicator with those of permuted histories."""
    k = model.of(term)
    observed = float(model.beta[k] / model.std_errors[k])
    estimate, cells = model.fit.estimate, model.cells
    rows = estimate.rows
    column = model.fit.terms.index(term)
    width = (int(cells.way.max()) + 1) * cells.periods
    place = cells.way[rows] * cells.periods + cells.time[rows]
    shape = int(cells.block.max()) + 1, width
    x, r = np.zeros(shape), np.zeros(shape)
    x[cells.block[rows], place] = estimate.x_tilde[:, column]
    r[cells.block[rows], place] = estimate.residuals
    placebo = permuted(x, r, draws, rng)
    beyond = int((np.abs(placebo) >= abs(observed)).sum())
    p = (1 + beyond) / (1 + draws)
    name = "placebo pairs, histories permuted"
    note = (
        f"{beyond:,} of {draws:,} permutations are as far from zero (p = {p:.3f}); "
        f"the middle 95 % of their t-statistics lie in {_span(placebo)}"
    )
    status = PASSED if p <= bound else FAILED
    return Check(term, name, status, note, statistic=observed, p_value=p)


def permuted(x: Floats, r: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Studentised scores of permuted histories.

    Parameters
    ----------
    x, r : float array of shape (pairs, cells)
        Projected indicator and residuals; 0 where a cell is missing.
    draws : int
    rng : Generator

    Returns
    -------
    float array of shape (draws,)

    Examples
    --------
    >>> x, r = np.random.default_rng(1).normal(size=(2, 300, 4))
    >>> bool(abs(permuted(x, r, 200, np.random.default_rng(2)).std() - 1.0) < 0.2)
    True
    """
    out = np.zeros(draws)
    for d in range(draws):
        moved = np.einsum("pt,pt->p", x[rng.permutation(len(x))], r)
        spread = float(np.sqrt(moved @ moved))
        out[d] = float(moved.sum()) / spread if spread > 0 else 0.0
    return out


def _span(values: Floats) -> str:
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{low:.1f} to {high:.1f}"
