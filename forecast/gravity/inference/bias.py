r"""Bias and understated errors of PPML with origin-, destination- and pair effects.

Each origin-period effect rests on few destinations, so its estimate is noisy, and PPML
with pair effects is not linear in it: the slopes are off by the order of 1/N and the
clustered standard errors too small (Weidner and Zylkin 2021, Journal of International
Economics 132, 103513). For the pair (i, j) stack the periods: fitted means
:math:`\lambda`, scores :math:`s = y - \lambda`, shares
:math:`\theta = \lambda / \sum_t \lambda` and regressors :math:`\tilde x` with the
effects projected out. With :math:`\Lambda = \sum_t \lambda` and

.. math::

    H_{ij} &= \Lambda (\operatorname{diag} \theta - \theta\theta'), \qquad
    H_i = \sum_j H_{ij}, \qquad
    A_i = \sum_j H_{ij} \tilde x s', \\
    G_i &= -\sum_j \left[ \operatorname{diag}(\tilde x) H_{ij}
           + H_{ij} \operatorname{diag}(\tilde x) \right], \qquad
    S_i = \sum_j s s'

the bias of the slopes is

.. math::

    V \left[ \frac{I}{I-1} \sum_i b_i + \frac{J}{J-1} \sum_j b_j \right], \qquad
    b_i = -\operatorname{tr}(A_i H_i^+)
          + \tfrac12 \operatorname{tr}(H_i^+ G_i H_i^+ S_i),

with :math:`V = (\sum \lambda \tilde x \tilde x')^{-1}` and :math:`b_j` the same for
destinations. (The number of pairs cancels, so panels need not be square.) With two
effects there is no bias. In both cases the scores of a pair are smaller than the errors
they come from, for the pair has pulled the effects towards itself:

.. math:: M_{ij} = (I_T - H_{ij} K_{ij})^{-1}, \qquad
    K_{ij} = \tilde x V \tilde x' + d\, U d',

d the dummies of the two effects (with their pair mean taken off), U the inverse of
their information. :math:`M s` undoes it: once, as published, in
:math:`\tilde x' M s s' \tilde x`, or on both sides, which is the jackknife's CR3.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from forecast.gravity.inference.leverage import (
    LARGEST_BLOCK,
    BlockInverse,
    block_inverse,
    effect_leverage,
    schur_complement,
)
from forecast.gravity.inference.pair_panels import PairPanel
from forecast.gravity.inference.scores import inner
from forecast.gravity.records import Codes, Floats, Ints

__all__ = ["corrected_meat", "score_bias", "unshrunk_scores"]

PERFECT = 1e-9
"""Share of a score, or product of shares, below which a pair is fitted perfectly."""

NEGLIGIBLE = 1e-12
"""Eigenvalues of a period-by-period matrix below this share of the largest are 0."""


def _information(weight: Floats) -> Floats:
    """H of each pair; shape (P, T) -> (P, T, T)."""
    total = weight.sum(axis=1, keepdims=True)
    theta = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    blocks = -theta[:, :, None] * weight[:, None, :]
    diagonal = np.arange(weight.shape[1])
    blocks[:, diagonal, diagonal] += weight
    return blocks


def _pinv(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    large = values > NEGLIGIBLE * values.max(initial=0.0)
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=large)
    return (vectors * inverse) @ vectors.T


def _end_bias(panel: PairPanel, groups: Iterable[Ints]) -> Floats:
    """Sum of b over one kind of end; shape (k,)."""
    bias = np.zeros(panel.x.shape[2])
    for pairs in groups:
        x, score = panel.x[pairs], panel.score[pairs]
        blocks = _information(panel.weight[pairs])
        inverse = _pinv(blocks.sum(axis=0))
        spread = inverse @ inner(score) @ inverse
        moved = np.einsum("ptu,puk->ptk", blocks, x)
        cross = np.einsum("pt,ptk->k", score @ inverse, moved)
        third = np.einsum("ptk,pt->k", x, np.einsum("ptu,tu->pt", blocks, spread))
        bias -= cross + third  # tr(P G P S)/2 with G = -(diag(x)H + H diag(x))
    return bias


def score_bias(panel: PairPanel) -> Floats:
    """Expected score of the slopes at the truth, for three-way PPML; shape (k,).

    Times the inverse information (`bread`) it is the bias of the slopes.

    Parameters
    ----------
    panel : PairPanel

    Returns
    -------
    float array of shape (k,)
    """
    result = np.zeros(panel.x.shape[2])
    for end, groups in (
        (panel.origin, panel.by_origin()),
        (panel.destination, panel.by_destination()),
    ):
        present = np.unique(end.codes).size
        result += present / (present - 1) * _end_bias(panel, groups)
    return result


def _pair_reach(panel: PairPanel, pairs: Ints, inverse: BlockInverse) -> Floats:
    """``d U d'`` of pairs with the pair effect swept out; shape (P, T, T)."""
    a, b = panel.origin_level[pairs], panel.destination_level[pairs]
    b = b + int(panel.origin_level.max()) + 1
    reach = sum(
        inverse.at(u[:, :, None], v[:, None, :]) for u in (a, b) for v in (a, b)
    )
    weight = panel.weight[pairs]
    theta = weight / weight.sum(axis=1, keepdims=True)
    mean = np.einsum("pt,ptu->pu", theta, reach)
    overall = np.einsum("pu,pu->p", mean, theta)
    return reach - mean[:, None, :] - mean[:, :, None] + overall[:, None, None]


