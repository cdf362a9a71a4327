"""Joint tests of linear hypotheses about coefficients."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.derived.ends import Ends, denominator, ends_of, joint_denominator
from forecast.gravity.derived.restrictions import Restrictions
from forecast.gravity.inference.covariance import Covariance
from forecast.gravity.inference.reference import Normal, Student
from forecast.gravity.records import Floats

__all__ = ["WaldTest", "wald_test"]

SINGULAR = 1e-10
"""Eigenvalues below this, in units of standard errors, count as none."""


@dataclass(frozen=True)
class WaldTest:
    """A joint test of restrictions.

    Attributes
    ----------
    hypotheses : tuple of str
    estimate, std_error : float arrays of shape (m,)
        Of ``R beta - q``.
    statistic : float
        F, or chi-squared where the reference distribution is the normal.
    dof : int
        Number of restrictions.
    dof_denominator : float
        Infinite for chi-squared.
    p_value : float
    reference : str
        ``chi2(2)``, ``F(2, 14)``, or that of the only coefficient concerned.
    """

    hypotheses: tuple[str, ...]
    estimate: Floats
    std_error: Floats
    statistic: float
    dof: int
    dof_denominator: float
    p_value: float
    reference: str
    ends: tuple[Ends, ...] = field(repr=False)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper ends around `estimate`, one by one; shapes (m,)."""
        each = zip(self.ends, self.estimate, self.std_error, strict=True)
        found = [ends.interval(float(b), float(se), level) for ends, b, se in each]
        low, high = np.array(found).T
        return low, high

    def to_frame(self) -> pd.DataFrame:
        """One row: ``hypothesis, statistic, dof, dof_denominator, p_value, reference``."""
        return pd.DataFrame(
            {
                "hypothesis": [", ".join(self.hypotheses)],
                "statistic": [self.statistic],
                "dof": [self.dof],
                "dof_denominator": [self.dof_denominator],
                "p_value": [self.p_value],
                "reference": [self.reference],
            }
        )

    def __str__(self) -> str:
        return (
            f"{', '.join(self.hypotheses)}: {self.reference} = {self.statistic:.4g}, "
            f"p = {self.p_value:.4f}"
        )


def wald_test(
    restrictions: Restrictions, beta: Floats, covariance: Covariance
) -> WaldTest:
    r"""Test restrictions jointly.

    .. math:: W = (R\beta - q)' (R V R')^{-1} (R\beta - q),

    compared with chi-squared of m degrees of freedom where t-statistics are compared
    with the normal, else ``W / m`` with F(m, dof) (Wooldridge 2010, Econometric Analysis
    of Cross Section and Panel Data, equation 4.13).

    Parameters
    ----------
    restrictions : Restrictions
    beta : float array of shape (k,)
    covariance : Covariance

    Raises
    ------
    ModelError
        F-568 restrictions that repeat or contradict each other, or more of them than
        the covariance has rank; F-569 a reference distribution that knows single
        coefficients only.
    """
    R, q = restrictions.R, restrictions.q
    distance = R @ beta - q
    variance = R @ covariance.matrix @ R.T
    errors = np.sqrt(np.maximum(np.diag(variance), 0.0))
    _refuse_singular(restrictions, variance, errors, covariance)
    m = q.size
    scaled = distance / errors
    correlation = variance / np.outer(errors, errors)
    wald = float(scaled @ np.linalg.solve(correlation, scaled))
    ends = tuple(ends_of(covariance.reference, row) for row in R)
    if m == 1:
        p_value = ends[0].p_value(float(scaled[0]))
        dof = denominator(ends[0])
    else:
        dof = joint_denominator(covariance.reference, R)
        p_value = _tail(wald, m, dof)
    statistic = wald if np.isinf(dof) else wald / m
    shown = f"chi2({m})" if np.isinf(dof) else f"F({m}, {dof:.4g})"
    if m == 1 and not isinstance(covariance.reference, Normal | Student):
        shown = f"chi2(1), {covariance.reference.describe()}"
    return WaldTest(
        hypotheses=restrictions.texts,
        estimate=distance,
        std_error=errors,
        statistic=statistic,
        dof=m,
        dof_denominator=dof,
        p_value=p_value,
        reference=shown,
        ends=ends,
    )


def _tail(wald: float, m: int, dof: float) -> float:
    from scipy import special

    if np.isinf(dof):
        return float(special.chdtrc(m, wald))
    return float(special.fdtrc(m, dof, wald / m))


def _refuse_singular(
    restrictions: Restrictions, variance: Floats, errors: Floats, covariance: Covariance
) -> None:
    R = restrictions.R
    size = np.linalg.norm(R, axis=1, keepdims=True)
    rank = int(np.linalg.matrix_rank(R / np.where(size > 0, size, 1.0)))
    if rank < len(R):
        raise ModelError(
            f"{len(R)} hypotheses of which only {rank} say something new",
            code="F-568",
            count=len(R),
            examples=restrictions.texts,
            remedy="Leave out those that follow from others, or contradict them.",
        )
    known = errors > 0
    smallest = 0.0
    if known.all():
        smallest = np.linalg.eigvalsh(variance / np.outer(errors, errors)).min()
    if smallest < SINGULAR:
        clusters = ", ".join(f"{n} in {way!r}" for way, n in covariance.clusters)
        raise ModelError(
            f"the covariance of {len(R)} hypotheses is singular",
            code="F-568",
            count=len(R),
            examples=restrictions.texts,
            remedy="There are fewer clusters than hypotheses"
            + (f" ({clusters})" if clusters else "")
            + " or a standard error is zero: test fewer of them, or take finer clusters.",
        )
