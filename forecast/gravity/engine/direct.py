"""Approximate inverses of the Schur complement of effects on sorted rows.

Most graphs of trade are so well connected that a diagonal is enough. Chains and rings
(workers who change firms one at a time) are not: there the complement is factorised, and
the factor serves as long as the weights stay near those it was made of.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.gravity.engine.conjugate import Conditioner, conjugate_gradients
from forecast.gravity.engine.sorted_rows import SortedRows, row_moments, row_product
from forecast.gravity.records import Floats, Ints
from forecast.kernels import blocks, rows
from forecast.kernels.complement import complement_columns
from forecast.kernels.threads import run_blocks

__all__ = ["DiagonalConditioner", "DirectConditioner", "choose_conditioner"]

FEW_LEVELS = 1_500  # a dense factor is cheap: always take it
MOST_LEVELS = 30_000  # of a sparse factor; beyond, it may fill up
ENTRIES_PER_LEVEL = 100  # a complement with more of them would fill up
MOST_PRODUCTS = 200_000_000  # multiplications worth assembling a sparse complement
PROBE_ITERATIONS = 9
PROBE_TOLERANCE = 0.015
WEIGHTS_MOVED = 1.5  # ratio of diagonals beyond which a factor is made anew
MOST_BLOCKS = 16
ROUNDING = 1e-14
# Relative to the weights of a level. The complement is singular (once per connected
# component, and wherever effects are nested); the ridge bounds what a factor makes of
# rounding errors in such directions, and CG takes out what it costs elsewhere.
RIDGE = 1e-7


@dataclass(frozen=True)
class DiagonalConditioner:
    """Inverse of the diagonal, (m, 1)."""

    inverse: Floats
    mate: Ints

    def apply(self, R: Floats, active: Ints, Z: Floats, out: Floats) -> None:
        """Write ``Z = M R`` and ``R'Z`` per column."""
        blocks.precondition(R, self.inverse, self.inverse, self.mate, active, Z, out)


@dataclass(frozen=True)
class DirectConditioner:
    """A factor of the complement: ``solve(R)`` for R of shape (m, columns).

    Attributes
    ----------
    solve : callable
    diagonal : float array of shape (m,)
        Of the complement that was factorised.
    """

    solve: Callable[[Floats], Floats]
    diagonal: Floats

    def apply(self, R: Floats, active: Ints, Z: Floats, out: Floats) -> None:
        """Write ``Z = M R`` and ``R'Z`` per column."""
        solved = self.solve(np.ascontiguousarray(R[:, active, 0]))
        Z[:, active, 0] = solved
        out[active] = np.einsum("mk,mk->k", R[:, active, 0], solved)

    def serves(self, diagonal: Floats) -> bool:
        """Whether the weights are still near those of the factor."""
        known = (diagonal > 0) & (self.diagonal > 0)
        ratio = diagonal[known] / self.diagonal[known]
        if not ratio.size:
            return True
        return bool(ratio.max() < WEIGHTS_MOVED and ratio.min() > 1 / WEIGHTS_MOVED)


def choose_conditioner(
    layout: SortedRows,
    weights: Floats,
    inverse: Floats,
    kept: MutableMapping[str, Any],
) -> Conditioner:
    """Pick a conditioner; `kept` remembers the choice and the last factor.

    Few levels are always factorised. Otherwise a short run of conjugate gradients with
    the diagonal tells whether the graph is easy.
    """
    diagonal = schur_diagonal(layout, weights, inverse)
    # A level all of whose groups it fills alone has no curvature, only rounding.
    curved = diagonal > ROUNDING * level_mass(layout, weights)
    invertible = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=curved)
    easy = DiagonalConditioner(invertible[:, None], np.full(diagonal.size, -1))
    if "direct" not in kept:
        kept["direct"] = is_feasible(layout) and (
            diagonal.size <= FEW_LEVELS or not contracts(layout, weights, inverse, easy)
        )
    factor: DirectConditioner | None = kept.get("factor")
    if kept["direct"] and (factor is None or not factor.serves(diagonal)):
        factor = kept["factor"] = factorise(layout, weights, inverse, diagonal)
        kept["direct"] = factor is not None
    return factor if kept["direct"] and factor is not None else easy


