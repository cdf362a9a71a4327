"""How strong evidence must be, and what effects these data could show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.attribution.estimates import percent

__all__ = ["Significance", "detectable", "holm"]


@dataclass(frozen=True, slots=True)
class Significance:
    """How strong evidence must be.

    Attributes
    ----------
    support : float
        Largest p-value, after Holm, at which an effect counts as found.
    doubt : float
        Size of all tests together that may put an effect in doubt.
    level : float
        Of intervals.
    """

    support: float = 0.01
    doubt: float = 0.10
    level: float = 0.95


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for how many there are (Holm 1979, Scandinavian J. of Statistics 6).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]


def detectable(error: float, beside_error: float, size: float, power: float) -> float:
    r"""Smallest effect in per cent that is found with a given probability.

    :math:`(z_{1-\alpha/2} + z_{\text{power}})` standard errors (Bloom 1995, Evaluation
    Review 19(5)), for both estimates that a verdict needs.

    Examples
    --------
    >>> round(detectable(0.02, 0.01, 0.01, 0.8), 1)
    7.1
    """
    from scipy.special import ndtri

    needs = [error * (ndtri(1 - size / 2) + ndtri(power))]
    if np.isfinite(beside_error):
        needs.append(beside_error * (ndtri(0.975) + ndtri(power)))
    return percent(max(needs))
