r"""How the effects of a fit move when its coefficients do.

The effects maximise the likelihood given the coefficients. To first order

.. math:: D\,\alpha(\beta) = D\,\hat\alpha - (X - \tilde X)(\beta - \hat\beta),

:math:`\tilde X` the regressors with the effects projected out at the fitted weights. The
matrix :math:`X - \tilde X` lies in the span of the dummies D, so it can be written as
levels of the effects: what is found here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.gravity.records import Codes, Floats

__all__ = ["effect_moves"]

TOLERANCE = 1e-12
STEPS = 5000


def effect_moves(effects: tuple[Codes, ...], projected: Floats) -> tuple[Floats, ...]:
    """Write columns in the span of the dummies as levels of the effects.

    Parameters
    ----------
    effects : tuple of Codes of n rows
    projected : float array of shape (n, k)
        ``X - x_tilde``.

    Returns
    -------
    tuple of float arrays of shape (levels, k)
        One for each effect; only their sums over the rows have a meaning.

    Examples
    --------
    >>> rows = Codes(np.array([0, 0, 1, 1]), 2), Codes(np.array([0, 1, 0, 1]), 2)
    >>> one, other = effect_moves(rows, np.array([[3.0], [4.0], [5.0], [6.0]]))
    >>> (one[rows[0].codes] + other[rows[1].codes]).ravel().round(9)
    array([3., 4., 5., 6.])
    """
    from scipy.sparse import csr_array, hstack

    n = len(projected)
    ones, at = np.ones(n), np.arange(n + 1)
    D = hstack(
        [csr_array((ones, e.codes, at), shape=(n, e.count)) for e in effects]
    ).tocsr()
    size = np.sqrt(np.asarray(D.sum(axis=0)).ravel())
    size[size == 0] = 1.0
    scaled: Any = (D / size[None, :]).tocsr()
    turned = scaled.T.tocsr()
    levels = np.empty((D.shape[1], projected.shape[1]))
    for k, column in enumerate(projected.T):
        levels[:, k] = _solved(scaled, turned, column) / size
    ends = np.cumsum([e.count for e in effects])[:-1]
    return tuple(np.split(levels, ends))


def _solved(S: Any, turned: Any, column: Floats) -> Floats:
    """Solve ``S z = column`` by conjugate gradients on the normal equations.

    With plain sums, so that no bit depends on the threads of a linear algebra library.
    """
    rest = turned @ column
    step, z = rest.copy(), np.zeros(rest.size)
    size = float((rest * rest).sum())
    enough = TOLERANCE**2 * size
    for _ in range(STEPS):
        if size <= enough:
            break
        image = turned @ (S @ step)
        length = size / float((step * image).sum())
        z += length * step
        rest -= length * image
        before, size = size, float((rest * rest).sum())
        step = rest + size / before * step
    return z
