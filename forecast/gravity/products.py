"""Products of matrices that are the same bits however many threads there are."""

from __future__ import annotations

import numpy as np

from forecast.gravity.records import Floats

__all__ = ["times"]


def times(A: Floats, B: Floats) -> Floats:
    """Return ``A @ B``, computed by one thread: BLAS may split sums among several.

    Parameters
    ----------
    A : float array of shape (n, m)
    B : float array of shape (m,) or (m, k)
    """
    return np.einsum("ij,j...->i...", A, B)
