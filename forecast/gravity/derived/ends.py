"""Reference distributions of combinations of coefficients."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.inference.reference import Normal, Reference, Student
from forecast.gravity.records import Floats, Ints

__all__ = ["Ends", "denominator", "ends_of", "joint_denominator"]


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


def ends_of(reference: Reference, slopes: Floats) -> Ends:
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


def _least(reference: Student, involved: Ints, k: int) -> float:
    """The fewest degrees of freedom of the coefficients concerned."""
    dof = np.broadcast_to(reference.dof, (k,))
    return float(dof[involved].min() if involved.size else dof.min())


def denominator(ends: Ends) -> float:
    """Degrees of freedom of a single statistic; infinite without Student's t."""
    return float(ends.reference.dof) if isinstance(ends.reference, Student) else np.inf


def joint_denominator(reference: Reference, R: Floats) -> float:
    """Degrees of freedom of the denominator of F, infinite for chi-squared.

    Raises
    ------
    ModelError
        F-569 if the distribution is one of single coefficients.
    """
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
