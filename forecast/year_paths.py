"""Sample paths of a year of which a part is known, from `Evidence` and a `PartYearModel`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.evidence import Evidence
from forecast.forecasts import unit_rng
from forecast.part_year import PartYearModel, Tilt

__all__ = [
    "YearPaths",
    "benchmarks_of",
    "describe",
    "median_of",
    "simulate_months",
    "simulate_year",
]

Floats = NDArray[np.floating[Any]]

LARGEST_LOADING = 0.9


@dataclass(frozen=True, slots=True)
class YearPaths:
    """Paths of n units; NaN where not known.

    Attributes
    ----------
    year : float array of shape (n, paths)
    growth : float array of shape (n, paths)
        Per cent over the year before; agrees with `year` path by path.
    rest : float array of shape (n, paths)
        What the months to come bring.
    """

    year: Floats
    growth: Floats
    rest: Floats


def simulate_year(
    evidence: Evidence, relation: PartYearModel, year: int, *, paths: int, seed: int
) -> YearPaths:
    """Draw year and growth with the same normal scores, so that they agree path by path."""
    independent = _independent(evidence, seed, paths)
    common = unit_rng(seed, "year", str(year)).standard_normal(paths)
    shape = (len(evidence), paths)
    whole, growth, rest = (np.full(shape, np.nan) for _ in range(3))
    for level, rows, tilt in _tilts(evidence, relation):
        draw = tilt.at(
            _joint(tilt, relation, evidence.months, common, independent[rows])
        )
        if level == "rate":
            growth[rows] = np.exp(evidence.part.log_growth[rows, None] + draw)
            whole[rows] = evidence.base[rows, None] * growth[rows]
        else:
            rest[rows] = evidence.remaining[rows, None] * np.exp(draw)
            whole[rows] = evidence.part.known[rows, None] + rest[rows]
            base = evidence.base[rows, None]
            growth[rows] = whole[rows] / np.where(base > 0, base, np.nan)
    baseless = np.flatnonzero(
        np.isnan(evidence.base) & np.isfinite(evidence.part.log_growth)
    )
    if baseless.size:  # growth is published, the level of the year before is not
        part = evidence.part.take(baseless)
        tilt = relation.tilt(part, "rate")
        draw = tilt.at(
            _joint(tilt, relation, evidence.months, common, independent[baseless])
        )
        growth[baseless] = np.exp(part.log_growth[:, None] + draw)
    return YearPaths(whole, 100 * (growth - 1), rest)


def simulate_months(evidence: Evidence, rest: Floats, *, seed: int) -> Floats:
    """Spread the rest of each path over its months as some past year did.

    Returns
    -------
    float array of shape (n, 12 - k, paths)
        Sums to `rest` over the months.
    """
    keys = evidence.units.astype(str).itertuples(index=False)
    shares = [
        _past_shares(pattern, rest.shape[1], unit_rng(seed, "months", *key))
        for pattern, key in zip(evidence.pattern, keys, strict=True)
    ]
    return np.stack(shares) * rest[:, None, :]


def median_of(relation: PartYearModel) -> Callable[[list[Evidence]], float]:
    """Give the function that sums the medians of the year over all units."""
    return lambda groups: float(sum(np.nansum(_medians(g, relation)) for g in groups))


def benchmarks_of(evidence: Evidence) -> pd.DataFrame:
    """Give the simple rules that a forecaster must beat, one row a unit and rule."""
    part = evidence.part
    rules = {
        "run-rate": part.known + evidence.remaining,
        "same growth as so far": evidence.base * np.exp(part.log_growth),
        "median tilt of five years": part.known
        + evidence.remaining * np.exp(part.tilt_median),
        "year before": evidence.base,
    }
    tables = [
        evidence.units.assign(rule=rule, value=value) for rule, value in rules.items()
    ]
    return pd.concat(tables, ignore_index=True)


def describe(evidence: Evidence, relation: PartYearModel) -> pd.DataFrame:
    """Say for each unit what is known and how wide that makes its distribution."""
    part = evidence.part
    correction, spread = np.empty(len(evidence)), np.empty(len(evidence))
    for _, rows, tilt in _tilts(evidence, relation):
        correction[rows], spread[rows] = np.expm1(_middle(tilt)), tilt.spread
    return evidence.units.assign(
        months=evidence.months,
        known=part.known,
        growth_so_far=np.expm1(part.log_growth),
        year_before=evidence.base,
        information=evidence.level,
        size_2010_musd=part.size,
        volatility=part.volatility,
        run_rate_correction=correction,
        spread=spread,
    )


def _tilts(
    evidence: Evidence, relation: PartYearModel
) -> list[tuple[str, NDArray[np.intp], Tilt]]:
    """Predict every unit's tilt from the richest information that it has."""
    found = []
    for level in np.unique(evidence.level):
        rows = np.flatnonzero(evidence.level == level)
        found.append(
            (str(level), rows, relation.tilt(evidence.part.take(rows), str(level)))
        )
    return found


