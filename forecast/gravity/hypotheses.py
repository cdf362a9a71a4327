"""Hypotheses on coefficients, linear combinations and functions of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecast.errors import ModelError
from forecast.gravity.covariance import Covariance
from forecast.gravity.expressions import (
    LINEAR,
    Expression,
    read_expression,
    read_hypotheses,
)
from forecast.gravity.records import Floats
from forecast.gravity.reference import Normal, Reference, Student

__all__ = [
    "Combination",
    "Restrictions",
    "WaldTest",
    "combine_linearly",
    "delta_method",
    "percentage_table",
    "restrictions_of",
    "wald_test",
]

SINGULAR = 1e-10
"""Eigenvalues below this, in units of standard errors, count as none."""


@dataclass(frozen=True)
class Restrictions:
    """Linear restrictions ``R beta = q``.

    Attributes
    ----------
    R : float array of shape (m, k)
    q : float array of shape (m,)
    texts : tuple of str
    """

    R: Floats
    q: Floats
    texts: tuple[str, ...]


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


@dataclass(frozen=True)
class Combination:
    """A function of coefficients: its value, and how sure it is.

    Attributes
    ----------
    expression : str
    estimate, std_error : float
        The standard error of a function that is not linear is that of the delta method.
    null : float
        What `statistic` and `p_value` compare the estimate with.
    statistic, p_value : float
    gradient : float array of shape (k,)
    """

    expression: str
    estimate: float
    std_error: float
    null: float
    statistic: float
    p_value: float
    gradient: Floats = field(repr=False)
    ends: Ends = field(repr=False)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval.

        Examples
        --------
        >>> from forecast.gravity.covariance import Covariance
        >>> known = Covariance(np.array([[0.04]]), ("rta",), "", "", "1", 1.0, Normal(), 9)
        >>> sum_ = combine_linearly("2*rta + 1", np.array([0.5]), known)
        >>> [round(end, 3) for end in sum_.interval()]
        [1.216, 2.784]
        """
        return self.ends.interval(self.estimate, self.std_error, level)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row with the columns of a fit's `tidy`."""
        low, high = self.interval(level)
        return pd.DataFrame(
            {
                "term": [self.expression],
                "estimate": [self.estimate],
                "std_error": [self.std_error],
                "statistic": [self.statistic],
                "p_value": [self.p_value],
                "conf_low": [low],
                "conf_high": [high],
            }
        )

    def __str__(self) -> str:
        low, high = self.interval()
        return (
            f"{self.expression} = {self.estimate:.6g} (std. error {self.std_error:.4g}), "
            f"95 % interval {low:.4g} to {high:.4g}, p = {self.p_value:.4f}"
        )


@dataclass(frozen=True)
class Ends:
    """Reference distribution of one combination.

    A distribution that differs by coefficient serves combinations of one of them.

    Attributes
    ----------
    reference : Reference
        Of a single statistic, or of k of them.
    place : int or None
        Which of the k is concerned; None where the distribution is the same for all.
    slope : float
        Of the combination with respect to that coefficient. Intervals need not be
        symmetric, and a bootstrap is in units of the coefficient.
    k : int
    """

    reference: Reference
    place: int | None = None
    slope: float = 1.0
    k: int = 1

    def p_value(self, statistic: float) -> float:
        """Two-sided."""
        own = self._spread(np.copysign(1.0, self.slope) * statistic)
        return float(self.reference.p_values(own)[self.place or 0])

    def interval(
        self, estimate: float, std_error: float, level: float
    ) -> tuple[float, float]:
        """Lower and upper end."""
        own = self._spread(estimate / self.slope)
        errors = self._spread(std_error / abs(self.slope))
        low, high = self.reference.interval(own, errors, level)
        ends = [self.slope * float(end[self.place or 0]) for end in (low, high)]
        return min(ends), max(ends)

    def _spread(self, value: float) -> Floats:
        return np.full(self.k, value)


# ----------------------------------------------------------------- what is asked


