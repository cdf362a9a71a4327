"""``[forecast]``: the flows of all pairs to come, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecast.forecasts import Forecast
from forecast.forecasts.units import unit_name
from forecast.periods import FREQUENCIES, frequency_of
from forecast.plots import plot_fan
from forecast.reporting import Block, Note, Table
from forecast.studies.drawing import Drawing, drawn, slug
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.parts.gravity import GravityPlan
from forecast.studies.pairs.recipes import FUSION, a_model, make_model, some_paths
from forecast.studies.pairs.subsets import largest, only, span_text
from forecast.studies.progress import Progress
from forecast.studies.values import Key, a_count, a_flag, a_table

__all__ = ["KEYS", "ForecastPlan", "find", "recipe_of", "without_gravity"]

KEYS: dict[str, Key] = {
    "model": Key(a_model, default=FUSION),
    "options": Key(a_table, default={}),
    "with_gravity": Key(a_flag, default=True),
    "horizon": Key(a_count, default=1),
    "paths": Key(some_paths, default=1000),
}
FIGURES = 4
ROWS = 40
LEVELS = (80, 95)


@dataclass(frozen=True, slots=True)
class ForecastPlan:
    """The forecast that was asked for.

    Attributes
    ----------
    model : str
        "Fusion", or a recipe of `forecast.series`.
    options : mapping
        Of the recipe.
    with_gravity : bool
        Whether the level of a fusion is the model of ``[gravity]``.
    horizon : int
        Periods ahead.
    paths : int
    """

    model: str = FUSION
    options: Mapping[str, Any] = field(default_factory=dict)
    with_gravity: bool = True
    horizon: int = 1
    paths: int = 1000

    def __post_init__(self) -> None:
        make_model(self.model, self.options)


def recipe_of(plan: ForecastPlan, known: Known) -> Any:
    """Make the model; a fusion takes the gravity model of the study for its level."""
    level = None
    if known.gravity is not None and _takes_gravity(plan, known):
        fitted = known.gravity.recipe
        if fitted.estimator == "ppml":
            level = GravityPlan(fitted.formula).recipe
    return make_model(plan.model, plan.options, level)


def _takes_gravity(plan: ForecastPlan, known: Known) -> bool:
    """Whether the forecast would have the model of ``[gravity]`` as its level."""
    wanted = plan.model == FUSION and plan.with_gravity and "level" not in plan.options
    return wanted and known.gravity is not None


def without_gravity(plan: ForecastPlan, known: Known) -> str:
    """Say that a fusion goes without the model of ``[gravity]``, where it has to."""
    if known.gravity is None or not _takes_gravity(plan, known):
        return ""
    if known.gravity.recipe.estimator == "ppml":
        return ""
    return (
        "The gravity model of this study is least squares; it gives the forecast no "
        "level, which takes PPML."
    )


def find(plan: ForecastPlan, known: Known, tell: Progress) -> Part:
    """Forecast all pairs.

    Raises
    ------
    ForecastError
        What the model refuses.
    """
    recipe = recipe_of(plan, known)
    tell(f"forecast {plan.horizon} ahead with {recipe.name}")
    outlook = recipe.fit(known.panel).forecast(
        plan.horizon, paths=plan.paths, seed=known.seed
    )
    told = [note] if (note := without_gravity(plan, known)) else []
    tables = _tables(outlook, known)
    drawings = _drawings(outlook, known)
    return Part(
        title=f"The forecast: {outlook.model}",
        headline=" ".join([_headline(outlook, known), *told]),
        blocks=(*_blocks(outlook, known, tables, drawings), *map(Note, told)),
        tables=tables,
        drawings=drawings,
        result=outlook,
        plan=plan,
        method={
            "Intervals and standard errors": "Forecast: central intervals of "
            f"{outlook.n_paths:,} joint sample paths"
        },
    )


def _tables(outlook: Forecast, known: Known) -> dict[str, pd.DataFrame]:
    origin, destination = known.ends
    tables = {
        "forecast_pairs": known.focus_first(outlook.to_frame(LEVELS)),
        "forecast_exports": outlook.total(origin).to_frame(LEVELS),
        "forecast_imports": outlook.total(destination).to_frame(LEVELS),
        "forecast_total": outlook.total().to_frame(LEVELS),
    }
    return {name: _as_text(table) for name, table in tables.items()}


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Periods as text, so that every program reads them."""
    return table.assign(period=table["period"].astype(str))


def shown_first(outlook: Forecast, known: Known) -> tuple[Forecast, str]:
    """Return the forecast of the pairs in focus, or of all, and what they are called."""
    rows = known.in_focus(outlook.units)
    if not rows.any():
        return outlook, "all pairs"
    return only(outlook, rows), str(known.focus)


def _headline(outlook: Forecast, known: Known) -> str:
    part, who = shown_first(outlook, known)
    total = part.total()
    last = total.periods[-1]
    low, middle, high = _ends(total)
    text = (
        f"{outlook.model} forecasts trade of {who} in {last} at "
        f"{span_text(low, middle, high, outlook.measure)}"
    )
    if total.history is None or not np.isfinite(total.history.to_numpy()[0, -1]):
        return f"{text}."
    grown = [f"{one:+.1f}".replace("-", "−") for one in _ends(total.growth())]
    year_before = last - FREQUENCIES[frequency_of(total.periods)]
    return (
        f"{text}; that is {grown[1]} per cent on {year_before} (80 %: {grown[0]} to "
        f"{grown[2]})."
    )


def _ends(forecast: Forecast) -> tuple[float, float, float]:
    """Low, median and high of the only unit in the last period, 80 %."""
    table = forecast.to_frame((80,)).iloc[-1]
    return float(table["lower_80"]), float(table["median"]), float(table["upper_80"])


def _drawings(outlook: Forecast, known: Known) -> dict[str, Drawing]:
    part, who = shown_first(outlook, known)
    drawings = {"forecast_total": _fan(part.total(), f"Trade of {who}", known)}
    for row in largest(part, FIGURES):
        name = unit_name(part.units, int(row))
        key = f"forecast_{slug(name)}"
        drawings[key] = _fan(only(part, np.array([row])), name, known)
    return drawings


def _fan(forecast: Forecast, title: str, known: Known) -> Drawing:
    caption = f"{title}: past, median, and 50, 80 and 95 % intervals. {known.facts}."
    named = f"{title}, {forecast.measure}" if forecast.measure else title
    return drawn(lambda ax: plot_fan(forecast, ax, title=named), caption, 3.2)


def _blocks(
    outlook: Forecast,
    known: Known,
    tables: dict[str, pd.DataFrame],
    drawings: dict[str, Drawing],
) -> list[Block]:
    part, who = shown_first(outlook, known)
    blocks: list[Block] = [drawing.picture for drawing in drawings.values()]
    top = only(part, largest(part, ROWS // len(outlook.periods) or 1))
    blocks.append(
        Table(
            _as_text(top.to_frame(LEVELS)),
            f"The largest flows of {who} (median first). All {len(outlook.units):,} "
            "flows are in tables/forecast_pairs.csv.",
        )
    )
    blocks.append(Table(tables["forecast_total"], "All flows together."))
    if outlook.notes:
        notes = (note.rstrip(".") + "." for note in outlook.notes)
        blocks.append(Note(" ".join(notes)))
    return blocks
