"""Comparing many forecasts at once, so that the best by chance is not taken for the best.

Losses of overlapping forecasts are first averaged over blocks of h origins that follow
each other, so that resampling blocks one by one keeps what dependence there is. The
procedures are those of the package ``arch`` (extra ``backtest``).

Few blocks make a bootstrap too sure of itself: with 5 blocks the confidence set loses one
of 20 equal models in two of five samples instead of one in ten. Therefore both tests ask
for 10 origins at horizon 1 and 20 blocks beyond, and exclude nothing where there are less.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import MissingPackageError, NumberError
from forecast.scores.long_run import number_of_cosines

__all__ = [
    "ModelConfidenceSet",
    "SuperiorPredictiveAbility",
    "model_confidence_set",
    "superior_predictive_ability",
]

Floats = NDArray[np.floating[Any]]

FEWEST_ORIGINS = 10
"""At horizon 1, where losses are taken as independent."""

FEWEST_BLOCKS = 20
"""At longer horizons, where neighbouring blocks still depend on each other."""


@dataclass(frozen=True, slots=True)
class ModelConfidenceSet:
    """The models among which the best one is, with a given confidence.

    Attributes
    ----------
    models : tuple of str
    p_values : float array of shape (n_models,)
        The largest size at which each would still be in the set; NaN where there is too
        little to exclude any.
    size : float
        Models with a p-value above it are in the set.
    origins, blocks : int
    horizon : int
    """

    models: tuple[str, ...]
    p_values: Floats
    size: float
    origins: int
    blocks: int
    horizon: int

    @property
    def included(self) -> tuple[str, ...]:
        """Models in the set."""
        return tuple(self._split(inside=True))

    @property
    def excluded(self) -> tuple[str, ...]:
        """Models that are worse than some model in the set."""
        return tuple(self._split(inside=False))

    def _split(self, *, inside: bool) -> list[str]:
        out = self.p_values <= self.size
        return [m for m, o in zip(self.models, out, strict=True) if bool(o) != inside]

    def __repr__(self) -> str:
        where = f"({self.origins} origins, horizon {self.horizon})"
        if np.isnan(self.p_values).any():
            return (
                f"too few origins to exclude any of {len(self.models)} models {where}"
            )
        return (
            f"the best of {len(self.models)} models is, with a confidence of "
            f"{100 * (1 - self.size):g} %, among {', '.join(self.included)} {where}"
        )


def model_confidence_set(
    losses: ArrayLike,
    size: float = 0.1,
    *,
    horizon: int = 1,
    names: Sequence[str] | None = None,
    repetitions: int = 1000,
    seed: int = 0,
) -> ModelConfidenceSet:
    """Find the models that are not significantly worse than the best.

    The worst model is left out, again and again, as long as the hypothesis that all that
    are left are equally good is rejected (statistic T_max).

    Parameters
    ----------
    losses : array_like of shape (n_origins, n_models)
        Averages over units, if there are many; origins in the order of time. Origins
        with a missing loss are left out.
    size : float
        The probability that the best model is not in the set: 0.1 or 0.25 are usual.
    horizon : int
        Steps from the origin to the target.
    names : sequence of str, optional
        Of the models; by default their places, "0", "1", ...
    repetitions : int
        Resamples.
    seed : int
        The same seed gives the same bits.

    Raises
    ------
    NumberError
        F-273 not two dimensions. F-274 a horizon below 1. F-276 names that do not match.
    MissingPackageError
        F-900 the package ``arch`` is not installed.

    References
    ----------
    Hansen, P. R., Lunde, A. and Nason, J. M. (2011), "The model confidence set",
    Econometrica 79(2), 453-497.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> losses = rng.normal(size=(40, 3)) ** 2 + np.array([0.0, 0.1, 2.0])
    >>> model_confidence_set(losses, names=["drift", "theta", "random"])
    the best of 3 models is, with a confidence of 90 %, among drift, theta (40 origins, horizon 1)
    """
    table = _table(losses)
    models = _names(names, table.shape[1])
    blocks = _blocks(table, horizon)
    p_values = np.full(len(models), np.nan)
    if _enough(blocks, horizon):
        p_values = _confidence_p_values(blocks, size, repetitions, seed)
    return ModelConfidenceSet(
        models, p_values, size, table.shape[0], blocks.shape[0], horizon
    )


@dataclass(frozen=True, slots=True)
class SuperiorPredictiveAbility:
    """Whether any of many models is better than a benchmark, their number allowed for.

    Attributes
    ----------
    best : str
        The model of the smallest mean loss.
    gain : float
        By how much its mean loss is below that of the benchmark.
    p_value : float
        Hansen's consistent one: small if a model is better than the benchmark.
    p_lower, p_upper : float
        Its liberal and its conservative version; the upper one is White's reality check,
        studentised.
    models, origins, horizon : int
    """

    best: str
    gain: float
    p_value: float
    p_lower: float
    p_upper: float
    models: int
    origins: int
    horizon: int

    def __repr__(self) -> str:
        where = f"({self.origins} origins, horizon {self.horizon})"
        start = f"best of {self.models} models against the benchmark: {self.best}"
        if np.isnan(self.p_value):
            return f"{start}; too few origins to tell {where}"
        return f"{start}, gain {self.gain:.3g}, p = {self.p_value:.2g} {where}"


def superior_predictive_ability(
    benchmark: ArrayLike,
    losses: ArrayLike,
    *,
    horizon: int = 1,
    names: Sequence[str] | None = None,
    repetitions: int = 1000,
    seed: int = 0,
) -> SuperiorPredictiveAbility:
    """Test whether any of many models is better than a benchmark.

    Parameters
    ----------
    benchmark : array_like of shape (n_origins,)
        Losses of the benchmark.
    losses : array_like of shape (n_origins, n_models)
        Losses of all models that were tried, also of those not shown.
    horizon, names, repetitions, seed
        As for `model_confidence_set`.

    Raises
    ------
    NumberError
        F-273 not one and two dimensions. F-274 a horizon below 1. F-276 lengths or names
        that do not match.
    MissingPackageError
        F-900 the package ``arch`` is not installed.

    References
    ----------
    Hansen, P. R. (2005), "A test for superior predictive ability", Journal of Business &
    Economic Statistics 23(4), 365-380.

    White, H. (2000), "A reality check for data snooping", Econometrica 68(5), 1097-1126.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> losses = rng.normal(size=(40, 20)) ** 2
    >>> superior_predictive_ability(losses[:, 0], losses[:, 1:])
    best of 19 models against the benchmark: 4, gain 0.171, p = 0.86 (40 origins, horizon 1)
    """
    base, table = np.asarray(benchmark, dtype=float), np.asarray(losses, dtype=float)
    if table.ndim != 2 or base.shape != table.shape[:1]:
        raise NumberError(
            f"losses of shape {table.shape} beside a benchmark of shape {base.shape}",
            code="F-276",
            remedy="Give one loss for each origin, and origins by models.",
        )
    models = _names(names, table.shape[1])
    both = _table(np.column_stack([base, table]))
    blocks = _blocks(both, horizon)
    gains = both[:, :1].mean(axis=0) - both[:, 1:].mean(axis=0)
    p_values = (np.nan, np.nan, np.nan)
    if _enough(blocks, horizon):
        p_values = _ability_p_values(blocks, repetitions, seed)
    best = int(np.argmax(gains))
    return SuperiorPredictiveAbility(
        models[best], float(gains[best]), *p_values,
        models=len(models), origins=both.shape[0], horizon=horizon,
    )  # fmt: skip


def _table(losses: ArrayLike) -> Floats:
    """Return origins by models without the origins where a loss is missing."""
    table = np.asarray(losses, dtype=float)
    if table.ndim != 2:
        raise NumberError(
            f"losses of {table.ndim} dimensions",
            code="F-273",
            remedy="Give an array of origins by models; average over units first.",
        )
    return table[np.isfinite(table).all(axis=1)]


def _names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the names of the models."""
    chosen = tuple(map(str, range(count))) if names is None else tuple(names)
    if len(chosen) != count:
        raise NumberError(
            f"{len(chosen)} names for {count} models",
            code="F-276",
            remedy="Give one name for each column of losses.",
        )
    return chosen