def restrictions_of(
    hypotheses: str | Sequence[str] | ArrayLike,
    q: ArrayLike | None,
    terms: Sequence[str],
) -> Restrictions:
    """Read restrictions from equations or matrices.

    Parameters
    ----------
    hypotheses : str, sequence of str or array of shape (m, k)
    q : float or array of shape (m,), optional
        Only with a matrix; zero by default.
    terms : sequence of str

    Raises
    ------
    ModelError
        F-566 text that cannot be read, or a matrix of another shape; F-567 an equation
        that is not linear.
    """
    if isinstance(hypotheses, str):
        return _from_text(read_hypotheses(hypotheses, terms))
    many = list(hypotheses) if isinstance(hypotheses, Sequence) else []
    if many and all(isinstance(one, str) for one in many):
        read = [h for one in many for h in read_hypotheses(str(one), terms)]
        return _from_text(tuple(read))
    return _from_matrix(hypotheses, q, terms)


def _from_text(equations: tuple[Expression, ...]) -> Restrictions:
    rows, right = [], []
    for equation in equations:
        slopes, constant = _linear(equation)
        rows.append(slopes)
        right.append(-constant)
    texts = tuple(equation.text for equation in equations)
    return Restrictions(np.array(rows), np.array(right), texts)


def _linear(expression: Expression) -> tuple[Floats, float]:
    """Slopes and constant.

    Raises
    ------
    ModelError
        F-567 if it is not linear.
    """
    value = expression.at(np.sqrt(np.arange(2, expression.k + 2)))
    if value.degree > LINEAR:
        raise ModelError(
            f"{expression.text!r} is not linear in the coefficients",
            code="F-567",
            remedy="A Wald test of it would depend on how it is written; "
            "use delta(...), which gives its value and interval.",
        )
    return value.slopes, expression.at(np.zeros(expression.k)).number


def _from_matrix(R: Any, q: Any, terms: Sequence[str]) -> Restrictions:
    columns = list(R.columns) if isinstance(R, pd.DataFrame) else None
    try:
        if columns is not None:
            R = R.reindex(columns=list(terms), fill_value=0.0)
        matrix = np.atleast_2d(np.asarray(R, dtype=float))
        right = np.zeros(len(matrix)) if q is None else np.asarray(q, dtype=float)
        right = np.broadcast_to(np.atleast_1d(right), (len(matrix),)).copy()
    except (TypeError, ValueError) as error:
        raise _no_matrix(
            "R and q are no matrix and vector of numbers", terms
        ) from error
    unknown = [str(name) for name in columns or [] if name not in terms]
    if unknown:
        raise _no_matrix(f"R has columns {unknown} that are no coefficients", terms)
    if matrix.ndim != 2 or matrix.shape[1] != len(terms) or not matrix.size:
        raise _no_matrix(f"R has the shape {matrix.shape}", terms)
    if not (np.isfinite(matrix).all() and np.isfinite(right).all()):
        raise _no_matrix("R or q holds values that are not finite", terms)
    texts = tuple(
        _shown(row, value, terms) for row, value in zip(matrix, right, strict=True)
    )
    return Restrictions(matrix, right, texts)


def _no_matrix(problem: str, terms: Sequence[str]) -> ModelError:
    return ModelError(
        problem,
        code="F-566",
        examples=terms,
        remedy=f"R has one row for each restriction and {len(terms)} columns, one for "
        "each coefficient in this order; q has one value for each row.",
    )


def _shown(row: Floats, value: float, terms: Sequence[str]) -> str:
    """A row of R as text."""
    pieces = []
    for slope, term in zip(row, terms, strict=True):
        if slope:
            size = "" if abs(slope) == 1 else f"{abs(slope):g}*"
            pieces.append(f"{'-' if slope < 0 else '+'} {size}{term}")
    left = " ".join(pieces).removeprefix("+ ") or "0"
    return f"{left} = {value:g}"


# ---------------------------------------------------------------------- the tests


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
    ends = tuple(_ends(covariance.reference, row) for row in R)
    if m == 1:
        p_value = ends[0].p_value(float(scaled[0]))
        dof = _denominator(ends[0])
    else:
        dof = _joint_denominator(covariance.reference, R)
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


def combine_linearly(
    text: str, beta: Floats, covariance: Covariance, null: float = 0.0
) -> Combination:
    """Value and standard error of a linear combination such as ``x_lag1 + x_lag2``.

    Parameters
    ----------
    text : str
    beta : float array of shape (k,)
    covariance : Covariance
    null : float

    Raises
    ------
    ModelError
        F-566 text that cannot be read, F-567 a combination that is not linear, F-569 as
        `wald_test`.
    """
    expression = read_expression(text, covariance.terms)
    _linear(expression)
    return delta_method(expression, beta, covariance, null)


