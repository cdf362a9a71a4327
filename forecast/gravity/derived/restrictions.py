"""Linear restrictions on coefficients, from equations or matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecast.errors import ModelError
from forecast.gravity.derived.expressions import LINEAR, Expression, read_hypotheses
from forecast.gravity.records import Floats

__all__ = ["Restrictions", "linear_form", "restrictions_of"]


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
        slopes, constant = linear_form(equation)
        rows.append(slopes)
        right.append(-constant)
    texts = tuple(equation.text for equation in equations)
    return Restrictions(np.array(rows), np.array(right), texts)


def linear_form(expression: Expression) -> tuple[Floats, float]:
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