def _middle(tilt: Tilt) -> Floats:
    return tilt.at(np.zeros((tilt.center.size, 1)))[:, 0]


def _medians(evidence: Evidence, relation: PartYearModel) -> Floats:
    """Median of each unit's year without simulation; growth in per cent without a level."""
    medians = np.empty(len(evidence))
    for level, rows, tilt in _tilts(evidence, relation):
        tilted = np.exp(_middle(tilt))
        if level == "rate":
            factor, base = (
                np.exp(evidence.part.log_growth[rows]) * tilted,
                evidence.base[rows],
            )
            medians[rows] = np.where(np.isnan(base), 100 * (factor - 1), base * factor)
        else:
            medians[rows] = (
                evidence.part.known[rows] + evidence.remaining[rows] * tilted
            )
    return medians


def _independent(evidence: Evidence, seed: int, paths: int) -> Floats:
    """Two normal scores of each unit, (units, 2, paths): of its pair, and its own.

    They hang on the keys, so that a unit keeps its paths whoever stands beside it.
    """
    scores = np.empty((len(evidence), 2, paths))
    for i, key in enumerate(evidence.units.astype(str).itertuples(index=False)):
        scores[i, 0] = unit_rng(seed, "pair", *sorted(key)).standard_normal(paths)
        scores[i, 1] = unit_rng(seed, "unit", *key).standard_normal(paths)
    return scores


def _joint(
    tilt: Tilt,
    relation: PartYearModel,
    months: int,
    common: Floats,
    independent: Floats,
) -> Floats:
    r"""Normal scores with the dependence of the calibration data.

    A year moves all partners by about as much, :math:`c` log points: of a unit whose
    tilt has standard deviation :math:`s` it explains :math:`\lambda^2 = (c / s)^2`.
    Both flows of a pair share a further part :math:`\pi`; the rest is the unit's own.
    """
    row = relation.dependence.loc[relation.dependence["months"] == months]
    loading = np.minimum(float(row["common"].iloc[0]) / tilt.deviation, LARGEST_LOADING)
    of_pair = np.full(loading.size, float(row["pair"].iloc[0]))
    own = np.sqrt(1 - loading**2 - of_pair)
    parts = (
        independent[:, 0] * np.sqrt(of_pair)[:, None] + independent[:, 1] * own[:, None]
    )
    return np.asarray(loading[:, None] * common + parts)


def _past_shares(pattern: Floats, paths: int, rng: np.random.Generator) -> Floats:
    """Shares of the months to come, (months, paths): those of a past year drawn at random."""
    whole = pattern[np.isfinite(pattern).all(axis=1)]
    if not len(whole):
        return np.full((pattern.shape[1], paths), 1 / pattern.shape[1])
    return np.asarray(whole[rng.integers(len(whole), size=paths)].T)
