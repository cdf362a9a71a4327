"""ARIMA with seasons, averaged over orders by their likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.kernels.threads import run_blocks
from forecast.series.arima.differencing import Design, problems_of
from forecast.series.arima.fit import ARIMAFit
from forecast.series.arima.recursions import Grid, grid_of
from forecast.series.arima.search import Precision, estimate
from forecast.series.arima.weighed import Weighed
from forecast.series.arima.weighing import Case, weigh
from forecast.series.contract.model import Recipe, Season, UnitFit, UnitSeries
from forecast.series.plain.naive import Naive
from forecast.series.scales.scale import Scaled, check_scale, scaled

__all__ = ["ARIMA", "ARIMAFit"]

Floats = NDArray[np.floating[Any]]

FAVOURED = 10.0
"""How much likelier than another the usual differences with drift are beforehand."""

LIGHTEST_SCALE = 0.02
"""A scale below this share of the weight of the other is left out."""

DIGITS = 9
"""Digits of values that are kept."""

SERIES_AT_ONCE = 32

AUTOMATIC = Precision(steps=12, tolerance=1e-3, guesses=(0.1,))
EXACT = Precision(steps=40, tolerance=1e-9, guesses=(0.1, -0.5, 1.0))


@dataclass(frozen=True, slots=True)
class ARIMA(Recipe):
    r"""Autoregression and moving average of differences, :math:`(p, d, q)(P, D, Q)_m`.

    .. math:: \phi(B)\,\Phi(B^m)\,\bigl((1 - B)^d (1 - B^m)^D x_t - c\bigr)
        = \theta(B)\,\Theta(B^m)\,e_t

    with exact maximum likelihood (Box and Jenkins 1970; `forecast.series.arima.recursions`). Without
    orders, many are fitted and weighed instead of choosing one: orders of the same
    differences by :math:`\exp(-\mathrm{AICc}/2)`, different differences by the root of the
    likelihood of the values that all of them explain. At most one difference is taken;
    that of years (of neighbours, for years) with a drift counts ten times what others do
    beforehand: a unit root cannot be told from 20 values, and what grew goes on growing.

    Forecasts are the mean of those for plain numbers and for logarithms, trends that are
    straight and that are exponential: which of them goes on, the past does not tell. For
    years, where an exponential trend can explode, the two weigh by the root of their
    likelihood.

    Parameters
    ----------
    order : (int, int, int), optional
        p, d, q; by default weighed: d from 0 to 1, p and q from 0 to 2.
    seasonal_order : (int, int, int), optional
        P, D, Q; with `order` given by default (0, 0, 0), else weighed from 0 to 1. Years
        have no seasons.
    drift : bool, optional
        With or without a constant c: a drift, or a mean where there are no differences.
        By default both are weighed; if `order` is given, there is only a mean. At most
        one difference goes with a constant.
    scale : {"auto", "root", "log", "relative", "absolute"}
        See `forecast.series.scales.scale`. "auto" is plain numbers and logarithms; if `order` is
        given, that on which the values are likelier. Plain numbers are estimated with
        errors of one size; where none is zero, errors to come are drawn in proportion to
        the level, and forecasts stay positive. Series with zeros have no logarithms.

    Notes
    -----
    A missing value is whatever the model makes of it and does not count in the likelihood;
    fitted values and residuals after it are those given the later values too. A series
    with fewer than five values or too few for the shortest order, and one that never
    changes, is fitted by `Naive`. Given orders reach the likelihood of SARIMAX of
    statsmodels (``simple_differencing=True``) or exceed it; moving averages whose best
    root is on the unit circle stop a little before it (0.9965), which costs less than
    0.01. About 1 ms for 20 years and 10 ms for ten years of months in a panel; gaps
    multiply that by their number.

    Standard errors (``units_fitted[0].bse``) come from the slopes of one-step errors.
    Paths draw parameters, the constant and the spread around their estimates.

    The choices above were made on the training parts of M1 and Tourism series.

    Examples
    --------
    >>> import pandas as pd
    >>> years = pd.period_range("2010", periods=10, freq="Y")
    >>> flow = pd.Series([10.0, 10.8, 12.1, 12.9, 14.2, 15.1, 15.8, 17.2, 18.0, 19.1], years)
    >>> fit = ARIMA(order=(0, 1, 0), drift=True).fit(flow)
    >>> fit.point("2020").round(1).to_numpy()
    array([[20.1]])
    >>> sorted(fit.units_fitted[0].bse)
    ['drift']
    """

    order: tuple[int, int, int] | None = None
    seasonal_order: tuple[int, int, int] | None = None
    drift: bool | None = None
    scale: str = "auto"

    def __post_init__(self) -> None:
        check_scale(self.scale)
        for name in ("order", "seasonal_order"):
            _check_order(name, getattr(self, name))
        given = [o[1] for o in (self.order, self.seasonal_order) if o is not None]
        if self.drift and sum(given) > 1:
            raise ModelError(
                f"drift=True is not possible with {sum(given)} differences",
                code="F-526",
                remedy="A drift goes with one difference, a mean with none.",
            )

    def fit_values(self, y: Floats, season: Season) -> UnitFit:
        """Fit one series; see `Recipe.fit_values`."""
        return self.fit_many([UnitSeries(y, season)])[0]

    def fit_many(self, series: Sequence[UnitSeries]) -> Sequence[UnitFit]:
        """Fit many series; see `Recipe.fit_many`."""
        fits: dict[int, UnitFit] = {}
        for length in sorted({one.season.length for one in series}):
            plan = self._plan(length)
            mine = [
                at
                for at, one in enumerate(series)
                if one.season.length == length and plan.carries(one.y)
            ]
            blocks = [
                mine[first : first + SERIES_AT_ONCE]
                for first in range(0, len(mine), SERIES_AT_ONCE)
            ]

            def fit_block(
                number: int, plan: _Plan = plan, blocks: list[list[int]] = blocks
            ) -> Sequence[UnitFit]:
                return _fit_block(plan, [series[at].y for at in blocks[number]])

            for block, found in zip(
                blocks, run_blocks(fit_block, len(blocks)), strict=True
            ):
                fits.update(zip(block, found, strict=True))
        naive = Naive()
        return [
            fits[at] if at in fits else naive.fit_values(one.y, one.season)
            for at, one in enumerate(series)
        ]

    def _plan(self, length: int) -> _Plan:
        """Say what to try for series with so many periods in a year."""
        order, years = self.order, self.seasonal_order
        if length == 1 or (order is not None and years is None):
            years = (0, 0, 0)
        p, q = (2, 2) if order is None else order[::2]
        P, Q = (1, 1) if years is None else years[::2]
        most = (3 if length > 1 else 2) + (P + Q if years is not None else 0)
        designs = [
            Design(d, D, constant, length)
            for d in ((0, 1) if order is None else (order[1],))
            for D in ((0, 1) if years is None else (years[1],))
            for constant in self._constants(d + D, max(1, D))
        ]
        designs.sort(key=_surprise)
        return _Plan(
            designs=designs,
            grid=grid_of([p, q, P, Q], length, most if order is None else None),
            kinds=("straight", "log") if self.scale == "auto" else (self.scale,),
            given=order is not None,
        )

    def _constants(self, differences: int, most: int) -> list[bool]:
        """Say whether to try so many differences with a constant, without, or not at all."""
        if self.order is not None:
            return [differences == 0 if self.drift is None else self.drift]
        if differences > most:
            return []
        if differences == 0:
            return [] if self.drift is False else [True]
        if differences == 1:
            return [True, False] if self.drift is None else [self.drift]
        return [] if self.drift else [False]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to try: designs (the favoured one first), orders, scales."""

    designs: list[Design]
    grid: Grid
    kinds: tuple[str, ...]
    given: bool

    @property
    def precision(self) -> Precision:
        return EXACT if self.given else AUTOMATIC

    def carries(self, y: Floats) -> bool:
        known = y[np.isfinite(y)]
        varies = known.size >= 5 and bool(np.ptp(known) > 0)
        return varies and any(
            self._possible(y.size, known.size, design).any() for design in self.designs
        )

    def wanted(self, y: Floats, design: Design) -> NDArray[np.bool_]:
        """Say which orders a series can carry: all that are asked for, or none."""
        possible = self._possible(y.size, int(np.isfinite(y).sum()), design)
        if self.given:
            return np.full(possible.size, possible[-1])
        most = self.grid.counts.max() - (design != self.designs[0])
        return possible & (self.grid.counts <= max(most, 1))

    def _possible(self, n: int, known: int, design: Design) -> NDArray[np.bool_]:
        free = known - design.lost - (1 + design.constant + self.grid.counts) - 1
        possible = (free > 0) & (n - design.lost > 2)
        return np.full(possible.size, possible[-1]) if self.given else possible


