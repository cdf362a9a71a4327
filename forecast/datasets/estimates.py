"""Effects of trade agreements, estimated once on a public panel and dated.

``examples/russia_kazakhstan/estimate_gravity.py`` makes the three tables; each row names
the data with their SHA-256, the day and the version of the library. They ship so that a
study of one pair needs neither the panel nor a network.
"""

from __future__ import annotations

import pandas as pd

from forecast.datasets.fact_tables import known_rows
from forecast.errors import KeyColumnError

__all__ = ["gravity_checks", "gravity_covariances", "gravity_estimates"]


def gravity_estimates(
    model: str | None = None, *, as_of: object = None
) -> pd.DataFrame:
    """Return effects of trade agreements by three-way PPML on a public panel of the world.

    The panel has exports of every fourth year from 1964 to 2016 and holds Russia and
    Kazakhstan from 2000 on. These two have an agreement in each of those years, so the
    effect of having one is learnt from other pairs.

    Parameters
    ----------
    model : str, optional
        One of ``any, phase, depth`` (all years) and ``any_1992, phase_1992, depth_1992,
        cis_1992, union_1992`` (from 1992 on); all by default.
    as_of : date-like, optional
        Keep what rests on data that were public on this day. The arithmetic is of
        `estimated_on`.

    Returns
    -------
    DataFrame
        One row for each term of each model: `model`, `term`, `about`; `estimate` (log
        points of the flow for one unit of the term, freed of the bias of the many
        effects), `std_error`, `convention`; `uncorrected`, `uncorrected_std_error`;
        `verdict`, `because`, `would_change`, `flag`, `p_value_holm`,
        `detectable_percent` as `forecast.attribute` finds them; `share_of_growth`,
        `share_low`, `share_high` (of the growth of `pair` since `pair_since`), the
        term between the two at that start and at the end (`pair_at_start`,
        `pair_at_end`); `formula`, `nobs`, `left_out`, `left_out_because`, `first_year`,
        `last_year`, `data`, `data_sha256`, `licence`, `known_on`, `estimated_on`,
        `library_version`, `unit`, `evidence`, `quality`, `source`.

    Raises
    ------
    KeyColumnError
        Unknown `model` (F-255).

    Examples
    --------
    >>> from forecast import datasets
    >>> found = datasets.gravity_estimates("any").iloc[0]
    >>> f"{found['estimate']:.2f} ({found['std_error']:.2f}), {found['verdict']}"
    '0.14 (0.06), cannot be told'
    """
    table = _of_model("gravity_estimates", model, as_of)
    whole = ["nobs", "left_out", "first_year", "last_year", "pair_since"]
    return table.astype(dict.fromkeys(whole, "int64"))


def gravity_covariances(
    model: str | None = None, *, as_of: object = None
) -> pd.DataFrame:
    """Return the covariances of the shipped estimates, needed to draw from them.

    Parameters
    ----------
    model : str, optional
    as_of : date-like, optional

    Returns
    -------
    DataFrame
        `model`, `term`, `other`, `covariance`, and where it comes from.

    Raises
    ------
    KeyColumnError
        Unknown `model` (F-255).

    Examples
    --------
    >>> from forecast import datasets
    >>> len(datasets.gravity_covariances("phase"))
    4
    """
    return _of_model("gravity_covariances", model, as_of)


def gravity_checks(model: str | None = None, *, as_of: object = None) -> pd.DataFrame:
    """Return the checks of identification of the shipped estimates.

    Parameters
    ----------
    model : str, optional
    as_of : date-like, optional

    Returns
    -------
    DataFrame
        `model`, `term`, `name`, `status` ("passed", "failed", "not possible"), `note`,
        `estimate`, `low`, `high` (per cent), `statistic`, `p_value`, and where it comes
        from. A period is a step of four years.

    Raises
    ------
    KeyColumnError
        Unknown `model` (F-255).

    Examples
    --------
    >>> from forecast import datasets
    >>> checks = datasets.gravity_checks("any").set_index("name")
    >>> checks.loc["leads of the indicator", "status"]
    'passed'
    """
    return _of_model("gravity_checks", model, as_of)


def _of_model(name: str, model: str | None, as_of: object) -> pd.DataFrame:
    table = known_rows(name, as_of)
    if model is None:
        return table
    models = list(dict.fromkeys(known_rows(name)["model"]))
    if model not in models:
        raise KeyColumnError(
            f"no estimates of a model {model!r} ship with the package",
            code="F-255",
            column="model",
            count=1,
            examples=[model],
            remedy=f"Choose one of {models}.",
        )
    return table[table["model"] == model].reset_index(drop=True)
