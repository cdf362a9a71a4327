"""What one needs to make a study's folder again: versions, hashes, seed; no path, no clock."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import pandas as pd

from forecast.nowcasting import Nowcast
from forecast.studies.digests import digest_of
from forecast.studies.facts import StudyFacts
from forecast.studies.plan import StudyPlan

__all__ = ["answer_digest", "manifest_of", "version"]

SCHEMA = 1
WRITER = "turnover-forecast"
PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "jinja2")


def manifest_of(
    plan: StudyPlan,
    known: StudyFacts,
    everything: StudyFacts,
    *,
    digest: str,
    source_hash: str,
) -> dict[str, Any]:
    """Give the manifest of a run, without the hashes of its files.

    Parameters
    ----------
    plan : StudyPlan
    known : StudyFacts
        Cut at the latest as-of date of the answer.
    everything : StudyFacts
    digest : str
        Of the answer.
    source_hash : str
        Of the study file.
    """
    hindsight: dict[str, Any] = {}
    if plan.hindsight is not None:
        until = everything.known_by(plan.hindsight)
        hindsight = {"as_of": plan.hindsight, "sha256": until.digests()}
    versions = {WRITER: version(), "python": platform.python_version()}
    return {
        "written_by": WRITER,
        "schema": SCHEMA,
        "title": plan.title,
        "study_sha256": source_hash,
        "as_of": plan.as_of,
        "latest_as_of": plan.last_day,
        "seed": plan.seed,
        "versions": versions | {name: metadata.version(name) for name in PACKAGES},
        "known": {
            name: {"rows": len(table), "sha256": digest_of({name: table})}
            for name, table in known.tables().items()
        },
        "hindsight": hindsight,
        "answer_digest": digest,
    }


def answer_digest(
    tables: Mapping[str, pd.DataFrame], nowcasts: Mapping[str, Nowcast]
) -> str:
    """SHA-256 over every table of the answer and every path of its nowcasts."""
    parts = [digest_of(dict(tables))]
    for name, year in nowcasts.items():
        parts += [name, hashlib.sha256(year.forecast.draws.tobytes()).hexdigest()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def version() -> str:
    """Version of this library."""
    from forecast import __version__

    return __version__
