r"""Intervals that hold because they would have held at the end of each series.

Split conformal prediction, pooled over the units of a panel: a single short series has
too few errors to tell how wide a 95 per cent interval must be, a panel has enough.
With the volatility :math:`v_i` of a unit (`forecast.series.evidence.volatility`), the outcome
:math:`y_{i,h}` at horizon h from an earlier origin and its point forecast,

.. math:: s_{i,h} = \frac{|\log y_{i,h} - \log \hat y_{i,h}|}{v_i \sqrt h},

and without logarithms for units that have zeros. The :math:`\lceil (n + 1) p \rceil`-th
smallest of the n scores of a horizon and size class bounds a new one with probability p
(Vovk, Gammerman and Shafer 2005, *Algorithmic Learning in a Random World*; Lei et al.
2018, JASA 113(523)). These bounds, as a function of p, are the distribution of the
forecast; the paths keep their ranks, so they stay joint. Scores from earlier origins, which
had less to learn from, are shrunk first (`forecast.series.evidence.ageing`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.series.contract.model import Pool, Recipe, Season, SeriesFit, UnitFit
from forecast.series.contract.samples import Sample, read_sample
from forecast.series.evidence.ageing import ageing
from forecast.series.evidence.around import Around
from forecast.series.evidence.held_out import (
    FEWEST_VALUES,
    HeldOut,
    held_out,
    season_length,
    usual_steps,
)
from forecast.series.evidence.volatility import Volatility, volatility_of
from forecast.series.scales.scale import CEILING

__all__ = ["FEWEST_SCORES", "Calibrated", "Calibration", "Conformal", "calibrate"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Levels whose half widths are calibrated; between them they are interpolated."""

FEWEST_SCORES = 19
"""The largest of 19 scores bounds 95 per cent of new ones; fewer cannot."""

FEWEST_OF_CLASS = 200
"""Scores of each size class and horizon below which classes are put together."""

USUAL_CLASSES = 3
LARGEST_SCORE = 50.0


@dataclass(frozen=True, slots=True)
class Conformal(Recipe):
    """A model whose intervals are those that would have held.

    The last periods are held out from several origins and the model is fitted to what
    was known then; see the module for the scores. The guarantee is for outcomes that are
    exchangeable with the scores. Shocks common to all units in the periods held out, or
    coming, are not; several origins soften this.

    Parameters
    ----------
    model : Recipe
    holdout : int, optional
        Horizons that are scored; later ones use the scores of the last, growing with the
        root of the horizon. By default six years, eight quarters or 24 months.
    classes : int
        Size classes with scores of their own, where each has at least 200 of a horizon.

    Examples
    --------
    >>> from forecast.series import Drift
    >>> Conformal(Drift()).name
    'Drift, calibrated'
    """

    model: Recipe
    holdout: int | None = None
    classes: int = USUAL_CLASSES

    def __post_init__(self) -> None:
        for name, value in (("holdout", self.holdout), ("classes", self.classes)):
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and value >= 1):
                raise ModelError(
                    f"{name}={value!r} is not possible",
                    code="F-526",
                    remedy="Give a whole number from 1.",
                )

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        return f"{self.model.name}, calibrated"

    @property
    def columns(self) -> tuple[str, ...]:
        """Covariates that the model uses."""
        return self.model.columns

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series by the model itself; calibration needs a panel, see `fit`."""
        return self.model.fit_values(y, season)

    def fit(self, data: Any, *, pool: Pool | None = None) -> Calibrated:  # type: ignore[override]
        """Fit the model to all values, and to what was known at earlier origins.

        Parameters are those of `Recipe.fit`.

        Raises
        ------
        ModelError
            F-527 when all horizons together give fewer than 19 scores; else as
            `Recipe.fit`.
        """
        return self.fit_to(read_sample(data, self.columns), pool=pool)

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> Calibrated:  # type: ignore[override]
        """Fit and calibrate; see `fit`."""
        steps = self.holdout or usual_steps(sample.periods)
        seen = held_out([self.model], sample, steps, pool=pool)
        calibration = calibrate(seen, seen.points[0], sample, self.classes)
        return Calibrated(
            self, self.model.fit_to(sample, pool=pool), calibration, self.name
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """How wide intervals must be.

    Attributes
    ----------
    half_widths : float array of shape (n_kinds, n_classes, steps, n_knots)
        Of intervals of level `levels`, in units of ``volatility * sqrt(horizon)``; kind
        0 are positive units, in logarithms, kind 1 those that have zeros.
    normal : float array of shape (n_knots,)
        Half widths of the same levels of a standard normal distribution.
    volatility : Volatility
        Of the units at the end.
    size_class : int array of shape (n_units,)
    n_scores : int array of shape (n_kinds, steps)
        Scores of each horizon, over all classes.
    notes : tuple of str
        Where scores were too few, and what was done.
    """

    half_widths: Floats
    normal: Floats
    volatility: Volatility
    size_class: Ints
    n_scores: Ints
    notes: tuple[str, ...]

    def widths(self, steps: int) -> Floats:
        """Return half widths of every unit, of shape (n_units, steps, n_knots)."""
        known = self.half_widths.shape[2]
        horizon = np.arange(steps)
        kind = np.where(self.volatility.positive, 0, 1)
        base = self.half_widths[
            kind[:, None],
            self.size_class[:, None],
            np.minimum(horizon, known - 1)[None],
        ]
        return np.asarray(
            base * self.volatility.size[:, None, None] * np.sqrt(horizon + 1)[:, None]
        )


@dataclass(frozen=True, eq=False, repr=False)
class Calibrated(Around):
    """A fitted model with calibrated intervals; the point forecasts are the model's.

    Attributes
    ----------
    recipe : Recipe
    whole : SeriesFit
        The model fitted to all values.
    calibration : Calibration
    model_name : str
        What forecasts say.
    """

    recipe: Recipe
    whole: SeriesFit
    calibration: Calibration
    model_name: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of forecasts must know."""
        return (*self.whole.notes, *self.calibration.notes)

    def forecast(
        self,
        horizon: int | str | pd.Period,
        *,
        paths: int = 2000,
        seed: int = 0,
        **options: Any,
    ) -> Forecast:
        """Simulate the model's paths and give them the calibrated distribution.

        Parameters are those of `SeriesFit.forecast`.
        """
        raw = self.whole.forecast(horizon, paths=paths, seed=seed, **options)
        points = self.whole.point(
            horizon, **{k: v for k, v in options.items() if k == "indicators"}
        ).to_numpy()
        draws = _calibrated(raw.draws, points, self.calibration)
        ceiling = CEILING * np.nanmax(self.whole.sample.values, axis=1)
        return replace(
            raw,
            draws=np.minimum(draws, np.maximum(ceiling, 0)[:, None, None]),
            model=self.model_name,
            notes=(*raw.notes, *self.calibration.notes),
        )

    def __repr__(self) -> str:
        wide = self.calibration.half_widths[0, :, :, LEVELS.index(0.95)]
        return (
            f"{self.whole!r}; 95 % intervals at {wide.mean():.1f} times a unit's "
            "volatility and the root of the horizon"
        )


