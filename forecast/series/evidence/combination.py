r"""Several models as one: the mean or median of their forecasts, path by path.

All members of a combination get the same shocks. So the combined path is a mean (or
median) of quantiles, not a mixture: it is as wide as its members are on average, and
the combination of good forecasts is not made vaguer by their disagreement (Lichtendahl,
Grushka-Cockayne and Winkler 2013, Management Science 59(7)).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.scores import pinball, seasonal_scale
from forecast.series.contract.model import (
    Pool,
    Recipe,
    Season,
    SeriesFit,
    UnitFit,
    UnitSeries,
)
from forecast.series.contract.samples import Sample
from forecast.series.evidence.held_out import (
    HeldOut,
    held_out,
    season_length,
    usual_steps,
)

__all__ = ["Combination", "CombinationFit", "pooled_weights", "usual_change"]

Floats = NDArray[np.floating[Any]]

WORDS = ("mean", "median", "pooled")
QUANTILES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
"""Levels whose mean pinball loss stands for the CRPS."""

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the way from equal weights to the best ones; chosen by units left out."""

NOTHING = 0.005
"""Share of a loss that is not worth leaving equal weights for."""

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Combination(Recipe):
    """The mean, median or weighted mean of the paths of several models.

    Parameters
    ----------
    members : sequence of Recipe
        Two or more models of one series.
    weights : {"mean", "median", "pooled"} or sequence of float
        Equal weights; the median; weights from the data; or weights that are given, not
        negative, in the order of `members` (they are divided by their sum). Weights from
        the data minimise the CRPS of the last periods, held out, over all units
        together, and are shrunk towards equal weights as far as units left out ask for.

    Examples
    --------
    >>> from forecast.series import ETS, Drift, Theta
    >>> model = Combination((ETS(), Theta(), Drift()), weights="median")
    >>> model.name
    'median of ETS, Theta and Drift'
    >>> model.fit([10.0, 11.2, 11.9, 13.1, 14.0, 14.8, 16.1]).point(1).round(0).to_numpy()
    array([[17.]])
    """

    members: tuple[Recipe, ...]
    weights: str | tuple[float, ...] = "mean"

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        if not isinstance(self.weights, str):
            object.__setattr__(self, "weights", tuple(map(float, self.weights)))
        problem = _problem(self.members, self.weights)
        if problem:
            raise ModelError(
                problem,
                code="F-650",
                remedy=f"Give two or more models and one of {list(WORDS)}, or a weight "
                "from 0 for each.",
            )

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        names = [member.name for member in self.members]
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        if isinstance(self.weights, str):
            kind = {"pooled": "weighted mean"}.get(self.weights, self.weights)
            return f"{kind} of {listed}"
        return f"weighted mean of {listed}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Covariates that a member uses."""
        return tuple(dict.fromkeys(c for m in self.members for c in m.columns))

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series; weights "pooled" are equal ones, they need a panel."""
        return self.fit_many([UnitSeries(y, season)])[0]

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit all members to many series."""
        positions = [
            [self.columns.index(name) for name in member.columns]
            for member in self.members
        ]
        fitted = [
            member.fit_many([_narrowed(one, at) for one in series])
            for member, at in zip(self.members, positions, strict=True)
        ]
        names = tuple(member.name for member in self.members)
        shares = self.shares
        return [
            CombinationFit(names, tuple(fits), shares, positions)
            for fits in zip(*fitted, strict=True)
        ]

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> SeriesFit:
        """Fit every unit; see `Recipe.fit`."""
        if self.weights != "pooled":
            return Recipe.fit_to(self, sample, pool=pool)
        steps = usual_steps(sample.periods)
        seen = held_out(self.members, sample, steps, levels=QUANTILES, pool=pool)
        weights = pooled_weights(seen, sample)
        return replace(self, weights=tuple(weights.tolist())).fit_to(sample, pool=pool)

    @property
    def shares(self) -> Floats | None:
        """Weights that sum to one, None for the median."""
        if self.weights == "median":
            return None
        if isinstance(self.weights, str):
            return np.full(len(self.members), 1 / len(self.members))
        given = np.array(self.weights)
        return given / given.sum()


