"""Standard errors in words: which convention, what was counted, what others would get."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.gravity.inference.covariance import Covariance, Recipe
from forecast.gravity.inference.row_keys import Lookup
from forecast.gravity.inference.scores import Scores
from forecast.gravity.inference.small_samples import PRESETS, Parameters

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_conventions", "explain"]

WIDTH = 88

MEANINGS = {
    "ppmlhdfe": "as Stata's ppmlhdfe and ppml: fixed effects are not counted",
    "fixest": "as fixest: levels of effects count, unless they lie within a cluster",
    "exact": "as fixest, with redundant levels of the effects found by rank",
    "full": "all levels of all effects count, nested ones too",
    "none": "the plain sandwich without a factor",
    "textbook": "the textbook's",
    "given": "with the dispersion that was given",
    "published": "Weidner and Zylkin's (2021), as Stata's ppml_fe_bias",
    "recommended": "Weidner and Zylkin's with the correction on both sides of the meat",
}


def explain(covariance: Covariance) -> str:
    """Say in a paragraph and a small table how standard errors were made.

    Parameters
    ----------
    covariance : Covariance

    Returns
    -------
    str
        Lines of at most 88 characters.
    """
    rows = [
        ("standard errors", covariance.title),
        ("convention", f"{covariance.convention}: {covariance.formula}"),
        (
            "factor",
            f"{covariance.factor:.9g} (standard errors x "
            f"{np.sqrt(covariance.factor):.7g})",
        ),
        ("rows n", f"{covariance.n:,}"),
        *((f"clusters G, {name}", f"{count:,}") for name, count in covariance.clusters),
        ("parameters K", counted(covariance.parameters)),
        ("nested effects", nested(covariance.parameters)),
        ("p-values from", covariance.reference.describe()),
    ]
    wide = max(len(name) for name, _ in rows)
    table = [
        textwrap.fill(
            text,
            WIDTH,
            initial_indent=f"  {name:<{wide}}  ",
            subsequent_indent=" " * (wide + 4),
        )
        for name, text in rows
    ]
    return "\n".join([textwrap.fill(paragraph(covariance), WIDTH), "", *table])


def paragraph(covariance: Covariance) -> str:
    """The paragraph of `explain`, in one line."""
    among = " and ".join(f"{count:,} by {name}" for name, count in covariance.clusters)
    meaning = MEANINGS.get(covariance.convention, "a convention of your own")
    sentences = [
        f"Standard errors are {covariance.title}" + (f" ({among})." if among else "."),
        f"The small-sample convention is {covariance.convention!r}, {meaning}.",
        f"p-values and intervals come from {covariance.reference.describe()}.",
        *covariance.notes,
    ]
    return " ".join(sentences)


def counted(parameters: Parameters | None) -> str:
    """``650 = 1 regressors + 325 exporter^year + ...``, or that K is not used."""
    if parameters is None:
        return "not used by this convention"
    parts = [f"{parameters.regressors} regressors"]
    parts += [f"{e.counted:,} {e.name}" for e in parameters.effects]
    how = "" if parameters.exact else " by convention"
    less = f" - {parameters.redundant:,} redundant{how}" if parameters.redundant else ""
    return f"{parameters.total:,} = {' + '.join(parts)}{less}"


def nested(parameters: Parameters | None) -> str:
    """Which effects lie within clusters."""
    if parameters is None:
        return "not counted, nested or not"
    inside = [
        f"{e.name} ({e.levels:,} levels) in {e.nested_in}"
        for e in parameters.effects
        if e.nested_in
    ]
    return ", ".join(inside) or "none"


def compare_conventions(recipe: Recipe, scores: Scores, lookup: Lookup) -> pd.DataFrame:
    """Standard errors of one fit under every named convention.

    Parameters
    ----------
    recipe : Recipe
        One with a convention, such as `Clustered`.
    scores : Scores
    lookup : Lookup

    Returns
    -------
    DataFrame
        One row for each convention: ``convention``, ``factor``, ``K`` (missing where it
        is not used), ``reference``, and one column for each term.
    """
    import pandas as pd

    rows = []
    for name in PRESETS:
        made = replace_convention(recipe, name).covariance(scores, lookup)
        rows.append(
            {
                "convention": name,
                "factor": made.factor,
                "K": made.parameters.total if made.parameters else pd.NA,
                "reference": made.reference.describe(),
                **dict(zip(made.terms, made.std_errors, strict=True)),
            }
        )
    return pd.DataFrame(rows)


def replace_convention(recipe: Recipe, name: str) -> Recipe:
    """The recipe with another small-sample convention."""
    from forecast.gravity.inference.clusters import Clustered

    if isinstance(recipe, Clustered):
        return Clustered(*recipe.ways, ssc=name)
    return replace(recipe, ssc=name)  # type: ignore[type-var]
