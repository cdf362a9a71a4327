"""One file a library: how it is asked for the same regression with the same data.

A module of this folder has ``DEFAULT`` and ``LADDERS`` (settings, see `Setting`) and three
functions: ``version()``, which raises ImportError where the library is not installed;
``prepare(problem, frame, threads)``, whose time is not counted; and
``estimate(prepared, setting)``, from a DataFrame to clustered standard errors, whose time
is. Everything that is not its own work is given to a rival ready made: where it combines
keys by joining texts, it finds combined whole numbers in the frame.

All standard errors have the factor G / (G - 1) and no other, so that they compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

import pandas as pd

from benchmarks.problems import Problem

__all__ = ["LIBRARIES", "Answer", "RefusedError", "Rival", "Setting", "load_rival"]

MODULES = {
    "ours": "ours",
    "pyfixest": "pyfixest",
    "fereg": "fereg",
    "statsmodels": "statsmodels",
    "fixest": "fixest_r",
}
LIBRARIES = tuple(MODULES)


@dataclass(frozen=True)
class Setting:
    """One way to call a library.

    Attributes
    ----------
    label : str
        As the table prints it.
    options : mapping
        What the adapter's `estimate` reads; numbers and texts only.
    """

    label: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Coefficients and standard errors by term.

    Attributes
    ----------
    seconds : float or None
        Where the library ran in another process and timed itself there.
    """

    coefficients: dict[str, float]
    errors: dict[str, float]
    seconds: float | None = None


class RefusedError(Exception):
    """The library could only be asked in vain; the message says why."""


class Rival(Protocol):
    """What a module of this folder offers."""

    DEFAULT: Setting
    LADDERS: tuple[tuple[Setting, ...], ...]

    def version(self) -> str: ...

    def prepare(self, problem: Problem, frame: pd.DataFrame, threads: int) -> Any: ...

    def estimate(self, prepared: Any, setting: Setting) -> Answer: ...


def load_rival(library: str) -> Rival:
    """The adapter of `library`, which need not be installed to read its settings."""
    return import_module(f"{__name__}.{MODULES[library]}")  # type: ignore[return-value]
