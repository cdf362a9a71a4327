r"""Terms of a regression on indicators: what becomes of a column before it is weighed.

With :math:`x_t` a column of the panel, log(1 + x) of it where the term is concave:

- `Column`: :math:`\beta f(x_{t-l})`.
- `Almon`: :math:`\sum_{l=0}^{L} \beta_l x_{t-l}`, the :math:`\beta_l` a polynomial of
  l (Almon 1965, Econometrica 33(1)).
- `Koyck`: :math:`\beta \sum_{l \ge 0} \lambda^l x_{t-l}` (Koyck 1954, Distributed Lags
  and Investment Analysis).
- `DepreciatingStock`: :math:`\beta S_t` or :math:`\beta \log(1 + S_t)` with
  :math:`S_t = (1 - \delta) S_{t-1} + x_t`.

The share that is kept from one period to the next (:math:`\lambda`, :math:`1 - \delta`)
is estimated in each fit unless it is given. All terms look back only.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError, NumberError

__all__ = ["Almon", "Column", "DepreciatingStock", "Koyck", "Term", "as_term"]

Floats = NDArray[np.floating[Any]]

TRANSFORMS = ("", "log", "log1p", "asinh")

KEPT_A_YEAR = (0.0, 0.25, 0.5, 0.7, 0.85, 0.95, 1.0)
"""Shares kept for a year among which a depreciating stock is looked for at first."""

DECAYS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9)


class Term(ABC):
    """One column with its shape over time. Derive a frozen dataclass."""

    __slots__ = ()

    column: str

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the reported coefficients."""

    def shares(self, per_year: int) -> tuple[float, ...]:  # noqa: ARG002
        """Return shares kept a period that are tried; one NaN where there is none."""
        return (float("nan"),)

    @abstractmethod
    def basis(self, x: Floats, share: float) -> Floats:
        """Return the regressors, shapes (T, ...) -> (q, T, ...).

        Parameters
        ----------
        x : float array of shape (T, ...)
            NaN only before the first known value.
        share : float
            One of `shares`, or between two of them.
        """

    def report(self, share: float) -> Floats:  # noqa: ARG002
        """Return the matrix that turns slopes into reported coefficients."""
        return np.eye(1)

    def shape(self, share: float, per_year: int) -> dict[str, float]:  # noqa: ARG002
        """Return what was estimated about the shape, by name."""
        return {}


@dataclass(frozen=True, slots=True)
class Column(Term):
    """A column as it is, in logarithms or some periods late.

    Parameters
    ----------
    column : str
    transform : {"", "log", "log1p", "asinh"}
        "log" makes the coefficient an elasticity.
    lag : int
        Periods after which it acts.

    Examples
    --------
    >>> Column("gdp", transform="log").names
    ('log gdp',)
    """

    column: str
    transform: str = ""
    lag: int = 0

    def __post_init__(self) -> None:
        if self.transform not in TRANSFORMS:
            raise _impossible("transform", self.transform, f"one of {list(TRANSFORMS)}")
        _refuse_unless_count("lag", self.lag)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of the coefficient."""
        late = f", lag {self.lag}" if self.lag else ""
        return (f"{self.transform} {self.column}{late}".strip(),)

    def basis(self, x: Floats, share: float) -> Floats:  # noqa: ARG002
        """See `Term.basis`."""
        return _late(_transformed(x, self.transform, self.column), self.lag)[None]


@dataclass(frozen=True, slots=True)
class Almon(Term):
    """Lags whose coefficients lie on a polynomial.

    Parameters
    ----------
    column : str
    lags : int
        The last lag.
    degree : int
        Of the polynomial; as many coefficients and one more are estimated.
    concave : bool
        Take log(1 + x).

    Notes
    -----
    Periods whose lags reach behind the panel do not count in the fit.

    Examples
    --------
    >>> Almon("visits", lags=2, degree=1).names
    ('visits, lag 0', 'visits, lag 1', 'visits, lag 2', 'visits, all lags')
    """

    column: str
    lags: int = 4
    degree: int = 2
    concave: bool = False

    def __post_init__(self) -> None:
        _refuse_unless_count("lags", self.lags)
        _refuse_unless_count("degree", self.degree)
        if self.degree > self.lags:
            raise _impossible("degree", self.degree, "at most the number of lags")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the lags' coefficients and of their sum."""
        lags = (f"{self.column}, lag {lag}" for lag in range(self.lags + 1))
        return (*lags, f"{self.column}, all lags")

    def basis(self, x: Floats, share: float) -> Floats:  # noqa: ARG002
        """See `Term.basis`."""
        values = np.log1p(x) if self.concave else x
        late = np.stack([_late(values, lag) for lag in range(self.lags + 1)])
        return np.tensordot(self._powers().T, late, axes=1)

    def report(self, share: float) -> Floats:  # noqa: ARG002
        """See `Term.report`."""
        powers = self._powers()
        return np.concatenate([powers, powers.sum(axis=0, keepdims=True)])

    def _powers(self) -> Floats:
        """Return powers of the lags, shape (lags + 1, degree + 1)."""
        lags = np.arange(self.lags + 1) / max(self.lags, 1)
        return np.asarray(lags[:, None] ** np.arange(self.degree + 1))


