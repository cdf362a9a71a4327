"""What the parts of a simulated world may be, and the refusal of all else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from forecast.datasets.recipes import Economy, EventKind, Part, Zeros
from forecast.errors import ModelError
from forecast.periods import FREQUENCIES

__all__ = ["check_recipe"]

SMALLEST_PARCEL = 1e-12  # of the total

# Columns that every simulated frame has; kinds of events need other names.
COLUMNS = (
    "origin",
    "destination",
    "period",
    "flow",
    "distance",
    "log_distance",
    "border",
    "agreement",
    "output",
    "expenditure",
)

# Field names to the values they may take: (lowest, highest), both allowed.
BOUNDS: dict[str, tuple[float, float]] = {
    "agreement_share": (0.0, 1.0),
    "sd": (0.0, 5.0),
    "directed_sd": (0.0, 5.0),
    "trend_sd": (0.0, 1.0),
    "total": (1e-9, 1e15),
    "size_sd": (0.0, 5.0),
    "growth": (-1.0, 1.0),
    "growth_sd": (0.0, 1.0),
    "shock_sd": (0.0, 1.0),
    "shock_serial": (-0.99, 0.99),
    "season": (0.0, 2.0),
    "imbalance_sd": (0.0, 2.0),
    "effect": (-5.0, 5.0),
    "rate": (0.0, 1000.0),
    "selection": (-5.0, 5.0),
    "growth_selection": (-5.0, 5.0),
    "half_life": (1e-3, np.inf),
    "serial": (-0.99, 0.99),
    "variance_power": (0.0, 4.0),
    "structural": (0.0, 0.9),
    "parcel": (0.0, 1e15),
    "rounding": (0.0, 1e15),
    "distance": (-5.0, 5.0),
    "border": (-5.0, 5.0),
    "agreement": (-5.0, 5.0),
}


def check_recipe(
    sides: Sequence[int],
    parts: Sequence[Part],
    *,
    periods: int,
    freq: str,
    start: int,
    seed: int,
) -> None:
    """Refuse sizes, names and values that make no world.

    Raises
    ------
    ModelError
        F-590 a value out of range, F-591 an impossible name of a kind of event.
    """
    _within("regions", sum(sides), 2, 100_000)
    for number in sides:
        _within("regions", number, 1, 100_000)
    _within("number of sides", len(sides), 1, 2)
    _within("periods", periods, 1, 100_000)
    _within("start", start, 1800, 2200)
    _within("seed", seed, 0, 2**63)
    if freq not in FREQUENCIES:
        raise _out_of_range("freq", freq, f"one of {list(FREQUENCIES)}")
    for part in parts:
        _check_part(part)
    _check_parcels(parts)
    _check_names([part.name for part in parts if isinstance(part, EventKind)])


def _check_part(part: Part) -> None:
    for field in fields(part):
        value = getattr(part, field.name)
        if field.name in BOUNDS and value is not None:
            _within(f"{type(part).__name__}.{field.name}", value, *BOUNDS[field.name])


def _check_parcels(parts: Sequence[Part]) -> None:
    """Refuse parcels so small that nobody could count them."""
    total = max((part.total for part in parts if isinstance(part, Economy)), default=0)
    for part in parts:
        if isinstance(part, Zeros) and 0 < part.parcel < total * SMALLEST_PARCEL:
            least = f"0, or at least {total * SMALLEST_PARCEL:g}"
            raise _out_of_range("Zeros.parcel", part.parcel, least)


def _check_names(names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    wrong = [n for n in names if n in twice or n in COLUMNS or not n.isidentifier()]
    if wrong:
        raise ModelError(
            f"{len(wrong)} kinds of events have impossible names",
            code="F-591",
            count=len(wrong),
            examples=[repr(name) for name in dict.fromkeys(wrong)],
            remedy="Each name once, a Python identifier, and no column of its own: "
            f"{list(COLUMNS)}.",
        )


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise _out_of_range(name, value, f"from {low:g} to {high:g}")


def _out_of_range(name: str, value: object, allowed: str) -> ModelError:
    return ModelError(
        f"{name} is {value!r}",
        code="F-590",
        column=name,
        count=1,
        examples=[repr(value)],
        remedy=f"It must be {allowed}.",
    )
