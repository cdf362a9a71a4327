"""Centre and scale of regressors, so that tolerances and pivots mean the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from forecast.gravity.records import Floats
from forecast.kernels import columns as column_loops

__all__ = ["Scaling"]


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each regressor.

    They only keep the arithmetic well conditioned; the estimates do not depend on them.

    Attributes
    ----------
    center, scale : float arrays of shape (K,)
        A regressor without variation has scale 1.
    """

    center: Floats
    scale: Floats

    @classmethod
    def of(cls, columns: Sequence[Floats]) -> Self:
        """Moments of the columns, the same for any order of rows."""
        moments = [mean_and_spread(column) for column in columns]
        center, spread = np.array(moments).reshape(-1, 2).T
        # Constant up to rounding: leave it as it is, collinearity will name it.
        flat = spread <= 1e-13 * np.abs(center)
        return cls(center, np.where(flat, 1.0, spread))


def mean_and_spread(column: Floats) -> tuple[float, float]:
    """Mean and standard deviation of a column; (0, 0) without rows."""
    low, high = float(column.min(initial=np.inf)), float(column.max(initial=-np.inf))
    if not 1e-290 < high - low < np.inf:  # no rows, no variation, or beyond arithmetic
        return (low, 0.0) if low == high else (0.0, 0.0)
    mean, spread = column_loops.mean_and_spread(column, low, high - low)
    return float(mean), float(spread)
