r"""How the rest of a year relates to its beginning, as learned from real series.

After :math:`k` months of a year the sum so far is :math:`K` and the rest of the
year will bring :math:`R`. The whole question is the **tilt**

.. math:: z = \log \frac{R / (12 - k)}{K / k},

the log of the average month to come over the average month so far; a run-rate
assumes :math:`z = 0`. The tilt of a series is modelled as

.. math:: z = x' \beta_k + \exp(w' \gamma_k)\, u, \qquad u \sim \hat F_k,

where :math:`x` holds what is known (growth so far, last year's tilt, the median
tilt of five years, recent momentum, size), :math:`w` what makes series uncertain
(small size, fast growth, jumpy years, jumpy tilts of its own) and :math:`\hat F_k`
is the pooled empirical distribution of standardised errors: split conformal
prediction with a normalised score (Papadopoulos et al. 2002; Lei et al. 2018, JASA
113, section 5.2). Nothing is assumed normal. :math:`\beta` is a median regression
weighted by the spread, :math:`\gamma` a Poisson pseudo-likelihood regression of
absolute errors, so neither cares much for wild years of tiny partners.

Where only growth so far is published, the target is
:math:`\log(Y / Y_{-1}) - \log(K / K_{-1})` instead (level ``"rate"``).

``benchmarks/part_year_calibration.py`` makes the table that ships and prints its
coverage on series that it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError

__all__ = ["PartYear", "PartYearModel", "Tilt", "fit_part_year", "part_year_of"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

MONTHS = 12
RECENT_MONTHS = 3
TILT_YEARS = 5
INNER_80 = (
    2.5631  # width of the inner 80 per cent of a normal distribution in deviations
)
TILT_YEARS_NEEDED = 3
VOLATILITY_YEARS = 10
VOLATILITY_CHANGES_NEEDED = 4

SIZE_TERMS = tuple(f"size_{knot}" for knot in range(5))
"""Hinges of log10 size at 1, 10, 100, 1,000 and 10,000 million dollars of 2010."""

LEVELS: dict[str, tuple[str, ...]] = {
    "months": (
        "growth",
        "tilt_before",
        "tilt_median",
        "momentum",
        "steady_growth",
        "steady_before",
        "steady_median",
        "steady_momentum",
    ),
    "year": ("growth", "tilt_before"),
    "growth": ("growth",),
    "total": (),
    "rate": ("growth",),
}
"""What must be known for each level of information, richest first."""

SPREAD_TERMS = {
    "months": ("fast", "tilt_spread", "swing", "steady_swing"),
    "total": (),
}

STEADY_SPREAD = 0.1
"""A series whose tilts vary by less than this is steady: its season can be trusted."""

PROBABILITIES = np.array(
    [
        0.0025,
        0.005,
        0.01,
        0.025,
        *np.arange(0.05, 0.951, 0.05),
        0.975,
        0.99,
        0.995,
        0.9975,
    ]
).round(4)


@dataclass(frozen=True, slots=True)
class PartYear:
    """What is known of n series, k months into a year. NaN: not known.

    Attributes
    ----------
    months : int
        Number k of months known, 1 to 11.
    known : float array of shape (n,)
        Sum of those months.
    log_growth : float array of shape (n,)
        log of `known` over the same months of the year before.
    tilt_before, tilt_median, tilt_spread : float array of shape (n,)
        Tilt of the year before; median of five years; mean absolute deviation
        from it, where at least three years are known.
    momentum : float array of shape (n,)
        log growth of the last three known months, less `log_growth`.
    size : float array of shape (n,)
        Annualised value in million US dollars of 2010.
    volatility : float array of shape (n,)
        Standard deviation of yearly log changes over at most ten past years.
    """

    months: int
    known: Floats
    log_growth: Floats
    tilt_before: Floats
    tilt_median: Floats
    tilt_spread: Floats
    momentum: Floats
    size: Floats
    volatility: Floats

    def __len__(self) -> int:
        return int(self.known.size)

    def take(self, rows: NDArray[Any]) -> Self:
        """Only the series `rows` (positions or mask)."""
        arrays = {
            f.name: getattr(self, f.name)[rows]
            for f in fields(self)
            if f.name != "months"
        }
        return type(self)(months=self.months, **arrays)

    def knows(self, level: str) -> NDArray[np.bool_]:
        """Tell which series have what `level` of information needs."""
        terms = _terms(self)
        names = ("one", *LEVELS[level], *SPREAD_TERMS.get(level, ("fast",)))
        has = np.isfinite([terms[name] for name in names]).all(axis=0)
        return np.asarray(has & ((self.known > 0) != (level == "rate")))

    def levels(self) -> NDArray[np.str_]:
        """Give the richest level of information that each series has; "" for none."""
        best = np.full(len(self), "", dtype="<U6")
        for level in reversed([*LEVELS]):
            best[self.knows(level)] = level
        return best


@dataclass(frozen=True, slots=True)
class Tilt:
    """Predicted distribution of n tilts (or of the ratio of growth factors, for "rate").

    Attributes
    ----------
    center, spread : float array of shape (n,)
    errors : float array of shape (n, p)
        Quantiles of the standardised error at `PROBABILITIES`.
    """

    center: Floats
    spread: Floats
    errors: Floats

    @property
    def deviation(self) -> Floats:
        """Standard deviation of the tilt, from the inner 80 per cent of the errors."""
        inner = [int(np.flatnonzero(p == PROBABILITIES)[0]) for p in (0.1, 0.9)]
        low, high = self.errors[:, inner].T
        return self.spread * (high - low) / INNER_80

    def at(self, scores: Floats) -> Floats:
        """Give the tilt at standard normal scores of shape (n, m)."""
        grid = _normal_quantiles(PROBABILITIES)
        errors = np.stack(
            [
                _interpolate(row_scores, grid, row)
                for row_scores, row in zip(scores, self.errors, strict=True)
            ]
        )
        return self.center[:, None] + self.spread[:, None] * errors


def part_year_of(
    values: Floats, months: int, size: Floats, volatility: Floats | None = None
) -> PartYear:
    """Describe n series k months into the last year of `values`.

    Parameters
    ----------
    values : float array of shape (n, years, 12)
        Monthly values; years in order, the last one is the current one, of which
        only the first `months` are looked at.
    months : int
        Months known, 1 to 11.
    size : float array of shape (n,)
        Annualised value in million US dollars of 2010, NaN where unknown.
    volatility : float array of shape (n,), optional
        Given where it is known from elsewhere than `values`.
    """
    now, past = values[:, -1, :months], values[:, :-1, :]
    missing = np.full((len(values), 1, MONTHS), np.nan)
    past = np.concatenate([missing, past], axis=1)
    before = past[:, -1]
    known, known_before = now.sum(axis=1), before[:, :months].sum(axis=1)
    log_growth = _log_ratio(known, known_before)
    recent = slice(max(0, months - RECENT_MONTHS), months)
    momentum = (
        _log_ratio(now[:, recent].sum(axis=1), before[:, recent].sum(axis=1))
        - log_growth
    )
    tilts = _tilts(past, months)[:, -TILT_YEARS:]
    median, spread = _median_and_spread(tilts)
    return PartYear(
        months=months,
        known=known,
        log_growth=log_growth,
        tilt_before=tilts[:, -1],
        tilt_median=median,
        tilt_spread=spread,
        momentum=momentum,
        size=size,
        volatility=_volatility(past.sum(axis=2)) if volatility is None else volatility,
    )


def yearly_volatility(totals: Floats) -> float:
    """Standard deviation of the yearly log changes of one series of totals, shape (years,)."""
    return float(_volatility(np.asarray(totals, dtype=float)[None, :])[0])


@dataclass(frozen=True)
class PartYearModel:
    """The calibrated relation; one row of `table` per level, knowledge and month.

    Attributes
    ----------
    table : DataFrame
        Keys ``level, size, volatility, months``; coefficients ``at_<term>`` and
        ``spread_<term>``; quantiles ``q_<probability>``; ``series``, the number of
        part-years behind the row.
    dependence : DataFrame
        By month: ``common``, the standard deviation of what a year does to the tilts
        of all partners (log points), and ``pair``, the correlation of normal scores
        that both flows of one partner have beyond that.
    """

    table: pd.DataFrame
    dependence: pd.DataFrame

    @cached_property
    def _rows(self) -> dict[tuple[str, bool, bool, int], pd.Series]:
        keys = ["level", "size", "volatility", "months"]
        return {
            (
                str(row.level),
                bool(row["size"]),
                bool(row.volatility),
                int(row.months),
            ): row
            for _, row in self.table.sort_values(keys).iterrows()
        }

    def tilt(self, part: PartYear, level: str) -> Tilt:
        """Predict the tilt of every series of `part` from information `level`."""
        center, spread = np.empty(len(part)), np.empty(len(part))
        errors = np.empty((len(part), PROBABILITIES.size))
        for knows, rows in _knowledge(part):
            row = self._rows.get((level, *knows, part.months))
            if row is None:
                raise ModelError(
                    f"no calibration for information {level!r} after {part.months} months",
                    code="F-540",
                    remedy="Months known must be 1 to 11.",
                )
            at, wide = design(part.take(rows), level, *knows)
            center[rows] = _combine(at, _coefficients(row, "at_", at.columns))
            log_spread = _combine(wide, _coefficients(row, "spread_", wide.columns))
            spread[rows] = np.exp(log_spread)
            errors[rows] = _coefficients(row, "q_", PROBABILITIES)
        return Tilt(center, spread, errors)


def design(
    part: PartYear, level: str, size: bool, volatility: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Regressors of the center and of the log spread, each with a constant first."""
    terms = _terms(part)
    sizes = SIZE_TERMS if size else ()
    jumpy = ("jumpy",) if volatility else ()
    center = ("one", *LEVELS[level], *sizes)
    spread = ("one", *SPREAD_TERMS.get(level, ("fast",)), *sizes, *jumpy)
    return (
        pd.DataFrame({name: terms[name] for name in center}),
        pd.DataFrame({name: terms[name] for name in spread}),
    )


