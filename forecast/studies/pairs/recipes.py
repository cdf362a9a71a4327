"""Models of forecasts by name, as a study file writes them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from forecast import series
from forecast.errors import ForecastError, ModelError
from forecast.fusion import Fusion
from forecast.gravity import Gravity
from forecast.studies.values import WrongValueError, a_text, a_whole

__all__ = ["FUSION", "a_model", "make_model", "some_models", "some_paths"]

FUSION = "Fusion"
FEWEST_PATHS = 20
"""The tails of an interval of 95 per cent hold one path of twenty."""
KINDS: dict[str, Any] = {
    name: kind
    for name in series.__all__
    if isinstance(kind := getattr(series, name), type)
    and issubclass(kind, series.Recipe)
    and kind is not series.Recipe
} | {FUSION: Fusion}


def a_model(value: Any) -> str:
    """Read the name of a model."""
    name = a_text(value)
    if name not in KINDS:
        close = difflib.get_close_matches(name, KINDS, n=1)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        raise WrongValueError(f"one of {sorted(KINDS)}{meant}")
    return name


def some_models(value: Any) -> tuple[str, ...]:
    """Read a list of names of models."""
    if not isinstance(value, list) or not value:
        raise WrongValueError('a list of models, such as ["Naive", "Drift"]')
    names = tuple(a_model(name) for name in value)
    if len(set(names)) < len(names):
        raise WrongValueError("each model once")
    return names


def some_paths(value: Any) -> int:
    """Read a number of paths; with fewer, intervals would be made of nothing."""
    if a_whole(value) < FEWEST_PATHS:
        raise WrongValueError(f"a whole number, {FEWEST_PATHS} or more, for intervals")
    return int(value)


def make_model(
    name: str, options: Mapping[str, Any] | None = None, level: Gravity | None = None
) -> Any:
    """Make a model; options that name a model, such as ``dynamics``, become one.

    Parameters
    ----------
    name : str
    options : mapping, optional
    level : Gravity, optional
        Gives pairs their level, if the model is a fusion.

    Raises
    ------
    ModelError
        F-712 options that the model does not take or cannot do without.

    Examples
    --------
    >>> make_model("Fusion", {"dynamics": "Theta"}).name
    'Fusion of Theta'
    """
    kind = KINDS[name]
    given = {
        key: KINDS[value]()
        if key in ("dynamics", "model") and isinstance(value, str) and value in KINDS
        else value
        for key, value in (options or {}).items()
    }
    if name == FUSION and level is not None:
        given.setdefault("level", level)
    try:
        return kind(**given)
    except TypeError as wrong:
        taken = [field.name for field in dataclasses.fields(kind) if field.init]
        raise ModelError(
            f"{name} cannot be made of the options {sorted(given)}",
            code="F-712",
            column="options",
            remedy=f"It takes {taken}.",
        ) from wrong
    except ForecastError as wrong:
        wrong.column = "options"
        raise
