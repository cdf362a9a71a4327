"""Fit a regression on indicators: shapes, slopes, and what is each unit's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.contract.model import Recipe, UnitFit, UnitSeries
from forecast.series.regression.common_slopes import (
    FEWEST_CLUSTERS,
    CommonSlopes,
    Evidence,
    common_slopes,
    moments_of,
    sandwich,
)
from forecast.series.regression.histories import (
    UnitHistory,
    Workshop,
    best_shares,
    unit_history,
)
from forecast.series.regression.shared_shocks import shared_shocks
from forecast.series.regression.terms import Term
from forecast.series.regression.units import AdjustedFit, Drivers, ErrorsFit, Memory
from forecast.series.scales.scale import CEILING, scaled

__all__ = ["Fitting", "Slopes", "fit_units"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LIGHTEST = 2e-3
"""Points of the grid below this share of the heaviest weight are left out."""

LARGEST = float(np.finfo(float).max)


@dataclass(frozen=True, eq=False, slots=True)
class Slopes:
    """Reported coefficients.

    Attributes
    ----------
    names : tuple of str
    estimates, std_errors : float arrays of shape (m,)
    df : float
        Of Student's t.
    shapes : mapping of str to float
    """

    names: tuple[str, ...]
    estimates: Floats
    std_errors: Floats
    df: float
    shapes: Mapping[str, float]


@dataclass(frozen=True, eq=False, slots=True)
class Fitting:
    """A regression fitted to some series.

    Attributes
    ----------
    units : tuple of UnitFit
    evidence : tuple of Evidence
        Of the series that gave the slopes.
    cleared : tuple of Evidence
        The same with shared shocks taken out.
    common : CommonSlopes or None
        Of pooled slopes; None where they are not, or nothing gave any.
    covariance : float array of shape (K, K)
        Of these.
    terms : tuple of Term
    grid : list of (float, float)
        Of the parameters of errors.
    slopes : tuple of (int or None, Slopes)
        One for all units (None), or one for each.
    notes : tuple of str
    """

    units: tuple[UnitFit, ...]
    evidence: tuple[Evidence, ...]
    cleared: tuple[Evidence, ...]
    common: CommonSlopes | None
    covariance: Floats
    terms: tuple[Term, ...]
    grid: list[tuple[float, float]]
    slopes: tuple[tuple[int | None, Slopes], ...]
    notes: tuple[str, ...]

    @property
    def owners(self) -> list[str]:
        """The column of each regressor."""
        return _owners(self.terms)


def fit_units(
    series: Sequence[UnitSeries],
    workshop: Workshop,
    errors: Recipe | None,
    otherwise: Recipe,
    *,
    pooled: bool,
) -> Fitting:
    """Fit all series.

    Parameters
    ----------
    series : sequence of UnitSeries
        With their columns, without gaps.
    workshop : Workshop
        Knows the terms and the ARMA errors.
    errors : Recipe or None
        Forecasts all series without the effects of indicators; None for ARMA errors.
    otherwise : Recipe
        For series that ARMA errors do not fit.
    pooled : bool
        One slope for all.
    """
    columns = bool(workshop.terms)
    units = [unit_history(one, columns=columns) for one in series]
    if pooled:
        return _fit_group(units, workshop, errors, otherwise)
    alone = [_fit_group([unit], workshop, errors, otherwise) for unit in units]
    notes = [note for fitting in alone for note in fitting.notes]
    return Fitting(
        tuple(fitting.units[0] for fitting in alone),
        tuple(evidence for fitting in alone for evidence in fitting.evidence),
        tuple(evidence for fitting in alone for evidence in fitting.cleared),
        None,
        np.empty((0, 0)),
        workshop.terms,
        workshop.grid,
        tuple((row, s) for row, f in enumerate(alone) for _, s in f.slopes),
        tuple(f"{notes.count(note):,} units: {note}" for note in dict.fromkeys(notes)),
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Estimate:
    """What the series that can be used tell together."""

    rows: list[int]
    evidence: tuple[Evidence, ...]
    cleared: tuple[Evidence, ...]
    shares: tuple[float, ...]
    slopes: CommonSlopes
    covariance: Floats
    memory: CommonSlopes


def _fit_group(
    units: list[UnitHistory],
    workshop: Workshop,
    errors: Recipe | None,
    otherwise: Recipe,
) -> Fitting:
    """Fit series that share slopes and shapes."""
    needed = bool(workshop.terms) or errors is None
    found = _estimate(units, workshop) if needed else None
    shares = found.shares if found else _middle_shares(units, workshop)
    width = len(_owners(workshop.terms))
    beta = found.slopes.beta if found else np.zeros(width)
    covariance = found.covariance if found else np.zeros((width, width))
    slopes = _reported(workshop.terms, shares, units, beta, covariance, found)
    named = dict(zip(slopes.names, slopes.estimates.tolist(), strict=True))
    root = _root(covariance)
    drivers = [
        replace(workshop.drivers(unit, shares), beta=beta, root=root) for unit in units
    ]
    fits: dict[int, UnitFit] = {}
    if found and errors is None:
        for k, row in enumerate(found.rows):
            fits[row] = _errors_fit(units[row], drivers[row], found, k, workshop, named)
    rest = [row for row in range(len(units)) if row not in fits]
    adjusted = _adjusted(
        [units[row] for row in rest],
        [drivers[row] for row in rest],
        errors or otherwise,
        named,
    )
    fits |= dict(zip(rest, adjusted, strict=True))
    notes = _notes(len(units), workshop.terms, found, arma=errors is None)
    return Fitting(
        tuple(fits[row] for row in range(len(units))),
        found.evidence if found else (),
        found.cleared if found else (),
        found.slopes if found and workshop.terms else None,
        covariance,
        workshop.terms,
        workshop.grid,
        ((None, slopes),) if workshop.terms else (),
        notes,
    )


def _estimate(units: list[UnitHistory], workshop: Workshop) -> _Estimate | None:
    """Estimate shapes and slopes, then memory and spread given these."""
    shares = _middle_shares(units, workshop)
    each = [workshop.evidence(unit, shares) for unit in units]
    rows = [row for row, one in enumerate(each) if one is not None]
    if not rows:
        return None
    evidence = [one for one in each if one is not None]
    bare = [replace(one, z=one.z[:, :0]) for one in evidence]
    alone = common_slopes(moments_of(bare))
    if not workshop.terms:
        kept = tuple(evidence)
        return _Estimate(rows, kept, kept, (), alone, np.zeros((0, 0)), alone)
    shocks = shared_shocks(bare, alone)
    usable = [units[row] for row in rows]
    shares = tuple(best_shares(usable, workshop, shares, shocks))
    again = [workshop.evidence(unit, shares) for unit in usable]
    evidence = [one for one in again if one is not None]
    cleared = shocks.taken_out(evidence)
    slopes = common_slopes(moments_of(cleared))
    rest = [
        replace(one, x=one.x - one.z @ slopes.beta, z=one.z[:, :0]) for one in evidence
    ]
    lost = float(slopes.identified.sum()) / len(rows)
    return _Estimate(
        rows,
        tuple(evidence),
        tuple(cleared),
        shares,
        slopes,
        sandwich(cleared, slopes),
        common_slopes(moments_of(rest), lost=lost),
    )


def _middle_shares(units: list[UnitHistory], workshop: Workshop) -> tuple[float, ...]:
    per_year = units[0].series.season.length if units else 1
    options = [term.shares(per_year) for term in workshop.terms]
    return tuple(shares[len(shares) // 2] for shares in options)


# -------------------------------------------------------------------------- unit by unit


def _errors_fit(
    unit: UnitHistory,
    drivers: Drivers,
    found: _Estimate,
    k: int,
    workshop: Workshop,
    named: Mapping[str, float],
) -> ErrorsFit:
    """Fit one unit with ARMA errors, given the slopes."""
    evidence, lines = found.evidence[k], workshop.lines(unit)
    weights = found.memory.weights[k]
    kept = np.flatnonzero(weights >= LIGHTEST * weights.max())
    weights = weights[kept] / weights[kept].sum()
    w, scale = evidence.whitening.at(kept), scaled(unit.series.y, "log")
    rest = evidence.x - evidence.z @ drivers.beta
    own = w.solve @ rest
    design = lines.rows(0, lines.count)[evidence.times]
    white = (w.inverse @ (rest - own @ design.T)[:, :, None])[:, :, 0]
    innovations = white / np.diagonal(w.inverse, axis1=1, axis2=2)
    residuals = np.full(lines.count, np.nan)
    residuals[evidence.times] = weights @ innovations
    # what is known of the last innovation: the last row of the inverse of V
    last = w.inverse[:, -1, -1, None] * w.inverse[:, -1]
    grid = np.array(workshop.grid)[kept]
    memory = Memory(
        weights=weights,
        rho=grid[:, 0],
        theta=grid[:, 1],
        sigma=np.sqrt(found.memory.squares[k][kept] / found.memory.df[k]),
        df=float(found.memory.df[k]),
        own=own,
        lean=-(w.solve @ evidence.z),
        root=w.root,
        reach=last,
        doubt=np.sqrt(np.maximum(1 - last[:, -1], 0)),
    )
    means = scale.x - residuals
    return ErrorsFit(
        scale,
        lines,
        drivers,
        memory,
        design,
        evidence.x,
        evidence.z,
        means,
        residuals,
        named,
    )


def _adjusted(
    units: list[UnitHistory],
    drivers: list[Drivers],
    model: Recipe,
    named: Mapping[str, float],
) -> list[AdjustedFit]:
    """Fit another model to the series without the effects of their indicators."""
    effects, lasts, series = [], [], []
    for unit, driver in zip(units, drivers, strict=True):
        z = np.nan_to_num(driver.regressors(unit.past)[unit.start :])
        effect = np.clip((z - z[-1]) @ driver.beta, -np.log(CEILING), np.log(CEILING))
        factor = np.exp(effect)
        bare = np.minimum(unit.series.y, LARGEST * np.minimum(factor, 1)) / factor
        effects.append(effect)
        lasts.append(z[-1])
        series.append(UnitSeries(bare, unit.series.season))
    ceilings = [
        min(CEILING * float(np.nanmax(unit.series.y)), LARGEST) for unit in units
    ]
    inner = model.fit_many(series)
    return [
        AdjustedFit(fit, driver, last, effect, ceiling, named)
        for fit, driver, last, effect, ceiling in zip(
            inner, drivers, lasts, effects, ceilings, strict=True
        )
    ]


# ------------------------------------------------------------------------------- telling


def _owners(terms: tuple[Term, ...]) -> list[str]:
    """Return the column of each regressor."""
    return [t.column for t in terms for _ in range(t.report(0.5).shape[1])]


def _root(covariance: Floats) -> Floats:
    """Return a root of a covariance that may be singular."""
    if not covariance.size:
        return covariance
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def _reported(
    terms: tuple[Term, ...],
    shares: tuple[float, ...],
    units: list[UnitHistory],
    beta: Floats,
    covariance: Floats,
    found: _Estimate | None,
) -> Slopes:
    """Turn slopes into the coefficients that are reported."""
    names = tuple(name for term in terms for name in term.names)
    matrix = np.zeros((len(names), beta.size))
    row = column = 0
    shapes: dict[str, float] = {}
    per_year = units[0].series.season.length if units else 1
    for term, share in zip(terms, shares, strict=True):
        block = term.report(share)
        matrix[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
        shapes |= term.shape(share, per_year)
    errors = np.sqrt(np.maximum(np.diag(matrix @ covariance @ matrix.T), 0))
    evidence = found.evidence if found else ()
    return Slopes(names, matrix @ beta, errors, _df(evidence, beta.size), shapes)


def _df(evidence: Sequence[Evidence], lost: int) -> float:
    """Return degrees of freedom: of clusters where standard errors are clustered."""
    if len(evidence) < FEWEST_CLUSTERS:
        return float(max(sum(one.df for one in evidence) - lost, 1))
    periods = {t for one in evidence for t in (one.start + one.times).tolist()}
    return float(max(min(len(evidence), len(periods)) - 1, 1))


def _notes(
    count: int, terms: tuple[Term, ...], found: _Estimate | None, *, arma: bool
) -> tuple[str, ...]:
    notes = []
    if terms and found is None:
        notes.append("no series can tell the slopes: they are zero")
    elif found and not found.slopes.identified.all():
        known = dict(zip(_owners(terms), found.slopes.identified.tolist(), strict=True))
        fixed = ", ".join(repr(name) for name, moves in known.items() if not moves)
        notes.append(
            f"{fixed or 'an indicator'} does not move apart from the lines of the units and "
            "other indicators: its slope is zero"
        )
    rest = count - len(found.rows) if found else 0
    if rest:
        notes.append(
            f"{rest:,} of {count:,} units have zeros or too few values: they do not count in "
            f"the slopes{' and are forecast by ETS' if arma else ''}"
        )
    return tuple(notes)
