"""Intervals widened by what the model missed at the end of each series.

Split conformal prediction, pooled over the units of a panel: a single short series has
too few errors to tell how wide a 95 per cent interval must be, a panel has enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.forecasts.summaries import quantiles
from forecast.periods import FREQUENCIES, frequency_of
from forecast.series.model import Pool, Recipe, Season, SeriesFit, UnitFit, fit_sample
from forecast.series.samples import Sample, read_sample
from forecast.series.scale import CEILING

__all__ = ["Conformal", "ConformalFit"]

Floats = NDArray[np.floating[Any]]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Levels that are calibrated; between them the spread is interpolated."""

FEWEST_SCORES = 19
"""The largest of 19 scores bounds 95 per cent of new ones; fewer cannot."""

FEWEST_VALUES = 5
PATHS = 1000

NORMAL = np.array([NormalDist().inv_cdf((1 + level) / 2) for level in LEVELS])


@dataclass(frozen=True, slots=True)
class Conformal(Recipe):
    r"""A model whose intervals are widened so that they would have held.

    The last `holdout` periods of all units are held out, the model is fitted to the rest,
    and each outcome is scored by its distance from the median in units of the forecast
    half width on its side. At each horizon the :math:`\lceil (n + 1) q \rceil`-th
    smallest of n scores becomes the half width of the interval of level q, unless the
    model's own is wider. Paths keep their ranks, so they stay joint; the median does not
    move. Where a horizon has fewer
    than 19 scores those of all horizons are pooled, and a note says so.

    The guarantee is for outcomes that are exchangeable with the scores. Shocks common to
    all units in the periods held out, or coming, are not.

    Parameters
    ----------
    model : Recipe
    holdout : int, optional
        Horizons that are scored; later ones use the last. By default 4 years, or the
        periods of one year.

    Examples
    --------
    >>> from forecast.series import Drift
    >>> Conformal(Drift()).name
    'Drift, widened'
    """

    model: Recipe
    holdout: int | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.holdout, int) and not isinstance(self.holdout, bool)
        if self.holdout is not None and not (whole and self.holdout >= 1):
            raise ModelError(
                f"holdout={self.holdout!r} is not possible",
                code="F-526",
                remedy="Give a number of periods from 1.",
            )

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        return f"{self.model.name}, widened"

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series by the model itself; calibration needs a panel, see `fit`."""
        return self.model.fit_values(y, season)

    def fit(self, data: Any, *, pool: Pool | None = None) -> ConformalFit:  # type: ignore[override]
        """Fit the model twice: to all values, and without those held out.

        Parameters are those of `Recipe.fit`.

        Raises
        ------
        ModelError
            F-527 when all horizons together give fewer than 19 scores; else as
            `Recipe.fit`.
        """
        sample = read_sample(data)
        steps = self.holdout or _usual_holdout(sample.periods)
        scores = _scores(self.model, sample, steps, pool)
        whole = fit_sample(self.model, sample, pool=pool)
        half_widths, pooled = _half_widths(scores)
        return ConformalFit(self, whole, half_widths, pooled)


@dataclass(frozen=True, eq=False, repr=False)
class ConformalFit:
    """A fitted model with calibrated half widths.

    Attributes
    ----------
    recipe : Conformal
    whole : SeriesFit
        The model fitted to all values.
    half_widths : float array of shape (holdout, 4)
        Of intervals of 50, 80, 90 and 95 per cent, in units in which those of a normal
        distribution with the model's 80 per cent interval are 0.67, 1.28, 1.64 and 1.96.
    pooled : tuple of int
        Horizons that had too few scores of their own.
    """

    recipe: Conformal
    whole: SeriesFit
    half_widths: Floats
    pooled: tuple[int, ...]

    @property
    def units(self) -> pd.DataFrame:
        """Key columns, one row per unit."""
        return self.whole.units

    @property
    def fitted(self) -> pd.DataFrame:
        """One-step forecasts of the model; see `SeriesFit.fitted`."""
        return self.whole.fitted

    @property
    def residuals(self) -> pd.DataFrame:
        """Errors of the model; see `SeriesFit.residuals`."""
        return self.whole.residuals

    @property
    def params(self) -> pd.DataFrame:
        """Parameters of the model; see `SeriesFit.params`."""
        return self.whole.params

    def point(self, horizon: int | str | pd.Period) -> pd.DataFrame:
        """Point forecasts of the model; see `SeriesFit.point`."""
        return self.whole.point(horizon)

    def forecast(
        self,
        horizon: int | str | pd.Period,
        *,
        paths: int = 2000,
        seed: int = 0,
        largest_gb: float = 4.0,
    ) -> Forecast:
        """Simulate the model's paths and widen them; see `SeriesFit.forecast`."""
        raw = self.whole.forecast(
            horizon, paths=paths, seed=seed, largest_gb=largest_gb
        )
        draws = np.empty(raw.draws.shape)
        ceilings = CEILING * np.nanmax(self.whole.sample.values, axis=1)
        for row, ceiling in enumerate(ceilings.tolist()):
            for step, values in enumerate(raw.draws[row]):
                widths = self.half_widths[min(step, len(self.half_widths) - 1)]
                draws[row, step] = _widened(values, widths, ceiling)
        notes = []
        if self.pooled:
            notes.append(
                f"horizons {', '.join(map(str, self.pooled))} had fewer than "
                f"{FEWEST_SCORES} scores: those of all horizons were pooled"
            )
        return replace(
            raw, draws=draws, model=self.recipe.name, notes=(*raw.notes, *notes)
        )

    def __repr__(self) -> str:
        ratio = float(np.median(self.half_widths[:, 3]) / NORMAL[3])
        return f"{self.whole!r}; scores of 95 % are {ratio:.2f} times normal ones"


