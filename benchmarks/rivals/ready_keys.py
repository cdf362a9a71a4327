"""Combined keys as whole numbers, for libraries that would join them as texts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.problems import Problem

__all__ = ["combined_codes", "with_ready_keys"]


def combined_codes(frame: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """One whole number from 0 for each combination of `columns`, shape (n,)."""
    code = np.zeros(len(frame), dtype=np.int64)
    for column in columns:
        codes, values = pd.factorize(frame[column])
        code = code * len(values) + codes
    return pd.factorize(code)[0].astype(np.int32)


def with_ready_keys(problem: Problem, frame: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The formula without ``^``, and the frame with the columns that it then names."""
    ready = {
        "_".join(effect): combined_codes(frame, effect)
        for effect in problem.effects
        if len(effect) > 1
    }
    return problem.formula.replace("^", "_"), frame.assign(**ready)
