"""What a regression on indicators leaves of each unit, and its paths.

Two kinds of unit: `ErrorsFit`, whose errors are ARMA, and `AdjustedFit`, where any other
model forecasts the series without what the indicators did to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.series.contract.model import Season, UnitFit
from forecast.series.regression.terms import Term
from forecast.series.scales.scale import CEILING, Scaled
from forecast.series.scales.spread import draw_sigma

__all__ = ["AdjustedFit", "Drivers", "ErrorsFit", "Lines", "Memory"]

Floats = NDArray[np.floating[Any]]

LARGEST_LOG = float(np.log(CEILING))


@dataclass(frozen=True, eq=False, slots=True)
class Drivers:
    """The indicators of one unit: what they were, how they act and what they will be.

    Attributes
    ----------
    terms : tuple of Term
    shares : tuple of float
        What each term keeps from one period to the next.
    positions : tuple of int
        Column of each term among the columns of `past`.
    past : float array of shape (m, k)
        From the first period of the panel to the unit's last value.
    beta : float array of shape (K,)
        Slopes.
    root : float array of shape (K, K)
        A root of their covariance.
    ahead : float array of shape (h, K, n_paths)
        Regressors of the periods to come; empty before `given`.
    drawn : float array of shape (K, n_paths)
        Standard normal numbers for the slopes, the same in all units.
    """

    terms: tuple[Term, ...]
    shares: tuple[float, ...]
    positions: tuple[int, ...]
    past: Floats
    beta: Floats
    root: Floats
    ahead: Floats
    drawn: Floats

    def regressors(self, x: Floats) -> Floats:
        """Return the terms' regressors, shapes (T, k, ...) -> (T, K, ...)."""
        found = [
            term.basis(x[:, position], share)
            for term, share, position in zip(
                self.terms, self.shares, self.positions, strict=True
            )
        ]
        if not found:
            return np.empty((x.shape[0], 0, *x.shape[2:]))
        return np.moveaxis(np.concatenate(found), 0, 1)

    def given(self, future: Floats, rng: np.random.Generator) -> Drivers:
        """Return the same with paths of the columns, shape (h, k, n_paths)."""
        lowest = np.nanmin(self.past, axis=0, initial=np.inf)
        floor = np.where(lowest > 0, 1e-6 * lowest, -np.inf)
        paths = future.shape[2]
        past = np.repeat(self.past[:, :, None], paths, axis=2)
        whole = np.concatenate([past, np.maximum(future, floor[None, :, None])])
        ahead = np.nan_to_num(self.regressors(whole)[len(past) :])
        drawn = rng.standard_normal((self.beta.size, paths))
        return replace(self, ahead=ahead, drawn=drawn)

    def told(self) -> Floats:
        """Return the regressors of the periods to come; F-684 before they are given."""
        if self.beta.size and not self.ahead.size:
            raise ModelError(
                "a series with indicators is asked for forecasts without their future",
                code="F-684",
                remedy="Forecast with the whole fit, fit.forecast(horizon): it gives each "
                "series the future of its indicators.",
            )
        return self.ahead

    def slopes(self, paths: int) -> Floats:
        """Draw the slopes, shape (K, n_paths)."""
        if not self.told().size:
            return np.empty((0, paths))
        return self.beta[:, None] + self.root @ self.drawn


@dataclass(frozen=True, eq=False, slots=True)
class Lines:
    """A unit's own regressors: constant, line, seasons.

    Attributes
    ----------
    count : int
        Length of the unit's series.
    trend : bool
    seasons : bool
    season : Season
    """

    count: int
    trend: bool
    seasons: bool
    season: Season

    def rows(self, start: int, count: int) -> Floats:
        """Return rows of the design from a time on, shape (count, q)."""
        times = np.arange(start, start + count)
        columns = [np.ones(count)]
        if self.trend:
            columns.append((times - (self.count - 1) / 2) / max(self.count, 1))
        if self.seasons:
            position = self.season.positions(start, count)
            columns += [
                (position == s).astype(float) - (position == self.season.length - 1)
                for s in range(self.season.length - 1)
            ]
        return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False, slots=True)
