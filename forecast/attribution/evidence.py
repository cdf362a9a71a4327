"""One check and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["FAILED", "IMPOSSIBLE", "PASSED", "SHOWN", "Check"]

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