# -------------------------------------------------------------------------- calibrating


def calibrate(
    seen: HeldOut, points: Floats, sample: Sample, classes: int = USUAL_CLASSES
) -> Calibration:
    """Turn errors from earlier origins into half widths.

    Parameters
    ----------
    seen : HeldOut
    points : float array of shape (n_origins, n_units, steps)
        Point forecasts from the earlier origins.
    sample : Sample
    classes : int
        The most size classes.

    Raises
    ------
    ModelError
        F-527 when there are fewer than 19 scores of all horizons together.
    """
    length, n_periods = season_length(sample.periods), sample.values.shape[1]
    now = volatility_of(sample.values, length)
    scores = np.full(points.shape, np.nan)
    zeros = np.zeros(points.shape[:2], dtype=bool)
    for origin, cut in enumerate(seen.cuts.tolist()):
        then = volatility_of(sample.values[:, : n_periods - cut], length)
        scores[origin] = _scores(seen.actual[origin], points[origin], then)
        zeros[origin] = ~then.positive
    years = seen.cuts / length
    growth = ageing(scores, years)
    scores = scores * np.exp(-growth * years)[:, None, None]
    size_class = _size_classes(sample.values, length, classes)
    tables, counts, notes = [], [], []
    for kind, who in ((False, ""), (True, "units with zeros: ")):
        mine = np.where((zeros == kind)[..., None], scores, np.nan)
        table, count, note = _half_widths(mine, size_class, scores)
        tables.append(table)
        counts.append(count)
        if note and (now.positive != kind).any():
            notes.append(who + note)
    counted = np.array(counts)
    if counted.sum() < FEWEST_SCORES:
        raise ModelError(
            f"{counted.sum()} scores cannot calibrate a 95 per cent interval",
            code="F-527",
            count=int(counted.sum()),
            remedy=f"At least {FEWEST_SCORES} outcomes after {FEWEST_VALUES} values (two "
            "years of months or quarters) are needed: more units, longer series, or the "
            "model without `Conformal`.",
        )
    return Calibration(
        np.stack(tables), _normal(), now, size_class, counted, tuple(notes)
    )