def _level_inverse(panel: PairPanel, largest: int) -> BlockInverse:
    """Inverse information U of the levels, pairs swept out."""
    present = panel.weight.ravel() > 0
    weight = panel.weight.ravel()[present]
    n_pairs, n_periods = panel.weight.shape
    pair = np.repeat(np.arange(n_pairs), n_periods)[present]
    levels = tuple(
        Codes(level.ravel()[present], int(level.max()) + 1)
        for level in (panel.origin_level, panel.destination_level)
    )
    return block_inverse(
        schur_complement(weight, Codes(pair, n_pairs), levels), largest=largest
    )


def unshrunk_scores(
    panel: PairPanel, bread: Floats, *, pair_effect: bool, largest: int = LARGEST_BLOCK
) -> Floats:
    """Scores ``M s`` that the fit of their own pair has been taken out of; shape (P, T).

    Parameters
    ----------
    panel : PairPanel
    bread : float array of shape (k, k)
        V, the inverse information of the slopes.
    pair_effect : bool
        Whether the pair has an effect of its own (three-way) or not (two-way).
    largest : int
        Most levels in one dense block: all origin- and destination-periods together
        in three-way models, those of one period in two-way models.

    Raises
    ------
    ModelError
        F-550 if the effects have more levels than that.
    """
    n_pairs, n_periods = panel.weight.shape
    result = np.zeros((n_pairs, n_periods))
    if pair_effect:
        inverse = _level_inverse(panel, largest)
    else:
        own = _own_reach(panel, largest)
    identity = np.eye(n_periods)
    for pairs in panel.by_origin():
        x, weight = panel.x[pairs], panel.weight[pairs]
        reach = np.matmul(x @ bread, x.transpose(0, 2, 1))
        if pair_effect:
            reach += _pair_reach(panel, pairs, inverse)
            leverage = np.matmul(_information(weight), reach)
        else:
            reach += own[pairs][:, :, None] * identity
            leverage = weight[:, :, None] * reach
        result[pairs] = _undo(identity - leverage, panel.score[pairs])
    return result


def _undo(kept: Floats, score: Floats) -> Floats:
    """Solve ``kept m = score`` pair by pair; shapes (P, T, T), (P, T) -> (P, T).

    Where a level holds no other pair the fit is perfect, `kept` singular and the score
    zero in that direction; then the shortest solution is taken.
    """
    perfect = np.abs(np.linalg.det(kept)) < PERFECT
    result = np.zeros_like(score)
    fine = ~perfect
    result[fine] = np.linalg.solve(kept[fine], score[fine][:, :, None])[:, :, 0]
    if perfect.any():
        inverse = np.linalg.pinv(kept[perfect], rcond=PERFECT)
        result[perfect] = np.einsum("ptu,pu->pt", inverse, score[perfect])
    return result


def _own_reach(panel: PairPanel, largest: int) -> Floats:
    """``d U d'`` of each cell in two-way models, where periods have nothing in common."""
    present = panel.weight > 0
    levels = tuple(
        Codes(level[present], int(level.max()) + 1)
        for level in (panel.origin_level, panel.destination_level)
    )
    weight = panel.weight[present]
    reach = np.zeros_like(panel.weight)
    reach[present] = effect_leverage(weight, levels, largest=largest) / weight
    return reach


def corrected_meat(panel: PairPanel, unshrunk: Floats, *, both_sides: bool) -> Floats:
    r"""Meat of the sandwich from unshrunk scores, clustered by pair; shape (k, k).

    :math:`\sum \tilde x' M s s' \tilde x`, made symmetric, as published; or
    :math:`\sum \tilde x' M s s' M' \tilde x` with `both_sides`.
    """
    inner = np.einsum("ptk,pt->pk", panel.x, unshrunk)
    if both_sides:
        return np.einsum("pk,pl->kl", inner, inner)
    outer = np.einsum("ptk,pt->pk", panel.x, panel.score)
    meat = np.einsum("pk,pl->kl", inner, outer)
    return (meat + meat.T) / 2
