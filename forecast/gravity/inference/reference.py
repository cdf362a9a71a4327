"""What a t-statistic is compared with: the normal, Student's t, or a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecast.gravity.records import Floats

__all__ = ["Normal", "Reference", "Student"]


class Reference(Protocol):
    """A symmetric distribution of t-statistics."""

    def p_values(self, statistics: Floats) -> Floats:
        """Two-sided p-values; shape (k,) -> (k,)."""

    def interval(
        self, beta: Floats, std_errors: Floats, level: float
    ) -> tuple[Floats, Floats]:
        """Lower and upper ends; shapes (k,)."""

    def describe(self) -> str:
        """A few words for a summary."""


@dataclass(frozen=True, slots=True)
class Normal:
    """The limit for many clusters.

    Examples
    --------
    >>> Normal().p_values(np.array([0.0, 1.96])).round(3)
    array([1.  , 0.05])
    """

    def p_values(self, statistics: Floats) -> Floats:
        """``2 Phi(-|t|)``."""
        from scipy.special import ndtr

        return 2.0 * ndtr(-np.abs(statistics))

    def interval(
        self, beta: Floats, std_errors: Floats, level: float
    ) -> tuple[Floats, Floats]:
        """``beta -+ z se``."""
        from scipy.special import ndtri

        reach = ndtri(0.5 + level / 2) * std_errors
        return beta - reach, beta + reach

    def describe(self) -> str:
        """``the normal distribution``."""
        return "the normal distribution"


@dataclass(frozen=True, slots=True)
class Student:
    """Student's t.

    Attributes
    ----------
    dof : float array of shape (k,) or ()
        Degrees of freedom, for each coefficient or one for all.

    Examples
    --------
    >>> low, high = Student(np.array(14.0)).interval(np.zeros(1), np.ones(1), 0.95)
    >>> high.round(3)
    array([2.145])
    """

    dof: Floats

    def p_values(self, statistics: Floats) -> Floats:
        """``2 F(-|t|)``."""
        from scipy.special import stdtr

        return 2.0 * stdtr(self.dof, -np.abs(statistics))

    def interval(
        self, beta: Floats, std_errors: Floats, level: float
    ) -> tuple[Floats, Floats]:
        """``beta -+ t se``."""
        from scipy.special import stdtrit

        reach = stdtrit(self.dof, 0.5 + level / 2) * std_errors
        return beta - reach, beta + reach

    def describe(self) -> str:
        """``Student's t with 14 degrees of freedom``."""
        dof = np.atleast_1d(self.dof)
        least, most = (f"{end:.4g}" for end in (dof.min(), dof.max()))
        span = least if least == most else f"{least} to {most}"
        return f"Student's t with {span} degrees of freedom"
