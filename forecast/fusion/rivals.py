"""A learner beside the linear correction of pairs, weighed by what it was worth so far.

At each origin a regressor of scikit-learn learns the same target as the linear structure
(`forecast.fusion.structure`) from the same features, the volatility and the size of
pairs: the log of the flow over last year's flow scaled to the totals of the year. Rows
count by the money that stands behind them. How much of the correction is the learner's is decided by forecasts of the last origins, each
by models that were fitted to what was known there, pooled over pairs: the share with the
least absolute errors, and none where its gain is within a standard error of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.fusion.flows import Flows
from forecast.fusion.structure import (
    LARGEST_STEP,
    Step,
    Weights,
    estimate_weights,
    large_pairs,
)

__all__ = ["Rival", "Rivals", "check_rival"]

Floats = NDArray[np.floating[Any]]

ORIGINS = 10
"""Earlier origins whose forecasts decide the share."""

FEWEST_ORIGINS = 3
FEWEST_ROWS = 2000
"""Pair-years below which nothing is learned: leaves of trees hold a hundred."""

SHARES = np.linspace(0, 1, 11)
LARGEST_TARGET = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class Rival:
    """What a learner adds to the correction of pairs.

    Attributes
    ----------
    learner : fitted regressor, or None
        None where too few rows were known, or its share is nothing.
    share : float
        How much of the correction is the learner's, 0 to 1.
    gain : float
        By how much the share lowered the absolute errors of the origins looked at,
        relative; that of the whole learner (share 1), negative where it is worse.
    origins : int
        Earlier origins that decided.
    """

    learner: Any
    share: float
    gain: float
    origins: int

    def mix(self, linear: Floats, features: Floats, step: Step) -> Floats:
        """Return the linear moves with the learner's share put in, shape (n_pairs,)."""
        if self.learner is None or self.share == 0:
            return linear
        own = predicted(self.learner, features, step)
        return (1 - self.share) * linear + self.share * own


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """One origin: models of what was known there, and their errors one year on.

    Attributes
    ----------
    learner : fitted regressor, or None
    errors : float array of shape (n_shares,), or None
        Absolute errors for each share, as shares of trade; None where nothing came yet.
    """

    learner: Any
    errors: Floats | None


@dataclass(frozen=True, eq=False, slots=True)
class Rivals:
    """Learners of all origins of a panel, fitted when they are asked for.

    Attributes
    ----------
    flows : Flows
    steps : sequence of Step
    learner : "trees" or regressor
        Not fitted; a copy is, at each origin.
    """

    flows: Flows
    steps: Sequence[Step]
    learner: Any
    _kept: dict[int, Trial] = field(default_factory=dict, repr=False)

    def at(self, origin: int) -> Rival:
        """Return the learner and its share as known at an origin."""
        before = [self._trial(o) for o in range(max(1, origin - ORIGINS), origin)]
        errors = [one.errors for one in before if one.errors is not None]
        if len(errors) < FEWEST_ORIGINS:
            return Rival(None, 0.0, 0.0, len(errors))
        table = np.stack(errors)
        share, gain = best_share(table)
        learner = self._trial(origin).learner if share > 0 else None
        return Rival(learner, share if learner is not None else 0.0, gain, len(table))

    def _trial(self, origin: int) -> Trial:
        if origin not in self._kept:
            self._kept[origin] = self._tried(origin)
        return self._kept[origin]

    def _tried(self, origin: int) -> Trial:
        flows, steps = self.flows, self.steps
        rows = _rows(flows, steps[1:origin], 2)
        if sum(len(target) for _, target, _ in rows) < FEWEST_ROWS:
            return Trial(None, None)
        x, y, money = (np.concatenate(part) for part in zip(*rows, strict=True))
        named = isinstance(self.learner, str)
        learner = fitted(default_learner() if named else self.learner, x, y, money)
        step = steps[origin]
        if step.scaled is None:
            return Trial(learner, None)
        known = flows.known[1:origin] & flows.known[2 : origin + 1]
        weights = estimate_weights(steps[1:origin], flows.values[2 : origin + 1], known)
        return Trial(learner, _errors(flows, step, weights, learner, origin))


def best_share(errors: Floats) -> tuple[float, float]:
    """Return the share with the least errors, and the gain of the whole learner.

    Parameters
    ----------
    errors : float array of shape (n_origins, n_shares)

    Examples
    --------
    >>> better = np.linspace(1.0, 0.9, 11) + np.array([[0.0], [0.1], [-0.1]])
    >>> best_share(better)[0]
    1.0
    >>> best_share(better[:, ::-1])[0]
    0.0
    """
    mean = errors.mean(axis=0)
    best = int(np.argmin(mean))
    saved = errors[:, 0] - errors[:, best]
    doubt = float(saved.std(ddof=1) / np.sqrt(len(saved)))
    earned = best > 0 and float(saved.mean()) > doubt
    whole = float(1 - mean[-1] / mean[0]) if mean[0] > 0 else 0.0
    return float(SHARES[best]) if earned else 0.0, whole


