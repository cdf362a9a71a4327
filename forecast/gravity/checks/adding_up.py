r"""Whether fitted flows add up to the observed ones.

The score equation of an effect is :math:`\sum_{i \in l} w_i (y_i - \hat\mu_i) = 0` for
each of its levels l, so with exporter-year and importer-year effects PPML reproduces
total exports and imports of every country and year (Fally 2015, Journal of International
Economics 97(1)). It is the cheapest test of convergence. In least squares of a logarithm
only the logarithms add up.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.derived.fixed_effects import labels
from forecast.gravity.records import Codes, Design, Estimate, Floats

__all__ = ["adding_up_by_level", "adding_up_table"]


def adding_up_table(design: Design, estimate: Estimate) -> pd.DataFrame:
    """One row per effect: how far sums of fitted flows are from the observed ones.

    Parameters
    ----------
    design : Design
    estimate : Estimate

    Returns
    -------
    DataFrame
        ``effect``, ``levels``, ``observed`` (sum over all rows), ``fitted``,
        ``largest_gap`` (absolute, of a level), ``relative_gap`` (the largest gap of a
        level relative to the sum of the outcome's sizes in that level). Without effects
        the whole sample is one level where there is a constant.
    """
    rows = []
    for name, codes in _effects(design, estimate):
        observed, fitted, size = _sums(estimate, codes)
        gap = np.abs(observed - fitted)
        relative = gap / np.where(size > 0, size, 1.0)
        rows.append(
            {
                "effect": name,
                "levels": codes.count,
                "observed": float(observed.sum()),
                "fitted": float(fitted.sum()),
                "largest_gap": float(gap.max(initial=0.0)),
                "relative_gap": float(relative.max(initial=0.0)),
            }
        )
    columns = ["effect", "levels", "observed", "fitted", "largest_gap", "relative_gap"]
    return pd.DataFrame(rows, columns=columns)


def adding_up_by_level(design: Design, estimate: Estimate, effect: str) -> pd.DataFrame:
    """One row per level of one effect.

    Parameters
    ----------
    design : Design
    estimate : Estimate
        Renumbered with `in_order`.
    effect : str
        As the formula writes it.

    Returns
    -------
    DataFrame
        A column for each factor, ``observed``, ``fitted``, ``gap`` and ``rows``.

    Raises
    ------
    ModelError
        F-574 an effect that the model does not have.
    """
    names = [e.name for e in design.effects]
    wanted = effect.replace(" ", "").replace(":", "^")
    if wanted not in names:
        raise ModelError(
            f"the model has no effect {effect!r}",
            code="F-574",
            examples=names,
            remedy="Name an effect as the formula does.",
        )
    at = names.index(wanted)
    codes = estimate.effects[at]
    observed, fitted, _ = _sums(estimate, codes)
    table = labels(design, design.effects[at], estimate.rows, codes)
    table["observed"], table["fitted"] = observed, fitted
    table["gap"] = observed - fitted
    table["rows"] = np.bincount(codes.codes, minlength=codes.count)
    return table


def _effects(design: Design, estimate: Estimate) -> list[tuple[str, Codes]]:
    pairs = [
        (effect.name, codes)
        for effect, codes in zip(design.effects, estimate.effects, strict=True)
    ]
    if not pairs and "Intercept" in design.terms:
        return [("constant", Codes(np.zeros(estimate.n, np.int32), 1))]
    return pairs


def _sums(estimate: Estimate, codes: Codes) -> tuple[Floats, Floats, Floats]:
    """Weighted sums of outcome, fitted mean and size of the outcome, by level."""
    w = 1.0 if estimate.weights is None else estimate.weights
    observed, fitted, size = (
        np.bincount(codes.codes, weights=w * values, minlength=codes.count).astype(
            float
        )
        for values in (estimate.y, estimate.mu, np.abs(estimate.y))
    )
    return observed, fitted, size
