"""Coefficients of the model that is asked, with honest standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.attribution.cells import Cells, Floats, cells_of, history
from forecast.errors import ModelError
from forecast.gravity import Clustered, GravityFit
from forecast.gravity.records import Codes

__all__ = ["Effects", "Model", "effects_of", "estimated", "normal_p", "percent"]

SMALL = 3000
"""Most effects by place and period for which the bias correction is worth its time."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Which fixed effects a model has.

    Attributes
    ----------
    pair, origin_time, destination_time, time : bool
    """

    pair: bool
    origin_time: bool
    destination_time: bool
    time: bool


@dataclass(frozen=True)
class Model:
    """What is asked, and of whom.

    Attributes
    ----------
    fit : GravityFit
        With standard errors clustered by pair, or as the recipe says.
    cells : Cells
    terms : tuple of str
        The m indicators.
    histories : float array of shape (m, n)
        Their values by row of the design.
    beta : float array of shape (m,)
        Coefficients, freed of the bias of the many effects where that is known.
    covariance : float array of shape (m, m)
    widening : float array of shape (m,)
        Standard errors over those of `fit`; tests made from refits are widened alike.
    effects : Effects
    correction : str
        How the standard errors came about.
    """

    fit: GravityFit
    cells: Cells
    terms: tuple[str, ...]
    histories: Floats
    beta: Floats
    covariance: Floats
    widening: Floats
    effects: Effects
    correction: str

    @property
    def std_errors(self) -> Floats:
        """Shape (m,)."""
        roots: Floats = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return roots

    def of(self, term: str) -> int:
        """Place of a term."""
        return self.terms.index(term)


def estimated(fit: GravityFit, terms: Sequence[str], *, correct: bool | None) -> Model:
    """Take the coefficients of some terms out of a fit, corrected where possible.

    Parameters
    ----------
    fit : GravityFit
        PPML.
    terms : sequence of str
    correct : bool, optional
        Whether to correct for the bias of the many effects (`BiasCorrected`). By
        default where the theory covers the model and it takes a few seconds at most.

    Raises
    ------
    ModelError
        F-889 for another estimator than PPML; F-559 where the correction is asked for
        and not possible.
    """
    if fit.estimate.family != "poisson":
        raise ModelError(
            "attribution needs a PPML fit",
            code="F-889",
            remedy='Use estimator="ppml" and the flow itself as the outcome.',
        )
    cells = cells_of(fit)
    histories = np.array([history(fit, term) for term in terms])
    corrected = _corrected(fit, correct)
    if fit.covariance.bias is not None:
        # Refits inherit the errors of the fit; those of a corrected one would be
        # corrected again each time, which takes minutes. They are widened instead.
        fit = fit.with_vcov(Clustered("pair"))
    at = [fit.terms.index(term) for term in terms]
    plain = np.sqrt(np.diag(fit.covariance.matrix)[at])
    matrix = corrected.covariance.matrix[np.ix_(at, at)]
    return Model(
        fit,
        cells,
        tuple(terms),
        histories,
        corrected.beta[at],
        matrix,
        np.maximum(np.sqrt(np.maximum(np.diag(matrix), 0.0)) / plain, 1.0),
        effects_of(fit, cells),
        corrected.covariance.title,
    )


def _corrected(fit: GravityFit, correct: bool | None) -> GravityFit:
    if correct is False or fit.covariance.bias is not None:
        return fit
    if correct is None:
        counts = [e.count for e in fit.estimate.effects]
        if len(counts) != 3 or sum(counts) - max(counts) > SMALL:
            return fit
    try:
        return fit.bias_corrected()
    except ModelError:
        if correct:
            raise
        return fit


def effects_of(fit: GravityFit, cells: Cells) -> Effects:
    """Tell which of the effects that identification needs a model has.

    An effect is one of pairs if it does not change within a unit and no level has two
    pairs; one of periods if no level has two periods.
    """
    rows = fit.estimate.rows
    unit, block, time = cells.unit[rows], cells.block[rows], cells.time[rows]
    found = fit.estimate.effects
    ends = [_of(fit, name) for name in cells.names[:2]]
    timed = [e for e in found if _within(e, time)]
    return Effects(
        pair=any(
            _within(e, block) and _within(Codes(unit, int(unit.max()) + 1), e.codes)
            for e in found
        ),
        origin_time=any(_within(e, ends[0]) for e in timed),
        destination_time=any(_within(e, ends[1]) for e in timed),
        time=bool(timed),
    )


def _of(fit: GravityFit, column: str) -> np.ndarray:
    values = fit.design.source[column].iloc[fit.design.positions[fit.estimate.rows]]
    return np.asarray(values.astype("category").cat.codes)


def _within(levels: Codes, values: np.ndarray) -> bool:
    """Whether each level has one value only."""
    any_of = np.zeros(levels.count, dtype=np.int64)
    any_of[levels.codes] = values
    return bool((any_of[levels.codes] == values).all())


def percent(beta: float) -> float:
    """Effect in per cent of a log coefficient."""
    return float(100.0 * np.expm1(np.clip(beta, -50.0, 50.0)))


def normal_p(statistic: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    from math import erfc, sqrt

    return erfc(abs(statistic) / sqrt(2.0))
