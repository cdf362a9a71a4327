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
        """Moments of the columns, in two stable passes."""
        moments = [column_loops.mean_and_spread(column) for column in columns]
        center, spread = np.array(moments).reshape(-1, 2).T
        # Constant up to rounding: leave it as it is, collinearity will name it.
        flat = spread <= 1e-13 * np.abs(center)
        return cls(center, np.where(flat, 1.0, spread))
