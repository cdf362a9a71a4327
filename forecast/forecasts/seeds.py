"""Random numbers that belong to a unit, not to its position in a table."""

from __future__ import annotations

import hashlib
import numbers

import numpy as np

from forecast.errors import ModelError

__all__ = ["check_seed", "unit_rng"]


def unit_rng(seed: int, *key: object) -> np.random.Generator:
    """Return the random generator of one unit: the same wherever the unit stands.

    The key goes through SHA-256, so neither the order of units nor Python's hash seed
    has any influence, and two keys have independent streams.

    Parameters
    ----------
    seed : int
        Not negative.
    *key : object
        What names the stream, such as ``"shocks", "KZ", "RU"``; compared as text.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    ModelError
        F-501 for a seed that is no whole number from 0.

    Examples
    --------
    >>> int(unit_rng(0, "KZ", "RU").integers(1000))
    874
    >>> int(unit_rng(0, "RU", "KZ").integers(1000))
    120
    """
    text = "\x1f".join(str(part) for part in key)
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([check_seed(seed), *words]))


def check_seed(seed: int) -> int:
    """Return the seed as an int, or refuse it."""
    whole = isinstance(seed, numbers.Integral) and not isinstance(
        seed, (bool, np.bool_)
    )
    if not whole or seed < 0:
        raise ModelError(
            f"seed={seed!r} is not possible",
            code="F-501",
            remedy="Give a whole number from 0; the same seed gives the same bits.",
        )
    return int(seed)
