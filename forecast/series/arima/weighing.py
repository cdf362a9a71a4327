"""How candidates of ARIMA weigh: orders by AICc, differences by what all explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.arima.differencing import Design
from forecast.series.arima.recursions import Ends, Grid, Problems, ends
from forecast.series.arima.search import SMALLEST_ERROR, Estimates
from forecast.series.arima.weighed import Weighed
from forecast.series.scales.scale import Scaled, scaled

__all__ = ["Case", "weigh"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LIGHTEST = 0.01
"""Candidates below this share of the heaviest weight are left out."""


@dataclass(frozen=True, slots=True)
class Case:
    """A series on a scale, with designs for it.

    Attributes
    ----------
    scale : Scaled
    designs : list of Design
        Those of its problems, which follow each other.
    prior : list of float
        How likely each design is beforehand, up to a factor.
    first : int
        Its first problem among all.
    """

    scale: Scaled
    designs: Sequence[Design]
    prior: Sequence[float]
    first: int

    @property
    def mine(self) -> slice:
        """Where its problems stand among all."""
        return slice(self.first, self.first + len(self.designs))


def weigh(
    cases: Sequence[Case], problems: Problems, grid: Grid, found: Estimates
) -> list[Weighed]:
    """Weigh the estimates of each case and keep what counts, the heaviest first."""
    criteria = _criteria(cases, problems, grid, found)
    kept = [_kept(case, criteria) for case in cases]
    which = np.concatenate([own // grid.counts.size for own, _ in kept])
    index = np.concatenate([own % grid.counts.size for own, _ in kept])
    x, figures = found.x[which, index], found.figures[which, index]
    seen = ends(problems, grid, which, index, x, traced=True)
    curvature = found.curvature[which, index]
    information = (
        curvature * (figures[:, 2] / np.maximum(figures[:, 0], 1e-300))[:, None, None]
    )
    fits, start = [], 0
    for case, (own, weights) in zip(cases, kept, strict=True):
        part = slice(start, start + own.size)
        start += own.size
        g, o = which[part], index[part]
        sigma, places = criteria.sigma[g, o], problems.place[case.mine]
        now = _cut(seen, part, places)
        spread, sizes = _spread(case, g - case.first, sigma, now)
        means, residuals = _one_step(case, g - case.first, weights, spread, sizes, now)
        fits.append(
            Weighed(
                scale=case.scale,
                designs=tuple(case.designs),
                problems=_own(problems, case.mine),
                grid=grid,
                which=g - case.first,
                index=o,
                weights=weights,
                x=x[part],
                information=information[part],
                now=replace(now, trace=np.zeros((0, 2, 0))),
                sigma=sigma,
                df=criteria.df[g, o],
                spread=spread,
                log_likelihood=float(criteria.log_likelihood[g[0], o[0]])
                - _in_unit(case, int(g[0]), float(figures[part][0, 2])),
                evidence=_evidence(case, criteria.own[case.first]),
                means=means,
                residuals=residuals,
            )
        )
    return fits


@dataclass(frozen=True, slots=True)
class _Criteria:
    """Of all problems at all orders, (G, O); NaN where there is no estimate."""

    log_likelihood: Floats
    own: Floats
    common: Floats
    sigma: Floats
    df: Floats


def _criteria(
    cases: Sequence[Case], problems: Problems, grid: Grid, found: Estimates
) -> _Criteria:
    """Charge likelihoods for parameters as AICc does, halved."""
    constant = np.array([[d.constant] for case in cases for d in case.designs])
    count = 1 + grid.counts + constant
    free, variance = found.figures[:, :, 2], found.variance
    lengths = (problems.known - problems.place[:, 4]).astype(float)
    likelihood = found.log_likelihood
    return _Criteria(
        log_likelihood=likelihood,
        own=likelihood - _charge(count, free),
        common=found.compared(lengths) - _charge(count, lengths[:, None]),
        sigma=np.sqrt(variance * free / (free - count + 1)),
        df=free - count + 1,
    )


def _charge(count: Ints, free: Floats) -> Floats:
    return np.asarray(count + count * (count + 1) / np.maximum(free - count - 1, 0.5))


def _kept(case: Case, criteria: _Criteria) -> tuple[Ints, Floats]:
    """Return places of the candidates that count (among all) and their weights.

    Orders of a design weigh by AICc, designs by prior times the root of the likelihood of
    values that all of them explain.
    """
    own, common = criteria.own[case.mine], criteria.common[case.mine]
    evidence = np.sqrt(np.nansum(np.exp(common - np.nanmax(common)), axis=1))
    within = np.nan_to_num(np.exp(own - np.nanmax(own, axis=1, keepdims=True)))
    within *= (evidence * case.prior / within.sum(axis=1))[:, None]
    flat = within.ravel()
    kept = np.flatnonzero(flat >= LIGHTEST * flat.max())
    kept = kept[np.argsort(-flat[kept], kind="stable")]
    return kept + case.first * own.shape[1], flat[kept] / flat[kept].sum()


def _evidence(case: Case, own: Floats) -> float:
    """Return the log density of the data that the first design gives, so charged."""
    scale, lost = case.scale, case.designs[0].lost
    best = np.nanmax(own)
    density = best + np.log(np.nansum(np.exp(own - best)))
    sizes = np.log(scale.weights[lost:]).sum()
    if scale.kind == "log":
        sizes += np.nansum(scale.x[lost:])
    return float(density - sizes)


def _in_unit(case: Case, problem: int, free: float) -> float:
    """Return what a log-likelihood loses when data have their own unit again."""
    scale, lost = case.scale, case.designs[problem - case.first].lost
    sizes = float(np.log(scale.weights[lost:]).sum())
    if scale.kind == "log":
        return sizes
    return sizes + float(np.log(scale.unit)) * scale.power * free


def _own(problems: Problems, mine: slice) -> Problems:
    """Cut out the problems of one series, so that its fit does not hold the others."""
    place = problems.place[mine].copy()
    start = place[0, 0]
    stop = place[-1, 0] + place[-1, 1] * place[-1, 2]
    place[:, 0] -= start
    return Problems(problems.z[start:stop].copy(), place)


def _cut(seen: Ends, part: slice, places: Ints) -> Ends:
    """Cut out the ends of one case, without the columns that only others need."""
    rows, n = int(places[:, 2].max()), int(places[:, 1].max())
    return Ends(
        phi=seen.phi[part].copy(),
        theta=seen.theta[part].copy(),
        beta=seen.beta[part, :rows].copy(),
        doubt=seen.doubt[part].copy(),
        state=seen.state[part].copy(),
        sway=seen.sway[part].copy(),
        ahead=seen.ahead[part].copy(),
        trace=seen.trace[part, :, :n],
    )


def _spread(case: Case, which: Ints, sigma: Floats, now: Ends) -> tuple[Floats, Floats]:
    """Return standard deviations of errors as drawn, and the sizes of one at each time.

    Of plain numbers whose errors are drawn in proportion the sizes are recent levels.
    """
    scale, n = case.scale, case.scale.x.size
    if scale.kind != "relative" or (scale.weights != 1).any():
        return sigma, scale.weights
    sizes = scaled(scale.x, "relative").weights
    known = np.isfinite(scale.x)
    spread = sigma.copy()
    for j, g in enumerate(which):
        lost = case.designs[g].lost
        error = np.where(known[lost:], now.trace[j, 0, : n - lost], 0.0)
        share = np.sum((error / sizes[lost:]) ** 2) / max(np.sum(error**2), 1e-300)
        spread[j] = max(spread[j] * np.sqrt(share), SMALLEST_ERROR)
    return spread, sizes


def _one_step(
    case: Case,
    which: Ints,
    weights: Floats,
    spread: Floats,
    sizes: Floats,
    now: Ends,
) -> tuple[Floats, Floats]:
    """Return weighed one-step means and standardised errors; NaN where there is none."""
    scale, n = case.scale, case.scale.x.size
    errors, misses, share = np.zeros((3, n))
    for g, design in enumerate(case.designs):
        mine, lost = which == g, design.lost
        if not mine.any():
            continue
        error, root = np.moveaxis(now.trace[mine, :, : n - lost], 1, 0)
        error = error * scale.weights[lost:]
        errors[lost:] += weights[mine] / spread[mine] @ (error / sizes[lost:])
        misses[lost:] += weights[mine] @ (error * root)
        share[lost:] += weights[mine].sum()
    known = np.isfinite(scale.x) & (share > 0)
    share = np.where(known, share, np.nan)
    return scale.x - misses / share, errors / share
