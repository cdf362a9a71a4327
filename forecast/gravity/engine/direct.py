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

from forecast.gravity.engine.complement import Complement, assemble, level_sums
from forecast.gravity.engine.conjugate import Conditioner, conjugate_gradients
from forecast.gravity.engine.pattern import Pattern, find_pattern
from forecast.gravity.engine.sorted_rows import SortedRows, row_moments, row_product
from forecast.gravity.products import times
from forecast.gravity.records import Floats, Ints
from forecast.kernels import blocks

__all__ = [
    "DiagonalConditioner",
    "DirectConditioner",
    "choose_conditioner",
    "feasible_pattern",
    "schur_product",
]

FEW_LEVELS = 1_500  # a dense factor is cheap: always take it
MOST_LEVELS = 30_000  # of a sparse factor; beyond, it may fill up
ENTRIES_PER_LEVEL = 100  # a complement with more of them would fill up
MOST_PRODUCTS = 100_000_000  # multiplications worth assembling a complement
PROBE_ITERATIONS = 9
PROBE_TOLERANCE = 0.015
NOISE = 65_537  # a prime, so that noise that begins again meets no period of the rows
WEIGHTS_MOVED = 1.5  # ratio of diagonals beyond which a factor is made anew
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
    """Pick a conditioner; `kept` remembers what was found, for `schur_product` too.

    Few levels are always factorised. Otherwise a short run of conjugate gradients with
    the diagonal tells whether the graph is easy. Where assembling the complement costs
    few products by rows, it is assembled at all weights.
    """
    mass, diagonal = level_sums(layout, weights, inverse)
    if "pattern" not in kept:
        kept["pattern"] = feasible_pattern(layout)
    pattern: Pattern | None = kept["pattern"]
    if pattern is not None and pattern.is_cheap:
        assemble_once(layout, weights, inverse, diagonal, kept)
    factor: DirectConditioner | None = kept.get("factor")
    if factor is not None and factor.serves(diagonal):
        return factor
    # A level all of whose groups it fills alone has no curvature, only rounding.
    curved = diagonal > ROUNDING * mass
    invertible = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=curved)
    easy = DiagonalConditioner(invertible[:, None], np.full(diagonal.size, -1))
    if "direct" not in kept:
        kept["direct"] = pattern is not None and (
            diagonal.size <= FEW_LEVELS
            or not contracts(layout, weights, inverse, easy, kept)
        )
    if not kept["direct"]:
        if pattern is not None and not pattern.is_cheap:
            kept["pattern"] = None  # of no use any more, and as large as the rows
        return easy
    S = assemble_once(layout, weights, inverse, diagonal, kept)
    factor = kept["factor"] = factorise(S, mass, diagonal)
    return factor


def schur_product(
    layout: SortedRows,
    weights: Floats,
    inverse: Floats,
    V: Floats,
    active: Ints,
    kept: MutableMapping[str, Any],
) -> Floats:
    """The complement times V (m, K, 1), in the columns of `active`.

    With the assembled matrix where `choose_conditioner` has made it at these very
    weights, else by rows.
    """
    made: Complement | None = kept.get("complement")
    if made is not None and made.weights is weights:
        return made.product(V, active)
    return row_product(layout, weights, inverse, V, active)


def feasible_pattern(layout: SortedRows) -> Pattern | None:
    """What to assemble, if assembling and factorising may be worth while."""
    m = layout.n_levels
    if not 0 < m <= MOST_LEVELS:
        return None
    entries = m * m if m <= FEW_LEVELS else ENTRIES_PER_LEVEL * m // 2
    return find_pattern(layout, MOST_PRODUCTS, entries)


def assemble_once(
    layout: SortedRows,
    weights: Floats,
    inverse: Floats,
    diagonal: Floats,
    kept: MutableMapping[str, Any],
) -> Complement:
    """The complement at these weights, from what is kept if it is there."""
    made: Complement | None = kept.get("complement")
    if made is None or made.weights is not weights:
        made = assemble(layout, kept["pattern"], weights, inverse, diagonal)
        kept["complement"] = made
    return made


def contracts(
    layout: SortedRows,
    weights: Floats,
    inverse: Floats,
    easy: Conditioner,
    kept: MutableMapping[str, Any],
) -> bool:
    """Whether a few iterations with the diagonal project noise off the effects."""

    def product(V: Floats, active: Ints) -> Floats:
        return schur_product(layout, weights, inverse, V, active, kept)

    noise = np.resize(np.random.default_rng(0).random(NOISE), (1, layout.order.size))
    rhs, _ = row_moments(layout, noise, weights, inverse)
    solved = conjugate_gradients(
        product, easy, rhs, None, tolerance=PROBE_TOLERANCE, limit=PROBE_ITERATIONS
    )
    return solved.iterations < PROBE_ITERATIONS


def factorise(S: Complement, mass: Floats, diagonal: Floats) -> DirectConditioner:
    """Factorise an assembled complement: dense if small, else sparse.

    Parameters
    ----------
    S : Complement
    mass : float array of shape (m,)
        Sum of weights by level: a trace of it is added to the diagonal, so that a
        singular complement has a factor.
    diagonal : float array of shape (m,)
        What `DirectConditioner.serves` compares.
    """
    ridge = np.where(mass > 0, RIDGE * mass, 1.0)
    if mass.size <= FEW_LEVELS:
        from scipy.linalg import cho_factor, cho_solve

        full = S.dense()
        full[np.diag_indices(mass.size)] += ridge
        factor = cho_factor(full, lower=True, check_finite=False)
        return DirectConditioner(
            lambda R: cho_solve(factor, R, check_finite=False), diagonal
        )
    return DirectConditioner(bordered_factor(S, ridge), diagonal)


def bordered_factor(S: Complement, ridge: Floats) -> Callable[[Floats], Floats]:
    r"""Factorise a complement plus ridge (m,): its sparse part, with dense columns beside.

    With A the sparse part, B the dense columns and D where these meet, eliminate

    .. math:: A x + B z = r, \qquad B'x + D z = s

    by :math:`(D - B'A^{-1}B) z = s - B'A^{-1}r`. An ordering for sparse matrices takes
    longer over a few dense columns than over all others.
    """
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import splu

    columns = S.pattern.columns
    sparse = np.delete(np.arange(ridge.size), columns)
    lu = splu(
        (S.sparse_part(sparse) + diags_array(ridge[sparse])).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    border = np.ascontiguousarray(S.across[sparse].T)
    moved = lu.solve(border.T).T.copy() if columns.size else border
    corner = S.inner + np.diag(ridge[columns]) - np.einsum("im,jm->ij", border, moved)
    inverse = np.linalg.inv((corner + corner.T) / 2)

    def solve(R: Floats) -> Floats:
        inside = np.ascontiguousarray(lu.solve(R[sparse]).T)
        # einsum, not BLAS, whose last bits may depend on its threads
        rest = R[columns].T - np.einsum("im,km->ki", border, inside)
        top = times(rest, inverse)
        out = np.empty((R.shape[1], R.shape[0]), inside.dtype)
        out[:, columns] = top
        out[:, sparse] = inside - np.einsum("ki,im->km", top, moved)
        return out.T

    return solve