def _scores(actual: Floats, point: Floats, then: Volatility) -> Floats:
    """Return errors in units of volatility and the root of the horizon."""
    positive = then.positive[:, None]
    both = (actual > 0) & (point > 0)
    logs = np.log(np.where(both, actual, 1)) - np.log(np.where(both, point, 1))
    # An outcome of zero after positive ones is as far as anything can be.
    logs = np.where(both, logs, np.where(np.isfinite(actual), np.inf, np.nan))
    error = np.abs(np.where(positive, logs, actual - point))
    unit = then.size[:, None] * np.sqrt(np.arange(1, actual.shape[1] + 1))
    scores = np.full(error.shape, np.nan)
    np.divide(error, unit, out=scores, where=unit > 0)
    return np.minimum(scores, LARGEST_SCORE)


def _size_classes(values: Floats, length: int, classes: int) -> Ints:
    """Sort units into classes of equal number by the mean of their last year."""
    last = np.where(np.isfinite(values), values, np.nan)[:, -length:]
    known = np.isfinite(last)
    level = np.where(known, last, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    ranks = np.argsort(np.argsort(level, kind="stable"), kind="stable")
    return np.asarray(ranks * classes // max(len(values), 1), dtype=int)


def _half_widths(
    scores: Floats, size_class: Ints, spare: Floats
) -> tuple[Floats, Ints, str]:
    """Return half widths (n_classes, steps, n_knots), numbers of scores, and a note.

    Where a horizon has too few scores those of all horizons are taken, where these are
    too few, too, `spare`.
    """
    classes, steps = int(size_class.max()) + 1, scores.shape[2]
    count = np.isfinite(scores).sum(axis=(0, 1))
    few = int(count.sum()) < FEWEST_SCORES
    everything = spare[np.isfinite(spare)] if few else scores[np.isfinite(scores)]
    table = np.tile(_normal(), (classes, steps, 1))
    for step in range(steps):
        column = scores[:, :, step]
        groups = [column[:, size_class == k] for k in range(classes)]
        if min(np.isfinite(group).sum() for group in groups) < FEWEST_OF_CLASS:
            groups = [column] * classes
        for k, group in enumerate(groups):
            own = group[np.isfinite(group)]
            if own.size < FEWEST_SCORES:
                own = everything
            if own.size >= FEWEST_SCORES:
                table[k, step] = _bounds(own)
    if few:
        return table, count, f"{count.sum()} scores were too few: all were pooled"
    pooled = [step + 1 for step in range(steps) if count[step] < FEWEST_SCORES]
    if not pooled:
        return table, count, ""
    return (
        table,
        count,
        (
            f"horizons {', '.join(map(str, pooled))} had fewer than {FEWEST_SCORES} scores: "
            "those of all horizons were pooled"
        ),
    )


def _bounds(scores: Floats) -> Floats:
    """Return conformal bounds of all levels; beyond the largest score, a normal's growth."""
    ordered, normal = np.sort(scores), _normal()
    ranks = np.ceil((ordered.size + 1) * np.array(LEVELS)).astype(int)
    there = ranks <= ordered.size
    bounds = ordered[np.minimum(ranks, ordered.size) - 1]
    last = int(np.flatnonzero(there)[-1])
    bounds[~there] = bounds[last] * normal[~there] / normal[last]
    return bounds


def _normal() -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri((1 + np.array(LEVELS)) / 2))


# ---------------------------------------------------------------------------- the paths


def _calibrated(draws: Floats, points: Floats, calibration: Calibration) -> Floats:
    """Give each unit and period the calibrated distribution; ranks are kept."""
    n_units, steps, paths = draws.shape
    widths = calibration.widths(steps)
    size, side = _normal_scores(paths)
    knots = np.concatenate([[0.0], calibration.normal])
    shares = np.stack([np.interp(size, knots, row) for row in np.eye(knots.size)[1:]])
    # Beyond the last level there are no scores to go by: a normal's growth.
    shares[-1] *= np.maximum(size / knots[-1], 1)
    out = np.empty_like(draws)
    for unit in range(n_units):
        order = np.argsort(draws[unit], axis=-1, kind="stable")
        if np.isnan(widths[unit]).any():  # a unit that never changed
            out[unit] = draws[unit]
            continue
        # Step by step: a longer horizon must not change the bits of the first periods.
        moved = side * np.stack([width @ shares for width in widths[unit]])
        if calibration.volatility.positive[unit]:
            ordered = points[unit][:, None] * np.exp(np.clip(moved, -700, 50))
        else:
            ordered = np.maximum(points[unit][:, None] + moved, 0)
        np.put_along_axis(out[unit], order, ordered, axis=-1)
    return out


def _normal_scores(count: int) -> tuple[Floats, Floats]:
    """Return sizes and signs of the normal quantiles of the ranks 1 to count."""
    from scipy.special import ndtri

    scores = ndtri((np.arange(count) + 0.5) / count)
    return np.abs(scores), np.sign(scores)
