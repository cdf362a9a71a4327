"""The whole effect of an agreement: the sum over its phase-in, with the covariance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.studies.gravity_half.agreements import TERMS

__all__ = ["with_sums"]


def with_sums(estimates: pd.DataFrame, covariances: pd.DataFrame) -> pd.DataFrame:
    """Add to each model with a phase-in a row with the sum of its terms.

    Parameters
    ----------
    estimates, covariances : DataFrame
        As `forecast.datasets` ships them.

    Examples
    --------
    >>> from forecast import datasets
    >>> table = with_sums(datasets.gravity_estimates("phase"),
    ...                   datasets.gravity_covariances("phase"))
    >>> table["term"].tolist()
    ['agreement', 'agreement_4y', 'agreement + agreement_4y']
    """
    parts = []
    for model, rows in estimates.groupby("model", sort=False):
        parts.append(rows)
        if set(TERMS) <= set(rows["term"]):
            own = covariances[covariances["model"] == model]
            inside = own["term"].isin(TERMS) & own["other"].isin(TERMS)
            variance = float(own.loc[inside, "covariance"].sum())
            chosen = rows[rows["term"].isin(TERMS)]
            whole = chosen.iloc[[0]].assign(
                term=" + ".join(TERMS),
                estimate=float(chosen["estimate"].sum()),
                std_error=np.sqrt(variance),
                because="sum over the phase-in, with the covariance of its parts",
                verdict="as its parts",
            )
            parts.append(whole)
    return pd.concat(parts, ignore_index=True)
