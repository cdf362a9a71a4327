r"""How much of each fitted value an observation decides itself, effects included.

With Z = (X, D) the regressors and the dummies of all effects and W the working weights,
the hat matrix of a weighted fit is :math:`H = W Z (Z'WZ)^- Z'`. Regressors with the
effects projected out are orthogonal to the dummies, so H is the sum of a part of
:math:`\tilde X` and a part of D. For D one effect f (the eliminated one) is swept out in
closed form and the others, E, are left with the Schur complement

.. math:: S = E'WE - E'WF\,(F'WF)^{-1}F'WE,

which falls apart into blocks (one for each period in a two-way model). Only these blocks
are ever dense. S is singular; every row of E with its mean in f taken off lies in its
range, so any generalised inverse gives the same leverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.records import Codes, Floats, Ints
from forecast.kernels.symmetric import factor, invert_factor, multiply_transposed

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "BlockInverse",
    "block_inverse",
    "effect_leverage",
    "inverse_of_independent",
    "schur_complement",
]

LARGEST_BLOCK = 5_000
"""Levels of one dense block: 0.2 GB for the block, about four times that at work."""

SINGULAR = 1e-11
"""Pivots below this, relative to the diagonal, belong to redundant levels."""


@dataclass(frozen=True)
class BlockInverse:
    """A generalised inverse of a symmetric matrix, block by block.

    Attributes
    ----------
    block, place : int arrays of shape (p,)
        The block of each level and its place in the block.
    start, size : int arrays of shape (blocks,)
        Where the block begins in `values`, and its number of levels.
    values : float array
        The blocks, row by row, one after the other.
    rank : int
        Levels that are not redundant.
    kept : bool array of shape (p,)
        These levels.
    """

    block: Ints
    place: Ints
    start: Ints
    size: Ints
    values: Floats
    rank: int
    kept: np.ndarray

    def at(self, row: Ints, column: Ints) -> Floats:
        """Entries of the inverse; the two levels of an entry must share a block."""
        block = self.block[row]
        first = self.start[block] + self.place[row] * self.size[block]
        return self.values[first + self.place[column]]


def _indicator(codes: Codes, weights: Floats) -> csr_array:
    from scipy.sparse import csr_array

    n = codes.codes.size
    return csr_array((weights, codes.codes, np.arange(n + 1)), shape=(n, codes.count))


def _stack(effects: tuple[Codes, ...], weights: Floats) -> csr_array:
    from scipy.sparse import hstack

    return hstack([_indicator(effect, weights) for effect in effects], format="csr")


def schur_complement(
    working: Floats, eliminated: Codes | None, others: tuple[Codes, ...]
) -> csr_array:
    """Information matrix of the levels of `others` with `eliminated` swept out.

    Parameters
    ----------
    working : float array of shape (n,)
    eliminated : Codes or None
        Nothing is swept out where it is None.
    others : tuple of Codes
        At least one; their levels stand one effect after the other.

    Returns
    -------
    sparse array of shape (p, p)
    """
    from scipy.sparse import diags_array

    root = np.sqrt(working)
    stacked = _stack(others, root)
    information = (stacked.T @ stacked).tocsr()
    if eliminated is None:
        return information
    mass = np.bincount(eliminated.codes, working, eliminated.count)
    cross = (_indicator(eliminated, root).T @ stacked).tocsr()
    inverse = np.divide(1.0, mass, out=np.zeros_like(mass), where=mass > 0)
    return (information - cross.T @ (diags_array(inverse) @ cross)).tocsr()


def inverse_of_independent(dense: Floats) -> tuple[Floats, np.ndarray]:
    """Inverse on levels of which none is redundant, as many as there are.

    Parameters
    ----------
    dense : float array of shape (p, p)
        Symmetric and positive semidefinite.

    Returns
    -------
    inverse : float array of shape (p, p)
        Zero in the rows and columns of the other levels.
    kept : bool array of shape (p,)

    Examples
    --------
    The last level repeats the first.

    >>> inverse, kept = inverse_of_independent(np.array([[2.0, 0, 2], [0, 4, 0], [2, 0, 2]]))
    >>> kept
    array([ True,  True, False])
    >>> np.diag(inverse).round(6)
    array([0.5 , 0.25, 0.  ])
    """
    diagonal = np.diag(dense)
    scale = np.zeros_like(diagonal)
    np.divide(1.0, np.sqrt(np.abs(diagonal)), out=scale, where=diagonal > 0)
    work = np.ascontiguousarray(dense * scale[:, None] * scale)
    order = np.zeros(diagonal.size, dtype=np.int64)
    rank = factor(work, SINGULAR, order)
    chosen = order[:rank]
    half = np.zeros((rank, rank))
    invert_factor(np.ascontiguousarray(work[:rank, :rank]), half)
    product = np.zeros((rank, rank))
    multiply_transposed(half, product)
    inverse = np.zeros_like(work)
    inverse[np.ix_(chosen, chosen)] = product * np.outer(scale[chosen], scale[chosen])
    kept = np.zeros(diagonal.size, dtype=bool)
    kept[chosen] = True
    return inverse, kept


def block_inverse(matrix: csr_array, *, largest: int = LARGEST_BLOCK) -> BlockInverse:
    """Generalised inverse of a symmetric positive semidefinite sparse matrix.

    Parameters
    ----------
    matrix : sparse array of shape (p, p)
    largest : int
        Most levels that one dense block may have.

    Raises
    ------
    ModelError
        F-550 if a block has more levels than `largest`.
    """
    from scipy.sparse.csgraph import connected_components

    n_blocks, block = connected_components(matrix, directed=False)
    size = np.bincount(block, minlength=n_blocks)
    if size.max(initial=0) > largest:
        raise ModelError(
            f"leverage needs a dense matrix of {size.max():,} levels of effects that "
            f"depend on each other; the limit is {largest:,}",
            code="F-550",
            count=int(size.max()),
            remedy="Use Clustered(...), or fit fewer periods or a part of the regions.",
        )
    members = np.argsort(block, kind="stable")
    first = np.concatenate([[0], np.cumsum(size)])
    place = np.empty_like(members)
    place[members] = np.arange(members.size) - np.repeat(first[:-1], size)
    start = np.concatenate([[0], np.cumsum(size.astype(np.int64) ** 2)])
    values = np.zeros(int(start[-1]))
    kept = np.zeros(block.size, dtype=bool)
    for b in range(n_blocks):
        levels = members[first[b] : first[b + 1]]
        inverse, independent = inverse_of_independent(
            matrix[levels][:, levels].toarray()
        )
        values[start[b] : start[b + 1]] = inverse.ravel()
        kept[levels] = independent
    return BlockInverse(block, place, start[:-1], size, values, int(kept.sum()), kept)


def effect_leverage(
    working: Floats, effects: tuple[Codes, ...], *, largest: int = LARGEST_BLOCK
) -> Floats:
    r"""Diagonal of the hat matrix of the effects, without the regressors.

    For a row with level f of the eliminated effect and levels o of the others,

    .. math:: h = w \left[ \frac{1}{W_f} + (e_o - m_f)' S^- (e_o - m_f) \right],

    with :math:`m_f` the weighted mean of the dummies of the others within f.

    Parameters
    ----------
    working : float array of shape (n,)
    effects : tuple of Codes
    largest : int
        As in `block_inverse`.

    Returns
    -------
    float array of shape (n,)
        From 0 to 1; 1 where the effects fit a row perfectly.

    Raises
    ------
    ModelError
        F-550 if the effects have too many levels for a dense block.

    Examples
    --------
    Three rows in one level: each decides a third of the mean.

    >>> effect_leverage(np.ones(3), (Codes(np.zeros(3, dtype=np.int32), 1),)).round(3)
    array([0.333, 0.333, 0.333])
    """
    if not effects:
        return np.zeros_like(working)
    finest = int(np.argmax([effect.count for effect in effects]))
    eliminated = effects[finest]
    others = effects[:finest] + effects[finest + 1 :]
    mass = np.asarray(
        np.bincount(eliminated.codes, working, eliminated.count), dtype=np.float64
    )
    inside = 1.0 / mass[eliminated.codes]
    if others:
        inverse = block_inverse(
            schur_complement(working, eliminated, others), largest=largest
        )
        inside = inside + _quadratic(working, eliminated, others, inverse, mass)
    return working * inside


def _quadratic(
    working: Floats,
    eliminated: Codes,
    others: tuple[Codes, ...],
    inverse: BlockInverse,
    mass: Floats,
) -> Floats:
    """``(e_o - m_f)' S^- (e_o - m_f)`` for each row; shape (n,)."""
    shift = np.cumsum([0, *(effect.count for effect in others)])
    levels = [effect.codes + at for effect, at in zip(others, shift, strict=False)]
    own = sum(inverse.at(a, b) for a in levels for b in levels)
    share = working / mass[eliminated.codes]
    rows_of = _indicator(eliminated, np.ones_like(working)).T.tocsr()
    means = (rows_of @ _stack(others, share)).tocsr()
    means.sort_indices()
    form = np.array(own)
    for f in range(eliminated.count):
        rows = rows_of.indices[rows_of.indptr[f] : rows_of.indptr[f + 1]]
        near = means.indices[means.indptr[f] : means.indptr[f + 1]]
        mean = means.data[means.indptr[f] : means.indptr[f + 1]]
        reach = inverse.at(near[:, None], near[None, :]) @ mean
        form[rows] += mean @ reach
        for level in levels:
            form[rows] -= 2 * reach[np.searchsorted(near, level[rows])]
    return form
