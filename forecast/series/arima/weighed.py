"""One series fitted by ARIMA on one scale: weighed candidates, paths, standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.arima.differencing import Design
from forecast.series.arima.paths import simulate, start_of
from forecast.series.arima.recursions import (
    BOUND,
    Ends,
    Grid,
    Problems,
    ends,
    lagged,
)
from forecast.series.scales.scale import Scaled
from forecast.series.scales.spread import draw_sigma

__all__ = ["Weighed"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

NAMES = ("ar", "ma", "sar", "sma")

DRAWS = 64
"""Sets of parameters that paths are drawn from; each takes a pass over the data."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Weighed candidates of one series on one scale, the heaviest first.

    Attributes
    ----------
    scale : Scaled
    designs : tuple of Design
        One for each problem.
    problems : Problems
    grid : Grid
    which, index : int arrays of shape (J,)
        Problem and order of each candidate.
    weights : float array of shape (J,)
        Sum to 1.
    x : float array of shape (J, K)
        Parameters as in `forecast.series.arima.recursions`.
    information : float array of shape (J, K, K)
        On x, from the slopes of the errors; zero where an order has no parameter.
    now : Ends
        Where each candidate stands, without its trace.
    sigma, df : float arrays of shape (J,)
        Standard deviation of e, in units of `scale.weights`, and its degrees of freedom.
    spread : float array of shape (J,)
        The same in proportion to the level, if errors are drawn so; else sigma.
    log_likelihood : float
        Of the heaviest candidate; of logarithms on that scale, else in the unit of the data.
    evidence : float
        Log density of the data (whatever the scale) that the favoured design gives,
        charged for its parameters.
    means, residuals : float arrays of shape (n,)
    """

    scale: Scaled
    designs: tuple[Design, ...]
    problems: Problems
    grid: Grid
    which: Ints
    index: Ints
    weights: Floats
    x: Floats
    information: Floats
    now: Ends
    sigma: Floats
    df: Floats
    spread: Floats
    log_likelihood: float
    evidence: float
    means: Floats
    residuals: Floats

    @property
    def fitted(self) -> Floats:
        """One-step forecasts, in the unit of the data."""
        return self.scale.values(self.means)

    @property
    def order(self) -> tuple[int, int, int]:
        """p, d, q of the heaviest candidate."""
        return self._orders(0)[0]

    @property
    def seasonal_order(self) -> tuple[int, int, int]:
        """P, D, Q of the heaviest candidate."""
        return self._orders(0)[1]

    @property
    def candidates(self) -> Mapping[str, float]:
        """Weights of all candidates by name, such as "(0,1,1)(0,1,1) with drift"."""
        return {self._label(j): float(weight) for j, weight in enumerate(self.weights)}

    @property
    def params(self) -> Mapping[str, float]:
        """Coefficients of the heaviest candidate, in the unit of the data.

        ar1, ma1, sar1, sma1 ...; drift (a period) or mean; sigma; the orders of
        differences d and D.
        """
        design = self.designs[self.which[0]]
        named = dict(zip(self._names(), self._coefficients(self.x[0]), strict=True))
        if design.constant:
            constant = self.now.beta[0, -1]
            named[self._constant_name()] = self._constant_value(float(constant))
        return named | {
            "sigma": float(self.spread[0]) * self._unit_of_errors(),
            "d": float(design.plain),
            "D": float(design.seasonal),
        }

    @property
    def bse(self) -> Mapping[str, float]:
        """Standard errors of the coefficients in `params`, given the order."""
        own = self.grid.places(int(self.index[0]))
        slopes = np.empty((own.size, own.size))
        for column, place in enumerate(own):
            low, high = self.x[0].copy(), self.x[0].copy()
            low[place], high[place] = low[place] - 1e-5, high[place] + 1e-5
            slopes[:, column] = self._coefficients(high) - self._coefficients(low)
        slopes /= 2e-5
        information = self.information[0][np.ix_(own, own)] + 1e-8 * np.eye(own.size)
        variance = slopes @ np.linalg.inv(information) @ slopes.T
        named = dict(
            zip(self._names(), np.sqrt(np.diag(variance)).tolist(), strict=True)
        )
        design = self.designs[self.which[0]]
        if design.constant:
            doubt = self.now.doubt[0]
            per_period = design.season**design.seasonal
            size = self._unit if self.scale.kind != "log" else 1.0
            named[self._constant_name()] = float(
                self.sigma[0] * doubt * size / per_period
            )
        return named

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`; in the unit of the data."""
        steps, count = shocks.shape
        sets = min(DRAWS, count)
        each = -(-count // sets)
        pick = self._pick(sets, rng)
        x = self._draw(pick, rng)
        df = np.repeat(self.df[pick], each)
        wider = draw_sigma(np.ones(df.size), df, rng).reshape(sets, each)
        scores = rng.standard_normal((sets, each))
        padded = np.zeros((steps, sets * each))
        padded[:, :count] = shocks
        noise = padded.reshape(steps, sets, each)
        which = self.which[pick]
        now = ends(self.problems, self.grid, which, self.index[pick], x)
        start = start_of(self.scale, self.designs, which, now)
        shift = (start.doubt * self.sigma[pick])[:, None] * wider * scores
        spread = self.spread[pick][:, None] * wider
        values = simulate(self.scale, start, spread, shift, noise)
        return self.scale.values(values.reshape(steps, -1)[:, :count])

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        start = start_of(self.scale, self.designs, self.which, self.now)
        still = np.zeros((self.weights.size, 1))
        noise = np.zeros((steps, self.weights.size, 1))
        means = simulate(self.scale, start, still, still, noise)
        return self.scale.values((means[:, :, 0] * self.weights).sum(axis=1))

    # ---------------------------------------------------------------------- inside

    def _pick(self, sets: int, rng: np.random.Generator) -> Ints:
        """Pick candidates as often as they weigh, by equal steps from a random start."""
        heights = np.cumsum(self.weights)
        steps = (np.arange(sets) + rng.random()) / sets * heights[-1]
        pick = np.searchsorted(heights, steps, side="right")
        return np.minimum(pick, self.weights.size - 1)

    def _draw(self, pick: Ints, rng: np.random.Generator) -> Floats:
        """Draw parameters around the estimates; x may be anything, so all are stationary.

        As if x were known beforehand to 1 around the estimate: where the likelihood is
        flat, at the edge of what is invertible, a normal distribution has no end.
        """
        scores = rng.standard_normal((pick.size, self.x.shape[1]))
        lower = np.linalg.cholesky(self.information + np.eye(self.x.shape[1]))
        roots = np.swapaxes(np.linalg.inv(lower), 1, 2)
        used = np.diagonal(self.information, axis1=1, axis2=2) > 0
        roots = np.where(used[:, :, None], roots, 0.0)
        moved = np.einsum("jkl,jl->jk", roots[pick], scores)
        return np.clip(self.x[pick] + moved, -BOUND, BOUND)

    def _orders(self, j: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        p, q, P, Q = self.grid.orders[self.index[j]].tolist()
        design = self.designs[self.which[j]]
        return (p, design.plain, q), (P, design.seasonal, Q)

    def _label(self, j: int) -> str:
        order, years = ("({},{},{})".format(*part) for part in self._orders(j))
        design = self.designs[self.which[j]]
        kind = " with drift" if design.lost else " with mean"
        return (
            order
            + (years if design.season > 1 else "")
            + (kind if design.constant else "")
        )

    def _names(self) -> list[str]:
        order = self.grid.orders[self.index[0]]
        return [f"{NAMES[i]}{k + 1}" for i in range(4) for k in range(order[i])]

    def _coefficients(self, x: Floats) -> Floats:
        parts = lagged(x, self.grid.longest)
        order = self.grid.orders[self.index[0]]
        return np.concatenate([part[:k] for part, k in zip(parts, order, strict=True)])

    @property
    def _unit(self) -> float:
        """What the scale divides by; on the scale of roots, its root."""
        return float(self.scale.unit**self.scale.power)

    def _constant_name(self) -> str:
        return "drift" if self.designs[self.which[0]].lost else "mean"

    def _constant_value(self, constant: float) -> float:
        design = self.designs[self.which[0]]
        drift = constant / design.season**design.seasonal
        if self.scale.kind != "log":
            return drift * self._unit
        return drift if design.lost else drift + float(np.log(self.scale.unit))

    def _unit_of_errors(self) -> float:
        return self._unit if self.scale.kind == "absolute" else 1.0
