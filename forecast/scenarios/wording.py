"""Scenarios and numbers in sentences."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast.scenarios.changes import Change
    from forecast.scenarios.scenario import Scenario

__all__ = ["described", "number"]


def number(value: float, form: str = ",.4g") -> str:
    """Write a number with a minus that is one.

    Examples
    --------
    >>> number(-1234.5, "+,.1f")
    '−1,234.5'
    """
    return f"{value:{form}}".replace("-", "−")


def described(scenario: Scenario) -> str:
    """Say what a scenario changes, and where."""
    said = [f"{name} {_written(change)}" for name, change in scenario.changes.items()]
    if n := len(scenario.events):
        kinds = ", ".join(sorted(set(map(str, scenario.events.get("kind", [])))))
        said.append(f"{n} event{'s' * (n > 1)} added ({kinds})")
    said += [
        f"trade costs change flows by {100 * np.expm1(cost.log_change):+.1f} %"
        for cost in scenario.costs
        if cost.elasticity is not None
    ]
    said += [str(condition) for condition in scenario.conditions]
    limits = []
    if scenario.pairs is not None:
        limits.append(
            "pairs " + ", ".join(f"{a}–{b}" for a, b in scenario.limits.pairs or ())
        )
    limits += [f"{k} {v}" for k, v in (scenario.where or {}).items()]
    if scenario.start is not None:
        limits.append(f"from {scenario.start}")
    if scenario.end is not None:
        limits.append(f"to {scenario.end}")
    return ", ".join([*(said or ["nothing changes"]), *limits])


def _written(change: Change) -> str:
    if isinstance(change.to, str):
        return change.to
    if callable(change.to):
        return "computed"
    return f"{change.to:g}" if isinstance(change.to, numbers.Real) else "given"
