"""Exports and imports of a pair together: VAR of growth rates, VECM of levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts import Forecast, unit_rng
from forecast.periods import FREQUENCIES, frequency_of
from forecast.series.contract.model import (
    Pool,
    Recipe,
    Season,
    SeriesFit,
    UnitFit,
)
from forecast.series.contract.samples import Sample
from forecast.series.pairs.vector_estimates import PairEstimate, estimate_pair
from forecast.series.plain.naive import Drift

__all__ = ["VAR", "PairSide", "VARFit"]

Floats = NDArray[np.floating[Any]]

FEWEST_TOGETHER = 10
"""Common periods of a pair below which two equations tell less than each series alone."""


@dataclass(frozen=True, slots=True)
class VAR(Recipe):
    r"""Both directions of trade of each pair together, in logarithms.

    .. math:: \Delta x_t = c + d_{s(t)} + \Gamma \Delta x_{t-1}
              + \alpha \beta' x_{t-1} + u_t, \qquad u_t \sim N(0, \Sigma),

    with :math:`x` the logarithms of exports and imports. With :math:`\alpha = 0` it is a
    VAR of growth rates, else a VECM: :math:`\beta' x` is the balance that the pair returns
    to. See `forecast.series.pairs.vector_estimates` for the choices and priors. Paths of both
    directions are joint: innovations have the pair's own covariance, and parameters and
    covariance are drawn from their posterior.

    Parameters
    ----------
    cointegrated : bool, optional
        Whether there is a balance to return to; by default as Johansen's test says.
    single : Recipe
        Fits what is no pair: one direction only, zeros, gaps, directions that end apart,
        less than ten common periods. A note tells how many.

    Examples
    --------
    >>> from forecast.panel import TradePanel
    >>> walk = np.exp(np.random.default_rng(1).normal(0.05, 0.1, (2, 20)).cumsum(axis=1))
    >>> table = pd.DataFrame({
    ...     "exporter": ["KZ"] * 20 + ["RU"] * 20, "importer": ["RU"] * 20 + ["KZ"] * 20,
    ...     "year": list(range(2000, 2020)) * 2, "flow": walk.ravel(),
    ... })
    >>> panel = TradePanel.from_frame(
    ...     table, origin="exporter", destination="importer", period="year", flow="flow"
    ... )
    >>> fit = VAR().fit(panel)
    >>> len(fit.pairs), fit.forecast(2, paths=100).draws.shape
    (1, (2, 2, 100))
    """

    cointegrated: bool | None = None
    single: Recipe = Drift()

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series, which is no pair, by `single`."""
        return self.single.fit_values(y, season)

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> VARFit:
        """Fit pairs together and the rest alone; see `Recipe.fit`."""
        alone = self.single.fit_to(sample, pool=pool)
        pairs, reasons = _pairs(sample, alone.spans)
        fits = list(alone.units_fitted)
        for first, second in pairs:
            start = max(alone.spans[first][0], alone.spans[second][0])
            stop = alone.spans[first][1]
            x = np.log(sample.values[[first, second], start:stop])
            estimate = estimate_pair(
                x,
                FREQUENCIES[frequency_of(sample.periods)],
                cointegrated=self.cointegrated,
            )
            for side, row in enumerate((first, second)):
                missing = start - alone.spans[row][0]
                fits[row] = PairSide(estimate, side, missing)
        return VARFit(self, sample, tuple(fits), alone.spans, pairs, reasons)


