"""Standard errors for independent rows: classical and HC0 to HC3."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.inference.covariance import Covariance, finish
from forecast.gravity.inference.leverage import LARGEST_BLOCK, effect_leverage
from forecast.gravity.inference.reference import Normal, Reference, Student
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores, inner
from forecast.gravity.inference.small_samples import (
    Parameters,
    SmallSample,
    check_degrees,
    count_parameters,
    effect_rank,
    named,
)
from forecast.gravity.records import Codes, Floats

__all__ = ["Iid", "Robust", "full_leverage"]

PERFECT = 1e-9
"""Rows whose leverage is this close to 1 are fitted perfectly by levels of their own."""

TEXTBOOK = SmallSample("textbook", counts="exact", student=True)


@dataclass(frozen=True, slots=True)
class Iid:
    r"""Classical standard errors: ``dispersion`` times the inverse information.

    Least squares: :math:`s^2 = \sum w e^2 / (n - K)`. PPML: Pearson's
    :math:`\sum (y - \mu)^2 / \mu / (n - K)`, as in a quasi-Poisson model. K counts the
    effects. For trade flows the variance is neither constant nor proportional to the
    mean; these exist to compare with published tables.

    Parameters
    ----------
    dispersion : float, optional
        Estimated where it is None; 1 gives the inverse Fisher information.

    Examples
    --------
    >>> Iid(), Iid(dispersion=1.0)
    (Iid(dispersion=None), Iid(dispersion=1.0))
    """

    dispersion: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """None is needed."""
        return ()

    def __post_init__(self) -> None:
        if self.dispersion is not None and not self.dispersion > 0:
            raise ModelError(
                f"a dispersion of {self.dispersion!r}",
                code="F-556",
                remedy="Give a positive number, such as 1.0, or None.",
            )

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:  # noqa: ARG002
        """Compute it for a fit.

        Raises
        ------
        ModelError
            F-555 without degrees of freedom.
        """
        given = self.dispersion is not None
        parameters = None if given else _all_parameters(scores)
        reference: Reference = Normal()
        formula, factor = "dispersion as given", self.dispersion or 0.0
        if parameters is not None:
            gaussian = scores.estimate.family == "gaussian"
            kind = "residual variance" if gaussian else "Pearson's chi-squared"
            degrees = check_degrees(scores.n, parameters.total)
            squares = pearson(scores.estimate.residuals, scores.estimate.working)
            formula, factor = f"{kind} / (n-K)", squares / degrees
            reference = Student(np.array(float(degrees)))
        return Covariance(
            matrix=factor * scores.bread,
            terms=scores.terms,
            title="classical (rows independent, one dispersion)",
            convention="given" if given else "textbook",
            formula=formula,
            factor=factor,
            reference=reference,
            n=scores.n,
            parameters=parameters,
        )


@dataclass(frozen=True, slots=True)
class Robust:
    r"""Heteroskedasticity-robust standard errors, HC0 to HC3.

    The meat is :math:`\sum \tilde x \tilde x' e^2 / (1-h)^d` with d = 0 (HC0, HC1), 1
    (HC2) or 2 (HC3) and h the leverage of the row in the model with all its effects
    (MacKinnon and White 1985, Journal of Econometrics 29(3)).

    Parameters
    ----------
    kind : {"HC0", "HC1", "HC2", "HC3"}
    ssc : str or SmallSample, optional
        HC1 has the factor n/(n-K), K counting the effects, the others have none. A
        convention named here goes first: ``Robust("HC0", ssc="ppmlhdfe")`` has Stata's
        n/(n-1).

    Examples
    --------
    >>> Robust("HC0", ssc="ppmlhdfe")
    Robust(kind='HC0', ssc='ppmlhdfe')
    """

    kind: str = "HC1"
    ssc: str | SmallSample | None = None

    def __post_init__(self) -> None:
        if self.kind not in {"HC0", "HC1", "HC2", "HC3"}:
            raise ModelError(
                f"no robust standard errors of kind {self.kind!r}",
                code="F-553",
                examples=["HC0", "HC1", "HC2", "HC3"],
                remedy='Clusters are named with Clustered("pair").',
            )
        if self.ssc is not None:
            named(self.ssc)

    @property
    def names(self) -> tuple[str, ...]:
        """None is needed."""
        return ()

    def covariance(self, scores: Scores, lookup: Lookup) -> Covariance:  # noqa: ARG002
        """Compute it for a fit.

        Raises
        ------
        ModelError
            F-550 if HC2 or HC3 need the leverage in too many effects, F-555 without
            degrees of freedom.
        """
        notes: tuple[str, ...] = ()
        shrink = None
        if self.kind in {"HC2", "HC3"}:
            h = full_leverage(scores)
            perfect = h > 1 - PERFECT
            if perfect.any():
                notes = (
                    f"{int(perfect.sum()):,} rows are fitted perfectly by levels of their "
                    "own and add nothing.",
                )
            gap = np.where(perfect, np.inf, 1 - h)
            shrink = 1 / (np.sqrt(gap) if self.kind == "HC2" else gap)
        convention = named(self.ssc or (TEXTBOOK if self.kind == "HC1" else "none"))
        counts = convention.counts
        parameters = None
        if convention is TEXTBOOK:
            parameters = _all_parameters(scores)
        elif counts != "nothing":
            parameters = count_parameters(scores, counts)
        factor = convention.cluster_term(scores.n)
        if parameters is not None:
            factor *= convention.parameter_term(scores.n, parameters.total)
        degrees = scores.n - (parameters.total if parameters else scores.k)
        matrix, repaired = finish(scores.bread, inner(scores.rows(shrink)), factor)
        return Covariance(
            matrix=matrix,
            terms=scores.terms,
            title=f"robust to heteroskedasticity ({self.kind})",
            convention=convention.name,
            formula="n/(n-K)" if convention is TEXTBOOK else convention.formula("n"),
            factor=factor,
            reference=convention.reference(scores.estimate.family, degrees),
            n=scores.n,
            parameters=parameters,
            notes=notes + repaired,
        )


def pearson(residuals: Floats, working: Floats) -> float:
    r"""``sum residuals^2 / working``: :math:`\sum w e^2` in least squares, chi-squared in PPML.

    Shapes (n,), (n,).
    """
    return float(np.einsum("n,n,n->", residuals, residuals, 1 / working))


def full_leverage(scores: Scores, *, largest: int = LARGEST_BLOCK) -> Floats:
    """Diagonal of the hat matrix of regressors and effects; shape (n,).

    Raises
    ------
    ModelError
        F-550 if the effects have too many levels for a dense block.
    """
    x, working = scores.estimate.x_tilde, scores.estimate.working
    own = working * np.einsum("nk,kl,nl->n", x, scores.bread, x, optimize=True)
    return own + effect_leverage(working, scores.codes, largest=largest)


def _all_parameters(scores: Scores) -> Parameters:
    """Regressors and all effects, with the rank of the dummies where it can be had."""
    parameters = count_parameters(scores, "all")
    codes: tuple[Codes, ...] = scores.codes
    rank, exact = effect_rank(scores, codes)
    levels = sum(effect.count for effect in codes)
    return Parameters(scores.k, parameters.effects, levels - rank, exact)