def schur_diagonal(layout: SortedRows, weights: Floats, inverse: Floats) -> Floats:
    """The diagonal as if no level came twice in a group: an upper bound, (m,)."""
    diagonal = np.zeros(layout.n_levels)
    rows.schur_diagonal(
        0, layout.groups.size, layout.starts, layout.index, weights, inverse, diagonal
    )
    return diagonal


def is_feasible(layout: SortedRows) -> bool:
    """Whether assembling the complement and factorising it may be worth while."""
    sizes = np.diff(layout.starts).astype(float) * layout.index.shape[0]
    return layout.n_levels <= MOST_LEVELS and (sizes**2).sum() <= MOST_PRODUCTS


def contracts(
    layout: SortedRows, weights: Floats, inverse: Floats, easy: Conditioner
) -> bool:
    """Whether a few iterations with the diagonal project noise off the effects."""

    def product(V: Floats, active: Ints) -> Floats:
        return row_product(layout, weights, inverse, V, active)

    noise = np.random.default_rng(0).standard_normal((1, layout.order.size))
    rhs, _ = row_moments(layout, noise, weights, inverse)
    solved = conjugate_gradients(
        product, easy, rhs, None, tolerance=PROBE_TOLERANCE, limit=PROBE_ITERATIONS
    )
    return solved.iterations < PROBE_ITERATIONS


def factorise(
    layout: SortedRows, weights: Floats, inverse: Floats, diagonal: Floats
) -> DirectConditioner | None:
    """Factorise the complement at these weights: dense if small, else sparse.

    Returns None for a complement that is large and not sparse.
    """
    m = layout.n_levels
    if m <= FEW_LEVELS:
        from scipy.linalg import cho_factor, cho_solve

        S = np.zeros((m, m))
        rows.schur_dense(layout.starts, layout.index, weights, inverse, S)
        S[np.diag_indices(m)] += ridge_of(layout, weights)
        factor = cho_factor(S, lower=True, check_finite=False)
        return DirectConditioner(
            lambda R: cho_solve(factor, R, check_finite=False), diagonal
        )
    from scipy.sparse.linalg import splu

    S = sparse_complement(layout, weights, inverse)
    if S.nnz > ENTRIES_PER_LEVEL * m:
        return None
    lu = splu(
        S,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return DirectConditioner(lu.solve, diagonal)


def ridge_of(layout: SortedRows, weights: Floats) -> Floats:
    """A trace of weight for the diagonal, (m,), so that a singular complement has a factor."""
    mass = level_mass(layout, weights)
    return np.where(mass > 0, RIDGE * mass, 1.0)


def level_mass(layout: SortedRows, weights: Floats) -> Floats:
    """Sum of weights by level, (m,)."""
    mass = np.zeros(layout.n_levels)
    rows.add_by_level(layout.index, weights, mass)
    return mass


def sparse_complement(layout: SortedRows, weights: Floats, inverse: Floats) -> Any:
    """``D'WD - (D'WG)(G'WG)^-1(G'WD)`` as a sparse matrix (m, m), with a ridge."""
    from scipy.sparse import csc_array, diags_array

    m = layout.n_levels
    places, occurrences, group_of = layout.by_level
    n_blocks = min(MOST_BLOCKS, m)
    cuts = np.searchsorted(places, places[-1] * np.arange(n_blocks + 1) // n_blocks)
    cuts[0], cuts[-1] = 0, m
    parts = run_blocks(
        lambda block: complement_columns(
            cuts[block],
            cuts[block + 1],
            places,
            occurrences,
            group_of,
            layout.starts,
            layout.index,
            weights,
            inverse,
            m,
        ),
        n_blocks,
    )
    sizes, levels, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    S = csc_array(
        (values, levels, np.concatenate([[0], np.cumsum(sizes)])), shape=(m, m)
    )
    return (S + diags_array(ridge_of(layout, weights))).tocsc()