def default_learner() -> Any:
    """Return extremely randomised trees (Geurts, Ernst and Wehenkel 2006)."""
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(
        n_estimators=30,
        min_samples_leaf=100,
        max_depth=8,
        max_features=1.0,
        random_state=0,
    )


def check_rival(rival: Any) -> None:
    """Refuse what is no regressor of scikit-learn (F-857)."""
    if rival is None or (isinstance(rival, str) and rival == "trees"):
        return
    if isinstance(rival, type) or not _is_regressor(rival):
        raise ModelError(
            f"{rival!r} is no regressor",
            code="F-857",
            remedy='Give "trees", or a regressor of scikit-learn that is not fitted, such '
            "as RandomForestRegressor(min_samples_leaf=20).",
        )


# ------------------------------------------------------------------------------- inside


def _is_regressor(rival: Any) -> bool:
    """Say whether scikit-learn takes it for a regressor: no classifier, no clusterer."""
    from sklearn.base import is_regressor

    if not all(hasattr(rival, name) for name in ("fit", "predict", "get_params")):
        return False
    try:
        return bool(is_regressor(rival))
    except (AttributeError, TypeError):  # nothing says what it estimates
        return False


def predicted(learner: Any, features: Floats, step: Step) -> Floats:
    """Return a learner's moves of all pairs, clipped as linear ones are."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        found = learner.predict(_table(features, step))
    return np.clip(np.asarray(found, dtype=float), -LARGEST_STEP, LARGEST_STEP)


def fitted(learner: Any, x: Floats, y: Floats, money: Floats) -> Any:
    """Fit a copy on one thread, so that the bits depend on no machine's number of them."""
    from sklearn.base import clone
    from sklearn.utils.validation import has_fit_parameter
    from threadpoolctl import threadpool_limits

    copy = clone(learner)
    params = copy.get_params()
    seeds = {n: 0 for n in params if n.split("__")[-1] == "random_state"}
    copy.set_params(**{n: s for n, s in seeds.items() if params[n] is None})
    weight = money / money.mean()
    with threadpool_limits(1):
        if has_fit_parameter(copy, "sample_weight"):
            return copy.fit(x, y, sample_weight=weight)
        # Without weights: rows as often as their money says, the k-th at (k + 1/2)/n.
        at = (np.arange(len(y)) + 0.5) / len(y) * weight.sum()
        chosen = np.minimum(np.searchsorted(np.cumsum(weight), at), len(y) - 1)
        return copy.fit(x[chosen], y[chosen])


def _rows(
    flows: Flows, steps: Sequence[Step], first: int
) -> list[tuple[Floats, Floats, Floats]]:
    """Return features, targets and money of each step whose next year came."""
    found = []
    for at, step in enumerate(steps, first):
        if step.scaled is None:
            continue
        there = flows.known[at] & flows.known[at - 1]
        use = there & large_pairs(step.scaled)
        came, base = flows.values[at][use], step.scaled[use]
        target = np.log(np.maximum(came, 1e-300)) - np.log(base)
        target = np.clip(target, -LARGEST_TARGET, LARGEST_TARGET)
        world = max(float(flows.values[at][there].sum()), 1e-300)
        found.append((_table(step.features, step)[use], target, base / world))
    return found


def _table(features: Floats, step: Step) -> Floats:
    """Return what a learner sees: the linear terms, volatility, and size in logs."""
    size = step.flows / max(float(step.flows.sum()), 1e-300)
    return np.column_stack([features, step.relative, np.log(np.maximum(size, 1e-12))])


def _errors(
    flows: Flows, step: Step, weights: Weights, learner: Any, origin: int
) -> Floats:
    """Return absolute errors of the year after, with its totals given, by share."""
    assert step.scaled is not None
    linear = np.clip(step.features @ weights.values, -LARGEST_STEP, LARGEST_STEP)
    own = predicted(learner, step.features, step)
    came, known = flows.later(origin, origin + 1)
    world = max(float(came.sum()), 1e-300)
    return np.array(
        [
            np.abs(came - step.scaled * np.exp((1 - share) * linear + share * own))[
                known
            ].sum()
            / world
            for share in SHARES
        ]
    )