class Memory:
    r"""Points of the grid that a unit's errors may have, and all that follows from each.

    Attributes
    ----------
    weights, rho, theta, sigma : float arrays of shape (C,)
    df : float
    own : float array of shape (C, q)
        Own coefficients at the estimated slopes.
    lean : float array of shape (C, q, K)
        How own coefficients move with the slopes.
    root : float array of shape (C, q, q)
        A root of their covariance, in units of sigma.
    reach : float array of shape (C, n)
        Turns errors at known times into the expected last innovation.
    doubt : float array of shape (C,)
        Standard deviation of that innovation, in units of sigma.
    """

    weights: Floats
    rho: Floats
    theta: Floats
    sigma: Floats
    df: float
    own: Floats
    lean: Floats
    root: Floats
    reach: Floats
    doubt: Floats


@dataclass(frozen=True, eq=False, slots=True)
class ErrorsFit:
    """One unit with ARMA errors around its line and its indicators.

    Attributes
    ----------
    scale : Scaled
        Logarithms.
    design : float array of shape (n_known, q)
        Own regressors at known times.
    x, z : float arrays of shape (n_known,), (n_known, K)
        Values, and the terms' regressors.
    """

    scale: Scaled
    lines: Lines
    drivers: Drivers
    memory: Memory
    design: Floats
    x: Floats
    z: Floats
    means: Floats
    residuals: Floats
    named: Mapping[str, float]

    @property
    def fitted(self) -> Floats:
        """One-step medians in the unit of the data."""
        return self.scale.values(self.means)

    @property
    def params(self) -> Mapping[str, float]:
        """Slopes, then weighed means of memory, drift and spread."""
        m = self.memory
        drift = (
            float(m.weights @ m.own[:, 1]) / self.lines.count
            if self.lines.trend
            else 0.0
        )
        return {
            **self.named,
            "rho": float(m.weights @ m.rho),
            "theta": float(m.weights @ m.theta),
            "trend": drift,
            "sigma": float(m.weights @ m.sigma),
        }

    def given(self, future: Floats, rng: np.random.Generator) -> Self:
        """Return the fit with paths of the columns, shape (h, k, n_paths)."""
        return replace(self, drivers=self.drivers.given(future, rng))

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        m, (steps, paths) = self.memory, shocks.shape
        picked = np.searchsorted(np.cumsum(m.weights)[:-1], rng.random(paths))
        sigma = draw_sigma(m.sigma[picked], np.full(paths, m.df), rng)
        noise = rng.standard_normal((m.own.shape[1], paths))
        late = rng.standard_normal((paths,))
        shared = self.drivers.slopes(paths)
        own = np.empty((m.own.shape[1], paths))
        last, innovation = np.empty(paths), np.empty(paths)
        for c in np.unique(picked):
            mine = picked == c
            own[:, mine] = self._own(
                int(c), shared[:, mine], sigma[mine] * noise[:, mine]
            )
            errors = self._errors(own[:, mine], shared[:, mine])
            last[mine] = errors[-1]
            innovation[mine] = (
                m.reach[c] @ errors + m.doubt[c] * sigma[mine] * late[mine]
            )
        x = np.empty_like(shocks)
        rho, theta, rows = m.rho[picked], m.theta[picked], self._rows(steps)
        error: Floats = last
        for step, shock in enumerate(shocks):
            fresh = sigma * shock
            error = rho * error + fresh + theta * innovation
            innovation = fresh
            x[step] = self._line(rows[step], step, own, shared) + error
        return self.scale.values(x)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        m, x, rows = self.memory, np.zeros(steps), self._rows(steps)
        still = replace(self, drivers=_still(self.drivers))
        shared, own = self.drivers.beta[:, None], m.own.T
        errors = still._errors(own, shared)
        error, innovation = errors[-1], (m.reach * errors.T).sum(axis=1)
        for step in range(steps):
            error = m.rho * error + m.theta * innovation
            innovation = np.zeros_like(innovation)
            line = still._line(rows[step], step, own, shared)
            x[step] = float(m.weights @ (line + error))
        return self.scale.values(x)

    # ------------------------------------------------------------------------ inside

    def _own(self, c: int, shared: Floats, noise: Floats) -> Floats:
        """Return own coefficients given the shared slopes, shape (q, n_paths)."""
        m = self.memory
        own = m.own[c][:, None] + m.root[c] @ noise
        if shared.shape[0]:
            own = own + m.lean[c] @ (shared - self.drivers.beta[:, None])
        return np.asarray(own)

    def _errors(self, own: Floats, shared: Floats) -> Floats:
        """Return errors at known times, shape (n_known, n_paths)."""
        return np.asarray(self.x[:, None] - self.design @ own - self.z @ shared)

    def _rows(self, steps: int) -> Floats:
        """Return own regressors of the periods to come, shape (steps, q)."""
        return self.lines.rows(self.lines.count, steps)

    def _line(self, row: Floats, step: int, own: Floats, shared: Floats) -> Floats:
        """Return the regression's mean some steps ahead, shape (n_paths,)."""
        line = row @ own
        if shared.shape[0]:
            line = line + (self.drivers.told()[step] * shared).sum(axis=0)
        return np.asarray(line)


