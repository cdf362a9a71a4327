"""What every fit is: its recipe, its data and its estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.gravity.inference.covariance import Covariance
from forecast.gravity.inference.row_keys import RowKeys
from forecast.gravity.records import Design, Estimate, Floats
from forecast.gravity.samples.sample import Sample

if TYPE_CHECKING:
    from forecast.gravity.model import Gravity

__all__ = ["FitRecord"]


@dataclass(frozen=True, repr=False, eq=False)
class FitRecord:
    """An estimate with what it rests on; `GravityFit` documents the attributes."""

    recipe: Gravity
    design: Design
    drawn: Sample
    estimate: Estimate
    covariance: Covariance
    keys: RowKeys

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the regressors with a coefficient."""
        return self.drawn.terms

    @property
    def beta(self) -> Floats:
        """Coefficients (k,), corrected for bias where the covariance says so."""
        bias = self.covariance.bias
        return self.estimate.beta if bias is None else self.estimate.beta - bias