def fit_part_year(
    part: PartYear, target: Floats, level: str, *, size: bool, volatility: bool
) -> pd.Series:
    """Fit one row of the table: weighted median regression, spread, error quantiles.

    Parameters
    ----------
    part : PartYear
    target : float array of shape (n,)
        The tilt that came true (for "rate": the log ratio of growth factors).
    level : str
    size, volatility : bool
        Whether these enter.

    Returns
    -------
    Series
        The row, without its keys.
    """
    import statsmodels.api as sm

    at, wide = design(part, level, size, volatility)
    usable = (
        np.isfinite(target)
        & np.isfinite(at.to_numpy()).all(1)
        & np.isfinite(wide.to_numpy()).all(1)
    )
    y, at, wide = target[usable], at[usable], wide[usable]
    spread = np.ones(y.size)
    for _ in range(3):  # the spread moves by less than 1 % after the second pass
        beta = (
            sm.QuantReg(y / spread, at.to_numpy() / spread[:, None])
            .fit(max_iter=5000)
            .params
        )
        error = y - at.to_numpy() @ beta
        gamma = (
            sm.GLM(np.abs(error), wide.to_numpy(), family=sm.families.Poisson())
            .fit()
            .params
        )
        spread = np.exp(wide.to_numpy() @ gamma)
    quantiles = np.quantile(error / spread, PROBABILITIES)
    return pd.Series(
        {"series": float(y.size)}
        | {f"at_{name}": b for name, b in zip(at.columns, beta, strict=True)}
        | {f"spread_{name}": g for name, g in zip(wide.columns, gamma, strict=True)}
        | {f"q_{p}": q for p, q in zip(PROBABILITIES, quantiles, strict=True)}
    )


