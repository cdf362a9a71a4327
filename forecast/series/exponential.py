"""ETS: exponential smoothing, averaged over forms and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.series.candidates import Candidates, LeastSquares, relative_weights, solve
from forecast.series.model import Recipe, Season, UnitFit
from forecast.series.naive import Naive
from forecast.series.scale import Scaled, check_scale, scaled, usual_scale
from forecast.series.smoothing import (
    TRENDS,
    Grid,
    grid_of,
    pass_over_data,
    pass_over_states,
)

__all__ = ["ETS", "ETSFit"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class ETS(Recipe):
    r"""Exponential smoothing with level, trend and seasons.

    The forms (no, additive or damped trend; seasons or none) and a grid of smoothing
    parameters are weighed by :math:`\exp(-\mathrm{AICc}/2)` instead of choosing one, and
    initial states are integrated over (`forecast.series.candidates`). Paths carry the
    doubt about all of these, which decides how honest the interval of a short series is.
    The equations are in `forecast.series.smoothing`.

    Parameters
    ----------
    trends : sequence of {"none", "additive", "damped"}, optional
        Forms to weigh. By default additive and damped for years (AICc cannot tell trends
        from noise in 20 values, and leaving them out cost most), all three otherwise.
    seasonal : bool, optional
        With or without seasons; by default both are weighed. Years have none.
    scale : {"auto", "log", "relative", "absolute"}
        See `forecast.series.scale`; a series with zeros is always "absolute".

    Notes
    -----
    Series with too few values for any form (less than five) are fitted by `Naive`. Gaps
    are periods that went as expected. Time grows with the length of a series and with the
    square of the number of seasons; about 3 ms for 20 years, 60 ms for ten years of
    months.

    Examples
    --------
    >>> import pandas as pd
    >>> years = pd.period_range("2010", periods=10, freq="Y")
    >>> flow = pd.Series([10.0, 10.8, 12.1, 12.9, 14.2, 15.1, 15.8, 17.2, 18.0, 19.1], years)
    >>> outlook = ETS().fit(flow).forecast("2021")
    >>> low, high = outlook.interval(0.8)
    >>> bool((low < outlook.median).all(axis=None) and (outlook.median < high).all(axis=None))
    True
    """

    trends: tuple[str, ...] | None = None
    seasonal: bool | None = None
    scale: str = "auto"

    def __post_init__(self) -> None:
        check_scale(self.scale)
        unknown = [trend for trend in self.trends or () if trend not in TRENDS]
        if unknown or self.trends == ():
            raise ModelError(
                f"trends={self.trends!r} is not possible",
                code="F-526",
                remedy=f"Choose some of {list(TRENDS)}.",
            )

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series; see `Recipe.fit_values`."""
        known = int(np.isfinite(y).sum())
        grids = list(self._forms(season.length, known))
        if not grids:
            return Naive().fit_values(y, season)
        scale = scaled(y, usual_scale(self.scale, season.length))
        return _fit(scale, grids, season.length)

    def _forms(self, length: int, known: int) -> Iterator[Grid]:
        """Give the forms that so many values can carry; at least a bare level."""
        trends = self.trends or (TRENDS if length > 1 else ("additive", "damped"))
        seasons = [False, True] if self.seasonal is None else [self.seasonal]
        wanted = [
            grid_of(trend, seasonal=seasonal)
            for trend in trends
            for seasonal in (seasons if length > 1 else [False])
        ]
        possible = [g for g in wanted if known > g.count_parameters(length) + 1]
        level = grid_of("none", seasonal=False)
        if not possible and known > level.count_parameters(length) + 1:
            possible = [level]
        yield from possible


