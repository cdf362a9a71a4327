"""What standard errors are made of: scores, weights and effects of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.gravity.records import Codes, Effect, Estimate, Floats
from forecast.kernels.score_sums import add_scores

__all__ = ["Scores", "inner"]

SMALL = 200_000
"""Numbers below which NumPy is done before a kernel is loaded."""


@dataclass(frozen=True)
class Scores:
    """An estimate as its standard errors see it.

    The score of row r is ``x_tilde[r] * residuals[r]``; the sum over all rows is zero.

    Attributes
    ----------
    estimate : Estimate
    effects : tuple of Effect
        What the levels of ``estimate.effects`` are called.
    terms : tuple of str
        Names of the k regressors.
    """

    estimate: Estimate
    effects: tuple[Effect, ...]
    terms: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.estimate.n

    @property
    def k(self) -> int:
        """Number of regressors."""
        return int(self.estimate.bread.shape[0])

    @property
    def bread(self) -> Floats:
        """Inverse information of the slopes, shape (k, k)."""
        return self.estimate.bread

    @property
    def codes(self) -> tuple[Codes, ...]:
        """Levels of each effect, shapes (n,)."""
        return self.estimate.effects

    def sums(self, clusters: Codes) -> Floats:
        """Sum the scores of each cluster; shape (clusters.count, k)."""
        summed = self.estimate.view.score_sums(clusters)
        if summed is not None:
            return summed
        return score_sums(self.estimate.x_tilde, self.estimate.residuals, clusters)

    def rows(self, factor: Floats | None = None) -> Floats:
        """Scores of the rows, each times its `factor`; shape (n, k)."""
        residuals = self.estimate.residuals
        scale = residuals if factor is None else residuals * factor
        return self.estimate.x_tilde * scale[:, None]


def score_sums(x: Floats, residuals: Floats, clusters: Codes) -> Floats:
    """Sum ``x * residuals`` within clusters, in the order of the rows.

    Parameters
    ----------
    x : float array of shape (n, k)
    residuals : float array of shape (n,)
    clusters : Codes of n rows

    Returns
    -------
    float array of shape (clusters.count, k)

    Examples
    --------
    >>> score_sums(np.ones((3, 1)), np.array([1.0, 2.0, 4.0]),
    ...     Codes(np.array([0, 1, 0], dtype=np.int32), 2))
    array([[5.],
           [2.]])
    """
    if x.size > SMALL:
        sums = np.zeros((clusters.count, x.shape[1]))
        add_scores(x, residuals, clusters.codes.astype(np.int32, copy=False), sums)
        return sums
    columns = [
        np.bincount(clusters.codes, column * residuals, clusters.count)
        for column in x.T
    ]
    return np.column_stack(columns) if columns else np.zeros((clusters.count, 0))


def inner(sums: Floats, others: Floats | None = None) -> Floats:
    """``sums' others`` without BLAS, whose last bits may depend on its threads.

    Shapes (g, k), (g, l) -> (k, l); `others` is `sums` where it is None.
    """
    return np.einsum("gk,gl->kl", sums, sums if others is None else others)
