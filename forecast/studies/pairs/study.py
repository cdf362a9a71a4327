"""A study of pairs: one TOML file, one run, one folder that can be made again bit by bit."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.forecasts import Forecast
from forecast.reporting import Report
from forecast.studies.complaints import Complaint
from forecast.studies.digests import column_digest
from forecast.studies.drawing import Drawing
from forecast.studies.folder import write_folder
from forecast.studies.manifest import PACKAGES, SCHEMA, WRITER, version
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.page import lay_out, method_fields
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.plan import PairPlan
from forecast.studies.pairs.registry import PARTS
from forecast.studies.pairs.sources import PairFacts, load
from forecast.studies.progress import Progress

__all__ = ["PairStudy", "PairStudyResult"]


@dataclass(frozen=True, eq=False)
class PairStudyResult:
    """What a study of pairs found.

    Attributes
    ----------
    title : str
    known : Known
        The panel, the log, and what each part has found.
    tables : mapping of str to DataFrame
    figures : mapping of str to Drawing
    report : Report
    manifest : dict
        Versions, hashes, seed, as-of date, digest of the answer.
    """

    title: str
    known: Known = field(repr=False)
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    figures: Mapping[str, Drawing] = field(repr=False)
    report: Report = field(repr=False)
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def parts(self) -> Mapping[str, Part]:
        """What each table of the file has found: ``parts["gravity"].result``."""
        return self.known.found

    @property
    def answer_digest(self) -> str:
        """SHA-256 over every table of the answer and the paths of its forecast."""
        return str(self.manifest["answer_digest"])

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write report, tables, figures and manifest; the folder appears whole or not at all.

        Parameters
        ----------
        folder : path
            Replaced if an earlier run has written it; anything else there is refused.

        Returns
        -------
        Path

        Raises
        ------
        FileError
            The folder holds other things or cannot be written.
        MissingPackageError
            openpyxl is not installed (F-900).
        """
        more = [part.write for part in self.parts.values() if part.write is not None]
        return write_folder(
            folder, self.tables, self.figures, self.report, self.manifest, more
        )

    def __repr__(self) -> str:
        told = [f"  {part.headline}" for part in self.parts.values()]
        return "\n".join([f"Study {self.title!r}", *told])


@dataclass(frozen=True, repr=False, eq=False)
class PairStudy:
    """A study of pairs that has been read and checked, and not yet run.

    `Study.from_toml` makes one where the file has a table ``[panel]``.

    Attributes
    ----------
    plan : PairPlan
    folder : Path
        Where the study file lies; names of files in it are relative to this.
    source_hash : str
        SHA-256 of the study file.
    """

    plan: PairPlan
    folder: Path
    source_hash: str

    def __repr__(self) -> str:
        return f"Study of pairs: {self.plan.title}, with {', '.join(self.plan.parts)}"

    @property
    def output(self) -> Path:
        """The folder that the study file names."""
        return self.folder / self.plan.output

    def load(self) -> PairFacts:
        """Load all facts that the study names, later ones too; `run` cuts them."""
        return load(self.plan, self.folder)

    def run(
        self, progress: Progress | None = None, *, facts: PairFacts | None = None
    ) -> PairStudyResult:
        """Answer each table of the file with what was known.

        Parameters
        ----------
        progress : callable, optional
            Called with a few words before each step.
        facts : PairFacts, optional
            Default: those that the study names.

        Returns
        -------
        PairStudyResult

        Raises
        ------
        StudyError
            Whatever is wrong with data and models, with the key and the line that it
            comes from. What the data do not have stops the run before any computation.
        """
        tell = progress or (lambda _: None)
        plan = self.plan
        tell("read the flows")
        known = (facts or self.load()).known(plan)
        self._check(known)
        for table, asked in plan.parts.items():
            with plan.at(table, keys=PARTS[table].keys_of_errors(table)):
                known = known.with_part(table, PARTS[table].find(asked, known, tell))
        tell("lay out the report")
        tables = {n: t for part in known.found.values() for n, t in part.tables.items()}
        method = method_fields(plan, known)
        tables["method"] = pd.DataFrame(
            {"field": list(method), "value": list(method.values())}
        )
        drawings = {
            n: d for part in known.found.values() for n, d in part.drawings.items()
        }
        return PairStudyResult(
            title=plan.title,
            known=known,
            tables=tables,
            figures=drawings,
            report=lay_out(plan, known, method, version()),
            manifest=self._manifest(known, tables),
        )

    def _check(self, known: Known) -> None:
        """Refuse what the data do not have, all of it at once."""
        complaints: list[Complaint] = []
        for table, asked in self.plan.parts.items():
            kind = PARTS[table]
            if kind.check is None:
                continue
            with self.plan.at(table, keys=kind.keys_of_errors(table)):
                complaints += [
                    replace(one, path=(table, *one.path))
                    for one in kind.check(asked, known)
                ]
        if complaints:
            raise self.plan.error_of(complaints)

    def _manifest(
        self, known: Known, tables: Mapping[str, pd.DataFrame]
    ) -> dict[str, Any]:
        rows = {"flows": len(known.panel)}
        if known.log is not None:
            rows["events"] = len(known.log)
        versions = {WRITER: version(), "python": platform.python_version()}
        return {
            "written_by": WRITER,
            "schema": SCHEMA,
            "title": self.plan.title,
            "study_sha256": self.source_hash,
            "as_of": self.plan.as_of,
            "seed": self.plan.seed,
            "versions": versions | {name: metadata.version(name) for name in PACKAGES},
            "known": {
                name: {"rows": rows[name], "sha256": digest}
                for name, digest in known.digests.items()
            },
            "answer_digest": answer_digest(tables, known.outlook),
        }


def answer_digest(tables: Mapping[str, pd.DataFrame], outlook: Forecast | None) -> str:
    """SHA-256 over every table of the answer and every path of the forecast."""
    parts = [f"{name} {column_digest(table)}" for name, table in tables.items()]
    if outlook is not None:
        parts.append(hashlib.sha256(outlook.draws.tobytes()).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
