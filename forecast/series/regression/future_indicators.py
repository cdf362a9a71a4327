"""The future of indicators as a distribution: forecast by themselves, or given.

An indicator that nobody gives is forecast from its own past, each column by what kind of
number it holds over all units:

- whole numbers (counts of events): Poisson with a rate of each unit that is drawn from its
  gamma posterior, the recent past counting more, the prior being the rate of all units;
  more spread than Poisson becomes negative binomial. A count that never falls is forecast
  by what is added.
- zero or one: a Markov chain whose chances of a switch are drawn likewise.
- numbers from zero: by the Theta model; others: a first-order autoregression about a mean.

Units share one path of an indicator that is one and the same series for them: the same
numbers of a continuous column (a price, the income of one country), the same counts in
all units, or in both directions of a pair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecasts import unit_rng
from forecast.series.contract.samples import Sample
from forecast.series.regression.given_indicators import GivenColumn, given_columns
from forecast.series.scales.seasonality import fill_gaps
from forecast.series.smoothing.theta import Theta

__all__ = ["FutureIndicators", "completed", "future_indicators"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

PRIOR_PERIODS = 3.0
"""Periods that the rate of all units counts beside a unit's own."""

FORGETTING = 0.92
"""What a period counts in a rate, relative to the next; half after eight."""


@dataclass(frozen=True, eq=False, slots=True)
class FutureIndicators:
    """Paths of all columns for every unit.

    Attributes
    ----------
    ahead : list of float arrays of shape (n_series, h, n_paths or 1)
        For each column, one row for each different series.
    rows : list of int arrays of shape (n_units,)
        For each column, which of these a unit has.
    """

    ahead: list[Floats]
    rows: list[Ints]

    def of_unit(self, row: int, paths: int) -> Floats:
        """Return one unit's paths, shape (h, k, n_paths)."""
        steps = self.ahead[0].shape[1]
        x = np.empty((steps, len(self.ahead), paths))
        for k, (ahead, rows) in enumerate(zip(self.ahead, self.rows, strict=True)):
            x[:, k] = ahead[rows[row]]
        return x


def completed(sample: Sample) -> dict[str, Floats]:
    """Return covariates without gaps up to the last period; NaN only before the first value.

    Gaps are filled by straight lines, values not yet published by the median of the
    indicator's own forecast.
    """
    full = {}
    for name, x in sample.covariates.items():
        filled = np.stack([_filled(row) for row in x])
        for last in np.unique(_last_known(filled)):
            late = filled.shape[1] - 1 - int(last)
            rows = np.flatnonzero(_last_known(filled) == last)
            if late == 0 or last < 0:
                continue
            known = _part(sample, name, filled, rows, int(last) + 1)
            ahead, which = _by_itself(known, name, late, 200, 0)
            middle = np.median(ahead, axis=2)[which]
            filled[rows, int(last) + 1 :] = middle
        full[name] = filled
    return full


def future_indicators(
    sample: Sample,
    full: Mapping[str, Floats],
    periods: pd.PeriodIndex,
    indicators: Any,
    paths: int,
    seed: int,
) -> FutureIndicators:
    """Draw or read the indicators of the periods to come.

    Parameters
    ----------
    sample : Sample
    full : mapping of str to float array of shape (n_units, n_periods)
        What `completed` made of its covariates.
    periods : PeriodIndex of length h
    indicators : None, DataFrame, TradePanel, Forecast or mapping
        See `forecast.series.regression.given_indicators`.
    paths, seed : int
    """
    given = given_columns(indicators, sample, tuple(full), periods)
    ahead, rows = [], []
    for name, x in full.items():
        if name in given:
            values, which = _given(given[name], paths)
        else:
            known = _part(sample, name, x, np.arange(len(x)), x.shape[1])
            values, which = _by_itself(known, name, len(periods), paths, seed)
        ahead.append(values)
        rows.append(which)
    return FutureIndicators(ahead, rows)


def _given(column: GivenColumn, paths: int) -> tuple[Floats, Ints]:
    """Take as many paths as are wanted: path k is that of k modulo those that there are."""
    count = column.values.shape[2]
    if count == 1:
        return column.values, column.rows
    return column.values[..., np.arange(paths) % count], column.rows


