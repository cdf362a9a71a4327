r"""`potential`: which pairs trade less than pairs like them do.

The potential of a pair is what the model predicts for it when neither the pair's own
flows nor those of its mirror took part in the estimation: pairs are dealt into folds,
and each fold is predicted by a model of all the others. Residuals of a model that has
seen the pair are no potential: pair effects take all of it, and without them the fit
bends towards the pair. What is predicted is the mean of pairs alike, so the interval is
the one in which pairs alike lie: quantiles of realised over predicted flows among the
pairs nearest in predicted size, the pair itself left out (split conformal, Lei et al.
2018, Journal of the American Statistical Association 113(523)).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.attribution.asking import fitted_model, periods_asked
from forecast.attribution.cells import Cells, Floats, Ints, cells_of
from forecast.attribution.estimates import effects_of
from forecast.attribution.reasons import reasons_of
from forecast.errors import ModelError
from forecast.gravity import Gravity, GravityFit

if TYPE_CHECKING:
    from forecast.panel import TradePanel

__all__ = ["Potential", "alike", "potential"]

NEAREST = 200
"""Pairs of like size that a pair is compared with."""
RECENT = 3
"""Periods that flows are averaged over by default."""
ENOUGH = 30
"""Pairs that a sector needs to be compared within itself."""
OURS = frozenset({"unit", "actual", "potential"})


@dataclass(frozen=True, repr=False)
class Potential:
    """Unused potential by directed pair.

    Attributes
    ----------
    table : DataFrame
        The keys of a pair (and of the sector, where the data have sectors), and as means over the periods asked for, in the unit of the
        flows: ``actual``, ``potential`` (mean of pairs alike) with ``low`` and ``high``
        (where pairs alike lie), ``unused`` (potential less actual, never negative) with
        ``unused_low`` and ``unused_high``, ``realised`` (actual over potential),
        ``rank`` (share of pairs alike that realise less) and ``reasons``, a tuple of
        codes. Sorted by `unused`, the largest first.
    level : float
        Share of pairs alike between ``low`` and ``high``.
    periods : str
    folds : int
    formula : str

    Notes
    -----
    Codes of reasons: ``no flow``; ``new pair`` (no flow in the first half of the data);
    ``low intensity`` (below `low`); ``above pairs alike`` (above `high`); ``no x`` for
    an indicator x that raises trade and is 0 here, such as ``no agreement``; ``held down
    by x`` for another regressor by which the pair should trade less than the mean pair
    by 40 per cent or more, such as ``held down by log(distance)``: that part is in the
    potential already.
    """

    table: pd.DataFrame
    level: float
    periods: str
    folds: int
    formula: str

    def __repr__(self) -> str:
        low = int(
            self.table["reasons"].map(lambda codes: "low intensity" in codes).sum()
        )
        head = (
            self.table.drop(columns=["reasons"]).head(5).round(3).to_string(index=False)
        )
        return (
            f"Unused potential, {self.periods}: {len(self.table):,} directed pairs, {low:,} "
            f"below the {self.level:.0%} range of pairs alike; none was predicted from its "
            f"own flows ({self.folds} folds)\n{head}"
        )


def potential(
    data: TradePanel | pd.DataFrame,
    model: str | Gravity,
    *,
    start: Any = None,
    end: Any = None,
    folds: int = 5,
    level: float = 0.8,
    seed: int = 0,
) -> Potential:
    """Estimate what pairs would trade if they traded as pairs like them do.

    Parameters
    ----------
    data : TradePanel or DataFrame
        With sectors, the potential is by pair and sector: all sectors of a pair are held
        back together, and pairs are compared within their sector where it has 30 or more.
    model : str or Gravity
        PPML with effects of origins and destinations by period and with covariates of
        pairs (distance, border, language, agreements), but without effects of pairs. With
        sectors: effects such as ``origin^sector^period``, slopes such as
        ``i(sector, log(distance))``.
    start, end : period, optional
        Flows are averaged over these periods; the last three by default.
    folds : int
        Groups of pairs; both directions of a pair are in the same one.
    level : float
    seed : int
        Of the folds.

    Returns
    -------
    Potential

    Raises
    ------
    ModelError
        F-886 pairs or periods that are not known; F-891 a model with effects of pairs;
        F-892 folds or a level that are not possible.
    PeriodError
        F-887 periods outside the data.

    Examples
    --------
    >>> import forecast as fc
    >>> from forecast.attribution import potential
    >>> flows = fc.datasets.simulate_trade(12, 4, seed=1).frame
    >>> found = potential(
    ...     flows, "flow ~ log(distance) + border | origin^period + destination^period")
    >>> bool((found.table["unused"] >= 0).all())
    True
    """
    fit = fitted_model(data, model)
    cells = cells_of(fit)
    _refuse(fit, cells, folds, level)
    first, last = periods_asked(cells, start, end, longest=RECENT)
    fold = _folds(cells, folds, seed)
    predicted = _cross_fitted(fit, cells, fold, folds)
    within = (cells.time >= first) & (cells.time <= last) & np.isfinite(predicted)
    table = _by_unit(fit, cells, within, predicted)
    sector = _sectors(table, cells)
    low, high, rank = _alike_by_sector(table, sector, level)
    table["low"], table["high"] = low, high
    for name, reach in (
        ("unused", "potential"),
        ("unused_low", "low"),
        ("unused_high", "high"),
    ):
        table[name] = np.maximum(table[reach] - table["actual"], 0.0)
    table["realised"] = table["actual"] / table["potential"]
    table["rank"] = rank
    table["reasons"] = reasons_of(fit, cells, table, sector, within)
    table = table.drop(columns="unit").sort_values(
        "unused", ascending=False, kind="stable"
    )
    return Potential(
        table.reset_index(drop=True),
        level,
        f"{cells.label(first)} to {cells.label(last)}",
        folds,
        fit.recipe.formula,
    )


def alike(
    actual: Floats, predicted: Floats, level: float
) -> tuple[Floats, Floats, Floats]:
    """Range in which pairs of like predicted size lie, and the rank among them.

    Parameters
    ----------
    actual, predicted : float array of shape (n,)
    level : float

    Returns
    -------
    low, high, rank : float arrays of shape (n,)
        NaN where there is no other pair.

    Examples
    --------
    >>> low, high, rank = alike(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0]), 0.5)
    >>> rank.tolist()
    [0.0, 0.5, 1.0]
    """
    order = np.argsort(predicted, kind="stable")
    ratio = (actual / predicted)[order]
    n = ratio.size
    low, high, rank = np.full((3, n), np.nan)
    for place, at in enumerate(order):
        begin = int(np.clip(place - NEAREST // 2, 0, max(n - NEAREST - 1, 0)))
        others = np.delete(ratio[begin : begin + NEAREST + 1], place - begin)
        if others.size:
            ends = np.quantile(others, [(1 - level) / 2, (1 + level) / 2])
            low[at], high[at] = predicted[at] * ends
            rank[at] = np.mean(others < ratio[place])
    return low, high, rank


def _folds(cells: Cells, folds: int, seed: int) -> Ints:
    """Deal pairs into folds of like size; the fold of each row."""
    blocks = int(cells.block.max()) + 1
    dealt = np.random.default_rng(seed).permutation(np.arange(blocks) % folds)
    fold: Ints = dealt[cells.block]
    return fold


def _cross_fitted(fit: GravityFit, cells: Cells, fold: Ints, folds: int) -> Floats:
    """Predict the rows of each fold by a model of the others; NaN where it cannot be."""
    origin, destination, period = cells.names
    recipe = replace(fit.recipe, origin=origin, destination=destination, period=period)
    table = fit.design.source.iloc[fit.design.positions].reset_index(drop=True)
    predicted = np.full(len(table), np.nan)
    for k in range(folds):
        held = np.flatnonzero(fold == k)
        others = recipe.fit(table[fold != k])
        found = others.predict(table.iloc[held], unknown="missing")
        predicted[held] = found.to_numpy()
    return predicted


def _by_unit(
    fit: GravityFit, cells: Cells, within: np.ndarray, predicted: Floats
) -> pd.DataFrame:
    keys = [name for name in fit.design.keys if name != cells.names[2]]
    rows = fit.design.source.iloc[fit.design.positions[within]][keys].assign(
        unit=cells.unit[within],
        actual=fit.design.y[within],
        potential=predicted[within],
    )
    grouped = rows.groupby("unit", sort=True)
    names = grouped[keys].first()
    return pd.concat(
        [names, grouped[["actual", "potential"]].mean()], axis=1
    ).reset_index()


def _sectors(table: pd.DataFrame, cells: Cells) -> Ints:
    """Number of the sector of each row; 0 where the data have none."""
    more = [n for n in table.columns if n not in {*cells.names, *OURS}]
    if not more:
        return np.zeros(len(table), dtype=np.int64)
    codes: Ints = table.groupby(more, sort=True).ngroup().to_numpy()
    return codes


def _alike_by_sector(
    table: pd.DataFrame, sector: Ints, level: float
) -> tuple[Floats, Floats, Floats]:
    """Compare within each sector that has pairs enough, else with pairs of all."""
    actual, predicted = (table[n].to_numpy(float) for n in ("actual", "potential"))
    found = np.array(alike(actual, predicted, level))
    counts = np.bincount(sector)
    for code in np.flatnonzero(counts >= ENOUGH):
        own = sector == code
        found[:, own] = alike(actual[own], predicted[own], level)
    return found[0], found[1], found[2]


def _refuse(fit: GravityFit, cells: Cells, folds: int, level: float) -> None:
    if effects_of(fit, cells).pair:
        raise ModelError(
            "a model with effects of pairs has no potential for a pair",
            code="F-891",
            examples=[effect.name for effect in fit.design.effects],
            remedy="Leave out the effect of pairs and say what pairs are like: distance, "
            "border, language, agreements.",
        )
    pairs = int(cells.block.max()) + 1
    if not 2 <= folds <= pairs or not 0 < level < 1:
        raise ModelError(
            f"folds={folds} and level={level} are not possible with {pairs} pairs",
            code="F-892",
            remedy="Use 2 folds or more, no more than pairs, and a level between 0 and 1.",
        )
