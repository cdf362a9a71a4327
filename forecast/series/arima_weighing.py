"""How candidates of ARIMA weigh: orders by AICc, differences by what all explain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.arima_weighed import Weighed
from forecast.series.arma import Ends, Grid, Problems, ends
from forecast.series.arma_search import Estimates
from forecast.series.candidates import relative_weights
from forecast.series.differencing import Design
from forecast.series.scale import Scaled

__all__ = ["weighed"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


def weighed(
    scale: Scaled,
    designs: Sequence[Design],
    prior: Floats,
    problems: Problems,
    grid: Grid,
    found: Estimates,
    mine: slice,
) -> Weighed:
    """Weigh the estimates of one series and keep what counts.

    Parameters
    ----------
    designs : sequence of Design
        Those of the series' problems.
    prior : float array
        How likely each design is beforehand, up to a factor.
    mine : slice
        Where the series' problems stand in `problems` and `found`.
    """
    found = Estimates(found.x[mine], found.figures[mine], found.curvature[mine])
    problems = _own(problems, mine)
    weights, evidence = _weights(found, grid, designs, prior, problems)
    kept = np.flatnonzero(weights)
    kept = kept[np.argsort(-weights.ravel()[kept], kind="stable")]
    which, index = np.divmod(kept, weights.shape[1])
    squares, _, free = found.figures[which, index, :3].T
    counts = grid.counts[index] + np.array([d.constant for d in designs])[which]
    sigma2 = found.variance[which, index] * free / (free - counts)
    share = weights.ravel()[kept]
    traced = ends(problems, grid, which, index, found.x[which, index], traced=True)
    sigma = np.sqrt(sigma2)
    means, residuals = _one_step(scale, designs, which, share, sigma, traced)
    heaviest = designs[which[0]]
    unit = np.log(scale.weights[heaviest.lost :]).sum()
    if scale.kind != "log":
        unit += np.log(scale.unit) * scale.power * float(free[0])
    return Weighed(
        scale=scale,
        designs=tuple(designs),
        problems=problems,
        grid=grid,
        which=which,
        index=index,
        weights=share,
        x=found.x[which, index],
        information=found.curvature[which, index]
        * (free / np.maximum(squares, 1e-300))[:, None, None],
        sigma=sigma,
        df=free - counts,
        log_likelihood=float(found.log_likelihood[which[0], index[0]] - unit),
        evidence=evidence - _log_sizes(scale, designs[0]),
        means=means,
        residuals=residuals,
    )


def _own(problems: Problems, mine: slice) -> Problems:
    """Cut out the problems of one series, so that its fit does not hold the others."""
    place = problems.place[mine].copy()
    start = place[0, 0]
    stop = place[-1, 0] + place[-1, 1] * place[-1, 2]
    place[:, 0] -= start
    return Problems(problems.z[start:stop].copy(), place)


def _weights(
    found: Estimates,
    grid: Grid,
    designs: Sequence[Design],
    prior: Floats,
    problems: Problems,
) -> tuple[Floats, float]:
    """Weigh orders within designs by AICc, designs by the root of what they explain.

    Also returns the log of the summed likelihoods of the first design, so charged.
    """
    count = 1 + grid.counts + np.array([[d.constant] for d in designs])
    free = found.figures[:, :, 2]
    own = found.log_likelihood - _charge(count, free)
    lengths = (problems.known - problems.place[:, 4]).astype(float)
    common = found.compared(lengths) - _charge(count, lengths[:, None])
    top = np.nanmax(common)
    evidence = prior * np.sqrt(np.nansum(np.exp(common - top), axis=1))
    best = np.nanmax(own, axis=1, keepdims=True)
    within = np.nan_to_num(np.exp(own - best))
    first = float(best[0, 0] + np.log(within[0].sum()))
    within *= (evidence / within.sum(axis=1))[:, None]
    flat = within.ravel()
    return relative_weights(np.zeros(flat.size), flat).reshape(within.shape), first


def _charge(count: Ints, free: Floats) -> Floats:
    """Return half of what AICc charges for parameters."""
    return np.asarray(count + count * (count + 1) / np.maximum(free - count - 1, 0.5))


def _one_step(
    scale: Scaled,
    designs: Sequence[Design],
    which: Ints,
    weights: Floats,
    sigma: Floats,
    seen: Ends,
) -> tuple[Floats, Floats]:
    """Return weighed one-step means and standardised errors; NaN where there is none."""
    n = scale.x.size
    errors = np.full((which.size, n), np.nan)
    misses = np.full((which.size, n), np.nan)
    for j, g in enumerate(which):
        lost = designs[g].lost
        error, root = seen.trace[j, :, : n - lost]
        errors[j, lost:] = error / sigma[j]
        misses[j, lost:] = error * root * scale.weights[lost:]
    share = np.where(np.isnan(errors), 0.0, weights[:, None])
    share = share / np.maximum(share.sum(axis=0), 1e-300)
    none = np.isnan(scale.x) | np.isnan(errors).all(axis=0)
    residuals = np.where(none, np.nan, (share * np.nan_to_num(errors)).sum(axis=0))
    miss = np.where(none, np.nan, (share * np.nan_to_num(misses)).sum(axis=0))
    return scale.x - miss, residuals


def _log_sizes(scale: Scaled, design: Design) -> float:
    """Return the log of what a unit of the data is, over all of them, on the scale."""
    sizes = float(np.log(scale.weights[design.lost :]).sum())
    if scale.kind == "log":
        sizes += float(np.nansum(scale.x[design.lost :]))
    return sizes
