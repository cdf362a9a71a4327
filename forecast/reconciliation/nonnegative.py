r"""The nearest paths that are not negative.

Reconciled paths :math:`\tilde y` minimise a quadratic distance to the base forecasts under
the constraints. With no cell below zero the nearest point is

.. math:: y = \tilde y + V \nu, \qquad \nu \ge 0, \quad y \ge 0, \quad \nu' y = 0,

where :math:`V = W - W C'(C W C')^{-1} C W`: a linear complementarity problem for each
path. Which cells end at zero is found by exchanging all that are wrong at once (Júdice
and Pires 1994, Computers & Operations Research 21(5)), for all paths with the same set
together; paths for which that goes round in circles are solved one by one as a least
distance problem (Lawson and Hanson 1974, chapter 23).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["InfeasibleError", "multipliers"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

EXCHANGES = 25
"""Rounds of exchanges before a path is solved by itself."""

ZERO = 1e-11
"""Relative to the largest cell: nearer to zero than that is zero."""


class InfeasibleError(Exception):
    """No point without negative cells satisfies the constraints; caught by the caller."""


def multipliers(values: Floats, covariance: Floats) -> tuple[Floats, Bools]:
    r"""Return :math:`\nu` for every path, and the cells that end at zero.

    Parameters
    ----------
    values : float array of shape (n, n_paths)
        Reconciled cells that must not be negative.
    covariance : float array of shape (n, n)
        :math:`V` of these cells, positive semidefinite.

    Returns
    -------
    nu : float array of shape (n, n_paths)
    at_zero : bool array of shape (n, n_paths)

    Raises
    ------
    InfeasibleError
        No point without negative cells satisfies the constraints.

    Examples
    --------
    Exports of -1 and 4 that add up to 3 become 0 and 3 if both are equally sure:

    >>> V = np.array([[0.5, -0.5], [-0.5, 0.5]])
    >>> nu, at_zero = multipliers(np.array([[-1.0], [4.0]]), V)
    >>> (np.array([[-1.0], [4.0]]) + V @ nu).ravel()
    array([0., 3.])
    """
    nu = np.zeros_like(values)
    scale = np.abs(values).max(axis=0)
    at_zero = values < -ZERO * scale
    wrong: Ints = np.flatnonzero(at_zero.any(axis=0))
    spread = float(covariance.diagonal().max(initial=0.0))
    if not wrong.size:
        return nu, at_zero
    if spread == 0.0:
        raise InfeasibleError
    for _ in range(EXCHANGES):
        wrong = _exchange(values, covariance, scale, spread, wrong, nu, at_zero)
        if not wrong.size:
            return nu, at_zero
    for path in wrong.tolist():
        nu[:, path] = _least_distance(values[:, path], covariance)
        ended = values[:, path] + covariance @ nu[:, path]
        at_zero[:, path] = (nu[:, path] > 0) | (ended < ZERO * scale[path])
    return nu, at_zero


def _exchange(
    values: Floats,
    covariance: Floats,
    scale: Floats,
    spread: float,
    paths: Ints,
    nu: Floats,
    at_zero: Bools,
) -> Ints:
    """Solve for the present sets, in place; return the paths whose sets had to change."""
    packed = np.packbits(at_zero[:, paths], axis=0)
    _, first, which = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    by_set = np.argsort(which.ravel(), kind="stable")
    bounds = np.searchsorted(which.ravel()[by_set], np.arange(first.size + 1))
    changed = []
    for group in range(first.size):
        mine = paths[by_set[bounds[group] : bounds[group + 1]]]
        inside = np.flatnonzero(at_zero[:, mine[0]])
        push = _push(values[np.ix_(inside, mine)], covariance[np.ix_(inside, inside)])
        ended = values[:, mine] + covariance[:, inside] @ push
        keep = np.zeros(ended.shape, dtype=bool)
        keep[inside] = push > -ZERO * scale[mine] / spread
        outside = ended < -ZERO * scale[mine]
        outside[inside] = np.abs(ended[inside]) > 1e-9 * scale[mine]  # not to be had
        now = keep | outside
        nu[:, mine] = 0.0
        nu[np.ix_(inside, mine)] = np.maximum(push, 0.0)
        different = (now != at_zero[:, mine]).any(axis=0)
        different |= outside[inside].any(axis=0)
        at_zero[:, mine] = now
        changed.append(mine[different])
    return np.concatenate(changed)


def _push(values: Floats, covariance: Floats) -> Floats:
    """Return what brings these cells to zero."""
    if not values.size:
        return values
    size = np.sqrt(np.maximum(covariance.diagonal(), np.finfo(float).tiny))
    scaled = covariance / np.outer(size, size)
    try:
        solved = np.linalg.solve(scaled, -values / size[:, None])
    except np.linalg.LinAlgError:
        solved = -np.linalg.pinv(scaled, hermitian=True) @ (values / size[:, None])
    return solved / size[:, None]


def _least_distance(values: Floats, covariance: Floats) -> Floats:
    """Solve one path: the shortest x with G x >= -values, where G G' is the covariance."""
    from scipy.optimize import nnls

    size, scale = np.sqrt(covariance.diagonal().max()), np.abs(values).max()
    eigenvalues, vectors = np.linalg.eigh(covariance / size**2)
    roots = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    system = np.vstack([roots.T, -values[None, :] / scale])
    wanted = np.zeros(len(system))
    wanted[-1] = 1.0
    u, distance = nnls(system, wanted, maxiter=30 * len(values))
    if distance < 1e-7:
        raise InfeasibleError
    return u / (1.0 - system[-1] @ u) * (scale / size**2)