def _fit_block(plan: _Plan, values: list[Floats]) -> list[UnitFit]:
    """Fit all designs on all scales and weigh them."""
    choices = [_choices(y, plan.kinds) for y in values]
    cases: list[Case] = []
    parts: list[tuple[Scaled, Design, int]] = []
    wanted: list[NDArray[np.bool_]] = []
    for y, scales in zip(values, choices, strict=True):
        mine = [(design, plan.wanted(y, design)) for design in plan.designs]
        mine = [(design, orders) for design, orders in mine if orders.any()]
        designs = [design for design, _ in mine]
        prior = [FAVOURED if d == plan.designs[0] else 1.0 for d in designs]
        compared = max(design.lost for design in designs)
        for scale in scales:
            cases.append(Case(scale, designs, prior, len(parts)))
            parts += [(scale, design, compared) for design in designs]
            wanted += [orders for _, orders in mine]
    problems = problems_of(parts)
    found = estimate(problems, plan.grid, np.array(wanted), plan.precision)
    if plan.given:
        found.figures[:, :-1] = np.nan  # shorter orders were only the way there
    fits = iter(weigh(cases, problems, plan.grid, found))
    return [_mixed(plan, [next(fits) for _ in scales]) for scales in choices]


def _choices(y: Floats, kinds: Sequence[str]) -> list[Scaled]:
    """Put a series on the scales; with zeros there is only one.

    The last digits are cut, so that another unit of measurement, which moves them, does not
    move what searches decide.
    """
    unit = float(np.nanmax(y))
    digits, power = np.frexp(y / unit)
    share = np.ldexp(np.round(digits, DIGITS), power)
    choice = [
        replace(
            _straight(share) if kind == "straight" else scaled(share, kind), unit=unit
        )
        for kind in kinds
    ]
    return choice if np.nanmin(share) > 0 else choice[:1]


