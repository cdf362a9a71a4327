"""One series fitted by ARIMA, on one scale or between two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.arima.weighed import Weighed

__all__ = ["ARIMAFit"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class ARIMAFit:
    """One series, fitted on one scale or on two of which the mean is taken.

    Attributes
    ----------
    parts : tuple of Weighed
        One for each scale; see `forecast.series.arima.fit`.
    shares : tuple of float
        Their weights in point forecasts; they sum to 1.
    """

    parts: tuple[Weighed, ...]
    shares: tuple[float, ...]

    @property
    def heaviest(self) -> Weighed:
        """The part with the largest share, which parameters are told of."""
        return self.parts[int(np.argmax(self.shares))]

    @property
    def fitted(self) -> Floats:
        """One-step forecasts, in the unit of the data."""
        return self._mean([part.fitted for part in self.parts])

    @property
    def residuals(self) -> Floats:
        """Errors in units of their standard deviation."""
        return self._mean([part.residuals for part in self.parts])

    @property
    def order(self) -> tuple[int, int, int]:
        """p, d, q of the heaviest candidate."""
        return self.heaviest.order

    @property
    def seasonal_order(self) -> tuple[int, int, int]:
        """P, D, Q of the heaviest candidate."""
        return self.heaviest.seasonal_order

    @property
    def candidates(self) -> Mapping[str, float]:
        """Weights by name, such as "(0,1,1)(0,1,1) with drift, log"; they sum to 1."""
        return {
            f"{name}, {'log' if part.scale.kind == 'log' else 'plain'}": share * weight
            for part, share in zip(self.parts, self.shares, strict=True)
            for name, weight in part.candidates.items()
        }

    @property
    def params(self) -> Mapping[str, float]:
        """Coefficients of the heaviest candidate, in the unit of the data.

        ar1, ma1, sar1, sma1 ...; drift (a period) or mean; sigma; the orders of
        differences d and D; log, the share of logarithms.
        """
        logs = sum(
            share
            for part, share in zip(self.parts, self.shares, strict=True)
            if part.scale.kind == "log"
        )
        return dict(self.heaviest.params) | {"log": float(logs)}

    @property
    def bse(self) -> Mapping[str, float]:
        """Standard errors of the coefficients in `params`, given order and scale."""
        return self.heaviest.bse

    @property
    def log_likelihood(self) -> float:
        """Of the heaviest candidate: of logarithms on that scale, else of the data."""
        return self.heaviest.log_likelihood

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`.

        With two scales a path lies between theirs after the same shocks, at a place drawn
        from a beta distribution whose mean are the shares: uniform if they are equal.
        """
        first = self.parts[0].paths(shocks, rng)
        if len(self.parts) == 1:
            return first
        second = self.parts[1].paths(shocks, rng)
        between = rng.beta(2 * self.shares[0], 2 * self.shares[1], shocks.shape[1])
        return np.asarray(between * first + (1 - between) * second)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        return self._mean([part.center(steps) for part in self.parts])

    def _mean(self, rows: list[Floats]) -> Floats:
        return np.asarray(
            sum(share * row for share, row in zip(self.shares, rows, strict=True))
        )