def _usual_holdout(periods: pd.PeriodIndex) -> int:
    per_year = FREQUENCIES[frequency_of(periods)]
    return 4 if per_year == 1 else per_year


def _scores(model: Recipe, sample: Sample, steps: int, pool: Pool | None) -> Floats:
    """Score the values held out, shape (n_units, steps); NaN where there is none."""
    before = sample.values[:, :-steps]
    rows = np.flatnonzero(np.isfinite(before).sum(axis=1) >= FEWEST_VALUES)
    if not rows.size:
        return np.empty((0, steps))
    earlier = replace(
        sample,
        values=before[rows],
        units=sample.units.iloc[rows].reset_index(drop=True),
        periods=sample.periods[:-steps],
    )
    outlook = fit_sample(model, earlier, pool=pool).forecast(
        steps, paths=PATHS, largest_gb=np.inf
    )
    low, median, high = quantiles(outlook.draws, [0.1, 0.5, 0.9])
    outcome = sample.values[rows, -steps:]
    side = np.where(outcome < median, low, high)
    distance, width = _distance(outcome, median), _distance(side, median)
    scores = np.full(outcome.shape, np.nan)
    np.divide(NORMAL[1] * distance, width, out=scores, where=width > 0)
    return np.abs(scores)


def _distance(values: Floats, median: Floats) -> Floats:
    """Return the distance from the median: in logarithms where all is positive."""
    positive = (values > 0) & (median > 0)
    logs = np.log(np.where(positive, values, 1)) - np.log(np.where(positive, median, 1))
    return np.abs(np.where(positive, logs, values - median))


def _half_widths(scores: Floats) -> tuple[Floats, tuple[int, ...]]:
    """Return conformal quantiles by horizon, and the horizons that had to be pooled."""
    everything = scores[np.isfinite(scores)]
    if everything.size < FEWEST_SCORES:
        raise ModelError(
            f"{everything.size} scores cannot calibrate a 95 per cent interval",
            code="F-527",
            count=int(everything.size),
            remedy=f"At least {FEWEST_SCORES} outcomes after {FEWEST_VALUES} values are "
            "needed: more units, longer series, or the model without `Conformal`.",
        )
    widths, pooled = np.empty((scores.shape[1], len(LEVELS))), []
    for step, column in enumerate(scores.T):
        own = column[np.isfinite(column)]
        if own.size < FEWEST_SCORES:
            pooled.append(step + 1)
            own = everything
        ranks = np.ceil((own.size + 1) * np.array(LEVELS)).astype(int)
        widths[step] = np.sort(own)[np.minimum(ranks, own.size) - 1]
    return widths, tuple(pooled)


def _widened(values: Floats, widths: Floats, ceiling: float) -> Floats:
    """Move the paths of one unit and period outwards to calibrated half widths.

    Ranks are kept, no path moves inwards, none above `ceiling`. Beyond 95 per cent there
    are no scores to go by: the spread goes on as that of a normal distribution.
    """
    low, median, high = np.quantile(values, [0.1, 0.5, 0.9])
    if not low < median < high:
        return values
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    normal = _normal_scores(values.size)[ranks]
    knots, heights = np.concatenate([[0.0], NORMAL]), np.concatenate([[0.0], widths])
    size = np.abs(normal)
    score = np.interp(size, knots, heights) + np.maximum(size - knots[-1], 0)
    ends = np.where(normal < 0, low, high)
    if low > 0:
        moved = median * (ends / median) ** (score / NORMAL[1])
    else:
        moved = np.maximum(median + (ends - median) * score / NORMAL[1], 0)
    above = np.maximum(values, np.minimum(moved, ceiling))
    return np.where(normal < 0, np.minimum(values, moved), above)


def _normal_scores(count: int) -> Floats:
    """Return the normal quantiles of the ranks 1 to count."""
    from scipy.special import ndtri

    return np.asarray(ndtri((np.arange(count) + 0.5) / count))
