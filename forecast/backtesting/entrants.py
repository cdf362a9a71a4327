"""The models of a backtest, by name, with the benchmark that is always among them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forecast.errors import ColumnError, ModelError
from forecast.panel import TradePanel
from forecast.series import Drift, SeasonalNaive

__all__ = ["Entrants", "columns_of", "enter"]

MODES = ("ex-ante", "ex-post")


@dataclass(frozen=True, slots=True)
class Entrants:
    """Models by name, in the order given, the benchmark last unless it was given.

    Attributes
    ----------
    models : dict of str to recipe
    benchmark : str
        Name of the model that all others are measured against.
    """

    models: dict[str, Any]
    benchmark: str


def enter(models: Any, benchmark: Any, panel: TradePanel) -> Entrants:
    """Name the models and add the benchmark.

    Raises
    ------
    ModelError
        F-636 no models, one name for two, or something that cannot be fitted.
    """
    named = dict(models) if isinstance(models, Mapping) else _named(models)
    if not named:
        raise _refusal("no model")
    if isinstance(benchmark, str):
        if benchmark not in named:
            raise _refusal(f"no model {benchmark!r} to be the benchmark", list(named))
        return Entrants(_checked(named), benchmark)
    if benchmark is None:
        benchmark = Drift() if panel.freq == "Y" else SeasonalNaive()
    for name, model in named.items():
        if model == benchmark:
            return Entrants(_checked(named), name)
    name = _name(benchmark)
    if name in named:
        name = f"{name} (benchmark)"
    return Entrants(_checked({**named, name: benchmark}), name)


def columns_of(model: Any) -> tuple[str, ...]:
    """Return the indicator columns that a model, or a model within it, uses."""
    found = list(getattr(model, "columns", ()))
    if dataclasses.is_dataclass(model) and not isinstance(model, type):
        for field in dataclasses.fields(model):
            part = getattr(model, field.name)
            for one in part if isinstance(part, (list, tuple)) else (part,):
                if hasattr(one, "fit"):
                    found += columns_of(one)
    return tuple(dict.fromkeys(found))


def check_indicators(
    models: Mapping[str, Any], indicators: str | None, panel: TradePanel
) -> None:
    """Refuse a backtest that does not say what its models know of the future.

    Raises
    ------
    ModelError
        F-635 a model uses indicators, and it was not said whether their future is known.
    ColumnError
        F-111 an indicator that the panel does not have.
    """
    using = {name: columns for name, m in models.items() if (columns := columns_of(m))}
    if indicators is not None and indicators not in MODES:
        raise ModelError(
            f"indicators={indicators!r} is not possible",
            code="F-635",
            remedy="Give 'ex-ante' or 'ex-post'.",
        )
    if using and indicators is None:
        raise ModelError(
            f"{len(using)} models use indicators, and nothing says what they know of "
            "their future",
            code="F-635",
            count=len(using),
            examples=[
                f"{name}: {', '.join(columns)}" for name, columns in using.items()
            ],
            remedy="Give indicators='ex-ante' (the model forecasts them, as it would have "
            "had to) or 'ex-post' (it is told what came, which no forecaster was).",
        )
    wanted = dict.fromkeys(name for columns in using.values() for name in columns)
    if missing := [name for name in wanted if name not in panel.columns]:
        raise ColumnError.missing(missing, panel.columns)


def _named(models: Any) -> dict[str, Any]:
    """Name models by what they are called, or by their options where these tell more."""
    single = hasattr(models, "fit") or not isinstance(models, Iterable)
    listed = [models] if single else list(models)
    short = [_name(model) for model in listed]
    names = [
        repr(model) if short.count(name) > 1 else name
        for name, model in zip(short, listed, strict=True)
    ]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _refusal(f"the model {twice[0]} is there twice")
    return dict(zip(names, listed, strict=True))


def _name(model: Any) -> str:
    return str(getattr(model, "name", type(model).__name__))


def _checked(named: dict[Any, Any]) -> dict[str, Any]:
    odd = [name for name, model in named.items() if not hasattr(model, "fit")]
    odd += [name for name in named if not isinstance(name, str)]
    if odd:
        raise _refusal(f"{len(odd)} models cannot be fitted", [repr(n) for n in odd])
    return named


def _refusal(problem: str, examples: list[str] | None = None) -> ModelError:
    return ModelError(
        problem,
        code="F-636",
        examples=examples or (),
        remedy="Give recipes such as [fc.ETS(), fc.Theta()], or a dictionary that names "
        "each: {'short memory': fc.ETS(...)}.",
    )