def _filled(x: Floats) -> Floats:
    """Fill gaps between known values by straight lines."""
    known = np.flatnonzero(np.isfinite(x))
    filled = x.copy()
    if known.size:
        inside = slice(known[0], known[-1] + 1)
        filled[inside] = fill_gaps(x[inside])
    return filled


def _last_known(x: Floats) -> Ints:
    """Return the position of each row's last value, -1 where there is none."""
    positions = np.where(np.isfinite(x), np.arange(x.shape[1]), -1)
    return np.asarray(positions.max(axis=1))


# ------------------------------------------------------------ forecasts of their own past


def _part(sample: Sample, name: str, x: Floats, rows: Ints, stop: int) -> Sample:
    """Return a covariate as the values of a sample."""
    return Sample(
        values=x[rows, :stop],
        units=sample.units.iloc[rows].reset_index(drop=True),
        periods=sample.periods[:stop],
        measure=name,
        origin=sample.origin,
        destination=sample.destination,
    )


def _by_itself(
    past: Sample, name: str, steps: int, paths: int, seed: int
) -> tuple[Floats, Ints]:
    """Forecast one column; returns paths of different series and which a unit has."""
    kind = _kind(past.values)
    labels = _labels(past, counts=kind in ("count", "growing count", "state"))
    names, first, which = np.unique(labels, return_index=True, return_inverse=True)
    x = past.values[first]
    streams = [unit_rng(seed, "indicator", name, label) for label in names]
    if kind == "positive":
        return _by_theta(x, names, past.periods, steps, paths, (seed, name)), which
    draw = {
        "constant": _constant,
        "count": _counts,
        "growing count": _growing_counts,
        "state": _states,
        "signed": _autoregression,
    }[kind]
    return draw(x, steps, paths, streams), which


def _kind(x: Floats) -> str:
    """Tell what kind of numbers a column holds."""
    known = x[np.isfinite(x)]
    first = np.nanmax(np.where(np.isfinite(x), x, -np.inf), axis=1, keepdims=True)
    if not known.size or bool(np.all((x == first) | np.isnan(x))):
        return "constant"
    if known.min() < 0:
        return "signed"
    if not np.all(known == np.round(known)):
        return "positive"
    if known.max() <= 1:
        return "state"
    steps = np.diff(x, axis=1)
    falls = bool((steps[np.isfinite(steps)] < 0).any())
    return "count" if falls else "growing count"


def _labels(past: Sample, *, counts: bool) -> list[str]:
    """Name the series of each unit: units of one name share it."""
    digests = [_digest(row) for row in past.values]
    if not counts or len(set(digests)) == 1:
        return digests
    names = past.units.astype(str)
    if past.origin is not None and past.destination is not None:
        ends = names[[past.origin, past.destination]].to_numpy()
        names = names.assign(
            **{past.origin: ends.min(axis=1), past.destination: ends.max(axis=1)}
        )
    keys = ["\x1f".join(row) for row in names.itertuples(index=False)]
    return [f"{key}\x1e{digest}" for key, digest in zip(keys, digests, strict=True)]


def _digest(row: Floats) -> str:
    return hashlib.sha256((row + 0.0).tobytes()).hexdigest()[:16]


def _constant(
    x: Floats, steps: int, paths: int, streams: list[np.random.Generator]
) -> Floats:
    del paths, streams
    last = np.nan_to_num(x[:, -1])
    return np.repeat(last[:, None], steps, axis=1)[..., None]


def _counts(
    x: Floats, steps: int, paths: int, streams: list[np.random.Generator]
) -> Floats:
    known = np.isfinite(x)
    weights = FORGETTING ** np.arange(x.shape[1])[::-1] * known
    own, exposure = (weights * np.nan_to_num(x)).sum(axis=1), weights.sum(axis=1)
    mean = (own.sum() + 0.5) / (exposure.sum() + 1)
    rate = (own + PRIOR_PERIODS * mean) / (exposure + PRIOR_PERIODS)
    centred = np.where(known, x - rate[:, None], 0.0)
    overspread = float((centred**2).sum() / (known * rate[:, None]).sum())
    draws = np.empty((len(x), steps, paths))
    for row, rng in enumerate(streams):
        shape, scale = (
            own[row] + PRIOR_PERIODS * mean,
            1 / (exposure[row] + PRIOR_PERIODS),
        )
        rates = np.maximum(scale * rng.gamma(shape, size=paths), 1e-9)
        for step in range(steps):
            draws[row, step] = _count_draws(rates, overspread, rng)
    return draws


