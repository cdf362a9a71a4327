r"""Project columns off fixed effects in a weighted inner product.

The residual :math:`\tilde x = x - D\theta - Ge` of a column x solves
:math:`\min \sum_i w_i \tilde x_i^2` over the finest effect e (concentrated out) and the
others :math:`\theta` (conjugate gradients on their Schur complement).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.engine.conjugate import conjugate_gradients
from forecast.gravity.engine.direct import choose_conditioner, schur_product
from forecast.gravity.engine.sorted_rows import (
    SortedRows,
    project_rows,
    row_moments,
    sort_by_effects,
)
from forecast.gravity.records import Codes, Floats

__all__ = ["Absorber", "absorb"]

TOLERANCE = 1e-12
# Of a column's norm: what is smaller drowns in rounding, which a factor of a singular
# complement magnifies (see `forecast.gravity.engine.direct.RIDGE`).
ROUNDING = 1e-12
MOST_ITERATIONS = 20_000


@dataclass(frozen=True)
class Absorber:
    """Effects of a sample, ready to project columns off them at one set of weights.

    Attributes
    ----------
    layout : SortedRows
    weights : float array of shape (n,)
        Sorted; zero is allowed.
    inverse : float array of shape (P,)
        One over the sum of weights by group, 0 where that is 0.
    """

    layout: SortedRows
    weights: Floats
    inverse: Floats
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, layout: SortedRows, weights: Floats) -> Absorber:
        """Take in weights (n,) in sorted order."""
        totals = layout.sums(weights)
        inverse = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
        return cls(layout, weights, inverse)

    def coefficients(self, X: Floats, tolerance: float = TOLERANCE) -> Floats:
        """Coefficients of sorted columns X (K, n) on the other effects, (K, m)."""
        C, _ = row_moments(self.layout, X, self.weights, self.inverse)
        conditioner = choose_conditioner(
            self.layout, self.weights, self.inverse, self._kept
        )
        solved = conjugate_gradients(
            lambda V, active: schur_product(
                self.layout, self.weights, self.inverse, V, active, self._kept
            ),
            conditioner,
            C,
            None,
            tolerance=tolerance,
            limit=MOST_ITERATIONS,
            floor=ROUNDING**2 * np.einsum("kn,kn,n->k", X, X, self.weights),
        )
        if solved.iterations == MOST_ITERATIONS:
            raise ModelError(
                f"absorbing the effects took over {MOST_ITERATIONS:,} iterations",
                code="F-543",
                remedy="The effects hang together by very few rows: leave out the effect "
                "or the levels that do.",
            )
        return np.ascontiguousarray(solved.V[:, :, 0].T)

    def residuals(self, X: Floats, theta: Floats) -> Floats:
        """``X - D theta - group mean`` for sorted columns X (K, n)."""
        return project_rows(self.layout, self.weights, self.inverse, X, theta)


def absorb(
    columns: Floats,
    effects: Sequence[Codes],
    weights: Floats | None = None,
    tolerance: float = TOLERANCE,
) -> Floats:
    """Residuals of columns after projecting all effects off them.

    Parameters
    ----------
    columns : float array of shape (n, K)
    effects : sequence of Codes of shape (n,)
        None of them: the columns come back as they are.
    weights : float array of shape (n,), optional
        Rows with weight 0 do not count in the projection, but get the residual that the
        fitted coefficients imply.
    tolerance : float
        Of the projection, relative to each column.

    Returns
    -------
    float array of shape (n, K)

    Raises
    ------
    ModelError
        F-543 when the iteration does not come to an end.

    Examples
    --------
    >>> year = Codes(np.array([0, 0, 1, 1], np.int32), 2)
    >>> absorb(np.array([[1.0], [3.0], [5.0], [9.0]]), [year]).ravel()
    array([-1.,  1., -2.,  2.])
    """
    columns = np.asarray(columns, float)
    if not effects:
        return columns.copy()
    n = columns.shape[0]
    given = np.ones(n) if weights is None else np.asarray(weights, float)
    layout = sort_by_effects(effects, lambda: [*columns.T, given])
    absorber = Absorber.of(layout, given[layout.order])
    X = np.ascontiguousarray(columns[layout.order].T)
    # Scaled, so that a tolerance means the same for each column.
    scale = np.abs(X).max(axis=1, initial=0.0)
    scale[scale == 0] = 1.0
    X /= scale[:, None]
    rest = absorber.residuals(X, absorber.coefficients(X, tolerance))
    # Where the effects were large, their rounding is left: it goes in a second round.
    rest = absorber.residuals(rest, absorber.coefficients(rest, tolerance))
    out = np.empty_like(columns)
    out[layout.order] = (rest * scale[:, None]).T
    return out
