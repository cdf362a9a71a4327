"""The effects of a fit as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.derived.normalisation import Normalised, normalise
from forecast.gravity.inference.clusters import Clustered
from forecast.gravity.inference.covariance import Covariance, Recipe
from forecast.gravity.inference.robust import Robust
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores
from forecast.gravity.records import Codes, Design, Effect, Estimate, Floats, Ints

__all__ = ["effect_errors", "effects_table", "labels"]


def effects_table(
    design: Design,
    estimate: Estimate,
    errors: tuple[Floats, ...] | None = None,
) -> pd.DataFrame:
    """One row for each level of each effect.

    Parameters
    ----------
    design : Design
    estimate : Estimate
        Renumbered with `in_order`.
    errors : tuple of float arrays of shape (levels,), optional
        Standard errors.

    Returns
    -------
    DataFrame
        As `GravityFit.fixed_effects` describes.
    """
    effects = estimate.effects
    done = normalise(effects, estimate.level_values)
    tables = []
    for at, effect in enumerate(design.effects):
        table = labels(design, effect, estimate.rows, effects[at])
        table["estimate"] = done.values[at]
        if errors is not None:
            table["std_error"] = errors[at]
        table["component"] = done.component[at]
        table["zero"] = done.zero[at]
        table["rows"] = np.bincount(effects[at].codes, minlength=effects[at].count)
        tables.append(table)
    frame = _joined(tables, list(design.factors))
    frame.attrs["normalisation"] = _told(design.effects, done)
    return frame


def effect_errors(
    estimate: Estimate,
    x: Floats,
    effects: tuple[Effect, ...],
    covariance: Covariance,
    vcov: Recipe | None,
    keys: Lookup,
) -> tuple[Floats, ...]:
    """Standard errors of the levels, clustered as those of the slopes.

    Parameters
    ----------
    estimate : Estimate
        Renumbered with `in_order`.
    x : float array of shape (n, k)
        Regressors in the order of its rows.
    effects : tuple of Effect
    covariance : Covariance
    vcov : covariance recipe
    keys : Lookup

    Raises
    ------
    ModelError
        F-573 unless errors are clustered or robust, F-550 for too many levels.
    """
    from forecast.gravity.inference.level_errors import level_errors

    ways: tuple[Codes, ...] = ()
    if isinstance(vcov, Clustered):
        ways = tuple(keys.codes(way) for way in vcov.ways)
    elif not (isinstance(vcov, Robust) and vcov.kind in {"HC0", "HC1"}):
        raise ModelError(
            f"standard errors of effects are not known for {covariance.title}",
            code="F-573",
            remedy='Take with_vcov(Clustered(...)) or with_vcov(Robust("HC1")) first.',
        )
    scores = Scores(estimate, effects, covariance.terms)
    return level_errors(scores, x, ways, factor=covariance.factor).std_errors


def labels(design: Design, effect: Effect, rows: Ints, levels: Codes) -> pd.DataFrame:
    """The name of the effect and the value of each factor, by level."""
    first = np.unique(levels.codes, return_index=True)[1]
    table = pd.DataFrame({"effect": np.full(levels.count, effect.name, object)})
    for name in effect.factors:
        factor = design.factors[name]
        table[name] = factor.levels.take(factor.codes[rows[first]]).to_numpy()
    return table


def _joined(tables: list[pd.DataFrame], factors: list[str]) -> pd.DataFrame:
    """Stack the tables; whole numbers stay whole where an effect lacks the factor."""
    if not tables:
        return pd.DataFrame({"effect": [], "estimate": [], "component": [], "zero": []})
    for table in tables:
        for name in factors:
            if name not in table:
                table[name] = pd.NA
    order = ["effect", *factors]
    order += [str(name) for name in tables[0] if name not in order]
    stacked = {
        name: pd.concat([table[name].astype(object) for table in tables])
        if name in factors
        else pd.concat([table[name] for table in tables])
        for name in order
    }
    frame = pd.DataFrame(stacked).reset_index(drop=True)
    for name in factors:
        frame[name] = frame[name].infer_objects()
        kinds = {type(value) for value in frame[name].dropna().head(3)}
        if frame[name].dtype == object and all(issubclass(k, int) for k in kinds):
            frame[name] = frame[name].astype("Int64")
    return frame


def _told(effects: tuple[Effect, ...], done: Normalised) -> str:
    """Say how the effects were normalised."""
    if len(effects) < 2:
        return "One effect: its levels are as estimated."
    names = ", ".join(effect.name for effect in effects[1:])
    text = (
        f"Only sums of effects have a meaning. Of {names} the earliest levels that can "
        f"be zero are (`zero`), the rest is in {effects[0].name}. Levels of one effect "
        "can be compared where `component` is equal."
    )
    if not done.complete:
        text += (
            " The levels are too many to find all that can be zero; `component` is -1 "
            "because it is not known."
        )
    return text
