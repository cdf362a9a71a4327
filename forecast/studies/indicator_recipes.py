"""Recipes of indicators as a study file writes them."""

from __future__ import annotations

import difflib
from typing import Any

from forecast.errors import ForecastError
from forecast.events import Count, InForce, Lags, PhaseIn, Recipe, Stock, Window
from forecast.studies.complaints import Reading, short
from forecast.studies.toml_lines import KeyPath

__all__ = ["read_recipe"]

RECIPES: dict[str, type[Recipe]] = {
    recipe.__name__: recipe for recipe in (Count, InForce, Lags, PhaseIn, Stock, Window)
}
OF_RECIPE = {name: set(r.__dataclass_fields__) - {"_"} for name, r in RECIPES.items()}


def read_recipe(table: dict[str, Any], at: KeyPath, reading: Reading) -> Recipe | None:
    """Read ``{ recipe = "Stock", kind = "document", half_life = 3 }``, or complain."""
    name = table.get("recipe")
    if name not in RECIPES:
        close = difflib.get_close_matches(str(name), RECIPES, n=1)
        remedy = (
            f"Did you mean {close[0]!r}?" if close else f"Use one of {list(RECIPES)}."
        )
        problem = "missing key" if name is None else f"has the value {short(name)}"
        code = "F-703" if name is None else "F-704"
        reading.complain(code, (*at, "recipe"), problem, remedy)
        return None
    options = {k: value for k, value in table.items() if k != "recipe"}
    reading.unknown(options, OF_RECIPE[name], at)
    if set(options) - OF_RECIPE[name]:
        return None
    try:
        return RECIPES[name](**options)
    except (ForecastError, TypeError, ValueError) as wrong:
        problem = getattr(wrong, "problem", "has a value of the wrong type")
        reading.complain("F-704", at, problem, getattr(wrong, "remedy", ""))
        return None
