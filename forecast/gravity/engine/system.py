"""What Newton's method asks of the data, however they are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from forecast.gravity.engine.conjugate import Conditioner, Solution
from forecast.gravity.records import Floats, Ints

__all__ = ["Point", "System"]


@dataclass(frozen=True)
class Point:
    """Scores and means at one place.

    Attributes
    ----------
    loglik : float
        Up to a constant.
    mu : float array
        Fitted means in the system's own layout; a buffer that the next evaluation
        of the same precision overwrites.
    s_beta : float array of shape (K,)
    s_theta : float array of shape (R, T)
    """

    loglik: float
    mu: Floats
    s_beta: Floats
    s_theta: Floats


class System(Protocol):
    """Data laid out for the kernels, with the finest effect concentrated out."""

    @property
    def total(self) -> float:
        """Sum of the outcome."""
        ...

    @property
    def n_columns(self) -> int:
        """Number of regressors K."""
        ...

    @property
    def reach(self) -> Floats:
        """The largest absolute value of each regressor, (K,)."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of theta."""
        ...

    def start(self) -> Floats:
        """Effects theta (R, T) that fit the margins roughly without regressors."""
        ...

    def evaluate(self, beta: Floats, theta: Floats, *, exact: bool) -> Point:
        """Scores at (beta, theta); `exact` keeps the means in double precision."""
        ...

    def moments(self, mu: Floats) -> tuple[Floats, Floats]:
        """``C = D'W X~`` (R, K, T) and ``X~'W X~`` (K, K)."""
        ...

    def fast_means(self, mu: Floats) -> Floats:
        """The means in the precision of products that need not be exact."""
        ...

    def conditioner(self, mu: Floats) -> Conditioner:
        """An approximate inverse of the Schur complement at weights mu."""
        ...

    def product(self, mu: Floats, V: Floats, active: Ints) -> Floats:
        """The Schur complement times V (R, K, T), for the columns in `active`."""
        ...

    def solve(
        self,
        mu: Floats,
        conditioner: Conditioner,
        rhs: Floats,
        start: Floats | None = None,
        *,
        tolerance: float,
        floor: Floats | float,
    ) -> Solution:
        """Solve ``S V = rhs`` (R, K, T) at weights mu; see `conjugate_gradients`."""
        ...