@dataclass(frozen=True, slots=True)
class Koyck(Term):
    """Lags that fade by the same share each period.

    Parameters
    ----------
    column : str
    decay : float, optional
        Share left a period later, from 0 to below 1; by default it is estimated.
    concave : bool
        Take log(1 + x).

    Notes
    -----
    Before the panel the column counts as the mean of its first five values.

    Examples
    --------
    >>> Koyck("visits", decay=0.5).basis(np.array([0.0, 0.0, 1.0, 0.0]), 0.5)
    array([[0.25   , 0.125  , 1.0625 , 0.53125]])
    """

    column: str
    decay: float | None = None
    concave: bool = False

    def __post_init__(self) -> None:
        if self.decay is not None and not 0 <= self.decay < 1:
            raise _impossible("decay", self.decay, "from 0 to below 1, or None")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the effect at once and of that of all lags."""
        return (f"{self.column}, at once", f"{self.column}, all lags")

    def shares(self, per_year: int) -> tuple[float, ...]:  # noqa: ARG002
        """See `Term.shares`."""
        return DECAYS if self.decay is None else (self.decay,)

    def basis(self, x: Floats, share: float) -> Floats:
        """See `Term.basis`."""
        values = np.log1p(x) if self.concave else x
        return _accumulated(values, share, _early_mean(values) / (1 - share))[None]

    def report(self, share: float) -> Floats:
        """See `Term.report`."""
        return np.array([[1.0], [1 / (1 - share)]])

    def shape(self, share: float, per_year: int) -> dict[str, float]:  # noqa: ARG002
        """See `Term.shape`."""
        return {f"{self.column}, decay": share}


@dataclass(frozen=True, slots=True)
class DepreciatingStock(Term):
    """What has come together of a column, less what has worn off.

    Parameters
    ----------
    column : str
        What is added in each period: counts, values.
    half_life : float, optional
        Years after which half is left, infinity for a stock that stays; by default it
        is estimated.
    concave : bool
        Take log(1 + stock): each further document adds less.

    Notes
    -----
    The stock is empty at the beginning of the panel.

    Examples
    --------
    >>> stock = DepreciatingStock("documents", half_life=1)
    >>> stock.basis(np.array([1.0, 0.0, 1.0]), 0.5)
    array([[1.  , 0.5 , 1.25]])
    """

    column: str
    half_life: float | None = None
    concave: bool = False

    def __post_init__(self) -> None:
        if self.half_life is not None and not self.half_life > 0:
            raise _impossible("half_life", self.half_life, "years above 0, or None")

    @property
    def names(self) -> tuple[str, ...]:
        """Name of the coefficient."""
        return (f"{'log1p ' if self.concave else ''}stock of {self.column}",)

    def shares(self, per_year: int) -> tuple[float, ...]:
        """See `Term.shares`."""
        if self.half_life is not None:
            return (float(0.5 ** (1 / (self.half_life * per_year))),)
        return tuple(float(kept ** (1 / per_year)) for kept in KEPT_A_YEAR)

    def basis(self, x: Floats, share: float) -> Floats:
        """See `Term.basis`."""
        stock = _accumulated(x, share, np.zeros(x.shape[1:]))
        return (np.log1p(stock) if self.concave else stock)[None]

    def shape(self, share: float, per_year: int) -> dict[str, float]:
        """See `Term.shape`."""
        years = np.inf if share >= 1 else 0.0
        if 0 < share < 1:
            years = float(np.log(0.5) / np.log(share) / per_year)
        return {f"{self.column}, half life": years}


def as_term(term: Any) -> Term:
    """Return a term; a text is the column of that name."""
    if isinstance(term, str):
        return Column(term)
    if isinstance(term, Term):
        return term
    raise _impossible("term", term, 'a column name or a term such as Almon("visits")')


def _transformed(x: Floats, transform: str, column: str) -> Floats:
    if transform == "log":
        if np.nanmin(x, initial=np.inf) <= 0:
            raise NumberError(
                f"column {column!r} has values of zero or less, whose log is not defined",
                code="F-683",
                column=column,
                count=int((x <= 0).sum()),
                remedy='Use transform="log1p" or "asinh", or correct them.',
            )
        return np.log(x)
    if transform == "log1p":
        return np.log1p(x)
    return np.arcsinh(x) if transform == "asinh" else x


def _late(x: Floats, lag: int) -> Floats:
    """Return the values `lag` periods later; NaN where there are none yet."""
    moved = np.full(x.shape, np.nan)
    moved[lag:] = x[: x.shape[0] - lag]
    return moved


def _accumulated(x: Floats, share: float, start: Floats) -> Floats:
    """Return :math:`s_t = share * s_{t-1} + x_t`; NaN before the first known value."""
    known: NDArray[np.bool_] = np.asarray(np.isfinite(x))
    if x.ndim == 1:  # a loop over floats takes a tenth of one over arrays of one value
        state, states = float(start), np.empty(x.size)
        for t, value in enumerate(x.tolist()):
            state = share * state + value if known[t] else state
            states[t] = state
        return np.where(known, states, np.nan)
    level, levels, filled = start, np.empty(x.shape), np.where(known, x, 0.0)
    whole = [bool(row.all()) for row in known]
    for t, value in enumerate(filled):
        moved = share * level + value
        level = moved if whole[t] else np.where(known[t], moved, level)
        levels[t] = level
    return np.where(known, levels, np.nan)


def _early_mean(x: Floats) -> Floats:
    """Return the mean of the first five known values; 0 where none is known."""
    known = np.isfinite(x)
    early = known & (np.cumsum(known, axis=0) <= 5)
    count = np.maximum(early.sum(axis=0), 1)
    return np.asarray(np.where(early, x, 0.0).sum(axis=0) / count)


def _refuse_unless_count(name: str, value: Any) -> None:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < 0:
        raise _impossible(name, value, "a whole number from 0")


def _impossible(name: str, value: Any, possible: str) -> ModelError:
    return ModelError(
        f"{name}={value!r} is not possible",
        code="F-526",
        remedy=f"Give {possible}.",
    )
