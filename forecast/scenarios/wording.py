"""Scenarios and numbers in sentences."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.scenarios.limits import ANY, Limits

if TYPE_CHECKING:
    from forecast.scenarios.changes import Change, Several
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
    limits = _limits(scenario.limits, "pairs ")
    return ", ".join([*(said or ["nothing changes"]), *limits])


def _limits(limits: Limits, before: str = "") -> list[str]:
    """Say where a change applies."""
    said = []
    if limits.pairs is not None:
        pairs = [f"{_code(a)}–{_code(b)}" for a, b in limits.pairs]
        said.append(before + ", ".join(pairs))
    said += [f"{k} {v}" for k, v in (limits.where or {}).items()]
    if limits.start is not None:
        said.append(f"from {limits.start}")
    if limits.end is not None:
        said.append(f"to {limits.end}")
    return said


def _code(code: object) -> str:
    return "all" if code == ANY else str(code)


def _written(change: Change | Several) -> str:
    if not hasattr(change, "limits"):
        return " and ".join(map(_written, change.parts))
    where = _limits(change.limits)
    return _size(change) + (f" ({', '.join(where)})" if where else "")


def _size(change: Any) -> str:
    if isinstance(change.to, str):
        return change.to
    if callable(change.to):
        return "computed"
    return f"{change.to:g}" if isinstance(change.to, numbers.Real) else "given"
