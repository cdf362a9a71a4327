r"""Standard errors of the effects themselves, such as multilateral resistance terms.

Only sums of effects have a meaning, so some levels must be zero: going through the
effects in the order of the formula, the earliest levels that repeat what others say
already. With exporter-year and importer-year effects that is the first importer of each
year. With the other dummies D and :math:`G = D'WD`, regressors
:math:`X = \tilde X + D\Pi`, a row moves the levels by

.. math:: \psi_r = (G^{-1} d_r - \Pi V \tilde x_r)\, e_r ,

and the covariance is the sum over clusters of the squares of the clusters' sums.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.designs.factors import combine
from forecast.gravity.inference.leverage import SINGULAR
from forecast.gravity.inference.scores import Scores
from forecast.gravity.records import Codes, Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["LevelErrors", "level_errors"]

MOST_LEVELS = 5_000
"""Levels of all effects together: dense matrices of 0.2 GB, about five at work, and half
a minute."""

CLUSTERS_AT_ONCE = 1_024


@dataclass(frozen=True)
class LevelErrors:
    """Effects and their standard errors; one array for each effect.

    Attributes
    ----------
    values : tuple of float arrays of shape (levels,)
        Coefficients with the levels in `zero` equal to zero.
    std_errors : tuple of float arrays of shape (levels,)
        0 where the level is zero by choice.
    zero : tuple of bool arrays of shape (levels,)
        Levels that are zero because others say all that they could.
    """

    values: tuple[Floats, ...]
    std_errors: tuple[Floats, ...]
    zero: tuple[np.ndarray, ...]


def level_errors(
    scores: Scores,
    x: Floats,
    ways: tuple[Codes, ...] = (),
    *,
    factor: float = 1.0,
    most: int = MOST_LEVELS,
) -> LevelErrors:
    """Normalise the effects and tell how sure they are.

    Parameters
    ----------
    scores : Scores
    x : float array of shape (n, k)
        The regressors as they entered, in the order of the estimate's rows.
    ways : tuple of Codes
        Ways of clusters; rows are independent where there is none.
    factor : float
        Small-sample factor, as in `Covariance.factor`.
    most : int
        Levels above which the dense matrices are refused.

    Raises
    ------
    ModelError
        F-550 if there are more levels than `most`.
    """
    from scipy.linalg import lapack
    from scipy.sparse import csr_array, hstack

    estimate, effects = scores.estimate, scores.codes
    sizes = [effect.count for effect in effects]
    if sum(sizes) > most:
        raise ModelError(
            f"standard errors of {sum(sizes):,} levels of effects need dense matrices; "
            f"the limit is {most:,}",
            code="F-550",
            count=sum(sizes),
            remedy="Fit fewer periods or a part of the regions.",
        )
    n = scores.n
    dummies = hstack(
        [
            csr_array(
                (np.ones(n), effect.codes, np.arange(n + 1)), shape=(n, effect.count)
            )
            for effect in effects
        ],
        format="csr",
    )
    weighted = dummies.multiply(estimate.working[:, None]).tocsr()
    gram = (dummies.T @ weighted).toarray()
    kept = _kept_levels(gram, sizes)
    inner = gram[np.ix_(kept, kept)]
    scale = 1 / np.sqrt(np.diag(inner))
    factorised, _ = lapack.dpotrf(inner * scale[:, None] * scale, lower=1)
    lower, _ = lapack.dpotri(factorised, lower=1)
    inverse = (np.tril(lower) + np.tril(lower, -1).T) * scale[:, None] * scale
    chosen = dummies[:, kept]
    totals = sum(
        value[effect.codes]
        for value, effect in zip(estimate.level_values, effects, strict=True)
    )
    of_levels = weighted[:, kept].T
    values = _spread(inverse @ (of_levels @ totals), kept)
    slope = inverse @ (of_levels @ x) @ scores.bread
    variance = np.zeros(int(kept.sum()))
    for size in range(1, max(len(ways), 1) + 1):
        for subset in itertools.combinations(ways, size) if ways else [()]:
            clusters = _clusters(subset, n)
            sign = (-1) ** (size + 1)
            variance += sign * _squares(scores, chosen, inverse, slope, clusters)
    errors = _spread(np.sqrt(np.maximum(factor * variance, 0.0)), kept)
    cuts = np.cumsum(sizes)[:-1]
    return LevelErrors(
        tuple(np.split(values, cuts)),
        tuple(np.split(errors, cuts)),
        tuple(np.split(~kept, cuts)),
    )


def _clusters(ways: tuple[Codes, ...], n: int) -> Codes:
    if not ways:
        return Codes(np.arange(n, dtype=np.int32), n)
    return combine(ways)


def _spread(values: Floats, kept: np.ndarray) -> Floats:
    full = np.zeros(kept.size)
    full[kept] = values
    return full


def _squares(
    scores: Scores,
    chosen: csr_array,
    inverse: Floats,
    slope: Floats,
    clusters: Codes,
) -> Floats:
    """Sum over clusters of the squared movement of each kept level; shape (levels,)."""
    from scipy.sparse import csr_array

    n = scores.n
    residuals = scores.estimate.residuals
    gather = csr_array(
        (residuals, clusters.codes, np.arange(n + 1)), shape=(n, clusters.count)
    )
    by_level = (chosen.T @ gather).tocsc()
    sums = scores.sums(clusters)
    total = np.zeros(inverse.shape[0])
    for start in range(0, clusters.count, CLUSTERS_AT_ONCE):
        part = slice(start, start + CLUSTERS_AT_ONCE)
        moved = inverse @ by_level[:, part].toarray() - slope @ sums[part].T
        total += np.einsum("lg,lg->l", moved, moved)
    return total


def _kept_levels(gram: Floats, sizes: list[int]) -> np.ndarray:
    """Levels that earlier effects, and later levels of the same, do not say already.

    Parameters
    ----------
    gram : float array of shape (levels, levels)
    sizes : list of int
        Levels of each effect.
    """
    from scipy.linalg import cho_factor, cho_solve

    kept = np.zeros(gram.shape[0], dtype=bool)
    kept[: sizes[0]] = np.diag(gram)[: sizes[0]] > 0
    first = sizes[0]
    for size in sizes[1:]:
        own = slice(first, first + size)
        before = np.flatnonzero(kept)
        scale = 1 / np.sqrt(np.diag(gram)[before])
        factor = cho_factor(gram[np.ix_(before, before)] * scale[:, None] * scale)
        cross = gram[before, own] * scale[:, None]
        rest = gram[own, own] - cross.T @ cho_solve(factor, cross)
        kept[own] = ~_first_redundant(rest, np.diag(gram)[own])
        first += size
    return kept


def _first_redundant(rest: Floats, size: Floats) -> np.ndarray:
    """The earliest levels that can be zero without loss; shape (levels,)."""
    from scipy.linalg import solve_triangular
    from scipy.linalg.lapack import dpstrf

    scale = 1 / np.sqrt(np.where(size > 0, size, 1.0))
    factor, pivots, rank, _ = dpstrf(
        rest * scale[:, None] * scale, tol=SINGULAR, lower=1
    )
    order = pivots - 1
    missing = order.size - rank
    redundant = np.zeros(order.size, dtype=bool)
    if not missing:
        return redundant
    null = np.zeros((order.size, missing))
    null[order[:rank]] = -solve_triangular(
        np.tril(factor[:rank, :rank]), factor[rank:, :rank].T, lower=True, trans="T"
    )
    null[order[rank:]] = np.eye(missing)
    basis = np.zeros((0, missing))
    for level in range(order.size):
        row = null[level]
        new = row - basis.T @ (basis @ row)
        length = float(np.linalg.norm(new))
        if length > 1e-6 * max(float(np.linalg.norm(row)), 1e-12):
            redundant[level] = True
            basis = np.vstack([basis, new / length])
            if len(basis) == missing:
                break
    return redundant
