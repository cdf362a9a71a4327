"""How much memory joint sample paths take, asked before it is taken."""

from __future__ import annotations

import numbers

import numpy as np

from forecast.errors import ModelError

__all__ = ["check_size"]

GIGABYTE = 1e9


def check_size(units: int, steps: int, paths: int, largest_gb: float) -> None:
    """Refuse before memory is taken, with the numbers.

    Parameters
    ----------
    units, steps, paths : int
    largest_gb : float
        What the paths may take, 10^9 bytes.

    Raises
    ------
    ModelError
        F-524 for an impossible number of paths, F-525 for too much memory.
    """
    whole = isinstance(paths, numbers.Integral) and not isinstance(
        paths, (bool, np.bool_)
    )
    if not whole or paths < 1:
        raise ModelError(
            f"paths={paths!r} is not possible",
            code="F-524",
            remedy="Give a whole number from 1; 2,000 is usual.",
        )
    needed = 8 * units * steps * paths / GIGABYTE
    if needed > largest_gb:
        raise ModelError(
            f"{units:,} units x {steps:,} periods x {paths:,} paths take {needed:,.1f} GB",
            code="F-525",
            remedy="Take fewer paths, a shorter horizon or fewer units, or allow more with "
            f"largest_gb={np.ceil(needed):.0f}.",
        )