@dataclass(frozen=True, slots=True)
class CombinationFit:
    """The members' fits of one series.

    Attributes
    ----------
    names : tuple of str
    members : tuple of UnitFit
    shares : float array of shape (n_members,), or None
        Weights; None for the median.
    positions : sequence of sequence of int
        For each member, where its columns stand among those of all members.
    """

    names: tuple[str, ...]
    members: tuple[UnitFit, ...]
    shares: Floats | None
    positions: Sequence[Sequence[int]] = ()

    def given(self, future: Floats, rng: np.random.Generator) -> CombinationFit:
        """Return the fit with paths of its columns; see `ConditionalFit`."""
        members: list[Any] = list(self.members)
        for k, at in enumerate(self.positions):
            if at and hasattr(members[k], "given"):  # a closed gate has none
                # every member gets the same numbers, as it would alone
                members[k] = members[k].given(future[:, at], copy.deepcopy(rng))
        return replace(self, members=tuple(members))

    @property
    def fitted(self) -> Floats:
        """Combined one-step forecasts; NaN where a member has none."""
        return self._combined([member.fitted for member in self.members])

    @property
    def residuals(self) -> Floats:
        """Members' errors divided by their root mean square, combined."""
        return self._combined([_standard(member.residuals) for member in self.members])

    @property
    def params(self) -> Mapping[str, float]:
        """Parameters of all members, each with its member's name before it."""
        pairs = zip(self.names, self.members, strict=True)
        return {f"{name}: {k}": v for name, fit in pairs for k, v in fit.params.items()}

    def paths(self, shocks: Floats, rng: np.random.Generator) -> Floats:
        """See `UnitFit.paths`."""
        streams = rng.spawn(len(self.members))
        return self._combined(
            [
                member.paths(shocks, own)
                for member, own in zip(self.members, streams, strict=True)
            ]
        )

    def center(self, steps: int) -> Floats:
        """See `UnitFit.center`."""
        return self._combined([member.center(steps) for member in self.members])

    def _combined(self, parts: list[Floats]) -> Floats:
        if self.shares is None:
            return np.asarray(np.median(np.stack(parts), axis=0))
        total = np.zeros_like(parts[0])
        for share, part in zip(self.shares.tolist(), parts, strict=True):
            if share > 0:
                total = total + share * part
        return total


def _narrowed(one: UnitSeries, positions: list[int]) -> UnitSeries:
    """Return a series with some of its columns."""
    if not one.x.size:
        return one
    return replace(one, x=one.x[:, positions], x_before=one.x_before[:, positions])


# ------------------------------------------------------------------------ pooled weights


def pooled_weights(seen: HeldOut, sample: Sample) -> Floats:
    r"""Return weights that minimise the pooled CRPS, shrunk to equal ones.

    .. math:: \min_w \; \frac{1}{n} \sum_{i,h,q} \rho_q\!\left(
              \frac{y_{ih} - \sum_k w_k \hat F_{k,ih}^{-1}(q)}{v_i} \right),
              \qquad w_k \ge 0, \; \sum_k w_k = 1,

    with the pinball loss :math:`\rho_q` and a unit's mean change :math:`v_i` from a year
    before. Each unit counts alike. How far the weights go from 1/K towards the minimum is
    chosen by five-fold cross-validation over units: the least way within a standard error
    (or half a per cent) of the best.

    Parameters
    ----------
    seen : HeldOut
        Forecasts of K models from earlier origins.
    sample : Sample

    Returns
    -------
    float array of shape (K,)
    """
    problem = _pinball_problem(seen, sample)
    k = len(seen.quantiles)
    equal = np.full(k, 1 / k)
    if len(np.unique(problem.unit)) < 2 * FOLDS:
        return equal
    losses = np.full((len(SHARES), problem.n_units), np.nan)
    for fold in range(FOLDS):
        out = problem.unit % FOLDS == fold
        best = _minimum(problem.take(~out))
        for s, share in enumerate(SHARES):
            weights = equal + share * (best - equal)
            left = problem.take(out)
            losses[s, np.unique(left.unit)] = left.unit_losses(weights)
    share = _least_within_error(losses)
    return equal + share * (_minimum(problem) - equal)


