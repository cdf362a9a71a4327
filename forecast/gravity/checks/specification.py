"""The result of a specification test."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.gravity.derived.hypotheses import WaldTest, wald_test
from forecast.gravity.derived.record import FitRecord
from forecast.gravity.derived.restrictions import restrictions_of
from forecast.gravity.records import Floats

__all__ = ["SpecificationTest", "conclude"]


@dataclass(frozen=True)
class SpecificationTest:
    """A test of the model, made from an auxiliary regression.

    Attributes
    ----------
    name : str
    null : str
        What is true if the test does not reject.
    wald : WaldTest
        Of the coefficients concerned in the auxiliary regression.
    statistic, p_value : float
        A t-statistic where the test is one-sided, else that of `wald`.
    source : str
        Paper and equation.
    auxiliary : GravityFit
        The auxiliary regression.
    notes : tuple of str
    """

    name: str
    null: str
    wald: WaldTest
    statistic: float
    p_value: float
    source: str
    auxiliary: FitRecord = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def estimate(self) -> Floats:
        """Coefficients concerned less their values under the null, shape (m,)."""
        return self.wald.estimate

    @property
    def std_error(self) -> Floats:
        """Their standard errors, shape (m,)."""
        return self.wald.std_error

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper ends around `estimate`, shapes (m,)."""
        return self.wald.interval(level)

    def to_frame(self) -> pd.DataFrame:
        """One row: ``test, null, statistic, dof, dof_denominator, p_value, reference``."""
        return pd.DataFrame(
            {
                "test": [self.name],
                "null": [self.null],
                "statistic": [self.statistic],
                "dof": [self.wald.dof],
                "dof_denominator": [self.wald.dof_denominator],
                "p_value": [self.p_value],
                "reference": [self.wald.reference],
            }
        )

    def __str__(self) -> str:
        first = (
            f"{self.name}: {self.statistic:.4g} ({self.wald.reference}), "
            f"p = {self.p_value:.4f}"
        )
        return "\n".join([first, f"Null: {self.null}", *self.notes])


def conclude(
    auxiliary: FitRecord,
    terms: list[str],
    *,
    name: str,
    null: str,
    source: str,
    notes: tuple[str, ...] = (),
    value: float = 0.0,
) -> SpecificationTest:
    """Test that coefficients of an auxiliary regression have a value."""
    R = np.zeros((len(terms), len(auxiliary.terms)))
    for row, term in enumerate(terms):
        R[row, auxiliary.terms.index(term)] = 1.0
    restrictions = restrictions_of(R, value, auxiliary.terms)
    wald = wald_test(restrictions, auxiliary.beta, auxiliary.covariance)
    return SpecificationTest(
        name=name,
        null=null,
        wald=wald,
        statistic=wald.statistic,
        p_value=wald.p_value,
        source=source,
        auxiliary=auxiliary,
        notes=notes,
    )
