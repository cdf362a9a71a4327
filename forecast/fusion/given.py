"""Totals of a year, as they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.fusion.flows import Flows
from forecast.fusion.margins import Totals

__all__ = ["read_given"]

Floats = NDArray[np.floating[Any]]


def read_given(exports: Any, imports: Any, flows: Flows) -> Totals:
    """Read totals by code; imports are scaled to the sum of exports, in each sector.

    Parameters
    ----------
    exports, imports : Series or mapping of code to number
    flows : Flows

    Returns
    -------
    Totals
        Of one period.

    Raises
    ------
    ModelError
        F-855 codes without a total, totals that are negative, infinite or all zero.
    """
    left = _read(exports, flows.origins, "exports")
    right = _read(imports, flows.destinations, "imports")
    sums = flows.sector_sums(left, 0), flows.sector_sums(right, 1)
    factor = sums[0] / np.maximum(sums[1], 1e-300)
    return Totals(left[None], (right * factor[flows.blocks[1]])[None])


def _read(given: Any, codes: pd.Index, name: str) -> Floats:
    if not isinstance(given, (pd.Series, Mapping)):
        raise _refusal(f"{name} are a {type(given).__name__}", name)
    table = pd.Series(given, dtype=float) if isinstance(given, Mapping) else given
    missing = [code for code in codes if code not in table.index]
    if missing:
        raise _refusal(f"{len(missing)} codes have no {name}", name, missing)
    values = np.array(table.loc[list(codes)], dtype=float)
    bad = codes[~(np.isfinite(values) & (values >= 0))]
    if len(bad):
        raise _refusal(f"{len(bad)} of the {name} are no totals", name, list(bad))
    if not values.sum() > 0:
        raise _refusal(f"all {name} are zero", name)
    return values


def _refusal(problem: str, name: str, examples: list[Any] | None = None) -> ModelError:
    return ModelError(
        problem,
        code="F-855",
        column=name,
        count=len(examples or ()),
        examples=examples or (),
        remedy="Give a Series or a dictionary with one total, from 0, for each code of "
        "the panel, such as frame.groupby('exporter')['trade'].sum().",
    )