def _terms(part: PartYear) -> dict[str, Floats]:
    """Every regressor by name; clipped where a tiny partner would take the lead."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_size = np.log10(np.maximum(part.size, 1.0))
        jumpy = np.log(np.clip(part.volatility, 0.02, 3.0))
        tilt_spread = np.log(np.clip(part.tilt_spread, 0.02, 2.0))
        steady = 1 / (1 + (part.tilt_spread / STEADY_SPREAD) ** 2)
    growth = np.clip(part.log_growth, -1.5, 1.5)
    before = np.clip(part.tilt_before, -1.5, 1.5)
    median = np.clip(part.tilt_median, -1.5, 1.5)
    momentum = np.clip(part.momentum, -1.0, 1.0)
    return {
        "one": np.ones(len(part)),
        "growth": growth,
        "fast": np.abs(growth),
        "tilt_before": before,
        "tilt_median": median,
        "momentum": momentum,
        "steady_growth": steady * growth,
        "steady_before": steady * before,
        "steady_median": steady * median,
        "steady_momentum": steady * momentum,
        "swing": np.abs(median),
        "steady_swing": steady * np.abs(median),
        "jumpy": jumpy,
        "tilt_spread": tilt_spread,
    } | {name: np.maximum(log_size - knot, 0.0) for knot, name in enumerate(SIZE_TERMS)}


def _knowledge(part: PartYear) -> Iterator[tuple[tuple[bool, bool], NDArray[Any]]]:
    """Split the series by what is known of their size and of their yearly volatility."""
    size, volatility = np.isfinite(part.size), np.isfinite(part.volatility)
    for has_size in (False, True):
        for has_volatility in (False, True):
            rows = np.flatnonzero((size == has_size) & (volatility == has_volatility))
            if rows.size:
                yield (has_size, has_volatility), rows


def _coefficients(row: pd.Series, prefix: str, names: Any) -> Floats:
    return np.array([row[f"{prefix}{name}"] for name in names], dtype=float)


def _combine(terms: pd.DataFrame, coefficients: Floats) -> Floats:
    """Add up term by term: a matrix product may round a row by how many others there are."""
    total = np.zeros(len(terms))
    for name, coefficient in zip(terms.columns, coefficients, strict=True):
        total += coefficient * terms[name].to_numpy()
    return total


def _log_ratio(above: Floats, below: Floats) -> Floats:
    """Log of a ratio of positive numbers; NaN elsewhere."""
    good = (above > 0) & (below > 0)
    return np.where(
        good, np.log(np.where(good, above, 1) / np.where(good, below, 1)), np.nan
    )


def _tilts(years: Floats, months: int) -> Floats:
    """Tilt of each whole year; (n, years, 12) -> (n, years)."""
    return _log_ratio(
        years[..., months:].mean(axis=-1), years[..., :months].mean(axis=-1)
    )


def _median_and_spread(tilts: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(tilts)
    enough = known.sum(axis=1) >= TILT_YEARS_NEEDED
    median = np.full(len(tilts), np.nan)
    spread = np.full(len(tilts), np.nan)
    median[enough] = np.nanmedian(tilts[enough], axis=1)
    spread[enough] = np.nanmean(np.abs(tilts[enough] - median[enough, None]), axis=1)
    return median, spread


def _volatility(totals: Floats) -> Floats:
    """Standard deviation of the last ten yearly log changes; (n, years) -> (n,)."""
    changes = _log_ratio(totals[:, 1:], totals[:, :-1])[:, -VOLATILITY_YEARS:]
    known = np.isfinite(changes)
    enough = known.sum(axis=1) >= VOLATILITY_CHANGES_NEEDED
    volatility = np.full(len(totals), np.nan)
    volatility[enough] = np.nanstd(changes[enough], axis=1, ddof=1)
    return volatility


def _normal_quantiles(probabilities: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(probabilities))


def _interpolate(x: Floats, grid: Floats, values: Floats) -> Floats:
    """Piecewise linear in the normal score; the last slopes go on beyond the grid."""
    inside = np.interp(x, grid, values)
    left = (values[1] - values[0]) / (grid[1] - grid[0])
    right = (values[-1] - values[-2]) / (grid[-1] - grid[-2])
    return (
        inside + left * np.minimum(x - grid[0], 0) + right * np.maximum(x - grid[-1], 0)
    )