def _blocks(table: Floats, horizon: int) -> Floats:
    """Average over blocks of h origins, the last one ending with the last origin."""
    number_of_cosines(table.shape[0], horizon)  # refuses a horizon below 1
    count = table.shape[0] // horizon
    used = table[table.shape[0] - count * horizon :]
    return used.reshape(count, horizon, table.shape[1]).mean(axis=1)


def _enough(blocks: Floats, horizon: int) -> bool:
    return len(blocks) >= (FEWEST_ORIGINS if horizon == 1 else FEWEST_BLOCKS)


def _confidence_p_values(
    blocks: Floats, size: float, repetitions: int, seed: int
) -> Floats:
    """Return the p-values of all models; models with the same losses share theirs."""
    distinct, place = np.unique(blocks, axis=1, return_inverse=True)
    place = np.ravel(place)
    if distinct.shape[1] == 1:
        return np.ones(blocks.shape[1])
    around = distinct - distinct.mean(axis=1, keepdims=True)
    if np.ptp(around, axis=0).min() <= 1e-12 * np.abs(distinct).max():
        return np.full(blocks.shape[1], np.nan)
    comparison = _arch().MCS(
        distinct, size, reps=repetitions, block_size=1, method="max",
        bootstrap="circular", seed=seed,
    )  # fmt: skip
    comparison.compute()
    found = comparison.pvalues["Pvalue"]
    return np.asarray(found.loc[np.arange(distinct.shape[1])], dtype=float)[place]


def _ability_p_values(
    blocks: Floats, repetitions: int, seed: int
) -> tuple[float, float, float]:
    """Return the consistent, lower and upper p-value; the benchmark is column 0."""
    ahead = blocks[:, :1] - blocks[:, 1:]
    varies = np.ptp(ahead, axis=0) > 1e-12 * np.abs(blocks).max()
    if not varies.any():
        return (1.0, 1.0, 1.0) if np.all(ahead == 0) else (np.nan, np.nan, np.nan)
    comparison = _arch().SPA(
        blocks[:, 0], blocks[:, 1:][:, varies], block_size=1, reps=repetitions,
        bootstrap="circular", seed=seed,
    )  # fmt: skip
    comparison.compute()
    found = comparison.pvalues
    return float(found["consistent"]), float(found["lower"]), float(found["upper"])


def _arch() -> Any:
    """Return the module of the bootstrap tests, or say how to install it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from arch import bootstrap
    except ImportError as missing:
        raise MissingPackageError.of(
            "arch", "backtest", "a comparison of many models"
        ) from missing
    return bootstrap
