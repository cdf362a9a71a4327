"""Regressors that say nothing new: absorbed by effects, or combinations of others.

Of a collinear set the last one is dropped, always by name. Whether a regressor is
dropped does not depend on its unit or on its zero: what is left of it, once effects and
the regressors before it are taken out, is compared with its own spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from forecast.gravity.records import Floats

__all__ = [
    "TOLERANCE",
    "Collinearity",
    "Dependence",
    "collinearity_of",
    "describe_combination",
    "find_dependent",
]

TOLERANCE = 1e-6  # of a regressor's spread: fewer digits of it are left than data have


@dataclass(frozen=True)
class Dependence:
    """Columns that are combinations of those before them.

    Attributes
    ----------
    kept : tuple of int
        Columns that are none.
    combinations : mapping of int to float array
        For each other column its coefficients on all columns of `kept` (0 on later
        ones).
    """

    kept: tuple[int, ...]
    combinations: Mapping[int, Floats]


@dataclass(frozen=True)
class Collinearity:
    """Which regressors are kept, and what became of the others.

    Attributes
    ----------
    kept : tuple of int
        Places among the regressors.
    absorbed : tuple of str
        Regressors that the effects hold whole.
    collinear : mapping of str to mapping of str to float
        Other regressors that are dropped: what they are made of, up to effects.
    """

    kept: tuple[int, ...]
    absorbed: tuple[str, ...] = ()
    collinear: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of all regressors that are dropped."""
        return (*self.absorbed, *self.collinear)


def find_dependent(columns: Floats, least: Floats) -> Dependence:
    """Find from left to right the columns that are combinations of those before.

    Parameters
    ----------
    columns : float array of shape (n, m)
    least : float array of shape (m,)
        A column of which no more than this is left counts as nothing.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0]])
    >>> find_dependent(x, np.full(3, 1e-9))
    Dependence(kept=(0, 2), combinations={1: array([2., 0.])})
    """
    from forecast.kernels.orthogonal import orthogonalise

    m = columns.shape[1]
    products, is_kept = np.zeros((m, m)), np.zeros(m, np.bool_)
    work = np.array(columns.T, order="C")
    orthogonalise(work, least, products, is_kept)
    kept = np.flatnonzero(is_kept)
    triangle = products[np.ix_(kept, kept)]
    combinations = {
        k: np.linalg.solve(triangle, products[kept, k])
        for k in np.flatnonzero(~is_kept).tolist()
    }
    return Dependence(tuple(kept.tolist()), combinations)


def collinearity_of(
    dependence: Dependence, terms: Sequence[str], scale: Floats, late: int
) -> Collinearity:
    """Name what `find_dependent` found among late levels and regressors.

    Parameters
    ----------
    terms : sequence of K str
    scale : float array of shape (K,)
        Units in which the regressors stood.
    late : int
        How many columns stood before the regressors.
    """
    absorbed: list[str] = []
    collinear: dict[str, dict[str, float]] = {}
    for k, weights in dependence.combinations.items():
        if k < late:
            continue
        parts = {
            terms[j - late]: float(w * scale[k - late] / scale[j - late])
            for j, w in zip(dependence.kept, weights, strict=True)
            if j >= late and abs(w) > TOLERANCE
        }
        if parts:
            collinear[terms[k - late]] = parts
        else:
            absorbed.append(terms[k - late])
    kept = tuple(k - late for k in dependence.kept if k >= late)
    return Collinearity(kept, tuple(absorbed), collinear)


def describe_combination(parts: Mapping[str, float]) -> str:
    """Write a combination as a person would.

    Examples
    --------
    >>> describe_combination({"a": 1.0, "b": -2.0})
    '`a` - 2 `b`'
    """
    text = ""
    for name, weight in parts.items():
        sign = "-" if weight < 0 else "+"
        size = f"{abs(weight):.4g}"
        part = f"`{name}`" if size == "1" else f"{size} `{name}`"
        text += f" {sign} {part}" if text else f"{'-' if weight < 0 else ''}{part}"
    return text
