"""Fits as files: tables for spreadsheets and papers, everything else as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.gravity.fit import GravityFit
from forecast.gravity.tables.model_tables import etable
from forecast.writing import staged_folder, write_csv, write_json, write_text_atomic

__all__ = ["dropped_rows", "facts_of", "write_results"]

WEB_PAGE = '<!doctype html>\n<meta charset="utf-8">\n<title>Models</title>\n'


def write_results(
    fits: Sequence[GravityFit],
    folder: str | os.PathLike[str],
    *,
    origin: str = "",
    level: float = 0.95,
) -> None:
    """Write fits to a folder, which appears whole or not at all.

    ``tidy.csv`` and ``dropped.csv`` (with a column ``model``), ``fit.json``, and the
    table of the models as ``etable.txt``, ``.md``, ``.html`` and ``.tex``.

    Parameters
    ----------
    fits : sequence of GravityFit
    folder : path
        Its parent must exist; replaced only if it is empty or was written by this.
    origin : str
        What the data are called in ``fit.json``.
    level : float
        Of intervals.

    Raises
    ------
    FileError
        F-644 a folder that this library has not written, F-640 it cannot be written.
    """
    table = etable(fits, level=level)
    texts = {
        "etable.txt": table.to_text() + "\n",
        "etable.md": table.to_markdown() + "\n",
        "etable.html": WEB_PAGE + table.to_html() + "\n",
        "etable.tex": table.to_latex() + "\n",
    }
    with staged_folder(folder) as stage:
        write_csv(_numbered([fit.tidy(level) for fit in fits]), stage / "tidy.csv")
        write_csv(_numbered([dropped_rows(fit) for fit in fits]), stage / "dropped.csv")
        models = [facts_of(fit) for fit in fits]
        write_json({"data": origin, "models": models}, stage / "fit.json")
        for name, text in texts.items():
            write_text_atomic(stage / name, text)
        _write_manifest(stage)


def dropped_rows(fit: GravityFit) -> pd.DataFrame:
    """Rows that were not used, with the columns that name a row.

    Returns
    -------
    DataFrame
        ``position`` (from 0), ``reason``, ``by`` and the keys.
    """
    dropped = fit.sample[["position", "reason", "by"]]
    design = fit.design
    used = dict.fromkeys(
        (*design.keys, *(f for e in design.effects for f in e.factors))
    )
    source = design.source
    keys = source[list(used)].iloc[dropped["position"].to_numpy()]
    return pd.concat([dropped, keys.reset_index(drop=True)], axis=1)


def facts_of(fit: GravityFit) -> dict[str, Any]:
    """Everything about a fit that is no table of rows, as plain values."""
    recipe, estimate, covariance = fit.recipe, fit.estimate, fit.covariance
    return {
        "formula": recipe.formula,
        "estimator": recipe.estimator,
        "weights": recipe.weights,
        "offset": recipe.offset,
        "rows": {
            "given": len(fit.design.source),
            "used": fit.nobs,
            "left_out": {
                str(reason): int(count)
                for reason, count in fit.sample["reason"].value_counts().items()
            },
        },
        "effects": {
            effect.name: codes.count
            for effect, codes in zip(fit.design.effects, estimate.effects, strict=True)
        },
        "coefficients": fit.params.to_dict(),
        "covariance": covariance.matrix.tolist(),
        "standard_errors": {
            "title": covariance.title,
            "convention": covariance.convention,
            "formula": covariance.formula,
            "factor": covariance.factor,
            "clusters": dict(covariance.clusters),
            "reference": covariance.reference.describe(),
            "explained": fit.explain_se(),
        },
        "goodness": fit.goodness,
        "convergence": {
            "iterations": estimate.iterations,
            "score_norm": estimate.score_norm,
        },
        "notes": [*covariance.notes, *fit.notes],
    }


def _numbered(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other, with the number of the model in front."""
    numbered = [table.assign(model=n) for n, table in enumerate(tables, 1)]
    joined = pd.concat(numbered, ignore_index=True)
    return joined[["model", *(name for name in joined.columns if name != "model")]]


def _write_manifest(stage: Path) -> None:
    """List the files, so that a file of somebody else in the folder is protected."""
    from forecast import __version__

    files = sorted(path.name for path in stage.iterdir())
    manifest = {
        "written_by": "turnover-forecast",
        "version": __version__,
        "files": files,
    }
    write_json(manifest, stage / "manifest.json")
