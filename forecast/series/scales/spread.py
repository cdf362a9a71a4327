"""How wide the errors of a series are, and how sure of that so few of them make us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_ERRORS", "Spread", "draw_sigma", "spread_of"]

Floats = NDArray[np.floating[Any]]

FEWEST_ERRORS = 3
"""Errors below which a series alone does not tell a spread."""

TYPICAL_ERROR = 0.2
"""Stands in for each error that is missing to `FEWEST_ERRORS`, relative to the level.

A round figure for the root mean square step of logarithms: its median over the positive
series of the M1 and Tourism competitions (training parts) is 0.16 for years, 0.30 for
quarters, 0.23 for months.
"""

SMALLEST_SHARE = 0.2
"""Lower bound of chi-square draws, as a share of their mean.

Else a series of four values would now and then get a spread of ten times the observed
one, and the mean of its paths would hang on a handful of them.
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation of errors with the degrees of freedom it rests on."""

    sigma: float
    df: float

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw standard deviations, one a path: errors become nearly Student t with `df`."""
        return draw_sigma(np.full(count, self.sigma), np.full(count, self.df), rng)


def spread_of(errors: Floats, *, lost: int = 0, level: float = 1.0) -> Spread:
    """Estimate the spread of errors, NaN left out.

    Parameters
    ----------
    errors : float array
        One-step errors on the working scale.
    lost : int
        Parameters estimated from the same values.
    level : float
        What `TYPICAL_ERROR` is relative to; 1 for errors of logarithms.
    """
    known = errors[np.isfinite(errors)]
    df = max(known.size - lost, 0)
    missing = max(FEWEST_ERRORS - df, 0)
    total = float(known @ known) + missing * (TYPICAL_ERROR * level) ** 2
    return Spread(float(np.sqrt(total / (df + missing))), float(df + missing))


def draw_sigma(sigma: Floats, df: Floats, rng: np.random.Generator) -> Floats:
    """Draw from the posterior of standard deviations under a flat prior of their log."""
    chi_square = rng.chisquare(df)
    return sigma * np.sqrt(df / np.maximum(chi_square, SMALLEST_SHARE * df))
