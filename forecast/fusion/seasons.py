r"""Months or quarters of a year whose sum is known: shares, and what moves them.

With :math:`s_{ijym}` the share of month m in the year y of a pair,

.. math:: s_{ijym} \propto \bar s_{ijm} \,
    \exp(\beta_m g_{ijy} + \gamma_m d_{ij,y-1}) \, r_{ijym} .

- :math:`\bar s` are the usual shares, those of recent years, shrunk to those of all
  pairs;
- a year that grows by :math:`g` is larger at its end than at its beginning, so the slopes
  :math:`\beta_m` rise over the year;
- what the last month of the year before was above its usual share, :math:`d`, is where
  the new year begins;
- :math:`r` is the rest. Paths take it from a past year, one year for all pairs, so that
  what pairs share stays shared.

Slopes are the same for all pairs: least squares weighted by money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.forecasts import unit_rng

__all__ = ["Seasons", "learn_seasons", "split_paths", "split_points"]

Floats = NDArray[np.floating[Any]]

HALF_LIFE = 5.0
PRIOR_YEARS = 2.0
"""Years of a pair that say what all pairs together say."""

LARGEST = 1.0
"""Of growth and of what is carried over, in logs."""

MOST_YEARS = 15
PRIOR_ROWS = 20.0
"""Pair-years that say slopes are zero."""


@dataclass(frozen=True, eq=False, slots=True)
class Seasons:
    """What was learned of the parts of years.

    Attributes
    ----------
    usual : float array of shape (n_pairs, n_parts)
        Sums of one.
    slopes : float array of shape (2, n_parts)
        Of growth and of what is carried over.
    rest : float array of shape (n_years, n_pairs, n_parts)
        Shares over what they should have been; one where nothing is known.
    carried : float array of shape (n_pairs,)
        What the last part of the last year was above its usual share, in logs.
    """

    usual: Floats
    slopes: Floats
    rest: Floats
    carried: Floats

    def expected(self, growth: Floats, carried: Floats) -> Floats:
        """Return shares, shape (n_pairs, ..., n_parts), of growth and carried (n_pairs, ...)."""
        usual = self.usual.reshape(
            (len(self.usual),) + (1,) * (growth.ndim - 1) + (-1,)
        )
        moved = growth[..., None] * self.slopes[0] + carried[..., None] * self.slopes[1]
        return _to_one(usual * np.exp(moved))


def learn_seasons(parts: Floats) -> Seasons:
    """Learn from past years.

    Parameters
    ----------
    parts : float array of shape (n_years, n_pairs, n_parts)
        NaN where not known.
    """
    years = parts.sum(axis=2)
    there = np.isfinite(years) & (np.nan_to_num(years) > 0)
    shares = np.full(parts.shape, np.nan)
    np.divide(parts, years[..., None], out=shares, where=there[..., None])
    usual = _usual(shares, there, years)
    growth, carried = _moved(years, there, shares, usual)
    slopes = _slopes(shares, years, growth, carried, usual)
    bare = Seasons(usual, slopes, np.empty((0, *usual.shape)), carried[-1])
    rest = []
    for t in range(max(1, len(parts) - MOST_YEARS), len(parts)):
        own = bare.expected(growth[t], carried[t - 1])
        ratio = np.divide(shares[t], own, out=np.ones_like(own), where=own > 0)
        rest.append(np.where(there[t][:, None], ratio, 1.0) ** _stretch(len(parts)))
    return Seasons(usual, slopes, np.stack(rest), carried[-1])


def split_points(points: Floats, last: Floats, seasons: Seasons) -> Floats:
    """Return parts of point forecasts.

    Parameters
    ----------
    points : float array of shape (n_pairs, n_years)
    last : float array of shape (n_pairs,)
        The last year.

    Returns
    -------
    float array of shape (n_pairs, n_years * n_parts)
    """
    n_pairs, n_years = points.shape
    out = np.empty((n_pairs, n_years, seasons.usual.shape[1]))
    carried, before = seasons.carried, last
    for h in range(n_years):
        growth = _log_growth(points[:, h], before)
        out[:, h] = points[:, h, None] * seasons.expected(growth, carried)
        carried, before = np.zeros(n_pairs), points[:, h]
    return out.reshape(n_pairs, -1)


def split_paths(paths: Floats, last: Floats, seasons: Seasons, seed: int) -> Floats:
    """Return parts of paths of years; those of a year add up to it on every path.

    Parameters
    ----------
    paths : float array of shape (n_pairs, n_years, n_paths)
    last : float array of shape (n_pairs,)
        The last year.
    seasons : Seasons
    seed : int

    Returns
    -------
    float array of shape (n_pairs, n_years * n_parts, n_paths)
    """
    n_pairs, n_years, n_paths = paths.shape
    n_parts = seasons.usual.shape[1]
    out = np.empty((n_pairs, n_years * n_parts, n_paths))
    rng = unit_rng(seed, "parts of years")
    carried = np.repeat(seasons.carried[:, None], n_paths, axis=1)
    before = np.repeat(last[:, None], n_paths, axis=1)
    for h in range(n_years):
        chosen = rng.integers(len(seasons.rest), size=n_paths)
        year = paths[:, h]
        shares = seasons.expected(_log_growth(year, before), carried)
        shares = _to_one(shares * seasons.rest[chosen].transpose(1, 0, 2))
        out[:, h * n_parts : (h + 1) * n_parts] = year[:, None] * shares.transpose(
            0, 2, 1
        )
        carried = _above(shares[..., -1], seasons.usual[:, -1][:, None])
        before = year
    return out


# ------------------------------------------------------------------------------- inside


def _usual(shares: Floats, there: NDArray[np.bool_], years: Floats) -> Floats:
    age = np.arange(len(shares))[::-1, None]
    weight = there * 0.5 ** (age / HALF_LIFE)
    money = weight * np.nan_to_num(years)
    own = np.nan_to_num(shares)
    pooled = (own * money[..., None]).sum(axis=(0, 1))
    pooled = pooled / max(float(pooled.sum()), 1e-300)
    total = (own * weight[..., None]).sum(axis=0) + PRIOR_YEARS * pooled
    return _to_one(total)


def _stretch(years: int) -> float:
    """Return how much farther new shares are from usual ones than those these come from.

    The variance of what is left is 1 - 1/n times that of shares, that of a new year
    1 + 1/n times, where n years count, recent ones most (Kish 1965).
    """
    weight = 0.5 ** (np.arange(years) / HALF_LIFE)
    n = weight.sum() ** 2 / (weight**2).sum() + PRIOR_YEARS
    return float(np.sqrt((n + 1) / (n - 1)))


def _moved(
    years: Floats, there: NDArray[np.bool_], shares: Floats, usual: Floats
) -> tuple[Floats, Floats]:
    """Return growth of each year and what its last part was above its usual share."""
    growth = np.zeros(years.shape)
    both = there[1:] & there[:-1]
    growth[1:] = np.where(both, _log_growth(years[1:], years[:-1]), 0.0)
    carried = np.where(there, _above(np.nan_to_num(shares[..., -1]), usual[:, -1]), 0.0)
    return growth, carried


def _slopes(
    shares: Floats, years: Floats, growth: Floats, carried: Floats, usual: Floats
) -> Floats:
    """Return slopes of log shares over usual ones, pooled over pairs."""
    n_parts, (x, y, weight) = usual.shape[1], ([], [], [])
    for t in range(1, len(shares)):
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(shares[t] / usual)
        use = np.isfinite(log).all(axis=1) & np.isfinite(years[t])
        ones = np.ones(len(use))
        x.append(np.stack([growth[t], carried[t - 1], ones], axis=1)[use])
        y.append(np.clip(log[use], -LARGEST, LARGEST))
        weight.append(years[t][use] / max(float(years[t][use].sum()), 1e-300))
    z, target, w = (np.concatenate(part) for part in (x, y, weight))
    if len(z) == 0:
        return np.zeros((2, n_parts))
    a = np.einsum("ni,n,nj->ij", z, w, z)
    # slopes of few rows are drawn to zero; with many this is nothing
    a += np.diag(np.diag(a) * [1, 1, 0]) * PRIOR_ROWS / len(z) + 1e-12 * np.eye(3)
    found = np.linalg.solve(a, np.einsum("ni,n,nm->im", z, w, target))
    return np.asarray(found[:2])


def _log_growth(year: Floats, before: Floats) -> Floats:
    both = (year > 0) & (before > 0)
    out = np.zeros(year.shape)
    out[both] = np.log(year[both]) - np.log(before[both])
    return np.clip(out, -LARGEST, LARGEST)


def _above(share: Floats, usual: Floats) -> Floats:
    ratio = np.maximum(share, 1e-300) / np.maximum(usual, 1e-300)
    return np.asarray(np.clip(np.log(ratio), -LARGEST, LARGEST))


def _to_one(shares: Floats) -> Floats:
    total = shares.sum(axis=-1, keepdims=True)
    even = np.ones_like(shares) / shares.shape[-1]
    return np.divide(shares, total, out=even, where=total > 0)