@dataclass(frozen=True, slots=True)
class _Pinball:
    """Rows of outcomes and quantiles, in units of a unit's usual change.

    Attributes
    ----------
    actual : float array of shape (n,)
    quantiles : float array of shape (K, n)
    level : float array of shape (n,)
    weight : float array of shape (n,)
        Each unit's rows sum to one.
    unit : int array of shape (n,)
    n_units : int
    """

    actual: Floats
    quantiles: Floats
    level: Floats
    weight: Floats
    unit: NDArray[np.integer[Any]]
    n_units: int

    def take(self, rows: NDArray[np.bool_]) -> _Pinball:
        return _Pinball(
            self.actual[rows],
            self.quantiles[:, rows],
            self.level[rows],
            self.weight[rows],
            self.unit[rows],
            self.n_units,
        )

    def unit_losses(self, weights: Floats) -> Floats:
        loss = self.weight * pinball(self.actual, weights @ self.quantiles, self.level)
        sums = np.bincount(self.unit, loss)[np.unique(self.unit)]
        return np.asarray(sums, dtype=float)


def _pinball_problem(seen: HeldOut, sample: Sample) -> _Pinball:
    """Flatten what all models said and what came; each unit counts alike."""
    change = usual_change(sample.values, season_length(sample.periods))
    shape = seen.quantiles.shape[1:]
    actual = np.broadcast_to(seen.actual[..., None], shape)
    unit = np.broadcast_to(np.arange(shape[1])[None, :, None, None], shape)
    level = np.broadcast_to(np.array(seen.levels), shape)
    there = np.isfinite(actual) & np.isfinite(seen.quantiles).all(axis=0)
    there &= (change > 0)[None, :, None, None]
    unit, size = unit[there], change[unit[there]]
    count = np.bincount(unit, minlength=shape[1])
    return _Pinball(
        actual[there] / size,
        seen.quantiles[:, there] / size,
        level[there],
        1 / count[unit],
        unit,
        shape[1],
    )


def usual_change(values: Floats, length: int) -> Floats:
    """Return each row's mean change from a year before, the scale of MASE."""
    return np.array([seasonal_scale(row, length) for row in values])


def _minimum(problem: _Pinball) -> Floats:
    """Minimise the loss over the simplex by exponentiated gradients.

    Kivinen and Warmuth (1997, Information and Computation 132(1)); the mean of the
    second half of the iterates is returned.
    """
    k = len(problem.quantiles)
    weights, total = np.full(k, 1 / k), np.zeros(k)
    rounds, scale = 400, None
    for step in range(rounds):
        error = problem.actual - weights @ problem.quantiles
        slope = problem.weight * np.where(error > 0, problem.level, problem.level - 1)
        gradient = -(problem.quantiles @ slope)
        gradient -= weights @ gradient
        if scale is None:
            scale = max(float(np.abs(gradient).max()), 1e-300)
        weights = weights * np.exp(-gradient / scale / np.sqrt(step + 1))
        weights /= weights.sum()
        if step >= rounds // 2:
            total += weights
    return total / total.sum()


def _least_within_error(losses: Floats) -> float:
    """Return the smallest share whose mean loss is within an error of the best one's."""
    means = np.nanmean(losses, axis=1)
    best = int(np.argmin(means))
    for row, share in enumerate(SHARES):
        excess = losses[row] - losses[best]
        known = excess[np.isfinite(excess)]
        error = known.std() / np.sqrt(max(known.size, 1))
        if means[row] <= means[best] + max(error, NOTHING * means[best]):
            return share
    return SHARES[best]


def _standard(residuals: Floats) -> Floats:
    size = np.sqrt(np.nanmean(residuals**2)) if np.isfinite(residuals).any() else 0.0
    return residuals / size if size > 0 else residuals


def _problem(members: tuple[Recipe, ...], weights: str | tuple[float, ...]) -> str:
    """Say what is wrong with a combination; nothing if it is possible."""
    if len(members) < 2 or not all(isinstance(m, Recipe) for m in members):
        return f"members={members!r} cannot be combined"
    if isinstance(weights, str):
        return "" if weights in WORDS else f"weights={weights!r} are not known"
    fits = len(weights) == len(members) and all(w >= 0 for w in weights)
    return "" if fits and sum(weights) > 0 else f"weights={weights!r} are not possible"