def _straight(y: Floats) -> Scaled:
    """Estimate in plain numbers, draw errors in proportion where nothing is zero."""
    scale = scaled(y, "absolute")
    return replace(scale, kind="relative") if np.nanmin(y) > 0 else scale


def _mixed(plan: _Plan, parts: list[Weighed]) -> ARIMAFit:
    """Mix scales: by the root of the evidence for years, else alike; one if an order is given."""
    evidence = np.array([part.evidence for part in parts])
    weights = np.exp((evidence - evidence.max()) / 2)
    if plan.given:
        weights = np.where(np.arange(len(parts)) == evidence.argmax(), 1.0, 0.0)
    elif plan.grid.season > 1:
        weights = np.ones(len(parts))
    weights = np.where(weights < LIGHTEST_SCALE * weights.max(), 0.0, weights)
    kept = np.flatnonzero(weights)
    share = weights[kept] / weights.sum()
    return ARIMAFit(tuple(parts[k] for k in kept), tuple(share.tolist()))


def _surprise(design: Design) -> tuple[int, bool, int]:
    """Sort designs: one difference, of years if there is a season, with a drift, first."""
    return abs(design.plain + design.seasonal - 1), not design.constant, design.plain


def _check_order(name: str, order: Any) -> None:
    if order is None:
        return
    whole = (
        isinstance(order, (tuple, list))
        and len(order) == 3
        and all(type(part) is int and part >= 0 for part in order)
    )
    if not whole or order[1] > 2 or max(order) > 24:
        raise ModelError(
            f"{name}={order!r} is not possible",
            code="F-526",
            remedy="Give three whole numbers from 0, such as (0, 1, 1): autoregressive "
            "terms, differences (at most 2), moving average terms (at most 24).",
        )
