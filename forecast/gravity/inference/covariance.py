"""The covariance of the slopes, and the account of how it came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from forecast.gravity.inference.reference import Reference
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores
from forecast.gravity.inference.small_samples import Parameters
from forecast.gravity.records import Floats

__all__ = ["Covariance", "Recipe", "finish", "without_negative"]

NOT_NEGATIVE = -1e-12
"""Eigenvalues above this share of the largest are rounding, not negative."""


class Recipe(Protocol):
    """A way to standard errors, chosen before or after the fit."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that it needs."""

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:
        """Compute it for a fit."""


@dataclass(frozen=True)
class Covariance:
    """Covariance of the slopes with all that decided its numbers.

    Attributes
    ----------
    matrix : float array of shape (k, k)
    terms : tuple of str
        The k regressors.
    title : str
        Kind and clusters in a few words.
    convention : str
        Name of the small-sample convention.
    formula : str
        Its factor, as a formula; `factor` is its value.
    factor : float
    reference : Reference
        What t-statistics are compared with.
    n : int
        Rows.
    clusters : tuple of (str, int)
        Ways of clusters and how many there are.
    parameters : Parameters or None
        How K was counted; None where the factor has no K.
    notes : tuple of str
        Whole sentences about what was repaired or should be known.
    bias : float array of shape (k,) or None
        What a bias correction takes off the slopes; None where nothing is.
    """

    matrix: Floats
    terms: tuple[str, ...]
    title: str
    convention: str
    formula: str
    factor: float
    reference: Reference
    n: int
    clusters: tuple[tuple[str, int], ...] = ()
    parameters: Parameters | None = None
    notes: tuple[str, ...] = ()
    bias: Floats | None = field(default=None)

    @property
    def std_errors(self) -> Floats:
        """Square roots of the diagonal; NaN where a variance is not positive."""
        variances = np.diag(self.matrix)
        positive = np.where(variances > 0, variances, np.nan)
        return np.sqrt(positive)

    def p_values(self, beta: Floats) -> Floats:
        """Two-sided p-values of the slopes being zero; shapes (k,)."""
        return self.reference.p_values(beta / self.std_errors)

    def interval(self, beta: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper end of the intervals around `beta`; shapes (k,)."""
        return self.reference.interval(beta, self.std_errors, level)

    def explain(self) -> str:
        """Say in a paragraph and a table how the standard errors were made."""
        from forecast.gravity.inference.explaining import explain

        return explain(self)


def without_negative(matrix: Floats) -> tuple[Floats, int]:
    """Replace negative eigenvalues by zero.

    Sums and differences of several ways of clusters need not be positive semidefinite
    (Cameron, Gelbach and Miller 2011, Journal of Business & Economic Statistics 29(2)).

    Returns
    -------
    matrix : float array of shape (k, k)
        The very same where nothing is negative.
    negative : int
        How many eigenvalues were replaced.

    Examples
    --------
    >>> without_negative(np.diag([1.0, -0.5]))[1]
    1
    """
    if matrix.size == 0:
        return matrix, 0
    size = np.sqrt(np.abs(np.diag(matrix)))
    size = np.where(size > 0, size, 1.0)  # regressors have units of their own
    values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
    negative = values < NOT_NEGATIVE * max(values.max(), 0.0)
    if not negative.any():
        return matrix, 0
    root = vectors * np.sqrt(np.where(values > 0, values, 0.0))
    return (root @ root.T) * np.outer(size, size), int(negative.sum())


def sandwich(bread: Floats, meat: Floats) -> Floats:
    """``bread meat bread``, symmetric to the last bit; shapes (k, k)."""
    matrix = bread @ meat @ bread
    return (matrix + matrix.T) / 2


def finish(
    bread: Floats, meat: Floats, factor: float
) -> tuple[Floats, tuple[str, ...]]:
    """Scale a sandwich, repair negative eigenvalues and tell so.

    Parameters
    ----------
    bread, meat : float arrays of shape (k, k)
    factor : float

    Returns
    -------
    matrix : float array of shape (k, k)
    notes : tuple of str
    """
    matrix, negative = without_negative(factor * sandwich(bread, meat))
    if not negative:
        return matrix, ()
    return matrix, (
        f"The matrix had {negative} negative eigenvalue{'s' * (negative > 1)} (it is a "
        "sum and difference of several matrices), set to zero; with few clusters in "
        "one way this is common and a warning.",
    )