@dataclass(frozen=True, slots=True)
class PairSide:
    """One direction of a fitted pair.

    Attributes
    ----------
    estimate : PairEstimate
    side : {0, 1}
    missing : int
        Periods of this direction before the first common one; they were not fitted.
    """

    estimate: PairEstimate
    side: int
    missing: int

    @property
    def fitted(self) -> Floats:
        """One-step medians in the unit of the data."""
        return np.exp(self._padded(self.estimate.means[self.side]))

    @property
    def residuals(self) -> Floats:
        """Errors of logarithms."""
        return self._padded(self.estimate.residuals[self.side])

    @property
    def params(self) -> Mapping[str, float]:
        """Growth, what carries over, adjustment to the balance, spread, correlation."""
        e, own, other = self.estimate, self.side, 1 - self.side
        sd = np.sqrt(np.diag(e.sigma))
        return {
            "growth": float(e.growth[own]),
            "own_lag": float(e.coefficients[e.lag_rows[own], own]) if e.lags else 0.0,
            "other_lag": float(e.coefficients[e.lag_rows[other], own])
            if e.lags
            else 0.0,
            "adjustment": float(e.coefficients[-1, own]) if e.cointegrated else 0.0,
            "sigma": float(sd[own]),
            "correlation": float(e.sigma[0, 1] / max(sd[0] * sd[1], 1e-300)),
        }

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`; the other direction's shocks are drawn beside."""
        other = rng.spawn(1)[0].standard_normal(shocks.shape)
        both = [shocks, other] if self.side == 0 else [other, shocks]
        return self.estimate.paths(np.stack(both), 0.0, rng)[self.side]

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        return np.exp(self.estimate.center(steps)[self.side])

    def _padded(self, values: Floats) -> Floats:
        return np.concatenate([np.full(self.missing, np.nan), values])


@dataclass(frozen=True, eq=False, repr=False)
class VARFit(SeriesFit):
    """Pairs fitted together, other units alone.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Rows of the two directions.
    reasons : tuple of str
        Why each other unit was fitted alone.
    """

    pairs: tuple[tuple[int, int], ...]
    reasons: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """How many units were fitted alone, and why."""
        if not self.reasons:
            return ()
        recipe = self.recipe
        name = recipe.single.name if isinstance(recipe, VAR) else recipe.name
        counts = Counter(self.reasons).most_common()
        why = ", ".join(f"{count} {reason}" for reason, count in counts)
        return (
            f"{len(self.reasons)} of {len(self.spans)} units were fitted alone, by "
            f"{name}: {why}",
        )

    def forecast(
        self,
        horizon: int | str | pd.Period,
        *,
        paths: int = 2000,
        seed: int = 0,
        largest_gb: float = 4.0,
        indicators: Any = None,
    ) -> Forecast:
        """Simulate joint sample paths; those of a pair with its own covariance."""
        raw = SeriesFit.forecast(
            self,
            horizon,
            paths=paths,
            seed=seed,
            largest_gb=largest_gb,
            indicators=indicators,
        )
        known_to = self.sample.values.shape[1]
        behind = known_to - min(stop for _, stop in self.spans)
        shocks = self._shocks(behind + len(raw.periods), paths, seed)
        draws = raw.draws.copy()
        loadings = self.dependence.loadings
        for first, second in self.pairs:
            late = known_to - self.spans[first][1]
            side = self.units_fitted[first]
            if not isinstance(side, PairSide):  # pragma: no cover
                continue
            rng = unit_rng(seed, "parameters", *self._key(first), *self._key(second))
            mine = side.estimate.paths(
                shocks[[first, second], behind - late :],
                float(loadings[first] @ loadings[second]),
                rng,
            )
            draws[[first, second]] = mine[:, late:]
        return replace(raw, draws=draws)


def _pairs(
    sample: Sample, spans: tuple[tuple[int, int], ...]
) -> tuple[tuple[tuple[int, int], ...], tuple[str, ...]]:
    """Return rows of the two directions of each pair, and why other units have none."""
    if sample.origin is None or sample.destination is None:
        return (), tuple("without directions" for _ in spans)
    ends = [sample.origin, sample.destination]
    back = [sample.destination, sample.origin]
    others = [key for key in sample.units.columns if key not in ends]
    keys = list(sample.units[[*ends, *others]].itertuples(index=False, name=None))
    mirrored = list(sample.units[[*back, *others]].itertuples(index=False, name=None))
    rows = {key: row for row, key in enumerate(keys)}
    pairs, reasons = [], []
    for row, mirror in enumerate(mirrored):
        other = rows.get(mirror)
        reason = (
            "one direction only"
            if other is None or other == row
            else _obstacle(sample.values, spans, row, other)
        )
        if reason:
            reasons.append(reason)
        elif other is not None and str(keys[row]) < str(keys[other]):
            pairs.append((row, other))
    return tuple(pairs), tuple(reasons)


def _obstacle(
    values: Floats, spans: tuple[tuple[int, int], ...], row: int, other: int
) -> str:
    """Say why two directions cannot be fitted together; nothing if they can."""
    start, stop = max(spans[row][0], spans[other][0]), spans[row][1]
    if stop != spans[other][1]:
        return "whose directions end apart"
    together = values[[row, other], start:stop]
    if together.shape[1] < FEWEST_TOGETHER:
        return f"with less than {FEWEST_TOGETHER} common periods"
    if np.isnan(together).any():
        return "with gaps"
    return "with zeros" if (together <= 0).any() else ""