def _count_draws(rates: Floats, overspread: float, rng: np.random.Generator) -> Floats:
    """Draw counts whose variance is so many times their mean."""
    if overspread > 1.05:
        rates = rng.gamma(rates / (overspread - 1), overspread - 1)
    return rng.poisson(np.minimum(rates, 1e15)).astype(float)


def _growing_counts(
    x: Floats, steps: int, paths: int, streams: list[np.random.Generator]
) -> Floats:
    if x.shape[1] < 2:
        return np.repeat(x[:, -1:, None], steps, axis=1)
    added = np.diff(x, axis=1)
    return x[:, -1, None, None] + np.cumsum(
        _counts(added, steps, paths, streams), axis=1
    )


def _states(
    x: Floats, steps: int, paths: int, streams: list[np.random.Generator]
) -> Floats:
    before, now = x[:, :-1], x[:, 1:]
    both = np.isfinite(before) & np.isfinite(now)
    chances = []
    for state in (0.0, 1.0):
        there = both & (before == state)
        switched = (there & (now != state)).sum(axis=1)
        often = (switched.sum() + 0.5) / (there.sum() + 1)
        chances.append((switched, there.sum(axis=1) - switched, often))
    draws = np.empty((len(x), steps, paths))
    for row, rng in enumerate(streams):
        leave = np.stack(
            [
                rng.beta(
                    switched[row] + PRIOR_PERIODS * often,
                    stayed[row] + PRIOR_PERIODS * (1 - often),
                    paths,
                )
                for switched, stayed, often in chances
            ]
        )
        states = np.full(paths, int(np.nan_to_num(x[row, -1])))
        for step in range(steps):
            switch = rng.random(paths) < leave[states, np.arange(paths)]
            states = np.where(switch, 1 - states, states)
            draws[row, step] = states
    return draws


def _autoregression(
    x: Floats, steps: int, paths: int, streams: list[np.random.Generator]
) -> Floats:
    """Draw x = m + r (x before - m) + e with r and the size of e drawn, too."""
    draws = np.empty((len(x), steps, paths))
    for row, rng in enumerate(streams):
        known = x[row][np.isfinite(x[row])]
        if known.size < 4:
            draws[row] = np.nan_to_num(x[row, -1])
            continue
        mean = float(known.mean())
        before, now = known[:-1] - mean, known[1:] - mean
        size = max(float(before @ before), 1e-300)
        r = float(before @ now) / size
        rest, df = now - r * before, known.size - 2
        sigma = np.sqrt(rest @ rest / np.maximum(rng.chisquare(df, paths), 0.2 * df))
        slopes = np.clip(r + sigma / np.sqrt(size) * rng.standard_normal(paths), -1, 1)
        centre = mean + sigma / np.sqrt(known.size) * rng.standard_normal(paths)
        value = np.full(paths, known[-1])
        for step in range(steps):
            value = (
                centre + slopes * (value - centre) + sigma * rng.standard_normal(paths)
            )
            draws[row, step] = value
    return draws


def _by_theta(
    x: Floats,
    names: NDArray[Any],
    periods: pd.PeriodIndex,
    steps: int,
    paths: int,
    stream: tuple[int, str],
) -> Floats:
    """Draw joint paths of positive series; those without any value are zero."""
    draws = np.zeros((len(x), steps, paths))
    there = np.flatnonzero(np.isfinite(x).any(axis=1))
    if there.size:
        units = pd.DataFrame({"indicator": names[there]})
        own_seed = int(unit_rng(stream[0], "indicator", stream[1]).integers(2**31))
        fit = Theta().fit_to(Sample(x[there], units, periods))
        draws[there] = fit.forecast(
            steps, paths=paths, seed=own_seed, largest_gb=np.inf
        ).draws
    return draws
