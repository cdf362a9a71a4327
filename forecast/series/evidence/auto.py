"""The default: several models fitted, the best by the evidence of all units, calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.series.arima.model import ARIMA
from forecast.series.contract.model import (
    Pool,
    Recipe,
    Season,
    SeriesFit,
    UnitFit,
    UnitSeries,
)
from forecast.series.contract.samples import Sample, read_sample
from forecast.series.evidence.around import Around
from forecast.series.evidence.combination import Combination, usual_change
from forecast.series.evidence.conformal import Calibrated, calibrate
from forecast.series.evidence.held_out import (
    HeldOut,
    held_out,
    season_length,
    usual_steps,
)
from forecast.series.plain.naive import Drift
from forecast.series.smoothing.complex_smoothing import CES
from forecast.series.smoothing.exponential import ETS
from forecast.series.smoothing.theta import Theta

__all__ = ["Auto", "AutoFit"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FEWEST_UNITS = 10
"""Units with outcomes below which the evidence does not choose."""

MUCH_WORSE = 0.1
"""Share of the best model's loss. A mean gains from members that are a little worse; the
gains of combining are of this order."""


@dataclass(frozen=True, slots=True)
class Auto(Recipe):
    """The mean of the models that the evidence of all units does not rule out.

    From several origins before the end every model is fitted to what was known then. The
    loss of a unit is its mean absolute error over origins and horizons, in units of its
    mean change from a year before (as MASE). Models whose loss is more than a tenth and
    two standard errors above the best one's are dropped; the mean of those left is taken
    (or their median, where that did better by more than a standard error). To pick the
    single best in place of a mean of good models would follow the luck of a few years
    that all units share. The same held-out errors calibrate the intervals
    (`forecast.series.evidence.conformal`).

    Parameters
    ----------
    members : sequence of Recipe, optional
        Models that compete, two or more. By default those of `usual_members`.
    calibrated : bool
        Whether intervals are calibrated; else they are those of the models.

    Examples
    --------
    One series does not rule out models; the mean of all is taken:

    >>> fit = Auto().fit([10.0, 11.2, 11.9, 13.1, 14.0, 14.8, 16.1])
    >>> fit.chosen.name
    'mean of ETS, Theta, CES and Drift'
    >>> print(fit.why)
    The mean of all models was taken: the evidence of 1 unit does not choose.
    """

    members: tuple[Recipe, ...] | None = None
    calibrated: bool = True

    def __post_init__(self) -> None:
        if self.members is None:
            return
        object.__setattr__(self, "members", tuple(self.members))
        if len(self.members) < 2 or not all(
            isinstance(member, Recipe) for member in self.members
        ):
            raise ModelError(
                f"members={self.members!r} cannot compete",
                code="F-650",
                remedy="Give two or more models, or none for the usual ones.",
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Covariates that a member uses."""
        return tuple(dict.fromkeys(c for m in self.members or () for c in m.columns))

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit the mean of all models to one series; to choose takes a panel."""
        return self._default(season.length).fit_values(y, season)

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit the mean of all models to many series; to choose, see `fit`."""
        return self._default(series[0].season.length).fit_many(series) if series else []

    def fit(self, data: Any, *, pool: Pool | None = None) -> AutoFit:  # type: ignore[override]
        """Let the models compete, then fit the winner to all values.

        Parameters and errors are those of `Recipe.fit`.
        """
        return self.fit_to(read_sample(data, self.columns), pool=pool)

    def fit_to(self, sample: Sample, *, pool: Pool | None = None) -> AutoFit:  # type: ignore[override]
        """Choose, fit and calibrate; see `fit`."""
        members = self._members(season_length(sample.periods))
        seen = held_out(members, sample, usual_steps(sample.periods), pool=pool)
        evidence = _evidence(seen, members, sample)
        kept = np.flatnonzero(evidence["kept"])
        winner, why = _choice(seen, members, kept, sample)
        whole = winner.fit_to(sample, pool=pool)
        calibrated, note = None, ""
        if self.calibrated:
            points = _combined(seen.points[kept], winner)
            calibrated, note = _calibrated(self, whole, seen, points, sample)
        return AutoFit(self, whole, calibrated, evidence, why, note)

    def _members(self, length: int) -> tuple[Recipe, ...]:
        return self.members or usual_members(length)

    def _default(self, length: int) -> Combination:
        return Combination(self._members(length))


def usual_members(length: int) -> tuple[Recipe, ...]:
    """Return the models that compete by default, for so many periods in a year.

    ARIMA is not among those for years: on twenty values its orders are a guess, in the
    M4 competition it was no better than the naive forecast there.
    """
    if length == 1:
        return (ETS(), Theta(), CES(), Drift())
    return (ETS(), Theta(), CES(), ARIMA())