def delta_method(
    expression: Expression | str,
    beta: Floats,
    covariance: Covariance,
    null: float = 0.0,
) -> Combination:
    r"""Value and standard error of a function g of the coefficients.

    The variance is :math:`\nabla g' V \nabla g` with the exact gradient (delta method;
    Wooldridge 2010, Econometric Analysis of Cross Section and Panel Data, lemma 3.9).

    Parameters
    ----------
    expression : Expression or str
    beta : float array of shape (k,)
    covariance : Covariance
    null : float

    Raises
    ------
    ModelError
        F-566 text that cannot be read, F-569 as `wald_test`, F-577 a value that is not
        finite.
    """
    if isinstance(expression, str):
        expression = read_expression(expression, covariance.terms)
    value = expression.at(beta)
    variance = float(value.slopes @ covariance.matrix @ value.slopes)
    std_error = np.sqrt(variance) if variance > 0 else np.nan
    statistic = (value.number - null) / std_error
    ends = _ends(covariance.reference, value.slopes)
    return Combination(
        expression=expression.text,
        estimate=value.number,
        std_error=float(std_error),
        null=float(null),
        statistic=float(statistic),
        p_value=ends.p_value(float(statistic)),
        gradient=value.slopes,
        ends=ends,
    )


def percentage_table(
    beta: Floats, covariance: Covariance, level: float, interval: str
) -> pd.DataFrame:
    r"""Effects in per cent, :math:`100 (e^{\beta} - 1)`; one row per coefficient.

    Standard errors are those of the delta method, :math:`100 e^\beta se(\beta)`; p-values
    are those of :math:`\beta = 0`, which is the same hypothesis (Halvorsen and Palmquist
    1980, American Economic Review 70(3)).

    Parameters
    ----------
    beta : float array of shape (k,)
    covariance : Covariance
    level : float
    interval : {"transformed", "delta"}
        Ends of the interval of beta, transformed: never below -100 and as exact as that
        interval; or estimate and standard error, symmetric.

    Raises
    ------
    ModelError
        F-574 another `interval`.
    """
    if interval not in {"transformed", "delta"}:
        raise ModelError(
            f"interval={interval!r} is not known",
            code="F-574",
            remedy='Use "transformed" or "delta".',
        )
    errors = covariance.std_errors
    effects, slopes = 100 * np.expm1(beta), 100 * np.exp(beta)
    ends = covariance.interval(beta, level)
    if interval == "delta":
        reach = [slopes * (end - beta) for end in ends]
        low, high = effects + reach[0], effects + reach[1]
    else:
        low, high = (100 * np.expm1(end) for end in ends)
    return pd.DataFrame(
        {
            "term": list(covariance.terms),
            "estimate": effects,
            "std_error": slopes * errors,
            "statistic": beta / errors,
            "p_value": covariance.p_values(beta),
            "conf_low": low,
            "conf_high": high,
        }
    )


# ------------------------------------------------------- reference distributions


def _ends(reference: Reference, slopes: Floats) -> Ends:
    """Return the distribution of a combination with these slopes."""
    involved = np.flatnonzero(slopes)
    if isinstance(reference, Normal):
        return Ends(reference)
    if isinstance(reference, Student):
        dof = _least(reference, involved, slopes.size)
        return Ends(replace(reference, dof=np.array(dof)))
    if involved.size != 1:
        raise _single(reference)
    place = int(involved[0])
    return Ends(reference, place, float(slopes[place]), slopes.size)


def _least(reference: Student, involved: Any, k: int) -> float:
    """The fewest degrees of freedom of the coefficients concerned."""
    dof = np.broadcast_to(reference.dof, (k,))
    return float(dof[involved].min() if involved.size else dof.min())


def _denominator(ends: Ends) -> float:
    return float(ends.reference.dof) if isinstance(ends.reference, Student) else np.inf


def _joint_denominator(reference: Reference, R: Floats) -> float:
    if isinstance(reference, Normal):
        return np.inf
    if isinstance(reference, Student):
        return _least(reference, np.flatnonzero(R.any(axis=0)), R.shape[1])
    raise _single(reference)


def _single(reference: Reference) -> ModelError:
    return ModelError(
        f"{reference.describe()} knows the distribution of single coefficients only",
        code="F-569",
        remedy="Use with_vcov(Clustered(...)) for combinations and joint tests.",
    )
