"""ARIMA with seasons, averaged over orders by their likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.kernels.threads import run_blocks
from forecast.series.arima_fit import ARIMAFit
from forecast.series.arima_weighed import Weighed
from forecast.series.arima_weighing import weighed
from forecast.series.arma import Grid, grid_of
from forecast.series.arma_search import Precision, estimate
from forecast.series.differencing import Design, problems_of
from forecast.series.model import Recipe, Season, UnitFit, UnitSeries
from forecast.series.naive import Naive
from forecast.series.scale import Scaled, check_scale, scaled

__all__ = ["ARIMA", "ARIMAFit"]

Floats = NDArray[np.floating[Any]]

FAVOURED = 10.0
"""How much likelier than another the usual differences with drift are beforehand."""

LIGHTEST_SCALE = 0.02
"""A scale below this share of the weight of the other is left out."""

DIGITS = 12
"""Decimals of values of about 1 that are kept."""

SERIES_AT_ONCE = 16

AUTOMATIC = Precision(steps=12, tolerance=1e-4, guesses=(0.1,))
EXACT = Precision(steps=200, tolerance=1e-11, guesses=(0.1, -0.5, 1.0))


@dataclass(frozen=True, slots=True)
class ARIMA(Recipe):
    r"""Autoregression and moving average of differences, :math:`(p, d, q)(P, D, Q)_m`.

    .. math:: \phi(B)\,\Phi(B^m)\,\bigl((1 - B)^d (1 - B^m)^D x_t - c\bigr)
        = \theta(B)\,\Theta(B^m)\,e_t

    with exact maximum likelihood (Box and Jenkins 1970; `forecast.series.arma`). Without
    orders, many are fitted and weighed instead of choosing one: orders of the same
    differences by :math:`\exp(-\mathrm{AICc}/2)`, different differences by the root of the
    likelihood of the values that all of them explain. Differences of years with a drift
    (of neighbours, for years) count ten times what others do beforehand: unit roots
    cannot be told from 20 values, and a series that grew goes on growing.

    Parameters
    ----------
    order : (int, int, int), optional
        p, d, q; by default weighed: d from 0 (1 for years) to 1, p and q from 0 to 2.
    seasonal_order : (int, int, int), optional
        P, D, Q; with `order` given by default (0, 0, 0), else weighed from 0 to 1. Years
        have no seasons.
    drift : bool, optional
        With or without a constant c: a drift, or a mean where there are no differences.
        By default both are weighed; if `order` is given, there is only a mean. At most
        one difference goes with a constant.
    scale : {"auto", "log", "relative", "absolute"}
        See `forecast.series.scale`. "auto" takes the scale on which the values are
        likeliest: plain numbers or logarithms; for years also relative.

    Notes
    -----
    A missing value is whatever the model makes of it and does not count in the likelihood;
    after it, the error of the next value is that given all others. A series with fewer
    than five values or too few for the shortest order, and one that never changes, is
    fitted by `Naive`. Given orders agree with SARIMAX of statsmodels
    (``simple_differencing=True``) to 1e-3 in the log-likelihood or exceed it. About 1 ms
    for 20 years, 20 ms for ten years of months; gaps multiply that by their number.

    The choices (prior, root, scale by likelihood) were made on the training parts of the
    M1 and Tourism competitions.

    Examples
    --------
    >>> import pandas as pd
    >>> years = pd.period_range("2010", periods=10, freq="Y")
    >>> flow = pd.Series([10.0, 10.8, 12.1, 12.9, 14.2, 15.1, 15.8, 17.2, 18.0, 19.1], years)
    >>> fit = ARIMA(order=(0, 1, 0), drift=True).fit(flow)
    >>> fit.point("2021").round(1).to_numpy()
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
        seasonal = length > 1
        order = self.order
        years = self.seasonal_order if seasonal else (0, 0, 0)
        if years is None and order is not None:
            years = (0, 0, 0)
        grid = grid_of(
            [
                *((2, 2) if order is None else order[::2]),
                *((1, 1) if years is None else years[::2]),
            ],
            length,
            None
            if order is not None
            else (3 if seasonal else 2) + sum((years or ())[::2]),
        )
        designs = [
            Design(d, D, constant, length)
            for d in ([order[1]] if order is not None else [0, 1] if seasonal else [1])
            for D in ([0, 1] if years is None else [years[1]])
            for constant in self._constants(d + D)
            if order is not None or d + D > 0 or years is not None
        ]
        designs.sort(key=_surprise)
        kinds = ("absolute", "log") if self.scale == "auto" else (self.scale,)
        return _Plan(designs, grid, kinds, order is not None)

    def _constants(self, differences: int) -> list[bool]:
        if differences > 1:
            return [] if self.drift else [False]
        if self.drift is not None:
            return [self.drift]
        return [True, False] if self.order is None else [differences == 0]


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
    cases = [_choices(y, plan.kinds) for y in values]
    parts, wanted, first = [], [], [0]
    for y, scales in zip(values, cases, strict=True):
        mine = [(design, plan.wanted(y, design)) for design in plan.designs]
        mine = [(design, orders) for design, orders in mine if orders.any()]
        compared = max(design.lost for design, _ in mine)
        for scale in scales:
            parts += [(scale, design, compared) for design, _ in mine]
            wanted += [orders for _, orders in mine]
            first.append(len(parts))
    problems = problems_of(parts)
    found = estimate(problems, plan.grid, np.array(wanted), plan.precision)
    if plan.given:
        found.figures[:, :-1] = np.nan  # shorter orders were only the way there
    fits = []
    for start, stop in pairwise(first):
        scale, designs = parts[start][0], [design for _, design, _ in parts[start:stop]]
        prior = np.array([FAVOURED if d == plan.designs[0] else 1.0 for d in designs])
        mine_at = slice(start, stop)
        fits.append(weighed(scale, designs, prior, problems, plan.grid, found, mine_at))
    at = iter(fits)
    return [_mixed(plan, [next(at) for _ in scales]) for scales in cases]


def _choices(y: Floats, kinds: Sequence[str]) -> list[Scaled]:
    """Put a series on the scales; with zeros there is only one.

    The last digits are cut, so that another unit of measurement, which moves them, does not
    move what searches decide.
    """
    choice = [
        replace(
            scale, x=np.round(scale.x, DIGITS), weights=np.round(scale.weights, DIGITS)
        )
        for scale in (scaled(y, kind) for kind in kinds)
    ]
    return choice[:1] if choice[0].kind == choice[-1].kind else choice


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