@dataclass(frozen=True, slots=True)
class ETSFit:
    """Weighed candidates of one series; see `forecast.series.candidates`.

    Parameters of a candidate are alpha, beta, phi, gamma; its states level, slope, then
    one for each season of the year, that of the next period first.
    """

    scale: Scaled
    candidates: Candidates
    means: Floats
    residuals: Floats

    @property
    def fitted(self) -> Floats:
        """One-step medians in the unit of the data."""
        return self.scale.values(self.means)

    @property
    def params(self) -> Mapping[str, float]:
        """Weighed means of parameters and spread; the share of forms with trend, seasons."""
        c = self.candidates
        alpha, beta, phi, gamma = (c.weights @ c.parameters).tolist()
        return {
            "alpha": alpha,
            "beta": beta,
            "gamma": gamma,
            "phi": phi,
            "trend": float(c.weights @ (c.parameters[:, 2] > 0)),
            "seasonal": float(c.weights @ (np.abs(c.states[:, 2:]).max(axis=1) > 0)),
            "sigma": float(c.weights @ c.sigma),
        }

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        drawn = self.candidates.draw(shocks.shape[1], rng)
        alpha, beta, phi, gamma = drawn.parameters
        level, slope, *seasons = drawn.states
        x = np.empty_like(shocks)
        for step, shock in enumerate(shocks):
            k = step % len(seasons)
            base, slope = self.scale.advance(level, phi * slope)
            mean = base + seasons[k]
            x[step] = self.scale.observe(mean, drawn.sigma * shock)
            error = x[step] - mean
            level, slope = base + alpha * error, slope + beta * error
            seasons[k] = seasons[k] + gamma * error
        return self.scale.values(x)

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        still = self.paths(np.zeros((steps, 400)), np.random.default_rng(0))
        return np.asarray(np.median(still, axis=1))


# ------------------------------------------------------------------------------ fitting


@dataclass(frozen=True, slots=True)
class _Form:
    """One form fitted at all its candidates."""

    grid: Grid
    ends: Floats  # (s, J): states at the end with initial states zero
    reach: Floats  # (s, d, J): how initial states move them
    solved: LeastSquares
    criterion: Floats  # (J,): minus half of AICc


def _fit(scale: Scaled, grids: list[Grid], length: int) -> ETSFit:
    forms = [_fit_form(scale, grid, length) for grid in grids]
    prior = np.concatenate([form.grid.prior for form in forms])
    weights = relative_weights(np.concatenate([f.criterion for f in forms]), prior)
    kept = np.flatnonzero(weights)
    residuals = weights @ np.concatenate([form.solved.residuals for form in forms])
    d = max(form.reach.shape[1] for form in forms)
    candidates = Candidates(
        weights=weights[kept],
        parameters=np.concatenate([_parameters(form.grid) for form in forms])[kept],
        states=np.concatenate([_end_states(form) for form in forms])[kept],
        root=np.concatenate([_end_root(form, d) for form in forms])[kept],
        sigma=np.concatenate([form.solved.sigma for form in forms])[kept],
        df=np.concatenate([np.full(f.grid.alpha.size, f.solved.df) for f in forms])[
            kept
        ],
    )
    candidates = _turned(candidates, scale.x.size % length, length)
    return ETSFit(scale, candidates, scale.x - scale.weights * residuals, residuals)


def _fit_form(scale: Scaled, grid: Grid, length: int) -> _Form:
    """Solve for the initial states of all candidates and weigh them by AICc."""
    missing = np.isnan(scale.x)
    data = pass_over_data(scale.x, grid, length)
    states = pass_over_states(
        tuple(missing.tolist()), (grid.trend, grid.seasonal), length
    )
    design = -np.nan_to_num(states.errors).transpose(2, 0, 1)
    solved = solve(data.errors.T, design, scale.weights)
    k, n = grid.count_parameters(length), int((~missing).sum())
    charge = k + k * (k + 1) / (n - k - 1)
    return _Form(
        grid, data.states(), states.states(), solved, solved.log_likelihood() - charge
    )


def _parameters(grid: Grid) -> Floats:
    return np.stack([grid.alpha, grid.beta, grid.phi, grid.gamma], axis=1)


def _end_states(form: _Form) -> Floats:
    """Return states at the end given the solved initial states, shape (J, s)."""
    moved = np.einsum("sdj,jd->js", form.reach, form.solved.states)
    return np.asarray(form.ends.T + moved)


def _end_root(form: _Form, d: int) -> Floats:
    """Return a root of the covariance of end states, (J, s, d), padded with zeros."""
    root = np.einsum("sdj,jdk->jsk", form.reach, form.solved.root)
    return np.pad(root, ((0, 0), (0, 0), (0, d - root.shape[2])))


def _turned(candidates: Candidates, start: int, length: int) -> Candidates:
    """Turn the seasons so that the season of the next period comes first."""
    order = [0, 1, *(2 + (start + np.arange(length)) % length)]
    return Candidates(
        weights=candidates.weights,
        parameters=candidates.parameters,
        states=candidates.states[:, order],
        root=candidates.root[:, order],
        sigma=candidates.sigma,
        df=candidates.df,
    )