@dataclass(frozen=True, eq=False, slots=True)
class AdjustedFit:
    """One unit whose series without its indicators another model forecasts.

    Attributes
    ----------
    inner : UnitFit
        Fitted to the series as if indicators had always been what they were last.
    drivers : Drivers
    last : float array of shape (K,)
        Regressors at the last value.
    effect : float array of shape (n,)
        Logarithm of what indicators did at each time, against the last.
    ceiling : float
    """

    inner: UnitFit
    drivers: Drivers
    last: Floats
    effect: Floats
    ceiling: float
    named: Mapping[str, float]

    @property
    def fitted(self) -> Floats:
        """One-step medians in the unit of the data."""
        return self._times(self.inner.fitted, self.effect)

    @property
    def residuals(self) -> Floats:
        """Those of the model."""
        return self.inner.residuals

    @property
    def params(self) -> Mapping[str, float]:
        """Slopes, then those of the model."""
        return {**self.named, **self.inner.params}

    def given(self, future: Floats, rng: np.random.Generator) -> Self:
        """Return the fit with paths of the columns, shape (h, k, n_paths)."""
        return replace(self, drivers=self.drivers.given(future, rng))

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        return self._moved(self.inner.paths(shocks, rng), self.drivers, shocks.shape[1])

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        middle = self.inner.center(steps)[:, None]
        return self._moved(middle, _still(self.drivers), 1)[:, 0]

    def _moved(self, values: Floats, drivers: Drivers, paths: int) -> Floats:
        if not self.last.size:
            return values
        change = drivers.told()[: values.shape[0]] - self.last[:, None]
        return self._times(values, (change * drivers.slopes(paths)).sum(axis=1))

    def _times(self, values: Floats, logs: Floats) -> Floats:
        factor = np.exp(np.clip(logs, -LARGEST_LOG, LARGEST_LOG))
        return np.asarray(np.minimum(values, self.ceiling / factor) * factor)


def _still(drivers: Drivers) -> Drivers:
    """Return drivers without chance: the mean of their paths, the slopes as estimated."""
    ahead = drivers.told()
    mean = ahead.sum(axis=2, keepdims=True) / max(ahead.shape[2], 1)
    return replace(drivers, ahead=mean, drawn=np.zeros((drivers.beta.size, 1)))
