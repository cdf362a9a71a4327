"""One check and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["FAILED", "IMPOSSIBLE", "PASSED", "SHOWN", "Check", "Significance"]

PASSED, FAILED, IMPOSSIBLE, SHOWN = "passed", "failed", "not possible", "shown"


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the evidence.

    Attributes
    ----------
    term : str
        Empty for what concerns the model as a whole.
    name : str
    status : {"passed", "failed", "not possible", "shown"}
    note : str
        What was done and found, in words.
    estimate, low, high : float
        In per cent of the flow for one unit of the indicator, where there is one.
    statistic, p_value : float
    """

    term: str
    name: str
    status: str
    note: str
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    statistic: float = np.nan
    p_value: float = np.nan


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
