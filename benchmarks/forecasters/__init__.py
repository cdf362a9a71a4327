"""One file a library: how it is asked for forecasts of the same series.

A module of this folder has ``version()``, which raises ImportError where the library is
not installed; ``prepare(training)``, whose time is not counted, puts the series into the
form the library takes; ``forecast(prepared, model, intervals)``, whose time is, fits and
answers; series that it cannot do are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.competitions import Training

__all__ = ["FORECASTERS", "LEVELS", "Answer", "Forecaster", "load_forecaster"]

Floats = NDArray[np.floating[Any]]

FORECASTERS = ("ours", "statsforecast")
LEVELS = (80, 95)


@dataclass(frozen=True)
class Answer:
    """What a library says of N series and h periods; NaN where it failed.

    Attributes
    ----------
    point : float array of shape (N, h)
    bands : float array of shape (2, 2, N, h) or None
        Level of `LEVELS`, then lower and upper bound.
    draws : float array of shape (N, h, n_paths) or None
    """

    point: Floats
    bands: Floats | None = None
    draws: Floats | None = field(default=None, repr=False)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Series without a finite forecast, or without finite intervals if there are any."""
        bad = ~np.isfinite(self.point).all(axis=1)
        if self.bands is not None:
            bad |= ~np.isfinite(self.bands).all(axis=(0, 1, 3))
        return bad


class Forecaster(Protocol):
    """What a module of this folder offers."""

    def version(self) -> str: ...

    def prepare(self, training: Training) -> Any: ...

    def forecast(self, prepared: Any, model: str, intervals: bool) -> Answer: ...


def load_forecaster(library: str) -> Forecaster:
    """The adapter of `library`, which need not be installed."""
    if library not in FORECASTERS:
        raise KeyError(library)
    return import_module(f"{__name__}.{library}")  # type: ignore[return-value]