@dataclass(frozen=True, eq=False, repr=False)
class AutoFit(Around):
    """The winner fitted, and why it is the one.

    Attributes
    ----------
    recipe : Auto
    whole : SeriesFit
        The winner fitted to all values.
    calibrated : Calibrated, optional
        The same with calibrated intervals, where scores were enough.
    evidence : DataFrame
        A row per model: its name, its mean loss, what that is above the best model's with
        its standard error, the number of units, whether it was kept.
    why : str
    note : str
        Why intervals are not calibrated; empty where they are.
    """

    recipe: Auto
    whole: SeriesFit
    calibrated: Calibrated | None
    evidence: pd.DataFrame
    why: str
    note: str

    @property
    def chosen(self) -> Recipe:
        """The model that was taken."""
        return self.whole.recipe

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of forecasts must know."""
        own = (self.calibrated or self.whole).notes
        return (*own, self.why, *([self.note] if self.note else []))

    def forecast(self, horizon: int | str | pd.Period, **options: Any) -> Forecast:
        """Simulate joint sample paths; see `SeriesFit.forecast`."""
        outlook = (self.calibrated or self.whole).forecast(horizon, **options)
        return replace(outlook, model=self.recipe.name, notes=self.notes)

    def __repr__(self) -> str:
        return f"{self.recipe.name}: {self.whole!r}; {self.why}"


# ----------------------------------------------------------------------------- choosing


def _evidence(seen: HeldOut, members: Sequence[Recipe], sample: Sample) -> pd.DataFrame:
    """Return what each model lost, and which are not ruled out."""
    losses = np.stack([_losses(seen.actual, p, sample) for p in seen.points])
    known = np.isfinite(losses).all(axis=0)
    n = int(known.sum())
    means = losses[:, known].mean(axis=1) if n else np.full(len(members), np.nan)
    excess, error = np.zeros(len(members)), np.full(len(members), np.nan)
    if n > 1:
        best = int(np.argmin(means))
        above = losses[:, known] - losses[best, known]
        excess, error = above.mean(axis=1), above.std(axis=1, ddof=1) / np.sqrt(n)
    worse = (excess > MUCH_WORSE * means.min()) & (excess > 2 * error)
    return pd.DataFrame(
        {
            "model": [member.name for member in members],
            "loss": means,
            "above_best": excess,
            "std_error": error,
            "units": n,
            "kept": ~worse if n >= FEWEST_UNITS else True,
        }
    )


def _losses(actual: Floats, points: Floats, sample: Sample) -> Floats:
    """Return each unit's mean absolute error in units of its usual change."""
    scale = usual_change(sample.values, season_length(sample.periods))
    error = np.abs(actual - points)
    there = np.isfinite(error)
    count = there.sum(axis=(0, 2))
    total = np.where(there, error, 0.0).sum(axis=(0, 2))
    losses = np.full(scale.shape, np.nan)
    np.divide(total, count * scale, out=losses, where=(count > 0) & (scale > 0))
    return losses


def _choice(
    seen: HeldOut, members: Sequence[Recipe], kept: Ints, sample: Sample
) -> tuple[Recipe, str]:
    """Return what is fitted to all values, and a sentence that says why."""
    left = tuple(members[k] for k in kept.tolist())
    dropped = [m.name for k, m in enumerate(members) if k not in kept]
    gone = f" without {' and '.join(dropped)}, which did worse" if dropped else ""
    if len(left) == 1:
        return left[0], f"{left[0].name} was taken: every other model did much worse."
    mean, median = (
        _losses(
            seen.actual, _combined(seen.points[kept], Combination(left, how)), sample
        )
        for how in ("mean", "median")
    )
    gain = (mean - median)[np.isfinite(mean - median)]
    n = gain.size
    if n < FEWEST_UNITS:
        noun = "unit" if n == 1 else "units"
        return Combination(left), (
            f"The mean of all models was taken: the evidence of {n} {noun} does not "
            "choose."
        )
    loss = float(mean[np.isfinite(mean)].mean())
    on = f"on {n} units, held out, its mean scaled error was"
    if len(left) > 2 and gain.mean() > gain.std(ddof=1) / np.sqrt(n):
        return Combination(left, "median"), (
            f"The median of all models{gone} was taken: {on} "
            f"{loss - gain.mean():.3f}, that of the mean {loss:.3f}."
        )
    return Combination(
        left
    ), f"The mean of all models{gone} was taken: {on} {loss:.3f}."


def _combined(points: Floats, winner: Recipe) -> Floats:
    """Return the winner's point forecasts from those of the models it combines."""
    if isinstance(winner, Combination) and winner.weights == "median":
        return np.asarray(np.median(points, axis=0))
    return np.asarray(points.mean(axis=0))


def _calibrated(
    recipe: Auto, whole: SeriesFit, seen: HeldOut, points: Floats, sample: Sample
) -> tuple[Calibrated | None, str]:
    """Calibrate the winner; where scores are too few, say so."""
    try:
        calibration = calibrate(seen, points, sample)
    except ModelError as error:
        if error.code != "F-527":
            raise
        return None, (
            f"Intervals are the models' own, not calibrated: {error.count} outcomes are "
            "too few."
        )
    return Calibrated(recipe, whole, calibration, recipe.name), ""
