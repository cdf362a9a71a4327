"""Centre and scale of regressors, so that tolerances and pivots mean the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from forecast.gravity.records import Floats
from forecast.kernels import columns as column_loops
from forecast.kernels.threads import run_columns

__all__ = ["Scaling"]


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each regressor.

    They only keep the arithmetic well conditioned; the estimates do not depend on them.

    Attributes
    ----------
    center, scale : float arrays of shape (K,)
        A regressor without variation has scale 1.
    reach : float array of shape (K,)
        The largest distance from the centre, in units of the scale.
    """

    center: Floats
    scale: Floats
    reach: Floats

    @classmethod
    def of(cls, columns: Sequence[Floats]) -> Self:
        """Moments of the columns, the same for any order of rows."""
        n_rows = columns[0].size if columns else 0
        table = run_columns(moments, columns, n_rows)
        center, spread, low, high = np.array(table).reshape(-1, 4).T
        # Constant up to rounding: leave it as it is, collinearity will name it.
        flat = spread <= 1e-13 * np.abs(center)
        scale = np.where(flat, 1.0, spread)
        return cls(center, scale, np.maximum(high - center, center - low) / scale)


def moments(column: Floats) -> tuple[float, float, float, float]:
    """Mean, standard deviation and both ends of a column; zeros without rows."""
    if not column.size:
        return 0.0, 0.0, 0.0, 0.0
    low, high = float(column.min()), float(column.max())
    if not 1e-290 < high - low < np.inf:  # no variation, or beyond arithmetic
        return (low, 0.0, low, high) if low == high else (0.0, 0.0, low, high)
    mean, spread = column_loops.mean_and_spread(column, low, high - low)
    return float(mean), float(spread), low, high


def mean_and_spread(column: Floats) -> tuple[float, float]:
    """Mean and standard deviation of a column; (0, 0) without rows."""
    return moments(column)[:2]
